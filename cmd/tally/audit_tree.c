/* SPDX-License-Identifier: Apache-2.0 */
/* Checks 2 and 3, and the way through the log: every bundle is read once, in
 * order. Its entries make leaf hashes; those make every tile, which must be the
 * published one byte for byte, and independently of the tiles the root. */

#include "audit.h"

#include <inttypes.h>

#include "tlog/bundle.h"

static bool no_memory(tally_audit *audit)
{
    tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "hashing failed");
    return false;
}

/* The first of count hashes that differs. */
static uint32_t first_difference(const tally_node *nodes, const char *bytes, uint32_t count)
{
    uint32_t i = 0;

    while (i < count &&
           memcmp(nodes[i].bytes, bytes + i * sizeof(tally_node), sizeof(tally_node)) == 0)
        i++;
    return i;
}

/* Compare a tile that the entries make with the published one. */
static tally_rc compare_tile(void *context, const tally_tile *tile, const tally_node *nodes,
                             tally_err *err)
{
    tally_audit *audit = context;
    char path[TALLY_TILE_PATH_BYTES];
    uint32_t width, different;

    (void)tally_tile_path(path, tile);
    if (!tally_audit_read_tile(audit, tile, &width, &audit->bytes))
        return audit->stopped.rc != TALLY_OK
                   ? tally_err_set(err, audit->stopped.rc, 0, "%s", audit->stopped.message)
                   : TALLY_OK;
    if (audit->bytes.count != width * sizeof(tally_node)) {
        tally_audit_fault(audit, TALLY_AUDIT_FILES, "%s has %zu bytes instead of %zu", path,
                          audit->bytes.count, width * sizeof(tally_node));
        return TALLY_OK;
    }
    audit->file_count++;
    different = first_difference(nodes, audit->bytes.bytes, tile->width);
    if (different < tile->width)
        tally_audit_fault(audit, TALLY_AUDIT_TREE,
                          "%s: hash %" PRIu32 " is not that of %s %" PRIu64, path, different,
                          tile->level == 0 ? "entry" : "the tile below,",
                          tile->index * TALLY_TILE_WIDTH + different);
    return TALLY_OK;
}

static bool append_leaf(tally_audit *audit, const tally_node *leaf)
{
    const tally_tile_sink sink = { .context = audit, .take = compare_tile };

    if (tally_tree_append(&audit->edge, audit->hash, leaf) != TALLY_OK)
        return no_memory(audit);
    if (tally_tile_stack_append(&audit->stack, audit->hash, leaf, &sink, &audit->stopped) !=
        TALLY_OK)
        return false;
    tally_audit_meet_saved(audit);
    return audit->stopped.rc == TALLY_OK;
}

/* A bundle that is not there or cannot be read leaves the leaf hashes of its
 * tile to go on with: what else is wrong should be said as well. */
static bool append_from_tile(tally_audit *audit, const tally_tile *bundle, bool *out_goes_on)
{
    tally_tile tile = *bundle;
    tally_node leaves[TALLY_TILE_WIDTH];
    uint32_t width;

    tile.holds_entries = false;
    *out_goes_on = tally_audit_read_tile(audit, &tile, &width, &audit->bytes) &&
                   audit->bytes.count == width * sizeof(tally_node);
    if (!*out_goes_on)
        return audit->stopped.rc == TALLY_OK;
    /* What follows reads other files into the same buffer. */
    memcpy(leaves, audit->bytes.bytes, bundle->width * sizeof(tally_node));
    for (uint32_t i = 0; i < bundle->width; i++) {
        if (!append_leaf(audit, &leaves[i]))
            return false;
    }
    return true;
}

static bool append_entries(tally_audit *audit, const tally_tile *tile, const tally_bundle *bundle,
                           uint32_t count)
{
    tally_node leaves[TALLY_TILE_WIDTH];

    /* The slices end with the first tile read, so all are hashed before. */
    for (uint32_t i = 0; i < count; i++) {
        if (tally_tree_hash_leaf(audit->hash, &leaves[i], bundle->entries[i].bytes,
                                 bundle->entries[i].count) != TALLY_OK)
            return no_memory(audit);
        if (!audit->options.takes_any_entries &&
            (!tally_audit_meet_private(audit, tile->index * TALLY_TILE_WIDTH + i,
                                       bundle->entries[i]) ||
             !tally_audit_check_entry(audit, tile->index * TALLY_TILE_WIDTH + i,
                                      bundle->entries[i])))
            return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!append_leaf(audit, &leaves[i]))
            return false;
    }
    return true;
}

static bool take_bundle(tally_audit *audit, const tally_tile *tile, bool *out_goes_on)
{
    tally_err err = TALLY_ERR_INIT;
    char path[TALLY_TILE_PATH_BYTES];
    tally_bundle bundle;
    uint32_t width;

    *out_goes_on = true;
    if (!tally_audit_read_tile(audit, tile, &width, &audit->bytes))
        return audit->stopped.rc == TALLY_OK && append_from_tile(audit, tile, out_goes_on);
    if (tally_bundle_parse(&bundle, tally_buffer_text(&audit->bytes), width, &err) != TALLY_OK) {
        tally_audit_fault(audit, TALLY_AUDIT_FILES, "%s: %s", tally_tile_path(path, tile).bytes,
                          err.message);
        return append_from_tile(audit, tile, out_goes_on);
    }
    audit->file_count++;
    return append_entries(audit, tile, &bundle, tile->width);
}

static bool check_root(tally_audit *audit)
{
    const tally_tile_sink sink = { .context = audit, .take = compare_tile };
    tally_node root;

    if (tally_tile_stack_flush(&audit->stack, &sink, &audit->stopped) != TALLY_OK)
        return false;
    if (tally_tree_root(&audit->edge, audit->hash, &root) != TALLY_OK)
        return no_memory(audit);
    if (!tally_node_is_equal(&root, &audit->opened.checkpoint.root))
        tally_audit_fault(audit, TALLY_AUDIT_TREE,
                          "the entries do not give the root that was signed");
    return true;
}

bool tally_audit_check_tree(tally_audit *audit)
{
    tally_tile_walk walk = { .size = audit->opened.checkpoint.size };
    tally_tile tile;
    bool goes_on = true;

    /* What was saved at size 0, and of an empty log all that was saved. */
    tally_audit_meet_saved(audit);
    while (goes_on && audit->stopped.rc == TALLY_OK && tally_tile_next(&walk, &tile) &&
           tile.holds_entries) {
        if (!take_bundle(audit, &tile, &goes_on))
            return false;
    }
    if (audit->stopped.rc != TALLY_OK)
        return false;
    if (!goes_on) {
        tally_audit_fault(audit, TALLY_AUDIT_TREE,
                          "nothing tells the entries from %" PRIu64 " on: the audit ends here",
                          audit->edge.size);
        return true;
    }
    if (!check_root(audit))
        return false;
    audit->is_done[TALLY_AUDIT_FILES] = true;
    audit->is_done[TALLY_AUDIT_TREE] = true;
    audit->is_done[TALLY_AUDIT_HISTORY] = true;
    if (!audit->options.takes_any_entries) {
        tally_audit_end_entries(audit);
        tally_audit_end_documents(audit);
        tally_audit_end_snapshots(audit);
        return tally_audit_end_private(audit);
    }
    return true;
}
