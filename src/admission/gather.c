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

static tally_rc note_refusals(tally_pass_state *state, const by_subject *group,
                              const tally_refusal *refusals, uint32_t refusal_count)
{
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; i < refusal_count && rc == TALLY_OK; i++) {
        const tally_programme_record *record = group[refusals[i].input_index].record;

        /* Others come out as they are, and scoring refuses them again. */
        if (tally_admission_is_ruled(state->policy, record->record.type))
            rc = tally_admission_refuse(
                state,
                &(tally_admission_refusal){ record->input_index, record->subject, refusals[i].id,
                                            refusals[i].message, refusals[i].code });
    }
    return rc;
}

static int compare_by_id(const void *left, const void *right)
{
    const by_subject *a = left;
    const by_subject *b = right;
    int by_id = tally_text_compare(a->record->record.id, b->record->record.id);

    return by_id != 0 ? by_id : (a->position > b->position) - (a->position < b->position);
}

/* The first record with that id in a group sorted by id, or NULL. */
static const tally_programme_record *find_by_id(const by_subject *by_id, uint32_t count,
                                                tally_text id)
{
    uint32_t low = 0;
    uint32_t high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (tally_text_compare(by_id[middle].record->record.id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && tally_text_is_equal(by_id[low].record->record.id, id) ? by_id[low].record
                                                                                : NULL;
}

static bool is_record_about(const struct tally_policy *policy, tally_text type)
{
    for (uint32_t t = 0; t < TALLY_RECORD_TYPES; t++) {
        if (tally_text_is_equal(policy->types[t].name, type))
            return true;
    }
    return false;
}

/* Voids and corrections are applied when the known events are gathered. */
static bool is_applied_before(const struct tally_policy *policy, tally_text type)
{
    return tally_text_is_equal(policy->types[TALLY_RECORD_VOID].name, type) ||
           tally_text_is_equal(policy->types[TALLY_RECORD_CORRECTION].name, type);
}

/* Whether some version's rule for the type writes other records in its place. */
static bool is_rewritten(const struct tally_policy *policy, tally_text type)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];

        for (uint32_t i = 0; i < version->admission_count; i++) {
            if (tally_text_is_equal(policy->types[version->admission[i].type].name, type) &&
                version->admission[i].write_count > 0)
                return true;
        }
    }
    return false;
}

/* Whether the pass decides about a record: it is of a ruled type, or about one (then it was applied before the pass). */
static bool ends_here(const tally_pass_state *state, const by_subject *by_id, uint32_t count,
                      const tally_record *record)
{
    const tally_programme_record *target;

    if (!is_record_about(state->policy, record->type))
        return tally_admission_is_ruled(state->policy, record->type);
    for (uint32_t i = 0; i < record->field_count; i++) {
        if (!tally_text_is(record->fields[i].name, "of"))
            continue;
        target = find_by_id(by_id, count, record->fields[i].value);
        if (target == NULL || !tally_admission_is_ruled(state->policy, target->record.type))
            return false;
        /* What goes through under its own id can still be disputed or reversed there. */
        return is_applied_before(state->policy, record->type) ||
               is_rewritten(state->policy, target->record.type);
    }
    return false;
}

static tally_rc take_event(tally_pass_state *state, const by_subject *by_id, uint32_t count,
                           const tally_context *known, uint32_t i)
{
    const tally_events *events = &known->events;
    uint32_t record = events->record != NULL ? events->record[i] : i;
    tally_programme_event *out = &state->events[state->event_count];
    const tally_programme_record *target;
    int64_t *slots = tally_arena_zalloc_array(state->arena, state->slot_count + 1, sizeof(*slots));

    if (slots == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "gathering the programme's events");
    for (uint32_t s = 0; s < state->slot_count; s++)
        slots[s] = tally_events_field(events, i, (int32_t)s);
    out->subject = by_id[0].subject;
    out->subject_text = by_id[0].record->subject;
    out->id = known->history->id[record];
    target = find_by_id(by_id, count, out->id);
    out->input_index = target != NULL ? target->input_index : by_id[0].record->input_index;
    out->event = (tally_new_event){ events->at_ms[i],
                                    tally_events_recorded(events, i),
                                    tally_events_offset(events, i),
                                    events->type[i],
                                    by_id[0].subject,
                                    slots };
    state->event_count++;
    return TALLY_OK;
}

static tally_rc gather_subject(tally_pass_state *state, by_subject *group, uint32_t count,
                               int64_t known_ms)
{
    tally_history_builder *builder = NULL;
    tally_history *history = tally_arena_zalloc(state->arena, sizeof(*history));
    const tally_refusal *refusals = NULL;
    uint32_t refusal_count = 0;
    tally_context *known = NULL;
    tally_rc rc;

    if (history == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "gathering the programme's events");
    rc =
        tally_history_builder_new(&builder, state->policy, state->arena, state->tokens, state->err);
    for (uint32_t i = 0; i < count && rc == TALLY_OK; i++)
        rc = tally_history_builder_add(builder, &group[i].record->record, state->err);
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, history, &refusals, &refusal_count, state->err);
    if (rc == TALLY_OK)
        rc = note_refusals(state, group, refusals, refusal_count);
    if (rc == TALLY_OK)
        rc = tally_context_open(&known, state->policy, history, NULL, known_ms, state->arena,
                                state->err);
    if (rc != TALLY_OK)
        return rc;
    /* The refusals named positions in the group; from here it is wanted by id. */
    qsort(group, count, sizeof(*group), compare_by_id);
    for (uint32_t i = 0; i < count && rc == TALLY_OK; i++) {
        if (!ends_here(state, group, count, &group[i].record->record))
            rc = tally_admission_emit(state, group[i].record);
    }
    for (uint32_t i = 0; i < known->events.count && rc == TALLY_OK; i++) {
        if (known->events.at_ms[i] <= known_ms)
            rc = take_event(state, group, count, known, i);
    }
    return rc;
}

tally_rc tally_admission_gather(tally_pass_state *state, const tally_programme_record *records,
                                uint32_t record_count, int64_t known_ms)
{
    by_subject *order =
        tally_arena_zalloc_array(state->arena, (size_t)record_count + 1, sizeof(*order));
    tally_rc rc = TALLY_OK;

    state->events =
        tally_arena_zalloc_array(state->arena, (size_t)record_count + 1, sizeof(*state->events));
    if (order == NULL || state->events == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "gathering the programme's events");
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
