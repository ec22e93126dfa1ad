/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC and HKDF over libsodium's SHA-256. */

#include <sodium.h>

#include "crypto/mac.h"

_Static_assert(TALLY_MAC_BYTES == crypto_auth_hmacsha256_BYTES, "mac");

typedef struct part {
    const void *bytes;
    size_t count;
} part;

static void hmac(uint8_t out_mac[static TALLY_MAC_BYTES], const uint8_t *key, size_t key_count,
                 const part *parts, size_t part_count)
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_count);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].count > 0)
            crypto_auth_hmacsha256_update(&state, parts[i].bytes, parts[i].count);
    }
    crypto_auth_hmacsha256_final(&state, out_mac);
    sodium_memzero(&state, sizeof(state));
}

void tally_mac_hmac(uint8_t out_mac[static TALLY_MAC_BYTES], const uint8_t *key, size_t key_count,
                    const void *message, size_t count)
{
    hmac(out_mac, key, key_count, &(part){ message, count }, 1);
}

void tally_mac_hkdf(uint8_t *out, size_t count, const uint8_t *secret, size_t secret_count,
                    const void *salt, size_t salt_count, const void *info, size_t info_count)
{
    static const uint8_t no_salt[TALLY_MAC_BYTES];
    uint8_t prk[TALLY_MAC_BYTES], block[TALLY_MAC_BYTES];
    uint8_t number = 0;

    TALLY_ASSERT(count <= TALLY_HKDF_BYTES_MAX);
    if (salt_count == 0) {
        salt = no_salt;
        salt_count = sizeof(no_salt);
    }
    /* Extract, then expand: T(i) = HMAC(PRK, T(i-1) || info || i). */
    tally_mac_hmac(prk, salt, salt_count, secret, secret_count);
    for (size_t at = 0; at < count; at += sizeof(block)) {
        size_t taken = count - at < sizeof(block) ? count - at : sizeof(block);

        number++;
        hmac(block, prk, sizeof(prk),
             (part[]){
                 { block, number > 1 ? sizeof(block) : 0 }, { info, info_count }, { &number, 1 } },
             3);
        for (size_t i = 0; i < taken; i++)
            out[at + i] = block[i];
    }
    sodium_memzero(prk, sizeof(prk));
    sodium_memzero(block, sizeof(block));
}

bool tally_mac_is_equal(const void *a, const void *b, size_t count)
{
    return sodium_memcmp(a, b, count) == 0;
}
