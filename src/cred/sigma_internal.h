/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_SIGMA_INTERNAL_H
#define TALLY_CRED_SIGMA_INTERNAL_H

/* The steps of a proof, for sigma_proof.c and for tests against published
 * proofs, which were made from given nonces. */

#include "cred/sigma.h"

/* The 32 bytes that every transcript under this tag starts with. */
TALLY_MUST_CHECK tally_rc tally_sigma_session(uint8_t out_session[static 32], tally_text tag);

/* A proof from given nonces. Whoever sees two proofs from the same nonces has
 * the witness: only tally_sigma_prove() and tests call this. */
TALLY_MUST_CHECK tally_rc tally_sigma_prove_with(const tally_sigma_relation *relation,
                                                 uint8_t *out_proof, tally_text tag,
                                                 const uint8_t *witness, const uint8_t *nonces,
                                                 const tally_sigma_shortcut *shortcut,
                                                 tally_err *err);

/* Hedged nonces, one a scalar:
 * SHAKE256(lp("RRC-V01-NONCE") || 64 random bytes || witness || relation). */
TALLY_MUST_CHECK tally_rc tally_sigma_draw_nonces(const tally_sigma_relation *relation,
                                                  uint8_t *out_nonces, const uint8_t *witness,
                                                  const tally_random *random, tally_err *err);

#endif
