/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic and comparisons: which types meet, at how many decimals. */

#include "policy/syntax.h"
#include "util/checked.h"

static tally_expr *new_binary(tally_checker *checker, const tally_node *node, tally_op op,
                              tally_value_type type, const tally_expr *left,
                              const tally_expr *right)
{
    tally_expr *expr = tally_expr_new(checker, node, op, type);
    const tally_expr *args[2] = { left, right };

    return tally_expr_set_args(checker, expr, args, 2) ? expr : NULL;
}

static bool is_literal(const tally_expr *expr)
{
    return expr->op == TALLY_OP_LITERAL && expr->value != TALLY_NOTHING;
}

/* ---- arithmetic ----------------------------------------------------------------- */

static const char *op_phrase(tally_op op)
{
    return op == TALLY_OP_ADD        ? "added to"
           : op == TALLY_OP_SUBTRACT ? "less"
           : op == TALLY_OP_MULTIPLY ? "times"
                                     : "divided by";
}

static tally_expr *refuse_operands(tally_checker *checker, const tally_node *node,
                                   const tally_expr *left, const tally_expr *right)
{
    tally_value_type a = left->type, b = right->type;
    const char *hint = "";

    if (a == TALLY_TYPE_RATIO || b == TALLY_TYPE_RATIO) {
        tally_check_report(checker, node->at, node->end, "needs-rounding",
                           "round the ratio first: `round(…, to 1, half up)`",
                           "%s %s %s cannot be kept exact", tally_type_phrase(a),
                           op_phrase(node->op), tally_type_phrase(b));
        return NULL;
    }
    if ((a == TALLY_TYPE_DAY || a == TALLY_TYPE_INSTANT) && b == TALLY_TYPE_NUMBER)
        hint = "say which unit: `… + 7 days`";
    else if (a == TALLY_TYPE_INSTANT && b == TALLY_TYPE_MONTHS)
        hint = "take its `day` first: months can be added to a day";
    else if ((a == TALLY_TYPE_DAY && b == TALLY_TYPE_INSTANT) ||
             (a == TALLY_TYPE_INSTANT && b == TALLY_TYPE_DAY))
        hint = "take `today` in place of `now`, or `.day` in place of `.at`";
    else if (a == TALLY_TYPE_CONDITION || b == TALLY_TYPE_CONDITION)
        hint = "write `if … then 1 else 0` to count a condition";
    else if (a == TALLY_TYPE_EVENT || b == TALLY_TYPE_EVENT)
        hint = "name a field of the event, as in `last.FIELD`";
    else if (a == TALLY_TYPE_MONTHS || b == TALLY_TYPE_MONTHS)
        hint = "months can only be added to a day, as in `last.day + 6 months`";
    tally_check_report(checker, node->at, node->end, "mixed-types", hint,
                       "%s %s %s makes no sense", tally_type_phrase(a), op_phrase(node->op),
                       tally_type_phrase(b));
    return NULL;
}

static bool fold(tally_op op, int64_t a, int64_t b, int64_t *out)
{
    return (op == TALLY_OP_ADD        ? tally_add_i64(a, b, out)
            : op == TALLY_OP_SUBTRACT ? tally_sub_i64(a, b, out)
                                      : tally_mul_i64(a, b, out)) &&
           *out != TALLY_NOTHING;
}

static tally_expr *fold_or_new(tally_checker *checker, const tally_node *node, tally_op op,
                               tally_value_type type, const tally_expr *left,
                               const tally_expr *right)
{
    int64_t value = 0;
    uint8_t decimals = op == TALLY_OP_MULTIPLY ? (uint8_t)(left->decimals + right->decimals)
                                               : left->decimals;
    tally_expr *expr;

    if (is_literal(left) && is_literal(right)) {
        if (fold(op, left->value, right->value, &value))
            return tally_expr_literal(checker, node, type, value, decimals);
        tally_check_report(checker, node->at, node->end, "too-large", "",
                           "the result of these fixed numbers is too large");
        return NULL;
    }
    expr = new_binary(checker, node, op, type, left, right);
    if (expr != NULL && type == TALLY_TYPE_NUMBER)
        expr->decimals = decimals;
    return expr;
}

static tally_expr *add_numbers(tally_checker *checker, const tally_node *node, tally_expr *left,
                               tally_expr *right)
{
    if (!tally_expr_align(checker, &left, &right))
        return NULL;
    return fold_or_new(checker, node, node->op, TALLY_TYPE_NUMBER, left, right);
}

static void trim(tally_expr *literal)
{
    while (is_literal(literal) && literal->decimals > 0 && literal->value % 10 == 0) {
        literal->value /= 10;
        literal->decimals--;
    }
}

static tally_expr *multiply(tally_checker *checker, const tally_node *node, tally_expr *left,
                            tally_expr *right)
{
    if (right->type == TALLY_TYPE_RATIO) {
        tally_expr *swapped = left;

        left = right;
        right = swapped;
    }
    if (left->type == TALLY_TYPE_RATIO && right->type == TALLY_TYPE_NUMBER)
        return new_binary(checker, node, TALLY_OP_MULTIPLY, TALLY_TYPE_RATIO, left, right);
    if (left->decimals + right->decimals > TALLY_DECIMALS_MAX) {
        trim(left);
        trim(right);
    }
    if (left->decimals + right->decimals > TALLY_DECIMALS_MAX) {
        tally_check_report(checker, node->at, node->end, "needs-rounding",
                           "round one side first: `round(…, to 0.01, half up)`",
                           "this product has %d decimals, and at most %d can be kept",
                           left->decimals + right->decimals, TALLY_DECIMALS_MAX);
        return NULL;
    }
    return fold_or_new(checker, node, TALLY_OP_MULTIPLY, TALLY_TYPE_NUMBER, left, right);
}

static tally_expr *divide(tally_checker *checker, const tally_node *node, tally_expr *left,
                          tally_expr *right)
{
    if (is_literal(right) && right->value == 0) {
        tally_check_report(checker, node->at, node->end, "division-by-zero", "",
                           "nothing can be divided by zero");
        return NULL;
    }
    if (!tally_expr_align(checker, &left, &right))
        return NULL;
    return new_binary(checker, node, TALLY_OP_DIVIDE, TALLY_TYPE_RATIO, left, right);
}

/* The same duration or number of months the other way. */
static tally_expr *negate(tally_checker *checker, const tally_node *node, tally_expr *expr)
{
    const tally_expr *arg = expr;
    tally_expr *negated;

    if (is_literal(expr)) {
        expr->value = -expr->value;
        return expr;
    }
    negated = tally_expr_new(checker, node, TALLY_OP_NEGATE, expr->type);
    return tally_expr_set_args(checker, negated, &arg, 1) ? negated : NULL;
}

static tally_expr *shift_day(tally_checker *checker, const tally_node *node, tally_expr *day,
                             tally_expr *by)
{
    bool is_months = by->type == TALLY_TYPE_MONTHS;

    if (!is_months && is_literal(by) && by->value % TALLY_DAY_MS != 0) {
        tally_check_report(checker, node->at, node->end, "mixed-types",
                           "add days, or start from an instant such as `now`",
                           "a day can only be moved by whole days");
        return NULL;
    }
    if (node->op == TALLY_OP_SUBTRACT)
        by = negate(checker, node, by);
    if (by == NULL)
        return NULL;
    return new_binary(checker, node, is_months ? TALLY_OP_DAY_PLUS_MONTHS : TALLY_OP_DAY_PLUS,
                      TALLY_TYPE_DAY, day, by);
}

static tally_expr *add(tally_checker *checker, const tally_node *node, tally_expr *left,
                       tally_expr *right)
{
    tally_value_type a = left->type, b = right->type;
    bool is_plus = node->op == TALLY_OP_ADD;

    if (is_plus && (a == TALLY_TYPE_DURATION || a == TALLY_TYPE_MONTHS) &&
        (b == TALLY_TYPE_DAY || b == TALLY_TYPE_INSTANT))
        return add(checker, node, right, left);
    if (a == TALLY_TYPE_NUMBER && b == TALLY_TYPE_NUMBER)
        return add_numbers(checker, node, left, right);
    if (a == TALLY_TYPE_DAY && (b == TALLY_TYPE_DURATION || b == TALLY_TYPE_MONTHS))
        return shift_day(checker, node, left, right);
    if (!is_plus && a == TALLY_TYPE_DAY && b == TALLY_TYPE_DAY)
        return new_binary(checker, node, TALLY_OP_DAY_MINUS_DAY, TALLY_TYPE_DURATION, left, right);
    if (!is_plus && a == TALLY_TYPE_INSTANT && b == TALLY_TYPE_INSTANT)
        return new_binary(checker, node, node->op, TALLY_TYPE_DURATION, left, right);
    if (b == TALLY_TYPE_DURATION && (a == TALLY_TYPE_INSTANT || a == TALLY_TYPE_DURATION))
        return fold_or_new(checker, node, node->op, a, left, right);
    return refuse_operands(checker, node, left, right);
}

tally_expr *tally_check_arithmetic(tally_checker *checker, const tally_node *node,
                                   const tally_frame *frame)
{
    tally_expr *left = tally_check(checker, node->first, frame, NULL);
    tally_expr *right = tally_check(checker, node->last, frame, NULL);
    bool are_numbers;

    if (left == NULL || right == NULL)
        return NULL;
    if (node->op == TALLY_OP_ADD || node->op == TALLY_OP_SUBTRACT)
        return add(checker, node, left, right);
    are_numbers = left->type == TALLY_TYPE_NUMBER && right->type == TALLY_TYPE_NUMBER;
    if (node->op == TALLY_OP_DIVIDE)
        return are_numbers ? divide(checker, node, left, right)
                           : refuse_operands(checker, node, left, right);
    if (are_numbers || (left->type == TALLY_TYPE_RATIO && right->type == TALLY_TYPE_NUMBER) ||
        (left->type == TALLY_TYPE_NUMBER && right->type == TALLY_TYPE_RATIO))
        return multiply(checker, node, left, right);
    return refuse_operands(checker, node, left, right);
}

/* ---- comparisons ------------------------------------------------------------------ */

static bool may_be_word(const tally_checker *checker, const tally_node *node,
                        const tally_frame *frame)
{
    return node->kind == TALLY_NODE_STRING || node->kind == TALLY_NODE_YES_NO ||
           (node->kind == TALLY_NODE_NAME && !tally_check_is_value(checker, node->name, frame));
}

static const tally_words *words_of(const tally_expr *expr, const tally_words *otherwise)
{
    return expr != NULL && expr->type == TALLY_TYPE_WORD && expr->domain != NULL ? expr->domain
                                                                                 : otherwise;
}

bool tally_check_pair(tally_checker *checker, const tally_node *left, const tally_node *right,
                      const tally_frame *frame, const tally_words *words, tally_expr **out_left,
                      tally_expr **out_right)
{
    bool is_right_first =
        may_be_word(checker, left, frame) &&
        (left->kind == TALLY_NODE_STRING ? right->kind != TALLY_NODE_STRING
                                         : !may_be_word(checker, right, frame));
    const tally_node *first = is_right_first ? right : left;
    const tally_node *second = is_right_first ? left : right;
    tally_expr *a = tally_check(checker, first, frame, words);
    tally_expr *b;

    /* When the side that explains it is unknown, so is the word: one report is enough. */
    if (a == NULL && words == NULL && may_be_word(checker, second, frame) &&
        !may_be_word(checker, first, frame))
        return false;
    if (a == NULL && words == NULL && second->kind == TALLY_NODE_STRING)
        return false;
    b = tally_check(checker, second, frame, words_of(a, words));
    *out_left = is_right_first ? b : a;
    *out_right = is_right_first ? a : b;
    return a != NULL && b != NULL;
}

static bool is_ordered(tally_value_type type)
{
    return type == TALLY_TYPE_NUMBER || type == TALLY_TYPE_RATIO || type == TALLY_TYPE_DAY ||
           type == TALLY_TYPE_INSTANT || type == TALLY_TYPE_DURATION;
}

static const char *comparison_hint(tally_value_type a, tally_value_type b)
{
    bool has_day = a == TALLY_TYPE_DAY || b == TALLY_TYPE_DAY;

    if (a == TALLY_TYPE_MONTHS || b == TALLY_TYPE_MONTHS)
        return "months have no fixed length: compare days, as in `today >= last.day + 6 months`";
    if (has_day && (a == TALLY_TYPE_INSTANT || b == TALLY_TYPE_INSTANT))
        return "take `today` in place of `now`, or `.day` in place of `.at`";
    if (has_day && (a == TALLY_TYPE_DURATION || b == TALLY_TYPE_DURATION))
        return "subtract two days first, as in `today - last.day >= 7 days`";
    if (a == TALLY_TYPE_DURATION || b == TALLY_TYPE_DURATION)
        return "say which unit: `… >= 7 days`";
    if (a == TALLY_TYPE_EVENT || b == TALLY_TYPE_EVENT)
        return "name a field of the event, as in `last.FIELD`";
    if (a == TALLY_TYPE_CONDITION || b == TALLY_TYPE_CONDITION)
        return "a condition stands alone; to compare how many, write `count(…)`";
    return "";
}

static bool are_comparable(tally_checker *checker, const tally_node *node, tally_expr **left,
                           tally_expr **right)
{
    tally_value_type a = (*left)->type, b = (*right)->type;
    bool is_order = node->op != TALLY_OP_IS && node->op != TALLY_OP_IS_NOT;

    if (a == TALLY_TYPE_NUMBER && b == TALLY_TYPE_NUMBER)
        return tally_expr_align(checker, left, right);
    if ((a == TALLY_TYPE_RATIO && b == TALLY_TYPE_NUMBER) ||
        (a == TALLY_TYPE_NUMBER && b == TALLY_TYPE_RATIO))
        return true;
    if (a != b || a == TALLY_TYPE_EVENT || a == TALLY_TYPE_MONTHS) {
        tally_check_report(checker, node->at, node->end, "mixed-types", comparison_hint(a, b),
                           "%s cannot be compared with %s", tally_type_phrase(a),
                           a == b ? "another" : tally_type_phrase(b));
        return false;
    }
    if (is_order && !is_ordered(a)) {
        tally_check_report(checker, node->at, node->end, "no-order",
                           a == TALLY_TYPE_WORD ? "write `is`, or `is one of`" : "write `is`",
                           "%s is neither more nor less than another", tally_type_phrase(a));
        return false;
    }
    if (a == TALLY_TYPE_WORD && (!tally_words_are_equal((*left)->domain, (*right)->domain) ||
                                 ((*left)->domain == NULL && (*left)->unit != (*right)->unit))) {
        tally_check_report(checker, node->at, node->end, "mixed-types", "",
                           "these words come from two different lists");
        return false;
    }
    return true;
}

/* `X is nothing` asks whether there is an X. */
static tally_expr *check_nothing(tally_checker *checker, const tally_node *node,
                                 const tally_expr *value)
{
    const tally_expr *arg = value;
    tally_expr *exists, *expr;

    if (value->op == TALLY_OP_LITERAL || (node->op != TALLY_OP_IS && node->op != TALLY_OP_IS_NOT)) {
        tally_check_report(checker, node->at, node->end, "wrong-type",
                           "write `X is nothing` or `X exists`",
                           "this comparison with nothing is never answered");
        return NULL;
    }
    exists = tally_expr_new(checker, node, TALLY_OP_EXISTS, TALLY_TYPE_CONDITION);
    if (!tally_expr_set_args(checker, exists, &arg, 1) || node->op == TALLY_OP_IS_NOT)
        return exists;
    arg = exists;
    expr = tally_expr_new(checker, node, TALLY_OP_NOT, TALLY_TYPE_CONDITION);
    return tally_expr_set_args(checker, expr, &arg, 1) ? expr : NULL;
}

tally_expr *tally_check_compare(tally_checker *checker, const tally_node *node,
                                const tally_frame *frame)
{
    tally_expr *left = NULL, *right = NULL, *expr;

    if (!tally_check_pair(checker, node->first, node->last, frame, NULL, &left, &right))
        return NULL;
    if (left->type == TALLY_TYPE_NOTHING || right->type == TALLY_TYPE_NOTHING)
        return check_nothing(checker, node, left->type == TALLY_TYPE_NOTHING ? right : left);
    if (!are_comparable(checker, node, &left, &right))
        return NULL;
    expr = new_binary(checker, node, node->op, TALLY_TYPE_CONDITION, left, right);
    if (expr != NULL)
        tally_check_bounds(checker, expr, node->at, node->end);
    return expr;
}

/* ---- is one of ---------------------------------------------------------------------- */

static bool is_listable(tally_value_type type)
{
    return type == TALLY_TYPE_NUMBER || type == TALLY_TYPE_WORD || type == TALLY_TYPE_DAY ||
           type == TALLY_TYPE_ID;
}

static bool check_members(tally_checker *checker, const tally_node *node, const tally_frame *frame,
                          tally_expr **args)
{
    tally_node pair = *node;
    bool are_fine = true;
    uint32_t i = 1;

    pair.op = TALLY_OP_IS;
    args[0] = tally_check(checker, node->first, frame, NULL);
    if (args[0] == NULL)
        return false;
    if (!is_listable(args[0]->type)) {
        tally_check_report(checker, node->first->at, node->first->end, "wrong-type", "",
                           "%s cannot be looked up in a list",
                           tally_type_phrase(args[0]->type));
        return false;
    }
    for (const tally_node *arg = node->first->next; arg != NULL; arg = arg->next, i++) {
        args[i] = tally_check(checker, arg, frame, words_of(args[0], NULL));
        if (args[i] == NULL) {
            are_fine = false;
        } else if (args[i]->type == TALLY_TYPE_NOTHING) {
            tally_check_report(checker, arg->at, arg->end, "wrong-type",
                               "write `… or X is nothing`", "`nothing` cannot stand in a list");
            are_fine = false;
        } else {
            pair.at = arg->at;
            pair.end = arg->end;
            are_fine = are_comparable(checker, &pair, &args[0], &args[i]) && are_fine;
        }
    }
    return are_fine;
}

tally_expr *tally_check_one_of(tally_checker *checker, const tally_node *node,
                               const tally_frame *frame)
{
    tally_expr **args = tally_arena_zalloc_array(checker->compiler->arena, node->arg_count,
                                                 sizeof(tally_expr *));
    tally_expr *expr, *negated;
    const tally_expr *arg;

    if (args == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    if (!check_members(checker, node, frame, args))
        return NULL;
    for (uint32_t i = 1; i < node->arg_count; i++) {
        /* args[0] has by now the most decimals of all. */
        args[i] = tally_expr_rescale(checker, args[i], args[0]->decimals);
        if (args[i] == NULL)
            return NULL;
    }
    expr = tally_expr_new(checker, node, TALLY_OP_IS_ONE_OF, TALLY_TYPE_CONDITION);
    if (!tally_expr_set_args(checker, expr, (const tally_expr *const *)args, node->arg_count))
        return NULL;
    tally_check_bounds(checker, expr, node->at, node->end);
    if (!node->negated)
        return expr;
    arg = expr;
    negated = tally_expr_new(checker, node, TALLY_OP_NOT, TALLY_TYPE_CONDITION);
    return tally_expr_set_args(checker, negated, &arg, 1) ? negated : NULL;
}
