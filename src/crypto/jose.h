/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_JOSE_H
#define TALLY_CRYPTO_JOSE_H

/* Keys and JWTs as other people's wallets and verifiers know them: JWK (RFC 7517), JWS
 * compact form (RFC 7515, 7518, 8037) with EdDSA (Ed25519) and ES256 (P-256). For
 * interoperable credentials only; what members, sources and programmes say to each other
 * is crypto/jws.h, with one algorithm and one form.
 *
 * A key has one algorithm, and a JWT of another is refused whatever its header says. ES256
 * signatures are r || s; their nonces are OpenSSL's own. Nothing is kept between calls. */

#include <stdbool.h>
#include <stdint.h>
#include "json/jcs.h"
#include "json/value.h"
#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_JOSE_SIGNATURE_BYTES 64
#define TALLY_JWT_BYTES_MAX        ((size_t)1 << 20)

typedef enum tally_jose_algorithm { TALLY_JOSE_EDDSA, TALLY_JOSE_ES256 } tally_jose_algorithm;

typedef struct tally_jose_public {
    tally_jose_algorithm algorithm;
    uint8_t x[32]; /* the Ed25519 key, or the x of the point */
    uint8_t y[32]; /* of the point; zero for Ed25519 */
} tally_jose_public;

typedef struct tally_jose_secret {
    tally_jose_public public_key;
    uint8_t secret[32]; /* the Ed25519 seed, or the scalar, big-endian; the caller wipes it */
} tally_jose_secret;

/* A key of 32 random bytes, or of a key file.
 * TALLY_E_INVALID: they are no scalar of P-256 (0, or not below the order). TALLY_E_NOMEM,
 * TALLY_E_IO; out is then zero. */
TALLY_MUST_CHECK tally_rc tally_jose_key(tally_jose_secret *out, tally_jose_algorithm algorithm,
                                         const uint8_t secret32[static 32], tally_err *err);

TALLY_MUST_CHECK tally_rc tally_jose_sign(uint8_t out[static TALLY_JOSE_SIGNATURE_BYTES],
                                          const void *message, size_t count,
                                          const tally_jose_secret *key, tally_err *err);

TALLY_MUST_CHECK bool tally_jose_is_valid_vartime(
    const uint8_t signature[static TALLY_JOSE_SIGNATURE_BYTES], const void *message, size_t count,
    const tally_jose_public *key);

/* Write a public key as the next value; read one, which may hold other members. A point
 * that is not on the curve is refused. TALLY_E_INVALID. */
void tally_jose_write_jwk(tally_jcs *jcs, const tally_jose_public *key);
void tally_jose_write_jwk_with_kid(tally_jcs *jcs, const tally_jose_public *key, const char *kid);
TALLY_MUST_CHECK tally_rc tally_jose_read_jwk(tally_jose_public *out, const tally_json_value *jwk,
                                              tally_err *err);

bool tally_jose_is_equal(const tally_jose_public *a, const tally_jose_public *b);

/* "EdDSA" or "ES256". */
const char *tally_jose_name(tally_jose_algorithm algorithm);

/* Append a JWT with the header {"alg","kid","typ"}. kid may be empty. */
TALLY_MUST_CHECK tally_rc tally_jwt_sign(tally_buffer *out, const char *typ, tally_text kid,
                                         tally_text payload, const tally_jose_secret *key,
                                         tally_err *err);

/* Check a JWT and parse its header and payload, which the caller releases; either may be
 * NULL. The header may hold other members, but no "crit".
 *
 * typ  what the header must say; NULL: anything
 *
 * TALLY_E_INVALID  no JWT, another typ or algorithm, a wrong signature */
TALLY_MUST_CHECK tally_rc tally_jwt_verify(tally_json_document **out_header,
                                           tally_json_document **out_payload, tally_text jwt,
                                           const char *typ, const tally_jose_public *key,
                                           tally_err *err);

/* Parse a part of a JWT without checking anything: its header says which key to use. */
TALLY_MUST_CHECK tally_rc tally_jwt_peek(tally_json_document **out_header,
                                         tally_json_document **out_payload, tally_text jwt,
                                         tally_err *err);

#endif
