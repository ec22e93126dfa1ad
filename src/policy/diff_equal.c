/* SPDX-License-Identifier: Apache-2.0 */
/* What means the same in two programs. */

#include "policy/diff_internal.h"
#include "util/checked.h"

#define WORK_MAX UINT64_C(2000000)

bool tally_differ_may_go_on(tally_differ *differ)
{
    return ++differ->work <= WORK_MAX;
}

/* ---- by name ------------------------------------------------------------------------ */

const tally_award *tally_side_award(const tally_side *side, tally_text name)
{
    for (uint32_t i = 0; i < side->version->award_count; i++) {
        if (tally_text_is_equal(side->version->awards[i].name, name))
            return &side->version->awards[i];
    }
    return NULL;
}

uint32_t tally_version_tier(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (tally_text_is_equal(version->tiers[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

uint32_t tally_side_let(const tally_side *side, tally_text name)
{
    for (uint32_t i = 0; i < side->version->let_count; i++) {
        if (tally_text_is_equal(side->version->lets[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

uint32_t tally_side_type(const tally_side *side, tally_text name)
{
    for (uint32_t i = TALLY_RECORD_TYPES; i < side->policy->type_count; i++) {
        if (tally_text_is_equal(side->policy->types[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

/* ---- deadlines and reviews ------------------------------------------------------------ */

bool tally_deadline_is_equal(const tally_deadline *a, const tally_deadline *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case TALLY_DEADLINE_NEVER:
        return true;
    case TALLY_DEADLINE_AFTER:
        return a->ms == b->ms;
    case TALLY_DEADLINE_AFTER_MONTHS:
        return a->months == b->months;
    case TALLY_DEADLINE_END_OF:
        return a->unit == b->unit && a->later_count == b->later_count &&
               (a->later_count == 0 || a->later_unit == b->later_unit);
    case TALLY_DEADLINE_END_OF_MONTH:
        return a->month == b->month && a->later_count == b->later_count;
    }
    return false;
}

bool tally_review_is_equal(const tally_review *a, const tally_review *b)
{
    if (a->kind != b->kind || a->date_count != b->date_count)
        return false;
    if (a->kind == TALLY_REVIEW_EACH && a->unit != b->unit)
        return false;
    if (a->kind == TALLY_REVIEW_MONTH_DAY && a->day != b->day)
        return false;
    for (uint32_t i = 0; i < a->date_count; i++) {
        if (a->dates[i][0] != b->dates[i][0] || a->dates[i][1] != b->dates[i][1])
            return false;
    }
    return true;
}

/* ---- event types and fields -------------------------------------------------------------- */

static bool has_type(const uint64_t *types, uint32_t type)
{
    return (types[type / 64] >> (type % 64) & 1) != 0;
}

bool tally_differ_has_types(const tally_differ *differ, const uint64_t *old_types,
                            const uint64_t *new_types, bool equal)
{
    uint32_t old_count = 0, new_count = 0;

    for (uint32_t t = 0; t < differ->old.policy->type_count; t++) {
        if (!has_type(old_types, t))
            continue;
        old_count++;
        if (differ->type_map[t] == TALLY_NO_INDEX || !has_type(new_types, differ->type_map[t]))
            return false;
    }
    for (uint32_t t = 0; equal && t < differ->new.policy->type_count; t++)
        new_count += has_type(new_types, t);
    return !equal || old_count == new_count;
}

static bool has_field(const tally_event_type *type, tally_text name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name))
            return true;
    }
    return false;
}

/* Is the same field read of each type that the old version knows? */
static bool is_same_field(const tally_differ *differ, const int16_t *old_slots,
                          const int16_t *new_slots)
{
    for (uint32_t t = 0; t < differ->old.policy->type_count; t++) {
        const tally_event_type *old_type = &differ->old.policy->types[t], *new_type;
        uint32_t mapped = differ->type_map[t];
        int16_t old_slot = old_slots[t], new_slot;

        if (mapped == TALLY_NO_INDEX) {
            if (old_slot >= 0)
                return false;
            continue;
        }
        new_slot = new_slots[mapped];
        new_type = &differ->new.policy->types[mapped];
        if (old_slot >= 0 && new_slot < 0)
            return false;
        if (old_slot >= 0 &&
            (!tally_text_is_equal(old_type->fields[old_slot].name,
                                  new_type->fields[new_slot].name) ||
             old_type->fields[old_slot].type != new_type->fields[new_slot].type ||
             old_type->fields[old_slot].is_member != new_type->fields[new_slot].is_member))
            return false;
        /* A field that the old type had and did not read here must not be read now. */
        if (old_slot < 0 && new_slot >= 0 && has_field(old_type, new_type->fields[new_slot].name))
            return false;
    }
    return true;
}

/* ---- windows and sets ---------------------------------------------------------------------- */

static bool is_same_zone(const tally_differ *differ, uint32_t old_zone, uint32_t new_zone)
{
    if (old_zone == TALLY_NO_INDEX || new_zone == TALLY_NO_INDEX)
        return old_zone == new_zone; /* that of the version: compared with the header */
    return tally_text_is_equal(differ->old.policy->zone_names[old_zone],
                               differ->new.policy->zone_names[new_zone]);
}

bool tally_differ_is_equal_window(tally_differ *differ, const tally_window *old_window,
                                  const tally_window *new_window)
{
    const tally_window *a = old_window, *b = new_window;

    if (a == NULL || b == NULL)
        return a == b;
    if (!tally_differ_may_go_on(differ) || a->kind != b->kind ||
        !is_same_zone(differ, a->zone, b->zone) || (a->n_expr == NULL) != (b->n_expr == NULL))
        return false;
    if (a->n_expr != NULL && (a->each_ms != b->each_ms || a->each_months != b->each_months ||
                              !tally_differ_is_equal(differ, a->n_expr, b->n_expr)))
        return false;
    switch (a->kind) {
    case TALLY_WINDOW_LIFETIME:
        return true;
    case TALLY_WINDOW_CALENDAR:
        return a->unit == b->unit;
    case TALLY_WINDOW_PREVIOUS:
        return a->unit == b->unit && (a->n_expr != NULL || a->n == b->n);
    case TALLY_WINDOW_ROLLING:
    case TALLY_WINDOW_NEXT:
        return a->n_expr != NULL || (tally_i128)a->n * a->each_ms == (tally_i128)b->n * b->each_ms;
    case TALLY_WINDOW_ROLLING_MONTHS:
        return a->n_expr != NULL ||
               (tally_i128)a->n * a->each_months == (tally_i128)b->n * b->each_months;
    case TALLY_WINDOW_SINCE:
    case TALLY_WINDOW_AFTER:
        return tally_differ_is_equal(differ, a->ref, b->ref);
    case TALLY_WINDOW_CYCLE:
        return tally_differ_is_equal(differ, a->ref, b->ref) &&
               (a->n_expr != NULL ||
                (tally_i128)a->n * a->each_months == (tally_i128)b->n * b->each_months);
    }
    return false;
}

bool tally_differ_is_equal_set(tally_differ *differ, const tally_set *old_set,
                               const tally_set *new_set)
{
    const tally_set *a = old_set, *b = new_set;

    for (; a != NULL && b != NULL; a = a->inner, b = b->inner) {
        if (!tally_differ_may_go_on(differ) || a->last != b->last || a->earlier != b->earlier ||
            (a->inner == NULL) != (b->inner == NULL) ||
            !tally_differ_is_equal(differ, a->with, b->with) ||
            !tally_differ_is_equal_window(differ, a->window, b->window))
            return false;
        if (a->inner == NULL && !tally_differ_has_types(differ, a->types, b->types, true))
            return false;
    }
    return a == b;
}

/* ---- expressions ---------------------------------------------------------------------------- */

static const tally_expr *strip(const tally_expr *expr)
{
    while (expr != NULL && expr->op == TALLY_OP_RESCALE)
        expr = expr->args[0];
    return expr;
}

static bool is_same_decimal(int64_t a, uint32_t a_decimals, int64_t b, uint32_t b_decimals)
{
    if (a == TALLY_NOTHING || b == TALLY_NOTHING)
        return a == b;
    return tally_decimal_compare((tally_decimal){ a, a_decimals },
                                 (tally_decimal){ b, b_decimals }) == 0;
}

static bool is_same_literal(const tally_expr *a, const tally_expr *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == TALLY_TYPE_NUMBER || a->type == TALLY_TYPE_RATIO)
        return is_same_decimal(a->value, a->decimals, b->value, b->decimals);
    if (a->type == TALLY_TYPE_WORD && a->value != TALLY_NOTHING && b->value != TALLY_NOTHING) {
        if (a->domain == NULL || b->domain == NULL)
            return a->domain == b->domain && a->value == b->value;
        return (uint64_t)a->value < a->domain->count && (uint64_t)b->value < b->domain->count &&
               tally_text_is_equal(a->domain->words[a->value], b->domain->words[b->value]);
    }
    return a->value == b->value;
}

static bool is_same_fact(const tally_fact *a, const tally_fact *b)
{
    if (!tally_text_is_equal(a->name, b->name) || a->count != b->count || a->expr != NULL ||
        b->expr != NULL)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->from_day[i] != b->from_day[i] ||
            !is_same_decimal(a->values[i], a->decimals, b->values[i], b->decimals))
            return false;
    }
    return true;
}

static bool is_same_streak(tally_differ *differ, const tally_streak *a, const tally_streak *b)
{
    bool has_old = a->freeze_type != TALLY_NO_INDEX, has_new = b->freeze_type != TALLY_NO_INDEX;

    if (!tally_text_is_equal(a->name, b->name) || a->unit != b->unit || has_old != has_new ||
        a->freeze_hold != b->freeze_hold || a->repair_missed != b->repair_missed ||
        a->repair_again_after_ms != b->repair_again_after_ms ||
        !tally_differ_is_equal(differ, a->counts, b->counts))
        return false;
    return !has_old || differ->type_map[a->freeze_type] == b->freeze_type;
}

bool tally_differ_is_equal_let(tally_differ *differ, uint32_t old_index, uint32_t new_index)
{
    const tally_let *a = &differ->old.version->lets[old_index];
    const tally_let *b = &differ->new.version->lets[new_index];
    bool is_equal;

    if (!tally_text_is_equal(a->name, b->name) || a->is_set != b->is_set)
        return false;
    if (differ->let_is_equal[old_index] != 0)
        return differ->let_is_equal[old_index] == 1;
    is_equal = a->is_set ? tally_differ_is_equal_set(differ, a->set, b->set)
                         : tally_differ_is_equal(differ, a->expr, b->expr);
    differ->let_is_equal[old_index] = is_equal ? 1 : 2;
    return is_equal;
}

/* What an index of the node means in its version. */
static bool is_same_name(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    switch (a->op) {
    case TALLY_OP_LET: /* beyond the version's own lets: an admission rule's, never compared */
        return a->index < old->let_count &&
               b->index < new->let_count &&tally_differ_is_equal_let(differ, a->index, b->index);
    case TALLY_OP_FACT:
        return is_same_fact(&old->facts[a->index], &new->facts[b->index]);
    case TALLY_OP_STREAK:
        return is_same_streak(differ, &old->streaks[a->index], &new->streaks[b->index]);
    case TALLY_OP_HELD:
        return differ->tier_map[a->index] == b->index;
    case TALLY_OP_EARNED:
        if (a->index == TALLY_NO_INDEX || b->index == TALLY_NO_INDEX)
            return a->index == b->index;
        return tally_text_is_equal(old->awards[a->index].name, new->awards[b->index].name);
    default:
        return true;
    }
}

static bool is_same_node(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    switch (a->op) {
    case TALLY_OP_LITERAL:
        return is_same_literal(a, b);
    case TALLY_OP_FIELD:
    case TALLY_OP_THIS_FIELD:
    case TALLY_OP_REF_FIELD:
        return a->slot_of_type != NULL && b->slot_of_type != NULL &&
               is_same_field(differ, a->slot_of_type, b->slot_of_type);
    case TALLY_OP_PERIOD_OF:
    case TALLY_OP_COUNT_PERIODS:
        return a->unit == b->unit;
    case TALLY_OP_SUM:
        return a->best == b->best;
    case TALLY_OP_ROUND:
        return a->rounding == b->rounding &&
               is_same_decimal(a->value, a->decimals, b->value, b->decimals);
    case TALLY_OP_AT_LEAST_OF:
    case TALLY_OP_THROUGHOUT:
        return a->value == b->value;
    case TALLY_OP_DAY_PLUS_MONTHS: /* the months stand in args[1] or in value */
    case TALLY_OP_DAY_PLUS:
        return a->value == b->value;
    default:
        return is_same_name(differ, a, b);
    }
}

bool tally_differ_is_equal(tally_differ *differ, const tally_expr *old_expr,
                           const tally_expr *new_expr)
{
    const tally_expr *a = strip(old_expr), *b = strip(new_expr);

    if (a == NULL || b == NULL)
        return a == b;
    if (!tally_differ_may_go_on(differ) || a->op != b->op || a->type != b->type ||
        a->arg_count != b->arg_count || (a->set == NULL) != (b->set == NULL) ||
        (a->window == NULL) != (b->window == NULL) || !is_same_node(differ, a, b))
        return false;
    for (uint16_t i = 0; i < a->arg_count; i++) {
        if (!tally_differ_is_equal(differ, a->args[i], b->args[i]))
            return false;
    }
    return tally_differ_is_equal_set(differ, a->set, b->set) &&
           tally_differ_is_equal_window(differ, a->window, b->window);
}
