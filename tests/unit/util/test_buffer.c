/* SPDX-License-Identifier: Apache-2.0 */
/* Growable buffers. */

#include "unit.h"

#include "random.h"
#include "util/alloc.h"
#include "util/buffer.h"

static void what_was_appended_is_there_in_order(void **state)
{
    tally_buffer buffer;

    (void)state;
    tally_buffer_init(&buffer, 1000);
    assert_string_equal(tally_buffer_string(&buffer), "");
    assert_int_equal(tally_buffer_append(&buffer, "ab\0c", 4), TALLY_OK);
    assert_int_equal(tally_buffer_append_text(&buffer, TALLY_TEXT("de")), TALLY_OK);
    assert_int_equal(tally_buffer_append_string(&buffer, "fg"), TALLY_OK);
    assert_int_equal(tally_buffer_append_byte(&buffer, 'h'), TALLY_OK);
    assert_int_equal(tally_buffer_append_repeated(&buffer, '-', 3), TALLY_OK);
    assert_int_equal(tally_buffer_printf(&buffer, "%d|%s", 42, "x"), TALLY_OK);
    assert_int_equal(tally_buffer_append(&buffer, NULL, 0), TALLY_OK);
    assert_int_equal(buffer.count, 16);
    assert_memory_equal(tally_buffer_string(&buffer), "ab\0cdefgh---42|x", 17);
    tally_buffer_truncate(&buffer, 1);
    assert_string_equal(tally_buffer_string(&buffer), "a");
    tally_buffer_reset(&buffer);
    assert_int_equal(tally_buffer_text(&buffer).count, 0);
    tally_buffer_free(&buffer);
}

static void the_maximum_is_reached_and_never_passed(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        tally_buffer buffer;

        tally_buffer_init(&buffer, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(tally_buffer_append_byte(&buffer, 'x'), TALLY_OK);
        assert_int_equal(buffer.count, max);
        assert_int_equal(tally_buffer_append_byte(&buffer, 'x'), TALLY_E_LIMIT);
        assert_int_equal(tally_buffer_failure(&buffer), TALLY_E_LIMIT);
        tally_buffer_free(&buffer);
    }
}

static void a_failure_frees_the_bytes_and_sticks_until_reset(void **state)
{
    tally_buffer buffer;

    (void)state;
    tally_buffer_init(&buffer, 4);
    assert_int_equal(tally_buffer_append_string(&buffer, "abc"), TALLY_OK);
    assert_int_equal(tally_buffer_printf(&buffer, "%s", "de"), TALLY_E_LIMIT);
    assert_null(buffer.bytes);
    assert_int_equal(tally_buffer_append_string(&buffer, ""), TALLY_E_LIMIT);
    assert_int_equal(tally_buffer_printf(&buffer, "x"), TALLY_E_LIMIT);
    assert_int_equal(tally_buffer_append_repeated(&buffer, 'x', 1), TALLY_E_LIMIT);
    assert_int_equal(tally_buffer_text(&buffer).count, 0);
    tally_buffer_reset(&buffer);
    assert_int_equal(tally_buffer_append_string(&buffer, "abcd"), TALLY_OK);
    assert_int_equal(tally_buffer_append(&buffer, "", SIZE_MAX), TALLY_E_LIMIT);
    tally_buffer_free(&buffer);
    assert_int_equal(tally_buffer_failure(&buffer), TALLY_OK);
}

static void sizes_that_cannot_be_are_refused_without_a_maximum(void **state)
{
    tally_buffer buffer;

    (void)state;
    tally_buffer_init(&buffer, SIZE_MAX);
    assert_int_equal(tally_buffer_append_string(&buffer, "abcd"), TALLY_OK);
    assert_int_equal(tally_buffer_append(&buffer, "", SIZE_MAX - 4), TALLY_E_LIMIT);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_buffer buffer;

        tally_buffer_init(&buffer, 10000);
        tally_alloc_fail_at(nth);
        for (int i = 0; i < 1000; i++)
            rc = tally_buffer_printf(&buffer, "%d,", i);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(buffer.count > 0, rc == TALLY_OK);
        tally_buffer_free(&buffer);
    }
    assert_true(nth > 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appended_is_there_in_order),
        cmocka_unit_test(the_maximum_is_reached_and_never_passed),
        cmocka_unit_test(a_failure_frees_the_bytes_and_sticks_until_reset),
        cmocka_unit_test(sizes_that_cannot_be_are_refused_without_a_maximum),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
