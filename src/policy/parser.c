/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions as written: recursive descent over the tokens. Here are the
 * values; parse_operators.c has one function for each level of precedence
 * (docs/policy-language.md 3).
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

const tally_token *tally_parser_step(tally_parser *parser)
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
        tally_parser_step(parser);
    return is_next;
}

bool tally_parser_accept_kind(tally_parser *parser, tally_token_kind kind)
{
    bool is_next = tally_parser_peek(parser, 0)->kind == kind;

    if (is_next)
        tally_parser_step(parser);
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
    const tally_token *number = tally_parser_step(parser);
    const tally_token *word = tally_parser_step(parser);
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

tally_node *tally_parse_number(tally_parser *parser)
{
    const tally_token *number = tally_parser_peek(parser, 0);
    const tally_token *after = tally_parser_peek(parser, 1);
    tally_node *node;

    if (after->kind == TALLY_TOKEN_NAME && tally_unit_word_of(after->text) != NULL)
        return parse_duration(parser);
    tally_parser_step(parser);
    if (after->kind == TALLY_TOKEN_PERCENT) {
        tally_parser_step(parser);
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
    const tally_token *open = tally_parser_step(parser);
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
    const tally_token *word = tally_parser_step(parser);
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
    tally_parser_step(parser);
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
        return tally_parse_number(parser);
    case TALLY_TOKEN_OPEN:
        return parse_brackets(parser);
    case TALLY_TOKEN_NAME:
        return parse_word(parser);
    case TALLY_TOKEN_DAY:
    case TALLY_TOKEN_STRING:
        tally_parser_step(parser);
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

        tally_parser_step(parser);
        name = tally_parser_peek(parser, 0);
        if (name->kind != TALLY_TOKEN_NAME) {
            tally_parser_refuse(parser, name, "syntax", "write the field's name, as in `last.day`",
                                "a field's name belongs after the point");
            return NULL;
        }
        tally_parser_step(parser);
        dot = tally_parser_node(parser, TALLY_NODE_DOT, node->at);
        if (!tally_parser_adopt(parser, dot, node))
            return NULL;
        dot->name = name->text;
        dot->name_at = name->at;
        node = dot;
    }
    return node;
}
