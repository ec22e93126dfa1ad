/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of values (docs/policy-language.md section 3).
 *
 * Numbers are int64; the compiler has settled their decimals. A ratio a / b
 * has b > 0 and is reduced only when it would not fit otherwise, so that
 * equality is asked by cross product. Everything in between is 128 bits wide:
 * the bound of each product stands beside it. */

#include "score/engine.h"
#include "util/checked.h"

tally_rc tally_engine_overflow(const tally_span *span, tally_err *err)
{
    tally_text text = tally_text_slice(span->text, 0, 80);

    return tally_err_set_at(err, TALLY_E_OVERFLOW, span->line, span->column,
                            "a number leaves its range in `%.*s`", TALLY_TEXT_ARGS(text));
}

/* Value as numerator / denominator; both below 2^63 in size. */
static void as_ratio(tally_value_type type, uint8_t decimals, tally_value value,
                     tally_i128 *out_numerator, tally_i128 *out_denominator)
{
    *out_numerator = value.a;
    *out_denominator = type == TALLY_TYPE_RATIO    ? value.b
                       : type == TALLY_TYPE_NUMBER ? tally_decimal_unit(decimals)
                                                   : 1;
}

int tally_value_compare(tally_value_type a_type, uint8_t a_decimals, tally_value a,
                        tally_value_type b_type, uint8_t b_decimals, tally_value b)
{
    tally_i128 a_numerator, a_denominator, b_numerator, b_denominator, left, right;

    if (a_type != TALLY_TYPE_RATIO && b_type != TALLY_TYPE_RATIO && a_decimals == b_decimals)
        return a.a < b.a ? -1 : a.a > b.a;
    as_ratio(a_type, a_decimals, a, &a_numerator, &a_denominator);
    as_ratio(b_type, b_decimals, b, &b_numerator, &b_denominator);
    left = a_numerator * b_denominator; /* < 2^126 */
    right = b_numerator * a_denominator;
    return left < right ? -1 : left > right;
}

static tally_i128 greatest_divisor(tally_i128 a, tally_i128 b)
{
    a = a < 0 ? -a : a;
    while (b != 0) {
        tally_i128 rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static tally_rc put_ratio(const tally_expr *expr, tally_i128 numerator, tally_i128 denominator,
                          tally_value *out_value, tally_err *err)
{
    int64_t a, b;

    if (denominator == 0) {
        *out_value = (tally_value){ TALLY_NOTHING, 1 };
        return TALLY_OK;
    }
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    if (numerator > INT64_MAX || numerator < -INT64_MAX || denominator > INT64_MAX) {
        tally_i128 divisor = greatest_divisor(numerator, denominator);

        numerator /= divisor;
        denominator /= divisor;
    }
    if (!tally_narrow_i64(numerator, &a) || a == TALLY_NOTHING ||
        !tally_narrow_i64(denominator, &b))
        return tally_engine_overflow(&expr->span, err);
    *out_value = (tally_value){ a, b };
    return TALLY_OK;
}

static tally_rc divide(const tally_expr *expr, const tally_value *args, tally_value *out_value,
                       tally_err *err)
{
    const tally_expr *left = expr->args[0];
    const tally_expr *right = expr->args[1];
    tally_i128 a, b, c, d;

    if (left->type == right->type && left->type != TALLY_TYPE_RATIO &&
        left->decimals == right->decimals)
        return put_ratio(expr, args[0].a, args[1].a, out_value, err);
    as_ratio(left->type, left->decimals, args[0], &a, &b);
    as_ratio(right->type, right->decimals, args[1], &c, &d);
    return put_ratio(expr, a * d, b * c, out_value, err); /* each < 2^126 */
}

static tally_rc put_number(const tally_expr *expr, bool fits, int64_t value, tally_value *out_value,
                           tally_err *err)
{
    if (!fits || value == TALLY_NOTHING)
        return tally_engine_overflow(&expr->span, err);
    *out_value = (tally_value){ value, 1 };
    return TALLY_OK;
}

static tally_rc multiply(const tally_expr *expr, const tally_value *args, tally_value *out_value,
                         tally_err *err)
{
    const tally_expr *left = expr->args[0];
    const tally_expr *right = expr->args[1];
    tally_i128 a, b, c, d;
    int64_t product = 0;
    bool fits;

    if (expr->type == TALLY_TYPE_RATIO) {
        as_ratio(left->type, left->decimals, args[0], &a, &b);
        as_ratio(right->type, right->decimals, args[1], &c, &d);
        return put_ratio(expr, a * c, b * d, out_value, err); /* each < 2^126 */
    }
    fits = tally_mul_i64(args[0].a, args[1].a, &product);
    return put_number(expr, fits, product, out_value, err);
}

/* numerator / denominator to an integer; the denominator is positive. */
static tally_i128 divide_rounded(tally_i128 numerator, tally_i128 denominator,
                                 tally_rounding rounding)
{
    tally_i128 quotient = numerator / denominator;
    tally_i128 rest = numerator % denominator;
    tally_i128 other;

    if (rest < 0) { /* make it the floor */
        quotient--;
        rest += denominator;
    }
    other = denominator - rest; /* how far the next integer is; compare without doubling */
    switch (rounding) {
    case TALLY_ROUND_UP:
        return quotient + (rest > 0);
    case TALLY_ROUND_DOWN:
        return quotient;
    case TALLY_ROUND_HALF_UP:
        return quotient + (rest >= other);
    case TALLY_ROUND_HALF_DOWN:
        return quotient + (rest > other);
    case TALLY_ROUND_HALF_EVEN:
        return quotient + (rest > other || (rest == other && quotient % 2 != 0));
    }
    return quotient;
}

/* To a multiple of the step expr->value, which has expr->decimals. */
static tally_rc round_to_step(const tally_expr *expr, const tally_value *args,
                              tally_value *out_value, tally_err *err)
{
    tally_i128 numerator, denominator, multiple;
    int64_t value = 0;
    bool fits;

    TALLY_ASSERT(expr->value > 0);
    as_ratio(expr->args[0]->type, expr->args[0]->decimals, args[0], &numerator, &denominator);
    /* X / step = numerator * 10^decimals / (denominator * step): below 2^84 and 2^126. */
    multiple = divide_rounded(numerator * tally_decimal_unit(expr->decimals),
                              denominator * expr->value, (tally_rounding)expr->rounding);
    fits = multiple <= INT64_MAX && multiple >= -INT64_MAX &&
           tally_mul_i64((int64_t)multiple, expr->value, &value);
    return put_number(expr, fits, value, out_value, err);
}

static tally_rc move_day(const tally_expr *expr, tally_month_end rule, const tally_value *args,
                         tally_value *out_value, tally_err *err)
{
    int64_t day = args[0].a;
    bool fits = true;

    if (expr->op == TALLY_OP_DAY_PLUS) {
        fits = tally_add_i64(day, args[1].a / TALLY_DAY_MS, &day);
    } else {
        /* Days within the calendar fit int32, and so do the months a policy may write. */
        int32_t moved = 0;

        fits = args[1].a >= INT32_MIN && args[1].a <= INT32_MAX && day >= TALLY_DAY_MIN &&
               day <= TALLY_DAY_MAX &&
               tally_day_add_months(&moved, (int32_t)day, (int32_t)args[1].a, rule) == TALLY_OK;
        day = moved;
    }
    return put_number(expr, fits && day >= TALLY_DAY_MIN && day <= TALLY_DAY_MAX, day, out_value,
                      err);
}

tally_rc tally_arithmetic_evaluate(const tally_expr *expr, tally_month_end rule,
                                   const tally_value *args, tally_value *out_value, tally_err *err)
{
    int64_t value = 0;
    bool fits = true;

    switch (expr->op) {
    case TALLY_OP_ADD:
        fits = tally_add_i64(args[0].a, args[1].a, &value);
        break;
    case TALLY_OP_SUBTRACT:
        fits = tally_sub_i64(args[0].a, args[1].a, &value);
        break;
    case TALLY_OP_NEGATE:
        if (expr->type == TALLY_TYPE_RATIO)
            return put_ratio(expr, -(tally_i128)args[0].a, args[0].b, out_value, err);
        fits = tally_neg_i64(args[0].a, &value);
        break;
    case TALLY_OP_RESCALE:
        TALLY_ASSERT(expr->decimals >= expr->args[0]->decimals);
        fits = tally_mul_i64(args[0].a,
                             tally_decimal_unit((uint32_t)expr->decimals - expr->args[0]->decimals),
                             &value);
        break;
    case TALLY_OP_DAY_MINUS_DAY:
        fits = tally_sub_i64(args[0].a, args[1].a, &value) &&
               tally_mul_i64(value, TALLY_DAY_MS, &value);
        break;
    case TALLY_OP_CLAMP:
        value = args[0].a < args[1].a ? args[1].a : args[0].a;
        value = value > args[2].a ? args[2].a : value;
        break;
    case TALLY_OP_MULTIPLY:
        return multiply(expr, args, out_value, err);
    case TALLY_OP_DIVIDE:
        return divide(expr, args, out_value, err);
    case TALLY_OP_ROUND:
        return round_to_step(expr, args, out_value, err);
    case TALLY_OP_DAY_PLUS:
    case TALLY_OP_DAY_PLUS_MONTHS:
        return move_day(expr, rule, args, out_value, err);
    default:
        TALLY_ASSERT(expr->op == TALLY_OP_ADD); /* no other operator is left */
    }
    return put_number(expr, fits, value, out_value, err);
}
