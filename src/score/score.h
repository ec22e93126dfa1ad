/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_SCORE_H
#define TALLY_SCORE_SCORE_H

/* The engine: policy x history x T -> result, and the parts it is made of.
 *
 * Layers, each a file or two, lower ones know nothing of higher ones:
 *   history.c      records -> sorted columns
 *   visible.c      what is known at T: voids, corrections, late records -> the list of live events
 *   evaluate.c     expressions; sets.c windows and aggregates; instants.c deadlines, periods, pauses
 *   awards.c       the pass over events: amounts, limits, floor, credit, spending -> award entries
 *   amounts.c      what an entry is worth at an instant: effect, expiry, dispute, decay, net and best limits
 *   streaks.c tiers.c grade.c changes.c (instants at which anything can change)
 *   score.c        puts a result together;  columns.c the memoryless fast path over many subjects
 *   statement.c    lines, missing, next change
 * Pure: no clock, no I/O, no floating point, no state but the caller's. */

#include "policy/program.h"
#include "score/history.h"
#include "tally/base.h"

/* A value in evaluation. a == TALLY_NOTHING: nothing (unknown for a condition). RATIO: a / b, b > 0. */
typedef struct tally_value { int64_t a, b; } tally_value;

/* Dated facts: published ones come from the policy; admission and tests may give more. By version fact index of the newest
 * version whose name matches; values ascending by from_ms. */
typedef struct tally_fact_series { tally_text name; uint32_t count; const int64_t *from_ms; const int64_t *values; } tally_fact_series;
typedef struct tally_facts { uint32_t count; const tally_fact_series *series; } tally_facts;

/* One award of one event, as settled in order. */
typedef struct tally_award_entry {
    uint32_t event;        /* index into the visible events */
    uint32_t version, award; /* indexes; award TALLY_NO_INDEX: a tier's price */
    uint32_t tier;         /* of a price, else TALLY_NO_INDEX */
    int64_t at_ms;         /* place in order: the event's at */
    int64_t raw;           /* before limits */
    int64_t credited;      /* after limits and the floor; spending entries 0 */
    int64_t cut_by_limit, cut_by_floor;
    uint32_t cutting_limit;/* version's limit index that left least room, or TALLY_NO_INDEX */
    int64_t spent;         /* of a positive entry: used up by spending (cumulative at end of pass) */
    int64_t effect_ms;     /* takes effect; INT64_MAX: not (yet) */
    int64_t expires_ms;    /* INT64_MAX: never */
    int64_t ended_ms;      /* reversal or dropped; INT64_MAX: not */
    bool is_spending;
} tally_award_entry;

/* How a subject stands at T. */
typedef enum tally_score_state {
    TALLY_STATE_SCORE,     /* score is set */
    TALLY_STATE_NO_RATING, /* `needs` is not met */
    TALLY_STATE_NO_SCORE,  /* the policy has no awards */
} tally_score_state;

typedef struct tally_report { tally_text name; tally_value_type type; uint8_t decimals; const tally_words *domain; tally_value value; } tally_report;

typedef struct tally_result {
    uint32_t version;
    tally_score_state state;
    int64_t score, shown;   /* at points_decimals */
    uint32_t tier;          /* index in the version's tiers, TALLY_NO_INDEX: none */
    bool has_tiers;
    int64_t tier_since_ms, tier_valid_until_ms; /* INT64_MAX: no end */
    bool has_grade;
    uint32_t grade;         /* row, TALLY_NO_INDEX: no grade */
    uint32_t grade_version; /* whose row: with `assessed`, perhaps an earlier version's */
    uint32_t report_count;  /* reported lets and streaks */
    const tally_report *reports; /* in the caller's arena */
} tally_result;

/* Compute a result. arena is for temporary and returned memory; the caller may reset or free it afterwards.
 * facts may be NULL. TALLY_E_OVERFLOW: a number left its range (err says which rule); TALLY_E_LIMIT; TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_score_compute(const struct tally_policy *policy, const tally_history *history, const tally_facts *facts,
                                              int64_t as_of_ms, tally_arena *arena, tally_result *out_result, tally_err *err);

/* Last millisecond of a local day in the zone of the version then in force: what "as of a day" means. */
int64_t tally_score_end_of_day(const struct tally_policy *policy, int64_t day);

/* The instant of a time that was read: local without an offset, in the zone of the version in force on that day
 * (UTC where it is each event's own). A day alone is its first instant. */
int64_t tally_score_moment_ms(const struct tally_policy *policy, tally_moment moment);

#endif
