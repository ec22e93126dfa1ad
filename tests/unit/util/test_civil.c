/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar against counting day by day, and the forms of dates and times. */

#include "unit.h"

#include "random.h"
#include "util/civil.h"

/* A calendar that only knows what comes after a day. */
typedef struct counted_day {
    int32_t day;
    tally_date date;
    int32_t weekday;
    int32_t periods[TALLY_UNIT_YEAR + 1];
} counted_day;

static void count_on(counted_day *at)
{
    static const int32_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t year = at->date.year;
    bool is_leap = year % 400 == 0 || (year % 100 != 0 && year % 4 == 0);
    int32_t last = month_days[at->date.month - 1] + (is_leap && at->date.month == 2 ? 1 : 0);

    at->day++;
    at->periods[TALLY_UNIT_DAY]++;
    at->weekday = at->weekday % 7 + 1;
    if (at->weekday == 1)
        at->periods[TALLY_UNIT_WEEK]++;
    if (at->date.day < last) {
        at->date.day++;
        return;
    }
    at->date.day = 1;
    at->date.month++;
    at->periods[TALLY_UNIT_MONTH]++;
    if (at->date.month % 3 == 1)
        at->periods[TALLY_UNIT_QUARTER]++;
    if (at->date.month == 13) {
        at->date.month = 1;
        at->date.year++;
        at->periods[TALLY_UNIT_YEAR]++;
    }
}

static void check_day(const counted_day *at)
{
    tally_date date = tally_date_from_day(at->day);

    assert_int_equal(date.year, at->date.year);
    assert_int_equal(date.month, at->date.month);
    assert_int_equal(date.day, at->date.day);
    assert_int_equal(tally_day_from_date(at->date), at->day);
    assert_int_equal(tally_day_weekday(at->day), at->weekday);
    for (int unit = TALLY_UNIT_DAY; unit <= TALLY_UNIT_YEAR; unit++) {
        int32_t index = tally_period_index((tally_unit)unit, at->day);

        assert_int_equal(index, at->periods[unit]);
        assert_true(tally_period_first_day((tally_unit)unit, index) <= at->day);
        assert_true(tally_period_first_day((tally_unit)unit, index + 1) > at->day);
    }
}

/* From 1970-01-01, a Thursday, to the end of 9999. */
static void every_day_is_where_counting_puts_it(void **state)
{
    counted_day at = { .day = 0, .date = { 1970, 1, 1 }, .weekday = 4 };

    (void)state;
    for (; at.day <= TALLY_DAY_MAX; count_on(&at))
        check_day(&at);
    assert_int_equal(at.date.year, 10000);
    assert_int_equal(at.date.month, 1);
    assert_int_equal(at.date.day, 1);
}

/* From 0000-01-01, a Saturday, up to the start: the indexes end at 0. */
static void every_day_before_1970_is_too(void **state)
{
    counted_day at = { .day = TALLY_DAY_MIN,
                       .date = { 0, 1, 1 },
                       .weekday = 6,
                       .periods = { TALLY_DAY_MIN, -102790, -1970 * 12, -1970 * 4, -1970 } };

    (void)state;
    for (; at.day < 0; count_on(&at))
        check_day(&at);
    assert_int_equal(at.date.year, 1970);
    assert_int_equal(at.date.month, 1);
    assert_int_equal(at.date.day, 1);
    assert_int_equal(at.weekday, 4);
    for (int unit = TALLY_UNIT_DAY; unit <= TALLY_UNIT_YEAR; unit++)
        assert_int_equal(at.periods[unit], 0);
}

static void days_ten_thousand_years_away_come_back(void **state)
{
    (void)state;
    random_begin("far days");
    for (uint32_t i = 0; i < 100000; i++) {
        int32_t day = (int32_t)random_between(TALLY_DAY_MIN - 3650000, TALLY_DAY_MAX + 3650000);
        tally_date date = tally_date_from_day(day);
        tally_date later = tally_date_from_day(day + 1);

        assert_int_equal(tally_day_from_date(date), day);
        assert_true(later.year * 10000 + later.month * 100 + later.day >
                    date.year * 10000 + date.month * 100 + date.day);
    }
}

static const struct {
    const char *name;
    const char *from;
    int32_t months;
    const char *last_day;
    const char *next_first;
} month_steps[] = {
    { "a day that exists stays", "2026-01-15", 1, "2026-02-15", "2026-02-15" },
    { "the last of January", "2026-01-31", 1, "2026-02-28", "2026-03-01" },
    { "the last of January of a leap year", "2024-01-31", 1, "2024-02-29", "2024-03-01" },
    { "29 February and a year", "2024-02-29", 12, "2025-02-28", "2025-03-01" },
    { "29 February and four years", "2024-02-29", 48, "2028-02-29", "2028-02-29" },
    { "29 February back to 1900", "2000-02-29", -1200, "1900-02-28", "1900-03-01" },
    { "31 March back a month", "2026-03-31", -1, "2026-02-28", "2026-03-01" },
    { "over the end of the year", "2025-11-30", 3, "2026-02-28", "2026-03-01" },
    { "back over 1970", "1970-01-31", -2, "1969-11-30", "1969-12-01" },
    { "no month", "2026-12-31", 0, "2026-12-31", "2026-12-31" },
    { "to the last day there is", "9999-10-31", 2, "9999-12-31", "9999-12-31" },
    { "to the first month there is", "0001-01-31", -12, "0000-01-31", "0000-01-31" },
};

static int32_t day_of(const char *text)
{
    tally_moment moment = { 0 };

    assert_int_equal(tally_time_parse(&moment, tally_text_from(text), TALLY_TIME_RFC3339, NULL),
                     TALLY_OK);
    return moment.day;
}

static void months_are_added_by_either_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(month_steps); i++) {
        int32_t from = day_of(month_steps[i].from);
        int32_t day = 0;

        assert_int_equal(
            tally_day_add_months(&day, from, month_steps[i].months, TALLY_MONTH_END_LAST_DAY),
            TALLY_OK);
        assert_int_equal(day, day_of(month_steps[i].last_day));
        assert_int_equal(tally_day_add_months(&day, from, month_steps[i].months,
                                              TALLY_MONTH_END_NEXT_MONTH_FIRST),
                         TALLY_OK);
        assert_int_equal(day, day_of(month_steps[i].next_first));
    }
}

static void months_beyond_the_calendar_are_refused(void **state)
{
    int32_t day = 55;

    (void)state;
    assert_int_equal(tally_day_add_months(&day, TALLY_DAY_MAX, 1, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_day_add_months(&day, TALLY_DAY_MIN, -1, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_day_add_months(&day, TALLY_DAY_MAX + 1, -1, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_day_add_months(&day, INT32_MIN, 1, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_day_add_months(&day, 20000, INT32_MAX, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(tally_day_add_months(&day, -20000, INT32_MIN, TALLY_MONTH_END_LAST_DAY),
                     TALLY_E_OVERFLOW);
    assert_int_equal(day, 55);
}

/* The first rows are examples of RFC 3339, 5.8, with their instants. */
static const struct {
    tally_time_format format;
    const char *text;
    const char *instant; /* in UTC; NULL when the text is refused */
} times[] = {
    { TALLY_TIME_RFC3339, "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z" },
    { TALLY_TIME_RFC3339, "1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z" },
    { TALLY_TIME_RFC3339, "1990-12-31T23:59:60Z", "1990-12-31T23:59:59.999Z" },
    { TALLY_TIME_RFC3339, "1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z" },
    { TALLY_TIME_RFC3339, "2026-11-21", "2026-11-21T00:00:00Z" },
    { TALLY_TIME_RFC3339, "2026-11-21t09:30:00z", "2026-11-21T09:30:00Z" },
    { TALLY_TIME_RFC3339, "2026-11-21 09:30:00", "2026-11-21T09:30:00Z" },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00.9999999-00:00", "2026-11-21T09:30:00.999Z" },
    { TALLY_TIME_RFC3339, "2026-11-21T00:00:00+23:59", "2026-11-20T00:01:00Z" },
    { TALLY_TIME_RFC3339, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z" },
    { TALLY_TIME_RFC3339, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
    { TALLY_TIME_RFC3339, "2024-02-29", "2024-02-29T00:00:00Z" },
    { TALLY_TIME_RFC3339, "2023-02-29", NULL },
    { TALLY_TIME_RFC3339, "1900-02-29", NULL },
    { TALLY_TIME_RFC3339, "2026-13-01", NULL },
    { TALLY_TIME_RFC3339, "2026-00-01", NULL },
    { TALLY_TIME_RFC3339, "2026-04-31", NULL },
    { TALLY_TIME_RFC3339, "2026-04-00", NULL },
    { TALLY_TIME_RFC3339, "", NULL },
    { TALLY_TIME_RFC3339, "2026", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30Z", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T24:00:00Z", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:60:00Z", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:61Z", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00.Z", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00+24:00", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00+01", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00+0100", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21T09:30:00Zx", NULL },
    { TALLY_TIME_RFC3339, "2026-11-21x", NULL },
    { TALLY_TIME_RFC3339, "-2026-11-21", NULL },
    { TALLY_TIME_RFC3339, " 2026-11-21", NULL },
    { TALLY_TIME_YYYYMMDD, "20160513", "2016-05-13T00:00:00Z" },
    { TALLY_TIME_YYYYMMDD, "2016-05-13", NULL },
    { TALLY_TIME_YYYYMMDD, "201605130", NULL },
    { TALLY_TIME_YYYYMMDD, "20160532", NULL },
    { TALLY_TIME_DD_MM_YYYY, "21/11/2026", "2026-11-21T00:00:00Z" },
    { TALLY_TIME_DD_MM_YYYY, "1.2.2026", "2026-02-01T00:00:00Z" },
    { TALLY_TIME_DD_MM_YYYY, "01-02-2026", "2026-02-01T00:00:00Z" },
    { TALLY_TIME_DD_MM_YYYY, "01-02/2026", NULL },
    { TALLY_TIME_DD_MM_YYYY, "11/21/2026", NULL },
    { TALLY_TIME_DD_MM_YYYY, "1/2/26", NULL },
    { TALLY_TIME_DD_MM_YYYY, "001/2/2026", NULL },
    { TALLY_TIME_DD_MM_YYYY, "21/", NULL },
    { TALLY_TIME_MM_DD_YYYY, "11/21/2026", "2026-11-21T00:00:00Z" },
    { TALLY_TIME_MM_DD_YYYY, "2/1/2026", "2026-02-01T00:00:00Z" },
    { TALLY_TIME_UNIX_SECONDS, "0", "1970-01-01T00:00:00Z" },
    { TALLY_TIME_UNIX_SECONDS, "1704067199", "2023-12-31T23:59:59Z" },
    { TALLY_TIME_UNIX_SECONDS, "-1", "1969-12-31T23:59:59Z" },
    { TALLY_TIME_UNIX_SECONDS, "253402300799", "9999-12-31T23:59:59Z" },
    { TALLY_TIME_UNIX_SECONDS, "253402300800", NULL },
    { TALLY_TIME_UNIX_SECONDS, "-62167219201", NULL },
    { TALLY_TIME_UNIX_SECONDS, "1.5", NULL },
    { TALLY_TIME_UNIX_MS, "1704067199999", "2023-12-31T23:59:59.999Z" },
    { TALLY_TIME_UNIX_MS, "-1", "1969-12-31T23:59:59.999Z" },
};

static void times_are_read_whole_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(times); i++) {
        tally_moment moment = { .day = 55 };
        tally_err err = TALLY_ERR_INIT;
        char text[TALLY_INSTANT_TEXT_BYTES];
        tally_rc rc =
            tally_time_parse(&moment, tally_text_from(times[i].text), times[i].format, &err);

        if ((rc == TALLY_OK) != (times[i].instant != NULL))
            print_message("at \"%s\"\n", times[i].text);
        assert_int_equal(rc, times[i].instant != NULL ? TALLY_OK : TALLY_E_INVALID);
        assert_int_equal(err.rc, rc);
        if (rc == TALLY_OK)
            assert_string_equal(tally_instant_format(text, tally_moment_ms(moment, 0), 0).bytes,
                                times[i].instant);
        else
            assert_int_equal(moment.day, 55);
    }
}

static void a_moment_says_what_was_written(void **state)
{
    tally_moment moment;

    (void)state;
    assert_int_equal(tally_time_parse(&moment, TALLY_TEXT("1970-01-02"), TALLY_TIME_RFC3339, NULL),
                     TALLY_OK);
    assert_false(moment.has_time || moment.has_offset);
    assert_int_equal(tally_moment_ms(moment, 3600), TALLY_DAY_MS - 3600000);
    assert_int_equal(
        tally_time_parse(&moment, TALLY_TEXT("1970-01-02T00:00:00"), TALLY_TIME_RFC3339, NULL),
        TALLY_OK);
    assert_true(moment.has_time && !moment.has_offset);
    assert_int_equal(tally_moment_ms(moment, -3600), TALLY_DAY_MS + 3600000);
    assert_int_equal(tally_time_parse(&moment, TALLY_TEXT("1970-01-02T00:00:00-01:30"),
                                      TALLY_TIME_RFC3339, NULL),
                     TALLY_OK);
    assert_true(moment.has_time && moment.has_offset);
    assert_int_equal(moment.offset_s, -5400);
    assert_int_equal(tally_moment_ms(moment, 3600), TALLY_DAY_MS + 5400000);
    assert_int_equal(tally_time_parse(&moment, TALLY_TEXT("5"), TALLY_TIME_UNIX_SECONDS, NULL),
                     TALLY_OK);
    assert_true(moment.has_time && moment.has_offset);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    random_begin("instants");
    for (uint32_t i = 0; i < 100000; i++) {
        int64_t utc_ms =
            random_between((TALLY_DAY_MIN + 1) * TALLY_DAY_MS, TALLY_DAY_MAX * TALLY_DAY_MS - 1);
        int32_t offset_s = (int32_t)random_between(-1439, 1439) * (i % 3 == 0 ? 1 : 60);
        char text[TALLY_INSTANT_TEXT_BYTES];
        tally_moment moment;

        assert_int_equal(tally_time_parse(&moment, tally_instant_format(text, utc_ms, offset_s),
                                          TALLY_TIME_RFC3339, NULL),
                         TALLY_OK);
        assert_true(moment.has_offset);
        assert_true(tally_moment_ms(moment, 0) == utc_ms);
        assert_int_equal(moment.offset_s, offset_s % 60 == 0 ? offset_s : 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_is_where_counting_puts_it),
        cmocka_unit_test(every_day_before_1970_is_too),
        cmocka_unit_test(days_ten_thousand_years_away_come_back),
        cmocka_unit_test(months_are_added_by_either_rule),
        cmocka_unit_test(months_beyond_the_calendar_are_refused),
        cmocka_unit_test(times_are_read_whole_or_refused),
        cmocka_unit_test(a_moment_says_what_was_written),
        cmocka_unit_test(what_is_written_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
