/* SPDX-License-Identifier: Apache-2.0 */
/* Named values, the score's frame, streaks and pauses. A named value that is no result is neutral
 * by itself: what follows from it stands at the rules that read it, which are compared with it. */

#include "policy/diff_internal.h"

static tally_found neutral(const tally_span *span, tally_text before)
{
    return (tally_found){ .label = TALLY_CHANGE_NEUTRAL,
                          .reach = TALLY_REACH_TEXT,
                          .span = span,
                          .before = before,
                          .after = span != NULL ? span->text : TALLY_TEXT("") };
}

static tally_found result(tally_change_label label, const char *why, const tally_span *span,
                          tally_text before)
{
    return (tally_found){ .label = label,
                          .reach = TALLY_REACH_RECORD,
                          .why = why,
                          .span = span,
                          .before = before,
                          .after = span != NULL ? span->text : TALLY_TEXT("") };
}

/* ---- settings and facts --------------------------------------------------------------- */

static void compare_settings(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->setting_count; i++) {
        const tally_setting *was = &old->settings[i], *is = NULL;

        for (uint32_t k = 0; k < new->setting_count; k++) {
            if (tally_text_is_equal(was->name, new->settings[k].name))
                is = &new->settings[k];
        }
        if (is != NULL && tally_decimal_compare((tally_decimal){ was->value, was->decimals },
                                                (tally_decimal){ is->value, is->decimals }) != 0)
            tally_differ_add(differ, neutral(&is->span, was->span.text), "settings", is->name, "",
                             "The setting `%.*s` was %s and is now %s; the rules that read it are "
                             "listed by themselves.",
                             TALLY_TEXT_ARGS(is->name),
                             tally_differ_number(differ, was->value, was->decimals),
                             tally_differ_number(differ, is->value, is->decimals));
    }
}

static bool is_same_series(const tally_fact *a, const tally_fact *b)
{
    if (a->count != b->count || a->decimals != b->decimals)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->from_day[i] != b->from_day[i] || a->values[i] != b->values[i])
            return false;
    }
    return true;
}

static void compare_facts(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->fact_count; i++) {
        for (uint32_t k = 0; k < new->fact_count; k++) {
            if (tally_text_is_equal(old->facts[i].name, new->facts[k].name) &&
                !is_same_series(&old->facts[i], &new->facts[k]))
                tally_differ_add(differ, neutral(&new->facts[k].span, old->facts[i].span.text),
                                 "facts", new->facts[k].name, "",
                                 "The published figures `%.*s` were changed; the rules that read "
                                 "them are listed by themselves.",
                                 TALLY_TEXT_ARGS(new->facts[k].name));
        }
    }
}

/* ---- lets ------------------------------------------------------------------------------- */

static bool has_order(const tally_let *let)
{
    return let->expr != NULL &&
           (let->expr->type == TALLY_TYPE_NUMBER || let->expr->type == TALLY_TYPE_CONDITION);
}

static void compare_reported(tally_differ *differ, const tally_let *was, const tally_let *is)
{
    bool is_better = has_order(was) && has_order(is) && was->expr->type == is->expr->type &&
                     (is->expr->type == TALLY_TYPE_CONDITION
                          ? tally_differ_implies(differ, was->expr, is->expr)
                          : tally_differ_is_at_least(differ, was->expr, is->expr));

    tally_differ_add(differ,
                     result(is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE,
                            is_better ? NULL : "it is a result, and may be less than it was",
                            &is->span, tally_differ_source(was->expr)),
                     "let", is->name, "", "How the reported `%.*s` is worked out was changed.",
                     TALLY_TEXT_ARGS(is->name));
}

static void compare_let(tally_differ *differ, uint32_t old_index, uint32_t new_index)
{
    const tally_let *was = &differ->old.version->lets[old_index];
    const tally_let *is = &differ->new.version->lets[new_index];

    if (was->is_reported && !is->is_reported)
        tally_differ_add(
            differ, result(TALLY_CHANGE_WORSE, "a result is taken away", &is->span, TALLY_TEXT("")),
            "report", is->name, "", "`%.*s` is no longer reported.", TALLY_TEXT_ARGS(is->name));
    if (!was->is_reported && is->is_reported)
        tally_differ_add(differ, neutral(&is->span, TALLY_TEXT("")), "report", is->name, "",
                         "`%.*s` is now reported.", TALLY_TEXT_ARGS(is->name));
    if (tally_differ_is_equal_let(differ, old_index, new_index))
        return;
    if (was->is_reported && is->is_reported)
        compare_reported(differ, was, is);
    else
        tally_differ_add(differ, neutral(&is->span, tally_differ_source(was->expr)), "let",
                         is->name, "",
                         "What `%.*s` means was changed; the rules that read it are listed by "
                         "themselves.",
                         TALLY_TEXT_ARGS(is->name));
}

static void compare_lets(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->let_count; i++) {
        uint32_t is = tally_side_let(&differ->new, old->lets[i].name);

        if (is != TALLY_NO_INDEX)
            compare_let(differ, i, is);
        else if (old->lets[i].is_reported)
            tally_differ_add(differ,
                             result(TALLY_CHANGE_WORSE, "a result is taken away", NULL,
                                    tally_differ_source(old->lets[i].expr)),
                             "let", old->lets[i].name, "", "`%.*s` is no longer reported.",
                             TALLY_TEXT_ARGS(old->lets[i].name));
    }
    for (uint32_t i = 0; i < new->let_count; i++) {
        if (new->lets[i].is_reported &&
            tally_side_let(&differ->old, new->lets[i].name) == TALLY_NO_INDEX)
            tally_differ_add(differ, neutral(&new->lets[i].span, TALLY_TEXT("")), "let",
                             new->lets[i].name, "", "New: `%.*s` is reported.",
                             TALLY_TEXT_ARGS(new->lets[i].name));
    }
}

void tally_differ_values(tally_differ *differ)
{
    compare_settings(differ);
    compare_facts(differ);
    compare_lets(differ);
}

/* ---- the score ---------------------------------------------------------------------------- */

static int compare_points(const tally_differ *differ, int64_t was, int64_t is)
{
    return tally_decimal_compare((tally_decimal){ is, differ->new.policy->points_decimals },
                                 (tally_decimal){ was, differ->old.policy->points_decimals });
}

/* Something that raises the score when it is raised itself. */
static void compare_frame(tally_differ *differ, const char *key, int64_t was, int64_t is)
{
    int order = compare_points(differ, was, is);
    bool is_better = order > 0 && differ->points_rise;

    if (order == 0)
        return;
    tally_differ_add(differ,
                     result(is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE,
                            is_better   ? NULL
                            : order > 0 ? TALLY_DIFF_WHY_POINTS
                                        : "the score of the same events is lower",
                            NULL, TALLY_TEXT("")),
                     "score", (tally_text){ 0 }, key, "The score's `%s` was %s and is now %s.", key,
                     tally_differ_number(differ, was, differ->old.policy->points_decimals),
                     tally_differ_number(differ, is, differ->new.policy->points_decimals));
}

/* A floor that comes, a ceiling that goes: better where more points are. */
static void compare_bound(tally_differ *differ, const char *key, bool had, bool has,
                          bool is_better_there, int64_t was, int64_t is)
{
    bool is_better = has == is_better_there && differ->points_rise;

    if (had && has) {
        compare_frame(differ, key, was, is);
        return;
    }
    if (had == has)
        return;
    tally_differ_add(differ,
                     result(is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE,
                            is_better ? NULL : "the score of the same events may be lower", NULL,
                            TALLY_TEXT("")),
                     "score", (tally_text){ 0 }, key,
                     has ? "The score now has a %s." : "The score has no %s any more.", key);
}

static void compare_needs(tally_differ *differ, const tally_expr *was, const tally_expr *is)
{
    bool is_better;

    if (tally_differ_is_equal(differ, was, is))
        return;
    is_better = differ->results_rise && tally_differ_implies(differ, was, is);
    tally_differ_add(differ,
                     result(is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE,
                            is_better ? NULL : "who has a score may have none",
                            is != NULL ? &is->span : NULL, tally_differ_source(was)),
                     "score", (tally_text){ 0 }, "needs",
                     "A score was given when: %s. Now when: %s.",
                     tally_differ_phrase(differ, &differ->old, was),
                     tally_differ_phrase(differ, &differ->new, is));
}

/* Where amounts shrink by parts, the digits of points decide how they are rounded. */
static bool rounds_points(const tally_version *version)
{
    for (uint32_t i = 0; i < version->award_count; i++) {
        if (version->awards[i].decay != TALLY_DECAY_NONE || version->awards[i].is_deduction)
            return true;
    }
    return false;
}

static void compare_decimals(tally_differ *differ)
{
    uint8_t was = differ->old.policy->points_decimals, is = differ->new.policy->points_decimals;

    if (was != is && (rounds_points(differ->old.version) || rounds_points(differ->new.version)))
        tally_differ_add(differ,
                         result(TALLY_CHANGE_WORSE,
                                "what shrinks with time, and deductions, are rounded otherwise",
                                NULL, TALLY_TEXT("")),
                         "score", (tally_text){ 0 }, "decimals",
                         "Points had %u decimals and now have %u.", was, is);
}

void tally_differ_score(tally_differ *differ)
{
    const tally_score_rule *was = &differ->old.version->score, *is = &differ->new.version->score;

    compare_frame(differ, "shown-on", was->shown_on, is->shown_on);
    if (!was->is_present && !is->is_present)
        return;
    if (was->is_present != is->is_present) {
        tally_differ_add(differ,
                         is->is_present ? result(TALLY_CHANGE_BETTER, NULL, NULL, TALLY_TEXT(""))
                                        : result(TALLY_CHANGE_WORSE, "without awards there is none",
                                                 NULL, TALLY_TEXT("")),
                         "score", (tally_text){ 0 }, "",
                         is->is_present ? "There is a score now." : "There is no score any more.");
        return;
    }
    compare_decimals(differ);
    compare_frame(differ, "start", was->start, is->start);
    compare_bound(differ, "floor", was->has_floor, is->has_floor, true, was->floor, is->floor);
    compare_bound(differ, "ceiling", was->has_ceiling, is->has_ceiling, false, was->ceiling,
                  is->ceiling);
    if (was->each_event != is->each_event &&
        (was->has_floor || was->has_ceiling || is->has_floor || is->has_ceiling))
        tally_differ_add(differ,
                         result(TALLY_CHANGE_WORSE, "the same events may give another score", NULL,
                                TALLY_TEXT("")),
                         "score", (tally_text){ 0 }, "applied",
                         "When floor and ceiling are applied was changed.");
    compare_needs(differ, was->needs, is->needs);
}

/* ---- streaks and pauses ------------------------------------------------------------------------ */

static bool is_same_streak(tally_differ *differ, const tally_streak *a, const tally_streak *b)
{
    uint32_t freeze =
        a->freeze_type == TALLY_NO_INDEX ? TALLY_NO_INDEX : differ->type_map[a->freeze_type];

    return a->unit == b->unit && freeze == b->freeze_type && a->freeze_hold == b->freeze_hold &&
           a->repair_missed == b->repair_missed &&
           a->repair_again_after_ms == b->repair_again_after_ms &&
           a->is_reported == b->is_reported && tally_differ_is_equal(differ, a->counts, b->counts);
}

static const tally_streak *find_streak(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; i < version->streak_count; i++) {
        if (tally_text_is_equal(version->streaks[i].name, name))
            return &version->streaks[i];
    }
    return NULL;
}

static bool has_same_pauses(const tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    if (old->pause_count != new->pause_count)
        return false;
    for (uint32_t i = 0; i < old->pause_count; i++) {
        if (differ->type_map[old->pauses[i].starts_type] != new->pauses[i].starts_type ||
            differ->type_map[old->pauses[i].ends_type] != new->pauses[i].ends_type)
            return false;
    }
    return true;
}

void tally_differ_streaks(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->streak_count; i++) {
        const tally_streak *was = &old->streaks[i], *is = find_streak(new, was->name);

        if (is == NULL || !is_same_streak(differ, was, is))
            tally_differ_add(differ,
                             result(TALLY_CHANGE_WORSE, "a streak may be shorter than it was",
                                    is != NULL ? &is->span : NULL, was->span.text),
                             "streaks", was->name, "",
                             is != NULL ? "How the streak `%.*s` is counted was changed."
                                        : "The streak `%.*s` was removed.",
                             TALLY_TEXT_ARGS(was->name));
    }
    for (uint32_t i = 0; i < new->streak_count; i++) {
        if (find_streak(old, new->streaks[i].name) == NULL)
            tally_differ_add(differ, neutral(&new->streaks[i].span, TALLY_TEXT("")), "streaks",
                             new->streaks[i].name, "", "New: the streak `%.*s` is counted.",
                             TALLY_TEXT_ARGS(new->streaks[i].name));
    }
    if (!has_same_pauses(differ))
        tally_differ_add(
            differ,
            result(TALLY_CHANGE_WORSE, "a pause moves deadlines both ways", NULL, TALLY_TEXT("")),
            "pauses", (tally_text){ 0 }, "", "What begins or ends a pause was changed.");
}
