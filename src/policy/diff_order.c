/* SPDX-License-Identifier: Apache-2.0 */
/* What is at least as much as before, and what holds whenever something held before. Both are asked
 * of the texts' structure alone: `false` means "not shown". */

#include "policy/compiler.h"
#include "policy/diff_internal.h"
#include "util/checked.h"

#define MONTH_DAYS_MIN 28

/* ---- deadlines ------------------------------------------------------------------------ */

/* Does each period of `longer` consist of whole ones of `shorter`? */
static bool is_unit_within(uint8_t shorter, uint8_t longer)
{
    if (shorter == longer || shorter == TALLY_UNIT_DAY)
        return true;
    return shorter != TALLY_UNIT_WEEK && longer != TALLY_UNIT_WEEK && shorter < longer;
}

static bool is_end_no_earlier(const tally_deadline *later, const tally_deadline *earlier)
{
    if (earlier->later_count == 0)
        return is_unit_within(earlier->unit, later->unit);
    return earlier->unit == later->unit && earlier->later_unit == later->later_unit &&
           later->later_count >= earlier->later_count;
}

bool tally_deadline_is_no_earlier(const tally_deadline *later, const tally_deadline *earlier)
{
    if (later->kind == TALLY_DEADLINE_NEVER || tally_deadline_is_equal(later, earlier))
        return true;
    /* A month has at least 28 days; the day less is for zones that move their clocks. */
    if (later->kind == TALLY_DEADLINE_AFTER_MONTHS && earlier->kind == TALLY_DEADLINE_AFTER)
        return ((int64_t)later->months * MONTH_DAYS_MIN - 1) * TALLY_DAY_MS >= earlier->ms;
    if (later->kind != earlier->kind)
        return false;
    switch (later->kind) {
    case TALLY_DEADLINE_AFTER:
        return later->ms >= earlier->ms;
    case TALLY_DEADLINE_AFTER_MONTHS:
        return later->months >= earlier->months;
    case TALLY_DEADLINE_END_OF:
        return later->later_count >= 0 && earlier->later_count >= 0 &&
               is_end_no_earlier(later, earlier);
    case TALLY_DEADLINE_END_OF_MONTH:
        return later->month == earlier->month && later->later_count >= earlier->later_count;
    default:
        return false;
    }
}

/* ---- sets ------------------------------------------------------------------------------- */

static bool is_window_within(tally_differ *differ, const tally_window *old_window,
                             const tally_window *new_window)
{
    const tally_window *a = old_window, *b = new_window;

    if (tally_differ_is_equal_window(differ, a, b))
        return true;
    if (b->kind == TALLY_WINDOW_LIFETIME)
        return a->kind != TALLY_WINDOW_NEXT;
    if (a->kind != b->kind || a->n_expr != NULL || b->n_expr != NULL)
        return false;
    switch (a->kind) {
    case TALLY_WINDOW_ROLLING:
    case TALLY_WINDOW_NEXT:
        return (tally_i128)a->n * a->each_ms <= (tally_i128)b->n * b->each_ms;
    case TALLY_WINDOW_ROLLING_MONTHS:
        return (tally_i128)a->n * a->each_months <= (tally_i128)b->n * b->each_months;
    case TALLY_WINDOW_CALENDAR: /* zones may differ from unit to unit: only that of the version */
        return a->zone == TALLY_NO_INDEX && b->zone == TALLY_NO_INDEX &&
               is_unit_within(a->unit, b->unit);
    case TALLY_WINDOW_PREVIOUS:
        return a->zone == TALLY_NO_INDEX && b->zone == TALLY_NO_INDEX && a->unit == b->unit &&
               a->n <= b->n;
    default:
        return false;
    }
}

/* Is each event of the old set in the new one, at every instant? */
static bool is_set_within(tally_differ *differ, const tally_set *old_set, const tally_set *new_set)
{
    const tally_set *a = old_set, *b = new_set;

    if (a == NULL || b == NULL || !tally_differ_may_go_on(differ))
        return false;
    if (tally_differ_is_equal_set(differ, a, b))
        return true;
    if ((a->inner == NULL) != (b->inner == NULL) || (a->earlier && !b->earlier && b->last > 0) ||
        (!a->earlier && b->earlier))
        return false;
    if (a->inner == NULL &&
        !tally_differ_has_types(differ, a->types, b->types, b->last > 0 || a->last > 0))
        return false;
    if (a->inner != NULL && (b->last > 0 ? !tally_differ_is_equal_set(differ, a->inner, b->inner)
                                         : !is_set_within(differ, a->inner, b->inner)))
        return false;
    if (b->last > 0 && (a->last == 0 || a->last > b->last))
        return false;
    return tally_differ_implies(differ, a->with, b->with) &&
           is_window_within(differ, a->window, b->window);
}

/* is_more: old within new; else new within old. */
static bool is_nested(tally_differ *differ, const tally_set *old_set, const tally_set *new_set,
                      bool is_more)
{
    if (is_more)
        return is_set_within(differ, old_set, new_set);
    return differ->mirror != NULL && is_set_within(differ->mirror, new_set, old_set);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool compare(tally_differ *differ, const tally_expr *a, const tally_expr *b, bool is_more);

/* The expression that a name stands for; the same if it is none. */
static const tally_expr *unfold(const tally_side *side, const tally_expr *expr)
{
    while (expr != NULL && (expr->op == TALLY_OP_RESCALE ||
                            (expr->op == TALLY_OP_LET && expr->index < side->version->let_count &&
                             side->version->lets[expr->index].expr != NULL)))
        expr = expr->op == TALLY_OP_RESCALE ? expr->args[0] : side->version->lets[expr->index].expr;
    return expr;
}

static const tally_field *field_named(const tally_event_type *type, tally_text name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name))
            return &type->fields[i];
    }
    return NULL;
}

typedef struct line {
    int64_t constant, coefficient;
    const int16_t *slots;
    uint32_t decimals;
} line;

static bool line_of(const tally_expr *expr, line *out)
{
    out->decimals = expr->decimals;
    return expr->type == TALLY_TYPE_NUMBER &&
           tally_expr_linear(expr, &out->constant, &out->coefficient, &out->slots);
}

static tally_i128 line_at(const line *form, int64_t x, uint32_t decimals)
{
    tally_i128 unit = tally_decimal_unit(decimals - form->decimals);

    return ((tally_i128)form->constant + (tally_i128)form->coefficient * x) * unit;
}

static bool compare_lines_at(const line *a, const line *b, int64_t x, bool is_more)
{
    uint32_t decimals = a->decimals > b->decimals ? a->decimals : b->decimals;
    tally_i128 old_value = line_at(a, x, decimals), new_value = line_at(b, x, decimals);

    return is_more ? new_value >= old_value : new_value <= old_value;
}

/* Two forms c + k x of one field, or a constant and one: at both ends of what x may be. */
static bool compare_lines(const tally_differ *differ, const line *a, const line *b, bool is_more)
{
    bool reads_any = false;

    if (a->slots == NULL && b->slots == NULL)
        return compare_lines_at(a, b, 0, is_more);
    for (uint32_t t = 0; t < differ->old.policy->type_count; t++) {
        uint32_t mapped = differ->type_map[t];
        const tally_event_type *type = &differ->old.policy->types[t];
        const tally_field *field = NULL, *other = NULL;

        if (a->slots != NULL && a->slots[t] >= 0)
            field = &type->fields[a->slots[t]];
        if (b->slots != NULL && mapped != TALLY_NO_INDEX && b->slots[mapped] >= 0)
            other = &differ->new.policy->types[mapped].fields[b->slots[mapped]];
        if (field == NULL && other == NULL)
            continue;
        if (b->slots != NULL && other == NULL)
            return false; /* nothing where it was something */
        if (field == NULL)
            field = field_named(type, other->name);
        if (field == NULL || (other != NULL && !tally_text_is_equal(field->name, other->name)) ||
            !field->has_bounds || (a->slots == NULL && field->optional) ||
            (other != NULL && other->decimals != field->decimals))
            return false;
        reads_any = true;
        if (!compare_lines_at(a, b, field->least, is_more) ||
            !compare_lines_at(a, b, field->greatest, is_more))
            return false;
    }
    return reads_any;
}

static bool compare_pairs(tally_differ *differ, const tally_expr *a, const tally_expr *b,
                          bool is_more)
{
    for (uint16_t i = 0; i < a->arg_count; i++) {
        if (!compare(differ, a->args[i], b->args[i], is_more))
            return false;
    }
    return true;
}

static bool is_never_negative(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    return tally_differ_range(differ, &differ->old, a).least >= 0 &&
           tally_differ_range(differ, &differ->new, b).least >= 0;
}

static bool compare_products(tally_differ *differ, const tally_expr *a, const tally_expr *b,
                             bool is_more)
{
    for (uint16_t i = 0; i < 2; i++) {
        if (!is_never_negative(differ, a->args[i], b->args[i]))
            return false;
    }
    if (a->op == TALLY_OP_DIVIDE)
        return compare(differ, a->args[0], b->args[0], is_more) &&
               tally_differ_is_equal(differ, a->args[1], b->args[1]);
    return compare_pairs(differ, a, b, is_more);
}

/* Rows or branches: the same conditions, each result by itself. */
static bool compare_choices(tally_differ *differ, const tally_expr *a, const tally_expr *b,
                            bool is_more)
{
    bool is_table = a->op == TALLY_OP_TABLE;

    for (uint16_t i = 0; i < a->arg_count; i++) {
        bool is_condition = is_table ? i % 2 == 1 : i == 0;

        if (is_condition ? !tally_differ_is_equal(differ, a->args[i], b->args[i])
                         : !compare(differ, a->args[i], b->args[i], is_more))
            return false;
    }
    return true;
}

static bool compare_aggregates(tally_differ *differ, const tally_expr *a, const tally_expr *b,
                               bool is_more)
{
    for (uint16_t i = 0; i < a->arg_count; i++) {
        if (!tally_differ_is_equal(differ, a->args[i], b->args[i]))
            return false;
    }
    switch (a->op) {
    case TALLY_OP_SUM:
        return a->best == b->best && is_never_negative(differ, a->args[0], b->args[0]) &&
               is_nested(differ, a->set, b->set, is_more);
    case TALLY_OP_GREATEST: /* of more events it is something, and not less */
        return is_more && is_nested(differ, a->set, b->set, true);
    case TALLY_OP_LEAST:
        return !is_more && is_nested(differ, a->set, b->set, true);
    default:
        return is_nested(differ, a->set, b->set, is_more);
    }
}

static bool compare_same_op(tally_differ *differ, const tally_expr *a, const tally_expr *b,
                            bool is_more)
{
    switch (a->op) {
    case TALLY_OP_ADD:
    case TALLY_OP_MIN:
    case TALLY_OP_MAX:
    case TALLY_OP_CLAMP:
        return compare_pairs(differ, a, b, is_more);
    case TALLY_OP_SUBTRACT:
        return compare(differ, a->args[0], b->args[0], is_more) &&
               compare(differ, a->args[1], b->args[1], !is_more);
    case TALLY_OP_NEGATE:
        return compare(differ, a->args[0], b->args[0], !is_more);
    case TALLY_OP_MULTIPLY:
    case TALLY_OP_DIVIDE:
        return compare_products(differ, a, b, is_more);
    case TALLY_OP_ROUND:
        return a->rounding == b->rounding && a->decimals == b->decimals && a->value == b->value &&
               compare(differ, a->args[0], b->args[0], is_more);
    case TALLY_OP_IF:
    case TALLY_OP_TABLE:
        return compare_choices(differ, a, b, is_more);
    case TALLY_OP_COUNT:
    case TALLY_OP_SUM:
    case TALLY_OP_DISTINCT:
    case TALLY_OP_GREATEST:
    case TALLY_OP_LEAST:
        return compare_aggregates(differ, a, b, is_more);
    default:
        return false;
    }
}

/* a: old, b: new. Whenever a is something, b is, and b >= a (is_more) or b <= a. */
static bool compare(tally_differ *differ, const tally_expr *a, const tally_expr *b, bool is_more)
{
    line first, second;

    if (a == NULL || b == NULL || !tally_differ_may_go_on(differ))
        return false;
    if (tally_differ_is_equal(differ, a, b))
        return true;
    if (a->type != b->type)
        return false;
    if (line_of(a, &first) && line_of(b, &second))
        return compare_lines(differ, &first, &second, is_more);
    a = unfold(&differ->old, a);
    b = unfold(&differ->new, b);
    if (a->op == TALLY_OP_LITERAL && b->op == TALLY_OP_LITERAL) {
        int order = tally_decimal_compare((tally_decimal){ b->value, b->decimals },
                                          (tally_decimal){ a->value, a->decimals });

        if (a->value == TALLY_NOTHING || b->value == TALLY_NOTHING || a->type != b->type ||
            a->type == TALLY_TYPE_WORD || a->type == TALLY_TYPE_ID)
            return false;
        return is_more ? order >= 0 : order <= 0;
    }
    if (line_of(a, &first) && line_of(b, &second))
        return compare_lines(differ, &first, &second, is_more);
    return a->op == b->op && a->type == b->type && a->arg_count == b->arg_count &&
           compare_same_op(differ, a, b, is_more);
}

bool tally_differ_is_at_least(tally_differ *differ, const tally_expr *old_expr,
                              const tally_expr *new_expr)
{
    return compare(differ, old_expr, new_expr, true);
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool is_rising(tally_op op)
{
    return op == TALLY_OP_GREATER || op == TALLY_OP_GREATER_OR_EQUAL;
}

static bool is_falling(tally_op op)
{
    return op == TALLY_OP_LESS || op == TALLY_OP_LESS_OR_EQUAL;
}

static bool is_strict(tally_op op)
{
    return op == TALLY_OP_GREATER || op == TALLY_OP_LESS;
}

static bool implies_comparison(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    bool is_equality = a->op == TALLY_OP_IS;

    if ((!is_rising(b->op) && !is_falling(b->op)) || (is_strict(b->op) && !is_strict(a->op)))
        return false;
    if (!is_equality && is_rising(a->op) != is_rising(b->op))
        return false;
    if (!is_equality && !is_rising(a->op) && !is_falling(a->op))
        return false;
    return compare(differ, a->args[0], b->args[0], is_rising(b->op)) &&
           compare(differ, a->args[1], b->args[1], is_falling(b->op));
}

/* `x is one of …` with more to choose from; `x is A` counts as one of one. */
static bool implies_choice(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    if ((a->op != TALLY_OP_IS && a->op != TALLY_OP_IS_ONE_OF) || b->op != TALLY_OP_IS_ONE_OF ||
        !tally_differ_is_equal(differ, a->args[0], b->args[0]))
        return false;
    for (uint16_t i = 1; i < a->arg_count; i++) {
        bool is_found = false;

        for (uint16_t k = 1; k < b->arg_count && !is_found; k++)
            is_found = tally_differ_is_equal(differ, a->args[i], b->args[k]);
        if (!is_found)
            return false;
    }
    return true;
}

static bool implies_all(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    for (uint16_t i = 0; i < b->arg_count; i++) {
        if (!tally_differ_implies(differ, a, b->args[i]))
            return false;
    }
    return true;
}

static bool each_implies(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    for (uint16_t i = 0; i < a->arg_count; i++) {
        if (!tally_differ_implies(differ, a->args[i], b))
            return false;
    }
    return true;
}

static bool some_leg_implies(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    for (uint16_t i = 0; a->op == TALLY_OP_ALL_OF && i < a->arg_count; i++) {
        if (tally_differ_implies(differ, a->args[i], b))
            return true;
    }
    for (uint16_t i = 0; b->op == TALLY_OP_ANY_OF && i < b->arg_count; i++) {
        if (tally_differ_implies(differ, a, b->args[i]))
            return true;
    }
    return false;
}

static bool implies_same_op(tally_differ *differ, const tally_expr *a, const tally_expr *b)
{
    switch (a->op) {
    case TALLY_OP_ANY:
        return is_nested(differ, a->set, b->set, true);
    case TALLY_OP_NO:
        return is_nested(differ, a->set, b->set, false);
    case TALLY_OP_THROUGHOUT:
        return b->value <= a->value && tally_differ_implies(differ, a->args[0], b->args[0]);
    case TALLY_OP_AT_LEAST_OF:
        if (a->arg_count != b->arg_count || b->value > a->value)
            return false;
        for (uint16_t i = 0; i < a->arg_count; i++) {
            if (!tally_differ_implies(differ, a->args[i], b->args[i]))
                return false;
        }
        return true;
    default:
        return false;
    }
}

bool tally_differ_implies(tally_differ *differ, const tally_expr *old_expr,
                          const tally_expr *new_expr)
{
    const tally_expr *a = old_expr, *b = new_expr;

    if (b == NULL)
        return true;
    if (a == NULL || !tally_differ_may_go_on(differ))
        return false;
    if (tally_differ_is_equal(differ, a, b))
        return true;
    a = unfold(&differ->old, a);
    b = unfold(&differ->new, b);
    if ((a->op == TALLY_OP_LITERAL && a->value == 0) ||
        (b->op == TALLY_OP_LITERAL && b->value == 1))
        return true;
    if (b->op == TALLY_OP_ALL_OF && implies_all(differ, a, b))
        return true;
    if (a->op == TALLY_OP_ANY_OF && each_implies(differ, a, b))
        return true;
    if (some_leg_implies(differ, a, b))
        return true;
    if (implies_choice(differ, a, b))
        return true;
    if (a->arg_count == 2 && b->arg_count == 2 && implies_comparison(differ, a, b))
        return true;
    return a->op == b->op && implies_same_op(differ, a, b);
}
