/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs: published ones, valid and not, and ours, altered in every way. */

#include "vectors.h"

#include "random.h"
#include "tlog/proof.h"

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

/* A tree in memory: every complete subtree, by height. */
typedef struct memory_tree {
    tally_node *levels[20];
    uint64_t size;
} memory_tree;

static tally_rc memory_node(void *context, tally_node *out, uint32_t height, uint64_t index,
                            tally_err *err)
{
    const memory_tree *tree = context;

    (void)err;
    assert_true(height < UNIT_COUNT(tree->levels) && index < tree->size >> height);
    *out = tree->levels[height][index];
    return TALLY_OK;
}

static void plant(memory_tree *tree, uint64_t size)
{
    tree->size = size;
    for (uint32_t height = 0; height < UNIT_COUNT(tree->levels); height++) {
        uint64_t count = size >> height;
        tally_node *level = tally_alloc_array(count > 0 ? count : 1, sizeof(tally_node));

        assert_non_null(level);
        for (uint64_t i = 0; i < count; i++) {
            uint8_t entry[8];

            for (uint32_t j = 0; j < 8; j++)
                entry[j] = (uint8_t)(i >> (56 - 8 * j));
            if (height == 0)
                assert_int_equal(tally_tree_hash_leaf(hash, &level[i], entry, sizeof(entry)),
                                 TALLY_OK);
            else
                assert_int_equal(tally_tree_hash_pair(hash, &level[i],
                                                      &tree->levels[height - 1][2 * i],
                                                      &tree->levels[height - 1][2 * i + 1]),
                                 TALLY_OK);
        }
        tree->levels[height] = level;
    }
}

static void fell(memory_tree *tree)
{
    for (size_t i = 0; i < UNIT_COUNT(tree->levels); i++)
        tally_release(tree->levels[i]);
}

/* ---- published proofs ---- */

/* False: some hash is not one of 32 bytes, which no proof of ours can hold. */
static bool read_proof(tally_proof *out, tally_text list)
{
    bool has_more = !tally_text_is(list, "-");

    out->count = 0;
    while (has_more) {
        tally_text encoded;

        has_more = tally_text_split(list, ',', &encoded, &list);
        assert_true(out->count < TALLY_PROOF_NODES_MAX);
        if (!tally_base64_is_exactly(out->nodes[out->count].bytes, TALLY_HASH_BYTES, encoded))
            return false;
        out->count++;
    }
    return true;
}

static tally_rc check_row(tally_text row[static VECTOR_FIELDS_MAX])
{
    uint64_t first = vector_number(row[3]);
    uint64_t second = vector_number(row[4]);
    tally_node leaf = { { 0 } }, root = { { 0 } };
    tally_proof proof;

    if (!read_proof(&proof, row[7]) ||
        !tally_base64_is_exactly(leaf.bytes, TALLY_HASH_BYTES, row[5]) ||
        !tally_base64_is_exactly(root.bytes, TALLY_HASH_BYTES, row[6]))
        return TALLY_E_INVALID;
    if (tally_text_is(row[0], "inclusion"))
        return tally_proof_check_inclusion(
            &proof, hash, (tally_tree_place){ .index = first, .size = second }, &leaf, &root, NULL);
    assert_true(tally_text_is(row[0], "consistency"));
    return tally_proof_check_consistency(
        &proof, hash, (tally_tree_growth){ .from = first, .to = second }, &leaf, &root, NULL);
}

/* One published proof has roots of 12 bytes and is meant to pass; a root is 32
 * bytes to us (see the vectors' README). */
static const char short_roots[] = "consistency/additional/sizes-are-equal-one-and-proof-is-empty";

static void check_table(const char *name, size_t row_count, size_t reject_count)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];
    size_t rejected = 0;

    vector_open(&table, name);
    while (vector_next(&table, row)) {
        bool is_wanted = vector_is_ok(row[1]) && !tally_text_is(row[2], short_roots);
        tally_rc rc = check_row(row);

        if (rc != (is_wanted ? TALLY_OK : TALLY_E_INVALID))
            fail_msg("%s: %.*s gives %s", name, TALLY_TEXT_ARGS(row[2]), tally_rc_name(rc));
        rejected += rc != TALLY_OK;
    }
    assert_int_equal(rejected, reject_count);
    vector_close(&table, row_count);
}

static void published_proofs_are_accepted_and_refused(void **state)
{
    (void)state;
    check_table("proofs/all.tsv", 522, 0);
    check_table("merkle-testdata/all.tsv", 196, 185);
}

/* ---- proofs of our own ---- */

static tally_rc check_inclusion(const tally_proof *proof, tally_tree_place place,
                                const tally_node *leaf, const tally_node *root)
{
    return tally_proof_check_inclusion(proof, hash, place, leaf, root, NULL);
}

static void all_proofs_up_to_a_size_are_made_and_verify(void **state)
{
    enum { SIZE = 70 };
    memory_tree tree;
    tally_tree_source source = { &tree, memory_node };
    tally_node roots[SIZE + 1];
    tally_proof proof;

    (void)state;
    plant(&tree, SIZE);
    for (uint64_t size = 0; size <= SIZE; size++)
        assert_int_equal(tally_tree_range_root(&source, hash, &roots[size],
                                               (tally_tree_range){ .from = 0, .to = size }, NULL),
                         TALLY_OK);
    assert_node_equal(roots[0], tally_tree_empty_root);
    for (uint64_t size = 1; size <= SIZE; size++) {
        for (uint64_t other = 0; other < SIZE; other++) {
            tally_tree_place place = { .index = other, .size = size };
            tally_tree_growth growth = { .from = other, .to = size };
            tally_rc rc = tally_proof_inclusion(&proof, &source, hash, place, NULL);

            assert_int_equal(rc, other < size ? TALLY_OK : TALLY_E_INVALID);
            if (rc == TALLY_OK)
                assert_int_equal(
                    check_inclusion(&proof, place, &tree.levels[0][other], &roots[size]), TALLY_OK);
            rc = tally_proof_consistency(&proof, &source, hash, growth, NULL);
            assert_int_equal(rc, other > 0 && other <= size ? TALLY_OK : TALLY_E_INVALID);
            if (rc == TALLY_OK)
                assert_int_equal(tally_proof_check_consistency(&proof, hash, growth, &roots[other],
                                                               &roots[size], NULL),
                                 TALLY_OK);
        }
    }
    fell(&tree);
}

/* Alter a proof in a random way; false when the way does not apply. */
static bool alter(tally_proof *proof)
{
    uint32_t at = (uint32_t)random_below(TALLY_PROOF_NODES_MAX);

    switch (random_below(5)) {
    case 0: /* a bit */
        if (proof->count == 0)
            return false;
        proof->nodes[at % proof->count].bytes[random_below(TALLY_HASH_BYTES)] ^=
            (uint8_t)(1u << random_below(8));
        return true;
    case 1: /* cut */
        if (proof->count == 0)
            return false;
        at %= proof->count;
        proof->count--;
        memmove(&proof->nodes[at], &proof->nodes[at + 1], (proof->count - at) * sizeof(tally_node));
        return true;
    case 2: /* insert */
        if (proof->count == TALLY_PROOF_NODES_MAX)
            return false;
        at %= proof->count + 1;
        memmove(&proof->nodes[at + 1], &proof->nodes[at], (proof->count - at) * sizeof(tally_node));
        memset(&proof->nodes[at], 0x5a, sizeof(tally_node));
        proof->count++;
        return true;
    case 3: /* repeat the last */
        if (proof->count == 0 || proof->count == TALLY_PROOF_NODES_MAX)
            return false;
        proof->nodes[proof->count] = proof->nodes[proof->count - 1];
        proof->count++;
        return true;
    default: { /* swap neighbours */
        tally_node first;

        if (proof->count < 2)
            return false;
        at %= proof->count - 1;
        first = proof->nodes[at];
        proof->nodes[at] = proof->nodes[at + 1];
        proof->nodes[at + 1] = first;
        return true;
    }
    }
}

static void altered_proofs_up_to_seventy_thousand_leaves_fail(void **state)
{
    enum { SIZE = 70000, ROUNDS = 1500 };
    static memory_tree tree;
    tally_tree_source source = { &tree, memory_node };
    uint32_t altered = 0;

    (void)state;
    random_begin("proof");
    plant(&tree, SIZE);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t size = 1 + random_below(round % 2 == 0 ? SIZE : 40);
        uint64_t index = random_below(size);
        uint64_t from = 1 + random_below(size);
        tally_tree_place place = { .index = index, .size = size };
        tally_tree_growth growth = { .from = from, .to = size };
        const tally_node *leaf = &tree.levels[0][index];
        tally_node root, earlier;
        tally_proof inclusion, consistency, wrong;

        assert_int_equal(tally_tree_range_root(&source, hash, &root,
                                               (tally_tree_range){ .from = 0, .to = size }, NULL),
                         TALLY_OK);
        assert_int_equal(tally_tree_range_root(&source, hash, &earlier,
                                               (tally_tree_range){ .from = 0, .to = from }, NULL),
                         TALLY_OK);
        assert_int_equal(tally_proof_inclusion(&inclusion, &source, hash, place, NULL), TALLY_OK);
        assert_int_equal(check_inclusion(&inclusion, place, leaf, &root), TALLY_OK);
        assert_int_equal(tally_proof_consistency(&consistency, &source, hash, growth, NULL),
                         TALLY_OK);
        assert_int_equal(
            tally_proof_check_consistency(&consistency, hash, growth, &earlier, &root, NULL),
            TALLY_OK);

        wrong = inclusion;
        if (alter(&wrong)) {
            assert_int_equal(check_inclusion(&wrong, place, leaf, &root), TALLY_E_INVALID);
            altered++;
        }
        wrong = consistency;
        if (alter(&wrong)) {
            assert_int_equal(
                tally_proof_check_consistency(&wrong, hash, growth, &earlier, &root, NULL),
                TALLY_E_INVALID);
            altered++;
        }
        place.index = random_below(size);
        if (place.index != index)
            assert_int_equal(check_inclusion(&inclusion, place, leaf, &root), TALLY_E_INVALID);
        growth.from = 1 + random_below(size);
        if (growth.from != from)
            assert_int_equal(
                tally_proof_check_consistency(&consistency, hash, growth, &earlier, &root, NULL),
                TALLY_E_INVALID);
    }
    assert_true(altered > ROUNDS);
    fell(&tree);
}

/* With another size a proof may still lead to the root, when the leaf's path is
 * the same in both trees; but never to the root of that other tree. */
static void sizes_at_the_end_of_the_range_are_handled(void **state)
{
    static const uint64_t sizes[] = { UINT64_C(1) << 62, TALLY_TREE_SIZE_MAX - 1,
                                      TALLY_TREE_SIZE_MAX, UINT64_C(1) << 63, UINT64_MAX };
    tally_proof proof = { .count = TALLY_PROOF_NODES_MAX };
    tally_node node = { { 0 } };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        for (uint32_t count = 0; count <= TALLY_PROOF_NODES_MAX; count++) {
            proof.count = count;
            assert_int_equal(
                check_inclusion(&proof, (tally_tree_place){ sizes[i] - 1, sizes[i] }, &node, &node),
                TALLY_E_INVALID);
            assert_int_equal(tally_proof_check_consistency(
                                 &proof, hash, (tally_tree_growth){ sizes[i] - 1, sizes[i] }, &node,
                                 &node, NULL),
                             TALLY_E_INVALID);
            assert_int_equal(tally_proof_check_consistency(&proof, hash,
                                                           (tally_tree_growth){ 0, sizes[i] },
                                                           &node, &node, NULL),
                             TALLY_E_INVALID);
        }
    }
}

/* Nodes of a tree whose leaves are all zero need no memory for leaves. */
static tally_rc even_node(void *context, tally_node *out, uint32_t height, uint64_t index,
                          tally_err *err)
{
    const tally_node *by_height = context;

    (void)index;
    (void)err;
    *out = by_height[height];
    return TALLY_OK;
}

static void the_longest_proofs_fit(void **state)
{
    static tally_node by_height[TALLY_TREE_HEIGHT_COUNT];
    tally_tree_source source = { by_height, even_node };
    static const uint64_t places[] = { 0, 1, (UINT64_C(1) << 62) + 5, TALLY_TREE_SIZE_MAX - 3,
                                       TALLY_TREE_SIZE_MAX - 1 };
    tally_node root, earlier;
    uint32_t longest = 0;

    (void)state;
    for (uint32_t i = 1; i < TALLY_TREE_HEIGHT_COUNT; i++)
        assert_int_equal(
            tally_tree_hash_pair(hash, &by_height[i], &by_height[i - 1], &by_height[i - 1]),
            TALLY_OK);
    assert_int_equal(
        tally_tree_range_root(&source, hash, &root,
                              (tally_tree_range){ .from = 0, .to = TALLY_TREE_SIZE_MAX }, NULL),
        TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        tally_tree_place place = { .index = places[i], .size = TALLY_TREE_SIZE_MAX };
        tally_tree_growth growth = { .from = places[i] + 1, .to = TALLY_TREE_SIZE_MAX };
        tally_proof proof;

        assert_int_equal(tally_proof_inclusion(&proof, &source, hash, place, NULL), TALLY_OK);
        assert_int_equal(check_inclusion(&proof, place, &by_height[0], &root), TALLY_OK);
        assert_int_equal(tally_tree_range_root(&source, hash, &earlier,
                                               (tally_tree_range){ .from = 0, .to = growth.from },
                                               NULL),
                         TALLY_OK);
        assert_int_equal(tally_proof_consistency(&proof, &source, hash, growth, NULL), TALLY_OK);
        longest = proof.count > longest ? proof.count : longest;
        assert_int_equal(tally_proof_check_consistency(&proof, hash, growth, &earlier, &root, NULL),
                         TALLY_OK);
    }
    assert_true(longest >= 63);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_proofs_are_accepted_and_refused),
        cmocka_unit_test(all_proofs_up_to_a_size_are_made_and_verify),
        cmocka_unit_test(altered_proofs_up_to_seventy_thousand_leaves_fail),
        cmocka_unit_test(sizes_at_the_end_of_the_range_are_handled),
        cmocka_unit_test(the_longest_proofs_fit),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
