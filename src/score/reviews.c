/* SPDX-License-Identifier: Apache-2.0 */
/* Review instants: the first instants of certain local days (section 8). */

#include "score/answers.h"

static int32_t month_day(int32_t year, int32_t month, int32_t day)
{
    int32_t last = tally_month_days(year, month);

    return tally_day_from_date((tally_date){ year, month, day < last ? day : last });
}

/* The review day nearest to `day` among those of one year, on the side asked. */
static bool nearest_of_year(const tally_review *review, int32_t year, int32_t day, bool is_later,
                            int32_t *nearest)
{
    bool is_found = false;

    for (uint32_t i = 0; i < review->date_count; i++) {
        int32_t candidate = month_day(year, review->dates[i][0], review->dates[i][1]);

        if (is_later ? candidate < day : candidate > day)
            continue;
        if (!is_found || (is_later ? candidate < *nearest : candidate > *nearest))
            *nearest = candidate;
        is_found = true;
    }
    return is_found;
}

static int32_t review_day_from(const tally_review *review, int32_t day)
{
    tally_date date = tally_date_from_day(day);
    int32_t period, found;

    switch (review->kind) {
    case TALLY_REVIEW_EACH:
        period = tally_period_index((tally_unit)review->unit, day);
        found = tally_period_first_day((tally_unit)review->unit, period);
        return found == day ? day : tally_period_first_day((tally_unit)review->unit, period + 1);
    case TALLY_REVIEW_MONTH_DAY:
        found = month_day(date.year, date.month, review->day);
        if (found >= day)
            return found;
        return date.month == 12 ? month_day(date.year + 1, 1, review->day)
                                : month_day(date.year, date.month + 1, review->day);
    case TALLY_REVIEW_YEAR_DAYS:
        found = day;
        if (!nearest_of_year(review, date.year, day, true, &found))
            (void)nearest_of_year(review, date.year + 1, day, true, &found);
        return found;
    case TALLY_REVIEW_ALWAYS:
        break;
    }
    return day;
}

static int32_t review_day_until(const tally_review *review, int32_t day)
{
    tally_date date = tally_date_from_day(day);
    int32_t found = day;

    switch (review->kind) {
    case TALLY_REVIEW_EACH:
        return tally_period_first_day((tally_unit)review->unit,
                                      tally_period_index((tally_unit)review->unit, day));
    case TALLY_REVIEW_MONTH_DAY:
        found = month_day(date.year, date.month, review->day);
        if (found <= day)
            return found;
        return date.month == 1 ? month_day(date.year - 1, 12, review->day)
                               : month_day(date.year, date.month - 1, review->day);
    case TALLY_REVIEW_YEAR_DAYS:
        if (!nearest_of_year(review, date.year, day, false, &found))
            (void)nearest_of_year(review, date.year - 1, day, false, &found);
        return found;
    case TALLY_REVIEW_ALWAYS:
        break;
    }
    return day;
}

int64_t tally_review_next(const tally_context *context, uint32_t version,
                          const tally_review *review, int64_t t)
{
    const tally_zone *zone = tally_context_zone(context, version, TALLY_NO_INDEX);
    int32_t offset_s = zone == NULL ? tally_context_offset(context, t) : 0;
    int32_t day = tally_local_day(zone, offset_s, t);

    if (review->kind == TALLY_REVIEW_ALWAYS)
        return t;
    for (;;) {
        int64_t instant;

        day = review_day_from(review, day);
        instant = tally_local_day_start(zone, offset_s, day);
        if (instant >= t)
            return instant;
        day++;
    }
}

int64_t tally_review_last(const tally_context *context, uint32_t version,
                          const tally_review *review, int64_t t)
{
    const tally_zone *zone = tally_context_zone(context, version, TALLY_NO_INDEX);
    int32_t offset_s = zone == NULL ? tally_context_offset(context, t) : 0;
    int32_t day = tally_local_day(zone, offset_s, t);

    if (review->kind == TALLY_REVIEW_ALWAYS)
        return t;
    for (;;) {
        int64_t instant;

        day = review_day_until(review, day);
        instant = tally_local_day_start(zone, offset_s, day);
        if (instant <= t)
            return instant;
        day--;
    }
}
