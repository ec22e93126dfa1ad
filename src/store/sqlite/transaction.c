/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning and ending transactions, and moving the log into the main file. */

#include "store/sqlite/internal.h"

tally_rc tally_store_begin(tally_store_transaction **out_transaction, tally_store *store,
                           bool is_for_writing, tally_err *err)
{
    tally_store_transaction *transaction = &store->transaction;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_check_idle(store, "beginning a transaction", err);

    if (rc != TALLY_OK)
        return rc;
    if (is_for_writing && store->lock_fd < 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is open for reading only", store->path);
    rc = tally_sqlite_take(store,
                           is_for_writing ? TALLY_SQLITE_BEGIN_WRITE : TALLY_SQLITE_BEGIN_READ,
                           &statement, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_finish(store, statement, "beginning a transaction", err);
    if (rc != TALLY_OK)
        return rc;
    *transaction = (tally_store_transaction){ .store = store,
                                              .is_open = true,
                                              .is_for_writing = is_for_writing };
    /* The first reading is what fixes the state that the transaction sees. */
    rc = tally_sqlite_read_state(store, err);
    if (is_for_writing)
        tally_heads_begin(&store->heads);
    if (rc != TALLY_OK) {
        tally_store_rollback(transaction);
        return rc;
    }
    *out_transaction = transaction;
    return TALLY_OK;
}

void tally_store_rollback(tally_store_transaction *transaction)
{
    tally_store *store;
    sqlite3_stmt *statement = NULL;

    if (transaction == NULL)
        return;
    store = transaction->store;
    TALLY_ASSERT(transaction->is_open && transaction->visit_depth == 0);
    tally_sqlite_give_back(store, transaction->held);
    transaction->held = NULL;
    /* SQLite has undone everything itself after some failures. */
    if (!sqlite3_get_autocommit(store->db) &&
        (tally_sqlite_take(store, TALLY_SQLITE_ROLLBACK, &statement, NULL) != TALLY_OK ||
         tally_sqlite_finish(store, statement, "undoing a transaction", NULL) != TALLY_OK) &&
        !sqlite3_get_autocommit(store->db) &&
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        tally_sqlite_break(store);
    if (transaction->is_for_writing)
        tally_heads_undo(&store->heads);
    transaction->is_open = false;
}

/* Move the log into the main file once it is long. What is in the log is durable
 * already: a crash in here repeats the work, and a failure is none of the commit. */
static void shorten_log(tally_store *store)
{
    int in_log = 0, moved = 0, code;

    if (store->wal_pages < store->wal_pages_max)
        store->checkpoint_at = store->wal_pages_max; /* It has begun anew. */
    if (store->wal_pages < store->checkpoint_at)
        return;
    code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if ((code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM)
        tally_sqlite_break(store);
    /* A reader can keep it from beginning anew; then it grows until that one ends. */
    store->checkpoint_at = store->wal_pages + store->wal_pages_max;
}

sqlite3_file *tally_sqlite_log(tally_store *store)
{
    sqlite3_file *log = NULL;

    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
        log == NULL || log->pMethods == NULL)
        return NULL;
    return log;
}

tally_rc tally_sqlite_commit(tally_store_transaction *transaction, bool is_closing, tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = transaction->failure;

    TALLY_ASSERT(transaction->is_open && transaction->visit_depth == 0);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0,
                           "this transaction of %s has failed before: nothing of it "
                           "was kept",
                           store->path);
    else if (transaction->is_for_writing)
        rc = tally_sqlite_flush_heads(store, is_closing, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_take(store, TALLY_SQLITE_COMMIT, &statement, err);
    if (rc != TALLY_OK || !transaction->is_for_writing) {
        tally_sqlite_give_back(store, statement);
        tally_store_rollback(transaction);
        return rc;
    }
    tally_sqlite_give_back(store, transaction->held);
    transaction->held = NULL;
    /* SQLite appends the pages and a closing frame to the log and syncs it. A crash
     * before the closing frame is on the disk leaves nothing of the transaction, one
     * after it leaves all. */
    rc = tally_sqlite_finish(store, statement, "committing", err);
    if (rc != TALLY_OK) {
        /* The frames may be in the log, on the disk or not: only the next opening, which
         * reads the log from its beginning, decides. */
        tally_sqlite_break(store);
        tally_store_rollback(transaction);
        return rc;
    }
    if (transaction->has_erased || transaction->state.heads_through == store->heads.through)
        tally_heads_keep(&store->heads, transaction->state.heads_through == store->heads.through);
    store->heads_erasures = transaction->state.erasures;
    transaction->is_open = false;
    shorten_log(store);
    return TALLY_OK;
}

tally_rc tally_store_commit(tally_store_transaction *transaction, tally_err *err)
{
    return tally_sqlite_commit(transaction, false, err);
}
