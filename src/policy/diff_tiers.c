/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers, how they move, and grades. */

#include "policy/charter_limits.h"
#include "policy/diff_internal.h"

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

/* ---- reviews ----------------------------------------------------------------------------- */

/* Is each instant of `fewer` one of `more`? */
static bool is_review_among(const tally_review *fewer, const tally_review *more)
{
    if (more->kind == TALLY_REVIEW_ALWAYS || tally_review_is_equal(fewer, more))
        return true;
    if (more->kind != TALLY_REVIEW_EACH || fewer->kind == TALLY_REVIEW_ALWAYS)
        return false;
    if (more->unit == TALLY_UNIT_DAY)
        return true;
    return fewer->kind == TALLY_REVIEW_EACH && more->unit != TALLY_UNIT_WEEK &&
           fewer->unit != TALLY_UNIT_WEEK && fewer->unit >= more->unit;
}

/* ---- what keep-tiers-until can keep --------------------------------------------------------- */

static bool may_gain_by_waiting(const tally_version *version)
{
    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];

        if (award->is_deduction || award->spends || award->has_counts_after ||
            award->once_confirmed)
            return true;
    }
    return version->pause_count > 0 || version->score.needs != NULL ||
           version->moves.reviewed.kind != TALLY_REVIEW_ALWAYS;
}

/* Is it gained by `score >= N` alone, N above what a member without events has? Then nobody gains
 * it under the old rule after the last event under it, and it is lost with the last of the points. */
static bool is_keepable(const tally_differ *differ, const tally_tier *tier)
{
    const tally_version *version = differ->old.version;
    int64_t least = version->score.start;

    if (version->score.has_floor && version->score.floor > least)
        least = version->score.floor;
    return !differ->old.policy->is_about_organisations && differ->points_rise && tier->has_from &&
           tier->keep_is_gain && !may_gain_by_waiting(version) &&
           tier->from > least + version->score.shown_on;
}

/* ---- a tier ------------------------------------------------------------------------------------ */

static bool has_same_rules_but(tally_differ *differ, const tally_tier *a, const tally_tier *b,
                               bool but_gain)
{
    return a->has_valid == b->has_valid &&
           (!a->has_valid || tally_deadline_is_equal(&a->valid, &b->valid)) &&
           a->has_price == b->has_price &&
           (!a->has_price || (a->price == b->price && a->carry == b->carry)) &&
           (but_gain || (tally_differ_is_equal(differ, a->gain, b->gain) &&
                         tally_differ_is_equal(differ, a->keep, b->keep)));
}

static const char *why_tier(tally_differ *differ, const tally_tier *a, const tally_tier *b)
{
    if (!has_same_rules_but(differ, a, b, true))
        return "its validity or price was changed";
    if (!tally_differ_implies(differ, a->gain, b->gain))
        return "it cannot be shown that all who gained it still do";
    if (!tally_differ_implies(differ, a->keep, b->keep))
        return "it cannot be shown that all who kept it still do";
    if (!is_review_among(&b->reviewed, &a->reviewed))
        return "it may be lost at more moments";
    if (a->hold_ms != b->hold_ms && (a->hold_ms != 0 || b->hold_ms < 0))
        return "a hold that begins otherwise also ends otherwise";
    if (!differ->results_rise || !differ->is_simple_moving ||
        !tally_differ_tier_rises(differ, &differ->old, a))
        return TALLY_DIFF_WHY_POINTS;
    if (b->hold_ms == 0 && !tally_differ_tier_rises(differ, &differ->new, b))
        return TALLY_DIFF_WHY_POINTS;
    return NULL;
}

static void compare_tier(tally_differ *differ, const tally_tier *a, const tally_tier *b)
{
    tally_found found;

    if (!tally_text_is_equal(a->name, b->name)) {
        found = result(TALLY_CHANGE_NEUTRAL, NULL, &b->span, a->name);
        found.reach = TALLY_REACH_TEXT;
        tally_differ_add(differ, found, "tiers", b->name, "",
                         "The tier `%.*s` is now called `%.*s`.", TALLY_TEXT_ARGS(a->name),
                         TALLY_TEXT_ARGS(b->name));
    }
    if (has_same_rules_but(differ, a, b, false) && a->hold_ms == b->hold_ms &&
        tally_review_is_equal(&a->reviewed, &b->reviewed))
        return;
    found = result(TALLY_CHANGE_BETTER, why_tier(differ, a, b),
                   b->gain != NULL ? &b->gain->span : &b->span, tally_differ_source(a->gain));
    if (found.why != NULL) {
        found.label = TALLY_CHANGE_WORSE;
        found.is_keepable = is_keepable(differ, a);
    }
    if (tally_differ_is_equal(differ, a->gain, b->gain))
        tally_differ_add(differ, found, "tiers", b->name, "keep",
                         "How the tier `%.*s` is kept was changed.", TALLY_TEXT_ARGS(b->name));
    else
        tally_differ_add(differ, found, "tiers", b->name, "gain",
                         "The tier `%.*s` was gained when: %s. Now when: %s.",
                         TALLY_TEXT_ARGS(b->name),
                         tally_differ_phrase(differ, &differ->old, a->gain),
                         tally_differ_phrase(differ, &differ->new, b->gain));
}

static bool was_known(const tally_differ *differ, uint32_t new_index)
{
    for (uint32_t i = 0; i < differ->old.version->tier_count; i++) {
        if (differ->tier_map[i] == new_index)
            return true;
    }
    return false;
}

static void add_new_tier(tally_differ *differ, const tally_tier *tier)
{
    bool is_better = differ->is_simple_moving && !tier->has_price;
    tally_found found = result(is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE,
                               is_better ? NULL : "steps between tiers, or a price, change with it",
                               &tier->span, TALLY_TEXT(""));

    tally_differ_add(differ, found, "tiers", tier->name, "",
                     "New: the tier `%.*s`, gained when: %s.", TALLY_TEXT_ARGS(tier->name),
                     tally_differ_phrase(differ, &differ->new, tier->gain));
}

static void compare_tier_order(tally_differ *differ)
{
    const tally_version *old = differ->old.version;
    uint32_t last = 0;

    for (uint32_t i = 0; i < old->tier_count; i++) {
        uint32_t is = differ->tier_map[i];

        if (is == TALLY_NO_INDEX)
            continue;
        if (is < last) {
            tally_differ_add(differ,
                             result(TALLY_CHANGE_WORSE, "the highest tier held is another",
                                    &differ->new.version->tiers[is].span, TALLY_TEXT("")),
                             "tiers", (tally_text){ 0 }, "", "The order of the tiers was changed.");
            return;
        }
        last = is;
    }
}

static void compare_moves(tally_differ *differ)
{
    const tally_moves *a = &differ->old.version->moves, *b = &differ->new.version->moves;
    tally_found text = { .label = TALLY_CHANGE_NEUTRAL, .before = a->none, .after = b->none };

    if (!tally_review_is_equal(&a->reviewed, &b->reviewed) || a->drop_one != b->drop_one ||
        a->climb_one != b->climb_one ||
        !tally_differ_is_equal(differ, a->locked_while, b->locked_while))
        tally_differ_add(differ,
                         result(TALLY_CHANGE_WORSE, "tiers may be gained later or lost sooner",
                                NULL, TALLY_TEXT("")),
                         "moves", (tally_text){ 0 }, "",
                         "When tiers are gained and lost was changed.");
    if (!tally_text_is_equal(a->none, b->none))
        tally_differ_add(differ, text, "moves", (tally_text){ 0 }, "none",
                         "No tier was called `%.*s` and is now called `%.*s`.",
                         TALLY_TEXT_ARGS(a->none), TALLY_TEXT_ARGS(b->none));
}

static void compare_keeping(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    if (old->has_keep_until &&
        (!new->has_keep_until || new->keep_tiers_until_ms < old->keep_tiers_until_ms))
        tally_differ_add(
            differ,
            result(TALLY_CHANGE_WORSE, "tiers that are kept may be lost", NULL, TALLY_TEXT("")),
            "migrate", (tally_text){ 0 }, "keep-tiers-until",
            "Held tiers are not kept as long as was promised.");
}

void tally_differ_tiers(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->tier_count; i++) {
        if (differ->tier_map[i] != TALLY_NO_INDEX)
            compare_tier(differ, &old->tiers[i], &new->tiers[differ->tier_map[i]]);
        else
            tally_differ_add(
                differ,
                result(TALLY_CHANGE_WORSE, "who holds it loses it", NULL, old->tiers[i].span.text),
                "tiers", old->tiers[i].name, "", "The tier `%.*s` was removed.",
                TALLY_TEXT_ARGS(old->tiers[i].name));
    }
    for (uint32_t i = 0; i < new->tier_count; i++) {
        if (!was_known(differ, i))
            add_new_tier(differ, &new->tiers[i]);
    }
    compare_tier_order(differ);
    if (old->tier_count > 0 || new->tier_count > 0)
        compare_moves(differ);
    compare_keeping(differ);
}

/* ---- grades ---------------------------------------------------------------------------------------- */

void tally_differ_grade(tally_differ *differ)
{
    const tally_grade *a = &differ->old.version->grade, *b = &differ->new.version->grade;
    bool is_same = a->is_present == b->is_present && a->row_count == b->row_count &&
                   tally_review_is_equal(&a->assessed, &b->assessed);

    for (uint32_t i = 0; is_same && i < a->row_count; i++)
        is_same = tally_text_is_equal(a->labels->words[i], b->labels->words[i]) &&
                  tally_differ_is_equal(differ, a->conditions[i], b->conditions[i]);
    if (!is_same)
        tally_differ_add(differ,
                         result(TALLY_CHANGE_WORSE, "grades have no order that a program knows",
                                b->is_present ? &b->span : NULL, a->span.text),
                         "grade", (tally_text){ 0 }, "",
                         !a->is_present   ? "New: a grade is given."
                         : !b->is_present ? "No grade is given any more."
                                          : "How the grade is given was changed.");
}
