/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_CIVIL_H
#define TALLY_UTIL_CIVIL_H

/* Dates and instants in the proleptic Gregorian calendar.
 *
 * An instant is int64 milliseconds since 1970-01-01T00:00:00Z, without leap
 * seconds. A day is an int32 count of calendar days since 1970-01-01 in
 * whatever zone the caller has in mind. Days from TALLY_DAY_MIN to
 * TALLY_DAY_MAX, years 0000 to 9999, can be read and written; the arithmetic is
 * right for ten thousand years beyond either end. Pure; many threads. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_DAY_MS  INT64_C(86400000)
#define TALLY_DAY_MIN (-719528) /* 0000-01-01 */
#define TALLY_DAY_MAX 2932896   /* 9999-12-31 */

typedef struct tally_date {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
} tally_date;

/* Is this a date of the calendar, in years 0000 to 9999? */
bool tally_date_is_valid(tally_date date);

bool tally_year_is_leap(int32_t year);

/* How many days the month has. */
int32_t tally_month_days(int32_t year, int32_t month);

/* Between dates and day numbers. The date must exist. */
int32_t tally_day_from_date(tally_date date);
tally_date tally_date_from_day(int32_t day);

/* 1 for Monday to 7 for Sunday. */
int32_t tally_day_weekday(int32_t day);

/* The day, and the milliseconds since its start, of an instant seen at an
 * offset from UTC. The day must fit int32: so for any instant that
 * tally_time_parse() gives. */
int32_t tally_day_of_ms(int64_t utc_ms, int32_t offset_s);
int32_t tally_ms_of_day(int64_t utc_ms, int32_t offset_s);

/* What a month later means when the month has no such day. */
typedef enum tally_month_end {
    TALLY_MONTH_END_LAST_DAY,        /* 31 January + 1 month is 28 or 29 February */
    TALLY_MONTH_END_NEXT_MONTH_FIRST /* 31 January + 1 month is 1 March */
} tally_month_end;

/* The day `months` months later (earlier when negative).
 * TALLY_E_OVERFLOW when day or result is outside TALLY_DAY_MIN..TALLY_DAY_MAX. */
TALLY_MUST_CHECK tally_rc tally_day_add_months(int32_t *out_day, int32_t day, int32_t months,
                                               tally_month_end rule);

typedef enum tally_unit {
    TALLY_UNIT_DAY,
    TALLY_UNIT_WEEK, /* Monday to Sunday, as in ISO 8601 */
    TALLY_UNIT_MONTH,
    TALLY_UNIT_QUARTER,
    TALLY_UNIT_YEAR
} tally_unit;

/* Which period holds the day; 0 is the one that holds 1970-01-01, the next is
 * 1. Consecutive days give equal or consecutive indexes. */
int32_t tally_period_index(tally_unit unit, int32_t day);

/* The first day of a period. Its last day is the one before the first of the
 * next. */
int32_t tally_period_first_day(tally_unit unit, int32_t period_index);

/* How a date or an instant is written. */
typedef enum tally_time_format {
    TALLY_TIME_RFC3339,      /* 2026-11-21, 2026-11-21T09:30:00.5+01:00; a space or t for T;
                                without an offset the time is local */
    TALLY_TIME_YYYYMMDD,     /* 20261121 */
    TALLY_TIME_DD_MM_YYYY,   /* 21/11/2026; also with - or . */
    TALLY_TIME_MM_DD_YYYY,   /* 11/21/2026; also with - or . */
    TALLY_TIME_UNIX_SECONDS, /* -?[0-9]+, from 1970-01-01T00:00:00Z */
    TALLY_TIME_UNIX_MS
} tally_time_format;

/* What was written: a local day, perhaps a time, perhaps an offset. */
typedef struct tally_moment {
    int32_t day;
    int32_t ms_of_day; /* 0 when has_time is false */
    int32_t offset_s;  /* east of UTC; 0 when has_offset is false */
    bool has_time;
    bool has_offset; /* only with has_time: the instant is then known */
} tally_moment;

/* Read a date or date-time and nothing else.
 *
 * Fractions of a second are cut to milliseconds. A leap second, :60, reads as
 * the last millisecond before it, so that it stays in its day.
 *
 * TALLY_E_INVALID  not of that format, or no such date or time; err says which */
TALLY_MUST_CHECK tally_rc tally_time_parse(tally_moment *out_moment, tally_text text,
                                           tally_time_format format, tally_err *err);

/* The instant of a moment, taking it at the given offset from UTC when it has
 * none of its own. */
int64_t tally_moment_ms(tally_moment moment, int32_t default_offset_s);

#define TALLY_DATE_TEXT_BYTES    16
#define TALLY_INSTANT_TEXT_BYTES 40

/* Write a day as 2026-11-21; it must be within TALLY_DAY_MIN..TALLY_DAY_MAX. */
tally_text tally_day_format(char out_text[static TALLY_DATE_TEXT_BYTES], int32_t day);

/* Write an instant as RFC 3339 at an offset of whole minutes: 2026-11-21T09:30:00+01:00,
 * Z for 0, milliseconds only when there are any. Its local day must be within
 * TALLY_DAY_MIN..TALLY_DAY_MAX. An offset with seconds, as zones had before
 * 1930, cannot be written so: the instant is then written in UTC. */
tally_text tally_instant_format(char out_text[static TALLY_INSTANT_TEXT_BYTES], int64_t utc_ms,
                                int32_t offset_s);

#endif
