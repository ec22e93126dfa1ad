/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses (docs/policy-language.md section 9): from events to disjoint spans of
 * time in which some pause runs. */

#include <stdlib.h>

#include "score/engine.h"

static bool has_pause(const tally_version *version, const tally_pause *pause)
{
    for (uint32_t i = 0; i < version->pause_count; i++)
        if (version->pauses[i].starts_type == pause->starts_type &&
            version->pauses[i].ends_type == pause->ends_type)
            return true;
    return false;
}

static bool is_met_before(const struct tally_policy *policy, uint32_t version,
                          const tally_pause *pause)
{
    for (uint32_t i = 0; i < version; i++)
        if (has_pause(&policy->versions[i], pause))
            return true;
    return false;
}

static size_t starts_count(const tally_context *context, const tally_pause *pause)
{
    size_t count = 0;

    for (uint32_t i = 0; i < context->events.count; i++)
        count += context->events.type[i] == pause->starts_type;
    return count;
}

/* Add the spans of one pause. A version that does not know it starts none. */
static uint32_t add_spans(const tally_context *context, const tally_pause *pause,
                          tally_span_ms *spans, uint32_t count)
{
    const tally_events *events = &context->events;
    bool is_running = false;

    for (uint32_t i = 0; i < events->count; i++) {
        if (!is_running && events->type[i] == pause->starts_type) {
            uint32_t version = tally_context_version_at(context, events->at_ms[i]);

            if (!has_pause(&context->policy->versions[version], pause))
                continue;
            spans[count++] = (tally_span_ms){ events->at_ms[i], TALLY_NEVER_MS };
            is_running = true;
        } else if (is_running && events->type[i] == pause->ends_type) {
            spans[count - 1].to_ms = events->at_ms[i];
            is_running = false;
        }
    }
    return count;
}

static int order_spans(const void *left, const void *right)
{
    const tally_span_ms *a = left;
    const tally_span_ms *b = right;

    return a->from_ms < b->from_ms ? -1 : a->from_ms > b->from_ms;
}

tally_rc tally_pauses_find(tally_context *context, tally_err *err)
{
    const struct tally_policy *policy = context->policy;
    tally_span_ms *spans;
    size_t room = 0;
    uint32_t count = 0;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < policy->version_count; i++)
        for (uint32_t j = 0; j < policy->versions[i].pause_count; j++)
            room += starts_count(context, &policy->versions[i].pauses[j]);
    if (room == 0)
        return TALLY_OK;
    spans = tally_arena_zalloc_array(context->arena, room, sizeof(*spans));
    if (spans == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < policy->version_count; i++)
        for (uint32_t j = 0; j < policy->versions[i].pause_count; j++)
            if (!is_met_before(policy, i, &policy->versions[i].pauses[j]))
                count = add_spans(context, &policy->versions[i].pauses[j], spans, count);
    if (count > 0)
        qsort(spans, count, sizeof(*spans), order_spans);
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && spans[i].from_ms <= spans[kept - 1].to_ms) {
            if (spans[i].to_ms > spans[kept - 1].to_ms)
                spans[kept - 1].to_ms = spans[i].to_ms;
        } else {
            spans[kept++] = spans[i];
        }
    }
    context->pauses = spans;
    context->pause_count = kept;
    return TALLY_OK;
}
