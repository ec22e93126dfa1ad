/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SCORE_CASE_H
#define TALLY_TESTS_SCORE_CASE_H

/* A policy in YAML, records as lines, and questions: what the tests of the
 * engine core are written with.
 *
 * A record is one line: `INSTANT TYPE ID FIELD=VALUE …`; `recorded=` and
 * `offset=` (hours) are no fields. Days and instants are UTC. */

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

#include "score/context.h"
#include "tally/policy.h"
#include "util/alloc.h"

#define CASE_FIELDS_MAX 16

typedef struct engine_case {
    tally_policy *policy;
    tally_arena *arena;
    tally_history history;
    const tally_refusal *refusals;
    uint32_t refusal_count;
    tally_context *context;
    tally_err err;
} engine_case;

typedef struct case_zone {
    uint8_t *bytes;
} case_zone;

static inline const uint8_t *case_load_zone(void *context, const char *name, size_t *out_bytes)
{
    static uint8_t bytes[8][65536];
    static unsigned turn;
    char path[256];
    FILE *file;

    (void)context;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    turn = (turn + 1) % 8;
    *out_bytes = fread(bytes[turn], 1, sizeof(bytes[turn]), file);
    (void)fclose(file);
    return bytes[turn];
}

static inline tally_policy *case_compile(const char *yaml)
{
    tally_zone_source zones = { NULL, case_load_zone };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    assert_non_null(diagnostics);
    rc = tally_policy_compile(&policy, "case.yaml", yaml, strlen(yaml), &zones, diagnostics, &err);
    if (rc != TALLY_OK) {
        for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++) {
            const tally_diagnostic *item = tally_diagnostics_get(diagnostics, i);

            print_error("%u:%u %s %s\n", item->line, item->column, item->message, item->hint);
        }
        fail_msg("the policy does not compile: %s\n%s", err.message, yaml);
    }
    tally_diagnostics_free(diagnostics);
    return policy;
}

static inline int64_t case_ms(const char *text)
{
    tally_moment moment;

    if (tally_time_parse(&moment, tally_text_from(text), TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        fail_msg("no instant: %s", text);
    return tally_moment_ms(moment, 0);
}

/* The last millisecond of a day, or an instant as it stands. */
static inline int64_t case_as_of(const char *text)
{
    return case_ms(text) + (strlen(text) == 10 ? TALLY_DAY_MS - 1 : 0);
}

/* Add one line; it is cut to pieces. */
static inline tally_rc case_add_line(tally_history_builder *builder, char *line, tally_err *err)
{
    tally_record_text fields[CASE_FIELDS_MAX];
    tally_record record = { .recorded_ms = TALLY_NOTHING, .fields = fields };
    char *rest = line;
    char *word = strtok_r(rest, " ", &rest);

    record.at_ms = case_ms(word);
    record.type = tally_text_from(strtok_r(rest, " ", &rest));
    record.id = tally_text_from(strtok_r(rest, " ", &rest));
    while ((word = strtok_r(rest, " ", &rest)) != NULL) {
        char *value = strchr(word, '=');

        assert_non_null(value);
        *value++ = '\0';
        if (strcmp(word, "recorded") == 0) {
            record.recorded_ms = case_ms(value);
        } else if (strcmp(word, "offset") == 0) {
            record.offset_s = (int32_t)strtol(value, NULL, 10) * 3600;
        } else {
            assert_true(record.field_count < CASE_FIELDS_MAX);
            fields[record.field_count++] =
                (tally_record_text){ tally_text_from(word), tally_text_from(value) };
        }
    }
    return tally_history_builder_add(builder, &record, err);
}

static inline tally_rc case_build(engine_case *test, const char *const *lines)
{
    tally_history_builder *builder = NULL;
    tally_rc rc = tally_history_builder_new(&builder, test->policy, test->arena, NULL, &test->err);

    for (; rc == TALLY_OK && *lines != NULL; lines++) {
        char line[512];

        assert_true(strlen(*lines) < sizeof(line));
        memcpy(line, *lines, strlen(*lines) + 1);
        rc = case_add_line(builder, line, &test->err);
    }
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, &test->history, &test->refusals,
                                          &test->refusal_count, &test->err);
    return rc;
}

/* Build and run; the code is that of the first step that failed. */
static inline tally_rc case_try(engine_case *test, const char *const *lines, int64_t as_of_ms)
{
    tally_rc rc = case_build(test, lines);

    if (rc == TALLY_OK)
        rc = tally_context_open(&test->context, test->policy, &test->history, NULL, as_of_ms,
                                test->arena, &test->err);
    if (rc == TALLY_OK)
        rc = tally_awards_run(test->context, &test->err);
    return rc;
}

static inline void case_begin(engine_case *test, const char *yaml)
{
    *test = (engine_case){ .policy = case_compile(yaml) };
    test->arena = tally_arena_new((size_t)256 << 20);
    assert_non_null(test->arena);
}

static inline void case_open(engine_case *test, const char *yaml, const char *as_of,
                             const char *const *lines)
{
    case_begin(test, yaml);
    if (case_try(test, lines, case_as_of(as_of)) != TALLY_OK)
        fail_msg("%s", test->err.message);
    for (uint32_t i = 0; i < test->refusal_count; i++)
        print_error("refused: %.*s %s\n", TALLY_TEXT_ARGS(test->refusals[i].message),
                    test->refusals[i].code);
    assert_int_equal(test->refusal_count, 0);
}

static inline void case_close(engine_case *test)
{
    tally_arena_free(test->arena);
    tally_policy_free(test->policy);
}

/* The score, as shown, at an instant up to the as-of. */
static inline int64_t case_shown(engine_case *test, const char *at)
{
    tally_standing standing;

    if (tally_score_at(test->context, case_as_of(at), &standing, &test->err) != TALLY_OK)
        fail_msg("%s", test->err.message);
    return standing.shown;
}

static inline uint32_t case_let(const engine_case *test, uint32_t version, const char *name)
{
    const tally_version *rules = &test->policy->versions[version];

    for (uint32_t i = 0; i < rules->let_count; i++)
        if (tally_text_is(rules->lets[i].name, name))
            return i;
    fail_msg("no let %s", name);
    return 0;
}

/* Ask a let; a ratio gives its numerator over its denominator reduced to that of `b`. */
static inline tally_rc case_try_value(engine_case *test, const char *at, const char *name,
                                      tally_value *out_value)
{
    int64_t t = case_as_of(at);
    uint32_t version = tally_context_version_at(test->context, t);
    const tally_let *let = &test->policy->versions[version].lets[case_let(test, version, name)];
    tally_scope scope = tally_scope_at(test->context, t);

    return tally_evaluate(test->context, version, let->expr, &scope, out_value, &test->err);
}

static inline int64_t case_value(engine_case *test, const char *at, const char *name)
{
    tally_value value;

    if (case_try_value(test, at, name, &value) != TALLY_OK)
        fail_msg("%s: %s", name, test->err.message);
    return value.a;
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LINES   ((const char *const[]){ NULL })

/* One policy, some records, an as-of and what a let must be. */
static inline void case_expect(const char *yaml, const char *as_of, const char *const *lines,
                               const char *name, int64_t expected)
{
    engine_case test;
    int64_t value;

    case_open(&test, yaml, as_of, lines);
    value = case_value(&test, as_of, name);
    if (value != expected)
        print_error("%s is %lld, not %lld\n", name, (long long)value, (long long)expected);
    assert_true(value == expected);
    case_close(&test);
}

#endif
