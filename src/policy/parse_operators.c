/* SPDX-License-Identifier: Apache-2.0 */
/* Operators as written, from the tightest to the loosest: products, sums,
 * comparisons, conditions, choice. */

#include "policy/syntax.h"

/* ---- operators -------------------------------------------------------------- */

static tally_node *parse_unary(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_node *node, *child;

    if (token->kind != TALLY_TOKEN_MINUS)
        return tally_parse_reference(parser);
    if (!tally_parser_enter(parser))
        return NULL;
    tally_parser_step(parser);
    child = parse_unary(parser);
    tally_parser_leave(parser);
    if (child == NULL)
        return NULL;
    node = tally_parser_node(parser, TALLY_NODE_NEGATE, token->at);
    return tally_parser_adopt(parser, node, child) ? node : NULL;
}

static tally_node *join(tally_parser *parser, tally_node_kind kind, tally_op op, tally_node *left,
                        tally_node *right)
{
    tally_node *node;

    if (left == NULL || right == NULL)
        return NULL;
    node = tally_parser_node(parser, kind, left->at);
    if (!tally_parser_adopt(parser, node, left) || !tally_parser_adopt(parser, node, right))
        return NULL;
    node->op = op;
    return node;
}

static tally_node *parse_product(tally_parser *parser)
{
    tally_node *left = parse_unary(parser);

    while (left != NULL) {
        tally_token_kind kind = tally_parser_peek(parser, 0)->kind;

        if (kind != TALLY_TOKEN_STAR && kind != TALLY_TOKEN_SLASH)
            break;
        tally_parser_step(parser);
        left = join(parser, TALLY_NODE_ARITHMETIC,
                    kind == TALLY_TOKEN_STAR ? TALLY_OP_MULTIPLY : TALLY_OP_DIVIDE, left,
                    parse_unary(parser));
    }
    return left;
}

tally_node *tally_parse_sum(tally_parser *parser)
{
    tally_node *left = parse_product(parser);

    while (left != NULL) {
        const tally_token *sign = tally_parser_peek(parser, 0);

        if (sign->kind != TALLY_TOKEN_PLUS && sign->kind != TALLY_TOKEN_MINUS)
            break;
        if (sign->kind == TALLY_TOKEN_MINUS && !(sign->space_before && sign->space_after))
            tally_parser_refuse(parser, sign, "spaces-around-minus", "write ` - `",
                                "a minus has a space on both sides, for names may hold hyphens");
        tally_parser_step(parser);
        left = join(parser, TALLY_NODE_ARITHMETIC,
                    sign->kind == TALLY_TOKEN_PLUS ? TALLY_OP_ADD : TALLY_OP_SUBTRACT, left,
                    parse_product(parser));
    }
    return left;
}

/* ---- comparisons -------------------------------------------------------------- */

static bool is_comparison(const tally_parser *parser, tally_op *out_op)
{
    switch (tally_parser_peek(parser, 0)->kind) {
    case TALLY_TOKEN_LESS:
        *out_op = TALLY_OP_LESS;
        return true;
    case TALLY_TOKEN_LESS_OR_EQUAL:
        *out_op = TALLY_OP_LESS_OR_EQUAL;
        return true;
    case TALLY_TOKEN_GREATER:
        *out_op = TALLY_OP_GREATER;
        return true;
    case TALLY_TOKEN_GREATER_OR_EQUAL:
        *out_op = TALLY_OP_GREATER_OR_EQUAL;
        return true;
    case TALLY_TOKEN_EQUALS:
        *out_op = TALLY_OP_IS;
        return true;
    case TALLY_TOKEN_NOT_EQUALS:
        *out_op = TALLY_OP_IS_NOT;
        return true;
    default:
        *out_op = TALLY_OP_IS;
        return tally_parser_is_word(parser, 0, "is");
    }
}

/* Turns of phrase after `is` that stand for a sign. */
static bool refuse_phrase(tally_parser *parser)
{
    static const struct {
        const char *first, *second, *hint;
    } phrases[] = {
        { "at", "least", "write `>=` in place of `is at least`" },
        { "at", "most", "write `<=` in place of `is at most`" },
        { "more", "than", "write `>` in place of `is more than`" },
        { "greater", "than", "write `>` in place of `is greater than`" },
        { "over", NULL, "write `>` in place of `is over`" },
        { "above", NULL, "write `>` in place of `is above`" },
        { "less", "than", "write `<` in place of `is less than`" },
        { "fewer", "than", "write `<` in place of `is fewer than`" },
        { "under", NULL, "write `<` in place of `is under`" },
        { "below", NULL, "write `<` in place of `is below`" },
        { "between", NULL, "write `x >= 1 and x <= 5`" },
        { "in", NULL, "write `is one of` and the words with commas between" },
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        const tally_token *after = tally_parser_peek(parser, 1);
        bool has_second =
            phrases[i].second != NULL
                ? tally_parser_is_word(parser, 1, phrases[i].second)
                : after->kind == TALLY_TOKEN_NUMBER || after->kind == TALLY_TOKEN_DAY ||
                      after->kind == TALLY_TOKEN_STRING || after->kind == TALLY_TOKEN_OPEN;

        if (tally_parser_is_word(parser, 0, phrases[i].first) && has_second) {
            tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax", phrases[i].hint,
                                "numbers and days are compared with signs, words with `is`");
            return true;
        }
    }
    return false;
}

static tally_node *parse_one_of(tally_parser *parser, tally_node *left, bool negated)
{
    tally_node *node = tally_parser_node(parser, TALLY_NODE_ONE_OF, left->at);

    if (!tally_parser_adopt(parser, node, left))
        return NULL;
    node->negated = negated;
    do {
        if (!tally_parser_adopt(parser, node, tally_parse_sum(parser)))
            return NULL;
    } while (tally_parser_accept_kind(parser, TALLY_TOKEN_COMMA));
    return node;
}

static bool refuse_sign(tally_parser *parser, const tally_token *sign)
{
    if (sign->kind != TALLY_TOKEN_EQUALS && sign->kind != TALLY_TOKEN_NOT_EQUALS)
        return false;
    tally_parser_refuse(parser, sign, "write-is",
                        sign->kind == TALLY_TOKEN_EQUALS ? "write `is`" : "write `is not`",
                        tally_check_text(parser->compiler, "`%.*s` is not part of the language",
                                         TALLY_TEXT_ARGS(sign->text)));
    return true;
}

/* The parser is at the comparison op. */
static tally_node *parse_comparison_of(tally_parser *parser, tally_node *left, tally_op op)
{
    const tally_token *sign = tally_parser_step(parser);

    if (sign->kind == TALLY_TOKEN_NAME) { /* is */
        bool negated = tally_parser_accept(parser, "not");
        tally_op again;

        if (negated)
            op = TALLY_OP_IS_NOT;
        if (tally_parser_is_word(parser, 0, "one") && tally_parser_is_word(parser, 1, "of")) {
            tally_parser_step(parser);
            tally_parser_step(parser);
            return parse_one_of(parser, left, negated);
        }
        if (refuse_phrase(parser))
            return NULL;
        if (tally_parser_peek(parser, 0)->kind != TALLY_TOKEN_NAME &&
            is_comparison(parser, &again)) {
            tally_parser_refuse(parser, sign, "syntax", "leave out `is`",
                                "a sign of comparison stands alone");
            tally_parser_step(parser);
            op = again;
        }
    } else {
        refuse_sign(parser, sign);
    }
    return join(parser, TALLY_NODE_COMPARE, op, left, tally_parse_sum(parser));
}

static tally_node *parse_comparison(tally_parser *parser)
{
    tally_node *left = tally_parse_sum(parser);
    tally_op op;

    if (left == NULL)
        return NULL;
    if (is_comparison(parser, &op)) {
        left = parse_comparison_of(parser, left, op);
        if (left != NULL && is_comparison(parser, &op)) {
            tally_parser_refuse(parser, tally_parser_peek(parser, 0), "chained-comparison",
                                "join two comparisons: `a < b and b < c`",
                                "comparisons do not chain");
            return NULL;
        }
    } else if (tally_parser_is_word(parser, 0, "exists")) {
        tally_node *node;

        tally_parser_step(parser);
        node = tally_parser_node(parser, TALLY_NODE_EXISTS, left->at);
        left = tally_parser_adopt(parser, node, left) ? node : NULL;
    }
    return left;
}

static tally_node *parse_throughout(tally_parser *parser)
{
    tally_node *left = parse_comparison(parser);
    const tally_token *number;
    tally_node *duration, *node;

    if (left == NULL || !tally_parser_accept(parser, "throughout"))
        return left;
    number = tally_parser_peek(parser, 0);
    duration = number->kind == TALLY_TOKEN_NUMBER ? tally_parse_number(parser) : NULL;
    if (duration == NULL || duration->kind != TALLY_NODE_DURATION) {
        if (number->kind != TALLY_TOKEN_NUMBER || duration != NULL)
            tally_parser_refuse(parser, number, "wrong-type", "write `throughout 30 days`",
                                "`throughout` wants minutes, hours, days or weeks");
        return NULL;
    }
    node = tally_parser_node(parser, TALLY_NODE_THROUGHOUT, left->at);
    if (!tally_parser_adopt(parser, node, left))
        return NULL;
    node->value = duration->value;
    return node;
}

/* ---- conditions and choice ------------------------------------------------------ */

static tally_node *parse_not(tally_parser *parser)
{
    const tally_token *word = tally_parser_peek(parser, 0);
    tally_node *node, *child;

    if (!tally_parser_is_word(parser, 0, "not"))
        return parse_throughout(parser);
    if (!tally_parser_enter(parser))
        return NULL;
    tally_parser_step(parser);
    child = parse_not(parser);
    tally_parser_leave(parser);
    if (child == NULL)
        return NULL;
    node = tally_parser_node(parser, TALLY_NODE_NOT, word->at);
    return tally_parser_adopt(parser, node, child) ? node : NULL;
}

static tally_node *parse_and(tally_parser *parser)
{
    tally_node *left = parse_not(parser);
    tally_node *all;

    if (left == NULL || !tally_parser_is_word(parser, 0, "and"))
        return left;
    all = tally_parser_node(parser, TALLY_NODE_AND, left->at);
    if (!tally_parser_adopt(parser, all, left))
        return NULL;
    while (tally_parser_accept(parser, "and")) {
        if (!tally_parser_adopt(parser, all, parse_not(parser)))
            return NULL;
    }
    return all;
}

static tally_node *parse_or(tally_parser *parser)
{
    tally_node *left = parse_and(parser);
    tally_node *any;

    if (left == NULL || !tally_parser_is_word(parser, 0, "or"))
        return left;
    any = tally_parser_node(parser, TALLY_NODE_OR, left->at);
    if (!tally_parser_adopt(parser, any, left))
        return NULL;
    while (tally_parser_accept(parser, "or")) {
        if (!tally_parser_adopt(parser, any, parse_and(parser)))
            return NULL;
    }
    return any;
}

static tally_node *parse_if(tally_parser *parser)
{
    const tally_token *word = tally_parser_step(parser);
    tally_node *condition = parse_or(parser);
    tally_node *first, *second, *node;

    if (condition == NULL)
        return NULL;
    if (!tally_parser_accept(parser, "then")) {
        tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax",
                            "write `if … then … else …`", "`then` is missing here");
        return NULL;
    }
    first = tally_parse_expression(parser);
    if (first == NULL)
        return NULL;
    if (!tally_parser_accept(parser, "else")) {
        tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax",
                            "write `else` and the other value; `else nothing` for none",
                            "`else` is missing here");
        return NULL;
    }
    second = tally_parse_expression(parser);
    if (second == NULL)
        return NULL;
    node = tally_parser_node(parser, TALLY_NODE_IF, word->at);
    if (!tally_parser_adopt(parser, node, condition) || !tally_parser_adopt(parser, node, first) ||
        !tally_parser_adopt(parser, node, second))
        return NULL;
    return node;
}

tally_node *tally_parse_expression(tally_parser *parser)
{
    tally_node *node;

    if (!tally_parser_enter(parser))
        return NULL;
    node = tally_parser_is_word(parser, 0, "if") ? parse_if(parser) : parse_or(parser);
    tally_parser_leave(parser);
    return node;
}

bool tally_parse_end(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    const char *hint = "";
    const char *message;

    if (token->kind == TALLY_TOKEN_END)
        return true;
    message = tally_check_text(parser->compiler, "`%.*s` does not belong here",
                               TALLY_TEXT_ARGS(token->text));
    if (token->kind == TALLY_TOKEN_CLOSE) {
        tally_parser_refuse(parser, token, "unbalanced", "take it away, or open a `(` before it",
                            "this `)` has no `(` before it");
        return false;
    }
    if (token->kind == TALLY_TOKEN_NUMBER && token != parser->tokens &&
        token[-1].kind == TALLY_TOKEN_NUMBER)
        hint = "write a number without spaces or commas, as in 10000";
    else if (token->kind == TALLY_TOKEN_COMMA && token != parser->tokens &&
             token[-1].kind == TALLY_TOKEN_NUMBER && token[1].kind == TALLY_TOKEN_NUMBER)
        hint = "decimals stand behind a point, as in 2.5; thousands have no comma";
    else if (token->kind == TALLY_TOKEN_COMMA)
        hint = "a comma stands between the parts of `max(a, b)` or after `is one of`";
    else if (tally_text_is(token->text, "equals"))
        hint = "write `is`";
    else if (tally_text_is(token->text, "in"))
        hint = "a window belongs to a set, as in `count(visit in calendar month)`; membership is "
               "`is one of`";
    else if (tally_text_is(token->text, "of"))
        hint = "write the aggregate with brackets, as in `sum(points of result)`";
    else if (token->kind == TALLY_TOKEN_NAME || token->kind == TALLY_TOKEN_STRING)
        hint = "write a sign or a word such as `and` before it; quote words that have spaces";
    tally_parser_refuse(parser, token, "syntax", hint, message);
    return false;
}
