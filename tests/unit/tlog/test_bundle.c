/* SPDX-License-Identifier: Apache-2.0 */
/* Entry bundles, read and written. */

#include "vectors.h"

#include "tlog/bundle.h"

static void bundles_are_read_and_refused_as_listed(void **state)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&table, "bundles.tsv");
    while (vector_next(&table, row)) {
        uint8_t bytes[64];
        size_t count = tally_text_is(row[2], "-") ? 0 : vector_hex(bytes, sizeof(bytes), row[2]);
        tally_bundle bundle;
        tally_rc rc = tally_bundle_parse(&bundle, tally_text_of((const char *)bytes, count),
                                         (uint32_t)vector_number(row[1]), NULL);

        assert_int_equal(rc, vector_is_ok(row[0]) ? TALLY_OK : TALLY_E_INVALID);
        if (rc == TALLY_OK)
            assert_int_equal(bundle.count, vector_number(row[1]));
    }
    vector_close(&table, 8);
}

/* Entries at the block boundaries of SHA-256 and the longest there can be. */
static void the_log_with_odd_lengths_has_its_root(void **state)
{
    static const size_t lengths[] = { 0, 1, 54, 55, 56, 118, 119, 255, 256, 65535, 0 };
    tally_hash *hash = tally_hash_new();
    tally_tree_edge edge = { .size = 0 };
    tally_buffer bytes, tile, again;
    tally_bundle bundle;
    tally_node root;

    (void)state;
    assert_non_null(hash);
    vector_read(&bytes, "log-edge/tile/entries/000.p/11");
    vector_read(&tile, "log-edge/tile/0/000.p/11");
    tally_buffer_init(&again, TALLY_BUNDLE_BYTES_MAX);
    assert_int_equal(
        tally_bundle_parse(&bundle, tally_buffer_text(&bytes), UNIT_COUNT(lengths), NULL),
        TALLY_OK);
    for (uint32_t i = 0; i < bundle.count; i++) {
        tally_node leaf;

        assert_int_equal(bundle.entries[i].count, lengths[i]);
        assert_int_equal(tally_bundle_append(&again, bundle.entries[i]), TALLY_OK);
        assert_int_equal(tally_tree_hash_leaf(hash, &leaf, bundle.entries[i].bytes, lengths[i]),
                         TALLY_OK);
        assert_memory_equal(leaf.bytes, tile.bytes + i * sizeof(leaf), sizeof(leaf));
        assert_int_equal(tally_tree_append(&edge, hash, &leaf), TALLY_OK);
    }
    assert_true(tally_text_is_equal(tally_buffer_text(&again), tally_buffer_text(&bytes)));
    assert_int_equal(tally_tree_root(&edge, hash, &root), TALLY_OK);
    assert_node_equal(root,
                      vector_base64(TALLY_TEXT("qMpC1sZ22BJ5QYE1LyG5RrHZEqL8MTTwxmQL5rh7z1Y=")));
    tally_buffer_free(&again);
    tally_buffer_free(&tile);
    tally_buffer_free(&bytes);
    tally_hash_free(hash);
}

static void an_entry_too_long_leaves_the_bundle_as_it_was(void **state)
{
    static char entry[65536];
    tally_buffer bundle;

    (void)state;
    tally_buffer_init(&bundle, TALLY_BUNDLE_BYTES_MAX);
    assert_int_equal(tally_bundle_append(&bundle, tally_text_of(entry, 3)), TALLY_OK);
    assert_int_equal(tally_bundle_append(&bundle, tally_text_of(entry, sizeof(entry))),
                     TALLY_E_LIMIT);
    assert_int_equal(bundle.count, 5);
    tally_buffer_free(&bundle);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_are_read_and_refused_as_listed),
        cmocka_unit_test(the_log_with_odd_lengths_has_its_root),
        cmocka_unit_test(an_entry_too_long_leaves_the_bundle_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
