/* SPDX-License-Identifier: Apache-2.0 */
/* Grades (docs/policy-language.md section 7): the first met row, a staged
 * procedure, assessments, and why a better row is not met. */

#include "result.h"

#define EXPECT(yaml, lines, ...)                                   \
    do {                                                           \
        const expected_day days_[] = { __VA_ARGS__ };              \
        expect_grades(yaml, lines, days_, UNIT_COUNT(days_));      \
    } while (0)

/* S3: a first visit below 14 is graded at once, else the second one, a week later at the earliest. */
static const char staged[] =
    HEAD("events:\n"
         "  first-visit: {points: 0..200}\n"
         "  second-visit: {points: 0..200}\n"
         "  hearing: {dismissed: 0..200}\n"
         "let:\n"
         "  first: latest first-visit\n"
         "  second: latest second-visit\n"
         "  left: second.points - sum(dismissed of hearing)\n"
         "grade:\n"
         "  A: first.points <= 13\n"
         "  not graded: no second-visit or second.day - first.day < 7 days\n"
         "  pending: no hearing and second.points >= 14\n"
         "  A again: left <= 13\n"
         "  B: left <= 27\n"
         "  C: otherwise\n");

static void a_first_visit_is_graded_at_once_or_not_at_all(void **state)
{
    (void)state;
    EXPECT(staged, LINES("2024-03-01 first-visit 1 points=13"), { "2024-03-01", "A" });
    EXPECT(staged, LINES("2024-03-01 first-visit 1 points=14", "2024-03-09 second-visit 2 points=13"),
           { "2024-03-01", "not graded" }, { "2024-03-09", "A again" });
}

static void a_hearing_settles_what_is_pending(void **state)
{
    (void)state;
    EXPECT(staged,
           LINES("2024-03-01 first-visit 1 points=22", "2024-03-10 second-visit 2 points=24",
                 "2024-04-10 hearing 3 dismissed=11"),
           { "2024-03-10", "pending" }, { "2024-04-10", "A again" });
    EXPECT(staged,
           LINES("2024-03-01 first-visit 1 points=22", "2024-03-10 second-visit 2 points=24",
                 "2024-04-10 hearing 3 dismissed=10"),
           { "2024-04-10", "B" });
}

static void a_visit_too_soon_is_not_graded(void **state)
{
    (void)state;
    EXPECT(staged, LINES("2024-03-01 first-visit 1 points=14", "2024-03-06 second-visit 2 points=5"),
           { "2024-03-06", "not graded" });
}

static void a_grade_stays_between_assessments(void **state)
{
    static const char yaml[] = HEAD("events:\n  deal: {late: yes or no}\n"
                                    "grade:\n  assessed: each month on day 20\n"
                                    "  good: no deal with late\n  poor: otherwise\n");

    (void)state;
    EXPECT(yaml, LINES("2024-04-01 deal 1 late=no", "2024-05-21 deal 2 late=yes"),
           { "2024-03-31", "no grade" }, { "2024-04-19", "no grade" }, { "2024-04-20", "good" },
           { "2024-05-20", "good" }, { "2024-05-21", "good" }, { "2024-06-19", "good" },
           { "2024-06-20", "poor" });
}

/* S4: the best row whose two conditions both hold; the rows above say what fails. */
static void each_better_row_says_what_it_misses(void **state)
{
    static const char yaml[] =
        HEAD("events:\n"
             "  inspection: {hygiene: 0..25, structure: 0..25, management: 0..30}\n"
             "let:\n"
             "  last: latest inspection\n"
             "  total: last.hygiene + last.structure + last.management\n"
             "  worst: max(last.hygiene, last.structure, last.management)\n"
             "grade:\n"
             "  not rated: no inspection\n"
             "  \"5\": total <= 15 and worst <= 5\n"
             "  \"4\": total <= 20 and worst <= 10\n"
             "  \"3\": total <= 30 and worst <= 10\n"
             "  \"2\": total <= 40 and worst <= 15\n"
             "  \"1\": total <= 50 and worst <= 20\n"
             "  \"0\": otherwise\n");
    result_case test;
    tally_statement *statement;

    (void)state;
    result_begin(&test, yaml,
                 LINES("2024-03-01 inspection 1 hygiene=15 structure=0 management=0"));
    statement = result_statement(&test, "2024-03-01");
    assert_string_equal(statement->grade, "2");
    assert_int_equal(statement->grade_row_count, 5);
    assert_string_equal(statement->grade_rows[0].legs[0].sentence, "no inspection: there is 1");
    assert_int_equal(statement->grade_rows[1].leg_count, 1); /* the total would do */
    assert_string_equal(statement->grade_rows[1].legs[0].sentence,
                        "worst: may be at most 5, is 15: 10 too many");
    assert_true(statement->grade_rows[4].is_result);
    assert_int_equal(statement->grade_rows[4].leg_count, 0);
    tally_statement_free(statement);
    result_end(&test);
}

static void a_rate_of_nothing_is_no_rate(void **state)
{
    static const char yaml[] = HEAD("events:\n  due: {on-time: yes or no}\n  other: {}\n"
                                    "let:\n  rate: count(due with on-time) / count(due)\n"
                                    "grade:\n  good: rate >= 80 %\n  open: otherwise\n"
                                    "report: [rate]\n");
    result_case test;
    tally_statement *statement;

    (void)state;
    result_begin(&test, yaml, LINES("2024-03-01 other 1"));
    statement = result_statement(&test, "2024-03-01");
    assert_string_equal(statement->grade, "open");
    assert_string_equal(statement->reports[0].value, "no rate");
    assert_true(statement->grade_rows[0].legs[0].is_unknown);
    assert_non_null(strstr(statement->grade_rows[0].legs[0].sentence, "there is no rate yet"));
    tally_statement_free(statement);
    result_end(&test);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_visit_is_graded_at_once_or_not_at_all),
        cmocka_unit_test(a_hearing_settles_what_is_pending),
        cmocka_unit_test(a_visit_too_soon_is_not_graded),
        cmocka_unit_test(a_grade_stays_between_assessments),
        cmocka_unit_test(each_better_row_says_what_it_misses),
        cmocka_unit_test(a_rate_of_nothing_is_no_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
