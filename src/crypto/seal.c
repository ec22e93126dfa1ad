/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing through libsodium. */

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "crypto/mac.h"
#include "crypto/seal.h"

_Static_assert(TALLY_SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(TALLY_SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(TALLY_SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(TALLY_SEAL_SALT_BYTES == crypto_pwhash_SALTBYTES, "salt");

#define BOX_INFO   "tally/sealed-box/v1"
#define PASSES_MAX 16
#define MEMORY_MIN 8
#define MEMORY_MAX (1u << 20)

static const uint8_t zero_nonce[TALLY_SEAL_NONCE_BYTES];

/* Picks the processor's instructions once. Should it fail for want of random bytes,
 * which nothing here draws from libsodium, the portable code is right as well. */
static void get_ready(void)
{
    static atomic_bool is_ready; /* sodium_init() takes a lock, which costs a tenth of a sealing */

    if (!atomic_load_explicit(&is_ready, memory_order_acquire) && sodium_init() >= 0)
        atomic_store_explicit(&is_ready, true, memory_order_release);
}

static const unsigned char *start_of(const void *message, size_t count)
{
    return count > 0 ? message : (const unsigned char *)"";
}

static void encrypt(uint8_t *out, const void *message, size_t count, const void *context,
                    size_t context_count, const uint8_t *nonce, const uint8_t *key32)
{
    get_ready();
    /* Returns 0 always; lengths that libsodium refuses (2^38) are no memory's. */
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, start_of(message, count), count,
                                                     start_of(context, context_count),
                                                     context_count, NULL, nonce, key32);
}

static tally_rc decrypt(uint8_t *out, const uint8_t *sealed, size_t sealed_count,
                        const void *context, size_t context_count, const uint8_t *nonce,
                        const uint8_t *key32)
{
    get_ready();
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, sealed_count,
                                                   start_of(context, context_count), context_count,
                                                   nonce, key32) == 0)
        return TALLY_OK;
    if (sealed_count > TALLY_SEAL_TAG_BYTES)
        memset(out, 0, sealed_count - TALLY_SEAL_TAG_BYTES);
    return TALLY_E_CORRUPT;
}

tally_rc tally_seal(uint8_t *out, const void *message, size_t count, const void *context,
                    size_t context_count, const uint8_t key32[static TALLY_SEAL_KEY_BYTES],
                    const tally_random *random, tally_err *err)
{
    tally_rc rc = tally_random_fill(random, out, TALLY_SEAL_NONCE_BYTES, err);

    if (rc != TALLY_OK) {
        memset(out, 0, count + TALLY_SEAL_EXTRA_BYTES);
        return rc;
    }
    encrypt(out + TALLY_SEAL_NONCE_BYTES, message, count, context, context_count, out, key32);
    return TALLY_OK;
}

tally_rc tally_seal_open(uint8_t *out, const uint8_t *sealed, size_t sealed_count,
                         const void *context, size_t context_count,
                         const uint8_t key32[static TALLY_SEAL_KEY_BYTES])
{
    if (sealed_count < TALLY_SEAL_EXTRA_BYTES)
        return TALLY_E_CORRUPT;
    return decrypt(out, sealed + TALLY_SEAL_NONCE_BYTES, sealed_count - TALLY_SEAL_NONCE_BYTES,
                   context, context_count, sealed, key32);
}

tally_rc tally_seal_wrap(uint8_t out_wrapped[static TALLY_SEAL_WRAPPED_BYTES],
                         const uint8_t data_key32[static TALLY_SEAL_KEY_BYTES], const void *context,
                         size_t context_count, const uint8_t key32[static TALLY_SEAL_KEY_BYTES],
                         const tally_random *random, tally_err *err)
{
    return tally_seal(out_wrapped, data_key32, TALLY_SEAL_KEY_BYTES, context, context_count, key32,
                      random, err);
}

tally_rc tally_seal_unwrap(uint8_t out_data_key32[static TALLY_SEAL_KEY_BYTES],
                           const uint8_t wrapped[static TALLY_SEAL_WRAPPED_BYTES],
                           const void *context, size_t context_count,
                           const uint8_t key32[static TALLY_SEAL_KEY_BYTES])
{
    return tally_seal_open(out_data_key32, wrapped, TALLY_SEAL_WRAPPED_BYTES, context,
                           context_count, key32);
}

/* The key that an ephemeral key and a recipient's share; false when one of them is of
 * small order. */
static bool derive_box_key(uint8_t *out_key32, const uint8_t *secret32, const uint8_t *their32,
                           const uint8_t *ephemeral32, const uint8_t *recipient32)
{
    uint8_t shared[crypto_scalarmult_BYTES], salt[64];
    bool is_made = crypto_scalarmult(shared, secret32, their32) == 0;

    memcpy(salt, ephemeral32, 32);
    memcpy(salt + 32, recipient32, 32);
    if (is_made)
        tally_mac_hkdf(out_key32, TALLY_SEAL_KEY_BYTES, shared, sizeof(shared), salt, sizeof(salt),
                       BOX_INFO, sizeof(BOX_INFO) - 1);
    sodium_memzero(shared, sizeof(shared));
    return is_made;
}

tally_rc tally_seal_to(uint8_t *out, const void *message, size_t count, const void *context,
                       size_t context_count,
                       const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES],
                       const tally_random *random, tally_err *err)
{
    uint8_t recipient32[32], ephemeral32[32], secret32[32], key32[TALLY_SEAL_KEY_BYTES];
    tally_rc rc;

    memset(out, 0, count + TALLY_SEAL_BOX_EXTRA_BYTES);
    get_ready();
    if (crypto_sign_ed25519_pk_to_curve25519(recipient32, public32) != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "sealing to bytes that are no Ed25519 key");
    rc = tally_random_fill(random, secret32, sizeof(secret32), err);
    if (rc != TALLY_OK)
        return rc;
    (void)crypto_scalarmult_base(ephemeral32, secret32);
    if (derive_box_key(key32, secret32, recipient32, ephemeral32, recipient32)) {
        memcpy(out, ephemeral32, sizeof(ephemeral32));
        encrypt(out + sizeof(ephemeral32), message, count, context, context_count, zero_nonce,
                key32);
    } else {
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "sealing to a key of small order");
    }
    sodium_memzero(secret32, sizeof(secret32));
    sodium_memzero(key32, sizeof(key32));
    return rc;
}

tally_rc tally_seal_open_own(uint8_t *out, const uint8_t *sealed, size_t sealed_count,
                             const void *context, size_t context_count,
                             const uint8_t seed32[static TALLY_ED25519_SEED_BYTES])
{
    uint8_t public32[32], secret64[crypto_sign_SECRETKEYBYTES];
    uint8_t recipient32[32], secret32[32], key32[TALLY_SEAL_KEY_BYTES];
    tally_rc rc = TALLY_E_CORRUPT;

    if (sealed_count < TALLY_SEAL_BOX_EXTRA_BYTES)
        return TALLY_E_CORRUPT;
    get_ready();
    memset(out, 0, sealed_count - TALLY_SEAL_BOX_EXTRA_BYTES);
    if (crypto_sign_seed_keypair(public32, secret64, seed32) == 0 &&
        crypto_sign_ed25519_pk_to_curve25519(recipient32, public32) == 0 &&
        crypto_sign_ed25519_sk_to_curve25519(secret32, secret64) == 0 &&
        derive_box_key(key32, secret32, sealed, sealed, recipient32))
        rc =
            decrypt(out, sealed + 32, sealed_count - 32, context, context_count, zero_nonce, key32);
    sodium_memzero(secret64, sizeof(secret64));
    sodium_memzero(secret32, sizeof(secret32));
    sodium_memzero(key32, sizeof(key32));
    return rc;
}

tally_rc tally_seal_key_of_passphrase(uint8_t out_key32[static TALLY_SEAL_KEY_BYTES],
                                      const char *passphrase, size_t count,
                                      const uint8_t salt16[static TALLY_SEAL_SALT_BYTES],
                                      tally_seal_effort effort, tally_err *err)
{
    memset(out_key32, 0, TALLY_SEAL_KEY_BYTES);
    if (effort.passes < 1 || effort.passes > PASSES_MAX || effort.memory_kb < MEMORY_MIN ||
        effort.memory_kb > MEMORY_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the effort of a passphrase is 1 to %d passes over %d to %u KB",
                             PASSES_MAX, MEMORY_MIN, MEMORY_MAX);
    get_ready();
    if (crypto_pwhash(out_key32, TALLY_SEAL_KEY_BYTES, count > 0 ? passphrase : "", count, salt16,
                      effort.passes, (size_t)effort.memory_kb * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        return TALLY_OK;
    memset(out_key32, 0, TALLY_SEAL_KEY_BYTES);
    return tally_err_set(err, TALLY_E_NOMEM, 0,
                         "memory is short for %u KB of a passphrase's effort",
                         (unsigned)effort.memory_kb);
}
