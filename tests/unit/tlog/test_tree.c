/* SPDX-License-Identifier: Apache-2.0 */
/* Roots of trees: the published ones, and the RFC's definition written out. */

#include "vectors.h"

#include "random.h"
#include "tlog/tree.h"

static tally_hash *hash;

static int begin(void **state)
{
    (void)state;
    hash = tally_hash_new();
    return hash == NULL;
}

static int end(void **state)
{
    (void)state;
    tally_hash_free(hash);
    return 0;
}

static tally_node root_of(const tally_tree_edge *edge)
{
    tally_node root;

    assert_int_equal(tally_tree_root(edge, hash, &root), TALLY_OK);
    return root;
}

static void the_thousand_and_one_roots_are_met(void **state)
{
    static tally_tree_edge edge;
    vector_table entries, roots;
    tally_text entry[VECTOR_FIELDS_MAX], root[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&entries, "log-1000.entries.tsv");
    vector_open(&roots, "log-1000.roots.tsv");
    while (vector_next(&roots, root)) {
        uint8_t bytes[64];
        tally_node leaf;

        assert_int_equal(vector_number(root[0]), edge.size);
        assert_node_equal(root_of(&edge), vector_base64(root[1]));
        if (!vector_next(&entries, entry))
            break;
        assert_int_equal(
            tally_tree_hash_leaf(hash, &leaf, bytes, vector_hex(bytes, sizeof(bytes), entry[1])),
            TALLY_OK);
        assert_node_equal(leaf, vector_hash(entry[2]));
        assert_int_equal(tally_tree_append(&edge, hash, &leaf), TALLY_OK);
    }
    vector_close(&entries, 1000);
    vector_close(&roots, 1001);
}

static void roots_beyond_a_million_leaves_are_met(void **state)
{
    static tally_tree_edge edge;
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&table, "bigroots.tsv");
    while (vector_next(&table, row)) {
        while (edge.size < vector_number(row[0])) {
            uint8_t entry[8];
            tally_node leaf;

            for (uint32_t i = 0; i < 8; i++)
                entry[i] = (uint8_t)(edge.size >> (56 - 8 * i));
            assert_int_equal(tally_tree_hash_leaf(hash, &leaf, entry, sizeof(entry)), TALLY_OK);
            assert_int_equal(tally_tree_append(&edge, hash, &leaf), TALLY_OK);
        }
        assert_node_equal(root_of(&edge), vector_base64(row[1]));
    }
    assert_int_equal(edge.size, 1048577);
    vector_close(&table, 20);
}

/* RFC 9162, section 2.1.1, as it stands there. */
static tally_node defined_root(const tally_node *leaves, uint64_t count)
{
    tally_node left, right;
    uint64_t split = 1;

    if (count == 0)
        return tally_tree_empty_root;
    if (count == 1)
        return leaves[0];
    while (split * 2 < count)
        split *= 2;
    assert_int_equal(tally_tree_split(count), split);
    left = defined_root(leaves, split);
    right = defined_root(leaves + split, count - split);
    assert_int_equal(tally_tree_hash_pair(hash, &left, &left, &right), TALLY_OK);
    return left;
}

static void the_edge_agrees_with_the_definition_at_every_size(void **state)
{
    static tally_node leaves[700];
    tally_tree_edge edge = { .size = 0 };

    (void)state;
    random_begin("tree");
    for (size_t count = 0; count < UNIT_COUNT(leaves); count++) {
        assert_node_equal(root_of(&edge), defined_root(leaves, count));
        for (size_t i = 0; i < TALLY_HASH_BYTES; i++)
            leaves[count].bytes[i] = (uint8_t)random_u64();
        assert_int_equal(tally_tree_append(&edge, hash, &leaves[count]), TALLY_OK);
    }
}

static void folding_agrees_with_the_definition(void **state)
{
    static tally_node leaves[256], scratch[256];
    tally_node root;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(leaves); i++)
        leaves[i].bytes[0] = (uint8_t)i;
    for (uint32_t height = 0; height <= 8; height++) {
        memcpy(scratch, leaves, sizeof(leaves));
        assert_int_equal(tally_tree_fold(hash, &root, scratch, height), TALLY_OK);
        assert_node_equal(root, defined_root(leaves, UINT64_C(1) << height));
    }
}

/* The lengths at which SHA-256 needs a further block, and where leaves change
 * from one call to two. */
static void a_leaf_is_the_hash_of_zero_and_the_entry(void **state)
{
    static const size_t lengths[] = { 0, 1, 54, 55, 56, 118, 119, 254, 255, 256, 257, 65535 };
    static uint8_t message[65536];
    tally_node leaf, again;

    (void)state;
    memset(message + 1, 0xa5, sizeof(message) - 1);
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        assert_int_equal(tally_hash_sha256(again.bytes, message, lengths[i] + 1), TALLY_OK);
        assert_int_equal(
            tally_tree_hash_leaf(hash, &leaf, lengths[i] > 0 ? message + 1 : NULL, lengths[i]),
            TALLY_OK);
        assert_node_equal(leaf, again);
    }
}

static void the_empty_root_is_the_hash_of_nothing(void **state)
{
    tally_node root;

    (void)state;
    assert_int_equal(tally_hash_sha256(root.bytes, NULL, 0), TALLY_OK);
    assert_node_equal(root, tally_tree_empty_root);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thousand_and_one_roots_are_met),
        cmocka_unit_test(roots_beyond_a_million_leaves_are_met),
        cmocka_unit_test(the_edge_agrees_with_the_definition_at_every_size),
        cmocka_unit_test(folding_agrees_with_the_definition),
        cmocka_unit_test(a_leaf_is_the_hash_of_zero_and_the_entry),
        cmocka_unit_test(the_empty_root_is_the_hash_of_nothing),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
