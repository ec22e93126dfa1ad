/* SPDX-License-Identifier: Apache-2.0 */
/* The discrete Laplace distribution by integers (Canonne, Kamath, Steinke 2020). */

#include "aggregate/laplace.h"

/* By how much each loop could miss its distribution: at most 2^-256, 2^-296, 2^-369 and 2^-1170. */
#define UNIFORM_TRIES_MAX 256u
#define SERIES_TERMS_MAX  64u
#define GEOMETRIC_MAX     256u
#define LAPLACE_TRIES_MAX 4096u

#define PARAMETER_MAX 1000000u

static tally_rc refuse(tally_err *err)
{
    return tally_err_set(err, TALLY_E_LIMIT, 0,
                         "the source of random numbers is broken: it gave what good ones never do");
}

tally_rc tally_uniform_draw(uint64_t *out_number, uint64_t bound, const tally_random *random,
                            tally_err *err)
{
    uint64_t mask = bound - 1;

    TALLY_ASSERT(bound > 0);
    for (unsigned shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    for (uint32_t i = 0; i < UNIFORM_TRIES_MAX; i++) {
        uint8_t bytes[8];
        uint64_t drawn = 0;
        tally_rc rc = tally_random_fill(random, bytes, sizeof(bytes), err);

        if (rc != TALLY_OK)
            return rc;
        for (size_t k = 0; k < sizeof(bytes); k++)
            drawn = drawn << 8 | bytes[k];
        if ((drawn & mask) < bound) {
            *out_number = drawn & mask;
            return TALLY_OK;
        }
    }
    return refuse(err);
}

/* exp(-x) for x = numerator/denominator <= 1, by its series: draw with the chances x/1, x/2, x/3 …
 * until one fails; an odd count of draws has the chance 1 - x + x^2/2 - … */
static tally_rc draw_exp_below_one(bool *out_is_true, uint64_t numerator, uint64_t denominator,
                                   const tally_random *random, tally_err *err)
{
    for (uint64_t k = 1; k <= SERIES_TERMS_MAX; k++) {
        uint64_t drawn;
        tally_rc rc = tally_uniform_draw(&drawn, denominator * k, random, err);

        if (rc != TALLY_OK)
            return rc;
        if (drawn >= numerator) {
            *out_is_true = k % 2 == 1;
            return TALLY_OK;
        }
    }
    return refuse(err);
}

tally_rc tally_bernoulli_exp_draw(bool *out_is_true, uint32_t numerator, uint32_t denominator,
                                  const tally_random *random, tally_err *err)
{
    uint32_t whole, rest;

    TALLY_ASSERT(denominator > 0);
    whole = numerator / denominator;
    rest = numerator % denominator;
    /* exp(-(whole + rest/denominator)): all of these must be true. A long row fails soon. */
    for (uint32_t i = 0; i < whole; i++) {
        bool is_true;
        tally_rc rc = draw_exp_below_one(&is_true, 1, 1, random, err);

        if (rc != TALLY_OK)
            return rc;
        if (!is_true) {
            *out_is_true = false;
            return TALLY_OK;
        }
        if (i >= GEOMETRIC_MAX)
            return refuse(err);
    }
    return draw_exp_below_one(out_is_true, rest, denominator, random, err);
}

/* How often exp(-1) comes true in a row. */
static tally_rc draw_geometric(uint64_t *out_count, const tally_random *random, tally_err *err)
{
    for (uint64_t count = 0; count < GEOMETRIC_MAX; count++) {
        bool is_true;
        tally_rc rc = draw_exp_below_one(&is_true, 1, 1, random, err);

        if (rc != TALLY_OK)
            return rc;
        if (!is_true) {
            *out_count = count;
            return TALLY_OK;
        }
    }
    return refuse(err);
}

/* A size with a chance proportional to exp(-size numerator/denominator), and a sign; is_taken
 * false: drawn in vain, as zero must not count twice. */
static tally_rc try_draw(bool *out_is_taken, int64_t *out_noise, uint32_t numerator,
                         uint32_t denominator, const tally_random *random, tally_err *err)
{
    uint64_t low, high, sign, size;
    tally_rc rc = tally_uniform_draw(&low, denominator, random, err);

    *out_is_taken = false;
    if (rc == TALLY_OK)
        rc = draw_exp_below_one(out_is_taken, low, denominator, random, err);
    if (rc != TALLY_OK || !*out_is_taken)
        return rc;
    rc = draw_geometric(&high, random, err);
    if (rc == TALLY_OK)
        rc = tally_uniform_draw(&sign, 2, random, err);
    if (rc != TALLY_OK)
        return rc;
    size = (low + denominator * high) / numerator; /* below 257 million */
    *out_is_taken = sign == 0 || size > 0;
    *out_noise = sign == 0 ? (int64_t)size : -(int64_t)size;
    return TALLY_OK;
}

tally_rc tally_laplace_draw(int64_t *out_noise, uint32_t numerator, uint32_t denominator,
                            const tally_random *random, tally_err *err)
{
    TALLY_ASSERT(numerator > 0 && numerator <= PARAMETER_MAX);
    TALLY_ASSERT(denominator > 0 && denominator <= PARAMETER_MAX);
    for (uint32_t i = 0; i < LAPLACE_TRIES_MAX; i++) {
        bool is_taken = false;
        int64_t noise = 0;
        tally_rc rc = try_draw(&is_taken, &noise, numerator, denominator, random, err);

        if (rc != TALLY_OK)
            return rc;
        if (is_taken) {
            *out_noise = noise;
            return TALLY_OK;
        }
    }
    return refuse(err);
}
