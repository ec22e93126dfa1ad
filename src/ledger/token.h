/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_TOKEN_H
#define TALLY_LEDGER_TOKEN_H

/* Enrolment tokens: whoever is on the programme's roll joins once with each (R6). The ledger knows
 * no more of them than this seam, so that blind tokens can take the place of the pilot's. */

#include "ledger/ledger_internal.h"

#define TALLY_TOKEN_MARK_BYTES 32

typedef struct tally_token_verifier {
    void *context;
    /* Is the token one of this programme's roll? out_mark is under what it is remembered as used: nobody
     * who has the store finds the token, or a person, from it.
     * TALLY_E_DENIED: E_TOKEN. TALLY_E_NOMEM. */
    tally_rc (*check)(void *context, const tally_ledger *ledger, tally_text token,
                      uint8_t out_mark[static TALLY_TOKEN_MARK_BYTES], tally_denial *denial,
                      tally_err *err);
} tally_token_verifier;

/* The pilot's tokens: `tally-1-` and base64url of 16 random bytes and the first 16 of their
 * HMAC-SHA-256 under a key made from the programme's. Whoever hands them out could note to whom:
 * that is why they are a pilot's. */
const tally_token_verifier *tally_token_pilot(void);

#define TALLY_TOKEN_TEXT_BYTES 52

/* Make one of those. Nothing is stored. */
TALLY_MUST_CHECK tally_rc tally_token_issue(const tally_ledger *ledger,
                                            char out_text[static TALLY_TOKEN_TEXT_BYTES],
                                            tally_err *err);

/* Check a token and use it up, within a transaction. TALLY_E_DENIED: E_TOKEN. */
TALLY_MUST_CHECK tally_rc tally_token_spend(tally_ledger *ledger,
                                            tally_store_transaction *transaction,
                                            const tally_token_verifier *verifier, tally_text token,
                                            tally_denial *denial, tally_err *err);

#endif
