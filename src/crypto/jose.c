/* SPDX-License-Identifier: Apache-2.0 */
/* JOSE keys and signatures. */

#include <string.h>

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/jose.h"
#include "crypto/p256.h"
#include "json/read.h"

#define COORDINATE_CHARACTERS 43 /* 32 bytes in base64url */

const char *tally_jose_name(tally_jose_algorithm algorithm)
{
    return algorithm == TALLY_JOSE_EDDSA ? "EdDSA" : "ES256";
}

tally_rc tally_jose_key(tally_jose_secret *out, tally_jose_algorithm algorithm,
                        const uint8_t secret32[static 32], tally_err *err)
{
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    rc = algorithm == TALLY_JOSE_EDDSA
             ? tally_ed25519_public(out->public_key.x, secret32)
             : tally_p256_public(out->public_key.x, out->public_key.y, secret32);
    if (rc != TALLY_OK) {
        memset(out, 0, sizeof(*out));
        return tally_err_set(err, rc, 0, "32 bytes do not make a key for %s",
                             tally_jose_name(algorithm));
    }
    out->public_key.algorithm = algorithm;
    memcpy(out->secret, secret32, sizeof(out->secret));
    return TALLY_OK;
}

tally_rc tally_jose_sign(uint8_t out[static TALLY_JOSE_SIGNATURE_BYTES], const void *message,
                         size_t count, const tally_jose_secret *key, tally_err *err)
{
    tally_rc rc = key->public_key.algorithm == TALLY_JOSE_EDDSA
                      ? tally_ed25519_sign(out, message, count, key->secret)
                      : tally_p256_sign(out, message, count, key->secret, key->public_key.x,
                                        key->public_key.y);

    return rc == TALLY_OK ? TALLY_OK : tally_err_set(err, rc, 0, "signing failed");
}

bool tally_jose_is_valid_vartime(const uint8_t signature[static TALLY_JOSE_SIGNATURE_BYTES],
                                 const void *message, size_t count, const tally_jose_public *key)
{
    return key->algorithm == TALLY_JOSE_EDDSA
               ? tally_ed25519_is_valid_vartime(signature, message, count, key->x)
               : tally_p256_is_valid_vartime(signature, message, count, key->x, key->y);
}

bool tally_jose_is_equal(const tally_jose_public *a, const tally_jose_public *b)
{
    return a->algorithm == b->algorithm && memcmp(a->x, b->x, sizeof(a->x)) == 0 &&
           memcmp(a->y, b->y, sizeof(a->y)) == 0;
}

static void write_coordinate(tally_jcs *jcs, const char *name, const uint8_t *bytes)
{
    char text[COORDINATE_CHARACTERS + 2];
    tally_buffer encoded = { .bytes = text, .room = sizeof(text), .bytes_max = sizeof(text) - 1 };

    tally_base64url_append(&encoded, bytes, 32);
    tally_jcs_member_text(jcs, name, tally_buffer_text(&encoded));
}

void tally_jose_write_jwk(tally_jcs *jcs, const tally_jose_public *key)
{
    tally_jose_write_jwk_with_kid(jcs, key, NULL);
}

void tally_jose_write_jwk_with_kid(tally_jcs *jcs, const tally_jose_public *key, const char *kid)
{
    bool is_point = key->algorithm == TALLY_JOSE_ES256;

    tally_jcs_object(jcs);
    tally_jcs_member_string(jcs, "crv", is_point ? "P-256" : "Ed25519");
    if (kid != NULL)
        tally_jcs_member_string(jcs, "kid", kid);
    tally_jcs_member_string(jcs, "kty", is_point ? "EC" : "OKP");
    write_coordinate(jcs, "x", key->x);
    if (is_point)
        write_coordinate(jcs, "y", key->y);
    tally_jcs_object_end(jcs);
}

tally_rc tally_jose_read_jwk(tally_jose_public *out, const tally_json_value *jwk, tally_err *err)
{
    static const char *const types[] = { "OKP", "EC", NULL };
    tally_json_reader reader;
    tally_text x, y = TALLY_TEXT("");
    bool is_point;
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    tally_json_read_begin(&reader, jwk, "jwk", err);
    is_point = tally_json_read_choice(&reader, "kty", types) == 1;
    tally_json_read_constant(&reader, "crv", is_point ? "P-256" : "Ed25519");
    x = tally_json_read_text(&reader, "x", COORDINATE_CHARACTERS);
    if (is_point)
        y = tally_json_read_text(&reader, "y", COORDINATE_CHARACTERS);
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc;
    out->algorithm = is_point ? TALLY_JOSE_ES256 : TALLY_JOSE_EDDSA;
    if (tally_base64url_is_exactly(out->x, sizeof(out->x), x) &&
        (!is_point || (tally_base64url_is_exactly(out->y, sizeof(out->y), y) &&
                       tally_p256_is_on_curve(out->x, out->y))))
        return TALLY_OK;
    memset(out, 0, sizeof(*out));
    return tally_err_set(err, TALLY_E_INVALID, 0, "the jwk holds no key of its curve");
}
