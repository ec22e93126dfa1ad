/* SPDX-License-Identifier: Apache-2.0 */
/* Putting values into words for a statement. */

#include "score/statement.h"

#include <inttypes.h>

const char *tally_teller_keep_text(tally_teller *teller, tally_text text)
{
    tally_text copy;

    if (text.count == 0)
        return "";
    if (!tally_arena_copy_text(teller->own, &copy, text)) {
        teller->is_out_of_memory = true;
        return "";
    }
    return copy.bytes;
}

const char *tally_teller_keep(tally_teller *teller)
{
    const char *kept;

    if (tally_buffer_failure(&teller->buffer) != TALLY_OK)
        teller->is_out_of_memory = true;
    kept = tally_teller_keep_text(teller, tally_buffer_text(&teller->buffer));
    tally_buffer_reset(&teller->buffer);
    return kept;
}

void tally_teller_points(tally_teller *teller, int64_t points)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    tally_buffer_append_text(&teller->buffer,
                             tally_decimal_format_short(text, points,
                                                        teller->policy->points_decimals, " "));
}

void tally_teller_points_word(tally_teller *teller, int64_t points)
{
    bool is_one = points == tally_decimal_unit(teller->policy->points_decimals);

    tally_teller_points(teller, points);
    tally_buffer_append_string(&teller->buffer, is_one ? " point" : " points");
}

static bool is_writable_day(int32_t day)
{
    return day >= TALLY_DAY_MIN && day <= TALLY_DAY_MAX;
}

static void append_day(tally_teller *teller, int32_t day)
{
    char text[TALLY_DATE_TEXT_BYTES];

    if (is_writable_day(day))
        tally_buffer_append_text(&teller->buffer, tally_day_format(text, day));
    else
        tally_buffer_append_string(&teller->buffer, day < 0 ? "long ago" : "never");
}

void tally_teller_day(tally_teller *teller, int64_t instant)
{
    const tally_zone *zone =
        tally_context_zone(teller->context, teller->version, TALLY_NO_INDEX);
    int64_t bound = TALLY_DAY_MS * INT64_C(4000000);
    int32_t offset_s = zone == NULL ? tally_context_offset(teller->context, instant) : 0;

    if (instant > bound || instant < -bound)
        tally_buffer_append_string(&teller->buffer, instant < 0 ? "long ago" : "never");
    else
        append_day(teller, tally_local_day(zone, offset_s, instant));
}

void tally_teller_source(tally_teller *teller, tally_text text)
{
    bool was_space = false;

    text = tally_text_trim(text);
    for (size_t i = 0; i < text.count; i++) {
        bool is_space = (unsigned char)text.bytes[i] <= ' ';

        if (!is_space)
            tally_buffer_append_byte(&teller->buffer, text.bytes[i]);
        else if (!was_space)
            tally_buffer_append_byte(&teller->buffer, ' ');
        was_space = is_space;
    }
}

static void append_duration(tally_teller *teller, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *one, *many;
    } units[] = {
        { TALLY_DAY_MS, "day", "days" },
        { INT64_C(3600000), "hour", "hours" },
        { INT64_C(60000), "minute", "minutes" },
        { INT64_C(1000), "second", "seconds" },
        { 1, "millisecond", "milliseconds" },
    };
    size_t unit = 0;

    while (ms % units[unit].ms != 0)
        unit++;
    tally_buffer_printf(&teller->buffer, "%" PRId64 " %s", ms / units[unit].ms,
                        ms / units[unit].ms == 1 ? units[unit].one : units[unit].many);
}

/* Cut, not rounded: a rate that misses its mark must not look as if it met it. */
static void append_ratio(tally_teller *teller, tally_value value, bool with_percent)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];
    tally_rounding rounding = value.a < 0 ? TALLY_ROUND_UP : TALLY_ROUND_DOWN;
    int64_t cut;

    if (tally_decimal_scale(&cut, value.a, with_percent ? 10000 : 1000, value.b, rounding) !=
        TALLY_OK) {
        tally_buffer_printf(&teller->buffer, "%" PRId64 "/%" PRId64, value.a, value.b);
        return;
    }
    tally_buffer_append_text(&teller->buffer,
                             tally_decimal_format_short(text, cut, with_percent ? 2 : 3, " "));
    if (with_percent)
        tally_buffer_append_string(&teller->buffer, " %");
}

static void append_instant(tally_teller *teller, int64_t instant)
{
    char text[TALLY_INSTANT_TEXT_BYTES];
    const tally_zone *zone =
        tally_context_zone(teller->context, teller->version, TALLY_NO_INDEX);
    int32_t offset_s = zone != NULL ? tally_zone_offset(zone, instant)
                                    : tally_context_offset(teller->context, instant);

    if (instant < TALLY_DAY_MIN * TALLY_DAY_MS || instant > TALLY_DAY_MAX * TALLY_DAY_MS)
        tally_teller_day(teller, instant);
    else
        tally_buffer_append_text(&teller->buffer, tally_instant_format(text, instant, offset_s));
}

static void append_event(tally_teller *teller, int64_t event)
{
    const tally_events *events = &teller->context->events;

    tally_teller_source(teller, teller->policy->types[events->type[event]].name);
    tally_buffer_append_string(&teller->buffer, " of ");
    tally_teller_day(teller, events->at_ms[event]);
}

void tally_teller_value(tally_teller *teller, tally_value_type type, uint8_t decimals,
                        const tally_words *domain, tally_value value, bool with_percent)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];
    tally_buffer *out = &teller->buffer;

    if (value.a == TALLY_NOTHING) {
        tally_buffer_append_string(out, type == TALLY_TYPE_RATIO ? "no rate" : "not known");
        return;
    }
    switch (type) {
    case TALLY_TYPE_NUMBER:
        if (with_percent)
            append_ratio(teller, (tally_value){ value.a, tally_decimal_unit(decimals) }, true);
        else
            tally_buffer_append_text(out,
                                     tally_decimal_format_short(text, value.a, decimals, " "));
        break;
    case TALLY_TYPE_RATIO:
        append_ratio(teller, value, with_percent);
        break;
    case TALLY_TYPE_CONDITION:
        tally_buffer_append_string(out, value.a == 1 ? "yes" : "no");
        break;
    case TALLY_TYPE_WORD:
        if (domain != NULL && value.a >= 0 && (uint64_t)value.a < domain->count)
            tally_buffer_append_text(out, domain->words[value.a]);
        else
            tally_buffer_printf(out, "%" PRId64, value.a);
        break;
    case TALLY_TYPE_ID:
        if (teller->question->tokens != NULL && value.a >= 0 &&
            (uint64_t)value.a < tally_intern_count(teller->question->tokens))
            tally_buffer_append_text(
                out, tally_intern_text(teller->question->tokens, (uint32_t)value.a));
        else
            tally_buffer_append_string(out, "an id");
        break;
    case TALLY_TYPE_DAY:
        append_day(teller, (int32_t)value.a);
        break;
    case TALLY_TYPE_INSTANT:
        append_instant(teller, value.a);
        break;
    case TALLY_TYPE_DURATION:
        append_duration(teller, value.a);
        break;
    case TALLY_TYPE_EVENT:
        append_event(teller, value.a);
        break;
    case TALLY_TYPE_MONTHS:
    case TALLY_TYPE_TEXT:
    case TALLY_TYPE_NOTHING:
        tally_buffer_append_string(out, "not known");
        break;
    }
}
