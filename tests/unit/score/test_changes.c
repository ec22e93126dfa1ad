/* SPDX-License-Identifier: Apache-2.0 */
/* The instants at which an answer may change, by property: between two of them
 * no answer differs, and answers asked one after the other are those that a
 * fresh computation gives. */

#include "../random.h"
#include "result.h"

/* Policies that look at time in every way there is. */
static const struct {
    const char *name, *yaml;
} policies[] = {
    { "expiry, limits and answer periods",
      HEAD("zone: Europe/Lisbon\n"
           "events:\n  deed: {n: 0..20}\n  fault: {}\n"
           "limits:\n  daily:\n    at-most: 30 per calendar day\n"
           "awards:\n"
           "  deeds:\n    for: deed\n    points: n\n    within: daily\n    expires: after 2 months\n"
           "  faults:\n    for: fault\n    points: -3\n    counts: after 10 days\n"
           "    expires: at the end of the month, 1 month later\n"
           "score:\n  floor: 0\n"
           "tiers:\n  one: {from: 10}\n  two:\n    from: 40\n    keep: 25\n    hold: 5 days\n") },
    { "decay and net limits",
      HEAD("events:\n  deed: {n: 0..20}\n  fault: {}\n"
           "limits:\n  season:\n    best: 3 per calendar month\n"
           "  most:\n    at-most: 50 per calendar quarter\n    counting: net\n"
           "awards:\n"
           "  deeds:\n    for: deed\n    points: n\n    within: season\n    decays: half every 9 days\n"
           "  faults:\n    for: fault\n    points: 7\n    within: most\n    decays: to nothing over 40 days\n") },
    { "windows of every kind",
      HEAD("zone: America/New_York\n"
           "events:\n  deed: {n: 0..20}\n  fault: {}\n"
           "let:\n"
           "  in-month: sum(n of deed in calendar month)\n"
           "  in-week: sum(n of deed in rolling 7 days)\n"
           "  in-hours: count(deed in rolling 36 hours)\n"
           "  in-quarter: sum(n of deed in rolling 3 months)\n"
           "  before: count(deed in previous 2 calendar months)\n"
           "  soon: count(fault in next 5 days)\n"
           "  size: if count(deed in rolling 20 days) >= 3 then 10 else 30\n"
           "  adaptive: count(deed in rolling (size) days)\n"
           "  first: earliest deed\n"
           "  in-cycle: count(deed in cycle of 2 months from first)\n"
           "  age: today - first.day >= 20 days\n"
           "  minutes: now - first.at > 90 minutes\n"
           "  good-weeks: count(weeks with sum(n of deed in calendar week) >= 15)\n"
           "  steady: in-week >= 5 throughout 3 days\n"
           "report: [in-month, in-week, in-hours, in-quarter, before, soon, adaptive, in-cycle, age, minutes, "
           "good-weeks, steady]\n"
           "grade:\n  assessed: each month on day 20\n  high: in-quarter >= 30\n  low: otherwise\n") },
    { "streaks, reviews and validity",
      HEAD("events:\n  deed: {n: 0..20}\n  fault: {}\n  left: {}\n  back: {}\n"
           "streaks:\n  run:\n    each: week\n    counts: any deed\n"
           "    repair: {missed: 1, again-after: 30 days}\n"
           "pauses:\n  leave: {starts: left, ends: back}\n"
           "report: [run]\n"
           "tiers:\n"
           "  one:\n    gain: count(deed in rolling 30 days) >= 2\n    valid: after 45 days\n"
           "  two:\n    gain: count(deed in rolling 30 days) >= 4\n    keep: 50 % of gain\n"
           "    hold: 10 days\n    reviewed: each month\n"
           "  three:\n    gain: run >= 3\n"
           "moves:\n  reviewed: each week\n  drop: one step\n  climb: one step\n") },
};

static void add_random_lines(line_list *lines, bool has_pauses)
{
    static const char *const types[] = { "deed", "deed", "deed", "fault", "left", "back" };
    size_t count = 1 + (size_t)random_below(30);
    int64_t at = case_ms("2024-01-15") + random_between(0, 20 * TALLY_DAY_MS);

    lines->count = 0;
    for (size_t i = 0; i < count; i++) {
        char instant[TALLY_INSTANT_TEXT_BYTES], line[96], fields[16] = "";
        const char *type = types[random_below(has_pauses ? 6 : 4)];

        at += random_below(3) == 0 ? random_between(0, 3600000)
                                   : random_between(0, 9 * TALLY_DAY_MS);
        if (strcmp(type, "deed") == 0)
            (void)snprintf(fields, sizeof(fields), " n=%d", (int)random_below(21));
        (void)tally_instant_format(instant, at, 0);
        (void)snprintf(line, sizeof(line), "%s %s %zu%s", instant, type, i + 1, fields);
        if (strcmp(type, "fault") == 0 && random_below(2) == 0) {
            size_t used = strlen(line);

            (void)tally_instant_format(instant, at - random_between(0, 10 * TALLY_DAY_MS), 0);
            (void)snprintf(line + used, sizeof(line) - used, " recorded=%s", instant);
        }
        lines_add(lines, line);
    }
}

static bool is_same(const tally_result *a, const tally_result *b, bool with_tier)
{
    if (a->state != b->state || a->score != b->score || a->shown != b->shown ||
        a->grade != b->grade || a->report_count != b->report_count)
        return false;
    if (with_tier && (a->tier != b->tier || a->tier_since_ms != b->tier_since_ms ||
                      a->tier_valid_until_ms != b->tier_valid_until_ms))
        return false;
    for (uint32_t i = 0; i < a->report_count; i++)
        if (a->reports[i].value.a != b->reports[i].value.a)
            return false;
    return true;
}

static void show(const result_case *test, const char *what, int64_t t, const tally_result *a,
                 const tally_result *b)
{
    char instant[TALLY_INSTANT_TEXT_BYTES];

    (void)tally_instant_format(instant, t, 0);
    print_error("%s at %s: score %lld %lld, tier %d %d, grade %d %d\n", what, instant,
                (long long)a->score, (long long)b->score, (int)a->tier, (int)b->tier,
                (int)a->grade, (int)b->grade);
    for (uint32_t i = 0; i < a->report_count; i++)
        print_error("  %.*s %lld %lld\n", TALLY_TEXT_ARGS(a->reports[i].name),
                    (long long)a->reports[i].value.a, (long long)b->reports[i].value.a);
    (void)test;
}

static int compare_ms(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

#define ASKED 40

static void check_history(const char *yaml, const line_list *lines)
{
    result_case test;
    tally_answers *answers = NULL;
    const int64_t *instants;
    int64_t asked[ASKED], first, last, end;
    uint32_t count;

    result_begin(&test, yaml, lines->lines);
    first = test.base.history.at_ms[0];
    last = test.base.history.at_ms[test.base.history.count - 1];
    end = last + 200 * TALLY_DAY_MS;
    for (size_t i = 0; i < ASKED; i++)
        asked[i] = random_between(first - TALLY_DAY_MS, end);
    qsort(asked, ASKED, sizeof(asked[0]), compare_ms);
    assert_int_equal(tally_answers_open(&answers, test.base.policy, &test.base.history, NULL,
                                        first, end, test.base.arena, &test.base.err),
                     TALLY_OK);
    if (tally_changes_between(answers, first - 1, end, &instants, &count, &test.base.err) !=
        TALLY_OK)
        fail_msg("%s", test.base.err.message);
    for (uint32_t i = 1; i < count; i++)
        assert_true(instants[i - 1] < instants[i]);
    for (size_t i = 0; i < ASKED; i++) {
        tally_result one_by_one, at_change;
        int64_t change = INT64_MIN;

        if (tally_answers_at(answers, asked[i], &one_by_one, &test.base.err) != TALLY_OK)
            fail_msg("%s", test.base.err.message);
        for (uint32_t k = 0; k < count && instants[k] <= asked[i]; k++)
            change = instants[k];
        if (change != INT64_MIN) {
            if (tally_answers_at(answers, change, &at_change, &test.base.err) != TALLY_OK)
                fail_msg("%s", test.base.err.message);
            if (!is_same(&one_by_one, &at_change, false)) {
                show(&test, "no change was announced", asked[i], &at_change, &one_by_one);
                fail();
            }
        }
    }
    result_end(&test);
}

/* Fresh: everything recorded by then, nothing else. A record that comes after it is recorded late. */
static void check_fresh(const char *yaml, const line_list *lines)
{
    result_case test;
    tally_answers *answers = NULL;
    int64_t first, last, t;

    result_begin(&test, yaml, lines->lines);
    first = test.base.history.at_ms[0];
    last = test.base.history.at_ms[test.base.history.count - 1] + 100 * TALLY_DAY_MS;
    assert_int_equal(tally_answers_open(&answers, test.base.policy, &test.base.history, NULL,
                                        first, last, test.base.arena, &test.base.err),
                     TALLY_OK);
    for (t = first; t <= last; t += random_between(1, 20 * TALLY_DAY_MS)) {
        tally_result one_by_one;

        if (tally_answers_at(answers, t, &one_by_one, &test.base.err) != TALLY_OK)
            fail_msg("%s", test.base.err.message);
        result_at(&test, t);
        if (!is_same(&one_by_one, &test.result, true)) {
            show(&test, "asked in order and fresh differ", t, &one_by_one, &test.result);
            fail();
        }
    }
    result_end(&test);
}

static void nothing_changes_between_two_instants_of_change(void **state)
{
    (void)state;
    random_begin("changes");
    for (size_t p = 0; p < UNIT_COUNT(policies); p++) {
        for (int round = 0; round < 25; round++) {
            static line_list lines;

            add_random_lines(&lines, p == 3);
            check_history(policies[p].yaml, &lines);
        }
    }
}

static void answers_in_order_of_time_are_those_of_a_fresh_question(void **state)
{
    (void)state;
    random_begin("increasing");
    for (size_t p = 0; p < UNIT_COUNT(policies); p++) {
        for (int round = 0; round < 25; round++) {
            static line_list lines;

            add_random_lines(&lines, p == 3);
            check_fresh(policies[p].yaml, &lines);
        }
    }
}

/* The lines of every statement sum to its score, or it could not be built; the next change is one. */
static void statements_sum_and_foretell(void **state)
{
    (void)state;
    random_begin("statements");
    for (size_t p = 0; p < UNIT_COUNT(policies); p++) {
        for (int round = 0; round < 12; round++) {
            static line_list lines;
            result_case test;
            char as_of[TALLY_INSTANT_TEXT_BYTES];
            tally_statement *statement;
            int64_t first, last, sum = 0;

            add_random_lines(&lines, p == 3);
            result_begin(&test, policies[p].yaml, lines.lines);
            first = test.base.history.at_ms[0];
            last = test.base.history.at_ms[test.base.history.count - 1];
            (void)tally_instant_format(as_of, random_between(first, last + 90 * TALLY_DAY_MS), 0);
            statement = result_statement(&test, as_of);
            for (size_t i = 0; i < statement->line_count; i++)
                sum += statement->lines[i].amount;
            assert_true(!statement->has_score || sum == statement->shown);
            result_at(&test, statement->as_of_ms);
            assert_true(statement->shown == test.result.shown);
            if (result_rules(&test)->tier_count > 0)
                expect_text(as_of, result_tier(&test), statement->tier);
            if (statement->has_next_change) {
                tally_history known;
                tally_result now = test.result, before, then;

                assert_int_equal(tally_statement_known(&test.base.history, statement->as_of_ms,
                                                       test.base.arena, &known, NULL),
                                 TALLY_OK);
                test.base.history = known;
                result_at(&test, statement->next_change_ms);
                then = test.result;
                result_at(&test, statement->next_change_ms - 1);
                before = test.result;
                now.tier_since_ms = before.tier_since_ms = then.tier_since_ms = 0;
                now.tier_valid_until_ms = before.tier_valid_until_ms = then.tier_valid_until_ms = 0;
                if (!is_same(&now, &before, true)) {
                    show(&test, "a change came earlier", statement->next_change_ms, &now, &before);
                    fail();
                }
                assert_false(is_same(&now, &then, true));
            }
            tally_statement_free(statement);
            result_end(&test);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_between_two_instants_of_change),
        cmocka_unit_test(answers_in_order_of_time_are_those_of_a_fresh_question),
        cmocka_unit_test(statements_sum_and_foretell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
