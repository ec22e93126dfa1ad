/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4: see short_hash.h. */

#include "crypto/short_hash.h"

#include <sodium.h>

_Static_assert(crypto_shorthash_BYTES == 8, "a short hash has 64 bits");
_Static_assert(crypto_shorthash_KEYBYTES == TALLY_SHORT_HASH_KEY_BYTES, "and a key of 16 bytes");

uint64_t tally_short_hash(const uint8_t key16[static TALLY_SHORT_HASH_KEY_BYTES],
                          const void *bytes, size_t count)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t value = 0;

    (void)crypto_shorthash(out, bytes, count, key16); /* always 0 */
    for (size_t i = sizeof(out); i > 0; i--)
        value = value << 8 | out[i - 1];
    return value;
}
