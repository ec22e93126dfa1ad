/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_SHAKE_H
#define TALLY_CRYPTO_SHAKE_H

/* SHAKE128 and SHAKE256 (FIPS 202), computed by OpenSSL: any number of bytes out
 * of any number of bytes. Time depends on the lengths alone. Any thread. */

#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_SHAKE128_RATE_BYTES 168

/* Squeeze out_count bytes, at least one, from part_count slices, absorbed one
 * after the other. On failure out is all zero.
 * TALLY_E_NOMEM  OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_shake128_parts(uint8_t *out, size_t out_count,
                                               const tally_text *parts, size_t part_count);
TALLY_MUST_CHECK tally_rc tally_shake256_parts(uint8_t *out, size_t out_count,
                                               const tally_text *parts, size_t part_count);

#endif
