/* SPDX-License-Identifier: Apache-2.0 */
/* What is written with brackets after a word: aggregates, rounding, choices
 * among numbers, `earned` and `held`. */

#include "policy/syntax.h"

/* Whether an `of SET` follows at this bracket level, which makes min and max
 * aggregates; the `of` of `is one of` and of `last 3 of` does not count. */
static bool has_of(const tally_parser *parser, uint32_t ahead)
{
    uint32_t level = 0;

    for (;; ahead++) {
        const tally_token *token = tally_parser_peek(parser, ahead);

        if (token->kind == TALLY_TOKEN_END || (level == 0 && token->kind == TALLY_TOKEN_CLOSE))
            return false;
        if (token->kind == TALLY_TOKEN_OPEN)
            level++;
        else if (token->kind == TALLY_TOKEN_CLOSE)
            level--;
        else if (level == 0 && token->kind == TALLY_TOKEN_NAME &&
                 tally_text_is(token->text, "of") && !tally_text_is(token[-1].text, "one") &&
                 token[-1].kind != TALLY_TOKEN_NUMBER)
            return true;
    }
}

static tally_node *finish(tally_parser *parser, tally_node *node, const tally_token *open)
{
    if (node == NULL || !tally_parser_close(parser, open))
        return NULL;
    node->end = tally_parser_end(parser);
    return node;
}

static bool take_set(tally_parser *parser, tally_node *node)
{
    node->set = tally_parse_set(parser);
    if (node->set == NULL)
        return false;
    if (node->set->height >= node->height)
        node->height = (uint8_t)(node->set->height + 1);
    return true;
}

static bool accept_comma(tally_parser *parser)
{
    return tally_parser_accept_kind(parser, TALLY_TOKEN_COMMA);
}

static tally_node *parse_count(tally_parser *parser, uint32_t at, const tally_token *open)
{
    const tally_token *word = tally_parser_peek(parser, 0);
    const tally_unit_word *unit =
        word->kind == TALLY_TOKEN_NAME ? tally_unit_word_of(word->text) : NULL;
    tally_node *node;

    if (unit != NULL && tally_text_is(word->text, unit->many) &&
        tally_parser_is_word(parser, 1, "with")) {
        if (!unit->is_calendar) {
            tally_parser_refuse(parser, word, "wrong-type", "",
                                "only days, weeks, months, quarters and years can be counted");
            return NULL;
        }
        tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
        tally_parser_accept(parser, "with");
        node = tally_parser_node(parser, TALLY_NODE_PERIODS, at);
        if (!tally_parser_adopt(parser, node, tally_parse_expression(parser)))
            return NULL;
        node->unit = unit->unit;
        return finish(parser, node, open);
    }
    node = tally_parser_node(parser, TALLY_NODE_AGGREGATE, at);
    if (node == NULL)
        return NULL;
    node->op = TALLY_OP_COUNT;
    return take_set(parser, node) ? finish(parser, node, open) : NULL;
}

/* N of `best N`: a number, or an expression in brackets. What follows a number may be a field called
 * like a unit (`best 3 hours of learning`), so it makes no duration here. */
static tally_node *parse_best(tally_parser *parser)
{
    const tally_token *number;
    tally_node *node;

    tally_parser_accept(parser, "best");
    number = tally_parser_peek(parser, 0);
    if (number->kind != TALLY_TOKEN_NUMBER)
        return tally_parse_reference(parser);
    tally_parser_accept_kind(parser, TALLY_TOKEN_NUMBER);
    node = tally_parser_node(parser, TALLY_NODE_NUMBER, number->at);
    if (node != NULL) {
        node->value = number->value;
        node->decimals = number->decimals;
    }
    return node;
}

/* `sum(TYPE.FIELD)`, as other languages write it, or no `of` at all. */
static tally_node *refuse_no_of(tally_parser *parser, const tally_node *node,
                                const tally_token *name, const tally_token *open)
{
    const tally_node *arg = node->last;
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_compiler *compiler = parser->compiler;

    if (arg->kind == TALLY_NODE_DOT && arg->first->kind == TALLY_NODE_NAME &&
        tally_is_type_or_set(compiler, arg->first->name)) {
        parser->has_failed = true;
        tally_report(compiler, TALLY_SEVERITY_ERROR, "not-one-event", parser->source, arg->at,
                     arg->end - arg->at,
                     tally_check_text(compiler, "write `%.*s(%.*s of %.*s)`",
                                      TALLY_TEXT_ARGS(name->text), TALLY_TEXT_ARGS(arg->name),
                                      TALLY_TEXT_ARGS(arg->first->name)),
                     "`%.*s` is an event type, not one event", TALLY_TEXT_ARGS(arg->first->name));
        return NULL;
    }
    tally_parser_refuse(parser, token->kind == TALLY_TOKEN_END ? open : token, "syntax",
                        tally_check_text(compiler, "write `%.*s(FIELD of EVENTS)`",
                                         TALLY_TEXT_ARGS(name->text)),
                        tally_check_text(compiler,
                                         "`%.*s` needs `of` and the events it looks through",
                                         TALLY_TEXT_ARGS(name->text)));
    return NULL;
}

static tally_node *parse_aggregate(tally_parser *parser, tally_op op, uint32_t at,
                                   const tally_token *name, const tally_token *open)
{
    tally_node *node = tally_parser_node(parser, TALLY_NODE_AGGREGATE, at);
    tally_token_kind after;

    if (node == NULL)
        return NULL;
    node->op = op;
    after = tally_parser_peek(parser, 1)->kind;
    if (op == TALLY_OP_SUM && tally_parser_is_word(parser, 0, "best") &&
        (after == TALLY_TOKEN_NUMBER || after == TALLY_TOKEN_OPEN)) {
        node->best = parse_best(parser);
        if (node->best == NULL)
            return NULL;
    }
    do {
        if (!tally_parser_adopt(parser, node, tally_parse_expression(parser)))
            return NULL;
    } while (op == TALLY_OP_DISTINCT && accept_comma(parser));
    if (!tally_parser_accept(parser, "of"))
        return refuse_no_of(parser, node, name, open);
    return take_set(parser, node) ? finish(parser, node, open) : NULL;
}

static tally_node *parse_list(tally_parser *parser, tally_op op, uint32_t at,
                              const tally_token *name, const tally_token *open)
{
    tally_node *node = tally_parser_node(parser, TALLY_NODE_LIST, at);

    if (node == NULL)
        return NULL;
    node->op = op;
    do {
        if (!tally_parser_adopt(parser, node, tally_parse_expression(parser)))
            return NULL;
    } while (accept_comma(parser));
    if (op == TALLY_OP_CLAMP && node->arg_count != 3) {
        tally_parser_refuse(parser, name, "syntax", "write `clamp(VALUE, LOW, HIGH)`",
                            "`clamp` has three parts");
        return NULL;
    }
    if (op != TALLY_OP_CLAMP && node->arg_count < 2) {
        tally_parser_refuse(
            parser, name, "syntax",
            tally_check_text(parser->compiler,
                             "write `%.*s(a, b)`, or `%.*s(FIELD of EVENTS)` for many events",
                             TALLY_TEXT_ARGS(name->text), TALLY_TEXT_ARGS(name->text)),
            "one value alone has nothing to be compared with");
        return NULL;
    }
    return finish(parser, node, open);
}

/* up, down, half up, half down, half even. */
static bool parse_rounding(tally_parser *parser, uint8_t *out_rounding)
{
    static const struct {
        const char *first, *second;
        tally_rounding rounding;
    } modes[] = {
        { "up", NULL, TALLY_ROUND_UP },
        { "down", NULL, TALLY_ROUND_DOWN },
        { "half", "up", TALLY_ROUND_HALF_UP },
        { "half", "down", TALLY_ROUND_HALF_DOWN },
        { "half", "even", TALLY_ROUND_HALF_EVEN },
    };

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!tally_parser_is_word(parser, 0, modes[i].first) ||
            (modes[i].second != NULL && !tally_parser_is_word(parser, 1, modes[i].second)))
            continue;
        tally_parser_accept(parser, modes[i].first);
        if (modes[i].second != NULL)
            tally_parser_accept(parser, modes[i].second);
        *out_rounding = (uint8_t)modes[i].rounding;
        return true;
    }
    return false;
}

static tally_node *parse_round(tally_parser *parser, uint32_t at, const tally_token *name,
                               const tally_token *open)
{
    static const char hint[] = "write `round(VALUE, to 1, half up)`: the step, then one of up, "
                               "down, half up, half down, half even";
    tally_node *node = tally_parser_node(parser, TALLY_NODE_ROUND, at);
    const tally_token *token;

    if (!tally_parser_adopt(parser, node, tally_parse_expression(parser)))
        return NULL;
    token = tally_parser_peek(parser, 0);
    if (token->kind == TALLY_TOKEN_END)
        return finish(parser, node, open);
    if (!accept_comma(parser)) {
        tally_parser_refuse(parser, token->kind == TALLY_TOKEN_CLOSE ? name : token,
                            "missing-rounding", hint, "`round` says to which step and how");
        return NULL;
    }
    token = tally_parser_peek(parser, 0);
    if (!tally_parser_accept(parser, "to")) {
        tally_parser_refuse(parser, token, "missing-rounding", hint,
                            "`to` and the step of the rounding are missing here");
        return NULL;
    }
    if (!tally_parser_adopt(parser, node, tally_parse_sum(parser)))
        return NULL;
    token = tally_parser_peek(parser, 0);
    if (!accept_comma(parser)) {
        tally_parser_refuse(parser, token, "missing-rounding", hint,
                            "`round` does not say which way to round");
        return token->kind == TALLY_TOKEN_CLOSE ? finish(parser, node, open) : NULL;
    }
    token = tally_parser_peek(parser, 0);
    if (!parse_rounding(parser, &node->rounding)) {
        tally_parser_refuse(parser, token, "missing-rounding", hint,
                            "this is not a way to round");
        return NULL;
    }
    return finish(parser, node, open);
}

/* earned(AWARD in WINDOW), held(TIER). */
static tally_node *parse_named(tally_parser *parser, tally_node_kind kind, uint32_t at,
                               const tally_token *open)
{
    const tally_token *name = tally_parser_peek(parser, 0);
    tally_node *node = tally_parser_node(parser, kind, at);

    if (node == NULL)
        return NULL;
    if (name->kind != TALLY_TOKEN_NAME && name->kind != TALLY_TOKEN_STRING) {
        tally_parser_refuse(parser, name, "syntax",
                            kind == TALLY_NODE_HELD ? "write `held(TIER)`"
                                                    : "write `earned(AWARD in calendar year)`",
                            "a name is missing here");
        return NULL;
    }
    tally_parser_accept_kind(parser, name->kind);
    node->name = name->text;
    node->name_at = name->at;
    if (kind == TALLY_NODE_EARNED && tally_parser_accept(parser, "in")) {
        node->window = tally_parse_window(parser);
        if (node->window == NULL)
            return NULL;
        if (node->window->height >= node->height)
            node->height = (uint8_t)(node->window->height + 1);
    }
    return finish(parser, node, open);
}

static tally_node *refuse_function(tally_parser *parser, const tally_token *name)
{
    static const struct {
        const char *name, *hint;
    } known[] = {
        { "days", "write `count(days with …)`, or `distinct(day of EVENTS)`" },
        { "average", "write `mean(FIELD of EVENTS)`" },
        { "avg", "write `mean(FIELD of EVENTS)`" },
        { "floor", "write `round(VALUE, to 1, down)`" },
        { "ceil", "write `round(VALUE, to 1, up)`" },
        { "ceiling", "write `round(VALUE, to 1, up)`" },
        { "exists", "write `VALUE exists`" },
        { "every", "`every …` names a set under `let`; here write `count(…)` or `any …`" },
    };
    static const tally_text functions[] = {
        { "count", 5 }, { "sum", 3 },   { "min", 3 },   { "max", 3 },    { "mean", 4 },
        { "distinct", 8 }, { "round", 5 }, { "clamp", 5 }, { "earned", 6 }, { "held", 4 },
        { "latest", 6 }, { "earliest", 8 },
    };
    tally_text nearest = tally_nearest(name->text, functions, sizeof(functions) / sizeof(functions[0]));
    const char *hint = "a value and what follows need a sign between, as in `2 * (a + b)`; brackets "
                       "belong to count, sum, min, max, mean, distinct, round, clamp, earned, held";

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (tally_text_is(name->text, known[i].name))
            hint = known[i].hint;
    }
    if (nearest.count > 0)
        hint = tally_check_text(parser->compiler, "did you mean `%.*s(…)`?",
                                TALLY_TEXT_ARGS(nearest));
    tally_parser_refuse(parser, name, "unknown-function", hint,
                        tally_check_text(parser->compiler, "there is no `%.*s(…)`",
                                         TALLY_TEXT_ARGS(name->text)));
    return NULL;
}

tally_node *tally_parse_call(tally_parser *parser)
{
    const tally_token *name = tally_parser_peek(parser, 0);
    const tally_token *open = tally_parser_peek(parser, 1);
    tally_text word = name->text;

    tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    tally_parser_accept_kind(parser, TALLY_TOKEN_OPEN);
    if (tally_text_is(word, "count"))
        return parse_count(parser, name->at, open);
    if (tally_text_is(word, "sum"))
        return parse_aggregate(parser, TALLY_OP_SUM, name->at, name, open);
    if (tally_text_is(word, "mean"))
        return parse_aggregate(parser, TALLY_OP_MEAN, name->at, name, open);
    if (tally_text_is(word, "distinct"))
        return parse_aggregate(parser, TALLY_OP_DISTINCT, name->at, name, open);
    if (tally_text_is(word, "min"))
        return has_of(parser, 0)
                   ? parse_aggregate(parser, TALLY_OP_LEAST, name->at, name, open)
                   : parse_list(parser, TALLY_OP_MIN, name->at, name, open);
    if (tally_text_is(word, "max"))
        return has_of(parser, 0)
                   ? parse_aggregate(parser, TALLY_OP_GREATEST, name->at, name, open)
                   : parse_list(parser, TALLY_OP_MAX, name->at, name, open);
    if (tally_text_is(word, "clamp"))
        return parse_list(parser, TALLY_OP_CLAMP, name->at, name, open);
    if (tally_text_is(word, "round"))
        return parse_round(parser, name->at, name, open);
    if (tally_text_is(word, "earned"))
        return parse_named(parser, TALLY_NODE_EARNED, name->at, open);
    if (tally_text_is(word, "held"))
        return parse_named(parser, TALLY_NODE_HELD, name->at, open);
    return refuse_function(parser, name);
}
