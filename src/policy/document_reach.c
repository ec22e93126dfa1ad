/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled expression depends on, through the names it uses. Expressions
 * are trees whose names point only to what is written above, so this ends; a
 * name is followed once however often it is used. */

#include "policy/document.h"

typedef struct walk {
    const tally_version *version;
    tally_reach *reach;
    bool is_let_seen[TALLY_LETS_MAX];
    bool is_streak_seen[TALLY_LETS_MAX];
} walk;

static void follow(walk *state, const tally_expr *expr);

static void follow_window(walk *state, const tally_window *window)
{
    if (window == NULL)
        return;
    follow(state, window->n_expr);
    follow(state, window->ref);
}

static void follow_set(walk *state, const tally_set *set)
{
    for (; set != NULL; set = set->inner) {
        if (set->inner == NULL) {
            for (uint32_t i = 0; i < TALLY_EVENT_TYPES_MAX / 64; i++)
                state->reach->types[i] |= set->types[i];
        }
        follow(state, set->with);
        follow_window(state, set->window);
    }
}

static void follow_let(walk *state, uint32_t index)
{
    const tally_version *version = state->version;

    if (index >= version->let_count || index >= TALLY_LETS_MAX || state->is_let_seen[index])
        return;
    state->is_let_seen[index] = true;
    follow(state, version->lets[index].expr);
    follow_set(state, version->lets[index].set);
}

static void follow_streak(walk *state, uint32_t index)
{
    const tally_version *version = state->version;

    state->reach->uses_streak = true;
    if (index >= version->streak_count || index >= TALLY_LETS_MAX || state->is_streak_seen[index])
        return;
    state->is_streak_seen[index] = true;
    follow(state, version->streaks[index].counts);
}

static void note(tally_reach *reach, const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_NOW:
    case TALLY_OP_TODAY:
        reach->uses_now = true;
        break;
    case TALLY_OP_THROUGHOUT:
        reach->uses_throughout = true;
        break;
    case TALLY_OP_SCORE:
        reach->uses_score = true;
        break;
    case TALLY_OP_EARNED:
        reach->uses_earned = true;
        break;
    case TALLY_OP_HELD:
        reach->uses_held = true;
        if (expr->index > reach->held_max)
            reach->held_max = expr->index;
        break;
    default:
        break;
    }
}

static void follow(walk *state, const tally_expr *expr)
{
    if (expr == NULL)
        return;
    note(state->reach, expr);
    if (expr->op == TALLY_OP_LET)
        follow_let(state, expr->index);
    if (expr->op == TALLY_OP_STREAK)
        follow_streak(state, expr->index);
    follow_set(state, expr->set);
    follow_window(state, expr->window);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        follow(state, expr->args[i]);
}

void tally_document_reach(const tally_version *version, const tally_expr *expr, tally_reach *reach)
{
    walk state = { .version = version, .reach = reach };

    follow(&state, expr);
}

/* held() may not stand where points are made: tiers follow from points [3]. */
void tally_document_check_circles(tally_reader *reader)
{
    const tally_version *version = reader->version;

    for (uint32_t i = 0; i <= version->award_count; i++) {
        const tally_award *award = i < version->award_count ? &version->awards[i] : NULL;
        tally_reach reach = { 0 };

        if (award != NULL) {
            tally_document_reach(version, award->when, &reach);
            tally_document_reach(version, award->points, &reach);
        } else {
            tally_document_reach(version, version->score.needs, &reach);
        }
        if (reach.uses_held)
            tally_document_report_span(reader, TALLY_SEVERITY_ERROR,
                                       award != NULL ? &award->span : &version->score.needs->span,
                                       "circular", "ask about events or the score",
                                       "what earns points may not ask whether a tier is held");
    }
}
