/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered and named collections. */

#include "store/sqlite/internal.h"

/* A key of either kind. */
typedef struct row_key {
    bool is_named;
    int64_t number;
    tally_text name;
} row_key;

static tally_rc check_key(tally_collection collection, const row_key *key, tally_err *err)
{
    const char *table;

    TALLY_ASSERT((unsigned)collection < TALLY_STORE_COLLECTION_COUNT);
    TALLY_ASSERT(tally_sqlite_is_named(collection) == key->is_named);
    table = tally_sqlite_table(collection);
    if (!key->is_named && key->number < 1)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a key of %s is 1 or above", table);
    if (key->is_named && (key->name.count < 1 || key->name.count > TALLY_STORE_NAME_BYTES_MAX))
        return tally_err_set(err, TALLY_E_INVALID, 0, "a name in %s is of 1 to %u bytes", table,
                             TALLY_STORE_NAME_BYTES_MAX);
    return TALLY_OK;
}

static int bind_key(sqlite3_stmt *statement, const row_key *key)
{
    return key->is_named ? tally_sqlite_bind(statement, 1, key->name)
                         : sqlite3_bind_int64(statement, 1, key->number);
}

static tally_rc read_row(tally_store_transaction *transaction, tally_collection collection,
                         const row_key *key, tally_text *out_value, bool *out_is_found,
                         tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);
    int code;

    if (rc == TALLY_OK)
        rc = check_key(collection, key, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_take_of(store, collection, TALLY_SQLITE_GET, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = bind_key(statement, key);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        /* The value stays in SQLite's row until the next call. */
        transaction->held = statement;
        *out_value = tally_sqlite_column(statement, 0);
        *out_is_found = true;
        return TALLY_OK;
    }
    if (code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "reading", err);
    tally_sqlite_give_back(store, statement);
    if (rc == TALLY_OK) {
        *out_value = (tally_text){ 0 };
        *out_is_found = false;
    }
    return rc;
}

tally_rc tally_store_get(tally_store_transaction *transaction, tally_collection collection,
                         int64_t key, tally_text *out_value, bool *out_is_found, tally_err *err)
{
    const row_key row = { .number = key };

    return read_row(transaction, collection, &row, out_value, out_is_found, err);
}

tally_rc tally_store_find(tally_store_transaction *transaction, tally_collection collection,
                          tally_text name, tally_text *out_value, bool *out_is_found,
                          tally_err *err)
{
    const row_key row = { .is_named = true, .name = name };

    return read_row(transaction, collection, &row, out_value, out_is_found, err);
}

/* value: NULL to delete. */
static tally_rc write_row(tally_store_transaction *transaction, tally_collection collection,
                          const row_key *key, const tally_text *value, tally_err *err)
{
    tally_store *store = transaction->store;
    const char *doing = value != NULL ? "writing" : "deleting";
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, true, err);
    int code;

    if (rc == TALLY_OK)
        rc = check_key(collection, key, err);
    if (rc == TALLY_OK && value != NULL && value->count > TALLY_STORE_VALUE_BYTES_MAX)
        rc = tally_err_set(err, TALLY_E_LIMIT, 0,
                           "a value of %zu bytes for %s, and at most %zu fit", value->count,
                           tally_sqlite_table(collection), TALLY_STORE_VALUE_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = tally_sqlite_take_of(store, collection,
                                  value != NULL ? TALLY_SQLITE_PUT : TALLY_SQLITE_DELETE,
                                  &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = bind_key(statement, key);
    if (code == SQLITE_OK && value != NULL)
        code = tally_sqlite_bind(statement, 2, *value);
    if (code != SQLITE_OK) {
        tally_sqlite_give_back(store, statement);
        return tally_sqlite_fail(store, code, doing, err);
    }
    return tally_sqlite_finish(store, statement, doing, err);
}

tally_rc tally_store_put(tally_store_transaction *transaction, tally_collection collection,
                         int64_t key, tally_text value, tally_err *err)
{
    const row_key row = { .number = key };

    return write_row(transaction, collection, &row, &value, err);
}

tally_rc tally_store_name(tally_store_transaction *transaction, tally_collection collection,
                          tally_text name, tally_text value, tally_err *err)
{
    const row_key row = { .is_named = true, .name = name };

    return write_row(transaction, collection, &row, &value, err);
}

tally_rc tally_store_delete(tally_store_transaction *transaction, tally_collection collection,
                            int64_t key, tally_err *err)
{
    const row_key row = { .number = key };

    return write_row(transaction, collection, &row, NULL, err);
}

tally_rc tally_store_unname(tally_store_transaction *transaction, tally_collection collection,
                            tally_text name, tally_err *err)
{
    const row_key row = { .is_named = true, .name = name };

    return write_row(transaction, collection, &row, NULL, err);
}

tally_rc tally_store_last(tally_store_transaction *transaction, tally_collection collection,
                          int64_t *out_key, tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);
    int code;

    TALLY_ASSERT(!tally_sqlite_is_named(collection));
    if (rc == TALLY_OK)
        rc = tally_sqlite_take_of(store, collection, TALLY_SQLITE_LAST, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_step(statement);
    /* The largest of no keys is NULL, which reads as 0. */
    if (code == SQLITE_ROW)
        *out_key = sqlite3_column_int64(statement, 0);
    else
        rc = tally_sqlite_fail(store, code, "reading", err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

/* One of the two visits, and what to look for. */
typedef struct row_scan {
    tally_collection collection;
    tally_text prefix;
    tally_store_visit visit;
    tally_store_visit_name visit_name;
    void *context;
} row_scan;

static tally_rc scan_rows(tally_store_transaction *transaction, sqlite3_stmt *statement,
                          const row_scan *scan, tally_err *err)
{
    bool is_enough = false;
    tally_rc rc = TALLY_OK;
    int code = SQLITE_DONE;

    TALLY_ASSERT(scan->visit_name != NULL || scan->visit != NULL);
    while (rc == TALLY_OK && !is_enough && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        tally_text name = { 0 };

        if (scan->visit_name != NULL) {
            name = tally_sqlite_column(statement, 0);
            if (!tally_text_has_prefix(name, scan->prefix))
                return TALLY_OK;
        }
        transaction->visit_depth++;
        if (scan->visit_name != NULL)
            rc = scan->visit_name(scan->context, name, tally_sqlite_column(statement, 1),
                                  &is_enough, err);
        else
            rc = scan->visit(scan->context, sqlite3_column_int64(statement, 0),
                             tally_sqlite_column(statement, 1), &is_enough, err);
        transaction->visit_depth--;
        if (rc == TALLY_OK)
            rc = transaction->failure;
    }
    if (rc == TALLY_OK && !is_enough && code != SQLITE_DONE)
        rc = tally_sqlite_fail(transaction->store, code, "reading", err);
    return rc;
}

tally_rc tally_store_scan(tally_store_transaction *transaction, tally_collection collection,
                          int64_t from, tally_store_visit visit, void *context, tally_err *err)
{
    const row_scan scan = { .collection = collection, .visit = visit, .context = context };
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);
    int code;

    TALLY_ASSERT(!tally_sqlite_is_named(collection));
    if (rc == TALLY_OK)
        rc = tally_sqlite_take_of(store, collection, TALLY_SQLITE_SCAN, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, from);
    rc = code == SQLITE_OK ? scan_rows(transaction, statement, &scan, err)
                           : tally_sqlite_fail(store, code, "reading", err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

tally_rc tally_store_scan_names(tally_store_transaction *transaction, tally_collection collection,
                                tally_text prefix, tally_store_visit_name visit, void *context,
                                tally_err *err)
{
    const row_scan scan = {
        .collection = collection, .prefix = prefix, .visit_name = visit, .context = context
    };
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);
    int code;

    TALLY_ASSERT(tally_sqlite_is_named(collection));
    if (rc == TALLY_OK)
        rc = tally_sqlite_take_of(store, collection, TALLY_SQLITE_SCAN, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = tally_sqlite_bind(statement, 1, prefix);
    rc = code == SQLITE_OK ? scan_rows(transaction, statement, &scan, err)
                           : tally_sqlite_fail(store, code, "reading", err);
    tally_sqlite_give_back(store, statement);
    return rc;
}
