/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_SHORT_HASH_H
#define TALLY_CRYPTO_SHORT_HASH_H

/* SipHash-2-4 (Aumasson and Bernstein, 2012), computed by libsodium: a keyed hash of
 * 64 bits for tables. Who does not know the key can neither foresee nor recognise it;
 * it is too short to be a commitment. Nothing here can fail. */

#include <stddef.h>
#include <stdint.h>

#define TALLY_SHORT_HASH_KEY_BYTES 16

uint64_t tally_short_hash(const uint8_t key16[static TALLY_SHORT_HASH_KEY_BYTES],
                          const void *bytes, size_t count);

#endif
