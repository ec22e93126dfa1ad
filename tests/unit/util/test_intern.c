/* SPDX-License-Identifier: Apache-2.0 */
/* Interning texts. */

#include "unit.h"

#include <stdio.h>

#include "random.h"
#include "util/alloc.h"
#include "util/intern.h"

static tally_text nth_text(char room[static 32], uint32_t n)
{
    /* Lengths 1 to 31, so that every tail of the hash is used. */
    int count = snprintf(room, 32, "%u%.*s", (unsigned)n, (int)(n % 22), "-subject-subject-subje");

    return tally_text_of(room, (size_t)count);
}

static void numbers_are_dense_and_in_order_of_arrival(void **state)
{
    static const uint64_t seeds[] = { 0, 1, UINT64_MAX };
    enum { TEXTS = 30000 };

    (void)state;
    for (size_t s = 0; s < UNIT_COUNT(seeds); s++) {
        tally_intern *intern = tally_intern_new(SIZE_MAX, seeds[s]);
        char room[32];
        uint32_t id = 0;

        for (uint32_t round = 0; round < 2; round++) {
            for (uint32_t i = 0; i < TEXTS; i++) {
                assert_int_equal(tally_intern_add(intern, &id, nth_text(room, i)), TALLY_OK);
                assert_int_equal(id, i);
            }
            assert_int_equal(tally_intern_count(intern), TEXTS);
        }
        for (uint32_t i = 0; i < TEXTS; i++) {
            tally_text text = nth_text(room, i);

            assert_true(tally_intern_find(intern, &id, text));
            assert_int_equal(id, i);
            assert_true(tally_text_is_equal(tally_intern_text(intern, i), text));
            assert_int_equal(tally_intern_text(intern, i).bytes[text.count], '\0');
        }
        assert_false(tally_intern_find(intern, &id, nth_text(room, TEXTS)));
        tally_intern_free(intern);
    }
    tally_intern_free(NULL);
}

static void texts_are_bytes_of_any_kind_and_length(void **state)
{
    tally_intern *intern = tally_intern_new(SIZE_MAX, 7);
    static char long_text[3 << 20];
    uint32_t id = 99;

    (void)state;
    assert_false(tally_intern_find(intern, &id, TALLY_TEXT("")));
    assert_int_equal(tally_intern_add(intern, &id, tally_text_of(NULL, 0)), TALLY_OK);
    assert_int_equal(id, 0);
    assert_int_equal(tally_intern_add(intern, &id, tally_text_of("\0", 1)), TALLY_OK);
    assert_int_equal(id, 1);
    assert_int_equal(tally_intern_add(intern, &id, tally_text_of("\0\0", 2)), TALLY_OK);
    assert_int_equal(id, 2);
    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(tally_intern_add(intern, &id, tally_text_of(long_text, sizeof(long_text))),
                     TALLY_OK);
    assert_int_equal(id, 3);
    assert_int_equal(tally_intern_add(intern, &id, TALLY_TEXT("")), TALLY_OK);
    assert_int_equal(id, 0);
    assert_int_equal(tally_intern_text(intern, 3).count, sizeof(long_text));
    tally_intern_free(intern);
}

static void the_bound_is_kept_and_what_is_in_stays_usable(void **state)
{
    enum { BYTES_MAX = 200000 };
    tally_intern *intern = tally_intern_new(BYTES_MAX, 0);
    tally_rc rc = TALLY_OK;
    uint32_t count = 0;
    uint32_t id = 0;
    char room[32];

    (void)state;
    for (; rc == TALLY_OK; count++)
        rc = tally_intern_add(intern, &id, nth_text(room, count));
    count--;
    assert_int_equal(rc, TALLY_E_LIMIT);
    assert_true(count > 1000);
    assert_int_equal(tally_intern_count(intern), count);
    assert_true(tally_intern_used_bytes(intern) <= BYTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(tally_intern_add(intern, &id, nth_text(room, i)), TALLY_OK);
        assert_int_equal(id, i);
    }
    tally_intern_free(intern);
}

/* One allocation fails; the text whose turn it was goes in on a second try. */
static void each_failed_allocation_leaves_the_table_as_it_was(void **state)
{
    bool is_failed = true;
    uint32_t nth = 0;

    (void)state;
    for (; is_failed; nth++) {
        tally_intern *intern;
        char room[32];

        tally_alloc_fail_at(nth);
        intern = tally_intern_new(SIZE_MAX, 0);
        is_failed = intern == NULL;
        for (uint32_t i = 0; i < 1000 && intern != NULL; i++) {
            uint32_t id = 0;
            tally_rc rc = tally_intern_add(intern, &id, nth_text(room, i));

            if (rc != TALLY_OK) {
                assert_int_equal(rc, TALLY_E_NOMEM);
                assert_int_equal(tally_intern_count(intern), i);
                assert_false(is_failed);
                is_failed = true;
                assert_int_equal(tally_intern_add(intern, &id, nth_text(room, i)), TALLY_OK);
            }
            assert_int_equal(id, i);
        }
        tally_alloc_fail_never();
        tally_intern_free(intern);
    }
    assert_true(nth > 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_dense_and_in_order_of_arrival),
        cmocka_unit_test(texts_are_bytes_of_any_kind_and_length),
        cmocka_unit_test(the_bound_is_kept_and_what_is_in_stays_usable),
        cmocka_unit_test(each_failed_allocation_leaves_the_table_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
