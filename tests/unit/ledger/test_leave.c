/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving takes everything along, at once; keys can be changed on the way (R2, R3, R22, R32). */

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "ledger/access.h"
#include "ledger/leave.h"
#include "ledger/record.h"
#include "members.h"
#include "util/alloc.h"

/* ---- events written as admission would ------------------------------------------- */

#define MARKER "planted-marker-of-an-event"

typedef struct writing {
    const char *did;
    uint32_t count;
} writing;

static tally_rc write_events(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    const tally_event_plain plain = { .content = TALLY_CONTENT_JSONL,
                                      .source = 1,
                                      .recorded_ms = FIXTURE_NOW,
                                      .salt = { 1, 2, 3 },
                                      .bytes = TALLY_TEXT("{\"x\":\"" MARKER "\"}") };
    const writing *self = context;
    int64_t batch = ++ledger->state.last_batch;
    uint8_t leaves[4 + 8 * 40] = { 0, 0, 0, 8 };
    tally_member member;
    bool is_found;
    tally_rc rc =
        tally_member_find(ledger, transaction, tally_text_from(self->did), &member, &is_found, err);

    assert_true(rc == TALLY_OK && is_found && self->count <= 8);
    ledger->state.is_changed = true;
    memset(leaves + 4, 0xee, sizeof(leaves) - 4);
    rc = tally_store_put(transaction, TALLY_STORE_BATCH_LEAVES, batch,
                         tally_text_of((const char *)leaves, sizeof(leaves)), err);
    for (uint32_t i = 0; rc == TALLY_OK && i < self->count; i++) {
        uint8_t sealed[256], nonce[24] = { (uint8_t)i };
        tally_stored_event event = { .subject = member.subject, .batch = batch, .position = i };

        event.sealed =
            tally_text_of((const char *)sealed, plain.bytes.count + TALLY_EVENT_SEALED_EXTRA);
        rc = tally_event_seal(sealed, nonce, member.data_key, member.rid, batch, i, &plain, err);
        if (rc == TALLY_OK)
            rc = tally_store_append(transaction, &event, 1, err);
    }
    tally_member_wipe(&member);
    return rc;
}

static void add_events(fixture *f, const members_one *who, uint32_t count)
{
    writing self = { who->key.did, count };

    assert_int_equal(tally_ledger_run(f->ledger, true, write_events, &self, NULL), TALLY_OK);
}

/* ---- what is left ---------------------------------------------------------------- */

typedef struct remains {
    int64_t subject; /* whose; 0: all */
    uint64_t members, dids, receipts, events, openings, marks;
    bool has_certificate;
} remains;

static tally_rc count_row(void *context, int64_t key, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    (void)key;
    (void)value;
    (void)out_is_enough;
    (void)err;
    ++*(uint64_t *)context;
    return TALLY_OK;
}

static tally_rc count_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    (void)name;
    return count_row(context, 0, value, out_is_enough, err);
}

static tally_rc count_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                            tally_err *err)
{
    (void)event;
    return count_row(context, 0, TALLY_TEXT(""), out_is_enough, err);
}

static tally_rc count_marks(void *context, int64_t key, tally_text value, bool *out_is_enough,
                            tally_err *err)
{
    (void)key;
    (void)out_is_enough;
    (void)err;
    for (size_t i = 0; i < 8; i++)
        *(uint64_t *)context += value.bytes[4 + 8 * 32 + 8 * i] != 0;
    return TALLY_OK;
}

static tally_rc look(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    remains *self = context;
    tally_rc rc;

    (void)ledger;
    *self = (remains){ 0 };
    rc = tally_store_scan(transaction, TALLY_STORE_MEMBERS, 1, count_row, &self->members, err);
    if (rc == TALLY_OK)
        rc = tally_store_scan_names(transaction, TALLY_STORE_MEMBER_BY_DID, TALLY_TEXT(""),
                                    count_name, &self->dids, err);
    if (rc == TALLY_OK)
        rc =
            tally_store_scan(transaction, TALLY_STORE_RECEIPTS, 1, count_row, &self->receipts, err);
    if (rc == TALLY_OK)
        rc = tally_store_all_events(transaction, 1, count_event, &self->events, err);
    if (rc == TALLY_OK)
        rc = tally_store_scan_names(transaction, TALLY_STORE_RECORD_BY_SUBJECT, TALLY_TEXT(""),
                                    count_name, &self->openings, err);
    if (rc == TALLY_OK)
        rc = tally_store_scan(transaction, TALLY_STORE_BATCH_LEAVES, 1, count_marks, &self->marks,
                              err);
    return rc;
}

static remains look_at(fixture *f)
{
    remains found;

    assert_int_equal(tally_ledger_run(f->ledger, false, look, &found, NULL), TALLY_OK);
    return found;
}

static void tR2_pos_one_message_takes_everything_along(void **state)
{
    members_one ana, ben;
    members_outcome outcome;
    tally_request request;
    remains left;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    add_events(&f, &ana, 3);
    add_events(&f, &ben, 2);
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    members_send(&outcome, &f, &request, &ana.key, NULL);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_true(outcome.answer.has_certificate);
    assert_int_equal(outcome.answer.certificate.events, 3);
    assert_int_equal(outcome.answer.certificate.receipts, 1);
    assert_int_equal(outcome.answer.certificate.entries, 1);
    assert_int_equal(outcome.answer.certificate.live_until, outcome.answer.certificate.day + 3);
    assert_int_equal(outcome.answer.certificate.backups_until, outcome.answer.certificate.day + 30);
    left = look_at(&f);
    assert_int_equal(left.members, 1);
    assert_int_equal(left.dids, 1);
    assert_int_equal(left.receipts, 1);
    assert_int_equal(left.events, 2);
    assert_int_equal(left.openings, 1);
    assert_int_equal(left.marks, 8 + 5); /* of 16, those of three events are zero */
    members_outcome_free(&outcome);
    fixture_end(&f);
}

/* Byte by byte the same answer, or one that says that nothing is there. */
static void leaving_twice_is_answered_twice(void **state)
{
    members_one ana, stranger;
    members_outcome first, second, third, fourth;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&stranger, 2);
    members_join(&f, &ana);
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    members_send(&first, &f, &request, &ana.key, NULL);
    members_send(&second, &f, &request, &ana.key, NULL);
    assert_int_equal(first.rc, TALLY_OK);
    assert_int_equal(second.rc, TALLY_OK);
    assert_true(
        tally_text_is_equal(tally_buffer_text(&first.text), tally_buffer_text(&second.text)));
    /* Another message, and one of somebody who was never there, are answered alike. */
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    members_send(&third, &f, &request, &ana.key, NULL);
    request = members_request(&f, &stranger, TALLY_REQUEST_LEAVE);
    members_send(&fourth, &f, &request, &stranger.key, NULL);
    assert_int_equal(third.rc, TALLY_OK);
    assert_false(third.answer.has_certificate);
    assert_true(
        tally_text_is_equal(tally_buffer_text(&third.text), tally_buffer_text(&fourth.text)));
    members_outcome_free(&first);
    members_outcome_free(&second);
    members_outcome_free(&third);
    members_outcome_free(&fourth);
    fixture_end(&f);
}

/* Never joined, left, key replaced: refused in the same words, whatever is asked. */
static void tR3_neg_strangers_are_refused_alike(void **state)
{
    static const tally_request_kind kinds[] = { TALLY_REQUEST_WITHDRAW, TALLY_REQUEST_ROTATE };
    members_one ana, ben, cai;
    fixture_key fresh, newer;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_make(&cai, 3); /* never joins */
    fixture_key_make(&fresh, 100);
    fixture_key_make(&newer, 101);
    members_join(&f, &ana);
    members_join(&f, &ben);
    members_leave(&f, &ana);
    request = members_request(&f, &ben, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(fresh.did);
    members_send(&outcome, &f, &request, &ben.key, &fresh);
    assert_int_equal(outcome.rc, TALLY_OK);
    members_outcome_free(&outcome);
    for (size_t k = 0; k < UNIT_COUNT(kinds); k++) {
        const members_one *strangers[] = { &ana, &ben, &cai };
        char said[3][512];

        for (size_t i = 0; i < 3; i++) {
            request = members_request(&f, strangers[i], kinds[k]);
            request.to = tally_text_from(newer.did);
            members_send(&outcome, &f, &request, &strangers[i]->key,
                         kinds[k] == TALLY_REQUEST_ROTATE ? &newer : NULL);
            assert_int_equal(outcome.rc, TALLY_E_DENIED);
            assert_string_equal(outcome.denial.code, "E_NOT_RECORDED");
            memcpy(said[i], outcome.err.message, sizeof(said[i]));
            members_outcome_free(&outcome);
        }
        assert_string_equal(said[0], said[1]);
        assert_string_equal(said[0], said[2]);
    }
    fixture_end(&f);
}

static void nobody_leaves_for_another(void **state)
{
    uint8_t before[32], after[32];
    members_one ana, ben;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    members_store_hash(&f, before);
    members_send(&outcome, &f, &request, &ben.key, NULL);
    members_store_hash(&f, after);
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    assert_string_equal(outcome.denial.code, "E_SIGNATURE");
    assert_memory_equal(before, after, sizeof(before));
    members_outcome_free(&outcome);
    /* Nor does the recovery key, which only rotates. */
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    members_send(&outcome, &f, &request, &ana.recovery, NULL);
    assert_string_equal(outcome.denial.code, "E_SIGNATURE");
    members_outcome_free(&outcome);
    fixture_end(&f);
}

/* The purpose of the programme carries everything: withdrawing it is leaving. */
static void withdrawing_the_last_purpose_is_leaving(void **state)
{
    members_one ana;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    request = members_request(&f, &ana, TALLY_REQUEST_WITHDRAW);
    request.record[0] ^= 1;
    members_send(&outcome, &f, &request, &ana.key, NULL);
    assert_string_equal(outcome.denial.code, "E_CONSENT_NONE");
    members_outcome_free(&outcome);
    request = members_request(&f, &ana, TALLY_REQUEST_WITHDRAW);
    memcpy(request.record, ana.record, sizeof(request.record));
    members_send(&outcome, &f, &request, &ana.key, NULL);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.answer.kind, TALLY_ANSWER_LEFT);
    assert_true(outcome.answer.has_certificate);
    assert_int_equal(look_at(&f).members, 0);
    members_outcome_free(&outcome);
    fixture_end(&f);
}

/* A receipt for a further purpose, as a later release will store one. */
static tally_rc add_further(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    tally_receipt_row row = { .number = ++ledger->state.last_receipt,
                              .subject = *(const int64_t *)context,
                              .given_ms = FIXTURE_NOW,
                              .lapses_ms = FIXTURE_NOW + TALLY_DAY_MS,
                              .ended_ms = INT64_MAX,
                              .policy_version = 1,
                              .record = { 9 },
                              .purpose = "badges",
                              .sealed = TALLY_TEXT("sealed") };

    ledger->state.is_changed = true;
    return tally_receipt_save(transaction, &row, err);
}

static void tR2_pos_withdrawing_a_further_purpose_leaves_the_rest(void **state)
{
    int64_t subject = 1;
    members_one ana;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    assert_int_equal(tally_ledger_run(f.ledger, true, add_further, &subject, NULL), TALLY_OK);
    for (int twice = 0; twice < 2; twice++) {
        request = members_request(&f, &ana, TALLY_REQUEST_WITHDRAW);
        request.record[0] = 9;
        members_send(&outcome, &f, &request, &ana.key, NULL);
        assert_int_equal(outcome.rc, TALLY_OK);
        assert_int_equal(outcome.answer.kind, TALLY_ANSWER_WITHDRAWN);
        assert_int_equal(outcome.answer.record[0], 9);
        members_outcome_free(&outcome);
    }
    assert_int_equal(look_at(&f).members, 1);
    assert_int_equal(look_at(&f).receipts, 2);
    fixture_end(&f);
}

/* ---- keys ------------------------------------------------------------------------- */

static void a_stolen_key_is_taken_back_with_the_recovery_key(void **state)
{
    fixture_key thiefs, fresh;
    members_one ana;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    fixture_key_make(&thiefs, 50);
    fixture_key_make(&fresh, 51);
    members_join(&f, &ana);
    request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(thiefs.did);
    members_send(&outcome, &f, &request, &ana.key, &thiefs);
    assert_int_equal(outcome.rc, TALLY_OK);
    members_outcome_free(&outcome);
    /* The owner knows no more than the first key and the words. */
    request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(fresh.did);
    members_send(&outcome, &f, &request, &ana.recovery, &fresh);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_true(tally_text_is(outcome.answer.member, fresh.did));
    members_outcome_free(&outcome);
    request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
    request.member = tally_text_from(thiefs.did);
    members_send(&outcome, &f, &request, &thiefs, NULL);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_false(outcome.answer.has_certificate);
    members_outcome_free(&outcome);
    assert_int_equal(look_at(&f).members, 1);
    assert_int_equal(look_at(&f).dids, 3);
    fixture_end(&f);
}

static void a_new_key_must_be_there_and_nobodys(void **state)
{
    fixture_key fresh, other;
    members_one ana, ben;
    members_outcome outcome;
    tally_request request;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    fixture_key_make(&fresh, 50);
    fixture_key_make(&other, 51);
    members_join(&f, &ana);
    members_join(&f, &ben);
    request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(fresh.did);
    members_send(&outcome, &f, &request, &ana.key, &other); /* signed with another */
    assert_string_equal(outcome.denial.code, "E_MESSAGE");
    members_outcome_free(&outcome);
    request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(ben.key.did);
    members_send(&outcome, &f, &request, &ana.key, &ben.key);
    assert_string_equal(outcome.denial.code, "E_MEMBER");
    members_outcome_free(&outcome);
    request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
    request.to = tally_text_from(ana.recovery.did);
    members_send(&outcome, &f, &request, &ana.key, &ana.recovery);
    assert_string_equal(outcome.denial.code, "E_MEMBER");
    members_outcome_free(&outcome);
    fixture_end(&f);
}

static void rotation_is_never_refused_for_want_of_room(void **state)
{
    fixture_key now, next;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    now = ana.key;
    for (uint64_t i = 0; i < 12; i++) {
        tally_request request = members_request(&f, &ana, TALLY_REQUEST_ROTATE);
        members_outcome outcome;

        fixture_key_make(&next, 200 + i);
        request.member = tally_text_from(now.did);
        request.to = tally_text_from(next.did);
        members_send(&outcome, &f, &request, &now, &next);
        assert_int_equal(outcome.rc, TALLY_OK);
        members_outcome_free(&outcome);
        now = next;
    }
    assert_int_equal(look_at(&f).dids, TALLY_MEMBER_DIDS_MAX);
    fixture_end(&f);
}

/* ---- consent ------------------------------------------------------------------------ */

static void consent(fixture *f, const members_one *who, members_outcome *out)
{
    tally_request request = members_request(f, who, TALLY_REQUEST_CONSENT);
    tally_buffer payload, text;

    tally_buffer_init(&payload, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    assert_int_equal(members_offer(f, who, &payload), TALLY_OK);
    members_sign(&text, tally_buffer_text(&payload), &who->key);
    request.receipt = tally_buffer_text(&text);
    members_send(out, f, &request, &who->key, NULL);
    tally_buffer_free(&payload);
    tally_buffer_free(&text);
}

static tally_rc read_spans(tally_ledger *ledger, tally_store_transaction *transaction,
                           void *context, tally_err *err)
{
    static size_t count;
    tally_receipt_span *spans = context;
    tally_rc rc = tally_member_receipts(ledger, transaction, 1, spans, &count, err);

    assert_int_equal(count, 2);
    return rc;
}

static void tR1_pos_a_renewal_carries_on_where_the_first_lapses(void **state)
{
    tally_receipt_span spans[TALLY_RECEIPTS_MAX];
    const int64_t later = FIXTURE_NOW + 600 * TALLY_DAY_MS;
    members_outcome outcome;
    members_one ana, changed;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    fixture_at(&f, later);
    consent(&f, &ana, &outcome);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.answer.kind, TALLY_ANSWER_CONSENTED);
    members_outcome_free(&outcome);
    assert_int_equal(tally_ledger_run(f.ledger, false, read_spans, spans, NULL), TALLY_OK);
    /* Before joining; while the first lives; after it lapsed; after both. */
    assert_false(tally_receipts_cover(spans, 2, FIXTURE_NOW - 1, later));
    assert_true(tally_receipts_cover(spans, 2, FIXTURE_NOW, later));
    assert_true(tally_receipts_cover(spans, 1, FIXTURE_NOW, spans[0].lapses_ms - 1));
    assert_false(tally_receipts_cover(spans, 1, FIXTURE_NOW, spans[0].lapses_ms));
    assert_true(tally_receipts_cover(spans, 2, FIXTURE_NOW, spans[0].lapses_ms));
    assert_false(tally_receipts_cover(spans, 2, FIXTURE_NOW, spans[1].lapses_ms));
    /* The recovery key does not change in passing. */
    changed = ana;
    fixture_key_make(&changed.recovery, 77);
    consent(&f, &changed, &outcome);
    assert_string_equal(outcome.denial.code, "E_CONSENT_NONE");
    members_outcome_free(&outcome);
    fixture_end(&f);
}

/* ---- crashes, and what the files still hold ------------------------------------------ */

/* The line in the file is durable and the commit was not: as after a kill between the two. */
static void a_leaving_that_was_cut_short_ends_at_the_next_opening(void **state)
{
    tally_erasures_place place = { 0 };
    uint8_t before[32], after[32];
    members_one ana, ben;
    tally_member member;
    char path[128];
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    add_events(&f, &ana, 2);
    {
        tally_store_transaction *transaction;
        bool is_found;

        assert_int_equal(tally_store_begin(&transaction, f.ledger->store, false, NULL), TALLY_OK);
        assert_int_equal(tally_member_find(f.ledger, transaction, tally_text_from(ana.key.did),
                                           &member, &is_found, NULL),
                         TALLY_OK);
        tally_store_rollback(transaction);
    }
    (void)snprintf(path, sizeof(path), "%s/erasures", f.folder);
    assert_int_equal(tally_erasures_append(path, &place, member.rid, 20000, NULL), TALLY_OK);
    assert_int_equal(look_at(&f).members, 2);
    fixture_reopen(&f);
    assert_int_equal(look_at(&f).members, 1);
    assert_int_equal(look_at(&f).events, 0);
    assert_int_equal(f.ledger->state.last_certificate, 1);
    /* And not a second time. */
    members_store_hash(&f, before);
    fixture_reopen(&f);
    members_store_hash(&f, after);
    assert_memory_equal(before, after, sizeof(before));
    tally_member_wipe(&member);
    fixture_end(&f);
}

static void leaving_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    add_events(&f, &ana, 2);
    for (; rc != TALLY_OK; nth++) {
        tally_request request = members_request(&f, &ana, TALLY_REQUEST_LEAVE);
        tally_buffer text, answer;
        remains left;

        tally_buffer_init(&text, TALLY_REQUEST_BYTES_MAX);
        tally_buffer_init(&answer, TALLY_ANSWER_BYTES_MAX);
        assert_int_equal(tally_request_write(&text, &request, ana.key.seed, NULL, NULL), TALLY_OK);
        tally_alloc_fail_at(nth);
        rc = tally_ledger_receive(f.ledger, tally_buffer_text(&text), NULL, &answer, NULL, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM || rc == TALLY_E_IO);
        left = look_at(&f);
        /* All or nothing. */
        assert_int_equal(left.members, rc == TALLY_OK ? 0 : 1);
        assert_int_equal(left.events, rc == TALLY_OK ? 0 : 2);
        assert_int_equal(left.marks, rc == TALLY_OK ? 6 : 8);
        tally_buffer_free(&text);
        tally_buffer_free(&answer);
    }
    assert_true(nth > 20);
    fixture_end(&f);
}

/* R22, R32: no key, no did, no plaintext of anybody in any file, once gone. */
static void tR32_pos_nothing_of_a_member_is_left_in_the_files(void **state)
{
    members_one ana;
    tally_member member;
    bool is_found;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    add_events(&f, &ana, 3);
    {
        tally_store_transaction *transaction;

        assert_int_equal(tally_store_begin(&transaction, f.ledger->store, false, NULL), TALLY_OK);
        assert_int_equal(tally_member_find(f.ledger, transaction, tally_text_from(ana.key.did),
                                           &member, &is_found, NULL),
                         TALLY_OK);
        tally_store_rollback(transaction);
    }
    /* The search finds what is there. */
    assert_true(fixture_has_bytes(&f, ana.key.did, strlen(ana.key.did)));
    assert_true(fixture_has_bytes(&f, ana.recovery.did, strlen(ana.recovery.did)));
    /* R22: sealed already before. */
    assert_false(fixture_has_bytes(&f, MARKER, strlen(MARKER)));
    assert_false(fixture_has_bytes(&f, member.data_key, sizeof(member.data_key)));
    assert_false(fixture_has_bytes(&f, member.label_secret, sizeof(member.label_secret)));
    assert_false(fixture_has_bytes(&f, member.handle_secret, sizeof(member.handle_secret)));
    members_leave(&f, &ana);
    assert_false(fixture_has_bytes(&f, ana.key.did, strlen(ana.key.did)));
    assert_false(fixture_has_bytes(&f, ana.recovery.did, strlen(ana.recovery.did)));
    tally_member_wipe(&member);
    fixture_end(&f);
}

static bool holds(tally_text text, const char *what)
{
    size_t count = strlen(what);

    for (size_t i = 0; i + count <= text.count; i++) {
        if (memcmp(text.bytes + i, what, count) == 0)
            return true;
    }
    return false;
}

static void tR32_neg_what_stays_in_the_log_opens_nothing(void **state)
{
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_store_transaction *transaction;
    uint64_t erased = 0;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    members_leave(&f, &ana);
    assert_int_equal(tally_store_begin(&transaction, f.ledger->store, false, NULL), TALLY_OK);
    for (uint64_t i = 0; i < f.ledger->state.log_size; i++) {
        tally_opened_record record;
        tally_entry entry;

        assert_int_equal(tally_record_entry(transaction, i, &entry, NULL), TALLY_OK);
        if (entry.kind != TALLY_ENTRY_RECORD)
            continue;
        assert_int_equal(tally_record_open(f.ledger, transaction, i, NULL, arena, &record, NULL),
                         TALLY_OK);
        erased += record.is_erased;
        if (record.is_erased) {
            assert_int_equal(record.slot_count, 0);
            assert_int_equal(record.subject, 0);
        }
        for (size_t k = 0; k < record.slot_count; k++)
            assert_false(holds(record.slots[k].value, ana.key.did));
    }
    assert_int_equal(erased, 1);
    tally_store_rollback(transaction);
    tally_arena_free(arena);
    fixture_end(&f);
}

/* R3: coming back is coming new. */
static void tR3_pos_who_rejoins_starts_anew(void **state)
{
    members_one ana, anew;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&anew, 2); /* the wallet's next key */
    members_join(&f, &ana);
    add_events(&f, &ana, 5);
    members_leave(&f, &ana);
    members_join(&f, &anew);
    assert_int_equal(look_at(&f).members, 1);
    assert_int_equal(look_at(&f).events, 0);
    assert_int_equal(f.ledger->state.last_subject, 2); /* a number is never used again */
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR2_pos_one_message_takes_everything_along),
        cmocka_unit_test(leaving_twice_is_answered_twice),
        cmocka_unit_test(tR3_neg_strangers_are_refused_alike),
        cmocka_unit_test(nobody_leaves_for_another),
        cmocka_unit_test(withdrawing_the_last_purpose_is_leaving),
        cmocka_unit_test(tR2_pos_withdrawing_a_further_purpose_leaves_the_rest),
        cmocka_unit_test(a_stolen_key_is_taken_back_with_the_recovery_key),
        cmocka_unit_test(a_new_key_must_be_there_and_nobodys),
        cmocka_unit_test(rotation_is_never_refused_for_want_of_room),
        cmocka_unit_test(tR1_pos_a_renewal_carries_on_where_the_first_lapses),
        cmocka_unit_test(a_leaving_that_was_cut_short_ends_at_the_next_opening),
        cmocka_unit_test(leaving_survives_each_failed_allocation),
        cmocka_unit_test(tR32_pos_nothing_of_a_member_is_left_in_the_files),
        cmocka_unit_test(tR32_neg_what_stays_in_the_log_opens_nothing),
        cmocka_unit_test(tR3_pos_who_rejoins_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
