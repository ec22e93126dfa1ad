/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_P256_H
#define TALLY_CRYPTO_P256_H

/* ECDSA over P-256 with SHA-256 (ES256 of RFC 7518), computed by OpenSSL. For jose.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

/* The point of a scalar. TALLY_E_INVALID: it is 0 or not below the order. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_p256_public(uint8_t out_x[static 32], uint8_t out_y[static 32],
                                            const uint8_t secret[static 32]);

TALLY_MUST_CHECK bool tally_p256_is_on_curve(const uint8_t x[static 32],
                                             const uint8_t y[static 32]);

/* The point of its compressed form: 02 or 03, and x. False: there is none. */
TALLY_MUST_CHECK bool tally_p256_decompress(uint8_t out_x[static 32], uint8_t out_y[static 32],
                                            const uint8_t compressed[static 33]);

/* r || s. TALLY_E_NOMEM; out is then zero. */
TALLY_MUST_CHECK tally_rc tally_p256_sign(uint8_t out[static 64], const void *message, size_t count,
                                          const uint8_t secret[static 32],
                                          const uint8_t x[static 32], const uint8_t y[static 32]);

TALLY_MUST_CHECK bool tally_p256_is_valid_vartime(const uint8_t signature[static 64],
                                                  const void *message, size_t count,
                                                  const uint8_t x[static 32],
                                                  const uint8_t y[static 32]);

#endif
