/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals: reading, writing, rounding, comparing. */

#include "unit.h"

#include "random.h"
#include "util/checked.h"
#include "util/decimal.h"

static const tally_rounding roundings[] = { TALLY_ROUND_UP, TALLY_ROUND_DOWN, TALLY_ROUND_HALF_UP,
                                            TALLY_ROUND_HALF_DOWN, TALLY_ROUND_HALF_EVEN };

static const struct {
    const char *text;
    tally_rc rc;
    int64_t value;
    uint32_t decimals;
} written[] = {
    { "0", TALLY_OK, 0, 0 },
    { "-0.0", TALLY_OK, 0, 1 },
    { "12.5", TALLY_OK, 125, 1 },
    { "-12.50", TALLY_OK, -1250, 2 },
    { "0.000001", TALLY_OK, 1, 6 },
    { "00012", TALLY_OK, 12, 0 },
    { "9223372036854.775807", TALLY_OK, INT64_MAX, 6 },
    { "-9223372036854.775808", TALLY_OK, INT64_MIN, 6 },
    { "9223372036854.775808", TALLY_E_OVERFLOW, 0, 0 },
    { "-9223372036854.775809", TALLY_E_OVERFLOW, 0, 0 },
    { "0.0000001", TALLY_E_LIMIT, 0, 0 },
    { "", TALLY_E_INVALID, 0, 0 },
    { "-", TALLY_E_INVALID, 0, 0 },
    { ".5", TALLY_E_INVALID, 0, 0 },
    { "5.", TALLY_E_INVALID, 0, 0 },
    { "+5", TALLY_E_INVALID, 0, 0 },
    { "1e3", TALLY_E_INVALID, 0, 0 },
    { "1,5", TALLY_E_INVALID, 0, 0 },
    { "1.2.3", TALLY_E_INVALID, 0, 0 },
    { " 1", TALLY_E_INVALID, 0, 0 },
    { "NaN", TALLY_E_INVALID, 0, 0 },
};

static void decimals_are_read_whole_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(written); i++) {
        int64_t value = 55;
        uint32_t decimals = 99;
        tally_rc rc = tally_decimal_parse(&value, &decimals, tally_text_from(written[i].text));

        if (rc != written[i].rc)
            print_message("at \"%s\"\n", written[i].text);
        assert_int_equal(rc, written[i].rc);
        assert_true(value == (rc == TALLY_OK ? written[i].value : 55));
        assert_int_equal(decimals, rc == TALLY_OK ? written[i].decimals : 99);
    }
}

static void reading_at_a_number_of_decimals_loses_nothing(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("12.5"), 2), TALLY_OK);
    assert_int_equal(value, 1250);
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("-12.500000000"), 1), TALLY_OK);
    assert_int_equal(value, -125);
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("7.0"), 0), TALLY_OK);
    assert_int_equal(value, 7);
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("7.05"), 1), TALLY_E_LIMIT);
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("7.x"), 1), TALLY_E_INVALID);
    assert_int_equal(tally_decimal_parse_at(&value, TALLY_TEXT("9223372036854775807"), 1),
                     TALLY_E_OVERFLOW);
    assert_int_equal(value, 7);
}

static void decimals_are_written_with_separators_and_signs(void **state)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    (void)state;
    assert_string_equal(tally_decimal_format(text, 0, 0, NULL).bytes, "0");
    assert_string_equal(tally_decimal_format(text, -5, 2, NULL).bytes, "-0.05");
    assert_string_equal(tally_decimal_format(text, 123456, 2, ",").bytes, "1,234.56");
    assert_string_equal(tally_decimal_format(text, 999, 0, ",").bytes, "999");
    assert_string_equal(tally_decimal_format(text, 1000, 0, ",").bytes, "1,000");
    assert_string_equal(tally_decimal_format(text, INT64_MIN, 0, "\xe2\x80\xaf").bytes,
                        "-9\xe2\x80\xaf"
                        "223\xe2\x80\xaf"
                        "372\xe2\x80\xaf"
                        "036\xe2\x80\xaf"
                        "854\xe2\x80\xaf"
                        "775\xe2\x80\xaf"
                        "808");
    assert_string_equal(tally_decimal_format_short(text, 1250, 2, NULL).bytes, "12.5");
    assert_string_equal(tally_decimal_format_short(text, -1200, 2, NULL).bytes, "-12");
    assert_string_equal(tally_decimal_format_short(text, 0, 6, NULL).bytes, "0");
    assert_string_equal(tally_decimal_format_short(text, 100, 0, NULL).bytes, "100");
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    random_begin("decimal text");
    for (uint32_t i = 0; i < 50000; i++) {
        char text[TALLY_DECIMAL_TEXT_BYTES];
        int64_t value = random_i64();
        uint32_t decimals = (uint32_t)random_below(TALLY_DECIMALS_MAX + 1);
        int64_t again = 0;

        assert_int_equal(tally_decimal_parse_at(
                             &again, tally_decimal_format(text, value, decimals, ""), decimals),
                         TALLY_OK);
        assert_true(again == value);
        assert_int_equal(
            tally_decimal_parse_at(&again, tally_decimal_format_short(text, value, decimals, NULL),
                                   decimals),
            TALLY_OK);
        assert_true(again == value);
    }
}

/* Is r what the rounding's definition says of n / d? Both are compared after
 * doubling, so that a half is a whole number. */
static bool is_rounded(tally_i128 r, tally_i128 n, tally_i128 d, tally_rounding rounding)
{
    tally_i128 over; /* r - n / d, times 2 d */

    if (d < 0) {
        n = -n;
        d = -d;
    }
    over = 2 * (r * d - n);
    switch (rounding) {
    case TALLY_ROUND_UP:
        return over >= 0 && over < 2 * d;
    case TALLY_ROUND_DOWN:
        return over <= 0 && over > -2 * d;
    case TALLY_ROUND_HALF_UP:
        return over > -d && over <= d;
    case TALLY_ROUND_HALF_DOWN:
        return over >= -d && over < d;
    case TALLY_ROUND_HALF_EVEN:
        return over > -d && over < d ? true : (over == d || over == -d) && r % 2 == 0;
    }
    return false;
}

static void each_rounding_is_what_its_definition_says(void **state)
{
    (void)state;
    random_begin("rounding");
    for (int64_t n = -60; n <= 60; n++) {
        for (int64_t d = -12; d <= 12; d++) {
            for (size_t i = 0; i < UNIT_COUNT(roundings) && d != 0; i++) {
                int64_t r = 0;

                assert_int_equal(tally_decimal_divide(&r, n, d, roundings[i]), TALLY_OK);
                assert_true(is_rounded(r, n, d, roundings[i]));
            }
        }
    }
    for (uint32_t i = 0; i < 100000; i++) {
        tally_rounding rounding = roundings[i % UNIT_COUNT(roundings)];
        int64_t value = random_i64() >> random_below(40);
        int64_t n = random_i64() >> random_below(40);
        int64_t d = random_i64();
        int64_t r = 0;
        tally_rc rc = tally_decimal_scale(&r, value, n, d, rounding);

        if (d == 0)
            assert_int_equal(rc, TALLY_E_INVALID);
        else if (rc == TALLY_OK)
            assert_true(is_rounded(r, (tally_i128)value * n, d, rounding));
        else
            assert_true((tally_i128)value * n / d >= INT64_MAX ||
                        (tally_i128)value * n / d <= INT64_MIN);
    }
}

static void quotients_and_products_keep_their_decimals(void **state)
{
    const tally_decimal one = { 100, 2 };
    const tally_decimal three = { 3, 0 };
    const tally_decimal none = { 0, 3 };
    const tally_decimal greatest = { INT64_MAX, 0 };
    int64_t value = 55;

    (void)state;
    assert_int_equal(tally_decimal_quotient(&value, one, three, 4, TALLY_ROUND_DOWN), TALLY_OK);
    assert_int_equal(value, 3333);
    assert_int_equal(tally_decimal_quotient(&value, one, three, 4, TALLY_ROUND_UP), TALLY_OK);
    assert_int_equal(value, 3334);
    assert_int_equal(tally_decimal_quotient(&value, one, none, 0, TALLY_ROUND_UP), TALLY_E_INVALID);
    assert_int_equal(
        tally_decimal_quotient(&value, greatest, (tally_decimal){ 1, 6 }, 6, TALLY_ROUND_UP),
        TALLY_E_OVERFLOW);
    assert_int_equal(tally_decimal_product(&value, (tally_decimal){ 125, 2 },
                                           (tally_decimal){ 25, 1 }, 1, TALLY_ROUND_HALF_EVEN),
                     TALLY_OK);
    assert_int_equal(value, 31); /* 1.25 * 2.5 = 3.125 */
    assert_int_equal(tally_decimal_product(&value, (tally_decimal){ 125, 2 },
                                           (tally_decimal){ 25, 1 }, 5, TALLY_ROUND_UP),
                     TALLY_OK);
    assert_int_equal(value, 312500);
    assert_int_equal(tally_decimal_product(&value, greatest, greatest, 6, TALLY_ROUND_UP),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_decimal_rescale(&value, 1255, 2, 1, TALLY_ROUND_HALF_EVEN), TALLY_OK);
    assert_int_equal(value, 126);
    assert_int_equal(tally_decimal_rescale(&value, -12, 0, 6, TALLY_ROUND_UP), TALLY_OK);
    assert_int_equal(value, -12000000);
    assert_int_equal(tally_decimal_rescale(&value, INT64_MAX, 0, 1, TALLY_ROUND_UP),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_decimal_divide(&value, INT64_MIN, -1, TALLY_ROUND_UP), TALLY_E_OVERFLOW);
    assert_int_equal(value, -12000000);
}

static void a_step_is_a_quarter_hour_or_any_other(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_int_equal(tally_decimal_round_to_step(&value, 730, 25, TALLY_ROUND_UP), TALLY_OK);
    assert_int_equal(value, 750);
    assert_int_equal(tally_decimal_round_to_step(&value, -730, 25, TALLY_ROUND_UP), TALLY_OK);
    assert_int_equal(value, -725);
    assert_int_equal(tally_decimal_round_to_step(&value, 750, 25, TALLY_ROUND_UP), TALLY_OK);
    assert_int_equal(value, 750);
    assert_int_equal(tally_decimal_round_to_step(&value, 15, 10, TALLY_ROUND_HALF_DOWN), TALLY_OK);
    assert_int_equal(value, 10);
    assert_int_equal(tally_decimal_round_to_step(&value, 15, 0, TALLY_ROUND_UP), TALLY_E_INVALID);
    assert_int_equal(tally_decimal_round_to_step(&value, 15, -1, TALLY_ROUND_UP), TALLY_E_INVALID);
    assert_int_equal(tally_decimal_round_to_step(&value, INT64_MAX, 10, TALLY_ROUND_UP),
                     TALLY_E_OVERFLOW);
}

static void ratios_and_decimals_compare_exactly(void **state)
{
    (void)state;
    assert_int_equal(tally_ratio_compare(1, 3, 333333333333333333, 1000000000000000000), 1);
    assert_int_equal(tally_ratio_compare(2, 4, -1, -2), 0);
    assert_int_equal(tally_ratio_compare(1, -2, 1, 2), -1);
    assert_int_equal(tally_ratio_compare(INT64_MIN, -1, INT64_MAX, 1), 1);
    assert_int_equal(tally_ratio_compare(INT64_MAX - 1, INT64_MAX, INT64_MAX - 2, INT64_MAX - 1),
                     1);
    assert_int_equal(tally_decimal_compare((tally_decimal){ 125, 2 }, (tally_decimal){ 1250, 3 }),
                     0);
    assert_int_equal(
        tally_decimal_compare((tally_decimal){ INT64_MAX, 0 }, (tally_decimal){ INT64_MAX, 6 }), 1);
    assert_int_equal(tally_decimal_compare((tally_decimal){ -1, 6 }, (tally_decimal){ 0, 0 }), -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_read_whole_or_refused),
        cmocka_unit_test(reading_at_a_number_of_decimals_loses_nothing),
        cmocka_unit_test(decimals_are_written_with_separators_and_signs),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(each_rounding_is_what_its_definition_says),
        cmocka_unit_test(quotients_and_products_keep_their_decimals),
        cmocka_unit_test(a_step_is_a_quarter_hour_or_any_other),
        cmocka_unit_test(ratios_and_decimals_compare_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
