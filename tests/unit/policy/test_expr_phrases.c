/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, deadlines, durations, reviews, field types, condition heads. */

#include "unit.h"

#include "expr_fixture.h"

static fixture *fix;

static int set_up(void **state)
{
    (void)state;
    fix = fixture_new();
    return fix != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_free(fix);
    return 0;
}

static tally_source_text source_of(const char *text)
{
    return fixture_source(text, strlen(text));
}

/* One report was made since the last call; it stands there and says this. */
static void assert_reported(uint32_t column, const char *part)
{
    const tally_diagnostic *last;

    assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), 1);
    last = tally_diagnostics_get(fix->compiler.diagnostics, 0);
    if (last->column != column ||
        (strstr(last->message, part) == NULL && strstr(last->hint, part) == NULL))
        print_error("%u: %s [%s]\n", last->column, last->message, last->hint);
    assert_int_equal(last->column, column);
    assert_true(strstr(last->message, part) != NULL || strstr(last->hint, part) != NULL);
    tally_diagnostics_free(fix->compiler.diagnostics);
    fix->compiler.diagnostics = tally_diagnostics_new();
    assert_non_null(fix->compiler.diagnostics);
}

static void durations_are_exact_or_months(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
        int32_t months;
    } rows[] = { { "14 days", 14 * TALLY_DAY_MS, 0 },  { "1 day", TALLY_DAY_MS, 0 },
                 { "10 minutes", 600000, 0 },          { "2 weeks", 14 * TALLY_DAY_MS, 0 },
                 { "24 months", 0, 24 },               { "2 quarters", 0, 6 },
                 { "3 years", 0, 36 } };
    static const struct {
        const char *text;
        uint32_t column;
        const char *part;
    } wrong[] = { { "14", 3, "a unit such as `days`" },
                  { "days", 1, "a whole number is missing" },
                  { "1.5 days", 1, "cannot stand here" },
                  { "14 days later", 9, "`later` does not belong here" },
                  { "14 moons", 4, "a unit such as `days`" },
                  { "900000 years", 1, "too long" },
                  { "", 1, "a whole number is missing" } };
    int64_t ms;
    int32_t months;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_source_text source = source_of(rows[i].text);

        assert_true(tally_duration_compile(&fix->compiler, &source, &ms, &months));
        assert_int_equal(ms, rows[i].ms);
        assert_int_equal(months, rows[i].months);
    }
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        tally_source_text source = source_of(wrong[i].text);

        assert_false(tally_duration_compile(&fix->compiler, &source, &ms, &months));
        assert_reported(wrong[i].column, wrong[i].part);
    }
}

static void deadlines_are_read(void **state)
{
    static const struct {
        const char *text;
        tally_deadline deadline;
    } rows[] = {
        { "never", { .kind = TALLY_DEADLINE_NEVER } },
        { "after 30 days", { .kind = TALLY_DEADLINE_AFTER, .ms = 30 * TALLY_DAY_MS } },
        { "after 36 hours", { .kind = TALLY_DEADLINE_AFTER, .ms = 36 * 3600000 } },
        { "after 2 years", { .kind = TALLY_DEADLINE_AFTER_MONTHS, .months = 24 } },
        { "at the end of the quarter",
          { .kind = TALLY_DEADLINE_END_OF,
            .unit = TALLY_UNIT_QUARTER,
            .later_unit = TALLY_UNIT_QUARTER } },
        { "at the end of the month, 12 months later",
          { .kind = TALLY_DEADLINE_END_OF,
            .unit = TALLY_UNIT_MONTH,
            .later_unit = TALLY_UNIT_MONTH,
            .later_count = 12 } },
        { "at the end of the month, 1 year later",
          { .kind = TALLY_DEADLINE_END_OF,
            .unit = TALLY_UNIT_MONTH,
            .later_unit = TALLY_UNIT_YEAR,
            .later_count = 1 } },
        { "at the end of February, 2 years later",
          { .kind = TALLY_DEADLINE_END_OF_MONTH,
            .unit = TALLY_UNIT_MONTH,
            .month = 2,
            .later_unit = TALLY_UNIT_YEAR,
            .later_count = 2 } },
        { "at the end of December",
          { .kind = TALLY_DEADLINE_END_OF_MONTH,
            .unit = TALLY_UNIT_MONTH,
            .month = 12,
            .later_unit = TALLY_UNIT_YEAR } },
    };
    static const struct {
        const char *text;
        uint32_t column;
        const char *part;
    } wrong[] = { { "30 days", 1, "write `after` before it" },
                  { "after 0 days", 7, "cannot stand here" },
                  { "at the end of month", 15, "a month's name, is missing" },
                  { "at the end of the month, 12 months", 35, "`later` is missing" },
                  { "at the end of May, 3 months later", 29, "cannot be counted on" },
                  { "soon", 1, "this is no deadline" } };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_source_text source = source_of(rows[i].text);
        const tally_deadline *want = &rows[i].deadline;
        tally_deadline deadline;

        assert_true(tally_deadline_compile(&fix->compiler, &source, &deadline));
        assert_int_equal(deadline.kind, want->kind);
        assert_int_equal(deadline.unit, want->unit);
        assert_int_equal(deadline.later_unit, want->later_unit);
        assert_int_equal(deadline.month, want->month);
        assert_int_equal(deadline.months, want->months);
        assert_int_equal(deadline.later_count, want->later_count);
        assert_int_equal(deadline.ms, want->ms);
        assert_int_equal(deadline.span.text.count, strlen(rows[i].text));
    }
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        tally_source_text source = source_of(wrong[i].text);
        tally_deadline deadline;

        assert_false(tally_deadline_compile(&fix->compiler, &source, &deadline));
        assert_reported(wrong[i].column, wrong[i].part);
    }
}

static void reviews_are_read(void **state)
{
    static const char *const wrong[] = { "1 January",       "each",
                                         "each hour",       "each day on day 3",
                                         "each 30 February", "each 1 January or 1 July",
                                         "each month on day 32" };
    tally_source_text source = source_of("each week");
    tally_review review;

    (void)state;
    assert_true(tally_review_compile(&fix->compiler, &source, &review));
    assert_int_equal(review.kind, TALLY_REVIEW_EACH);
    assert_int_equal(review.unit, TALLY_UNIT_WEEK);
    source = source_of("each month on day 20");
    assert_true(tally_review_compile(&fix->compiler, &source, &review));
    assert_int_equal(review.kind, TALLY_REVIEW_MONTH_DAY);
    assert_int_equal(review.day, 20);
    source = source_of("each 1 January and 31 July");
    assert_true(tally_review_compile(&fix->compiler, &source, &review));
    assert_int_equal(review.kind, TALLY_REVIEW_YEAR_DAYS);
    assert_int_equal(review.date_count, 2);
    assert_int_equal(review.dates[0][0], 1);
    assert_int_equal(review.dates[1][0], 7);
    assert_int_equal(review.dates[1][1], 31);
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        size_t before = tally_diagnostics_count(fix->compiler.diagnostics);

        source = source_of(wrong[i]);
        assert_false(tally_review_compile(&fix->compiler, &source, &review));
        assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), before + 1);
    }
}

static void limits_are_read(void **state)
{
    static const struct {
        const char *text;
        bool is_best;
        tally_limit_kind kind;
        bool is_constant;
        int64_t value;
        const char *window;
    } rows[] = {
        { "200 per calendar year", false, TALLY_LIMIT_POINTS, true, 2000, "calendar year" },
        { "2.5 per lifetime", false, TALLY_LIMIT_POINTS, true, 25, "lifetime" },
        { "200 per calendar day UTC", false, TALLY_LIMIT_POINTS, true, 2000,
          "calendar day zone0" },
        { "1 time per rolling 7 days", false, TALLY_LIMIT_TIMES, true, 1, "rolling 7x24h" },
        { "3 times per cycle of 12 months from joined", false, TALLY_LIMIT_TIMES, true, 3,
          "cycle 12x1m (let joined)" },
        { "base per calendar month", false, TALLY_LIMIT_POINTS, true, 120, "calendar month" },
        { "total + 1 per calendar month", false, TALLY_LIMIT_POINTS, false, 0, "calendar month" },
        { "11 per calendar year", true, TALLY_LIMIT_BEST, true, 11, "calendar year" },
    };
    static const struct {
        const char *text;
        bool is_best;
        uint32_t column;
        const char *part;
    } wrong[] = {
        { "200", false, 4, "`per` and a window are missing" },
        { "once per calendar day", false, 1, "write `1 time per" },
        { "200 per month", false, 9, "write `calendar month`" },
        { "200 per since joined", false, 9, "cannot be counted in this window" },
        { "11 per rolling 30 days", true, 8, "cannot be counted in this window" },
        { "11 times per calendar year", true, 10, "write `11 per calendar year`" },
        { "1.5 times per calendar year", false, 1, "a whole number is needed" },
        { "rate per calendar year", false, 1, "round it" },
        { "-3 per calendar year", false, 1, "zero or more" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_source_text source = source_of(rows[i].text);
        tally_limit limit = { .id = 7 };
        tally_buffer out;

        tally_buffer_init(&out, 4096);
        assert_true(tally_limit_compile(&fix->compiler, &source, rows[i].is_best, &limit));
        dump_window(&out, fix, limit.window);
        assert_string_equal(tally_buffer_string(&out), rows[i].window);
        assert_int_equal(limit.kind, rows[i].kind);
        assert_int_equal(limit.amount_is_constant, rows[i].is_constant);
        assert_int_equal(limit.amount_value, rows[i].value);
        assert_int_equal(limit.id, 7); /* what is not its own stays */
        tally_buffer_free(&out);
    }
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        tally_source_text source = source_of(wrong[i].text);
        tally_limit limit;

        assert_false(tally_limit_compile(&fix->compiler, &source, wrong[i].is_best, &limit));
        assert_reported(wrong[i].column, wrong[i].part);
    }
}

static void field_types_are_read(void **state)
{
    static const struct {
        const char *text;
        tally_value_type type;
        bool optional, has_bounds;
        uint8_t decimals;
        int64_t least, greatest, step;
        uint32_t count; /* choices or words */
    } rows[] = {
        { "1..50", TALLY_TYPE_NUMBER, false, true, 0, 1, 50, 0, 0 },
        { "0.0..24.00", TALLY_TYPE_NUMBER, false, true, 2, 0, 2400, 0, 0 },
        { "-5..5 or nothing", TALLY_TYPE_NUMBER, true, true, 0, -5, 5, 0, 0 },
        { "0..24 step 0.25", TALLY_TYPE_NUMBER, false, true, 2, 0, 2400, 25, 0 },
        { "one of 0, 5.5, 10", TALLY_TYPE_NUMBER, false, true, 1, 0, 100, 0, 3 },
        { "one of low, High Risk or nothing", TALLY_TYPE_WORD, true, false, 0, 0, 0, 0, 2 },
        { "one of \"5\", 'a, b', it's", TALLY_TYPE_WORD, false, false, 0, 0, 0, 0, 3 },
        { "yes or no", TALLY_TYPE_CONDITION, false, false, 0, 0, 0, 0, 0 },
        { "yes or no or nothing", TALLY_TYPE_CONDITION, true, false, 0, 0, 0, 0, 0 },
        { "day", TALLY_TYPE_DAY, false, false, 0, 0, 0, 0, 0 },
        { "id or nothing", TALLY_TYPE_ID, true, false, 0, 0, 0, 0, 0 },
        { "member", TALLY_TYPE_ID, false, false, 0, 0, 0, 0, 0 },
        { "text", TALLY_TYPE_TEXT, false, false, 0, 0, 0, 0, 0 },
    };
    static const struct {
        const char *text;
        uint32_t column;
        const char *part;
    } wrong[] = {
        { "number", 1, "give the bounds" },
        { "dai", 1, "did you mean `day`?" },
        { "50..1", 1, "no number lies between" },
        { "1..x", 4, "this is no number" },
        { "0..24 step 0", 12, "a step is above zero" },
        { "one of", 1, "a value is missing" },
        { "one of a,, b", 1, "a value is missing" },
        { "one of a, b, a", 14, "this value stands twice" },
        { "one of 1, 2, 1.0", 14, "this value stands twice" },
        { "one of 1, b", 1, "put the numbers in quotes" },
        { "", 1, "this is no type" },
        { "0..99999999999999999999", 4, "too large" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_source_text source = source_of(rows[i].text);
        tally_field field;

        assert_true(tally_field_compile(&fix->compiler, &source, TALLY_TEXT("x"), &field));
        assert_int_equal(field.type, rows[i].type);
        assert_int_equal(field.optional, rows[i].optional);
        assert_int_equal(field.has_bounds, rows[i].has_bounds);
        assert_int_equal(field.decimals, rows[i].decimals);
        assert_int_equal(field.least, rows[i].least);
        assert_int_equal(field.greatest, rows[i].greatest);
        assert_int_equal(field.step, rows[i].step);
        assert_int_equal(field.domain != NULL ? field.domain->count : field.choice_count,
                         rows[i].count);
        assert_int_equal(field.is_member, strcmp(rows[i].text, "member") == 0);
    }
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        tally_source_text source = source_of(wrong[i].text);
        tally_field field;

        assert_false(tally_field_compile(&fix->compiler, &source, TALLY_TEXT("x"), &field));
        assert_reported(wrong[i].column, wrong[i].part);
    }
}

static void words_lose_their_quotes(void **state)
{
    tally_source_text source = source_of("one of \"5\", 'a, b', it's, High Risk");
    tally_field field;

    (void)state;
    assert_true(tally_field_compile(&fix->compiler, &source, TALLY_TEXT("x"), &field));
    assert_true(tally_text_is(field.domain->words[0], "5"));
    assert_true(tally_text_is(field.domain->words[1], "a, b"));
    assert_true(tally_text_is(field.domain->words[2], "it's"));
    assert_true(tally_text_is(field.domain->words[3], "High Risk"));
}

static void heads_of_condition_lists(void **state)
{
    static const struct {
        const char *text;
        bool is_head;
        tally_op op;
        int64_t at_least;
        bool has_window;
    } rows[] = {
        { "all of", true, TALLY_OP_ALL_OF, 0, false },
        { "any of, in rolling 100 days", true, TALLY_OP_ANY_OF, 0, true },
        { "none of", true, TALLY_OP_NONE_OF, 0, false },
        { "at least 2 of, in calendar year", true, TALLY_OP_AT_LEAST_OF, 2, true },
        { "any visit", false, TALLY_OP_ALL_OF, 0, false },
        { "gain", false, TALLY_OP_ALL_OF, 0, false },
        { "", false, TALLY_OP_ALL_OF, 0, false },
        { "at least two of", false, TALLY_OP_ALL_OF, 0, false },
    };
    const tally_window *window;
    tally_source_text source;
    int64_t at_least;
    tally_op op;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        source = source_of(rows[i].text);
        assert_int_equal(
            tally_condition_head(&fix->compiler, &source, NULL, &op, &at_least, &window),
            rows[i].is_head);
        if (!rows[i].is_head)
            continue;
        assert_int_equal(op, rows[i].op);
        assert_int_equal(at_least, rows[i].at_least);
        assert_int_equal(window != NULL, rows[i].has_window);
    }
    assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), 0);
    source = source_of("all of, in 100 days");
    assert_true(tally_condition_head(&fix->compiler, &source, NULL, &op, &at_least, &window));
    assert_null(window);
    assert_reported(12, "write `rolling 100 …`");
}

static void shares_of_gain_are_bounded(void **state)
{
    static const char *const no_share[] = { "90 of gain", "gain", "90 % of keep", "score >= 3",
                                            "90 % of gain and met" };
    static const struct {
        const char *text, *part;
    } wrong[] = { { "0 % of gain", "more than 0 % and at most 100 %" },
                  { "101 % of gain", "more than 0 % and at most 100 %" },
                  { "90.12345 % of gain", "at most 4 decimals" } };
    tally_source_text gain = source_of("count(visit in rolling 9 days) >= 5");
    const tally_expr *rule = tally_expr_compile(&fix->compiler, &gain, NULL,
                                                TALLY_TYPE_CONDITION, 0, NULL);
    tally_source_text source;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(no_share); i++) {
        source = source_of(no_share[i]);
        assert_false(tally_expr_is_relaxation(&source));
    }
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        source = source_of(wrong[i].text);
        assert_true(tally_expr_is_relaxation(&source));
        assert_null(tally_expr_relax(&fix->compiler, rule, &source));
        assert_reported(1, wrong[i].part);
    }
}

static void reserved_words_are_known(void **state)
{
    (void)state;
    assert_true(tally_is_reserved(TALLY_TEXT("score")));
    assert_true(tally_is_reserved(TALLY_TEXT("otherwise")));
    assert_true(tally_is_reserved(TALLY_TEXT("rolling")));
    assert_false(tally_is_reserved(TALLY_TEXT("from")));
    assert_false(tally_is_reserved(TALLY_TEXT("hours")));
    assert_false(tally_is_reserved(TALLY_TEXT("last")));
}

int main(void)
{
#define PHRASE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        PHRASE_TEST(durations_are_exact_or_months),
        PHRASE_TEST(deadlines_are_read),
        PHRASE_TEST(reviews_are_read),
        PHRASE_TEST(limits_are_read),
        PHRASE_TEST(field_types_are_read),
        PHRASE_TEST(words_lose_their_quotes),
        PHRASE_TEST(heads_of_condition_lists),
        PHRASE_TEST(shares_of_gain_are_bounded),
        PHRASE_TEST(reserved_words_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
