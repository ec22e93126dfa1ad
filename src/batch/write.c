/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/write.h"

#include "batch/header.h"
#include "crypto/base64.h"
#include "crypto/did_key.h"

/* Between and around events: at most this many bytes each. */
#define SEPARATOR_BYTES 2u

size_t tally_batch_bytes(uint32_t event_count, size_t events_bytes, size_t header_row_bytes)
{
    return TALLY_BATCH_HEADER_BYTES_MAX + header_row_bytes + SEPARATOR_BYTES + events_bytes +
           (size_t)event_count * SEPARATOR_BYTES +
           TALLY_BASE64_CHARACTERS((size_t)event_count * TALLY_BATCH_SALT_BYTES);
}

static tally_rc check_events(const tally_batch_options *options, const tally_text *events,
                             uint32_t event_count, tally_err *err)
{
    bool is_csv = options->form == TALLY_BATCH_CSV;
    size_t prefix_bytes = is_csv ? options->header_row.count + 1 : 0;
    size_t bytes = 0;

    if (event_count == 0 || event_count > TALLY_BATCH_EVENTS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a batch has 1 to %u events",
                             TALLY_BATCH_EVENTS_MAX);
    for (uint32_t i = 0; i < event_count; i++) {
        if (events[i].count > TALLY_BATCH_EVENT_BYTES_MAX - prefix_bytes)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "event %u is longer than 16 KiB", i + 1);
        if (options->form != TALLY_BATCH_CLOUDEVENTS &&
            tally_text_find_byte(events[i], '\n') < events[i].count)
            return tally_err_set(err, TALLY_E_INVALID, 0, "event %u holds a line feed", i + 1);
        bytes += events[i].count;
    }
    if (tally_batch_bytes(event_count, bytes, options->header_row.count) > TALLY_BATCH_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "these events do not fit a batch of 8 MiB");
    return TALLY_OK;
}

/* The batch as a reader will see it, as far as hashing goes. */
static tally_rc make_batch(tally_batch *out_batch, const tally_batch_options *options,
                           const tally_text *events, uint32_t event_count, tally_arena *arena,
                           tally_err *err)
{
    size_t salt_bytes = (size_t)event_count * TALLY_BATCH_SALT_BYTES;
    uint8_t *salts = tally_arena_alloc(arena, salt_bytes);
    char *prefix = tally_arena_alloc(arena, options->header_row.count + 1);
    tally_rc rc;

    out_batch->events = tally_arena_zalloc_array(arena, event_count, sizeof(*out_batch->events));
    if (salts == NULL || prefix == NULL || out_batch->events == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "no memory left for the batch");
    rc = tally_random_fill(options->random, salts, salt_bytes, err);
    if (rc != TALLY_OK)
        return rc;
    if (options->form == TALLY_BATCH_CSV) {
        memcpy(prefix, options->header_row.bytes, options->header_row.count);
        prefix[options->header_row.count] = '\n';
        out_batch->prefix = (tally_text){ prefix, options->header_row.count + 1 };
    }
    out_batch->event_count = event_count;
    for (uint32_t i = 0; i < event_count; i++) {
        out_batch->events[i].bytes = events[i];
        out_batch->events[i].salt = salts + (size_t)i * TALLY_BATCH_SALT_BYTES;
    }
    return TALLY_OK;
}

static tally_rc make_header(tally_batch *batch, const tally_batch_options *options,
                            tally_did_key *source, tally_arena *arena, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_batch_tree tree;
    tally_hash *hash;
    tally_rc rc = tally_ed25519_public(public32, options->seed32);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the key cannot be used");
    tally_did_key_write(source, public32);
    batch->header = (tally_batch_header){ .programme = options->programme,
                                          .source = tally_text_from(source->text),
                                          .number = options->number,
                                          .count = batch->event_count,
                                          .form = options->form };
    rc = tally_batch_tree_make(&tree, batch, arena, err);
    if (rc != TALLY_OK)
        return rc;
    hash = tally_hash_new();
    rc = hash == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "hashing the batch")
                      : tally_batch_tree_root(&tree, hash, &batch->header.root, err);
    tally_hash_free(hash);
    return rc;
}

static void append_body(tally_buffer *out, const tally_batch *batch)
{
    bool is_array = batch->header.form == TALLY_BATCH_CLOUDEVENTS;

    (void)tally_buffer_append_text(out, batch->prefix);
    for (uint32_t i = 0; i < batch->event_count; i++) {
        if (is_array)
            (void)tally_buffer_append_string(out, i == 0 ? "[" : ",\n");
        (void)tally_buffer_append_text(out, batch->events[i].bytes);
        if (!is_array)
            (void)tally_buffer_append_byte(out, '\n');
    }
    if (is_array)
        (void)tally_buffer_append_string(out, "]\n");
}

tally_rc tally_batch_write(tally_buffer *out, const tally_batch_options *options,
                           const tally_text *events, uint32_t event_count, tally_arena *arena,
                           tally_err *err)
{
    tally_batch batch = { .event_count = 0 };
    tally_did_key source;
    tally_rc rc = check_events(options, events, event_count, err);

    if (rc == TALLY_OK)
        rc = make_batch(&batch, options, events, event_count, arena, err);
    if (rc == TALLY_OK)
        rc = make_header(&batch, options, &source, arena, err);
    if (rc != TALLY_OK)
        return rc;
    (void)tally_buffer_append_string(out, "tally-batch/v1\nheader: ");
    rc = tally_batch_header_write(out, &batch.header, options->seed32, err);
    if (rc != TALLY_OK)
        return rc;
    (void)tally_buffer_append_string(out, "\nsalts: ");
    (void)tally_base64_append(out, batch.events[0].salt,
                              (size_t)event_count * TALLY_BATCH_SALT_BYTES);
    (void)tally_buffer_append_string(out, "\n\n");
    append_body(out, &batch);
    rc = tally_buffer_failure(out);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "no memory left for the batch");
}
