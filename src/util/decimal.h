/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_DECIMAL_H
#define TALLY_UTIL_DECIMAL_H

/* Exact decimals.
 *
 * A decimal is an int64 `value` that counts units of 10^-decimals, where
 * `decimals`, 0 to TALLY_DECIMALS_MAX, belongs to the type and not to the
 * number: 12.5 at 2 decimals is 1250. Nothing is rounded unless a rounding is
 * named, and a result that does not fit is TALLY_E_OVERFLOW. Outputs are
 * written on success only. A number of decimals beyond the maximum is a broken
 * fact of the caller. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_DECIMALS_MAX       6
#define TALLY_DECIMAL_TEXT_BYTES 64

/* Which neighbour is taken when the exact result lies between two. */
typedef enum tally_rounding {
    TALLY_ROUND_UP,        /* the greater: toward +infinity */
    TALLY_ROUND_DOWN,      /* the smaller: toward -infinity */
    TALLY_ROUND_HALF_UP,   /* the nearer; of a tie the greater */
    TALLY_ROUND_HALF_DOWN, /* the nearer; of a tie the smaller */
    TALLY_ROUND_HALF_EVEN  /* the nearer; of a tie the even one */
} tally_rounding;

/* 10 to the power of decimals. */
int64_t tally_decimal_unit(uint32_t decimals);

/* Read -?[0-9]+(\.[0-9]+)? and nothing else; out_decimals is how many digits
 * stand after the point.
 *
 * TALLY_E_INVALID   it is not of that form
 * TALLY_E_LIMIT     more than TALLY_DECIMALS_MAX digits after the point
 * TALLY_E_OVERFLOW  the value does not fit */
TALLY_MUST_CHECK tally_rc tally_decimal_parse(int64_t *out_value, uint32_t *out_decimals,
                                              tally_text text);

/* The same, with the value brought to `decimals`. Digits beyond them are
 * TALLY_E_LIMIT unless they are zeros. */
TALLY_MUST_CHECK tally_rc tally_decimal_parse_at(int64_t *out_value, tally_text text,
                                                 uint32_t decimals);

/* Write a value with all its decimals, as "-1234.50", and return the slice of
 * out_text written; a NUL follows it. thousands separates groups of three
 * digits before the point: NULL, "", or up to 4 bytes such as "," or a thin
 * space. */
tally_text tally_decimal_format(char out_text[static TALLY_DECIMAL_TEXT_BYTES], int64_t value,
                                uint32_t decimals, const char *thousands);

/* The same without zeros at the end of the decimals: "-1234.5", "12". */
tally_text tally_decimal_format_short(char out_text[static TALLY_DECIMAL_TEXT_BYTES], int64_t value,
                                      uint32_t decimals, const char *thousands);

/* Bring a value from one number of decimals to another; the rounding matters
 * only when digits are lost. */
TALLY_MUST_CHECK tally_rc tally_decimal_rescale(int64_t *out_value, int64_t value,
                                                uint32_t from_decimals, uint32_t to_decimals,
                                                tally_rounding rounding);

/* numerator / denominator as an integer.
 *
 * TALLY_E_INVALID   the denominator is 0
 * TALLY_E_OVERFLOW  the result does not fit */
TALLY_MUST_CHECK tally_rc tally_decimal_divide(int64_t *out_value, int64_t numerator,
                                               int64_t denominator, tally_rounding rounding);

/* value * numerator / denominator, exact in between: shares and percentages.
 * Errors as for tally_decimal_divide(). */
TALLY_MUST_CHECK tally_rc tally_decimal_scale(int64_t *out_value, int64_t value, int64_t numerator,
                                              int64_t denominator, tally_rounding rounding);

/* A decimal: a value with its decimals. */
typedef struct tally_decimal {
    int64_t value;
    uint32_t decimals;
} tally_decimal;

/* a / b brought to out_decimals. Errors as for tally_decimal_divide(). */
TALLY_MUST_CHECK tally_rc tally_decimal_quotient(int64_t *out_value, tally_decimal a,
                                                 tally_decimal b, uint32_t out_decimals,
                                                 tally_rounding rounding);

/* a * b brought to out_decimals. */
TALLY_MUST_CHECK tally_rc tally_decimal_product(int64_t *out_value, tally_decimal a,
                                                tally_decimal b, uint32_t out_decimals,
                                                tally_rounding rounding);

/* The multiple of step that the rounding names: 7.3 to a step of 0.25 up is
 * 7.5. Both have the same decimals; a step that is not positive is
 * TALLY_E_INVALID. */
TALLY_MUST_CHECK tally_rc tally_decimal_round_to_step(int64_t *out_value, int64_t value,
                                                      int64_t step, tally_rounding rounding);

/* Exact comparison: -1, 0 or 1. */
int tally_decimal_compare(tally_decimal a, tally_decimal b);

/* Compare a_numerator / a_denominator with b_numerator / b_denominator exactly:
 * -1, 0 or 1. Denominators may be negative; 0 is a broken fact. */
int tally_ratio_compare(int64_t a_numerator, int64_t a_denominator, int64_t b_numerator,
                        int64_t b_denominator);

#endif
