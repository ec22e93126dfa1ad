/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 and wiping through libsodium; its 0 and -1 stop here. */

#include "crypto/ed25519.h"

#include <string.h>

#include <sodium.h>

_Static_assert(TALLY_ED25519_SEED_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(TALLY_ED25519_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(TALLY_ED25519_SIGNATURE_BYTES == crypto_sign_BYTES, "signature");

/* Picks the processor's instructions once; safe from many threads. */
static bool is_ready(void)
{
    return sodium_init() >= 0;
}

/* libsodium wants a pointer even for no bytes. */
static const unsigned char *start_of(const void *message, size_t count)
{
    return count > 0 ? message : (const unsigned char *)"";
}

tally_rc tally_ed25519_public(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES],
                              const uint8_t seed32[static TALLY_ED25519_SEED_BYTES])
{
    uint8_t secret64[crypto_sign_SECRETKEYBYTES];
    bool is_made = is_ready() && crypto_sign_seed_keypair(out_public32, secret64, seed32) == 0;

    sodium_memzero(secret64, sizeof(secret64));
    if (is_made)
        return TALLY_OK;
    memset(out_public32, 0, TALLY_ED25519_PUBLIC_BYTES);
    return TALLY_E_IO;
}

tally_rc tally_ed25519_sign(uint8_t out_signature64[static TALLY_ED25519_SIGNATURE_BYTES],
                            const void *message, size_t count,
                            const uint8_t seed32[static TALLY_ED25519_SEED_BYTES])
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    uint8_t secret64[crypto_sign_SECRETKEYBYTES];
    bool is_made =
        is_ready() && crypto_sign_seed_keypair(public32, secret64, seed32) == 0 &&
        crypto_sign_detached(out_signature64, NULL, start_of(message, count), count, secret64) == 0;

    sodium_memzero(secret64, sizeof(secret64));
    if (is_made)
        return TALLY_OK;
    memset(out_signature64, 0, TALLY_ED25519_SIGNATURE_BYTES);
    return TALLY_E_IO;
}

bool tally_ed25519_is_valid_vartime(const uint8_t signature64[static TALLY_ED25519_SIGNATURE_BYTES],
                                    const void *message, size_t count,
                                    const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    return is_ready() &&
           crypto_sign_verify_detached(signature64, start_of(message, count), count, public32) == 0;
}

void tally_secret_wipe(void *secret, size_t count)
{
    sodium_memzero(secret, count);
}
