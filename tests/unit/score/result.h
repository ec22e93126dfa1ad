/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SCORE_RESULT_H
#define TALLY_TESTS_SCORE_RESULT_H

/* Whole results of a case: tier, grade, streaks and statements by name. */

#include "case.h"
#include "score/answers.h"
#include "score/statement.h"

#define HEAD(more) "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\n" more

typedef struct result_case {
    engine_case base;
    tally_result result;
} result_case;

static inline void result_begin(result_case *test, const char *yaml, const char *const *lines)
{
    *test = (result_case){ 0 };
    case_begin(&test->base, yaml);
    if (case_build(&test->base, lines) != TALLY_OK)
        fail_msg("%s", test->base.err.message);
    for (uint32_t i = 0; i < test->base.refusal_count; i++)
        fail_msg("refused: %s", test->base.refusals[i].message.bytes);
}

static inline void result_at(result_case *test, int64_t as_of_ms)
{
    if (tally_score_compute(test->base.policy, &test->base.history, NULL, as_of_ms,
                            test->base.arena, &test->result, &test->base.err) != TALLY_OK)
        fail_msg("%s", test->base.err.message);
}

static inline const tally_version *result_rules(const result_case *test)
{
    return &test->base.policy->versions[test->result.version];
}

static inline tally_text result_tier(const result_case *test)
{
    return test->result.tier == TALLY_NO_INDEX ? result_rules(test)->moves.none
                                               : result_rules(test)->tiers[test->result.tier].name;
}

static inline tally_text result_grade(const result_case *test)
{
    return test->result.grade == TALLY_NO_INDEX
               ? TALLY_TEXT("no grade")
               : test->base.policy->versions[test->result.grade_version]
                     .grade.labels->words[test->result.grade];
}

static inline void expect_text(const char *at, tally_text found, const char *expected)
{
    if (!tally_text_is(found, expected))
        fail_msg("at %s: expected %s, found %.*s", at, expected, TALLY_TEXT_ARGS(found));
}

/* The statement at an instant; released by the caller. */
static inline tally_statement *result_statement(result_case *test, const char *as_of)
{
    tally_statement_question question = {
        .policy = test->base.policy,
        .history = &test->base.history,
        .as_of_ms = case_as_of(as_of),
        .refusal_count = test->base.refusal_count,
        .refusals = test->base.refusals,
    };
    tally_statement *statement = NULL;

    if (tally_statement_build(&statement, &question, &test->base.err) != TALLY_OK)
        fail_msg("%s", test->base.err.message);
    return statement;
}

static inline void result_end(result_case *test)
{
    case_close(&test->base);
}

/* What a subject's tier is on some days. */
typedef struct expected_day {
    const char *as_of, *expected;
} expected_day;

static inline void expect_tiers(const char *yaml, const char *const *lines,
                                const expected_day *days, size_t day_count)
{
    result_case test;

    result_begin(&test, yaml, lines);
    for (size_t i = 0; i < day_count; i++) {
        tally_statement *statement;

        result_at(&test, case_as_of(days[i].as_of));
        expect_text(days[i].as_of, result_tier(&test), days[i].expected);
        statement = result_statement(&test, days[i].as_of);
        assert_string_equal(statement->tier, days[i].expected);
        tally_statement_free(statement);
    }
    result_end(&test);
}

static inline void expect_grades(const char *yaml, const char *const *lines,
                                 const expected_day *days, size_t day_count)
{
    result_case test;

    result_begin(&test, yaml, lines);
    for (size_t i = 0; i < day_count; i++) {
        result_at(&test, case_as_of(days[i].as_of));
        expect_text(days[i].as_of, result_grade(&test), days[i].expected);
    }
    result_end(&test);
}

/* Lines of `TYPE` on each of `count` days from a day, ids PREFIX1 … */
typedef struct line_list {
    char text[512][96];
    const char *lines[513];
    size_t count;
} line_list;

static inline void lines_add(line_list *list, const char *line)
{
    assert_true(list->count < 512 && strlen(line) < sizeof(list->text[0]));
    memcpy(list->text[list->count], line, strlen(line) + 1);
    list->lines[list->count] = list->text[list->count];
    list->lines[++list->count] = NULL;
}

static inline void lines_daily(line_list *list, const char *from, unsigned days,
                               const char *type_and_fields)
{
    int32_t day = tally_day_of_ms(case_ms(from), 0);

    for (unsigned i = 0; i < days; i++) {
        char name[TALLY_DATE_TEXT_BYTES], line[96], type[48];
        const char *fields = strchr(type_and_fields, ' ');
        size_t type_bytes = fields != NULL ? (size_t)(fields - type_and_fields)
                                           : strlen(type_and_fields);

        (void)tally_day_format(name, day + (int32_t)i);
        (void)snprintf(type, sizeof(type), "%.*s", (int)type_bytes, type_and_fields);
        (void)snprintf(line, sizeof(line), "%s %s %zu%s", name, type, list->count + 1,
                       fields != NULL ? fields : "");
        lines_add(list, line);
    }
}

#endif
