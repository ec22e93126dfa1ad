/* SPDX-License-Identifier: Apache-2.0 */
/* Members for tests. */

#include "unit.h"

#include <stdio.h>

#include "crypto/hash.h"
#include "ledger/token.h"
#include "members.h"
#include "policy/notice.h"

void members_outcome_free(members_outcome *outcome)
{
    tally_buffer_free(&outcome->text);
    tally_arena_free(outcome->arena);
    *outcome = (members_outcome){ .rc = TALLY_OK };
}

void members_make(members_one *out, uint64_t number)
{
    *out = (members_one){ .record = { 0 } };
    fixture_key_make(&out->key, 2 * number);
    fixture_key_make(&out->recovery, 2 * number + 1);
}

tally_request members_request(fixture *f, const members_one *who, tally_request_kind kind)
{
    tally_request request = { .kind = kind,
                              .programme = tally_ledger_origin(f->ledger),
                              .member = tally_text_from(who->key.did),
                              .at_ms = tally_ledger_now_ms(f->ledger) };

    assert_int_equal(
        tally_random_fill(&f->random.source, request.nonce, sizeof(request.nonce), NULL), TALLY_OK);
    return request;
}

static void programme_key(fixture *f, tally_jws_key *out)
{
    assert_int_equal(tally_ed25519_public(out->public32, f->ledger->keys->operator_seed), TALLY_OK);
}

void members_send_text(members_outcome *out, fixture *f, tally_text text)
{
    tally_jws_key key;

    *out = (members_outcome){ .arena = tally_arena_new((size_t)4 << 20) };
    assert_non_null(out->arena);
    tally_buffer_init(&out->text, TALLY_ANSWER_BYTES_MAX);
    out->rc = tally_ledger_receive(f->ledger, text, NULL, &out->text, &out->denial, &out->err);
    programme_key(f, &key);
    if (out->rc == TALLY_OK)
        assert_int_equal(tally_answer_read(&out->answer, tally_buffer_text(&out->text), &key,
                                           out->arena, &out->err),
                         TALLY_OK);
    else
        assert_int_equal(out->text.count, 0);
}

void members_send(members_outcome *out, fixture *f, const tally_request *request,
                  const fixture_key *signer, const fixture_key *to)
{
    tally_buffer text;

    tally_buffer_init(&text, TALLY_REQUEST_BYTES_MAX);
    assert_int_equal(
        tally_request_write(&text, request, signer->seed, to != NULL ? to->seed : NULL, NULL),
        TALLY_OK);
    members_send_text(out, f, tally_buffer_text(&text));
    tally_buffer_free(&text);
}

tally_rc members_offer(fixture *f, const members_one *who, tally_buffer *out)
{
    const tally_receipt_terms terms = { tally_text_from(who->key.did),
                                        tally_text_from(who->recovery.did), true,
                                        TALLY_TEXT(TALLY_PURPOSE_PARTICIPATION), 0 };
    tally_buffer notice;
    tally_rc rc;

    tally_buffer_init(&notice, TALLY_NOTICE_BYTES_MAX);
    rc = tally_ledger_offer(f->ledger, &terms, out, &notice, NULL, NULL);
    tally_buffer_free(&notice);
    return rc;
}

void members_sign(tally_buffer *out, tally_text payload, const fixture_key *key)
{
    assert_int_equal(tally_receipt_sign(out, TALLY_TEXT(""), payload, key->seed, NULL), TALLY_OK);
}

void members_token(fixture *f, char out[static TALLY_TOKEN_TEXT_BYTES])
{
    assert_int_equal(tally_token_issue(f->ledger, out, NULL), TALLY_OK);
}

void members_join(fixture *f, members_one *who)
{
    tally_request request = members_request(f, who, TALLY_REQUEST_JOIN);
    char token[TALLY_TOKEN_TEXT_BYTES];
    tally_signed_receipt receipt;
    tally_buffer payload, text;
    members_outcome outcome;

    tally_buffer_init(&payload, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    assert_int_equal(members_offer(f, who, &payload), TALLY_OK);
    members_sign(&text, tally_buffer_text(&payload), &who->key);
    members_token(f, token);
    request.token = tally_text_from(token);
    request.receipt = tally_buffer_text(&text);
    members_send(&outcome, f, &request, &who->key, NULL);
    if (outcome.rc != TALLY_OK)
        fail_msg("joining: %s", outcome.err.message);
    assert_int_equal(outcome.answer.kind, TALLY_ANSWER_JOINED);
    assert_int_equal(tally_receipt_verify(&receipt, outcome.answer.receipt, outcome.arena, NULL),
                     TALLY_OK);
    assert_true(receipt.has_member && receipt.has_programme);
    memcpy(who->handle_secret, outcome.answer.handle_secret, sizeof(who->handle_secret));
    memcpy(who->label_secret, outcome.answer.label_secret, sizeof(who->label_secret));
    memcpy(who->record, receipt.receipt.record, sizeof(who->record));
    members_outcome_free(&outcome);
    tally_buffer_free(&payload);
    tally_buffer_free(&text);
}

void members_leave(fixture *f, const members_one *who)
{
    tally_request request = members_request(f, who, TALLY_REQUEST_LEAVE);
    members_outcome outcome;

    members_send(&outcome, f, &request, &who->key, NULL);
    if (outcome.rc != TALLY_OK)
        fail_msg("leaving: %s", outcome.err.message);
    assert_int_equal(outcome.answer.kind, TALLY_ANSWER_LEFT);
    assert_true(outcome.answer.has_certificate);
    members_outcome_free(&outcome);
}

/* ---- the store as one hash ---- */

static void hash_text(tally_hash *hash, tally_text text)
{
    uint64_t count = text.count;

    tally_hash_update(hash, &count, sizeof(count));
    tally_hash_update(hash, text.bytes, text.count);
}

static tally_rc hash_numbered(void *context, int64_t key, tally_text value, bool *out_is_enough,
                              tally_err *err)
{
    (void)out_is_enough;
    (void)err;
    tally_hash_update(context, &key, sizeof(key));
    hash_text(context, value);
    return TALLY_OK;
}

static tally_rc hash_named(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    (void)out_is_enough;
    (void)err;
    hash_text(context, name);
    hash_text(context, value);
    return TALLY_OK;
}

static tally_rc hash_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    (void)out_is_enough;
    (void)err;
    tally_hash_update(context, &event->sequence, sizeof(event->sequence));
    tally_hash_update(context, &event->subject, sizeof(event->subject));
    hash_text(context, event->sealed);
    return TALLY_OK;
}

static tally_rc hash_all(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    tally_rc rc = TALLY_OK;

    (void)ledger;
    for (int i = 0; rc == TALLY_OK && i < TALLY_STORE_COLLECTION_COUNT; i++) {
        uint8_t number = (uint8_t)i;

        tally_hash_update(context, &number, 1);
        if (i < TALLY_STORE_FIRST_NAMED)
            rc = tally_store_scan(transaction, (tally_collection)i, 1, hash_numbered, context, err);
        else
            rc = tally_store_scan_names(transaction, (tally_collection)i, TALLY_TEXT(""),
                                        hash_named, context, err);
    }
    if (rc == TALLY_OK)
        rc = tally_store_all_events(transaction, 1, hash_event, context, err);
    return rc;
}

void members_store_hash(fixture *f, uint8_t out[static 32])
{
    tally_hash *hash = tally_hash_new();
    tally_err err = TALLY_ERR_INIT;

    assert_non_null(hash);
    if (tally_ledger_run(f->ledger, false, hash_all, hash, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    assert_int_equal(tally_hash_finish(hash, out), TALLY_OK);
    tally_hash_free(hash);
}
