/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions (docs/policy-language.md section 3): each row is a rule, asked at
 * the end of 2024-03-31 about the same few visits. */

#include "case.h"

#define HEAD                                                                              \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\n"                          \
    "events:\n"                                                                           \
    "  visit:\n    hours: 0.00..24.00\n    kind: one of quiet, loud\n    ok: yes or no\n" \
    "    note: 0..9 or nothing\n    by: id or nothing\n    due: day or nothing\n"         \
    "  never:\n    n: 0..9\n"                                                             \
    "let:\n"

#define NONE INT64_MIN

static const char *const visits[] = {
    "2024-01-10T08:00:00Z visit 1 hours=1.50 kind=quiet ok=yes note=3 by=ann",
    "2024-02-10T09:00:00Z visit 2 hours=2.25 kind=loud ok=no by=bob due=2024-03-01",
    "2024-03-10T10:00:00Z visit 3 hours=4.00 kind=loud ok=yes note=5 by=ann",
    NULL,
};

static const struct {
    const char *name, *rule;
    int64_t expected;
} rows[] = {
    { "numbers add at the finer scale", "2 + 0.5", 25 },
    { "minus and grouping", "10 - (4 - 1)", 7 },
    { "decimals add up when multiplied", "0.5 * 0.25", 125 },
    { "percent", "30 %", 30 },
    { "a quotient is rounded as told: up", "round(10 / 3, to 1, up)", 4 },
    { "down", "round(10 / 3, to 1, down)", 3 },
    { "down is towards minus infinity", "round(-10 / 3, to 1, down)", -4 },
    { "up is towards plus infinity", "round(-10 / 3, to 1, up)", -3 },
    { "half up, tie", "round(5 / 2, to 1, half up)", 3 },
    { "half up, negative tie goes up", "round(-5 / 2, to 1, half up)", -2 },
    { "half down, tie", "round(5 / 2, to 1, half down)", 2 },
    { "half down, negative tie goes down", "round(-5 / 2, to 1, half down)", -3 },
    { "half even, tie to even below", "round(5 / 2, to 1, half even)", 2 },
    { "half even, tie to even above", "round(7 / 2, to 1, half even)", 4 },
    { "quarter hours up", "round(52 / 60, to 0.25, up)", 100 },
    { "a step larger than one", "round(1234, to 100, half up)", 1200 },
    { "a ratio times a number", "round(1 / 3 * 3, to 1, down)", 1 },
    { "min and max", "min(3, 1, 2) + max(3, 1, 2)", 4 },
    { "clamp", "clamp(7, 1, 3) * 10 + clamp(0, 1, 3)", 31 },
    { "one third is one third", "1 / 3 is 2 / 6", 1 },
    { "a ratio and a number", "1 / 2 >= 0.5", 1 },
    { "a ratio just above", "500001 / 1000000 > 0.5", 1 },
    { "nothing over nothing is no rate", "sum(n of never) / count(never) > 1", NONE },
    { "not of unknown is unknown", "not (sum(n of never) / count(never) > 1)", NONE },
    { "and: failed beats unknown", "sum(n of never) / count(never) > 1 and 1 > 2", 0 },
    { "and: unknown beats met", "sum(n of never) / count(never) > 1 and 2 > 1", NONE },
    { "or: met beats unknown", "sum(n of never) / count(never) > 1 or 2 > 1", 1 },
    { "or: unknown beats failed", "sum(n of never) / count(never) > 1 or 1 > 2", NONE },
    { "if takes else when unknown", "if min(n of never) > 1 then 5 else 6", 6 },
    { "arithmetic with nothing is nothing", "min(n of never) + 1", NONE },
    { "a let that is nothing exists not", "min(n of never) exists", 0 },
    { "latest of none has no field", "latest(never).n", NONE },
    { "a field of the latest", "latest(visit).note", 5 },
    { "an empty field", "latest(visit with kind is loud and note is nothing).hours", 225 },
    { "is not nothing", "latest(visit).note is not nothing", 1 },
    { "a word", "latest(visit).kind is loud", 1 },
    { "one of", "latest(visit).kind is one of quiet, loud", 1 },
    { "not one of", "latest(visit).kind is not one of quiet", 1 },
    { "ids compare", "latest(visit).by is earliest(visit).by", 1 },
    { "ids differ", "latest(visit).by is not earliest(visit with kind is loud).by", 1 },
    { "a condition field", "latest(visit).ok is yes", 1 },
    { "days of events", "latest(visit).day - earliest(visit).day >= 60 days", 1 },
    { "days of events, just not", "latest(visit).day - earliest(visit).day > 60 days", 0 },
    { "day plus days", "earliest(visit).day + 7 days is 2024-01-17", 1 },
    { "day plus months at a month's end", "2024-01-31 + 1 month is 2024-02-29", 1 },
    { "day minus months", "2024-03-31 - 1 month is 2024-02-29", 1 },
    { "today", "today is 2024-03-31", 1 },
    { "now minus an instant", "now - latest(visit).at >= 21 days", 1 },
    { "a promised day", "latest(visit with due exists).due < today", 1 },
    { "recorded is at by default", "latest(visit).recorded is latest(visit).at", 1 },
};

static void rules_have_the_value_that_the_language_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char yaml[4096];

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x: %s\nreport: [x]\n", rows[i].rule);
        print_message("%s: %s\n", rows[i].name, rows[i].rule);
        case_expect(yaml, "2024-03-31", visits, "x", rows[i].expected);
    }
}

static void condition_lists_count_unknown_apart(void **state)
{
    static const struct {
        const char *list;
        int64_t expected;
    } lists[] = {
        { "    all of:\n      - 1 > 0\n      - 2 > 1\n", 1 },
        { "    any of:\n      - 1 > 2\n      - min(n of never) > 1\n", NONE },
        { "    none of:\n      - 1 > 2\n      - 3 > 4\n", 1 },
        { "    none of:\n      - 1 > 2\n      - min(n of never) > 1\n", NONE },
        { "    none of:\n      - min(n of never) > 1\n      - 2 > 1\n", 0 },
        { "    at least 2 of:\n      - 1 > 0\n      - min(n of never) > 1\n      - 2 > 3\n", NONE },
        { "    at least 2 of:\n      - 1 > 0\n      - min(n of never) > 1\n      - 4 > 3\n", 1 },
        { "    at least 2 of:\n      - 1 > 2\n      - min(n of never) > 1\n      - 2 > 3\n", 0 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(lists); i++) {
        char yaml[4096];

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x:\n%sreport: [x]\n", lists[i].list);
        print_message("%s", lists[i].list);
        case_expect(yaml, "2024-03-31", visits, "x", lists[i].expected);
    }
}

static void overflow_names_the_rule(void **state)
{
    static const char *const rules[] = {
        "count(visit) * 9223372036854775807",
        "-9223372036854775807 - count(visit)",
        "round(9223372036854775807 / count(visit) * 10, to 1, up)",
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rules); i++) {
        char yaml[4096];
        engine_case test;
        tally_value value;

        (void)snprintf(yaml, sizeof(yaml), HEAD "  x: %s\nreport: [x]\n", rules[i]);
        case_open(&test, yaml, "2024-03-31", visits);
        assert_int_equal(case_try_value(&test, "2024-03-31", "x", &value), TALLY_E_OVERFLOW);
        assert_int_equal(test.err.line, 16);
        case_close(&test);
    }
}

static void a_table_takes_the_first_row_that_is_met(void **state)
{
    (void)state;
    case_expect(HEAD "  x:\n    10: count(visit) > 5\n    20: min(n of never) > 1\n"
                     "    30: count(visit) is 3\n    40: otherwise\nreport: [x]\n",
                "2024-03-31", visits, "x", 30);
    case_expect(HEAD "  x:\n    10: count(visit) > 5\nreport: [x]\n", "2024-03-31", visits, "x",
                NONE);
}

static void chains_of_lets_are_asked_once_each(void **state)
{
    char yaml[16384];
    size_t used = (size_t)snprintf(yaml, sizeof(yaml), HEAD "  a0: count(visit)\n");

    (void)state;
    /* Twice as many paths with each let: 2^60 if each were walked. */
    for (int i = 1; i <= 60; i++)
        used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "  a%d: max(a%d, a%d)\n", i,
                                 i - 1, i - 1);
    (void)snprintf(yaml + used, sizeof(yaml) - used, "report: [a60]\n");
    case_expect(yaml, "2024-03-31", visits, "a60", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_have_the_value_that_the_language_says),
        cmocka_unit_test(condition_lists_count_unknown_apart),
        cmocka_unit_test(overflow_names_the_rule),
        cmocka_unit_test(a_table_takes_the_first_row_that_is_met),
        cmocka_unit_test(chains_of_lets_are_asked_once_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
