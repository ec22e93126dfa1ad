/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals on int64, with 128 bits in between.
 *
 * Why 128 bits are enough: an int64 is below 2^63 and a power of ten used here
 * is at most 10^18 < 2^60, so a product of one of each is below 2^123, and so
 * is a product of two int64 below 2^126. */

#include "util/checked.h"
#include "util/decimal.h"

static const int64_t units[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };

_Static_assert(sizeof(units) / sizeof(units[0]) == TALLY_DECIMALS_MAX + 1, "one unit each");

int64_t tally_decimal_unit(uint32_t decimals)
{
    TALLY_ASSERT(decimals <= TALLY_DECIMALS_MAX);
    return units[decimals];
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Does text have the form -?[0-9]+(\.[0-9]+)? ? If so, where is the point
 * (text.count when there is none)? */
static bool has_decimal_form(tally_text text, size_t *out_point)
{
    size_t at = text.count > 0 && text.bytes[0] == '-' ? 1 : 0;
    size_t first = at;

    while (at < text.count && is_digit(text.bytes[at]))
        at++;
    if (at == first)
        return false;
    *out_point = at;
    if (at == text.count)
        return true;
    if (text.bytes[at] != '.' || at + 1 == text.count)
        return false;
    for (at++; at < text.count; at++) {
        if (!is_digit(text.bytes[at]))
            return false;
    }
    return true;
}

/* Read the digits of text up to `end`, skipping the point, then append zeros. */
static tally_rc read_digits(int64_t *out_value, tally_text text, size_t end, uint32_t zeros)
{
    bool is_negative = text.bytes[0] == '-';
    int64_t value = 0;

    for (size_t at = is_negative ? 1 : 0; at < end; at++) {
        int digit = text.bytes[at] - '0';

        if (text.bytes[at] == '.')
            continue;
        if (!tally_mul_i64(value, 10, &value) ||
            !tally_add_i64(value, is_negative ? -digit : digit, &value))
            return TALLY_E_OVERFLOW;
    }
    if (!tally_mul_i64(value, tally_decimal_unit(zeros), &value))
        return TALLY_E_OVERFLOW;
    *out_value = value;
    return TALLY_OK;
}

tally_rc tally_decimal_parse(int64_t *out_value, uint32_t *out_decimals, tally_text text)
{
    size_t point;
    size_t decimals;
    tally_rc rc;

    if (!has_decimal_form(text, &point))
        return TALLY_E_INVALID;
    decimals = point < text.count ? text.count - point - 1 : 0;
    if (decimals > TALLY_DECIMALS_MAX)
        return TALLY_E_LIMIT;
    rc = read_digits(out_value, text, text.count, 0);
    if (rc == TALLY_OK)
        *out_decimals = (uint32_t)decimals;
    return rc;
}

tally_rc tally_decimal_parse_at(int64_t *out_value, tally_text text, uint32_t decimals)
{
    size_t point;
    size_t end;
    size_t written;

    TALLY_ASSERT(decimals <= TALLY_DECIMALS_MAX);
    if (!has_decimal_form(text, &point))
        return TALLY_E_INVALID;
    written = point < text.count ? text.count - point - 1 : 0;
    end = written <= decimals ? text.count : point + 1 + decimals;
    for (size_t at = end; at < text.count; at++) {
        if (text.bytes[at] != '0')
            return TALLY_E_LIMIT;
    }
    return read_digits(out_value, text, end, written < decimals ? decimals - (uint32_t)written : 0);
}

static tally_text format(char out_text[static TALLY_DECIMAL_TEXT_BYTES], int64_t value,
                         uint32_t decimals, const char *thousands, bool drop_zeros)
{
    char reversed[TALLY_DECIMAL_TEXT_BYTES];
    uint64_t rest = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    size_t separator_bytes = thousands != NULL ? strlen(thousands) : 0;
    uint32_t digits = 0;
    uint32_t written = decimals;
    size_t count = 0;

    TALLY_ASSERT(decimals <= TALLY_DECIMALS_MAX);
    TALLY_ASSERT(separator_bytes <= 4);
    while (drop_zeros && written > 0 && rest % 10 == 0) {
        rest /= 10;
        written--;
    }
    /* 19 digits, a point, a sign and 6 separators of 4 bytes are 45 bytes. */
    for (; digits < written; digits++, rest /= 10)
        reversed[count++] = (char)('0' + rest % 10);
    if (written > 0)
        reversed[count++] = '.';
    digits = 0;
    do {
        if (digits > 0 && digits % 3 == 0) {
            for (size_t i = separator_bytes; i > 0; i--)
                reversed[count++] = thousands[i - 1];
        }
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
        digits++;
    } while (rest > 0);
    if (value < 0)
        reversed[count++] = '-';
    for (size_t i = 0; i < count; i++)
        out_text[i] = reversed[count - 1 - i];
    out_text[count] = '\0';
    return tally_text_of(out_text, count);
}

tally_text tally_decimal_format(char out_text[static TALLY_DECIMAL_TEXT_BYTES], int64_t value,
                                uint32_t decimals, const char *thousands)
{
    return format(out_text, value, decimals, thousands, false);
}

tally_text tally_decimal_format_short(char out_text[static TALLY_DECIMAL_TEXT_BYTES], int64_t value,
                                      uint32_t decimals, const char *thousands)
{
    return format(out_text, value, decimals, thousands, true);
}

/* numerator / denominator rounded to an integer; the denominator is not 0 and
 * neither is the least 128-bit number. */
static tally_i128 divide_wide(tally_i128 numerator, tally_i128 denominator, tally_rounding rounding)
{
    tally_i128 quotient;
    tally_i128 rest;
    tally_i128 gap;

    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    if (numerator == (int64_t)numerator && denominator == (int64_t)denominator) {
        /* The usual case, several times faster. No INT64_MIN / -1 here. */
        quotient = (int64_t)numerator / (int64_t)denominator;
        rest = (int64_t)numerator % (int64_t)denominator;
    } else {
        quotient = numerator / denominator;
        rest = numerator % denominator;
    }
    if (rest < 0) {
        quotient--;
        rest += denominator;
    }
    /* Now quotient is the floor and 0 <= rest < denominator. */
    if (rest == 0)
        return quotient;
    gap = denominator - rest;
    switch (rounding) {
    case TALLY_ROUND_UP:
        return quotient + 1;
    case TALLY_ROUND_DOWN:
        return quotient;
    case TALLY_ROUND_HALF_UP:
        return quotient + (rest >= gap);
    case TALLY_ROUND_HALF_DOWN:
        return quotient + (rest > gap);
    case TALLY_ROUND_HALF_EVEN:
        return quotient + (rest > gap || (rest == gap && (quotient & 1) != 0));
    }
    TALLY_NEVER("a rounding that does not exist");
}

static tally_rc divide(int64_t *out_value, tally_i128 numerator, tally_i128 denominator,
                       tally_rounding rounding)
{
    if (denominator == 0)
        return TALLY_E_INVALID;
    return tally_narrow_i64(divide_wide(numerator, denominator, rounding), out_value)
               ? TALLY_OK
               : TALLY_E_OVERFLOW;
}

tally_rc tally_decimal_divide(int64_t *out_value, int64_t numerator, int64_t denominator,
                              tally_rounding rounding)
{
    return divide(out_value, numerator, denominator, rounding);
}

tally_rc tally_decimal_scale(int64_t *out_value, int64_t value, int64_t numerator,
                             int64_t denominator, tally_rounding rounding)
{
    return divide(out_value, (tally_i128)value * numerator, denominator, rounding);
}

tally_rc tally_decimal_rescale(int64_t *out_value, int64_t value, uint32_t from_decimals,
                               uint32_t to_decimals, tally_rounding rounding)
{
    return divide(out_value, (tally_i128)value * tally_decimal_unit(to_decimals),
                  tally_decimal_unit(from_decimals), rounding);
}

tally_rc tally_decimal_quotient(int64_t *out_value, tally_decimal a, tally_decimal b,
                                uint32_t out_decimals, tally_rounding rounding)
{
    /* (a / 10^da) / (b / 10^db) * 10^out */
    tally_i128 up = (tally_i128)tally_decimal_unit(b.decimals) * tally_decimal_unit(out_decimals);

    return divide(out_value, a.value * up, (tally_i128)b.value * tally_decimal_unit(a.decimals),
                  rounding);
}

tally_rc tally_decimal_product(int64_t *out_value, tally_decimal a, tally_decimal b,
                               uint32_t out_decimals, tally_rounding rounding)
{
    tally_i128 product = (tally_i128)a.value * b.value;
    uint32_t decimals = a.decimals + b.decimals;
    tally_i128 down;

    TALLY_ASSERT(a.decimals <= TALLY_DECIMALS_MAX && b.decimals <= TALLY_DECIMALS_MAX);
    if (decimals <= out_decimals)
        return __builtin_mul_overflow(product, tally_decimal_unit(out_decimals - decimals),
                                      &product) ||
                       !tally_narrow_i64(product, out_value)
                   ? TALLY_E_OVERFLOW
                   : TALLY_OK;
    down = (tally_i128)tally_decimal_unit(a.decimals) * tally_decimal_unit(b.decimals);
    return divide(out_value, product, down / tally_decimal_unit(out_decimals), rounding);
}

tally_rc tally_decimal_round_to_step(int64_t *out_value, int64_t value, int64_t step,
                                     tally_rounding rounding)
{
    if (step <= 0)
        return TALLY_E_INVALID;
    return tally_narrow_i64(divide_wide(value, step, rounding) * step, out_value)
               ? TALLY_OK
               : TALLY_E_OVERFLOW;
}

static int compare_wide(tally_i128 a, tally_i128 b)
{
    return (a > b) - (a < b);
}

int tally_decimal_compare(tally_decimal a, tally_decimal b)
{
    return compare_wide((tally_i128)a.value * tally_decimal_unit(b.decimals),
                        (tally_i128)b.value * tally_decimal_unit(a.decimals));
}

int tally_ratio_compare(int64_t a_numerator, int64_t a_denominator, int64_t b_numerator,
                        int64_t b_denominator)
{
    int order = compare_wide((tally_i128)a_numerator * b_denominator,
                             (tally_i128)b_numerator * a_denominator);

    TALLY_ASSERT(a_denominator != 0 && b_denominator != 0);
    return (a_denominator < 0) != (b_denominator < 0) ? -order : order;
}
