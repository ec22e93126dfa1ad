/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, units, windows and sets in words: what the other explain_*.c files
 * put their sentences together from. */

#include <stdarg.h>
#include <stdio.h>

#include "policy/explain_internal.h"

void tally_explain_say(tally_explainer *e, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)tally_buffer_vprintf(e->out, format, arguments);
    va_end(arguments);
}

void tally_explain_text(tally_explainer *e, tally_text text)
{
    (void)tally_buffer_append_text(e->out, text);
}

void tally_explain_number(tally_explainer *e, int64_t value, uint32_t decimals)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    tally_explain_text(e, tally_decimal_format_short(text, value, decimals, NULL));
}

const char *tally_explain_unit(uint8_t unit)
{
    static const char *const names[] = { "day", "week", "month", "quarter", "year" };

    return names[unit];
}

void tally_explain_duration(tally_explainer *e, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = { { 7 * TALLY_DAY_MS, "week" },
                  { TALLY_DAY_MS, "day" },
                  { 3600000, "hour" },
                  { 60000, "minute" } };
    size_t i = ms != 0 && ms % units[0].ms == 0 && ms / units[0].ms > 8 ? 1 : 0;

    while (i < 3 && ms % units[i].ms != 0)
        i++;
    /* Weeks are read as days unless they are few. */
    if (i == 0 && ms != units[0].ms)
        i = 1;
    tally_explain_say(e, "%lld %s%s", (long long)(ms / units[i].ms), units[i].name,
                      ms == units[i].ms ? "" : "s");
}

void tally_explain_types(tally_explainer *e, const uint64_t *types, const char *joined_by)
{
    bool is_first = true;

    for (uint32_t t = 0; t < e->policy->type_count; t++) {
        if ((types[t / 64] >> (t % 64) & 1) == 0)
            continue;
        tally_explain_say(e, "%s`%.*s`", is_first ? "" : joined_by,
                          TALLY_TEXT_ARGS(e->policy->types[t].name));
        is_first = false;
    }
}

/* ---- windows and sets ------------------------------------------------------------ */

/* "3 months", "(lookback) months"; each: how many units one N stands for. */
static void explain_length(tally_explainer *e, const tally_window *window, int64_t each,
                           const char *unit)
{
    if (window->n_expr == NULL) {
        tally_explain_say(e, "%lld %s%s", (long long)(window->n * each), unit,
                          window->n * each == 1 ? "" : "s");
        return;
    }
    tally_explain_say(e, "(");
    tally_explain_expr(e, window->n_expr);
    tally_explain_say(e, ") %ss", unit);
}

static void explain_exact_length(tally_explainer *e, const tally_window *window)
{
    if (window->n_expr != NULL) {
        tally_explain_say(e, "(");
        tally_explain_expr(e, window->n_expr);
        tally_explain_say(e, ") times ");
    }
    tally_explain_duration(e,
                           window->n_expr != NULL ? window->each_ms : window->n * window->each_ms);
}

static void explain_month_length(tally_explainer *e, const tally_window *window)
{
    if (window->n_expr != NULL && window->each_months != 1) {
        tally_explain_say(e, "(");
        tally_explain_expr(e, window->n_expr);
        tally_explain_say(e, ") times %d months", (int)window->each_months);
    } else {
        explain_length(e, window, window->each_months, "month");
    }
}

static void explain_previous(tally_explainer *e, const tally_window *window)
{
    char unit[32];

    (void)snprintf(unit, sizeof(unit), "whole calendar %s", tally_explain_unit(window->unit));
    tally_explain_say(e, " in the ");
    explain_length(e, window, 1, unit);
    tally_explain_say(e, " before this one");
}

void tally_explain_window(tally_explainer *e, const tally_window *window)
{
    switch (window->kind) {
    case TALLY_WINDOW_LIFETIME:
        return;
    case TALLY_WINDOW_CALENDAR:
        tally_explain_say(e, " in the calendar %s", tally_explain_unit(window->unit));
        break;
    case TALLY_WINDOW_PREVIOUS:
        explain_previous(e, window);
        break;
    case TALLY_WINDOW_ROLLING:
        tally_explain_say(e, " in the last ");
        explain_exact_length(e, window);
        break;
    case TALLY_WINDOW_ROLLING_MONTHS:
        tally_explain_say(e, " in the last ");
        explain_month_length(e, window);
        break;
    case TALLY_WINDOW_NEXT:
        tally_explain_say(e, " promised for the next ");
        explain_exact_length(e, window);
        break;
    case TALLY_WINDOW_SINCE:
    case TALLY_WINDOW_AFTER:
        tally_explain_say(e, window->kind == TALLY_WINDOW_SINCE ? " since " : " after ");
        tally_explain_expr(e, window->ref);
        break;
    case TALLY_WINDOW_CYCLE:
        tally_explain_say(e, " in the running cycle of ");
        explain_month_length(e, window);
        tally_explain_say(e, " counted from ");
        tally_explain_expr(e, window->ref);
        break;
    }
    if (window->zone != TALLY_NO_INDEX)
        tally_explain_say(e, " (%.*s)", TALLY_TEXT_ARGS(e->policy->zone_names[window->zone]));
}

void tally_explain_set(tally_explainer *e, const tally_set *set)
{
    if (set->earlier)
        tally_explain_say(e, "earlier ");
    if (set->last > 0)
        tally_explain_say(e, "the newest %u of ", set->last);
    if (set->inner != NULL)
        tally_explain_set(e, set->inner);
    else
        tally_explain_types(e, set->types, " or ");
    if (set->with != NULL) {
        tally_explain_say(e, " where ");
        tally_explain_expr(e, set->with);
    }
    tally_explain_window(e, set->window);
}
