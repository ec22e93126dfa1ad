/* SPDX-License-Identifier: Apache-2.0 */
/* Published documents, `documents/<index of the entry>`, and the files of
 * snapshots. Each is checked against the entry that commits it before it is
 * written, and is durable before a checkpoint covers that entry. */

#include <inttypes.h>
#include <stdio.h>

#include "publish/publisher_internal.h"

#define PATH_BYTES 64

static tally_rc another(uint64_t index, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0,
                         "the journal's %s of entry %" PRIu64 " is not the one that it commits",
                         what, index);
}

static tally_rc write_document(tally_publisher *publisher, uint64_t index, const tally_entry *entry,
                               tally_folder_rule rule, tally_err *err)
{
    const tally_journal *journal = publisher->options.journal;
    char path[PATH_BYTES];
    tally_buffer document;
    tally_node commitment;
    tally_rc rc;

    tally_buffer_init(&document, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    rc = journal->calls->document(journal->context, index, &document, err);
    if (rc == TALLY_OK && tally_buffer_failure(&document) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(&document), 0,
                           "the document of entry %" PRIu64 " is too long", index);
    if (rc == TALLY_OK &&
        tally_commit_public(publisher->hash, &commitment, tally_buffer_text(&document)) != TALLY_OK)
        rc = tally_publisher_no_memory(err);
    if (rc == TALLY_OK && !tally_node_is_equal(&commitment, &entry->commitment))
        rc = another(index, "document", err);
    (void)snprintf(path, sizeof(path), "documents/%" PRIu64, index);
    if (rc == TALLY_OK)
        rc = tally_folder_write(&publisher->log, path, tally_buffer_text(&document), rule, err);
    tally_buffer_free(&document);
    return rc;
}

/* ---- snapshots ---- */

typedef struct snapshot_writer {
    tally_publisher *publisher;
    tally_folder_rule rule;
    tally_state_head head;
    tally_state_map map;
    tally_buffer bucket; /* rows of the one being filled */
    tally_buffer roots;
} snapshot_writer;

static tally_rc write_part(snapshot_writer *writer, tally_state_part part, uint64_t bucket,
                           tally_text content, tally_err *err)
{
    const tally_state_file file = { .epoch = writer->head.epoch, .part = part, .bucket = bucket };
    char path[TALLY_STATE_PATH_BYTES];

    (void)tally_state_path(path, &file);
    return tally_folder_write(&writer->publisher->log, path, content, writer->rule, err);
}

/* Close buckets until this one is being filled. An empty one has no file. */
static tally_rc close_buckets(snapshot_writer *writer, uint32_t next, tally_err *err)
{
    while (writer->map.bucket < next) {
        uint32_t bucket = writer->map.bucket;
        tally_node root;
        tally_rc rc = TALLY_OK;

        if (tally_buffer_failure(&writer->bucket) != TALLY_OK)
            return tally_publisher_no_memory(err);
        if (writer->bucket.count > 0)
            rc = write_part(writer, TALLY_STATE_BUCKET, bucket, tally_buffer_text(&writer->bucket),
                            err);
        tally_buffer_reset(&writer->bucket);
        if (rc != TALLY_OK)
            return rc;
        if (tally_state_map_close(&writer->map, writer->publisher->hash, &root) != TALLY_OK ||
            tally_buffer_append(&writer->roots, root.bytes, sizeof(root.bytes)) != TALLY_OK)
            return tally_publisher_no_memory(err);
    }
    return TALLY_OK;
}

static tally_rc take_rows(void *context, const uint8_t *rows, size_t count, tally_err *err)
{
    snapshot_writer *writer = context;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + i * TALLY_STATE_ROW_BYTES;
        tally_rc rc = close_buckets(writer, tally_state_bucket(row, writer->head.bits), err);

        if (rc == TALLY_OK)
            rc = tally_state_map_row(&writer->map, writer->publisher->hash, row, err);
        if (rc == TALLY_E_INVALID)
            rc = TALLY_E_CORRUPT;
        if (rc == TALLY_OK &&
            tally_buffer_append(&writer->bucket, row, TALLY_STATE_ROW_BYTES) != TALLY_OK)
            rc = tally_publisher_no_memory(err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc write_rows(snapshot_writer *writer, uint64_t index, tally_err *err)
{
    const tally_journal *journal = writer->publisher->options.journal;
    const tally_journal_row_sink sink = { .context = writer, .take = take_rows };
    tally_err inner = TALLY_ERR_INIT;
    tally_node root;
    tally_rc rc = journal->calls->snapshot_rows(journal->context, index, &sink, &inner);

    /* Rows of long ago may be gone when a lost folder is written anew. */
    if (rc == TALLY_E_INVALID && writer->map.rows == 0 && writer->rule == TALLY_FOLDER_SIGNED)
        return TALLY_OK;
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "%s", inner.message);
    rc = close_buckets(writer, UINT32_C(1) << writer->head.bits, err);
    if (rc != TALLY_OK)
        return rc;
    if (tally_state_map_root(&writer->map, writer->publisher->hash, &root) != TALLY_OK)
        return tally_publisher_no_memory(err);
    if (writer->map.rows != writer->head.rows || !tally_node_is_equal(&root, &writer->head.root))
        return another(index, "rows", err);
    return write_part(writer, TALLY_STATE_ROOTS, 0, tally_buffer_text(&writer->roots), err);
}

static tally_rc write_snapshot(tally_publisher *publisher, uint64_t index, const tally_entry *entry,
                               tally_folder_rule rule, tally_err *err)
{
    const tally_journal *journal = publisher->options.journal;
    snapshot_writer writer = { .publisher = publisher, .rule = rule };
    tally_buffer head;
    tally_node commitment;
    tally_rc rc;

    tally_buffer_init(&head, TALLY_STATE_HEAD_BYTES_MAX);
    rc = journal->calls->snapshot_head(journal->context, index, &head, err);
    if (rc == TALLY_OK &&
        (tally_buffer_failure(&head) != TALLY_OK ||
         tally_commit_state(publisher->hash, &commitment, tally_buffer_text(&head)) != TALLY_OK))
        rc = tally_publisher_no_memory(err);
    if (rc == TALLY_OK &&
        (!tally_node_is_equal(&commitment, &entry->commitment) ||
         tally_state_parse_head(&writer.head, tally_buffer_text(&head), NULL) != TALLY_OK ||
         writer.head.epoch != entry->epoch || writer.head.log_size > index ||
         writer.head.policy != entry->policy || writer.head.rows > UINT32_MAX ||
         !tally_text_is_equal(writer.head.origin, publisher->origin)))
        rc = another(index, "head", err);
    if (rc == TALLY_OK) {
        tally_state_map_init(&writer.map, writer.head.bits);
        tally_buffer_init(&writer.bucket, (size_t)writer.head.rows * TALLY_STATE_ROW_BYTES);
        tally_buffer_init(&writer.roots, sizeof(tally_node) << writer.head.bits);
        rc = write_rows(&writer, index, err);
        tally_buffer_free(&writer.bucket);
        tally_buffer_free(&writer.roots);
    }
    /* The head comes last: where it is, all it speaks of is. */
    if (rc == TALLY_OK)
        rc = write_part(&writer, TALLY_STATE_HEAD, 0, tally_buffer_text(&head), err);
    tally_buffer_free(&head);
    return rc;
}

tally_rc tally_publisher_documents(tally_publisher *publisher, uint64_t from, uint64_t to,
                                   tally_folder_rule rule, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    while (from < to && rc == TALLY_OK) {
        uint64_t end = to - from < TALLY_PUBLISHER_CHUNK ? to : from + TALLY_PUBLISHER_CHUNK;

        rc = tally_publisher_load(publisher, from, end - from, err);
        for (uint64_t i = from; i < end && rc == TALLY_OK; i++) {
            const uint8_t *bytes = publisher->chunk + (i - from) * TALLY_ENTRY_BYTES;
            tally_entry entry;

            rc = tally_entry_parse(&entry, tally_text_of((const char *)bytes, TALLY_ENTRY_BYTES),
                                   err);
            if (rc != TALLY_OK || entry.kind == TALLY_ENTRY_RECORD)
                continue;
            rc = entry.kind == TALLY_ENTRY_STATE ? write_snapshot(publisher, i, &entry, rule, err)
                                                 : write_document(publisher, i, &entry, rule, err);
        }
        from = end;
    }
    return rc;
}
