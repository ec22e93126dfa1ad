/* SPDX-License-Identifier: Apache-2.0 */
/* Streaks (docs/policy-language.md section 9): freezes, repairs, pauses and days
 * in the member's own offset. */

#include "result.h"

#define FROZEN                                                                     \
    HEAD("events:\n  lesson: {}\n  freeze-equipped: {}\n  left: {}\n  back: {}\n"  \
         "streaks:\n  run:\n    each: day\n    counts: any lesson\n"               \
         "    freezes: {event: freeze-equipped, hold: 2}\n"                        \
         "pauses:\n  leave: {starts: left, ends: back}\n"                          \
         "report: [run]\n")
#define REPAIRED                                                                    \
    HEAD("events:\n  lesson: {}\n  other: {}\n"                                     \
         "streaks:\n  run:\n    each: day\n    counts: any lesson\n"                \
         "    repair: {missed: 1, again-after: 7 days}\n"                           \
         "report: [run]\n")

typedef struct expected_length {
    const char *as_of;
    int64_t length;
} expected_length;

static void expect_lengths(const char *yaml, const char *const *lines,
                           const expected_length *days, size_t count)
{
    result_case test;

    result_begin(&test, yaml, lines);
    for (size_t i = 0; i < count; i++) {
        result_at(&test, case_as_of(days[i].as_of));
        assert_int_equal(test.result.report_count, 1);
        if (test.result.reports[0].value.a != days[i].length)
            fail_msg("at %s: expected %lld, found %lld", days[i].as_of,
                     (long long)days[i].length, (long long)test.result.reports[0].value.a);
    }
    result_end(&test);
}

#define EXPECT(yaml, lines, ...)                                      \
    do {                                                              \
        const expected_length days_[] = { __VA_ARGS__ };              \
        expect_lengths(yaml, lines, days_, UNIT_COUNT(days_));        \
    } while (0)

/* Twenty lessons up to Tuesday 2 April 2024. */
static void begin_repaired(line_list *lines)
{
    lines->count = 0;
    lines_daily(lines, "2024-03-14", 20, "lesson");
}

static void one_missed_day_repairs_itself_and_counts(void **state)
{
    line_list lines;

    (void)state;
    begin_repaired(&lines);
    lines_add(&lines, "2024-04-04 lesson a");
    lines_add(&lines, "2024-04-06 lesson b");
    EXPECT(REPAIRED, lines.lines, { "2024-04-02", 20 }, { "2024-04-03", 20 }, /* not ended yet */
           { "2024-04-04", 22 }, { "2024-04-05", 22 }, { "2024-04-06", 1 });
}

static void a_repair_needs_seven_days_since_the_last(void **state)
{
    line_list lines;

    (void)state;
    begin_repaired(&lines);
    lines_daily(&lines, "2024-04-04", 5, "lesson");
    lines_add(&lines, "2024-04-10 lesson a");
    EXPECT(REPAIRED, lines.lines, { "2024-04-08", 26 }, { "2024-04-10", 1 }); /* missed the 9th */
    begin_repaired(&lines);
    lines_daily(&lines, "2024-04-04", 6, "lesson");
    lines_add(&lines, "2024-04-11 lesson a");
    EXPECT(REPAIRED, lines.lines, { "2024-04-09", 27 }, { "2024-04-11", 29 }); /* and the 10th */
}

static void two_missed_days_in_a_row_end_a_streak_with_its_repair(void **state)
{
    line_list lines;

    (void)state;
    begin_repaired(&lines);
    lines_add(&lines, "2024-04-05 lesson a");
    EXPECT(REPAIRED, lines.lines, { "2024-04-04", 21 }, { "2024-04-05", 1 });
}

static void nothing_is_repaired_before_a_streak_begins(void **state)
{
    (void)state;
    EXPECT(REPAIRED, LINES("2024-04-01 other 1", "2024-04-03 lesson 2"), { "2024-04-01", 0 },
           { "2024-04-02", 0 }, { "2024-04-03", 1 });
}

static void freezes_save_days_without_adding_any(void **state)
{
    line_list lines = { .count = 0 };

    (void)state;
    lines_daily(&lines, "2024-03-03", 30, "lesson");
    lines_add(&lines, "2024-03-20 freeze-equipped f1");
    lines_add(&lines, "2024-03-20 freeze-equipped f2");
    lines_add(&lines, "2024-04-04 lesson a");
    lines_add(&lines, "2024-04-06 lesson b");
    EXPECT(FROZEN, lines.lines, { "2024-04-01", 30 }, { "2024-04-03", 30 }, { "2024-04-04", 31 },
           { "2024-04-06", 1 });
}

static void a_freeze_saves_no_day_before_it(void **state)
{
    line_list lines = { .count = 0 };

    (void)state;
    lines_daily(&lines, "2024-03-03", 30, "lesson");
    lines_add(&lines, "2024-04-02T08:00:00Z freeze-equipped f1"); /* on the missed day itself */
    lines_add(&lines, "2024-04-03 lesson a");
    EXPECT(FROZEN, lines.lines, { "2024-04-01", 30 }, { "2024-04-03", 1 });
}

static void a_freeze_too_many_is_refused(void **state)
{
    result_case test;
    tally_answers *answers = NULL;
    tally_statement *statement;
    const uint32_t *refused;
    uint32_t count;

    (void)state;
    result_begin(&test, FROZEN,
                 LINES("2024-03-19 lesson 1", "2024-03-20 freeze-equipped 2",
                       "2024-03-20 freeze-equipped 3", "2024-03-20 freeze-equipped 4"));
    assert_int_equal(tally_answers_open(&answers, test.base.policy, &test.base.history, NULL,
                                        case_as_of("2024-03-20"), case_as_of("2024-03-20"),
                                        test.base.arena, &test.base.err),
                     TALLY_OK);
    assert_int_equal(tally_streak_refusals(answers, case_as_of("2024-03-20"), &refused, &count,
                                           &test.base.err),
                     TALLY_OK);
    assert_int_equal(count, 1);
    assert_int_equal(refused[0], 3);
    statement = result_statement(&test, "2024-03-20");
    assert_int_equal(statement->refused_count, 1);
    assert_string_equal(statement->refused[0], "The freeze of 2024-03-20 was one too many to hold.");
    tally_statement_free(statement);
    result_end(&test);
}

static void a_pause_asks_for_nothing(void **state)
{
    line_list lines = { .count = 0 };

    (void)state;
    lines_daily(&lines, "2024-03-01", 5, "lesson");
    lines_add(&lines, "2024-03-06T10:00:00Z left a");
    lines_add(&lines, "2024-03-20T10:00:00Z back b");
    lines_add(&lines, "2024-03-21 lesson c");
    EXPECT(FROZEN, lines.lines, { "2024-03-06", 5 }, { "2024-03-15", 5 }, { "2024-03-20", 5 },
           { "2024-03-21", 6 }, { "2024-03-22", 6 }, { "2024-03-23", 0 });
}

static void a_lesson_counts_for_the_day_where_it_was_taken(void **state)
{
    static const char yaml[] =
        HEAD("zone: each event's own\nevents:\n  lesson: {}\n"
             "let:\n  last: latest lesson\n  last-day: last.day\n"
             "streaks:\n  run:\n    each: day\n    counts: any lesson\nreport: [last-day]\n");
    result_case test;

    (void)state;
    result_begin(&test, yaml, LINES("2024-03-10T06:30:00Z lesson 1 offset=-7"));
    result_at(&test, case_ms("2024-03-10T06:59:59Z"));
    assert_int_equal(test.result.report_count, 1);
    assert_int_equal(test.result.reports[0].value.a, tally_day_of_ms(case_ms("2024-03-09"), 0));
    result_end(&test);
}

static void a_running_streak_says_when_it_would_end(void **state)
{
    line_list lines = { .count = 0 };
    result_case test;
    tally_statement *statement;

    (void)state;
    lines_daily(&lines, "2024-03-01", 5, "lesson");
    result_begin(&test, FROZEN, lines.lines);
    statement = result_statement(&test, "2024-03-05");
    assert_true(statement->has_next_change);
    assert_string_equal(statement->next_change_day, "2024-03-07");
    assert_string_equal(statement->next_change, "run becomes 0");
    tally_statement_free(statement);
    result_end(&test);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_missed_day_repairs_itself_and_counts),
        cmocka_unit_test(a_repair_needs_seven_days_since_the_last),
        cmocka_unit_test(two_missed_days_in_a_row_end_a_streak_with_its_repair),
        cmocka_unit_test(nothing_is_repaired_before_a_streak_begins),
        cmocka_unit_test(freezes_save_days_without_adding_any),
        cmocka_unit_test(a_freeze_saves_no_day_before_it),
        cmocka_unit_test(a_freeze_too_many_is_refused),
        cmocka_unit_test(a_pause_asks_for_nothing),
        cmocka_unit_test(a_lesson_counts_for_the_day_where_it_was_taken),
        cmocka_unit_test(a_running_streak_says_when_it_would_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
