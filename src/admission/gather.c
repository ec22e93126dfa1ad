/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody's known events in one order. Each subject's records go through the
 * same history builder and the same "what is known" as scoring uses, so that a
 * void or a correction means the same before the pass as after it. */

#include <stdlib.h>

#include "admission/admission_internal.h"

typedef struct by_subject {
    const tally_programme_record *record;
    uint32_t subject, position;
} by_subject;

static int compare_by_subject(const void *left, const void *right)
{
    const by_subject *a = left;
    const by_subject *b = right;

    if (a->subject != b->subject)
        return a->subject < b->subject ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

/* (at, id), then the subject's text: an order that does not depend on arrival. */
static int compare_events(const void *left, const void *right)
{
    const tally_programme_event *a = left;
    const tally_programme_event *b = right;
    int by_id;

    if (a->event.at_ms != b->event.at_ms)
        return a->event.at_ms < b->event.at_ms ? -1 : 1;
    by_id = tally_id_compare(a->id, b->id);
    return by_id != 0 ? by_id : tally_text_compare(a->subject_text, b->subject_text);
}

static tally_rc note_refusals(tally_pass_state *state, const by_subject *group, const tally_refusal *refusals,
                              uint32_t refusal_count)
{
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; i < refusal_count && rc == TALLY_OK; i++) {
        const tally_programme_record *record = group[refusals[i].input_index].record;

        /* Others come out as they are, and scoring refuses them again. */
        if (tally_admission_is_ruled(state->policy, record->record.type))
            rc = tally_admission_refuse(state, &(tally_admission_refusal){ record->input_index, record->subject,
                                                                           refusals[i].id, refusals[i].message,
                                                                           refusals[i].code });
    }
    return rc;
}

/* The caller's number of a known event: that of the group's record with its id. */
static uint32_t input_index_of(const by_subject *group, uint32_t count, tally_text id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(group[i].record->record.id, id))
            return group[i].record->input_index;
    }
    return group[0].record->input_index;
}

static tally_rc take_event(tally_pass_state *state, const by_subject *group, uint32_t count,
                           const tally_context *known, uint32_t i)
{
    const tally_events *events = &known->events;
    uint32_t record = events->record != NULL ? events->record[i] : i;
    tally_programme_event *out = &state->events[state->event_count];
    int64_t *slots = tally_arena_zalloc_array(state->arena, state->slot_count + 1, sizeof(*slots));

    if (slots == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0, "gathering the programme's events");
    for (uint32_t s = 0; s < state->slot_count; s++)
        slots[s] = tally_events_field(events, i, (int32_t)s);
    out->subject = group[0].subject;
    out->subject_text = group[0].record->subject;
    out->id = known->history->id[record];
    out->input_index = input_index_of(group, count, out->id);
    out->event = (tally_new_event){ events->at_ms[i], tally_events_recorded(events, i), tally_events_offset(events, i),
                                    events->type[i], group[0].subject, slots };
    state->event_count++;
    return TALLY_OK;
}

static tally_rc gather_subject(tally_pass_state *state, const by_subject *group, uint32_t count, int64_t known_ms)
{
    tally_history_builder *builder = NULL;
    tally_history *history = tally_arena_zalloc(state->arena, sizeof(*history));
    const tally_refusal *refusals = NULL;
    uint32_t refusal_count = 0;
    tally_context *known = NULL;
    tally_rc rc;

    if (history == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0, "gathering the programme's events");
    rc = tally_history_builder_new(&builder, state->policy, state->arena, state->tokens, state->err);
    for (uint32_t i = 0; i < count && rc == TALLY_OK; i++)
        rc = tally_history_builder_add(builder, &group[i].record->record, state->err);
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, history, &refusals, &refusal_count, state->err);
    if (rc == TALLY_OK)
        rc = note_refusals(state, group, refusals, refusal_count);
    if (rc == TALLY_OK)
        rc = tally_context_open(&known, state->policy, history, NULL, known_ms, state->arena, state->err);
    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < known->events.count && rc == TALLY_OK; i++) {
        if (known->events.at_ms[i] <= known_ms)
            rc = take_event(state, group, count, known, i);
    }
    return rc;
}

tally_rc tally_admission_gather(tally_pass_state *state, const tally_programme_record *records, uint32_t record_count,
                                int64_t known_ms)
{
    by_subject *order = tally_arena_zalloc_array(state->arena, (size_t)record_count + 1, sizeof(*order));
    tally_rc rc = TALLY_OK;

    state->events = tally_arena_zalloc_array(state->arena, (size_t)record_count + 1, sizeof(*state->events));
    if (order == NULL || state->events == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0, "gathering the programme's events");
    for (uint32_t i = 0; i < record_count && rc == TALLY_OK; i++) {
        order[i] = (by_subject){ &records[i], 0, i };
        rc = tally_intern_add(state->tokens, &order[i].subject, records[i].subject);
    }
    if (rc != TALLY_OK)
        return tally_err_set(state->err, rc, 0, "there are too many subjects");
    qsort(order, record_count, sizeof(*order), compare_by_subject);
    for (uint32_t first = 0, next = 0; first < record_count && rc == TALLY_OK; first = next) {
        while (next < record_count && order[next].subject == order[first].subject)
            next++;
        rc = gather_subject(state, &order[first], next - first, known_ms);
    }
    if (rc == TALLY_OK)
        qsort(state->events, state->event_count, sizeof(*state->events), compare_events);
    return rc;
}
