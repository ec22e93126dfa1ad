/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles as ECMAScript prints them (ECMA-262, Number::toString; RFC 8785, section
 * 3.2.2.3): the fewest digits that read back as the same number, and of those the
 * nearest to it.
 *
 * printf rounds to a given count of digits correctly, so the first count that reads back
 * gives both. One exception: below a power of two the doubles lie half as far apart as
 * above it, so there the nearest decimal may be too low although the one above it, being
 * farther off, still reads back. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/jcs.h"

#define DIGITS_MAX 17

/* 0.DIGITS * 10^point. */
typedef struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;
    int point;
} decimal;

/* Does it read back as value? */
static bool is_same(const decimal *self, double value)
{
    char text[DIGITS_MAX + 16];

    (void)snprintf(text, sizeof(text), "%.*se%d", self->count, self->digits,
                   self->point - self->count);
    return strtod(text, NULL) == value;
}

static void round_to(decimal *out, double value, int count)
{
    char text[DIGITS_MAX + 16];
    char *exponent;

    (void)snprintf(text, sizeof(text), "%.*e", count - 1, value);
    exponent = strchr(text, 'e');
    TALLY_ASSERT(exponent != NULL);
    out->digits[0] = text[0];
    /* Behind the first digit stands the point, of whatever locale. */
    if (count > 1)
        memcpy(out->digits + 1, exponent - (count - 1), (size_t)count - 1);
    out->digits[count] = '\0';
    out->count = count;
    out->point = (int)strtol(exponent + 1, NULL, 10) + 1;
}

/* The next decimal of as many digits. */
static void step_up(decimal *self)
{
    int i = self->count - 1;

    while (i >= 0 && self->digits[i] == '9')
        self->digits[i--] = '0';
    if (i >= 0) {
        self->digits[i]++;
    } else {
        self->digits[0] = '1';
        self->point++;
    }
}

static void find_shortest(decimal *out, double value)
{
    int exponent;
    bool is_power_of_two = frexp(value, &exponent) == 0.5;

    for (int count = 1; count < DIGITS_MAX; count++) {
        round_to(out, value, count);
        if (is_same(out, value))
            return;
        if (!is_power_of_two)
            continue;
        step_up(out);
        if (is_same(out, value))
            return;
    }
    /* Seventeen digits always read back. */
    round_to(out, value, DIGITS_MAX);
}

size_t tally_jcs_write_double(char out_text[static TALLY_JCS_NUMBER_BYTES], double value)
{
    const char *sign = value < 0 ? "-" : "";
    decimal shortest;
    const char *digits = shortest.digits;
    int count, point, written;

    TALLY_ASSERT(isfinite(value));
    if (value == 0) {
        memcpy(out_text, "0", 2);
        return 1;
    }
    find_shortest(&shortest, fabs(value));
    count = shortest.count;
    point = shortest.point;
    /* The cases of Number::toString, where k is count and n is point. */
    if (count <= point && point <= 21)
        written = snprintf(out_text, TALLY_JCS_NUMBER_BYTES, "%s%s%.*s", sign, digits,
                           point - count, "00000000000000000000");
    else if (0 < point && point <= 21)
        written = snprintf(out_text, TALLY_JCS_NUMBER_BYTES, "%s%.*s.%s", sign, point, digits,
                           digits + point);
    else if (-6 < point && point <= 0)
        written = snprintf(out_text, TALLY_JCS_NUMBER_BYTES, "%s0.%.*s%s", sign, -point, "000000",
                           digits);
    else
        written = snprintf(out_text, TALLY_JCS_NUMBER_BYTES, "%s%c%s%se%+d", sign, digits[0],
                           count > 1 ? "." : "", digits + 1, point - 1);
    TALLY_ASSERT(written > 0 && written < TALLY_JCS_NUMBER_BYTES);
    return (size_t)written;
}
