/* SPDX-License-Identifier: Apache-2.0 */
/* Phrases that are no expressions: limits, deadlines, durations, review
 * instants (docs/policy-language.md 5 and 8). */

#include "policy/syntax.h"
#include "util/checked.h"

static bool refuse(tally_parser *parser, const char *hint, const char *message)
{
    tally_parser_refuse(parser, tally_parser_peek(parser, 0), "bad-phrase", hint, message);
    return false;
}

/* `(name)`, a setting: its value, and the three tokens are stepped over. Otherwise the token's own. */
static bool take_setting(tally_parser *parser, int64_t *out_value)
{
    const tally_token *token = tally_parser_peek(parser, 1);
    const tally_compiler *compiler = parser->compiler;

    if (tally_parser_peek(parser, 0)->kind != TALLY_TOKEN_OPEN || token->kind != TALLY_TOKEN_NAME ||
        tally_parser_peek(parser, 2)->kind != TALLY_TOKEN_CLOSE)
        return false;
    for (uint32_t i = 0; i < compiler->name_count; i++) {
        const tally_name *name = &compiler->names[i];

        if (name->kind != TALLY_NAME_SETTING || name->decimals > 0 ||
            !tally_text_is_equal(name->name, token->text))
            continue;
        compiler->names[i].is_used = true;
        *out_value = name->value;
        parser->position += 3;
        return true;
    }
    return false;
}

/* A whole number, or a setting in brackets, that is next. */
static bool take_number(tally_parser *parser, int64_t least, int64_t most, const char *hint,
                        int64_t *out_value)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    bool is_setting = take_setting(parser, out_value);

    if (!is_setting && token->kind == TALLY_TOKEN_NUMBER && token->decimals == 0) {
        *out_value = token->value;
        tally_parser_accept_kind(parser, TALLY_TOKEN_NUMBER);
    } else if (!is_setting) {
        return refuse(parser, hint,
                      token->kind == TALLY_TOKEN_NUMBER ? "this number cannot stand here"
                                                        : "a whole number is missing here");
    }
    if (*out_value >= least && *out_value <= most)
        return true;
    tally_parser_refuse(parser, token, "bad-phrase", hint, "this number cannot stand here");
    return false;
}

static const tally_unit_word *take_unit(tally_parser *parser, const char *hint)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    const tally_unit_word *unit =
        token->kind == TALLY_TOKEN_NAME ? tally_unit_word_of(token->text) : NULL;

    if (unit == NULL) {
        refuse(parser, hint, "a unit such as `days` or `months` is missing here");
        return NULL;
    }
    tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    return unit;
}

/* 1 to 12, or 0: the word is no month. */
static uint8_t month_of(tally_text word)
{
    static const char *const months[] = { "January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December" };

    for (uint8_t i = 0; i < 12; i++) {
        if (tally_text_is(word, months[i]))
            return (uint8_t)(i + 1);
    }
    return 0;
}

static uint8_t take_month(tally_parser *parser)
{
    const tally_token *token = tally_parser_peek(parser, 0);
    uint8_t month = token->kind == TALLY_TOKEN_NAME ? month_of(token->text) : 0;

    if (month != 0)
        tally_parser_accept_kind(parser, TALLY_TOKEN_NAME);
    return month;
}

/* ---- durations ---------------------------------------------------------------------- */

bool tally_duration_compile(tally_compiler *compiler, const tally_source_text *source,
                            int64_t *out_ms, int32_t *out_months)
{
    static const char hint[] = "write `14 days` or `24 months`";
    const tally_unit_word *unit;
    tally_parser parser;
    int64_t count;

    if (!tally_parser_start(&parser, compiler, source) ||
        !take_number(&parser, 1, 1000000, hint, &count))
        return false;
    unit = take_unit(&parser, hint);
    if (unit == NULL || !tally_parse_end(&parser))
        return false;
    if (unit->each_months != 0 && count > 120000 / unit->each_months) {
        tally_parser_refuse(&parser, parser.tokens, "too-large", hint, "this duration is too long");
        return false;
    }
    *out_ms = count * unit->each_ms;
    *out_months = (int32_t)count * unit->each_months;
    return true;
}

/* ---- deadlines ----------------------------------------------------------------------- */

static const char deadline_hint[] =
    "deadlines are: after 30 days, after 24 months, at the end of the month, at the end of the "
    "month, 12 months later, at the end of February, 2 years later, never";

static bool parse_after(tally_parser *parser, tally_deadline *deadline)
{
    const tally_unit_word *unit;
    int64_t count;

    if (!take_number(parser, 1, 100000, deadline_hint, &count))
        return false;
    unit = take_unit(parser, deadline_hint);
    if (unit == NULL)
        return false;
    deadline->kind = unit->each_months != 0 ? TALLY_DEADLINE_AFTER_MONTHS : TALLY_DEADLINE_AFTER;
    deadline->ms = count * unit->each_ms;
    deadline->months = (int32_t)count * unit->each_months;
    return true;
}

/* `, N units later`; a month of the year counts in years only. */
static bool parse_later(tally_parser *parser, tally_deadline *deadline)
{
    const tally_unit_word *unit;
    int64_t count;

    deadline->later_unit =
        deadline->kind == TALLY_DEADLINE_END_OF_MONTH ? TALLY_UNIT_YEAR : deadline->unit;
    if (!tally_parser_accept_kind(parser, TALLY_TOKEN_COMMA))
        return true;
    if (!take_number(parser, 0, 10000, deadline_hint, &count))
        return false;
    unit = take_unit(parser, deadline_hint);
    if (unit == NULL)
        return false;
    if (!unit->is_calendar ||
        (deadline->kind == TALLY_DEADLINE_END_OF_MONTH && unit->unit != TALLY_UNIT_YEAR))
        return refuse(parser, deadline_hint,
                      "this unit cannot be counted on to the end of a period");
    if (!tally_parser_accept(parser, "later"))
        return refuse(parser, deadline_hint, "`later` is missing here");
    deadline->later_count = (int32_t)count;
    deadline->later_unit = unit->unit;
    return true;
}

/* After `at`. */
static bool parse_end_of(tally_parser *parser, tally_deadline *deadline)
{
    const tally_unit_word *unit;

    if (!tally_parser_accept(parser, "the") || !tally_parser_accept(parser, "end") ||
        !tally_parser_accept(parser, "of"))
        return refuse(parser, deadline_hint, "`at the end of …` is not complete");
    deadline->month = take_month(parser);
    if (deadline->month != 0) {
        deadline->kind = TALLY_DEADLINE_END_OF_MONTH;
        deadline->unit = TALLY_UNIT_MONTH;
        return parse_later(parser, deadline);
    }
    if (!tally_parser_accept(parser, "the"))
        return refuse(parser, deadline_hint, "`the month`, or a month's name, is missing here");
    unit = take_unit(parser, deadline_hint);
    if (unit == NULL)
        return false;
    if (!unit->is_calendar)
        return refuse(parser, deadline_hint, "the shortest period that ends is the day");
    deadline->kind = TALLY_DEADLINE_END_OF;
    deadline->unit = unit->unit;
    return parse_later(parser, deadline);
}

bool tally_deadline_compile(tally_compiler *compiler, const tally_source_text *source,
                            tally_deadline *out_deadline)
{
    tally_deadline deadline = { .kind = TALLY_DEADLINE_NEVER };
    tally_parser parser;
    bool is_read;

    if (!tally_parser_start(&parser, compiler, source))
        return false;
    if (tally_parser_accept(&parser, "never"))
        is_read = true;
    else if (tally_parser_accept(&parser, "after"))
        is_read = parse_after(&parser, &deadline);
    else if (tally_parser_accept(&parser, "at"))
        is_read = parse_end_of(&parser, &deadline);
    else if (parser.tokens[0].kind == TALLY_TOKEN_NUMBER)
        is_read = refuse(&parser, "write `after` before it", "a deadline is missing its `after`");
    else
        is_read = refuse(&parser, deadline_hint, "this is no deadline");
    if (!is_read || !tally_parse_end(&parser))
        return false;
    deadline.span = tally_span_of(source, 0, (uint32_t)source->text.count);
    *out_deadline = deadline;
    return true;
}

/* ---- reviews -------------------------------------------------------------------------- */

#define REVIEW_DATES_MAX 12u

static const char review_hint[] = "reviews are: each day, each week, each month, each month on day "
                                  "20, each quarter, each year, each 1 January, each 1 January "
                                  "and 1 July";

static bool parse_review_dates(tally_parser *parser, tally_review *review)
{
    uint8_t(*dates)[2] =
        tally_arena_zalloc_array(parser->compiler->arena, REVIEW_DATES_MAX, sizeof(*dates));
    int64_t day;

    if (dates == NULL) {
        parser->compiler->out_of_memory = true;
        return false;
    }
    do {
        const tally_token *token = tally_parser_peek(parser, 0);
        uint8_t month;

        if (!take_number(parser, 1, 31, review_hint, &day))
            return false;
        month = take_month(parser);
        if (month == 0)
            return refuse(parser, review_hint, "a month's name is missing here");
        if (day > tally_month_days(2024, month) || review->date_count == REVIEW_DATES_MAX) {
            tally_parser_refuse(parser, token, "bad-day", "",
                                review->date_count == REVIEW_DATES_MAX
                                    ? "there are more than 12 days"
                                    : "this month has no such day");
            return false;
        }
        dates[review->date_count][0] = month;
        dates[review->date_count][1] = (uint8_t)day;
        review->date_count++;
    } while (tally_parser_accept(parser, "and"));
    review->kind = TALLY_REVIEW_YEAR_DAYS;
    review->unit = TALLY_UNIT_YEAR;
    review->dates = (const uint8_t(*)[2])dates;
    return true;
}

static bool parse_review(tally_parser *parser, tally_review *review)
{
    const tally_unit_word *unit;
    int64_t day;

    if (!tally_parser_accept(parser, "each"))
        return refuse(parser, review_hint, "`each` is missing here");
    if (tally_parser_peek(parser, 0)->kind == TALLY_TOKEN_NUMBER)
        return parse_review_dates(parser, review);
    unit = take_unit(parser, review_hint);
    if (unit == NULL)
        return false;
    if (!unit->is_calendar)
        return refuse(parser, review_hint, "the shortest time between reviews is the day");
    review->kind = TALLY_REVIEW_EACH;
    review->unit = unit->unit;
    if (!tally_parser_accept(parser, "on"))
        return true;
    if (unit->unit != TALLY_UNIT_MONTH || !tally_parser_accept(parser, "day"))
        return refuse(parser, review_hint, "only `each month on day 20` names its day like this");
    if (!take_number(parser, 1, 31, review_hint, &day))
        return false;
    review->kind = TALLY_REVIEW_MONTH_DAY;
    review->day = (uint8_t)day;
    return true;
}

bool tally_review_compile(tally_compiler *compiler, const tally_source_text *source,
                          tally_review *out_review)
{
    tally_review review = { .kind = TALLY_REVIEW_ALWAYS };
    tally_parser parser;

    if (!tally_parser_start(&parser, compiler, source) || !parse_review(&parser, &review) ||
        !tally_parse_end(&parser))
        return false;
    review.span = tally_span_of(source, 0, (uint32_t)source->text.count);
    *out_review = review;
    return true;
}

/* ---- limits ----------------------------------------------------------------------------- */

static bool check_limit_window(tally_checker *checker, const tally_window_node *node, bool is_best)
{
    bool is_settled_at_end =
        node->kind == TALLY_WINDOW_CALENDAR || node->kind == TALLY_WINDOW_LIFETIME;

    if (is_best ? is_settled_at_end
                : is_settled_at_end || node->kind == TALLY_WINDOW_ROLLING ||
                      node->kind == TALLY_WINDOW_ROLLING_MONTHS || node->kind == TALLY_WINDOW_CYCLE)
        return true;
    tally_check_report(checker, node->at, node->end, "bad-window",
                       is_best ? "write `11 per calendar year`, or `11 per lifetime`"
                               : "write a calendar window, `rolling 30 days`, `cycle of 12 months "
                                 "from NAME` or `lifetime`",
                       "a limit cannot be counted in this window");
    return false;
}

static const tally_expr *limit_amount(tally_checker *checker, const tally_node *node,
                                      uint8_t decimals)
{
    const tally_frame no_event = { NULL, NULL, 0 };
    tally_expr *amount = tally_check(checker, node, &no_event, NULL);

    if (amount != NULL)
        amount = tally_check_result(checker, amount, node->at, node->end, TALLY_TYPE_NUMBER,
                                    decimals, NULL);
    if (amount != NULL && amount->op == TALLY_OP_LITERAL && amount->value < 0) {
        tally_check_report(checker, node->at, node->end, "wrong-type", "",
                           "a limit is zero or more");
        return NULL;
    }
    return amount;
}

bool tally_limit_compile(tally_compiler *compiler, const tally_source_text *source, bool is_best,
                         tally_limit *out_limit)
{
    static const tally_scope no_scope;
    tally_checker checker = { compiler, source, &no_scope, false };
    const tally_window *window;
    const tally_expr *amount;
    tally_window_node *place;
    tally_parser parser;
    tally_node *node;
    bool is_times;

    if (!tally_parser_start(&parser, compiler, source))
        return false;
    if (tally_parser_is_word(&parser, 0, "once"))
        return refuse(&parser, "write `1 time per …`", "`once` is not how often is written");
    node = tally_parse_expression(&parser);
    if (node == NULL)
        return false;
    is_times = tally_parser_accept(&parser, "times") || tally_parser_accept(&parser, "time");
    if (is_times && is_best)
        return refuse(&parser, "write `11 per calendar year`", "the best are counted as they are");
    if (!tally_parser_accept(&parser, "per"))
        return refuse(&parser, "write `200 per calendar year`, or `3 times per calendar day`",
                      "`per` and a window are missing here");
    place = tally_parse_window(&parser);
    if (place == NULL || !tally_parse_end(&parser))
        return false;
    amount = limit_amount(&checker, node, is_times || is_best ? 0 : compiler->points_decimals);
    window =
        check_limit_window(&checker, place, is_best) ? tally_check_window(&checker, place) : NULL;
    if (amount == NULL || window == NULL || parser.has_failed || checker.has_failed ||
        compiler->out_of_memory)
        return false;
    out_limit->kind = is_best    ? TALLY_LIMIT_BEST
                      : is_times ? TALLY_LIMIT_TIMES
                                 : TALLY_LIMIT_POINTS;
    out_limit->amount = amount;
    out_limit->amount_is_constant = amount->op == TALLY_OP_LITERAL;
    out_limit->amount_value = out_limit->amount_is_constant ? amount->value : 0;
    out_limit->window = window;
    out_limit->span = tally_span_of(source, 0, (uint32_t)source->text.count);
    return true;
}
