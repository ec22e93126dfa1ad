/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions (docs/policy-language.md section 3).
 *
 * A tree walk. Every value is asked of a scope: an instant, the events it may
 * see, and the event whose fields bare names mean. Conditions have three
 * values; TALLY_NOTHING is the third. A let is asked once per scope and then
 * remembered, so that chains of lets cost what they say and not their paths. */

#include "score/engine.h"

#define UNKNOWN TALLY_NOTHING

/* Of any operator of arithmetic; min and max take any number, one by one. */
#define ARGS_MAX 3u

struct tally_let_cache {
    tally_scope scope;
    uint32_t entry_count; /* while awards are settled, answers about an instant grow with them */
    bool is_known;
    tally_value value;
};

static tally_value plain(int64_t a)
{
    return (tally_value){ a, 1 };
}

static bool is_nothing(tally_value value)
{
    return value.a == TALLY_NOTHING;
}

static int64_t negate_condition(int64_t condition)
{
    return condition == UNKNOWN ? UNKNOWN : !condition;
}

/* ---- the event in scope, and others ---------------------------------------- */

static tally_value event_value(const tally_context *context, uint32_t version,
                               const tally_expr *expr, tally_op op, uint32_t event)
{
    const tally_events *events = &context->events;
    const tally_zone *zone;

    if (event == TALLY_NO_INDEX)
        return plain(TALLY_NOTHING);
    switch (op) {
    case TALLY_OP_FIELD:
        return plain(tally_events_field(events, event, expr->slot_of_type[events->type[event]]));
    case TALLY_OP_AT:
        return plain(events->at_ms[event]);
    case TALLY_OP_RECORDED:
        return plain(tally_events_recorded(events, event));
    case TALLY_OP_SUBJECT:
        return plain(events->subject != NULL ? (int64_t)events->subject[event] : TALLY_NOTHING);
    case TALLY_OP_DAY_OF:
        zone = tally_context_zone(context, version, TALLY_NO_INDEX);
        return plain(
            tally_local_day(zone, tally_events_offset(events, event), events->at_ms[event]));
    default:
        TALLY_ASSERT(op == TALLY_OP_PERIOD_OF);
        zone = tally_context_zone(context, version, TALLY_NO_INDEX);
        return plain(tally_local_period(zone, tally_events_offset(events, event),
                                        (tally_unit)expr->unit, events->at_ms[event]));
    }
}

static tally_rc reference_value(tally_context *context, uint32_t version, const tally_expr *expr,
                                const tally_scope *scope, tally_op op, tally_value *out_value,
                                tally_err *err)
{
    tally_value reference;
    tally_rc rc = tally_evaluate(context, version, expr->args[0], scope, &reference, err);

    if (rc == TALLY_OK)
        *out_value = event_value(context, version, expr, op,
                                 is_nothing(reference) ? TALLY_NO_INDEX : (uint32_t)reference.a);
    return rc;
}

/* ---- names -------------------------------------------------------------------- */

static bool is_same_scope(const tally_scope *a, const tally_scope *b)
{
    return a->t == b->t && a->first == b->first && a->place == b->place && a->event == b->event &&
           a->root == b->root && a->offset_s == b->offset_s;
}

/* The caches of a version's lets; made when the first let is asked. */
static struct tally_let_cache *let_cache(tally_context *context, uint32_t version, uint32_t let)
{
    const struct tally_policy *policy = context->policy;
    uint32_t before = 0;

    if (context->let_cache == NULL) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < policy->version_count; i++)
            count += policy->versions[i].let_count;
        context->let_cache =
            tally_arena_zalloc_array(context->arena, count, sizeof(*context->let_cache));
        if (context->let_cache == NULL)
            return NULL;
    }
    for (uint32_t i = 0; i < version; i++)
        before += policy->versions[i].let_count;
    return &context->let_cache[before + let];
}

static tally_rc let_value(tally_context *context, uint32_t version, const tally_expr *expr,
                          const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    const tally_version *rules = &context->policy->versions[version];
    tally_scope asked = *scope;
    struct tally_let_cache *cache;
    tally_rc rc;

    if (expr->index >= rules->let_count) { /* a local let of admission, with the record in scope */
        TALLY_ASSERT(expr->index - rules->let_count < context->local_let_count);
        return tally_evaluate(context, version,
                              context->local_lets[expr->index - rules->let_count].expr, scope,
                              out_value, err);
    }
    asked.event = asked.root;
    asked.outer = TALLY_NO_INDEX;
    cache = let_cache(context, version, expr->index);
    if (cache == NULL)
        return tally_engine_no_memory(context, err);
    if (cache->is_known && cache->entry_count == context->entry_count &&
        is_same_scope(&cache->scope, &asked)) {
        *out_value = cache->value;
        return TALLY_OK;
    }
    rc = tally_evaluate(context, version, rules->lets[expr->index].expr, &asked, out_value, err);
    if (rc == TALLY_OK && context->history != NULL) /* admission changes events in place */
        *cache = (struct tally_let_cache){ asked, context->entry_count, true, *out_value };
    return rc;
}

static tally_value fact_value(const tally_context *context, uint32_t version,
                              const tally_expr *expr, const tally_scope *scope)
{
    const tally_fact *fact = &context->policy->versions[version].facts[expr->index];
    const tally_fact_series *series =
        context->fact_series != NULL ? context->fact_series[version][expr->index] : NULL;
    const int64_t *starts = series != NULL ? series->from_ms : fact->from_day;
    uint32_t low = 0;
    uint32_t high = series != NULL ? series->count : fact->count;
    int64_t key = scope->t;

    if (series == NULL)
        key = tally_local_day(tally_context_zone(context, version, TALLY_NO_INDEX), scope->offset_s,
                              scope->t);
    while (low < high) { /* the first value that begins later */
        uint32_t middle = low + (high - low) / 2;

        if (starts[middle] <= key)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return plain(TALLY_NOTHING);
    return plain(series != NULL ? series->values[low - 1] : fact->values[low - 1]);
}

static tally_rc name_value(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    int64_t value = 0;
    tally_rc rc = TALLY_OK;

    switch (expr->op) {
    case TALLY_OP_LET:
        return let_value(context, version, expr, scope, out_value, err);
    case TALLY_OP_FACT:
        *out_value = fact_value(context, version, expr, scope);
        return TALLY_OK;
    case TALLY_OP_STREAK:
        if (context->hooks.streak != NULL)
            rc = context->hooks.streak(context, version, expr->index, scope, &value, err);
        break;
    case TALLY_OP_HELD:
        if (context->hooks.held != NULL)
            rc = context->hooks.held(context, version, expr->index, scope, &value, err);
        break;
    case TALLY_OP_SCORE:
        rc = tally_score_shown(context, scope, &value, err);
        break;
    case TALLY_OP_EARNED:
        rc = tally_earned_in(context, version, expr, scope, &value, err);
        break;
    case TALLY_OP_NOW:
        value = scope->t;
        break;
    case TALLY_OP_TODAY:
        value = tally_local_day(tally_context_zone(context, version, TALLY_NO_INDEX),
                                scope->offset_s, scope->t);
        break;
    default:
        TALLY_ASSERT(expr->op == TALLY_OP_PAUSED);
        value = tally_pauses_is_running(context, scope->t);
        break;
    }
    if (rc == TALLY_OK)
        *out_value = plain(value);
    return rc;
}

/* ---- conditions ----------------------------------------------------------------- */

static bool is_literal_nothing(const tally_expr *expr)
{
    return expr->op == TALLY_OP_LITERAL && expr->value == TALLY_NOTHING;
}

static int64_t compare_values(const tally_expr *expr, const tally_expr *right, tally_op op,
                              tally_value a, tally_value b)
{
    const tally_expr *left = expr->args[0];
    int order;

    if (is_nothing(a) || is_nothing(b))
        return UNKNOWN;
    order = tally_value_compare(left->type, left->decimals, a, right->type, right->decimals, b);
    switch (op) {
    case TALLY_OP_IS:
        return order == 0;
    case TALLY_OP_IS_NOT:
        return order != 0;
    case TALLY_OP_LESS:
        return order < 0;
    case TALLY_OP_LESS_OR_EQUAL:
        return order <= 0;
    case TALLY_OP_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static tally_rc comparison(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, int64_t *out_condition, tally_err *err)
{
    const tally_expr *left = expr->args[0];
    const tally_expr *right = expr->args[1];
    tally_value a, b;
    tally_rc rc = tally_evaluate(context, version, left, scope, &a, err);

    if (rc == TALLY_OK)
        rc = tally_evaluate(context, version, right, scope, &b, err);
    if (rc != TALLY_OK)
        return rc;
    /* `X is nothing` asks whether there is an X. */
    if ((expr->op == TALLY_OP_IS || expr->op == TALLY_OP_IS_NOT) &&
        (is_literal_nothing(left) || is_literal_nothing(right)))
        *out_condition = (is_nothing(a) && is_nothing(b)) == (expr->op == TALLY_OP_IS);
    else
        *out_condition = compare_values(expr, right, expr->op, a, b);
    return TALLY_OK;
}

static tally_rc membership(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, int64_t *out_condition, tally_err *err)
{
    int64_t condition = 0;
    tally_value needle, value;
    tally_rc rc = tally_evaluate(context, version, expr->args[0], scope, &needle, err);

    if (rc == TALLY_OK && is_nothing(needle))
        condition = UNKNOWN;
    for (uint32_t i = 1; rc == TALLY_OK && condition == 0 && i < expr->arg_count; i++) {
        rc = tally_evaluate(context, version, expr->args[i], scope, &value, err);
        if (rc == TALLY_OK)
            condition = compare_values(expr, expr->args[i], TALLY_OP_IS, needle, value) == 1;
    }
    if (rc == TALLY_OK)
        *out_condition = condition;
    return rc;
}

/* all of, any of, none of, at least K of: count who is met and who is unknown. */
static tally_rc several(tally_context *context, uint32_t version, const tally_expr *expr,
                        const tally_scope *scope, int64_t *out_condition, tally_err *err)
{
    bool is_all = expr->op == TALLY_OP_ALL_OF;
    int64_t needed = is_all ? expr->arg_count : expr->op == TALLY_OP_AT_LEAST_OF ? expr->value : 1;
    int64_t met = 0;
    int64_t unknown = 0;
    int64_t condition;

    for (uint32_t i = 0; i < expr->arg_count; i++) {
        tally_value leg;
        tally_rc rc = tally_evaluate(context, version, expr->args[i], scope, &leg, err);

        if (rc != TALLY_OK)
            return rc;
        if (is_nothing(leg))
            unknown++;
        else if (leg.a != 0)
            met++;
        /* What is left to ask may no longer matter. */
        if (met >= needed || met + unknown + (int64_t)(expr->arg_count - 1 - i) < needed)
            break;
    }
    condition = met >= needed ? 1 : met + unknown >= needed ? UNKNOWN : 0;
    *out_condition = expr->op == TALLY_OP_NONE_OF ? negate_condition(condition) : condition;
    return TALLY_OK;
}

static tally_rc condition_value(tally_context *context, uint32_t version, const tally_expr *expr,
                                const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    int64_t condition = 0;
    tally_value value;
    tally_rc rc;

    switch (expr->op) {
    case TALLY_OP_IS_ONE_OF:
        rc = membership(context, version, expr, scope, &condition, err);
        break;
    case TALLY_OP_EXISTS:
        rc = tally_evaluate(context, version, expr->args[0], scope, &value, err);
        if (rc == TALLY_OK)
            condition = !is_nothing(value);
        break;
    case TALLY_OP_NOT:
        rc = tally_evaluate(context, version, expr->args[0], scope, &value, err);
        if (rc == TALLY_OK)
            condition = negate_condition(value.a);
        break;
    case TALLY_OP_ALL_OF:
    case TALLY_OP_ANY_OF:
    case TALLY_OP_NONE_OF:
    case TALLY_OP_AT_LEAST_OF:
        rc = several(context, version, expr, scope, &condition, err);
        break;
    default:
        rc = comparison(context, version, expr, scope, &condition, err);
        break;
    }
    if (rc == TALLY_OK)
        *out_value = plain(condition);
    return rc;
}

/* ---- choice and arithmetic --------------------------------------------------------- */

static tally_rc choice(tally_context *context, uint32_t version, const tally_expr *expr,
                       const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    tally_value condition;
    tally_rc rc;

    if (expr->op == TALLY_OP_IF) {
        rc = tally_evaluate(context, version, expr->args[0], scope, &condition, err);
        if (rc != TALLY_OK)
            return rc;
        return tally_evaluate(context, version, expr->args[condition.a == 1 ? 1 : 2], scope,
                              out_value, err);
    }
    for (uint32_t i = 0; i + 1 < expr->arg_count; i += 2) {
        rc = tally_evaluate(context, version, expr->args[i + 1], scope, &condition, err);
        if (rc != TALLY_OK)
            return rc;
        if (condition.a == 1)
            return tally_evaluate(context, version, expr->args[i], scope, out_value, err);
    }
    *out_value = plain(TALLY_NOTHING);
    return TALLY_OK;
}

static tally_rc arithmetic(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    tally_month_end rule = context->policy->versions[version].month_end;
    bool is_fold = expr->op == TALLY_OP_MIN || expr->op == TALLY_OP_MAX;
    tally_value args[ARGS_MAX];
    tally_value best = plain(TALLY_NOTHING);

    TALLY_ASSERT(is_fold || expr->arg_count <= ARGS_MAX);
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        tally_value value;
        tally_rc rc = tally_evaluate(context, version, expr->args[i], scope, &value, err);

        if (rc != TALLY_OK)
            return rc;
        if (is_nothing(value)) {
            *out_value = value;
            return TALLY_OK;
        }
        if (!is_fold)
            args[i] = value;
        else if (i == 0 || (expr->op == TALLY_OP_MIN ? value.a < best.a : value.a > best.a))
            best = value;
    }
    if (is_fold) {
        *out_value = best;
        return TALLY_OK;
    }
    return tally_arithmetic_evaluate(expr, rule, args, out_value, err);
}

/* ---- one operator -------------------------------------------------------------------- */

static tally_rc operator_value(tally_context *context, uint32_t version, const tally_expr *expr,
                               const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    if (expr->op <= TALLY_OP_SUBJECT) {
        *out_value = event_value(context, version, expr, expr->op, scope->event);
        return TALLY_OK;
    }
    switch (expr->op) {
    case TALLY_OP_THIS_FIELD:
        *out_value = event_value(context, version, expr, TALLY_OP_FIELD, scope->outer);
        return TALLY_OK;
    case TALLY_OP_THIS_AT:
        *out_value = event_value(context, version, expr, TALLY_OP_AT, scope->outer);
        return TALLY_OK;
    case TALLY_OP_THIS_RECORDED:
        *out_value = event_value(context, version, expr, TALLY_OP_RECORDED, scope->outer);
        return TALLY_OK;
    case TALLY_OP_THIS_DAY_OF:
        *out_value = event_value(context, version, expr, TALLY_OP_DAY_OF, scope->outer);
        return TALLY_OK;
    case TALLY_OP_THIS_SUBJECT:
        *out_value = event_value(context, version, expr, TALLY_OP_SUBJECT, scope->outer);
        return TALLY_OK;
    case TALLY_OP_REF_FIELD:
        return reference_value(context, version, expr, scope, TALLY_OP_FIELD, out_value, err);
    case TALLY_OP_REF_AT:
        return reference_value(context, version, expr, scope, TALLY_OP_AT, out_value, err);
    case TALLY_OP_REF_RECORDED:
        return reference_value(context, version, expr, scope, TALLY_OP_RECORDED, out_value, err);
    case TALLY_OP_REF_DAY:
        return reference_value(context, version, expr, scope, TALLY_OP_DAY_OF, out_value, err);
    case TALLY_OP_IF:
    case TALLY_OP_TABLE:
        return choice(context, version, expr, scope, out_value, err);
    case TALLY_OP_THROUGHOUT:
        return tally_throughout_evaluate(context, version, expr, scope, out_value, err);
    case TALLY_OP_COUNT_PERIODS:
        return tally_periods_count(context, version, expr, scope, out_value, err);
    default:
        break;
    }
    if (expr->op < TALLY_OP_LATEST)
        return name_value(context, version, expr, scope, out_value, err);
    if (expr->op < TALLY_OP_COUNT_PERIODS)
        return tally_set_evaluate(context, version, expr, scope, out_value, err);
    if (expr->op < TALLY_OP_IS)
        return arithmetic(context, version, expr, scope, out_value, err);
    return condition_value(context, version, expr, scope, out_value, err);
}

tally_rc tally_evaluate(tally_context *context, uint32_t version, const tally_expr *expr,
                        const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    tally_rc rc;

    if (expr->op == TALLY_OP_LITERAL) {
        *out_value = plain(expr->value);
        return TALLY_OK;
    }
    if (expr->op == TALLY_OP_FIELD) { /* half of all that is asked */
        *out_value = event_value(context, version, expr, TALLY_OP_FIELD, scope->event);
        return TALLY_OK;
    }
    if (context->depth >= TALLY_EVALUATION_DEPTH_MAX)
        return tally_err_set_at(err, TALLY_E_LIMIT, expr->span.line, expr->span.column,
                                "rules refer to each other more than %u levels deep",
                                TALLY_EVALUATION_DEPTH_MAX);
    context->depth++;
    rc = operator_value(context, version, expr, scope, out_value, err);
    context->depth--;
    return rc;
}

tally_rc tally_evaluate_condition(tally_context *context, uint32_t version, const tally_expr *expr,
                                  const tally_scope *scope, int64_t *out_condition, tally_err *err)
{
    tally_value value;
    tally_rc rc;

    if (expr == NULL) {
        *out_condition = 1;
        return TALLY_OK;
    }
    rc = tally_evaluate(context, version, expr, scope, &value, err);
    if (rc == TALLY_OK)
        *out_condition = value.a;
    return rc;
}
