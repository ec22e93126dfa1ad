/* SPDX-License-Identifier: Apache-2.0 */
/* Compact JWS. The header is never parsed as JSON: given the key it names there is one
 * header, which is written again and compared. */

#include <stdio.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/did_key.h"
#include "crypto/jws_internal.h"
#include "json/jcs.h"

#define BEFORE_KID       "{\"alg\":\"EdDSA\",\"kid\":\""
#define BEFORE_KID_COUNT (sizeof(BEFORE_KID) - 1)
#define AFTER_KID        "\",\"typ\":\""
#define HEADER_BYTES_MAX                                                   \
    (BEFORE_KID_COUNT + TALLY_DID_KEY_URL_CHARACTERS + sizeof(AFTER_KID) + \
     TALLY_JWS_TYP_BYTES_MAX + 2)

_Static_assert(TALLY_BASE64_CHARACTERS(HEADER_BYTES_MAX) <= TALLY_JWS_HEADER_BYTES_MAX, "header");

tally_rc tally_jws_report(const tally_buffer *buffer, tally_err *err)
{
    tally_rc rc = tally_buffer_failure(buffer);

    if (rc == TALLY_OK)
        return TALLY_OK;
    return tally_err_set(
        err, rc, 0, rc == TALLY_E_LIMIT ? "a signed text is too long" : "signing or verifying");
}

static bool is_typ(const char *typ)
{
    size_t count = strlen(typ);

    for (size_t i = 0; i < count; i++) {
        bool is_letter = typ[i] >= 'a' && typ[i] <= 'z';
        bool is_digit = typ[i] >= '0' && typ[i] <= '9';

        if (!is_letter && !is_digit && typ[i] != '+' && typ[i] != '-' && typ[i] != '.')
            return false;
    }
    return count > 0 && count <= TALLY_JWS_TYP_BYTES_MAX;
}

tally_rc tally_jws_append_header(tally_buffer *out, const char *typ,
                                 const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    char header[HEADER_BYTES_MAX + 1];
    tally_did_key_url kid;
    int count;

    TALLY_ASSERT(is_typ(typ));
    tally_did_key_url_write(&kid, public32);
    count = snprintf(header, sizeof(header), BEFORE_KID "%s" AFTER_KID "%s\"}", kid.text, typ);
    TALLY_ASSERT(count > 0 && count < (int)sizeof(header));
    return tally_base64url_append(out, (const uint8_t *)header, (size_t)count);
}

tally_rc tally_jws_read_header(tally_jws_key *out_key, tally_text header, const char *typ,
                               tally_err *err)
{
    uint8_t decoded[HEADER_BYTES_MAX];
    tally_buffer wanted;
    bool is_equal;
    tally_text kid;
    size_t count;
    tally_rc rc;

    memset(out_key, 0, sizeof(*out_key));
    if (tally_base64url_decode(decoded, sizeof(decoded), &count, header) != TALLY_OK ||
        count < BEFORE_KID_COUNT + TALLY_DID_KEY_URL_CHARACTERS ||
        memcmp(decoded, BEFORE_KID, BEFORE_KID_COUNT) != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the header of a signature is not of the form "
                             "{\"alg\":\"EdDSA\",\"kid\":...,\"typ\":...}");
    kid = tally_text_of((const char *)decoded + BEFORE_KID_COUNT, TALLY_DID_KEY_URL_CHARACTERS);
    rc = tally_did_key_url_read(out_key->public32, kid, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&wanted, TALLY_JWS_HEADER_BYTES_MAX);
    rc = tally_jws_append_header(&wanted, typ, out_key->public32);
    is_equal = rc == TALLY_OK && tally_text_is_equal(tally_buffer_text(&wanted), header);
    if (rc != TALLY_OK)
        (void)tally_jws_report(&wanted, err);
    tally_buffer_free(&wanted);
    if (rc == TALLY_OK && !is_equal)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "what was signed is not a %s", typ);
    return rc;
}

tally_rc tally_jws_check(tally_text signing_input, tally_text signature, const tally_jws_key *key,
                         tally_err *err)
{
    uint8_t signature64[TALLY_ED25519_SIGNATURE_BYTES];

    if (!tally_base64url_is_exactly(signature64, sizeof(signature64), signature) ||
        !tally_ed25519_is_valid_vartime(signature64, signing_input.bytes, signing_input.count,
                                        key->public32))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the signature is wrong");
    return TALLY_OK;
}

tally_rc tally_jws_append_decoded(tally_buffer *out, tally_text encoded, tally_err *err)
{
    size_t before = out->count, count;

    if (tally_base64url_decode(NULL, SIZE_MAX, &count, encoded) != TALLY_OK)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a signed payload is not base64url");
    if (tally_buffer_append_repeated(out, '\0', count) != TALLY_OK)
        return tally_jws_report(out, err);
    if (count > 0 &&
        tally_base64url_decode((uint8_t *)out->bytes + before, count, &count, encoded) != TALLY_OK)
        TALLY_NEVER("the text that was just checked decodes");
    return TALLY_OK;
}

tally_rc tally_jws_parse(tally_json_document **out_document, tally_text payload,
                         const tally_json_options *options, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, payload, options, err);

    if (rc == TALLY_OK)
        rc = tally_jcs_check(tally_json_root(document), payload, err);
    if (rc == TALLY_OK)
        *out_document = document;
    else
        tally_json_document_free(document);
    return rc;
}

tally_rc tally_jws_sign(tally_buffer *out, tally_text payload, const char *typ,
                        const uint8_t seed32[static TALLY_ED25519_SEED_BYTES], tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES], signature64[TALLY_ED25519_SIGNATURE_BYTES];
    size_t start = out->count;
    tally_rc rc;

    rc = tally_ed25519_public(public32, seed32);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "signing: the system gives no random bytes");
    tally_jws_append_header(out, typ, public32);
    tally_buffer_append_byte(out, '.');
    tally_base64url_append(out, (const uint8_t *)payload.bytes, payload.count);
    rc = tally_jws_report(out, err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_ed25519_sign(signature64, out->bytes + start, out->count - start, seed32);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "signing: the system gives no random bytes");
    tally_buffer_append_byte(out, '.');
    tally_base64url_append(out, signature64, sizeof(signature64));
    return tally_jws_report(out, err);
}

tally_rc tally_jws_verify(tally_buffer *out_payload, tally_jws_key *out_signer, tally_text jws,
                          const char *typ, const tally_jws_key *wanted, tally_err *err)
{
    tally_text header, rest, payload, signature;
    tally_jws_key key;
    tally_rc rc;

    if (jws.count > TALLY_JWS_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a signed text is too long");
    if (!tally_text_split(jws, '.', &header, &rest) ||
        !tally_text_split(rest, '.', &payload, &signature))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "not a compact JWS: three parts and two dots");
    rc = tally_jws_read_header(&key, header, typ, err);
    if (rc != TALLY_OK)
        return rc;
    if (wanted != NULL && memcmp(key.public32, wanted->public32, sizeof(key.public32)) != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "another key signed");
    rc = tally_jws_check(tally_text_of(jws.bytes, header.count + 1 + payload.count), signature,
                         &key, err);
    if (rc == TALLY_OK)
        rc = tally_jws_append_decoded(out_payload, payload, err);
    if (rc == TALLY_OK && out_signer != NULL)
        *out_signer = key;
    return rc;
}

tally_rc tally_jws_open(tally_json_document **out_document, tally_jws_key *out_signer,
                        tally_text jws, const char *typ, const tally_jws_key *wanted,
                        const tally_json_options *options, tally_err *err)
{
    tally_buffer payload;
    tally_rc rc;

    tally_buffer_init(&payload, TALLY_JWS_BYTES_MAX);
    rc = tally_jws_verify(&payload, out_signer, jws, typ, wanted, err);
    if (rc == TALLY_OK)
        rc = tally_jws_parse(out_document, tally_buffer_text(&payload), options, err);
    tally_buffer_free(&payload);
    return rc;
}
