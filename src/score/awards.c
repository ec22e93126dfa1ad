/* SPDX-License-Identifier: Apache-2.0 */
/* The pass: what each event earns (docs/policy-language.md section 5).
 *
 * Events are settled in order, each under the version in force at its `at`,
 * its awards as written: when, points, limits, floor and ceiling, credit. Times
 * at which an entry takes effect or ends are settled here too, from all that
 * is known. What is then worth how much at an instant is amounts.c. */

#include <string.h>

#include "score/pass.h"

tally_rc tally_pass_buffer(tally_context *context, void **io_buffer, size_t *io_room, size_t bytes,
                           tally_err *err)
{
    size_t room = bytes > *io_room * 2 ? bytes : *io_room * 2;
    void *buffer;

    if (*io_buffer != NULL && bytes <= *io_room)
        return TALLY_OK;
    buffer = tally_arena_alloc(context->arena, room);
    if (buffer == NULL)
        return tally_engine_no_memory(context, err);
    *io_buffer = buffer;
    *io_room = room;
    return TALLY_OK;
}

/* ---- when an entry takes effect and ends ---------------------------------------- */

/* The deadline of the first row that the event meets; TALLY_NEVER_MS if none. */
static tally_rc ask_expiry(tally_context *context, uint32_t version,
                           const tally_deadline_table *table, const tally_scope *scope,
                           int64_t *out_ms, tally_err *err)
{
    for (uint32_t i = 0; i < table->count; i++) {
        int64_t condition = 1;
        tally_rc rc = TALLY_OK;

        if (table->conditions != NULL)
            rc = tally_evaluate_condition(context, version, table->conditions[i], scope, &condition,
                                          err);
        if (rc != TALLY_OK)
            return rc;
        if (condition == 1) {
            *out_ms = tally_deadline_with_pauses(context, version, &table->deadlines[i], scope->t,
                                                 scope->offset_s);
            return TALLY_OK;
        }
    }
    *out_ms = TALLY_NEVER_MS;
    return TALLY_OK;
}

static int64_t effect_of(const tally_context *context, uint32_t version, const tally_award *award,
                         const tally_scope *scope)
{
    int64_t effect = scope->t;

    if (award->has_counts_after)
        effect = tally_deadline_with_pauses(context, version, &award->counts_after, scope->t,
                                            scope->offset_s);
    if (award->once_confirmed) {
        int64_t confirmed = TALLY_NEVER_MS;
        uint32_t first;
        uint32_t count = tally_context_marks_of(context, scope->root, &first);

        for (uint32_t i = 0; i < count; i++)
            if (context->marks[first + i].kind == TALLY_MARK_STANDS) {
                confirmed = context->marks[first + i].at_ms;
                break;
            }
        effect = confirmed > effect ? confirmed : effect;
    }
    /* A deduction that would take effect in a pause waits for its end. */
    for (uint32_t i = 0; award->is_deduction && i < context->pause_count; i++)
        if (context->pauses[i].from_ms <= effect && effect < context->pauses[i].to_ms)
            effect = context->pauses[i].to_ms;
    return effect;
}

/* The first reversal or dropped finding, or the repair of a deduction. */
static int64_t end_of(const tally_context *context, const tally_award *award, uint32_t event)
{
    const tally_events *events = &context->events;
    int64_t end = TALLY_NEVER_MS;
    uint32_t first;
    uint32_t count = tally_context_marks_of(context, event, &first);
    int64_t obligation;

    for (uint32_t i = 0; i < count && end == TALLY_NEVER_MS; i++)
        if (context->marks[first + i].kind == TALLY_MARK_REVERSAL ||
            context->marks[first + i].kind == TALLY_MARK_DROPPED)
            end = context->marks[first + i].at_ms;
    if (!award->is_deduction || award->repair_type == TALLY_NO_INDEX ||
        award->obligation_slot_of_type == NULL)
        return end;
    obligation =
        tally_events_field(events, event, award->obligation_slot_of_type[events->type[event]]);
    for (uint32_t i = event + 1; obligation != TALLY_NOTHING && i < events->count; i++)
        if (events->type[i] == award->repair_type &&
            tally_events_field(events, i, award->obligation_slot_of_type[award->repair_type]) ==
                obligation)
            return events->at_ms[i] < end ? events->at_ms[i] : end;
    return end;
}

/* ---- one award of one event -------------------------------------------------------- */

static tally_rc raw_amount(tally_context *context, uint32_t version, const tally_award *award,
                           const tally_scope *scope, int64_t *out_raw, tally_err *err)
{
    int64_t field, amount;
    tally_value value;
    tally_rc rc;

    if (award->is_linear) {
        if (award->linear_slot < 0) {
            *out_raw = award->linear_constant;
            return TALLY_OK;
        }
        field = tally_events_field(&context->events, scope->event, award->linear_slot);
        if (!tally_mul_i64(field, award->linear_coefficient, &amount) ||
            !tally_add_i64(amount, award->linear_constant, out_raw) || *out_raw == TALLY_NOTHING)
            return tally_engine_overflow(
                award->points != NULL ? &award->points->span : &award->span, err);
        return TALLY_OK;
    }
    rc = tally_evaluate(context, version, award->points, scope, &value, err);
    if (rc == TALLY_OK)
        *out_raw = value.a;
    return rc;
}

static tally_rc add_entry(tally_context *context, const tally_award_entry *entry, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    uint32_t count = context->entry_count;

    if (count == pass->entry_room) {
        uint32_t room = count == 0 ? 16 : count * 2;
        tally_award_entry *entries;
        uint32_t *last;

        if (count > UINT32_MAX / 4)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "too many awards for one subject");
        if (count == 0 && context->events.count > room)
            room = context->events.count;
        entries = tally_arena_alloc(context->arena, room * sizeof(*entries));
        last = tally_arena_alloc(context->arena, room * sizeof(*last));
        if (entries == NULL || last == NULL)
            return tally_engine_no_memory(context, err);
        if (count > 0) {
            memcpy(entries, pass->entries, count * sizeof(*entries));
            memcpy(last, pass->last_spend, count * sizeof(*last));
        }
        pass->entries = entries;
        pass->last_spend = last;
        pass->entry_room = room;
        context->entries = entries;
    }
    pass->entries[count] = *entry;
    pass->last_spend[count] = TALLY_NO_INDEX;
    context->entry_count++;
    return TALLY_OK;
}

/* Settle the amount of a new entry: what it is credited, or what it spends. */
static tally_rc settle_amount(tally_context *context, uint32_t version, const tally_award *award,
                              const tally_scope *scope, tally_award_entry *entry, tally_err *err)
{
    int64_t amount, bounded;
    bool is_late;
    uint32_t index;
    tally_rc rc = tally_limits_cut(context, version, award, scope, entry->raw, &amount,
                                   &entry->cutting_limit, err);

    is_late = !award->spends && tally_bounds_are_late(context, entry);
    bounded = amount;
    if (rc == TALLY_OK && !is_late)
        rc = tally_bounds_cut(context, version, scope->t, amount, &bounded, err);
    if (rc != TALLY_OK)
        return rc;
    entry->cut_by_limit = entry->raw - amount; /* both have one sign, amount is the smaller */
    entry->cut_by_floor = amount - bounded;
    entry->credited = award->spends && bounded < 0 ? 0 : bounded;
    entry->is_spending = award->spends && bounded < 0;
    index = context->entry_count;
    rc = add_entry(context, entry, err);
    if (rc == TALLY_OK && is_late)
        rc = tally_bounds_wait(context, index, err);
    if (rc == TALLY_OK && entry->is_spending) {
        int64_t taken = 0;

        rc = tally_spending_take(context, index, -bounded, scope->t, &taken, err);
        context->pass->entries[index].cut_by_floor += bounded + taken;
        bounded = -taken;
    }
    if (rc == TALLY_OK)
        rc = tally_limits_charge(context, version, award, scope, index, bounded, err);
    return rc;
}

static tally_rc settle_award(tally_context *context, uint32_t version, uint32_t award_index,
                             const tally_scope *scope, tally_err *err)
{
    const tally_award *award = &context->policy->versions[version].awards[award_index];
    tally_award_entry entry = {
        .event = scope->root,
        .version = version,
        .award = award_index,
        .tier = TALLY_NO_INDEX,
        .at_ms = scope->t,
        .cutting_limit = TALLY_NO_INDEX,
    };
    int64_t condition;
    tally_rc rc = tally_evaluate_condition(context, version, award->when, scope, &condition, err);

    if (rc != TALLY_OK || condition != 1)
        return rc;
    rc = raw_amount(context, version, award, scope, &entry.raw, err);
    if (rc != TALLY_OK || entry.raw == TALLY_NOTHING)
        return rc;
    rc = ask_expiry(context, version, &award->expires, scope, &entry.expires_ms, err);
    if (rc != TALLY_OK)
        return rc;
    entry.effect_ms = effect_of(context, version, award, scope);
    entry.ended_ms = end_of(context, award, scope->root);
    return settle_amount(context, version, award, scope, &entry, err);
}

/* ---- tiers as prices ------------------------------------------------------------------ */

static tally_rc has_paid(tally_context *context, uint32_t version, uint32_t tier,
                         const tally_scope *scope, bool *out_is_held, tally_err *err)
{
    const tally_tier *rule = &context->policy->versions[version].tiers[tier];
    int64_t paid_ms = context->pass->paid_ms[rule->id];

    *out_is_held = paid_ms != TALLY_NOTHING;
    if (!*out_is_held || context->hooks.still_held == NULL)
        return TALLY_OK;
    return context->hooks.still_held(context, version, tier, paid_ms, scope, out_is_held, err);
}

static tally_rc pay_price(tally_context *context, uint32_t version, uint32_t tier,
                          const tally_scope *scope, const tally_standing *standing, tally_err *err)
{
    const tally_tier *rule = &context->policy->versions[version].tiers[tier];
    tally_award_entry entry = {
        .event = scope->root,
        .version = version,
        .award = TALLY_NO_INDEX,
        .tier = tier,
        .at_ms = scope->t,
        .cutting_limit = TALLY_NO_INDEX,
        .effect_ms = scope->t,
        .expires_ms = TALLY_NEVER_MS,
        .ended_ms = TALLY_NEVER_MS,
        .is_spending = true,
    };
    int64_t price = rule->price;
    int64_t left, taken;
    uint32_t index = context->entry_count;
    tally_rc rc;

    if (!tally_sub_i64(standing->score, price, &left) ||
        (left > rule->carry && !tally_add_i64(price, left - rule->carry, &price)))
        return tally_engine_overflow(&rule->span, err);
    entry.raw = -price;
    rc = add_entry(context, &entry, err);
    if (rc == TALLY_OK)
        rc = tally_spending_take(context, index, price, scope->t, &taken, err);
    if (rc == TALLY_OK) {
        context->pass->entries[index].cut_by_floor = taken - price;
        context->pass->paid_ms[rule->id] = scope->t;
    }
    return rc;
}

/* After an event: a tier that the score reaches and that is not held is paid for. */
static tally_rc settle_prices(tally_context *context, uint32_t version, const tally_scope *scope,
                              tally_err *err)
{
    const tally_version *rules = &context->policy->versions[version];
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < rules->tier_count; i++) {
        const tally_tier *tier = &rules->tiers[i];
        tally_standing standing;
        bool is_held;
        int64_t sum;

        if (!tier->has_price || !tier->has_from)
            continue;
        rc = tally_standing_sum(context, scope->t, context->pass->first_entry, context->entry_count,
                                &sum, err);
        if (rc == TALLY_OK)
            rc = tally_standing_make(context, version, sum, &standing, err);
        if (rc != TALLY_OK || standing.shown < tier->from)
            continue;
        rc = has_paid(context, version, i, scope, &is_held, err);
        if (rc == TALLY_OK && !is_held)
            rc = pay_price(context, version, i, scope, &standing, err);
    }
    return rc;
}

/* ---- the pass ---------------------------------------------------------------------------- */

static bool has_prices(const tally_version *version)
{
    for (uint32_t i = 0; i < version->tier_count; i++)
        if (version->tiers[i].has_price)
            return true;
    return false;
}

static bool is_plain(const struct tally_policy *policy)
{
    for (uint32_t i = 0; i < policy->version_count; i++) {
        const tally_version *version = &policy->versions[i];

        for (uint32_t j = 0; j < version->award_count; j++)
            if (version->awards[j].decay != TALLY_DECAY_NONE)
                return false;
        for (uint32_t j = 0; j < version->limit_count; j++)
            if (version->limits[j].kind == TALLY_LIMIT_NET ||
                version->limits[j].kind == TALLY_LIMIT_BEST)
                return false;
    }
    return true;
}

static tally_rc open_pass(tally_context *context, tally_err *err)
{
    struct tally_pass *pass = tally_arena_zalloc(context->arena, sizeof(*pass));
    const struct tally_policy *policy = context->policy;

    if (pass == NULL)
        return tally_engine_no_memory(context, err);
    pass->is_plain = is_plain(policy);
    for (uint32_t i = 0; i < policy->version_count; i++) {
        const tally_version *version = &policy->versions[i];

        pass->is_bounded = pass->is_bounded || version->score.each_event;
        for (uint32_t j = 0; j < version->award_count; j++)
            pass->has_deductions = pass->has_deductions || version->awards[j].is_deduction;
    }
    pass->paid_ms =
        tally_arena_alloc(context->arena, policy->tier_id_count * sizeof(*pass->paid_ms));
    if (pass->paid_ms == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < policy->tier_id_count; i++)
        pass->paid_ms[i] = TALLY_NOTHING;
    context->pass = pass;
    return TALLY_OK;
}

tally_rc tally_awards_run(tally_context *context, tally_err *err)
{
    const tally_events *events = &context->events;
    uint32_t end = tally_context_place(context, context->known_ms);
    uint32_t known_version = TALLY_NO_INDEX;
    bool is_priced = false;
    tally_rc rc;

    TALLY_ASSERT(context->pass == NULL);
    rc = open_pass(context, err);
    for (uint32_t event = 0; rc == TALLY_OK && event < end; event++) {
        uint32_t version = tally_context_version_at(context, events->at_ms[event]);
        const tally_version *rules = &context->policy->versions[version];
        uint32_t type = events->type[event];
        uint32_t count = rules->award_count_of_type[type];
        tally_scope scope;

        if (version != known_version) {
            known_version = version;
            is_priced = has_prices(rules);
        }
        if (count == 0 && !is_priced)
            continue;
        scope = tally_scope_of_event(context, event);
        rc = tally_bounds_settle(context, scope.t, err);
        context->pass->event = event;
        context->pass->first_entry = context->entry_count;
        for (uint32_t i = 0; rc == TALLY_OK && i < count; i++)
            rc = settle_award(context, version, rules->awards_of_type[type][i], &scope, err);
        if (rc == TALLY_OK && is_priced)
            rc = settle_prices(context, version, &scope, err);
    }
    if (rc == TALLY_OK)
        rc = tally_bounds_settle(context, context->known_ms, err);
    if (rc == TALLY_OK)
        context->pass->is_done = true;
    return rc;
}

/* ---- earned ------------------------------------------------------------------------------- */

tally_rc tally_earned_in(tally_context *context, uint32_t version, const tally_expr *expr,
                         const tally_scope *scope, int64_t *out_points, tally_err *err)
{
    const struct tally_policy *policy = context->policy;
    uint32_t id = expr->index == TALLY_NO_INDEX ? TALLY_NO_INDEX
                                                : policy->versions[version].awards[expr->index].id;
    uint32_t before = scope->event != TALLY_NO_INDEX ? scope->event : scope->root;
    tally_window_range range;
    tally_i128 points = 0;
    tally_rc rc = tally_window_resolve(context, version, expr->window, scope, &range, err);

    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = tally_entries_before(context, range.low); i < context->entry_count; i++) {
        const tally_award_entry *entry = &context->entries[i];
        const tally_award *award = tally_entry_award(context, i);

        rc = tally_engine_work(context, 1, &expr->span, err);
        if (rc != TALLY_OK)
            return rc;
        if (entry->event >= range.high || entry->event >= before) /* none in scope: the greatest */
            break;
        if (award == NULL || (id != TALLY_NO_INDEX && award->id != id) ||
            entry->ended_ms <= scope->t ||
            !tally_window_has(context, version, &range, entry->event))
            continue;
        points += entry->credited;
    }
    if (!tally_narrow_i64(points, out_points) || *out_points == TALLY_NOTHING)
        return tally_engine_overflow(&expr->span, err);
    return TALLY_OK;
}
