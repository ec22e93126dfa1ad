/* SPDX-License-Identifier: Apache-2.0 */
/* Computed facts as dated series: asked at every instant at which a count over
 * the programme can change, kept where it did. */

#include <stdlib.h>

#include "admission/admission_internal.h"

#define INSTANTS_MAX ((uint32_t)1 << 20)

typedef struct instants {
    int64_t *items;
    uint32_t count, room;
} instants;

static tally_rc add_instant(tally_pass_state *state, instants *list, int64_t t, int64_t known_ms)
{
    if (t > known_ms)
        return TALLY_OK;
    if (list->count == list->room) {
        uint32_t room = list->room == 0 ? 1024 : list->room * 2;
        int64_t *moved;

        if (room > INSTANTS_MAX)
            return tally_err_set(state->err, TALLY_E_LIMIT, 0,
                                 "a computed fact would have to be asked at more than %u instants",
                                 INSTANTS_MAX);
        moved = tally_arena_zalloc_array(state->arena, room, sizeof(*moved));
        if (moved == NULL)
            return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                                 "computing the programme's facts");
        if (list->count > 0)
            memcpy(moved, list->items, list->count * sizeof(*moved));
        list->items = moved;
        list->room = room;
    }
    list->items[list->count++] = t;
    return TALLY_OK;
}

/* The instants at which an event at `at` enters or leaves a window. */
static tally_rc add_window_edges(tally_pass_state *state, uint32_t version,
                                 const tally_window *window, int64_t at, int64_t known_ms,
                                 instants *list)
{
    const tally_zone *zone = tally_context_zone(state->context, version, window->zone);
    int64_t n = window->n_expr == NULL ? window->n : 0;
    int64_t shift;
    int32_t period;
    tally_rc rc = TALLY_OK;

    switch (window->kind) {
    case TALLY_WINDOW_ROLLING:
    case TALLY_WINDOW_NEXT:
        if (!__builtin_mul_overflow(n, window->each_ms, &shift) &&
            !__builtin_add_overflow(at, shift, &shift))
            rc = add_instant(state, list, shift, known_ms);
        return rc;
    case TALLY_WINDOW_ROLLING_MONTHS:
        return add_instant(state, list,
                           tally_local_add_months(zone, 0,
                                                  state->policy->versions[version].month_end, at,
                                                  n * window->each_months),
                           known_ms);
    case TALLY_WINDOW_CALENDAR:
    case TALLY_WINDOW_PREVIOUS:
        n = window->kind == TALLY_WINDOW_CALENDAR ? 0 : n;
        period = tally_local_period(zone, 0, (tally_unit)window->unit, at);
        rc = add_instant(state, list,
                         tally_local_period_start(zone, 0, (tally_unit)window->unit, period + 1),
                         known_ms);
        if (rc == TALLY_OK && n > 0 && n < 10000)
            rc = add_instant(state, list,
                             tally_local_period_start(zone, 0, (tally_unit)window->unit,
                                                      period + 1 + (int32_t)n),
                             known_ms);
        return rc;
    default:
        return TALLY_OK;
    }
}

static int compare_instants(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static tally_rc list_instants(tally_pass_state *state, int64_t known_ms, instants *list)
{
    const tally_context *context = state->context;
    uint32_t kept = 0;
    tally_rc rc = add_instant(state, list, known_ms, known_ms);

    for (uint32_t i = 0; i < context->events.count && rc == TALLY_OK; i++) {
        int64_t at = context->events.at_ms[i];

        rc = add_instant(state, list, at, known_ms);
        for (uint32_t v = 0; v < state->policy->version_count; v++) {
            const tally_version *version = &state->policy->versions[v];

            for (uint32_t w = 0; w < version->window_count && rc == TALLY_OK; w++)
                rc = add_window_edges(state, v, version->windows[w], at, known_ms, list);
        }
    }
    for (uint32_t v = 1; v < state->policy->version_count && rc == TALLY_OK; v++)
        rc = add_instant(state, list, state->policy->versions[v].from_ms, known_ms);
    if (rc != TALLY_OK)
        return rc;
    qsort(list->items, list->count, sizeof(*list->items), compare_instants);
    for (uint32_t i = 0; i < list->count; i++) {
        if (i == 0 || list->items[i] != list->items[kept - 1])
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    return TALLY_OK;
}

/* A fact of the version in force at t, by name; NULL if that version does not compute it. */
static const tally_fact *fact_at(const tally_pass_state *state, tally_text name, int64_t t,
                                 uint32_t *out_version)
{
    const tally_version *version;

    *out_version = tally_context_version_at(state->context, t);
    version = &state->policy->versions[*out_version];
    for (uint32_t i = 0; i < version->fact_count; i++) {
        if (tally_text_is_equal(version->facts[i].name, name))
            return version->facts[i].expr != NULL ? &version->facts[i] : NULL;
    }
    return NULL;
}

static tally_rc make_series(tally_pass_state *state, tally_text name, const instants *list,
                            tally_fact_series *out)
{
    int64_t *from = tally_arena_zalloc_array(state->arena, list->count + 1, sizeof(*from));
    int64_t *values = tally_arena_zalloc_array(state->arena, list->count + 1, sizeof(*values));
    uint32_t count = 0;

    if (from == NULL || values == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "computing the programme's facts");
    for (uint32_t i = 0; i < list->count; i++) {
        tally_scope scope = tally_scope_at(state->context, list->items[i]);
        uint32_t version;
        const tally_fact *fact = fact_at(state, name, list->items[i], &version);
        tally_value value = { TALLY_NOTHING, 1 };
        tally_rc rc = fact == NULL ? TALLY_OK
                                   : tally_evaluate(state->context, version, fact->expr, &scope,
                                                    &value, state->err);

        if (rc != TALLY_OK)
            return rc;
        if (count > 0 && values[count - 1] == value.a)
            continue;
        from[count] = list->items[i];
        values[count++] = value.a;
    }
    *out = (tally_fact_series){ name, count, from, values };
    return TALLY_OK;
}

static bool is_listed(const tally_fact_series *series, uint32_t count, tally_text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(series[i].name, name))
            return true;
    }
    return false;
}

tally_rc tally_admission_facts(tally_pass_state *state, int64_t known_ms, tally_facts *out_facts)
{
    uint32_t room = 0;
    uint32_t count = 0;
    tally_fact_series *series;
    instants list = { NULL, 0, 0 };
    tally_rc rc = TALLY_OK;

    for (uint32_t v = 0; v < state->policy->version_count; v++)
        room += state->policy->versions[v].fact_count;
    series = tally_arena_zalloc_array(state->arena, room + 1, sizeof(*series));
    if (series == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "computing the programme's facts");
    for (uint32_t v = 0; v < state->policy->version_count && rc == TALLY_OK; v++) {
        const tally_version *version = &state->policy->versions[v];

        for (uint32_t i = 0; i < version->fact_count && rc == TALLY_OK; i++) {
            if (version->facts[i].expr == NULL || is_listed(series, count, version->facts[i].name))
                continue;
            if (list.count == 0)
                rc = list_instants(state, known_ms, &list);
            if (rc == TALLY_OK)
                rc = make_series(state, version->facts[i].name, &list, &series[count]);
            count += rc == TALLY_OK;
        }
    }
    *out_facts = (tally_facts){ count, series };
    return rc;
}
