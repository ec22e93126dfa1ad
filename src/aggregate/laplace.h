/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_AGGREGATE_LAPLACE_H
#define TALLY_AGGREGATE_LAPLACE_H

/* Noise with an exact distribution, by integers alone (R23): the sampler of
 * Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy"
 * (2020), algorithms 1 and 2. No floating point, so none of its leaks.
 *
 * Every loop is bounded. With good random bytes a bound is met with a probability
 * below 2^-100; then TALLY_E_LIMIT says that the source is broken, and there is no
 * number. Outputs are written on success only. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/random.h"

/* A uniform number from 0 up to, not including, bound (> 0), by rejection. */
TALLY_MUST_CHECK tally_rc tally_uniform_draw(uint64_t *out_number, uint64_t bound,
                                             const tally_random *random, tally_err *err);

/* True with the probability exp(-numerator/denominator); denominator > 0. */
TALLY_MUST_CHECK tally_rc tally_bernoulli_exp_draw(bool *out_is_true, uint32_t numerator,
                                                   uint32_t denominator, const tally_random *random,
                                                   tally_err *err);

/* x with a probability proportional to exp(-|x| * numerator/denominator): the discrete Laplace
 * distribution for an epsilon of numerator/denominator and a sensitivity of 1. Both > 0 and at
 * most 1,000,000. */
TALLY_MUST_CHECK tally_rc tally_laplace_draw(int64_t *out_noise, uint32_t numerator,
                                             uint32_t denominator, const tally_random *random,
                                             tally_err *err);

#endif
