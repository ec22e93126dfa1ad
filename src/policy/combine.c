/* SPDX-License-Identifier: Apache-2.0 */
/* Condition lists and `P % of gain`: conditions made from compiled ones. */

#include "policy/syntax.h"
#include "util/checked.h"

const tally_expr *tally_expr_combine(tally_compiler *compiler, tally_op op, int64_t at_least,
                                     const tally_expr *const *legs, uint32_t leg_count,
                                     tally_span span)
{
    tally_expr *expr = tally_arena_zalloc(compiler->arena, sizeof(*expr));
    const tally_expr **args = tally_arena_zalloc_array(compiler->arena, leg_count, sizeof(*args));

    TALLY_ASSERT(op == TALLY_OP_ALL_OF || op == TALLY_OP_ANY_OF || op == TALLY_OP_NONE_OF ||
                 op == TALLY_OP_AT_LEAST_OF);
    if (expr == NULL || args == NULL || leg_count > UINT16_MAX) {
        compiler->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < leg_count; i++)
        args[i] = legs[i];
    expr->op = op;
    expr->type = TALLY_TYPE_CONDITION;
    expr->index = TALLY_NO_INDEX;
    expr->value = op == TALLY_OP_AT_LEAST_OF ? at_least : 0;
    expr->args = args;
    expr->arg_count = (uint16_t)leg_count;
    expr->span = span;
    return expr;
}

/* ---- heads ------------------------------------------------------------------------- */

static bool parse_head(tally_parser *parser, tally_op *out_op, tally_node **out_k)
{
    static const struct {
        const char *word;
        tally_op op;
    } heads[] = { { "all", TALLY_OP_ALL_OF },
                  { "any", TALLY_OP_ANY_OF },
                  { "none", TALLY_OP_NONE_OF } };

    *out_k = NULL;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (tally_parser_is_word(parser, 0, heads[i].word) &&
            tally_parser_is_word(parser, 1, "of")) {
            tally_parser_accept(parser, heads[i].word);
            tally_parser_accept(parser, "of");
            *out_op = heads[i].op;
            return true;
        }
    }
    if (!tally_parser_is_word(parser, 0, "at") || !tally_parser_is_word(parser, 1, "least") ||
        !tally_parser_is_word(parser, 3, "of") ||
        tally_parser_peek(parser, 2)->kind != TALLY_TOKEN_NUMBER)
        return false;
    tally_parser_accept(parser, "at");
    tally_parser_accept(parser, "least");
    *out_k = tally_parse_reference(parser);
    tally_parser_accept(parser, "of");
    *out_op = TALLY_OP_AT_LEAST_OF;
    return true;
}

bool tally_condition_head(tally_compiler *compiler, const tally_source_text *source,
                          const tally_scope *scope, tally_op *out_op, int64_t *out_at_least,
                          const tally_window **out_window)
{
    static const tally_scope no_scope;
    tally_checker checker = { compiler, source, scope != NULL ? scope : &no_scope, false };
    tally_parser parser;
    tally_window_node *window;
    tally_node *k;

    *out_at_least = 0;
    *out_window = NULL;
    if (source->text.count > TALLY_EXPR_BYTES_MAX ||
        !tally_parser_start(&parser, compiler, source) || !parse_head(&parser, out_op, &k))
        return false;
    if (*out_op == TALLY_OP_AT_LEAST_OF) {
        *out_at_least = 1;
        if (k == NULL || !tally_check_whole(&checker, k, UINT16_MAX, out_at_least))
            return true;
    }
    if (tally_parser_accept_kind(&parser, TALLY_TOKEN_COMMA)) {
        if (!tally_parser_accept(&parser, "in")) {
            tally_parser_refuse(&parser, tally_parser_peek(&parser, 0), "bad-window",
                                "write `all of, in rolling 100 days`",
                                "`in` and a window are missing here");
            return true;
        }
        window = tally_parse_window(&parser);
        if (window == NULL)
            return true;
        *out_window = tally_check_window(&checker, window);
    }
    tally_parse_end(&parser);
    return true;
}

/* ---- P % of gain --------------------------------------------------------------------- */

typedef struct relaxing {
    tally_checker checker;
    tally_node place; /* where the phrase stands, for new parts */
    int64_t value;    /* P / 100 */
    uint8_t decimals;
    uint32_t leg_count;
} relaxing;

static bool parse_relaxation(tally_parser *parser, tally_node **out_share)
{
    if (tally_parser_peek(parser, 0)->kind != TALLY_TOKEN_NUMBER ||
        tally_parser_peek(parser, 1)->kind != TALLY_TOKEN_PERCENT ||
        !tally_parser_is_word(parser, 2, "of") || !tally_parser_is_word(parser, 3, "gain") ||
        tally_parser_peek(parser, 4)->kind != TALLY_TOKEN_END)
        return false;
    *out_share = tally_parse_reference(parser);
    return true;
}

bool tally_expr_is_relaxation(const tally_source_text *source)
{
    /* NUMBER % of gain, told apart without memory: blanks may stand between. */
    static const char *const parts[] = { "%", "of", "gain" };
    tally_text rest = tally_text_trim(source->text);
    size_t digits = 0;

    while (digits < rest.count && ((rest.bytes[digits] >= '0' && rest.bytes[digits] <= '9') ||
                                   rest.bytes[digits] == '.'))
        digits++;
    if (digits == 0)
        return false;
    rest = tally_text_slice(rest, digits, rest.count);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        rest = tally_text_trim(rest);
        if (!tally_text_has_prefix(rest, tally_text_from(parts[i])))
            return false;
        rest = tally_text_slice(rest, strlen(parts[i]), rest.count);
    }
    return rest.count == 0;
}

/* Whether an expression looks through a window other than lifetime. */
static bool has_window(const tally_expr *expr)
{
    if (expr->window != NULL && expr->window->kind != TALLY_WINDOW_LIFETIME)
        return true;
    for (const tally_set *set = expr->set; set != NULL; set = set->inner) {
        if (set->window->kind != TALLY_WINDOW_LIFETIME)
            return true;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (expr->args[i] != NULL && has_window(expr->args[i]))
            return true;
    }
    return false;
}

static tally_expr *copy_expr(relaxing *relax, const tally_expr *expr)
{
    tally_expr *copy = tally_arena_copy(relax->checker.compiler->arena, expr, sizeof(*expr));

    if (copy == NULL) {
        relax->checker.compiler->out_of_memory = true;
        relax->checker.has_failed = true;
    }
    return copy;
}

/* right x P %, keeping the source text of right. */
static tally_expr *shrink(relaxing *relax, const tally_expr *right)
{
    tally_expr *share = tally_expr_literal(&relax->checker, &relax->place, TALLY_TYPE_NUMBER,
                                           relax->value, relax->decimals);
    tally_expr *product = copy_expr(relax, right);
    const tally_expr *args[2] = { right, share };

    if (share == NULL || product == NULL)
        return NULL;
    if (right->type == TALLY_TYPE_NUMBER && right->decimals + share->decimals > TALLY_DECIMALS_MAX)
        goto too_fine;
    if (right->op == TALLY_OP_LITERAL) {
        if (!tally_mul_i64(right->value, share->value, &product->value))
            goto too_fine;
        product->decimals = (uint8_t)(right->decimals + share->decimals);
        return product;
    }
    *product = (tally_expr){ .op = TALLY_OP_MULTIPLY,
                             .type = right->type,
                             .decimals = (uint8_t)(right->type == TALLY_TYPE_NUMBER
                                                       ? right->decimals + share->decimals
                                                       : 0),
                             .index = TALLY_NO_INDEX,
                             .span = right->span };
    return tally_expr_set_args(&relax->checker, product, args, 2) ? product : NULL;
too_fine:
    tally_check_report(&relax->checker, relax->place.at, relax->place.end, "too-many-decimals",
                       "write the keep rule out",
                       "this share of `%.*s` has more decimals than can be kept",
                       TALLY_TEXT_ARGS(right->span.text));
    return NULL;
}

static const tally_expr *relax_leg(relaxing *relax, const tally_expr *leg)
{
    tally_expr *copy = copy_expr(relax, leg);
    tally_expr *left, *right = shrink(relax, leg->args[1]);
    const tally_expr *args[2];

    left = copy_expr(relax, leg->args[0]);
    if (copy == NULL || left == NULL || right == NULL)
        return NULL;
    if (left->type == TALLY_TYPE_NUMBER && right->type == TALLY_TYPE_NUMBER &&
        !tally_expr_align(&relax->checker, &left, &right))
        return NULL;
    args[0] = left;
    args[1] = right;
    relax->leg_count++;
    return tally_expr_set_args(&relax->checker, copy, args, 2) ? copy : NULL;
}

static const tally_expr *relax_condition(relaxing *relax, const tally_expr *expr)
{
    const tally_expr **args;
    tally_expr *copy;

    if (expr->op == TALLY_OP_GREATER_OR_EQUAL && has_window(expr->args[0]) &&
        (expr->args[1]->type == TALLY_TYPE_NUMBER || expr->args[1]->type == TALLY_TYPE_RATIO))
        return relax_leg(relax, expr);
    if (expr->op != TALLY_OP_ALL_OF && expr->op != TALLY_OP_ANY_OF &&
        expr->op != TALLY_OP_AT_LEAST_OF)
        return expr;
    copy = copy_expr(relax, expr);
    args = tally_arena_zalloc_array(relax->checker.compiler->arena, expr->arg_count,
                                    sizeof(*args));
    if (copy == NULL || args == NULL) {
        relax->checker.compiler->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        args[i] = relax_condition(relax, expr->args[i]);
        if (args[i] == NULL)
            return NULL;
    }
    copy->args = args;
    return copy;
}

const tally_expr *tally_expr_relax(tally_compiler *compiler, const tally_expr *gain,
                                   const tally_source_text *source)
{
    static const tally_scope no_scope;
    relaxing relax = { .checker = { compiler, source, &no_scope, false } };
    tally_node *share = NULL;
    const tally_expr *relaxed;
    tally_expr *result;
    tally_parser parser;

    if (!tally_parser_start(&parser, compiler, source))
        return NULL;
    if (!parse_relaxation(&parser, &share) || share == NULL) {
        if (!parser.has_failed)
            tally_parser_refuse(&parser, parser.tokens, "syntax", "write `90 % of gain`",
                                "this is not a share of the gain rule");
        return NULL;
    }
    relax.place = *share;
    relax.place.end = (uint32_t)source->text.count;
    relax.value = share->value;
    relax.decimals = share->decimals;
    while (relax.decimals > 0 && relax.value % 10 == 0) {
        relax.value /= 10;
        relax.decimals--;
    }
    if (relax.value <= 0 || relax.value > tally_decimal_unit(relax.decimals)) {
        tally_check_report(&relax.checker, share->at, share->end, "wrong-type", "",
                           "a share of the gain rule is more than 0 %% and at most 100 %%");
        return NULL;
    }
    relaxed = relax_condition(&relax, gain);
    if (relaxed == NULL)
        return NULL;
    if (relax.leg_count == 0)
        tally_check_warn(&relax.checker, relax.place.at, relax.place.end, "no-effect",
                         "only `… >= N` through a window such as `rolling 100 days` is lowered",
                         "no part of the gain rule is lowered by this");
    result = copy_expr(&relax, relaxed);
    if (result != NULL)
        result->span = tally_span_of(source, relax.place.at, relax.place.end);
    return result;
}
