/* SPDX-License-Identifier: Apache-2.0 */
/* Any hashes as a proof between any numbers, up to 2^64: the checks end, and a
 * proof of inclusion that is accepted is accepted for one leaf only. */

#include "fuzz.h"
#include "tlog/proof.h"

static uint64_t take_u64(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_proof proof = { .count = 0 };
    tally_node first, second;
    uint64_t small, large;
    tally_hash *hash;

    if (count < 16 + 2 * sizeof(tally_node))
        return 0;
    hash = tally_hash_new();
    TALLY_ASSERT(hash != NULL);
    small = take_u64(bytes);
    large = take_u64(bytes + 8);
    memcpy(first.bytes, bytes + 16, sizeof(first));
    memcpy(second.bytes, bytes + 16 + sizeof(first), sizeof(second));
    bytes += 16 + 2 * sizeof(tally_node);
    count -= 16 + 2 * sizeof(tally_node);
    while (count >= sizeof(tally_node) && proof.count < TALLY_PROOF_NODES_MAX) {
        memcpy(proof.nodes[proof.count++].bytes, bytes, sizeof(tally_node));
        bytes += sizeof(tally_node);
        count -= sizeof(tally_node);
    }
    if (tally_proof_check_inclusion(&proof, hash, (tally_tree_place){ small, large }, &first,
                                    &second, NULL) == TALLY_OK) {
        TALLY_ASSERT(small < large && large <= TALLY_TREE_SIZE_MAX);
        first.bytes[0] ^= 1;
        TALLY_ASSERT(tally_proof_check_inclusion(&proof, hash, (tally_tree_place){ small, large },
                                                 &first, &second, NULL) != TALLY_OK);
        first.bytes[0] ^= 1;
    }
    if (tally_proof_check_consistency(&proof, hash, (tally_tree_growth){ small, large }, &first,
                                      &second, NULL) == TALLY_OK)
        TALLY_ASSERT(small > 0 && small <= large && large <= TALLY_TREE_SIZE_MAX &&
                     (small == large) == (proof.count == 0));
    tally_hash_free(hash);
    return 0;
}
