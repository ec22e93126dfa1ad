/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_ANSWERS_H
#define TALLY_SCORE_ANSWERS_H

/* One subject's answers through time: a context with its awards settled, and
 * what streaks, tiers and change instants remember while they are asked.
 *
 * Opened for a knowledge instant K, it answers for any t <= K; tiers are
 * replayed from the first event on, so ascending t costs least. Everything lives
 * in the arena. One thread at a time. */

#include "score/context.h"

typedef struct tally_answers tally_answers;
struct tally_change_list;
struct tally_tier_replay;
struct tally_streak_memory;

struct tally_answers {
    tally_context *context;
    tally_arena *arena;
    int64_t asked_ms;     /* where instants that no event causes begin to matter */
    bool awards_are_settled;
    struct tally_change_list *changes;   /* changes.c */
    struct tally_tier_replay *tiers;     /* tiers.c */
    struct tally_streak_memory *streaks; /* streaks.c */
};

/* Open a context for K with all hooks in place and settle its awards.
 * asked_ms <= K is the first instant that will be asked of a subject without
 * events. history must outlive the answers; facts may be NULL. */
TALLY_MUST_CHECK tally_rc tally_answers_open(tally_answers **out_answers,
                                             const struct tally_policy *policy,
                                             const tally_history *history, const tally_facts *facts,
                                             int64_t asked_ms, int64_t known_ms, tally_arena *arena,
                                             tally_err *err);

/* The whole result at t <= K. */
TALLY_MUST_CHECK tally_rc tally_answers_at(tally_answers *answers, int64_t t,
                                           tally_result *out_result, tally_err *err);

/* The out-of-memory or limit failure of the answers' arena. */
tally_rc tally_answers_no_memory(const tally_answers *answers, tally_err *err);

/* ---- instants (changes.c) ---------------------------------------------------- */

/* The instants in (from, to], to <= K, at which any answer may change,
 * ascending and without repetition: a conservative set. What tiers add by
 * themselves (holds, validities, reviews) is not among them. The list lives
 * until the next call. TALLY_E_LIMIT beyond 100,000 that no event causes. */
TALLY_MUST_CHECK tally_rc tally_changes_between(tally_answers *answers, int64_t from_ms,
                                                int64_t to_ms, const int64_t **out_instants,
                                                uint32_t *out_count, tally_err *err);

/* The first review instant at or after t (ALWAYS: t itself), and the last one
 * at or before t (INT64_MIN: none). */
int64_t tally_review_next(const tally_context *context, uint32_t version,
                          const tally_review *review, int64_t t);
int64_t tally_review_last(const tally_context *context, uint32_t version,
                          const tally_review *review, int64_t t);

/* ---- streaks (streaks.c) ------------------------------------------------------ */

TALLY_MUST_CHECK tally_rc tally_streak_length(tally_answers *answers, uint32_t version,
                                              uint32_t streak, int64_t t, int64_t *out_length,
                                              tally_err *err);

/* The visible events up to t that were freezes beyond what may be held: indexes
 * of events, ascending, in the arena. Asked of the version in force at t. */
TALLY_MUST_CHECK tally_rc tally_streak_refusals(tally_answers *answers, int64_t t,
                                                const uint32_t **out_events, uint32_t *out_count,
                                                tally_err *err);

/* Hook of the context. */
tally_rc tally_streaks_ask(tally_context *context, uint32_t version, uint32_t streak,
                           const tally_scope *scope, int64_t *out_length, tally_err *err);

/* ---- tiers (tiers.c) ------------------------------------------------------------ */

/* How one tier stands. */
typedef struct tally_tier_standing {
    bool is_held;
    int64_t gained_ms;      /* TALLY_NOTHING when the policy needs no replay */
    int64_t hold_ends_ms;   /* not lost before */
    int64_t valid_until_ms; /* TALLY_NEVER_MS: no end */
} tally_tier_standing;

/* The highest tier held at t, as an index into the tiers of the version then in
 * force, or TALLY_NO_INDEX. */
TALLY_MUST_CHECK tally_rc tally_tiers_at(tally_answers *answers, int64_t t, uint32_t *out_tier,
                                         tally_tier_standing *out_standing, tally_err *err);

/* One tier of a version at t. */
TALLY_MUST_CHECK tally_rc tally_tier_at(tally_answers *answers, uint32_t version, uint32_t tier,
                                        int64_t t, tally_tier_standing *out_standing,
                                        tally_err *err);

/* The next instant after the last one replayed at which a tier may move by
 * itself, or TALLY_NEVER_MS. */
int64_t tally_tiers_next(const tally_answers *answers);

/* Hooks of the context. */
tally_rc tally_tiers_held(tally_context *context, uint32_t version, uint32_t tier,
                          const tally_scope *scope, int64_t *out_condition, tally_err *err);
tally_rc tally_tiers_still_held(tally_context *context, uint32_t version, uint32_t tier,
                                int64_t paid_ms, const tally_scope *scope, bool *out_is_held,
                                tally_err *err);

/* ---- grade (grade.c) ------------------------------------------------------------- */

/* Which instant the grade at t is asked at: t, or the last assessment. False:
 * before the first one, or the version has no grade. */
bool tally_grade_instant(const tally_answers *answers, int64_t t, uint32_t *out_version,
                         int64_t *out_instant);

/* The row of the grade at t in the version of out_version, or TALLY_NO_INDEX. */
TALLY_MUST_CHECK tally_rc tally_grade_at(tally_answers *answers, int64_t t, uint32_t *out_version,
                                         uint32_t *out_row, tally_err *err);

#endif
