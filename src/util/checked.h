/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_CHECKED_H
#define TALLY_UTIL_CHECKED_H

/* Integer arithmetic that says when the exact result does not fit.
 *
 * Each returns true and writes *out, or returns false and leaves it alone. out
 * may point to an operand. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

/* 128-bit integers are an extension of both our compilers. */
__extension__ typedef __int128 tally_i128;
__extension__ typedef unsigned __int128 tally_u128;

TALLY_MUST_CHECK static inline bool tally_add_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;

    if (TALLY_UNLIKELY(__builtin_add_overflow(a, b, &sum)))
        return false;
    *out = sum;
    return true;
}

TALLY_MUST_CHECK static inline bool tally_sub_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t difference;

    if (TALLY_UNLIKELY(__builtin_sub_overflow(a, b, &difference)))
        return false;
    *out = difference;
    return true;
}

TALLY_MUST_CHECK static inline bool tally_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;

    if (TALLY_UNLIKELY(__builtin_mul_overflow(a, b, &product)))
        return false;
    *out = product;
    return true;
}

TALLY_MUST_CHECK static inline bool tally_neg_i64(int64_t a, int64_t *out)
{
    return tally_sub_i64(0, a, out);
}

TALLY_MUST_CHECK static inline bool tally_add_size(size_t a, size_t b, size_t *out)
{
    size_t sum;

    if (TALLY_UNLIKELY(__builtin_add_overflow(a, b, &sum)))
        return false;
    *out = sum;
    return true;
}

TALLY_MUST_CHECK static inline bool tally_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;

    if (TALLY_UNLIKELY(__builtin_mul_overflow(a, b, &product)))
        return false;
    *out = product;
    return true;
}

/* A 128-bit number as an int64. */
TALLY_MUST_CHECK static inline bool tally_narrow_i64(tally_i128 wide, int64_t *out)
{
    if (TALLY_UNLIKELY(wide < INT64_MIN || wide > INT64_MAX))
        return false;
    *out = (int64_t)wide;
    return true;
}

#endif
