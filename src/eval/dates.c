/* SPDX-License-Identifier: Apache-2.0 */
/* A day's first instant is looked up once per day met, not once per row. */

#include "eval/dates.h"

#include <string.h>

#include "score/score.h"

void tally_dates_start(tally_dates *dates, const struct tally_policy *policy)
{
    memset(dates, 0, sizeof(*dates));
    dates->policy = policy;
}

const tally_zone *tally_dates_zone(const tally_dates *dates, int64_t ms)
{
    const struct tally_policy *policy = dates->policy;
    uint32_t version = policy->version_count - 1;

    while (version > 0 && policy->versions[version].from_ms > ms)
        version--;
    return policy->versions[version].zone == TALLY_NO_INDEX
               ? &tally_zone_utc
               : policy->zones[policy->versions[version].zone];
}

static int64_t start_of_day(const tally_dates *dates, int32_t day)
{
    /* Noon in UTC says which version's zone to use: versions begin at a day. */
    return tally_zone_day_start(tally_dates_zone(dates, day * TALLY_DAY_MS + TALLY_DAY_MS / 2),
                                day);
}

static int64_t start_of_kept_day(tally_dates *dates, int32_t day)
{
    uint32_t place = (uint32_t)day % TALLY_DATES_KEPT;

    if (!dates->kept[place].is_set || dates->kept[place].day != day) {
        dates->kept[place].day = day;
        dates->kept[place].start_ms = start_of_day(dates, day);
        dates->kept[place].is_set = true;
    }
    return dates->kept[place].start_ms;
}

static tally_time_format format_of(tally_date_format format)
{
    switch (format) {
    case TALLY_DATE_RFC3339:
        return TALLY_TIME_RFC3339;
    case TALLY_DATE_COMPACT:
        return TALLY_TIME_YYYYMMDD;
    case TALLY_DATE_DAY_FIRST:
        return TALLY_TIME_DD_MM_YYYY;
    case TALLY_DATE_UNIX_SECONDS:
        return TALLY_TIME_UNIX_SECONDS;
    case TALLY_DATE_UNIX_MILLISECONDS:
        return TALLY_TIME_UNIX_MS;
    }
    return TALLY_TIME_RFC3339;
}

/* Seconds since 1970 of up to eleven digits, which is all but far-off ones. */
static bool read_seconds(tally_text text, int64_t *out_ms)
{
    int64_t seconds = 0;

    if (text.count == 0 || text.count > 11)
        return false;
    for (size_t i = 0; i < text.count; i++) {
        unsigned digit = (unsigned)(unsigned char)text.bytes[i] - '0';

        if (digit > 9)
            return false;
        seconds = seconds * 10 + (int64_t)digit;
    }
    *out_ms = seconds * 1000;
    return true;
}

static int64_t instant_of(tally_dates *dates, tally_moment moment)
{
    if (moment.has_offset)
        return tally_moment_ms(moment, 0);
    if (!moment.has_time)
        return start_of_kept_day(dates, moment.day);
    return tally_zone_instant(tally_dates_zone(dates, tally_moment_ms(moment, 0)), moment.day,
                              moment.ms_of_day);
}

tally_rc tally_dates_read(tally_dates *dates, tally_text text, tally_date_format format,
                          int64_t *out_ms, int32_t *out_offset_s, tally_err *err)
{
    tally_moment moment;
    tally_rc rc;

    *out_offset_s = 0;
    if (format == TALLY_DATE_UNIX_SECONDS && read_seconds(text, out_ms) &&
        *out_ms < TALLY_DAY_MAX * TALLY_DAY_MS)
        return TALLY_OK;
    rc = tally_time_parse(&moment, text, format_of(format), err);
    if (rc != TALLY_OK)
        return rc;
    *out_ms = instant_of(dates, moment);
    *out_offset_s = moment.offset_s;
    return TALLY_OK;
}

tally_rc tally_dates_read_as_of(tally_dates *dates, tally_text text, tally_date_format format,
                                int64_t *out_ms, tally_err *err)
{
    tally_moment moment;
    tally_rc rc = tally_time_parse(&moment, text, format_of(format), err);

    if (rc != TALLY_OK)
        return rc;
    *out_ms = moment.has_time ? instant_of(dates, moment)
                              : tally_score_end_of_day(dates->policy, moment.day);
    return TALLY_OK;
}

int32_t tally_dates_day(const tally_dates *dates, int64_t ms)
{
    return tally_zone_day(tally_dates_zone(dates, ms), ms);
}

int64_t tally_dates_end_of_day(const tally_dates *dates, int64_t ms)
{
    return tally_score_end_of_day(dates->policy, tally_dates_day(dates, ms));
}
