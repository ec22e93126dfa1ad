/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL. Each statement is prepared once, kept, and only ever given values
 * through its parameters. */

#include <stdio.h>

#include "store/sqlite/internal.h"

static const char *const tables[TALLY_STORE_COLLECTION_COUNT] = {
    [TALLY_STORE_POLICIES] = "policies",
    [TALLY_STORE_SOURCES] = "sources",
    [TALLY_STORE_MEMBERS] = "members",
    [TALLY_STORE_ORGANISATIONS] = "organisations",
    [TALLY_STORE_RECEIPTS] = "receipts",
    [TALLY_STORE_BATCHES] = "batches",
    [TALLY_STORE_BATCH_LEAVES] = "batch_leaves",
    [TALLY_STORE_JOURNAL] = "journal",
    [TALLY_STORE_OPENINGS] = "openings",
    [TALLY_STORE_DOCUMENTS] = "documents",
    [TALLY_STORE_ACCESSES] = "accesses",
    [TALLY_STORE_RELEASES] = "releases",
    [TALLY_STORE_CERTIFICATES] = "certificates",
    [TALLY_STORE_SNAPSHOT_OPENINGS] = "snapshot_openings",
    [TALLY_STORE_META] = "meta",
    [TALLY_STORE_MEMBER_BY_DID] = "member_by_did",
    [TALLY_STORE_ORGANISATION_BY_ID] = "organisation_by_id",
    [TALLY_STORE_SOURCE_BY_DID] = "source_by_did",
    [TALLY_STORE_BATCH_BY_NUMBER] = "batch_by_number",
    [TALLY_STORE_RECEIPT_BY_SUBJECT] = "receipt_by_subject",
    [TALLY_STORE_RECORD_BY_SUBJECT] = "record_by_subject",
    [TALLY_STORE_ACCESS_BY_SUBJECT] = "access_by_subject",
    [TALLY_STORE_SPENT_TOKENS] = "spent_tokens",
    [TALLY_STORE_SPENT_NONCES] = "spent_nonces",
    [TALLY_STORE_SNAPSHOT_ROWS] = "snapshot_rows",
};

/* %s is the table. */
static const char *const numbered_sql[TALLY_SQLITE_VERB_COUNT] = {
    [TALLY_SQLITE_GET] = "SELECT value FROM %s WHERE key = ?1",
    [TALLY_SQLITE_PUT] = ("INSERT INTO %s (key, value) VALUES (?1, ?2) "
                          "ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
    [TALLY_SQLITE_DELETE] = "DELETE FROM %s WHERE key = ?1",
    [TALLY_SQLITE_LAST] = "SELECT max(key) FROM %s",
    [TALLY_SQLITE_SCAN] = "SELECT key, value FROM %s WHERE key >= ?1 ORDER BY key",
};

static const char *const named_sql[TALLY_SQLITE_VERB_COUNT] = {
    [TALLY_SQLITE_GET] = "SELECT value FROM %s WHERE name = ?1",
    [TALLY_SQLITE_PUT] = ("INSERT INTO %s (name, value) VALUES (?1, ?2) "
                          "ON CONFLICT (name) DO UPDATE SET value = excluded.value"),
    [TALLY_SQLITE_DELETE] = "DELETE FROM %s WHERE name = ?1",
    [TALLY_SQLITE_SCAN] = "SELECT name, value FROM %s WHERE name >= ?1 ORDER BY name",
};

static const char *const fixed_sql[TALLY_SQLITE_FIXED_COUNT] = {
    [TALLY_SQLITE_BEGIN_READ] = "BEGIN",
    [TALLY_SQLITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [TALLY_SQLITE_COMMIT] = "COMMIT",
    [TALLY_SQLITE_ROLLBACK] = "ROLLBACK",
    [TALLY_SQLITE_STATE_GET] = ("SELECT last_sequence, heads_through, erasures FROM state "
                                "WHERE one = 1"),
    [TALLY_SQLITE_STATE_PUT] = ("UPDATE state SET last_sequence = ?1, heads_through = ?2, "
                                "erasures = ?3 WHERE one = 1"),
    [TALLY_SQLITE_HEADS_GET] = "SELECT sequences FROM heads WHERE chunk = ?1",
    [TALLY_SQLITE_HEADS_PUT] = ("INSERT INTO heads (chunk, sequences) VALUES (?1, ?2) "
                                "ON CONFLICT (chunk) DO UPDATE SET sequences = excluded.sequences"),
    [TALLY_SQLITE_HEADS_ALL] = "SELECT chunk, sequences FROM heads ORDER BY chunk",
    [TALLY_SQLITE_TAIL] = ("SELECT sequence, subject FROM events WHERE sequence > ?1 "
                           "ORDER BY sequence"),
    [TALLY_SQLITE_EVENT_APPEND] = ("INSERT INTO events (sequence, previous, subject, batch, "
                                   "position, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
    [TALLY_SQLITE_EVENT_GET] = ("SELECT sequence, previous, subject, batch, position, sealed "
                                "FROM events WHERE sequence = ?1"),
    [TALLY_SQLITE_EVENT_LINK] = "SELECT previous, subject FROM events WHERE sequence = ?1",
    [TALLY_SQLITE_EVENT_SCAN] = ("SELECT sequence, previous, subject, batch, position, sealed "
                                 "FROM events WHERE sequence >= ?1 ORDER BY sequence"),
    [TALLY_SQLITE_EVENT_DELETE] = "DELETE FROM events WHERE sequence = ?1",
    [TALLY_SQLITE_EVENT_RELINK] = "UPDATE events SET previous = ?2 WHERE sequence = ?1",
};

bool tally_sqlite_is_named(tally_collection collection)
{
    return collection >= TALLY_STORE_FIRST_NAMED;
}

const char *tally_sqlite_table(tally_collection collection)
{
    return tables[collection];
}

static tally_rc prepare(tally_store *store, const char *sql, sqlite3_stmt **out_statement,
                        tally_err *err)
{
    int code =
        sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out_statement, NULL);

    return code == SQLITE_OK ? TALLY_OK : tally_sqlite_fail(store, code, "preparing to work", err);
}

static tally_rc take(tally_store *store, sqlite3_stmt **kept, const char *sql,
                     sqlite3_stmt **out_statement, tally_err *err)
{
    tally_rc rc;

    if (*kept != NULL && sqlite3_stmt_busy(*kept))
        return prepare(store, sql, out_statement, err);
    if (*kept == NULL) {
        rc = prepare(store, sql, kept, err);
        if (rc != TALLY_OK)
            return rc;
    }
    *out_statement = *kept;
    return TALLY_OK;
}

tally_rc tally_sqlite_take(tally_store *store, tally_sqlite_fixed fixed,
                           sqlite3_stmt **out_statement, tally_err *err)
{
    return take(store, &store->statements[fixed], fixed_sql[fixed], out_statement, err);
}

tally_rc tally_sqlite_take_of(tally_store *store, tally_collection collection,
                              tally_sqlite_verb verb, sqlite3_stmt **out_statement, tally_err *err)
{
    size_t index =
        TALLY_SQLITE_FIXED_COUNT + (size_t)collection * TALLY_SQLITE_VERB_COUNT + (size_t)verb;
    const char *form = tally_sqlite_is_named(collection) ? named_sql[verb] : numbered_sql[verb];
    char sql[256];
    int count;

    TALLY_ASSERT(form != NULL);
    if (store->statements[index] != NULL && !sqlite3_stmt_busy(store->statements[index])) {
        *out_statement = store->statements[index];
        return TALLY_OK;
    }
/* The forms are the literals above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    count = snprintf(sql, sizeof(sql), form, tables[collection]);
#pragma GCC diagnostic pop
    TALLY_ASSERT(count > 0 && (size_t)count < sizeof(sql));
    return take(store, &store->statements[index], sql, out_statement, err);
}

static bool is_kept(const tally_store *store, const sqlite3_stmt *statement)
{
    for (size_t i = 0; i < TALLY_SQLITE_STATEMENT_COUNT; i++) {
        if (store->statements[i] == statement)
            return true;
    }
    return false;
}

void tally_sqlite_give_back(tally_store *store, sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    /* What these answer is what the last step answered, which was dealt with there. */
    (void)sqlite3_reset(statement);
    if (!is_kept(store, statement))
        (void)sqlite3_finalize(statement);
}

tally_rc tally_sqlite_finish(tally_store *store, sqlite3_stmt *statement, const char *doing,
                             tally_err *err)
{
    int code = sqlite3_step(statement);
    tally_rc rc = TALLY_OK;

    if (code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, doing, err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

void tally_sqlite_forget_statements(tally_store *store)
{
    for (size_t i = 0; i < TALLY_SQLITE_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

tally_text tally_sqlite_column(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    int count = sqlite3_column_bytes(statement, column);

    return tally_text_of(bytes, bytes != NULL && count > 0 ? (size_t)count : 0);
}

int tally_sqlite_bind(sqlite3_stmt *statement, int parameter, tally_text text)
{
    if (text.count == 0)
        return sqlite3_bind_zeroblob(statement, parameter, 0);
    /* The caller's bytes stay until the statement has run. */
    return sqlite3_bind_blob64(statement, parameter, text.bytes, text.count, SQLITE_STATIC);
}

tally_rc tally_sqlite_run(tally_store *store, const char *sql, int64_t *out_value, tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    int64_t value = 0;
    tally_rc rc = TALLY_OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
        code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "preparing to work", err);
    else if (out_value != NULL)
        *out_value = value;
    (void)sqlite3_finalize(statement);
    return rc;
}
