/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a CSV file to events, and one subject's events to a result: no text
 * in any column makes more than a refusal of it. The columns are those of the
 * language, without a header. */

#include <stdlib.h>
#include <string.h>

#include "eval/csv.h"
#include "eval/gather.h"
#include "eval/plan.h"
#include "eval/slices.h"
#include "fuzz.h"
#include "score/score.h"
#include "tally/policy.h"

static const char policy_text[] = "tallystick: 1\n"
                                  "programme: fuzz\n"
                                  "title: Fuzz\n"
                                  "subjects: members\n"
                                  "events:\n"
                                  "  work:\n"
                                  "    hours: -2.00..24.00 step 0.25\n"
                                  "    kind: one of big, small or nothing\n"
                                  "    done: yes or no or nothing\n"
                                  "    due: day or nothing\n"
                                  "    thing: id or nothing\n"
                                  "  visit: {}\n"
                                  "awards:\n"
                                  "  work:\n"
                                  "    for: work\n"
                                  "    when: done is not no\n"
                                  "    points: 2 * hours\n"
                                  "    at-most: 40 per calendar month\n"
                                  "    expires: after 12 months\n"
                                  "    because: Work.\n"
                                  "  visits:\n"
                                  "    for: visit\n"
                                  "    points: 1\n"
                                  "    because: A visit.\n"
                                  "tiers:\n"
                                  "  helper:\n"
                                  "    from: 10\n"
                                  "    keep: 5\n";

static const tally_text columns[] = {
    { "event", 5 }, { "at", 2 },   { "id", 2 },      { "recorded", 8 },
    { "hours", 5 }, { "kind", 4 }, { "done", 4 },    { "due", 3 },
    { "thing", 5 }, { "of", 2 },   { "finding", 7 }, { "subject", 7 },
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static tally_policy *compile(void)
{
    tally_policy *policy = NULL;
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_zone_source zones = { NULL, NULL };
    tally_rc rc = tally_policy_compile(&policy, "fuzz.yaml", policy_text, strlen(policy_text),
                                       &zones, diagnostics, NULL);

    TALLY_ASSERT(rc == TALLY_OK);
    tally_diagnostics_free(diagnostics);
    return policy;
}

static void note_refusal(void *context, uint32_t line, const char *reason, tally_text id,
                         tally_text message)
{
    (void)line;
    (void)id;
    (void)message;
    TALLY_ASSERT(reason != NULL);
    ++*(uint32_t *)context;
}

typedef struct work {
    const tally_policy *policy;
    tally_arena *arena;
    tally_plan plan;
    tally_entry_shared shared;
    tally_refusals refusals;
    tally_entry_reader *reader;
    tally_gather gather;
} work;

static void start(work *one, const tally_policy *policy)
{
    static const char *const paths[] = { "fuzz.csv" };
    const tally_plan_options options = { .paths = paths, .path_count = 1 };
    tally_rc rc;

    memset(one, 0, sizeof(*one));
    one->policy = policy;
    one->arena = tally_arena_new((size_t)64 << 20);
    TALLY_ASSERT(one->arena != NULL);
    rc = tally_plan_make(&one->plan, policy, &options, one->arena, NULL);
    TALLY_ASSERT(rc == TALLY_OK);
    one->shared.policy = policy;
    one->shared.refusals = &one->refusals;
    tally_refusals_start(&one->refusals, NULL);
    tally_dates_start(&one->shared.dates, policy);
    tally_buffer_init(&one->shared.reason, 4096);
    rc = tally_ids_start(&one->shared.ids, (size_t)64 << 20, NULL);
    TALLY_ASSERT(rc == TALLY_OK);
    one->shared.ids.file_names = one->plan.names_by_rank;
    one->shared.tokens = tally_intern_new((size_t)64 << 20, 0);
    rc = tally_entry_reader_new(&one->reader, &one->shared, &one->plan.entries[0].read, NULL);
    TALLY_ASSERT(rc == TALLY_OK);
    (void)tally_entry_reader_bind(one->reader, columns, COLUMN_COUNT);
    rc = tally_gather_start(&one->gather, true, true, false, tally_entry_reader_slots(one->reader),
                            NULL);
    TALLY_ASSERT(rc == TALLY_OK);
}

static void stop(work *one)
{
    tally_gather_stop(&one->gather);
    tally_entry_reader_free(one->reader);
    tally_ids_stop(&one->shared.ids);
    tally_intern_free(one->shared.tokens);
    tally_buffer_free(&one->shared.reason);
    tally_arena_free(one->arena);
}

static void read_rows(work *one, const uint8_t *bytes, size_t count)
{
    const tally_entry_place place = { "fuzz.csv", 0, 0 };
    tally_input *input = NULL;
    tally_csv *csv = NULL;
    tally_row row = { .is_end = false };

    if (tally_input_open_memory(&input, bytes, count, 0, NULL) != TALLY_OK)
        return;
    if (tally_csv_new(&csv, input, NULL) == TALLY_OK) {
        while (tally_csv_next(csv, &row, NULL) == TALLY_OK && !row.is_end) {
            tally_entry_event event;
            uint64_t refused = one->refusals.count;
            tally_rc rc;

            if (row.problem != NULL)
                continue;
            rc = tally_entry_reader_row(one->reader, &row, &place, &event, NULL);
            TALLY_ASSERT(rc == TALLY_OK);
            TALLY_ASSERT(event.is_refused == (one->refusals.count > refused));
            if (event.is_refused)
                continue;
            rc = tally_gather_add_event(&one->gather, &event, 0, row.place.line, NULL);
            TALLY_ASSERT(rc == TALLY_OK);
        }
    }
    tally_csv_free(csv);
    tally_input_close(input);
}

/* All events as one subject's. */
static void judge(work *one)
{
    uint32_t refused = 0;
    const tally_slice_refuse refuse = { &refused, note_refusal };
    uint32_t count = (uint32_t)one->gather.count;
    uint32_t *events = malloc((count + (size_t)1) * sizeof(*events));
    tally_slices slices;
    tally_history history;
    tally_result result;

    TALLY_ASSERT(events != NULL);
    for (uint32_t i = 0; i < count; i++)
        events[i] = i;
    tally_slices_start(&slices, one->policy, &one->gather, &one->shared, &refuse);
    if (tally_slices_history(&slices, events, count, one->arena, &history, NULL) == TALLY_OK) {
        TALLY_ASSERT(history.count + refused == count);
        for (uint32_t i = 1; i < history.count; i++)
            TALLY_ASSERT(history.at_ms[i - 1] <= history.at_ms[i]);
        if (tally_score_compute(one->policy, &history, NULL, INT64_C(1800000000000), one->arena,
                                &result, NULL) == TALLY_OK)
            TALLY_ASSERT(result.state == TALLY_STATE_SCORE);
    }
    tally_slices_stop(&slices);
    free(events);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_policy *policy;
    work one;

    if (policy == NULL)
        policy = compile();
    if (count > 65536 || (count > 1 && bytes[0] == 0x1f && bytes[1] == 0x8b))
        return 0;
    start(&one, policy);
    read_rows(&one, bytes, count);
    judge(&one);
    stop(&one);
    return 0;
}
