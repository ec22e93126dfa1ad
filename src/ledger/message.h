/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_MESSAGE_H
#define TALLY_LEDGER_MESSAGE_H

/* Members' requests as the ledger takes them (docs/formats/message.md): meant for this programme,
 * fresh, taken once, signed by the key that has to. For the use cases that answer them. */

#include "ledger/ledger_internal.h"
#include "ledger/member.h"
#include "message/answer.h"
#include "message/request.h"

#define TALLY_MESSAGE_FRESH_MS    (10 * INT64_C(60000)) /* either side of the ledger's clock */
#define TALLY_MESSAGE_ARENA_BYTES ((size_t)64 << 20)

typedef struct tally_message {
    tally_request request;
    tally_jws_key signer;
    uint8_t mark[32];
    /* Known within the transaction. */
    int64_t now_ms;
    bool is_member;   /* of request.member's; then member is loaded */
    bool is_repeated; /* a leave that was answered before, with this certificate (0: with none) */
    int64_t certificate;
    tally_member member;
} tally_message;

/* Before the transaction: form, signature, programme. Texts live in the arena.
 * TALLY_E_INVALID: E_MESSAGE; TALLY_E_DENIED: E_CROSS_PROGRAMME. */
TALLY_MUST_CHECK tally_rc tally_message_read(tally_ledger *ledger, tally_text text,
                                             tally_arena *arena, tally_message *out,
                                             tally_denial *denial, tally_err *err);

/* Within it: fresh, new, and signed by the key of request.member, which is a member's current one or
 * nobody's; for a rotation also by the recovery key. Wipe the message afterwards.
 * TALLY_E_DENIED: E_STALE, E_REPLAY, E_SIGNATURE. */
TALLY_MUST_CHECK tally_rc tally_message_admit(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              tally_message *message, tally_denial *denial,
                                              tally_err *err);

/* E_NOT_RECORDED, the same words for whoever is no member. */
tally_rc tally_message_refuse_stranger(tally_denial *denial, tally_err *err);

/* Remember that it was taken; certificate is that of a leave, else 0. */
TALLY_MUST_CHECK tally_rc tally_message_spend(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              const tally_message *message, int64_t certificate,
                                              tally_err *err);

/* Sign an answer with the operator's key, in place of whatever out holds; fills in programme and at. */
TALLY_MUST_CHECK tally_rc tally_message_answer(const tally_ledger *ledger, tally_buffer *out,
                                               const tally_message *message, tally_answer *answer,
                                               tally_err *err);

void tally_message_wipe(tally_message *message);

#endif
