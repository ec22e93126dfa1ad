/* SPDX-License-Identifier: Apache-2.0 */
/* Making snapshots: padding, order, and the states that rows commit. */

#include "unit.h"

#include <stdlib.h>

#include "../random.h"
#include "tlog/snapshot.h"

static tally_hash *hash;

static int set_up(void **state)
{
    (void)state;
    random_begin("test_snapshot");
    hash = tally_hash_new();
    assert_non_null(hash);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tally_hash_free(hash);
    return 0;
}

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_u64();
    return TALLY_OK;
}

static tally_rc give_none(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    memset(out, 0, bytes);
    return tally_err_set(err, TALLY_E_IO, 0, "no random bytes");
}

static const tally_random random_source = { .fill = fill };

/* What the format says, computed the long way round. */
static void check(size_t members)
{
    size_t count = tally_snapshot_row_count(members);
    uint8_t *rows = malloc(count * TALLY_STATE_ROW_BYTES);
    tally_state_head head = { .origin = TALLY_TEXT("log.example.org/x"), .epoch = 9 };
    tally_state_map map;
    tally_node root;

    assert_non_null(rows);
    for (size_t i = 0; i < members; i++) {
        uint8_t secret[TALLY_SALT_BYTES], salt[TALLY_SALT_BYTES];

        assert_int_equal(fill(NULL, secret, sizeof(secret), NULL), TALLY_OK);
        assert_int_equal(fill(NULL, salt, sizeof(salt), NULL), TALLY_OK);
        assert_int_equal(tally_snapshot_row(hash, rows + i * TALLY_STATE_ROW_BYTES, secret, 9, salt,
                                            TALLY_TEXT("state")),
                         TALLY_OK);
    }
    assert_int_equal(tally_snapshot_finish(&head, rows, members, NULL, &random_source, hash, NULL),
                     TALLY_OK);
    assert_int_equal(head.rows, count);
    assert_int_equal(head.rows % 256, 0);
    assert_int_equal(head.bits, tally_state_bits(count));
    tally_state_map_init(&map, head.bits);
    for (size_t i = 0; i < count; i++) {
        while (map.bucket < tally_state_bucket(rows + i * TALLY_STATE_ROW_BYTES, head.bits))
            assert_int_equal(tally_state_map_close(&map, hash, NULL), TALLY_OK);
        assert_int_equal(tally_state_map_row(&map, hash, rows + i * TALLY_STATE_ROW_BYTES, NULL),
                         TALLY_OK);
    }
    while (map.bucket < UINT32_C(1) << head.bits)
        assert_int_equal(tally_state_map_close(&map, hash, NULL), TALLY_OK);
    assert_int_equal(tally_state_map_root(&map, hash, &root), TALLY_OK);
    assert_memory_equal(root.bytes, head.root.bytes, sizeof(root.bytes));
    free(rows);
}

static void any_number_of_members_makes_a_snapshot(void **state)
{
    static const size_t counts[] = { 0, 1, 255, 256, 257, 511, 512, 513, 5000 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(counts); i++)
        check(counts[i]);
}

static void the_number_of_members_does_not_show(void **state)
{
    (void)state;
    assert_int_equal(tally_snapshot_row_count(0), 256);
    assert_int_equal(tally_snapshot_row_count(1), tally_snapshot_row_count(256));
    assert_int_equal(tally_snapshot_row_count(257), 512);
}

static void two_rows_of_one_label_are_refused(void **state)
{
    static uint8_t rows[256 * TALLY_STATE_ROW_BYTES];
    tally_state_head head = { .origin = TALLY_TEXT("x") };

    (void)state;
    rows[40] = 1;
    assert_int_equal(tally_snapshot_finish(&head, rows, 2, NULL, &random_source, hash, NULL),
                     TALLY_E_CONFLICT);
}

static void without_randomness_there_is_no_snapshot(void **state)
{
    static uint8_t rows[256 * TALLY_STATE_ROW_BYTES];
    const tally_random broken = { .fill = give_none };
    tally_state_head head = { .origin = TALLY_TEXT("x") };

    (void)state;
    assert_int_equal(tally_snapshot_finish(&head, rows, 1, NULL, &broken, hash, NULL), TALLY_E_IO);
}

static void states_are_read_as_they_were_written(void **state)
{
    static const struct {
        int64_t points;
        const char *level;
    } rows[] = { { 0, "" }, { INT64_MIN, "oak" }, { INT64_MAX, "tall oak" }, { -1, "\xc3\xa9" } };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_snapshot_state in = { .points = rows[i].points,
                                    .level = tally_text_from(rows[i].level),
                                    .policy = UINT32_MAX,
                                    .record_count = TALLY_TREE_SIZE_MAX,
                                    .records_root = tally_tree_empty_root };
        tally_snapshot_state out;
        tally_buffer text;

        tally_buffer_init(&text, TALLY_SNAPSHOT_STATE_BYTES_MAX);
        assert_int_equal(tally_snapshot_append_state(&text, &in), TALLY_OK);
        assert_int_equal(tally_snapshot_parse_state(&out, tally_buffer_text(&text), NULL),
                         TALLY_OK);
        assert_int_equal(out.points, in.points);
        assert_true(tally_text_is_equal(out.level, in.level));
        assert_int_equal(out.policy, in.policy);
        assert_int_equal(out.record_count, in.record_count);
        tally_buffer_free(&text);
    }
}

static void a_state_has_one_form(void **state)
{
#define ROOT "root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    static const char *const rejects[] = {
        "",
        "pad",
        "tally-member/v1\npoints 1\nlevel \npolicy 1\nrecords 0\n",
        "tally-member/v2\npoints 1\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 01\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints -0\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints +1\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 1.5\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 9223372036854775808\nlevel \npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 1\nlevel\npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 1\nlevel a\tb\npolicy 1\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 1\nlevel \npolicy 4294967296\nrecords 0\n" ROOT,
        "tally-member/v1\npoints 1\nlevel \npolicy 1\nrecords -1\n" ROOT,
        "tally-member/v1\npoints 1\nlevel \npolicy 1\nrecords 0\nroot 47DE\n",
        "tally-member/v1\npoints 1\nlevel \npolicy 1\nrecords 0\n" ROOT "\n",
    };
    tally_snapshot_state parsed;
    tally_snapshot_state bad = { .level = TALLY_TEXT("a\nb") };
    tally_buffer text;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        if (tally_snapshot_parse_state(&parsed, tally_text_from(rejects[i]), NULL) !=
            TALLY_E_INVALID)
            fail_msg("row %zu is accepted", i);
    }
    tally_buffer_init(&text, 1024);
    assert_int_equal(tally_snapshot_append_state(&text, &bad), TALLY_E_INVALID);
    tally_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_members_makes_a_snapshot),
        cmocka_unit_test(the_number_of_members_does_not_show),
        cmocka_unit_test(two_rows_of_one_label_are_refused),
        cmocka_unit_test(without_randomness_there_is_no_snapshot),
        cmocka_unit_test(states_are_read_as_they_were_written),
        cmocka_unit_test(a_state_has_one_form),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
