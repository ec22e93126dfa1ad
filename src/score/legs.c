/* SPDX-License-Identifier: Apache-2.0 */
/* Why a condition is not met: exactly its failing legs, with their values.
 *
 * A condition is a tree of "all of", "any of" and the like over comparisons.
 * What is met is left out; a failing `and` is as long as its failing sides; a
 * failing `or` shows every side under a heading, since each would do. */

#include "score/statement.h"

#include <inttypes.h>
#include "util/checked.h"

/* What one rule may say in a statement. Chains of lets that each name the one
 * before twice would be told along every path. */
#define LEGS_MAX      1000u
#define LEG_STEPS_MAX 20000u

typedef struct leg_walk {
    tally_teller *teller;
    tally_leg_list *list;
    uint32_t version, depth, guard;
    uint32_t step_count;
    size_t first; /* of the list's legs, those before belong to other rules */
    bool is_cut;
    const tally_scope *scope;
    tally_err *err;
} leg_walk;

static tally_rc walk_leg(leg_walk *walk, const tally_expr *expr);

static tally_statement_leg *add_leg(leg_walk *walk, const tally_expr *expr)
{
    tally_leg_list *list = walk->list;
    tally_statement_leg *leg;

    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : 2 * list->room;
        tally_statement_leg *legs =
            tally_arena_zalloc_array(walk->teller->own, room, sizeof(*legs));

        if (legs == NULL) {
            walk->teller->is_out_of_memory = true;
            return NULL;
        }
        if (list->count > 0)
            memcpy(legs, list->legs, list->count * sizeof(*legs));
        list->legs = legs;
        list->room = room;
    }
    leg = &list->legs[list->count++];
    *leg = (tally_statement_leg){ .depth = walk->depth, .rule = "", .sentence = "" };
    tally_teller_source(walk->teller, expr->span.text);
    leg->rule = tally_teller_keep(walk->teller);
    return leg;
}

static const tally_expr *without_rescale(const tally_expr *expr)
{
    while (expr->op == TALLY_OP_RESCALE)
        expr = expr->args[0];
    return expr;
}

static bool has_percent(const tally_expr *a, const tally_expr *b)
{
    return tally_text_find_byte(a->span.text, '%') < a->span.text.count ||
           tally_text_find_byte(b->span.text, '%') < b->span.text.count;
}

static tally_rc ask_value(leg_walk *walk, const tally_expr *expr, tally_value *out_value)
{
    return tally_evaluate(walk->teller->context, walk->version, expr, walk->scope, out_value,
                          walk->err);
}

static void append_operand(leg_walk *walk, const tally_expr *expr, tally_value value,
                           bool with_percent)
{
    tally_teller_value(walk->teller, expr->type, expr->decimals, expr->domain, value, with_percent);
}

/* "points", "hours", or the text of the rule. */
static void append_subject(leg_walk *walk, const tally_expr *expr)
{
    expr = without_rescale(expr);
    if (expr->op == TALLY_OP_SCORE)
        tally_buffer_append_string(&walk->teller->buffer, "points");
    else
        tally_teller_source(walk->teller, expr->span.text);
}

static const char *requirement(tally_op op)
{
    switch (op) {
    case TALLY_OP_GREATER_OR_EQUAL:
        return "needs ";
    case TALLY_OP_GREATER:
        return "needs more than ";
    case TALLY_OP_LESS_OR_EQUAL:
        return "may be at most ";
    case TALLY_OP_LESS:
        return "must stay below ";
    case TALLY_OP_IS_NOT:
        return "must not be ";
    default:
        return "must be ";
    }
}

static bool wants_more(tally_op op)
{
    return op == TALLY_OP_GREATER_OR_EQUAL || op == TALLY_OP_GREATER;
}

/* ": 4 more" and ": 5 too many" of numbers that compare at equal decimals. */
static void append_gap(leg_walk *walk, const tally_expr *expr, tally_value left, tally_value right)
{
    const tally_expr *a = expr->args[0], *b = expr->args[1];
    tally_value gap = { 0, 1 };

    if (a->type != TALLY_TYPE_NUMBER || b->type != TALLY_TYPE_NUMBER ||
        a->decimals != b->decimals || has_percent(a, b))
        return;
    if (expr->op == TALLY_OP_GREATER_OR_EQUAL && tally_sub_i64(right.a, left.a, &gap.a)) {
        tally_buffer_append_string(&walk->teller->buffer, ": ");
        append_operand(walk, a, gap, false);
        tally_buffer_append_string(&walk->teller->buffer, " more");
    } else if (expr->op == TALLY_OP_LESS_OR_EQUAL && tally_sub_i64(left.a, right.a, &gap.a)) {
        tally_buffer_append_string(&walk->teller->buffer, ": ");
        append_operand(walk, a, gap, false);
        tally_buffer_append_string(&walk->teller->buffer, " too many");
    }
}

static tally_rc tell_comparison(leg_walk *walk, const tally_expr *expr)
{
    const tally_expr *a = expr->args[0], *b = expr->args[1];
    bool with_percent = has_percent(a, b);
    tally_buffer *out = &walk->teller->buffer;
    tally_statement_leg *leg;
    tally_value left, right;
    tally_rc rc = ask_value(walk, a, &left);

    if (rc == TALLY_OK)
        rc = ask_value(walk, b, &right);
    if (rc != TALLY_OK)
        return rc;
    leg = add_leg(walk, expr);
    if (leg == NULL)
        return TALLY_OK;
    leg->is_unknown = left.a == TALLY_NOTHING || right.a == TALLY_NOTHING;
    append_subject(walk, a);
    tally_buffer_append_string(out, ": ");
    tally_buffer_append_string(out, requirement(expr->op));
    append_operand(walk, b, right, with_percent);
    if (left.a == TALLY_NOTHING) {
        tally_buffer_append_string(out, a->type == TALLY_TYPE_RATIO ? ", there is no rate yet"
                                                                    : ", it is not known");
    } else {
        tally_buffer_append_string(out, wants_more(expr->op) ? ", has " : ", is ");
        append_operand(walk, a, left, with_percent);
        if (right.a != TALLY_NOTHING)
            append_gap(walk, expr, left, right);
    }
    leg->sentence = tally_teller_keep(walk->teller);
    return TALLY_OK;
}

static tally_rc tell_one_of(leg_walk *walk, const tally_expr *expr)
{
    tally_buffer *out = &walk->teller->buffer;
    tally_statement_leg *leg;
    tally_value value;
    tally_rc rc = ask_value(walk, expr->args[0], &value);

    if (rc != TALLY_OK)
        return rc;
    leg = add_leg(walk, expr);
    if (leg == NULL)
        return TALLY_OK;
    leg->is_unknown = value.a == TALLY_NOTHING;
    append_subject(walk, expr->args[0]);
    tally_buffer_append_string(out, ": must be one of ");
    for (uint16_t i = 1; i < expr->arg_count; i++) {
        tally_value choice;

        rc = ask_value(walk, expr->args[i], &choice);
        if (rc != TALLY_OK)
            return rc;
        if (i > 1)
            tally_buffer_append_string(out, ", ");
        append_operand(walk, expr->args[i], choice, false);
    }
    tally_buffer_append_string(out, ", is ");
    append_operand(walk, expr->args[0], value, false);
    leg->sentence = tally_teller_keep(walk->teller);
    return TALLY_OK;
}

static tally_rc tell_set(leg_walk *walk, const tally_expr *expr)
{
    tally_buffer *out = &walk->teller->buffer;
    const uint32_t *members;
    tally_statement_leg *leg;
    uint32_t count;
    tally_rc rc = tally_set_members(walk->teller->context, walk->version, expr->set, walk->scope,
                                    &members, &count, walk->err);

    if (rc != TALLY_OK)
        return rc;
    leg = add_leg(walk, expr);
    if (leg == NULL)
        return TALLY_OK;
    tally_buffer_append_string(out, leg->rule);
    if (expr->op == TALLY_OP_ANY)
        tally_buffer_append_string(out, ": there is none");
    else
        tally_buffer_printf(out, count == 1 ? ": there is %" PRIu32 : ": there are %" PRIu32,
                            count);
    leg->sentence = tally_teller_keep(walk->teller);
    return TALLY_OK;
}

static tally_rc tell_other(leg_walk *walk, const tally_expr *expr, int64_t condition)
{
    tally_statement_leg *leg = add_leg(walk, expr);

    if (leg == NULL)
        return TALLY_OK;
    leg->is_unknown = condition == TALLY_NOTHING;
    if (expr->op == TALLY_OP_HELD) {
        tally_teller_source(walk->teller,
                            walk->teller->policy->versions[walk->version].tiers[expr->index].name);
        tally_buffer_append_string(&walk->teller->buffer, " must be held first");
    } else {
        tally_buffer_append_string(&walk->teller->buffer, leg->rule);
        tally_buffer_append_string(&walk->teller->buffer,
                                   condition == TALLY_NOTHING ? ": not known" : ": no");
    }
    leg->sentence = tally_teller_keep(walk->teller);
    return TALLY_OK;
}

static void tell_heading(leg_walk *walk, const tally_expr *expr, int64_t needed)
{
    tally_statement_leg *leg = add_leg(walk, expr);

    if (leg == NULL)
        return;
    leg->is_heading = true;
    if (needed == 1)
        tally_buffer_append_string(&walk->teller->buffer, "one of these is needed:");
    else
        tally_buffer_printf(&walk->teller->buffer, "%" PRId64 " more of these are needed:", needed);
    leg->sentence = tally_teller_keep(walk->teller);
}

static void tell_cut(leg_walk *walk, const tally_expr *expr)
{
    tally_statement_leg *leg = add_leg(walk, expr);

    walk->is_cut = true;
    if (leg == NULL)
        return;
    leg->is_heading = true;
    tally_buffer_append_string(&walk->teller->buffer,
                               "and more: this rule is longer than a statement can list");
    leg->sentence = tally_teller_keep(walk->teller);
}

static tally_rc walk_each(leg_walk *walk, const tally_expr *expr)
{
    tally_rc rc = TALLY_OK;

    for (uint16_t i = 0; i < expr->arg_count && rc == TALLY_OK; i++)
        rc = walk_leg(walk, expr->args[i]);
    return rc;
}

static tally_rc walk_alternatives(leg_walk *walk, const tally_expr *expr)
{
    int64_t needed = expr->op == TALLY_OP_AT_LEAST_OF ? expr->value : 1;
    tally_rc rc;

    for (uint16_t i = 0; i < expr->arg_count; i++) {
        int64_t condition;

        rc = tally_evaluate_condition(walk->teller->context, walk->version, expr->args[i],
                                      walk->scope, &condition, walk->err);
        if (rc != TALLY_OK)
            return rc;
        if (condition == 1)
            needed--;
    }
    tell_heading(walk, expr, needed);
    walk->depth++;
    rc = walk_each(walk, expr);
    walk->depth--;
    return rc;
}

/* What must not be, is. */
static tally_rc walk_none_of(leg_walk *walk, const tally_expr *expr)
{
    for (uint16_t i = 0; i < expr->arg_count; i++) {
        tally_statement_leg *leg;
        int64_t condition;
        tally_rc rc = tally_evaluate_condition(walk->teller->context, walk->version, expr->args[i],
                                               walk->scope, &condition, walk->err);

        if (rc != TALLY_OK)
            return rc;
        if (condition == 0)
            continue;
        leg = add_leg(walk, expr->args[i]);
        if (leg == NULL)
            return TALLY_OK;
        leg->is_unknown = condition == TALLY_NOTHING;
        tally_buffer_append_string(&walk->teller->buffer, leg->rule);
        tally_buffer_append_string(&walk->teller->buffer,
                                   leg->is_unknown ? ": not known" : ": must not be, but is so");
        leg->sentence = tally_teller_keep(walk->teller);
    }
    return TALLY_OK;
}

static tally_rc walk_failing(leg_walk *walk, const tally_expr *expr, int64_t condition)
{
    const tally_version *rules = &walk->teller->policy->versions[walk->version];

    switch (expr->op) {
    case TALLY_OP_ALL_OF:
        return walk_each(walk, expr);
    case TALLY_OP_ANY_OF:
    case TALLY_OP_AT_LEAST_OF:
        return walk_alternatives(walk, expr);
    case TALLY_OP_NOT:
    case TALLY_OP_NONE_OF:
        return walk_none_of(walk, expr);
    case TALLY_OP_LET:
        if (expr->index < rules->let_count && rules->lets[expr->index].expr != NULL)
            return walk_leg(walk, rules->lets[expr->index].expr);
        return tell_other(walk, expr, condition);
    case TALLY_OP_IS:
    case TALLY_OP_IS_NOT:
    case TALLY_OP_LESS:
    case TALLY_OP_LESS_OR_EQUAL:
    case TALLY_OP_GREATER:
    case TALLY_OP_GREATER_OR_EQUAL:
        return tell_comparison(walk, expr);
    case TALLY_OP_IS_ONE_OF:
        return tell_one_of(walk, expr);
    case TALLY_OP_ANY:
    case TALLY_OP_NO:
        return tell_set(walk, expr);
    default:
        return tell_other(walk, expr, condition);
    }
}

static tally_rc walk_leg(leg_walk *walk, const tally_expr *expr)
{
    int64_t condition;
    tally_rc rc;

    if (expr == NULL || walk->is_cut || walk->guard > 512)
        return TALLY_OK;
    if (walk->step_count++ >= LEG_STEPS_MAX || walk->list->count - walk->first >= LEGS_MAX) {
        tell_cut(walk, expr);
        return TALLY_OK;
    }
    rc = tally_evaluate_condition(walk->teller->context, walk->version, expr, walk->scope,
                                  &condition, walk->err);
    if (rc != TALLY_OK || condition == 1)
        return rc;
    walk->guard++;
    rc = walk_failing(walk, expr, condition);
    walk->guard--;
    return rc;
}

tally_rc tally_legs_collect(tally_teller *teller, uint32_t version, const tally_expr *expr,
                            const tally_scope *scope, tally_leg_list *list, tally_err *err)
{
    leg_walk walk = {
        .teller = teller,
        .list = list,
        .version = version,
        .first = list->count,
        .scope = scope,
        .err = err,
    };

    return walk_leg(&walk, expr);
}

tally_rc tally_legs_missing_points(tally_teller *teller, uint32_t version, const tally_expr *expr,
                                   const tally_scope *scope, bool *out_is_score,
                                   int64_t *out_missing, tally_err *err)
{
    tally_value score, needed;
    int64_t missing;
    tally_rc rc;

    *out_is_score = false;
    if (expr == NULL || expr->op != TALLY_OP_GREATER_OR_EQUAL ||
        without_rescale(expr->args[0])->op != TALLY_OP_SCORE ||
        expr->args[0]->type != TALLY_TYPE_NUMBER || expr->args[1]->type != TALLY_TYPE_NUMBER)
        return TALLY_OK;
    rc = tally_evaluate(teller->context, version, expr->args[0], scope, &score, err);
    if (rc == TALLY_OK)
        rc = tally_evaluate(teller->context, version, expr->args[1], scope, &needed, err);
    if (rc != TALLY_OK)
        return rc;
    if (score.a == TALLY_NOTHING || needed.a == TALLY_NOTHING ||
        expr->args[0]->decimals != teller->policy->points_decimals ||
        !tally_sub_i64(needed.a, score.a, &missing))
        return TALLY_OK;
    *out_missing = missing;
    *out_is_score = missing > 0;
    return TALLY_OK;
}
