/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_DERIVE_H
#define TALLY_WALLET_DERIVE_H

/* Everything secret that a wallet makes itself comes from its seed, so that the words
 * bring it back on another device:
 *
 *     HKDF-SHA-256(secret = seed, salt = "tally/wallet/v1",
 *                  info = purpose || NUL || origin || NUL || index as u32, big-endian)
 *
 * The origin is that of the programme: keys of two programmes have nothing in common. The
 * index begins at 0 and rises with each new key in that programme: after a rotation, and
 * after leaving, so that joining again is by somebody new. Pure. */

#include <stddef.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "tally/base.h"
#include "util/text.h"
#include "wallet/mnemonic.h"

#define TALLY_DERIVE_MEMBER     "member"     /* the member's Ed25519 seed */
#define TALLY_DERIVE_RECOVERY   "recovery"   /* the Ed25519 seed that may replace it */
#define TALLY_DERIVE_CREDENTIAL "credential" /* for the anonymous credential's scalar */

#define TALLY_DERIVE_ORIGIN_BYTES_MAX 255

/* count bytes for a purpose; origin is no longer than TALLY_DERIVE_ORIGIN_BYTES_MAX. */
void tally_derive(uint8_t *out, size_t count, const uint8_t seed[static TALLY_WALLET_SEED_BYTES],
                  const char *purpose, tally_text origin, uint32_t index);

/* The seed of generated member number n of a generated set: purpose "generated-member",
 * no origin, index n. */
void tally_derive_generated(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES],
                            const uint8_t set_seed[static TALLY_WALLET_SEED_BYTES],
                            uint32_t number);

#endif
