/* SPDX-License-Identifier: Apache-2.0 */
/* Depth is bounded by the parser's 64 levels (and named sets refer only to
 * earlier ones), so plain recursion is safe here. */

#include "policy/walk.h"

static void walk_window(const tally_window *window, tally_place place, uint32_t index,
                        tally_expr_visit *visit, void *context)
{
    if (window == NULL)
        return;
    tally_expr_walk(window->n_expr, place, index, visit, context);
    tally_expr_walk(window->ref, place, index, visit, context);
}

static void walk_set(const tally_set *set, tally_place place, uint32_t index,
                     tally_expr_visit *visit, void *context)
{
    for (; set != NULL; set = set->inner) {
        tally_expr_walk(set->with, place, index, visit, context);
        walk_window(set->window, place, index, visit, context);
    }
}

void tally_expr_walk(const tally_expr *expr, tally_place place, uint32_t index,
                     tally_expr_visit *visit, void *context)
{
    if (expr == NULL)
        return;
    visit(context, place, index, expr);
    for (uint16_t i = 0; i < expr->arg_count; i++)
        tally_expr_walk(expr->args[i], place, index, visit, context);
    walk_set(expr->set, place, index, visit, context);
    walk_window(expr->window, place, index, visit, context);
}

static void walk_awards(const tally_version *version, tally_expr_visit *visit, void *context)
{
    for (uint32_t i = 0; i < version->limit_count; i++) {
        const tally_limit *limit = &version->limits[i];

        tally_expr_walk(limit->amount, TALLY_PLACE_LIMIT, i, visit, context);
        walk_window(limit->window, TALLY_PLACE_LIMIT, i, visit, context);
        for (uint32_t k = 0; k < limit->key_count; k++)
            tally_expr_walk(limit->keys[k], TALLY_PLACE_LIMIT, i, visit, context);
    }
    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];

        tally_expr_walk(award->when, TALLY_PLACE_AWARD, i, visit, context);
        tally_expr_walk(award->points, TALLY_PLACE_AWARD, i, visit, context);
        for (uint32_t k = 0; k < award->expires.count; k++)
            tally_expr_walk(award->expires.conditions[k], TALLY_PLACE_AWARD, i, visit, context);
    }
}

static void walk_admission(const tally_version *version, tally_expr_visit *visit, void *context)
{
    for (uint32_t i = 0; i < version->admission_count; i++) {
        const tally_admission_rule *rule = &version->admission[i];

        for (uint32_t k = 0; k < rule->let_count; k++)
            tally_expr_walk(rule->lets[k].expr, TALLY_PLACE_ADMISSION, i, visit, context);
        for (uint32_t k = 0; k < rule->refuse_count; k++)
            tally_expr_walk(rule->refuse_when[k], TALLY_PLACE_ADMISSION, i, visit, context);
        for (uint32_t k = 0; k < rule->write_count; k++) {
            const tally_write *write = &rule->writes[k];

            tally_expr_walk(write->to, TALLY_PLACE_ADMISSION, i, visit, context);
            tally_expr_walk(write->when, TALLY_PLACE_ADMISSION, i, visit, context);
            for (uint32_t v = 0; v < write->value_count; v++)
                tally_expr_walk(write->values[v], TALLY_PLACE_ADMISSION, i, visit, context);
        }
    }
}

void tally_version_walk(const tally_version *version, tally_expr_visit *visit, void *context)
{
    for (uint32_t i = 0; i < version->let_count; i++) {
        tally_expr_walk(version->lets[i].expr, TALLY_PLACE_LET, i, visit, context);
        walk_set(version->lets[i].set, TALLY_PLACE_LET, i, visit, context);
    }
    for (uint32_t i = 0; i < version->fact_count; i++)
        tally_expr_walk(version->facts[i].expr, TALLY_PLACE_FACT, i, visit, context);
    walk_awards(version, visit, context);
    tally_expr_walk(version->score.needs, TALLY_PLACE_SCORE_NEEDS, 0, visit, context);
    for (uint32_t i = 0; i < version->streak_count; i++)
        tally_expr_walk(version->streaks[i].counts, TALLY_PLACE_STREAK, i, visit, context);
    for (uint32_t i = 0; i < version->tier_count; i++) {
        tally_expr_walk(version->tiers[i].gain, TALLY_PLACE_TIER, i, visit, context);
        if (!version->tiers[i].keep_is_gain)
            tally_expr_walk(version->tiers[i].keep, TALLY_PLACE_TIER, i, visit, context);
    }
    tally_expr_walk(version->moves.locked_while, TALLY_PLACE_MOVES, 0, visit, context);
    for (uint32_t i = 0; i < version->grade.row_count; i++)
        tally_expr_walk(version->grade.conditions[i], TALLY_PLACE_GRADE, i, visit, context);
    walk_admission(version, visit, context);
}
