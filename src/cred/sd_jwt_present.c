/* SPDX-License-Identifier: Apache-2.0 */
/* The holder's part, and the verifier's. */

#include <string.h>

#include "cred/sd_jwt_internal.h"
#include "json/read.h"
#include "util/alloc.h"

#define KB_TYP "kb+jwt"

static tally_rc write_binding(tally_buffer *out, tally_text bound,
                              const tally_sd_jwt_binding *binding, tally_err *err)
{
    char digest[TALLY_SD_DIGEST_CHARACTERS + 1];
    tally_buffer payload;
    tally_jcs jcs;
    tally_rc rc = tally_sd_digest(digest, bound, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&payload, 16384);
    tally_jcs_init(&jcs, &payload);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "aud", binding->audience);
    tally_jcs_member_integer(&jcs, "iat", binding->at_s);
    tally_jcs_member_string(&jcs, "nonce", binding->nonce);
    tally_jcs_member_string(&jcs, "sd_hash", digest);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jwt_sign(out, KB_TYP, (tally_text){ NULL, 0 }, tally_buffer_text(&payload),
                            binding->holder, err);
    tally_buffer_free(&payload);
    return rc;
}

/* Append the disclosures chosen. */
static tally_rc choose(tally_buffer *out, tally_sd_parts *parts, const char *const *names,
                       tally_err *err)
{
    for (; *names != NULL; names++) {
        bool is_found = false;

        for (uint32_t i = 0; i < parts->count && !is_found; i++) {
            tally_sd_disclosure *disclosure = &parts->disclosures[i];

            if (disclosure->name.bytes == NULL || disclosure->is_used ||
                !tally_text_is(disclosure->name, *names))
                continue;
            disclosure->is_used = true;
            is_found = true;
            tally_buffer_append_text(out, disclosure->encoded);
            tally_buffer_append_byte(out, '~');
        }
        if (!is_found)
            return tally_err_set(err, TALLY_E_INVALID, 0, "there is no disclosure of \"%s\"",
                                 *names);
    }
    if (tally_buffer_failure(out) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "writing a presentation");
    return TALLY_OK;
}

tally_rc tally_sd_jwt_present(tally_buffer *out, tally_text sd_jwt, const char *const *names,
                              const tally_sd_jwt_binding *binding, tally_err *err)
{
    tally_sd_parts *parts = tally_alloc_zeroed(sizeof(*parts));
    size_t start = out->count;
    tally_rc rc;

    if (parts == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "presenting an SD-JWT");
    rc = tally_sd_split(parts, sd_jwt, err);
    if (rc == TALLY_OK && parts->binding.count > 0)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "this SD-JWT is bound to a verifier already");
    if (rc == TALLY_OK) {
        tally_buffer_append_text(out, parts->jwt);
        tally_buffer_append_byte(out, '~');
        rc = choose(out, parts, names, err);
    }
    if (rc == TALLY_OK && binding != NULL)
        rc =
            write_binding(out, tally_text_of(out->bytes + start, out->count - start), binding, err);
    tally_sd_free(parts);
    tally_release(parts);
    return rc;
}

/* Times of the credential (RFC 7519, sections 4.1.4 and 4.1.5), and its kind. */
static tally_rc check_claims(const tally_json_value *payload, const tally_sd_jwt_wanted *wanted,
                             tally_err *err)
{
    tally_json_reader reader;
    int64_t expires_s, begins_s;

    tally_json_read_begin(&reader, payload, "credential", err);
    expires_s = tally_json_read_optional_integer(&reader, "exp", 0, TALLY_JSON_INTEGER_MAX,
                                                 TALLY_JSON_INTEGER_MAX);
    begins_s = tally_json_read_optional_integer(&reader, "nbf", 0, TALLY_JSON_INTEGER_MAX, 0);
    if (wanted->vct != NULL)
        tally_json_read_constant(&reader, "vct", wanted->vct);
    if (wanted->now_s != 0 && wanted->now_s >= expires_s)
        tally_json_read_fail(&reader, "exp", "has passed");
    if (wanted->now_s != 0 && wanted->now_s < begins_s)
        tally_json_read_fail(&reader, "nbf", "lies ahead");
    tally_json_read_rest(&reader);
    return tally_json_read_end(&reader);
}

/* The holder's key, of cnf. */
static tally_rc read_holder(tally_jose_public *out, const tally_json_value *payload, tally_err *err)
{
    const tally_json_value *jwk = NULL;
    tally_json_reader reader, confirmation;
    tally_rc rc;

    tally_json_read_begin(&reader, payload, "credential", err);
    if (tally_json_read_object(&reader, "cnf", &confirmation)) {
        jwk = tally_json_read_value(&confirmation, "jwk");
        tally_json_read_rest(&confirmation);
        (void)tally_json_read_end(&confirmation);
    }
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    return rc == TALLY_OK ? tally_jose_read_jwk(out, jwk, err) : rc;
}

static tally_rc check_binding(const tally_sd_parts *parts, const tally_json_value *payload,
                              const tally_sd_jwt_wanted *wanted, tally_err *err)
{
    char digest[TALLY_SD_DIGEST_CHARACTERS + 1];
    tally_json_document *binding = NULL;
    tally_json_reader reader;
    tally_jose_public holder;
    int64_t at_s;
    tally_rc rc;

    if (wanted->audience == NULL)
        return parts->binding.count == 0
                   ? TALLY_OK
                   : tally_err_set(err, TALLY_E_INVALID, 0, "a key binding that nobody asked for");
    if (parts->binding.count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the holder did not show its key");
    rc = read_holder(&holder, payload, err);
    if (rc == TALLY_OK)
        rc = tally_sd_digest(digest, parts->bound, err);
    if (rc == TALLY_OK)
        rc = tally_jwt_verify(NULL, &binding, parts->binding, KB_TYP, &holder, err);
    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(binding), "key binding", err);
    tally_json_read_constant(&reader, "aud", wanted->audience);
    tally_json_read_constant(&reader, "nonce", wanted->nonce);
    tally_json_read_constant(&reader, "sd_hash", digest);
    at_s = tally_json_read_integer(&reader, "iat", 0, TALLY_JSON_INTEGER_MAX);
    /* A minute for clocks that differ. */
    if (wanted->now_s != 0 &&
        (at_s > wanted->now_s + 60 || at_s < wanted->now_s - wanted->binding_age_max_s))
        tally_json_read_fail(&reader, "iat", "is not of now");
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(binding);
    return rc;
}

tally_rc tally_sd_jwt_verify(tally_json_document **out_claims, tally_text text,
                             const tally_sd_jwt_wanted *wanted, tally_err *err)
{
    bool is_vc = wanted->typ != NULL && strcmp(wanted->typ, TALLY_SD_JWT_VC_TYP) == 0;
    tally_sd_parts *parts = tally_alloc_zeroed(sizeof(*parts));
    tally_json_document *payload = NULL, *claims = NULL;
    tally_rc rc;

    if (parts == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "verifying an SD-JWT");
    rc = tally_sd_split(parts, text, err);
    if (rc == TALLY_OK)
        rc = tally_jwt_verify(NULL, &payload, parts->jwt, wanted->typ, wanted->issuer, err);
    if (rc == TALLY_OK)
        rc = tally_sd_open(&claims, parts, tally_json_root(payload), !is_vc, err);
    if (rc == TALLY_OK)
        rc = check_claims(tally_json_root(claims), wanted, err);
    if (rc == TALLY_OK)
        rc = check_binding(parts, tally_json_root(claims), wanted, err);
    if (rc == TALLY_OK)
        *out_claims = claims;
    else
        tally_json_document_free(claims);
    tally_json_document_free(payload);
    tally_sd_free(parts);
    tally_release(parts);
    return rc;
}
