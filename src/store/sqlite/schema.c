/* SPDX-License-Identifier: Apache-2.0 */
/* The schema and how a store came to it, one step a version. PRAGMA user_version
 * counts the steps that a store has seen.
 *
 * A step that was released never changes: stores in the field have run it. What is
 * to be different is another step at the end. */

#include <stdio.h>

#include "store/sqlite/internal.h"

#define NUMBERED(table) \
    "CREATE TABLE " table " (key INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
/* Small rows live in the tree of their names and need no second one. */
#define NAMED(table)                                                               \
    "CREATE TABLE " table " (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)" \
    " STRICT, WITHOUT ROWID;"

static const char version_1[] =
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " last_sequence INTEGER NOT NULL, heads_through INTEGER NOT NULL,"
    " erasures INTEGER NOT NULL) STRICT;"
    "INSERT INTO state VALUES (1, 0, 0, 0);"
    "CREATE TABLE events (sequence INTEGER PRIMARY KEY, previous INTEGER NOT NULL,"
    " subject INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL,"
    " sealed BLOB NOT NULL) STRICT;"
    "CREATE TABLE heads (chunk INTEGER PRIMARY KEY, sequences BLOB NOT NULL) STRICT;"
    /* clang-format off */
    NUMBERED("policies")
    NUMBERED("sources")
    NUMBERED("members")
    NUMBERED("organisations")
    NUMBERED("receipts")
    NUMBERED("batches")
    NUMBERED("batch_leaves")
    NUMBERED("journal")
    NUMBERED("openings")
    NUMBERED("documents")
    NUMBERED("accesses")
    NUMBERED("releases")
    NUMBERED("certificates")
    NAMED("meta")
    NAMED("member_by_did")
    NAMED("organisation_by_id")
    NAMED("source_by_did")
    NAMED("batch_by_number")
    NAMED("receipt_by_subject")
    NAMED("record_by_subject")
    NAMED("access_by_subject")
    NAMED("spent_tokens")
    NAMED("spent_nonces");

static const char version_2[] =
    NUMBERED("snapshot_openings")
    NAMED("snapshot_rows");
/* clang-format on */

static const tally_sqlite_step steps[] = {
    { version_1 },
    { version_2 },
};

#define STEP_COUNT ((int)(sizeof(steps) / sizeof(steps[0])))

int tally_sqlite_schema_version(void)
{
    return STEP_COUNT;
}

const tally_sqlite_step *tally_sqlite_schema_steps(void)
{
    return steps;
}

/* All of a step or nothing: a crash in between leaves the version before, and the
 * next opening takes the step again. */
static tally_rc take_step(tally_store *store, const char *sql, int version, tally_err *err)
{
    char pragma[64];
    tally_rc rc = tally_sqlite_run(store, "BEGIN IMMEDIATE", NULL, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        rc = tally_sqlite_fail(store, code, "bringing the schema forward", err);
    (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version);
    if (rc == TALLY_OK)
        rc = tally_sqlite_run(store, pragma, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_run(store, "COMMIT", NULL, err);
    if (rc != TALLY_OK && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

tally_rc tally_sqlite_migrate(tally_store *store, const tally_sqlite_step *from_first,
                              int step_count, tally_err *err)
{
    int64_t version = 0;
    tally_rc rc = tally_sqlite_run(store, "PRAGMA user_version", &version, err);

    if (rc != TALLY_OK)
        return rc;
    if (version > step_count || version < 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s has schema version %lld, and this program knows up to %d: use a "
                             "newer tally",
                             store->path, (long long)version, step_count);
    if (version < step_count && store->lock_fd < 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s has schema version %lld and has to be brought forward to %d: open "
                             "it for writing once",
                             store->path, (long long)version, step_count);
    for (; rc == TALLY_OK && version < step_count; version++)
        rc = take_step(store, from_first[version].sql, (int)version + 1, err);
    return rc;
}
