/* SPDX-License-Identifier: Apache-2.0 */
/* Awards, limits, the score, tiers, grades and streaks in words. */

#include "policy/explain_internal.h"

static const char *const month_names[] = { "January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December" };

void tally_explain_deadline(tally_explainer *e, const tally_deadline *deadline)
{
    switch (deadline->kind) {
    case TALLY_DEADLINE_NEVER:
        tally_explain_say(e, "never");
        break;
    case TALLY_DEADLINE_AFTER:
        tally_explain_duration(e, deadline->ms);
        tally_explain_say(e, " later");
        break;
    case TALLY_DEADLINE_AFTER_MONTHS:
        tally_explain_say(e, "%d month%s later, at the same local time", (int)deadline->months,
                          deadline->months == 1 ? "" : "s");
        break;
    case TALLY_DEADLINE_END_OF:
        tally_explain_say(e, "at the end of the calendar %s", tally_explain_unit(deadline->unit));
        if (deadline->later_count != 0)
            tally_explain_say(e, " that lies %d %s%s later", (int)deadline->later_count,
                              tally_explain_unit(deadline->later_unit),
                              deadline->later_count == 1 ? "" : "s");
        break;
    case TALLY_DEADLINE_END_OF_MONTH:
        tally_explain_say(e, "at the end of %s of ", month_names[deadline->month - 1]);
        if (deadline->later_count == 0)
            tally_explain_say(e, "the same year");
        else
            tally_explain_say(e, "the year %d year%s later", (int)deadline->later_count,
                              deadline->later_count == 1 ? "" : "s");
        break;
    }
}

void tally_explain_review(tally_explainer *e, const tally_review *review)
{
    switch (review->kind) {
    case TALLY_REVIEW_ALWAYS:
        tally_explain_say(e, "at every moment");
        break;
    case TALLY_REVIEW_EACH:
        tally_explain_say(e, "at the beginning of each %s", tally_explain_unit(review->unit));
        break;
    case TALLY_REVIEW_MONTH_DAY:
        tally_explain_say(e, "at the beginning of day %u of each month", review->day);
        break;
    case TALLY_REVIEW_YEAR_DAYS:
        tally_explain_say(e, "at the beginning of each ");
        for (uint32_t i = 0; i < review->date_count; i++)
            tally_explain_say(e, "%s%u %s", i == 0 ? "" : " and ", review->dates[i][1],
                              month_names[review->dates[i][0] - 1]);
        break;
    }
}

static void explain_limit(tally_explainer *e, const tally_limit *limit)
{
    static const char *const heads[] = { "at most ", "at most ", "at most ", "only the best " };
    static const char *const tails[] = { " points", " awards",
                                         " points in sum, the newest cut first,",
                                         ", of equals the earlier," };

    tally_explain_say(e, "%s", heads[limit->kind]);
    if (limit->amount_is_constant)
        tally_explain_number(e, limit->amount_value,
                             limit->kind == TALLY_LIMIT_POINTS || limit->kind == TALLY_LIMIT_NET
                                 ? e->policy->points_decimals
                                 : 0);
    else
        tally_explain_expr(e, limit->amount);
    tally_explain_say(e, "%s", tails[limit->kind]);
    if (limit->window->kind == TALLY_WINDOW_LIFETIME)
        tally_explain_say(e, " ever");
    else
        tally_explain_window(e, limit->window);
    if (limit->key_count > 0) {
        tally_explain_say(e, ", separately for each ");
        for (uint32_t i = 0; i < limit->key_count; i++) {
            tally_explain_say(e, "%s", i == 0 ? "" : " and ");
            tally_explain_expr(e, limit->keys[i]);
        }
    }
    if (!limit->is_own)
        tally_explain_say(e, " (limit `%.*s`, shared)", TALLY_TEXT_ARGS(limit->name));
}

static void explain_expiry(tally_explainer *e, const tally_deadline_table *table)
{
    bool is_never = table->count == 0 ||
                    (table->count == 1 && table->deadlines[0].kind == TALLY_DEADLINE_NEVER);

    if (is_never) {
        tally_explain_say(e, "  The points do not expire.\n");
        return;
    }
    tally_explain_say(e, "  The points end ");
    for (uint32_t i = 0; i < table->count; i++) {
        tally_explain_say(e, "%s", i == 0 ? "" : "; else ");
        tally_explain_deadline(e, &table->deadlines[i]);
        if (table->conditions[i] != NULL) {
            tally_explain_say(e, " if ");
            tally_explain_expr(e, table->conditions[i]);
        }
    }
    tally_explain_say(e, ".\n");
}

static void explain_effect(tally_explainer *e, const tally_award *award)
{
    static const char *const disputed[] = { "goes on as if there were none", "is left out",
                                            "stays as it was when the dispute was filed" };

    if (award->has_counts_after || award->once_confirmed) {
        tally_explain_say(e, "  It takes effect ");
        if (award->has_counts_after)
            tally_explain_deadline(e, &award->counts_after);
        tally_explain_say(e, "%s%s.\n",
                          award->has_counts_after && award->once_confirmed ? " and " : "",
                          award->once_confirmed ? "once a decision says that it stands" : "");
    }
    if (award->decay == TALLY_DECAY_HALF)
        tally_explain_say(e,
                          "  It halves every %lld days (in whole days, in a straight line within "
                          "each, rounded towards zero).\n",
                          (long long)award->decay_days);
    if (award->decay == TALLY_DECAY_LINEAR)
        tally_explain_say(e,
                          "  It shrinks evenly to nothing over %lld days (in whole days, rounded "
                          "towards zero).\n",
                          (long long)award->decay_days);
    if (!award->disputed_is_default)
        tally_explain_say(e, "  While a dispute about it is open it %s.\n",
                          disputed[award->while_disputed]);
    if (award->spends)
        tally_explain_say(e, "  It uses up the points that expire soonest first.\n");
}

static void explain_deduction(tally_explainer *e, const tally_award *award)
{
    if (!award->is_deduction)
        return;
    tally_explain_say(e, "  It is a deduction for an obligation");
    if (award->accepted_by_type != TALLY_NO_INDEX)
        tally_explain_say(e, " accepted before by `%.*s`",
                          TALLY_TEXT_ARGS(e->policy->types[award->accepted_by_type].name));
    if (award->repair_type != TALLY_NO_INDEX)
        tally_explain_say(e, "; `%.*s` ends it",
                          TALLY_TEXT_ARGS(e->policy->types[award->repair_type].name));
    if (award->pairs_with_award != TALLY_NO_INDEX)
        tally_explain_say(e, "; keeping one earns `%.*s`",
                          TALLY_TEXT_ARGS(e->version->awards[award->pairs_with_award].name));
    tally_explain_say(e, ". Deductions together take at most 25 %% of the active points.\n");
}

static void explain_award(tally_explainer *e, const tally_award *award)
{
    tally_explain_say(e, "- %.*s: for each ", TALLY_TEXT_ARGS(award->name));
    tally_explain_types(e, award->types, " or ");
    if (award->when != NULL) {
        tally_explain_say(e, " where ");
        tally_explain_expr(e, award->when);
    }
    tally_explain_say(e, ", ");
    tally_explain_expr(e, award->points);
    tally_explain_say(e, award->points->op == TALLY_OP_TABLE ? " (points).\n" : " points.\n");
    for (uint32_t i = 0; i < award->limit_count; i++) {
        tally_explain_say(e, "  Limited to ");
        explain_limit(e, &e->version->limits[award->limits[i]]);
        tally_explain_say(e, ".\n");
    }
    explain_expiry(e, &award->expires);
    explain_effect(e, award);
    explain_deduction(e, award);
    if (award->because.count > 0)
        tally_explain_say(e, "  Why: %.*s\n", TALLY_TEXT_ARGS(award->because));
}

void tally_explain_awards(tally_explainer *e)
{
    if (e->version->award_count == 0)
        return;
    tally_explain_say(e, "\nWhat earns points (awards of one event are settled in this order)\n");
    for (uint32_t i = 0; i < e->version->award_count; i++)
        explain_award(e, &e->version->awards[i]);
}

void tally_explain_score(tally_explainer *e)
{
    const tally_score_rule *score = &e->version->score;

    if (!score->is_present)
        return;
    tally_explain_say(e, "\nThe score\n- It starts at ");
    tally_explain_number(e, score->start, e->policy->points_decimals);
    if (score->shown_on != 0) {
        tally_explain_say(e, " and is shown on a base of ");
        tally_explain_number(e, score->shown_on, e->policy->points_decimals);
    }
    tally_explain_say(e, ".\n");
    if (score->has_floor) {
        tally_explain_say(e, "- It never falls below ");
        tally_explain_number(e, score->floor, e->policy->points_decimals);
        tally_explain_say(e, ".\n");
    }
    if (score->has_ceiling) {
        tally_explain_say(e, "- It never rises above ");
        tally_explain_number(e, score->ceiling, e->policy->points_decimals);
        tally_explain_say(e, ".\n");
    }
    if (score->has_floor || score->has_ceiling)
        tally_explain_say(e, "- These bounds are applied %s.\n",
                          score->each_event
                              ? "to each award as it takes effect, and again at the end"
                              : "once, to the sum");
    if (score->needs != NULL) {
        tally_explain_say(e, "- There is \"no rating\" unless ");
        tally_explain_expr(e, score->needs);
        tally_explain_say(e, ".\n");
    }
}

static void explain_tier(tally_explainer *e, const tally_tier *tier)
{
    tally_explain_say(e, "- %.*s: gained when ", TALLY_TEXT_ARGS(tier->name));
    tally_explain_condition(e, tier->gain);
    if (tier->has_valid) {
        tally_explain_say(e, "  Valid until ");
        tally_explain_deadline(e, &tier->valid);
        tally_explain_say(e, ", and renewed then if the rule is still met.\n");
    } else if (tier->keep_is_gain) {
        tally_explain_say(e, "  Kept while the same holds.\n");
    } else {
        tally_explain_say(e, "  Kept while ");
        tally_explain_condition(e, tier->keep);
    }
    if (tier->hold_ms > 0) {
        tally_explain_say(e, "  Not lost within ");
        tally_explain_duration(e, tier->hold_ms);
        tally_explain_say(e, " of gaining it.\n");
    }
    if (tier->reviewed.kind != TALLY_REVIEW_ALWAYS) {
        tally_explain_say(e, "  It can be lost only ");
        tally_explain_review(e, &tier->reviewed);
        tally_explain_say(e, ".\n");
    }
    if (tier->has_price) {
        tally_explain_say(e, "  Reaching it spends ");
        tally_explain_number(e, tier->price, e->policy->points_decimals);
        tally_explain_say(e, " points, the soonest to expire first");
        if (tier->carry != INT64_MAX) {
            tally_explain_say(e, ", and at most ");
            tally_explain_number(e, tier->carry, e->policy->points_decimals);
            tally_explain_say(e, " are carried on");
        }
        tally_explain_say(e, ".\n");
    }
}

void tally_explain_tiers(tally_explainer *e)
{
    const tally_moves *moves = &e->version->moves;

    if (e->version->tier_count == 0)
        return;
    tally_explain_say(e, "\nTiers, lowest first (\"%.*s\" below them)\n",
                      TALLY_TEXT_ARGS(moves->none));
    for (uint32_t i = 0; i < e->version->tier_count; i++)
        explain_tier(e, &e->version->tiers[i]);
    tally_explain_say(e, "- Tiers move ");
    tally_explain_review(e, &moves->reviewed);
    tally_explain_say(e, "%s%s.\n", moves->drop_one ? ", down by one step at most" : "",
                      moves->climb_one ? ", up by one step at most" : "");
    if (moves->locked_while != NULL) {
        tally_explain_say(e, "- Nothing moves while ");
        tally_explain_expr(e, moves->locked_while);
        tally_explain_say(e, ".\n");
    }
}

void tally_explain_grade(tally_explainer *e)
{
    const tally_grade *grade = &e->version->grade;

    if (!grade->is_present)
        return;
    tally_explain_say(e, "\nThe grade: the first of these rows that holds");
    if (grade->assessed.kind != TALLY_REVIEW_ALWAYS) {
        tally_explain_say(e, ", asked ");
        tally_explain_review(e, &grade->assessed);
    }
    tally_explain_say(e, "\n");
    for (uint32_t i = 0; i < grade->row_count; i++) {
        tally_explain_say(e, "- %.*s: ", TALLY_TEXT_ARGS(grade->labels->words[i]));
        if (grade->conditions[i] == NULL)
            tally_explain_say(e, "otherwise.\n");
        else
            tally_explain_condition(e, grade->conditions[i]);
    }
}

void tally_explain_streaks(tally_explainer *e)
{
    for (uint32_t i = 0; i < e->version->streak_count; i++) {
        const tally_streak *streak = &e->version->streaks[i];

        tally_explain_say(e, "%s- %.*s: consecutive %ss in which ", i == 0 ? "\nStreaks\n" : "",
                          TALLY_TEXT_ARGS(streak->name), tally_explain_unit(streak->unit));
        tally_explain_expr(e, streak->counts);
        tally_explain_say(e, ".\n");
        if (streak->freeze_type != TALLY_NO_INDEX)
            tally_explain_say(e,
                              "  A `%.*s` made before a missed %s saves it without adding to it; "
                              "at most %u are held.\n",
                              TALLY_TEXT_ARGS(e->policy->types[streak->freeze_type].name),
                              tally_explain_unit(streak->unit), streak->freeze_hold);
        if (streak->repair_missed > 0) {
            tally_explain_say(e, "  Up to %u missed in a row count as if kept, again after ",
                              streak->repair_missed);
            tally_explain_duration(e, streak->repair_again_after_ms);
            tally_explain_say(e, ".\n");
        }
    }
    for (uint32_t i = 0; i < e->version->pause_count; i++)
        tally_explain_say(e,
                          "%s- %.*s: from `%.*s` to `%.*s` streaks wait and clocks stand still.\n",
                          i == 0 ? "\nPauses\n" : "", TALLY_TEXT_ARGS(e->version->pauses[i].name),
                          TALLY_TEXT_ARGS(e->policy->types[e->version->pauses[i].starts_type].name),
                          TALLY_TEXT_ARGS(e->policy->types[e->version->pauses[i].ends_type].name));
}
