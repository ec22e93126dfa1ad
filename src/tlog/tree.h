/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_TREE_H
#define TALLY_TLOG_TREE_H

/* The Merkle tree of RFC 6962 (RFC 9162, section 2.1) over SHA-256.
 *
 *   leaf = SHA-256(0x00 || entry)     node = SHA-256(0x01 || left || right)
 *
 * A tree of n > 1 leaves splits at the largest power of two below n; the tree
 * of none has the root SHA-256(""). Every function that hashes takes a
 * tally_hash, so that its context is made once and not for each node; the only
 * failure of those without a tally_err is TALLY_E_NOMEM. One thread at a time
 * for each hash and each edge. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "crypto/hash.h"
#include "tally/base.h"

/* The largest tree anybody may speak of; other readers keep sizes in 63 bits. */
#define TALLY_TREE_SIZE_MAX ((uint64_t)INT64_MAX)

/* Subtrees within that have heights below this. */
#define TALLY_TREE_HEIGHT_COUNT 63

/* One hash of the tree, a leaf's or an inner one's. */
typedef struct tally_node {
    uint8_t bytes[TALLY_HASH_BYTES];
} tally_node;

_Static_assert(sizeof(tally_node) == TALLY_HASH_BYTES, "nodes lie in tiles without gaps");

extern const tally_node tally_tree_empty_root;

static inline bool tally_node_is_equal(const tally_node *a, const tally_node *b)
{
    return memcmp(a->bytes, b->bytes, TALLY_HASH_BYTES) == 0;
}

TALLY_MUST_CHECK tally_rc tally_tree_hash_leaf(tally_hash *hash, tally_node *out, const void *entry,
                                               size_t entry_bytes);

/* out may be left or right. */
TALLY_MUST_CHECK tally_rc tally_tree_hash_pair(tally_hash *hash, tally_node *out,
                                               const tally_node *left, const tally_node *right);

/* The root over 2^height leaf or subtree hashes, at most 256 of them. nodes is
 * overwritten. */
TALLY_MUST_CHECK tally_rc tally_tree_fold(tally_hash *hash, tally_node *out, tally_node *nodes,
                                          uint32_t height);

/* The right edge of a growing tree: for each bit of its size the root of one
 * complete subtree. Start with all zero. */
typedef struct tally_tree_edge {
    uint64_t size;
    tally_node nodes[TALLY_TREE_HEIGHT_COUNT]; /* by height; set where size has that bit */
} tally_tree_edge;

/* Append one leaf hash. After a failure the edge is as before. The size must be
 * below TALLY_TREE_SIZE_MAX. */
TALLY_MUST_CHECK tally_rc tally_tree_append(tally_tree_edge *edge, tally_hash *hash,
                                            const tally_node *leaf);

/* The root of all leaves appended so far. */
TALLY_MUST_CHECK tally_rc tally_tree_root(const tally_tree_edge *edge, tally_hash *hash,
                                          tally_node *out);

/* Where the nodes of a tree come from, be it memory or tiles. */
typedef struct tally_tree_source {
    void *context;
    /* The root of the complete subtree over leaves index << height up to
     * (index + 1) << height. */
    tally_rc (*node)(void *context, tally_node *out, uint32_t height, uint64_t index,
                     tally_err *err);
} tally_tree_source;

/* A range of leaves, `from` up to, not including, `to`. */
typedef struct tally_tree_range {
    uint64_t from;
    uint64_t to;
} tally_tree_range;

/* The hash that stands in a tree for a range that one of its splits makes: from
 * is a multiple of the smallest power of two that is not below its length. The
 * range 0 to n gives the root of the first n leaves. */
TALLY_MUST_CHECK tally_rc tally_tree_range_root(const tally_tree_source *source, tally_hash *hash,
                                                tally_node *out, tally_tree_range range,
                                                tally_err *err);

/* The power of two at which a tree of size > 1 splits. */
uint64_t tally_tree_split(uint64_t size);

#endif
