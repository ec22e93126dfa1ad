/* SPDX-License-Identifier: Apache-2.0 */
/* Streaks (section 9): how many periods in a row were active.
 *
 * Periods are settled one after the other from the first event on; what has
 * been settled is kept, so that asking for ascending instants costs each period
 * once. The period of the question itself is never kept: it may still become
 * active. */

#include "score/answers.h"

#include "util/checked.h"

#define PERIODS_MAX 100000u /* section 16 */

/* A streak at the beginning of `period`. */
typedef struct streak_state {
    int32_t period;
    uint32_t event; /* first visible event of the period or of a later one */
    int64_t length;
    uint32_t freezes;   /* held, all equipped before the period began */
    uint32_t missed;    /* missed periods in a row until here */
    bool has_repair;    /* some period before this row of missed ones was repaired … */
    int32_t repair_day; /* … the last one began on this local day */
    bool row_has_repair;
    int32_t row_repair_day;
} streak_state;

typedef struct streak_memory_item {
    bool is_begun;
    streak_state state;
} streak_memory_item;

struct tally_streak_memory {
    streak_memory_item **of_version; /* [version][streak] */
};

/* One walk over the periods. */
typedef struct streak_walk {
    tally_answers *answers;
    uint32_t version;
    const tally_streak *streak;
    const tally_zone *zone;
    int64_t t;
    uint32_t place;     /* events before it are known to the question */
    int32_t last;       /* the period of t */
    int32_t offset_s;   /* of t */
    uint32_t *refusals; /* NULL: not wanted */
    uint32_t refusal_count;
} streak_walk;

/* Without events a period cannot be active: no need to ask. */
static bool fails_when_empty(const tally_expr *expr)
{
    if (expr->op == TALLY_OP_ANY)
        return true;
    if (expr->op == TALLY_OP_GREATER_OR_EQUAL || expr->op == TALLY_OP_GREATER)
        return (expr->args[0]->op == TALLY_OP_COUNT || expr->args[0]->op == TALLY_OP_DISTINCT ||
                expr->args[0]->op == TALLY_OP_SUM) &&
               expr->args[1]->op == TALLY_OP_LITERAL && expr->args[1]->value > 0;
    if (expr->op == TALLY_OP_ALL_OF) {
        for (uint16_t i = 0; i < expr->arg_count; i++) {
            if (fails_when_empty(expr->args[i]))
                return true;
        }
    }
    return false;
}

static int32_t period_of_event(const streak_walk *walk, uint32_t event)
{
    const tally_events *events = &walk->answers->context->events;

    return tally_local_period(walk->zone, tally_events_offset(events, event),
                              (tally_unit)walk->streak->unit, events->at_ms[event]);
}

/* The end of the events that belong to the period that begins at `from`. Where
 * each event has its own offset, a day may come twice: it stays the later one. */
static uint32_t end_of_period(const streak_walk *walk, uint32_t from, int32_t period)
{
    while (from < walk->place && period_of_event(walk, from) <= period)
        from++;
    return from;
}

static int64_t period_start(const streak_walk *walk, int32_t period, uint32_t event)
{
    const tally_context *context = walk->answers->context;
    int32_t offset_s = walk->zone != NULL ? 0
                       : event < context->events.count
                           ? tally_events_offset(&context->events, event)
                           : walk->offset_s;

    return tally_local_period_start(walk->zone, offset_s, (tally_unit)walk->streak->unit, period);
}

static bool is_in_pause(const streak_walk *walk, int64_t from_ms, int64_t to_ms)
{
    const tally_context *context = walk->answers->context;

    for (uint32_t i = 0; i < context->pause_count; i++) {
        if (context->pauses[i].from_ms < to_ms && context->pauses[i].to_ms > from_ms)
            return true;
    }
    return false;
}

static tally_rc ask_active(const streak_walk *walk, int64_t until_ms, uint32_t from, uint32_t to,
                           bool *out_is_active, tally_err *err)
{
    tally_scope scope = tally_scope_at(walk->answers->context, until_ms);
    int64_t condition;
    tally_rc rc;

    if (from == to && fails_when_empty(walk->streak->counts)) {
        *out_is_active = false;
        return TALLY_OK;
    }
    scope.first = from;
    scope.place = to;
    rc = tally_evaluate_condition(walk->answers->context, walk->version, walk->streak->counts,
                                  &scope, &condition, err);
    if (rc == TALLY_OK)
        *out_is_active = condition == 1;
    return rc;
}

/* Freezes that arrive in a period; how many of those held may save it is known
 * before. */
static void take_freezes(streak_walk *walk, streak_state *state, uint32_t to)
{
    const tally_events *events = &walk->answers->context->events;

    if (walk->streak->freeze_type == TALLY_NO_INDEX)
        return;
    for (uint32_t i = state->event; i < to; i++) {
        if (events->type[i] != walk->streak->freeze_type)
            continue;
        if (state->freezes < walk->streak->freeze_hold)
            state->freezes++;
        else if (walk->refusals != NULL)
            walk->refusals[walk->refusal_count++] = i;
    }
}

static void miss(const streak_walk *walk, streak_state *state, uint32_t usable_freezes)
{
    const tally_streak *streak = walk->streak;
    int32_t day = tally_period_first_day((tally_unit)streak->unit, state->period);
    bool is_repairable;

    state->missed++;
    if (state->length == 0)
        return;
    is_repairable = state->missed <= streak->repair_missed &&
                    (!state->has_repair || (int64_t)(day - state->repair_day) * TALLY_DAY_MS >=
                                               streak->repair_again_after_ms);
    if (is_repairable) {
        state->length++;
        state->row_has_repair = true;
        state->row_repair_day = day;
    } else if (usable_freezes > 0) {
        state->freezes--;
    } else {
        state->length = 0;
    }
}

static void end_row(streak_state *state)
{
    state->missed = 0;
    if (state->row_has_repair) {
        state->has_repair = true;
        state->repair_day = state->row_repair_day;
        state->row_has_repair = false;
    }
}

/* Settle state->period, which has ended. */
static tally_rc settle_period(streak_walk *walk, streak_state *state, tally_err *err)
{
    uint32_t to = end_of_period(walk, state->event, state->period);
    uint32_t usable = state->freezes;
    uint32_t sample = state->event < to ? state->event : to > 0 ? to - 1 : 0;
    int64_t from_ms = period_start(walk, state->period, sample);
    int64_t to_ms = period_start(walk, state->period + 1, sample);
    bool is_active;
    tally_rc rc = ask_active(walk, to_ms - 1, state->event, to, &is_active, err);

    if (rc != TALLY_OK)
        return rc;
    take_freezes(walk, state, to);
    if (is_active) {
        end_row(state);
        if (!tally_add_i64(state->length, 1, &state->length))
            return tally_err_set(err, TALLY_E_OVERFLOW, walk->streak->span.line, "streak");
    } else if (!is_in_pause(walk, from_ms, to_ms)) {
        miss(walk, state, usable);
    }
    state->event = to;
    state->period++;
    return TALLY_OK;
}

/* With nothing to lose and nothing happening, time may pass at once. */
static void skip_empty_periods(const streak_walk *walk, streak_state *state)
{
    int32_t next;

    if (state->length > 0 || !fails_when_empty(walk->streak->counts))
        return;
    next = state->event < walk->place ? period_of_event(walk, state->event) : walk->last;
    if (next > walk->last)
        next = walk->last;
    if (next > state->period)
        state->period = next;
}

static tally_rc settle_until_last(streak_walk *walk, streak_state *state, tally_err *err)
{
    for (uint32_t steps = 0;; steps++) {
        tally_rc rc;

        skip_empty_periods(walk, state);
        if (state->period >= walk->last)
            return TALLY_OK;
        if (steps >= PERIODS_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, walk->streak->span.line,
                                 "the streak has more than %u periods", PERIODS_MAX);
        rc = settle_period(walk, state, err);
        if (rc != TALLY_OK)
            return rc;
    }
}

static void begin_walk(streak_walk *walk, tally_answers *answers, uint32_t version, uint32_t streak,
                       const tally_scope *scope)
{
    *walk = (streak_walk){
        .answers = answers,
        .version = version,
        .streak = &answers->context->policy->versions[version].streaks[streak],
        .zone = tally_context_zone(answers->context, version, TALLY_NO_INDEX),
        .t = scope->t,
        .place = scope->place,
    };
    walk->offset_s = walk->zone == NULL ? scope->offset_s : 0;
    walk->last =
        tally_local_period(walk->zone, walk->offset_s, (tally_unit)walk->streak->unit, walk->t);
}

static streak_memory_item *memory_of(tally_answers *answers, uint32_t version, uint32_t streak)
{
    const struct tally_policy *policy = answers->context->policy;
    struct tally_streak_memory *memory = answers->streaks;

    if (memory == NULL) {
        memory = tally_arena_zalloc(answers->arena, sizeof(*memory));
        if (memory == NULL)
            return NULL;
        memory->of_version = tally_arena_zalloc_array(answers->arena, policy->version_count,
                                                      sizeof(*memory->of_version));
        if (memory->of_version == NULL)
            return NULL;
        answers->streaks = memory;
    }
    if (memory->of_version[version] == NULL)
        memory->of_version[version] = tally_arena_zalloc_array(
            answers->arena, policy->versions[version].streak_count, sizeof(streak_memory_item));
    return memory->of_version[version] == NULL ? NULL : &memory->of_version[version][streak];
}

static tally_rc ask_length(tally_answers *answers, uint32_t version, uint32_t streak,
                           const tally_scope *scope, int64_t *out_length, tally_err *err)
{
    streak_memory_item *memory = memory_of(answers, version, streak);
    streak_walk walk;
    streak_state state;
    bool is_active;
    tally_rc rc;

    if (memory == NULL)
        return tally_answers_no_memory(answers, err);
    if (scope->place == 0) {
        *out_length = 0;
        return TALLY_OK;
    }
    begin_walk(&walk, answers, version, streak, scope);
    if (!memory->is_begun || memory->state.period > walk.last || memory->state.event > walk.place)
        memory->state = (streak_state){ .period = period_of_event(&walk, 0) };
    memory->is_begun = true;
    if (memory->state.period > walk.last) { /* the first event's own offset is ahead of t's */
        *out_length = 0;
        return TALLY_OK;
    }
    rc = settle_until_last(&walk, &memory->state, err);
    if (rc != TALLY_OK) {
        memory->is_begun = false;
        return rc;
    }
    state = memory->state;
    rc = ask_active(&walk, walk.t, state.event, walk.place, &is_active, err);
    if (rc == TALLY_OK)
        *out_length = state.length + (is_active ? 1 : 0);
    return rc;
}

tally_rc tally_streak_length(tally_answers *answers, uint32_t version, uint32_t streak, int64_t t,
                             int64_t *out_length, tally_err *err)
{
    tally_scope scope = tally_scope_at(answers->context, t);

    return ask_length(answers, version, streak, &scope, out_length, err);
}

tally_rc tally_streaks_ask(tally_context *context, uint32_t version, uint32_t streak,
                           const tally_scope *scope, int64_t *out_length, tally_err *err)
{
    return ask_length(context->hooks.data, version, streak, scope, out_length, err);
}

static int compare_events(const uint32_t *a, const uint32_t *b)
{
    return (*a > *b) - (*a < *b);
}

/* Insertion: refusals are few and each streak's are in order. */
static void sort_unique(uint32_t *events, uint32_t *count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < *count; i++) {
        uint32_t event = events[i], at = kept;

        while (at > 0 && compare_events(&events[at - 1], &event) > 0)
            at--;
        if (at > 0 && events[at - 1] == event)
            continue;
        memmove(&events[at + 1], &events[at], (kept - at) * sizeof(*events));
        events[at] = event;
        kept++;
    }
    *count = kept;
}

tally_rc tally_streak_refusals(tally_answers *answers, int64_t t, const uint32_t **out_events,
                               uint32_t *out_count, tally_err *err)
{
    uint32_t version = tally_context_version_at(answers->context, t);
    const tally_version *rules = &answers->context->policy->versions[version];
    tally_scope scope = tally_scope_at(answers->context, t);
    uint32_t *events = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < rules->streak_count && scope.place > 0; i++) {
        streak_walk walk;
        streak_state state;
        tally_rc rc;

        if (rules->streaks[i].freeze_type == TALLY_NO_INDEX)
            continue;
        if (events == NULL)
            events = tally_arena_zalloc_array(
                answers->arena, (size_t)rules->streak_count * scope.place + 1, sizeof(*events));
        if (events == NULL)
            return tally_answers_no_memory(answers, err);
        begin_walk(&walk, answers, version, i, &scope);
        walk.refusals = events + count;
        state = (streak_state){ .period = period_of_event(&walk, 0) };
        rc = settle_until_last(&walk, &state, err);
        if (rc != TALLY_OK)
            return rc;
        take_freezes(&walk, &state, walk.place);
        count += walk.refusal_count;
    }
    sort_unique(events, &count);
    *out_events = events;
    *out_count = count;
    return TALLY_OK;
}
