/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry is worth at an instant (docs/policy-language.md section 5).
 *
 * First by itself: effect, expiry, end, disputes, decay, what was spent of it.
 * Then, among all that count: net limits, best limits, and the bound on
 * deductions, in this order. */

#include <stdlib.h>

#include "score/pass.h"

const tally_award *tally_entry_award(const tally_context *context, uint32_t entry)
{
    const tally_award_entry *e = &context->entries[entry];

    return e->award == TALLY_NO_INDEX ? NULL
                                      : &context->policy->versions[e->version].awards[e->award];
}

uint32_t tally_entries_before(const tally_context *context, uint32_t place)
{
    uint32_t low = 0;
    uint32_t high = context->entry_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (context->entries[middle].event < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool tally_entry_is_deduction(const tally_context *context, uint32_t entry)
{
    const tally_award *award = tally_entry_award(context, entry);

    return award != NULL && award->is_deduction;
}

/* ---- by itself ------------------------------------------------------------------- */

static const tally_open_dispute *open_dispute(const tally_context *context, uint32_t event,
                                              int64_t t)
{
    uint32_t first;
    uint32_t count;

    if (context->dispute_count == 0)
        return NULL;
    count = tally_context_disputes_of(context, event, &first);
    for (uint32_t i = 0; i < count; i++)
        if (context->disputes[first + i].opened_ms <= t &&
            t < context->disputes[first + i].closed_ms)
            return &context->disputes[first + i];
    return NULL;
}

static tally_disputed while_disputed(const tally_award *award, const tally_award_entry *entry)
{
    bool is_negative = entry->is_spending || entry->raw < 0;

    if (!award->disputed_is_default)
        return award->while_disputed;
    return is_negative ? TALLY_DISPUTED_HELD_OUT : TALLY_DISPUTED_COUNTS;
}

tally_amount_state tally_entry_state(const tally_context *context, uint32_t entry, int64_t t,
                                     bool *out_is_disputed, int64_t *out_seen_ms)
{
    const tally_award_entry *e = &context->entries[entry];
    const tally_award *award = tally_entry_award(context, entry);
    const tally_open_dispute *dispute;
    tally_disputed disputed = TALLY_DISPUTED_COUNTS;

    *out_is_disputed = false;
    *out_seen_ms = t;
    if (award == NULL)
        return TALLY_AMOUNT_COUNTS;
    dispute = open_dispute(context, e->event, t);
    if (dispute != NULL) {
        *out_is_disputed = true;
        disputed = while_disputed(award, e);
        if (disputed == TALLY_DISPUTED_FROZEN)
            t = *out_seen_ms = dispute->opened_ms > e->at_ms ? dispute->opened_ms : e->at_ms;
    }
    if (e->ended_ms <= t)
        return TALLY_AMOUNT_TAKEN_BACK;
    if (e->expires_ms <= t)
        return TALLY_AMOUNT_EXPIRED;
    if (e->effect_ms > t)
        return award->is_deduction && tally_pauses_is_running(context, t) ? TALLY_AMOUNT_PAUSED
                                                                          : TALLY_AMOUNT_NOT_YET;
    return disputed == TALLY_DISPUTED_HELD_OUT ? TALLY_AMOUNT_HELD_OUT : TALLY_AMOUNT_COUNTS;
}

static void earlier_of(int64_t instant, int64_t t, int64_t *io_next)
{
    if (instant > t && instant < *io_next)
        *io_next = instant;
}

int64_t tally_entry_next_change(const tally_context *context, uint32_t entry, int64_t t)
{
    const tally_award_entry *e = &context->entries[entry];
    int64_t next = TALLY_NEVER_MS;
    uint32_t first;
    uint32_t count;

    earlier_of(e->effect_ms, t, &next);
    earlier_of(e->expires_ms, t, &next);
    earlier_of(e->ended_ms, t, &next);
    if (context->dispute_count > 0) {
        count = tally_context_disputes_of(context, e->event, &first);
        for (uint32_t i = 0; i < count; i++) {
            earlier_of(context->disputes[first + i].opened_ms, t, &next);
            earlier_of(context->disputes[first + i].closed_ms, t, &next);
        }
    }
    return next;
}

tally_rc tally_entry_changes(tally_context *context, uint32_t entry, const int64_t **out_instants,
                             uint32_t *out_count, tally_err *err)
{
    int64_t t = context->entries[entry].at_ms;
    uint32_t count = 0;
    int64_t *instants;

    for (int64_t next = tally_entry_next_change(context, entry, t); next != TALLY_NEVER_MS;
         next = tally_entry_next_change(context, entry, next))
        count++;
    instants = tally_arena_alloc(context->arena, count * sizeof(*instants));
    if (instants == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < count; i++)
        t = instants[i] = tally_entry_next_change(context, entry, t);
    *out_instants = instants;
    *out_count = count;
    return TALLY_OK;
}

/* amount after decay; rounded towards zero, as division is. */
static int64_t decay(const tally_award *award, int64_t amount, int64_t age_ms)
{
    int64_t days = age_ms / TALLY_DAY_MS;
    int64_t span = award != NULL ? award->decay_days : 0;

    if (award == NULL || award->decay == TALLY_DECAY_NONE || span <= 0 || days <= 0)
        return amount;
    if (award->decay == TALLY_DECAY_LINEAR)
        return days >= span ? 0 : (int64_t)((tally_i128)amount * (span - days) / span);
    if (days / span >= 63) /* less than one unit is left */
        return 0;
    /* Below 2^63 * 2^38, for no span is longer than the calendar, over 2^64 * 2^37. */
    return (int64_t)((tally_i128)amount * (2 * span - days % span) /
                     (((tally_i128)1 << (days / span + 1)) * span));
}

/* What an entry that counts is worth by itself: after decay, and what is spent of that. */
static int64_t worth_by_itself(const tally_context *context, uint32_t entry, uint32_t limit,
                               int64_t t, int64_t seen_ms, int64_t *out_decayed, int64_t *out_spent)
{
    const tally_award_entry *e = &context->entries[entry];
    int64_t amount = decay(tally_entry_award(context, entry), e->credited, seen_ms - e->at_ms);
    int64_t spent = 0;

    if (e->spent > 0) { /* of positive entries only */
        spent = tally_spending_of(context, entry, limit, t);
        if (spent > amount) /* decay has meanwhile taken more than was left */
            spent = amount;
    }
    *out_decayed = e->credited - amount;
    *out_spent = spent;
    return amount - spent;
}

int64_t tally_entry_worth(const tally_context *context, uint32_t entry, uint32_t limit, int64_t t)
{
    bool is_disputed;
    int64_t seen_ms, decayed, spent;

    if (tally_entry_state(context, entry, t, &is_disputed, &seen_ms) != TALLY_AMOUNT_COUNTS)
        return 0;
    return worth_by_itself(context, entry, limit, t, seen_ms, &decayed, &spent);
}

/* ---- among all that count -------------------------------------------------------------- */

typedef struct member {
    uint32_t entry, limit, bucket;
    int32_t period;
    uint32_t limit_id;
    int64_t amount;
} member;

static int order_members(const void *left, const void *right)
{
    const member *a = left;
    const member *b = right;

    if (a->limit_id != b->limit_id)
        return a->limit_id < b->limit_id ? -1 : 1;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static int order_best(const void *left, const void *right)
{
    const member *a = left;
    const member *b = right;

    if (a->amount != b->amount)
        return a->amount > b->amount ? -1 : 1;
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* The limit as it is at t: of the version in force, if that knows it. */
static tally_rc limit_at(tally_context *context, const tally_award_entry *entry,
                         uint32_t limit_index, int64_t t, int64_t *out_amount, tally_err *err)
{
    uint32_t version = tally_context_version_at(context, t);
    const tally_version *rules = &context->policy->versions[version];
    const tally_limit *limit = &context->policy->versions[entry->version].limits[limit_index];
    tally_scope scope = tally_scope_at(context, t);
    tally_value value;
    tally_rc rc;

    for (uint32_t i = 0; version != entry->version && i < rules->limit_count; i++)
        if (rules->limits[i].id == limit->id && rules->limits[i].kind == limit->kind) {
            limit = &rules->limits[i];
            goto found;
        }
    version = entry->version;
found:
    if (limit->amount_is_constant) {
        *out_amount = limit->amount_value;
        return TALLY_OK;
    }
    rc = tally_evaluate(context, version, limit->amount, &scope, &value, err);
    if (rc == TALLY_OK)
        *out_amount = value.a;
    return rc;
}

static void cut_newest(const member *members, uint32_t count, int64_t limit, tally_amount *amounts)
{
    tally_i128 excess = -(tally_i128)limit;

    for (uint32_t i = 0; i < count; i++)
        excess += amounts[members[i].entry].counted;
    for (uint32_t i = count; i-- > 0 && excess > 0;) {
        tally_amount *amount = &amounts[members[i].entry];
        int64_t cut = amount->counted < excess ? amount->counted : (int64_t)excess;

        if (amount->counted <= 0)
            continue;
        amount->counted -= cut;
        amount->cut_by_net += cut;
        amount->cutting_limit = members[i].limit;
        excess -= cut;
    }
}

static void cut_all_but_best(member *members, uint32_t count, int64_t best, tally_amount *amounts)
{
    for (uint32_t i = 0; i < count; i++)
        members[i].amount = amounts[members[i].entry].counted;
    qsort(members, count, sizeof(*members), order_best);
    for (uint32_t i = 0; i < count; i++) {
        tally_amount *amount = &amounts[members[i].entry];

        if (i < best)
            continue;
        amount->not_among_best += amount->counted;
        amount->counted = 0;
        amount->cutting_limit = members[i].limit;
    }
}

static tally_rc settle_limits(tally_context *context, int64_t t, uint32_t limit,
                              tally_amount *amounts, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    member *members;
    uint32_t count = 0;
    uint32_t end;
    tally_rc rc = tally_pass_buffer(context, &pass->members, &pass->members_room,
                                    pass->later_count * sizeof(*members), err);

    if (rc != TALLY_OK)
        return rc;
    members = pass->members;
    for (uint32_t i = 0; i < pass->later_count; i++) {
        const tally_later *later = &pass->later[i];
        uint32_t version;

        if (later->entry >= limit || amounts[later->entry].state != TALLY_AMOUNT_COUNTS)
            continue;
        version = context->entries[later->entry].version;
        members[count++] =
            (member){ .entry = later->entry,
                      .limit = later->limit,
                      .bucket = later->bucket,
                      .period = later->period,
                      .limit_id = context->policy->versions[version].limits[later->limit].id };
    }
    if (count > 0)
        qsort(members, count, sizeof(*members), order_members);
    for (uint32_t i = 0; i < count; i = end) {
        const tally_award_entry *newest;
        const tally_limit *rule;
        int64_t amount;

        for (end = i + 1; end < count && members[end].bucket == members[i].bucket &&
                          members[end].period == members[i].period;)
            end++;
        newest = &context->entries[members[end - 1].entry];
        rule = &context->policy->versions[newest->version].limits[members[end - 1].limit];
        rc = limit_at(context, newest, members[end - 1].limit, t, &amount, err);
        if (rc != TALLY_OK)
            return rc;
        if (amount == TALLY_NOTHING)
            continue;
        if (rule->kind == TALLY_LIMIT_NET)
            cut_newest(members + i, end - i, amount, amounts);
        else
            cut_all_but_best(members + i, end - i, amount, amounts);
    }
    return TALLY_OK;
}

/* Deductions together take at most a quarter of the active points: the newest give way. */
static void bound_deductions(const tally_context *context, uint32_t limit, tally_amount *amounts)
{
    tally_i128 active = 0;
    tally_i128 deductions = 0;
    tally_i128 excess;

    for (uint32_t i = 0; i < limit; i++) {
        if (amounts[i].counted < 0 && tally_entry_is_deduction(context, i))
            deductions += amounts[i].counted;
        else if (amounts[i].counted > 0)
            active += amounts[i].counted;
    }
    excess = tally_deductions_bounded(active, deductions) - deductions; /* >= 0 */
    for (uint32_t i = limit; i-- > 0 && excess > 0;) {
        int64_t cut = -amounts[i].counted < excess ? -amounts[i].counted : (int64_t)excess;

        if (amounts[i].counted >= 0 || !tally_entry_is_deduction(context, i))
            continue;
        amounts[i].counted += cut;
        amounts[i].beyond_share -= cut;
        excess -= cut;
    }
}

static tally_rc settle(tally_context *context, int64_t t, uint32_t limit, tally_amount *amounts,
                       tally_err *err)
{
    tally_rc rc = tally_engine_work(context, limit, NULL, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < limit; i++) {
        tally_amount *amount = &amounts[i];
        int64_t seen_ms;

        *amount = (tally_amount){ .cutting_limit = TALLY_NO_INDEX };
        amount->state = tally_entry_state(context, i, t, &amount->is_disputed, &seen_ms);
        if (amount->state == TALLY_AMOUNT_COUNTS)
            amount->counted =
                worth_by_itself(context, i, limit, t, seen_ms, &amount->decayed, &amount->spent);
    }
    if (rc == TALLY_OK && context->pass->later_count > 0) {
        /* Asking how much a limit allows must not come back here: it would never end. */
        if (context->pass->is_settling)
            return tally_err_set(err, TALLY_E_LIMIT, 0,
                                 "a net or best limit depends on the score it limits");
        context->pass->is_settling = true;
        rc = settle_limits(context, t, limit, amounts, err);
        context->pass->is_settling = false;
    }
    if (rc == TALLY_OK)
        bound_deductions(context, limit, amounts);
    return rc;
}

tally_rc tally_amounts_settle(tally_context *context, int64_t t, uint32_t limit,
                              const tally_amount **out_amounts, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    tally_rc rc = tally_pass_buffer(context, &pass->amounts, &pass->amounts_room,
                                    limit * sizeof(tally_amount), err);

    if (rc == TALLY_OK)
        rc = settle(context, t, limit, pass->amounts, err);
    if (rc == TALLY_OK)
        *out_amounts = pass->amounts;
    return rc;
}

tally_rc tally_amounts_at(tally_context *context, int64_t t, const tally_amount **out_amounts,
                          tally_err *err)
{
    struct tally_pass *pass = context->pass;
    uint32_t limit = tally_entries_before(context, tally_context_place(context, t));
    tally_amount *amounts;
    tally_rc rc = tally_pass_buffer(context, &pass->shown, &pass->shown_room,
                                    context->entry_count * sizeof(*amounts), err);

    if (rc != TALLY_OK)
        return rc;
    amounts = pass->shown;
    rc = settle(context, t, limit, amounts, err);
    for (uint32_t i = limit; i < context->entry_count; i++)
        amounts[i] =
            (tally_amount){ .state = TALLY_AMOUNT_NOT_YET, .cutting_limit = TALLY_NO_INDEX };
    if (rc == TALLY_OK)
        *out_amounts = amounts;
    return rc;
}
