/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions as written: recursive descent over the tokens, one function a
 * level of precedence (docs/policy-language.md 3).
 *
 * Depth is bounded twice: brackets nest at most TALLY_EXPR_DEPTH_MAX deep, and
 * no tree is higher than that, so that whoever walks it later may recurse. A
 * slip whose meaning is plain (`==`, a minus without spaces) is reported and
 * read as meant, so that one run shows more than one fault. */

#include "policy/syntax.h"
#include "util/checked.h"

/* ---- tokens ------------------------------------------------------------- */

bool tally_parser_start(tally_parser *parser, tally_compiler *compiler,
                        const tally_source_text *source)
{
    *parser = (tally_parser){ .compiler = compiler, .source = source };
    parser->tokens = tally_lex(compiler, source);
    parser->has_failed = parser->tokens == NULL;
    return parser->tokens != NULL;
}

const tally_token *tally_parser_peek(const tally_parser *parser, uint32_t ahead)
{
    const tally_token *token = &parser->tokens[parser->position];

    for (; ahead > 0 && token->kind != TALLY_TOKEN_END; ahead--)
        token++;
    return token;
}

bool tally_parser_is_word(const tally_parser *parser, uint32_t ahead, const char *word)
{
    const tally_token *token = tally_parser_peek(parser, ahead);

    return token->kind == TALLY_TOKEN_NAME && tally_text_is(token->text, word);
}

static const tally_token *step(tally_parser *parser)
{
    const tally_token *token = &parser->tokens[parser->position];

    if (token->kind != TALLY_TOKEN_END)
        parser->position++;
    return token;
}

bool tally_parser_accept(tally_parser *parser, const char *word)
{
    bool is_next = tally_parser_is_word(parser, 0, word);

    if (is_next)
        step(parser);
    return is_next;
}

bool tally_parser_accept_kind(tally_parser *parser, tally_token_kind kind)
{
    bool is_next = tally_parser_peek(parser, 0)->kind == kind;

    if (is_next)
        step(parser);
    return is_next;
}

uint32_t tally_parser_end(const tally_parser *parser)
{
    return parser->position == 0 ? 0 : parser->tokens[parser->position - 1].end;
}

void tally_parser_refuse(tally_parser *parser, const tally_token *token, const char *code,
                         const char *hint, const char *message)
{
    uint32_t at = token->at;

    parser->has_failed = true;
    if (token->kind == TALLY_TOKEN_BAD) {
        code = token->code;
        hint = token->hint;
        message = token->problem;
    } else if (token->kind == TALLY_TOKEN_END && token != parser->tokens) {
        at = token[-1].end; /* the place right after the last word, not after line ends */
    }
    tally_report(parser->compiler, TALLY_SEVERITY_ERROR, code, parser->source, at,
                 token->end > token->at ? token->end - token->at : 1, hint, "%s", message);
}

bool tally_parser_enter(tally_parser *parser)
{
    if (++parser->depth <= TALLY_EXPR_DEPTH_MAX)
        return true;
    tally_parser_refuse(parser, tally_parser_peek(parser, 0), "too-deep",
                        "give an inner part a name under `let`",
                        "this expression is more than 64 levels deep");
    return false;
}

void tally_parser_leave(tally_parser *parser)
{
    parser->depth--;
}

tally_node *tally_parser_node(tally_parser *parser, tally_node_kind kind, uint32_t at)
{
    tally_node *node = tally_arena_zalloc(parser->compiler->arena, sizeof(*node));

    if (node == NULL) {
        parser->compiler->out_of_memory = true;
        parser->has_failed = true;
        return NULL;
    }
    node->kind = kind;
    node->at = at;
    node->end = tally_parser_end(parser);
    node->height = 1;
    return node;
}

bool tally_parser_adopt(tally_parser *parser, tally_node *node, tally_node *child)
{
    if (node == NULL || child == NULL)
        return false;
    if (node->last == NULL)
        node->first = child;
    else
        node->last->next = child;
    node->last = child;
    node->arg_count++;
    node->end = tally_parser_end(parser);
    if (child->height >= node->height)
        node->height = (uint8_t)(child->height + 1);
    if (node->height <= TALLY_EXPR_DEPTH_MAX)
        return true;
    parser->has_failed = true;
    tally_report(parser->compiler, TALLY_SEVERITY_ERROR, "too-deep", parser->source, node->at, 1,
                 "give a part of it a name under `let`",
                 "this expression is more than %u levels deep", TALLY_EXPR_DEPTH_MAX);
    return false;
}

/* ---- values --------------------------------------------------------------- */

const tally_unit_word *tally_unit_word_of(tally_text word)
{
    static const tally_unit_word words[] = {
        { "minute", "minutes", 60000, 0, false, 0 },
        { "hour", "hours", 3600000, 0, false, 0 },
        { "day", "days", TALLY_DAY_MS, 0, true, TALLY_UNIT_DAY },
        { "week", "weeks", 7 * TALLY_DAY_MS, 0, true, TALLY_UNIT_WEEK },
        { "month", "months", 0, 1, true, TALLY_UNIT_MONTH },
        { "quarter", "quarters", 0, 3, true, TALLY_UNIT_QUARTER },
        { "year", "years", 0, 12, true, TALLY_UNIT_YEAR },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tally_text_is(word, words[i].one) || tally_text_is(word, words[i].many))
            return &words[i];
    }
    return NULL;
}

/* NUMBER UNIT, with the parser at the number. */
static tally_node *parse_duration(tally_parser *parser)
{
    const tally_token *number = step(parser);
    const tally_token *word = step(parser);
    const tally_unit_word *unit = tally_unit_word_of(word->text);
    bool is_exact = unit->each_ms != 0;
    tally_node *node = tally_parser_node(
        parser, is_exact ? TALLY_NODE_DURATION : TALLY_NODE_MONTHS, number->at);
    bool fits;

    if (node == NULL)
        return NULL;
    if (number->decimals > 0) {
        tally_parser_refuse(parser, number, "wrong-type", "use a smaller unit",
                            "a duration is a whole number of its unit");
        return NULL;
    }
    fits = tally_mul_i64(number->value, is_exact ? unit->each_ms : unit->each_months,
                         &node->value) &&
           node->value <= (is_exact ? INT64_MAX / 4 : 120000);
    if (!fits) {
        tally_parser_refuse(parser, number, "too-large", "", "this duration is too long");
        return NULL;
    }
    return node;
}

static tally_node *parse_number(tally_parser *parser)
{
    const tally_token *number = tally_parser_peek(parser, 0);
    const tally_token *after = tally_parser_peek(parser, 1);
    tally_node *node;

    if (after->kind == TALLY_TOKEN_NAME && tally_unit_word_of(after->text) != NULL)
        return parse_duration(parser);
    step(parser);
    if (after->kind == TALLY_TOKEN_PERCENT) {
        step(parser);
        if (number->decimals + 2 > TALLY_DECIMALS_MAX) {
            tally_parser_refuse(parser, number, "too-many-decimals", "",
                                "a percentage has at most 4 decimals");
            return NULL;
        }
    }
    node = tally_parser_node(parser, TALLY_NODE_NUMBER, number->at);
    if (node == NULL)
        return NULL;
    node->value = number->value;
    node->decimals = (uint8_t)(number->decimals + (after->kind == TALLY_TOKEN_PERCENT ? 2 : 0));
    return node;
}

bool tally_parser_close(tally_parser *parser, const tally_token *open)
{
    const tally_token *token = tally_parser_peek(parser, 0);

    if (tally_parser_accept_kind(parser, TALLY_TOKEN_CLOSE))
        return true;
    if (token->kind == TALLY_TOKEN_END) {
        tally_parser_refuse(parser, open, "unbalanced", "write `)` where the bracket ends",
                            "this `(` is not closed");
    } else {
        tally_parser_refuse(
            parser, token, "syntax", "",
            tally_check_text(parser->compiler, "`%.*s` does not belong here, inside the brackets",
                             TALLY_TEXT_ARGS(token->text)));
    }
    return false;
}

static tally_node *parse_brackets(tally_parser *parser)
{
    const tally_token *open = step(parser);
    tally_node *node = tally_parse_expression(parser);

    if (node == NULL || !tally_parser_close(parser, open))
        return NULL;
    node->at = open->at;
    node->end = tally_parser_end(parser);
    return node;
}

/* Words that hold an expression together and so can be no value. */
static bool is_glue(tally_text word)
{
    static const char *const words[] = { "then", "else",  "or",         "and",   "not",
                                         "is",   "with",  "exists",     "of",    "in",
                                         "if",   "every", "throughout", "earlier", "otherwise" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tally_text_is(word, words[i]))
            return true;
    }
    return false;
}

static tally_node *refuse_value(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_compiler *compiler = parser->compiler;
    const char *hint = "";
    const char *message = "a value is missing here";

    if (token->kind == TALLY_TOKEN_NAME) {
        message = tally_check_text(compiler, "`%.*s` cannot stand where a value belongs",
                                   TALLY_TEXT_ARGS(token->text));
        hint = tally_text_is(token->text, "if") || tally_text_is(token->text, "not")
                   ? "put this part in brackets"
               : tally_text_is(token->text, "every")
                   ? "`every …` names a set under `let`; here write `count(…)` or `any …`"
                   : tally_check_text(compiler, "to mean the word, write \"%.*s\" in quotes",
                                      TALLY_TEXT_ARGS(token->text));
    } else if (token->kind == TALLY_TOKEN_DOT) {
        hint = "write a digit before the point, as in `0.5`";
    } else if (token->kind == TALLY_TOKEN_EQUALS || token->kind == TALLY_TOKEN_NOT_EQUALS) {
        hint = "write `is` or `is not` between two values";
    } else if (token->kind == TALLY_TOKEN_END) {
        message = "the expression ends where a value should follow";
    }
    tally_parser_refuse(parser, token, "missing-value", hint, message);
    return NULL;
}

bool tally_is_type_or_set(const tally_compiler *compiler, tally_text word)
{
    for (uint32_t i = 0; i < compiler->type_count; i++) {
        if (tally_text_is_equal(compiler->types[i].name, word))
            return true;
    }
    for (uint32_t i = 0; i < compiler->name_count; i++) {
        if (compiler->names[i].set != NULL && tally_text_is_equal(compiler->names[i].name, word))
            return true;
    }
    return false;
}

/* Whether a set follows the word `no`, which is otherwise the condition. */
static bool is_set_next(const tally_parser *parser, uint32_t ahead)
{
    const tally_token *token = tally_parser_peek(parser, ahead);

    return token->kind == TALLY_TOKEN_OPEN ||
           (token->kind == TALLY_TOKEN_NAME &&
            (tally_text_is(token->text, "earlier") || !is_glue(token->text)));
}

static tally_node *parse_pick(tally_parser *parser, tally_op op)
{
    const tally_token *word = step(parser);
    tally_set_node *set = tally_parse_set(parser);
    tally_node *node = set != NULL ? tally_parser_node(parser, TALLY_NODE_PICK, word->at) : NULL;

    if (node == NULL)
        return NULL;
    node->op = op;
    node->set = set;
    node->height = (uint8_t)(set->height + 1);
    return node;
}

static tally_node *parse_word(tally_parser *parser)
{
    static const struct {
        const char *word;
        tally_op op;
    } picks[] = { { "any", TALLY_OP_ANY },
                  { "no", TALLY_OP_NO },
                  { "latest", TALLY_OP_LATEST },
                  { "earliest", TALLY_OP_EARLIEST } };
    const tally_token *word = tally_parser_peek(parser, 0);
    tally_node *node;

    for (size_t i = 0; i < sizeof(picks) / sizeof(picks[0]); i++) {
        if (tally_text_is(word->text, picks[i].word) &&
            (picks[i].op != TALLY_OP_NO || is_set_next(parser, 1)))
            return parse_pick(parser, picks[i].op);
    }
    if (is_glue(word->text))
        return refuse_value(parser);
    if (tally_parser_peek(parser, 1)->kind == TALLY_TOKEN_OPEN)
        return tally_parse_call(parser);
    step(parser);
    node = tally_parser_node(parser, TALLY_NODE_NAME, word->at);
    if (node == NULL)
        return NULL;
    node->name = word->text;
    node->name_at = word->at;
    if (tally_text_is(word->text, "yes") || tally_text_is(word->text, "no")) {
        node->kind = TALLY_NODE_YES_NO;
        node->value = tally_text_is(word->text, "yes");
    } else if (tally_text_is(word->text, "nothing")) {
        node->kind = TALLY_NODE_NOTHING;
    }
    return node;
}

static tally_node *parse_primary(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_node *node;

    switch (token->kind) {
    case TALLY_TOKEN_NUMBER:
        return parse_number(parser);
    case TALLY_TOKEN_OPEN:
        return parse_brackets(parser);
    case TALLY_TOKEN_NAME:
        return parse_word(parser);
    case TALLY_TOKEN_DAY:
    case TALLY_TOKEN_STRING:
        step(parser);
        node = tally_parser_node(
            parser, token->kind == TALLY_TOKEN_DAY ? TALLY_NODE_DAY : TALLY_NODE_STRING,
            token->at);
        if (node != NULL) {
            node->value = token->value;
            node->name = token->text;
            node->name_at = token->at;
        }
        return node;
    default:
        return refuse_value(parser);
    }
}

tally_node *tally_parse_reference(tally_parser *parser)
{
    tally_node *node = parse_primary(parser);

    while (node != NULL && tally_parser_peek(parser, 0)->kind == TALLY_TOKEN_DOT) {
        tally_node *dot;
        const tally_token *name;

        step(parser);
        name = tally_parser_peek(parser, 0);
        if (name->kind != TALLY_TOKEN_NAME) {
            tally_parser_refuse(parser, name, "syntax", "write the field's name, as in `last.day`",
                                "a field's name belongs after the point");
            return NULL;
        }
        step(parser);
        dot = tally_parser_node(parser, TALLY_NODE_DOT, node->at);
        if (!tally_parser_adopt(parser, dot, node))
            return NULL;
        dot->name = name->text;
        dot->name_at = name->at;
        node = dot;
    }
    return node;
}

/* ---- operators -------------------------------------------------------------- */

static tally_node *parse_unary(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_node *node, *child;

    if (token->kind != TALLY_TOKEN_MINUS)
        return tally_parse_reference(parser);
    if (!tally_parser_enter(parser))
        return NULL;
    step(parser);
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
        step(parser);
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
        step(parser);
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
        bool has_second = phrases[i].second != NULL
                              ? tally_parser_is_word(parser, 1, phrases[i].second)
                              : after->kind == TALLY_TOKEN_NUMBER ||
                                    after->kind == TALLY_TOKEN_DAY ||
                                    after->kind == TALLY_TOKEN_STRING ||
                                    after->kind == TALLY_TOKEN_OPEN;

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
    const tally_token *sign = step(parser);
    const tally_token *next = tally_parser_peek(parser, 0);

    if (sign->kind == TALLY_TOKEN_NAME) { /* is */
        bool negated = tally_parser_accept(parser, "not");
        tally_op again;

        if (negated)
            op = TALLY_OP_IS_NOT;
        next = tally_parser_peek(parser, 0);
        if (tally_parser_is_word(parser, 0, "one") && tally_parser_is_word(parser, 1, "of")) {
            step(parser);
            step(parser);
            return parse_one_of(parser, left, negated);
        }
        if (refuse_phrase(parser))
            return NULL;
        if (next->kind != TALLY_TOKEN_NAME && is_comparison(parser, &again)) {
            tally_parser_refuse(parser, sign, "syntax", "leave out `is`",
                                "a sign of comparison stands alone");
            step(parser);
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

        step(parser);
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
    duration = number->kind == TALLY_TOKEN_NUMBER ? parse_number(parser) : NULL;
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
    step(parser);
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
    const tally_token *word = step(parser);
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
    if (!tally_parser_adopt(parser, node, condition) ||
        !tally_parser_adopt(parser, node, first) || !tally_parser_adopt(parser, node, second))
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
