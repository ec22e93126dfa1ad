/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic.
 *
 * The idea throughout: years begin on 1 March, so that the leap day is the last
 * of its year, and are counted from far enough in the past that all numbers
 * are positive and division truncates the right way. */

#include "util/civil.h"

/* 400 Gregorian years. */
#define ERA_DAYS  146097u
#define ERA_YEARS 400

/* Eras added before, and taken away after, so that nothing is negative from
 * year -12000 on. */
#define SHIFT_ERAS 30

/* From 0000-03-01 to 1970-01-01. */
#define EPOCH_DAYS 719468

bool tally_year_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t tally_month_days(int32_t year, int32_t month)
{
    TALLY_ASSERT(month >= 1 && month <= 12);
    if (month == 2)
        return tally_year_is_leap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool tally_date_is_valid(tally_date date)
{
    return date.year >= 0 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= tally_month_days(date.year, date.month);
}

int32_t tally_day_from_date(tally_date date)
{
    bool is_early = date.month <= 2;
    uint32_t year = (uint32_t)(date.year + SHIFT_ERAS * ERA_YEARS - (is_early ? 1 : 0));
    /* March is 0; months have 30.6 days on average from there. */
    uint32_t month = (uint32_t)(is_early ? date.month + 9 : date.month - 3);
    uint32_t century = year / 100;
    uint32_t days = year * 365 + year / 4 - century + century / 4 + (month * 306 + 5) / 10 +
                    (uint32_t)(date.day - 1);

    return (int32_t)(days - SHIFT_ERAS * ERA_DAYS) - EPOCH_DAYS;
}

/* After C. Neri and L. Schneider, "Euclidean affine functions and their
 * application to calendar algorithms" (2022): the year of the century and the
 * day of the year come from one multiplication, and so do the month and its
 * day. Exact while the shifted day is below 2^28. */
tally_date tally_date_from_day(int32_t day)
{
    uint32_t shifted = (uint32_t)(day + EPOCH_DAYS) + SHIFT_ERAS * ERA_DAYS;
    uint32_t quarter_days = 4 * shifted + 3;
    uint32_t century = quarter_days / ERA_DAYS;
    uint32_t century_day = quarter_days % ERA_DAYS / 4;
    uint64_t year_part = UINT64_C(2939745) * (4 * century_day + 3);
    uint32_t century_year = (uint32_t)(year_part >> 32);
    uint32_t year_day = (uint32_t)year_part / 2939745 / 4;
    uint32_t month_part = 2141 * year_day + 197913;
    uint32_t month = month_part >> 16;
    uint32_t month_day = (month_part & 0xffff) / 2141;
    bool is_early = year_day >= 306;

    return (tally_date){
        .year =
            (int32_t)(100 * century + century_year) - SHIFT_ERAS * ERA_YEARS + (is_early ? 1 : 0),
        .month = (int32_t)(is_early ? month - 12 : month),
        .day = (int32_t)month_day + 1,
    };
}

static int32_t floor_divide(int32_t value, int32_t by)
{
    int32_t quotient = value / by;

    return quotient - (value % by < 0 ? 1 : 0);
}

/* Weeks since the one of 1970-01-01, a Thursday; they begin on Monday. */
static int32_t week_of_day(int32_t day)
{
    return floor_divide(day + 3, 7);
}

int32_t tally_day_weekday(int32_t day)
{
    return day + 3 - 7 * week_of_day(day) + 1;
}

int32_t tally_day_of_ms(int64_t utc_ms, int32_t offset_s)
{
    int64_t local_ms = utc_ms + INT64_C(1000) * offset_s;

    return (int32_t)(local_ms / TALLY_DAY_MS - (local_ms % TALLY_DAY_MS < 0 ? 1 : 0));
}

int32_t tally_ms_of_day(int64_t utc_ms, int32_t offset_s)
{
    int64_t rest = (utc_ms + INT64_C(1000) * offset_s) % TALLY_DAY_MS;

    return (int32_t)(rest < 0 ? rest + TALLY_DAY_MS : rest);
}

static int32_t month_index(tally_date date)
{
    return (date.year - 1970) * 12 + date.month - 1;
}

static tally_date first_of_month(int32_t index)
{
    int32_t years = floor_divide(index, 12);

    return (tally_date){ .year = 1970 + years, .month = index - 12 * years + 1, .day = 1 };
}

tally_rc tally_day_add_months(int32_t *out_day, int32_t day, int32_t months, tally_month_end rule)
{
    tally_date from;
    tally_date to;
    int32_t index;
    int32_t result;

    if (day < TALLY_DAY_MIN || day > TALLY_DAY_MAX)
        return TALLY_E_OVERFLOW;
    from = tally_date_from_day(day);
    if (__builtin_add_overflow(month_index(from), months, &index) || index < -1970 * 12 ||
        index >= (10000 - 1970) * 12)
        return TALLY_E_OVERFLOW;
    to = first_of_month(index);
    to.day = from.day;
    if (to.day > tally_month_days(to.year, to.month)) {
        if (rule == TALLY_MONTH_END_LAST_DAY)
            to.day = tally_month_days(to.year, to.month);
        else
            to = first_of_month(index + 1);
    }
    result = tally_day_from_date(to);
    /* A month that lacks a day is never December: the first of the next is in range. */
    TALLY_ASSERT(result <= TALLY_DAY_MAX);
    *out_day = result;
    return TALLY_OK;
}

int32_t tally_period_index(tally_unit unit, int32_t day)
{
    switch (unit) {
    case TALLY_UNIT_DAY:
        return day;
    case TALLY_UNIT_WEEK:
        return week_of_day(day);
    case TALLY_UNIT_MONTH:
        return month_index(tally_date_from_day(day));
    case TALLY_UNIT_QUARTER:
        return floor_divide(month_index(tally_date_from_day(day)), 3);
    case TALLY_UNIT_YEAR:
        return tally_date_from_day(day).year - 1970;
    }
    TALLY_NEVER("a unit that does not exist");
}

int32_t tally_period_first_day(tally_unit unit, int32_t period_index)
{
    switch (unit) {
    case TALLY_UNIT_DAY:
        return period_index;
    case TALLY_UNIT_WEEK:
        return period_index * 7 - 3;
    case TALLY_UNIT_MONTH:
        return tally_day_from_date(first_of_month(period_index));
    case TALLY_UNIT_QUARTER:
        return tally_day_from_date(first_of_month(period_index * 3));
    case TALLY_UNIT_YEAR:
        return tally_day_from_date((tally_date){ 1970 + period_index, 1, 1 });
    }
    TALLY_NEVER("a unit that does not exist");
}
