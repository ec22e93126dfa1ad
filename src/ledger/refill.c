/* SPDX-License-Identifier: Apache-2.0 */
/* The journal from the public log. What was signed can never be unsigned: a store that is
 * behind its log gets the entries back, without what opens the records among them. */

#include "ledger/refill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "ledger/record.h"
#include "publish/folder.h"
#include "publish/heads.h"
#include "tlog/reading.h"
#include "tlog/state.h"
#include "util/alloc.h"

#define HEADS_BYTES_MAX    ((size_t)64 << 20)
#define DOCUMENT_BYTES_MAX ((size_t)16 << 20)
#define BUNDLES_AT_ONCE    16u
#define PATH_ARENA         ((size_t)16 << 10)

typedef struct refilling {
    tally_folder log, state;
    bool has_state;
    tally_hash *hash;
    tally_reading reading;
    tally_buffer document;
    uint64_t size; /* that was signed; 0: nothing */
    tally_node root;
    tally_tree_edge edge; /* of the journal, when it is checked */
    uint64_t checked;
    tally_restore_report *report;
} refilling;

/* ---- how far the log was signed ---- */

static tally_rc read_heads(refilling *self, tally_err *err)
{
    tally_node chain = { { 0 } };
    bool exists = false;
    tally_buffer bytes;
    size_t at = 0;
    tally_rc rc;

    tally_buffer_init(&bytes, HEADS_BYTES_MAX);
    rc = tally_folder_read(&self->state, TALLY_HEADS_NAME, &bytes, &exists, err);
    while (rc == TALLY_OK && at < bytes.count) {
        tally_heads_record record;
        tally_rc found = tally_heads_parse(
            &record, tally_text_of(bytes.bytes + at, bytes.count - at), &chain, self->hash);

        if (found == TALLY_E_RETRY)
            break; /* was being written; nothing was signed by it */
        if (found != TALLY_OK)
            rc = tally_err_set(err, found == TALLY_E_NOMEM ? found : TALLY_E_CORRUPT, 0,
                               "log-state/heads is damaged");
        if (rc != TALLY_OK)
            break;
        chain = record.check;
        self->size = record.head.size;
        self->root = record.head.root;
        at += record.bytes;
    }
    tally_buffer_free(&bytes);
    return rc;
}

/* The last empty line of a note separates text and signatures. */
static tally_text text_of_note(tally_text note)
{
    for (size_t i = note.count; i >= 2; i--) {
        if (note.bytes[i - 1] == '\n' && note.bytes[i - 2] == '\n')
            return tally_text_slice(note, 0, i - 1);
    }
    return note;
}

/* Only when the publisher's own heads are gone: the folder's word on how far it went, which the root
 * over all entries has to bear out. */
static tally_rc read_checkpoint(refilling *self, tally_text origin, tally_err *err)
{
    tally_checkpoint checkpoint;
    tally_buffer note;
    bool exists = false;
    tally_rc rc;

    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    rc = tally_folder_read(&self->log, TALLY_READING_CHECKPOINT, &note, &exists, err);
    if (rc == TALLY_OK && exists) {
        rc = tally_checkpoint_parse(&checkpoint, text_of_note(tally_buffer_text(&note)), err);
        if (rc == TALLY_OK && !tally_text_is_equal(checkpoint.origin, origin))
            rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the folder `log` is another programme's");
        if (rc == TALLY_OK && checkpoint.size > self->size) {
            self->size = checkpoint.size;
            self->root = checkpoint.root;
        }
    }
    tally_buffer_free(&note);
    return rc;
}

/* ---- taking over ---- */

static tally_rc read_document(refilling *self, uint64_t index, const tally_entry *entry,
                              tally_err *err)
{
    char path[TALLY_STATE_PATH_BYTES];
    bool exists = false;
    tally_rc rc;

    if (entry->kind == TALLY_ENTRY_STATE)
        (void)tally_state_path(path, &(tally_state_file){ entry->epoch, TALLY_STATE_HEAD, 0 });
    else
        (void)snprintf(path, sizeof(path), "documents/%" PRIu64, index);
    rc = tally_folder_read(&self->log, path, &self->document, &exists, err);
    if (rc == TALLY_OK && !exists)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the log lacks its file %s: a mirror has it",
                           path);
    return rc;
}

static tally_rc take_entry(tally_ledger *ledger, tally_store_transaction *transaction,
                           refilling *self, tally_text bytes, tally_err *err)
{
    tally_entry entry;
    tally_rc rc = tally_entry_parse(&entry, bytes, err);

    tally_buffer_reset(&self->document);
    if (rc == TALLY_OK && entry.kind != TALLY_ENTRY_RECORD)
        rc = read_document(self, ledger->state.log_size, &entry, err);
    if (rc == TALLY_OK)
        rc = tally_record_recover(ledger, transaction, bytes, tally_buffer_text(&self->document),
                                  err);
    if (rc != TALLY_OK)
        return rc;
    self->report->entries++;
    self->report->lost += entry.kind == TALLY_ENTRY_RECORD;
    self->report->policies += entry.kind == TALLY_ENTRY_POLICY;
    return TALLY_OK;
}

static tally_rc take_bundles(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    const tally_restore_report before = *((refilling *)context)->report;
    refilling *self = context;
    tally_rc rc = TALLY_OK;

    for (unsigned i = 0;
         rc == TALLY_OK && i < BUNDLES_AT_ONCE && ledger->state.log_size < self->size; i++) {
        uint64_t index = ledger->state.log_size / TALLY_TILE_WIDTH;
        tally_bundle bundle;

        rc = tally_reading_bundle(&self->reading, index, &bundle, err);
        if (rc == TALLY_E_RETRY)
            rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                               "the log lacks a bundle of its entries: a mirror has it");
        for (uint32_t k = (uint32_t)(ledger->state.log_size % TALLY_TILE_WIDTH);
             rc == TALLY_OK && k < bundle.count; k++)
            rc = take_entry(ledger, transaction, self, bundle.entries[k], err);
    }
    /* All published up to there: the next beat begins behind it. */
    ledger->state.beat_until = ledger->state.log_size;
    ledger->state.is_changed = true;
    if (rc != TALLY_OK)
        *self->report = before;
    return rc;
}

/* ---- the root ---- */

static tally_rc add_leaf(void *context, int64_t key, tally_text value, bool *out_is_enough,
                         tally_err *err)
{
    refilling *self = context;
    tally_node leaf;
    tally_rc rc = tally_tree_hash_leaf(self->hash, &leaf, value.bytes, value.count);

    if (key != (int64_t)self->checked + 1)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the journal has a gap at entry %" PRIu64,
                             self->checked);
    if (rc == TALLY_OK)
        rc = tally_tree_append(&self->edge, self->hash, &leaf);
    *out_is_enough = ++self->checked == self->size;
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "hashing the journal");
}

static tally_rc check_root(tally_ledger *ledger, tally_store_transaction *transaction,
                           void *context, tally_err *err)
{
    refilling *self = context;
    tally_node root;
    tally_rc rc;

    (void)ledger;
    self->checked = 0;
    self->edge = (tally_tree_edge){ 0 };
    rc = tally_store_scan(transaction, TALLY_STORE_JOURNAL, 1, add_leaf, self, err);
    if (rc == TALLY_OK)
        rc = tally_tree_root(&self->edge, self->hash, &root);
    if (rc == TALLY_OK && (self->checked != self->size ||
                           memcmp(root.bytes, self->root.bytes, sizeof(root.bytes)) != 0))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "the backup's journal is not the one that was signed: it is another "
                           "programme's, or was altered");
    return rc;
}

static tally_rc refill(tally_ledger *ledger, refilling *self, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    tally_reading_init(&self->reading, tally_folder_source(&self->log), self->size);
    while (rc == TALLY_OK && ledger->state.log_size < self->size)
        rc = tally_ledger_run(ledger, true, take_bundles, self, err);
    tally_reading_free(&self->reading);
    if (rc == TALLY_OK && self->size > 0)
        rc = tally_ledger_run(ledger, false, check_root, self, err);
    return rc;
}

static tally_rc open_folders(const tally_ledger *ledger, tally_arena *arena, refilling *self,
                             bool *out_has_log, tally_err *err)
{
    const char *log, *state;
    tally_rc rc = tally_ledger_path(ledger, arena, "log", &log, err);

    *out_has_log = false;
    if (rc == TALLY_OK)
        rc = tally_ledger_path(ledger, arena, "log-state", &state, err);
    if (rc != TALLY_OK)
        return rc;
    *out_has_log =
        tally_folder_open_present(&self->log, &tally_files_system, AT_FDCWD, log, NULL) == TALLY_OK;
    self->has_state = tally_folder_open_present(&self->state, &tally_files_system, AT_FDCWD, state,
                                                NULL) == TALLY_OK;
    if (self->has_state)
        rc = read_heads(self, err);
    return rc;
}

static tally_rc run(tally_ledger *ledger, tally_arena *arena, refilling *self, tally_err *err)
{
    bool has_log;
    tally_rc rc = open_folders(ledger, arena, self, &has_log, err);

    if (rc == TALLY_OK && has_log)
        rc = read_checkpoint(self, ledger->origin, err);
    if (rc == TALLY_OK && self->size > 0 && !has_log)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "a log was signed, and its folder `log` is not there: a mirror has it");
    return rc == TALLY_OK ? refill(ledger, self, err) : rc;
}

tally_rc tally_ledger_refill(tally_ledger *ledger, tally_restore_report *report, tally_err *err)
{
    tally_arena *arena = tally_arena_new(PATH_ARENA);
    refilling *self = tally_alloc_zeroed(sizeof(*self));
    tally_rc rc = TALLY_E_NOMEM;

    if (self != NULL) {
        self->report = report;
        self->hash = tally_hash_new();
        tally_buffer_init(&self->document, DOCUMENT_BYTES_MAX);
    }
    if (arena != NULL && self != NULL && self->hash != NULL)
        rc = run(ledger, arena, self, err);
    if (rc == TALLY_E_NOMEM)
        (void)tally_err_set(err, rc, 0, "refilling the journal");
    if (self != NULL) {
        tally_folder_close(&self->log);
        tally_folder_close(&self->state);
        tally_buffer_free(&self->document);
        tally_hash_free(self->hash);
    }
    tally_release(self);
    tally_arena_free(arena);
    return rc;
}
