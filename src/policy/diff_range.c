/* SPDX-License-Identifier: Apache-2.0 */
/* What a number can be, from the declared bounds of the fields it reads. */

#include "policy/diff_internal.h"
#include "util/checked.h"

static const tally_range open_range = { INT64_MIN, INT64_MAX };
static const tally_range count_range = { 0, INT64_MAX };

static int64_t add_bounds(int64_t a, int64_t b, int64_t open)
{
    int64_t sum;

    return a == open || b == open || !tally_add_i64(a, b, &sum) ? open : sum;
}

static int64_t negate_bound(int64_t bound)
{
    return bound == INT64_MIN ? INT64_MAX : bound == INT64_MAX ? INT64_MIN : -bound;
}

static tally_range negate(tally_range range)
{
    return (tally_range){ negate_bound(range.greatest), negate_bound(range.least) };
}

static tally_range join(tally_range a, tally_range b)
{
    return (tally_range){ a.least < b.least ? a.least : b.least,
                          a.greatest > b.greatest ? a.greatest : b.greatest };
}

/* Only what is needed: products of what is never negative. */
static tally_range multiply(tally_range a, tally_range b)
{
    tally_range product = open_range;

    if (a.least < 0 || b.least < 0)
        return open_range;
    if (!tally_mul_i64(a.least, b.least, &product.least))
        product.least = 0;
    if (a.greatest == INT64_MAX || b.greatest == INT64_MAX ||
        !tally_mul_i64(a.greatest, b.greatest, &product.greatest))
        product.greatest = INT64_MAX;
    return product;
}

static tally_range rescale(tally_range range, uint32_t by_decimals)
{
    int64_t unit = tally_decimal_unit(by_decimals);

    if (range.least != INT64_MIN && !tally_mul_i64(range.least, unit, &range.least))
        range.least = range.least < 0 ? INT64_MIN : 0;
    if (range.greatest != INT64_MAX && !tally_mul_i64(range.greatest, unit, &range.greatest))
        range.greatest = INT64_MAX;
    return range;
}

static tally_range field_range(const tally_side *side, const tally_expr *expr)
{
    tally_range found = { INT64_MAX, INT64_MIN };

    if (expr->type != TALLY_TYPE_NUMBER || expr->slot_of_type == NULL)
        return open_range;
    for (uint32_t t = 0; t < side->policy->type_count; t++) {
        const tally_field *field;

        if (expr->slot_of_type[t] < 0)
            continue;
        field = &side->policy->types[t].fields[expr->slot_of_type[t]];
        if (!field->has_bounds || field->decimals != expr->decimals)
            return open_range;
        found = join(found, (tally_range){ field->least, field->greatest });
    }
    return found.least <= found.greatest ? found : open_range;
}

/* Of results and arguments that stand at every step-th place from first. */
static tally_range join_all(tally_differ *differ, const tally_side *side, const tally_expr *expr,
                            uint16_t first, uint16_t step)
{
    tally_range found = { INT64_MAX, INT64_MIN };

    for (uint16_t i = first; i < expr->arg_count; i = (uint16_t)(i + step))
        found = join(found, tally_differ_range(differ, side, expr->args[i]));
    return found.least <= found.greatest ? found : open_range;
}

static tally_range fact_range(const tally_fact *fact, const tally_expr *expr)
{
    tally_range found = { INT64_MAX, INT64_MIN };

    if (fact->expr != NULL || fact->count == 0 || fact->decimals != expr->decimals)
        return open_range;
    for (uint32_t i = 0; i < fact->count; i++)
        found = join(found, (tally_range){ fact->values[i], fact->values[i] });
    return found;
}

static tally_range binary_range(tally_differ *differ, const tally_side *side,
                                const tally_expr *expr)
{
    tally_range a = tally_differ_range(differ, side, expr->args[0]);
    tally_range b = tally_differ_range(differ, side, expr->args[1]);

    if (expr->op == TALLY_OP_SUBTRACT)
        b = negate(b);
    if (expr->op == TALLY_OP_ADD || expr->op == TALLY_OP_SUBTRACT)
        return (tally_range){ add_bounds(a.least, b.least, INT64_MIN),
                              add_bounds(a.greatest, b.greatest, INT64_MAX) };
    if (expr->op == TALLY_OP_MULTIPLY && expr->type == TALLY_TYPE_NUMBER)
        return multiply(a, b);
    /* A ratio: whether it can be below zero is all that is told. */
    return a.least >= 0 && b.least >= 0 ? count_range : open_range;
}

static tally_range bounded_range(tally_differ *differ, const tally_side *side,
                                 const tally_expr *expr)
{
    tally_range found = tally_differ_range(differ, side, expr->args[0]);

    if (expr->op == TALLY_OP_CLAMP) {
        tally_range low = tally_differ_range(differ, side, expr->args[1]);
        tally_range high = tally_differ_range(differ, side, expr->args[2]);

        return join(low, high);
    }
    for (uint16_t i = 1; i < expr->arg_count; i++) {
        tally_range next = tally_differ_range(differ, side, expr->args[i]);
        bool is_less = expr->op == TALLY_OP_MIN;

        found.least = (next.least < found.least) == is_less ? next.least : found.least;
        found.greatest =
            (next.greatest < found.greatest) == is_less ? next.greatest : found.greatest;
    }
    return found;
}

tally_range tally_differ_range(tally_differ *differ, const tally_side *side, const tally_expr *expr)
{
    if (expr == NULL || !tally_differ_may_go_on(differ) ||
        (expr->type != TALLY_TYPE_NUMBER && expr->type != TALLY_TYPE_RATIO))
        return open_range;
    switch (expr->op) {
    case TALLY_OP_LITERAL:
        return expr->value == TALLY_NOTHING ? open_range
                                            : (tally_range){ expr->value, expr->value };
    case TALLY_OP_FIELD:
    case TALLY_OP_THIS_FIELD:
    case TALLY_OP_REF_FIELD:
        return field_range(side, expr);
    case TALLY_OP_LET:
        return expr->index < side->version->let_count
                   ? tally_differ_range(differ, side, side->version->lets[expr->index].expr)
                   : open_range;
    case TALLY_OP_FACT:
        return fact_range(&side->version->facts[expr->index], expr);
    case TALLY_OP_COUNT:
    case TALLY_OP_COUNT_PERIODS:
    case TALLY_OP_DISTINCT:
    case TALLY_OP_STREAK:
        return count_range;
    case TALLY_OP_SUM:
        return tally_differ_range(differ, side, expr->args[0]).least >= 0 ? count_range
                                                                          : open_range;
    case TALLY_OP_LEAST:
    case TALLY_OP_GREATEST:
        return tally_differ_range(differ, side, expr->args[0]);
    case TALLY_OP_MEAN:
        return tally_differ_range(differ, side, expr->args[0]).least >= 0 ? count_range
                                                                          : open_range;
    case TALLY_OP_RESCALE:
        return rescale(tally_differ_range(differ, side, expr->args[0]),
                       (uint32_t)expr->decimals - expr->args[0]->decimals);
    case TALLY_OP_NEGATE:
        return negate(tally_differ_range(differ, side, expr->args[0]));
    case TALLY_OP_ADD:
    case TALLY_OP_SUBTRACT:
    case TALLY_OP_MULTIPLY:
    case TALLY_OP_DIVIDE:
        return binary_range(differ, side, expr);
    case TALLY_OP_MIN:
    case TALLY_OP_MAX:
    case TALLY_OP_CLAMP:
        return bounded_range(differ, side, expr);
    case TALLY_OP_ROUND: /* what is not negative rounds to what is not negative */
        return tally_differ_range(differ, side, expr->args[0]).least >= 0 ? count_range
                                                                          : open_range;
    case TALLY_OP_IF:
        return join_all(differ, side, expr, 1, 1);
    case TALLY_OP_TABLE:
        return join_all(differ, side, expr, 0, 2);
    default:
        return open_range;
    }
}
