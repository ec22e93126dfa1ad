/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the records of one subject, under a policy that uses most of the
 * language: lines of `TYPE ID AT RECORDED OFFSET NAME=VALUE …`, where AT and
 * RECORDED are hours from 2024-01-01 unless they begin with `!` (milliseconds,
 * any). Whatever comes, records are accepted or refused with a reason, the
 * score at any instant is the sum of what its entries are worth, and nothing
 * but a stated error comes back. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "score/context.h"
#include "tally/policy.h"

#define FIELDS_MAX 12
#define BYTES_MAX  8192
#define START_MS   INT64_C(1704067200000)
#define HOUR_MS    INT64_C(3600000)

static const char yaml[] =
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nzone: each event's own\n"
    "events:\n"
    "  help:\n    recorded-by: after 60 days\n    n: -50..50\n    by: id or nothing\n"
    "    kind: one of low, High Risk\n"
    "  harm:\n    n: 0..4000000000000000000\n    what: id\n"
    "  mend:\n    what: id\n  pay:\n    n: 0.00..50.00 step 0.25\n    on: day or nothing\n"
    "    sure: yes or no\n  away: {}\n  back: {}\n"
    "let:\n"
    "  helps: every help with n > 0\n"
    "  mean-help: round(mean(n of helps), to 1, half even)\n"
    "  days-active: count(days with any help in calendar day)\n"
    "  people: distinct(by, week of last 5 of helps)\n"
    "  steady: (count(help in rolling 2 months) >= 1) throughout 5 days\n"
    "  square: sum(n of harm) * sum(n of harm)\n"
    "pauses:\n  leave: {starts: away, ends: back}\n"
    "limits:\n  shared:\n    at-most: 60 per calendar month\n    for-each: by\n"
    "  season:\n    best: 3 per calendar year\n"
    "awards:\n  help:\n    for: help\n    points: n + count(earlier help in rolling 30 days)\n"
    "    within: shared\n    at-most: [90 per rolling 1 months, 3 times per calendar week]\n"
    "    expires:\n      after 1 month: n > 10\n      after 40 days: otherwise\n"
    "    counts: after 3 days\n    while-disputed: frozen\n    decays: half every 20 days\n"
    "  bonus:\n    for: help\n    when: score > 20\n    points: 5\n    within: season\n"
    "  pay:\n    for: pay\n    points: -1 * n\n    spends: oldest expiry first\n"
    "deductions:\n  harm:\n    for: harm\n    obligation: what\n    repair: mend\n    points: n\n"
    "    counts: after 14 days, once confirmed\n    expires: after 90 days\n"
    "score:\n  start: 10\n  floor: 0\n  ceiling: 500\n  applied: each event\n"
    "report: [mean-help, days-active, people, steady, square]\n";

static const uint8_t *no_zone(void *context, const char *name, size_t *out_bytes)
{
    (void)context;
    (void)name;
    (void)out_bytes;
    return NULL;
}

static const tally_policy *the_policy(void)
{
    static tally_policy *policy;

    if (policy == NULL) {
        tally_zone_source zones = { NULL, no_zone };
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_rc rc = tally_policy_compile(&policy, "fuzz.yaml", yaml, sizeof(yaml) - 1, &zones,
                                           diagnostics, NULL);

        TALLY_ASSERT(rc == TALLY_OK);
        tally_diagnostics_free(diagnostics);
    }
    return policy;
}

static tally_text next_word(tally_text *rest)
{
    tally_text word;

    (void)tally_text_split(*rest, ' ', &word, rest);
    return word;
}

static int64_t read_instant(tally_text word)
{
    bool is_raw = word.count > 0 && word.bytes[0] == '!';
    int64_t value = 0;

    if (is_raw)
        word = tally_text_slice(word, 1, word.count);
    if (tally_text_parse_i64(&value, word, is_raw ? INT64_MIN : -20000,
                             is_raw ? INT64_MAX : 20000) != TALLY_OK)
        return START_MS;
    return is_raw ? value : START_MS + value * HOUR_MS;
}

static tally_rc add_line(tally_history_builder *builder, tally_text line)
{
    tally_record_text fields[FIELDS_MAX];
    tally_record record = { .fields = fields };
    int64_t offset = 0;

    record.type = next_word(&line);
    record.id = next_word(&line);
    record.at_ms = read_instant(next_word(&line));
    record.recorded_ms = read_instant(next_word(&line));
    if (tally_text_parse_i64(&offset, next_word(&line), INT32_MIN, INT32_MAX) == TALLY_OK)
        record.offset_s = (int32_t)offset;
    while (line.count > 0 && record.field_count < FIELDS_MAX) {
        tally_text word = next_word(&line);
        tally_record_text *field = &fields[record.field_count++];

        (void)tally_text_split(word, '=', &field->name, &field->value);
    }
    return tally_history_builder_add(builder, &record, NULL);
}

static void check_rc(tally_rc rc)
{
    TALLY_ASSERT(rc == TALLY_OK || rc == TALLY_E_OVERFLOW || rc == TALLY_E_LIMIT);
}

static void check_at(tally_context *context, int64_t t)
{
    const tally_version *version = &context->policy->versions[0];
    const tally_amount *amounts;
    tally_standing standing;
    tally_scope scope = tally_scope_at(context, t);
    int64_t sum = version->score.start;
    tally_rc rc = tally_amounts_at(context, t, &amounts, NULL);

    check_rc(rc);
    for (uint32_t i = 0; rc == TALLY_OK && i < context->entry_count; i++) {
        sum += amounts[i].counted; /* a quarter of the points bounds what is large here */
        TALLY_ASSERT(amounts[i].state == TALLY_AMOUNT_COUNTS || amounts[i].counted == 0);
    }
    if (rc == TALLY_OK) {
        rc = tally_score_at(context, t, &standing, NULL);
        check_rc(rc);
        TALLY_ASSERT(rc != TALLY_OK || standing.sum == sum);
    }
    for (uint32_t i = 0; i < version->let_count; i++) {
        tally_value value;

        if (!version->lets[i].is_set)
            check_rc(tally_evaluate(context, 0, version->lets[i].expr, &scope, &value, NULL));
    }
}

static void run(tally_arena *arena, tally_text text)
{
    const tally_refusal *refusals = NULL;
    tally_history_builder *builder = NULL;
    tally_context *context = NULL;
    tally_history history;
    uint32_t refusal_count = 0;
    uint32_t lines = 0;
    int64_t known_ms = START_MS + 2000 * HOUR_MS;
    tally_rc rc = tally_history_builder_new(&builder, the_policy(), arena, NULL, NULL);

    while (rc == TALLY_OK && text.count > 0) {
        tally_text line;

        (void)tally_text_split(text, '\n', &line, &text);
        rc = add_line(builder, line);
        lines++;
    }
    TALLY_ASSERT(rc == TALLY_OK);
    rc = tally_history_builder_finish(builder, &history, &refusals, &refusal_count, NULL);
    TALLY_ASSERT(rc == TALLY_OK);
    TALLY_ASSERT(history.count + refusal_count == lines);
    for (uint32_t i = 0; i < refusal_count; i++)
        TALLY_ASSERT(refusals[i].input_index < lines && refusals[i].message.count > 0);
    for (uint32_t i = 1; i < history.count; i++)
        TALLY_ASSERT(history.at_ms[i - 1] < history.at_ms[i] ||
                     (history.at_ms[i - 1] == history.at_ms[i] &&
                      tally_id_compare(history.id[i - 1], history.id[i]) < 0));
    rc = tally_context_open(&context, the_policy(), &history, NULL, known_ms, arena, NULL);
    TALLY_ASSERT(rc == TALLY_OK);
    rc = tally_awards_run(context, NULL);
    check_rc(rc);
    for (int64_t t = START_MS - 24 * HOUR_MS; rc == TALLY_OK && t <= known_ms; t += 397 * HOUR_MS)
        check_at(context, t);
    if (rc == TALLY_OK)
        check_at(context, known_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_arena *arena;

    if (count > BYTES_MAX)
        return 0;
    arena = tally_arena_new((size_t)64 << 20);
    TALLY_ASSERT(arena != NULL);
    run(arena, tally_text_of((const char *)bytes, count));
    tally_arena_free(arena);
    return 0;
}
