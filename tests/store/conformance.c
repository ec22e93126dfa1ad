/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, transactions and collections. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conformance_internal.h"
#include "util/alloc.h"

suite suite_now;

/* ---- helpers ---- */

tally_store *suite_open(tally_store_mode mode)
{
    tally_store *store = NULL;

    assert_ok(suite_now.backend->open(&store, suite_now.path, mode, ERR));
    return store;
}

int suite_begin(void **state)
{
    (void)state;
    scratch_begin(&suite_now.scratch);
    (void)snprintf(suite_now.path, sizeof(suite_now.path), "%s/ledger.db",
                   suite_now.scratch.folder);
    suite_now.store = suite_open(TALLY_STORE_CREATE);
    return 0;
}

int suite_end(void **state)
{
    (void)state;
    if (suite_now.backend->faults != NULL)
        suite_now.backend->faults->fail_never();
    tally_alloc_fail_never();
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    if (suite_now.backend->faults != NULL)
        suite_now.backend->faults->watch(false);
    scratch_end(&suite_now.scratch);
    return 0;
}

void suite_reopen(void)
{
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    suite_now.store = suite_open(TALLY_STORE_WRITE);
}

tally_store_transaction *suite_transaction(tally_store *store, bool is_for_writing)
{
    tally_store_transaction *transaction = NULL;

    assert_ok(tally_store_begin(&transaction, store, is_for_writing, ERR));
    return transaction;
}

void suite_put(tally_collection collection, int64_t key, const char *value)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

    assert_ok(tally_store_put(transaction, collection, key, tally_text_from(value), ERR));
    assert_ok(tally_store_commit(transaction, ERR));
}

void suite_append(int64_t subject, const char *sealed)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    const tally_stored_event event = { .subject = subject, .sealed = tally_text_from(sealed) };

    assert_ok(tally_store_append(transaction, &event, 1, ERR));
    assert_ok(tally_store_commit(transaction, ERR));
}

void suite_expect_within(tally_store_transaction *transaction, tally_collection collection,
                         int64_t key, const char *wanted)
{
    tally_text value;
    bool is_found = false;

    assert_ok(tally_store_get(transaction, collection, key, &value, &is_found, ERR));
    assert_int_equal(is_found, wanted != NULL);
    assert_true(tally_text_is(value, wanted));
}

void suite_expect(tally_store *store, tally_collection collection, int64_t key, const char *wanted)
{
    tally_store_transaction *transaction = suite_transaction(store, false);

    suite_expect_within(transaction, collection, key, wanted);
    tally_store_rollback(transaction);
}

/* ---- opening ---- */

static void creating_what_exists_conflicts(void **state)
{
    tally_store *store = NULL;

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "kept");
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    assert_int_equal(suite_now.backend->open(&store, suite_now.path, TALLY_STORE_CREATE, NULL),
                     TALLY_E_CONFLICT);
    assert_null(store);
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, "kept");
}

static void opening_what_is_not_there_is_invalid_and_makes_nothing(void **state)
{
    static const tally_store_mode modes[] = { TALLY_STORE_WRITE, TALLY_STORE_READ };
    struct stat status;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        tally_store *store = NULL;
        char path[SCRATCH_PATH_BYTES];

        (void)snprintf(path, sizeof(path), "%s", scratch_path(&suite_now.scratch, "absent"));
        assert_int_equal(suite_now.backend->open(&store, path, modes[i], NULL), TALLY_E_INVALID);
        assert_int_not_equal(stat(path, &status), 0);
        assert_int_not_equal(stat(scratch_path(&suite_now.scratch, "absent.lock"), &status), 0);
        (void)snprintf(path, sizeof(path), "%s",
                       scratch_path(&suite_now.scratch, "no-folder/absent"));
        assert_int_equal(suite_now.backend->open(&store, path, modes[i], NULL), TALLY_E_INVALID);
    }
}

static void a_foreign_file_is_refused_and_left_as_it_is(void **state)
{
    static const char *const contents[] = { "", "hello", "SQLite format 3" };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(contents); i++) {
        char path[SCRATCH_PATH_BYTES], bytes[4096] = { 0 }, after[4096];
        size_t count = i == 2 ? sizeof(bytes) : strlen(contents[i]);
        tally_store *store = NULL;
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s", scratch_path(&suite_now.scratch, "foreign"));
        memcpy(bytes, contents[i], strlen(contents[i]));
        scratch_write(path, bytes, count);
        assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_WRITE, NULL),
                         TALLY_E_INVALID);
        assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_READ, NULL),
                         TALLY_E_INVALID);
        assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_CREATE, NULL),
                         TALLY_E_CONFLICT);
        file = fopen(path, "rb");
        assert_non_null(file);
        assert_int_equal(fread(after, 1, sizeof(after), file), count);
        assert_memory_equal(after, bytes, count);
        (void)fclose(file);
    }
}

static void the_second_writer_is_told_at_once_who_writes(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_store *store = NULL;
    char pid[32];
    struct timespec start, end;

    (void)state;
    (void)snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, &err),
                     TALLY_E_CONFLICT);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - start.tv_sec < 2);
    assert_non_null(strstr(err.message, pid));
    assert_int_equal(suite_now.backend->open(&store, suite_now.path, TALLY_STORE_CREATE, NULL),
                     TALLY_E_CONFLICT);
    /* It did not disturb the first. */
    suite_put(TALLY_STORE_POLICIES, 1, "a");
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, "a");
}

static void two_names_of_one_file_are_one_store(void **state)
{
    tally_store *store = NULL;
    char link_path[SCRATCH_PATH_BYTES];

    (void)state;
    (void)snprintf(link_path, sizeof(link_path), "%s", scratch_path(&suite_now.scratch, "other"));
    assert_int_equal(symlink(suite_now.path, link_path), 0);
    assert_int_equal(suite_now.backend->open(&store, link_path, TALLY_STORE_WRITE, NULL),
                     TALLY_E_CONFLICT);
}

static void closing_gives_the_lock_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        suite_reopen();
    tally_store_close(NULL);
}

static void a_new_store_is_for_its_owner_only(void **state)
{
    struct stat status;

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "a");
    assert_int_equal(stat(suite_now.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* ---- transactions ---- */

static void what_is_committed_is_there_after_reopening(void **state)
{
    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "one");
    suite_append(7, "a");
    suite_append(7, "b");
    suite_reopen();
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, "one");
    suite_expect_chain(suite_now.store, 7, "b a ");
}

static void what_is_not_committed_is_seen_by_nobody_else(void **state)
{
    tally_store *reader = suite_open(TALLY_STORE_READ);
    tally_store_transaction *writing = suite_transaction(suite_now.store, true);

    (void)state;
    assert_ok(tally_store_put(writing, TALLY_STORE_POLICIES, 1, TALLY_TEXT("a"), ERR));
    suite_expect_within(writing, TALLY_STORE_POLICIES, 1, "a");
    suite_expect(reader, TALLY_STORE_POLICIES, 1, NULL);
    assert_ok(tally_store_commit(writing, ERR));
    suite_expect(reader, TALLY_STORE_POLICIES, 1, "a");
    tally_store_close(reader);
}

static void a_reader_sees_the_state_its_transaction_began_with(void **state)
{
    tally_store *reader = suite_open(TALLY_STORE_READ);
    tally_store_transaction *reading = suite_transaction(reader, false);

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "a"); /* is not blocked */
    suite_expect_within(reading, TALLY_STORE_POLICIES, 1, NULL);
    tally_store_rollback(reading);
    suite_expect(reader, TALLY_STORE_POLICIES, 1, "a");
    tally_store_close(reader);
}

static void a_reader_needs_no_writer(void **state)
{
    tally_store *reader;

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "a");
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    reader = suite_open(TALLY_STORE_READ);
    suite_expect(reader, TALLY_STORE_POLICIES, 1, "a");
    assert_ok(tally_store_verify(reader, ERR));
    tally_store_close(reader);
}

static void rolling_back_undoes_all_of_it(void **state)
{
    tally_store_transaction *writing;
    const tally_stored_event events[] = { { .subject = 5, .sealed = TALLY_TEXT("lost") },
                                          { .subject = 900, .sealed = TALLY_TEXT("lost") } };
    uint64_t erased = 0;

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "kept");
    suite_append(5, "kept");
    suite_append(6, "kept");
    writing = suite_transaction(suite_now.store, true);
    assert_ok(tally_store_put(writing, TALLY_STORE_POLICIES, 1, TALLY_TEXT("lost"), ERR));
    assert_ok(tally_store_append(writing, events, 2, ERR));
    assert_ok(tally_store_erase_subject(writing, 6, &erased, ERR));
    assert_int_equal(erased, 1);
    tally_store_rollback(writing);
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, "kept");
    suite_expect_chain(suite_now.store, 5, "kept ");
    suite_expect_chain(suite_now.store, 6, "kept ");
    suite_expect_chain(suite_now.store, 900, "");
    suite_append(5, "next");
    assert_int_equal(suite_last_sequence(suite_now.store), 3);
    assert_ok(tally_store_verify(suite_now.store, ERR));
    tally_store_rollback(NULL);
}

static void closing_rolls_an_open_transaction_back(void **state)
{
    tally_store_transaction *writing = suite_transaction(suite_now.store, true);

    (void)state;
    assert_ok(tally_store_put(writing, TALLY_STORE_POLICIES, 1, TALLY_TEXT("lost"), ERR));
    suite_reopen();
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, NULL);
}

static void a_store_has_one_transaction(void **state)
{
    tally_store_transaction *second = NULL;
    tally_store_transaction *first = suite_transaction(suite_now.store, false);

    (void)state;
    assert_int_equal(tally_store_begin(&second, suite_now.store, false, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_begin(&second, suite_now.store, true, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_verify(suite_now.store, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_purge(suite_now.store, false, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_backup(suite_now.store, "x", NULL, NULL, NULL), TALLY_E_INVALID);
    tally_store_rollback(first);
    tally_store_rollback(suite_transaction(suite_now.store, true));
}

static void a_reading_transaction_refuses_to_write_and_goes_on(void **state)
{
    tally_store_transaction *reading;
    const tally_stored_event event = { .subject = 1 };
    uint64_t erased;

    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "a");
    reading = suite_transaction(suite_now.store, false);
    assert_int_equal(tally_store_put(reading, TALLY_STORE_POLICIES, 1, TALLY_TEXT("b"), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(
        tally_store_name(reading, TALLY_STORE_META, TALLY_TEXT("a"), TALLY_TEXT("b"), NULL),
        TALLY_E_INVALID);
    assert_int_equal(tally_store_delete(reading, TALLY_STORE_POLICIES, 1, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_unname(reading, TALLY_STORE_META, TALLY_TEXT("a"), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_store_append(reading, &event, 1, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_erase_event(reading, 1, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_store_erase_subject(reading, 1, &erased, NULL), TALLY_E_INVALID);
    suite_expect_within(reading, TALLY_STORE_POLICIES, 1, "a");
    assert_ok(tally_store_commit(reading, ERR));
}

static void a_store_opened_for_reading_writes_nothing(void **state)
{
    tally_store *reader = suite_open(TALLY_STORE_READ);
    tally_store_transaction *writing = NULL;

    (void)state;
    assert_int_equal(tally_store_begin(&writing, reader, true, NULL), TALLY_E_INVALID);
    assert_null(writing);
    assert_int_equal(tally_store_purge(reader, false, NULL), TALLY_E_INVALID);
    tally_store_close(reader);
}

int store_conformance(const store_backend *backend)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(creating_what_exists_conflicts),
        SUITE_TEST(opening_what_is_not_there_is_invalid_and_makes_nothing),
        SUITE_TEST(a_foreign_file_is_refused_and_left_as_it_is),
        SUITE_TEST(the_second_writer_is_told_at_once_who_writes),
        SUITE_TEST(two_names_of_one_file_are_one_store),
        SUITE_TEST(closing_gives_the_lock_back),
        SUITE_TEST(a_new_store_is_for_its_owner_only),
        SUITE_TEST(what_is_committed_is_there_after_reopening),
        SUITE_TEST(what_is_not_committed_is_seen_by_nobody_else),
        SUITE_TEST(a_reader_sees_the_state_its_transaction_began_with),
        SUITE_TEST(a_reader_needs_no_writer),
        SUITE_TEST(rolling_back_undoes_all_of_it),
        SUITE_TEST(closing_rolls_an_open_transaction_back),
        SUITE_TEST(a_store_has_one_transaction),
        SUITE_TEST(a_reading_transaction_refuses_to_write_and_goes_on),
        SUITE_TEST(a_store_opened_for_reading_writes_nothing),
    };
    int failed_count;

    suite_now.backend = backend;
    failed_count = cmocka_run_group_tests_name("store", tests, NULL, NULL);
    return failed_count + suite_run_rows() + suite_run_events();
}
