/* SPDX-License-Identifier: Apache-2.0 */
/* Spending, oldest expiry first (docs/policy-language.md section 6).
 *
 * A spender uses up what counts when its turn in order comes: the entry that
 * expires soonest first, then by order. What it took stays taken, unless the
 * spender itself is taken back or held out. */

#include <stdlib.h>
#include <string.h>

#include "score/pass.h"

typedef struct source {
    int64_t expires_ms;
    uint32_t entry;
    int64_t amount;
} source;

static int order_sources(const void *left, const void *right)
{
    const source *a = left;
    const source *b = right;

    if (a->expires_ms != b->expires_ms)
        return a->expires_ms < b->expires_ms ? -1 : 1;
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

uint32_t tally_spending_by(const tally_context *context, uint32_t spender, uint32_t *out_first)
{
    uint32_t low = 0;
    uint32_t high = context->spend_count;
    uint32_t count = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (context->spends[middle].spender < spender)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < context->spend_count && context->spends[low + count].spender == spender)
        count++;
    *out_first = low;
    return count;
}

int64_t tally_spending_of(const tally_context *context, uint32_t entry, uint32_t limit, int64_t t)
{
    const struct tally_pass *pass = context->pass;
    int64_t spent = 0;

    for (uint32_t i = pass->last_spend[entry]; i != TALLY_NO_INDEX; i = pass->spend_next[i]) {
        const tally_spend *spend = &context->spends[i];
        bool is_disputed;
        int64_t seen_ms;
        tally_amount_state state;

        if (spend->spender >= limit || context->entries[spend->spender].at_ms > t)
            continue;
        state = tally_entry_state(context, spend->spender, t, &is_disputed, &seen_ms);
        if (state == TALLY_AMOUNT_COUNTS || state == TALLY_AMOUNT_EXPIRED)
            spent += spend->amount; /* at most what the entry was credited */
    }
    return spent;
}

static tally_rc note(tally_context *context, uint32_t spender, uint32_t entry, int64_t amount,
                     tally_err *err)
{
    struct tally_pass *pass = context->pass;
    uint32_t count = context->spend_count;

    if (count == pass->spend_room) {
        uint32_t room = count == 0 ? 16 : count * 2;
        tally_spend *spends = tally_arena_alloc(context->arena, room * sizeof(*spends));
        uint32_t *next = tally_arena_alloc(context->arena, room * sizeof(*next));

        if (spends == NULL || next == NULL)
            return tally_engine_no_memory(context, err);
        if (count > 0) {
            memcpy(spends, pass->spends, count * sizeof(*spends));
            memcpy(next, pass->spend_next, count * sizeof(*next));
        }
        pass->spends = spends;
        pass->spend_next = next;
        pass->spend_room = room;
        context->spends = spends;
    }
    pass->spends[count] = (tally_spend){ spender, entry, amount };
    pass->spend_next[count] = pass->last_spend[entry];
    pass->last_spend[entry] = count;
    pass->entries[entry].spent += amount;
    context->spend_count++;
    return TALLY_OK;
}

/* What each entry could give at t. */
static tally_rc find_sources(tally_context *context, uint32_t spender, int64_t t,
                             source **out_sources, uint32_t *out_count, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    const tally_amount *amounts = NULL;
    source *sources;
    uint32_t count = 0;
    tally_rc rc = tally_pass_buffer(context, &pass->sources, &pass->sources_room,
                                    spender * sizeof(*sources), err);

    if (rc == TALLY_OK)
        rc = tally_engine_work(context, spender, NULL, err);
    if (rc == TALLY_OK && !pass->is_plain)
        rc = tally_amounts_settle(context, t, spender, &amounts, err);
    if (rc != TALLY_OK)
        return rc;
    sources = pass->sources;
    for (uint32_t i = 0; i < spender; i++) {
        const tally_award_entry *entry = &context->entries[i];
        int64_t amount = 0;

        /* A spent-up or ended entry is passed over without asking how it stands. */
        if (entry->credited <= 0 || entry->expires_ms <= t || entry->ended_ms <= t)
            continue;
        amount = amounts != NULL ? amounts[i].counted : tally_entry_worth(context, i, spender, t);
        if (amount > 0)
            sources[count++] = (source){ entry->expires_ms, i, amount };
    }
    if (count > 0)
        qsort(sources, count, sizeof(*sources), order_sources);
    *out_sources = sources;
    *out_count = count;
    return TALLY_OK;
}

tally_rc tally_spending_take(tally_context *context, uint32_t spender, int64_t amount, int64_t t,
                             int64_t *out_taken, tally_err *err)
{
    source *sources = NULL;
    uint32_t count = 0;
    int64_t left = amount;
    tally_rc rc = find_sources(context, spender, t, &sources, &count, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < count && left > 0; i++) {
        int64_t taken = sources[i].amount < left ? sources[i].amount : left;

        rc = note(context, spender, sources[i].entry, taken, err);
        left -= taken;
    }
    if (rc == TALLY_OK)
        *out_taken = amount - left;
    return rc;
}
