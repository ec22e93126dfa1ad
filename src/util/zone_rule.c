/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of time zones: reading them, and the two changes they make a year.
 *
 *   rule    name offset [ name [offset] , date , date ]
 *   name    three or more letters, or <letters, digits, + and -> of that length
 *   offset  [+-] h[h] [:mm [:ss]], positive west of Greenwich
 *   date    ( Jn | n | Mm.w.d ) [ / [+-] h[h[h]] [:mm [:ss]] ]
 *
 * A second name without an offset is one hour east of the first; a date
 * without a time is at 02:00. */

#include "util/civil.h"
#include "util/zone.h"
#include "util/zone_rule.h"

#define HOUR_S 3600

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool take_byte(tally_text *rest, char byte)
{
    if (rest->count == 0 || rest->bytes[0] != byte)
        return false;
    *rest = tally_text_slice(*rest, 1, rest->count);
    return true;
}

static bool take_number(tally_text *rest, uint32_t digits_max, int32_t min, int32_t max,
                        int32_t *out_value)
{
    int32_t value = 0;
    size_t count = 0;

    for (; count < rest->count && count < digits_max && is_digit(rest->bytes[count]); count++)
        value = value * 10 + (rest->bytes[count] - '0');
    if (count == 0 || value < min || value > max)
        return false;
    *rest = tally_text_slice(*rest, count, rest->count);
    *out_value = value;
    return true;
}

static bool take_name(tally_text *rest)
{
    bool is_quoted = take_byte(rest, '<');
    size_t count = 0;

    while (count < rest->count &&
           (is_letter(rest->bytes[count]) ||
            (is_quoted && (is_digit(rest->bytes[count]) || rest->bytes[count] == '+' ||
                           rest->bytes[count] == '-'))))
        count++;
    if (count < 3)
        return false;
    *rest = tally_text_slice(*rest, count, rest->count);
    return !is_quoted || take_byte(rest, '>');
}

static bool take_clock(tally_text *rest, uint32_t hour_digits, int32_t hours_max,
                       int32_t *out_seconds)
{
    bool is_negative = take_byte(rest, '-');
    int32_t hours;
    int32_t minutes = 0;
    int32_t seconds = 0;
    int32_t total;

    if (!is_negative)
        (void)take_byte(rest, '+');
    if (!take_number(rest, hour_digits, 0, hours_max, &hours))
        return false;
    if (take_byte(rest, ':')) {
        if (!take_number(rest, 2, 0, 59, &minutes))
            return false;
        if (take_byte(rest, ':') && !take_number(rest, 2, 0, 59, &seconds))
            return false;
    }
    total = (hours * 60 + minutes) * 60 + seconds;
    *out_seconds = is_negative ? -total : total;
    return true;
}

static bool take_date(tally_text *rest, tally_zone_rule_date *out_date)
{
    tally_zone_rule_date date = { .time_s = 2 * HOUR_S };

    if (take_byte(rest, 'J')) {
        date.form = TALLY_ZONE_RULE_JULIAN;
        if (!take_number(rest, 3, 1, 365, &date.day))
            return false;
    } else if (take_byte(rest, 'M')) {
        date.form = TALLY_ZONE_RULE_MONTH;
        if (!take_number(rest, 2, 1, 12, &date.month) || !take_byte(rest, '.') ||
            !take_number(rest, 1, 1, 5, &date.week) || !take_byte(rest, '.') ||
            !take_number(rest, 1, 0, 6, &date.day))
            return false;
    } else {
        date.form = TALLY_ZONE_RULE_ZERO_BASED;
        if (!take_number(rest, 3, 0, 365, &date.day))
            return false;
    }
    if (take_byte(rest, '/') && !take_clock(rest, 3, 167, &date.time_s))
        return false;
    *out_date = date;
    return true;
}

bool tally_zone_rule_parse(tally_zone_rule *out_rule, tally_text text)
{
    tally_zone_rule rule = { 0 };
    tally_text rest = text;
    int32_t west_s;

    if (!take_name(&rest) || !take_clock(&rest, 2, 24, &west_s))
        return false;
    rule.standard_s = -west_s;
    if (rest.count > 0) {
        rule.has_daylight = true;
        rule.daylight_s = rule.standard_s + HOUR_S;
        if (!take_name(&rest))
            return false;
        if (rest.count > 0 && rest.bytes[0] != ',') {
            if (!take_clock(&rest, 2, 24, &west_s))
                return false;
            rule.daylight_s = -west_s;
        }
        if (!take_byte(&rest, ',') || !take_date(&rest, &rule.start) || !take_byte(&rest, ',') ||
            !take_date(&rest, &rule.end) || rest.count > 0)
            return false;
    }
    if (rule.standard_s < TALLY_ZONE_OFFSET_S_MIN || rule.standard_s > TALLY_ZONE_OFFSET_S_MAX ||
        rule.daylight_s < TALLY_ZONE_OFFSET_S_MIN || rule.daylight_s > TALLY_ZONE_OFFSET_S_MAX)
        return false;
    *out_rule = rule;
    return true;
}

/* The day a rule's date falls on. */
static int32_t day_in_year(const tally_zone_rule_date *date, int32_t year)
{
    int32_t first = tally_day_from_date((tally_date){ year, 1, 1 });
    int32_t day;
    int32_t last;

    switch (date->form) {
    case TALLY_ZONE_RULE_JULIAN:
        return first + date->day - 1 + (tally_year_is_leap(year) && date->day >= 60 ? 1 : 0);
    case TALLY_ZONE_RULE_ZERO_BASED:
        return first + date->day;
    case TALLY_ZONE_RULE_MONTH:
        break;
    }
    day = tally_day_from_date((tally_date){ year, date->month, 1 });
    last = day + tally_month_days(year, date->month) - 1;
    /* The weekday of day, with 0 for Sunday, is moved up to the wanted one. */
    day += (date->day - tally_day_weekday(day) % 7 + 7) % 7 + 7 * (date->week - 1);
    return day > last ? day - 7 : day;
}

static int64_t instant_s(const tally_zone_rule_date *date, int32_t year, int32_t offset_s)
{
    return day_in_year(date, year) * (TALLY_DAY_MS / 1000) + date->time_s - offset_s;
}

void tally_zone_rule_year(tally_zone_rule_change out_changes[static 2], const tally_zone_rule *rule,
                          int32_t year)
{
    TALLY_ASSERT(rule->has_daylight);
    out_changes[0].utc_s = instant_s(&rule->start, year, rule->standard_s);
    out_changes[0].offset_s = rule->daylight_s;
    out_changes[1].utc_s = instant_s(&rule->end, year, rule->daylight_s);
    out_changes[1].offset_s = rule->standard_s;
}
