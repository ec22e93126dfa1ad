/* SPDX-License-Identifier: Apache-2.0 */
/* Slices: comparing, cutting, reading integers, distance. */

#include "unit.h"

#include "random.h"
#include "util/text.h"

static void texts_are_ordered_by_bytes_and_a_prefix_comes_first(void **state)
{
    static const char *const ordered[] = { "", "A", "Aa", "B", "a", "ab", "\xc3\xa9" };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ordered); i++) {
        for (size_t j = 0; j < UNIT_COUNT(ordered); j++) {
            tally_text a = tally_text_from(ordered[i]);
            tally_text b = tally_text_from(ordered[j]);
            int order = tally_text_compare(a, b);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(tally_text_is_equal(a, b), i == j);
        }
    }
    assert_true(tally_text_is_equal(tally_text_of(NULL, 0), TALLY_TEXT("")));
    assert_true(tally_text_is(tally_text_from(NULL), ""));
}

static void texts_are_cut_and_trimmed(void **state)
{
    tally_text head;
    tally_text tail;

    (void)state;
    assert_true(tally_text_has_prefix(TALLY_TEXT("policy"), TALLY_TEXT("pol")));
    assert_true(tally_text_has_prefix(TALLY_TEXT("policy"), TALLY_TEXT("")));
    assert_false(tally_text_has_prefix(TALLY_TEXT("po"), TALLY_TEXT("pol")));
    assert_true(tally_text_has_suffix(TALLY_TEXT("a.yaml"), TALLY_TEXT(".yaml")));
    assert_false(tally_text_has_suffix(TALLY_TEXT("yaml"), TALLY_TEXT(".yaml")));
    assert_true(tally_text_is(tally_text_trim(TALLY_TEXT(" \t a b\r\n")), "a b"));
    assert_int_equal(tally_text_trim(TALLY_TEXT(" \n ")).count, 0);
    assert_int_equal(tally_text_trim(tally_text_of(NULL, 0)).count, 0);
    assert_true(tally_text_is(tally_text_slice(TALLY_TEXT("abcdef"), 2, 4), "cd"));
    assert_true(tally_text_is(tally_text_slice(TALLY_TEXT("abcdef"), 4, 99), "ef"));
    assert_true(tally_text_is(tally_text_slice(TALLY_TEXT("abcdef"), 5, 2), ""));
    assert_true(tally_text_split(TALLY_TEXT("k=v=w"), '=', &head, &tail));
    assert_true(tally_text_is(head, "k"));
    assert_true(tally_text_is(tail, "v=w"));
    assert_true(tally_text_split(TALLY_TEXT("k="), '=', &head, &tail));
    assert_true(tally_text_is(tail, ""));
    assert_false(tally_text_split(TALLY_TEXT("k"), '=', &head, &tail));
    assert_true(tally_text_is(head, "k"));
    assert_int_equal(tail.count, 0);
    assert_false(tally_text_split(tally_text_of(NULL, 0), '=', &head, &tail));
}

static const struct {
    const char *text;
    tally_rc rc;
    int64_t value;
} integers[] = {
    { "0", TALLY_OK, 0 },
    { "-0", TALLY_OK, 0 },
    { "007", TALLY_OK, 7 },
    { "-12", TALLY_OK, -12 },
    { "9223372036854775807", TALLY_OK, INT64_MAX },
    { "-9223372036854775808", TALLY_OK, INT64_MIN },
    { "9223372036854775808", TALLY_E_LIMIT, 0 },
    { "-9223372036854775809", TALLY_E_LIMIT, 0 },
    { "99999999999999999999999999", TALLY_E_LIMIT, 0 },
    { "99999999999999999999999999x", TALLY_E_INVALID, 0 },
    { "", TALLY_E_INVALID, 0 },
    { "-", TALLY_E_INVALID, 0 },
    { "+1", TALLY_E_INVALID, 0 },
    { "1.", TALLY_E_INVALID, 0 },
    { " 1", TALLY_E_INVALID, 0 },
    { "1 ", TALLY_E_INVALID, 0 },
    { "0x1", TALLY_E_INVALID, 0 },
    { "--1", TALLY_E_INVALID, 0 },
};

static void integers_are_read_whole_or_refused(void **state)
{
    int64_t value = 0;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(integers); i++) {
        tally_rc rc;

        value = 55;
        rc = tally_text_parse_i64(&value, tally_text_from(integers[i].text), INT64_MIN, INT64_MAX);
        if (rc != integers[i].rc)
            print_message("at \"%s\"\n", integers[i].text);
        assert_int_equal(rc, integers[i].rc);
        assert_true(value == (rc == TALLY_OK ? integers[i].value : 55));
    }
    assert_int_equal(tally_text_parse_i64(&value, TALLY_TEXT("5"), 1, 5), TALLY_OK);
    assert_int_equal(tally_text_parse_i64(&value, TALLY_TEXT("6"), 1, 5), TALLY_E_LIMIT);
    assert_int_equal(tally_text_parse_i64(&value, TALLY_TEXT("0"), 1, 5), TALLY_E_LIMIT);
}

static const struct {
    const char *text;
    bool is_valid;
} utf8_texts[] = {
    { "", true },
    { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\xb3", true },
    { "\xed\x9f\xbf", true },      /* the last before the surrogates */
    { "\xee\x80\x80", true },      /* the first after them */
    { "\xf4\x8f\xbf\xbf", true },  /* the last of all */
    { "\x80", false },             /* begins in the middle */
    { "\xc0\x80", false },         /* overlong, two bytes */
    { "\xc1\xbf", false },         /* overlong, two bytes */
    { "\xe0\x9f\xbf", false },     /* overlong, three bytes */
    { "\xf0\x8f\xbf\xbf", false }, /* overlong, four bytes */
    { "\xed\xa0\x80", false },     /* a surrogate */
    { "\xf4\x90\x80\x80", false }, /* beyond the last */
    { "\xf5\x80\x80\x80", false },
    { "\xe2\x82", false }, /* cut */
    { "\xe2\x82z", false },
    { "\xff", false },
};

static void utf8_is_told_from_what_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(utf8_texts); i++)
        assert_int_equal(tally_text_is_utf8(tally_text_from(utf8_texts[i].text)),
                         utf8_texts[i].is_valid);
}

static const struct {
    const char *a;
    const char *b;
    uint32_t distance;
} distances[] = {
    { "", "", 0 },
    { "", "abc", 3 },
    { "public", "public", 0 },
    { "Public", "pUBLIC", 0 },
    { "publik", "public", 1 },
    { "pbulic", "public", 1 },
    { "poblck", "public", 3 },
    { "kitten", "sitting", 3 },
    { "ca", "abc", 3 }, /* no part is edited twice: not 2 */
    { "at-most", "atmost", 1 },
};

static void distance_counts_slips(void **state)
{
    char longest[TALLY_TEXT_DISTANCE_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(distances); i++) {
        tally_text a = tally_text_from(distances[i].a);
        tally_text b = tally_text_from(distances[i].b);

        assert_int_equal(tally_text_distance(a, b), distances[i].distance);
        assert_int_equal(tally_text_distance(b, a), distances[i].distance);
    }
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(
        tally_text_distance(tally_text_of(longest, sizeof(longest) - 1), TALLY_TEXT("")),
        TALLY_TEXT_DISTANCE_BYTES_MAX);
    assert_int_equal(tally_text_distance(tally_text_of(longest, sizeof(longest)), TALLY_TEXT("")),
                     TALLY_TEXT_DISTANCE_FAR);
}

/* Edit distance by its definition, without a table. */
static uint32_t slow_distance(tally_text a, tally_text b)
{
    uint32_t best;
    uint32_t other;
    bool is_same;

    if (a.count == 0 || b.count == 0)
        return (uint32_t)(a.count + b.count);
    is_same = a.bytes[a.count - 1] == b.bytes[b.count - 1];
    best = slow_distance(tally_text_slice(a, 0, a.count - 1), tally_text_slice(b, 0, b.count - 1)) +
           (is_same ? 0 : 1);
    other = slow_distance(tally_text_slice(a, 0, a.count - 1), b) + 1;
    best = other < best ? other : best;
    other = slow_distance(a, tally_text_slice(b, 0, b.count - 1)) + 1;
    best = other < best ? other : best;
    if (a.count > 1 && b.count > 1 && a.bytes[a.count - 1] == b.bytes[b.count - 2] &&
        a.bytes[a.count - 2] == b.bytes[b.count - 1]) {
        other = slow_distance(tally_text_slice(a, 0, a.count - 2),
                              tally_text_slice(b, 0, b.count - 2)) +
                1;
        best = other < best ? other : best;
    }
    return best;
}

static void distance_equals_its_definition(void **state)
{
    (void)state;
    random_begin("distance");
    for (uint32_t i = 0; i < 2000; i++) {
        char a[6];
        char b[6];
        tally_text text_a = tally_text_of(a, random_below(6));
        tally_text text_b = tally_text_of(b, random_below(6));

        for (size_t j = 0; j < sizeof(a); j++) {
            a[j] = (char)('a' + random_below(3));
            b[j] = (char)('a' + random_below(3));
        }
        assert_int_equal(tally_text_distance(text_a, text_b), slow_distance(text_a, text_b));
    }
}

static void near_means_a_slip_or_two(void **state)
{
    (void)state;
    assert_true(tally_text_is_near(1, 6));
    assert_true(tally_text_is_near(2, 6));
    assert_false(tally_text_is_near(3, 6));
    assert_false(tally_text_is_near(2, 3));
    assert_false(tally_text_is_near(TALLY_TEXT_DISTANCE_FAR, 60));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_ordered_by_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(texts_are_cut_and_trimmed),
        cmocka_unit_test(integers_are_read_whole_or_refused),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
        cmocka_unit_test(distance_counts_slips),
        cmocka_unit_test(distance_equals_its_definition),
        cmocka_unit_test(near_means_a_slip_or_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
