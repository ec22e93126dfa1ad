/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_WALK_H
#define TALLY_POLICY_WALK_H

/* Visiting every expression of a version, with what it is for. Used by the
 * charter checker and the explainer; the engine has no need of it. */

#include "policy/program.h"

typedef enum tally_place {
    TALLY_PLACE_LET,
    TALLY_PLACE_FACT,
    TALLY_PLACE_AWARD, /* when, points, expiry conditions */
    TALLY_PLACE_LIMIT,
    TALLY_PLACE_SCORE_NEEDS,
    TALLY_PLACE_STREAK,
    TALLY_PLACE_TIER,
    TALLY_PLACE_MOVES,
    TALLY_PLACE_GRADE,
    TALLY_PLACE_ADMISSION,
} tally_place;

/* Called for each node, parents first. index: which let, award, tier … */
typedef void tally_expr_visit(void *context, tally_place place, uint32_t index,
                              const tally_expr *expr);

/* One tree, sets and windows included. NULL is allowed. */
void tally_expr_walk(const tally_expr *expr, tally_place place, uint32_t index,
                     tally_expr_visit *visit, void *context);

/* All of a version's rules, in the order of the sections of the language's page. */
void tally_version_walk(const tally_version *version, tally_expr_visit *visit, void *context);

#endif
