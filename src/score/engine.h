/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_ENGINE_H
#define TALLY_SCORE_ENGINE_H

/* What the files of the engine core share among themselves; the layers above
 * use score/context.h. */

#include "score/context.h"

/* Nested evaluation: lets within lets, sets within sets. A compiled expression
 * has at most 64 levels; this bounds their chains, and so the stack. */
#define TALLY_EVALUATION_DEPTH_MAX 1024u

/* Periods, instants and the like that one question may go through [16]. */
#define TALLY_STEPS_MAX 100000u

/* Events looked at and amounts settled for all questions of one context [16]: what keeps a
 * rule that is quadratic in the events from running for ever. */
#define TALLY_WORK_MAX UINT64_C(200000000)

/* Report that the work is beyond its bound. */
tally_rc tally_engine_overworked(const tally_span *span, tally_err *err);

/* Count work done for a rule at span (NULL: for none in particular). */
static inline tally_rc tally_engine_work(tally_context *context, uint64_t amount,
                                         const tally_span *span, tally_err *err)
{
    context->work += amount;
    return TALLY_LIKELY(context->work <= TALLY_WORK_MAX) ? TALLY_OK
                                                         : tally_engine_overworked(span, err);
}

/* Report that a number left its range in a rule. */
tally_rc tally_engine_overflow(const tally_span *span, tally_err *err);
/* Report why the context's arena gave nothing. */
tally_rc tally_engine_no_memory(const tally_context *context, tally_err *err);

/* First visible event with at > t, or with at >= t; count if there is none. */
uint32_t tally_events_after(const tally_events *events, int64_t t);
uint32_t tally_events_from(const tally_events *events, int64_t t);

/* Ask an operator that looks at a set (sets.c). */
tally_rc tally_set_evaluate(tally_context *context, uint32_t version, const tally_expr *expr,
                            const tally_scope *scope, tally_value *out_value, tally_err *err);

/* The same from a list of members, where they do not depend on the question
 * (members.c); *out_is_answered false: ask the set. */
tally_rc tally_members_ask(tally_context *context, uint32_t version, const tally_expr *expr,
                           const tally_scope *scope, bool *out_is_answered, tally_value *out_value,
                           tally_err *err);

/* `count(UNIT with …)` and `… throughout …` (through.c). */
tally_rc tally_periods_count(tally_context *context, uint32_t version, const tally_expr *expr,
                             const tally_scope *scope, tally_value *out_value, tally_err *err);
tally_rc tally_throughout_evaluate(tally_context *context, uint32_t version, const tally_expr *expr,
                                   const tally_scope *scope, tally_value *out_value,
                                   tally_err *err);

/* Arithmetic and rounding of values that are not nothing (arithmetic.c). */
tally_rc tally_arithmetic_evaluate(const tally_expr *expr, tally_month_end rule,
                                   const tally_value *args, tally_value *out_value, tally_err *err);

/* A window over the visible events: those in [low, high) that tally_window_has(). */
typedef struct tally_window_range {
    uint32_t low, high;
    enum { TALLY_TEST_NONE, TALLY_TEST_PERIODS, TALLY_TEST_MONTHS, TALLY_TEST_PROMISED } test;
    tally_unit unit;
    int32_t first_period, last_period; /* PERIODS: at the event's own offset */
    int64_t months, sure_after_ms;     /* MONTHS: no need to test those after */
    int64_t t;
} tally_window_range;

tally_rc tally_window_resolve(tally_context *context, uint32_t version, const tally_window *window,
                              const tally_scope *scope, tally_window_range *out_range,
                              tally_err *err);
/* Leave out the events from a place on. */
void tally_window_end(tally_window_range *range, uint32_t place);
bool tally_window_has(const tally_context *context, uint32_t version,
                      const tally_window_range *range, uint32_t event);

/* A stack of values for the duration of a question. Pointers into it do not
 * survive another push: use indexes. */
tally_rc tally_scratch_push(tally_context *context, int64_t value, tally_err *err);

/* Types as lists, kept by sets.c: forget one event at the end, or add one. */
tally_rc tally_type_lists_append(tally_context *context, tally_err *err);
void tally_type_lists_drop(tally_context *context);

/* Find the pauses of the visible events (pauses.c). */
tally_rc tally_pauses_find(tally_context *context, tally_err *err);

/* `earned(…)` (awards.c): award is the version's index or TALLY_NO_INDEX. */
tally_rc tally_earned_in(tally_context *context, uint32_t version, const tally_expr *expr,
                         const tally_scope *scope, int64_t *out_points, tally_err *err);

/* `score` as shown (amounts.c): nothing without a rating. */
tally_rc tally_score_shown(tally_context *context, const tally_scope *scope, int64_t *out_shown,
                           tally_err *err);

#endif
