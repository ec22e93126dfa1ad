/* SPDX-License-Identifier: Apache-2.0 */
/* The instants at which any answer may change: a conservative set.
 *
 * What can change an answer between two events is known beforehand: an event
 * leaves or enters a window, an award takes effect or ends or loses a point to
 * decay, a period or a day begins where a rule looks at one, a pause, a fact, a
 * version. All of these are listed once, sorted and made unique; nothing is
 * evaluated here. Kept while the number of settled entries stays the same. */

#include "score/answers.h"

#include <stdlib.h>
#include "score/dependencies.h"
#include "util/alloc.h"
#include "util/checked.h"

#define FREE_INSTANTS_MAX 100000u /* that no event causes: section 16 */

typedef struct tally_change_list {
    tally_dependencies dependencies;
    bool is_read;
    bool is_full; /* instants are those of entry_count entries */
    uint32_t entry_count;
    int64_t *instants; /* in the arena */
    uint32_t count;
} tally_change_list;

/* A growing, now and then compacted list of instants. */
typedef struct collection {
    tally_answers *answers;
    const tally_context *context;
    int64_t lower_ms, upper_ms; /* free instants lie in [lower, upper] */
    int64_t *items;
    size_t count, room, items_max;
    tally_rc failure;
    /* The period end added last: many events share one. */
    const tally_zone *last_zone;
    tally_unit last_unit;
    int64_t last_period;
} collection;

static int compare_instants(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void make_unique(collection *list)
{
    size_t kept = 0;

    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof(*list->items), compare_instants);
    for (size_t i = 1; i < list->count; i++) {
        if (list->items[i] != list->items[kept])
            list->items[++kept] = list->items[i];
    }
    list->count = kept + 1;
}

static void make_room(collection *list)
{
    size_t room = list->room == 0 ? 256 : 2 * list->room;
    int64_t *items;

    if (list->room > 0) {
        make_unique(list);
        if (list->count > list->items_max) {
            list->failure = TALLY_E_LIMIT;
            return;
        }
        if (list->count < list->room / 2)
            return;
    }
    items = tally_realloc_array(list->items, room, sizeof(*items));
    if (items == NULL) {
        list->failure = TALLY_E_NOMEM;
        return;
    }
    list->items = items;
    list->room = room;
}

/* What lies after K is never asked; TALLY_NEVER_MS and "before all time" fall out too. */
static void add_instant(collection *list, int64_t instant)
{
    if (instant > list->upper_ms || instant == INT64_MIN || list->failure != TALLY_OK)
        return;
    if (list->count == list->room)
        make_room(list);
    if (list->failure == TALLY_OK)
        list->items[list->count++] = instant;
}

static void add_later(collection *list, int64_t instant, int64_t shift_ms)
{
    int64_t later;

    if (tally_add_i64(instant, shift_ms, &later))
        add_instant(list, later);
}

/* ---- from the records ------------------------------------------------------------- */

static void add_records(collection *list)
{
    const tally_context *context = list->context;

    for (uint32_t i = 0; i < context->events.count; i++) {
        int64_t recorded = tally_events_recorded(&context->events, i);

        add_instant(list, context->events.at_ms[i]);
        if (recorded < context->events.at_ms[i]) /* promised */
            add_instant(list, recorded);
    }
    for (uint32_t i = 0; i < context->mark_count; i++)
        add_instant(list, context->marks[i].at_ms);
    for (uint32_t i = 0; i < context->dispute_count; i++) {
        add_instant(list, context->disputes[i].opened_ms);
        add_instant(list, context->disputes[i].closed_ms);
    }
    for (uint32_t i = 0; i < context->pause_count; i++) {
        add_instant(list, context->pauses[i].from_ms);
        add_instant(list, context->pauses[i].to_ms);
    }
}

/* What is left of `credited` after `days`: section 5. Only where it differs
 * matters here, so a part spent is as good as the whole. */
static int64_t decayed_amount(const tally_award *award, int64_t credited, int64_t days)
{
    tally_i128 amount = credited;

    if (award->decay == TALLY_DECAY_LINEAR) {
        if (days >= award->decay_days)
            return 0;
        return (int64_t)(amount * (award->decay_days - days) / award->decay_days);
    }
    if (days / award->decay_days > 62)
        return 0;
    return (int64_t)(amount * (2 * award->decay_days - days % award->decay_days) /
                     ((tally_i128)1 << (days / award->decay_days + 1)) / award->decay_days);
}

/* The days on which the whole number of points drops, found by doubling steps
 * and halving back: few for few points, whatever the half-life. */
static void add_decay(collection *list, const tally_award_entry *entry, const tally_award *award)
{
    int64_t span_days = (list->upper_ms - entry->at_ms) / TALLY_DAY_MS;
    int64_t day = 0;

    while (day < span_days && list->failure == TALLY_OK) {
        int64_t amount = decayed_amount(award, entry->credited, day);
        int64_t low = day, step = 1;

        if (amount == 0)
            return;
        while (low + step <= span_days &&
               decayed_amount(award, entry->credited, low + step) == amount) {
            low += step;
            step *= 2;
        }
        for (; step > 0; step /= 2) {
            if (low + step <= span_days &&
                decayed_amount(award, entry->credited, low + step) == amount)
                low += step;
        }
        day = low + 1;
        if (day <= span_days)
            add_instant(list, entry->at_ms + day * TALLY_DAY_MS);
    }
}

static tally_rc add_entries(collection *list, tally_err *err)
{
    tally_context *context = list->answers->context;

    for (uint32_t i = 0; i < context->entry_count; i++) {
        const tally_award *award = tally_entry_award(context, i);
        const int64_t *instants;
        uint32_t count;
        tally_rc rc = tally_entry_changes(context, i, &instants, &count, err);

        if (rc != TALLY_OK)
            return rc;
        for (uint32_t k = 0; k < count; k++)
            add_instant(list, instants[k]);
        if (award != NULL && award->decay != TALLY_DECAY_NONE &&
            context->entries[i].at_ms < list->upper_ms)
            add_decay(list, &context->entries[i], award);
    }
    return TALLY_OK;
}

/* ---- from the rules ------------------------------------------------------------------ */

/* Where the zone is each event's own, T may be seen at any event's offset. */
static void add_period_end(collection *list, const tally_zone *zone, tally_unit unit,
                           uint32_t event, int64_t periods)
{
    const tally_events *events = &list->context->events;
    int32_t own = tally_events_offset(events, event);
    int64_t period = (int64_t)tally_local_period(zone, own, unit, events->at_ms[event]) + periods;

    if (period > INT32_MAX || (zone != NULL && zone == list->last_zone && unit == list->last_unit &&
                               period == list->last_period))
        return;
    list->last_zone = zone;
    list->last_unit = unit;
    list->last_period = period;
    add_instant(list, tally_local_period_start(zone, own, unit, (int32_t)period));
    if (zone != NULL || events->offset_s == NULL)
        return;
    for (uint32_t i = 0; i < events->count; i++) {
        if (i == 0 || events->offset_s[i] != events->offset_s[i - 1])
            add_instant(list,
                        tally_local_period_start(NULL, events->offset_s[i], unit, (int32_t)period));
    }
}

static void add_cycles(collection *list, const tally_window_use *use, const tally_zone *zone,
                       uint32_t event, int64_t months)
{
    const tally_context *context = list->context;
    const tally_version *version = &context->policy->versions[use->version];
    int32_t offset_s = tally_events_offset(&context->events, event);
    int64_t at = context->events.at_ms[event];
    int64_t start = tally_local_day_start(zone, offset_s, tally_local_day(zone, offset_s, at));

    for (int64_t cycle = 1; cycle <= (int64_t)FREE_INSTANTS_MAX; cycle++) {
        int64_t next =
            tally_local_add_months(zone, offset_s, version->month_end, start, cycle * months);

        if (next > list->upper_ms || list->failure != TALLY_OK)
            return;
        add_instant(list, next);
    }
}

static void add_window_exit(collection *list, const tally_window_use *use, const tally_zone *zone,
                            uint32_t event, int64_t size)
{
    const tally_context *context = list->context;
    const tally_window *window = use->window;
    int64_t at = context->events.at_ms[event], span;

    switch (window->kind) {
    case TALLY_WINDOW_ROLLING:
        if (tally_mul_i64(size, window->each_ms, &span))
            add_later(list, at, span);
        break;
    case TALLY_WINDOW_NEXT:
        if (tally_mul_i64(size, window->each_ms, &span))
            add_later(list, at, -span);
        break;
    case TALLY_WINDOW_ROLLING_MONTHS:
        if (tally_mul_i64(size, window->each_months, &span))
            add_instant(list, tally_local_add_months(
                                  zone, tally_events_offset(&context->events, event),
                                  context->policy->versions[use->version].month_end, at, span));
        break;
    case TALLY_WINDOW_CALENDAR:
        add_period_end(list, zone, (tally_unit)window->unit, event, 1);
        break;
    case TALLY_WINDOW_PREVIOUS:
        add_period_end(list, zone, (tally_unit)window->unit, event, 1);
        if (size < INT32_MAX)
            add_period_end(list, zone, (tally_unit)window->unit, event, size + 1);
        break;
    default:
        break;
    }
}

static void add_window(collection *list, const tally_window_use *use, uint8_t *units)
{
    const tally_context *context = list->context;
    const tally_zone *zone = tally_context_zone(context, use->version, use->window->zone);
    bool is_cycle = use->window->kind == TALLY_WINDOW_CYCLE;
    bool is_calendar = use->window->kind == TALLY_WINDOW_CALENDAR;
    uint64_t reference_types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };
    const uint64_t *types = is_cycle ? reference_types : use->types;
    int64_t sizes[TALLY_WINDOW_SIZES_MAX] = { 1 };
    uint32_t size_count =
        is_calendar ? 1 : tally_window_sizes(context->policy, use->version, use->window, sizes);

    if (is_cycle)
        tally_reference_types(context->policy, use->version, use->window->ref, reference_types);
    if (size_count == 0)
        *units |= 1u << TALLY_UNIT_DAY;
    for (uint32_t i = 0; i < context->events.count && list->failure == TALLY_OK; i++) {
        if (!tally_types_has(types, context->events.type[i]))
            continue;
        for (uint32_t k = 0; k < size_count; k++) {
            int64_t months;

            if (sizes[k] <= 0)
                continue;
            if (!is_cycle)
                add_window_exit(list, use, zone, i, sizes[k]);
            else if (tally_mul_i64(sizes[k], use->window->each_months, &months))
                add_cycles(list, use, zone, i, months);
        }
    }
}

static void add_periods_of(collection *list, const tally_zone *zone, int32_t offset_s,
                           tally_unit unit)
{
    int32_t period = tally_local_period(zone, offset_s, unit, list->lower_ms);
    uint32_t steps = 0;

    for (; list->failure == TALLY_OK; period++) {
        int64_t start = tally_local_period_start(zone, offset_s, unit, period);

        if (start > list->upper_ms)
            return;
        if (++steps > FREE_INSTANTS_MAX) {
            list->failure = TALLY_E_LIMIT;
            return;
        }
        add_instant(list, start);
    }
}

static void add_periods(collection *list, tally_unit unit)
{
    const tally_context *context = list->context;
    const tally_events *events = &context->events;

    for (uint32_t v = 0; v < context->policy->version_count; v++) {
        uint32_t zone_index = context->policy->versions[v].zone;
        const tally_zone *zone = tally_context_zone(context, v, TALLY_NO_INDEX);

        if (v > 0 && zone_index == context->policy->versions[v - 1].zone)
            continue;
        if (zone != NULL || events->offset_s == NULL) {
            add_periods_of(list, zone, 0, unit);
            continue;
        }
        for (uint32_t i = 0; i < events->count; i++) {
            if (i == 0 || events->offset_s[i] != events->offset_s[i - 1])
                add_periods_of(list, NULL, events->offset_s[i], unit);
        }
    }
}

/* A rule that compares `now` with an event plus a duration turns then, or one
 * millisecond later when the comparison is strict. */
static void add_clocks(collection *list, const tally_dependencies *deps)
{
    const tally_events *events = &list->context->events;

    for (uint32_t k = 0; k < deps->clock_count; k++) {
        for (uint32_t i = 0; i < events->count; i++) {
            int32_t offset_s = tally_events_offset(events, i);
            const tally_zone *zone = tally_context_zone(list->context, 0, TALLY_NO_INDEX);
            int64_t starts[2] = { events->at_ms[i],
                                  tally_local_day_start(
                                      zone, offset_s,
                                      tally_local_day(zone, offset_s, events->at_ms[i])) };

            for (size_t s = 0; s < 2; s++) {
                add_later(list, starts[s], deps->clocks_ms[k]);
                add_later(list, starts[s], deps->clocks_ms[k] + 1);
            }
        }
    }
}

static void add_versions(collection *list)
{
    const tally_context *context = list->context;

    for (uint32_t v = 0; v < context->policy->version_count; v++) {
        const tally_version *version = &context->policy->versions[v];
        const tally_zone *zone = tally_context_zone(context, v, TALLY_NO_INDEX);

        add_instant(list, version->from_ms);
        if (version->has_keep_until)
            add_instant(list, version->keep_tiers_until_ms);
        for (uint32_t f = 0; f < version->fact_count; f++) {
            const tally_fact_series *series =
                context->fact_series != NULL && context->fact_series[v] != NULL
                    ? context->fact_series[v][f]
                    : NULL;

            for (uint32_t i = 0; i < version->facts[f].count; i++)
                add_instant(list,
                            tally_local_day_start(zone, 0, (int32_t)version->facts[f].from_day[i]));
            for (uint32_t i = 0; series != NULL && i < series->count; i++)
                add_instant(list, series->from_ms[i]);
        }
    }
}

static void add_assessments(collection *list)
{
    const tally_context *context = list->context;

    for (uint32_t v = 0; v < context->policy->version_count; v++) {
        const tally_version *version = &context->policy->versions[v];
        int64_t t = list->lower_ms;

        if (!version->grade.is_present || version->grade.assessed.kind == TALLY_REVIEW_ALWAYS)
            continue;
        for (uint32_t steps = 0; list->failure == TALLY_OK; steps++) {
            t = tally_review_next(context, v, &version->grade.assessed, t);
            if (t > list->upper_ms)
                break;
            if (steps >= FREE_INSTANTS_MAX)
                list->failure = TALLY_E_LIMIT;
            add_instant(list, t);
            t++;
        }
    }
}

static void add_shifts(collection *list, const tally_dependencies *deps)
{
    size_t count;

    if (deps->shift_count < 2)
        return;
    make_unique(list);
    count = list->count;
    for (uint32_t k = 1; k < deps->shift_count; k++) {
        for (size_t i = 0; i < count && list->failure == TALLY_OK; i++) {
            if (list->count == list->room) {
                /* Compacting would move what is still read: only grow here. */
                int64_t *items = tally_realloc_array(list->items, 2 * list->room, sizeof(*items));

                if (items == NULL) {
                    list->failure = TALLY_E_NOMEM;
                    return;
                }
                list->items = items;
                list->room *= 2;
            }
            add_later(list, list->items[i], deps->shifts[k]);
        }
    }
}

static tally_rc collect(collection *list, const tally_dependencies *deps, tally_err *err)
{
    uint8_t units = deps->units;
    tally_rc rc;

    add_records(list);
    rc = add_entries(list, err);
    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < deps->use_count; i++)
        add_window(list, &deps->uses[i], &units);
    for (uint32_t unit = TALLY_UNIT_DAY; unit <= TALLY_UNIT_YEAR; unit++) {
        if ((units >> unit & 1) != 0)
            add_periods(list, (tally_unit)unit);
    }
    if (deps->reads_now)
        add_clocks(list, deps);
    add_versions(list);
    add_assessments(list);
    add_shifts(list, deps);
    if (list->failure == TALLY_OK) {
        make_unique(list);
        if (list->count > list->items_max)
            list->failure = TALLY_E_LIMIT;
    }
    if (list->failure == TALLY_E_LIMIT)
        return tally_err_set(err, TALLY_E_LIMIT, 0,
                             "there are more than %u instants at which this result may change",
                             FREE_INSTANTS_MAX);
    if (list->failure != TALLY_OK)
        return tally_err_set(err, list->failure, 0, "listing the instants of change");
    return TALLY_OK;
}

static tally_rc fill_list(tally_answers *answers, tally_change_list *changes, tally_err *err)
{
    const tally_context *context = answers->context;
    int64_t first = context->events.count > 0 ? context->events.at_ms[0] : answers->asked_ms;
    collection list = {
        .answers = answers,
        .context = context,
        .lower_ms = first < answers->asked_ms ? first : answers->asked_ms,
        .upper_ms = context->known_ms,
        .items_max = FREE_INSTANTS_MAX + 8 * (size_t)context->events.count,
    };
    tally_rc rc = collect(&list, &changes->dependencies, err);

    if (rc == TALLY_OK) {
        changes->instants =
            tally_arena_copy(answers->arena, list.items, list.count * sizeof(*list.items));
        changes->count = (uint32_t)list.count;
        changes->entry_count = context->entry_count;
        changes->is_full = changes->instants != NULL;
        if (changes->instants == NULL)
            rc = tally_answers_no_memory(answers, err);
    }
    tally_release(list.items);
    return rc;
}

tally_rc tally_changes_between(tally_answers *answers, int64_t from_ms, int64_t to_ms,
                               const int64_t **out_instants, uint32_t *out_count, tally_err *err)
{
    tally_change_list *changes = answers->changes;
    uint32_t low = 0, high;
    tally_rc rc;

    if (changes == NULL) {
        changes = tally_arena_zalloc(answers->arena, sizeof(*changes));
        if (changes == NULL)
            return tally_answers_no_memory(answers, err);
        answers->changes = changes;
    }
    if (!changes->is_read) {
        rc = tally_dependencies_read(&changes->dependencies, answers->context->policy,
                                     answers->arena, err);
        if (rc != TALLY_OK)
            return rc;
        changes->is_read = true;
    }
    if (!changes->is_full || changes->entry_count != answers->context->entry_count) {
        rc = fill_list(answers, changes, err);
        if (rc != TALLY_OK)
            return rc;
    }
    for (high = changes->count; low < high;) {
        uint32_t middle = low + (high - low) / 2;

        if (changes->instants[middle] <= from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < changes->count && changes->instants[high] <= to_ms;)
        high++;
    *out_instants = changes->instants + low;
    *out_count = high - low;
    return TALLY_OK;
}
