/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_VC_H
#define TALLY_CRED_VC_H

/* W3C Verifiable Credentials 2.0 with an embedded proof of the suite eddsa-jcs-2022
 * (VC-DI-EdDSA, section 3.3). Whoever is shown two of these, or the same one twice, sees
 * that they are of one holder: linkable, which is to be said wherever they are offered.
 *
 * The proof's hash is over the canonical JSON of the proof without its value, and then of
 * the document without its proof; the proof carries the document's @context. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "json/value.h"
#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_VC_BYTES_MAX ((size_t)256 << 10)
#define TALLY_VC_CONTEXT   "https://www.w3.org/ns/credentials/v2"
#define TALLY_VC_LABEL     "linkable: shown twice, it is seen to be the same holder's"

/* Append a credential with its proof, in canonical form.
 *
 * unsecured  the credential without a proof: an object with the context above first
 * method     the URL of the verification method: a did:key URL, or one of a did:web
 * created    an instant such as 2026-11-22T10:00:00Z, or empty for none
 *
 * TALLY_E_INVALID  it is no such credential, or has a proof already */
TALLY_MUST_CHECK tally_rc tally_vc_sign(tally_buffer *out, tally_text unsecured, tally_text method,
                                        tally_text created,
                                        const uint8_t seed32[static TALLY_ED25519_SEED_BYTES],
                                        tally_err *err);

/* A credential whose proof is right. Texts live in the document. */
typedef struct tally_vc {
    tally_json_document *document; /* release with tally_vc_free() */
    tally_text issuer;             /* its id */
    tally_text method;             /* which key of the issuer signed */
    tally_text subject;            /* credentialSubject's id; empty when it has none */
} tally_vc;

/* Check a credential's form and proof.
 *
 * public32  the issuer's key that `method` names, which the caller looked up; NULL: method
 *           must be a did:key URL, whose key is used, and the issuer that same did:key
 *
 * TALLY_E_INVALID  its form, its proof, or its key is wrong */
TALLY_MUST_CHECK tally_rc tally_vc_verify(tally_vc *out, tally_text secured,
                                          const uint8_t *public32, tally_err *err);

/* Is an instant within validFrom and validUntil, of which either may be missing?
 * TALLY_E_INVALID: not yet, no longer, or they are no instants. */
TALLY_MUST_CHECK tally_rc tally_vc_check_time(const tally_vc *credential, int64_t now_ms,
                                              tally_err *err);

void tally_vc_free(tally_vc *credential);

/* The 64 bytes that are signed, for tests: SHA-256 of the canonical proof configuration,
 * then of the canonical document without its proof. */
TALLY_MUST_CHECK tally_rc tally_vc_hash(uint8_t out[static 64], const tally_json_value *document,
                                        const tally_json_value *proof, tally_err *err);

#endif
