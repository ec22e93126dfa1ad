/* SPDX-License-Identifier: Apache-2.0 */
/* Sets whose members do not depend on the question.
 *
 * Where a set's conditions and the value summed look at nothing but the
 * candidate itself, its members are the same whenever it is asked; only the
 * window differs. The second time such an aggregate is asked its members are
 * listed once, with running sums, and each question is two binary searches. A
 * replay of a subject through time asks the same few aggregates at hundreds of
 * instants. */

#include "score/engine.h"
#include "util/checked.h"

#define HEADS 64u

typedef struct members {
    struct members *next;
    const tally_expr *expr;
    uint32_t version;
    enum { MEMBERS_NEW, MEMBERS_ASKED_ONCE, MEMBERS_LISTED, MEMBERS_UNFIT } state;
    uint32_t count;
    uint32_t *events; /* ascending */
    int64_t *sums;    /* count + 1: before each, and all */
} members;

struct tally_members {
    members *heads[HEADS];
};

/* ---- which aggregates are fit ------------------------------------------------------ */

/* Does an expression look at nothing but the event in scope? */
static bool is_local(const tally_expr *expr)
{
    bool is_leaf = expr->op == TALLY_OP_LITERAL || expr->op == TALLY_OP_FIELD ||
                   expr->op == TALLY_OP_AT || expr->op == TALLY_OP_RECORDED ||
                   expr->op == TALLY_OP_DAY_OF || expr->op == TALLY_OP_PERIOD_OF;

    if (is_leaf)
        return true;
    if (expr->op < TALLY_OP_ADD || expr->op == TALLY_OP_THROUGHOUT)
        return false;
    for (uint32_t i = 0; i < expr->arg_count; i++)
        if (!is_local(expr->args[i]))
            return false;
    return true;
}

static bool is_fit(const tally_expr *expr)
{
    bool is_sum = expr->op == TALLY_OP_SUM || expr->op == TALLY_OP_MEAN;

    if (expr->op == TALLY_OP_LEAST || expr->op == TALLY_OP_GREATEST ||
        expr->op == TALLY_OP_DISTINCT || expr->best > 0 ||
        expr->set->window->kind == TALLY_WINDOW_NEXT)
        return false;
    if (is_sum && (expr->args[0]->type != TALLY_TYPE_NUMBER || !is_local(expr->args[0])))
        return false;
    for (const tally_set *set = expr->set; set != NULL; set = set->inner)
        if (set->last > 0 || (set->with != NULL && !is_local(set->with)) ||
            (set != expr->set && (set->earlier || set->window->kind != TALLY_WINDOW_LIFETIME)))
            return false;
    return true;
}

static members *find(tally_context *context, uint32_t version, const tally_expr *expr)
{
    uint32_t head = (uint32_t)(((uintptr_t)expr >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
    members *found;

    if (context->members == NULL) {
        context->members = tally_arena_zalloc(context->arena, sizeof(*context->members));
        if (context->members == NULL)
            return NULL;
    }
    for (found = context->members->heads[head % HEADS]; found != NULL; found = found->next)
        if (found->expr == expr && found->version == version)
            return found;
    found = tally_arena_zalloc(context->arena, sizeof(*found));
    if (found == NULL)
        return NULL;
    found->expr = expr;
    found->version = version;
    found->next = context->members->heads[head % HEADS];
    context->members->heads[head % HEADS] = found;
    return found;
}

/* ---- listing --------------------------------------------------------------------------- */

static bool has_type(const tally_set *set, uint32_t type)
{
    while (set->inner != NULL)
        set = set->inner;
    return (set->types[type / 64] >> (type % 64) & 1) != 0;
}

/* Is event i a member, and what does it add? */
static tally_rc ask_member(tally_context *context, uint32_t version, const tally_expr *expr,
                           uint32_t i, bool *out_is_member, int64_t *out_value, tally_err *err)
{
    tally_scope scope = tally_scope_of_event(context, i);
    int64_t condition = has_type(expr->set, context->events.type[i]);
    tally_value value = { 0, 1 };
    tally_rc rc = TALLY_OK;

    for (const tally_set *set = expr->set; rc == TALLY_OK && condition == 1 && set != NULL;
         set = set->inner)
        rc = tally_evaluate_condition(context, version, set->with, &scope, &condition, err);
    if (rc == TALLY_OK && condition == 1 && expr->arg_count > 0)
        rc = tally_evaluate(context, version, expr->args[0], &scope, &value, err);
    if (rc == TALLY_OK) {
        *out_is_member = condition == 1 && value.a != TALLY_NOTHING;
        *out_value = value.a;
    }
    return rc;
}

/* A member that overflows, or a sum, makes the aggregate unfit: it is then asked
 * event by event, so that only questions that see the fault report it. */
static tally_rc list(tally_context *context, members *found, tally_err *err)
{
    uint32_t all = context->events.count;
    uint32_t *events = tally_arena_alloc(context->arena, all * sizeof(*events));
    int64_t *sums = tally_arena_alloc(context->arena, (all + (size_t)1) * sizeof(*sums));
    uint32_t count = 0;

    if (events == NULL || sums == NULL)
        return tally_engine_no_memory(context, err);
    found->state = MEMBERS_UNFIT;
    sums[0] = 0;
    for (uint32_t i = 0; i < all; i++) {
        int64_t value = 0;
        bool is_member = false;

        if (!has_type(found->expr->set, context->events.type[i]))
            continue;
        if (ask_member(context, found->version, found->expr, i, &is_member, &value, NULL) !=
                TALLY_OK ||
            (is_member && !tally_add_i64(sums[count], value, &sums[count + 1])))
            return TALLY_OK;
        if (is_member)
            events[count++] = i;
    }
    found->count = count;
    found->events = events;
    found->sums = sums;
    found->state = MEMBERS_LISTED;
    return TALLY_OK;
}

/* ---- asking ------------------------------------------------------------------------------ */

static uint32_t first_from(const members *found, uint32_t bound)
{
    uint32_t low = 0;
    uint32_t high = found->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (found->events[middle] < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct answer {
    uint32_t first, last; /* events, or TALLY_NO_INDEX */
    int64_t count, sum;
} answer;

/* Members [low, high); those below `sure` are tested one by one. */
static bool gather(const tally_context *context, const members *found,
                   const tally_window_range *range, uint32_t low, uint32_t sure, uint32_t high,
                   answer *out_answer)
{
    answer sought = { TALLY_NO_INDEX, TALLY_NO_INDEX, 0, 0 };

    for (uint32_t i = low; i < sure; i++) {
        if (!tally_window_has(context, found->version, range, found->events[i]))
            continue;
        sought.first = sought.count == 0 ? found->events[i] : sought.first;
        sought.last = found->events[i];
        sought.count++;
        if (!tally_add_i64(sought.sum, found->sums[i + 1] - found->sums[i], &sought.sum))
            return false;
    }
    if (sure < high) {
        int64_t rest;

        sought.first = sought.count == 0 ? found->events[sure] : sought.first;
        sought.last = found->events[high - 1];
        sought.count += high - sure;
        if (!tally_sub_i64(found->sums[high], found->sums[sure], &rest) ||
            !tally_add_i64(sought.sum, rest, &sought.sum))
            return false;
    }
    *out_answer = sought;
    return sought.sum != TALLY_NOTHING;
}

static bool finish(const tally_expr *expr, const answer *found, tally_value *out_value)
{
    tally_value value = { 0, 1 };

    switch (expr->op) {
    case TALLY_OP_LATEST:
        value.a = found->last == TALLY_NO_INDEX ? TALLY_NOTHING : (int64_t)found->last;
        break;
    case TALLY_OP_EARLIEST:
        value.a = found->first == TALLY_NO_INDEX ? TALLY_NOTHING : (int64_t)found->first;
        break;
    case TALLY_OP_ANY:
        value.a = found->count > 0;
        break;
    case TALLY_OP_NO:
        value.a = found->count == 0;
        break;
    case TALLY_OP_COUNT:
        value.a = found->count;
        break;
    case TALLY_OP_SUM:
        value.a = found->sum;
        break;
    default: /* mean */
        value.a = found->count == 0 ? TALLY_NOTHING : found->sum;
        if (found->count > 0 &&
            !tally_mul_i64(found->count, tally_decimal_unit(expr->args[0]->decimals), &value.b))
            return false;
        break;
    }
    *out_value = value;
    return true;
}

tally_rc tally_members_ask(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, bool *out_is_answered, tally_value *out_value,
                           tally_err *err)
{
    tally_window_range range;
    uint32_t low, sure, high;
    answer found;
    members *listed;
    tally_rc rc;

    *out_is_answered = false;
    if (context->history == NULL) /* admission: events come and go */
        return TALLY_OK;
    listed = find(context, version, expr);
    if (listed == NULL)
        return tally_engine_no_memory(context, err);
    if (listed->state == MEMBERS_NEW) {
        listed->state = is_fit(expr) ? MEMBERS_ASKED_ONCE : MEMBERS_UNFIT;
        return TALLY_OK;
    }
    if (listed->state == MEMBERS_ASKED_ONCE) {
        rc = list(context, listed, err);
        if (rc != TALLY_OK)
            return rc;
    }
    if (listed->state != MEMBERS_LISTED)
        return TALLY_OK;
    rc = tally_window_resolve(context, version, expr->set->window, scope, &range, err);
    if (rc != TALLY_OK)
        return rc;
    if (expr->set->earlier && scope->event < scope->place) /* no event in scope is TALLY_NO_INDEX */
        tally_window_end(&range, scope->event);
    low = first_from(listed, range.low);
    high = first_from(listed, range.high);
    sure = range.test == TALLY_TEST_NONE ? low : high;
    if (range.test == TALLY_TEST_MONTHS) {
        sure = first_from(listed, tally_events_after(&context->events, range.sure_after_ms));
        sure = sure < low ? low : sure > high ? high : sure;
    }
    *out_is_answered =
        gather(context, listed, &range, low, sure, high, &found) && finish(expr, &found, out_value);
    return TALLY_OK;
}
