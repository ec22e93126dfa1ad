/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, and what they do to a raised amount.
 *
 * A limit as awards come moves credit about: what an early event takes, a later one does not get,
 * and the early one may expire, be disputed or reversed first. So a higher amount under one is
 * better only where no credit moves: where every amount under the limit and the limit itself grow
 * in the same proportion, or where awards are counted and not points. A higher limit alone takes
 * from nobody as long as no award stands under a second one (docs/policy-publishing.md, section 2). */

#include "policy/diff_internal.h"
#include "util/checked.h"

static const tally_limit *limit_of(const tally_side *side, const tally_award *award, uint32_t i)
{
    return &side->version->limits[award->limits[i]];
}

static bool uses(const tally_side *side, const tally_award *award, const tally_limit *limit)
{
    for (uint32_t i = 0; i < award->limit_count; i++) {
        if (limit_of(side, award, i) == limit)
            return true;
    }
    return false;
}

/* Every award under it stands under no other limit. */
static bool is_sole(const tally_side *side, const tally_limit *limit)
{
    for (uint32_t i = 0; i < side->version->award_count; i++) {
        const tally_award *award = &side->version->awards[i];

        if (uses(side, award, limit) && (award->limit_count != 1 || award->is_deduction))
            return false;
    }
    return true;
}

static bool is_settled_late(const tally_limit *limit)
{
    return limit->kind == TALLY_LIMIT_NET || limit->kind == TALLY_LIMIT_BEST;
}

/* Windows that hold the same events whatever else happened. */
static bool is_plain_window(const tally_window *window)
{
    return window->n_expr == NULL && window->kind != TALLY_WINDOW_CYCLE &&
           window->kind != TALLY_WINDOW_SINCE && window->kind != TALLY_WINDOW_AFTER;
}

static bool has_same_keys(tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    if (a->key_count != b->key_count)
        return false;
    for (uint32_t i = 0; i < a->key_count; i++) {
        if (!tally_differ_is_equal(differ, a->keys[i], b->keys[i]))
            return false;
    }
    return true;
}

static bool has_same_shape(tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    return a->kind == b->kind && tally_differ_is_equal_window(differ, a->window, b->window) &&
           has_same_keys(differ, a, b);
}

static uint32_t amount_decimals(const tally_side *side, const tally_limit *limit)
{
    return limit->kind == TALLY_LIMIT_POINTS || limit->kind == TALLY_LIMIT_NET
               ? side->policy->points_decimals
               : 0;
}

/* The new amount against the old: -1, 0, 1; both constant. */
static int compare_amounts(const tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    return tally_decimal_compare(
        (tally_decimal){ b->amount_value, amount_decimals(&differ->new, b) },
        (tally_decimal){ a->amount_value, amount_decimals(&differ->old, a) });
}

static bool has_same_amount(tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    if (a->amount_is_constant != b->amount_is_constant)
        return false;
    return a->amount_is_constant ? compare_amounts(differ, a, b) == 0
                                 : tally_differ_is_equal(differ, a->amount, b->amount);
}

/* The limit of the other version that this one became; NULL: none. */
static const tally_limit *counterpart(tally_differ *differ, const tally_side *from,
                                      const tally_limit *limit, const tally_side *to,
                                      const tally_award *award)
{
    bool is_forward = from == &differ->old;
    const tally_limit *fallback = NULL;
    uint32_t own_count = 0;

    for (uint32_t i = 0; i < award->limit_count; i++) {
        const tally_limit *other = limit_of(to, award, i);

        if (other->is_own != limit->is_own)
            continue;
        if (!limit->is_own) {
            if (tally_text_is_equal(other->name, limit->name))
                return other;
            continue;
        }
        own_count++;
        fallback = other;
        if (is_forward ? has_same_shape(differ, limit, other)
                       : has_same_shape(differ, other, limit))
            return other;
    }
    return own_count == 1 ? fallback : NULL;
}

/* ---- a limit that changed --------------------------------------------------------------- */

static const char *why_limit(tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    if (!has_same_shape(differ, a, b))
        return "it limits by another window, in another way or for other things";
    if (!a->amount_is_constant || !b->amount_is_constant)
        return "how the two amounts compare depends on the events";
    if (compare_amounts(differ, a, b) < 0)
        return "less is credited";
    if (!differ->points_rise)
        return TALLY_DIFF_WHY_POINTS;
    if (!is_plain_window(a->window))
        return "its window begins with an event of the member";
    if (!is_sole(&differ->old, a) || !is_sole(&differ->new, b))
        return "an award under it stands under another limit too, which is then used up sooner";
    return NULL;
}

static void compare_limits(tally_differ *differ, const tally_limit *a, const tally_limit *b,
                           const char *part, const char *key)
{
    tally_found found = { .reach = is_settled_late(a) || is_settled_late(b)
                                       ? TALLY_REACH_RECORD
                                       : TALLY_REACH_LATER_EVENTS,
                          .span = &b->span,
                          .before = a->span.text,
                          .after = b->span.text };

    if (has_same_shape(differ, a, b) && has_same_amount(differ, a, b))
        return;
    found.why = why_limit(differ, a, b);
    found.label = found.why == NULL ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE;
    tally_differ_add(differ, found, part, a->name, key,
                     "The limit %s`%.*s` was `%.*s` and is now `%.*s`.", a->is_own ? "of " : "",
                     TALLY_TEXT_ARGS(a->name), TALLY_TEXT_ARGS(a->span.text),
                     TALLY_TEXT_ARGS(b->span.text));
}

/* ---- limits that came or went ------------------------------------------------------------- */

/* Does an award of the new version that stood under this limit still do so? */
static bool is_still_used(tally_differ *differ, const tally_limit *limit)
{
    for (uint32_t i = 0; i < differ->old.version->award_count; i++) {
        const tally_award *award = &differ->old.version->awards[i];
        const tally_award *now = tally_side_award(&differ->new, award->name);

        if (now != NULL && uses(&differ->old, award, limit) &&
            counterpart(differ, &differ->old, limit, &differ->new, now) != NULL)
            return true;
    }
    return false;
}

static void add_lost_limit(tally_differ *differ, const tally_limit *limit, const tally_award *now)
{
    tally_found found = { .reach = TALLY_REACH_LATER_EVENTS,
                          .span = &now->span,
                          .before = limit->span.text };

    if (!differ->points_rise)
        found.why = TALLY_DIFF_WHY_POINTS;
    else if (!is_sole(&differ->old, limit) || is_still_used(differ, limit))
        found.why = "other limits or other awards depend on what it cut";
    found.label = found.why == NULL ? TALLY_CHANGE_BETTER : TALLY_CHANGE_WORSE;
    tally_differ_add(differ, found, "awards", now->name, limit->is_own ? "at-most" : "within",
                     "`%.*s` is no longer limited by `%.*s`.", TALLY_TEXT_ARGS(now->name),
                     TALLY_TEXT_ARGS(limit->is_own ? limit->span.text : limit->name));
}

static void add_new_limit(tally_differ *differ, const tally_limit *limit, const tally_award *now)
{
    tally_found found = { .label = TALLY_CHANGE_WORSE,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .why = "less may be credited",
                          .span = &limit->span,
                          .after = limit->span.text };

    tally_differ_add(differ, found, "awards", now->name, limit->is_own ? "at-most" : "within",
                     "`%.*s` is now limited by `%.*s`.", TALLY_TEXT_ARGS(now->name),
                     TALLY_TEXT_ARGS(limit->is_own ? limit->span.text : limit->name));
}

static void compare_limits_of(tally_differ *differ, const tally_award *old_award,
                              const tally_award *new_award)
{
    for (uint32_t i = 0; i < old_award->limit_count; i++) {
        const tally_limit *limit = limit_of(&differ->old, old_award, i);
        const tally_limit *now = counterpart(differ, &differ->old, limit, &differ->new, new_award);

        if (now == NULL)
            add_lost_limit(differ, limit, new_award);
        else if (limit->is_own)
            compare_limits(differ, limit, now, "awards", "at-most");
    }
    for (uint32_t i = 0; i < new_award->limit_count; i++) {
        const tally_limit *limit = limit_of(&differ->new, new_award, i);

        if (counterpart(differ, &differ->new, limit, &differ->old, old_award) == NULL)
            add_new_limit(differ, limit, new_award);
    }
}

void tally_differ_limits(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < old->limit_count; i++) {
        for (uint32_t k = 0; !old->limits[i].is_own && k < new->limit_count; k++) {
            if (!new->limits[k].is_own &&
                tally_text_is_equal(old->limits[i].name, new->limits[k].name))
                compare_limits(differ, &old->limits[i], &new->limits[k], "limits", "");
        }
    }
    for (uint32_t i = 0; i < old->award_count; i++) {
        const tally_award *now = tally_side_award(&differ->new, old->awards[i].name);

        if (now != NULL)
            compare_limits_of(differ, &old->awards[i], now);
    }
}

/* ---- raised amounts -------------------------------------------------------------------------- */

/* p / q: how many times the old amount the new one is, the same for every event. */
static bool find_factor(const tally_award *a, const tally_award *b, int64_t *p, int64_t *q)
{
    if (!a->is_linear || !b->is_linear || (a->linear_slot < 0) != (b->linear_slot < 0))
        return false;
    if (*q == 0) {
        *q = a->linear_constant != 0 ? a->linear_constant : a->linear_coefficient;
        *p = a->linear_constant != 0 ? b->linear_constant : b->linear_coefficient;
    }
    return *q > 0 && *p >= *q &&
           (tally_i128)b->linear_constant * *q == (tally_i128)a->linear_constant * *p &&
           (tally_i128)b->linear_coefficient * *q == (tally_i128)a->linear_coefficient * *p;
}

static bool reads_same_field(tally_differ *differ, const tally_award *a, const tally_award *b)
{
    for (uint32_t t = 0; t < differ->old.policy->type_count; t++) {
        uint32_t mapped = differ->type_map[t];

        if ((a->types[t / 64] >> (t % 64) & 1) == 0 || a->linear_slot < 0)
            continue;
        if (mapped == TALLY_NO_INDEX ||
            !tally_text_is_equal(differ->old.policy->types[t].fields[a->linear_slot].name,
                                 differ->new.policy->types[mapped].fields[b->linear_slot].name))
            return false;
    }
    return true;
}

/* All amounts under the limit grow by one factor, and the limit by no smaller one: then every event
 * is credited at least that factor times what it was. */
static bool grows_in_proportion(tally_differ *differ, const tally_limit *a, const tally_limit *b)
{
    const tally_version *old = differ->old.version;
    int64_t p = 0, q = 0;

    if (!a->amount_is_constant || !b->amount_is_constant ||
        differ->old.policy->points_decimals != differ->new.policy->points_decimals)
        return false;
    for (uint32_t i = 0; i < old->award_count; i++) {
        const tally_award *now = tally_side_award(&differ->new, old->awards[i].name);

        if (uses(&differ->old, &old->awards[i], a) &&
            (now == NULL || !find_factor(&old->awards[i], now, &p, &q) ||
             !reads_same_field(differ, &old->awards[i], now)))
            return false;
    }
    return q > 0 && (tally_i128)b->amount_value * q >= (tally_i128)a->amount_value * p;
}

/* Every event of these types earns by it, and more than nothing. */
static bool always_earns(tally_differ *differ, const tally_award *award)
{
    return (award->is_linear || award->points->op == TALLY_OP_LITERAL) &&
           tally_differ_range(differ, &differ->old, award->points).least > 0;
}

bool tally_differ_may_raise(tally_differ *differ, const tally_award *old_award,
                            const tally_award *new_award, bool is_wider)
{
    const tally_limit *a, *b;

    if (!differ->points_rise)
        return false;
    if (new_award->limit_count == 0)
        return true; /* a limit that went is a change of its own */
    if (new_award->limit_count != 1 || old_award->limit_count != 1)
        return false;
    b = limit_of(&differ->new, new_award, 0);
    a = limit_of(&differ->old, old_award, 0);
    if (counterpart(differ, &differ->old, a, &differ->new, new_award) != b ||
        !has_same_shape(differ, a, b) || !is_sole(&differ->old, a) || !is_sole(&differ->new, b) ||
        !is_plain_window(a->window))
        return false;
    switch (a->kind) {
    case TALLY_LIMIT_NET:
    case TALLY_LIMIT_BEST:
        return true;
    case TALLY_LIMIT_TIMES:
        return !is_wider && always_earns(differ, old_award);
    case TALLY_LIMIT_POINTS:
        return !is_wider && grows_in_proportion(differ, a, b);
    }
    return false;
}
