/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of signed heads. A record is
 *
 *   0    8   "tally-S1"
 *   8    8   size, big-endian
 *   16   32  root
 *   48   4   length n of the note, big-endian, at most 65,536
 *   52   n   the note
 *   52+n 32  check: SHA-256("tally/heads/v1" NUL NUL || check of the record
 *            before, zeros for the first || all of the above)
 *
 * Sizes strictly grow. Only the last record may be incomplete. */

#include "publish/heads.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MAGIC        "tally-S1"
#define MAGIC_BYTES  8
#define HEADER_BYTES 52
#define TAG_BYTES    16

/* Enough for a record with some signatures. */
#define USUAL_BYTES ((size_t)4096)

static const char tag[TAG_BYTES] = "tally/heads/v1";

static void write_number(uint8_t *out, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t read_number(const char *bytes, uint32_t count)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < count; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

static tally_rc check_of(tally_hash *hash, tally_node *out, const tally_node *chain,
                         tally_text record)
{
    tally_hash_update(hash, tag, TAG_BYTES);
    tally_hash_update(hash, chain->bytes, TALLY_HASH_BYTES);
    tally_hash_update(hash, record.bytes, record.count);
    return tally_hash_finish(hash, out->bytes);
}

tally_rc tally_heads_parse(tally_heads_record *out, tally_text bytes, const tally_node *chain,
                           tally_hash *hash)
{
    size_t note_bytes;
    tally_node check;
    tally_rc rc;

    if (bytes.count < HEADER_BYTES)
        return TALLY_E_RETRY;
    note_bytes = (size_t)read_number(bytes.bytes + 48, 4);
    out->head.size = read_number(bytes.bytes + MAGIC_BYTES, 8);
    if (memcmp(bytes.bytes, MAGIC, MAGIC_BYTES) != 0 || note_bytes > TALLY_NOTE_BYTES_MAX ||
        out->head.size == 0 || out->head.size > TALLY_TREE_SIZE_MAX)
        return TALLY_E_INVALID;
    out->bytes = HEADER_BYTES + note_bytes + TALLY_HASH_BYTES;
    if (bytes.count < out->bytes)
        return TALLY_E_RETRY;
    memcpy(out->head.root.bytes, bytes.bytes + 16, TALLY_HASH_BYTES);
    out->note = tally_text_slice(bytes, HEADER_BYTES, HEADER_BYTES + note_bytes);
    memcpy(out->check.bytes, bytes.bytes + HEADER_BYTES + note_bytes, TALLY_HASH_BYTES);
    rc = check_of(hash, &check, chain, tally_text_slice(bytes, 0, HEADER_BYTES + note_bytes));
    if (rc != TALLY_OK)
        return rc;
    return tally_node_is_equal(&check, &out->check) ? TALLY_OK : TALLY_E_INVALID;
}

tally_rc tally_heads_write(tally_buffer *out, const tally_head *head, tally_text note,
                           const tally_node *chain, tally_hash *hash, tally_node *out_check)
{
    uint8_t header[HEADER_BYTES] = MAGIC;
    size_t start = out->count;
    tally_rc rc;

    if (note.count > TALLY_NOTE_BYTES_MAX)
        return TALLY_E_LIMIT;
    write_number(header + MAGIC_BYTES, head->size, 8);
    memcpy(header + 16, head->root.bytes, TALLY_HASH_BYTES);
    write_number(header + 48, note.count, 4);
    tally_buffer_append(out, header, sizeof(header));
    rc = tally_buffer_append_text(out, note);
    if (rc == TALLY_OK)
        rc = check_of(hash, out_check, chain,
                      tally_text_slice(tally_buffer_text(out), start, out->count));
    return rc == TALLY_OK ? tally_buffer_append(out, out_check->bytes, TALLY_HASH_BYTES) : rc;
}

/* ---- the file ---- */

static tally_rc refuse(const tally_heads *heads, int failure, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s/" TALLY_HEADS_NAME " cannot be %s: %s",
                         heads->folder->name, what, strerror(-failure));
}

static tally_rc corrupt(const tally_heads *heads, uint64_t at, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0,
                         "%s/" TALLY_HEADS_NAME " fails its check at byte %" PRIu64
                         ": what this log signed is no longer known. Sign nothing; close this "
                         "origin and start a new log that names the last good checkpoint",
                         heads->folder->name, at);
}

typedef struct walk {
    uint64_t offset;
    uint64_t count;
    tally_node chain;
    tally_head head;
    bool is_torn; /* at offset a record begins that is not whole, and nothing follows */
} walk;

static tally_rc read_at(tally_heads *heads, uint64_t offset, size_t wanted, tally_buffer *out,
                        tally_err *err)
{
    const tally_files *files = heads->folder->files;
    int64_t count;

    tally_buffer_reset(out);
    if (tally_buffer_append_repeated(out, 0, wanted) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    count = files->calls->read(files->context, heads->file, out->bytes, wanted, offset);
    if (count < 0)
        return refuse(heads, (int)count, "read", err);
    tally_buffer_truncate(out, (size_t)count);
    return TALLY_OK;
}

/* Read the record at the walk's offset into bytes, and step over it. TALLY_E_RETRY:
 * there is none, or it is torn. */
static tally_rc step(tally_heads *heads, walk *at, uint64_t end, tally_buffer *bytes,
                     tally_heads_record *out, tally_err *err)
{
    static const size_t wanted[] = { USUAL_BYTES, TALLY_HEADS_RECORD_BYTES_MAX };
    tally_rc rc = TALLY_E_RETRY;

    if (at->offset == end)
        return TALLY_E_RETRY;
    for (size_t i = 0; i < 2 && rc == TALLY_E_RETRY; i++) {
        rc = read_at(heads, at->offset, wanted[i], bytes, err);
        if (rc != TALLY_OK)
            return rc;
        rc = tally_heads_parse(out, tally_buffer_text(bytes), &at->chain, heads->hash);
    }
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "hashing failed");
    /* Of a last record that was not durable any part may be missing, also from
     * its middle, but nothing can follow it. */
    if (rc != TALLY_OK && at->offset + TALLY_HEADS_RECORD_BYTES_MAX >= end) {
        at->is_torn = true;
        return TALLY_E_RETRY;
    }
    if (rc != TALLY_OK || out->head.size <= at->head.size)
        return corrupt(heads, at->offset, err);
    at->offset += out->bytes;
    at->count++;
    at->chain = out->check;
    at->head = out->head;
    return TALLY_OK;
}

/* Is there a whole record later in what seemed to be a torn one? Then it was not
 * a crash that damaged it. Magic and a plausible size suffice: better to stop. */
static bool has_record_after(tally_text rest)
{
    for (size_t i = 1; i + MAGIC_BYTES <= rest.count; i++) {
        if (memcmp(rest.bytes + i, MAGIC, MAGIC_BYTES) == 0)
            return true;
    }
    return false;
}

static tally_rc cut_torn(tally_heads *heads, const walk *at, uint64_t end, tally_buffer *bytes,
                         tally_err *err)
{
    const tally_files *files = heads->folder->files;
    tally_rc rc = read_at(heads, at->offset, (size_t)(end - at->offset), bytes, err);
    int failure;

    if (rc != TALLY_OK)
        return rc;
    if (has_record_after(tally_buffer_text(bytes)))
        return corrupt(heads, at->offset, err);
    failure = files->calls->cut(files->context, heads->file, at->offset);
    if (failure == 0)
        failure = files->calls->sync(files->context, heads->file);
    if (failure == 0)
        return TALLY_OK;
    heads->folder->is_broken = true;
    return refuse(heads, failure, "cut back to its last whole record", err);
}

static tally_rc load(tally_heads *heads, tally_err *err)
{
    const tally_files *files = heads->folder->files;
    int64_t end = files->calls->size(files->context, heads->file);
    walk at = { .head = { .root = tally_tree_empty_root } };
    tally_buffer bytes;
    tally_heads_record record;
    tally_rc rc = TALLY_OK;

    if (end < 0)
        return refuse(heads, (int)end, "read", err);
    tally_buffer_init(&bytes, TALLY_HEADS_RECORD_BYTES_MAX);
    while (rc == TALLY_OK) {
        rc = step(heads, &at, (uint64_t)end, &bytes, &record, err);
        if (rc != TALLY_OK)
            break;
        tally_buffer_reset(&heads->note);
        if (tally_buffer_append_text(&heads->note, record.note) != TALLY_OK)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    }
    if (rc == TALLY_E_RETRY)
        rc = at.is_torn ? cut_torn(heads, &at, (uint64_t)end, &bytes, err) : TALLY_OK;
    tally_buffer_free(&bytes);
    heads->end = at.offset;
    heads->count = at.count;
    heads->chain = at.chain;
    heads->last = at.head;
    return rc;
}

tally_rc tally_heads_open(tally_heads *out, tally_folder *folder, tally_hash *hash, tally_err *err)
{
    const tally_files *files = folder->files;
    int failure;

    *out = (tally_heads){ .folder = folder, .hash = hash };
    tally_buffer_init(&out->note, TALLY_NOTE_BYTES_MAX);
    out->file =
        files->calls->open(files->context, folder->handle, TALLY_HEADS_NAME, TALLY_FILES_APPEND);
    if (out->file < 0)
        return refuse(out, out->file, "opened", err);
    /* It may just have been made. A record in a file that a crash takes away
     * would be none. */
    failure = files->calls->sync(files->context, out->file);
    if (failure == 0)
        failure = files->calls->sync(files->context, folder->handle);
    if (failure < 0) {
        folder->is_broken = true;
        return refuse(out, failure, "made durable", err);
    }
    return load(out, err);
}

tally_rc tally_heads_append(tally_heads *heads, const tally_head *old, const tally_head *next,
                            tally_text note, tally_err *err)
{
    const tally_files *files = heads->folder->files;
    int64_t end = files->calls->size(files->context, heads->file);
    tally_buffer record;
    tally_node check;
    int failure;
    tally_rc rc;

    if (heads->folder->is_broken)
        return tally_err_set(err, TALLY_E_IO, 0, "%s is broken; end this process",
                             heads->folder->name);
    if (next->size <= old->size)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a head of size %" PRIu64 " after %" PRIu64,
                             next->size, old->size);
    if (end < 0)
        return refuse(heads, (int)end, "read", err);
    if ((uint64_t)end != heads->end || old->size != heads->last.size ||
        !tally_node_is_equal(&old->root, &heads->last.root))
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "%s/" TALLY_HEADS_NAME " has a head that this publisher did not sign: "
                             "a second publisher runs; end both, then start one",
                             heads->folder->name);
    tally_buffer_init(&record, TALLY_HEADS_RECORD_BYTES_MAX);
    rc = tally_heads_write(&record, next, note, &heads->chain, heads->hash, &check);
    if (rc == TALLY_OK) {
        tally_buffer_reset(&heads->note);
        rc = tally_buffer_append_text(&heads->note, note);
    }
    if (rc != TALLY_OK) {
        tally_buffer_free(&record);
        return tally_err_set(err, rc, 0, "the head cannot be recorded");
    }
    /* A crash up to the end of the sync leaves a torn record or none: nothing was
     * signed. After it the head is signed, whoever starts next publishes it. */
    failure = files->calls->write(files->context, heads->file, record.bytes, record.count);
    if (failure == 0)
        failure = files->calls->sync(files->context, heads->file);
    end = (int64_t)(heads->end + record.count);
    tally_buffer_free(&record);
    if (failure < 0) {
        heads->folder->is_broken = true;
        return refuse(heads, failure, "written; end this process and check the disk", err);
    }
    if (files->calls->size(files->context, heads->file) != end) {
        heads->folder->is_broken = true;
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "%s/" TALLY_HEADS_NAME " was written by somebody else as well; end "
                             "both publishers",
                             heads->folder->name);
    }
    heads->end = (uint64_t)end;
    heads->count++;
    heads->chain = check;
    heads->last = *next;
    return TALLY_OK;
}

tally_rc tally_heads_find(tally_heads *heads, uint64_t size, tally_node *out_root, bool *out_found,
                          tally_err *err)
{
    walk at = { .head = { .root = tally_tree_empty_root } };
    tally_buffer bytes;
    tally_heads_record record;
    tally_rc rc = TALLY_OK;

    *out_found = false;
    if (size == heads->last.size || size == 0) {
        *out_found = true;
        *out_root = size == 0 ? tally_tree_empty_root : heads->last.root;
        return TALLY_OK;
    }
    tally_buffer_init(&bytes, TALLY_HEADS_RECORD_BYTES_MAX);
    while (rc == TALLY_OK && at.head.size < size)
        rc = step(heads, &at, heads->end, &bytes, &record, err);
    tally_buffer_free(&bytes);
    if (rc == TALLY_E_RETRY && at.is_torn)
        return corrupt(heads, at.offset, err);
    if (rc == TALLY_OK && at.head.size == size) {
        *out_found = true;
        *out_root = at.head.root;
    }
    return rc == TALLY_E_RETRY ? TALLY_OK : rc;
}

void tally_heads_close(tally_heads *heads)
{
    if (heads->folder == NULL)
        return;
    if (heads->file >= 0)
        heads->folder->files->calls->close(heads->folder->files->context, heads->file);
    tally_buffer_free(&heads->note);
    heads->folder = NULL;
}
