/* SPDX-License-Identifier: Apache-2.0 */
/* State snapshots: the published one, and rows out of place. */

#include "vectors.h"

#include "tlog/entry.h"
#include "tlog/state.h"

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

static void the_published_snapshot_has_its_root(void **state)
{
    tally_buffer head_bytes, roots, again;
    tally_state_head head;
    tally_state_map map;
    tally_node root;

    (void)state;
    vector_read(&head_bytes, "log-1000/state/007/head");
    vector_read(&roots, "log-1000/state/007/roots");
    assert_int_equal(tally_state_parse_head(&head, tally_buffer_text(&head_bytes), NULL), TALLY_OK);
    assert_int_equal(head.epoch, 7);
    assert_int_equal(head.log_size, 900);
    assert_int_equal(head.policy, 3);
    tally_buffer_init(&again, TALLY_STATE_HEAD_BYTES_MAX);
    assert_int_equal(tally_state_append_head(&again, &head), TALLY_OK);
    assert_true(tally_text_is_equal(tally_buffer_text(&again), tally_buffer_text(&head_bytes)));
    assert_int_equal(roots.count, sizeof(root) << head.bits);

    tally_state_map_init(&map, head.bits);
    for (uint32_t bucket = 0; bucket < 1u << head.bits; bucket++) {
        tally_state_file file = { .epoch = 7, .part = TALLY_STATE_BUCKET, .bucket = bucket };
        char path[TALLY_STATE_PATH_BYTES], name[TALLY_STATE_PATH_BYTES + 16];
        tally_buffer rows;

        (void)tally_state_path(path, &file);
        assert_true(snprintf(name, sizeof(name), "log-1000/%s", path) < (int)sizeof(name));
        vector_read(&rows, name);
        assert_int_equal(rows.count % TALLY_STATE_ROW_BYTES, 0);
        for (size_t at = 0; at < rows.count; at += TALLY_STATE_ROW_BYTES)
            assert_int_equal(tally_state_map_row(&map, hash, (uint8_t *)rows.bytes + at, NULL),
                             TALLY_OK);
        assert_int_equal(tally_state_map_close(&map, hash, &root), TALLY_OK);
        assert_memory_equal(root.bytes, roots.bytes + bucket * sizeof(root), sizeof(root));
        tally_buffer_free(&rows);
    }
    assert_int_equal(map.rows, head.rows);
    assert_int_equal(tally_state_map_root(&map, hash, &root), TALLY_OK);
    assert_node_equal(root, head.root);
    tally_buffer_free(&again);
    tally_buffer_free(&roots);
    tally_buffer_free(&head_bytes);
}

static void the_head_is_committed_by_its_entry(void **state)
{
    tally_buffer head;
    vector_table entries;
    tally_text row[VECTOR_FIELDS_MAX];
    size_t found = 0;

    (void)state;
    vector_read(&head, "log-1000/state/007/head");
    vector_open(&entries, "log-1000.entries.tsv");
    while (vector_next(&entries, row)) {
        uint8_t bytes[TALLY_ENTRY_BYTES];
        tally_entry entry;
        tally_node commitment;

        (void)vector_hex(bytes, sizeof(bytes), row[1]);
        assert_int_equal(
            tally_entry_parse(&entry, tally_text_of((char *)bytes, sizeof(bytes)), NULL), TALLY_OK);
        if (entry.kind != TALLY_ENTRY_STATE)
            continue;
        assert_int_equal(tally_commit_state(hash, &commitment, tally_buffer_text(&head)), TALLY_OK);
        assert_node_equal(commitment, entry.commitment);
        found++;
    }
    assert_int_equal(found, 1);
    vector_close(&entries, 1000);
    tally_buffer_free(&head);
}

/* Each member finds the own row with nothing but the own secret, and opens it. */
static void members_find_and_open_their_rows(void **state)
{
    vector_table members;
    tally_text row[VECTOR_FIELDS_MAX];
    size_t real = 0;

    (void)state;
    vector_open(&members, "state-members.tsv");
    while (vector_next(&members, row)) {
        uint8_t salt[TALLY_SALT_BYTES];
        tally_node label = vector_hash(row[1]);
        tally_node computed;

        assert_int_equal(vector_hex(salt, sizeof(salt), row[2]), TALLY_SALT_BYTES);
        assert_int_equal(tally_commit_member(hash, &computed, salt, row[3]), TALLY_OK);
        assert_node_equal(computed, vector_hash(row[4]));
        assert_int_equal(tally_state_bucket(label.bytes, 4), vector_number(row[5]));
        if (tally_text_is(row[0], "-"))
            continue;
        assert_int_equal(vector_hex(salt, sizeof(salt), row[0]), TALLY_SALT_BYTES);
        assert_int_equal(tally_commit_label(hash, &computed, salt, 7), TALLY_OK);
        assert_node_equal(computed, label);
        real++;
    }
    assert_int_equal(real, 200);
    vector_close(&members, 256);
}

#define HEAD(epoch, size, policy, bits, rows, root)                                       \
    "tally-state/v1\nlog.example.org\nepoch " epoch "\nlog-size " size "\npolicy " policy \
    "\nbits " bits "\nrows " rows "\nroot " root "\n"
#define ROOT "ymFr9nq4c11N1ao2sSrUIpiOD9V2pOv9XICAyaO3nEE="

static const struct {
    const char *text;
    uint32_t line;
} rejects[] = {
    { "", 1 },
    { "tally-state/v2\n", 1 },
    { "tally-state/v1\nlog example\n", 2 },
    { HEAD("4294967296", "1", "1", "1", "256", ROOT), 3 },
    { HEAD("-1", "1", "1", "1", "256", ROOT), 3 },
    { HEAD("1", "01", "1", "1", "256", ROOT), 4 },
    { HEAD("1", "9223372036854775808", "1", "1", "256", ROOT), 4 },
    { HEAD("1", "1", "4294967296", "1", "256", ROOT), 5 },
    { HEAD("1", "1", "1", "17", "256", ROOT), 6 },
    { HEAD("1", "1", "1", "1", "255", ROOT), 7 },
    { HEAD("1", "1", "1", "1", "0", ROOT), 7 },
    { HEAD("1", "1", "1", "1", "256", "AAAA"), 8 },
    { HEAD("1", "1", "1", "1", "256", ROOT) "more\n", 9 },
    { "tally-state/v1\nlog.example.org\nepoch 1\nlog-size 1\npolicy 1\nbits 1\nrows "
      "256\nroot " ROOT,
      8 },
};

static void other_heads_are_refused_at_their_line(void **state)
{
    tally_state_head head;

    (void)state;
    assert_int_equal(tally_state_parse_head(
                         &head, tally_text_from(HEAD("1", "1", "1", "16", "512", ROOT)), NULL),
                     TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;

        assert_int_equal(tally_state_parse_head(&head, tally_text_from(rejects[i].text), &err),
                         TALLY_E_INVALID);
        assert_int_equal(err.line, rejects[i].line);
    }
}

static void rows_out_of_order_or_place_are_refused(void **state)
{
    uint8_t row[TALLY_STATE_ROW_BYTES] = { 0x40, 1 };
    tally_state_map map;

    (void)state;
    tally_state_map_init(&map, 2);
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_state_map_close(&map, hash, NULL), TALLY_OK);
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_OK);
    /* The same label again, with another content. */
    row[40] = 1;
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_E_INVALID);
    row[1] = 0;
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_E_INVALID);
    row[1] = 2;
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_OK);
    row[0] = 0x80;
    assert_int_equal(tally_state_map_row(&map, hash, row, NULL), TALLY_E_INVALID);
    assert_int_equal(map.rows, 2);
}

static void buckets_have_the_sizes_stated(void **state)
{
    static const struct {
        uint64_t rows;
        uint32_t bits;
    } wanted[] = { { 0, 0 },    { 256, 1 },      { 511, 1 },      { 512, 2 },
                   { 1024, 3 }, { 1 << 20, 13 }, { 1 << 23, 16 }, { UINT64_C(1) << 40, 16 } };
    uint8_t label[TALLY_HASH_BYTES] = { 0xab, 0xcd };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(wanted); i++)
        assert_int_equal(tally_state_bits(wanted[i].rows), wanted[i].bits);
    assert_int_equal(tally_state_bucket(label, 0), 0);
    assert_int_equal(tally_state_bucket(label, 4), 0xa);
    assert_int_equal(tally_state_bucket(label, 16), 0xabcd);
}

static void paths_come_back_and_others_are_refused(void **state)
{
    static const tally_state_file files[] = {
        { .epoch = 0, .part = TALLY_STATE_HEAD },
        { .epoch = 1234, .part = TALLY_STATE_ROOTS },
        { .epoch = UINT32_MAX, .part = TALLY_STATE_BUCKET, .bucket = 65535 },
        { .epoch = 7, .part = TALLY_STATE_BUCKET, .bucket = 3 },
    };
    static const char *const others[] = {
        "",
        "state",
        "state/",
        "state/7/head",
        "state/007",
        "state/007/",
        "state/007/Head",
        "state/007/b",
        "state/007/b/",
        "state/007/b/3",
        "state/007/b/x065/536",
        "state/x004/x294/x967/296/head",
        "state/007/b/003/head",
        "states/007/head",
        "state/007/x/head",
        "/state/007/head",
    };
    tally_state_file again;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        char path[TALLY_STATE_PATH_BYTES];

        assert_true(tally_state_parse_path(&again, tally_state_path(path, &files[i])));
        assert_true(again.epoch == files[i].epoch && again.part == files[i].part &&
                    again.bucket == files[i].bucket);
    }
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_false(tally_state_parse_path(&again, tally_text_from(others[i])));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_snapshot_has_its_root),
        cmocka_unit_test(the_head_is_committed_by_its_entry),
        cmocka_unit_test(members_find_and_open_their_rows),
        cmocka_unit_test(other_heads_are_refused_at_their_line),
        cmocka_unit_test(rows_out_of_order_or_place_are_refused),
        cmocka_unit_test(buckets_have_the_sizes_stated),
        cmocka_unit_test(paths_come_back_and_others_are_refused),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
