/* SPDX-License-Identifier: Apache-2.0 */
/* The floor and the ceiling where they are applied at each event
 * (docs/policy-language.md section 6).
 *
 * An award that counts at once is cut at its place in the pass. One that takes
 * effect later waits in a heap and is cut then, after those that took effect
 * before it and, at one instant, after those that stand before it in order. */

#include "score/pass.h"

/* As much of an amount as keeps start + sum between floor and ceiling. */
static tally_rc bound(const tally_score_rule *rule, int64_t sum, int64_t amount, int64_t *out_kept,
                      tally_err *err)
{
    int64_t room;

    *out_kept = amount;
    if (!rule->each_event || (amount > 0 ? !rule->has_ceiling : !rule->has_floor) || amount == 0)
        return TALLY_OK;
    if (!tally_add_i64(rule->start, sum, &sum) ||
        !tally_sub_i64(amount > 0 ? rule->ceiling : rule->floor, sum, &room))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    if (amount > 0)
        *out_kept = room <= 0 ? 0 : amount < room ? amount : room;
    else
        *out_kept = room >= 0 ? 0 : amount > room ? amount : room;
    return TALLY_OK;
}

tally_rc tally_bounds_cut(tally_context *context, uint32_t version, int64_t t, int64_t amount,
                          int64_t *out_amount, tally_err *err)
{
    const tally_score_rule *rule = &context->policy->versions[version].score;
    int64_t sum;
    tally_rc rc;

    *out_amount = amount;
    if (!rule->each_event || (amount > 0 ? !rule->has_ceiling : !rule->has_floor) || amount == 0)
        return TALLY_OK;
    rc =
        tally_standing_sum(context, t, context->pass->first_entry, context->entry_count, &sum, err);
    return rc != TALLY_OK ? rc : bound(rule, sum, amount, out_amount, err);
}

bool tally_bounds_are_late(const tally_context *context, const tally_award_entry *entry)
{
    return context->pass->is_bounded && entry->effect_ms > entry->at_ms;
}

/* ---- the heap of those that wait, the first to take effect on top ----------------- */

static bool is_before(const tally_context *context, uint32_t left, uint32_t right)
{
    int64_t a = context->entries[left].effect_ms;
    int64_t b = context->entries[right].effect_ms;

    return a != b ? a < b : left < right;
}

tally_rc tally_bounds_wait(tally_context *context, uint32_t entry, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    uint32_t i = pass->waiting_count;

    if (context->entries[entry].effect_ms > context->known_ms)
        return TALLY_OK;
    if (i == pass->waiting_room) {
        uint32_t room = i == 0 ? 16 : i * 2;
        uint32_t *grown = tally_arena_alloc(context->arena, room * sizeof(*grown));

        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        for (uint32_t k = 0; k < i; k++)
            grown[k] = pass->waiting[k];
        pass->waiting = grown;
        pass->waiting_room = room;
    }
    pass->waiting_count++;
    for (; i > 0 && is_before(context, entry, pass->waiting[(i - 1) / 2]); i = (i - 1) / 2)
        pass->waiting[i] = pass->waiting[(i - 1) / 2];
    pass->waiting[i] = entry;
    return TALLY_OK;
}

/* Take the top out; it is kept in the slot that becomes free behind the heap. */
static uint32_t pop(tally_context *context)
{
    struct tally_pass *pass = context->pass;
    uint32_t top = pass->waiting[0];
    uint32_t last = pass->waiting[--pass->waiting_count];
    uint32_t i = 0;

    for (uint32_t child = 1; child < pass->waiting_count; child = 2 * i + 1) {
        if (child + 1 < pass->waiting_count &&
            is_before(context, pass->waiting[child + 1], pass->waiting[child]))
            child++;
        if (!is_before(context, pass->waiting[child], last))
            break;
        pass->waiting[i] = pass->waiting[child];
        i = child;
    }
    pass->waiting[i] = last;
    pass->waiting[pass->waiting_count] = top;
    return top;
}

/* ---- taking effect ------------------------------------------------------------------ */

/* Σ of what counts at t without the `count` entries that take effect only now. */
static tally_rc sum_without(tally_context *context, int64_t t, const uint32_t *entries,
                            uint32_t count, int64_t *out_sum, tally_err *err)
{
    const tally_amount *amounts;
    tally_i128 sum = 0;
    tally_rc rc;

    if (context->pass->is_plain && !context->pass->has_deductions) {
        rc = tally_standing_sum(context, t, context->entry_count, context->entry_count, out_sum,
                                err);
        if (rc != TALLY_OK)
            return rc;
        sum = *out_sum;
        for (uint32_t i = 0; i < count; i++)
            sum -= tally_entry_worth(context, entries[i], context->entry_count, t);
    } else {
        rc = tally_amounts_settle(context, t, context->entry_count, &amounts, err);
        if (rc != TALLY_OK)
            return rc;
        for (uint32_t i = 0; i < context->entry_count; i++)
            sum += amounts[i].counted;
        for (uint32_t i = 0; i < count; i++)
            sum -= amounts[entries[i]].counted;
    }
    if (!tally_narrow_i64(sum, out_sum))
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
    return TALLY_OK;
}

/* Those that take effect at t: entries[count - 1] is the first in order. */
static tally_rc settle_together(tally_context *context, int64_t t, const uint32_t *entries,
                                uint32_t count, tally_err *err)
{
    uint32_t version = tally_context_version_at(context, t);
    const tally_score_rule *rule = &context->policy->versions[version].score;
    int64_t sum;
    tally_rc rc = sum_without(context, t, entries, count, &sum, err);

    for (uint32_t i = count; rc == TALLY_OK && i-- > 0;) {
        tally_award_entry *entry = &context->pass->entries[entries[i]];
        int64_t worth = tally_entry_worth(context, entries[i], context->entry_count, t);
        int64_t kept;

        rc = bound(rule, sum, worth, &kept, err);
        if (rc != TALLY_OK)
            break;
        if (!tally_add_i64(sum, kept, &sum))
            return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the score leaves its range");
        entry->credited -= worth - kept;
        entry->cut_by_floor += worth - kept;
        if (kept != worth)
            tally_standing_refresh(context, entries[i]);
    }
    return rc;
}

tally_rc tally_bounds_settle(tally_context *context, int64_t until_ms, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && pass->waiting_count > 0 &&
           context->entries[pass->waiting[0]].effect_ms <= until_ms) {
        int64_t t = context->entries[pass->waiting[0]].effect_ms;
        uint32_t count = 0;

        while (pass->waiting_count > 0 && context->entries[pass->waiting[0]].effect_ms == t) {
            pop(context);
            count++;
        }
        rc = settle_together(context, t, pass->waiting + pass->waiting_count, count, err);
    }
    return rc;
}
