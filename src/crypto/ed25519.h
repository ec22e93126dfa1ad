/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_ED25519_H
#define TALLY_CRYPTO_ED25519_H

/* Ed25519 signatures (RFC 8032), computed by libsodium, and the wiping of
 * secrets. Signing is deterministic and takes the same time for all keys.
 * Nothing here allocates; all may be called from many threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

#define TALLY_ED25519_SEED_BYTES      32
#define TALLY_ED25519_PUBLIC_BYTES    32
#define TALLY_ED25519_SIGNATURE_BYTES 64

/* The public key that belongs to a secret seed. On failure out_public32 is all
 * zero: TALLY_E_IO, the system gave libsodium no random bytes to start with. */
TALLY_MUST_CHECK tally_rc
tally_ed25519_public(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES],
                     const uint8_t seed32[static TALLY_ED25519_SEED_BYTES]);

/* Sign count bytes. On failure, which is as above, out_signature64 is all zero. */
TALLY_MUST_CHECK tally_rc tally_ed25519_sign(
    uint8_t out_signature64[static TALLY_ED25519_SIGNATURE_BYTES], const void *message,
    size_t count, const uint8_t seed32[static TALLY_ED25519_SEED_BYTES]);

/* Is this a signature of the message? Keys and signatures in a form that is not
 * canonical, and keys of small order, are refused. */
TALLY_MUST_CHECK bool tally_ed25519_is_valid_vartime(
    const uint8_t signature64[static TALLY_ED25519_SIGNATURE_BYTES], const void *message,
    size_t count, const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);

/* Overwrite a secret with zeros in a way no compiler leaves out. */
void tally_secret_wipe(void *secret, size_t count);

#endif
