/* SPDX-License-Identifier: Apache-2.0 */
/* Sets, windows and aggregates (docs/policy-language.md section 4). */

#include "case.h"
#include "score/engine.h"

#define HEAD_IN(zone)                                                                   \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nzone: " zone "\n"        \
    "events:\n"                                                                         \
    "  visit:\n    n: 0..99\n    kind: one of quiet, loud\n    by: id or nothing\n"     \
    "  talk:\n    n: 0.0..9.9\n"                                                        \
    "let:\n  quiet-ones: every visit with kind is quiet\n"                              \
    "  loud-ones: every visit with kind is loud\n  second: latest(visit with n is 2)\n" \
    "  few: 2\n"
#define HEAD HEAD_IN("UTC")

#define NONE INT64_MIN

static const char *const records[] = {
    "2023-12-31T23:59:59Z visit 1 n=1 kind=quiet by=ann",
    "2024-01-01 visit 2 n=2 kind=loud by=bob",
    "2024-02-29T12:00:00Z talk 3 n=0.5",
    "2024-03-05T08:00:00Z visit 4 n=4 kind=quiet by=ann",
    "2024-03-05T09:00:00Z visit 5 n=4 kind=loud",
    "2024-03-06 talk 6 n=2.5",
    "2024-03-31T22:30:00Z visit 7 n=7 kind=loud by=eve",
    "2024-04-03 visit 8 n=8 kind=quiet recorded=2024-03-30",
    "2024-04-04 visit 9 n=9 kind=quiet",
    NULL,
};

static const struct {
    const char *name, *rule;
    int64_t expected;
} rows[] = {
    { "count of a type", "count(visit)", 5 },
    { "count of several types", "count(visit or talk)", 7 },
    { "with a condition", "count(visit with kind is loud)", 3 },
    { "a named set", "count(quiet-ones)", 2 },
    { "a named set, narrowed", "count(quiet-ones with n > 1)", 1 },
    { "any and no",
      "count(visit with n > 6) is 1 and any visit with n is 7 and no visit with n is 6", 1 },
    { "last N, then the condition", "count(last 3 of visit with kind is loud)", 2 },
    { "last N of a named set", "count(last 1 of quiet-ones with n is 4)", 1 },
    { "a named set has its condition before the last", "count(last 3 of loud-ones)", 3 },
    { "sum", "sum(n of visit)", 18 },
    { "sum keeps decimals", "sum(n of talk)", 30 },
    { "sum of none", "sum(n of visit with n > 50)", 0 },
    { "min and max", "max(n of visit) * 10 + min(n of visit)", 71 },
    { "min of none is nothing", "min(n of visit with n > 50)", NONE },
    { "mean is a ratio", "round(mean(n of visit), to 0.1, half up)", 36 },
    { "mean of decimals", "round(mean(n of talk), to 0.1, half up)", 15 },
    { "mean of none is nothing", "round(mean(n of visit with n > 50), to 0.1, half up)", NONE },
    { "distinct, nothing is left out", "distinct(by of visit)", 3 },
    { "distinct tuples", "distinct(kind, n of visit)", 5 },
    { "distinct days", "distinct(day of visit)", 4 },
    { "distinct weeks", "distinct(week of visit)", 4 },
    { "distinct months", "distinct(month of visit)", 3 },
    { "distinct years", "distinct(year of visit)", 2 },
    { "best two", "sum(best 2 n of visit)", 11 },
    { "best of fewer", "sum(best 9 n of visit)", 18 },
    { "earliest and latest", "latest(visit).n * 10 + earliest(visit).n", 71 },
    { "this calendar month", "count(visit in calendar month)", 3 },
    { "this calendar quarter", "count(visit in calendar quarter)", 4 },
    { "this calendar year", "count(visit in calendar year)", 4 },
    { "this calendar week begins on Monday", "count(visit in calendar week)", 1 },
    { "this calendar day", "count(visit in calendar day)", 1 },
    { "the previous month", "count(talk in previous calendar month)", 1 },
    { "previous months leave this one out", "count(visit in previous 3 calendar months)", 2 },
    { "the previous year", "count(visit in previous calendar year)", 1 },
    { "rolling days: the far end is out", "count(visit in rolling 26 days)", 1 },
    { "rolling days: just in", "count(visit in rolling 27 days)", 3 },
    { "rolling months go by the calendar", "count(talk in rolling 1 months)", 1 },
    { "rolling months: 29 February plus a month is before T", "count(talk in rolling 2 months)",
      2 },
    { "rolling N from a let", "count(visit in rolling (few) months)", 3 },
    { "next: only what is recorded already", "count(visit in next 7 days)", 1 },
    { "since includes the event", "count(visit in since second)", 4 },
    { "after does not", "count(visit in after second)", 3 },
    { "since nothing is empty", "count(visit in since latest(visit with n is 50))", 0 },
    { "the running cycle", "count(visit in cycle of 2 months from second)", 3 },
    { "the first cycle holds its anchor", "count(visit in cycle of 12 months from second)", 4 },
    { "a zone for one window", "count(visit in calendar month Europe/Madrid)", 1 },
    { "days that meet a condition", "count(days with any visit in calendar day)", 4 },
    { "months", "count(months with sum(n of visit in calendar month) >= 4)", 1 },
    { "years", "count(years with any visit in calendar year)", 2 },
};

static void sets_hold_what_the_language_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char yaml[4096];

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x: %s\nreport: [x]\n", rows[i].rule);
        print_message("%s: %s\n", rows[i].name, rows[i].rule);
        case_expect(yaml, "2024-03-31", records, "x", rows[i].expected);
    }
}

static void without_events_every_set_is_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char yaml[4096];
        engine_case test;
        tally_value value;

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x: %s\nreport: [x]\n", rows[i].rule);
        case_open(&test, yaml, "2024-03-31", NO_LINES);
        assert_int_equal(case_try_value(&test, "2024-03-31", "x", &value), TALLY_OK);
        assert_true(value.a == 0 || value.a == NONE);
        case_close(&test);
    }
}

static void days_belong_to_the_zone(void **state)
{
    (void)state;
    /* 22:30 UTC on 31 March is 1 April in Madrid; 23:59:59 UTC on New Year's Eve is January. */
    case_expect(HEAD_IN("Europe/Madrid") "  x: count(visit in calendar month)\nreport: [x]\n",
                "2024-03-31T22:30:00Z", records, "x", 1);
    case_expect(HEAD_IN("Europe/Madrid") "  x: count(visit in calendar year)\nreport: [x]\n",
                "2024-03-31T22:30:00Z", records, "x", 5);
}

static void each_event_s_own_offset_places_it_in_its_day(void **state)
{
    static const char *const travelled[] = {
        "2024-03-09T06:30:00Z visit 1 n=1 kind=quiet offset=-7", /* still the 8th there */
        "2024-03-09T22:00:00Z visit 2 n=2 kind=quiet offset=2",  /* the 10th there */
        "2024-03-10T06:30:00Z visit 3 n=3 kind=quiet offset=-7", /* the 9th */
        "2024-03-10T12:00:00Z visit 4 n=4 kind=quiet offset=0",  NULL,
    };

    (void)state;
    case_expect(HEAD_IN("each event's own") "  x: distinct(day of visit)\nreport: [x]\n",
                "2024-03-10", travelled, "x", 3);
    case_expect(HEAD_IN("each event's own") "  x: count(visit in calendar day)\nreport: [x]\n",
                "2024-03-10", travelled, "x", 2);
    case_expect(
        HEAD_IN("each event's own") "  x: count(visit in previous calendar day)\nreport: [x]\n",
        "2024-03-10", travelled, "x", 1);
    case_expect(
        HEAD_IN(
            "each event's own") "  x: count(days with any visit in calendar day)\nreport: [x]\n",
        "2024-03-10", travelled, "x", 3);
}

static void rolling_months_follow_the_month_end_rule(void **state)
{
    static const char *const late[] = {
        "2024-01-29T23:00:00Z visit 1 n=1 kind=quiet",
        "2024-01-30T01:00:00Z visit 2 n=2 kind=quiet",
        "2024-01-31T00:30:00Z visit 3 n=3 kind=quiet",
        NULL,
    };
    static const struct {
        const char *rule, *as_of;
        int64_t expected;
    } ends[] = {
        { "last day", "2024-02-29T00:29:59.999Z", 3 },
        { "last day", "2024-02-29T00:30:00Z", 2 },
        { "last day", "2024-02-29T01:00:00Z", 1 }, /* the first event leaves last */
        { "last day", "2024-02-29T23:00:00Z", 0 },
        { "first of next month", "2024-02-29T23:00:00Z", 2 },
        { "first of next month", "2024-03-01T00:29:59.999Z", 2 },
        { "first of next month", "2024-03-01T00:30:00Z", 1 },
        { "first of next month", "2024-03-01T01:00:00Z", 0 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ends); i++) {
        char yaml[4096];

        (void)snprintf(yaml, sizeof(yaml),
                       "month-end: %s\n" HEAD
                       "  x: count(visit in rolling 1 months)\nreport: [x]\n",
                       ends[i].rule);
        case_expect(yaml, ends[i].as_of, late, "x", ends[i].expected);
    }
}

static void throughout_needs_every_instant(void **state)
{
    static const char *const lines[] = {
        "2024-01-01 visit 1 n=5 kind=quiet",
        "2024-01-11 visit 2 n=0 kind=quiet",
        "2024-01-12 visit 3 n=5 kind=quiet",
        NULL,
    };
    static const struct {
        const char *as_of;
        int64_t expected;
    } asked[] = {
        { "2024-01-07T23:59:59.999Z", 0 }, /* it began less than seven days ago */
        { "2024-01-08T00:00:00Z", 1 },
        { "2024-01-10T23:59:59.999Z", 1 },
        { "2024-01-11T00:00:00Z", 0 },
        { "2024-01-18T23:59:59.999Z", 0 }, /* the gap is still within */
        { "2024-01-19T00:00:00Z", 1 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(asked); i++)
        case_expect(HEAD "  x: (latest(visit).n > 0) throughout 7 days\nreport: [x]\n",
                    asked[i].as_of, lines, "x", asked[i].expected);
}

static void ascending_questions_agree_with_single_ones(void **state)
{
    static const char *const rule =
        HEAD "  x: count(days with any visit in calendar day)\n"
             "  y: (latest(visit).n > 1) throughout 3 days\nreport: [x, y]\n";
    engine_case all;

    (void)state;
    case_open(&all, rule, "2024-04-10", records);
    for (int day = 1; day <= 31; day++) {
        char as_of[16];
        engine_case one;

        (void)snprintf(as_of, sizeof(as_of), "2024-03-%02d", day);
        case_open(&one, rule, "2024-04-10", records);
        assert_int_equal(case_value(&all, as_of, "x"), case_value(&one, as_of, "x"));
        assert_int_equal(case_value(&all, as_of, "y"), case_value(&one, as_of, "y"));
        case_close(&one);
    }
    case_close(&all);
}

/* The second time an aggregate is asked it may come from a list of members. */
static void an_aggregate_asked_again_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char yaml[4096];
        engine_case often;

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x: %s\nreport: [x]\n", rows[i].rule);
        case_open(&often, yaml, "2024-04-30", records);
        for (int day = 1; day <= 28; day += 3) {
            char as_of[16];
            engine_case once;

            (void)snprintf(as_of, sizeof(as_of), "2024-%02d-%02d", 3 + day % 2, day);
            case_open(&once, yaml, "2024-04-30", records);
            if (case_value(&often, as_of, "x") != case_value(&once, as_of, "x"))
                fail_msg("%s as of %s", rows[i].rule, as_of);
            case_close(&once);
        }
        case_close(&often);
    }
}

static void too_many_periods_are_an_error(void **state)
{
    engine_case test;
    tally_value value;

    (void)state;
    case_open(&test, HEAD "  x: count(days with any visit in calendar day)\nreport: [x]\n",
              "2024-03-31", LINES("1700-01-01 visit 1 n=1 kind=quiet"));
    assert_int_equal(case_try_value(&test, "2024-03-31", "x", &value), TALLY_E_LIMIT);
    case_close(&test);
}

static void work_beyond_its_bound_is_an_error_that_names_the_rule(void **state)
{
    engine_case test;
    tally_value value;

    (void)state;
    case_open(&test, HEAD "  x: distinct(kind of visit with n >= 1)\nreport: [x]\n", "2024-03-31",
              LINES("2024-01-01 visit 1 n=1 kind=quiet", "2024-01-02 visit 2 n=1 kind=quiet"));
    test.context->work = TALLY_WORK_MAX - 2;
    assert_int_equal(case_try_value(&test, "2024-03-31", "x", &value), TALLY_OK);
    test.context->work = TALLY_WORK_MAX - 1;
    assert_int_equal(case_try_value(&test, "2024-03-30", "x", &value), TALLY_E_LIMIT);
    assert_true(test.err.line > 0);
    assert_non_null(strstr(test.err.message, "narrow the window"));
    case_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_hold_what_the_language_says),
        cmocka_unit_test(without_events_every_set_is_empty),
        cmocka_unit_test(days_belong_to_the_zone),
        cmocka_unit_test(each_event_s_own_offset_places_it_in_its_day),
        cmocka_unit_test(rolling_months_follow_the_month_end_rule),
        cmocka_unit_test(throughout_needs_every_instant),
        cmocka_unit_test(ascending_questions_agree_with_single_ones),
        cmocka_unit_test(an_aggregate_asked_again_gives_the_same),
        cmocka_unit_test(too_many_periods_are_an_error),
        cmocka_unit_test(work_beyond_its_bound_is_an_error_that_names_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
