/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets from the seed. */

#include <string.h>

#include "crypto/mac.h"
#include "util/bytes.h"
#include "wallet/derive.h"

#define SALT        "tally/wallet/v1"
#define PURPOSE_MAX 32

void tally_derive(uint8_t *out, size_t count, const uint8_t seed[static TALLY_WALLET_SEED_BYTES],
                  const char *purpose, tally_text origin, uint32_t index)
{
    uint8_t info[PURPOSE_MAX + 1 + TALLY_DERIVE_ORIGIN_BYTES_MAX + 1 + 4];
    size_t purpose_count = strlen(purpose), at = 0;

    TALLY_ASSERT(purpose_count <= PURPOSE_MAX && origin.count <= TALLY_DERIVE_ORIGIN_BYTES_MAX);
    memcpy(info, purpose, purpose_count);
    at += purpose_count;
    info[at++] = 0;
    if (origin.count > 0)
        memcpy(info + at, origin.bytes, origin.count);
    at += origin.count;
    info[at++] = 0;
    tally_write_u32(info + at, index);
    at += 4;
    tally_mac_hkdf(out, count, seed, TALLY_WALLET_SEED_BYTES, SALT, sizeof(SALT) - 1, info, at);
}

void tally_derive_generated(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES],
                            const uint8_t set_seed[static TALLY_WALLET_SEED_BYTES], uint32_t number)
{
    tally_derive(out_seed, TALLY_WALLET_SEED_BYTES, set_seed, "generated-member",
                 (tally_text){ NULL, 0 }, number);
}
