/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher: opening, recovering, and the steps of a beat.
 *
 * What is public is never ahead of the signed heads, and the signed heads never
 * ahead of the durable files. A crash between two steps leaves the later of each
 * pair behind, and the same steps bring it up again. */

#include "publish/publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "publish/publisher_internal.h"
#include "util/alloc.h"

#define LOCK_NAME "lock"

/* ---- opening ---- */

static tally_rc take_lock(tally_publisher *publisher, tally_err *err)
{
    const tally_files *files = publisher->options.files;
    int failure;

    publisher->lock =
        files->calls->open(files->context, publisher->state.handle, LOCK_NAME, TALLY_FILES_APPEND);
    if (publisher->lock < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s/" LOCK_NAME " cannot be opened: %s",
                             publisher->state.name, strerror(-publisher->lock));
    failure = files->calls->lock(files->context, publisher->lock);
    if (failure == -EWOULDBLOCK)
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "another publisher holds %s/" LOCK_NAME "; one is enough",
                             publisher->state.name);
    if (failure < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s/" LOCK_NAME " cannot be locked: %s",
                             publisher->state.name, strerror(-failure));
    return TALLY_OK;
}

static tally_rc load_keys(tally_publisher *publisher, tally_err *err)
{
    const tally_publisher_options *options = &publisher->options;

    if (options->signer_count == 0 || options->signer_count > TALLY_SIGNERS_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a log has one or two keys");
    publisher->origin = options->signers[0].name;
    for (size_t i = 0; i < options->signer_count; i++) {
        if (options->signers[i].kind != TALLY_KEY_LOG ||
            !tally_text_is_equal(options->signers[i].name, publisher->origin))
            return tally_err_set(err, TALLY_E_INVALID, 0,
                                 "the keys of a log are a log's, and all have its name");
        if (tally_signer_vkey(&publisher->keys[i], &options->signers[i]) != TALLY_OK)
            return tally_err_set(err, TALLY_E_INVALID, 0, "a key cannot be computed");
    }
    publisher->trust = (tally_trust){ .origin = publisher->origin,
                                      .log_keys = publisher->keys,
                                      .log_key_count = options->signer_count };
    return TALLY_OK;
}

/* The note of the last signed head is of this log and by one of these keys. */
static tally_rc check_last(tally_publisher *publisher, tally_err *err)
{
    const tally_head *last = &publisher->heads.last;
    tally_err inner = TALLY_ERR_INIT;
    tally_opened opened;

    if (last->size == 0)
        return TALLY_OK;
    if (tally_checkpoint_open(&opened, tally_buffer_text(&publisher->heads.note), &publisher->trust,
                              &inner) != TALLY_OK)
        return tally_err_set(err, inner.rc == TALLY_E_DENIED ? TALLY_E_INVALID : TALLY_E_CORRUPT, 0,
                             "the last signed head of %s is not by this key: %s",
                             publisher->state.name, inner.message);
    if (opened.checkpoint.size != last->size ||
        !tally_node_is_equal(&opened.checkpoint.root, &last->root))
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "the last signed head of %s is not what its note says",
                             publisher->state.name);
    return TALLY_OK;
}

/* ---- the public checkpoint against the signed heads ---- */

static tally_rc stop(tally_publisher *publisher, tally_err *err, const char *what)
{
    publisher->is_stopped = true;
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "%s/" TALLY_READING_CHECKPOINT ": %s",
                         publisher->log.name, what);
}

/* Read what is public. It must be a head that was signed; otherwise somebody else
 * signed it, or the signed heads are an old copy. */
static tally_rc load_shown(tally_publisher *publisher, tally_err *err)
{
    tally_err inner = TALLY_ERR_INIT;
    tally_opened opened;
    tally_node root;
    bool exists = false, is_known = false;
    tally_rc rc = tally_folder_read(&publisher->log, TALLY_READING_CHECKPOINT,
                                    &publisher->shown_note, &exists, err);

    publisher->shown = (tally_head){ .root = tally_tree_empty_root };
    if (rc == TALLY_E_LIMIT)
        return stop(publisher, err, "it is too long for a checkpoint");
    if (rc != TALLY_OK || !exists)
        return rc;
    rc = tally_checkpoint_open(&opened, tally_buffer_text(&publisher->shown_note),
                               &publisher->trust, &inner);
    if (rc == TALLY_E_NOMEM)
        return tally_publisher_no_memory(err);
    if (rc != TALLY_OK)
        return stop(publisher, err, inner.message);
    if (opened.checkpoint.size > publisher->heads.last.size)
        return stop(publisher, err,
                    "it is newer than the last signed head: `heads` is an old copy, or another "
                    "copy of this log runs. Nothing is signed. Never restore `heads`; refill the "
                    "journal from the published bundles, or close this origin and start a new log");
    rc = tally_heads_find(&publisher->heads, opened.checkpoint.size, &root, &is_known, err);
    if (rc != TALLY_OK)
        return rc;
    if (!is_known || !tally_node_is_equal(&root, &opened.checkpoint.root))
        return stop(publisher, err,
                    "it was not signed by this publisher, and is a fork of what was. Nothing is "
                    "signed; keep it and `heads`, they prove it");
    publisher->shown =
        (tally_head){ .size = opened.checkpoint.size, .root = opened.checkpoint.root };
    return TALLY_OK;
}

/* Bring the files up to the last signed head from a head that they have. */
static tally_rc restore(tally_publisher *publisher, const tally_head *from, tally_err *err)
{
    const tally_head *last = &publisher->heads.last;
    tally_node root;
    tally_rc rc =
        tally_publisher_build(publisher, from, last->size, TALLY_FOLDER_SIGNED, &root, err);

    if (rc == TALLY_OK && !tally_node_is_equal(&root, &last->root))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "the journal does not give the root that was signed at size %" PRIu64
                           ": it was altered, or restored from a backup. Refill it from the "
                           "published bundles",
                           last->size);
    if (rc == TALLY_OK)
        rc = tally_publisher_documents(publisher, from->size, last->size, TALLY_FOLDER_SIGNED, err);
    if (rc == TALLY_OK && last->size > from->size)
        rc = tally_publisher_check(publisher, from, last, err);
    if (rc == TALLY_OK)
        rc = tally_folder_settle(&publisher->log, err);
    return rc;
}

/* Before anything is signed: the files of the last signed head are there. */
static tally_rc recover(tally_publisher *publisher, tally_err *err)
{
    const tally_head nothing = { .root = tally_tree_empty_root };
    tally_journal journal = *publisher->options.journal;
    tally_err inner = TALLY_ERR_INIT;
    uint64_t size = 0;
    tally_rc rc = journal.calls->size(journal.context, &size, err);

    if (rc != TALLY_OK)
        return rc;
    if (size < publisher->heads.last.size) {
        publisher->is_stopped = true;
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "the journal has %" PRIu64 " entries, and %" PRIu64
                             " were signed: it was restored from a backup. Refill it from the "
                             "published bundles, or close this origin and start a new log",
                             size, publisher->heads.last.size);
    }
    rc = restore(publisher, &publisher->shown, &inner);
    /* Files are missing. Write them all again, from the first entry on. */
    if (rc == TALLY_E_RETRY)
        return restore(publisher, &nothing, err);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "%s", inner.message);
}

static tally_rc begin(tally_publisher *publisher, tally_err *err)
{
    const tally_publisher_options *options = &publisher->options;
    tally_rc rc;

    publisher->hash = tally_hash_new();
    tally_buffer_init(&publisher->shown_note, TALLY_NOTE_BYTES_MAX);
    tally_buffer_init(&publisher->bundle, TALLY_BUNDLE_BYTES_MAX);
    if (publisher->hash == NULL)
        return tally_publisher_no_memory(err);
    rc = load_keys(publisher, err);
    if (rc == TALLY_OK)
        rc = tally_folder_open(&publisher->state, options->files, options->at, options->state_path,
                               err);
    if (rc == TALLY_OK)
        rc = take_lock(publisher, err);
    if (rc == TALLY_OK)
        rc =
            tally_folder_open(&publisher->log, options->files, options->at, options->log_path, err);
    if (rc == TALLY_OK)
        rc = tally_heads_open(&publisher->heads, &publisher->state, publisher->hash, err);
    if (rc == TALLY_OK)
        rc = check_last(publisher, err);
    if (rc == TALLY_OK)
        rc = load_shown(publisher, err);
    if (rc == TALLY_OK)
        rc = recover(publisher, err);
    return rc;
}

tally_rc tally_publisher_open(tally_publisher **out_publisher,
                              const tally_publisher_options *options, tally_err *err)
{
    tally_publisher *publisher = tally_alloc_zeroed(sizeof(*publisher));
    tally_rc rc;

    if (publisher == NULL)
        return tally_publisher_no_memory(err);
    publisher->options = *options;
    publisher->lock = -1;
    rc = begin(publisher, err);
    if (rc == TALLY_OK)
        *out_publisher = publisher;
    else
        tally_publisher_close(publisher);
    return rc;
}

void tally_publisher_close(tally_publisher *publisher)
{
    if (publisher == NULL)
        return;
    tally_heads_close(&publisher->heads);
    tally_folder_close(&publisher->log);
    if (publisher->lock >= 0)
        publisher->options.files->calls->close(publisher->options.files->context, publisher->lock);
    tally_folder_close(&publisher->state);
    tally_buffer_free(&publisher->shown_note);
    tally_buffer_free(&publisher->bundle);
    tally_hash_free(publisher->hash);
    tally_release(publisher);
}

/* ---- a beat ---- */

/* Sign a head whose files were written, read back and made durable. */
static tally_rc sign(tally_publisher *publisher, const tally_head *next, tally_err *err)
{
    const tally_checkpoint checkpoint = { .origin = publisher->origin,
                                          .size = next->size,
                                          .root = next->root };
    const tally_head old = publisher->heads.last;
    tally_buffer text, note;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_NOTE_BYTES_MAX);
    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    rc = tally_checkpoint_append(&text, &checkpoint);
    if (rc == TALLY_OK)
        rc = tally_note_sign(&note, tally_buffer_text(&text), publisher->options.signers,
                             publisher->options.signer_count, err);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "the checkpoint cannot be signed");
    /* The commit point: from here on this is the head of the log at this size. */
    if (rc == TALLY_OK)
        rc = tally_heads_append(&publisher->heads, &old, next, tally_buffer_text(&note), err);
    tally_buffer_free(&text);
    tally_buffer_free(&note);
    return rc;
}

/* What goes out together says how much happened in between. */
static tally_rc check_padding(tally_publisher *publisher, uint64_t from, uint64_t to,
                              tally_err *err)
{
    uint64_t records = 0;

    for (uint64_t at = from; at < to;) {
        uint64_t count = to - at < TALLY_PUBLISHER_CHUNK ? to - at : TALLY_PUBLISHER_CHUNK;
        tally_rc rc = tally_publisher_load(publisher, at, count, err);

        if (rc != TALLY_OK)
            return rc;
        for (uint64_t i = 0; i < count; i++)
            records += publisher->chunk[i * TALLY_ENTRY_BYTES + 1] == TALLY_ENTRY_RECORD;
        at += count;
    }
    if (records == 0 || records % TALLY_JOURNAL_RECORDS_MULTIPLE != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the journal gave %" PRIu64
                             " records for this beat, not padded to a multiple of %u: their number "
                             "would be public. It is not published",
                             records, TALLY_JOURNAL_RECORDS_MULTIPLE);
    return TALLY_OK;
}

static tally_rc extend(tally_publisher *publisher, uint64_t until, tally_err *err)
{
    const tally_head from = publisher->heads.last;
    tally_head next = { .size = until };
    tally_rc rc = check_padding(publisher, from.size, until, err);

    if (rc == TALLY_OK)
        rc = tally_publisher_documents(publisher, from.size, until, TALLY_FOLDER_DRAFT, err);
    if (rc == TALLY_OK)
        rc = tally_publisher_build(publisher, &from, until, TALLY_FOLDER_DRAFT, &next.root, err);
    if (rc == TALLY_OK)
        rc = tally_folder_settle(&publisher->log, err);
    if (rc == TALLY_OK)
        rc = tally_publisher_check(publisher, &from, &next, err);
    if (rc == TALLY_OK)
        rc = sign(publisher, &next, err);
    return rc;
}

static tally_rc go_on(tally_publisher *publisher, uint64_t beat, int64_t now_s,
                      tally_published *out, tally_err *err)
{
    const tally_journal *journal = publisher->options.journal;
    uint64_t until = 0;
    uint64_t before = publisher->heads.last.size;
    tally_rc rc = journal->calls->begin_beat(journal->context, beat, &until, err);

    /* Somebody else may have published meanwhile: from another machine, past the
     * lock. */
    if (rc == TALLY_OK)
        rc = load_shown(publisher, err);
    if (rc == TALLY_OK)
        rc = recover(publisher, err);
    if (rc == TALLY_OK && until > before)
        rc = extend(publisher, until, err);
    if (rc == TALLY_OK && publisher->shown.size < publisher->heads.last.size)
        rc = tally_publisher_show(publisher, out, err);
    else
        out->cosigned = publisher->shown_cosigned;
    if (rc == TALLY_OK)
        rc = tally_publisher_sweep(publisher, now_s, &out->removed_count, err);
    out->new_count = publisher->heads.last.size - before;
    return rc;
}

tally_rc tally_publisher_beat(tally_publisher *publisher, uint64_t beat, int64_t now_s,
                              tally_published *out, tally_err *err)
{
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    if (publisher->is_stopped)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "this publisher found something wrong before and signs nothing more");
    if (publisher->state.is_broken || publisher->log.is_broken)
        return tally_err_set(err, TALLY_E_IO, 0,
                             "a sync failed before; end this process and check the disk");
    publisher->now_s = now_s;
    rc = go_on(publisher, beat, now_s, out, err);
    out->size = publisher->heads.last.size;
    out->public_size = publisher->shown.size;
    out->is_public = out->size == out->public_size;
    if (rc == TALLY_E_CORRUPT || rc == TALLY_E_CONFLICT)
        publisher->is_stopped = true;
    return rc;
}
