/* SPDX-License-Identifier: Apache-2.0 */
/* The score at an instant (docs/policy-language.md section 6).
 *
 * Where an entry's worth changes only at instants that are known when it is
 * settled, a sweep moves through time: each entry waits in a heap for its next
 * change, and the sums of active points, other negative amounts and deductions
 * are kept. So the score is asked for ascending t at the cost of what changed.
 * Asked for an earlier t, the sweep starts over. Policies with decay, net or
 * best limits are summed entry by entry. */

#include <string.h>

#include "score/pass.h"

typedef struct change {
    int64_t t;
    uint32_t entry;
} change;

struct tally_sweep {
    int64_t t;
    uint32_t limit; /* entries in the sums */
    tally_i128 active, negative, deductions;
    uint32_t room;
    int64_t *worth; /* per entry in the sums */
    uint32_t heap_count, heap_room;
    change *heap; /* the earliest on top */
    /* The last answer, for questions about one instant after another. */
    bool has_last;
    int64_t last_t, last_sum;
    uint32_t last_limit;
};

/* ---- the heap of changes ------------------------------------------------------- */

static tally_rc push_change(tally_context *context, change item, tally_err *err)
{
    struct tally_sweep *sweep = context->sweep;
    uint32_t i = sweep->heap_count;

    if (i == sweep->heap_room) {
        uint32_t room = i == 0 ? 16 : i * 2;
        change *grown = tally_arena_alloc(context->arena, room * sizeof(*grown));

        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        if (i > 0)
            memcpy(grown, sweep->heap, i * sizeof(*grown));
        sweep->heap = grown;
        sweep->heap_room = room;
    }
    sweep->heap_count++;
    for (; i > 0 && sweep->heap[(i - 1) / 2].t > item.t; i = (i - 1) / 2)
        sweep->heap[i] = sweep->heap[(i - 1) / 2];
    sweep->heap[i] = item;
    return TALLY_OK;
}

static change pop_change(struct tally_sweep *sweep)
{
    change top = sweep->heap[0];
    change last = sweep->heap[--sweep->heap_count];
    uint32_t i = 0;

    for (uint32_t child = 1; child < sweep->heap_count; child = 2 * i + 1) {
        if (child + 1 < sweep->heap_count && sweep->heap[child + 1].t < sweep->heap[child].t)
            child++;
        if (sweep->heap[child].t >= last.t)
            break;
        sweep->heap[i] = sweep->heap[child];
        i = child;
    }
    sweep->heap[i] = last;
    return top;
}

/* ---- the sweep ---------------------------------------------------------------------- */

static void add_to_sums(const tally_context *context, uint32_t entry, int64_t worth, int sign,
                        tally_i128 *active, tally_i128 *negative, tally_i128 *deductions)
{
    tally_i128 *sum = worth >= 0                                 ? active
                      : tally_entry_is_deduction(context, entry) ? deductions
                                                                 : negative;

    *sum += sign * (tally_i128)worth;
}

/* See again what an entry is worth at the sweep's instant. */
static void refresh(tally_context *context, uint32_t entry)
{
    struct tally_sweep *sweep = context->sweep;
    int64_t worth = tally_entry_worth(context, entry, sweep->limit, sweep->t);

    if (worth == sweep->worth[entry])
        return;
    add_to_sums(context, entry, sweep->worth[entry], -1, &sweep->active, &sweep->negative,
                &sweep->deductions);
    add_to_sums(context, entry, worth, 1, &sweep->active, &sweep->negative, &sweep->deductions);
    sweep->worth[entry] = worth;
}

/* An entry, and if it spends those it took from. */
static void refresh_with_spends(tally_context *context, uint32_t entry)
{
    uint32_t first;
    uint32_t count;

    refresh(context, entry);
    if (context->spend_count == 0)
        return;
    count = tally_spending_by(context, entry, &first);
    for (uint32_t i = 0; i < count; i++)
        refresh(context, context->spends[first + i].entry);
}

void tally_standing_refresh(tally_context *context, uint32_t entry)
{
    if (context->sweep == NULL || entry >= context->sweep->limit)
        return;
    context->sweep->has_last = false;
    refresh_with_spends(context, entry);
}

static tally_rc pass_changes(tally_context *context, int64_t t, tally_err *err)
{
    struct tally_sweep *sweep = context->sweep;

    while (sweep->heap_count > 0 && sweep->heap[0].t <= t) {
        change item = pop_change(sweep);
        int64_t next;
        tally_rc rc;

        sweep->t = item.t;
        refresh_with_spends(context, item.entry);
        next = tally_entry_next_change(context, item.entry, item.t);
        rc = next == TALLY_NEVER_MS ? TALLY_OK
                                    : push_change(context, (change){ next, item.entry }, err);
        if (rc != TALLY_OK)
            return rc;
    }
    sweep->t = t;
    return TALLY_OK;
}

/* Take entries in, each at its own instant. */
static tally_rc take_entries(tally_context *context, uint32_t limit, tally_err *err)
{
    struct tally_sweep *sweep = context->sweep;

    while (sweep->limit < limit) {
        uint32_t entry = sweep->limit;
        int64_t at_ms = context->entries[entry].at_ms;
        int64_t next;
        tally_rc rc = at_ms > sweep->t ? pass_changes(context, at_ms, err) : TALLY_OK;

        if (rc != TALLY_OK)
            return rc;
        sweep->worth[entry] = 0;
        sweep->limit++;
        refresh_with_spends(context, entry);
        next = tally_entry_next_change(context, entry, sweep->t);
        if (next != TALLY_NEVER_MS)
            rc = push_change(context, (change){ next, entry }, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc ready_sweep(tally_context *context, int64_t t, uint32_t limit, tally_err *err)
{
    struct tally_sweep *sweep = context->sweep;

    if (sweep == NULL) {
        sweep = tally_arena_zalloc(context->arena, sizeof(*sweep));
        if (sweep == NULL)
            return tally_engine_no_memory(context, err);
        sweep->t = INT64_MIN;
        context->sweep = sweep;
    }
    if (limit > sweep->room) {
        uint32_t room = limit * 2;
        int64_t *grown;

        if (context->pass->is_done && room > context->entry_count)
            room = context->entry_count;
        grown = tally_arena_alloc(context->arena, room * sizeof(*grown));
        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        if (sweep->limit > 0)
            memcpy(grown, sweep->worth, sweep->limit * sizeof(*grown));
        sweep->worth = grown;
        sweep->room = room;
    }
    if (t < sweep->t || limit < sweep->limit) {
        sweep->t = INT64_MIN;
        sweep->limit = 0;
        sweep->heap_count = 0;
        sweep->active = sweep->negative = sweep->deductions = 0;
    }
    return TALLY_OK;
}

/* Add up entry by entry what the first `limit` are worth at t. */
static tally_rc add_up(tally_context *context, int64_t t, uint32_t limit, int64_t *out_sum,
                       tally_err *err)
{
    const tally_amount *amounts;
    tally_i128 sum = 0;
    tally_rc rc = tally_amounts_settle(context, t, limit, &amounts, err);

    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < limit; i++)
        sum += amounts[i].counted;
    if (!tally_narrow_i64(sum, out_sum))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    return TALLY_OK;
}

tally_rc tally_standing_sum(tally_context *context, int64_t t, uint32_t settled, uint32_t limit,
                            int64_t *out_sum, tally_err *err)
{
    tally_i128 active, negative, deductions;
    struct tally_sweep *sweep;
    tally_rc rc;

    if (!context->pass->is_plain)
        return add_up(context, t, limit, out_sum, err);
    sweep = context->sweep;
    if (sweep != NULL && sweep->has_last && sweep->last_t == t && settled == limit &&
        sweep->last_limit == limit) {
        *out_sum = sweep->last_sum;
        return TALLY_OK;
    }
    /* While awards are settled the sweep must not go back for one question about the past. */
    if (!context->pass->is_done && sweep != NULL && (t < sweep->t || settled < sweep->limit))
        return add_up(context, t, limit, out_sum, err);
    rc = ready_sweep(context, t, settled, err);
    if (rc == TALLY_OK)
        rc = take_entries(context, settled, err);
    if (rc == TALLY_OK)
        rc = pass_changes(context, t, err);
    if (rc != TALLY_OK)
        return rc;
    sweep = context->sweep;
    active = sweep->active;
    negative = sweep->negative;
    deductions = sweep->deductions;
    /* The entries of the event being settled: what they add, and what they have spent of others. */
    for (uint32_t i = settled; i < limit; i++) {
        uint32_t first;
        uint32_t count = context->spend_count > 0 ? tally_spending_by(context, i, &first) : 0;

        add_to_sums(context, i, tally_entry_worth(context, i, limit, t), 1, &active, &negative,
                    &deductions);
        for (uint32_t j = 0; j < count; j++)
            if (context->spends[first + j].entry < settled)
                active -= context->spends[first + j].amount;
    }
    if (!tally_narrow_i64(active + negative + tally_deductions_bounded(active, deductions),
                          out_sum))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    if (settled == limit) {
        sweep->has_last = true;
        sweep->last_t = t;
        sweep->last_limit = limit;
        sweep->last_sum = *out_sum;
    }
    return TALLY_OK;
}

/* ---- the score ------------------------------------------------------------------------- */

tally_rc tally_standing_make(const tally_context *context, uint32_t version, int64_t sum,
                             tally_standing *out_standing, tally_err *err)
{
    const tally_score_rule *rule = &context->policy->versions[version].score;
    tally_standing standing = { .has_rating = true };

    if (!tally_add_i64(rule->start, sum, &standing.sum))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    standing.score = standing.sum;
    if (rule->has_floor && standing.score < rule->floor)
        standing.score = rule->floor;
    if (rule->has_ceiling && standing.score > rule->ceiling)
        standing.score = rule->ceiling;
    if (!tally_add_i64(standing.score, rule->shown_on, &standing.shown) ||
        standing.shown == TALLY_NOTHING)
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    *out_standing = standing;
    return TALLY_OK;
}

static tally_rc ask_needs(tally_context *context, uint32_t version, const tally_scope *scope,
                          tally_standing *standing, tally_err *err)
{
    const tally_expr *needs = context->policy->versions[version].score.needs;
    int64_t condition = 1;
    tally_rc rc = TALLY_OK;

    /* A `needs` that looks at the score sees it as if it were met. */
    if (needs != NULL && !context->is_asking_needs) {
        context->is_asking_needs = true;
        rc = tally_evaluate_condition(context, version, needs, scope, &condition, err);
        context->is_asking_needs = false;
    }
    standing->has_rating = condition == 1;
    return rc;
}

tally_rc tally_score_at(tally_context *context, int64_t t, tally_standing *out_standing,
                        tally_err *err)
{
    uint32_t version = tally_context_version_at(context, t);
    tally_scope scope = tally_scope_at(context, t);
    uint32_t limit = tally_entries_before(context, scope.place);
    tally_standing standing;
    int64_t sum;
    tally_rc rc;

    TALLY_ASSERT(context->pass != NULL);
    rc = tally_standing_sum(context, t, limit, limit, &sum, err);
    if (rc == TALLY_OK)
        rc = tally_standing_make(context, version, sum, &standing, err);
    if (rc == TALLY_OK)
        rc = ask_needs(context, version, &scope, &standing, err);
    if (rc == TALLY_OK)
        *out_standing = standing;
    return rc;
}

tally_rc tally_score_shown(tally_context *context, const tally_scope *scope, int64_t *out_shown,
                           tally_err *err)
{
    uint32_t version = tally_context_version_at(context, scope->t);
    uint32_t place = scope->root != TALLY_NO_INDEX ? scope->root : scope->place;
    tally_scope asked = *scope;
    tally_standing standing;
    uint32_t limit;
    int64_t sum;
    tally_rc rc;

    if (context->pass == NULL || !context->policy->versions[version].score.is_present) {
        *out_shown = TALLY_NOTHING;
        return TALLY_OK;
    }
    limit = tally_entries_before(context, place);
    asked.event = TALLY_NO_INDEX;
    asked.outer = TALLY_NO_INDEX;
    rc = tally_standing_sum(context, scope->t, limit, limit, &sum, err);
    if (rc == TALLY_OK)
        rc = tally_standing_make(context, version, sum, &standing, err);
    if (rc == TALLY_OK)
        rc = ask_needs(context, version, &asked, &standing, err);
    if (rc == TALLY_OK)
        *out_shown = standing.has_rating ? standing.shown : TALLY_NOTHING;
    return rc;
}
