/* SPDX-License-Identifier: Apache-2.0 */
/* Windows (docs/policy-language.md section 4) as runs of the visible events.
 *
 * Events are in order of time, so a window is two binary searches, except
 * where membership depends on the event itself: periods at each event's own
 * offset, and `rolling N months`, whose month-end rule can let a later event
 * leave before an earlier one. Those give a run that is a little too wide and
 * a test for its members. */

#include "score/engine.h"
#include "util/checked.h"

/* No two offsets differ by more; so periods seen at other offsets begin within it. */
#define OFFSETS_APART_MS (3 * TALLY_DAY_MS)

/* The month-end rule moves a deadline by at most three days, an offset by less than three. */
#define MONTHS_APART_MS (7 * TALLY_DAY_MS)

uint32_t tally_events_after(const tally_events *events, int64_t t)
{
    uint32_t low = 0;
    uint32_t high = events->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (events->at_ms[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t tally_events_from(const tally_events *events, int64_t t)
{
    return t == INT64_MIN ? 0 : tally_events_after(events, t - 1);
}

static void narrow_low(tally_window_range *range, uint32_t low)
{
    if (low > range->low)
        range->low = low;
    if (range->low > range->high)
        range->low = range->high;
}

static void make_empty(tally_window_range *range)
{
    range->low = range->high;
}

static int64_t back(int64_t t, int64_t each_ms, int64_t n)
{
    int64_t span, from;

    return tally_mul_i64(each_ms, n, &span) && tally_sub_i64(t, span, &from) ? from : INT64_MIN;
}

static int64_t forth(int64_t t, int64_t each_ms, int64_t n)
{
    int64_t span, to;

    return tally_mul_i64(each_ms, n, &span) && tally_add_i64(t, span, &to) ? to : INT64_MAX;
}

/* N of a window; 0, which holds nothing, also when it is not known. */
static tally_rc window_length(tally_context *context, uint32_t version, const tally_window *window,
                              const tally_scope *scope, int64_t *out_n, tally_err *err)
{
    tally_value value = { window->n, 1 };
    tally_rc rc = TALLY_OK;

    if (window->n_expr != NULL)
        rc = tally_evaluate(context, version, window->n_expr, scope, &value, err);
    if (rc == TALLY_OK)
        *out_n = value.a < 0 ? 0 : value.a; /* nothing is below 0 */
    return rc;
}

static void resolve_periods(const tally_context *context, uint32_t version,
                            const tally_window *window, const tally_scope *scope, int64_t n,
                            tally_window_range *range)
{
    const tally_zone *zone = tally_context_zone(context, version, window->zone);
    tally_unit unit = (tally_unit)window->unit;
    int32_t now = tally_local_period(zone, scope->offset_s, unit, scope->t);
    int64_t first = now;
    int64_t from;

    if (window->kind == TALLY_WINDOW_PREVIOUS) {
        int32_t earliest = tally_period_index(unit, TALLY_DAY_MIN + 400);

        first = n > (int64_t)now - earliest ? earliest : now - n;
    }
    from = tally_local_period_start(zone, scope->offset_s, unit, (int32_t)first);
    if (zone != NULL) {
        narrow_low(range, tally_events_from(&context->events, from));
        if (window->kind == TALLY_WINDOW_PREVIOUS) {
            uint32_t end =
                tally_events_from(&context->events, tally_local_period_start(zone, 0, unit, now));

            if (end < range->high)
                range->high = end;
            narrow_low(range, range->low);
        }
        return;
    }
    narrow_low(range, tally_events_from(&context->events, from - OFFSETS_APART_MS));
    range->test = TALLY_TEST_PERIODS;
    range->unit = unit;
    range->first_period = (int32_t)first;
    range->last_period = window->kind == TALLY_WINDOW_PREVIOUS ? now - 1 : now;
}

/* The start of the cycle of `months` that runs at t, counted from a local day. */
static bool cycle_start(const tally_zone *zone, int32_t offset_s, tally_month_end rule,
                        int64_t anchor_ms, int64_t months, int64_t t, int64_t *out_start_ms)
{
    int64_t anchor =
        tally_local_day_start(zone, offset_s, tally_local_day(zone, offset_s, anchor_ms));
    int32_t from = tally_local_period(zone, offset_s, TALLY_UNIT_MONTH, anchor);
    int32_t to = tally_local_period(zone, offset_s, TALLY_UNIT_MONTH, t);
    int64_t cycle;

    if (t < anchor || months <= 0)
        return false;
    /* Right or one too many, for the day of the month may not be reached yet; or, by the rule
     * that moves a missing day to the next month, right again one later. */
    for (cycle = (to - from) / months; cycle > 0; cycle--)
        if (tally_local_add_months(zone, offset_s, rule, anchor, cycle * months) <= t)
            break;
    *out_start_ms = tally_local_add_months(zone, offset_s, rule, anchor, cycle * months);
    return true;
}

static tally_rc resolve_reference(tally_context *context, uint32_t version,
                                  const tally_window *window, const tally_scope *scope, int64_t n,
                                  tally_window_range *range, tally_err *err)
{
    const tally_zone *zone = tally_context_zone(context, version, window->zone);
    tally_value reference;
    uint32_t event;
    int64_t start;
    tally_rc rc = tally_evaluate(context, version, window->ref, scope, &reference, err);

    if (rc != TALLY_OK)
        return rc;
    if (reference.a == TALLY_NOTHING) {
        make_empty(range);
        return TALLY_OK;
    }
    event = (uint32_t)reference.a;
    if (window->kind != TALLY_WINDOW_CYCLE) {
        narrow_low(range, window->kind == TALLY_WINDOW_AFTER ? event + 1 : event);
    } else if (n <= INT32_MAX && cycle_start(zone, tally_events_offset(&context->events, event),
                                             context->policy->versions[version].month_end,
                                             context->events.at_ms[event], n * window->each_months,
                                             scope->t, &start)) {
        narrow_low(range, tally_events_from(&context->events, start));
    } else {
        make_empty(range);
    }
    return TALLY_OK;
}

tally_rc tally_window_resolve(tally_context *context, uint32_t version, const tally_window *window,
                              const tally_scope *scope, tally_window_range *out_range,
                              tally_err *err)
{
    const tally_events *events = &context->events;
    tally_window_range range = { .low = scope->first, .high = scope->place, .t = scope->t };
    int64_t n = 0;
    tally_rc rc;

    narrow_low(&range, range.low);
    if (window->kind == TALLY_WINDOW_LIFETIME) {
        *out_range = range;
        return TALLY_OK;
    }
    rc = window_length(context, version, window, scope, &n, err);
    if (rc != TALLY_OK)
        return rc;
    switch (window->kind) {
    case TALLY_WINDOW_LIFETIME:
        break;
    case TALLY_WINDOW_CALENDAR:
    case TALLY_WINDOW_PREVIOUS:
        resolve_periods(context, version, window, scope, n, &range);
        break;
    case TALLY_WINDOW_ROLLING:
        narrow_low(&range, tally_events_after(events, back(scope->t, window->each_ms, n)));
        break;
    case TALLY_WINDOW_ROLLING_MONTHS: {
        const tally_zone *zone = tally_context_zone(context, version, TALLY_NO_INDEX);
        int64_t months = n > INT32_MAX ? INT64_MAX : n * window->each_months;
        int64_t edge = tally_local_add_months(zone, scope->offset_s, TALLY_MONTH_END_LAST_DAY,
                                              scope->t, -months);

        if (edge == INT64_MIN)
            break;
        narrow_low(&range, tally_events_after(events, edge - MONTHS_APART_MS));
        range.test = TALLY_TEST_MONTHS;
        range.months = months;
        range.sure_after_ms = edge + MONTHS_APART_MS;
        break;
    }
    case TALLY_WINDOW_NEXT:
        range.low = tally_events_after(events, scope->t);
        range.high = tally_events_after(events, forth(scope->t, window->each_ms, n));
        if (n == 0 || range.high < range.low)
            range.high = range.low;
        range.test = TALLY_TEST_PROMISED;
        break;
    case TALLY_WINDOW_SINCE:
    case TALLY_WINDOW_AFTER:
    case TALLY_WINDOW_CYCLE:
        rc = resolve_reference(context, version, window, scope, n, &range, err);
        break;
    }
    if (rc == TALLY_OK)
        *out_range = range;
    return rc;
}

void tally_window_end(tally_window_range *range, uint32_t place)
{
    if (range->high > place)
        range->high = place;
    if (range->low > range->high)
        range->low = range->high;
}

bool tally_window_has(const tally_context *context, uint32_t version,
                      const tally_window_range *range, uint32_t event)
{
    const tally_events *events = &context->events;
    int64_t at = events->at_ms[event];
    int32_t period;

    switch (range->test) {
    case TALLY_TEST_NONE:
        return true;
    case TALLY_TEST_PERIODS:
        period = tally_local_period(NULL, tally_events_offset(events, event), range->unit, at);
        return period >= range->first_period && period <= range->last_period;
    case TALLY_TEST_MONTHS:
        return at > range->sure_after_ms ||
               tally_local_add_months(tally_context_zone(context, version, TALLY_NO_INDEX),
                                      tally_events_offset(events, event),
                                      context->policy->versions[version].month_end, at,
                                      range->months) > range->t;
    case TALLY_TEST_PROMISED:
        return tally_events_recorded(events, event) <= range->t;
    }
    return false;
}
