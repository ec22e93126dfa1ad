/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_JOIN_H
#define TALLY_LEDGER_JOIN_H

/* What members ask for, but for reading: each request is one signed message, and each answer another
 * (docs/formats/message.md). One transaction each; a request that is refused changes nothing.
 *
 * denial      why it was refused; may be NULL
 * out_answer  started by the caller with TALLY_ANSWER_BYTES_MAX; holds the answer on success. It may
 *             hold secrets: wipe it once it is sent.
 *
 * TALLY_E_INVALID, TALLY_E_DENIED, TALLY_E_CONFLICT: the denial says what and why. */

#include "ledger/message.h"
#include "ledger/token.h"

/* verifier  of enrolment tokens; NULL: the pilot's */
typedef struct tally_request_options {
    const tally_token_verifier *verifier;
} tally_request_options;

/* Any of them, by its kind. TALLY_E_INVALID for a request to read, which is not done here. */
TALLY_MUST_CHECK tally_rc tally_ledger_receive(tally_ledger *ledger, tally_text message,
                                               const tally_request_options *options,
                                               tally_buffer *out_answer, tally_denial *denial,
                                               tally_err *err);

/* The work within the transaction, for tally_ledger_receive(): message is read and admitted, and is
 * spent by whoever calls. */
typedef struct tally_receiving {
    tally_message *message;
    const tally_token_verifier *verifier;
    tally_arena *arena;
    tally_buffer *answer;
    tally_denial *denial;
    int64_t certificate; /* out: of a leave */
    bool has_erased;     /* out: purge after the commit */
} tally_receiving;

TALLY_MUST_CHECK tally_rc tally_receive_join(tally_ledger *ledger,
                                             tally_store_transaction *transaction,
                                             tally_receiving *receiving, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_receive_consent(tally_ledger *ledger,
                                                tally_store_transaction *transaction,
                                                tally_receiving *receiving, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_receive_withdraw(tally_ledger *ledger,
                                                 tally_store_transaction *transaction,
                                                 tally_receiving *receiving, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_receive_rotate(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_receiving *receiving, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_receive_leave(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              tally_receiving *receiving, tally_err *err);

#endif
