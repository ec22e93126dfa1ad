/* SPDX-License-Identifier: Apache-2.0 */
/* Purging and backing up. */

#include <stdio.h>
#include <unistd.h>

#include "store/sqlite/internal.h"
#include "util/alloc.h"

/* 4 MiB between two calls of the progress. */
#define BACKUP_STEP_PAGES 1024

/* ---- purging ---- */

/* Move all of the log into the main file and cut the log to nothing. A crash at any
 * point leaves a log that is whole or empty; what is in it is in the main file
 * once it is cut. */
static tally_rc empty_log(tally_store *store, tally_err *err)
{
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_file *log = tally_sqlite_log(store);

    /* SQLite does not need the cut to be durable; whoever erases does: before this
     * sync a loss of power can bring the old log back. */
    if (code == SQLITE_OK && log != NULL)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (code == SQLITE_OK) {
        store->wal_pages = 0;
        store->checkpoint_at = store->wal_pages_max;
        return TALLY_OK;
    }
    if ((code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM)
        tally_sqlite_break(store);
    return tally_sqlite_fail(store, code, "emptying the log", err);
}

tally_rc tally_store_purge(tally_store *store, bool is_thorough, tally_err *err)
{
    tally_rc rc = tally_sqlite_check_idle(store, "purging", err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    if (store->lock_fd < 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is open for reading only", store->path);
    if (is_thorough) {
        /* The log holds the whole new file then, so that a crash leaves the old one or it. */
        code = sqlite3_exec(store->db, "VACUUM", NULL, NULL, NULL);
        if ((code & 0xff) == SQLITE_FULL)
            return tally_err_set(err, TALLY_E_IO, 0,
                                 "no space left for rewriting %s: beside it and in the folder for "
                                 "temporary files (SQLITE_TMPDIR or /var/tmp) as much must be free "
                                 "as it is long; nothing was changed",
                                 store->path);
        if ((code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM)
            tally_sqlite_break(store);
        if (code != SQLITE_OK)
            return tally_sqlite_fail(store, code, "rewriting", err);
    }
    return empty_log(store, err);
}

/* ---- backups ---- */

static tally_rc copy_pages(tally_store *store, sqlite3 *target, tally_store_progress progress,
                           void *context, tally_err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", store->db, "main");
    int64_t page_bytes = 0;
    tally_rc rc = tally_sqlite_run(store, "PRAGMA page_size", &page_bytes, err);
    int code = backup == NULL ? sqlite3_extended_errcode(target) : SQLITE_OK;

    while (rc == TALLY_OK && code == SQLITE_OK) {
        code = sqlite3_backup_step(backup, BACKUP_STEP_PAGES);
        if (progress != NULL && (code == SQLITE_OK || code == SQLITE_DONE)) {
            uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup);
            uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);

            progress(context, (total - left) * (uint64_t)page_bytes, total * (uint64_t)page_bytes);
        }
    }
    if (rc == TALLY_OK && code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "backing up", err);
    if (backup != NULL)
        (void)sqlite3_backup_finish(backup);
    return rc;
}

/* A private copy under a temporary name: nobody reads it yet, so that it needs no
 * journal. */
static tally_rc write_copy(tally_store *store, const char *path, tally_store_progress progress,
                           void *context, tally_err *err)
{
    tally_store_transaction *transaction = NULL;
    sqlite3 *target = NULL;
    tally_rc rc = tally_store_begin(&transaction, store, false, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_open_v2(path, &target,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                               SQLITE_OPEN_EXRESCODE,
                           store->vfs_name);
    if (code == SQLITE_OK)
        code = sqlite3_exec(target, "PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL", NULL,
                            NULL, NULL);
    /* The transaction for reading holds still what others write meanwhile. */
    rc = code == SQLITE_OK ? copy_pages(store, target, progress, context, err)
                           : tally_sqlite_fail(store, code, "backing up", err);
    (void)sqlite3_close(target);
    tally_store_rollback(transaction);
    return rc;
}

/* A name that no other process has now: two backups to one path meet at its end. */
static char *temporary_name(const char *path)
{
    char ending[48];

    (void)snprintf(ending, sizeof(ending), ".partial-%ld", (long)getpid());
    return tally_sqlite_beside(path, ending);
}

static tally_rc back_up(tally_store *store, const char *path, const char *temporary,
                        tally_store_progress progress, void *context, tally_err *err)
{
    char *log = tally_sqlite_beside(path, "-wal");
    tally_rc rc = TALLY_OK;

    if (log == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for the backup %s", path);
    /* The log of another database would be taken for that of the copy. */
    if (tally_sqlite_is_there(path) || tally_sqlite_has_bytes(log))
        rc = tally_err_set(err, TALLY_E_CONFLICT, 0, "%s is there already",
                           tally_sqlite_is_there(path) ? path : log);
    tally_release(log);
    if (rc == TALLY_OK)
        (void)unlink(temporary);
    if (rc == TALLY_OK)
        rc = tally_sqlite_new_file(temporary, err);
    if (rc != TALLY_OK)
        return rc;
    /* A crash up to the renaming leaves a file that is plainly no backup. */
    rc = write_copy(store, temporary, progress, context, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_sync_file(temporary, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_appear(temporary, path, err);
    if (rc != TALLY_OK)
        (void)unlink(temporary);
    return rc;
}

tally_rc tally_store_backup(tally_store *store, const char *path, tally_store_progress progress,
                            void *context, tally_err *err)
{
    char *resolved = NULL, *temporary = NULL;
    tally_rc rc = tally_sqlite_check_idle(store, "backing up", err);

    if (rc == TALLY_OK)
        rc = tally_sqlite_resolve(&resolved, path, true, err);
    if (rc != TALLY_OK)
        return rc;
    temporary = temporary_name(resolved);
    rc = temporary != NULL
             ? back_up(store, resolved, temporary, progress, context, err)
             : tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for the backup %s", path);
    tally_release(temporary);
    tally_release(resolved);
    return rc;
}
