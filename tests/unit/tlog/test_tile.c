/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles: their names, which there are, building them and proving from them. */

#include "vectors.h"

#include <inttypes.h>

#include "random.h"
#include "tlog/proof.h"
#include "tlog/tile.h"

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

static void paths_are_written_and_read_as_listed(void **state)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&table, "paths.tsv");
    while (vector_next(&table, row)) {
        tally_tile tile = { .holds_entries = tally_text_is(row[0], "entries"),
                            .index = vector_number(row[1]),
                            .width = (uint32_t)vector_number(row[2]) };
        char path[TALLY_TILE_PATH_BYTES];
        tally_tile again;

        if (!tile.holds_entries)
            tile.level = (uint32_t)vector_number(row[0]);
        assert_true(tally_text_is_equal(tally_tile_path(path, &tile), row[3]));
        assert_true(tally_tile_parse(&again, row[3]));
        assert_true(again.holds_entries == tile.holds_entries && again.level == tile.level &&
                    again.index == tile.index && again.width == tile.width);
    }
    vector_close(&table, 21);
}

static void paths_in_any_other_form_are_refused(void **state)
{
    static const char *const more[] = { "",
                                        "tile",
                                        "tile/",
                                        "tile/0",
                                        "tile/0/",
                                        "tile/-0/000",
                                        "tile/0/000.p/-0",
                                        "tile/0/x999/x999/x999/x999/x999/x999/999",
                                        "tile/0/000.p/1.p/1",
                                        "tile/entries/000.p/256",
                                        "tile/0/ 00",
                                        "tile/entries",
                                        "tile/0/x001/000.p/1/",
                                        "Tile/0/000" };
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_tile tile;

    (void)state;
    vector_open(&table, "paths-invalid.txt");
    while (vector_next(&table, row))
        assert_false(tally_tile_parse(&tile, row[0]));
    vector_close(&table, 22);
    for (size_t i = 0; i < UNIT_COUNT(more); i++)
        assert_false(tally_tile_parse(&tile, tally_text_from(more[i])));
}

static void any_index_comes_back_from_its_path(void **state)
{
    (void)state;
    random_begin("tile");
    for (uint32_t round = 0; round < 5000; round++) {
        uint64_t index = (random_u64() & TALLY_TREE_SIZE_MAX) >> random_below(63);
        char text[TALLY_TILE_INDEX_BYTES];
        uint64_t again;

        assert_true(tally_tile_parse_index(&again, tally_tile_format_index(text, index)));
        assert_true(again == index);
    }
}

/* The listing of the vectors: `level/index:width`, runs of full tiles as
 * `level/first-last:256`. */
static void list_tiles(tally_buffer *out, uint64_t size)
{
    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++) {
        uint64_t full = tally_tile_full_count(size, level);
        uint32_t width = tally_tile_partial_width(size, level);

        if (full == 1)
            tally_buffer_printf(out, " %u/0:256", level);
        if (full > 1)
            tally_buffer_printf(out, " %u/0-%" PRIu64 ":256", level, full - 1);
        if (width > 0)
            tally_buffer_printf(out, " %u/%" PRIu64 ":%u", level, full, width);
    }
}

static void each_size_has_the_tiles_listed(void **state)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&table, "tilesets.tsv");
    while (vector_next(&table, row)) {
        uint64_t size = vector_number(row[0]);
        tally_tile_walk walk = { .size = size };
        tally_tile tile = { .level = 0 };
        uint64_t walked = 0, wanted = 0;
        tally_buffer listing;
        tally_text text;

        tally_buffer_init(&listing, 4096);
        list_tiles(&listing, size);
        text = tally_text_trim(tally_buffer_text(&listing));
        assert_true(tally_text_is_equal(text, size > 0 ? row[1] : text) &&
                    (size > 0) == (text.count > 0));
        tally_buffer_free(&listing);

        for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++)
            wanted +=
                (tally_tile_full_count(size, level) + (tally_tile_partial_width(size, level) > 0)) *
                (level == 0 ? 2 : 1);
        for (; tally_tile_next(&walk, &tile); walked++)
            assert_true(tally_tile_is_within(&tile, size));
        assert_int_equal(walked, wanted);
        assert_false(tally_tile_next(&walk, &tile));
    }
    vector_close(&table, 16);
}

static void only_tiles_of_a_size_are_within_it(void **state)
{
    tally_tile tile = { .level = 0, .index = 1, .width = 44 };

    (void)state;
    assert_true(tally_tile_is_within(&tile, 300));
    assert_true(tally_tile_is_within(&tile, 512));
    assert_false(tally_tile_is_within(&tile, 299));
    tile.width = 256;
    assert_false(tally_tile_is_within(&tile, 511));
    tile = (tally_tile){ .level = 9, .index = 0, .width = 1 };
    assert_false(tally_tile_is_within(&tile, TALLY_TREE_SIZE_MAX));
}

/* ---- building ---- */

/* All tiles of a log in memory: the widest seen of each. */
typedef struct shelf {
    tally_node *nodes[3];
    uint64_t counts[3]; /* hashes there */
    uint32_t reads;
} shelf;

#define SHELF_SIZE 70000

static void shelf_open(shelf *out)
{
    *out = (shelf){ .reads = 0 };
    for (size_t i = 0; i < UNIT_COUNT(out->nodes); i++) {
        out->nodes[i] = tally_alloc_array(SHELF_SIZE, sizeof(tally_node));
        assert_non_null(out->nodes[i]);
    }
}

static void shelf_close(shelf *open)
{
    for (size_t i = 0; i < UNIT_COUNT(open->nodes); i++)
        tally_release(open->nodes[i]);
}

static tally_rc shelve(void *context, const tally_tile *tile, const tally_node *nodes,
                       tally_err *err)
{
    shelf *to = context;
    uint64_t first = tile->index * TALLY_TILE_WIDTH;

    (void)err;
    assert_true(tile->level < UNIT_COUNT(to->nodes) && !tile->holds_entries);
    memcpy(&to->nodes[tile->level][first], nodes, tile->width * sizeof(tally_node));
    if (first + tile->width > to->counts[tile->level])
        to->counts[tile->level] = first + tile->width;
    return TALLY_OK;
}

static tally_rc fetch(void *context, tally_node *out, const tally_tile *tile, tally_err *err)
{
    shelf *from = context;
    uint64_t first = tile->index * TALLY_TILE_WIDTH;

    from->reads++;
    if (tile->level >= UNIT_COUNT(from->nodes) || first + tile->width > from->counts[tile->level])
        return tally_err_set(err, TALLY_E_IO, 0, "no such tile");
    memcpy(out, &from->nodes[tile->level][first], tile->width * sizeof(tally_node));
    return TALLY_OK;
}

static tally_node leaf_of(uint64_t index)
{
    uint8_t entry[8];
    tally_node leaf;

    for (uint32_t i = 0; i < 8; i++)
        entry[i] = (uint8_t)(index >> (56 - 8 * i));
    assert_int_equal(tally_tree_hash_leaf(hash, &leaf, entry, sizeof(entry)), TALLY_OK);
    return leaf;
}

static void the_tiles_of_the_published_log_are_built(void **state)
{
    static tally_tile_stack stack;
    vector_table entries;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_tile_sink sink = { .take = shelve };
    tally_tile_walk walk = { .size = 1000 };
    tally_tile tile;
    shelf built;
    size_t compared = 0;

    (void)state;
    shelf_open(&built);
    sink.context = &built;
    vector_open(&entries, "log-1000.entries.tsv");
    while (vector_next(&entries, row)) {
        tally_node leaf = vector_hash(row[2]);

        assert_int_equal(tally_tile_stack_append(&stack, hash, &leaf, &sink, NULL), TALLY_OK);
    }
    vector_close(&entries, 1000);
    assert_int_equal(tally_tile_stack_flush(&stack, &sink, NULL), TALLY_OK);
    while (tally_tile_next(&walk, &tile)) {
        char path[TALLY_TILE_PATH_BYTES];
        char name[TALLY_TILE_PATH_BYTES + 16];
        tally_buffer published;

        if (tile.holds_entries)
            continue;
        (void)tally_tile_path(path, &tile);
        assert_true(snprintf(name, sizeof(name), "log-1000/%s", path) < (int)sizeof(name));
        vector_read(&published, name);
        assert_int_equal(published.count, tile.width * sizeof(tally_node));
        assert_memory_equal(&built.nodes[tile.level][tile.index * TALLY_TILE_WIDTH],
                            published.bytes, published.count);
        tally_buffer_free(&published);
        compared++;
    }
    assert_int_equal(compared, 5);
    shelf_close(&built);
}

/* However the entries come in, and wherever the builder is stopped and resumed
 * from its tiles, the same tiles and roots result; and at every stop the root
 * is that of the right edge, which is other code. */
static void any_split_into_batches_gives_the_same_tiles(void **state)
{
    static tally_tile_stack stack;
    static tally_tree_edge edge;
    shelf at_once, in_batches;
    tally_tile_sink sink = { &at_once, shelve };
    tally_tile_sink batch_sink = { &in_batches, shelve };
    tally_tile_reader reader = { &in_batches, fetch };
    uint64_t size = 0;

    (void)state;
    random_begin("tile batches");
    shelf_open(&at_once);
    shelf_open(&in_batches);
    for (uint64_t i = 0; i < SHELF_SIZE; i++) {
        tally_node leaf = leaf_of(i);

        assert_int_equal(tally_tile_stack_append(&stack, hash, &leaf, &sink, NULL), TALLY_OK);
    }
    assert_int_equal(tally_tile_stack_flush(&stack, &sink, NULL), TALLY_OK);
    while (size < SHELF_SIZE) {
        uint64_t batch = 1 + random_below(random_below(4) == 0 ? 5000 : 300);
        tally_node root, edge_root;

        memset(&stack, 0, sizeof(stack));
        assert_int_equal(tally_tile_stack_resume(&stack, size, &reader, NULL), TALLY_OK);
        for (; batch > 0 && size < SHELF_SIZE; batch--, size++) {
            tally_node leaf = leaf_of(size);

            assert_int_equal(tally_tile_stack_append(&stack, hash, &leaf, &batch_sink, NULL),
                             TALLY_OK);
            assert_int_equal(tally_tree_append(&edge, hash, &leaf), TALLY_OK);
        }
        assert_int_equal(tally_tile_stack_flush(&stack, &batch_sink, NULL), TALLY_OK);
        assert_int_equal(tally_tile_stack_root(&stack, hash, &root), TALLY_OK);
        assert_int_equal(tally_tree_root(&edge, hash, &edge_root), TALLY_OK);
        assert_node_equal(root, edge_root);
    }
    for (uint32_t level = 0; level < UNIT_COUNT(at_once.nodes); level++) {
        assert_int_equal(in_batches.counts[level], at_once.counts[level]);
        assert_int_equal(at_once.counts[level], tally_tile_hash_count(SHELF_SIZE, level));
        assert_memory_equal(in_batches.nodes[level], at_once.nodes[level],
                            at_once.counts[level] * sizeof(tally_node));
    }
    shelf_close(&at_once);
    shelf_close(&in_batches);
}

/* Proofs made from the tiles of one size speak of any size up to it, as long as
 * the tiles of that size, full or not, are there. */
static void proofs_from_tiles_verify(void **state)
{
    static tally_tile_stack stack;
    static tally_tile_tree tree;
    shelf tiles;
    tally_tile_sink sink = { &tiles, shelve };

    (void)state;
    random_begin("tile proofs");
    memset(&stack, 0, sizeof(stack));
    shelf_open(&tiles);
    for (uint64_t i = 0; i < SHELF_SIZE; i++) {
        tally_node leaf = leaf_of(i);

        assert_int_equal(tally_tile_stack_append(&stack, hash, &leaf, &sink, NULL), TALLY_OK);
    }
    assert_int_equal(tally_tile_stack_flush(&stack, &sink, NULL), TALLY_OK);
    for (uint32_t round = 0; round < 400; round++) {
        uint64_t size = 1 + random_below(round % 2 == 0 ? SHELF_SIZE : 600);
        tally_tree_place place = { .index = random_below(size), .size = size };
        tally_tree_growth growth = { .from = 1 + random_below(size), .to = size };
        tally_node root, earlier, leaf = leaf_of(place.index);
        tally_tree_source source;
        tally_proof proof;

        tree = (tally_tile_tree){ .reader = { &tiles, fetch }, .hash = hash, .size = size };
        source = tally_tile_tree_source(&tree);
        assert_int_equal(tally_tree_range_root(&source, hash, &root,
                                               (tally_tree_range){ .from = 0, .to = size }, NULL),
                         TALLY_OK);
        tiles.reads = 0;
        assert_int_equal(tally_proof_inclusion(&proof, &source, hash, place, NULL), TALLY_OK);
        /* A path asks each level for the leaf's tile and the one at the edge. */
        assert_true(tiles.reads <= 8);
        assert_int_equal(tally_proof_check_inclusion(&proof, hash, place, &leaf, &root, NULL),
                         TALLY_OK);
        assert_int_equal(tally_tree_range_root(&source, hash, &earlier,
                                               (tally_tree_range){ .from = 0, .to = growth.from },
                                               NULL),
                         TALLY_OK);
        assert_int_equal(tally_proof_consistency(&proof, &source, hash, growth, NULL), TALLY_OK);
        assert_int_equal(tally_proof_check_consistency(&proof, hash, growth, &earlier, &root, NULL),
                         TALLY_OK);
    }
    shelf_close(&tiles);
}

static void a_missing_tile_is_the_readers_failure(void **state)
{
    static tally_tile_tree tree;
    static tally_tile_stack stack;
    shelf empty;
    tally_tree_source source;
    tally_proof proof;

    (void)state;
    shelf_open(&empty);
    tree = (tally_tile_tree){ .reader = { &empty, fetch }, .hash = hash, .size = 10 };
    source = tally_tile_tree_source(&tree);
    assert_int_equal(
        tally_proof_inclusion(&proof, &source, hash, (tally_tree_place){ 3, 10 }, NULL),
        TALLY_E_IO);
    assert_int_equal(tally_tile_stack_resume(&stack, 10, &tree.reader, NULL), TALLY_E_IO);
    assert_int_equal(tally_tile_stack_resume(&stack, UINT64_MAX, &tree.reader, NULL),
                     TALLY_E_INVALID);
    shelf_close(&empty);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_written_and_read_as_listed),
        cmocka_unit_test(paths_in_any_other_form_are_refused),
        cmocka_unit_test(any_index_comes_back_from_its_path),
        cmocka_unit_test(each_size_has_the_tiles_listed),
        cmocka_unit_test(only_tiles_of_a_size_are_within_it),
        cmocka_unit_test(the_tiles_of_the_published_log_are_built),
        cmocka_unit_test(any_split_into_batches_gives_the_same_tiles),
        cmocka_unit_test(proofs_from_tiles_verify),
        cmocka_unit_test(a_missing_tile_is_the_readers_failure),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
