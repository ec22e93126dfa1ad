/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ADMIT_H
#define TALLY_LEDGER_ADMIT_H

/* Admitting a batch (docs/ledger.md section 4), in two halves: prepare is a pure
 * function of the message and the policy and may run in any thread, beside the
 * commit of another batch; commit belongs to the ledger's thread and is one
 * transaction. The reply is a signed promise, durable before it is handed out. */

#include "ledger/ledger.h"
#include "util/buffer.h"

typedef struct tally_prepared_batch tally_prepared_batch;

/* Read, verify and check a message: container, signature, root, and each event by itself.
 *
 * out_prepared  the caller's, released with tally_prepared_batch_free().
 * policy        must outlive it; the ledger's at commit must be the same one or a later one.
 * message       must outlive it.
 *
 * TALLY_E_INVALID, TALLY_E_LIMIT  not a batch (E_SCHEMA); TALLY_E_DENIED: signature or root (E_SOURCE);
 * TALLY_E_NOMEM. denial may be NULL. */
TALLY_MUST_CHECK tally_rc tally_admit_prepare(tally_prepared_batch **out_prepared,
                                              const tally_policy *policy, tally_text message,
                                              tally_denial *denial, tally_err *err);
/* NULL is allowed. */
void tally_prepared_batch_free(tally_prepared_batch *prepared);

/* What became of a batch. */
typedef struct tally_admitted {
    uint32_t count, admitted;
    bool is_repeat;  /* the first reply again; nothing was stored */
} tally_admitted;

/* Admit a prepared batch and append the reply, a compact JWS of the operator, to out_reply.
 *
 * TALLY_E_DENIED    E_SOURCE: the source is unknown or revoked; E_CROSS_PROGRAMME: a batch for another programme
 * TALLY_E_CONFLICT  E_CONFLICT: this number was used for another batch; E_SEQUENCE: a number is
 *                   missing before this one, the denial names the one expected
 * TALLY_E_IO, TALLY_E_NOMEM, TALLY_E_CORRUPT, TALLY_E_LIMIT
 * After every failure nothing of the batch is stored. out_admitted, denial may be NULL. */
TALLY_MUST_CHECK tally_rc tally_admit_commit(tally_ledger *ledger, tally_prepared_batch *prepared,
                                             tally_buffer *out_reply, tally_admitted *out_admitted,
                                             tally_denial *denial, tally_err *err);

/* Both halves. */
TALLY_MUST_CHECK tally_rc tally_admit(tally_ledger *ledger, tally_text message,
                                      tally_buffer *out_reply, tally_admitted *out_admitted,
                                      tally_denial *denial, tally_err *err);

/* The number that a source's next batch must have. TALLY_E_DENIED: E_SOURCE. */
TALLY_MUST_CHECK tally_rc tally_admit_next_number(tally_ledger *ledger, tally_text source_did,
                                                  uint64_t *out_number, tally_denial *denial,
                                                  tally_err *err);

/* Whatever changes a member (joining, receipts, rotation, leaving, erased events) calls this within its
 * transaction, so that admission reads it anew. subject 0: all members, and the marks of event ids. */
void tally_admit_forget(tally_ledger *ledger, int64_t subject);

#endif
