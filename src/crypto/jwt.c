/* SPDX-License-Identifier: Apache-2.0 */
/* JWTs of others' making and for others' reading: the header is parsed, not rebuilt. */

#include <string.h>

#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jws_internal.h"
#include "json/read.h"

static const tally_json_options options = { .bytes_max = TALLY_JWT_BYTES_MAX,
                                            .depth_max = 32,
                                            .takes_any_number = true };

tally_rc tally_jwt_sign(tally_buffer *out, const char *typ, tally_text kid, tally_text payload,
                        const tally_jose_secret *key, tally_err *err)
{
    uint8_t signature[TALLY_JOSE_SIGNATURE_BYTES];
    size_t start = out->count;
    tally_buffer header;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&header, 4096);
    tally_jcs_init(&jcs, &header);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "alg", tally_jose_name(key->public_key.algorithm));
    if (kid.count > 0)
        tally_jcs_member_text(&jcs, "kid", kid);
    tally_jcs_member_string(&jcs, "typ", typ);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK) {
        tally_base64url_append(out, (const uint8_t *)header.bytes, header.count);
        tally_buffer_append_byte(out, '.');
        tally_base64url_append(out, (const uint8_t *)payload.bytes, payload.count);
        rc = tally_jws_report(out, err);
    }
    tally_buffer_free(&header);
    if (rc == TALLY_OK)
        rc = tally_jose_sign(signature, out->bytes + start, out->count - start, key, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_append_byte(out, '.');
    tally_base64url_append(out, signature, sizeof(signature));
    return tally_jws_report(out, err);
}

typedef struct parts {
    tally_text header, payload, signature, signing_input;
} parts;

static tally_rc split(parts *out, tally_text jwt, tally_err *err)
{
    tally_text rest;

    if (jwt.count > TALLY_JWT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a JWT is too long");
    if (!tally_text_split(jwt, '.', &out->header, &rest) ||
        !tally_text_split(rest, '.', &out->payload, &out->signature))
        return tally_err_set(err, TALLY_E_INVALID, 0, "not a JWT: three parts and two dots");
    out->signing_input = tally_text_of(jwt.bytes, out->header.count + 1 + out->payload.count);
    return TALLY_OK;
}

static tally_rc parse_part(tally_json_document **out, tally_text part, tally_err *err)
{
    tally_buffer decoded;
    tally_rc rc;

    tally_buffer_init(&decoded, TALLY_JWT_BYTES_MAX);
    rc = tally_jws_append_decoded(&decoded, part, err);
    if (rc == TALLY_OK)
        rc = tally_json_parse(out, tally_buffer_text(&decoded), &options, err);
    tally_buffer_free(&decoded);
    if (rc == TALLY_OK && tally_json_kind_of(tally_json_root(*out)) != TALLY_JSON_OBJECT) {
        tally_json_document_free(*out);
        *out = NULL;
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "a part of a JWT is no object");
    }
    return rc;
}

/* Parse both parts; on failure neither is left. */
static tally_rc parse_parts(tally_json_document **out_header, tally_json_document **out_payload,
                            const parts *self, tally_err *err)
{
    tally_rc rc = parse_part(out_header, self->header, err);

    if (rc != TALLY_OK)
        return rc;
    rc = parse_part(out_payload, self->payload, err);
    if (rc != TALLY_OK) {
        tally_json_document_free(*out_header);
        *out_header = NULL;
    }
    return rc;
}

static void hand_over(tally_json_document **out, tally_json_document *document, tally_rc rc)
{
    if (rc == TALLY_OK && out != NULL)
        *out = document;
    else
        tally_json_document_free(document);
}

tally_rc tally_jwt_peek(tally_json_document **out_header, tally_json_document **out_payload,
                        tally_text jwt, tally_err *err)
{
    tally_json_document *header = NULL, *payload = NULL;
    parts self;
    tally_rc rc = split(&self, jwt, err);

    if (rc == TALLY_OK)
        rc = parse_parts(&header, &payload, &self, err);
    hand_over(out_header, header, rc);
    hand_over(out_payload, payload, rc);
    return rc;
}

/* The algorithm is the key's; nothing in the header is critical. */
static tally_rc check_header(const tally_json_document *header, const char *typ,
                             const tally_jose_public *key, tally_err *err)
{
    tally_json_reader reader;

    tally_json_read_begin(&reader, tally_json_root(header), "header", err);
    tally_json_read_constant(&reader, "alg", tally_jose_name(key->algorithm));
    if (typ != NULL)
        tally_json_read_constant(&reader, "typ", typ);
    if (tally_json_read_optional_value(&reader, "crit") != NULL)
        tally_json_read_fail(&reader, "crit", "names what is not understood here");
    tally_json_read_rest(&reader);
    return tally_json_read_end(&reader);
}

tally_rc tally_jwt_verify(tally_json_document **out_header, tally_json_document **out_payload,
                          tally_text jwt, const char *typ, const tally_jose_public *key,
                          tally_err *err)
{
    tally_json_document *header = NULL, *payload = NULL;
    uint8_t signature[TALLY_JOSE_SIGNATURE_BYTES];
    parts self;
    tally_rc rc = split(&self, jwt, err);

    if (rc == TALLY_OK)
        rc = parse_parts(&header, &payload, &self, err);
    if (rc == TALLY_OK)
        rc = check_header(header, typ, key, err);
    if (rc == TALLY_OK &&
        (!tally_base64url_is_exactly(signature, sizeof(signature), self.signature) ||
         !tally_jose_is_valid_vartime(signature, self.signing_input.bytes, self.signing_input.count,
                                      key)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the signature of a JWT is wrong");
    hand_over(out_header, header, rc);
    hand_over(out_payload, payload, rc);
    return rc;
}
