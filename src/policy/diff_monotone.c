/* SPDX-License-Identifier: Apache-2.0 */
/* Whether more points, or a tier held longer, can make anything worse.
 *
 * "An amount was raised" is better only if nothing in the policy turns more into less. Much can: a
 * hold that began earlier ends earlier, a grade has no order, a rule may ask `score <= 100`, a limit
 * that is used up leaves nothing for an award with a later expiry. So each part is asked how it
 * follows what was credited, and whatever does not plainly rise ends the argument
 * (docs/policy-publishing.md, section 2). */

#include "policy/diff_internal.h"

/* ---- the trend of an expression -------------------------------------------------------- */

static tally_trend flip(tally_trend trend)
{
    return trend == TALLY_TREND_UP     ? TALLY_TREND_DOWN
           : trend == TALLY_TREND_DOWN ? TALLY_TREND_UP
                                       : trend;
}

static tally_trend both(tally_trend a, tally_trend b)
{
    if (a == TALLY_TREND_NONE || a == b)
        return b;
    return b == TALLY_TREND_NONE ? a : TALLY_TREND_UNKNOWN;
}

/* What has no order is fine as long as it does not ask. */
static tally_trend only_none(tally_trend trend)
{
    return trend == TALLY_TREND_NONE ? TALLY_TREND_NONE : TALLY_TREND_UNKNOWN;
}

static tally_trend trend_of_window(tally_differ *differ, const tally_side *side,
                                   const tally_window *window)
{
    if (window == NULL)
        return TALLY_TREND_NONE;
    return only_none(both(tally_differ_trend(differ, side, window->n_expr),
                          tally_differ_trend(differ, side, window->ref)));
}

static tally_trend trend_of_set(tally_differ *differ, const tally_side *side, const tally_set *set)
{
    tally_trend trend = TALLY_TREND_NONE;

    for (; set != NULL; set = set->inner)
        trend = both(trend, both(only_none(tally_differ_trend(differ, side, set->with)),
                                 trend_of_window(differ, side, set->window)));
    return trend;
}

static tally_trend trend_of_args(tally_differ *differ, const tally_side *side,
                                 const tally_expr *expr)
{
    tally_trend trend = TALLY_TREND_NONE;

    for (uint16_t i = 0; i < expr->arg_count; i++)
        trend = both(trend, tally_differ_trend(differ, side, expr->args[i]));
    return trend;
}

/* Rows or branches: which one is taken must not depend on points. */
static tally_trend trend_of_choice(tally_differ *differ, const tally_side *side,
                                   const tally_expr *expr)
{
    tally_trend trend = TALLY_TREND_NONE;

    for (uint16_t i = 0; i < expr->arg_count; i++) {
        tally_trend part = tally_differ_trend(differ, side, expr->args[i]);
        bool is_condition = expr->op == TALLY_OP_TABLE ? i % 2 == 1 : i == 0;

        trend = both(trend, is_condition ? only_none(part) : part);
    }
    return trend;
}

static tally_trend trend_of_product(tally_differ *differ, const tally_side *side,
                                    const tally_expr *expr)
{
    tally_trend a = tally_differ_trend(differ, side, expr->args[0]);
    tally_trend b = tally_differ_trend(differ, side, expr->args[1]);

    if (a == TALLY_TREND_NONE && b == TALLY_TREND_NONE)
        return TALLY_TREND_NONE;
    if (b == TALLY_TREND_NONE && tally_differ_range(differ, side, expr->args[1]).least >= 0)
        return a;
    if (a == TALLY_TREND_NONE && expr->op == TALLY_OP_MULTIPLY &&
        tally_differ_range(differ, side, expr->args[0]).least >= 0)
        return b;
    return TALLY_TREND_UNKNOWN;
}

static tally_trend trend_of_node(tally_differ *differ, const tally_side *side,
                                 const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_SCORE:
    case TALLY_OP_HELD:
    case TALLY_OP_EARNED:
        return TALLY_TREND_UP;
    case TALLY_OP_LET:
        if (expr->index >= side->version->let_count)
            return TALLY_TREND_UNKNOWN;
        return both(tally_differ_trend(differ, side, side->version->lets[expr->index].expr),
                    trend_of_set(differ, side, side->version->lets[expr->index].set));
    case TALLY_OP_STREAK:
        return only_none(
            tally_differ_trend(differ, side, side->version->streaks[expr->index].counts));
    case TALLY_OP_FACT:
        return side->version->facts[expr->index].expr == NULL ? TALLY_TREND_NONE
                                                              : TALLY_TREND_UNKNOWN;
    case TALLY_OP_ADD:
    case TALLY_OP_MIN:
    case TALLY_OP_MAX:
    case TALLY_OP_CLAMP:
    case TALLY_OP_RESCALE:
    case TALLY_OP_ROUND:
    case TALLY_OP_ALL_OF:
    case TALLY_OP_ANY_OF:
    case TALLY_OP_AT_LEAST_OF:
    case TALLY_OP_THROUGHOUT:
        return trend_of_args(differ, side, expr);
    case TALLY_OP_NEGATE:
    case TALLY_OP_NOT:
    case TALLY_OP_NONE_OF:
        return flip(trend_of_args(differ, side, expr));
    case TALLY_OP_SUBTRACT:
    case TALLY_OP_GREATER:
    case TALLY_OP_GREATER_OR_EQUAL:
        return both(tally_differ_trend(differ, side, expr->args[0]),
                    flip(tally_differ_trend(differ, side, expr->args[1])));
    case TALLY_OP_LESS:
    case TALLY_OP_LESS_OR_EQUAL:
        return both(flip(tally_differ_trend(differ, side, expr->args[0])),
                    tally_differ_trend(differ, side, expr->args[1]));
    case TALLY_OP_MULTIPLY:
    case TALLY_OP_DIVIDE:
        return trend_of_product(differ, side, expr);
    case TALLY_OP_IF:
    case TALLY_OP_TABLE:
        return trend_of_choice(differ, side, expr);
    default:
        return only_none(trend_of_args(differ, side, expr));
    }
}

tally_trend tally_differ_trend(tally_differ *differ, const tally_side *side, const tally_expr *expr)
{
    if (expr == NULL)
        return TALLY_TREND_NONE;
    if (!tally_differ_may_go_on(differ))
        return TALLY_TREND_UNKNOWN;
    return both(
        trend_of_node(differ, side, expr),
        both(trend_of_set(differ, side, expr->set), trend_of_window(differ, side, expr->window)));
}

static bool is_none(tally_differ *differ, const tally_side *side, const tally_expr *expr)
{
    return tally_differ_trend(differ, side, expr) == TALLY_TREND_NONE;
}

/* ---- tiers, grades, reports --------------------------------------------------------------- */

static bool asks_nothing(tally_differ *differ, const tally_side *side, const tally_tier *tier)
{
    return is_none(differ, side, tier->gain) && is_none(differ, side, tier->keep);
}

/* Held at every instant at which it was held with less: it is gained no later, and an instant at
 * which it is lost is none at which it would have been gained. A hold or a validity that begins
 * earlier also ends earlier, so neither may be there. */
bool tally_differ_tier_rises(tally_differ *differ, const tally_side *side, const tally_tier *tier)
{
    tally_differ *self = side == &differ->old ? differ->self_old : differ->self_new;
    tally_trend gain = tally_differ_trend(differ, side, tier->gain);
    tally_trend keep = tally_differ_trend(differ, side, tier->keep);

    if (tier->has_valid || tier->has_price || tier->hold_ms > 0)
        return false;
    if ((gain != TALLY_TREND_UP && gain != TALLY_TREND_NONE) ||
        (keep != TALLY_TREND_UP && keep != TALLY_TREND_NONE))
        return false;
    return tier->keep_is_gain || tally_differ_implies(self, tier->gain, tier->keep);
}

static bool is_simple_moving(tally_differ *differ, const tally_side *side)
{
    const tally_moves *moves = &side->version->moves;

    return moves->reviewed.kind == TALLY_REVIEW_ALWAYS && !moves->drop_one && !moves->climb_one &&
           is_none(differ, side, moves->locked_while);
}

static bool results_rise(tally_differ *differ, const tally_side *side)
{
    const tally_version *version = side->version;

    if (!is_none(differ, side, version->score.needs) || version->admission_count > 0)
        return false;
    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (version->tiers[i].has_price ||
            (!asks_nothing(differ, side, &version->tiers[i]) &&
             (!is_simple_moving(differ, side) ||
              !tally_differ_tier_rises(differ, side, &version->tiers[i]))))
            return false;
    }
    if (!is_none(differ, side, version->moves.locked_while))
        return false;
    for (uint32_t i = 0; i < version->grade.row_count; i++) {
        if (!is_none(differ, side, version->grade.conditions[i]))
            return false;
    }
    for (uint32_t i = 0; i < version->streak_count; i++) {
        if (!is_none(differ, side, version->streaks[i].counts))
            return false;
    }
    for (uint32_t i = 0; i < version->let_count; i++) {
        const tally_let *let = &version->lets[i];
        tally_trend trend = tally_differ_trend(differ, side, let->expr);
        bool has_order = let->expr != NULL && (let->expr->type == TALLY_TYPE_NUMBER ||
                                               let->expr->type == TALLY_TYPE_RATIO ||
                                               let->expr->type == TALLY_TYPE_CONDITION);

        if (let->is_reported && trend != TALLY_TREND_NONE &&
            (trend != TALLY_TREND_UP || !has_order))
            return false;
    }
    return true;
}

/* ---- awards and limits ----------------------------------------------------------------------- */

static bool award_asks_nothing(tally_differ *differ, const tally_side *side,
                               const tally_award *award)
{
    if (!is_none(differ, side, award->when) || !is_none(differ, side, award->points))
        return false;
    for (uint32_t i = 0; i < award->expires.count; i++) {
        if (!is_none(differ, side, award->expires.conditions[i]))
            return false;
    }
    return true;
}

static bool limit_asks_nothing(tally_differ *differ, const tally_side *side,
                               const tally_limit *limit)
{
    return (limit->amount_is_constant || is_none(differ, side, limit->amount)) &&
           trend_of_window(differ, side, limit->window) == TALLY_TREND_NONE;
}

/* Amounts follow from events alone, only deductions take away, and what is credited adds up. */
static bool points_rise(tally_differ *differ, const tally_side *side)
{
    const tally_version *version = side->version;
    const tally_score_rule *score = &version->score;

    if (score->each_event && (score->has_floor || score->has_ceiling))
        return false;
    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];
        tally_range range = tally_differ_range(differ, side, award->points);

        if (award->spends || !award_asks_nothing(differ, side, award))
            return false;
        if (award->is_deduction ? range.greatest > 0 || award->limit_count > 0 : range.least < 0)
            return false;
    }
    for (uint32_t i = 0; i < version->limit_count; i++) {
        if (!limit_asks_nothing(differ, side, &version->limits[i]))
            return false;
    }
    return true;
}

void tally_differ_ask_monotone(tally_differ *differ)
{
    differ->is_simple_moving =
        is_simple_moving(differ, &differ->old) && is_simple_moving(differ, &differ->new);
    differ->results_rise = results_rise(differ, &differ->old) && results_rise(differ, &differ->new);
    differ->points_rise = differ->results_rise && points_rise(differ, &differ->old) &&
                          points_rise(differ, &differ->new);
}
