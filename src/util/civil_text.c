/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing dates and instants.
 *
 * RFC 3339, 5.6, is the form for both; the others are how registers and
 * spreadsheets write dates. A reader walks a cursor over the text. */

#include "util/civil.h"

#define DAY_S 86400

typedef struct reader {
    tally_text text;
    size_t at;
} reader;

static bool is_at_end(const reader *cursor)
{
    return cursor->at == cursor->text.count;
}

static char peek(const reader *cursor)
{
    return is_at_end(cursor) ? '\0' : cursor->text.bytes[cursor->at];
}

static bool has_digit(const reader *cursor)
{
    return peek(cursor) >= '0' && peek(cursor) <= '9';
}

/* Read exactly `count` digits. */
static bool take_digits(reader *cursor, uint32_t count, int32_t *out_value)
{
    int32_t value = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (!has_digit(cursor))
            return false;
        value = value * 10 + (peek(cursor) - '0');
        cursor->at++;
    }
    *out_value = value;
    return true;
}

static bool take_byte(reader *cursor, char byte)
{
    if (is_at_end(cursor) || peek(cursor) != byte)
        return false;
    cursor->at++;
    return true;
}

static tally_rc refuse(const reader *cursor, const char *expected, tally_err *err)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "'%.*s' is not %s",
                         cursor->text.count > 64 ? 64 : (int)cursor->text.count,
                         cursor->text.count > 0 ? cursor->text.bytes : "", expected);
}

static tally_rc take_date(reader *cursor, tally_date date, tally_moment *moment, tally_err *err)
{
    if (!tally_date_is_valid(date))
        return refuse(cursor, "a day of the calendar", err);
    moment->day = tally_day_from_date(date);
    return TALLY_OK;
}

/* The fraction of a second after the point, cut to milliseconds. */
static bool take_fraction(reader *cursor, int32_t *out_ms)
{
    int32_t unit = 100;
    int32_t ms = 0;

    if (!has_digit(cursor))
        return false;
    for (; has_digit(cursor); cursor->at++, unit /= 10)
        ms += (peek(cursor) - '0') * unit;
    *out_ms = ms;
    return true;
}

static bool take_time(reader *cursor, tally_moment *moment)
{
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t ms = 0;

    if (!take_digits(cursor, 2, &hour) || !take_byte(cursor, ':') ||
        !take_digits(cursor, 2, &minute) || !take_byte(cursor, ':') ||
        !take_digits(cursor, 2, &second))
        return false;
    if (take_byte(cursor, '.') && !take_fraction(cursor, &ms))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (second == 60) {
        second = 59;
        ms = 999;
    }
    moment->has_time = true;
    moment->ms_of_day = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool take_offset(reader *cursor, tally_moment *moment)
{
    bool is_west = peek(cursor) == '-';
    int32_t hours;
    int32_t minutes;

    moment->has_offset = true;
    if (take_byte(cursor, 'Z') || take_byte(cursor, 'z'))
        return true;
    if (!take_byte(cursor, '+') && !take_byte(cursor, '-'))
        return false;
    if (!take_digits(cursor, 2, &hours) || !take_byte(cursor, ':') ||
        !take_digits(cursor, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    moment->offset_s = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
    return true;
}

static tally_rc parse_rfc3339(reader *cursor, tally_moment *moment, tally_err *err)
{
    tally_date date;
    tally_rc rc;

    if (!take_digits(cursor, 4, &date.year) || !take_byte(cursor, '-') ||
        !take_digits(cursor, 2, &date.month) || !take_byte(cursor, '-') ||
        !take_digits(cursor, 2, &date.day))
        return refuse(cursor, "a date like 2026-11-21", err);
    rc = take_date(cursor, date, moment, err);
    if (rc != TALLY_OK || is_at_end(cursor))
        return rc;
    if (!take_byte(cursor, 'T') && !take_byte(cursor, 't') && !take_byte(cursor, ' '))
        return refuse(cursor, "a date like 2026-11-21", err);
    if (!take_time(cursor, moment))
        return refuse(cursor, "a time like 2026-11-21T09:30:00Z", err);
    if (!is_at_end(cursor) && !take_offset(cursor, moment))
        return refuse(cursor, "a time with an offset like Z or +01:00", err);
    return TALLY_OK;
}

static tally_rc parse_compact(reader *cursor, tally_moment *moment, tally_err *err)
{
    tally_date date;

    if (!take_digits(cursor, 4, &date.year) || !take_digits(cursor, 2, &date.month) ||
        !take_digits(cursor, 2, &date.day))
        return refuse(cursor, "a date like 20261121", err);
    return take_date(cursor, date, moment, err);
}

/* Two numbers of one or two digits and a year, with one kind of separator. */
static tally_rc parse_slashed(reader *cursor, bool is_month_first, tally_moment *moment,
                              tally_err *err)
{
    const char *expected = is_month_first ? "a date like 11/21/2026" : "a date like 21/11/2026";
    int32_t parts[2];
    char separator = '\0';
    tally_date date;

    for (uint32_t i = 0; i < 2; i++) {
        int32_t second_digit;

        if (!take_digits(cursor, 1, &parts[i]))
            return refuse(cursor, expected, err);
        if (take_digits(cursor, 1, &second_digit))
            parts[i] = parts[i] * 10 + second_digit;
        if (i == 0)
            separator = peek(cursor);
        if (separator != '/' && separator != '-' && separator != '.')
            return refuse(cursor, expected, err);
        if (!take_byte(cursor, separator))
            return refuse(cursor, expected, err);
    }
    if (!take_digits(cursor, 4, &date.year))
        return refuse(cursor, expected, err);
    date.day = parts[is_month_first ? 1 : 0];
    date.month = parts[is_month_first ? 0 : 1];
    return take_date(cursor, date, moment, err);
}

static tally_rc parse_unix(reader *cursor, int64_t unit_ms, tally_moment *moment, tally_err *err)
{
    int64_t first = TALLY_DAY_MIN * TALLY_DAY_MS / unit_ms;
    int64_t last = ((TALLY_DAY_MAX + 1) * TALLY_DAY_MS - 1) / unit_ms;
    int64_t count;
    int64_t utc_ms;

    if (tally_text_parse_i64(&count, cursor->text, first, last) != TALLY_OK)
        return refuse(cursor,
                      unit_ms == 1 ? "a count of milliseconds since 1970"
                                   : "a count of seconds since 1970",
                      err);
    cursor->at = cursor->text.count;
    utc_ms = count * unit_ms;
    moment->day = tally_day_of_ms(utc_ms, 0);
    moment->ms_of_day = tally_ms_of_day(utc_ms, 0);
    moment->has_time = true;
    moment->has_offset = true;
    return TALLY_OK;
}

tally_rc tally_time_parse(tally_moment *out_moment, tally_text text, tally_time_format format,
                          tally_err *err)
{
    reader cursor = { text, 0 };
    tally_moment moment = { 0 };
    tally_rc rc = TALLY_E_INVALID;

    switch (format) {
    case TALLY_TIME_RFC3339:
        rc = parse_rfc3339(&cursor, &moment, err);
        break;
    case TALLY_TIME_YYYYMMDD:
        rc = parse_compact(&cursor, &moment, err);
        break;
    case TALLY_TIME_DD_MM_YYYY:
        rc = parse_slashed(&cursor, false, &moment, err);
        break;
    case TALLY_TIME_MM_DD_YYYY:
        rc = parse_slashed(&cursor, true, &moment, err);
        break;
    case TALLY_TIME_UNIX_SECONDS:
        rc = parse_unix(&cursor, 1000, &moment, err);
        break;
    case TALLY_TIME_UNIX_MS:
        rc = parse_unix(&cursor, 1, &moment, err);
        break;
    }
    if (rc == TALLY_OK && !is_at_end(&cursor))
        rc = refuse(&cursor, "a date or time alone: something follows it", err);
    if (rc == TALLY_OK)
        *out_moment = moment;
    return rc;
}

int64_t tally_moment_ms(tally_moment moment, int32_t default_offset_s)
{
    int32_t offset_s = moment.has_offset ? moment.offset_s : default_offset_s;

    return moment.day * TALLY_DAY_MS + moment.ms_of_day - INT64_C(1000) * offset_s;
}

/* Write `count` digits of a number that has no more. */
static char *put_digits(char *at, int32_t value, int32_t count)
{
    for (int32_t i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

static char *put_day(char *at, int32_t day)
{
    tally_date date = tally_date_from_day(day);

    TALLY_ASSERT(day >= TALLY_DAY_MIN && day <= TALLY_DAY_MAX);
    at = put_digits(at, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    return put_digits(at, date.day, 2);
}

tally_text tally_day_format(char out_text[static TALLY_DATE_TEXT_BYTES], int32_t day)
{
    char *end = put_day(out_text, day);

    *end = '\0';
    return tally_text_of(out_text, (size_t)(end - out_text));
}

static char *put_offset(char *at, int32_t offset_s)
{
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;

    if (offset_s == 0) {
        *at++ = 'Z';
        return at;
    }
    *at++ = offset_s < 0 ? '-' : '+';
    at = put_digits(at, minutes / 60, 2);
    *at++ = ':';
    return put_digits(at, minutes % 60, 2);
}

tally_text tally_instant_format(char out_text[static TALLY_INSTANT_TEXT_BYTES], int64_t utc_ms,
                                int32_t offset_s)
{
    bool is_writable = offset_s % 60 == 0 && offset_s > -DAY_S && offset_s < DAY_S;
    int32_t shown_s = is_writable ? offset_s : 0;
    int32_t ms = tally_ms_of_day(utc_ms, shown_s);
    char *at = put_day(out_text, tally_day_of_ms(utc_ms, shown_s));

    *at++ = 'T';
    at = put_digits(at, ms / 3600000, 2);
    *at++ = ':';
    at = put_digits(at, ms / 60000 % 60, 2);
    *at++ = ':';
    at = put_digits(at, ms / 1000 % 60, 2);
    if (ms % 1000 != 0) {
        *at++ = '.';
        at = put_digits(at, ms % 1000, 3);
    }
    at = put_offset(at, shown_s);
    *at = '\0';
    return tally_text_of(out_text, (size_t)(at - out_text));
}
