/* SPDX-License-Identifier: Apache-2.0 */
/* Backing up, and restoring: on a copy beside the store's place, which is renamed into it when
 * all is done. A crash in between leaves the copy, which the next try replaces. */

#include "ledger/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/leave.h"
#include "ledger/record.h"
#include "ledger/refill.h"
#include "ledger/sweep_backups.h"

#define PATH_BYTES 4096
#define NAME_BYTES 32 /* of the longest file below, and a slash */

/* ---- backing up ---- */

static tally_rc default_path(const tally_ledger *ledger, tally_buffer *out, tally_err *err)
{
    char name[TALLY_BACKUP_NAME_BYTES];

    (void)tally_buffer_printf(out, "%s/backups", ledger->folder);
    if (tally_buffer_failure(out) == TALLY_OK && mkdir(tally_buffer_string(out), S_IRWXU) != 0 &&
        errno != EEXIST)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", tally_buffer_string(out),
                             strerror(errno));
    tally_backup_name(name, tally_ledger_now_ms(ledger));
    if (tally_buffer_printf(out, "/%s", name) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "naming a backup");
    return TALLY_OK;
}

tally_rc tally_ledger_backup(tally_ledger *ledger, const char *path, tally_buffer *out_path,
                             tally_store_progress progress, void *context, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (path == NULL)
        rc = default_path(ledger, out_path, err);
    else if (tally_buffer_append_string(out_path, path) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(out_path), 0, "naming a backup");
    if (rc == TALLY_OK)
        rc = tally_store_backup(ledger->store, tally_buffer_string(out_path), progress, context,
                                err);
    return rc;
}

/* ---- restoring ---- */

typedef struct restoring {
    const tally_restore_options *options;
    char path[PATH_BYTES]; /* of whatever file is named next */
    tally_store *old;      /* open, so that nobody else writes to it; or NULL */
} restoring;

static const char *path_of(restoring *self, const char *name)
{
    (void)snprintf(self->path, sizeof(self->path), "%s/%s", self->options->folder, name);
    return self->path;
}

static bool is_there(restoring *self, const char *name)
{
    return access(path_of(self, name), F_OK) == 0;
}

static void remove_files(restoring *self, const char *const *names)
{
    for (; *names != NULL; names++)
        (void)unlink(path_of(self, *names));
}

/* Whoever has the store open for writing has to end first. A damaged one is no reason not to go on. */
static tally_rc look_at_old(restoring *self, tally_err *err)
{
    tally_rc rc;

    if (!is_there(self, "ledger.db"))
        return TALLY_OK;
    if (!self->options->replaces)
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "there is a store in %s already: it is replaced with --replace only",
                             self->options->folder);
    rc = tally_store_open(&self->old, path_of(self, "ledger.db"), TALLY_STORE_WRITE, NULL);
    if (rc == TALLY_E_CONFLICT)
        return tally_err_set(err, rc, 0, "another process has %s open for writing: end it first",
                             self->options->folder);
    if (rc == TALLY_E_NOMEM || rc == TALLY_E_IO)
        return tally_err_set(err, rc, 0, "%s cannot be locked", self->options->folder);
    if (rc != TALLY_OK)
        self->old = NULL;
    return TALLY_OK;
}

/* The store that goes away knows how many have left: a file with fewer would bring them back. What
 * a damaged store knows is not asked. */
static tally_rc compare_erasures(restoring *self, tally_err *err)
{
    tally_store_transaction *transaction;
    tally_erasures_place place = { 0 };
    tally_rc rc;

    if (self->old == NULL || tally_store_begin(&transaction, self->old, false, NULL) != TALLY_OK)
        return TALLY_OK;
    rc = tally_erasures_place_of(transaction, &place, NULL);
    tally_store_rollback(transaction);
    if (rc == TALLY_OK)
        rc = tally_erasures_read(path_of(self, "erasures"), &place, NULL, NULL, err);
    else
        rc = TALLY_OK;
    if (rc == TALLY_E_CORRUPT)
        rc = tally_err_set(err, rc, 0,
                           "%s/erasures is not the file that its store knows, or was cut: who left "
                           "would come back. Bring back its copy",
                           self->options->folder);
    return rc;
}

static tally_rc check_erasures(restoring *self, tally_err *err)
{
    if (is_there(self, "erasures"))
        return compare_erasures(self, err);
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "%s has no file `erasures`, which says who left since the backup was "
                         "made. Bring back its copy; only if nobody ever left, make an empty one",
                         self->options->folder);
}

static const char *const copy_names[] = { "restore.db", "restore.db-wal", "restore.db-shm",
                                          "restore.db-journal", NULL };

static tally_rc copy_backup(restoring *self, tally_err *err)
{
    const tally_restore_options *options = self->options;
    tally_store *backup = NULL;
    tally_rc rc = tally_store_open(&backup, options->backup, TALLY_STORE_READ, err);

    if (rc != TALLY_OK)
        return rc;
    remove_files(self, copy_names);
    rc = tally_store_backup(backup, path_of(self, "restore.db"), options->progress,
                            options->context, err);
    tally_store_close(backup);
    return rc;
}

/* What happened, for whoever reads the log: the instant the backup knew last, and what is lost. */
static tally_rc note_restore(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    const tally_restore_report *report = context;
    tally_fact_record fact = { .type = "restore" };
    tally_buffer body;
    tally_jcs jcs;
    tally_rc rc;

    fact.at_ms = tally_ledger_stamp(ledger);
    tally_buffer_init(&body, 512);
    tally_jcs_init(&jcs, &body);
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "entries", (int64_t)report->entries);
    tally_jcs_member_integer(&jcs, "erased", (int64_t)report->erased);
    tally_jcs_member_integer(&jcs, "lost", (int64_t)report->lost);
    tally_value_write_instant(&jcs, "recorded", report->recorded_ms);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    fact.body = tally_buffer_text(&body);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&body);
    return rc;
}

/* On the copy, which nobody else knows of yet. */
static tally_rc mend_copy(restoring *self, tally_restore_report *report, tally_err *err)
{
    const tally_ledger_options options = { .folder = self->options->folder,
                                           .is_for_writing = true,
                                           .clock = self->options->clock,
                                           .random = self->options->random,
                                           .is_restoring = true };
    tally_ledger *ledger = NULL;
    tally_rc rc = tally_ledger_open(&ledger, &options, err);

    if (rc != TALLY_OK)
        return rc;
    report->recorded_ms = ledger->state.recorded_ms;
    rc = tally_erasures_replay(ledger, false, &report->erased, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_refill(ledger, report, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, note_restore, report, err);
    if (rc == TALLY_OK)
        rc = tally_store_purge(ledger->store, true, err);
    tally_ledger_close(ledger);
    return rc;
}

static tally_rc refused(restoring *self, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s: %s", self->path, strerror(errno));
}

static tally_rc sync_folder(restoring *self, tally_err *err)
{
    int folder = open(self->options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = folder >= 0 && fsync(folder) == 0;

    if (folder >= 0)
        (void)close(folder);
    return is_synced ? TALLY_OK
                     : tally_err_set(err, TALLY_E_IO, 0, "%s cannot be synced: %s",
                                     self->options->folder, strerror(errno));
}

/* The log beside the old store would be taken for the new one's: it goes before the renaming. The
 * old store itself is whole without it only after a clean end, which is why it is not kept. */
static tally_rc take_place(restoring *self, tally_err *err)
{
    static const char *const old_names[] = { "ledger.db-wal", "ledger.db-shm", "ledger.db-journal",
                                             NULL };
    struct stat found;
    char from[PATH_BYTES];
    tally_rc rc = TALLY_OK;

    if (stat(path_of(self, "restore.db-wal"), &found) == 0 && found.st_size > 0)
        return tally_err_set(err, TALLY_E_IO, 0, "the restored store was not closed whole");
    tally_store_close(self->old);
    self->old = NULL;
    remove_files(self, old_names);
    memcpy(from, path_of(self, "restore.db"), sizeof(from));
    if (rename(from, path_of(self, "ledger.db")) != 0)
        rc = refused(self, err);
    if (rc == TALLY_OK)
        rc = sync_folder(self, err);
    (void)unlink(path_of(self, "restore.db.lock"));
    return rc;
}

tally_rc tally_ledger_restore(const tally_restore_options *options,
                              tally_restore_report *out_report, tally_err *err)
{
    restoring self = { .options = options };
    tally_rc rc;

    *out_report = (tally_restore_report){ 0 };
    if (strlen(options->folder) > PATH_BYTES - NAME_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "that is no name for a folder");
    rc = look_at_old(&self, err);
    if (rc == TALLY_OK)
        rc = check_erasures(&self, err);
    if (rc == TALLY_OK)
        rc = copy_backup(&self, err);
    if (rc == TALLY_OK)
        rc = mend_copy(&self, out_report, err);
    if (rc == TALLY_OK)
        rc = take_place(&self, err);
    if (rc != TALLY_OK)
        remove_files(&self, copy_names);
    tally_store_close(self.old);
    return rc;
}
