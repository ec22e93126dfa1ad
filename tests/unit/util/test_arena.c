/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas, and the allocations beneath them. */

#include "unit.h"

#include "random.h"
#include "util/alloc.h"
#include "util/arena.h"
#include "util/checked.h"

static void items_are_aligned_apart_and_keep_their_content(void **state)
{
    enum { ITEMS = 2000 };
    tally_arena *arena = tally_arena_new((size_t)16 << 20);
    unsigned char *items[ITEMS];
    size_t sizes[ITEMS];

    (void)state;
    random_begin("arena");
    assert_non_null(arena);
    for (size_t i = 0; i < ITEMS; i++) {
        sizes[i] = random_below(i % 100 == 0 ? 40000 : 200);
        items[i] = tally_arena_alloc(arena, sizes[i]);
        assert_non_null(items[i]);
        assert_int_equal((uintptr_t)items[i] % 16, 0);
        memset(items[i], (int)(i & 0xff), sizes[i]);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(items[i][j], i & 0xff);
    }
    tally_arena_free(arena);
}

static void an_arena_gives_its_maximum_and_no_more(void **state)
{
    tally_arena *arena = tally_arena_new(160);

    (void)state;
    assert_int_equal(tally_arena_failure(arena), TALLY_OK);
    for (size_t i = 0; i < 10; i++)
        assert_non_null(tally_arena_alloc(arena, i == 0 ? 0 : 16));
    assert_int_equal(tally_arena_used_bytes(arena), 160);
    assert_null(tally_arena_alloc(arena, 0));
    assert_int_equal(tally_arena_failure(arena), TALLY_E_LIMIT);
    tally_arena_free(arena);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    tally_arena *arena = tally_arena_new(SIZE_MAX);

    (void)state;
    assert_null(tally_arena_alloc(arena, SIZE_MAX));
    assert_int_equal(tally_arena_failure(arena), TALLY_E_LIMIT);
    assert_null(tally_arena_zalloc_array(arena, SIZE_MAX / 2, 3));
    assert_int_equal(tally_arena_failure(arena), TALLY_E_LIMIT);
    tally_arena_free(arena);
    assert_null(tally_alloc_array(SIZE_MAX / 2, 3));
    assert_null(tally_realloc_array(NULL, SIZE_MAX / 2, 3));
}

static void copies_hold_the_bytes_and_texts_end_in_nul(void **state)
{
    tally_arena *arena = tally_arena_new(4096);
    tally_text copy;
    char *bytes;

    (void)state;
    bytes = tally_arena_copy(arena, "abc", 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_true(tally_arena_copy_text(arena, &copy, tally_text_of("wxyz", 2)));
    assert_int_equal(copy.count, 2);
    assert_string_equal(copy.bytes, "wx");
    assert_true(tally_arena_copy_text(arena, &copy, tally_text_of(NULL, 0)));
    assert_string_equal(copy.bytes, "");
    bytes = tally_arena_zalloc(arena, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    tally_arena_free(arena);
    tally_arena_free(NULL);
}

/* The nth allocation fails, and no other. */
static void a_failed_allocation_is_reported_and_harms_nothing(void **state)
{
    (void)state;
    for (uint32_t nth = 0; nth < 3; nth++) {
        tally_arena *arena;
        void *items[2];

        tally_alloc_fail_at(nth);
        arena = tally_arena_new((size_t)1 << 20);
        assert_int_equal(arena == NULL, nth == 0);
        if (arena == NULL) {
            assert_int_equal(tally_arena_failure(arena), TALLY_E_NOMEM);
            tally_alloc_fail_never();
            continue;
        }
        for (uint32_t i = 0; i < 2; i++) {
            items[i] = tally_arena_alloc(arena, 100000);
            assert_int_equal(items[i] == NULL, nth == i + 1);
        }
        assert_int_equal(tally_arena_failure(arena), TALLY_E_NOMEM);
        assert_non_null(tally_arena_alloc(arena, 100000));
        tally_arena_free(arena);
        tally_alloc_fail_never();
    }
}

static void checked_arithmetic_says_when_a_result_does_not_fit(void **state)
{
    (void)state;
    random_begin("checked");
    for (uint32_t i = 0; i < 100000; i++) {
        int64_t a = random_i64();
        int64_t b = random_i64();
        const tally_i128 wide[3] = { (tally_i128)a + b, (tally_i128)a - b, (tally_i128)a * b };

        for (size_t which = 0; which < 3; which++) {
            int64_t out = 77;
            bool is_ok = which == 0   ? tally_add_i64(a, b, &out)
                         : which == 1 ? tally_sub_i64(a, b, &out)
                                      : tally_mul_i64(a, b, &out);
            bool is_fitting = wide[which] >= INT64_MIN && wide[which] <= INT64_MAX;

            assert_int_equal(is_ok, is_fitting);
            assert_true(out == (is_fitting ? (int64_t)wide[which] : 77));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_aligned_apart_and_keep_their_content),
        cmocka_unit_test(an_arena_gives_its_maximum_and_no_more),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(copies_hold_the_bytes_and_texts_end_in_nul),
        cmocka_unit_test(a_failed_allocation_is_reported_and_harms_nothing),
        cmocka_unit_test(checked_arithmetic_says_when_a_result_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
