/* SPDX-License-Identifier: Apache-2.0 */
/* From a policy to the tables of the fast loop, or to why it cannot take it.
 * columns.c says which policies can. */

#include "score/columns_plan.h"
#include "util/checked.h"

bool tally_columns_is_fast(const tally_columns_plan *plan, const char **out_why)
{
    if (out_why != NULL)
        *out_why = plan->why;
    return plan->why[0] == '\0';
}

/* ---- planning: periods --------------------------------------------------------- */

static int64_t day_count(int64_t as_of_ms)
{
    return as_of_ms / TALLY_DAY_MS + 2;
}

/* Fill the days of one window. False: its periods are not in order of time. */
static bool fill_days(const tally_zone *zone, tally_unit unit, day_period *days, int64_t count)
{
    int64_t base = 0;

    for (int64_t day = 0; day < count; day++) {
        int64_t start = day * TALLY_DAY_MS;
        int64_t end = start + TALLY_DAY_MS;
        int32_t period = zone != NULL ? tally_local_period(zone, 0, unit, start) : 0;
        int64_t edge = zone != NULL ? tally_local_period_start(zone, 0, unit, period + 1) : end;

        if (day == 0)
            base = period;
        days[day] = (day_period){ edge < end ? edge : INT64_MAX, period - base };
        if (zone != NULL &&
            (edge <= start || tally_local_period(zone, 0, unit, edge - 1) != period ||
             tally_local_period(zone, 0, unit, end - 1) != period + (edge < end)))
            return false;
    }
    return true;
}

static tally_rc find_days(tally_columns_plan *plan, const tally_zone *zone, tally_unit unit,
                          tally_arena *arena, const day_period **out_days, tally_err *err)
{
    int64_t count = day_count(plan->as_of_ms);
    period_table *table;
    day_period *days;

    for (uint32_t i = 0; i < plan->table_count; i++)
        if (plan->tables[i].zone == zone && plan->tables[i].unit == unit) {
            *out_days = plan->tables[i].days;
            return TALLY_OK;
        }
    days = tally_arena_zalloc_array(arena, (size_t)count, sizeof(*days));
    if (days == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "planning periods");
    if (!fill_days(zone, unit, days, count))
        plan->why = "a limit in a zone whose days are out of order";
    table = &plan->tables[plan->table_count++];
    *table = (period_table){ zone, unit, days };
    *out_days = days;
    return TALLY_OK;
}

/* ---- planning: awards ------------------------------------------------------------- */

/* The earliest `at` whose deadline is after the as-of. Deadlines of these kinds never decrease. */
static int64_t live_from(const tally_columns_plan *plan, const tally_deadline *deadline)
{
    tally_context probe = { .policy = plan->policy };
    int64_t low = 0;
    int64_t high = plan->as_of_ms + 1;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (tally_deadline_instant(&probe, 0, deadline, middle, 0) > plan->as_of_ms)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static const char *plan_times(const tally_columns_plan *plan, const tally_award *award,
                              fast_award *fast)
{
    const tally_deadline *expiry = award->expires.count > 0 ? award->expires.deadlines : NULL;

    fast->live_from_ms = 0;
    fast->live_to_ms = plan->as_of_ms;
    if (award->expires.count > 1 || (expiry != NULL && award->expires.conditions != NULL &&
                                     award->expires.conditions[0] != NULL))
        return "an expiry that depends on the event";
    if (expiry != NULL && expiry->kind == TALLY_DEADLINE_AFTER_MONTHS)
        return "an expiry after months";
    if (expiry != NULL && expiry->kind != TALLY_DEADLINE_NEVER)
        fast->live_from_ms = live_from(plan, expiry);
    if (award->has_counts_after) {
        if (award->counts_after.kind != TALLY_DEADLINE_AFTER)
            return "an answer period that is no number of days";
        fast->live_to_ms = plan->as_of_ms - award->counts_after.ms;
    }
    return "";
}

static bool is_small(int64_t number)
{
    return number > -AMOUNT_MAX && number < AMOUNT_MAX;
}

static const char *plan_points(const struct tally_policy *policy, const tally_award *award, uint32_t type,
                               fast_award *fast)
{
    const tally_field *field;
    int64_t low, high;

    if (!award->is_linear)
        return "points that are no multiple of one field";
    fast->constant = award->linear_constant;
    fast->span = UINT64_MAX;
    if (!is_small(award->linear_constant))
        return "points beyond 2^40";
    if (award->linear_slot < 0)
        return "";
    field = &policy->types[type].fields[award->linear_slot];
    if (field->type != TALLY_TYPE_NUMBER || field->optional)
        return "points from a field that may be empty";
    low = field->least;
    high = field->greatest;
    for (uint32_t i = 0; !field->has_bounds && i < field->choice_count; i++) {
        low = i == 0 || field->choices[i] < low ? field->choices[i] : low;
        high = i == 0 || field->choices[i] > high ? field->choices[i] : high;
    }
    if ((!field->has_bounds && field->choice_count == 0) || !is_small(low) || !is_small(high) ||
        !is_small(award->linear_coefficient))
        return "points from a field without narrow bounds";
    if (!tally_mul_i64(low, award->linear_coefficient, &fast->least) || !is_small(fast->least) ||
        !tally_mul_i64(high, award->linear_coefficient, &fast->least) || !is_small(fast->least))
        return "points beyond 2^40";
    fast->slot = (uint32_t)award->linear_slot;
    fast->coefficient = award->linear_coefficient;
    fast->least = low;
    fast->span = (uint64_t)high - (uint64_t)low;
    return "";
}

static tally_rc plan_limit(tally_columns_plan *plan, const tally_limit *limit, fast_limit *fast,
                           tally_arena *arena, tally_err *err)
{
    const tally_version *version = &plan->policy->versions[0];
    uint32_t zone = limit->window->zone != TALLY_NO_INDEX ? limit->window->zone : version->zone;
    bool is_lifetime = limit->window->kind == TALLY_WINDOW_LIFETIME;

    *fast = (fast_limit){ .state = limit->id,
                          .is_times = limit->kind == TALLY_LIMIT_TIMES,
                          .amount = limit->amount_value };
    if (limit->kind != TALLY_LIMIT_POINTS && limit->kind != TALLY_LIMIT_TIMES)
        plan->why = "a limit that is settled at the end";
    else if (!limit->amount_is_constant || !is_small(limit->amount_value))
        plan->why = "a limit whose amount is asked";
    else if (limit->key_count > 0)
        plan->why = "a limit for each value of a field";
    else if (!is_lifetime && limit->window->kind != TALLY_WINDOW_CALENDAR)
        plan->why = "a limit over a rolling window";
    else if (!is_lifetime && zone == TALLY_NO_INDEX)
        plan->why = "a limit at each event's own offset";
    if (plan->why[0] != '\0')
        return TALLY_OK;
    return find_days(plan, is_lifetime ? NULL : plan->policy->zones[zone],
                     is_lifetime ? TALLY_UNIT_DAY : (tally_unit)limit->window->unit, arena,
                     &fast->days, err);
}

static const char *award_obstacle(const tally_award *award)
{
    return award->when != NULL                        ? "an award with a condition"
           : award->decay != TALLY_DECAY_NONE         ? "decay"
           : award->once_confirmed                    ? "an award that waits for a finding"
           : award->spends                            ? "spending"
           : award->is_deduction                      ? "a deduction"
           : award->limit_count > LIMITS_OF_AWARD_MAX ? "an award under many limits"
                                                      : "";
}

static tally_rc plan_award(tally_columns_plan *plan, uint32_t type, uint32_t award_index,
                           fast_award *fast, tally_arena *arena, tally_err *err)
{
    const tally_version *version = &plan->policy->versions[0];
    const tally_award *award = &version->awards[award_index];

    *fast = (fast_award){ .limit_count = award->limit_count };
    plan->why = award_obstacle(award);
    if (plan->why[0] == '\0')
        plan->why = plan_points(plan->policy, award, type, fast);
    if (plan->why[0] == '\0')
        plan->why = plan_times(plan, award, fast);
    for (uint32_t i = 0; plan->why[0] == '\0' && i < award->limit_count; i++) {
        tally_rc rc =
            plan_limit(plan, &version->limits[award->limits[i]], &fast->limits[i], arena, err);

        if (rc != TALLY_OK)
            return rc;
    }
    if (fast->coefficient != 0 && fast->slot >= plan->slot_count)
        plan->slot_count = fast->slot + 1;
    return TALLY_OK;
}

static const char *policy_obstacle(const struct tally_policy *policy, int64_t as_of_ms)
{
    const tally_version *version = &policy->versions[0];

    if (policy->version_count != 1)
        return "several versions";
    if (!version->score.is_present)
        return "no score";
    if (version->score.each_event && (version->score.has_floor || version->score.has_ceiling))
        return "a floor or ceiling applied at each event";
    if (version->score.needs != NULL)
        return "a score that needs something";
    if (version->pause_count > 0)
        return "pauses";
    for (uint32_t i = 0; i < version->tier_count; i++)
        if (version->tiers[i].has_price)
            return "a tier with a price";
    if (as_of_ms < 0 || as_of_ms >= (int64_t)TALLY_DAY_MAX * TALLY_DAY_MS)
        return "an as-of before 1970";
    return "";
}

static tally_rc plan_types(tally_columns_plan *plan, tally_arena *arena, tally_err *err)
{
    const tally_version *version = &plan->policy->versions[0];

    for (uint32_t type = 0; type < TALLY_EVENT_TYPES_MAX; type++) {
        uint32_t count = type < plan->policy->type_count ? version->award_count_of_type[type] : 0;
        fast_award *awards = tally_arena_zalloc_array(arena, count, sizeof(*awards));

        if (awards == NULL)
            return tally_err_set(err, tally_arena_failure(arena), 0, "planning awards");
        plan->types[type] =
            (fast_type){ type < TALLY_RECORD_TYPES || type >= plan->policy->type_count, count,
                         awards };
        for (uint32_t i = 0; plan->why[0] == '\0' && i < count; i++) {
            tally_rc rc =
                plan_award(plan, type, version->awards_of_type[type][i], &awards[i], arena, err);

            if (rc != TALLY_OK)
                return rc;
        }
        if (count > AWARDS_OF_TYPE_MAX)
            plan->why = "many awards for one event";
    }
    return TALLY_OK;
}

/* Can every type be seen as one award under one points limit? */
static tally_rc plan_simple(tally_columns_plan *plan, tally_arena *arena, tally_err *err)
{
    const day_period *lifetime;
    tally_rc rc = find_days(plan, NULL, TALLY_UNIT_DAY, arena, &lifetime, err);

    if (rc != TALLY_OK)
        return rc;
    plan->is_simple = true;
    for (uint32_t type = 0; type < TALLY_EVENT_TYPES_MAX; type++) {
        const fast_type *fast = &plan->types[type];
        simple_type *simple = &plan->simple[type];

        /* A type of its own state that never fills up; no points, no live time. */
        *simple = (simple_type){ .span = UINT64_MAX,
                                 .amount = NO_LIMIT,
                                 .live_from_ms = INT64_MAX,
                                 .live_to_ms = INT64_MIN,
                                 .days = lifetime,
                                 .state = plan->state_count };
        /* A value that is never in bounds: span 0 around a value no column holds. */
        if (fast->is_outside) {
            simple->least = TALLY_NOTHING + 1;
            simple->span = 0;
        }
        if (fast->award_count > 1 ||
            (fast->award_count == 1 &&
             (fast->awards->limit_count > 1 ||
              (fast->awards->limit_count == 1 && fast->awards->limits[0].is_times))))
            plan->is_simple = false;
        if (fast->award_count == 0)
            continue;
        simple->constant = fast->awards->constant;
        simple->coefficient = fast->awards->coefficient;
        simple->least = fast->awards->least;
        simple->span = fast->awards->span;
        simple->slot = fast->awards->slot;
        simple->live_from_ms = fast->awards->live_from_ms;
        simple->live_to_ms = fast->awards->live_to_ms;
        if (fast->awards->limit_count == 1) {
            simple->amount = fast->awards->limits[0].amount;
            simple->days = fast->awards->limits[0].days;
            simple->state = fast->awards->limits[0].state;
        }
    }
    return TALLY_OK;
}

tally_rc tally_columns_plan_new(tally_columns_plan **out_plan, const struct tally_policy *policy,
                                int64_t as_of_ms, tally_arena *arena, tally_err *err)
{
    tally_columns_plan *plan = tally_arena_zalloc(arena, sizeof(*plan));
    tally_rc rc = TALLY_OK;

    if (plan == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "planning");
    plan->policy = policy;
    plan->as_of_ms = as_of_ms;
    plan->state_count = policy->limit_id_count;
    plan->why = policy_obstacle(policy, as_of_ms);
    plan->period_span = as_of_ms < 0 ? 1 : day_count(as_of_ms) + 2;
    plan->tables = tally_arena_zalloc_array(arena, policy->versions[0].limit_count + (size_t)1,
                                            sizeof(*plan->tables));
    if (plan->tables == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "planning");
    if (plan->why[0] == '\0')
        rc = plan_types(plan, arena, err);
    if (rc == TALLY_OK && plan->why[0] == '\0')
        rc = plan_simple(plan, arena, err);
    if (rc == TALLY_OK)
        *out_plan = plan;
    return rc;
}
