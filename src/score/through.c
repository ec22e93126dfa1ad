/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that go through time: `count(UNIT with …)` and `… throughout …`
 * (docs/policy-language.md sections 3 and 4).
 *
 * Both ask a condition at many instants up to t. What was found for the past
 * does not change while the context stands, so each keeps how far it came:
 * asked for ascending t, as a replay does, every instant is asked about once. */

#include "score/engine.h"
#include "util/checked.h"

struct tally_through {
    struct tally_through *next;
    const tally_expr *expr;
    uint32_t version;
    bool is_started;
    /* Periods: [.., next_period) are counted. */
    int64_t next_period;
    int64_t met;
    /* Throughout: the instants up to checked_ms are asked; the condition has
     * held from good_ms on (TALLY_NEVER_MS: it does not hold). */
    int64_t checked_ms;
    int64_t good_ms;
};

static struct tally_through *find_memory(tally_context *context, uint32_t version,
                                         const tally_expr *expr)
{
    struct tally_through *memory = context->through;

    while (memory != NULL && (memory->expr != expr || memory->version != version))
        memory = memory->next;
    if (memory != NULL)
        return memory;
    memory = tally_arena_zalloc(context->arena, sizeof(*memory));
    if (memory == NULL)
        return NULL;
    memory->expr = expr;
    memory->version = version;
    memory->next = context->through;
    context->through = memory;
    return memory;
}

static tally_rc too_many(const tally_expr *expr, const char *what, tally_err *err)
{
    return tally_err_set_at(err, TALLY_E_LIMIT, expr->span.line, expr->span.column,
                            "more than %u %s in one question", TALLY_STEPS_MAX, what);
}

/* The scope at an earlier instant of the same question: no event is in scope,
 * and nothing is seen that the question itself may not see. */
static tally_scope scope_before(const tally_context *context, const tally_scope *scope, int64_t t)
{
    tally_scope past = tally_scope_at(context, t);

    past.first = scope->first;
    if (past.place > scope->place)
        past.place = scope->place;
    return past;
}

/* ---- count(UNIT with …) ------------------------------------------------------- */

/* The offset by which a period is seen where the zone is each event's own: that
 * of the last event in it or before it. */
static int32_t offset_in_period(const tally_context *context, const tally_scope *scope,
                                tally_unit unit, int64_t period)
{
    const tally_events *events = &context->events;

    for (uint32_t i = scope->place; i-- > scope->first;)
        if (tally_local_period(NULL, tally_events_offset(events, i), unit, events->at_ms[i]) <=
            period)
            return tally_events_offset(events, i);
    return 0;
}

static tally_rc ask_period(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, const tally_zone *zone, int64_t period,
                           int64_t *io_met, tally_err *err)
{
    tally_unit unit = (tally_unit)expr->unit;
    int32_t offset_s = zone != NULL ? 0 : offset_in_period(context, scope, unit, period);
    int64_t last = tally_local_period_start(zone, offset_s, unit, (int32_t)period + 1) - 1;
    tally_scope asked;
    int64_t condition;
    tally_rc rc;

    if (last >= scope->t) {
        asked = *scope;
        asked.event = TALLY_NO_INDEX;
        asked.outer = TALLY_NO_INDEX;
    } else {
        asked = scope_before(context, scope, last);
        if (zone == NULL)
            asked.offset_s = offset_s;
    }
    rc = tally_evaluate_condition(context, version, expr->args[0], &asked, &condition, err);
    if (rc == TALLY_OK)
        *io_met += condition == 1;
    return rc;
}

tally_rc tally_periods_count(tally_context *context, uint32_t version, const tally_expr *expr,
                             const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    const tally_zone *zone = tally_context_zone(context, version, TALLY_NO_INDEX);
    const tally_events *events = &context->events;
    tally_unit unit = (tally_unit)expr->unit;
    struct tally_through *memory = NULL;
    int64_t period, current;
    int64_t met = 0;
    tally_rc rc = TALLY_OK;

    if (scope->first >= scope->place) {
        *out_value = (tally_value){ 0, 1 };
        return TALLY_OK;
    }
    period = tally_local_period(zone, tally_events_offset(events, scope->first), unit,
                                events->at_ms[scope->first]);
    current = tally_local_period(zone, scope->offset_s, unit, scope->t);
    if (current - period >= (int64_t)TALLY_STEPS_MAX)
        return too_many(expr, "periods", err);
    if (zone != NULL && scope->first == 0 && context->history != NULL) {
        memory = find_memory(context, version, expr);
        if (memory == NULL)
            return tally_engine_no_memory(context, err);
        if (memory->is_started && memory->next_period <= current) {
            period = memory->next_period;
            met = memory->met;
        }
    }
    for (; rc == TALLY_OK && period < current; period++)
        rc = ask_period(context, version, expr, scope, zone, period, &met, err);
    if (rc == TALLY_OK && memory != NULL) {
        memory->is_started = true;
        memory->next_period = current;
        memory->met = met;
    }
    if (rc == TALLY_OK && period == current)
        rc = ask_period(context, version, expr, scope, zone, period, &met, err);
    if (rc == TALLY_OK)
        *out_value = (tally_value){ met, 1 };
    return rc;
}

/* ---- throughout ------------------------------------------------------------------ */

static tally_rc ask_instant(tally_context *context, uint32_t version, const tally_expr *expr,
                            const tally_scope *scope, int64_t t, struct tally_through *memory,
                            tally_err *err)
{
    tally_scope asked = scope_before(context, scope, t);
    int64_t condition;
    tally_rc rc =
        tally_evaluate_condition(context, version, expr->args[0], &asked, &condition, err);

    if (rc != TALLY_OK)
        return rc;
    memory->checked_ms = t;
    if (condition != 1)
        memory->good_ms = TALLY_NEVER_MS;
    else if (memory->good_ms == TALLY_NEVER_MS)
        memory->good_ms = t;
    return TALLY_OK;
}

/* Ask at every instant in (checked, until] at which the answer may differ:
 * those the layers above know, merged with the events themselves. */
static tally_rc ask_between(tally_context *context, uint32_t version, const tally_expr *expr,
                            const tally_scope *scope, int64_t until, struct tally_through *memory,
                            tally_err *err)
{
    const tally_events *events = &context->events;
    uint32_t event = tally_events_after(events, memory->checked_ms);
    const int64_t *given = NULL;
    int64_t *instants;
    uint32_t given_count = 0;
    uint32_t count = 0;
    uint32_t end = tally_events_after(events, until);
    uint32_t i = 0;
    tally_rc rc = TALLY_OK;

    if (context->hooks.changes != NULL)
        rc = context->hooks.changes(context, memory->checked_ms, until, &given, &given_count, err);
    if (rc != TALLY_OK)
        return rc;
    if (given_count > TALLY_STEPS_MAX || end - event > TALLY_STEPS_MAX)
        return too_many(expr, "instants", err);
    if (given_count + (end - event) == 0)
        return TALLY_OK;
    /* A copy, for asking may call the hook again. */
    instants = tally_arena_alloc(context->arena,
                                 ((size_t)given_count + (end - event)) * sizeof(*instants));
    if (instants == NULL)
        return tally_engine_no_memory(context, err);
    while (i < given_count || event < end) {
        int64_t t = i < given_count ? given[i] : INT64_MAX;

        if (event < end && events->at_ms[event] < t)
            t = events->at_ms[event];
        while (i < given_count && given[i] <= t)
            i++;
        while (event < end && events->at_ms[event] <= t)
            event++;
        instants[count++] = t;
    }
    for (i = 0; rc == TALLY_OK && i < count; i++)
        rc = ask_instant(context, version, expr, scope, instants[i], memory, err);
    if (rc == TALLY_OK)
        memory->checked_ms = until;
    return rc;
}

tally_rc tally_throughout_evaluate(tally_context *context, uint32_t version, const tally_expr *expr,
                                   const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    const tally_events *events = &context->events;
    struct tally_through *memory;
    struct tally_through local;
    tally_scope asked = *scope;
    int64_t from, condition;
    tally_rc rc;

    if (scope->first >= scope->place || !tally_sub_i64(scope->t, expr->value, &from) ||
        events->at_ms[scope->first] > from) {
        *out_value = (tally_value){ 0, 1 };
        return TALLY_OK;
    }
    asked.event = TALLY_NO_INDEX;
    asked.outer = TALLY_NO_INDEX;
    rc = tally_evaluate_condition(context, version, expr->args[0], &asked, &condition, err);
    if (rc != TALLY_OK)
        return rc;
    if (condition != 1 || expr->value == 0) {
        *out_value = (tally_value){ condition == 1, 1 };
        return TALLY_OK;
    }
    memory = find_memory(context, version, expr);
    if (memory == NULL)
        return tally_engine_no_memory(context, err);
    if (scope->first != 0 ||
        context->history == NULL) { /* what is remembered is of another question */
        local = *memory;
        local.is_started = false;
        memory = &local;
    }
    if (!memory->is_started || memory->checked_ms > scope->t - 1 || memory->checked_ms < from) {
        memory->is_started = true;
        memory->good_ms = TALLY_NEVER_MS;
        rc = ask_instant(context, version, expr, scope, from, memory, err);
    }
    if (rc == TALLY_OK)
        rc = ask_between(context, version, expr, scope, scope->t - 1, memory, err);
    if (rc == TALLY_OK)
        *out_value = (tally_value){ memory->good_ms <= from, 1 };
    else
        memory->is_started = false;
    return rc;
}
