/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_PASS_H
#define TALLY_SCORE_PASS_H

/* The memory of the pass over events: entries, spends, what limits have used.
 * awards.c leads; limits.c, bounds.c, spending.c, amounts.c and standing.c share it. */

#include "policy/charter_limits.h"
#include "score/engine.h"
#include "util/checked.h"

/* One bucket of one limit: the amounts credited under it, in order. */
typedef struct tally_bucket {
    uint32_t limit_id, key_count;
    uint64_t hash;
    const int64_t *keys;
    uint32_t index; /* in order of appearance */
    uint32_t charge_count, charge_room;
    uint32_t *charge_events;
    int64_t *charge_sums; /* the sum before the charge; one more than charges at the end */
} tally_bucket;

/* An entry under a limit that is settled at T. */
typedef struct tally_later {
    uint32_t entry, limit; /* limit: index in the entry's version */
    uint32_t bucket;       /* index */
    int32_t period;
} tally_later;

struct tally_pass {
    uint32_t event;       /* being settled */
    uint32_t first_entry; /* its first entry */
    uint32_t entry_room, spend_room;
    tally_award_entry *entries;
    tally_spend *spends;
    uint32_t *spend_next; /* per spend: the one before it on the same entry, or TALLY_NO_INDEX */
    uint32_t *last_spend; /* per entry: the last on it, or TALLY_NO_INDEX */

    uint32_t bucket_count, slot_count; /* slots of the hash table, a power of two */
    tally_bucket **buckets;

    uint32_t later_count, later_room;
    tally_later *later;

    uint32_t waiting_count, waiting_room;
    uint32_t *waiting; /* a heap of entries that floor and ceiling cut when they take effect */

    int64_t *paid_ms; /* per tier id: the last payment, or TALLY_NOTHING */

    /* Buffers that are used again and again; tally_pass_buffer(). */
    size_t amounts_room, shown_room, members_room, sources_room;
    void *amounts, *shown, *members, *sources;

    bool is_settling; /* inside tally_amounts_settle() */
    bool is_plain;    /* no decay, net or best limit: worth changes only at known instants */
    bool is_bounded;  /* some version applies its floor or ceiling at each event */
    bool has_deductions;
    bool is_done;
};

/* A buffer for `bytes`, the old one if it is large enough; its content is lost. */
tally_rc tally_pass_buffer(tally_context *context, void **io_buffer, size_t *io_room, size_t bytes,
                           tally_err *err);

/* ---- limits.c ------------------------------------------------------------------ */

/* How much room the award's limits leave for an amount, and which leaves the least. */
tally_rc tally_limits_cut(tally_context *context, uint32_t version, const tally_award *award,
                          const tally_scope *scope, int64_t raw, int64_t *out_amount,
                          uint32_t *out_cutting_limit, tally_err *err);
/* Charge what was credited to all limits of the award; note those settled at T. */
tally_rc tally_limits_charge(tally_context *context, uint32_t version, const tally_award *award,
                             const tally_scope *scope, uint32_t entry, int64_t credited,
                             tally_err *err);

/* ---- bounds.c ------------------------------------------------------------------- */

/* As much of an amount that counts at t as floor and ceiling leave. */
tally_rc tally_bounds_cut(tally_context *context, uint32_t version, int64_t t, int64_t amount,
                          int64_t *out_amount, tally_err *err);
/* Whether an entry is cut when it takes effect, later than at its place. */
bool tally_bounds_are_late(const tally_context *context, const tally_award_entry *entry);
/* Let such an entry wait; and cut all those that take effect by then. */
tally_rc tally_bounds_wait(tally_context *context, uint32_t entry, tally_err *err);
tally_rc tally_bounds_settle(tally_context *context, int64_t until_ms, tally_err *err);

/* ---- spending.c ------------------------------------------------------------------- */

/* Use up to `amount` (> 0) points that count at t for the entry `spender`; how much there was. */
tally_rc tally_spending_take(tally_context *context, uint32_t spender, int64_t amount, int64_t t,
                             int64_t *out_taken, tally_err *err);
/* How much of an entry is used up at t by spenders below `limit`. */
int64_t tally_spending_of(const tally_context *context, uint32_t entry, uint32_t limit, int64_t t);
/* Spends of a spender: [*out_first, + count). */
uint32_t tally_spending_by(const tally_context *context, uint32_t spender, uint32_t *out_first);

/* ---- amounts.c ----------------------------------------------------------------------- */

/* How an entry stands at t by itself, and the instant its worth is that of (earlier than t while frozen). */
tally_amount_state tally_entry_state(const tally_context *context, uint32_t entry, int64_t t,
                                     bool *out_is_disputed, int64_t *out_seen_ms);
/* The next instant after t at which that may change; TALLY_NEVER_MS: none. */
int64_t tally_entry_next_change(const tally_context *context, uint32_t entry, int64_t t);
bool tally_entry_is_deduction(const tally_context *context, uint32_t entry);
/* What an entry adds by itself at t: after decay, dispute and spending. */
int64_t tally_entry_worth(const tally_context *context, uint32_t entry, uint32_t limit, int64_t t);
/* The worth of the first `limit` entries at t, all cuts applied; valid until the next call. */
tally_rc tally_amounts_settle(tally_context *context, int64_t t, uint32_t limit,
                              const tally_amount **out_amounts, tally_err *err);

/* ---- standing.c ----------------------------------------------------------------------- */

/* Σ of the amounts that count at t among the first `limit` entries, where those from `settled`
 * on belong to the event at t being settled. */
tally_rc tally_standing_sum(tally_context *context, int64_t t, uint32_t settled, uint32_t limit,
                            int64_t *out_sum, tally_err *err);
/* What an entry was credited has changed, at the instant last asked about. */
void tally_standing_refresh(tally_context *context, uint32_t entry);
/* start + Σ, between floor and ceiling, as shown, without asking `needs`. */
tally_rc tally_standing_make(const tally_context *context, uint32_t version, int64_t sum,
                             tally_standing *out_standing, tally_err *err);

/* How much of the deductions (<= 0) counts beside active points (>= 0): 25 %, rounded down. */
static inline tally_i128 tally_deductions_bounded(tally_i128 active, tally_i128 deductions)
{
    tally_i128 most = active * TALLY_CHARTER_DEDUCTION_PERCENT_MAX / 100;

    return deductions < -most ? -most : deductions;
}

#endif
