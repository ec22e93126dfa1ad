/* SPDX-License-Identifier: Apache-2.0 */
/* Event sets and windows as written (docs/policy-language.md 4):
 *
 *   SET  := [earlier] BASE [with CONDITION] [in WINDOW | since REF | after REF]
 *   BASE := TYPE {or TYPE} | last N of NAME | NAME | ( SET )
 *
 * The condition after `with` reaches as far as it can; brackets end it. */

#include "policy/syntax.h"

static void raise_height(uint8_t *height, uint8_t inner)
{
    if (inner >= *height)
        *height = (uint8_t)(inner + 1);
}

static bool add_name(tally_parser *parser, tally_set_node *set, tally_type_name ***tail)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_type_name *name;

    if (token->kind != TALLY_TOKEN_NAME) {
        tally_parser_refuse(parser, token, "missing-event",
                            "write an event type or the name of an `every …` set",
                            "the name of some events is missing here");
        return false;
    }
    name = tally_arena_zalloc(parser->compiler->arena, sizeof(*name));
    if (name == NULL) {
        parser->compiler->out_of_memory = true;
        parser->has_failed = true;
        return false;
    }
    tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    name->name = token->text;
    name->at = token->at;
    **tail = name;
    *tail = &name->next;
    set->end = tally_parser_end(parser);
    return true;
}

/* `or` joins types only where a type follows; otherwise it joins conditions. */
static bool is_joined(const tally_parser *parser)
{
    const tally_token *next = tally_parser_peek(parser, 1);
    tally_token_kind after = tally_parser_peek(parser, 2)->kind;

    return tally_parser_is_word(parser, 0, "or") && next->kind == TALLY_TOKEN_NAME &&
           tally_is_type_or_set(parser->compiler, next->text) && after != TALLY_TOKEN_DOT &&
           after != TALLY_TOKEN_OPEN;
}

static bool parse_base(tally_parser *parser, tally_set_node *set)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_token_kind after = tally_parser_peek(parser, 1)->kind;
    tally_type_name **tail = &set->names;

    if (token->kind == TALLY_TOKEN_OPEN) {
        tally_parser_accept_kind(parser, TALLY_TOKEN_OPEN);
        set->inner = tally_parse_set(parser);
        if (set->inner == NULL || !tally_parser_close(parser, token))
            return false;
        raise_height(&set->height, set->inner->height);
        return true;
    }
    if (tally_parser_is_word(parser, 0, "last") &&
        (after == TALLY_TOKEN_NUMBER || after == TALLY_TOKEN_OPEN)) {
        tally_parser_accept(parser, "last");
        set->last_count = tally_parse_reference(parser);
        if (set->last_count == NULL)
            return false;
        if (set->last_count->kind == TALLY_NODE_DURATION ||
            set->last_count->kind == TALLY_NODE_MONTHS) {
            tally_parser_refuse(parser, token, "syntax",
                                "write the window after the events: `… in rolling 30 days`",
                                "`last` counts events, not time");
            return false;
        }
        if (!tally_parser_accept(parser, "of")) {
            tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax",
                                "write `last 10 of NAME`", "`of` is missing here");
            return false;
        }
        if (tally_parser_peek(parser, 0)->kind == TALLY_TOKEN_OPEN) {
            tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax",
                                "name the set under `let` first: `resolved: every review with …`",
                                "`last N of` takes an event type or a named set");
            return false;
        }
    }
    if (tally_parser_is_word(parser, 0, "every")) {
        tally_parser_refuse(parser, token, "syntax", "leave out `every`",
                            "`every` only begins a set that is named under `let`");
        return false;
    }
    if (!add_name(parser, set, &tail))
        return false;
    while (is_joined(parser)) {
        tally_parser_accept(parser, "or");
        if (!add_name(parser, set, &tail))
            return false;
    }
    return true;
}

tally_set_node *tally_parse_set(tally_parser *parser)
{
    tally_set_node *set = tally_arena_zalloc(parser->compiler->arena, sizeof(*set));

    if (set == NULL) {
        parser->compiler->out_of_memory = true;
        parser->has_failed = true;
        return NULL;
    }
    if (!tally_parser_enter(parser))
        return NULL;
    set->at = tally_parser_peek(parser, 0)->at;
    set->height = 1;
    set->earlier = tally_parser_accept(parser, "earlier");
    if (!parse_base(parser, set))
        return NULL;
    if (tally_parser_accept(parser, "with")) {
        set->with = tally_parse_expression(parser);
        if (set->with == NULL)
            return NULL;
        raise_height(&set->height, set->with->height);
    }
    if (tally_parser_accept(parser, "in") || tally_parser_is_word(parser, 0, "since") ||
        tally_parser_is_word(parser, 0, "after")) {
        set->window = tally_parse_window(parser);
        if (set->window == NULL)
            return NULL;
        raise_height(&set->height, set->window->height);
        if (tally_parser_is_word(parser, 0, "with")) {
            tally_parser_refuse(parser, tally_parser_peek(parser, 0), "syntax",
                                "write `with …` before `in …`",
                                "the condition stands before the window");
            return NULL;
        }
    }
    tally_parser_leave(parser);
    set->end = tally_parser_end(parser);
    if (set->height >= TALLY_EXPR_DEPTH_MAX) {
        tally_parser_refuse(parser, tally_parser_peek(parser, 0), "too-deep",
                            "give an inner part a name under `let`",
                            "this expression is more than 64 levels deep");
        return NULL;
    }
    return set;
}

/* ---- windows ---------------------------------------------------------------- */

static bool is_zone_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '/' || byte == '_' || byte == '-' ||
           byte == '+';
}

/* A zone after a calendar window. Zones are the only names there that begin
 * with a capital letter; their `/` and `_` are no tokens of ours. */
static void parse_zone(tally_parser *parser, tally_window_node *window)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    tally_text text = parser->source->text;
    uint32_t end = token->at;

    if (token->kind != TALLY_TOKEN_NAME || token->text.bytes[0] < 'A' ||
        token->text.bytes[0] > 'Z')
        return;
    while (end < text.count && is_zone_byte(text.bytes[end]))
        end++;
    window->zone_at = token->at;
    window->zone = tally_text_slice(text, token->at, end);
    while (parser->tokens[parser->position].kind != TALLY_TOKEN_END &&
           parser->tokens[parser->position].at < end)
        parser->position++;
}

static bool refuse_window(tally_parser *parser, const tally_token *token, const char *hint,
                          const char *message)
{
    tally_parser_refuse(parser, token, "bad-window", hint, message);
    return false;
}

/* A calendar unit, UNIT or UNITs. */
static bool parse_calendar_unit(tally_parser *parser, tally_window_node *window)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    const tally_unit_word *unit =
        token->kind == TALLY_TOKEN_NAME ? tally_unit_word_of(token->text) : NULL;

    if (unit == NULL || !unit->is_calendar)
        return refuse_window(parser, token,
                             "write calendar day, calendar week, calendar month, calendar quarter "
                             "or calendar year",
                             "a calendar unit is missing here");
    tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    window->unit = unit->unit;
    parse_zone(parser, window);
    return true;
}

/* N UNITs; N is a number or an expression in brackets. */
static bool parse_many(tally_parser *parser, tally_window_node *window, const char *hint)
{
    const tally_token *number = tally_parser_peek(parser, 0);
    const tally_token *word;
    const tally_unit_word *unit;

    if (number->kind == TALLY_TOKEN_NUMBER) {
        tally_parser_accept_kind(parser, TALLY_TOKEN_NUMBER);
        window->n = tally_parser_node(parser, TALLY_NODE_NUMBER, number->at);
        if (window->n == NULL)
            return false;
        window->n->value = number->value;
        window->n->decimals = number->decimals;
    } else if (number->kind == TALLY_TOKEN_OPEN) {
        window->n = tally_parse_reference(parser);
        if (window->n == NULL)
            return false;
        raise_height(&window->height, window->n->height);
    } else {
        return refuse_window(parser, number, hint, "how many is missing here");
    }
    word = tally_parser_peek(parser, 0);
    unit = word->kind == TALLY_TOKEN_NAME ? tally_unit_word_of(word->text) : NULL;
    if (unit == NULL)
        return refuse_window(parser, word, hint, "days, weeks, months or years are missing here");
    tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    window->each_ms = unit->each_ms;
    window->each_months = unit->each_months;
    window->unit = unit->unit;
    return true;
}

static bool parse_window_ref(tally_parser *parser, tally_window_node *window)
{
    window->ref = tally_parse_reference(parser);
    if (window->ref == NULL)
        return false;
    raise_height(&window->height, window->ref->height);
    return true;
}

static bool parse_previous(tally_parser *parser, tally_window_node *window)
{
    const tally_token *token = tally_parser_peek(parser, 0);

    window->kind = TALLY_WINDOW_PREVIOUS;
    if (token->kind == TALLY_TOKEN_NUMBER || token->kind == TALLY_TOKEN_OPEN) {
        tally_node *n = token->kind == TALLY_TOKEN_OPEN ? tally_parse_reference(parser) : NULL;

        if (token->kind == TALLY_TOKEN_NUMBER) {
            tally_parser_accept_kind(parser, TALLY_TOKEN_NUMBER);
            n = tally_parser_node(parser, TALLY_NODE_NUMBER, token->at);
            if (n != NULL) {
                n->value = token->value;
                n->decimals = token->decimals;
            }
        }
        if (n == NULL)
            return false;
        window->n = n;
        raise_height(&window->height, n->height);
    }
    if (!tally_parser_accept(parser, "calendar"))
        return refuse_window(parser, tally_parser_peek(parser, 0),
                             "write `previous calendar year` or `previous 3 calendar months`",
                             "`calendar` is missing here");
    return parse_calendar_unit(parser, window);
}

static bool parse_cycle(tally_parser *parser, tally_window_node *window)
{
    static const char hint[] = "write `cycle of 12 months from NAME`";
    const tally_token *start = tally_parser_peek(parser, 0);

    window->kind = TALLY_WINDOW_CYCLE;
    if (!tally_parser_accept(parser, "of"))
        return refuse_window(parser, start, hint, "`of` is missing here");
    start = tally_parser_peek(parser, 0);
    if (!parse_many(parser, window, hint))
        return false;
    if (window->each_months == 0)
        return refuse_window(parser, start, hint, "a cycle is a number of months or years");
    if (!tally_parser_accept(parser, "from"))
        return refuse_window(parser, tally_parser_peek(parser, 0), hint,
                             "`from` and the event that a cycle counts from are missing here");
    return parse_window_ref(parser, window);
}

static bool parse_rolling(tally_parser *parser, tally_window_node *window, const tally_token *word)
{
    static const char hint[] = "write `rolling 30 days` or `rolling 12 months`";

    if (!parse_many(parser, window, hint))
        return false;
    window->kind = window->each_months != 0 ? TALLY_WINDOW_ROLLING_MONTHS : TALLY_WINDOW_ROLLING;
    if (window->each_ms == 60000)
        return refuse_window(parser, word, hint, "the shortest unit of a window is the hour");
    return true;
}

static bool parse_next(tally_parser *parser, tally_window_node *window, const tally_token *word)
{
    static const char hint[] = "write `next 30 days`";

    window->kind = TALLY_WINDOW_NEXT;
    if (!parse_many(parser, window, hint))
        return false;
    if (window->each_ms < 3600000)
        return refuse_window(parser, word, hint, "`next` counts hours, days or weeks");
    return true;
}

static bool refuse_unknown_window(tally_parser *parser)
{
    static const tally_text words[] = { { "lifetime", 8 }, { "calendar", 8 }, { "previous", 8 },
                                        { "rolling", 7 },  { "next", 4 },     { "since", 5 },
                                        { "after", 5 },    { "cycle", 5 } };
    const tally_token *token = tally_parser_peek(parser, 0);
    const tally_unit_word *unit =
        token->kind == TALLY_TOKEN_NAME ? tally_unit_word_of(token->text) : NULL;
    const char *hint = "windows are: lifetime, calendar month, previous calendar year, rolling 30 "
                       "days, next 7 days, since NAME, after NAME, cycle of 12 months from NAME";
    tally_text nearest;

    if (token->kind == TALLY_TOKEN_NUMBER) {
        hint = tally_check_text(parser->compiler, "write `rolling %.*s …`",
                                TALLY_TEXT_ARGS(token->text));
    } else if (unit != NULL && unit->is_calendar) {
        hint = tally_check_text(parser->compiler, "write `calendar %s`", unit->one);
    } else if (token->kind == TALLY_TOKEN_NAME) {
        nearest = tally_nearest(token->text, words, sizeof(words) / sizeof(words[0]));
        if (tally_text_is(token->text, "this"))
            hint = "write `calendar month` for this month";
        else if (tally_text_is(token->text, "last") || tally_text_is(token->text, "past"))
            hint = "write `rolling 30 days`, or `previous calendar month`";
        else if (nearest.count > 0)
            hint = tally_check_text(parser->compiler, "did you mean `%.*s`?",
                                    TALLY_TEXT_ARGS(nearest));
    }
    return refuse_window(parser, token, hint,
                         token->kind == TALLY_TOKEN_END
                             ? "a window is missing here"
                             : tally_check_text(parser->compiler, "`%.*s` begins no window",
                                                TALLY_TEXT_ARGS(token->text)));
}

static bool parse_window_of(tally_parser *parser, tally_window_node *window)
{
    const tally_token *word = tally_parser_peek(parser, 0);

    if (tally_parser_accept(parser, "lifetime")) {
        window->kind = TALLY_WINDOW_LIFETIME;
        return true;
    }
    if (tally_parser_accept(parser, "calendar")) {
        window->kind = TALLY_WINDOW_CALENDAR;
        return parse_calendar_unit(parser, window);
    }
    if (tally_parser_accept(parser, "previous"))
        return parse_previous(parser, window);
    if (tally_parser_accept(parser, "rolling"))
        return parse_rolling(parser, window, word);
    if (tally_parser_accept(parser, "next"))
        return parse_next(parser, window, word);
    if (tally_parser_accept(parser, "cycle"))
        return parse_cycle(parser, window);
    if (tally_parser_is_word(parser, 0, "since") || tally_parser_is_word(parser, 0, "after")) {
        window->kind = tally_parser_is_word(parser, 0, "since") ? TALLY_WINDOW_SINCE
                                                                 : TALLY_WINDOW_AFTER;
        tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
        return parse_window_ref(parser, window);
    }
    return refuse_unknown_window(parser);
}

tally_window_node *tally_parse_window(tally_parser *parser)
{
    tally_window_node *window = tally_arena_zalloc(parser->compiler->arena, sizeof(*window));

    if (window == NULL) {
        parser->compiler->out_of_memory = true;
        parser->has_failed = true;
        return NULL;
    }
    window->at = tally_parser_peek(parser, 0)->at;
    window->height = 1;
    if (!parse_window_of(parser, window))
        return NULL;
    window->end = tally_parser_end(parser);
    return window;
}
