/* SPDX-License-Identifier: Apache-2.0 */
/* Joining, consenting, withdrawing; and the one door for all requests of members. */

#include "ledger/join.h"

#include "crypto/ed25519.h"
#include "ledger/admit.h"
#include "ledger/leave.h"
#include "ledger/receipt.h"
#include "ledger/record.h"

/* ---- joining ---- */

static tally_rc make_member(tally_ledger *ledger, const tally_signed_receipt *receipt,
                            int64_t now_ms, tally_member *out, tally_err *err)
{
    const tally_random *random = ledger->options.random;
    const tally_receipt *given = &receipt->receipt;
    tally_rc rc;

    *out = (tally_member){ .subject = ledger->state.last_subject + 1,
                           .did_count = 1,
                           .joined_ms = now_ms,
                           .is_generated = given->is_generated,
                           .policy_count = 1 };
    memcpy(out->dids[0], given->member_did.bytes, given->member_did.count);
    memcpy(out->recovery_did, given->recovery_did.bytes, given->recovery_did.count);
    out->policies[0] = (tally_member_policy){ given->policy_version, now_ms };
    rc = tally_random_fill(random, out->rid, sizeof(out->rid), err);
    if (rc == TALLY_OK)
        rc = tally_random_fill(random, out->data_key, sizeof(out->data_key), err);
    if (rc == TALLY_OK)
        rc = tally_random_fill(random, out->handle_secret, sizeof(out->handle_secret), err);
    if (rc == TALLY_OK)
        rc = tally_random_fill(random, out->label_secret, sizeof(out->label_secret), err);
    return rc;
}

static tally_rc refuse_member(tally_denial *denial, tally_err *err)
{
    return tally_deny(denial, err, TALLY_E_CONFLICT, "E_MEMBER", "",
                      "Use `consent` to renew; to begin anew, leave first.",
                      "This key is a member's already. Nothing was stored.");
}

/* A did that was replaced stays an alias: it cannot join beside its owner. */
static tally_rc check_unused(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_text did, tally_denial *denial, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_find(transaction, TALLY_STORE_MEMBER_BY_DID, did, &value, &is_found, err);

    (void)ledger;
    return rc == TALLY_OK && is_found ? refuse_member(denial, err) : rc;
}

static tally_rc store_member(tally_ledger *ledger, tally_store_transaction *transaction,
                             const tally_signed_receipt *receipt, tally_receiving *receiving,
                             tally_member *member, tally_err *err)
{
    tally_buffer text;
    tally_rc rc = tally_member_save(ledger, transaction, member, err);

    if (rc != TALLY_OK)
        return rc;
    ledger->state.last_subject = member->subject;
    ledger->state.is_changed = true;
    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    rc = tally_receipt_store(ledger, transaction, member, receipt,
                             receiving->message->request.receipt, true, &text, receiving->denial,
                             err);
    if (rc == TALLY_OK) {
        tally_answer answer = { .kind = TALLY_ANSWER_JOINED, .receipt = tally_buffer_text(&text) };

        memcpy(answer.handle_secret, member->handle_secret, sizeof(answer.handle_secret));
        memcpy(answer.label_secret, member->label_secret, sizeof(answer.label_secret));
        rc = tally_message_answer(ledger, receiving->answer, receiving->message, &answer, err);
        tally_secret_wipe(&answer, sizeof(answer));
    }
    tally_buffer_free(&text);
    return rc;
}

tally_rc tally_receive_join(tally_ledger *ledger, tally_store_transaction *transaction,
                            tally_receiving *receiving, tally_err *err)
{
    const tally_message *message = receiving->message;
    tally_signed_receipt receipt;
    tally_member member;
    tally_rc rc;

    if (message->is_member)
        return refuse_member(receiving->denial, err);
    rc = check_unused(ledger, transaction, message->request.member, receiving->denial, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_check(ledger, message->request.receipt, message->request.member,
                                 message->now_ms, receiving->arena, &receipt, receiving->denial,
                                 err);
    if (rc == TALLY_OK)
        rc = tally_token_spend(ledger, transaction, receiving->verifier, message->request.token,
                               receiving->denial, err);
    if (rc != TALLY_OK)
        return rc;
    rc = make_member(ledger, &receipt, message->now_ms, &member, err);
    if (rc == TALLY_OK)
        rc = store_member(ledger, transaction, &receipt, receiving, &member, err);
    tally_member_wipe(&member);
    return rc;
}

/* ---- consenting: a renewal, or a version that is worse ---- */

/* The recovery key is part of every receipt; a renewal cannot change it in passing. */
static bool is_same_person(const tally_member *member, const tally_receipt *receipt)
{
    return tally_text_is(receipt->recovery_did, member->recovery_did) &&
           receipt->is_generated == member->is_generated;
}

static void accept_version(tally_member *member, uint32_t version, int64_t now_ms)
{
    uint32_t count = member->policy_count;

    if (count > 0 && member->policies[count - 1].version >= version)
        return;
    TALLY_ASSERT(count < TALLY_MEMBER_POLICIES_MAX); /* versions ascend and are no more */
    member->policies[member->policy_count++] = (tally_member_policy){ version, now_ms };
}

static tally_rc store_consent(tally_ledger *ledger, tally_store_transaction *transaction,
                              const tally_signed_receipt *receipt, tally_receiving *receiving,
                              tally_err *err)
{
    tally_member *member = &receiving->message->member;
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    rc = tally_receipt_store(ledger, transaction, member, receipt,
                             receiving->message->request.receipt, false, &text, receiving->denial,
                             err);
    if (rc == TALLY_OK) {
        tally_answer answer = { .kind = TALLY_ANSWER_CONSENTED,
                                .receipt = tally_buffer_text(&text) };

        accept_version(member, receipt->receipt.policy_version, receiving->message->now_ms);
        rc = tally_member_save(ledger, transaction, member, err);
        if (rc == TALLY_OK)
            rc = tally_message_answer(ledger, receiving->answer, receiving->message, &answer, err);
    }
    tally_buffer_free(&text);
    return rc;
}

tally_rc tally_receive_consent(tally_ledger *ledger, tally_store_transaction *transaction,
                               tally_receiving *receiving, tally_err *err)
{
    const tally_message *message = receiving->message;
    tally_signed_receipt receipt;
    tally_rc rc;

    if (!message->is_member)
        return tally_message_refuse_stranger(receiving->denial, err);
    rc = tally_receipt_check(ledger, message->request.receipt, message->request.member,
                             message->now_ms, receiving->arena, &receipt, receiving->denial, err);
    if (rc == TALLY_OK && !is_same_person(&message->member, &receipt.receipt))
        return tally_deny(receiving->denial, err, TALLY_E_DENIED, "E_CONSENT_NONE", "R1",
                          "Ask for an offer with the recovery key you joined with.",
                          "The receipt names another recovery key. Nothing was stored.");
    if (rc == TALLY_OK)
        rc = store_consent(ledger, transaction, &receipt, receiving, err);
    return rc;
}

/* ---- withdrawing ---- */

/* The member's receipt with this record number. */
static tally_rc find_receipt(tally_store_transaction *transaction, tally_receiving *receiving,
                             tally_receipt_row *out, tally_err *err)
{
    const tally_message *message = receiving->message;
    int64_t numbers[TALLY_RECEIPTS_MAX];
    size_t count = 0;
    tally_rc rc = tally_receipt_numbers(transaction, message->member.subject, numbers, &count, err);

    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        rc = tally_receipt_load(transaction, numbers[i], receiving->arena, out, err);
        if (rc == TALLY_OK &&
            memcmp(out->record, message->request.record, sizeof(out->record)) == 0)
            return TALLY_OK;
    }
    if (rc != TALLY_OK)
        return rc;
    return tally_deny(receiving->denial, err, TALLY_E_DENIED, "E_CONSENT_NONE", "R2",
                      "List your receipts and name one of them.",
                      "There is no such receipt of yours. Nothing was changed.");
}

static tally_rc end_receipt(tally_ledger *ledger, tally_store_transaction *transaction,
                            const tally_member *member, tally_receipt_row *row, int64_t now_ms,
                            tally_err *err)
{
    tally_fact_record fact = { .type = "withdrawal", .at_ms = now_ms, .member = member };
    tally_buffer body;
    tally_jcs jcs;
    tally_rc rc;

    row->ended_ms = now_ms;
    rc = tally_receipt_save(transaction, row, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&body, 256);
    tally_jcs_init(&jcs, &body);
    tally_jcs_object(&jcs);
    tally_value_write_bytes(&jcs, "record", row->record, sizeof(row->record));
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    fact.body = tally_buffer_text(&body);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&body);
    return rc;
}

/* The programme's own purpose carries everything else: without it nothing may stay. */
tally_rc tally_receive_withdraw(tally_ledger *ledger, tally_store_transaction *transaction,
                                tally_receiving *receiving, tally_err *err)
{
    tally_message *message = receiving->message;
    tally_answer answer = { .kind = TALLY_ANSWER_WITHDRAWN };
    tally_receipt_row row;
    tally_rc rc;

    if (!message->is_member)
        return tally_message_refuse_stranger(receiving->denial, err);
    rc = find_receipt(transaction, receiving, &row, err);
    if (rc != TALLY_OK)
        return rc;
    if (strcmp(row.purpose, TALLY_PURPOSE_PARTICIPATION) == 0)
        return tally_receive_leave(ledger, transaction, receiving, err);
    if (row.ended_ms == INT64_MAX)
        rc = end_receipt(ledger, transaction, &message->member, &row, message->now_ms, err);
    memcpy(answer.record, row.record, sizeof(answer.record));
    if (rc == TALLY_OK)
        rc = tally_message_answer(ledger, receiving->answer, message, &answer, err);
    return rc;
}

/* ---- the door ---- */

static tally_rc receive(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    tally_receiving *receiving = context;
    tally_message *message = receiving->message;
    tally_rc rc;

    receiving->has_erased = false;
    receiving->certificate = 0;
    rc = tally_message_admit(ledger, transaction, message, receiving->denial, err);

    if (rc != TALLY_OK)
        return rc;
    switch (message->request.kind) {
    case TALLY_REQUEST_JOIN:
        rc = tally_receive_join(ledger, transaction, receiving, err);
        break;
    case TALLY_REQUEST_CONSENT:
        rc = tally_receive_consent(ledger, transaction, receiving, err);
        break;
    case TALLY_REQUEST_WITHDRAW:
        rc = tally_receive_withdraw(ledger, transaction, receiving, err);
        break;
    case TALLY_REQUEST_ROTATE:
        rc = tally_receive_rotate(ledger, transaction, receiving, err);
        break;
    default:
        rc = tally_receive_leave(ledger, transaction, receiving, err);
        break;
    }
    if (rc == TALLY_OK && !message->is_repeated)
        rc = tally_message_spend(ledger, transaction, message, receiving->certificate, err);
    /* A member that joins has the newest number. */
    if (rc == TALLY_OK)
        tally_admit_forget(ledger, message->is_member ? message->member.subject
                                                      : ledger->state.last_subject);
    if (rc == TALLY_OK && receiving->has_erased)
        rc = tally_erase_note(ledger, transaction, &message->member, message->now_ms, err);
    return rc;
}

tally_rc tally_ledger_receive(tally_ledger *ledger, tally_text message,
                              const tally_request_options *options, tally_buffer *out_answer,
                              tally_denial *denial, tally_err *err)
{
    tally_arena *arena = tally_arena_new(TALLY_MESSAGE_ARENA_BYTES);
    tally_message read;
    tally_receiving receiving = { .message = &read,
                                  .verifier = tally_token_pilot(),
                                  .arena = arena,
                                  .answer = out_answer,
                                  .denial = denial };
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "taking a request");
    if (options != NULL && options->verifier != NULL)
        receiving.verifier = options->verifier;
    rc = tally_message_read(ledger, message, arena, &read, denial, err);
    if (rc == TALLY_OK && read.request.kind == TALLY_REQUEST_READ)
        rc = tally_deny(denial, err, TALLY_E_INVALID, "E_MESSAGE", "", "Ask where reading is done.",
                        "A request to read changes nothing and is not taken here.");
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, receive, &receiving, err);
    if (rc == TALLY_OK && receiving.has_erased)
        tally_erase_purge(ledger);
    if (rc != TALLY_OK)
        tally_buffer_reset(out_answer);
    tally_message_wipe(&read);
    tally_arena_free(arena);
    return rc;
}
