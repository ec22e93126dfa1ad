/* SPDX-License-Identifier: Apache-2.0 */
/* What only the SQLite backend has: its schema and the way to it, damaged files,
 * and what a rewriting of the file removes. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance_internal.h"
#include "random.h"
#include "store/sqlite/internal.h"

/* A store of schema version 1 as it first was, with two members and three
 * events of theirs, the heads stored up to the second. Never change it: it stands
 * for stores that exist. */
static const char version_1[] =
    "PRAGMA application_id = 1415662713;"
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " last_sequence INTEGER NOT NULL, heads_through INTEGER NOT NULL,"
    " erasures INTEGER NOT NULL) STRICT;"
    "INSERT INTO state VALUES (1, 4, 2, 1);"
    "CREATE TABLE events (sequence INTEGER PRIMARY KEY, previous INTEGER NOT NULL,"
    " subject INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL,"
    " sealed BLOB NOT NULL) STRICT;"
    "INSERT INTO events VALUES (1, 0, 1, 1, 0, x'61'), (2, 0, 2, 1, 1, x'62'),"
    " (4, 1, 1, 2, 0, x'63');"
    "CREATE TABLE heads (chunk INTEGER PRIMARY KEY, sequences BLOB NOT NULL) STRICT;"
    "INSERT INTO heads VALUES (0, CAST(x'0000000000000000' || x'0000000000000001' ||"
    " x'0000000000000002' || zeroblob(3976) AS BLOB));"
    "CREATE TABLE policies (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE sources (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE members (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "INSERT INTO members VALUES (1, x'6d31'), (2, x'6d32');"
    "CREATE TABLE organisations (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE receipts (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE batches (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE batch_leaves (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE journal (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE openings (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE documents (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE accesses (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE releases (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE certificates (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE meta (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES (x'6b', x'76');"
    "CREATE TABLE member_by_did (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE organisation_by_id (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE source_by_did (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE batch_by_number (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE receipt_by_subject (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE record_by_subject (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE access_by_subject (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE spent_tokens (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE spent_nonces (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

/* Run SQL on a file that no store has open. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void close_store(void)
{
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
}

static void with_version_1(void)
{
    close_store();
    assert_int_equal(remove(suite_now.path), 0);
    run_sql(suite_now.path, version_1);
}

static void a_store_of_version_1_is_brought_forward(void **state)
{
    (void)state;
    with_version_1();
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    assert_ok(tally_store_verify(suite_now.store, ERR));
    suite_expect(suite_now.store, TALLY_STORE_MEMBERS, 2, "m2");
    suite_expect_chain(suite_now.store, 1, "c a ");
    suite_expect_chain(suite_now.store, 2, "b ");
    suite_append(2, "d");
    assert_int_equal(suite_last_sequence(suite_now.store), 5);
    /* A collection of a later version. */
    suite_put(TALLY_STORE_SNAPSHOT_OPENINGS, 1, "opening");
    suite_reopen();
    suite_expect(suite_now.store, TALLY_STORE_SNAPSHOT_OPENINGS, 1, "opening");
    suite_expect_chain(suite_now.store, 2, "d b ");
    assert_ok(tally_store_verify(suite_now.store, ERR));
}

static char *schema_of(const char *path)
{
    static char text[2][16384];
    static int which;
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    char *out = text[which++ % 2];

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema ORDER BY name", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        count += (size_t)snprintf(out + count, sizeof(text[0]) - count, "%s\n",
                                  sqlite3_column_text(statement, 0));
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return out;
}

static void a_new_store_is_as_one_that_was_brought_forward(void **state)
{
    const char *fresh, *brought;

    (void)state;
    close_store();
    fresh = schema_of(suite_now.path);
    with_version_1();
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    close_store();
    brought = schema_of(suite_now.path);
    assert_string_equal(fresh, brought);
}

/* ---- steps ---- */

/* A connection as the backend makes it, without a store around it. */
static tally_store *bare_store(bool is_for_writing)
{
    tally_store *store = suite_open(is_for_writing ? TALLY_STORE_WRITE : TALLY_STORE_READ);

    return store;
}

static int64_t value_of(tally_store *store, const char *sql)
{
    int64_t value = -1;

    assert_ok(tally_sqlite_run(store, sql, &value, ERR));
    return value;
}

#define TABLES "SELECT count(*) FROM sqlite_schema WHERE name IN ('apples', 'pears')"

static void each_step_is_taken_once_and_whole(void **state)
{
    int now = tally_sqlite_schema_version();
    tally_sqlite_step steps[8] = { { NULL } };
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_true(now + 3 < 8);
    for (int i = 0; i < now; i++)
        steps[i] = tally_sqlite_schema_steps()[i];
    steps[now].sql = "CREATE TABLE apples (key INTEGER PRIMARY KEY) STRICT;"
                     "INSERT INTO apples VALUES (1)";
    /* Its first half succeeds. */
    steps[now + 1].sql = "CREATE TABLE pears (key INTEGER PRIMARY KEY) STRICT;"
                         "INSERT INTO apples VALUES (2); INSERT INTO nowhere VALUES (1)";
    assert_int_equal(tally_sqlite_migrate(suite_now.store, steps, now + 2, &err), TALLY_E_CORRUPT);
    assert_int_equal(value_of(suite_now.store, "PRAGMA user_version"), now + 1);
    assert_int_equal(value_of(suite_now.store, TABLES), 1);
    assert_int_equal(value_of(suite_now.store, "SELECT count(*) FROM apples"), 1);

    steps[now + 1].sql = "CREATE TABLE pears (key INTEGER PRIMARY KEY) STRICT";
    assert_ok(tally_sqlite_migrate(suite_now.store, steps, now + 2, ERR));
    assert_ok(tally_sqlite_migrate(suite_now.store, steps, now + 2, ERR));
    assert_int_equal(value_of(suite_now.store, "PRAGMA user_version"), now + 2);
    assert_int_equal(value_of(suite_now.store, TABLES), 2);
    close_store();

    /* A program that knows less refuses it, whatever it wants. */
    {
        tally_store *store = NULL;

        assert_int_equal(suite_now.backend->open(&store, suite_now.path, TALLY_STORE_READ, NULL),
                         TALLY_E_INVALID);
        tally_err_clear(&err);
        assert_int_equal(suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, &err),
                         TALLY_E_INVALID);
        assert_non_null(strstr(err.message, "newer tally"));
    }
}

static void reading_does_not_bring_a_store_forward(void **state)
{
    int now = tally_sqlite_schema_version();
    tally_sqlite_step steps[8] = { { NULL } };
    tally_store *reader = bare_store(false);
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    for (int i = 0; i < now; i++)
        steps[i] = tally_sqlite_schema_steps()[i];
    steps[now].sql = "CREATE TABLE apples (key INTEGER PRIMARY KEY) STRICT";
    assert_int_equal(tally_sqlite_migrate(reader, steps, now + 1, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "open it for writing"));
    assert_int_equal(value_of(reader, TABLES), 0);
    tally_store_close(reader);
}

static void a_database_of_somebody_else_is_refused(void **state)
{
    static const char *const others[] = { "CREATE TABLE t (a)", "PRAGMA application_id = 7" };
    char path[SCRATCH_PATH_BYTES], beside[SCRATCH_PATH_BYTES + 8];
    struct stat before, after;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(others); i++) {
        tally_store *store = NULL;

        (void)snprintf(path, sizeof(path), "%s", scratch_path(&suite_now.scratch, "other.db"));
        (void)snprintf(beside, sizeof(beside), "%s-wal", path);
        run_sql(path, "PRAGMA journal_mode = WAL");
        run_sql(path, others[i]);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_WRITE, NULL),
                         TALLY_E_INVALID);
        assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_READ, NULL),
                         TALLY_E_INVALID);
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(before.st_size, after.st_size);
        assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
        assert_int_not_equal(stat(beside, &after), 0);
    }
}

static void a_log_that_lies_about_is_no_part_of_a_new_store(void **state)
{
    tally_store *store = NULL;
    char path[SCRATCH_PATH_BYTES];

    (void)state;
    scratch_write(scratch_path(&suite_now.scratch, "new.db-wal"), "x", 1);
    (void)snprintf(path, sizeof(path), "%s", scratch_path(&suite_now.scratch, "new.db"));
    assert_int_equal(suite_now.backend->open(&store, path, TALLY_STORE_CREATE, NULL),
                     TALLY_E_CONFLICT);
    assert_int_equal(tally_store_backup(suite_now.store, path, NULL, NULL, NULL), TALLY_E_CONFLICT);
    /* An empty one is what a reader leaves. */
    scratch_write(scratch_path(&suite_now.scratch, "new.db-wal"), "", 0);
    assert_ok(tally_store_backup(suite_now.store, path, NULL, NULL, ERR));
    assert_int_equal(unlink(path), 0);
    assert_ok(suite_now.backend->open(&store, path, TALLY_STORE_CREATE, ERR));
    tally_store_close(store);
}

/* ---- damage ---- */

/* The store of version 1 as the newest version, and with its tail still unread. */
static void with_newest_version(void)
{
    char pragma[64];

    with_version_1();
    for (int i = 1; i < tally_sqlite_schema_version(); i++)
        run_sql(suite_now.path, tally_sqlite_schema_steps()[i].sql);
    (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
                   tally_sqlite_schema_version());
    run_sql(suite_now.path, pragma);
}

static void damage_is_found_and_named(void **state)
{
    static const struct {
        const char *sql, *message;
    } damages[] = {
        { "UPDATE events SET previous = 2 WHERE sequence = 4", "event 4" },
        { "UPDATE events SET previous = 0 WHERE sequence = 4", "event 4" },
        { "UPDATE events SET subject = 2 WHERE sequence = 1", "event 2" },
        { "DELETE FROM events WHERE sequence = 1", "event 4" },
        { "DELETE FROM events WHERE sequence = 2", "subject 2" },
        { "UPDATE events SET position = -1 WHERE sequence = 2", "event 2" },
        { "UPDATE state SET last_sequence = 3", "event 4" },
        { "UPDATE state SET heads_through = 9", "heads" },
        { "UPDATE state SET heads_through = 4", "subject 1" },
        { "DELETE FROM state", "heads" },
        { "DELETE FROM heads", "subject 2" },
        { "UPDATE heads SET sequences = x'00'", "heads" },
        { "INSERT INTO heads VALUES (7, zeroblob(3999) || x'01')", "" },
        { "INSERT INTO heads VALUES (8, CAST(zeroblob(3999) || x'01' AS BLOB))", "subject 4499" },
        { "INSERT INTO heads VALUES (-1, zeroblob(4000))", "heads" },
        { "DROP TABLE receipts; CREATE TABLE receipts (key INTEGER PRIMARY KEY, value);"
          "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 4 WHERE name = "
          "'receipts'",
          "" },
    };

    uint32_t refused_count = 0;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(damages); i++) {
        tally_err err = TALLY_ERR_INIT;
        tally_store *store = NULL;
        char *message = NULL;
        sqlite3 *db = NULL;
        tally_rc rc;

        if (i > 0)
            close_store();
        with_newest_version();
        assert_int_equal(sqlite3_open(suite_now.path, &db), SQLITE_OK);
        /* The schema itself refuses some of it. */
        rc = sqlite3_exec(db, damages[i].sql, NULL, NULL, &message);
        sqlite3_free(message);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        if (rc != SQLITE_OK) {
            refused_count++;
            continue;
        }
        rc = suite_now.backend->open(&store, suite_now.path, TALLY_STORE_READ, &err);
        if (rc == TALLY_OK)
            rc = tally_store_verify(store, &err);
        tally_store_close(store);
        if (rc != TALLY_E_CORRUPT || strstr(err.message, damages[i].message) == NULL)
            fail_msg("%s: %s %s", damages[i].sql, tally_rc_name(rc), err.message);
    }
    assert_int_equal(refused_count, 1);
}

/* Each byte of the file altered in turn, one place at a time: reading gives an
 * error or something, never a crash or an endless walk. */
static void altered_files_are_read_without_harm(void **state)
{
    char kept[SCRATCH_PATH_BYTES];
    struct stat status;
    uint32_t found_count = 0, rounds = 400;

    (void)state;
    random_begin("altered_files_are_read_without_harm");
    for (int i = 0; i < 40; i++)
        suite_append(1 + i % 3, "some bytes of an event");
    suite_put(TALLY_STORE_MEMBERS, 1, "a member");
    close_store();
    (void)snprintf(kept, sizeof(kept), "%s", scratch_path(&suite_now.scratch, "kept"));
    scratch_copy(suite_now.path, kept);
    assert_int_equal(stat(kept, &status), 0);
    for (uint32_t round = 0; round < rounds; round++) {
        tally_store *store = NULL;
        tally_store_transaction *transaction = NULL;
        FILE *file;
        uint64_t count = 0;

        scratch_copy(kept, suite_now.path);
        (void)remove(scratch_path(&suite_now.scratch, "ledger.db-wal"));
        (void)remove(scratch_path(&suite_now.scratch, "ledger.db-shm"));
        file = fopen(suite_now.path, "r+b");
        assert_non_null(file);
        /* Half of them where the tables' roots are. */
        assert_int_equal(
            fseek(file, (long)random_below(round % 2 == 0 ? (uint64_t)status.st_size : 20000),
                  SEEK_SET),
            0);
        assert_int_not_equal(fputc((int)random_below(256), file), EOF);
        assert_int_equal(fclose(file), 0);
        if (suite_now.backend->open(&store, suite_now.path,
                                    round % 3 == 0 ? TALLY_STORE_READ : TALLY_STORE_WRITE,
                                    NULL) != TALLY_OK) {
            found_count++;
            continue;
        }
        if (tally_store_begin(&transaction, store, false, NULL) == TALLY_OK) {
            (void)!tally_store_all_events(transaction, 0, suite_count_event, &count, NULL);
            for (int64_t subject = 1; subject < 4; subject++)
                (void)!tally_store_subject_events(transaction, subject, 0, suite_count_event,
                                                  &count, NULL);
            tally_store_rollback(transaction);
            assert_true(count <= 80);
        }
        found_count += tally_store_verify(store, NULL) != TALLY_OK;
        tally_store_close(store);
    }
    printf("%u of %u alterations found\n", found_count, rounds);
    assert_true(found_count > 10);
}

/* ---- what is left of what was deleted ---- */

/* Rows of many sizes written, replaced and deleted, so that SQLite moves rows between
 * pages; then every other one deleted for good. A thorough purge leaves nothing of
 * those. (Where a row was moved away from, a copy may stay in an unused corner of a
 * page that the ordinary purge does not know of.) */
static void a_thorough_purge_leaves_nothing_that_moved_about(void **state)
{
    static const char marker[] = "a marker in many rows that move from page to page";
    char bytes[2][900];

    (void)state;
    random_begin("a_thorough_purge_leaves_nothing_that_moved_about");
    memset(bytes[0], 'x', sizeof(bytes[0]));
    for (size_t at = 0; at < sizeof(bytes[1]); at++)
        bytes[1][at] = marker[at % (sizeof(marker) - 1)];
    for (int round = 0; round < 40; round++) {
        tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

        for (int i = 0; i < 40; i++) {
            int64_t key = 1 + (int64_t)random_below(300);
            size_t count = (size_t)random_below(sizeof(bytes[0]));
            char name[8];

            (void)snprintf(name, sizeof(name), "%d", (int)key);
            assert_ok(tally_store_put(transaction, TALLY_STORE_MEMBERS, key,
                                      tally_text_of(bytes[key % 2], count), ERR));
            assert_ok(tally_store_name(transaction, TALLY_STORE_META, tally_text_from(name),
                                       tally_text_of(bytes[key % 2], count), ERR));
            assert_ok(tally_store_delete(transaction, TALLY_STORE_MEMBERS,
                                         1 + (int64_t)random_below(300), ERR));
        }
        assert_ok(tally_store_commit(transaction, ERR));
    }
    {
        tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

        for (int64_t i = 1; i <= 300; i += 2) {
            char name[8];

            (void)snprintf(name, sizeof(name), "%d", (int)i);
            assert_ok(tally_store_delete(transaction, TALLY_STORE_MEMBERS, i, ERR));
            assert_ok(
                tally_store_unname(transaction, TALLY_STORE_META, tally_text_from(name), ERR));
        }
        assert_ok(tally_store_put(transaction, TALLY_STORE_MEMBERS, 2, TALLY_TEXT("left"), ERR));
        assert_ok(tally_store_commit(transaction, ERR));
    }
    assert_ok(tally_store_purge(suite_now.store, false, ERR));
    printf("after a purge: %s\n",
           scratch_has_bytes(&suite_now.scratch, marker, 30) ? "something is left" : "nothing");
    assert_ok(tally_store_purge(suite_now.store, true, ERR));
    assert_false(scratch_has_bytes(&suite_now.scratch, marker, 30));
    suite_expect(suite_now.store, TALLY_STORE_MEMBERS, 2, "left");
}

/* ---- the heads ---- */

/* With the defaults, opening reads a tail that does not grow with the store. */
static void the_tail_is_bounded(void **state)
{
    static tally_stored_event events[1000];
    int64_t tail;

    (void)state;
    for (int batch = 0; batch < 150; batch++) {
        tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

        for (size_t i = 0; i < UNIT_COUNT(events); i++)
            events[i] = (tally_stored_event){ .subject = 1 + (int64_t)(i % 700) };
        assert_ok(tally_store_append(transaction, events, UNIT_COUNT(events), ERR));
        assert_ok(tally_store_commit(transaction, ERR));
        tail = value_of(suite_now.store, "SELECT last_sequence - heads_through FROM state");
        assert_true(tail < 65536 + 1000);
    }
    suite_reopen();
    tail = value_of(suite_now.store, "SELECT last_sequence - heads_through FROM state");
    assert_int_equal(tail, 0);
    assert_ok(tally_store_verify(suite_now.store, ERR));
}

int main(void)
{
    static const store_backend backend = { .name = "SQLite", .open = tally_store_open };
    const struct CMUnitTest tests[] = {
        SUITE_TEST(a_store_of_version_1_is_brought_forward),
        SUITE_TEST(a_new_store_is_as_one_that_was_brought_forward),
        SUITE_TEST(each_step_is_taken_once_and_whole),
        SUITE_TEST(reading_does_not_bring_a_store_forward),
        SUITE_TEST(a_database_of_somebody_else_is_refused),
        SUITE_TEST(a_log_that_lies_about_is_no_part_of_a_new_store),
        SUITE_TEST(damage_is_found_and_named),
        SUITE_TEST(altered_files_are_read_without_harm),
        SUITE_TEST(a_thorough_purge_leaves_nothing_that_moved_about),
        SUITE_TEST(the_tail_is_bounded),
    };

    suite_now.backend = &backend;
    return cmocka_run_group_tests_name("store on SQLite", tests, NULL, NULL);
}
