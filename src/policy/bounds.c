/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons that a field's declared values can never meet, and expressions
 * that are linear in one field. */

#include "policy/syntax.h"
#include "util/checked.h"

/* What a field may hold, over all event types that it is read from. */
typedef struct range {
    int64_t least, greatest;
    bool is_known;
} range;

static const tally_expr *without_rescale(const tally_expr *expr)
{
    while (expr->op == TALLY_OP_RESCALE)
        expr = expr->args[0];
    return expr;
}

static bool reads_field(const tally_expr *expr)
{
    return (expr->op == TALLY_OP_FIELD || expr->op == TALLY_OP_THIS_FIELD ||
            expr->op == TALLY_OP_REF_FIELD) &&
           expr->type == TALLY_TYPE_NUMBER;
}

/* Whether the field can hold exactly this value, given at the field's decimals. */
static bool may_hold(const tally_field *field, int64_t value)
{
    if (field->choice_count > 0) {
        for (uint32_t i = 0; i < field->choice_count; i++) {
            if (field->choices[i] == value)
                return true;
        }
        return false;
    }
    if (!field->has_bounds)
        return true;
    return value >= field->least && value <= field->greatest &&
           (field->step == 0 || value % field->step == 0);
}

static range range_of(const tally_compiler *compiler, const tally_expr *expr)
{
    range found = { INT64_MAX, INT64_MIN, true };

    for (uint32_t i = 0; i < compiler->type_count; i++) {
        const tally_field *field;

        if (expr->slot_of_type[i] < 0)
            continue;
        field = &compiler->types[i].fields[expr->slot_of_type[i]];
        found.is_known = found.is_known && field->has_bounds;
        if (field->least < found.least)
            found.least = field->least;
        if (field->greatest > found.greatest)
            found.greatest = field->greatest;
    }
    return found;
}

/* A literal brought to the field's decimals: floor, and whether that is exact. */
static int64_t at_decimals(const tally_expr *literal, uint8_t decimals, bool *out_is_exact)
{
    int64_t value = literal->value;

    *out_is_exact = true;
    if (literal->decimals > decimals) {
        int64_t unit = tally_decimal_unit((uint32_t)literal->decimals - decimals);

        *out_is_exact = value % unit == 0;
        value = value / unit - (value % unit < 0);
    }
    return value;
}

static bool can_be_equal(const tally_compiler *compiler, const tally_expr *field, int64_t value,
                         bool is_exact)
{
    for (uint32_t i = 0; is_exact && i < compiler->type_count; i++) {
        if (field->slot_of_type[i] >= 0 &&
            may_hold(&compiler->types[i].fields[field->slot_of_type[i]], value))
            return true;
    }
    return false;
}

/* `field op literal`, the literal lying from value (exact) to value + 1 (not). */
static bool can_be_met(const tally_compiler *compiler, const tally_expr *field, tally_op op,
                       const tally_expr *literal)
{
    range found = range_of(compiler, field);
    bool is_exact;
    int64_t value = at_decimals(literal, field->decimals, &is_exact);

    if (!found.is_known)
        return true;
    switch (op) {
    case TALLY_OP_IS:
        return can_be_equal(compiler, field, value, is_exact);
    case TALLY_OP_LESS:
        return is_exact ? found.least < value : found.least <= value;
    case TALLY_OP_LESS_OR_EQUAL:
        return found.least <= value;
    case TALLY_OP_GREATER:
        return found.greatest > value;
    case TALLY_OP_GREATER_OR_EQUAL:
        return is_exact ? found.greatest >= value : found.greatest > value;
    default:
        return true;
    }
}

static tally_op mirror(tally_op op)
{
    switch (op) {
    case TALLY_OP_LESS:
        return TALLY_OP_GREATER;
    case TALLY_OP_LESS_OR_EQUAL:
        return TALLY_OP_GREATER_OR_EQUAL;
    case TALLY_OP_GREATER:
        return TALLY_OP_LESS;
    case TALLY_OP_GREATER_OR_EQUAL:
        return TALLY_OP_LESS_OR_EQUAL;
    default:
        return op;
    }
}

static void warn_never(tally_checker *checker, const tally_expr *field, uint32_t at, uint32_t end)
{
    const tally_compiler *compiler = checker->compiler;
    char least[TALLY_DECIMAL_TEXT_BYTES], greatest[TALLY_DECIMAL_TEXT_BYTES];
    range found = range_of(compiler, field);
    tally_text from, to;

    from = tally_decimal_format(least, found.least, field->decimals, NULL);
    to = tally_decimal_format(greatest, found.greatest, field->decimals, NULL);
    tally_check_warn(checker, at, end, "never-met",
                     tally_check_text(checker->compiler,
                                      "`%.*s` is declared with values from %.*s to %.*s",
                                      TALLY_TEXT_ARGS(field->span.text), TALLY_TEXT_ARGS(from),
                                      TALLY_TEXT_ARGS(to)),
                     "this can never be met");
}

void tally_check_bounds(tally_checker *checker, const tally_expr *comparison, uint32_t at,
                        uint32_t end)
{
    const tally_expr *left = without_rescale(comparison->args[0]);
    tally_op op = comparison->op;

    if (op == TALLY_OP_IS_ONE_OF) {
        for (uint32_t i = 1; reads_field(left) && i < comparison->arg_count; i++) {
            const tally_expr *item = comparison->args[i];

            if (item->op == TALLY_OP_LITERAL &&
                !can_be_met(checker->compiler, left, TALLY_OP_IS, item))
                warn_never(checker, left,
                           (uint32_t)(item->span.text.bytes - checker->source->text.bytes),
                           (uint32_t)(item->span.text.bytes - checker->source->text.bytes +
                                      (ptrdiff_t)item->span.text.count));
        }
        return;
    }
    if (left->op == TALLY_OP_LITERAL) {
        const tally_expr *right = without_rescale(comparison->args[1]);

        if (left->type == TALLY_TYPE_NUMBER && reads_field(right) &&
            !can_be_met(checker->compiler, right, mirror(op), left))
            warn_never(checker, right, at, end);
        return;
    }
    if (reads_field(left) && comparison->args[1]->op == TALLY_OP_LITERAL &&
        comparison->args[1]->type == TALLY_TYPE_NUMBER &&
        !can_be_met(checker->compiler, left, op, comparison->args[1]))
        warn_never(checker, left, at, end);
}

/* ---- linear expressions ------------------------------------------------------------ */

typedef struct linear {
    int64_t constant, coefficient;
    const int16_t *slots;
} linear;

static bool linear_of(const tally_expr *expr, linear *out);


static bool scale(linear *out, int64_t by)
{
    return tally_mul_i64(out->constant, by, &out->constant) &&
           tally_mul_i64(out->coefficient, by, &out->coefficient);
}

static bool linear_binary(const tally_expr *expr, linear *out)
{
    linear a, b;

    if (!linear_of(expr->args[0], &a) || !linear_of(expr->args[1], &b) ||
        (a.slots != NULL && b.slots != NULL)) /* one field, read once, is all that is wanted */
        return false;
    out->slots = a.slots != NULL ? a.slots : b.slots;
    if (expr->op == TALLY_OP_MULTIPLY) {
        const linear *factor = a.slots == NULL ? &a : &b;

        *out = a.slots == NULL ? b : a;
        return scale(out, factor->constant);
    }
    if (expr->op == TALLY_OP_SUBTRACT && !scale(&b, -1))
        return false;
    return tally_add_i64(a.constant, b.constant, &out->constant) &&
           tally_add_i64(a.coefficient, b.coefficient, &out->coefficient);
}

static bool linear_of(const tally_expr *expr, linear *out)
{
    *out = (linear){ 0, 0, NULL };
    if (expr->type != TALLY_TYPE_NUMBER)
        return false;
    switch (expr->op) {
    case TALLY_OP_LITERAL:
        out->constant = expr->value;
        return expr->value != TALLY_NOTHING;
    case TALLY_OP_FIELD:
        out->coefficient = 1;
        out->slots = expr->slot_of_type;
        return true;
    case TALLY_OP_RESCALE:
        return linear_of(expr->args[0], out) &&
               scale(out, tally_decimal_unit((uint32_t)expr->decimals - expr->args[0]->decimals));
    case TALLY_OP_NEGATE:
        return linear_of(expr->args[0], out) && scale(out, -1);
    case TALLY_OP_ADD:
    case TALLY_OP_SUBTRACT:
    case TALLY_OP_MULTIPLY:
        return linear_binary(expr, out);
    default:
        return false;
    }
}

bool tally_expr_linear(const tally_expr *expr, int64_t *out_constant, int64_t *out_coefficient,
                       const int16_t **out_slot_of_type)
{
    linear found;

    if (!linear_of(expr, &found))
        return false;
    *out_constant = found.constant;
    *out_coefficient = found.coefficient;
    *out_slot_of_type = found.slots;
    return true;
}
