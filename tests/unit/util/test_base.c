/* SPDX-License-Identifier: Apache-2.0 */
/* The error a caller passes in, and the names of the codes. */

#include "unit.h"

#include "tally/base.h"

static void the_lowest_message_stays(void **state)
{
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_int_equal(tally_err_set_at(&err, TALLY_E_INVALID, 7, 3, "bad %s", "zone"),
                     TALLY_E_INVALID);
    assert_int_equal(tally_err_set(&err, TALLY_E_LIMIT, 9, "above"), TALLY_E_LIMIT);
    assert_int_equal(err.rc, TALLY_E_INVALID);
    assert_int_equal(err.line, 7);
    assert_int_equal(err.column, 3);
    assert_string_equal(err.message, "bad zone");
    tally_err_clear(&err);
    assert_int_equal(err.rc, TALLY_OK);
    assert_int_equal(tally_err_set(&err, TALLY_E_LIMIT, 9, "above"), TALLY_E_LIMIT);
    assert_string_equal(err.message, "above");
    assert_int_equal(err.column, 0);
}

static void no_error_struct_is_needed(void **state)
{
    (void)state;
    assert_int_equal(tally_err_set(NULL, TALLY_E_IO, 0, "x"), TALLY_E_IO);
    tally_err_clear(NULL);
}

/* Three-byte characters meet the end of the room at every phase. */
static void a_long_message_ends_on_a_whole_character(void **state)
{
    (void)state;
    for (size_t phase = 0; phase < 3; phase++) {
        tally_err err = TALLY_ERR_INIT;
        char text[3 * TALLY_ERR_MESSAGE_BYTES + 4];
        size_t count = 0;

        for (size_t i = 0; i < phase; i++)
            text[count++] = 'a';
        while (count + 3 < sizeof(text)) {
            memcpy(text + count, "\xe2\x82\xac", 3);
            count += 3;
        }
        text[count] = '\0';
        assert_int_equal(tally_err_set(&err, TALLY_E_INVALID, 0, "%s", text), TALLY_E_INVALID);
        count = strlen(err.message);
        assert_int_equal((count - phase) % 3, 0);
        assert_true(count + 3 > TALLY_ERR_MESSAGE_BYTES - 1);
        assert_memory_equal(err.message, text, count);
    }
}

static void each_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = TALLY_E_OVERFLOW; a <= 0; a++) {
        assert_string_not_equal(tally_rc_name((tally_rc)a), "E_UNKNOWN");
        for (int b = TALLY_E_OVERFLOW; b < a; b++)
            assert_string_not_equal(tally_rc_name((tally_rc)a), tally_rc_name((tally_rc)b));
    }
    assert_string_equal(tally_rc_name((tally_rc)-99), "E_UNKNOWN");
}

static void the_version_has_three_numbers(void **state)
{
    const char *version = tally_version_string();
    size_t dots = 0;

    (void)state;
    for (const char *at = version; *at != '\0'; at++) {
        assert_true(*at == '.' || (*at >= '0' && *at <= '9'));
        dots += *at == '.';
    }
    assert_int_equal(dots, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_message_stays),
        cmocka_unit_test(no_error_struct_is_needed),
        cmocka_unit_test(a_long_message_ends_on_a_whole_character),
        cmocka_unit_test(each_code_has_its_own_name),
        cmocka_unit_test(the_version_has_three_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
