/* SPDX-License-Identifier: Apache-2.0 */
/* Check 8 of an audit over a programme that ran: it passes, and what was done to the ledger afterwards
 * is found. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batches.h"
#include "ledger/beat.h"
#include "ledger/people.h"
#include "ledger/private_view.h"
#include "ledger/record.h"
#include "ledger/source.h"
#include "ledger/sweep.h"
#include "members.h"
#include "tlog/state.h"
#include "util/alloc.h"

#define DAY_MS      INT64_C(86400000)
#define PEOPLE      3
#define ENTRIES_MAX 4096

typedef struct stage {
    fixture f;
    members_one members[PEOPLE];
    batches_source parks;
    uint64_t beat;
    /* What was published. */
    uint8_t entries[ENTRIES_MAX][TALLY_ENTRY_BYTES];
    uint64_t count;
    /* What an audit found. */
    tally_private_counts counts;
    char first[320];
    tally_rc rc;
} stage;

static void plant(stage *s, size_t member, const char *id, int trees)
{
    char line[256];
    batches_outcome outcome;

    (void)snprintf(line, sizeof(line),
                   "{\"id\":\"%s\",\"type\":\"tree-planted\",\"at\":\"2026-03-03\","
                   "\"subject\":\"%s\",\"trees\":%d}\n",
                   id, s->members[member].key.did, trees);
    batches_send(&outcome, &s->f, &s->parks, line);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.admitted.admitted, 1);
    batches_outcome_free(&outcome);
}

static tally_rc read_entries(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    stage *s = context;

    assert_true(ledger->state.log_size <= ENTRIES_MAX);
    for (s->count = 0; s->count < ledger->state.log_size; s->count++) {
        tally_entry entry;

        assert_int_equal(tally_record_entry(transaction, s->count, &entry, err), TALLY_OK);
        tally_entry_write(s->entries[s->count], &entry);
    }
    return TALLY_OK;
}

/* Close a beat and publish what it closed. */
static void publish(stage *s)
{
    tally_prepared_snapshots *prepared = NULL;
    uint64_t until = 0;

    assert_int_equal(
        tally_snapshots_prepare(&prepared, s->f.ledger, tally_people_of_ledger(), NULL), TALLY_OK);
    assert_int_equal(tally_ledger_close_beat(s->f.ledger, ++s->beat, prepared, &until, NULL),
                     TALLY_OK);
    tally_prepared_snapshots_free(prepared);
    assert_int_equal(tally_ledger_run(s->f.ledger, false, read_entries, s, NULL), TALLY_OK);
    assert_int_equal(s->count, until);
}

static stage *stage_begin(void)
{
    stage *s = test_calloc(1, sizeof(*s));

    fixture_begin(&s->f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < PEOPLE; i++) {
        members_make(&s->members[i], 1 + i);
        members_join(&s->f, &s->members[i]);
    }
    batches_register(&s->f, &s->parks, "parks-office", 1);
    fixture_at(&s->f, FIXTURE_NOW + 3 * DAY_MS);
    plant(s, 0, "a", 2);
    plant(s, 0, "b", 1);
    plant(s, 1, "c", 4);
    publish(s);
    return s;
}

static void stage_end(stage *s)
{
    fixture_end(&s->f);
    test_free(s);
}

/* ---- auditing ---- */

static void found(void *context, const char *sentence)
{
    stage *s = context;

    if (s->first[0] == '\0')
        (void)snprintf(s->first, sizeof(s->first), "%s", sentence);
}

/* Beside the writer, whose ledger stays open. */
static void audit(stage *s)
{
    tally_ledger *reader = fixture_reader(&s->f);
    const tally_private_report report = { s, found };
    tally_private_check *check = NULL;
    tally_ledger_view *ledger_view = NULL;
    tally_private_view view;
    tally_err err = TALLY_ERR_INIT;

    s->first[0] = '\0';
    assert_int_equal(tally_ledger_view_open(&ledger_view, reader, &err), TALLY_OK);
    view = tally_ledger_view_seam(ledger_view);
    assert_int_equal(tally_private_begin(&check, &view, &report, &err), TALLY_OK);
    for (uint64_t i = 0; i < s->count; i++)
        assert_int_equal(
            tally_private_meet(check, i,
                               tally_text_of((const char *)s->entries[i], TALLY_ENTRY_BYTES), &err),
            TALLY_OK);
    s->rc = tally_private_end(check, &s->counts, &err);
    tally_private_free(check);
    tally_ledger_view_close(ledger_view);
    tally_ledger_close(reader);
}

static void assert_passes(stage *s)
{
    audit(s);
    assert_int_equal(s->rc, TALLY_OK);
    if (s->counts.faults != 0)
        fail_msg("%s", s->first);
}

/* Exactly one fault, which says so. */
static void assert_found(stage *s, const char *words)
{
    audit(s);
    assert_int_equal(s->rc, TALLY_OK);
    if (s->counts.faults != 1 || strstr(s->first, words) == NULL)
        fail_msg("%llu faults, the first: %s", (unsigned long long)s->counts.faults, s->first);
}

/* ---- what passes ---- */

static void a_programme_that_ran_passes(void **state)
{
    stage *s = stage_begin();

    (void)state;
    assert_passes(s);
    assert_int_equal(s->counts.entries, s->count);
    assert_int_equal(s->counts.consents, PEOPLE);
    assert_int_equal(s->counts.erased, 0);
    assert_int_equal(s->counts.rows, 256);
    assert_int_equal(s->counts.row_pads, 256 - PEOPLE);
    assert_int_equal(s->counts.row_erased, 0);
    assert_int_equal(s->counts.row_shortened, 0);
    assert_true(s->counts.pads > 0);
    stage_end(s);
}

static void what_came_after_the_snapshot_is_not_in_its_points(void **state)
{
    stage *s = stage_begin();
    uint64_t size = s->count;
    tally_source_record source;

    (void)state;
    plant(s, 0, "d", 3);
    plant(s, 2, "e", 3);
    assert_passes(s);
    assert_int_equal(s->count, size);
    fixture_at(&s->f, FIXTURE_NOW + 3 * DAY_MS + 3600000);
    assert_int_equal(
        tally_source_revoke(s->f.ledger, TALLY_TEXT("parks-office"), 1, &source, NULL, NULL),
        TALLY_OK);
    assert_passes(s);
    /* The next day's has lost all of it. */
    fixture_at(&s->f, FIXTURE_NOW + 4 * DAY_MS);
    publish(s);
    assert_passes(s);
    assert_int_equal(s->counts.row_pads, 256 - PEOPLE);
    stage_end(s);
}

static void tR32_pos_who_left_is_recorded_erased(void **state)
{
    stage *s = stage_begin();

    (void)state;
    members_leave(&s->f, &s->members[1]);
    /* Before the erasure is published, and after. */
    assert_passes(s);
    assert_int_equal(s->counts.row_erased, 1);
    assert_int_equal(s->counts.consents, PEOPLE - 1);
    assert_true(s->counts.erased > 0);
    publish(s);
    assert_passes(s);
    assert_int_equal(s->counts.row_erased, 1);
    fixture_at(&s->f, FIXTURE_NOW + 4 * DAY_MS);
    publish(s);
    assert_passes(s);
    assert_int_equal(s->counts.row_erased, 0);
    assert_int_equal(s->counts.row_pads, 256 - PEOPLE + 1);
    stage_end(s);
}

static void tR33_pos_events_that_ran_out_are_counted_apart(void **state)
{
    tally_sweep_report swept;
    stage *s = stage_begin();

    (void)state;
    fixture_at(&s->f, FIXTURE_NOW + 735 * DAY_MS);
    publish(s);
    assert_passes(s);
    assert_int_equal(tally_ledger_sweep(s->f.ledger, &swept, NULL, NULL, NULL), TALLY_OK);
    assert_int_equal(swept.events, 3);
    assert_passes(s);
    assert_int_equal(s->counts.row_shortened, 2);
    fixture_at(&s->f, FIXTURE_NOW + 736 * DAY_MS);
    publish(s);
    assert_passes(s);
    assert_int_equal(s->counts.row_shortened, 0);
    stage_end(s);
}

static void an_older_snapshot_than_the_newest_is_not_judged(void **state)
{
    stage *s = stage_begin();
    uint64_t published = s->count;

    (void)state;
    fixture_at(&s->f, FIXTURE_NOW + 4 * DAY_MS);
    publish(s);
    s->count = published;
    audit(s);
    assert_int_equal(s->rc, TALLY_E_RETRY);
    stage_end(s);
}

/* ---- what is found ---- */

static tally_rc change_opening(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    uint8_t bytes[1024];
    tally_text value;
    bool is_found;

    (void)ledger;
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_OPENINGS,
                                     *(const int64_t *)context + 1, &value, &is_found, err),
                     TALLY_OK);
    assert_true(is_found && value.count > 20 && value.count < sizeof(bytes));
    memcpy(bytes, value.bytes, value.count);
    bytes[value.count - 3] ^= 1;
    return tally_store_put(transaction, TALLY_STORE_OPENINGS, *(const int64_t *)context + 1,
                           tally_text_of((const char *)bytes, value.count), err);
}

static void a_changed_opening_is_found(void **state)
{
    /* A member's consent, sealed, and a source's registration, in clear. */
    static const int64_t places[] = { 3, 3 + PEOPLE };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        stage *s = stage_begin();
        int64_t place = places[i];
        char words[64];

        (void)snprintf(words, sizeof(words), "keeps for record %lld does not open it",
                       (long long)place);
        assert_int_equal(tally_ledger_run(s->f.ledger, true, change_opening, &place, NULL),
                         TALLY_OK);
        audit(s);
        assert_int_equal(s->rc, TALLY_OK);
        assert_true(s->counts.faults > 0);
        assert_non_null(strstr(s->first, words));
        stage_end(s);
    }
}

static tally_rc append_loud_pad(tally_ledger *ledger, tally_store_transaction *transaction,
                                void *context, tally_err *err)
{
    const tally_fact_record pad = { .type = "pad",
                                    .at_ms = tally_ledger_stamp(ledger),
                                    .body = TALLY_TEXT("{}") };

    (void)context;
    return tally_record_append(ledger, transaction, &pad, NULL, NULL, err);
}

static void a_pad_that_says_more_is_found(void **state)
{
    stage *s = stage_begin();

    (void)state;
    assert_int_equal(tally_ledger_run(s->f.ledger, true, append_loud_pad, NULL, NULL), TALLY_OK);
    publish(s);
    assert_found(s, "says that it is a pad, and says more");
    stage_end(s);
}

typedef struct one_event {
    tally_member member;
    tally_stored_event event;
    uint8_t sealed[1024];
} one_event;

static tally_rc keep_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    one_event *kept = context;

    (void)err;
    *out_is_enough = true;
    kept->event = *event;
    assert_true(event->sealed.count <= sizeof(kept->sealed));
    memcpy(kept->sealed, event->sealed.bytes, event->sealed.count);
    kept->event.sealed = tally_text_of((const char *)kept->sealed, event->sealed.count);
    return TALLY_OK;
}

/* Make four trees of the second member nine, as whoever holds the keys can. */
static tally_rc change_event(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    static const uint8_t nonce[24] = { 7 };
    const stage *s = context;
    one_event kept;
    tally_event_plain plain;
    uint8_t room[1024], sealed[1024];
    bool is_found = false;
    char *four;

    assert_int_equal(tally_member_find(ledger, transaction, tally_text_from(s->members[1].key.did),
                                       &kept.member, &is_found, err),
                     TALLY_OK);
    assert_int_equal(
        tally_store_subject_events(transaction, kept.member.subject, 1, keep_event, &kept, err),
        TALLY_OK);
    memset(room, 0, sizeof(room));
    assert_int_equal(
        tally_event_open(&plain, room, kept.member.data_key, kept.member.rid, &kept.event, err),
        TALLY_OK);
    four = memchr(room, '4', sizeof(room)); /* may be of something before: the last one counts */
    for (char *next = four; next != NULL;
         next = memchr(next + 1, '4', (size_t)(room + sizeof(room) - (uint8_t *)next - 1)))
        four = next;
    assert_true(four >= plain.bytes.bytes && four < plain.bytes.bytes + plain.bytes.count);
    *four = '9';
    assert_int_equal(tally_event_seal(sealed, nonce, kept.member.data_key, kept.member.rid,
                                      kept.event.batch, kept.event.position, &plain, err),
                     TALLY_OK);
    assert_int_equal(tally_store_erase_event(transaction, kept.event.sequence, err), TALLY_OK);
    kept.event.sealed = tally_text_of((const char *)sealed, kept.event.sealed.count);
    return tally_store_append(transaction, &kept.event, 1, err);
}

static void a_changed_event_is_found(void **state)
{
    stage *s = stage_begin();

    (void)state;
    assert_int_equal(tally_ledger_run(s->f.ledger, true, change_event, s, NULL), TALLY_OK);
    assert_found(s, "says other points than policy and records give");
    stage_end(s);
}

static void an_entry_that_is_not_in_the_journal_is_found(void **state)
{
    stage *s = stage_begin();

    (void)state;
    memcpy(s->entries[s->count], s->entries[s->count - 1], TALLY_ENTRY_BYTES);
    s->count++;
    assert_found(s, "was published and is not in the journal");
    s->count--;
    s->entries[s->count - 2][20] ^= 1; /* a pad */
    assert_found(s, "of the journal is not the one that was published");
    stage_end(s);
}

static tally_rc forget_pads(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    uint8_t bytes[21];
    tally_text value;
    bool is_found;

    (void)ledger;
    (void)context;
    assert_int_equal(tally_store_find(transaction, TALLY_STORE_META, TALLY_TEXT("snapshot-newest"),
                                      &value, &is_found, err),
                     TALLY_OK);
    assert_true(is_found && value.count == sizeof(bytes) + (256 - PEOPLE) * 64);
    memcpy(bytes, value.bytes, sizeof(bytes));
    memset(bytes + 17, 0, 4);
    return tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("snapshot-newest"),
                            tally_text_of((const char *)bytes, sizeof(bytes)), err);
}

static void rows_that_nothing_opens_are_found(void **state)
{
    stage *s = stage_begin();

    (void)state;
    assert_int_equal(tally_ledger_run(s->f.ledger, true, forget_pads, NULL, NULL), TALLY_OK);
    assert_found(s, "nothing opens 253 rows of the snapshot");
    stage_end(s);
}

static void memory_that_is_short_is_said(void **state)
{
    stage *s = stage_begin();
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth += 1 + nth / 8) {
        tally_ledger *reader = fixture_reader(&s->f);
        tally_ledger_view *ledger_view = NULL;

        tally_alloc_fail_at(nth);
        rc = tally_ledger_view_open(&ledger_view, reader, NULL);
        if (rc == TALLY_OK) {
            tally_private_view view = tally_ledger_view_seam(ledger_view);
            tally_buffer head;
            tally_private_opening opening;

            tally_buffer_init(&head, TALLY_STATE_HEAD_BYTES_MAX);
            rc = view.calls->opening(view.context, 3, &opening, NULL);
            if (rc == TALLY_OK)
                rc = view.calls->snapshot(view.context, s->count - 1, &head, NULL, NULL, NULL);
            tally_buffer_free(&head);
        }
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_ledger_view_close(ledger_view);
        tally_ledger_close(reader);
    }
    assert_true(nth > 5);
    stage_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_programme_that_ran_passes),
        cmocka_unit_test(what_came_after_the_snapshot_is_not_in_its_points),
        cmocka_unit_test(tR32_pos_who_left_is_recorded_erased),
        cmocka_unit_test(tR33_pos_events_that_ran_out_are_counted_apart),
        cmocka_unit_test(an_older_snapshot_than_the_newest_is_not_judged),
        cmocka_unit_test(a_changed_opening_is_found),
        cmocka_unit_test(a_pad_that_says_more_is_found),
        cmocka_unit_test(a_changed_event_is_found),
        cmocka_unit_test(an_entry_that_is_not_in_the_journal_is_found),
        cmocka_unit_test(rows_that_nothing_opens_are_found),
        cmocka_unit_test(memory_that_is_short_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
