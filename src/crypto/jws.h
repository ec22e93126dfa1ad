/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_JWS_H
#define TALLY_CRYPTO_JWS_H

/* Signed JSON: JWS (RFC 7515) with Ed25519 (EdDSA, RFC 8037), in one profile.
 *
 * The protected header is the canonical JSON of exactly
 *     {"alg":"EdDSA","kid":"<did:key URL of the signer>","typ":"<what it is>"}
 * and the payload is canonical JSON (RFC 8785), so that a signed text has one form.
 * The typ is checked: a signature over one kind of document is none over another.
 *
 * One signature: the compact form, HEADER.PAYLOAD.SIGNATURE in base64url. Several over
 * one payload (a consent receipt): the general JSON form, itself canonical,
 *     {"payload":"...","signatures":[{"protected":"...","signature":"..."},...]}
 * with the signatures in ascending order of `protected` and one a key; so the order of
 * signing leaves no trace.
 *
 * Whether the key is one that may sign is the caller's question: each function that
 * verifies takes the key wanted, or gives the one that signed.
 *
 * TALLY_E_INVALID  not of that form or typ; another key; the signature is wrong
 * TALLY_E_LIMIT    longer than TALLY_JWS_BYTES_MAX, or what out may hold
 * TALLY_E_NOMEM, TALLY_E_IO as for Ed25519 */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "json/value.h"
#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_JWS_BYTES_MAX      ((size_t)4 << 20)
#define TALLY_JWS_SIGNATURES_MAX 8
#define TALLY_JWS_TYP_BYTES_MAX  64

typedef struct tally_jws_key {
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
} tally_jws_key;

/* Append the compact form. typ is 1 to TALLY_JWS_TYP_BYTES_MAX of a-z 0-9 + - . */
TALLY_MUST_CHECK tally_rc tally_jws_sign(tally_buffer *out, tally_text payload, const char *typ,
                                         const uint8_t seed32[static TALLY_ED25519_SEED_BYTES],
                                         tally_err *err);

/* Check a compact form and append its payload, of which nothing is known but that the
 * key signed it.
 *
 * out_signer  the key of the header's kid; may be NULL
 * wanted      the key that must have signed, or NULL for any */
TALLY_MUST_CHECK tally_rc tally_jws_verify(tally_buffer *out_payload, tally_jws_key *out_signer,
                                           tally_text jws, const char *typ,
                                           const tally_jws_key *wanted, tally_err *err);

/* The same, and parse the payload, which must be canonical JSON. options as for
 * tally_json_parse(). The caller releases the document. */
TALLY_MUST_CHECK tally_rc tally_jws_open(tally_json_document **out_document,
                                         tally_jws_key *out_signer, tally_text jws, const char *typ,
                                         const tally_jws_key *wanted,
                                         const tally_json_options *options, tally_err *err);

/* Append the general form with one more signature.
 *
 * others  the general form so far, whose signatures are checked and whose payload must
 *         be equal; empty for the first signature
 *
 * TALLY_E_CONFLICT  this key has signed already, or others is over another payload */
TALLY_MUST_CHECK tally_rc tally_jws_cosign(tally_buffer *out, tally_text others, tally_text payload,
                                           const char *typ,
                                           const uint8_t seed32[static TALLY_ED25519_SEED_BYTES],
                                           tally_err *err);

/* Check every signature of a general form and append the payload. The keys that signed
 * come in out_signers, at least one. */
TALLY_MUST_CHECK tally_rc tally_jws_general_verify(
    tally_buffer *out_payload, tally_jws_key out_signers[static TALLY_JWS_SIGNATURES_MAX],
    uint32_t *out_signer_count, tally_text jws, const char *typ, tally_err *err);

/* The same, and parse the payload as tally_jws_open() does. */
TALLY_MUST_CHECK tally_rc tally_jws_general_open(
    tally_json_document **out_document, tally_jws_key out_signers[static TALLY_JWS_SIGNATURES_MAX],
    uint32_t *out_signer_count, tally_text jws, const char *typ, const tally_json_options *options,
    tally_err *err);

/* Is the key one of those? */
bool tally_jws_has_signer(const tally_jws_key *signers, uint32_t signer_count,
                          const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);

#endif
