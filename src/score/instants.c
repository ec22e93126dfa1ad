/* SPDX-License-Identifier: Apache-2.0 */
/* Instants: local days and periods, deadlines, pauses (docs/policy-language.md 5, 9, 10).
 *
 * A zone is a table, or NULL where each event brings its own offset. Instants
 * outside years 0000 to 9999 are seen as the nearest end, so that no
 * arithmetic on days can overflow; a deadline beyond the end never comes. */

#include "score/context.h"
#include "util/checked.h"

/* Far more months than ten thousand years have. */
#define MONTHS_MAX INT64_C(1000000)

static int64_t clamp_instant(int64_t t)
{
    const int64_t least = ((int64_t)TALLY_DAY_MIN + 2) * TALLY_DAY_MS;
    const int64_t greatest = ((int64_t)TALLY_DAY_MAX - 1) * TALLY_DAY_MS;

    return t < least ? least : t > greatest ? greatest : t;
}

const tally_zone *tally_context_zone(const tally_context *context, uint32_t version,
                                     uint32_t zone_index)
{
    uint32_t index =
        zone_index != TALLY_NO_INDEX ? zone_index : context->policy->versions[version].zone;

    return index == TALLY_NO_INDEX ? NULL : context->policy->zones[index];
}

int32_t tally_context_offset(const tally_context *context, int64_t t)
{
    uint32_t place;

    if (context->events.offset_s == NULL)
        return 0;
    place = tally_context_place(context, t);
    return place == 0 ? 0 : context->events.offset_s[place - 1];
}

int32_t tally_local_day(const tally_zone *zone, int32_t offset_s, int64_t t)
{
    int64_t instant = clamp_instant(t);

    return zone != NULL ? tally_zone_day(zone, instant) : tally_day_of_ms(instant, offset_s);
}

static int64_t local_instant(const tally_zone *zone, int32_t offset_s, int32_t day,
                             int32_t ms_of_day)
{
    if (zone != NULL)
        return tally_zone_instant(zone, day, ms_of_day);
    return (int64_t)day * TALLY_DAY_MS + ms_of_day - (int64_t)offset_s * 1000;
}

int64_t tally_local_day_start(const tally_zone *zone, int32_t offset_s, int32_t day)
{
    return local_instant(zone, offset_s, day, 0);
}

int32_t tally_local_period(const tally_zone *zone, int32_t offset_s, tally_unit unit, int64_t t)
{
    return tally_period_index(unit, tally_local_day(zone, offset_s, t));
}

int64_t tally_local_period_start(const tally_zone *zone, int32_t offset_s, tally_unit unit,
                                 int32_t period)
{
    return local_instant(zone, offset_s, tally_period_first_day(unit, period), 0);
}

int64_t tally_local_add_months(const tally_zone *zone, int32_t offset_s, tally_month_end rule,
                               int64_t t, int64_t months)
{
    int64_t instant = clamp_instant(t);
    int32_t offset = zone != NULL ? tally_zone_offset(zone, instant) : offset_s;
    int32_t day = tally_day_of_ms(instant, offset);

    if (months > MONTHS_MAX || months < -MONTHS_MAX ||
        tally_day_add_months(&day, day, (int32_t)months, rule) != TALLY_OK)
        return months > 0 ? TALLY_NEVER_MS : INT64_MIN;
    return local_instant(zone, offset_s, day, tally_ms_of_day(instant, offset));
}

static int32_t months_in(tally_unit unit)
{
    return unit == TALLY_UNIT_MONTH ? 1 : unit == TALLY_UNIT_QUARTER ? 3 : 12;
}

/* The first instant after the period of `unit` that lies later_count later
 * units after the local day. False: beyond the calendar. */
static bool end_of_period(const tally_deadline *deadline, tally_month_end rule, int32_t day,
                          int32_t *out_day)
{
    tally_unit unit = (tally_unit)deadline->unit;
    tally_unit later = (tally_unit)deadline->later_unit;
    int64_t count = deadline->later_count;
    int64_t moved = day;

    if (count != 0 && (later == TALLY_UNIT_DAY || later == TALLY_UNIT_WEEK)) {
        moved += count * (later == TALLY_UNIT_WEEK ? 7 : 1);
    } else if (count != 0 && unit >= TALLY_UNIT_MONTH) {
        /* Periods are counted, so the day of the month does not matter. */
        int64_t month = tally_period_index(TALLY_UNIT_MONTH, day) + count * months_in(later);

        if (month > MONTHS_MAX || month < -MONTHS_MAX)
            return false;
        moved = tally_period_first_day(TALLY_UNIT_MONTH, (int32_t)month);
    } else if (count != 0) {
        count *= months_in(later);
        if (count > MONTHS_MAX || count < -MONTHS_MAX ||
            tally_day_add_months(&day, day, (int32_t)count, rule) != TALLY_OK)
            return false;
        moved = day;
    }
    if (moved < TALLY_DAY_MIN + 400 || moved > TALLY_DAY_MAX - 400)
        return false;
    *out_day = tally_period_first_day(unit, tally_period_index(unit, (int32_t)moved) + 1);
    return true;
}

int64_t tally_deadline_instant(const tally_context *context, uint32_t version,
                               const tally_deadline *deadline, int64_t from_ms, int32_t offset_s)
{
    const tally_zone *zone = tally_context_zone(context, version, TALLY_NO_INDEX);
    tally_month_end rule = context->policy->versions[version].month_end;
    int32_t day;
    int64_t instant;

    switch (deadline->kind) {
    case TALLY_DEADLINE_NEVER:
        break;
    case TALLY_DEADLINE_AFTER:
        if (tally_add_i64(from_ms, deadline->ms, &instant))
            return instant;
        break;
    case TALLY_DEADLINE_AFTER_MONTHS:
        return tally_local_add_months(zone, offset_s, rule, from_ms, deadline->months);
    case TALLY_DEADLINE_END_OF:
        day = tally_local_day(zone, offset_s, from_ms);
        if (end_of_period(deadline, rule, day, &day))
            return local_instant(zone, offset_s, day, 0);
        break;
    case TALLY_DEADLINE_END_OF_MONTH: {
        tally_date date = tally_date_from_day(tally_local_day(zone, offset_s, from_ms));
        int64_t year = (int64_t)date.year + deadline->later_count;
        int64_t month = (year - 1970) * 12 + deadline->month; /* the month after it, from 1970-01 */

        if (year < 1 || year > 9998)
            break;
        day = tally_period_first_day(TALLY_UNIT_MONTH, (int32_t)month);
        return local_instant(zone, offset_s, day, 0);
    }
    }
    return TALLY_NEVER_MS;
}

int64_t tally_deadline_with_pauses(const tally_context *context, uint32_t version,
                                   const tally_deadline *deadline, int64_t from_ms,
                                   int32_t offset_s)
{
    int64_t instant = tally_deadline_instant(context, version, deadline, from_ms, offset_s);

    if (deadline->kind != TALLY_DEADLINE_AFTER && deadline->kind != TALLY_DEADLINE_AFTER_MONTHS)
        return instant;
    return tally_pauses_extend(context, from_ms, instant);
}

int64_t tally_pauses_extend(const tally_context *context, int64_t from_ms, int64_t until_ms)
{
    int64_t until = until_ms;

    for (uint32_t i = 0; i < context->pause_count && until != TALLY_NEVER_MS; i++) {
        const tally_span_ms *pause = &context->pauses[i];
        int64_t from = pause->from_ms > from_ms ? pause->from_ms : from_ms;

        if (pause->to_ms <= from_ms)
            continue;
        if (pause->from_ms >= until)
            break;
        if (pause->to_ms == TALLY_NEVER_MS || !tally_add_i64(until, pause->to_ms - from, &until))
            until = TALLY_NEVER_MS;
    }
    return until;
}

bool tally_pauses_is_running(const tally_context *context, int64_t t)
{
    uint32_t low = 0;
    uint32_t high = context->pause_count;

    while (low < high) { /* the first pause that ends after t */
        uint32_t middle = low + (high - low) / 2;

        if (context->pauses[middle].to_ms <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low < context->pause_count && context->pauses[low].from_ms <= t;
}
