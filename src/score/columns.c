/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of many subjects from columns.
 *
 * A policy runs through the fast loop if
 * - it has one version, and its score is bounded at the end, without `needs`;
 * - no tier has a price and there are no pauses;
 * - every award is linear (a constant, or a constant plus a multiple of one
 *   bounded field) and asks no `when`;
 * - every limit of an award has a constant amount, no keys, comes as points or
 *   times, over a calendar period or a lifetime, in a named zone;
 * - an award expires never, after days, or at the end of a period, and counts
 *   at once or after days; it does not decay, spend, deduct or wait for a
 *   finding.
 * A subject with records about records, recorded times, or instants before
 * 1970 takes the general pass.
 *
 * What an award is worth at the as-of then depends on its `at` alone: it counts
 * if live_from <= at <= live_to. What a limit has left depends on what was
 * credited in the same period, so each limit keeps the period it counts and
 * what it used. The period of an instant is looked up by its UTC day: the
 * index at the day's start, and the instant within the day, if any, at which
 * the next period begins. The number of a subject is part of a period's key,
 * so that nothing is reset between subjects.
 *
 * Amounts are below 2^40 in size by the fields' bounds, and a subject has at
 * most 10^6 events and 256 awards for each: no sum comes near 2^63. */

#include "score/answers.h"
#include "score/columns_plan.h"
#include "score/engine.h"
#include "util/alloc.h"

/* ---- the general pass -------------------------------------------------------------- */

/* `earned(all in lifetime)`. */
static tally_rc earned_in_all(tally_context *context, int64_t as_of_ms, int64_t *out_earned,
                              tally_err *err)
{
    static const tally_window lifetime = { .kind = TALLY_WINDOW_LIFETIME, .zone = TALLY_NO_INDEX };
    static const tally_expr earned = { .op = TALLY_OP_EARNED,
                                       .type = TALLY_TYPE_NUMBER,
                                       .index = TALLY_NO_INDEX,
                                       .window = &lifetime };
    tally_scope scope = tally_scope_at(context, as_of_ms);

    return tally_earned_in(context, tally_context_version_at(context, as_of_ms), &earned, &scope,
                           out_earned, err);
}

static tally_rc compute_one(const tally_columns_plan *plan, const tally_history *history,
                            tally_arena *arena, int64_t *out_score, int64_t *out_earned,
                            tally_err *err)
{
    tally_answers *answers;
    tally_standing standing;
    uint32_t version;
    tally_rc rc = tally_answers_open(&answers, plan->policy, history, NULL, plan->as_of_ms,
                                     plan->as_of_ms, arena, err);

    if (rc != TALLY_OK)
        return rc;
    version = tally_context_version_at(answers->context, plan->as_of_ms);
    if (out_earned != NULL)
        rc = earned_in_all(answers->context, plan->as_of_ms, out_earned, err);
    if (rc == TALLY_OK)
        rc = tally_score_at(answers->context, plan->as_of_ms, &standing, err);
    if (rc == TALLY_OK)
        *out_score = standing.has_rating && plan->policy->versions[version].score.is_present
                         ? standing.score
                         : TALLY_NOTHING;
    return rc;
}

/* One subject, as a history that lies within the columns. */
static tally_rc compute_generally(const tally_columns_plan *plan, const tally_columns *columns,
                                  uint32_t subject, int64_t *out_score, int64_t *out_earned,
                                  tally_err *err)
{
    uint64_t first = columns->first[subject];
    uint64_t count = columns->first[subject + 1] - first;
    tally_arena *arena;
    const int64_t **slots;
    tally_history history;
    tally_rc rc;

    if (count > EVENTS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %u events of one subject",
                             EVENTS_MAX);
    arena = tally_arena_new(SUBJECT_BYTES_MAX);
    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "computing one subject");
    slots = tally_arena_zalloc_array(arena, columns->slot_count, sizeof(*slots));
    if (slots == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "computing one subject");
        goto out;
    }
    for (uint32_t i = 0; i < columns->slot_count; i++)
        slots[i] = columns->slots[i] + first;
    history = (tally_history){
        .count = (uint32_t)count,
        .at_ms = columns->at_ms + first,
        .recorded_ms = columns->recorded_ms != NULL ? columns->recorded_ms + first : NULL,
        .offset_s = columns->offset_s != NULL ? columns->offset_s + first : NULL,
        .type = columns->type + first,
        .slots = slots,
        .slot_count = columns->slot_count,
    };
    rc = compute_one(plan, &history, arena, out_score, out_earned, err);
out:
    tally_arena_free(arena);
    return rc;
}

/* ---- the fast loops ------------------------------------------------------------------- */

typedef struct fast_run {
    const tally_columns_plan *plan;
    const int64_t *at_ms;
    const uint8_t *type;
    const int64_t *const *slots;
    limit_state *states;
} fast_run;

typedef struct fast_sums {
    int64_t live, earned;
} fast_sums;

/* The period of an instant that is not before 1970 and not after the as-of. */
static inline int64_t period_of(const day_period *days, int64_t at_ms)
{
    const day_period *day = &days[(uint64_t)at_ms / (uint64_t)TALLY_DAY_MS];

    return day->period + (at_ms >= day->edge_ms);
}

/* Every type has at most one award under at most one points limit. No branch
 * depends on the type. False: a value is outside its field's bounds, or a
 * record is about another one. */
static inline bool run_simple(const fast_run *run, uint64_t first, uint64_t end,
                              int64_t period_base, fast_sums *out_sums)
{
    const simple_type *simple = run->plan->simple;
    limit_state *states = run->states;
    int64_t as_of_ms = run->plan->as_of_ms;
    int64_t live = 0;
    int64_t earned = 0;

    for (uint64_t i = first; i < end; i++) {
        int64_t at_ms = run->at_ms[i];
        const simple_type *type = &simple[run->type[i]];
        limit_state *state = &states[type->state];
        int64_t value = run->slots[type->slot][i];
        int64_t period, used, room, amount;

        if (at_ms > as_of_ms)
            break;
        if ((uint64_t)value - (uint64_t)type->least > type->span)
            return false;
        amount = type->constant + type->coefficient * value;
        period = period_base + period_of(type->days, at_ms);
        used = state->period == period ? state->used : 0;
        room = type->amount - used;
        room = room > 0 ? room : 0;
        amount = amount < room ? amount : room; /* a negative amount is below any room */
        state->period = period;
        state->used = used + amount;
        earned += amount;
        live += at_ms >= type->live_from_ms && at_ms <= type->live_to_ms ? amount : 0;
    }
    *out_sums = (fast_sums){ live, earned };
    return true;
}

/* One award, whatever its limits. */
static bool run_award(const fast_run *run, const fast_award *award, uint64_t i, int64_t period_base,
                      fast_sums *sums)
{
    int64_t at_ms = run->at_ms[i];
    int64_t value = run->slots[award->slot][i];
    int64_t amount;

    if ((uint64_t)value - (uint64_t)award->least > award->span)
        return false;
    amount = award->constant + award->coefficient * value;
    for (uint32_t j = 0; j < award->limit_count; j++) {
        const fast_limit *limit = &award->limits[j];
        limit_state *state = &run->states[limit->state];
        int64_t period = period_base + period_of(limit->days, at_ms);
        int64_t room;

        if (state->period != period)
            *state = (limit_state){ period, 0 };
        room = limit->amount > state->used ? limit->amount - state->used : 0;
        if (limit->is_times)
            amount = room > 0 ? amount : 0;
        else if (amount > room)
            amount = room;
    }
    for (uint32_t j = 0; j < award->limit_count; j++)
        run->states[award->limits[j].state].used +=
            award->limits[j].is_times ? amount != 0 : amount;
    sums->earned += amount;
    if (at_ms >= award->live_from_ms && at_ms <= award->live_to_ms)
        sums->live += amount;
    return true;
}

static bool run_full(const fast_run *run, uint64_t first, uint64_t end, int64_t period_base,
                     fast_sums *out_sums)
{
    fast_sums sums = { 0, 0 };

    for (uint64_t i = first; i < end && run->at_ms[i] <= run->plan->as_of_ms; i++) {
        const fast_type *type = &run->plan->types[run->type[i]];

        if (type->is_outside)
            return false;
        for (uint32_t j = 0; j < type->award_count; j++)
            if (!run_award(run, &type->awards[j], i, period_base, &sums))
                return false;
    }
    *out_sums = sums;
    return true;
}

static tally_rc finish(const tally_columns_plan *plan, const fast_sums *sums, int64_t *out_score,
                       tally_err *err)
{
    const tally_score_rule *rule = &plan->policy->versions[0].score;
    int64_t score;

    if (__builtin_add_overflow(rule->start, sums->live, &score))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    if (rule->has_floor && score < rule->floor)
        score = rule->floor;
    if (rule->has_ceiling && score > rule->ceiling)
        score = rule->ceiling;
    *out_score = score;
    return TALLY_OK;
}

/* Subjects that the loop cannot take are left to the general pass, one by one. */
static tally_rc run_subjects(const fast_run *run, const tally_columns *columns, uint32_t from,
                             uint32_t to, int64_t *out_scores, int64_t *out_earned, tally_err *err)
{
    const tally_columns_plan *plan = run->plan;

    for (uint32_t subject = from; subject < to; subject++) {
        uint64_t first = columns->first[subject];
        uint64_t end = columns->first[subject + 1];
        int64_t period_base = (int64_t)(subject - from) * plan->period_span;
        int64_t *earned = out_earned != NULL ? &out_earned[subject - from] : NULL;
        fast_sums sums = { 0, 0 };
        bool is_done = first == end || (run->at_ms[first] >= 0 && end - first <= EVENTS_MAX);
        tally_rc rc;

        if (is_done)
            is_done = plan->is_simple ? run_simple(run, first, end, period_base, &sums)
                                      : run_full(run, first, end, period_base, &sums);
        if (is_done && earned != NULL)
            *earned = sums.earned;
        rc = is_done ? finish(plan, &sums, &out_scores[subject - from], err)
                     : compute_generally(plan, columns, subject, &out_scores[subject - from],
                                         earned, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

tally_rc tally_columns_compute(const tally_columns_plan *plan, const tally_columns *columns,
                               uint32_t from, uint32_t to, int64_t *out_scores, int64_t *out_earned,
                               tally_err *err)
{
    fast_run run = { plan, columns->at_ms, columns->type, columns->slots, NULL };
    tally_rc rc;

    TALLY_ASSERT(from <= to && to <= columns->subject_count);
    if (!tally_columns_is_fast(plan, NULL) || columns->recorded_ms != NULL ||
        columns->slot_count < plan->slot_count)
        return tally_columns_compute_generally(plan, columns, from, to, out_scores, out_earned,
                                               err);
    if (columns->slot_count ==
        0) /* every type has slot 0 looked at; without any, its value means nothing */
        run.slots = &run.at_ms;
    run.states = tally_alloc_array((size_t)plan->state_count + 1, sizeof(*run.states));
    if (run.states == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "computing subjects");
    for (uint32_t i = 0; i <= plan->state_count; i++)
        run.states[i] = (limit_state){ -1, 0 };
    rc = run_subjects(&run, columns, from, to, out_scores, out_earned, err);
    tally_release(run.states);
    return rc;
}

tally_rc tally_columns_compute_generally(const tally_columns_plan *plan,
                                         const tally_columns *columns, uint32_t from, uint32_t to,
                                         int64_t *out_scores, int64_t *out_earned, tally_err *err)
{
    TALLY_ASSERT(from <= to && to <= columns->subject_count);
    for (uint32_t subject = from; subject < to; subject++) {
        tally_rc rc =
            compute_generally(plan, columns, subject, &out_scores[subject - from],
                              out_earned != NULL ? &out_earned[subject - from] : NULL, err);

        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}
