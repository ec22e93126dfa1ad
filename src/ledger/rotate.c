/* SPDX-License-Identifier: Apache-2.0 */
/* Another key for a member: asked for with the present key, or with the recovery key when that
 * one is lost or stolen (docs/ledger.md section 2). The old did stays an alias that sources may go on
 * to write about and that signs nothing any more. */

#include "ledger/join.h"
#include "ledger/record.h"

/* The new key must be nobody's: not a member's, nor what a member replaced, nor this one's recovery key, which
 * has to stay in its drawer. */
static tally_rc check_key(tally_store_transaction *transaction, const tally_message *message,
                          tally_denial *denial, tally_err *err)
{
    tally_text value;
    bool is_used;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_MEMBER_BY_DID, message->request.to,
                                   &value, &is_used, err);

    if (rc != TALLY_OK)
        return rc;
    if (is_used || tally_text_is(message->request.to, message->member.recovery_did))
        return tally_deny(denial, err, TALLY_E_CONFLICT, "E_MEMBER", "",
                          "Let the wallet make a fresh key.",
                          "The new key is in use already. Nothing was changed.");
    return TALLY_OK;
}

/* When there is no more room the oldest alias goes: a rotation is never refused. */
static tally_rc make_room(tally_store_transaction *transaction, tally_member *member,
                          tally_err *err)
{
    tally_rc rc;

    if (member->did_count < TALLY_MEMBER_DIDS_MAX)
        return TALLY_OK;
    rc = tally_store_unname(transaction, TALLY_STORE_MEMBER_BY_DID,
                            tally_text_from(member->dids[0]), err);
    member->did_count--;
    memmove(member->dids[0], member->dids[1], member->did_count * sizeof(member->dids[0]));
    return rc;
}

tally_rc tally_receive_rotate(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_receiving *receiving, tally_err *err)
{
    tally_message *message = receiving->message;
    tally_member *member = &message->member;
    tally_answer answer = { .kind = TALLY_ANSWER_ROTATED, .member = message->request.to };
    tally_fact_record fact = { .type = "rotation", .at_ms = message->now_ms, .member = member };
    tally_rc rc;

    if (!message->is_member)
        return tally_message_refuse_stranger(receiving->denial, err);
    rc = check_key(transaction, message, receiving->denial, err);
    if (rc == TALLY_OK)
        rc = make_room(transaction, member, err);
    if (rc != TALLY_OK)
        return rc;
    TALLY_ASSERT(message->request.to.count <= TALLY_DID_BYTES_MAX);
    memset(member->dids[member->did_count], 0, sizeof(member->dids[0]));
    memcpy(member->dids[member->did_count++], message->request.to.bytes, message->request.to.count);
    rc = tally_member_save(ledger, transaction, member, err);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_message_answer(ledger, receiving->answer, message, &answer, err);
    return rc;
}
