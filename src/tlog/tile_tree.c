/* SPDX-License-Identifier: Apache-2.0 */
/* Trees in tiles: building them from leaf hashes, and reading nodes back. */

#include "tlog/tile.h"

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
}

tally_rc tally_tile_stack_append(tally_tile_stack *stack, tally_hash *hash, const tally_node *leaf,
                                 const tally_tile_sink *sink, tally_err *err)
{
    tally_node node = *leaf;

    TALLY_ASSERT(stack->size < TALLY_TREE_SIZE_MAX);
    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++) {
        tally_node *nodes = stack->nodes[level];
        uint32_t width = tally_tile_partial_width(stack->size, level);
        tally_tile tile = { .level = level,
                            .index = tally_tile_full_count(stack->size, level),
                            .width = TALLY_TILE_WIDTH };
        tally_rc rc;

        nodes[width] = node;
        if (width + 1 < TALLY_TILE_WIDTH)
            break;
        rc = sink->take(sink->context, &tile, nodes, err);
        if (rc != TALLY_OK)
            return rc;
        if (tally_tree_fold(hash, &node, nodes, TALLY_TILE_HEIGHT) != TALLY_OK)
            return no_memory(err);
    }
    stack->size++;
    return TALLY_OK;
}

tally_rc tally_tile_stack_flush(const tally_tile_stack *stack, const tally_tile_sink *sink,
                                tally_err *err)
{
    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++) {
        tally_tile tile = { .level = level,
                            .index = tally_tile_full_count(stack->size, level),
                            .width = tally_tile_partial_width(stack->size, level) };
        tally_rc rc;

        if (tile.width == 0)
            continue;
        rc = sink->take(sink->context, &tile, stack->nodes[level], err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

/* The nodes of one unfinished tile are complete subtrees of equal size; each
 * power of two in their number is one larger complete subtree. */
static tally_rc fold_level(const tally_node *nodes, uint32_t width, tally_hash *hash,
                           tally_node *inout_root, bool *inout_is_begun)
{
    tally_rc rc = TALLY_OK;

    while (width > 0 && rc == TALLY_OK) {
        uint32_t height = (uint32_t)__builtin_ctz(width);
        tally_node scratch[TALLY_TILE_WIDTH];
        tally_node node;

        width -= 1u << height;
        memcpy(scratch, &nodes[width], sizeof(tally_node) << height);
        rc = tally_tree_fold(hash, &node, scratch, height);
        if (rc == TALLY_OK && *inout_is_begun)
            rc = tally_tree_hash_pair(hash, &node, &node, inout_root);
        if (rc == TALLY_OK)
            *inout_root = node;
        *inout_is_begun = true;
    }
    return rc;
}

tally_rc tally_tile_stack_root(const tally_tile_stack *stack, tally_hash *hash, tally_node *out)
{
    tally_node root = tally_tree_empty_root;
    bool is_begun = false;
    tally_rc rc = TALLY_OK;

    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT && rc == TALLY_OK; level++)
        rc = fold_level(stack->nodes[level], tally_tile_partial_width(stack->size, level), hash,
                        &root, &is_begun);
    if (rc == TALLY_OK)
        *out = root;
    return rc;
}

tally_rc tally_tile_stack_resume(tally_tile_stack *out, uint64_t size,
                                 const tally_tile_reader *reader, tally_err *err)
{
    if (size > TALLY_TREE_SIZE_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no tree is that large");
    out->size = size;
    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++) {
        tally_tile tile = { .level = level,
                            .index = tally_tile_full_count(size, level),
                            .width = tally_tile_partial_width(size, level) };
        tally_rc rc;

        if (tile.width == 0)
            continue;
        rc = reader->read(reader->context, out->nodes[level], &tile, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static bool is_same_tile(const tally_tile *a, const tally_tile *b)
{
    return a->level == b->level && a->index == b->index && a->width == b->width;
}

/* Subtrees of height 8 L + h are 2^h neighbours in a tile of level L. */
static tally_rc tile_node(void *context, tally_node *out, uint32_t height, uint64_t index,
                          tally_err *err)
{
    tally_tile_tree *tree = context;
    uint32_t level = height / TALLY_TILE_HEIGHT;
    uint32_t inner = height % TALLY_TILE_HEIGHT;
    uint64_t first = index << inner;
    tally_tile tile = { .level = level,
                        .index = first / TALLY_TILE_WIDTH,
                        .width = TALLY_TILE_WIDTH };
    tally_node scratch[TALLY_TILE_WIDTH];

    if (tile.index == tally_tile_full_count(tree->size, level))
        tile.width = tally_tile_partial_width(tree->size, level);
    TALLY_ASSERT(first + (UINT64_C(1) << inner) <= tally_tile_hash_count(tree->size, level));
    if (!tree->has_tile || !is_same_tile(&tree->tile, &tile)) {
        tally_rc rc;

        tree->has_tile = false;
        rc = tree->reader.read(tree->reader.context, tree->nodes, &tile, err);
        if (rc != TALLY_OK)
            return rc;
        tree->has_tile = true;
        tree->tile = tile;
    }
    memcpy(scratch, &tree->nodes[first % TALLY_TILE_WIDTH], sizeof(tally_node) << inner);
    return tally_tree_fold(tree->hash, out, scratch, inner) == TALLY_OK ? TALLY_OK : no_memory(err);
}

tally_tree_source tally_tile_tree_source(tally_tile_tree *tree)
{
    return (tally_tree_source){ .context = tree, .node = tile_node };
}
