/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_VERIFY_H
#define TALLY_CRED_RRC_VERIFY_H

/* The operator's check of a presentation that a provider forwards, in the order
 * of what it costs:
 *
 *   1. tally_rrc_presentation_read()   the form (rrc_present.h)
 *   2. tally_rrc_forwarded_check()     what was forwarded with it
 *   3. the caller looks up (benefit->scope_hash, nullifier): the same hash again
 *      gets the stored receipt again, another one is a second claim
 *   4. tally_rrc_presentation_verify() the proof, some milliseconds: rate-limit
 *      a provider before this
 *   5. the caller inserts (scope_hash, nullifier) under a unique constraint in
 *      the transaction that writes the receipt; who loses that race has claimed
 *      already. */

#include "cred/rrc_present.h"

/* What stands beside a presentation. */
typedef struct tally_rrc_forwarded {
    tally_text caller;  /* the provider, as it authenticated itself */
    uint32_t threshold; /* what it says the threshold is */
    uint64_t now_s;     /* seconds since 1970, UTC */
} tally_rrc_forwarded;

/* The checks that need no cryptography. The caller has found showing->context and
 * showing->benefit among those it published itself; the provider has checked that
 * the nonce is its own and unused.
 *
 * TALLY_E_DENIED  the widths differ; the context is not valid at this time; the
 *                 threshold is not the benefit's or does not fit the width; the
 *                 audience is not the caller */
TALLY_MUST_CHECK tally_rc tally_rrc_forwarded_check(const tally_rrc_presentation *shown,
                                                    const tally_rrc_showing *showing,
                                                    const tally_rrc_forwarded *forwarded,
                                                    tally_err *err);

/* Does the presentation hold for this showing under this key? Constant-time in
 * the key.
 *
 * TALLY_E_INVALID  no; also where the widths differ, the threshold does not fit,
 *                  or keyset and context name different issuers
 * TALLY_E_NOMEM    OpenSSL could not allocate; nothing is said about it */
TALLY_MUST_CHECK tally_rc tally_rrc_presentation_verify(const tally_rrc_presentation *shown,
                                                        const tally_rrc_showing *showing,
                                                        const tally_rrc_key *key, tally_err *err);

#endif
