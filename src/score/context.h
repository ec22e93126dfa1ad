/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_CONTEXT_H
#define TALLY_SCORE_CONTEXT_H

/* Inside the engine: one subject's records as known at one instant, and the
 * questions that rules ask about them.
 *
 * A context is opened for a knowledge instant K (the as-of of the result). It
 * holds the visible events: those known at K, with voids and corrections
 * applied, in (at, id) order. Every question is asked at an instant t <= K
 * about the first `place` of them; so replaying tiers through time opens one
 * context and asks it many times. K itself is asked with tally_scope_at(K).
 *
 * The order of use: tally_context_open(), fill context->hooks, then
 * tally_awards_run(), then anything else in any order. Before the awards have
 * run, `score` and `earned` are those of the entries settled so far.
 *
 * One thread at a time. All memory comes from the arena given at opening.
 * Outputs are written on success only. Every function that returns tally_rc may
 * return TALLY_E_OVERFLOW (err names the line of the rule), TALLY_E_LIMIT or
 * TALLY_E_NOMEM; only further codes are named below. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/program.h"
#include "score/history.h"
#include "score/score.h"
#include "tally/base.h"

#define TALLY_NEVER_MS INT64_MAX /* an instant that does not come */

/* ---- the visible events (visible.c) -------------------------------------- */

/* In (at, id) order; only the policy's own types (index >= TALLY_RECORD_TYPES).
 * Events with at > K are among them when they were recorded by K (promised). */
typedef struct tally_events {
    uint32_t count;
    uint32_t slot_count;
    const int64_t *at_ms;
    const int64_t *recorded_ms; /* NULL: as at_ms; read with tally_events_recorded() */
    const int32_t *offset_s;    /* NULL: all 0; read with tally_events_offset() */
    const uint8_t *type;
    const int64_t *const *slots; /* slots[s][i] */
    const uint32_t *subject;     /* admission only, else NULL */
    const uint32_t *record;      /* index into the history; NULL: the same index */
} tally_events;

static inline int64_t tally_events_recorded(const tally_events *events, uint32_t i)
{
    return events->recorded_ms != NULL ? events->recorded_ms[i] : events->at_ms[i];
}

static inline int32_t tally_events_offset(const tally_events *events, uint32_t i)
{
    return events->offset_s != NULL ? events->offset_s[i] : 0;
}

/* Field `slot` of event i; TALLY_NOTHING if it has none. slot -1: no such field. */
static inline int64_t tally_events_field(const tally_events *events, uint32_t i, int32_t slot)
{
    return slot < 0 || (uint32_t)slot >= events->slot_count ? TALLY_NOTHING
                                                            : events->slots[slot][i];
}

/* The records about an event that are known and not void, in order. */
typedef enum tally_mark_kind {
    TALLY_MARK_REVERSAL,
    TALLY_MARK_DISPUTE,
    TALLY_MARK_STANDS,
    TALLY_MARK_DROPPED,
} tally_mark_kind;

typedef struct tally_mark {
    uint32_t event;  /* index into the visible events */
    uint32_t record; /* index into the history */
    int64_t at_ms;
    tally_mark_kind kind;
} tally_mark;

/* While a dispute on an event is open: [opened, closed). Disjoint, ascending. */
typedef struct tally_open_dispute {
    uint32_t event;
    int64_t opened_ms, closed_ms; /* TALLY_NEVER_MS: no decision known */
} tally_open_dispute;

/* A time in which some pause runs: [from, to). Disjoint, ascending, of all
 * pauses together. */
typedef struct tally_span_ms {
    int64_t from_ms, to_ms; /* TALLY_NEVER_MS: still running */
} tally_span_ms;

/* ---- a question's scope ----------------------------------------------------- */

typedef struct tally_scope {
    int64_t t;      /* the instant of the question */
    uint32_t first; /* sets hold only visible events from here on (a streak's period); else 0 */
    uint32_t place; /* … and before here: those with at <= t, or up to and including the root */
    uint32_t event; /* the event in scope for bare names, or TALLY_NO_INDEX */
    uint32_t outer; /* `this`, or TALLY_NO_INDEX */
    uint32_t
        root; /* the event whose award is settled: `score` is the one before it; else TALLY_NO_INDEX */
    int32_t offset_s; /* t's offset; read only where the zone is each event's own */
} tally_scope;

/* ---- entries and what they are worth ---------------------------------------- */

typedef enum tally_amount_state {
    TALLY_AMOUNT_COUNTS,
    TALLY_AMOUNT_NOT_YET,  /* its answer period runs, or it is not confirmed */
    TALLY_AMOUNT_HELD_OUT, /* disputed */
    TALLY_AMOUNT_PAUSED,   /* a deduction during a pause */
    TALLY_AMOUNT_EXPIRED,
    TALLY_AMOUNT_TAKEN_BACK, /* reversed, dropped or repaired */
} tally_amount_state;

/* What an entry is worth at an instant:
 * credited = counted + decayed + spent + cut_by_net + not_among_best + beyond_share while it counts.
 * The parts have the sign of credited; all are 0 while it does not count. */
typedef struct tally_amount {
    tally_amount_state state;
    bool is_disputed; /* a dispute is open, whatever that means for the amount */
    int64_t counted;  /* what enters the score */
    int64_t decayed;
    int64_t spent;
    int64_t cut_by_net;
    int64_t not_among_best;
    int64_t beyond_share; /* of a deduction: over 25 % of the active points */
    uint32_t
        cutting_limit; /* limit index in the entry's version that cut it last, or TALLY_NO_INDEX */
} tally_amount;

/* Points used up by a spending entry (or a tier's price). */
typedef struct tally_spend {
    uint32_t spender, entry; /* entry indexes */
    int64_t amount;          /* > 0 */
} tally_spend;

/* The score at an instant. */
typedef struct tally_standing {
    int64_t sum;     /* start + counted amounts, before floor and ceiling */
    int64_t score;   /* after them */
    int64_t shown;   /* shown_on + score */
    bool has_rating; /* `needs` is met (true without `needs`) */
} tally_standing;

typedef struct tally_context tally_context;

/* What the layers above answer. NULL entries: streaks are 0, nothing is held,
 * `throughout` looks at the ends of its time and at the events within. */
typedef struct tally_hooks {
    void *data;
    /* The streak's length at scope->t. */
    tally_rc (*streak)(tally_context *context, uint32_t version, uint32_t streak,
                       const tally_scope *scope, int64_t *out_length, tally_err *err);
    /* Is the tier held at scope->t: 1, 0. */
    tally_rc (*held)(tally_context *context, uint32_t version, uint32_t tier,
                     const tally_scope *scope, int64_t *out_condition, tally_err *err);
    /* The instants in (from, to] at which an answer may change, ascending; they
     * live until the next call. */
    tally_rc (*changes)(tally_context *context, int64_t from_ms, int64_t to_ms,
                        const int64_t **out_instants, uint32_t *out_count, tally_err *err);
    /* For a tier with a price, asked in the pass after the entries of event
     * place - 1 (t is its at): has the tier, last paid for at paid_ms, been held
     * ever since? */
    tally_rc (*still_held)(tally_context *context, uint32_t version, uint32_t tier, int64_t paid_ms,
                           const tally_scope *scope, bool *out_is_held, tally_err *err);
} tally_hooks;

struct tally_let_cache;
struct tally_pass;
struct tally_sweep;

struct tally_context {
    const struct tally_policy *policy;
    const tally_history *history; /* NULL for a context of tally_context_open_empty() */
    tally_arena *arena;
    int64_t known_ms; /* K */
    tally_hooks hooks;

    tally_events events;
    uint32_t mark_count; /* by event, then in order */
    const tally_mark *marks;
    uint32_t dispute_count; /* by event, then ascending */
    const tally_open_dispute *disputes;
    uint32_t pause_count;
    const tally_span_ms *pauses;

    uint32_t entry_count; /* in order of settling: by event, then award as written */
    const tally_award_entry *entries;
    uint32_t spend_count;
    const tally_spend *spends; /* in order */

    /* fact_series[version][fact]: given at opening, or NULL to use the published values. */
    const tally_fact_series *const *const *fact_series;

    /* Admission: local lets of the rule at work; TALLY_OP_LET index >= version's let_count. */
    uint32_t local_let_count;
    const tally_let *local_lets;

    /* The rest belongs to the files named. */
    struct tally_type_lists *type_lists; /* sets.c */
    struct tally_let_cache *let_cache;   /* evaluate.c */
    struct tally_members *members;       /* members.c */
    struct tally_through *through;       /* through.c */
    struct tally_pass *pass;             /* awards.c */
    struct tally_sweep *sweep;           /* amounts.c */
    int64_t *scratch;                    /* sets.c: a stack of values */
    uint32_t scratch_count, scratch_room;
    uint32_t depth;                    /* of nested evaluation */
    uint64_t work;                     /* events looked at and amounts settled so far [16] */
    bool is_asking_needs;              /* standing.c */
    struct tally_columns_owned *owned; /* append.c: the columns of appended events */
};

/* ---- opening (visible.c, append.c) --------------------------------------------- */

/* history must outlive the context. facts may be NULL. */
TALLY_MUST_CHECK tally_rc tally_context_open(tally_context **out_context,
                                             const struct tally_policy *policy,
                                             const tally_history *history, const tally_facts *facts,
                                             int64_t known_ms, tally_arena *arena, tally_err *err);

/* A context without records, to which events are appended in order: what the
 * admission pass asks its questions of. slot_count is at least that of every type. */
TALLY_MUST_CHECK tally_rc tally_context_open_empty(tally_context **out_context,
                                                   const struct tally_policy *policy,
                                                   uint32_t slot_count, tally_arena *arena,
                                                   tally_err *err);

typedef struct tally_new_event {
    int64_t at_ms, recorded_ms;
    int32_t offset_s;
    uint32_t type, subject;
    const int64_t *slots; /* slot_count values, TALLY_NOTHING where the type has no such field */
} tally_new_event;

/* Append one event; its index is events.count - 1. It must not come before the
 * last one in time. */
TALLY_MUST_CHECK tally_rc tally_context_append(tally_context *context, const tally_new_event *event,
                                               tally_err *err);
/* Take the last appended event away again. */
void tally_context_drop_last(tally_context *context);

/* Index of the version in force at t. */
uint32_t tally_context_version_at(const tally_context *context, int64_t t);

/* How many visible events have at <= t. */
uint32_t tally_context_place(const tally_context *context, int64_t t);

/* The scope of a question at t about all events with at <= t. */
tally_scope tally_scope_at(const tally_context *context, int64_t t);

/* The scope of an award's rule: event i at its instant, sets up to and including it. */
tally_scope tally_scope_of_event(const tally_context *context, uint32_t event);

/* Which marks and open disputes an event has: [first, first + count) of context->marks / disputes. */
uint32_t tally_context_marks_of(const tally_context *context, uint32_t event, uint32_t *out_first);
uint32_t tally_context_disputes_of(const tally_context *context, uint32_t event,
                                   uint32_t *out_first);

/* ---- expressions (evaluate.c) and sets (sets.c) ---------------------------------- */

/* Ask an expression of `version`. scope->event may be TALLY_NO_INDEX: fields are then nothing. */
TALLY_MUST_CHECK tally_rc tally_evaluate(tally_context *context, uint32_t version,
                                         const tally_expr *expr, const tally_scope *scope,
                                         tally_value *out_value, tally_err *err);

/* Ask a condition: 1 met, 0 failed, TALLY_NOTHING unknown. A NULL expr is met. */
TALLY_MUST_CHECK tally_rc tally_evaluate_condition(tally_context *context, uint32_t version,
                                                   const tally_expr *expr, const tally_scope *scope,
                                                   int64_t *out_condition, tally_err *err);

/* -1, 0, 1: two values of one type; for NUMBER and RATIO with the decimals of each. Neither is nothing. */
int tally_value_compare(tally_value_type a_type, uint8_t a_decimals, tally_value a,
                        tally_value_type b_type, uint8_t b_decimals, tally_value b);

/* The members of a set in order, as indexes into the visible events; in the arena. For statements
 * (`X has N of M`): rules themselves use cheaper ways. */
TALLY_MUST_CHECK tally_rc tally_set_members(tally_context *context, uint32_t version,
                                            const tally_set *set, const tally_scope *scope,
                                            const uint32_t **out_members, uint32_t *out_count,
                                            tally_err *err);

/* ---- instants and periods (instants.c) ------------------------------------------- */

/* The zone of a version or of a window (its zone index, TALLY_NO_INDEX: the version's).
 * NULL: each event's own offset. */
const tally_zone *tally_context_zone(const tally_context *context, uint32_t version,
                                     uint32_t zone_index);

/* T's offset where it is each event's own: that of the latest event at or before t, 0 if none. */
int32_t tally_context_offset(const tally_context *context, int64_t t);

/* In these, zone NULL means offset_s. */
int32_t tally_local_day(const tally_zone *zone, int32_t offset_s, int64_t t);
int64_t tally_local_day_start(const tally_zone *zone, int32_t offset_s, int32_t day);
int32_t tally_local_period(const tally_zone *zone, int32_t offset_s, tally_unit unit, int64_t t);
/* First instant of a period; its last millisecond is that of the next, minus 1. */
int64_t tally_local_period_start(const tally_zone *zone, int32_t offset_s, tally_unit unit,
                                 int32_t period);
/* The same local time `months` later, by the month-end rule. TALLY_NEVER_MS beyond year 9999 (before year 0: INT64_MIN). */
int64_t tally_local_add_months(const tally_zone *zone, int32_t offset_s, tally_month_end rule,
                               int64_t t, int64_t months);

/* The instant of a deadline counted from from_ms, in the version's zone. Pauses
 * do not move it. TALLY_NEVER_MS for NEVER or beyond year 9999. */
int64_t tally_deadline_instant(const tally_context *context, uint32_t version,
                               const tally_deadline *deadline, int64_t from_ms, int32_t offset_s);

/* The same, with `after …` moved by the pauses before it. TALLY_NEVER_MS while a
 * pause holds it back for an unknown time. */
int64_t tally_deadline_with_pauses(const tally_context *context, uint32_t version,
                                   const tally_deadline *deadline, int64_t from_ms,
                                   int32_t offset_s);

/* When a clock of duration_ms that starts at from_ms and stands still in pauses runs out. */
int64_t tally_pauses_extend(const tally_context *context, int64_t from_ms, int64_t until_ms);

/* Does a pause run at t? */
bool tally_pauses_is_running(const tally_context *context, int64_t t);

/* ---- the pass (awards.c) ------------------------------------------------------------ */

/* Settle every event with at <= K. Call once. */
TALLY_MUST_CHECK tally_rc tally_awards_run(tally_context *context, tally_err *err);

/* The award of an entry, or NULL for a tier's price. */
const tally_award *tally_entry_award(const tally_context *context, uint32_t entry);

/* How many entries belong to the first `place` events. */
uint32_t tally_entries_before(const tally_context *context, uint32_t place);

/* ---- worth (amounts.c) -------------------------------------------------------------- */

/* The score at t, with `needs` asked. Cheap when asked for ascending t. */
TALLY_MUST_CHECK tally_rc tally_score_at(tally_context *context, int64_t t,
                                         tally_standing *out_standing, tally_err *err);

/* What every entry is worth at t: entry_count amounts in the arena, valid until
 * the next call. Entries of events after t have counted 0 and are NOT_YET. */
TALLY_MUST_CHECK tally_rc tally_amounts_at(tally_context *context, int64_t t,
                                           const tally_amount **out_amounts, tally_err *err);

/* The instants at which an entry's worth may change by itself, ascending, in
 * the arena: effect, expiry, dispute, end, pauses; not its decay. */
TALLY_MUST_CHECK tally_rc tally_entry_changes(tally_context *context, uint32_t entry,
                                              const int64_t **out_instants, uint32_t *out_count,
                                              tally_err *err);

#endif
