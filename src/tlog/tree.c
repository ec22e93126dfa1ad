/* SPDX-License-Identifier: Apache-2.0 */
/* Tree hashing: leaves, nodes, and roots from the right edge. */

#include "tlog/tree.h"

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

/* Entries up to this are hashed in one call, prefix included. */
#define LEAF_COPY_BYTES_MAX 255

const tally_node tally_tree_empty_root = { { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                             0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                                             0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
                                             0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 } };

tally_rc tally_tree_hash_leaf(tally_hash *hash, tally_node *out, const void *entry,
                              size_t entry_bytes)
{
    uint8_t message[1 + LEAF_COPY_BYTES_MAX];

    TALLY_ASSERT(entry != NULL || entry_bytes == 0);
    message[0] = LEAF_PREFIX;
    if (entry_bytes > LEAF_COPY_BYTES_MAX) {
        tally_hash_update(hash, message, 1);
        tally_hash_update(hash, entry, entry_bytes);
        return tally_hash_finish(hash, out->bytes);
    }
    if (entry_bytes > 0)
        memcpy(message + 1, entry, entry_bytes);
    tally_hash_update(hash, message, 1 + entry_bytes);
    return tally_hash_finish(hash, out->bytes);
}

tally_rc tally_tree_hash_pair(tally_hash *hash, tally_node *out, const tally_node *left,
                              const tally_node *right)
{
    uint8_t message[1 + 2 * TALLY_HASH_BYTES];

    message[0] = NODE_PREFIX;
    memcpy(message + 1, left->bytes, TALLY_HASH_BYTES);
    memcpy(message + 1 + TALLY_HASH_BYTES, right->bytes, TALLY_HASH_BYTES);
    tally_hash_update(hash, message, sizeof(message));
    return tally_hash_finish(hash, out->bytes);
}

tally_rc tally_tree_fold(tally_hash *hash, tally_node *out, tally_node *nodes, uint32_t height)
{
    tally_rc rc = TALLY_OK;

    TALLY_ASSERT(height <= 8);
    for (uint32_t count = 1u << height; count > 1; count /= 2) {
        for (uint32_t i = 0; i < count / 2 && rc == TALLY_OK; i++)
            rc = tally_tree_hash_pair(hash, &nodes[i], &nodes[2 * (size_t)i],
                                      &nodes[2 * (size_t)i + 1]);
    }
    if (rc == TALLY_OK)
        *out = nodes[0];
    return rc;
}

tally_rc tally_tree_append(tally_tree_edge *edge, tally_hash *hash, const tally_node *leaf)
{
    tally_node node = *leaf;
    uint32_t height = 0;

    TALLY_ASSERT(edge->size < TALLY_TREE_SIZE_MAX);
    for (; (edge->size >> height & 1) != 0; height++) {
        tally_rc rc = tally_tree_hash_pair(hash, &node, &edge->nodes[height], &node);

        if (rc != TALLY_OK)
            return rc;
    }
    edge->nodes[height] = node;
    edge->size++;
    return TALLY_OK;
}

tally_rc tally_tree_root(const tally_tree_edge *edge, tally_hash *hash, tally_node *out)
{
    tally_node root = tally_tree_empty_root;
    bool is_begun = false;
    tally_rc rc = TALLY_OK;

    for (uint32_t height = 0; height < TALLY_TREE_HEIGHT_COUNT && rc == TALLY_OK; height++) {
        if ((edge->size >> height & 1) == 0)
            continue;
        if (is_begun)
            rc = tally_tree_hash_pair(hash, &root, &edge->nodes[height], &root);
        else
            root = edge->nodes[height];
        is_begun = true;
    }
    if (rc == TALLY_OK)
        *out = root;
    return rc;
}

uint64_t tally_tree_split(uint64_t size)
{
    TALLY_ASSERT(size > 1);
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* The range is a row of complete subtrees, the largest first; they are folded
 * from the last. */
tally_rc tally_tree_range_root(const tally_tree_source *source, tally_hash *hash, tally_node *out,
                               tally_tree_range range, tally_err *err)
{
    uint64_t end = range.to;
    tally_node root = tally_tree_empty_root;
    tally_rc rc;

    TALLY_ASSERT(range.from <= range.to && range.to <= TALLY_TREE_SIZE_MAX);
    while (end > range.from) {
        uint32_t height = (uint32_t)__builtin_ctzll(end - range.from);
        tally_node node;

        TALLY_ASSERT((end & ((UINT64_C(1) << height) - 1)) == 0);
        rc = source->node(source->context, &node, height, (end >> height) - 1, err);
        if (rc != TALLY_OK)
            return rc;
        if (end == range.to)
            root = node;
        else if (tally_tree_hash_pair(hash, &root, &node, &root) != TALLY_OK)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
        end -= UINT64_C(1) << height;
    }
    *out = root;
    return TALLY_OK;
}
