/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the bundles and tiles of new entries, from the journal. What is written
 * depends on the entries alone, so that a run after a crash writes the same. */

#include <inttypes.h>

#include "publish/publisher_internal.h"

/* A bundle begins where a tile of level 0 does. Starting with the last one that
 * holds something of what was signed, its entries are read again and prove that
 * the journal still has what was signed. */
uint64_t tally_publisher_start(uint64_t from)
{
    return from == 0 ? 0 : (from - 1) / TALLY_TILE_WIDTH * TALLY_TILE_WIDTH;
}

/* ---- the journal, in chunks ---- */

static tally_rc take_entries(void *context, const uint8_t *entries, size_t count, tally_err *err)
{
    tally_publisher *publisher = context;

    if (count > TALLY_PUBLISHER_CHUNK - publisher->chunk_count)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the journal gave more than was asked for");
    memcpy(publisher->chunk + publisher->chunk_count * TALLY_ENTRY_BYTES, entries,
           count * TALLY_ENTRY_BYTES);
    publisher->chunk_count += count;
    return TALLY_OK;
}

tally_rc tally_publisher_load(tally_publisher *publisher, uint64_t from, uint64_t count,
                              tally_err *err)
{
    const tally_journal *journal = publisher->options.journal;
    const tally_journal_sink sink = { .context = publisher, .take = take_entries };
    tally_rc rc;

    TALLY_ASSERT(count <= TALLY_PUBLISHER_CHUNK);
    publisher->chunk_from = from;
    publisher->chunk_count = 0;
    rc = journal->calls->read(journal->context, from, count, &sink, err);
    if (rc == TALLY_OK && publisher->chunk_count != count)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "the journal gave %" PRIu64 " of %" PRIu64 " entries",
                           publisher->chunk_count, count);
    return rc;
}

static const uint8_t *entry_at(const tally_publisher *publisher, uint64_t index)
{
    return publisher->chunk + (index - publisher->chunk_from) * TALLY_ENTRY_BYTES;
}

static uint64_t chunk_end(uint64_t from, uint64_t to)
{
    return to - from < TALLY_PUBLISHER_CHUNK ? to : from + TALLY_PUBLISHER_CHUNK;
}

/* ---- what an auditor will ask of the entries ---- */

typedef struct order {
    bool is_begun;
    uint32_t epoch, policy;
} order;

static tally_rc bad_entry(uint64_t index, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "entry %" PRIu64 " of the journal %s; it is not published", index, what);
}

/* Once signed it stays, so an entry that auditors refuse is not signed. */
static tally_rc judge_entry(order *before, uint64_t index, const uint8_t *bytes, tally_err *err)
{
    tally_err inner = TALLY_ERR_INIT;
    tally_entry entry;
    bool brings_policy;

    if (tally_entry_parse(&entry, tally_text_of((const char *)bytes, TALLY_ENTRY_BYTES), &inner) !=
        TALLY_OK)
        return bad_entry(index, inner.message, err);
    brings_policy = entry.kind == TALLY_ENTRY_POLICY;
    if ((entry.kind == TALLY_ENTRY_GENESIS) != (index == 0))
        return bad_entry(index, index == 0 ? "is no genesis" : "is a second genesis", err);
    if (before->is_begun && entry.epoch < before->epoch)
        return bad_entry(index, "is of an earlier epoch than the one before", err);
    if (before->is_begun && entry.policy != before->policy + (brings_policy ? 1 : 0))
        return bad_entry(index, "names a policy that is not in force", err);
    before->is_begun = true;
    before->epoch = entry.epoch;
    before->policy = entry.policy;
    return TALLY_OK;
}

/* ---- bundles ---- */

static tally_rc write_bundle(tally_publisher *publisher, uint64_t end, tally_folder_rule rule,
                             uint64_t known, tally_err *err)
{
    uint32_t width = tally_tile_partial_width(end, 0);
    const tally_tile tile = { .holds_entries = true,
                              .index = (end - 1) / TALLY_TILE_WIDTH,
                              .width = width > 0 ? width : TALLY_TILE_WIDTH };
    char path[TALLY_TILE_PATH_BYTES];
    tally_rc rc;

    (void)tally_tile_path(path, &tile);
    if (tally_tile_is_within(&tile, known))
        rule = TALLY_FOLDER_SIGNED;
    rc =
        tally_folder_write(&publisher->log, path, tally_buffer_text(&publisher->bundle), rule, err);
    tally_buffer_reset(&publisher->bundle);
    return rc;
}

/* Those from the last of `known` on; what belongs to that already must be there
 * as it is. */
static tally_rc write_bundles(tally_publisher *publisher, uint64_t known, uint64_t size,
                              tally_folder_rule rule, tally_err *err)
{
    order before = { .is_begun = false };
    tally_rc rc = TALLY_OK;

    tally_buffer_reset(&publisher->bundle);
    for (uint64_t from = tally_publisher_start(known); from < size && rc == TALLY_OK;) {
        uint64_t to = chunk_end(from, size);

        rc = tally_publisher_load(publisher, from, to - from, err);
        for (uint64_t i = from; i < to && rc == TALLY_OK; i++) {
            const tally_text entry =
                tally_text_of((const char *)entry_at(publisher, i), TALLY_ENTRY_BYTES);

            rc = judge_entry(&before, i, entry_at(publisher, i), err);
            if (rc == TALLY_OK && tally_bundle_append(&publisher->bundle, entry) != TALLY_OK)
                rc = tally_publisher_no_memory(err);
            if (rc == TALLY_OK && ((i + 1) % TALLY_TILE_WIDTH == 0 || i + 1 == size))
                rc = write_bundle(publisher, i + 1, rule, known, err);
        }
        from = to;
    }
    return rc;
}

/* ---- tiles ---- */

typedef struct tile_writer {
    tally_publisher *publisher;
    tally_folder_rule rule;
    uint64_t known; /* tiles within this size are there and verified */
} tile_writer;

static tally_rc write_tile(void *context, const tally_tile *tile, const tally_node *nodes,
                           tally_err *err)
{
    const tile_writer *writer = context;
    char path[TALLY_TILE_PATH_BYTES];

    if (tally_tile_is_within(tile, writer->known))
        return TALLY_OK;
    (void)tally_tile_path(path, tile);
    return tally_folder_write(&writer->publisher->log, path,
                              tally_text_of((const char *)nodes, tile->width * sizeof(tally_node)),
                              writer->rule, err);
}

static tally_rc append_tiles(tally_publisher *publisher, uint64_t size, tile_writer *writer,
                             tally_err *err)
{
    const tally_tile_sink sink = { .context = writer, .take = write_tile };
    tally_rc rc = TALLY_OK;

    while (publisher->stack.size < size && rc == TALLY_OK) {
        uint64_t from = publisher->stack.size;
        uint64_t to = chunk_end(from, size);

        rc = tally_publisher_load(publisher, from, to - from, err);
        for (uint64_t i = from; i < to && rc == TALLY_OK; i++) {
            tally_node leaf;

            if (tally_tree_hash_leaf(publisher->hash, &leaf, entry_at(publisher, i),
                                     TALLY_ENTRY_BYTES) != TALLY_OK)
                return tally_publisher_no_memory(err);
            rc = tally_tile_stack_append(&publisher->stack, publisher->hash, &leaf, &sink, err);
        }
    }
    return rc;
}

/* Does the stack have this root? */
static tally_rc compare_root(tally_publisher *publisher, const tally_node *root, const char *what,
                             tally_err *err)
{
    tally_node now;

    if (tally_tile_stack_root(&publisher->stack, publisher->hash, &now) != TALLY_OK)
        return tally_publisher_no_memory(err);
    if (!tally_node_is_equal(&now, root))
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "%s", what);
    return TALLY_OK;
}

/* The right edge of what was signed: as the tiles have it, and again as the
 * journal gives it from the last bundle on. Leaves the stack at from->size. */
static tally_rc resume(tally_publisher *publisher, const tally_head *from, tally_err *err)
{
    tile_writer nothing = { .publisher = publisher, .known = from->size };
    tally_reading reading;
    tally_tile_reader tiles;
    tally_rc rc;

    tally_reading_init(&reading, tally_folder_source(&publisher->log), from->size);
    tiles = tally_reading_tiles(&reading);
    rc = tally_tile_stack_resume(&publisher->stack, from->size, &tiles, err);
    if (rc == TALLY_OK)
        rc = compare_root(publisher, &from->root,
                          "the tiles at the end of the log are not those that were signed: "
                          "somebody altered them. Nothing is signed until they are what they were; "
                          "a mirror or a backup has them",
                          err);
    if (rc == TALLY_OK)
        rc = tally_tile_stack_resume(&publisher->stack, tally_publisher_start(from->size), &tiles,
                                     err);
    tally_reading_free(&reading);
    if (rc == TALLY_OK)
        rc = append_tiles(publisher, from->size, &nothing, err);
    if (rc == TALLY_OK)
        rc = compare_root(publisher, &from->root,
                          "the journal does not have the entries that were signed: it was altered, "
                          "or restored from a backup. Refill it from the published bundles",
                          err);
    return rc;
}

tally_rc tally_publisher_build(tally_publisher *publisher, const tally_head *from, uint64_t size,
                               tally_folder_rule rule, tally_node *out_root, tally_err *err)
{
    tile_writer writer = { .publisher = publisher, .rule = rule, .known = from->size };
    const tally_tile_sink sink = { .context = &writer, .take = write_tile };
    tally_rc rc = resume(publisher, from, err);

    TALLY_ASSERT(size >= from->size);
    /* Bundles come first: a reader who finds a hash finds what it is of. */
    if (rc == TALLY_OK)
        rc = write_bundles(publisher, from->size, from->size, TALLY_FOLDER_SIGNED, err);
    if (rc == TALLY_OK && size > from->size)
        rc = write_bundles(publisher, from->size, size, rule, err);
    if (rc == TALLY_OK)
        rc = append_tiles(publisher, size, &writer, err);
    if (rc == TALLY_OK)
        rc = tally_tile_stack_flush(&publisher->stack, &sink, err);
    if (rc == TALLY_OK &&
        tally_tile_stack_root(&publisher->stack, publisher->hash, out_root) != TALLY_OK)
        rc = tally_publisher_no_memory(err);
    return rc;
}
