/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, creating and closing a store. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/internal.h"
#include "util/alloc.h"

#define HEADER_BYTES          100
#define HEADER_APPLICATION_AT 68
#define WAL_PAGES             4096u /* 16 MiB */
#define BUSY_MS               5000u
#define REWRITE_BYTES         65536

/* ---- is it ours? ---- */

/* Read the head of the file through SQLite's file layer: opening and closing it
 * ourselves would drop the locks that another connection of this process has. */
static tally_rc read_header(uint8_t out[static HEADER_BYTES], const tally_store *store,
                            tally_err *err)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(store->vfs_name);
    sqlite3_file *file;
    const char *name;
    int code, flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;

    if (vfs == NULL)
        return tally_err_set(err, TALLY_E_INVALID, 0, "SQLite has no such file layer");
    file = tally_alloc_zeroed((size_t)vfs->szOsFile);
    name = sqlite3_create_filename(store->path, "", "", 0, NULL);
    code = file == NULL || name == NULL ? SQLITE_NOMEM : vfs->xOpen(vfs, name, file, flags, &flags);
    if (code == SQLITE_OK)
        code = file->pMethods->xRead(file, out, HEADER_BYTES, 0);
    if (file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xClose(file);
    sqlite3_free_filename(name);
    tally_release(file);
    if (code == SQLITE_OK)
        return TALLY_OK;
    if (code == SQLITE_IOERR_SHORT_READ)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is not the store of a programme",
                             store->path);
    return tally_err_set(err, tally_sqlite_rc(code), 0, "cannot read %s: %s", store->path,
                         sqlite3_errstr(code));
}

static tally_rc check_ours(const tally_store *store, tally_err *err)
{
    uint8_t header[HEADER_BYTES] = { 0 };
    uint32_t application = 0;
    tally_rc rc = read_header(header, store, err);

    if (rc != TALLY_OK)
        return rc;
    for (size_t i = 0; i < 4; i++)
        application = application << 8 | header[HEADER_APPLICATION_AT + i];
    if (memcmp(header, "SQLite format 3", 16) != 0 || application != TALLY_SQLITE_APPLICATION_ID)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is not the store of a programme",
                             store->path);
    return TALLY_OK;
}

/* ---- connections ---- */

static int note_log(void *context, sqlite3 *db, const char *schema, int pages)
{
    tally_store *store = context;

    (void)db;
    (void)schema;
    store->wal_pages = pages > 0 ? (uint32_t)pages : 0;
    return SQLITE_OK;
}

tally_rc tally_sqlite_connect(tally_store *store, const char *path, bool is_for_writing,
                              uint32_t busy_ms, tally_err *err)
{
    int flags = (is_for_writing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &store->db, flags, store->vfs_name);
    static const char *const settings[] = {
        /* A commit is on the disk before it is acknowledged. */
        "PRAGMA synchronous = FULL",
        /* What is deleted is overwritten with zeros. */
        "PRAGMA secure_delete = ON",
        "PRAGMA trusted_schema = OFF",
        /* Events of one subject lie on as many pages: reading them is finding pages. What the
         * kernel holds of the first 2 GiB is used where it is, the rest is kept by us. */
        "PRAGMA mmap_size = 2147418112",
        "PRAGMA cache_size = -65536",
    };
    tally_rc rc = TALLY_OK;

    if (code != SQLITE_OK)
        return tally_sqlite_fail(store, code, "opening", err);
    (void)sqlite3_busy_timeout(store->db, (int)(busy_ms > 0 ? busy_ms : BUSY_MS));
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* In place of moving the log after each thousandth page: transaction.c does that,
     * where a failure of it can be told from one of the commit. */
    (void)sqlite3_wal_hook(store->db, note_log, store);
    for (size_t i = 0; rc == TALLY_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
        rc = tally_sqlite_run(store, settings[i], NULL, err);
    return rc;
}

/* ---- creating ---- */

/* Only a store in write-ahead mode lets readers read while it is written. */
static tally_rc choose_log(tally_store *store, tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    tally_rc rc = TALLY_OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        rc = tally_sqlite_fail(store, code, "creating", err);
    else if (!tally_text_is(tally_sqlite_column(statement, 0), "wal"))
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s: this file system does not allow a shared log",
                           store->path);
    (void)sqlite3_finalize(statement);
    return rc;
}

/* Make a finished, empty store in a file that nobody looks for. */
static tally_rc build(tally_store *store, const char *path, tally_err *err)
{
    char application[64];
    tally_rc rc = tally_sqlite_new_file(path, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    (void)snprintf(application, sizeof(application), "PRAGMA application_id = %d",
                   TALLY_SQLITE_APPLICATION_ID);
    rc = tally_sqlite_connect(store, path, true, 0, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_run(store, "PRAGMA page_size = 4096", NULL, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_run(store, application, NULL, err);
    if (rc == TALLY_OK)
        rc = choose_log(store, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_migrate(store, tally_sqlite_schema_steps(), tally_sqlite_schema_version(),
                                  err);
    if (rc == TALLY_OK) {
        code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        if (code != SQLITE_OK)
            rc = tally_sqlite_fail(store, code, "creating", err);
    }
    (void)sqlite3_close(store->db);
    store->db = NULL;
    return rc;
}

/* Remove what an interrupted creation left, under the writer's lock. */
static tally_rc sweep(const char *path, tally_err *err)
{
    static const char *const endings[] = { "", "-journal", "-wal", "-shm" };
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < sizeof(endings) / sizeof(endings[0]); i++) {
        char *file = tally_sqlite_beside(path, endings[i]);

        if (file == NULL)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for creating %s", path);
        else
            (void)unlink(file);
        tally_release(file);
    }
    return rc;
}

/* A log that lies about would be taken for that of the new file. */
static tally_rc check_free(const char *path, tally_err *err)
{
    static const char *const endings[] = { "", "-journal", "-wal" };
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < sizeof(endings) / sizeof(endings[0]); i++) {
        char *file = tally_sqlite_beside(path, endings[i]);

        if (file == NULL)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for creating %s", path);
        else if (i == 0 ? tally_sqlite_is_there(file) : tally_sqlite_has_bytes(file))
            rc = tally_err_set(err, TALLY_E_CONFLICT, 0, "%s is there already", file);
        tally_release(file);
    }
    return rc;
}

static tally_rc create(tally_store *store, tally_err *err)
{
    char *temporary = NULL;
    tally_rc rc = check_free(store->path, err);

    if (rc != TALLY_OK)
        return rc;
    temporary = tally_sqlite_beside(store->path, ".creating");
    if (temporary == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for creating %s", store->path);
    rc = sweep(temporary, err);
    /* A crash up to here leaves a file that the next creation removes. */
    if (rc == TALLY_OK)
        rc = build(store, temporary, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_sync_file(temporary, err);
    /* From here on there is a store, whole and empty. */
    if (rc == TALLY_OK)
        rc = tally_sqlite_appear(temporary, store->path, err);
    if (rc != TALLY_OK)
        (void)sweep(temporary, NULL);
    tally_release(temporary);
    return rc;
}

/* ---- opening ---- */

/* Write what is in the log again as it is. */
static int rewrite_log(sqlite3_file *log)
{
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);
    char *bytes = code == SQLITE_OK && size > 0 ? tally_alloc(REWRITE_BYTES) : NULL;

    if (code == SQLITE_OK && size > 0 && bytes == NULL)
        return SQLITE_NOMEM;
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += REWRITE_BYTES) {
        int count = size - at < REWRITE_BYTES ? (int)(size - at) : REWRITE_BYTES;

        code = log->pMethods->xRead(log, bytes, count, at);
        if (code == SQLITE_OK)
            code = log->pMethods->xWrite(log, bytes, count, at);
    }
    tally_release(bytes);
    return code;
}

/* A writer that was killed while it committed may have left a transaction in the log
 * that is whole but not yet on the disk. We have taken it for committed, so it must
 * be before anybody acts on it.
 *
 * Where a sync has failed before, the kernel goes on to show pages that it has given
 * up writing, and the next sync says nothing of them. Only what is written again is
 * sure to be written: the writer does that. (Moving the log into the main file
 * would not do: a log of which the end is lost would hide the newer pages there.) A
 * reader may only sync. */
static tally_rc settle_log(tally_store *store, tally_err *err)
{
    sqlite3_file *log = tally_sqlite_log(store);
    int code = SQLITE_OK;

    if (log == NULL)
        return TALLY_OK;
    if (store->lock_fd >= 0)
        code = rewrite_log(log);
    if (code == SQLITE_OK)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ? TALLY_OK
                             : tally_sqlite_fail(store, code, "making the log durable", err);
}

static tally_rc load(tally_store *store, uint32_t busy_ms, tally_err *err)
{
    tally_store_transaction *transaction = NULL;
    tally_rc rc = check_ours(store, err);

    if (rc == TALLY_OK)
        rc = tally_sqlite_connect(store, store->path, store->lock_fd >= 0, busy_ms, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_migrate(store, tally_sqlite_schema_steps(), tally_sqlite_schema_version(),
                                  err);
    if (rc == TALLY_OK)
        rc = settle_log(store, err);
    if (rc != TALLY_OK || store->lock_fd < 0)
        return rc;
    rc = tally_store_begin(&transaction, store, false, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_sync_heads(store, err);
    tally_store_rollback(transaction);
    return rc;
}

static tally_rc settle(tally_store *store, const char *path, const tally_sqlite_options *options,
                       bool is_new, tally_err *err)
{
    tally_rc rc = tally_sqlite_resolve(&store->path, path, is_new, err);

    if (rc != TALLY_OK)
        return rc;
    store->wal_pages_max = WAL_PAGES;
    if (options != NULL) {
        store->heads_interval = options->heads_interval;
        if (options->wal_pages_max > 0)
            store->wal_pages_max = options->wal_pages_max;
    }
    store->checkpoint_at = store->wal_pages_max;
    if (options == NULL || options->vfs_name == NULL)
        return TALLY_OK;
    store->vfs_name = tally_sqlite_beside(options->vfs_name, "");
    if (store->vfs_name == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for opening %s", path);
    return TALLY_OK;
}

/* End an opening that failed; a creation then has left nothing. */
static void abandon(tally_store *store, bool is_created)
{
    store->is_broken = true; /* Nothing is worth writing at the end. */
    tally_sqlite_forget_statements(store);
    (void)sqlite3_close(store->db);
    store->db = NULL;
    if (is_created)
        (void)sweep(store->path, NULL); /* Still under the lock. */
    tally_store_close(store);
}

tally_rc tally_sqlite_open(tally_store **out_store, const char *path, tally_store_mode mode,
                           const tally_sqlite_options *options, tally_err *err)
{
    tally_store *store = NULL;
    bool is_created = false;
    tally_rc rc = tally_sqlite_start(err);

    TALLY_ASSERT(out_store != NULL && path != NULL);
    if (rc != TALLY_OK)
        return rc;
    store = tally_alloc_zeroed(sizeof(*store));
    if (store == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for opening %s", path);
    store->lock_fd = -1;
    store->transaction.store = store;
    rc = settle(store, path, options, mode == TALLY_STORE_CREATE, err);
    if (rc == TALLY_OK && mode != TALLY_STORE_READ)
        rc = tally_sqlite_lock(&store->lock_fd, store->path, err);
    if (rc == TALLY_OK && mode == TALLY_STORE_CREATE)
        rc = create(store, err);
    is_created = rc == TALLY_OK && mode == TALLY_STORE_CREATE;
    if (rc == TALLY_OK)
        rc = load(store, options != NULL ? options->busy_ms : 0, err);
    if (rc != TALLY_OK) {
        abandon(store, is_created);
        return rc;
    }
    *out_store = store;
    return TALLY_OK;
}

tally_rc tally_store_open(tally_store **out_store, const char *path, tally_store_mode mode,
                          tally_err *err)
{
    return tally_sqlite_open(out_store, path, mode, NULL, err);
}

/* The next opening for writing then has no tail to read. Nobody needs it to succeed. */
static void store_heads(tally_store *store)
{
    tally_store_transaction *transaction = NULL;

    if (store->is_broken || store->lock_fd < 0 ||
        tally_store_begin(&transaction, store, true, NULL) != TALLY_OK)
        return;
    if (transaction->state.heads_through < transaction->state.last_sequence)
        (void)tally_sqlite_commit(transaction, true, NULL);
    else
        tally_store_rollback(transaction);
}

void tally_store_close(tally_store *store)
{
    if (store == NULL)
        return;
    if (store->transaction.is_open)
        tally_store_rollback(&store->transaction);
    store_heads(store);
    tally_sqlite_forget_statements(store);
    (void)sqlite3_close(store->db);
    tally_sqlite_unlock(store->lock_fd);
    tally_heads_clear(&store->heads);
    tally_release(store->vfs_name);
    tally_release(store->path);
    tally_release(store);
}
