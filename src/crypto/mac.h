/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_MAC_H
#define TALLY_CRYPTO_MAC_H

/* Keyed hashes and keys made from others: HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256
 * (RFC 5869). Nothing here allocates or fails; what was secret on the way is wiped. For
 * all threads at once. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

#define TALLY_MAC_BYTES      32
#define TALLY_HKDF_BYTES_MAX (255 * TALLY_MAC_BYTES)

void tally_mac_hmac(uint8_t out_mac[static TALLY_MAC_BYTES], const uint8_t *key, size_t key_count,
                    const void *message, size_t count);

/* count bytes, at most TALLY_HKDF_BYTES_MAX, from a secret. salt may be empty; info says
 * what the bytes are for, so that one secret serves many uses. */
void tally_mac_hkdf(uint8_t *out, size_t count, const uint8_t *secret, size_t secret_count,
                    const void *salt, size_t salt_count, const void *info, size_t info_count);

/* Are count bytes equal? Takes the same time whether or not. */
TALLY_MUST_CHECK bool tally_mac_is_equal(const void *a, const void *b, size_t count);

#endif
