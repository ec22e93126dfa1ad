/* SPDX-License-Identifier: Apache-2.0 */
/* From SQLite's codes to ours, and what a failure means for what follows. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/internal.h"

tally_rc tally_sqlite_rc(int code)
{
    if (code == SQLITE_IOERR_NOMEM)
        return TALLY_E_NOMEM;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return TALLY_E_NOMEM;
    case SQLITE_TOOBIG:
        return TALLY_E_LIMIT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TALLY_E_RETRY;
    /* A constraint is one of our own schema: what we wrote cannot break it. */
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
        return TALLY_E_CORRUPT;
    default:
        return TALLY_E_IO;
    }
}

void tally_sqlite_break(tally_store *store)
{
    store->is_broken = true;
    /* Closing then moves nothing from the log into the main file: the next opening
     * reads the log from its beginning and finds what is really there. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void fail_transaction(tally_store *store, tally_rc rc)
{
    if (store->transaction.is_open && store->transaction.failure == TALLY_OK)
        store->transaction.failure = rc;
}

tally_rc tally_sqlite_fail(tally_store *store, int code, const char *doing, tally_err *err)
{
    tally_rc rc = tally_sqlite_rc(code);
    int refused = store->db != NULL ? sqlite3_system_errno(store->db) : 0;

    fail_transaction(store, rc);
    /* What the system did with what it took before it refused, nobody knows. */
    if (rc == TALLY_E_IO && store->db != NULL && (code & 0xff) == SQLITE_IOERR &&
        store->transaction.is_open && store->transaction.is_for_writing)
        tally_sqlite_break(store);
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "no memory for %s in %s", doing, store->path);
    if ((code & 0xff) == SQLITE_FULL)
        return tally_err_set(
            err, rc, 0,
            "no space left while %s in %s: nothing of it was kept; make room, then "
            "try again",
            doing, store->path);
    if (rc == TALLY_E_RETRY)
        return tally_err_set(err, rc, 0,
                             "%s is busy: another process is reading it; %s did not "
                             "happen, try again",
                             store->path, doing);
    if (rc == TALLY_E_IO && refused != 0)
        return tally_err_set(err, rc, 0, "%s in %s: %s (%s)", doing, store->path,
                             sqlite3_errstr(code), strerror(refused));
    if (rc == TALLY_E_CORRUPT)
        return tally_err_set(
            err, rc, 0, "%s in %s: %s; keep the file, and put a backup in its place", doing,
            store->path, store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
    return tally_err_set(err, rc, 0, "%s in %s: %s", doing, store->path, sqlite3_errstr(code));
}

tally_rc tally_sqlite_fail_with(tally_store *store, tally_rc rc, tally_err *err, const char *format,
                                ...)
{
    char message[TALLY_ERR_MESSAGE_BYTES];
    va_list arguments;

    fail_transaction(store, rc);
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    return tally_err_set(err, rc, 0, "%s", message);
}

tally_rc tally_sqlite_check_usable(tally_store *store, tally_err *err)
{
    if (!store->is_broken)
        return TALLY_OK;
    return tally_err_set(err, TALLY_E_IO, 0,
                         "%s failed to write before, so that only opening it anew shows what is "
                         "kept: start again",
                         store->path);
}

tally_rc tally_sqlite_check_idle(tally_store *store, const char *doing, tally_err *err)
{
    tally_rc rc = tally_sqlite_check_usable(store, err);

    if (rc != TALLY_OK)
        return rc;
    if (store->transaction.is_open)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s: a transaction is open", doing);
    return TALLY_OK;
}

tally_rc tally_sqlite_enter(tally_store_transaction *transaction, bool is_writing, tally_err *err)
{
    tally_store *store = transaction->store;

    TALLY_ASSERT(transaction->is_open);
    tally_sqlite_give_back(store, transaction->held);
    transaction->held = NULL;
    if (transaction->failure != TALLY_OK)
        return tally_err_set(err, transaction->failure, 0,
                             "this transaction of %s has failed before and can only be undone",
                             store->path);
    if (is_writing && !transaction->is_for_writing)
        return tally_err_set(err, TALLY_E_INVALID, 0, "writing to %s in a transaction for reading",
                             store->path);
    if (is_writing && transaction->visit_depth > 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "writing to %s from within a visit",
                             store->path);
    return TALLY_OK;
}
