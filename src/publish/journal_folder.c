/* SPDX-License-Identifier: Apache-2.0 */
/* A journal in a folder. An append is one write and one sync; a record that a
 * crash cut is cut off when the journal is opened. A document is durable before
 * the entry that commits it. */

#include "publish/journal_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tlog/checkpoint.h"

#define ENTRIES      "entries"
#define BEATS        "beats"
#define ORIGIN       "origin"
#define BEAT_BYTES   16
#define PATH_BYTES   64
#define RUN          256u /* entries read at once */
#define ORIGIN_BYTES ((size_t)TALLY_NOTE_NAME_BYTES_MAX + 1)

static tally_rc refuse(const tally_journal_folder *journal, const char *name, int failure,
                       const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s/%s cannot be %s: %s", journal->folder.name, name,
                         what, strerror(-failure));
}

static tally_rc corrupt(const tally_journal_folder *journal, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "%s: %s", journal->folder.name, what);
}

static void write_u64(uint8_t *out, uint64_t value)
{
    for (uint32_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Append to one of the two files, durably. */
static tally_rc append(tally_journal_folder *journal, int file, const char *name, const void *bytes,
                       size_t count, tally_err *err)
{
    const tally_files *files = journal->folder.files;
    int64_t end = files->calls->size(files->context, file);
    int failure = end < 0 ? (int)end : files->calls->write(files->context, file, bytes, count);

    if (journal->folder.is_broken)
        return tally_err_set(err, TALLY_E_IO, 0, "%s is broken; end this process",
                             journal->folder.name);
    if (failure == 0) {
        failure = files->calls->sync(files->context, file);
        journal->folder.is_broken = failure != 0;
    } else if (end >= 0) {
        journal->folder.is_broken = files->calls->cut(files->context, file, (uint64_t)end) != 0;
    }
    return failure == 0 ? TALLY_OK : refuse(journal, name, failure, "written", err);
}

/* ---- entries ---- */

static tally_rc append_entry(tally_journal_folder *journal, tally_entry_kind kind,
                             const tally_node *commitment, uint64_t *out_index, tally_err *err)
{
    const tally_entry entry = { .kind = kind,
                                .epoch = journal->epoch,
                                .policy = journal->policy + (kind == TALLY_ENTRY_POLICY ? 1 : 0),
                                .commitment = *commitment };
    uint8_t bytes[TALLY_ENTRY_BYTES];
    tally_rc rc;

    tally_entry_write(bytes, &entry);
    rc = append(journal, journal->entries, ENTRIES, bytes, sizeof(bytes), err);
    if (rc != TALLY_OK)
        return rc;
    journal->policy = entry.policy;
    if (out_index != NULL)
        *out_index = journal->size;
    journal->size++;
    return TALLY_OK;
}

tally_rc tally_journal_folder_append(tally_journal_folder *journal, const tally_node *commitment,
                                     uint64_t *out_index, tally_err *err)
{
    return append_entry(journal, TALLY_ENTRY_RECORD, commitment, out_index, err);
}

tally_rc tally_journal_folder_set_epoch(tally_journal_folder *journal, uint32_t epoch,
                                        tally_err *err)
{
    if (epoch <= journal->epoch)
        return tally_err_set(err, TALLY_E_INVALID, 0, "epoch %" PRIu32 " has begun", epoch);
    journal->epoch = epoch;
    return TALLY_OK;
}

static tally_rc append_document(void *context, tally_entry_kind kind, tally_text document,
                                uint64_t *out_index, tally_err *err)
{
    tally_journal_folder *journal = context;
    char path[PATH_BYTES];
    tally_node commitment;
    tally_rc rc;

    if (document.count > TALLY_JOURNAL_DOCUMENT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the document is too long");
    if (tally_commit_public(journal->hash, &commitment, document) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
    (void)snprintf(path, sizeof(path), "documents/%" PRIu64, journal->size);
    rc = tally_folder_write(&journal->folder, path, document, TALLY_FOLDER_DRAFT, err);
    if (rc == TALLY_OK)
        rc = tally_folder_settle(&journal->folder, err);
    return rc == TALLY_OK ? append_entry(journal, kind, &commitment, out_index, err) : rc;
}

static tally_rc read_entries(void *context, uint64_t from, uint64_t count,
                             const tally_journal_sink *sink, tally_err *err)
{
    tally_journal_folder *journal = context;
    const tally_files *files = journal->folder.files;

    if (count > journal->size || from > journal->size - count)
        return corrupt(journal, "it ends before what was asked for", err);
    while (count > 0) {
        uint8_t run[RUN * TALLY_ENTRY_BYTES];
        size_t now = count < RUN ? (size_t)count : RUN;
        int64_t got = files->calls->read(files->context, journal->entries, run,
                                         now * TALLY_ENTRY_BYTES, from * TALLY_ENTRY_BYTES);
        tally_rc rc;

        if (got < 0)
            return refuse(journal, ENTRIES, (int)got, "read", err);
        if ((size_t)got != now * TALLY_ENTRY_BYTES)
            return corrupt(journal, "entries are missing at its end", err);
        rc = sink->take(sink->context, run, now, err);
        if (rc != TALLY_OK)
            return rc;
        from += now;
        count -= now;
    }
    return TALLY_OK;
}

/* ---- the other calls ---- */

static tally_rc origin_of(void *context, tally_buffer *out, tally_err *err)
{
    tally_journal_folder *journal = context;
    tally_buffer bytes;
    tally_text line = { NULL, 0 };
    bool exists = false;
    tally_rc rc;

    tally_buffer_init(&bytes, ORIGIN_BYTES);
    rc = tally_folder_read(&journal->folder, ORIGIN, &bytes, &exists, err);
    if (rc == TALLY_OK) {
        tally_text rest = tally_buffer_text(&bytes);

        if (!exists || !tally_checkpoint_take_line(&line, &rest) || rest.count > 0 ||
            !tally_note_is_name(line))
            rc = corrupt(journal, "its origin is none", err);
    }
    if (rc == TALLY_OK && tally_buffer_append_text(out, line) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    tally_buffer_free(&bytes);
    return rc;
}

static tally_rc size_of(void *context, uint64_t *out_size, tally_err *err)
{
    (void)err;
    *out_size = ((tally_journal_folder *)context)->size;
    return TALLY_OK;
}

static tally_rc document_of(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    tally_journal_folder *journal = context;
    char path[PATH_BYTES];
    tally_buffer bytes;
    bool exists = false;
    tally_rc rc;

    (void)snprintf(path, sizeof(path), "documents/%" PRIu64, index);
    tally_buffer_init(&bytes, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    rc = tally_folder_read(&journal->folder, path, &bytes, &exists, err);
    if (rc == TALLY_OK && !exists)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "%s/%s is missing", journal->folder.name, path);
    if (rc == TALLY_OK && tally_buffer_append_text(out, tally_buffer_text(&bytes)) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    tally_buffer_free(&bytes);
    return rc;
}

static tally_rc no_snapshot(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    (void)context;
    (void)out;
    return tally_err_set(err, TALLY_E_INVALID, 0, "entry %" PRIu64 " has no snapshot", index);
}

static tally_rc no_rows(void *context, uint64_t index, const tally_journal_row_sink *sink,
                        tally_err *err)
{
    (void)context;
    (void)sink;
    return tally_err_set(err, TALLY_E_INVALID, 0, "entry %" PRIu64 " has no snapshot", index);
}

static tally_rc count_records(void *context, const uint8_t *entries, size_t count, tally_err *err)
{
    (void)err;
    for (size_t i = 0; i < count; i++)
        *(uint64_t *)context += entries[i * TALLY_ENTRY_BYTES + 1] == TALLY_ENTRY_RECORD;
    return TALLY_OK;
}

static tally_rc find_beat(tally_journal_folder *journal, uint64_t beat, uint64_t *out_until,
                          bool *out_found, tally_err *err)
{
    const tally_files *files = journal->folder.files;
    int64_t end = files->calls->size(files->context, journal->beats);

    *out_found = false;
    if (end < 0)
        return refuse(journal, BEATS, (int)end, "read", err);
    for (uint64_t at = (uint64_t)end; at >= BEAT_BYTES && !*out_found; at -= BEAT_BYTES) {
        uint8_t bytes[BEAT_BYTES];
        int64_t got = files->calls->read(files->context, journal->beats, bytes, sizeof(bytes),
                                         at - BEAT_BYTES);

        if (got != BEAT_BYTES)
            return got < 0 ? refuse(journal, BEATS, (int)got, "read", err)
                           : corrupt(journal, "beats are missing", err);
        if (read_u64(bytes) < beat)
            break;
        *out_found = read_u64(bytes) == beat;
        *out_until = read_u64(bytes + 8);
    }
    return TALLY_OK;
}

static tally_rc begin_beat(void *context, uint64_t beat, uint64_t *out_until, tally_err *err)
{
    tally_journal_folder *journal = context;
    uint64_t from = journal->has_beat ? journal->last_until : 0;
    uint64_t records = 0;
    const tally_journal_sink sink = { .context = &records, .take = count_records };
    uint8_t bytes[BEAT_BYTES];
    bool is_found;
    tally_rc rc = find_beat(journal, beat, out_until, &is_found, err);

    if (rc != TALLY_OK || is_found)
        return rc;
    if (journal->has_beat && beat < journal->last_beat)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "beat %" PRIu64 " is over: the clock was set back", beat);
    rc = read_entries(journal, from, journal->size - from, &sink, err);
    while (rc == TALLY_OK && (records == 0 || records % TALLY_JOURNAL_RECORDS_MULTIPLE != 0)) {
        tally_node pad;

        rc = tally_random_fill(journal->random, pad.bytes, sizeof(pad.bytes), err);
        if (rc == TALLY_OK)
            rc = append_entry(journal, TALLY_ENTRY_RECORD, &pad, NULL, err);
        records++;
    }
    write_u64(bytes, beat);
    write_u64(bytes + 8, journal->size);
    if (rc == TALLY_OK)
        rc = append(journal, journal->beats, BEATS, bytes, sizeof(bytes), err);
    if (rc != TALLY_OK)
        return rc;
    journal->has_beat = true;
    journal->last_beat = beat;
    journal->last_until = *out_until = journal->size;
    return TALLY_OK;
}

static const tally_journal_calls calls = {
    .origin = origin_of,
    .size = size_of,
    .read = read_entries,
    .document = document_of,
    .snapshot_head = no_snapshot,
    .snapshot_rows = no_rows,
    .begin_beat = begin_beat,
    .append_document = append_document,
};

/* ---- opening ---- */

/* Open a file of fixed records, and cut off what a crash left of the last. */
static tally_rc open_records(tally_journal_folder *journal, const char *name, uint64_t bytes,
                             int *out_file, uint64_t *out_count, tally_err *err)
{
    const tally_files *files = journal->folder.files;
    int64_t size;
    int failure = 0;

    *out_file =
        files->calls->open(files->context, journal->folder.handle, name, TALLY_FILES_APPEND);
    if (*out_file < 0)
        return refuse(journal, name, *out_file, "opened", err);
    size = files->calls->size(files->context, *out_file);
    if (size < 0)
        return refuse(journal, name, (int)size, "read", err);
    *out_count = (uint64_t)size / bytes;
    if ((uint64_t)size % bytes != 0)
        failure = files->calls->cut(files->context, *out_file, *out_count * bytes);
    if (failure == 0)
        failure = files->calls->sync(files->context, *out_file);
    if (failure == 0)
        failure = files->calls->sync(files->context, journal->folder.handle);
    return failure == 0 ? TALLY_OK : refuse(journal, name, failure, "made durable", err);
}

static tally_rc take_last(void *context, const uint8_t *entries, size_t count, tally_err *err)
{
    tally_journal_folder *journal = context;
    tally_entry entry;
    tally_rc rc = tally_entry_parse(
        &entry, tally_text_of((const char *)entries, count * TALLY_ENTRY_BYTES), err);

    if (rc != TALLY_OK)
        return TALLY_E_CORRUPT;
    journal->epoch = entry.epoch;
    journal->policy = entry.policy;
    return TALLY_OK;
}

static tally_rc load(tally_journal_folder *journal, tally_err *err)
{
    const tally_journal_sink last = { .context = journal, .take = take_last };
    const tally_files *files = journal->folder.files;
    uint64_t beats = 0;
    uint8_t bytes[BEAT_BYTES];
    int failure;
    tally_rc rc =
        open_records(journal, ENTRIES, TALLY_ENTRY_BYTES, &journal->entries, &journal->size, err);

    if (rc != TALLY_OK)
        return rc;
    failure = files->calls->lock(files->context, journal->entries);
    if (failure == -EWOULDBLOCK)
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "another process has %s open",
                             journal->folder.name);
    if (failure < 0)
        return refuse(journal, ENTRIES, failure, "locked", err);
    rc = open_records(journal, BEATS, BEAT_BYTES, &journal->beats, &beats, err);
    if (rc == TALLY_OK && journal->size > 0)
        rc = read_entries(journal, journal->size - 1, 1, &last, err);
    if (rc != TALLY_OK || beats == 0)
        return rc;
    if (files->calls->read(files->context, journal->beats, bytes, sizeof(bytes),
                           (beats - 1) * BEAT_BYTES) != BEAT_BYTES)
        return corrupt(journal, "its beats cannot be read", err);
    journal->has_beat = true;
    journal->last_beat = read_u64(bytes);
    journal->last_until = read_u64(bytes + 8);
    return journal->last_until <= journal->size
               ? TALLY_OK
               : corrupt(journal, "a beat ends beyond its entries", err);
}

static tally_rc begin(tally_journal_folder *out, const tally_files *files,
                      const tally_random *random, tally_err *err)
{
    *out = (tally_journal_folder){ .random = random, .entries = -1, .beats = -1 };
    out->journal = (tally_journal){ .context = out, .calls = &calls };
    out->folder = (tally_folder){ .files = files, .handle = -1, .below_handle = -1 };
    out->hash = tally_hash_new();
    return out->hash != NULL ? TALLY_OK : tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

tally_rc tally_journal_folder_open(tally_journal_folder *out, const tally_files *files, int at,
                                   const char *path, const tally_random *random, tally_err *err)
{
    tally_buffer origin;
    tally_rc rc = begin(out, files, random, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_folder_open_present(&out->folder, files, at, path, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&origin, ORIGIN_BYTES);
    rc = origin_of(out, &origin, err);
    tally_buffer_free(&origin);
    return rc == TALLY_OK ? load(out, err) : rc;
}

tally_rc tally_journal_folder_create(const tally_files *files, int at, const char *path,
                                     tally_text origin, tally_text genesis, tally_text policy,
                                     tally_err *err)
{
    tally_journal_folder journal;
    tally_buffer line;
    bool exists = false;
    tally_rc rc;

    if (!tally_note_is_name(origin))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "an origin is the log's URL without scheme: no space, no `+`");
    rc = begin(&journal, files, NULL, err);
    tally_buffer_init(&line, ORIGIN_BYTES);
    if (rc == TALLY_OK)
        rc = tally_folder_open(&journal.folder, files, at, path, err);
    if (rc == TALLY_OK)
        rc = tally_folder_read(&journal.folder, ORIGIN, &line, &exists, err);
    if (rc == TALLY_OK && exists)
        rc = tally_err_set(err, TALLY_E_CONFLICT, 0, "%s is a journal already", path);
    if (rc == TALLY_OK)
        rc = load(&journal, err);
    if (rc == TALLY_OK && journal.size == 0)
        rc = append_document(&journal, TALLY_ENTRY_GENESIS, genesis, NULL, err);
    if (rc == TALLY_OK && journal.size == 1 && policy.count > 0)
        rc = append_document(&journal, TALLY_ENTRY_POLICY, policy, NULL, err);
    /* The origin comes last: where it is, there is a journal. */
    tally_buffer_reset(&line);
    tally_buffer_append_text(&line, origin);
    tally_buffer_append_byte(&line, '\n');
    if (rc == TALLY_OK)
        rc = tally_folder_write(&journal.folder, ORIGIN, tally_buffer_text(&line),
                                TALLY_FOLDER_REPLACE, err);
    tally_buffer_free(&line);
    tally_journal_folder_close(&journal);
    return rc;
}

void tally_journal_folder_close(tally_journal_folder *journal)
{
    const tally_files *files = journal->folder.files;

    if (journal->entries >= 0)
        files->calls->close(files->context, journal->entries);
    if (journal->beats >= 0)
        files->calls->close(files->context, journal->beats);
    tally_folder_close(&journal->folder);
    tally_hash_free(journal->hash);
    *journal = (tally_journal_folder){ .entries = -1, .beats = -1 };
}
