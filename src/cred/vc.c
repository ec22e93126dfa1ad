/* SPDX-License-Identifier: Apache-2.0 */
/* eddsa-jcs-2022. */

#include <string.h>

#include "cred/vc.h"
#include "crypto/base58.h"
#include "crypto/did_key.h"
#include "crypto/hash.h"
#include "json/jcs.h"
#include "json/read.h"
#include "util/civil.h"

#define SUITE       "eddsa-jcs-2022"
#define URL_MAX     2048
#define CONTEXT_MAX 64

static const tally_json_options options = { .bytes_max = TALLY_VC_BYTES_MAX,
                                            .depth_max = 32,
                                            .takes_any_number = true };

static tally_rc parse(tally_json_document **out, tally_text text, tally_err *err)
{
    tally_rc rc = tally_json_parse(out, text, &options, err);

    if (rc == TALLY_OK && tally_json_kind_of(tally_json_root(*out)) != TALLY_JSON_OBJECT) {
        tally_json_document_free(*out);
        *out = NULL;
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "a credential is an object");
    }
    return rc;
}

tally_rc tally_vc_hash(uint8_t out[static 64], const tally_json_value *document,
                       const tally_json_value *proof, tally_err *err)
{
    const tally_json_value *const parts[] = { proof, document };
    const tally_text without[] = { TALLY_TEXT("proofValue"), TALLY_TEXT("proof") };
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; i < 2 && rc == TALLY_OK; i++) {
        tally_buffer canonical;

        tally_buffer_init(&canonical, 8 * TALLY_VC_BYTES_MAX);
        rc = tally_jcs_append_without(&canonical, parts[i], without[i], err);
        if (rc == TALLY_OK &&
            tally_hash_sha256(out + 32 * i, canonical.bytes, canonical.count) != TALLY_OK)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a credential");
        tally_buffer_free(&canonical);
    }
    return rc;
}

/* What every credential must have (VC 2.0, section 4), as far as a proof depends on it. */
static tally_rc check_form(tally_vc *out, const tally_json_value *root, tally_err *err)
{
    tally_json_reader reader, issuer;
    tally_json_items items;
    const tally_json_value *value;
    bool is_credential = false;
    tally_text text;

    tally_json_read_begin(&reader, root, "credential", err);
    tally_json_read_array(&reader, "@context", 1, CONTEXT_MAX, &items);
    if (tally_json_next_value(&items, &value) &&
        (tally_json_kind_of(value) != TALLY_JSON_TEXT ||
         !tally_text_is(tally_json_text_of(value), TALLY_VC_CONTEXT)))
        tally_json_read_fail(&reader, "@context", "must begin with " TALLY_VC_CONTEXT);
    tally_json_read_array(&reader, "type", 1, CONTEXT_MAX, &items);
    while (tally_json_next_text(&items, URL_MAX, &text))
        is_credential = is_credential || tally_text_is(text, "VerifiableCredential");
    if (!is_credential)
        tally_json_read_fail(&reader, "type", "must name VerifiableCredential");
    value = tally_json_read_value(&reader, "issuer");
    if (value != NULL && tally_json_kind_of(value) == TALLY_JSON_TEXT) {
        out->issuer = tally_json_text_of(value);
    } else if (value != NULL && tally_json_read_object(&reader, "issuer", &issuer)) {
        out->issuer = tally_json_read_text(&issuer, "id", URL_MAX);
        tally_json_read_rest(&issuer);
        (void)tally_json_read_end(&issuer);
    }
    value = tally_json_read_value(&reader, "credentialSubject");
    out->subject = TALLY_TEXT("");
    if (value != NULL && tally_json_kind_of(value) == TALLY_JSON_OBJECT) {
        value = tally_json_find(value, TALLY_TEXT("id"));
        if (value != NULL && tally_json_kind_of(value) == TALLY_JSON_TEXT)
            out->subject = tally_json_text_of(value);
    }
    tally_json_read_rest(&reader);
    return tally_json_read_end(&reader);
}

/* Append the proof's configuration as JSON, with its value when there is one. */
static tally_rc write_proof(tally_buffer *out, const tally_json_value *context, tally_text method,
                            tally_text created, const char *value, tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_value(&jcs, "@context", context);
    if (created.count > 0)
        tally_jcs_member_text(&jcs, "created", created);
    tally_jcs_member_string(&jcs, "cryptosuite", SUITE);
    tally_jcs_member_string(&jcs, "proofPurpose", "assertionMethod");
    if (value != NULL)
        tally_jcs_member_string(&jcs, "proofValue", value);
    tally_jcs_member_string(&jcs, "type", "DataIntegrityProof");
    tally_jcs_member_text(&jcs, "verificationMethod", method);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

/* Append the document with the proof as one more member, in order. */
static tally_rc write_secured(tally_buffer *out, const tally_json_value *root,
                              const tally_json_value *proof, tally_err *err)
{
    bool is_placed = false;
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    for (uint32_t i = 0; i < tally_json_count(root); i++) {
        tally_text name;
        const tally_json_value *member = tally_json_member(root, i, &name);

        if (!is_placed && tally_json_compare_names(TALLY_TEXT("proof"), name) < 0) {
            tally_jcs_member_value(&jcs, "proof", proof);
            is_placed = true;
        }
        tally_jcs_name_text(&jcs, name);
        tally_jcs_value(&jcs, member);
    }
    if (!is_placed)
        tally_jcs_member_value(&jcs, "proof", proof);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

/* Write the proof as JSON and parse it again, so that there is one way to hash. */
static tally_rc make_proof(tally_json_document **out, const tally_json_value *context,
                           tally_text method, tally_text created, const char *value, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_VC_BYTES_MAX);
    rc = write_proof(&text, context, method, created, value, err);
    if (rc == TALLY_OK)
        rc = parse(out, tally_buffer_text(&text), err);
    tally_buffer_free(&text);
    return rc;
}

tally_rc tally_vc_sign(tally_buffer *out, tally_text unsecured, tally_text method,
                       tally_text created, const uint8_t seed32[static TALLY_ED25519_SEED_BYTES],
                       tally_err *err)
{
    char value[TALLY_BASE58_TEXT_BYTES + 1] = "z";
    uint8_t hash[64], signature[TALLY_ED25519_SIGNATURE_BYTES];
    tally_json_document *document = NULL, *configuration = NULL, *proof = NULL;
    const tally_json_value *root, *context;
    tally_vc form;
    tally_rc rc = parse(&document, unsecured, err);

    if (rc != TALLY_OK)
        return rc;
    root = tally_json_root(document);
    rc = check_form(&form, root, err);
    if (rc == TALLY_OK && tally_json_find(root, TALLY_TEXT("proof")) != NULL)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the credential has a proof already");
    context = tally_json_find(root, TALLY_TEXT("@context"));
    if (rc == TALLY_OK)
        rc = make_proof(&configuration, context, method, created, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_vc_hash(hash, root, tally_json_root(configuration), err);
    if (rc == TALLY_OK) {
        rc = tally_ed25519_sign(signature, hash, sizeof(hash), seed32);
        if (rc != TALLY_OK)
            (void)tally_err_set(err, rc, 0, "signing a credential");
    }
    if (rc == TALLY_OK) {
        (void)tally_base58_write(value + 1, signature, sizeof(signature));
        rc = make_proof(&proof, context, method, created, value, err);
    }
    if (rc == TALLY_OK)
        rc = write_secured(out, root, tally_json_root(proof), err);
    tally_json_document_free(proof);
    tally_json_document_free(configuration);
    tally_json_document_free(document);
    return rc;
}

/* The document's contexts begin with the proof's (VC-DI-EdDSA, section 3.3.2). */
static bool begins_with(const tally_json_value *contexts, const tally_json_value *wanted)
{
    if (tally_json_kind_of(wanted) != TALLY_JSON_ARRAY ||
        tally_json_count(wanted) > tally_json_count(contexts))
        return false;
    for (uint32_t i = 0; i < tally_json_count(wanted); i++) {
        tally_buffer a, b;
        bool is_equal;

        tally_buffer_init(&a, 8 * TALLY_VC_BYTES_MAX);
        tally_buffer_init(&b, 8 * TALLY_VC_BYTES_MAX);
        is_equal = tally_jcs_append(&a, tally_json_item(contexts, i), NULL) == TALLY_OK &&
                   tally_jcs_append(&b, tally_json_item(wanted, i), NULL) == TALLY_OK &&
                   tally_text_is_equal(tally_buffer_text(&a), tally_buffer_text(&b));
        tally_buffer_free(&a);
        tally_buffer_free(&b);
        if (!is_equal)
            return false;
    }
    return true;
}

static tally_rc read_proof(tally_vc *out, uint8_t signature[static TALLY_ED25519_SIGNATURE_BYTES],
                           const tally_json_value *root, const tally_json_value **out_proof,
                           tally_err *err)
{
    const tally_json_value *context;
    tally_json_reader reader, proof;
    size_t count = 0;
    tally_text value;

    tally_json_read_begin(&reader, root, "credential", err);
    if (!tally_json_read_object(&reader, "proof", &proof))
        return reader.rc;
    *out_proof = tally_json_find(root, TALLY_TEXT("proof"));
    tally_json_read_constant(&proof, "type", "DataIntegrityProof");
    tally_json_read_constant(&proof, "cryptosuite", SUITE);
    tally_json_read_constant(&proof, "proofPurpose", "assertionMethod");
    out->method = tally_json_read_text(&proof, "verificationMethod", URL_MAX);
    value = tally_json_read_text(&proof, "proofValue", TALLY_BASE58_TEXT_BYTES);
    if (proof.rc == TALLY_OK &&
        (value.bytes[0] != 'z' ||
         tally_base58_read(signature, TALLY_ED25519_SIGNATURE_BYTES, &count,
                           tally_text_slice(value, 1, value.count)) != TALLY_OK ||
         count != TALLY_ED25519_SIGNATURE_BYTES))
        tally_json_read_fail(&proof, "proofValue", "must be z and 64 bytes in base58");
    context = tally_json_read_optional_value(&proof, "@context");
    if (context != NULL && !begins_with(tally_json_find(root, TALLY_TEXT("@context")), context))
        tally_json_read_fail(&proof, "@context", "is not what the document's begins with");
    tally_json_read_rest(&proof);
    return tally_json_read_end(&proof);
}

/* The key of a did:key method, whose did must be the issuer. */
static tally_rc find_key(uint8_t out_public32[static 32], const tally_vc *credential,
                         tally_err *err)
{
    tally_rc rc = tally_did_key_url_read(out_public32, credential->method, err);

    if (rc == TALLY_OK &&
        !tally_text_is_equal(credential->issuer,
                             tally_text_slice(credential->method, 0, TALLY_DID_KEY_CHARACTERS)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the key that signed is not the issuer's");
    return rc;
}

tally_rc tally_vc_verify(tally_vc *out, tally_text secured, const uint8_t *public32, tally_err *err)
{
    uint8_t signature[TALLY_ED25519_SIGNATURE_BYTES], hash[64], found32[32];
    const tally_json_value *root, *proof = NULL;
    tally_rc rc;

    *out = (tally_vc){ .document = NULL };
    rc = parse(&out->document, secured, err);
    if (rc != TALLY_OK)
        return rc;
    root = tally_json_root(out->document);
    rc = check_form(out, root, err);
    if (rc == TALLY_OK)
        rc = read_proof(out, signature, root, &proof, err);
    if (rc == TALLY_OK && public32 == NULL) {
        rc = find_key(found32, out, err);
        public32 = found32;
    }
    if (rc == TALLY_OK)
        rc = tally_vc_hash(hash, root, proof, err);
    if (rc == TALLY_OK && !tally_ed25519_is_valid_vartime(signature, hash, sizeof(hash), public32))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the credential's proof is wrong");
    if (rc != TALLY_OK)
        tally_vc_free(out);
    return rc;
}

/* An instant that may be missing. */
static int64_t read_instant(tally_json_reader *reader, const char *name, int64_t otherwise)
{
    tally_text text = tally_json_read_optional_text(reader, name, 40);
    tally_moment moment;

    if (text.count == 0)
        return otherwise;
    if (tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) == TALLY_OK && moment.has_offset)
        return tally_moment_ms(moment, 0);
    tally_json_read_fail(reader, name, "must be an instant such as 2026-11-22T10:00:00Z");
    return otherwise;
}

tally_rc tally_vc_check_time(const tally_vc *credential, int64_t now_ms, tally_err *err)
{
    tally_json_reader reader;
    int64_t from_ms, until_ms;

    tally_json_read_begin(&reader, tally_json_root(credential->document), "credential", err);
    from_ms = read_instant(&reader, "validFrom", INT64_MIN);
    until_ms = read_instant(&reader, "validUntil", INT64_MAX);
    if (now_ms < from_ms)
        tally_json_read_fail(&reader, "validFrom", "lies ahead: it is not valid yet");
    if (now_ms > until_ms)
        tally_json_read_fail(&reader, "validUntil", "has passed: it is no longer valid");
    tally_json_read_rest(&reader);
    return tally_json_read_end(&reader);
}

void tally_vc_free(tally_vc *credential)
{
    if (credential == NULL)
        return;
    tally_json_document_free(credential->document);
    *credential = (tally_vc){ .document = NULL };
}
