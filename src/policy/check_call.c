/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates, picks, rounding, choices among numbers, `earned` and `held`. */

#include "policy/syntax.h"
#include "util/checked.h"

#define BEST_MAX 1000000

/* ---- whole numbers ------------------------------------------------------------ */

bool tally_check_whole(tally_checker *checker, const tally_node *node, int64_t most,
                       int64_t *out_value)
{
    const tally_frame no_event = { NULL, NULL, 0 };
    tally_expr *expr = tally_check(checker, node, &no_event, NULL);
    int64_t unit;

    if (expr == NULL)
        return false;
    unit = tally_decimal_unit(expr->decimals);
    if (expr->type == TALLY_TYPE_NUMBER && expr->op == TALLY_OP_LITERAL &&
        expr->value % unit == 0 && expr->value / unit >= 1 && expr->value / unit <= most) {
        *out_value = expr->value / unit;
        return true;
    }
    tally_check_report(checker, node->at, node->end, "wrong-type",
                       "write a number, or a setting in brackets",
                       "a whole number from 1 to %lld is needed here", (long long)most);
    return false;
}

/* ---- picks and aggregates -------------------------------------------------------- */

static tally_expr *check_pick(tally_checker *checker, const tally_node *node,
                              const tally_frame *frame)
{
    bool is_event = node->op == TALLY_OP_LATEST || node->op == TALLY_OP_EARLIEST;
    const tally_set *set = tally_check_set(checker, node->set, frame);
    tally_expr *expr;

    if (set == NULL)
        return NULL;
    expr = tally_expr_new(checker, node, node->op,
                          is_event ? TALLY_TYPE_EVENT : TALLY_TYPE_CONDITION);
    if (expr != NULL)
        expr->set = set;
    return expr;
}

static bool fits_aggregate(tally_op op, tally_value_type type)
{
    switch (op) {
    case TALLY_OP_LEAST:
    case TALLY_OP_GREATEST:
        return type == TALLY_TYPE_NUMBER || type == TALLY_TYPE_DAY || type == TALLY_TYPE_INSTANT;
    case TALLY_OP_DISTINCT:
        return type == TALLY_TYPE_NUMBER || type == TALLY_TYPE_WORD || type == TALLY_TYPE_ID ||
               type == TALLY_TYPE_CONDITION || type == TALLY_TYPE_DAY ||
               type == TALLY_TYPE_INSTANT;
    default:
        return type == TALLY_TYPE_NUMBER;
    }
}

static bool check_aggregated(tally_checker *checker, const tally_node *node,
                             const tally_node *arg, const tally_expr *value)
{
    if (fits_aggregate(node->op, value->type))
        return true;
    if (value->type == TALLY_TYPE_RATIO)
        tally_check_report(checker, arg->at, arg->end, "needs-rounding",
                           "round it: `round(…, to 0.01, half up)`",
                           "a ratio of each event cannot be added up exactly");
    else
        tally_check_report(checker, arg->at, arg->end, "wrong-type",
                           node->op == TALLY_OP_SUM && value->type == TALLY_TYPE_CONDITION
                               ? "write `count(EVENTS with …)`"
                               : "",
                           "a number of each event is needed here, and this is %s",
                           tally_type_phrase(value->type));
    return false;
}

static tally_expr *check_aggregate(tally_checker *checker, const tally_node *node,
                                   const tally_frame *frame)
{
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64];
    const tally_set *set = tally_check_set(checker, node->set, frame);
    const tally_frame inner = { frame, types, frame->depth + 1 };
    const tally_expr **args;
    tally_expr *expr;
    bool are_fine = true;
    int64_t best = 0;
    uint32_t count = 0;

    if (set == NULL)
        return NULL;
    tally_set_event_types(set, types);
    args = tally_arena_zalloc_array(checker->compiler->arena, node->arg_count, sizeof(*args));
    expr = tally_expr_new(checker, node, node->op, TALLY_TYPE_NUMBER);
    if (args == NULL || expr == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    for (const tally_node *arg = node->first; arg != NULL; arg = arg->next) {
        tally_expr *value = tally_check(checker, arg, &inner, NULL);

        are_fine = value != NULL && check_aggregated(checker, node, arg, value) && are_fine;
        args[count++] = value;
    }
    if (node->best != NULL && !tally_check_whole(checker, node->best, BEST_MAX, &best))
        are_fine = false;
    if (!are_fine)
        return NULL;
    expr->set = set;
    expr->best = (uint32_t)best;
    expr->args = args;
    expr->arg_count = (uint16_t)count;
    if (node->op == TALLY_OP_MEAN)
        expr->type = TALLY_TYPE_RATIO;
    else if (node->op == TALLY_OP_LEAST || node->op == TALLY_OP_GREATEST)
        expr->type = args[0]->type;
    if (expr->type == TALLY_TYPE_NUMBER && node->op != TALLY_OP_COUNT &&
        node->op != TALLY_OP_DISTINCT)
        expr->decimals = args[0]->decimals;
    return expr;
}

static tally_expr *check_periods(tally_checker *checker, const tally_node *node)
{
    /* Asked at the end of each period, where no event is in scope. */
    const tally_frame no_event = { NULL, NULL, 0 };
    const tally_expr *arg = tally_check_condition(checker, node->first, &no_event);
    tally_expr *expr;

    if (arg == NULL)
        return NULL;
    checker->compiler->uses_now = true;
    expr = tally_expr_new(checker, node, TALLY_OP_COUNT_PERIODS, TALLY_TYPE_NUMBER);
    if (!tally_expr_set_args(checker, expr, &arg, 1))
        return NULL;
    expr->unit = node->unit;
    return expr;
}

/* ---- numbers ------------------------------------------------------------------------ */

static tally_expr *check_round(tally_checker *checker, const tally_node *node,
                               const tally_frame *frame)
{
    tally_expr *value = tally_check(checker, node->first, frame, NULL);
    tally_expr *step = node->arg_count > 1 ? tally_check(checker, node->last, frame, NULL) : NULL;
    const tally_expr *arg = value;
    tally_expr *expr;

    if (value == NULL || step == NULL)
        return NULL;
    if (value->type != TALLY_TYPE_NUMBER && value->type != TALLY_TYPE_RATIO) {
        tally_check_report(checker, node->first->at, node->first->end, "wrong-type", "",
                           "only numbers and ratios can be rounded, and this is %s",
                           tally_type_phrase(value->type));
        return NULL;
    }
    if (step->op != TALLY_OP_LITERAL || step->type != TALLY_TYPE_NUMBER || step->value <= 0) {
        tally_check_report(checker, node->last->at, node->last->end, "wrong-type",
                           "write a number or a setting, as in `to 1` or `to 0.25`",
                           "the step of a rounding is a fixed number above zero");
        return NULL;
    }
    expr = tally_expr_new(checker, node, TALLY_OP_ROUND, TALLY_TYPE_NUMBER);
    if (!tally_expr_set_args(checker, expr, &arg, 1))
        return NULL;
    expr->value = step->value;
    expr->decimals = step->decimals;
    expr->rounding = node->rounding;
    return expr;
}

static bool check_numbers(tally_checker *checker, const tally_node *node, const tally_frame *frame,
                          tally_expr **args)
{
    bool are_fine = true;
    uint8_t most = 0;
    uint32_t i = 0;

    for (const tally_node *arg = node->first; arg != NULL; arg = arg->next, i++) {
        args[i] = tally_check(checker, arg, frame, NULL);
        if (args[i] == NULL) {
            are_fine = false;
        } else if (args[i]->type != TALLY_TYPE_NUMBER) {
            bool is_ratio = args[i]->type == TALLY_TYPE_RATIO;

            tally_check_report(checker, arg->at, arg->end,
                               is_ratio ? "needs-rounding" : "wrong-type",
                               is_ratio ? "round it: `round(…, to 1, half up)`" : "",
                               "a number is needed here, and this is %s",
                               tally_type_phrase(args[i]->type));
            are_fine = false;
        } else if (args[i]->decimals > most) {
            most = args[i]->decimals;
        }
    }
    for (i = 0; are_fine && i < node->arg_count; i++) {
        args[i] = tally_expr_rescale(checker, args[i], most);
        are_fine = args[i] != NULL;
    }
    return are_fine;
}

static tally_expr *check_list(tally_checker *checker, const tally_node *node,
                              const tally_frame *frame)
{
    tally_expr **args = tally_arena_zalloc_array(checker->compiler->arena, node->arg_count,
                                                 sizeof(tally_expr *));
    tally_expr *expr;

    if (args == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    if (!check_numbers(checker, node, frame, args))
        return NULL;
    if (node->op == TALLY_OP_CLAMP && args[1]->op == TALLY_OP_LITERAL &&
        args[2]->op == TALLY_OP_LITERAL && args[1]->value > args[2]->value) {
        tally_check_report(checker, node->at, node->end, "wrong-type",
                           "write `clamp(VALUE, LOW, HIGH)`",
                           "the lower bound is above the upper one");
        return NULL;
    }
    expr = tally_expr_new(checker, node, node->op, TALLY_TYPE_NUMBER);
    if (!tally_expr_set_args(checker, expr, (const tally_expr *const *)args, node->arg_count))
        return NULL;
    expr->decimals = args[0]->decimals;
    return expr;
}

/* ---- earned, held ---------------------------------------------------------------------- */

static bool find_index(const tally_text *names, uint32_t count, tally_text name,
                       uint32_t *out_index)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(names[i], name)) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static void refuse_listed(tally_checker *checker, const tally_node *node, const char *code,
                          const char *what, const tally_text *names, uint32_t count)
{
    tally_text nearest = tally_nearest(node->name, names, count);
    tally_compiler *compiler = checker->compiler;

    tally_check_report(
        checker, node->name_at, node->name_at + (uint32_t)node->name.count, code,
        nearest.count > 0
            ? tally_check_text(compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest))
        : count > 0 ? tally_check_text(compiler, "there are: %s",
                                       tally_check_join(compiler, names, count, ", "))
                    : "",
        "there is no %s `%.*s`", what, TALLY_TEXT_ARGS(node->name));
}

static tally_expr *check_earned(tally_checker *checker, const tally_node *node)
{
    tally_compiler *compiler = checker->compiler;
    const tally_window *window = checker->scope->default_window;
    uint32_t index = TALLY_NO_INDEX;
    tally_expr *expr;

    if (node->window != NULL)
        window = tally_check_window(checker, node->window);
    else if (window == NULL)
        window = &tally_window_lifetime;
    if (!tally_text_is(node->name, "all") &&
        !find_index(compiler->award_names, compiler->award_count, node->name, &index)) {
        refuse_listed(checker, node, "unknown-award", "award", compiler->award_names,
                      compiler->award_count);
        return NULL;
    }
    if (window == NULL)
        return NULL;
    expr = tally_expr_new(checker, node, TALLY_OP_EARNED, TALLY_TYPE_NUMBER);
    if (expr == NULL)
        return NULL;
    expr->index = index;
    expr->window = window;
    expr->decimals = compiler->points_decimals;
    return expr;
}

static tally_expr *check_held(tally_checker *checker, const tally_node *node)
{
    tally_compiler *compiler = checker->compiler;
    uint32_t index = TALLY_NO_INDEX;
    tally_expr *expr;

    if (!find_index(compiler->tier_names, compiler->tier_count, node->name, &index)) {
        refuse_listed(checker, node, "unknown-tier", "tier", compiler->tier_names,
                      compiler->tier_count);
        return NULL;
    }
    expr = tally_expr_new(checker, node, TALLY_OP_HELD, TALLY_TYPE_CONDITION);
    if (expr != NULL)
        expr->index = index;
    return expr;
}

tally_expr *tally_check_call(tally_checker *checker, const tally_node *node,
                             const tally_frame *frame)
{
    switch (node->kind) {
    case TALLY_NODE_PICK:
        return check_pick(checker, node, frame);
    case TALLY_NODE_AGGREGATE:
        return check_aggregate(checker, node, frame);
    case TALLY_NODE_PERIODS:
        return check_periods(checker, node);
    case TALLY_NODE_ROUND:
        return check_round(checker, node, frame);
    case TALLY_NODE_LIST:
        return check_list(checker, node, frame);
    case TALLY_NODE_EARNED:
        return check_earned(checker, node);
    default:
        TALLY_ASSERT(node->kind == TALLY_NODE_HELD);
        return check_held(checker, node);
    }
}
