/* SPDX-License-Identifier: Apache-2.0 */
/* Floor and ceiling applied at each event (docs/policy-language.md section 6),
 * where awards take effect later than they happen. */

#include "result.h"

static const char floored[] = HEAD("events:\n"
                                   "  broken: {points: 1..100}\n"
                                   "  helped: {points: 1..100}\n"
                                   "awards:\n"
                                   "  broken:\n"
                                   "    for: broken\n"
                                   "    points: -1 * points\n"
                                   "    counts: after 14 days, once confirmed\n"
                                   "    expires: after 60 days\n"
                                   "  helped:\n"
                                   "    for: helped\n"
                                   "    points: points\n"
                                   "score:\n"
                                   "  start: 20\n"
                                   "  floor: 10\n"
                                   "  ceiling: 30\n"
                                   "  applied: each event\n");

static void a_loss_is_cut_when_it_takes_effect(void **state)
{
    engine_case test;

    (void)state;
    case_open(&test, floored, "2024-12-31",
              LINES("2024-01-01 broken 1 points=8", "2024-01-02 broken 2 points=8",
                    "2024-02-01 decision 3 of=1 finding=stands",
                    "2024-02-10 decision 4 of=2 finding=stands", "2024-02-11 helped 5 points=1"));
    assert_int_equal(case_shown(&test, "2024-01-31"), 20);
    assert_int_equal(case_shown(&test, "2024-02-01"), 12);
    assert_int_equal(case_shown(&test, "2024-02-10"), 10);
    assert_int_equal(case_shown(&test, "2024-02-11"), 11); /* 2 of the second 8 were taken */
    case_close(&test);
}

static void of_several_at_one_instant_the_earlier_in_order_count(void **state)
{
    engine_case test;

    (void)state;
    case_open(&test, floored, "2024-12-31",
              LINES("2024-01-01 broken 1 points=10", "2024-01-11 broken 2 points=10",
                    "2024-02-01 decision 3 of=2 finding=stands",
                    "2024-02-01 decision 4 of=1 finding=stands"));
    assert_int_equal(case_shown(&test, "2024-02-01"), 10);
    assert_int_equal(case_shown(&test, "2024-02-29"), 10);
    assert_int_equal(case_shown(&test, "2024-03-01"),
                     20); /* the first has lapsed; the second was cut whole */
    case_close(&test);
}

static void what_never_takes_effect_makes_no_room(void **state)
{
    engine_case test;

    (void)state;
    case_open(&test, floored, "2024-12-31",
              LINES("2024-01-01 broken 1 points=10", "2024-01-02 helped 2 points=15",
                    "2024-02-01 decision 3 of=1 finding=dropped", "2024-02-02 broken 4 points=10"));
    assert_int_equal(case_shown(&test, "2024-01-02"), 30);
    assert_int_equal(case_shown(&test, "2024-12-31"), 30);
    case_close(&test);
}

static void a_question_about_an_earlier_day_sees_the_same_cuts(void **state)
{
    engine_case test;

    (void)state;
    case_open(&test, floored, "2024-12-31",
              LINES("2024-01-01 broken 1 points=8", "2024-01-02 broken 2 points=8",
                    "2024-02-01 decision 3 of=1 finding=stands",
                    "2024-02-01 decision 4 of=2 finding=stands", "2024-02-11 helped 5 points=1"));
    assert_int_equal(case_shown(&test, "2024-12-31"), 21);
    assert_int_equal(case_shown(&test, "2024-02-01"), 10);
    assert_int_equal(case_shown(&test, "2024-02-11"), 11);
    case_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_is_cut_when_it_takes_effect),
        cmocka_unit_test(of_several_at_one_instant_the_earlier_in_order_count),
        cmocka_unit_test(what_never_takes_effect_makes_no_room),
        cmocka_unit_test(a_question_about_an_earlier_day_sees_the_same_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
