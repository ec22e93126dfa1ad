/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_EXPLAIN_INTERNAL_H
#define TALLY_POLICY_EXPLAIN_INTERNAL_H

/* explain.c (the document), explain_rules.c (awards, limits, tiers, deadlines)
 * explain_expr.c (expressions) and explain_words.c (windows, sets, numbers). */

#include "policy/explain.h"

typedef struct tally_explainer {
    const struct tally_policy *policy;
    const tally_version *version;
    tally_buffer *out;
} tally_explainer;

void tally_explain_say(tally_explainer *e, const char *format, ...) TALLY_PRINTF(2, 3);
void tally_explain_text(tally_explainer *e, tally_text text);
void tally_explain_number(tally_explainer *e, int64_t value, uint32_t decimals);

/* A phrase without a capital or a full stop. */
void tally_explain_expr(tally_explainer *e, const tally_expr *expr);
/* A condition that ends the sentence: long lists of legs become lines of their own. */
void tally_explain_condition(tally_explainer *e, const tally_expr *expr);
void tally_explain_set(tally_explainer *e, const tally_set *set);
void tally_explain_window(
    tally_explainer *e,
    const tally_window *window); /* "in the last 100 days"; nothing for lifetime */
void tally_explain_duration(tally_explainer *e, int64_t ms);
void tally_explain_deadline(tally_explainer *e, const tally_deadline *deadline);
void tally_explain_review(tally_explainer *e, const tally_review *review);
void tally_explain_types(tally_explainer *e, const uint64_t *types, const char *joined_by);

/* The parts of a version: what may be recorded and by whom, one line each, and everything that is
 * computed from it, with its headings. */
void tally_explain_events(tally_explainer *e);
void tally_explain_rules(tally_explainer *e);

void tally_explain_awards(tally_explainer *e);
void tally_explain_score(tally_explainer *e);
void tally_explain_tiers(tally_explainer *e);
void tally_explain_grade(tally_explainer *e);
void tally_explain_streaks(tally_explainer *e);

const char *tally_explain_unit(uint8_t unit); /* "day" */

#endif
