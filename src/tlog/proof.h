/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_PROOF_H
#define TALLY_TLOG_PROOF_H

/* Inclusion and consistency proofs (RFC 9162, sections 2.1.3 and 2.1.4). */

#include "tlog/tree.h"

/* An inclusion proof has at most 63 hashes, a consistency proof one more. */
#define TALLY_PROOF_NODES_MAX 64

typedef struct tally_proof {
    uint32_t count;
    tally_node nodes[TALLY_PROOF_NODES_MAX]; /* in the order of the RFC: leaf to root */
} tally_proof;

/* The leaf with this index, in the tree of this size. */
typedef struct tally_tree_place {
    uint64_t index;
    uint64_t size;
} tally_tree_place;

/* The same tree at an earlier and at a later size. */
typedef struct tally_tree_growth {
    uint64_t from;
    uint64_t to;
} tally_tree_growth;

/* Make the proof that a leaf stands in a tree.
 *
 * TALLY_E_INVALID  there is no such leaf, or no tree of that size
 * TALLY_E_NOMEM    hashing failed
 * and whatever the source returns */
TALLY_MUST_CHECK tally_rc tally_proof_inclusion(tally_proof *out, const tally_tree_source *source,
                                                tally_hash *hash, tally_tree_place place,
                                                tally_err *err);

/* Make the proof that a tree only grew; empty for equal sizes. Failures as
 * above; from size 0 nothing can be proven, which is TALLY_E_INVALID. */
TALLY_MUST_CHECK tally_rc tally_proof_consistency(tally_proof *out, const tally_tree_source *source,
                                                  tally_hash *hash, tally_tree_growth growth,
                                                  tally_err *err);

/* Check that the leaf hash stands at this place of the tree with this root.
 *
 * TALLY_E_INVALID  it does not, or the proof is not the one for this place
 * TALLY_E_NOMEM    hashing failed */
TALLY_MUST_CHECK tally_rc tally_proof_check_inclusion(const tally_proof *proof, tally_hash *hash,
                                                      tally_tree_place place,
                                                      const tally_node *leaf,
                                                      const tally_node *root, tally_err *err);

/* Check that the tree with root `earlier` grew into the one with root `later`.
 * Failures as above. A tree of size 0 is refused: any tree grew from that, so
 * it needs no proof, only that its root is tally_tree_empty_root. */
TALLY_MUST_CHECK tally_rc tally_proof_check_consistency(const tally_proof *proof, tally_hash *hash,
                                                        tally_tree_growth growth,
                                                        const tally_node *earlier,
                                                        const tally_node *later, tally_err *err);

#endif
