/* SPDX-License-Identifier: Apache-2.0 */
/* What is known at an instant (docs/policy-language.md section 2).
 *
 * From one subject's records to the visible events: late records are left
 * out, voids take theirs away, corrections replace fields and `at`, and what
 * remains is in (at, id) order again. A history without records about records
 * is used as it lies, without a copy. */

#include <stdlib.h>
#include <string.h>

#include "score/engine.h"
#include "util/checked.h"

static int64_t recorded_at(const tally_history *history, uint32_t i)
{
    return history->recorded_ms != NULL ? history->recorded_ms[i] : history->at_ms[i];
}

/* ---- questions about a context ------------------------------------------------ */

uint32_t tally_context_version_at(const tally_context *context, int64_t t)
{
    uint32_t version = context->policy->version_count - 1;

    while (version > 0 && context->policy->versions[version].from_ms > t)
        version--;
    return version;
}

uint32_t tally_context_place(const tally_context *context, int64_t t)
{
    return tally_events_after(&context->events, t);
}

tally_scope tally_scope_at(const tally_context *context, int64_t t)
{
    uint32_t place = tally_context_place(context, t);

    return (tally_scope){
        .t = t,
        .place = place,
        .event = TALLY_NO_INDEX,
        .outer = TALLY_NO_INDEX,
        .root = TALLY_NO_INDEX,
        .offset_s = place == 0 ? 0 : tally_events_offset(&context->events, place - 1),
    };
}

tally_scope tally_scope_of_event(const tally_context *context, uint32_t event)
{
    return (tally_scope){
        .t = context->events.at_ms[event],
        .place = event + 1,
        .event = event,
        .outer = TALLY_NO_INDEX,
        .root = event,
        .offset_s = tally_events_offset(&context->events, event),
    };
}

uint32_t tally_context_marks_of(const tally_context *context, uint32_t event, uint32_t *out_first)
{
    uint32_t low = 0;
    uint32_t high = context->mark_count;
    uint32_t count = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (context->marks[middle].event < event)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < context->mark_count && context->marks[low + count].event == event)
        count++;
    *out_first = low;
    return count;
}

uint32_t tally_context_disputes_of(const tally_context *context, uint32_t event,
                                   uint32_t *out_first)
{
    uint32_t low = 0;
    uint32_t high = context->dispute_count;
    uint32_t count = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (context->disputes[middle].event < event)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < context->dispute_count && context->disputes[low + count].event == event)
        count++;
    *out_first = low;
    return count;
}

/* ---- from records to visible events ---------------------------------------------- */

typedef struct placed {
    int64_t at_ms;
    tally_text id;
    uint32_t record;
} placed;

typedef struct selection {
    tally_context *context;
    const tally_history *history;
    bool *is_out;         /* per record: not known, void, or about one that is */
    uint32_t *visible_of; /* per record: its index among the visible events */
    placed *placed;       /* the visible ones */
    uint32_t placed_count;
    int64_t *new_at_ms; /* per record: of its last correction of `at`, else its own */
    uint32_t correction_count, mark_count;
    bool is_moved;
} selection;

static int order_placed(const void *left, const void *right)
{
    const placed *a = left;
    const placed *b = right;
    int order = a->at_ms < b->at_ms ? -1 : a->at_ms > b->at_ms;

    if (order == 0)
        order = tally_id_compare(a->id, b->id);
    if (order == 0) /* without ids, the order given stands */
        order = a->record < b->record ? -1 : a->record > b->record;
    return order;
}

/* Which records take part, and at which instant. */
static void decide(selection *work)
{
    const tally_history *history = work->history;

    for (uint32_t i = 0; i < history->count; i++) {
        work->is_out[i] = recorded_at(history, i) > work->context->known_ms;
        work->new_at_ms[i] = history->at_ms[i];
        work->visible_of[i] = TALLY_NO_INDEX;
    }
    /* A void of a void does nothing, so the order of voids does not matter. */
    for (uint32_t i = 0; i < history->count; i++) {
        uint32_t of = history->of != NULL ? history->of[i] : TALLY_NO_INDEX;

        if (history->type[i] == TALLY_RECORD_VOID &&
            recorded_at(history, i) <= work->context->known_ms && of != TALLY_NO_INDEX &&
            history->type[of] != TALLY_RECORD_VOID)
            work->is_out[of] = true;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        if (work->is_out[i] || history->type[i] >= TALLY_RECORD_TYPES)
            continue;
        if (history->type[i] == TALLY_RECORD_CORRECTION) {
            int64_t at =
                history->correction_at_ms != NULL ? history->correction_at_ms[i] : TALLY_NOTHING;

            work->correction_count++;
            if (at != TALLY_NOTHING) {
                work->new_at_ms[history->of[i]] = at;
                work->is_moved = true;
            }
        } else if (history->type[i] != TALLY_RECORD_VOID) {
            work->mark_count++;
        }
    }
}

/* Put the events that take part in order. */
static void place(selection *work)
{
    const tally_history *history = work->history;

    for (uint32_t i = 0; i < history->count; i++)
        if (!work->is_out[i] && history->type[i] >= TALLY_RECORD_TYPES)
            work->placed[work->placed_count++] = (placed){
                .at_ms = work->new_at_ms[i],
                .id = history->id != NULL ? history->id[i] : tally_text_of(NULL, 0),
                .record = i,
            };
    if (work->is_moved)
        qsort(work->placed, work->placed_count, sizeof(*work->placed), order_placed);
    for (uint32_t i = 0; i < work->placed_count; i++)
        work->visible_of[work->placed[i].record] = i;
}

/* Copy the columns of the visible events. */
static tally_rc copy_columns(selection *work, int64_t ***out_slots, tally_err *err)
{
    const tally_history *history = work->history;
    tally_context *context = work->context;
    tally_events *events = &context->events;
    uint32_t count = work->placed_count;
    int64_t *at_ms = tally_arena_alloc(context->arena, count * sizeof(*at_ms));
    int64_t *recorded_ms = tally_arena_alloc(context->arena, count * sizeof(*recorded_ms));
    int32_t *offset_s = tally_arena_alloc(context->arena, count * sizeof(*offset_s));
    uint8_t *type = tally_arena_alloc(context->arena, count);
    uint32_t *record = tally_arena_alloc(context->arena, count * sizeof(*record));
    int64_t **slots = tally_arena_zalloc_array(context->arena, history->slot_count, sizeof(*slots));
    const int64_t **view =
        tally_arena_zalloc_array(context->arena, history->slot_count, sizeof(*view));

    if (at_ms == NULL || recorded_ms == NULL || offset_s == NULL || type == NULL ||
        record == NULL || slots == NULL || view == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = work->placed[i].record;

        at_ms[i] = work->placed[i].at_ms;
        recorded_ms[i] = recorded_at(history, from);
        offset_s[i] = history->offset_s != NULL ? history->offset_s[from] : 0;
        type[i] = history->type[from];
        record[i] = from;
    }
    for (uint32_t slot = 0; slot < history->slot_count; slot++) {
        slots[slot] = tally_arena_alloc(context->arena, count * sizeof(**slots));
        if (slots[slot] == NULL)
            return tally_engine_no_memory(context, err);
        for (uint32_t i = 0; i < count; i++)
            slots[slot][i] = history->slots[slot][record[i]];
        view[slot] = slots[slot];
    }
    *events = (tally_events){
        .count = count,
        .slot_count = history->slot_count,
        .at_ms = at_ms,
        .recorded_ms = recorded_ms,
        .offset_s = history->offset_s != NULL ? offset_s : NULL,
        .type = type,
        .slots = view,
        .record = record,
    };
    *out_slots = slots;
    return TALLY_OK;
}

static void apply_corrections(const selection *work, int64_t *const *slots)
{
    const tally_history *history = work->history;

    for (uint32_t i = 0; i < history->count; i++) {
        uint32_t target;

        if (work->is_out[i] || history->type[i] != TALLY_RECORD_CORRECTION)
            continue;
        target = work->visible_of[history->of[i]];
        for (uint32_t slot = 0; target != TALLY_NO_INDEX && slot < history->slot_count; slot++)
            if (history->slots[slot][i] != TALLY_NOTHING)
                slots[slot][target] = history->slots[slot][i];
    }
}

static tally_mark_kind mark_kind(const tally_history *history, uint32_t i)
{
    if (history->type[i] == TALLY_RECORD_REVERSAL)
        return TALLY_MARK_REVERSAL;
    if (history->type[i] == TALLY_RECORD_DISPUTE)
        return TALLY_MARK_DISPUTE;
    return history->slot_count > 0 && history->slots[0][i] == 1 ? TALLY_MARK_DROPPED
                                                                : TALLY_MARK_STANDS;
}

static int order_marks(const void *left, const void *right)
{
    const tally_mark *a = left;
    const tally_mark *b = right;

    if (a->event != b->event)
        return a->event < b->event ? -1 : 1;
    return a->record < b->record ? -1 : a->record > b->record; /* records are in order */
}

static tally_rc make_marks(selection *work, tally_err *err)
{
    const tally_history *history = work->history;
    tally_context *context = work->context;
    tally_mark *marks = tally_arena_alloc(context->arena, work->mark_count * sizeof(*marks));
    tally_open_dispute *disputes =
        tally_arena_alloc(context->arena, work->mark_count * sizeof(*disputes));
    uint32_t count = 0;
    uint32_t dispute_count = 0;

    if (marks == NULL || disputes == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < history->count; i++) {
        uint32_t event = TALLY_NO_INDEX;

        if (!work->is_out[i] && history->type[i] >= TALLY_RECORD_REVERSAL &&
            history->type[i] < TALLY_RECORD_TYPES)
            event = work->visible_of[history->of[i]];
        if (event != TALLY_NO_INDEX)
            marks[count++] = (tally_mark){ event, i, history->at_ms[i], mark_kind(history, i) };
    }
    if (count > 0)
        qsort(marks, count, sizeof(*marks), order_marks);
    for (uint32_t i = 0; i < count; i++) {
        bool is_open = dispute_count > 0 && disputes[dispute_count - 1].event == marks[i].event &&
                       disputes[dispute_count - 1].closed_ms == TALLY_NEVER_MS;

        if (marks[i].kind == TALLY_MARK_DISPUTE && !is_open)
            disputes[dispute_count++] =
                (tally_open_dispute){ marks[i].event, marks[i].at_ms, TALLY_NEVER_MS };
        else if (is_open &&
                 (marks[i].kind == TALLY_MARK_STANDS || marks[i].kind == TALLY_MARK_DROPPED))
            disputes[dispute_count - 1].closed_ms = marks[i].at_ms;
    }
    context->marks = marks;
    context->mark_count = count;
    context->disputes = disputes;
    context->dispute_count = dispute_count;
    return TALLY_OK;
}

static tally_rc make_visible(tally_context *context, const tally_history *history, tally_err *err)
{
    selection work = { .context = context, .history = history };
    int64_t **slots = NULL;
    tally_rc rc;

    work.is_out = tally_arena_alloc(context->arena, history->count * sizeof(*work.is_out));
    work.visible_of = tally_arena_alloc(context->arena, history->count * sizeof(*work.visible_of));
    work.placed = tally_arena_alloc(context->arena, history->count * sizeof(*work.placed));
    work.new_at_ms = tally_arena_alloc(context->arena, history->count * sizeof(*work.new_at_ms));
    if (work.is_out == NULL || work.visible_of == NULL || work.placed == NULL ||
        work.new_at_ms == NULL)
        return tally_engine_no_memory(context, err);
    decide(&work);
    place(&work);
    rc = copy_columns(&work, &slots, err);
    if (rc == TALLY_OK && work.correction_count > 0)
        apply_corrections(&work, slots);
    if (rc == TALLY_OK && work.mark_count > 0)
        rc = make_marks(&work, err);
    return rc;
}

/* A history without records about records, all known: seen as it lies. */
static bool see_as_is(tally_context *context, const tally_history *history)
{
    uint32_t count = history->count;

    if (history->has_records_about)
        return false;
    for (uint32_t i = 0; history->recorded_ms != NULL && i < count; i++)
        if (history->recorded_ms[i] > context->known_ms)
            return false;
    context->events = (tally_events){
        .count = count,
        .slot_count = history->slot_count,
        .at_ms = history->at_ms,
        .recorded_ms = history->recorded_ms,
        .offset_s = history->offset_s,
        .type = history->type,
        .slots = history->slots,
        .subject = history->subject,
    };
    if (history->recorded_ms == NULL) /* each was recorded when it happened */
        context->events.count = tally_context_place(context, context->known_ms);
    return true;
}

/* ---- facts ---------------------------------------------------------------------------- */

static tally_rc match_facts(tally_context *context, const tally_facts *facts, tally_err *err)
{
    const struct tally_policy *policy = context->policy;
    const tally_fact_series ***by_version;

    if (facts == NULL || facts->count == 0)
        return TALLY_OK;
    by_version =
        tally_arena_zalloc_array(context->arena, policy->version_count, sizeof(*by_version));
    if (by_version == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < policy->version_count; i++) {
        const tally_version *version = &policy->versions[i];

        by_version[i] =
            tally_arena_zalloc_array(context->arena, version->fact_count, sizeof(**by_version));
        if (by_version[i] == NULL)
            return tally_engine_no_memory(context, err);
        for (uint32_t j = 0; j < version->fact_count; j++)
            for (uint32_t k = 0; k < facts->count; k++)
                if (tally_text_is_equal(version->facts[j].name, facts->series[k].name))
                    by_version[i][j] = &facts->series[k];
    }
    context->fact_series = (const tally_fact_series *const *const *)by_version;
    return TALLY_OK;
}

tally_rc tally_context_open(tally_context **out_context, const struct tally_policy *policy,
                            const tally_history *history, const tally_facts *facts,
                            int64_t known_ms, tally_arena *arena, tally_err *err)
{
    tally_context *context = tally_arena_zalloc(arena, sizeof(*context));
    tally_rc rc = TALLY_OK;

    if (context == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "opening a history");
    context->policy = policy;
    context->history = history;
    context->arena = arena;
    context->known_ms = known_ms;
    if (!see_as_is(context, history))
        rc = make_visible(context, history, err);
    if (rc == TALLY_OK)
        rc = match_facts(context, facts, err);
    if (rc == TALLY_OK)
        rc = tally_pauses_find(context, err);
    if (rc == TALLY_OK)
        *out_context = context;
    return rc;
}
