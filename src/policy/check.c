/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree as written to the checked one: types, decimals, literals.
 *
 * A part that is wrong gives NULL after a report, and its neighbours are still
 * looked at, so that one run shows every unknown name. Recursion follows the
 * height of the written tree, which the parser bounds. */

#include "policy/syntax.h"
#include "util/checked.h"

static const tally_scope no_scope;

tally_expr *tally_expr_new(tally_checker *checker, const tally_node *node, tally_op op,
                           tally_value_type type)
{
    tally_expr *expr = tally_arena_zalloc(checker->compiler->arena, sizeof(*expr));

    if (expr == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    expr->op = op;
    expr->type = type;
    expr->index = TALLY_NO_INDEX;
    expr->span = tally_span_of(checker->source, node->at, node->end);
    return expr;
}

tally_expr *tally_expr_literal(tally_checker *checker, const tally_node *node,
                               tally_value_type type, int64_t value, uint8_t decimals)
{
    tally_expr *expr = tally_expr_new(checker, node, TALLY_OP_LITERAL, type);

    if (expr != NULL) {
        expr->value = value;
        expr->decimals = decimals;
    }
    return expr;
}

bool tally_expr_set_args(tally_checker *checker, tally_expr *expr, const tally_expr *const *args,
                         uint32_t count)
{
    const tally_expr **copy;

    if (expr == NULL)
        return false;
    copy = tally_arena_copy(checker->compiler->arena, args, count * sizeof(*args));
    if (copy == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return false;
    }
    expr->args = copy;
    expr->arg_count = (uint16_t)count;
    return true;
}

tally_expr *tally_expr_rescale(tally_checker *checker, tally_expr *expr, uint8_t decimals)
{
    tally_expr *scaled;
    const tally_expr *arg = expr;
    int64_t value = expr->value;

    if (expr->decimals == decimals || expr->type != TALLY_TYPE_NUMBER)
        return expr;
    if (expr->op == TALLY_OP_LITERAL && value != TALLY_NOTHING &&
        (!tally_mul_i64(value, tally_decimal_unit((uint32_t)decimals - expr->decimals), &value) ||
         value == TALLY_NOTHING)) {
        checker->has_failed = true;
        tally_report(checker->compiler, TALLY_SEVERITY_ERROR, "too-large", checker->source,
                     (size_t)(expr->span.text.bytes - checker->source->text.bytes),
                     expr->span.text.count, "", "this number is too large at %u decimals",
                     decimals);
        return NULL;
    }
    scaled = tally_arena_copy(checker->compiler->arena, expr, sizeof(*expr));
    if (scaled == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    scaled->decimals = decimals;
    if (expr->op == TALLY_OP_LITERAL) {
        scaled->value = value;
        return scaled;
    }
    *scaled = (tally_expr){ .op = TALLY_OP_RESCALE,
                            .type = TALLY_TYPE_NUMBER,
                            .decimals = decimals,
                            .index = TALLY_NO_INDEX,
                            .span = expr->span };
    return tally_expr_set_args(checker, scaled, &arg, 1) ? scaled : NULL;
}

/* Drop zeros at the end of a literal's decimals, down to `least` decimals. */
static void trim_literal(tally_expr *expr, uint8_t least)
{
    while (expr->op == TALLY_OP_LITERAL && expr->decimals > least && expr->value % 10 == 0) {
        expr->value /= 10;
        expr->decimals--;
    }
}

bool tally_expr_align(tally_checker *checker, tally_expr **left, tally_expr **right)
{
    uint8_t decimals;

    if ((*left)->decimals > (*right)->decimals)
        trim_literal(*left, (*right)->decimals);
    else
        trim_literal(*right, (*left)->decimals);
    decimals = (*left)->decimals > (*right)->decimals ? (*left)->decimals : (*right)->decimals;
    *left = tally_expr_rescale(checker, *left, decimals);
    *right = tally_expr_rescale(checker, *right, decimals);
    return *left != NULL && *right != NULL;
}

void tally_expr_adopt_type(tally_expr *expr, const tally_expr *other)
{
    expr->type = other->type;
    expr->decimals = other->decimals;
    expr->domain = other->domain;
}

const char *tally_type_phrase(tally_value_type type)
{
    switch (type) {
    case TALLY_TYPE_NOTHING:
        return "nothing";
    case TALLY_TYPE_NUMBER:
        return "a number";
    case TALLY_TYPE_RATIO:
        return "a ratio";
    case TALLY_TYPE_CONDITION:
        return "a condition";
    case TALLY_TYPE_WORD:
        return "a word";
    case TALLY_TYPE_ID:
        return "an id";
    case TALLY_TYPE_DAY:
        return "a day";
    case TALLY_TYPE_INSTANT:
        return "an instant";
    case TALLY_TYPE_DURATION:
        return "a duration";
    case TALLY_TYPE_MONTHS:
        return "a number of months";
    case TALLY_TYPE_EVENT:
        return "an event";
    case TALLY_TYPE_TEXT:
        return "a text";
    }
    return "a value";
}

/* ---- conditions and choice ------------------------------------------------- */

static const char *condition_hint(tally_value_type type)
{
    switch (type) {
    case TALLY_TYPE_NUMBER:
    case TALLY_TYPE_RATIO:
        return "compare it, as in `… >= 1`";
    case TALLY_TYPE_EVENT:
        return "write `any …`, or `… exists`";
    case TALLY_TYPE_WORD:
        return "compare it, as in `… is WORD`";
    default:
        return "compare it, or write `… exists`";
    }
}

tally_expr *tally_check_condition(tally_checker *checker, const tally_node *node,
                                  const tally_frame *frame)
{
    tally_expr *expr = tally_check(checker, node, frame, NULL);

    if (expr == NULL)
        return NULL;
    if (expr->type == TALLY_TYPE_NOTHING)
        expr->type = TALLY_TYPE_CONDITION;
    if (expr->type == TALLY_TYPE_CONDITION)
        return expr;
    tally_check_report(checker, node->at, node->end, "wrong-type", condition_hint(expr->type),
                       "a condition is needed here, and this is %s",
                       tally_type_phrase(expr->type));
    return NULL;
}

/* and, or, not: all arguments are conditions. */
static tally_expr *check_logic(tally_checker *checker, const tally_node *node,
                               const tally_frame *frame, tally_op op)
{
    tally_expr *expr = tally_expr_new(checker, node, op, TALLY_TYPE_CONDITION);
    const tally_expr **args = tally_arena_zalloc_array(checker->compiler->arena, node->arg_count,
                                                       sizeof(const tally_expr *));
    uint32_t count = 0;

    if (expr == NULL || args == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    for (const tally_node *arg = node->first; arg != NULL; arg = arg->next) {
        args[count] = tally_check_condition(checker, arg, frame);
        count += args[count] != NULL;
    }
    expr->args = args;
    expr->arg_count = (uint16_t)count;
    return count == node->arg_count ? expr : NULL;
}

bool tally_expr_unify(tally_checker *checker, const tally_node *node, tally_expr **left,
                      tally_expr **right)
{
    tally_value_type a = (*left)->type, b = (*right)->type;

    if (a == TALLY_TYPE_NOTHING || b == TALLY_TYPE_NOTHING) {
        if (a == TALLY_TYPE_NOTHING)
            tally_expr_adopt_type(*left, *right);
        else
            tally_expr_adopt_type(*right, *left);
        return true;
    }
    if (a == b && a == TALLY_TYPE_NUMBER)
        return tally_expr_align(checker, left, right);
    if (a == b && (a != TALLY_TYPE_WORD ||
                   tally_words_are_equal((*left)->domain, (*right)->domain)))
        return true;
    tally_check_report(checker, node->at, node->end, "mixed-types",
                       a == TALLY_TYPE_RATIO || b == TALLY_TYPE_RATIO
                           ? "round the ratio: `round(…, to 1, half up)`"
                           : "give both choices values of one kind",
                       a == b ? "the choices are %s and %s of different lists"
                              : "one choice is %s, the other is %s",
                       tally_type_phrase(a), tally_type_phrase(b));
    return false;
}

static tally_expr *check_if(tally_checker *checker, const tally_node *node,
                            const tally_frame *frame, const tally_words *words)
{
    const tally_node *first = node->first->next;
    tally_expr *condition = tally_check_condition(checker, node->first, frame);
    tally_expr *left, *right, *expr;
    const tally_expr *args[3];

    if (!tally_check_pair(checker, first, first->next, frame, words, &left, &right) ||
        condition == NULL || !tally_expr_unify(checker, node, &left, &right))
        return NULL;
    expr = tally_expr_new(checker, node, TALLY_OP_IF, left->type);
    if (expr == NULL)
        return NULL;
    expr->decimals = left->decimals;
    expr->domain = left->domain;
    args[0] = condition;
    args[1] = left;
    args[2] = right;
    return tally_expr_set_args(checker, expr, args, 3) ? expr : NULL;
}

static tally_expr *check_exists(tally_checker *checker, const tally_node *node,
                                const tally_frame *frame)
{
    tally_expr *value = tally_check(checker, node->first, frame, NULL);
    const tally_expr *arg = value;
    tally_expr *expr;

    if (value == NULL)
        return NULL;
    if (value->op == TALLY_OP_LITERAL) {
        tally_check_report(checker, node->at, node->end, "wrong-type", "",
                           "whether a fixed value exists is no question");
        return NULL;
    }
    expr = tally_expr_new(checker, node, TALLY_OP_EXISTS, TALLY_TYPE_CONDITION);
    return tally_expr_set_args(checker, expr, &arg, 1) ? expr : NULL;
}

static tally_expr *check_throughout(tally_checker *checker, const tally_node *node)
{
    /* Asked at many instants: at none of them is an event in scope. */
    const tally_frame no_event = { NULL, NULL, 0 };
    const tally_expr *arg = tally_check_condition(checker, node->first, &no_event);
    tally_expr *expr;

    if (arg == NULL)
        return NULL;
    checker->compiler->uses_throughout = true;
    if (node->value <= 0) {
        tally_check_report(checker, node->at, node->end, "wrong-type", "",
                           "`throughout` needs a time longer than none");
        return NULL;
    }
    expr = tally_expr_new(checker, node, TALLY_OP_THROUGHOUT, TALLY_TYPE_CONDITION);
    if (!tally_expr_set_args(checker, expr, &arg, 1))
        return NULL;
    expr->value = node->value;
    return expr;
}

static tally_expr *check_negate(tally_checker *checker, const tally_node *node,
                                const tally_frame *frame)
{
    tally_expr *value = tally_check(checker, node->first, frame, NULL);
    const tally_expr *arg = value;
    tally_expr *expr;

    if (value == NULL)
        return NULL;
    if (value->type != TALLY_TYPE_NUMBER && value->type != TALLY_TYPE_DURATION) {
        tally_check_report(checker, node->at, node->end, "wrong-type",
                           value->type == TALLY_TYPE_RATIO
                               ? "round it first: `- round(…, to 1, half up)`"
                               : "",
                           "a minus belongs before a number, and this is %s",
                           tally_type_phrase(value->type));
        return NULL;
    }
    if (value->op == TALLY_OP_LITERAL)
        return tally_expr_literal(checker, node, value->type, -value->value, value->decimals);
    expr = tally_expr_new(checker, node, TALLY_OP_NEGATE, value->type);
    if (!tally_expr_set_args(checker, expr, &arg, 1))
        return NULL;
    expr->decimals = value->decimals;
    return expr;
}

static tally_expr *check_yes_no(tally_checker *checker, const tally_node *node,
                                const tally_words *words)
{
    for (uint32_t i = 0; words != NULL && i < words->count; i++) {
        if (tally_text_is_equal(words->words[i], node->name))
            return tally_check_word(checker, node, words);
    }
    return tally_expr_literal(checker, node, TALLY_TYPE_CONDITION, node->value, 0);
}

tally_expr *tally_check(tally_checker *checker, const tally_node *node, const tally_frame *frame,
                        const tally_words *words)
{
    switch (node->kind) {
    case TALLY_NODE_NUMBER:
        return tally_expr_literal(checker, node, TALLY_TYPE_NUMBER, node->value, node->decimals);
    case TALLY_NODE_DAY:
        return tally_expr_literal(checker, node, TALLY_TYPE_DAY, node->value, 0);
    case TALLY_NODE_DURATION:
        return tally_expr_literal(checker, node, TALLY_TYPE_DURATION, node->value, 0);
    case TALLY_NODE_MONTHS:
        return tally_expr_literal(checker, node, TALLY_TYPE_MONTHS, node->value, 0);
    case TALLY_NODE_NOTHING:
        return tally_expr_literal(checker, node, TALLY_TYPE_NOTHING, TALLY_NOTHING, 0);
    case TALLY_NODE_YES_NO:
        return check_yes_no(checker, node, words);
    case TALLY_NODE_STRING:
        return tally_check_word(checker, node, words);
    case TALLY_NODE_NAME:
        return tally_check_name(checker, node, frame, words);
    case TALLY_NODE_DOT:
        return tally_check_dot(checker, node, frame);
    case TALLY_NODE_NEGATE:
        return check_negate(checker, node, frame);
    case TALLY_NODE_NOT:
        return check_logic(checker, node, frame, TALLY_OP_NOT);
    case TALLY_NODE_AND:
        return check_logic(checker, node, frame, TALLY_OP_ALL_OF);
    case TALLY_NODE_OR:
        return check_logic(checker, node, frame, TALLY_OP_ANY_OF);
    case TALLY_NODE_ARITHMETIC:
        return tally_check_arithmetic(checker, node, frame);
    case TALLY_NODE_COMPARE:
        return tally_check_compare(checker, node, frame);
    case TALLY_NODE_ONE_OF:
        return tally_check_one_of(checker, node, frame);
    case TALLY_NODE_EXISTS:
        return check_exists(checker, node, frame);
    case TALLY_NODE_THROUGHOUT:
        return check_throughout(checker, node);
    case TALLY_NODE_IF:
        return check_if(checker, node, frame, words);
    default:
        return tally_check_call(checker, node, frame);
    }
}

/* ---- the result ---------------------------------------------------------------- */

static void refuse_result(tally_checker *checker, uint32_t at, uint32_t end, tally_value_type want,
                          tally_value_type have)
{
    if (want == TALLY_TYPE_NUMBER && have == TALLY_TYPE_RATIO)
        tally_check_report(checker, at, end, "needs-rounding",
                           "round it: `round(…, to 1, half up)`",
                           "a number is needed here, and this is a ratio");
    else
        tally_check_report(checker, at, end, "wrong-type",
                           want == TALLY_TYPE_CONDITION ? condition_hint(have)
                           : have == TALLY_TYPE_CONDITION && want == TALLY_TYPE_NUMBER
                               ? "write `if … then 1 else 0`"
                               : "",
                           "%s is needed here, and this is %s", tally_type_phrase(want),
                           tally_type_phrase(have));
}

tally_expr *tally_check_result(tally_checker *checker, tally_expr *expr, uint32_t at, uint32_t end,
                               tally_value_type want, uint8_t want_decimals,
                               const tally_words *want_domain)
{
    if (expr->type == TALLY_TYPE_NOTHING && want != TALLY_TYPE_NOTHING) {
        expr->type = want;
        expr->decimals = want == TALLY_TYPE_NUMBER && want_decimals != UINT8_MAX ? want_decimals
                                                                                 : 0;
        expr->domain = want_domain;
    }
    if (want != TALLY_TYPE_NOTHING && expr->type != want) {
        refuse_result(checker, at, end, want, expr->type);
        return NULL;
    }
    if (want == TALLY_TYPE_NOTHING && expr->type == TALLY_TYPE_MONTHS) {
        tally_check_report(checker, at, end, "wrong-type", "add it to a day, or write days",
                           "months have no fixed length and are no value by themselves");
        return NULL;
    }
    if (want == TALLY_TYPE_WORD && want_domain != NULL &&
        !tally_words_are_equal(expr->domain, want_domain)) {
        tally_check_report(checker, at, end, "mixed-types", "",
                           "this word comes from another list than the one needed here");
        return NULL;
    }
    if (want != TALLY_TYPE_NUMBER || want_decimals == UINT8_MAX)
        return expr;
    trim_literal(expr, want_decimals);
    if (expr->decimals > want_decimals) {
        tally_check_report(
            checker, at, end, "needs-rounding",
            want_decimals == 0
                ? "round it: `round(…, to 1, half up)`"
                : tally_check_text(checker->compiler, "round it: `round(…, to 0.%0*d, half up)`",
                                   want_decimals, 1),
            want_decimals == 0 ? "a whole number is needed here, and this has %u decimal%s"
                               : "this has %u decimal%s, more than can stand here",
            expr->decimals, expr->decimals == 1 ? "" : "s");
        return NULL;
    }
    return tally_expr_rescale(checker, expr, want_decimals);
}

const tally_expr *tally_expr_compile(tally_compiler *compiler, const tally_source_text *source,
                                     const tally_scope *scope, tally_value_type want,
                                     uint8_t want_decimals, const tally_words *want_domain)
{
    tally_checker checker = { compiler, source, scope != NULL ? scope : &no_scope, false };
    const tally_frame frame = { NULL, checker.scope->event_types, 0 };
    tally_parser parser;
    tally_node *node;
    tally_expr *expr;

    if (!tally_parser_start(&parser, compiler, source))
        return NULL;
    if (parser.tokens[0].kind == TALLY_TOKEN_END) {
        tally_report(compiler, TALLY_SEVERITY_ERROR, "missing-value", source, 0, 1, "",
                     "an expression is missing here");
        return NULL;
    }
    node = tally_parse_expression(&parser);
    if (node == NULL || !tally_parse_end(&parser))
        return NULL;
    expr = tally_check(&checker, node, &frame, want_domain);
    if (expr != NULL && !parser.has_failed)
        expr = tally_check_result(&checker, expr, node->at, node->end, want, want_decimals,
                                  want_domain);
    return parser.has_failed || checker.has_failed || compiler->out_of_memory ? NULL : expr;
}
