/* SPDX-License-Identifier: Apache-2.0 */
/* Events, upkeep, and random transactions against the model. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance_internal.h"
#include "random.h"

/* ---- helpers ---- */

typedef struct chain {
    char seen[512];
    uint32_t enough_after;
    int64_t last;
} chain;

static tally_rc note_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    chain *self = context;
    size_t count = strlen(self->seen);

    (void)err;
    assert_false(*out_is_enough);
    (void)snprintf(self->seen + count, sizeof(self->seen) - count, "%.*s ",
                   TALLY_TEXT_ARGS(event->sealed));
    self->last = event->sequence;
    *out_is_enough = self->enough_after > 0 && --self->enough_after == 0;
    return TALLY_OK;
}

void suite_expect_chain(tally_store *store, int64_t subject, const char *wanted)
{
    tally_store_transaction *transaction = suite_transaction(store, false);
    chain seen = { .last = 0 };

    assert_ok(tally_store_subject_events(transaction, subject, 0, note_event, &seen, ERR));
    tally_store_rollback(transaction);
    assert_string_equal(seen.seen, wanted);
}

int64_t suite_last_sequence(tally_store *store)
{
    tally_store_transaction *transaction = suite_transaction(store, false);
    chain seen = { .last = 0 };

    assert_ok(tally_store_all_events(transaction, 0, note_event, &seen, ERR));
    tally_store_rollback(transaction);
    return seen.last;
}

tally_rc suite_count_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    uint64_t *count = context;

    (void)event;
    (void)out_is_enough;
    (void)err;
    ++*count;
    return TALLY_OK;
}

static void erase_event(int64_t sequence)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

    assert_ok(tally_store_erase_event(transaction, sequence, ERR));
    assert_ok(tally_store_commit(transaction, ERR));
}

static void erase_subject(int64_t subject, uint64_t wanted)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    uint64_t erased = UINT64_MAX;

    assert_ok(tally_store_erase_subject(transaction, subject, &erased, ERR));
    assert_ok(tally_store_commit(transaction, ERR));
    assert_int_equal(erased, wanted);
}

/* Events 1 to 7: a to g, of the subjects 1 2 1 3 1 2 1. */
static void with_events(void)
{
    static const int64_t subjects[] = { 1, 2, 1, 3, 1, 2, 1 };

    for (size_t i = 0; i < UNIT_COUNT(subjects); i++)
        suite_append(subjects[i], (const char[]){ (char)('a' + i), '\0' });
}

/* ---- reading ---- */

static void a_subjects_events_come_newest_first_up_to_the_limit(void **state)
{
    tally_store_transaction *transaction;
    static const struct {
        uint64_t limit;
        uint32_t enough_after;
        const char *seen;
    } reads[] = { { 0, 0, "g e c a " },        { 2, 0, "g e " },
                  { 4, 0, "g e c a " },        { 9, 0, "g e c a " },
                  { UINT64_MAX, 3, "g e c " }, { 1, 1, "g " } };

    (void)state;
    with_events();
    transaction = suite_transaction(suite_now.store, false);
    for (size_t i = 0; i < UNIT_COUNT(reads); i++) {
        chain seen = { .enough_after = reads[i].enough_after };

        assert_ok(
            tally_store_subject_events(transaction, 1, reads[i].limit, note_event, &seen, ERR));
        assert_string_equal(seen.seen, reads[i].seen);
    }
    tally_store_rollback(transaction);
    suite_expect_chain(suite_now.store, 4, "");
}

static void all_events_come_oldest_first_from_where_they_are_told(void **state)
{
    tally_store_transaction *transaction;
    static const struct {
        int64_t from;
        uint32_t enough_after;
        const char *seen;
    } reads[] = { { 0, 0, "a b c d e f g " }, { 5, 0, "e f g " }, { 8, 0, "" }, { 2, 2, "b c " } };

    (void)state;
    with_events();
    transaction = suite_transaction(suite_now.store, false);
    for (size_t i = 0; i < UNIT_COUNT(reads); i++) {
        chain seen = { .enough_after = reads[i].enough_after };

        assert_ok(tally_store_all_events(transaction, reads[i].from, note_event, &seen, ERR));
        assert_string_equal(seen.seen, reads[i].seen);
    }
    tally_store_rollback(transaction);
}

static tally_rc refuse_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                             tally_err *err)
{
    (void)context;
    (void)event;
    (void)out_is_enough;
    return tally_err_set(err, TALLY_E_OVERFLOW, 0, "enough of it");
}

static void what_a_visit_of_events_answers_is_returned(void **state)
{
    tally_store_transaction *transaction;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    with_events();
    transaction = suite_transaction(suite_now.store, false);
    assert_int_equal(tally_store_all_events(transaction, 0, refuse_event, NULL, &err),
                     TALLY_E_OVERFLOW);
    assert_string_equal(err.message, "enough of it");
    assert_int_equal(tally_store_subject_events(transaction, 1, 0, refuse_event, NULL, NULL),
                     TALLY_E_OVERFLOW);
    tally_store_rollback(transaction);
}

/* ---- appending ---- */

static void an_append_at_fault_appends_nothing(void **state)
{
    static const tally_rc rcs[] = { TALLY_E_INVALID, TALLY_E_INVALID, TALLY_E_LIMIT };
    static const int64_t subjects[] = { 0, -5, TALLY_STORE_SUBJECT_MAX + 1 };
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    tally_stored_event events[] = { { .subject = 1, .sealed = TALLY_TEXT("a") },
                                    { .subject = 2, .sealed = TALLY_TEXT("b") } };
    chain seen = { .last = 0 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rcs); i++) {
        events[1].subject = subjects[i];
        assert_int_equal(tally_store_append(transaction, events, 2, NULL), rcs[i]);
    }
    events[1].subject = TALLY_STORE_SUBJECT_MAX;
    events[1].sealed.count = TALLY_STORE_VALUE_BYTES_MAX + 1;
    assert_int_equal(tally_store_append(transaction, events, 2, NULL), TALLY_E_LIMIT);
    events[1].sealed.count = 1;
    assert_int_equal(
        tally_store_append(transaction, events, TALLY_STORE_TRANSACTION_EVENTS_MAX + 1, NULL),
        TALLY_E_LIMIT);
    assert_ok(tally_store_append(transaction, events, 2, ERR));
    assert_ok(tally_store_append(transaction, NULL, 0, ERR));
    assert_ok(tally_store_all_events(transaction, 0, note_event, &seen, ERR));
    assert_string_equal(seen.seen, "a b ");
    assert_ok(tally_store_commit(transaction, ERR));
    suite_expect_chain(suite_now.store, TALLY_STORE_SUBJECT_MAX, "b ");
    assert_int_equal(suite_last_sequence(suite_now.store), 2);
}

static void a_number_is_never_used_again(void **state)
{
    (void)state;
    with_events();
    erase_event(7);
    erase_subject(2, 2);
    suite_append(1, "h");
    assert_int_equal(suite_last_sequence(suite_now.store), 8);
    erase_event(8);
    suite_reopen();
    suite_append(9, "i");
    assert_int_equal(suite_last_sequence(suite_now.store), 9);
    suite_expect_chain(suite_now.store, 1, "e c a ");
    assert_ok(tally_store_verify(suite_now.store, ERR));
}

/* ---- erasing ---- */

static void erasing_a_subject_leaves_the_others(void **state)
{
    (void)state;
    with_events();
    erase_subject(1, 4);
    erase_subject(1, 0);
    erase_subject(77, 0);
    suite_expect_chain(suite_now.store, 1, "");
    suite_expect_chain(suite_now.store, 2, "f b ");
    suite_append(1, "new");
    suite_expect_chain(suite_now.store, 1, "new ");
    suite_reopen();
    suite_expect_chain(suite_now.store, 1, "new ");
    suite_expect_chain(suite_now.store, 3, "d ");
    assert_ok(tally_store_verify(suite_now.store, ERR));
}

static void erasing_an_event_mends_the_chain(void **state)
{
    static const struct {
        int64_t sequence;
        const char *left;
    } steps[] = { { 3, "g e a " }, { 3, "g e a " }, { 1, "g e " },
                  { 7, "e " },     { 5, "" },       { 1000, "" } };

    (void)state;
    with_events();
    for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
        erase_event(steps[i].sequence);
        suite_expect_chain(suite_now.store, 1, steps[i].left);
        assert_ok(tally_store_verify(suite_now.store, ERR));
        if (i % 2 == 0)
            suite_reopen();
    }
    suite_expect_chain(suite_now.store, 2, "f b ");
}

static void a_reader_that_stays_sees_what_is_appended_and_erased(void **state)
{
    tally_store *reader = suite_open(TALLY_STORE_READ);

    (void)state;
    suite_expect_chain(reader, 1, "");
    with_events();
    suite_expect_chain(reader, 1, "g e c a ");
    erase_event(7);
    suite_expect_chain(reader, 1, "e c a ");
    suite_expect_chain(reader, 2, "f b ");
    erase_subject(2, 2);
    suite_append(2, "h");
    suite_expect_chain(reader, 2, "h ");
    suite_reopen();
    erase_subject(2, 1);
    suite_append(3, "i");
    suite_expect_chain(reader, 2, "");
    suite_expect_chain(reader, 3, "i d ");
    tally_store_close(reader);
}

/* ---- upkeep ---- */

static const char marker[] = "a marker that nobody else writes 0123456789 0123456789";

static void what_was_erased_where_it_was_stored_is_gone_after_a_purge(void **state)
{
    tally_store_transaction *transaction;
    tally_text bytes = TALLY_TEXT("a marker that nobody else writes 0123456789 0123456789");

    (void)state;
    with_events();
    suite_put(TALLY_STORE_MEMBERS, 1, marker);
    suite_append(1, marker);
    transaction = suite_transaction(suite_now.store, true);
    assert_ok(tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("m"), bytes, ERR));
    assert_ok(tally_store_name(transaction, TALLY_STORE_META, bytes, TALLY_TEXT("v"), ERR));
    assert_ok(tally_store_commit(transaction, ERR));
    assert_true(scratch_has_bytes(&suite_now.scratch, marker, strlen(marker)));

    suite_put(TALLY_STORE_MEMBERS, 1, "overwritten");
    erase_subject(1, 5);
    transaction = suite_transaction(suite_now.store, true);
    assert_ok(tally_store_unname(transaction, TALLY_STORE_META, TALLY_TEXT("m"), ERR));
    assert_ok(tally_store_unname(transaction, TALLY_STORE_META, bytes, ERR));
    assert_ok(tally_store_commit(transaction, ERR));
    assert_ok(tally_store_purge(suite_now.store, false, ERR));
    assert_false(scratch_has_bytes(&suite_now.scratch, marker, strlen(marker)));
    suite_expect_chain(suite_now.store, 2, "f b ");
}

static void purging_loses_nothing_that_is_there(void **state)
{
    (void)state;
    with_events();
    for (int i = 0; i < 4; i++) {
        assert_ok(tally_store_purge(suite_now.store, i % 2 == 1, ERR));
        suite_expect_chain(suite_now.store, 1, "g e c a ");
        suite_append(4, "x");
    }
    suite_reopen();
    suite_expect_chain(suite_now.store, 4, "x x x x ");
    assert_ok(tally_store_verify(suite_now.store, ERR));
}

static void a_purge_waits_for_readers_of_what_was_deleted(void **state)
{
    tally_store *reader = suite_open(TALLY_STORE_READ);
    tally_store_transaction *reading;

    (void)state;
    with_events();
    reading = suite_transaction(reader, false);
    erase_subject(1, 4);
    assert_int_equal(tally_store_purge(suite_now.store, false, NULL), TALLY_E_RETRY);
    tally_store_rollback(reading);
    assert_ok(tally_store_purge(suite_now.store, false, ERR));
    tally_store_close(reader);
}

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;

    assert_true(done >= *last && done <= total && total > 0);
    *last = done;
}

static void a_backup_is_a_whole_store(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    tally_store *reader = suite_open(TALLY_STORE_READ), *copy = NULL;
    struct stat status;
    uint64_t done = 0;

    (void)state;
    with_events();
    suite_put(TALLY_STORE_POLICIES, 1, "p");
    (void)snprintf(path, sizeof(path), "%s", scratch_path(&suite_now.scratch, "backup.db"));
    assert_ok(tally_store_backup(suite_now.store, path, note_progress, &done, ERR));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(done, status.st_size);
    assert_int_equal(tally_store_backup(suite_now.store, path, NULL, NULL, NULL), TALLY_E_CONFLICT);
    suite_append(1, "later");

    assert_ok(suite_now.backend->open(&copy, path, TALLY_STORE_WRITE, ERR));
    assert_ok(tally_store_verify(copy, ERR));
    suite_expect(copy, TALLY_STORE_POLICIES, 1, "p");
    suite_expect_chain(copy, 1, "g e c a ");
    tally_store_close(copy);

    /* A reader makes one as well, while the writer has a transaction open. */
    assert_int_equal(unlink(path), 0);
    {
        tally_store_transaction *writing = suite_transaction(suite_now.store, true);

        assert_ok(tally_store_put(writing, TALLY_STORE_POLICIES, 1, TALLY_TEXT("new"), ERR));
        assert_ok(tally_store_backup(reader, path, NULL, NULL, ERR));
        assert_ok(tally_store_commit(writing, ERR));
    }
    assert_ok(suite_now.backend->open(&copy, path, TALLY_STORE_READ, ERR));
    suite_expect(copy, TALLY_STORE_POLICIES, 1, "p");
    suite_expect_chain(copy, 1, "later g e c a ");
    tally_store_close(copy);
    tally_store_close(reader);
}

static void a_backup_to_nowhere_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(tally_store_backup(suite_now.store, "/nowhere/at/all", NULL, NULL, NULL),
                     TALLY_E_INVALID);
    suite_put(TALLY_STORE_POLICIES, 1, "goes on");
}

/* ---- random transactions ---- */

static void random_transactions_agree_with_the_model(void **state)
{
    static model now, next;
    tally_store *reader = suite_open(TALLY_STORE_READ);
    uint32_t rounds = 400;

    (void)state;
    random_begin("random_transactions_agree_with_the_model");
    now = (model){ .event_count = 0 };
    for (uint32_t round = 0; round < rounds && model_has_room(&now); round++) {
        tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
        model_plan plan;

        model_plan_make(&plan, round % 8 == 0);
        assert_ok(model_apply_to_store(&now, &plan, transaction, ERR));
        next = now;
        model_apply(&next, &plan);
        if (round % 16 == 0)
            assert_true(model_is_equal_within(&next, transaction));
        if (random_below(4) == 0) {
            tally_store_rollback(transaction);
        } else {
            assert_ok(tally_store_commit(transaction, ERR));
            now = next;
        }
        if (random_below(12) == 0)
            suite_reopen();
        if (random_below(12) == 0)
            assert_ok(tally_store_purge(suite_now.store, random_below(3) == 0, ERR));
        if (random_below(4) == 0)
            assert_true(model_is_equal(&now, suite_now.store));
        if (random_below(4) == 0)
            assert_true(model_is_equal(&now, reader));
        if (random_below(12) == 0)
            assert_ok(tally_store_verify(random_below(2) == 0 ? reader : suite_now.store, ERR));
    }
    assert_true(model_is_equal(&now, suite_now.store));
    assert_true(now.last_sequence > 200);
    tally_store_close(reader);
}

int suite_run_events(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(a_subjects_events_come_newest_first_up_to_the_limit),
        SUITE_TEST(all_events_come_oldest_first_from_where_they_are_told),
        SUITE_TEST(what_a_visit_of_events_answers_is_returned),
        SUITE_TEST(an_append_at_fault_appends_nothing),
        SUITE_TEST(a_number_is_never_used_again),
        SUITE_TEST(erasing_a_subject_leaves_the_others),
        SUITE_TEST(erasing_an_event_mends_the_chain),
        SUITE_TEST(a_reader_that_stays_sees_what_is_appended_and_erased),
        SUITE_TEST(what_was_erased_where_it_was_stored_is_gone_after_a_purge),
        SUITE_TEST(purging_loses_nothing_that_is_there),
        SUITE_TEST(a_purge_waits_for_readers_of_what_was_deleted),
        SUITE_TEST(a_backup_is_a_whole_store),
        SUITE_TEST(a_backup_to_nowhere_leaves_nothing),
        SUITE_TEST(random_transactions_agree_with_the_model),
    };

    return cmocka_run_group_tests_name("store events", tests, NULL, NULL);
}
