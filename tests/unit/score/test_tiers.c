/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers through time: gaining, keeping, holding, validity, reviews, steps,
 * locks, prices and versions (docs/policy-language.md sections 8 and 11). */

#include "result.h"

#define EXPECT(yaml, lines, ...)                                       \
    do {                                                               \
        const expected_day days_[] = { __VA_ARGS__ };                  \
        expect_tiers(yaml, lines, days_, UNIT_COUNT(days_));           \
    } while (0)

/* ---- S2: gain 50 days in 100, keep 45, held 14 days, reviewed daily ------------- */

#define REGULAR                                                                               \
    HEAD("events:\n  visit: {}\n"                                                             \
         "tiers:\n"                                                                           \
         "  regular:\n"                                                                       \
         "    gain: distinct(day of visit in rolling 100 days) >= 50\n"                       \
         "    keep: 90 % of gain\n"                                                           \
         "    hold: 14 days\n"                                                                \
         "moves:\n  reviewed: each day\n  none: member\n")

static void forty_six_days_keep_a_tier_and_do_not_gain_it(void **state)
{
    line_list kept = { .count = 0 }, fresh = { .count = 0 };

    (void)state;
    /* Fifty days in a row gain it; the window then loses four and later six of them. */
    lines_daily(&kept, "2024-01-01", 50, "visit");
    EXPECT(REGULAR, kept.lines, { "2024-02-18", "member" }, { "2024-02-19", "regular" },
           { "2024-04-13", "regular" }, /* 46 left */
           { "2024-04-14", "regular" }, /* 45 */
           { "2024-04-15", "member" }); /* 44 */
    lines_daily(&fresh, "2024-01-01", 46, "visit");
    EXPECT(REGULAR, fresh.lines, { "2024-02-29", "member" });
}

static void a_hold_outlasts_a_failing_keep_rule(void **state)
{
    line_list lines = { .count = 0 };

    (void)state;
    /* Thirty-five early days leave the window one a day soon after the fiftieth. */
    lines_daily(&lines, "2024-01-01", 35, "visit");
    lines_daily(&lines, "2024-03-25", 15, "visit");
    EXPECT(REGULAR, lines.lines, { "2024-04-07", "member" }, { "2024-04-08", "regular" },
           { "2024-04-15", "regular" }, /* 44 left, a week after the gain */
           { "2024-04-21", "regular" }, /* the thirteenth day */
           { "2024-04-22", "member" }); /* fourteen days after the gain */
}

static void the_statement_counts_what_is_missing(void **state)
{
    line_list lines = { .count = 0 };
    result_case test;
    tally_statement *statement;

    (void)state;
    lines_daily(&lines, "2024-01-01", 46, "visit");
    result_begin(&test, REGULAR, lines.lines);
    statement = result_statement(&test, "2024-02-20");
    assert_true(statement->has_next_tier);
    assert_int_equal(statement->next_tier.leg_count, 1);
    assert_non_null(strstr(statement->next_tier.legs[0].sentence, "needs 50, has 46: 4 more"));
    tally_statement_free(statement);
    result_end(&test);
}

/* ---- S6: validity ------------------------------------------------------------------ */

static const char status[] =
    HEAD("events:\n  stay: {nights: 1..60}\n"
         "let:\n  nights-now: sum(nights of stay in calendar year)\n"
         "tiers:\n"
         "  silver:\n    gain: nights-now >= 10\n    valid: at the end of February, 2 years later\n"
         "  gold:\n    gain: nights-now >= 25\n    valid: at the end of February, 2 years later\n"
         "  platinum:\n    gain: nights-now >= 50\n    valid: at the end of February, 2 years later\n"
         "moves:\n  none: member\n");

static void a_status_is_valid_to_the_end_of_a_february(void **state)
{
    const char *const *lines =
        LINES("2025-01-28 stay 1 nights=26", "2025-11-10 stay 2 nights=24");
    result_case test;

    (void)state;
    EXPECT(status, lines, { "2025-01-27", "member" }, { "2025-01-28", "gold" },
           { "2025-11-10", "platinum" }, { "2027-02-28", "platinum" }, { "2027-03-01", "member" });
    result_begin(&test, status, lines);
    result_at(&test, case_as_of("2025-02-01"));
    assert_true(test.result.tier_valid_until_ms == case_ms("2027-03-01"));
    result_end(&test);
}

static void the_best_status_still_valid_counts(void **state)
{
    (void)state;
    EXPECT(status, LINES("2023-06-01 stay 1 nights=52", "2024-06-01 stay 2 nights=12"),
           { "2025-02-15", "platinum" }, { "2025-03-01", "silver" }, { "2026-03-01", "member" });
}

static void a_leap_day_belongs_to_february(void **state)
{
    (void)state;
    EXPECT(status, LINES("2022-05-05 stay 1 nights=10"), { "2024-02-29", "silver" },
           { "2024-03-01", "member" });
}

static void nights_of_one_year_do_not_carry_into_the_next(void **state)
{
    (void)state;
    EXPECT(status, LINES("2024-05-05 stay 1 nights=24", "2025-05-05 stay 2 nights=24"),
           { "2024-12-31", "silver" }, { "2025-12-31", "silver" }, { "2027-02-28", "silver" },
           { "2027-03-01", "member" });
}

/* ---- S15: tiers on the score, as shown --------------------------------------------------- */

#define VILLAGE                                                                          \
    HEAD("shown-on: 1000\n"                                                              \
         "events:\n  volunteered: {hours: 1..24}\n  broken: {}\n"                        \
         "awards:\n"                                                                     \
         "  hours:\n    for: volunteered\n    points: 2 * hours\n"                       \
         "  fault:\n    for: broken\n    points: -5\n"                                   \
         "    counts: after 14 days, once confirmed\n"                                   \
         "tiers:\n  neighbour: {from: 1000}\n  helper: {from: 1030}\n  star: {from: 1050}\n")

static void a_finding_takes_effect_when_it_is_made(void **state)
{
    (void)state;
    EXPECT(VILLAGE,
           LINES("2024-01-10 volunteered 1 hours=24", "2024-02-10 volunteered 2 hours=3",
                 "2024-03-20 broken 3", "2024-04-04 decision 4 of=3 finding=stands"),
           { "2024-01-10", "helper" }, { "2024-02-10", "star" }, { "2024-04-03", "star" },
           { "2024-04-04", "helper" });
    EXPECT(VILLAGE,
           LINES("2024-01-10 volunteered 1 hours=24", "2024-02-10 volunteered 2 hours=3",
                 "2024-03-20 broken 3", "2024-03-28 decision 4 of=3 finding=dropped"),
           { "2024-03-27", "star" }, { "2024-03-28", "star" }, { "2024-12-31", "star" });
}

static void before_the_first_event_there_is_no_tier(void **state)
{
    (void)state;
    EXPECT(VILLAGE, LINES("2024-01-10 volunteered 1 hours=1"), { "2024-01-09", "no tier" },
           { "2024-01-10", "neighbour" });
}

/* ---- reviews, steps and locks ----------------------------------------------------------------- */

#define POINTS                                                                              \
    "events:\n  deed: {n: 0..1000}\n  lock: {on: yes or no}\n"                              \
    "awards:\n  deeds:\n    for: deed\n    points: n\n    expires: after 30 days\n"

static void a_reviewed_tier_is_lost_only_at_its_review(void **state)
{
    static const char yaml[] = HEAD(POINTS "tiers:\n"
                                           "  oak:\n    from: 100\n    keep: 80\n"
                                           "    reviewed: each 1 January\n");

    (void)state;
    EXPECT(yaml, LINES("2024-03-01 deed 1 n=100"), { "2024-03-01", "oak" },
           { "2024-03-31", "oak" }, /* the points have gone */
           { "2024-12-31", "oak" }, { "2025-01-01", "no tier" });
    EXPECT(yaml, LINES("2024-03-01 deed 1 n=100", "2024-12-20 deed 2 n=80"),
           { "2024-12-31", "oak" }, { "2025-01-01", "oak" }, { "2025-12-31", "oak" },
           { "2026-01-01", "no tier" });
}

static void one_step_a_review_down_and_up(void **state)
{
    static const char yaml[] = HEAD(POINTS "tiers:\n"
                                           "  first: {from: 10}\n  second: {from: 20}\n"
                                           "  third: {from: 30}\n"
                                           "moves:\n  reviewed: each day\n  drop: one step\n"
                                           "  climb: one step\n");

    (void)state;
    EXPECT(yaml, LINES("2024-03-01T10:00:00Z deed 1 n=100"), { "2024-03-01", "no tier" },
           { "2024-03-02", "first" }, { "2024-03-03", "second" }, { "2024-03-04", "third" },
           { "2024-03-31", "third" }, /* ends at ten o'clock, after the day's review */
           { "2024-04-01", "second" }, { "2024-04-02", "first" }, { "2024-04-03", "no tier" });
}

static void a_lock_stops_every_move(void **state)
{
    static const char yaml[] = HEAD(POINTS "tiers:\n  first: {from: 10}\n"
                                           "moves:\n  locked-while: latest(lock).on\n");

    (void)state;
    EXPECT(yaml,
           LINES("2024-03-01 deed 1 n=10", "2024-03-10 lock 2 on=yes", "2024-05-01 lock 3 on=no"),
           { "2024-03-01", "first" }, { "2024-04-30", "first" }, { "2024-05-01", "no tier" });
    EXPECT(yaml,
           LINES("2024-03-01 lock 1 on=yes", "2024-03-02 deed 2 n=10", "2024-03-10 lock 3 on=no"),
           { "2024-03-09", "no tier" }, { "2024-03-10", "first" });
}

static void held_throughout_needs_the_whole_time(void **state)
{
    static const char yaml[] =
        HEAD(POINTS "tiers:\n"
                    "  steady:\n    gain: score >= 10 throughout 20 days\n");

    (void)state;
    EXPECT(yaml, LINES("2024-03-01 deed 1 n=10"), { "2024-03-20", "no tier" },
           { "2024-03-21", "steady" }, { "2024-03-30", "steady" }, { "2024-03-31", "no tier" });
    EXPECT(yaml, LINES("2024-03-01 deed 1 n=10", "2024-03-25 deed 2 n=10"),
           { "2024-04-23", "steady" }, { "2024-04-24", "no tier" });
}

static void a_tier_may_need_another_below_it(void **state)
{
    static const char yaml[] = HEAD(POINTS "tiers:\n"
                                           "  first: {from: 10}\n"
                                           "  second:\n    gain: held(first) and any lock\n");

    (void)state;
    EXPECT(yaml, LINES("2024-03-01 lock 1 on=no", "2024-03-05 deed 2 n=10"),
           { "2024-03-04", "no tier" }, { "2024-03-05", "second" }, { "2024-04-04", "no tier" });
}

/* ---- prices --------------------------------------------------------------------------------------- */

static void a_price_is_spent_and_little_carries_over(void **state)
{
    static const char yaml[] =
        HEAD("events:\n  deed: {n: 0..1000}\n"
             "awards:\n  deeds:\n    for: deed\n    points: n\n"
             "tiers:\n  guest:\n    from: 100\n    price: 100\n    carry: 20\n"
             "    valid: after 60 days\n");
    const char *const *lines = LINES("2024-01-01 deed 1 n=90", "2024-01-10 deed 2 n=60",
                                     "2024-02-01 deed 3 n=30", "2024-03-20 deed 4 n=55");
    static const struct {
        const char *as_of, *tier;
        int64_t score;
    } rows[] = {
        { "2024-01-09", "no tier", 90 }, { "2024-01-10", "guest", 20 }, /* 150 - 100, 30 of 50 lapse */
        { "2024-02-01", "guest", 50 },   { "2024-03-09", "guest", 50 },
        { "2024-03-10", "no tier", 50 }, { "2024-03-20", "guest", 5 },
    };
    result_case test;

    (void)state;
    result_begin(&test, yaml, lines);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_statement *statement;

        result_at(&test, case_as_of(rows[i].as_of));
        expect_text(rows[i].as_of, result_tier(&test), rows[i].tier);
        assert_int_equal(test.result.score, rows[i].score);
        statement = result_statement(&test, rows[i].as_of);
        assert_int_equal(statement->score, rows[i].score);
        tally_statement_free(statement);
    }
    result_end(&test);
}

/* ---- versions ----------------------------------------------------------------------------------------- */

#define FIRST_VERSION                                                                     \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nevents:\n  deed: {n: 0..1000}\n" \
    "awards:\n  deeds:\n    for: deed\n    points: n\n"
#define LATER_VERSION "---\n" FIRST_VERSION "from: 2024-06-01\n"

static void a_new_version_judges_anew_and_keeps_what_it_promised(void **state)
{
    const char *const *lines = LINES("2024-03-01 deed 1 n=50");

    (void)state;
    EXPECT(FIRST_VERSION "tiers:\n  oak: {from: 50}\n" LATER_VERSION "tiers:\n  oak: {from: 60}\n",
           lines, { "2024-05-31", "oak" }, { "2024-06-01", "no tier" });
    EXPECT(FIRST_VERSION "tiers:\n  oak: {from: 50}\n" LATER_VERSION
                         "tiers:\n  beech: {from: 60}\n"
                         "migrate:\n  tiers: {oak: beech}\n  keep-tiers-until: 2024-12-31\n",
           lines, { "2024-05-31", "oak" }, { "2024-06-01", "beech" }, { "2024-12-31", "beech" },
           { "2025-01-01", "no tier" });
    EXPECT(FIRST_VERSION "tiers:\n  oak: {from: 50}\n" LATER_VERSION
                         "tiers:\n  beech: {from: 60}\n"
                         "migrate:\n  keep-tiers-until: 2024-12-31\n",
           lines, { "2024-05-31", "oak" }, { "2024-06-01", "no tier" });
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_six_days_keep_a_tier_and_do_not_gain_it),
        cmocka_unit_test(a_hold_outlasts_a_failing_keep_rule),
        cmocka_unit_test(the_statement_counts_what_is_missing),
        cmocka_unit_test(a_status_is_valid_to_the_end_of_a_february),
        cmocka_unit_test(the_best_status_still_valid_counts),
        cmocka_unit_test(a_leap_day_belongs_to_february),
        cmocka_unit_test(nights_of_one_year_do_not_carry_into_the_next),
        cmocka_unit_test(a_finding_takes_effect_when_it_is_made),
        cmocka_unit_test(before_the_first_event_there_is_no_tier),
        cmocka_unit_test(a_reviewed_tier_is_lost_only_at_its_review),
        cmocka_unit_test(one_step_a_review_down_and_up),
        cmocka_unit_test(a_lock_stops_every_move),
        cmocka_unit_test(held_throughout_needs_the_whole_time),
        cmocka_unit_test(a_tier_may_need_another_below_it),
        cmocka_unit_test(a_price_is_spent_and_little_carries_over),
        cmocka_unit_test(a_new_version_judges_anew_and_keeps_what_it_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
