/* SPDX-License-Identifier: Apache-2.0 */
/* Awards and deductions, by name. Of a deduction less is better. */

#include "policy/diff_internal.h"

static const char *part_of(const tally_award *award)
{
    return award->is_deduction ? "deductions" : "awards";
}

/* What a change of this award at this key is, unless said otherwise. */
static tally_found found_in(const tally_award *now, const tally_expr *before,
                            const tally_expr *after)
{
    return (tally_found){ .label = TALLY_CHANGE_WORSE,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .span = after != NULL ? &after->span : &now->span,
                          .before = tally_differ_source(before),
                          .after = tally_differ_source(after) };
}

static void judge(tally_found *found, bool is_better, const char *why)
{
    found->label = is_better ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE;
    found->why = is_better ? NULL : why;
}

/* ---- what it is for ------------------------------------------------------------------- */

static const char *type_names(tally_differ *differ, const tally_side *side,
                              const tally_award *award)
{
    tally_buffer text;
    const char *copy;
    tally_text kept = TALLY_TEXT("");

    tally_buffer_init(&text, (size_t)1 << 20);
    for (uint32_t t = 0; t < side->policy->type_count; t++) {
        if ((award->types[t / 64] >> (t % 64) & 1) != 0)
            tally_buffer_printf(&text, "%s`%.*s`", text.count > 0 ? " or " : "",
                                TALLY_TEXT_ARGS(side->policy->types[t].name));
    }
    if (tally_buffer_failure(&text) != TALLY_OK ||
        !tally_arena_copy_text(differ->arena, &kept, tally_buffer_text(&text)))
        differ->failure = TALLY_E_NOMEM;
    copy = kept.bytes;
    tally_buffer_free(&text);
    return copy;
}

static void compare_types(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, NULL, NULL);
    bool is_wider = tally_differ_has_types(differ, a->types, b->types, false);
    bool is_narrower = tally_differ_has_types(differ->mirror, b->types, a->types, false);

    if (is_wider && is_narrower)
        return;
    if (a->is_deduction)
        judge(&found, is_narrower && differ->points_rise, "more events may be deducted for");
    else
        judge(&found, is_wider && tally_differ_may_raise(differ, a, b, true),
              is_wider ? TALLY_DIFF_WHY_POINTS : "events that earned points no longer do");
    tally_differ_add(differ, found, part_of(b), b->name, "for",
                     "`%.*s` was for %s and is now for %s.", TALLY_TEXT_ARGS(b->name),
                     type_names(differ, &differ->old, a), type_names(differ, &differ->new, b));
}

static void compare_when(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, a->when, b->when);

    if (tally_differ_is_equal(differ, a->when, b->when))
        return;
    if (a->is_deduction)
        judge(&found, differ->points_rise && tally_differ_implies(differ->mirror, b->when, a->when),
              "it cannot be shown that no more events are deducted for");
    else if (!tally_differ_implies(differ, a->when, b->when))
        judge(&found, false, "it cannot be shown that all events that earned points still do");
    else
        judge(&found, tally_differ_may_raise(differ, a, b, true), TALLY_DIFF_WHY_POINTS);
    tally_differ_add(differ, found, part_of(b), b->name, "when",
                     "`%.*s` was given when: %s. Now when: %s.", TALLY_TEXT_ARGS(b->name),
                     tally_differ_phrase(differ, &differ->old, a->when),
                     tally_differ_phrase(differ, &differ->new, b->when));
}

static void compare_points(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, a->points, b->points);

    if (tally_differ_is_equal(differ, a->points, b->points) ||
        (tally_differ_is_at_least(differ, a->points, b->points) &&
         tally_differ_is_at_least(differ->mirror, b->points, a->points)))
        return; /* neither is ever more than the other */
    if (!tally_differ_is_at_least(differ, a->points, b->points))
        judge(&found, false, "it cannot be shown that no event is worth less");
    else
        judge(&found,
              a->is_deduction ? differ->points_rise : tally_differ_may_raise(differ, a, b, false),
              TALLY_DIFF_WHY_POINTS);
    tally_differ_add(differ, found, part_of(b), b->name, "points",
                     "`%.*s` was worth %s and is now worth %s.", TALLY_TEXT_ARGS(b->name),
                     tally_differ_phrase(differ, &differ->old, a->points),
                     tally_differ_phrase(differ, &differ->new, b->points));
}

/* ---- when it counts ---------------------------------------------------------------------- */

static bool is_never(const tally_deadline_table *table)
{
    return table->count == 0 ||
           (table->count == 1 && table->deadlines[0].kind == TALLY_DEADLINE_NEVER);
}

/* Row by row under the same conditions; `never` alone stands for any row. */
static bool is_table_no_earlier(tally_differ *differ, const tally_deadline_table *old_table,
                                const tally_deadline_table *new_table, bool new_is_later)
{
    const tally_deadline_table *later = new_is_later ? new_table : old_table;

    if (is_never(later))
        return true;
    if (old_table->count != new_table->count)
        return false;
    for (uint32_t i = 0; i < old_table->count; i++) {
        const tally_deadline *a = &old_table->deadlines[i], *b = &new_table->deadlines[i];

        if (!tally_differ_is_equal(differ, old_table->conditions[i], new_table->conditions[i]) ||
            !(new_is_later ? tally_deadline_is_no_earlier(b, a)
                           : tally_deadline_is_no_earlier(a, b)))
            return false;
    }
    return true;
}

static const char *table_phrase(tally_differ *differ, const tally_side *side,
                                const tally_deadline_table *table)
{
    if (is_never(table))
        return "never";
    return table->count == 1 ? tally_differ_deadline(differ, side, &table->deadlines[0])
                             : "by a table of deadlines";
}

static void compare_expiry(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    bool is_later = is_table_no_earlier(differ, &a->expires, &b->expires, true);
    bool is_earlier = is_table_no_earlier(differ, &a->expires, &b->expires, false);
    tally_found found = found_in(b, NULL, NULL);

    if (is_later && is_earlier)
        return;
    if (b->expires.count > 0) {
        found.span = &b->expires.deadlines[0].span;
        found.after = b->expires.deadlines[0].span.text;
    }
    if (a->expires.count > 0)
        found.before = a->expires.deadlines[0].span.text;
    if (a->is_deduction)
        judge(&found, is_earlier && differ->points_rise, "it lasts longer, or may");
    else
        judge(&found, is_later && differ->points_rise,
              is_later ? TALLY_DIFF_WHY_POINTS : "points end sooner, or may");
    tally_differ_add(differ, found, part_of(b), b->name, "expires",
                     "Points of `%.*s` ended %s; now they end %s.", TALLY_TEXT_ARGS(b->name),
                     table_phrase(differ, &differ->old, &a->expires),
                     table_phrase(differ, &differ->new, &b->expires));
}

/* What is left of an amount at each age is at least what it was. */
static bool decays_no_faster(const tally_award *a, const tally_award *b)
{
    return b->decay == TALLY_DECAY_NONE || (a->decay == b->decay && b->decay_days >= a->decay_days);
}

static void compare_decay(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, NULL, NULL);

    if (a->decay == b->decay && (a->decay == TALLY_DECAY_NONE || a->decay_days == b->decay_days))
        return;
    judge(&found,
          differ->points_rise &&
              (a->is_deduction ? decays_no_faster(b, a) : decays_no_faster(a, b)),
          "points shrink sooner, or more points are not shown to be better");
    tally_differ_add(differ, found, part_of(b), b->name, "decays",
                     "How points of `%.*s` shrink with time was changed.",
                     TALLY_TEXT_ARGS(b->name));
}

/* Takes effect no later for any event; a decision that is waited for comes whenever it comes. */
static bool counts_no_later(const tally_award *a, const tally_award *b)
{
    if (b->once_confirmed && !a->once_confirmed)
        return false;
    if (!b->has_counts_after)
        return true;
    return a->has_counts_after && tally_deadline_is_no_earlier(&a->counts_after, &b->counts_after);
}

static void compare_effect(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    bool is_sooner = counts_no_later(a, b), is_later = counts_no_later(b, a);
    tally_found found = found_in(b, NULL, NULL);

    if (is_sooner && is_later)
        return;
    if (a->has_counts_after)
        found.before = a->counts_after.span.text;
    if (b->has_counts_after)
        found.after = b->counts_after.span.text;
    if (a->is_deduction)
        judge(&found, is_later && differ->points_rise, "it may take effect sooner");
    else
        judge(&found, is_sooner && differ->points_rise, "points may count later");
    tally_differ_add(
        differ, found, part_of(b), b->name, "counts", "`%.*s` took effect %s%s; now %s%s.",
        TALLY_TEXT_ARGS(b->name),
        a->has_counts_after ? tally_differ_deadline(differ, &differ->old, &a->counts_after)
                            : "at once",
        a->once_confirmed ? ", once confirmed" : "",
        b->has_counts_after ? tally_differ_deadline(differ, &differ->new, &b->counts_after)
                            : "at once",
        b->once_confirmed ? ", once confirmed" : "");
}

static tally_disputed disputed_of(const tally_award *award)
{
    if (!award->disputed_is_default)
        return award->while_disputed;
    return award->is_deduction ? TALLY_DISPUTED_HELD_OUT : TALLY_DISPUTED_COUNTS;
}

static void compare_disputed(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    static const char *const names[] = { "counts", "is held out", "is frozen" };
    tally_disputed was = disputed_of(a), is = disputed_of(b);
    tally_found found = found_in(b, NULL, NULL);
    bool is_better = a->is_deduction
                         ? was == TALLY_DISPUTED_COUNTS && is == TALLY_DISPUTED_HELD_OUT
                         : was == TALLY_DISPUTED_HELD_OUT && is == TALLY_DISPUTED_COUNTS;

    if (was == is)
        return;
    judge(&found, is_better && differ->points_rise, "less may count while a dispute is open");
    tally_differ_add(differ, found, part_of(b), b->name, "while-disputed",
                     "While `%.*s` is disputed it %s; before, it %s.", TALLY_TEXT_ARGS(b->name),
                     names[is], names[was]);
}

/* ---- deductions -------------------------------------------------------------------------------- */

static uint32_t mapped_type(const tally_differ *differ, uint32_t type)
{
    return type == TALLY_NO_INDEX ? TALLY_NO_INDEX : differ->type_map[type];
}

static bool has_same_pair(const tally_differ *differ, const tally_award *a, const tally_award *b)
{
    if (a->pairs_with_award == TALLY_NO_INDEX || b->pairs_with_award == TALLY_NO_INDEX)
        return a->pairs_with_award == b->pairs_with_award;
    return tally_text_is_equal(differ->old.version->awards[a->pairs_with_award].name,
                               differ->new.version->awards[b->pairs_with_award].name);
}

static bool has_same_obligation(const tally_differ *differ, const tally_award *a,
                                const tally_award *b)
{
    if (a->obligation_slot_of_type == NULL || b->obligation_slot_of_type == NULL)
        return a->obligation_slot_of_type == b->obligation_slot_of_type;
    for (uint32_t t = 0; t < differ->old.policy->type_count; t++) {
        uint32_t mapped = differ->type_map[t];
        int16_t was = a->obligation_slot_of_type[t], is;

        if (mapped == TALLY_NO_INDEX)
            continue;
        is = b->obligation_slot_of_type[mapped];
        if ((was < 0) != (is < 0) ||
            (was >= 0 && !tally_text_is_equal(differ->old.policy->types[t].fields[was].name,
                                              differ->new.policy->types[mapped].fields[is].name)))
            return false;
    }
    return true;
}

static void compare_deduction(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, NULL, NULL);

    if (mapped_type(differ, a->accepted_by_type) == b->accepted_by_type &&
        mapped_type(differ, a->repair_type) == b->repair_type && has_same_pair(differ, a, b) &&
        has_same_obligation(differ, a, b))
        return;
    judge(&found, false, "what is accepted, paired or repaired was changed");
    tally_differ_add(differ, found, part_of(b), b->name, "obligation",
                     "The obligation behind `%.*s`, its acceptance, its paired award or its repair "
                     "was changed.",
                     TALLY_TEXT_ARGS(b->name));
}

/* ---- an award ------------------------------------------------------------------------------------ */

static void compare_award(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    tally_found found = found_in(b, NULL, NULL);

    if (a->is_deduction != b->is_deduction || a->spends != b->spends) {
        judge(&found, false, "it is another kind of rule");
        tally_differ_add(differ, found, part_of(b), b->name, "",
                         "`%.*s` was one of the %s and is now one of the %s%s.",
                         TALLY_TEXT_ARGS(b->name), part_of(a), part_of(b),
                         a->spends != b->spends ? ", or spends points where it did not" : "");
        return;
    }
    compare_types(differ, a, b);
    compare_when(differ, a, b);
    compare_points(differ, a, b);
    compare_expiry(differ, a, b);
    compare_decay(differ, a, b);
    compare_effect(differ, a, b);
    compare_disputed(differ, a, b);
    if (a->is_deduction)
        compare_deduction(differ, a, b);
    if (!tally_text_is_equal(a->because, b->because)) {
        found = (tally_found){ .label = TALLY_CHANGE_NEUTRAL,
                               .span = &b->span,
                               .before = a->because,
                               .after = b->because };
        tally_differ_add(differ, found, part_of(b), b->name, "because",
                         "The reason given for `%.*s` reads otherwise.", TALLY_TEXT_ARGS(b->name));
    }
}

static void add_removed(tally_differ *differ, const tally_award *award)
{
    tally_found found = { .reach = TALLY_REACH_LATER_EVENTS, .before = award->span.text };

    if (award->is_deduction) {
        judge(&found, differ->points_rise, TALLY_DIFF_WHY_POINTS);
    } else {
        judge(&found, false, "later events earn nothing by it");
        found.is_stop = true;
    }
    tally_differ_add(differ, found, part_of(award), award->name, "",
                     award->is_deduction ? "Nothing is deducted for `%.*s` any more."
                                         : "`%.*s` is no longer given for later events.",
                     TALLY_TEXT_ARGS(award->name));
}

/* A limit that only new awards stand under takes from nobody. */
static bool shares_a_limit(const tally_differ *differ, const tally_award *award)
{
    const tally_version *version = differ->new.version;

    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *other = &version->awards[i];

        if (tally_side_award(&differ->old, other->name) == NULL)
            continue;
        for (uint32_t k = 0; k < other->limit_count; k++) {
            for (uint32_t n = 0; n < award->limit_count; n++) {
                if (other->limits[k] == award->limits[n])
                    return true;
            }
        }
    }
    return false;
}

static void add_new(tally_differ *differ, const tally_award *award)
{
    tally_found found = { .reach = TALLY_REACH_LATER_EVENTS,
                          .span = &award->span,
                          .after = award->span.text };

    if (award->is_deduction)
        judge(&found, false, "points may be taken that were not taken before");
    else if (!differ->points_rise)
        judge(&found, false, TALLY_DIFF_WHY_POINTS);
    else
        judge(&found, !shares_a_limit(differ, award),
              "it uses up a limit that other awards stand under");
    tally_differ_add(differ, found, part_of(award), award->name, "",
                     award->is_deduction ? "New: points are deducted for `%.*s`: %s."
                                         : "New: `%.*s` earns points: %s.",
                     TALLY_TEXT_ARGS(award->name),
                     tally_differ_phrase(differ, &differ->new, award->points));
}

/* Awards of one event are settled in written order; that matters where they share a limit. */
static void compare_order(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;
    tally_found found = { .label = TALLY_CHANGE_WORSE,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .why = "awards of one event are settled in their written order" };
    uint32_t last = 0;
    bool has_limits = false;

    for (uint32_t i = 0; i < old->limit_count; i++)
        has_limits = has_limits || !old->limits[i].is_own;
    if (differ->points_rise && !has_limits)
        found.label = TALLY_CHANGE_NEUTRAL;
    for (uint32_t i = 0; i < old->award_count; i++) {
        const tally_award *now = tally_side_award(&differ->new, old->awards[i].name);
        uint32_t place = now != NULL ? (uint32_t)(now - new->awards) : last;

        if (place < last) {
            found.span = &now->span;
            tally_differ_add(differ, found, part_of(now), (tally_text){ 0 }, "",
                             "The order of the awards was changed: `%.*s` now stands before others "
                             "that it stood behind.",
                             TALLY_TEXT_ARGS(now->name));
            return;
        }
        last = place;
    }
}

void tally_differ_awards(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < new->award_count; i++) {
        const tally_award *was = tally_side_award(&differ->old, new->awards[i].name);

        if (was != NULL)
            compare_award(differ, was, &new->awards[i]);
        else
            add_new(differ, &new->awards[i]);
    }
    for (uint32_t i = 0; i < old->award_count; i++) {
        if (tally_side_award(&differ->new, old->awards[i].name) == NULL)
            add_removed(differ, &old->awards[i]);
    }
    compare_order(differ);
}
