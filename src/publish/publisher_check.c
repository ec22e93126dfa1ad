/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back what is about to be signed. A flipped bit, in memory or on the
 * disk, must be found before the signature: afterwards it would be for ever. So
 * nothing here uses what the builder has in memory, nor its code: bundles are
 * read, hashed and appended to an edge as `tally audit` does it, every hash of
 * every new tile is compared with what lies below, and the new root must be
 * proven to continue the old one. */

#include <inttypes.h>

#include "publish/publisher_internal.h"

static tally_rc differs(const tally_publisher *publisher, const char *what, uint64_t at,
                        tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0,
                         "%s: read back, %s %" PRIu64
                         " is not what was written. Nothing was signed; check memory and disk",
                         publisher->log.name, what, at);
}

/* A missing file is no reason to build anew here: it was just written. */
static tally_rc strict(tally_rc rc)
{
    return rc == TALLY_E_RETRY ? TALLY_E_CORRUPT : rc;
}

/* The entries of one bundle: each hash is that in the tile, and on the edge. */
static tally_rc check_bundle(tally_publisher *publisher, tally_reading *reading, uint64_t index,
                             tally_tree_edge *edge, tally_err *err)
{
    const tally_tile_reader tiles = tally_reading_tiles(reading);
    tally_node written[TALLY_TILE_WIDTH];
    tally_tile tile = { .index = index, .width = TALLY_TILE_WIDTH };
    tally_bundle bundle;
    tally_rc rc;

    if (index == reading->size / TALLY_TILE_WIDTH)
        tile.width = tally_tile_partial_width(reading->size, 0);
    rc = tiles.read(tiles.context, written, &tile, err);
    if (rc == TALLY_OK)
        rc = tally_reading_bundle(reading, index, &bundle, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < bundle.count; i++) {
        tally_node leaf;

        if (bundle.entries[i].count != TALLY_ENTRY_BYTES)
            return differs(publisher, "entry", edge->size, err);
        if (tally_tree_hash_leaf(publisher->hash, &leaf, bundle.entries[i].bytes,
                                 bundle.entries[i].count) != TALLY_OK)
            return tally_publisher_no_memory(err);
        if (!tally_node_is_equal(&leaf, &written[i]))
            return differs(publisher, "leaf", edge->size, err);
        if (tally_tree_append(edge, publisher->hash, &leaf) != TALLY_OK)
            return tally_publisher_no_memory(err);
    }
    return rc;
}

/* Every new hash of a level above 0 is that of the full tile below it. */
static tally_rc check_level(tally_publisher *publisher, tally_reading *reading, uint32_t level,
                            uint64_t from, tally_err *err)
{
    const tally_tile_reader tiles = tally_reading_tiles(reading);
    uint64_t end = tally_tile_hash_count(reading->size, level);
    tally_node above[TALLY_TILE_WIDTH], below[TALLY_TILE_WIDTH], node;
    uint64_t held = UINT64_MAX;

    for (uint64_t i = tally_tile_hash_count(from, level); i < end; i++) {
        tally_tile tile = { .level = level,
                            .index = i / TALLY_TILE_WIDTH,
                            .width = TALLY_TILE_WIDTH };
        const tally_tile inner = { .level = level - 1, .index = i, .width = TALLY_TILE_WIDTH };
        tally_rc rc = TALLY_OK;

        if (tile.index == end / TALLY_TILE_WIDTH)
            tile.width = (uint32_t)(end % TALLY_TILE_WIDTH);
        if (tile.index != held)
            rc = tiles.read(tiles.context, above, &tile, err);
        held = tile.index;
        if (rc == TALLY_OK)
            rc = tiles.read(tiles.context, below, &inner, err);
        if (rc != TALLY_OK)
            return rc;
        if (tally_tree_fold(publisher->hash, &node, below, TALLY_TILE_HEIGHT) != TALLY_OK)
            return tally_publisher_no_memory(err);
        if (!tally_node_is_equal(&node, &above[i % TALLY_TILE_WIDTH]))
            return differs(publisher, level == 1 ? "hash of level 1," : "hash of a higher level,",
                           i, err);
    }
    return TALLY_OK;
}

static tally_rc check_roots(tally_publisher *publisher, const tally_tree_source *source,
                            const tally_tree_edge *edge, const tally_head *from,
                            const tally_head *next, tally_err *err)
{
    const tally_tree_growth growth = { .from = from->size, .to = next->size };
    tally_proof proof;
    tally_node root;
    tally_rc rc;

    if (tally_tree_root(edge, publisher->hash, &root) != TALLY_OK)
        return tally_publisher_no_memory(err);
    if (!tally_node_is_equal(&root, &next->root))
        return differs(publisher, "the root at size", next->size, err);
    rc = tally_tree_range_root(source, publisher->hash, &root,
                               (tally_tree_range){ .from = 0, .to = next->size }, err);
    if (rc == TALLY_OK && !tally_node_is_equal(&root, &next->root))
        return differs(publisher, "the root in the tiles at size", next->size, err);
    if (rc != TALLY_OK || from->size == 0)
        return rc;
    rc = tally_proof_consistency(&proof, source, publisher->hash, growth, err);
    if (rc == TALLY_OK) {
        rc = tally_proof_check_consistency(&proof, publisher->hash, growth, &from->root,
                                           &next->root, err);
        if (rc == TALLY_E_INVALID)
            rc = TALLY_E_CORRUPT;
    }
    return rc;
}

tally_rc tally_publisher_check(tally_publisher *publisher, const tally_head *from,
                               const tally_head *next, tally_err *err)
{
    uint64_t start = tally_publisher_start(from->size);
    tally_tree_edge edge;
    tally_reading reading;
    tally_tree_source source;
    tally_rc rc;

    tally_reading_init(&reading, tally_folder_source(&publisher->log), next->size);
    publisher->tree.reader = tally_reading_tiles(&reading);
    publisher->tree.hash = publisher->hash;
    publisher->tree.size = next->size;
    publisher->tree.has_tile = false;
    source = tally_tile_tree_source(&publisher->tree);
    rc = tally_reading_edge(&source, start, &edge, err);
    for (uint64_t i = start / TALLY_TILE_WIDTH; rc == TALLY_OK && edge.size < next->size; i++)
        rc = check_bundle(publisher, &reading, i, &edge, err);
    for (uint32_t level = 1; rc == TALLY_OK && level < TALLY_TILE_LEVEL_COUNT; level++)
        rc = check_level(publisher, &reading, level, start, err);
    if (rc == TALLY_OK)
        rc = check_roots(publisher, &source, &edge, from, next, err);
    publisher->tree.has_tile = false;
    tally_reading_free(&reading);
    return strict(rc);
}
