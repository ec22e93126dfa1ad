/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers (section 8): a replay from the first event on.
 *
 * Between two change instants no rule can change its answer, so the replay asks
 * only there, and at what a tier brings about itself: the end of a hold or a
 * validity, and the first review after something changed. Every move is written
 * down, so that any earlier instant can be asked again. A policy whose tiers
 * have no memory is not replayed: its gain rules are asked at T.
 *
 * Tiers with a price are asked for while awards are still being settled. The
 * replay then runs up to just before the event at hand; what is settled later
 * cannot change what was before it. */

#include "score/answers.h"

/* How one tier (by id, the same in all versions) stands. */
typedef struct tier_state {
    tally_tier_standing standing;
    bool gain_was_met; /* at the instant before; with a validity */
    bool is_paid;      /* its price was spent and the tier not given yet */
    bool is_lost_now;  /* at the instant at work */
    int64_t review_ms; /* the next of its own reviews that has something to decide */
} tier_state;

typedef struct tier_move {
    int64_t at_ms;
    uint32_t id;
    tally_tier_standing standing; /* from then on */
} tier_move;

typedef struct tally_tier_replay {
    bool has_memory;
    bool is_begun, is_at_work;
    int64_t reached_ms; /* every instant up to here is done; is_at_work: this one is not */
    uint32_t version;
    int64_t review_ms;   /* the next common review that has something to decide */
    uint32_t next_entry; /* prices of entries before it are seen */
    uint32_t tier_count; /* by id */
    tier_state *states;
    tier_state *before; /* as they were before the instant at work */
    uint32_t move_count, move_room;
    tier_move *moves;
} tally_tier_replay;

static const tally_tier_standing not_held = { false, TALLY_NOTHING, TALLY_NEVER_MS,
                                              TALLY_NEVER_MS };

static bool version_has_memory(const tally_version *version)
{
    if (version->has_keep_until || version->moves.locked_while != NULL ||
        version->moves.reviewed.kind != TALLY_REVIEW_ALWAYS || version->moves.drop_one ||
        version->moves.climb_one)
        return true;
    for (uint32_t i = 0; i < version->tier_count; i++) {
        const tally_tier *tier = &version->tiers[i];

        if (!tier->keep_is_gain || tier->has_valid || tier->has_price || tier->hold_ms > 0 ||
            tier->reviewed.kind != TALLY_REVIEW_ALWAYS)
            return true;
    }
    return false;
}

static tally_rc get_replay(tally_answers *answers, tally_tier_replay **out_replay, tally_err *err)
{
    const struct tally_policy *policy = answers->context->policy;
    tally_tier_replay *replay = answers->tiers;

    if (replay == NULL) {
        replay = tally_arena_zalloc(answers->arena, sizeof(*replay));
        if (replay == NULL)
            return tally_answers_no_memory(answers, err);
        replay->tier_count = policy->tier_id_count;
        replay->review_ms = TALLY_NEVER_MS;
        replay->states = tally_arena_zalloc_array(answers->arena, replay->tier_count + 1u,
                                                  sizeof(*replay->states));
        replay->before = tally_arena_zalloc_array(answers->arena, replay->tier_count + 1u,
                                                  sizeof(*replay->before));
        if (replay->states == NULL || replay->before == NULL)
            return tally_answers_no_memory(answers, err);
        for (uint32_t i = 0; i < replay->tier_count; i++) {
            replay->states[i].standing = not_held;
            replay->states[i].review_ms = TALLY_NEVER_MS;
        }
        for (uint32_t i = 0; i < policy->version_count; i++)
            replay->has_memory = replay->has_memory || version_has_memory(&policy->versions[i]);
        answers->tiers = replay;
    }
    *out_replay = replay;
    return TALLY_OK;
}

static tally_rc ask(tally_answers *answers, uint32_t version, const tally_expr *expr,
                    const tally_scope *scope, bool *out_is_met, tally_err *err)
{
    int64_t condition;
    tally_rc rc = tally_evaluate_condition(answers->context, version, expr, scope, &condition, err);

    if (rc == TALLY_OK)
        *out_is_met = condition == 1; /* unknown does not fire */
    return rc;
}

static int64_t validity_end(const tally_answers *answers, uint32_t version, const tally_tier *tier,
                            const tally_scope *scope)
{
    return tally_deadline_instant(answers->context, version, &tier->valid, scope->t,
                                  scope->offset_s);
}

static void hold_tier(const tally_answers *answers, uint32_t version, const tally_tier *tier,
                      const tally_scope *scope, tier_state *state)
{
    int64_t ends;

    state->standing.is_held = true;
    state->standing.gained_ms = scope->t;
    if (__builtin_add_overflow(scope->t, tier->hold_ms, &ends))
        ends = TALLY_NEVER_MS;
    state->standing.hold_ends_ms =
        tier->hold_ms > 0 ? tally_pauses_extend(answers->context, scope->t, ends) : scope->t;
    state->standing.valid_until_ms =
        tier->has_valid ? validity_end(answers, version, tier, scope) : TALLY_NEVER_MS;
    state->review_ms = TALLY_NEVER_MS;
}

static bool is_review(const tally_answers *answers, uint32_t version, const tally_review *review,
                      int64_t t)
{
    return review->kind == TALLY_REVIEW_ALWAYS ||
           tally_review_next(answers->context, version, review, t) == t;
}

/* Does a held tier end at scope->t? A validity may be renewed instead. */
static tally_rc ask_lost(tally_answers *answers, uint32_t version, const tally_tier *tier,
                         const tally_scope *scope, tier_state *state, bool *out_is_lost,
                         tally_err *err)
{
    const tally_version *rules = &answers->context->policy->versions[version];
    bool is_met;
    tally_rc rc;

    *out_is_lost = false;
    if (rules->has_keep_until && scope->t < rules->keep_tiers_until_ms)
        return TALLY_OK;
    if (tier->has_valid) {
        if (scope->t < state->standing.valid_until_ms)
            return TALLY_OK;
        rc = ask(answers, version, tier->gain, scope, &is_met, err);
        if (rc == TALLY_OK && is_met)
            state->standing.valid_until_ms = validity_end(answers, version, tier, scope);
        *out_is_lost = rc == TALLY_OK && !is_met;
        return rc;
    }
    if (scope->t < state->standing.hold_ends_ms || (tier->has_price && tier->keep_is_gain))
        return TALLY_OK;
    rc = ask(answers, version, tier->keep, scope, &is_met, err);
    if (rc != TALLY_OK || is_met)
        return rc;
    if (is_review(answers, version, &tier->reviewed, scope->t))
        *out_is_lost = true;
    else
        state->review_ms =
            tally_review_next(answers->context, version, &tier->reviewed, scope->t + 1);
    return TALLY_OK;
}

static tally_rc lose_tiers(tally_answers *answers, tally_tier_replay *replay,
                           const tally_scope *scope, bool *out_any_lost, tally_err *err)
{
    const tally_version *rules = &answers->context->policy->versions[replay->version];

    for (uint32_t i = 0; i < rules->tier_count; i++) {
        tier_state *state = &replay->states[rules->tiers[i].id];
        tally_rc rc;

        state->is_lost_now = false;
        if (state->review_ms <= scope->t)
            state->review_ms = TALLY_NEVER_MS;
        if (!state->standing.is_held)
            continue;
        rc = ask_lost(answers, replay->version, &rules->tiers[i], scope, state, &state->is_lost_now,
                      err);
        if (rc != TALLY_OK)
            return rc;
        if (state->is_lost_now) {
            state->standing = not_held;
            *out_any_lost = true;
        }
    }
    return TALLY_OK;
}

static tally_rc gain_tier(tally_answers *answers, tally_tier_replay *replay, const tally_tier *tier,
                          const tally_scope *scope, bool may_gain, tally_err *err)
{
    tier_state *state = &replay->states[tier->id];
    bool was_met = state->gain_was_met;
    bool is_met;
    tally_rc rc;

    if (state->standing.is_held && !tier->has_valid)
        return TALLY_OK;
    rc = ask(answers, replay->version, tier->gain, scope, &is_met, err);
    if (rc != TALLY_OK)
        return rc;
    state->gain_was_met = is_met;
    if (state->standing.is_held) {
        if (is_met && !was_met && !tier->has_price) { /* a price is paid for each time anew */
            int64_t until = validity_end(answers, replay->version, tier, scope);

            if (until > state->standing.valid_until_ms)
                state->standing.valid_until_ms = until;
        }
        return TALLY_OK;
    }
    if (tier->has_price) {
        if (!state->is_paid)
            return TALLY_OK;
        state->is_paid = false;
        state->gain_was_met = true;
    } else if (!is_met || state->is_lost_now || !may_gain) {
        return TALLY_OK;
    }
    hold_tier(answers, replay->version, tier, scope, state);
    return TALLY_OK;
}

/* -1: no tier. */
static int64_t highest(const tally_version *rules, const tier_state *states)
{
    for (uint32_t i = rules->tier_count; i-- > 0;) {
        if (states[rules->tiers[i].id].standing.is_held)
            return i;
    }
    return -1;
}

/* `drop: one step` and `climb: one step`. */
static void limit_steps(tally_answers *answers, tally_tier_replay *replay, const tally_scope *scope)
{
    const tally_version *rules = &answers->context->policy->versions[replay->version];
    int64_t was = highest(rules, replay->before), is = highest(rules, replay->states);

    if (rules->moves.drop_one && is < was - 1) {
        const tally_tier *tier = &rules->tiers[was - 1];

        hold_tier(answers, replay->version, tier, scope, &replay->states[tier->id]);
        return;
    }
    if (rules->moves.climb_one && is > was + 1) {
        bool has_new = false;

        for (uint32_t i = 0; i < rules->tier_count; i++) {
            uint32_t id = rules->tiers[i].id;

            if (!replay->states[id].standing.is_held || replay->before[id].standing.is_held)
                continue;
            if (has_new) {
                replay->states[id].standing = not_held;
                replay->states[id].gain_was_met = replay->before[id].gain_was_met;
            }
            has_new = true;
        }
    }
}

static bool is_same_standing(const tally_tier_standing *a, const tally_tier_standing *b)
{
    return a->is_held == b->is_held && a->gained_ms == b->gained_ms &&
           a->hold_ends_ms == b->hold_ends_ms && a->valid_until_ms == b->valid_until_ms;
}

/* Write down what moved. */
static tally_rc note_moves(tally_answers *answers, tally_tier_replay *replay, int64_t t,
                           bool *out_any, tally_err *err)
{
    for (uint32_t id = 0; id < replay->tier_count; id++) {
        if (is_same_standing(&replay->states[id].standing, &replay->before[id].standing))
            continue;
        *out_any = true;
        if (replay->move_count == replay->move_room) {
            uint32_t room = replay->move_room == 0 ? 16 : 2 * replay->move_room;
            tier_move *moves = tally_arena_zalloc_array(answers->arena, room, sizeof(*moves));

            if (moves == NULL)
                return tally_answers_no_memory(answers, err);
            if (replay->move_count > 0)
                memcpy(moves, replay->moves, replay->move_count * sizeof(*moves));
            replay->moves = moves;
            replay->move_room = room;
        }
        replay->moves[replay->move_count++] = (tier_move){ t, id, replay->states[id].standing };
    }
    return TALLY_OK;
}

static void enter_version(const tally_answers *answers, tally_tier_replay *replay, uint32_t version)
{
    const tally_version *rules = &answers->context->policy->versions[version];

    for (uint32_t id = 0; id < replay->tier_count; id++) {
        bool is_known = false;

        for (uint32_t i = 0; i < rules->tier_count; i++)
            is_known = is_known || rules->tiers[i].id == id;
        if (!is_known)
            replay->states[id].standing = not_held;
        replay->states[id].review_ms = TALLY_NEVER_MS;
    }
    replay->review_ms = TALLY_NEVER_MS;
    replay->version = version;
}

static void see_prices(const tally_answers *answers, tally_tier_replay *replay, int64_t t)
{
    const tally_context *context = answers->context;

    for (; replay->next_entry < context->entry_count; replay->next_entry++) {
        const tally_award_entry *entry = &context->entries[replay->next_entry];

        if (entry->at_ms > t)
            return;
        if (entry->tier != TALLY_NO_INDEX)
            replay->states[context->policy->versions[entry->version].tiers[entry->tier].id]
                .is_paid = true;
    }
}

/* While moves are locked a gain rule may become met, and later is no news. */
static tally_rc watch_gains(tally_answers *answers, tally_tier_replay *replay,
                            const tally_scope *scope, tally_err *err)
{
    const tally_version *rules = &answers->context->policy->versions[replay->version];
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; i < rules->tier_count && rc == TALLY_OK; i++) {
        if (rules->tiers[i].has_valid)
            rc = ask(answers, replay->version, rules->tiers[i].gain, scope,
                     &replay->states[rules->tiers[i].id].gain_was_met, err);
    }
    return rc;
}

static tally_rc run_moves(tally_answers *answers, tally_tier_replay *replay,
                          const tally_scope *scope, tally_err *err)
{
    const tally_version *rules = &answers->context->policy->versions[replay->version];
    bool is_reviewed = rules->moves.reviewed.kind != TALLY_REVIEW_ALWAYS;
    bool any_lost = false, is_locked = false;
    tally_rc rc = TALLY_OK;

    if (rules->moves.locked_while != NULL)
        rc = ask(answers, replay->version, rules->moves.locked_while, scope, &is_locked, err);
    if (rc != TALLY_OK)
        return rc;
    if (!is_review(answers, replay->version, &rules->moves.reviewed, scope->t)) {
        replay->review_ms =
            tally_review_next(answers->context, replay->version, &rules->moves.reviewed, scope->t);
        return TALLY_OK;
    }
    if (is_locked)
        return watch_gains(answers, replay, scope, err);
    rc = lose_tiers(answers, replay, scope, &any_lost, err);
    for (uint32_t i = 0; i < rules->tier_count && rc == TALLY_OK; i++)
        rc = gain_tier(answers, replay, &rules->tiers[i], scope, !(is_reviewed && any_lost), err);
    if (rc == TALLY_OK)
        limit_steps(answers, replay, scope);
    return rc;
}

/* One instant. */
static tally_rc replay_instant(tally_answers *answers, tally_tier_replay *replay, int64_t t,
                               tally_err *err)
{
    uint32_t version = tally_context_version_at(answers->context, t);
    tally_scope scope = tally_scope_at(answers->context, t);
    bool any_moved = false;
    tally_rc rc;

    memcpy(replay->before, replay->states, replay->tier_count * sizeof(*replay->states));
    replay->reached_ms = t;
    replay->is_at_work = true;
    if (version != replay->version)
        enter_version(answers, replay, version);
    if (replay->review_ms <= t)
        replay->review_ms = TALLY_NEVER_MS;
    see_prices(answers, replay, t);
    rc = run_moves(answers, replay, &scope, err);
    if (rc == TALLY_OK)
        rc = note_moves(answers, replay, t, &any_moved, err);
    replay->is_at_work = false;
    /* One step may follow another, a gain may have waited for a loss. */
    if (rc == TALLY_OK && any_moved &&
        answers->context->policy->versions[version].moves.reviewed.kind != TALLY_REVIEW_ALWAYS)
        replay->review_ms =
            tally_review_next(answers->context, version,
                              &answers->context->policy->versions[version].moves.reviewed, t + 1);
    return rc;
}

static int64_t next_own_instant(const tally_tier_replay *replay)
{
    int64_t next = replay->review_ms > replay->reached_ms ? replay->review_ms : TALLY_NEVER_MS;

    for (uint32_t id = 0; id < replay->tier_count; id++) {
        const tier_state *state = &replay->states[id];
        const int64_t instants[] = { state->standing.hold_ends_ms, state->standing.valid_until_ms,
                                     state->review_ms };

        if (!state->standing.is_held)
            continue;
        for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
            if (instants[i] > replay->reached_ms && instants[i] < next)
                next = instants[i];
        }
    }
    return next;
}

/* Replay every instant up to `to`. */
static tally_rc advance(tally_answers *answers, tally_tier_replay *replay, int64_t to,
                        tally_err *err)
{
    const int64_t *instants;
    uint32_t count, at = 0;
    tally_rc rc;

    if (!replay->is_begun) {
        if (answers->context->events.count == 0 || answers->context->events.at_ms[0] > to)
            return TALLY_OK;
        replay->is_begun = true;
        replay->reached_ms = answers->context->events.at_ms[0] - 1;
        replay->version = tally_context_version_at(answers->context, replay->reached_ms);
    }
    if (to <= replay->reached_ms)
        return TALLY_OK;
    rc = tally_changes_between(answers, replay->reached_ms, to, &instants, &count, err);
    while (rc == TALLY_OK) {
        int64_t next = next_own_instant(replay);

        while (at < count && instants[at] <= replay->reached_ms)
            at++;
        if (at < count && instants[at] < next)
            next = instants[at];
        if (next > to)
            break;
        rc = replay_instant(answers, replay, next, err);
    }
    if (rc == TALLY_OK)
        replay->reached_ms = to;
    return rc;
}

static tally_tier_standing standing_at(const tally_tier_replay *replay, uint32_t id, int64_t t)
{
    if (t >= replay->reached_ms)
        return replay->states[id].standing;
    for (uint32_t i = replay->move_count; i-- > 0;) {
        if (replay->moves[i].id == id && replay->moves[i].at_ms <= t)
            return replay->moves[i].standing;
    }
    return not_held;
}

/* Without memory: the gain rule at the scope's instant. */
static tally_rc ask_gain(tally_answers *answers, uint32_t version, uint32_t tier,
                         const tally_scope *scope, tally_tier_standing *out_standing,
                         tally_err *err)
{
    bool is_met = false;
    tally_rc rc = TALLY_OK;

    if (scope->place > 0)
        rc = ask(answers, version, answers->context->policy->versions[version].tiers[tier].gain,
                 scope, &is_met, err);
    if (rc != TALLY_OK)
        return rc;
    *out_standing = not_held;
    out_standing->is_held = is_met;
    return TALLY_OK;
}

tally_rc tally_tier_at(tally_answers *answers, uint32_t version, uint32_t tier, int64_t t,
                       tally_tier_standing *out_standing, tally_err *err)
{
    uint32_t id = answers->context->policy->versions[version].tiers[tier].id;
    tally_tier_replay *replay = NULL;
    tally_rc rc = get_replay(answers, &replay, err);

    if (rc != TALLY_OK)
        return rc;
    if (!replay->has_memory) {
        tally_scope scope = tally_scope_at(answers->context, t);

        return ask_gain(answers, version, tier, &scope, out_standing, err);
    }
    if (!replay->is_at_work)
        rc = advance(answers, replay, t, err);
    if (rc == TALLY_OK)
        *out_standing = standing_at(replay, id, t);
    return rc;
}

tally_rc tally_tiers_at(tally_answers *answers, int64_t t, uint32_t *out_tier,
                        tally_tier_standing *out_standing, tally_err *err)
{
    uint32_t version = tally_context_version_at(answers->context, t);
    const tally_version *rules = &answers->context->policy->versions[version];

    for (uint32_t i = rules->tier_count; i-- > 0;) {
        tally_tier_standing standing;
        tally_rc rc = tally_tier_at(answers, version, i, t, &standing, err);

        if (rc != TALLY_OK)
            return rc;
        if (standing.is_held) {
            *out_tier = i;
            *out_standing = standing;
            return TALLY_OK;
        }
    }
    *out_tier = TALLY_NO_INDEX;
    *out_standing = not_held;
    return TALLY_OK;
}

int64_t tally_tiers_next(const tally_answers *answers)
{
    const tally_tier_replay *replay = answers->tiers;

    if (replay == NULL || !replay->has_memory || !replay->is_begun)
        return TALLY_NEVER_MS;
    return next_own_instant(replay);
}

tally_rc tally_tiers_held(tally_context *context, uint32_t version, uint32_t tier,
                          const tally_scope *scope, int64_t *out_condition, tally_err *err)
{
    tally_answers *answers = context->hooks.data;
    tally_tier_standing standing;
    tally_rc rc = tally_tier_at(answers, version, tier, scope->t, &standing, err);

    if (rc == TALLY_OK)
        *out_condition = standing.is_held ? 1 : 0;
    return rc;
}

tally_rc tally_tiers_still_held(tally_context *context, uint32_t version, uint32_t tier,
                                int64_t paid_ms, const tally_scope *scope, bool *out_is_held,
                                tally_err *err)
{
    tally_answers *answers = context->hooks.data;
    const tally_tier *rule = &context->policy->versions[version].tiers[tier];
    tally_tier_replay *replay = NULL;
    tier_state state;
    bool is_lost;
    tally_rc rc = get_replay(answers, &replay, err);

    if (rc != TALLY_OK)
        return rc;
    if (paid_ms == scope->t) {
        *out_is_held = true;
        return TALLY_OK;
    }
    rc = advance(answers, replay, scope->t - 1, err);
    if (rc != TALLY_OK)
        return rc;
    state = replay->states[rule->id];
    if (!state.standing.is_held) {
        *out_is_held = state.is_paid; /* paid for, and given at the next review */
        return TALLY_OK;
    }
    rc = ask_lost(answers, version, rule, scope, &state, &is_lost, err);
    if (rc == TALLY_OK)
        *out_is_held = !is_lost;
    return rc;
}
