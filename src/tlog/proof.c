/* SPDX-License-Identifier: Apache-2.0 */
/* Merkle proofs. Makers walk from the root to the leaf, as the RFC defines a
 * path; checkers climb from the leaf, as it describes verification. The two
 * share no code, so that a slip in one is seen by the other. */

#include "tlog/proof.h"

#include <inttypes.h>

/* A path from the root down: ranges whose hashes make up the proof, in the
 * order met, which is that of the proof reversed. */
typedef struct path {
    uint32_t count;
    tally_tree_range ranges[TALLY_PROOF_NODES_MAX];
} path;

static void step(path *taken, uint64_t from, uint64_t to)
{
    TALLY_ASSERT(taken->count < TALLY_PROOF_NODES_MAX);
    taken->ranges[taken->count++] = (tally_tree_range){ .from = from, .to = to };
}

static tally_rc hash_path(tally_proof *out, const path *taken, const tally_tree_source *source,
                          tally_hash *hash, tally_err *err)
{
    tally_proof proof = { .count = taken->count };

    for (uint32_t i = 0; i < taken->count; i++) {
        tally_rc rc = tally_tree_range_root(source, hash, &proof.nodes[i],
                                            taken->ranges[taken->count - 1 - i], err);

        if (rc != TALLY_OK)
            return rc;
    }
    *out = proof;
    return TALLY_OK;
}

tally_rc tally_proof_inclusion(tally_proof *out, const tally_tree_source *source, tally_hash *hash,
                               tally_tree_place place, tally_err *err)
{
    path taken = { .count = 0 };
    uint64_t from = 0;
    uint64_t to = place.size;

    if (place.size > TALLY_TREE_SIZE_MAX || place.index >= place.size)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "a tree of size %" PRIu64 " has no leaf %" PRIu64, place.size,
                             place.index);
    while (to - from > 1) {
        uint64_t middle = from + tally_tree_split(to - from);

        if (place.index < middle) {
            step(&taken, middle, to);
            to = middle;
        } else {
            step(&taken, from, middle);
            from = middle;
        }
    }
    return hash_path(out, &taken, source, hash, err);
}

tally_rc tally_proof_consistency(tally_proof *out, const tally_tree_source *source,
                                 tally_hash *hash, tally_tree_growth growth, tally_err *err)
{
    path taken = { .count = 0 };
    uint64_t from = 0;
    uint64_t to = growth.to;

    if (growth.from == 0 || growth.from > growth.to || growth.to > TALLY_TREE_SIZE_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "nothing proves that size %" PRIu64 " grew into %" PRIu64, growth.from,
                             growth.to);
    while (to != growth.from) {
        uint64_t middle = from + tally_tree_split(to - from);

        if (growth.from <= middle) {
            step(&taken, middle, to);
            to = middle;
        } else {
            step(&taken, from, middle);
            from = middle;
        }
    }
    /* The verifier knows the root of the earlier tree, but not of this part. */
    if (from > 0)
        step(&taken, from, to);
    return hash_path(out, &taken, source, hash, err);
}

/* The climb that both checks share: at `at`, whose level ends with `last`. */
typedef struct climb {
    uint64_t at;
    uint64_t last;
} climb;

static void ascend(climb *where)
{
    where->at >>= 1;
    where->last >>= 1;
}

/* Is the next hash of the proof a left sibling? If it is, move up to the level
 * where the node has it. */
static bool takes_left(climb *where)
{
    if ((where->at & 1) == 0 && where->at != where->last)
        return false;
    while ((where->at & 1) == 0 && where->at != 0)
        ascend(where);
    return true;
}

static tally_rc refuse(tally_err *err, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "%s", what);
}

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
}

tally_rc tally_proof_check_inclusion(const tally_proof *proof, tally_hash *hash,
                                     tally_tree_place place, const tally_node *leaf,
                                     const tally_node *root, tally_err *err)
{
    climb where = { .at = place.index, .last = place.size - 1 };
    tally_node node = *leaf;

    TALLY_ASSERT(proof->count <= TALLY_PROOF_NODES_MAX);
    if (place.size > TALLY_TREE_SIZE_MAX || place.index >= place.size)
        return refuse(err, "the tree has no such leaf");
    for (uint32_t i = 0; i < proof->count; i++) {
        const tally_node *sibling = &proof->nodes[i];
        tally_rc rc;

        if (where.last == 0)
            return refuse(err, "the inclusion proof is too long");
        rc = takes_left(&where) ? tally_tree_hash_pair(hash, &node, sibling, &node)
                                : tally_tree_hash_pair(hash, &node, &node, sibling);
        if (rc != TALLY_OK)
            return no_memory(err);
        ascend(&where);
    }
    if (where.last != 0)
        return refuse(err, "the inclusion proof is too short");
    if (!tally_node_is_equal(&node, root))
        return refuse(err, "the inclusion proof leads to another root");
    return TALLY_OK;
}

/* Climb with both trees at once; earlier and later become the roots found. */
static tally_rc climb_both(const tally_proof *proof, uint32_t first, tally_hash *hash, climb where,
                           tally_node *earlier, tally_node *later, tally_err *err)
{
    for (uint32_t i = first; i < proof->count; i++) {
        const tally_node *sibling = &proof->nodes[i];
        tally_rc rc;

        if (where.last == 0)
            return refuse(err, "the consistency proof is too long");
        if (takes_left(&where)) {
            rc = tally_tree_hash_pair(hash, earlier, sibling, earlier);
            if (rc == TALLY_OK)
                rc = tally_tree_hash_pair(hash, later, sibling, later);
        } else {
            rc = tally_tree_hash_pair(hash, later, later, sibling);
        }
        if (rc != TALLY_OK)
            return no_memory(err);
        ascend(&where);
    }
    return where.last == 0 ? TALLY_OK : refuse(err, "the consistency proof is too short");
}

tally_rc tally_proof_check_consistency(const tally_proof *proof, tally_hash *hash,
                                       tally_tree_growth growth, const tally_node *earlier,
                                       const tally_node *later, tally_err *err)
{
    climb where = { .at = growth.from - 1, .last = growth.to - 1 };
    tally_node found_earlier, found_later;
    bool is_complete = (growth.from & (growth.from - 1)) == 0;
    tally_rc rc;

    TALLY_ASSERT(proof->count <= TALLY_PROOF_NODES_MAX);
    if (growth.from == 0 || growth.from > growth.to || growth.to > TALLY_TREE_SIZE_MAX)
        return refuse(err, "the sizes are none that a consistency proof connects");
    if (growth.from == growth.to) {
        if (proof->count != 0)
            return refuse(err, "a consistency proof between equal sizes is empty");
        return tally_node_is_equal(earlier, later)
                   ? TALLY_OK
                   : refuse(err, "two roots are given for one size");
    }
    if (proof->count == 0)
        return refuse(err, "the consistency proof is empty");
    /* Start at the largest subtree that ends with the earlier tree. */
    while ((where.at & 1) != 0)
        ascend(&where);
    /* A complete earlier tree is that subtree itself. */
    found_earlier = is_complete ? *earlier : proof->nodes[0];
    found_later = found_earlier;
    rc = climb_both(proof, is_complete ? 0 : 1, hash, where, &found_earlier, &found_later, err);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_node_is_equal(&found_earlier, earlier))
        return refuse(err, "the consistency proof leads to another earlier root");
    if (!tally_node_is_equal(&found_later, later))
        return refuse(err, "the consistency proof leads to another later root");
    return TALLY_OK;
}
