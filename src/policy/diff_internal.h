/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_DIFF_INTERNAL_H
#define TALLY_POLICY_DIFF_INTERNAL_H

/* Shared by diff.c (the list of changes), diff_equal.c (what is the same), diff_order.c (what is at
 * least as much, what implies what), diff_monotone.c (whether more points can ever be worse),
 * diff_events.c, diff_awards.c, diff_results.c and diff_record.c (a part of the document each).
 *
 * Expressions of two programs are compared by names, since each program numbers its types, lets,
 * awards and tiers by itself. Named values are looked into, so work is bounded: what is not
 * decided within the bound is not shown, and so worse. */

#include "policy/diff.h"

typedef struct tally_side {
    const struct tally_policy *policy;
    const tally_version *version;
} tally_side;

typedef struct tally_differ tally_differ;
struct tally_differ {
    tally_side old, new;
    tally_differ *mirror; /* the same with old and new exchanged; NULL in those below */
    tally_differ *self_old, *self_new; /* one version beside itself */
    tally_arena *arena;
    tally_policy_change *items;
    uint32_t count, room;
    tally_rc failure; /* the first; the list is then worth nothing */
    uint64_t work;    /* nodes compared so far */
    /* By index of the old version's lets: 0 not asked, 1 equal, 2 not. */
    uint8_t *let_is_equal;
    uint32_t type_map[TALLY_EVENT_TYPES_MAX]; /* old type -> new type or TALLY_NO_INDEX */
    uint32_t *tier_map; /* old tier -> new tier, renames followed, or TALLY_NO_INDEX */
    /* What diff_monotone.c found to hold of both versions. */
    bool
        results_rise; /* tiers, reports: more points or tiers never lower one; grades see neither */
    bool points_rise; /* and: more credited for an award never lowers score or credit elsewhere */
    bool is_simple_moving; /* tiers move at once and each for itself */
};

/* ---- diff.c -------------------------------------------------------------------- */

/* What a change is, but for its texts. span: in the new text, NULL if it stands there no more. */
typedef struct tally_found {
    tally_change_label label;
    tally_change_reach reach;
    const char *why; /* a literal; for worse ones */
    bool is_stop, is_keepable;
    const tally_span *span;
    tally_text before, after;
} tally_found;

/* Add a change at PART.NAME.KEY (name and key may be empty) with its sentence. */
void tally_differ_add(tally_differ *differ, tally_found found, const char *part, tally_text name,
                      const char *key, const char *format, ...) TALLY_PRINTF(6, 7);

/* An expression in plain English, in the arena; "always" for none. */
const char *tally_differ_phrase(tally_differ *differ, const tally_side *side,
                                const tally_expr *expr);
const char *tally_differ_deadline(tally_differ *differ, const tally_side *side,
                                  const tally_deadline *deadline);
const char *tally_differ_number(tally_differ *differ, int64_t value, uint32_t decimals);
/* The source text of an expression; empty for none. */
tally_text tally_differ_source(const tally_expr *expr);

#define TALLY_DIFF_WHY_POINTS                                                    \
    "it cannot be shown that more points are never worse under all other rules " \
    "(docs/policy-publishing.md, section 2)"

/* ---- diff_equal.c ---------------------------------------------------------------- */

/* Do both mean the same, whatever the history? NULL is like NULL only. */
bool tally_differ_is_equal(tally_differ *differ, const tally_expr *old_expr,
                           const tally_expr *new_expr);
bool tally_differ_is_equal_set(tally_differ *differ, const tally_set *old_set,
                               const tally_set *new_set);
bool tally_differ_is_equal_window(tally_differ *differ, const tally_window *old_window,
                                  const tally_window *new_window);
bool tally_differ_is_equal_let(tally_differ *differ, uint32_t old_index, uint32_t new_index);
bool tally_deadline_is_equal(const tally_deadline *a, const tally_deadline *b);
bool tally_review_is_equal(const tally_review *a, const tally_review *b);
/* The old types, under their new numbers, are among the new ones; equal: are all of them. */
bool tally_differ_has_types(const tally_differ *differ, const uint64_t *old_types,
                            const uint64_t *new_types, bool equal);
/* One more node looked at; false: enough. */
bool tally_differ_may_go_on(tally_differ *differ);

/* ---- diff_order.c ---------------------------------------------------------------- */

/* Whenever the old number (or day, instant, duration) is something, so is the new one, and not less. */
bool tally_differ_is_at_least(tally_differ *differ, const tally_expr *old_expr,
                              const tally_expr *new_expr);
/* Whenever the old condition is met, so is the new one. NULL: always met. */
bool tally_differ_implies(tally_differ *differ, const tally_expr *old_expr,
                          const tally_expr *new_expr);
/* From whatever instant counted, `later` ends no earlier than `earlier`; pauses or not. */
bool tally_deadline_is_no_earlier(const tally_deadline *later, const tally_deadline *earlier);

typedef struct tally_range {
    int64_t least, greatest; /* in units of the expression's decimals; INT64_MIN, INT64_MAX: open */
} tally_range;

/* What a number (of a ratio: only its sign, as 0 or more) can be when it is something. */
tally_range tally_differ_range(tally_differ *differ, const tally_side *side,
                               const tally_expr *expr); /* diff_range.c */

/* ---- diff_monotone.c -------------------------------------------------------------- */

/* How an answer goes when credited points and held tiers go up. */
typedef enum tally_trend {
    TALLY_TREND_NONE, /* it does not ask for them */
    TALLY_TREND_UP,
    TALLY_TREND_DOWN,
    TALLY_TREND_UNKNOWN,
} tally_trend;

tally_trend tally_differ_trend(tally_differ *differ, const tally_side *side,
                               const tally_expr *expr);
/* Fill results_rise, points_rise and is_simple_moving. */
void tally_differ_ask_monotone(tally_differ *differ);
/* Of one tier, as that header says: held more easily, it is held whenever it was before. */
bool tally_differ_tier_rises(tally_differ *differ, const tally_side *side, const tally_tier *tier);

/* ---- the parts of the document ---------------------------------------------------- */

void tally_differ_header(tally_differ *differ);   /* diff_record.c */
void tally_differ_sources(tally_differ *differ);  /* diff_record.c */
void tally_differ_benefits(tally_differ *differ); /* diff_record.c */
void tally_differ_events(tally_differ *differ);   /* diff_events.c */
void tally_differ_values(tally_differ *differ);   /* diff_values.c: settings, facts, lets */
void tally_differ_awards(tally_differ *differ);   /* diff_awards.c */
void tally_differ_limits(tally_differ *differ);   /* diff_limits.c */
void tally_differ_score(tally_differ *differ);    /* diff_values.c */
void tally_differ_streaks(tally_differ *differ);  /* diff_values.c: and pauses */
void tally_differ_tiers(tally_differ *differ);    /* diff_tiers.c */
void tally_differ_grade(tally_differ *differ);    /* diff_tiers.c */

/* diff_limits.c: may this award, in both versions, be credited more for an event without anything
 * else being credited less? is_wider: also for events that earned nothing by it before. */
bool tally_differ_may_raise(tally_differ *differ, const tally_award *old_award,
                            const tally_award *new_award, bool is_wider);

/* ---- by name ----------------------------------------------------------------------- */

const tally_award *tally_side_award(const tally_side *side, tally_text name);
/* An index, or TALLY_NO_INDEX. */
uint32_t tally_version_tier(const tally_version *version, tally_text name);
uint32_t tally_side_let(const tally_side *side, tally_text name);
uint32_t tally_side_type(const tally_side *side, tally_text name);

#endif
