/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_SEAL_H
#define TALLY_CRYPTO_SEAL_H

/* Sealing: encryption that also shows any change (XChaCha20-Poly1305, of
 * draft-irtf-cfrg-xchacha).
 *
 * A sealed text is nonce[24] || ciphertext || tag[16], 40 bytes more than what it holds.
 * The nonce is random; with 192 bits, no number of messages under one key makes two
 * equal nonces likely. The context (additional data) is not stored: it says what the
 * text is and where it belongs, so that one sealed text cannot stand in for another.
 *
 * Nothing here allocates. For all threads at once. */

#include <stddef.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "crypto/random.h"
#include "tally/base.h"

#define TALLY_SEAL_KEY_BYTES     32
#define TALLY_SEAL_NONCE_BYTES   24
#define TALLY_SEAL_TAG_BYTES     16
#define TALLY_SEAL_EXTRA_BYTES   (TALLY_SEAL_NONCE_BYTES + TALLY_SEAL_TAG_BYTES)
#define TALLY_SEAL_WRAPPED_BYTES (TALLY_SEAL_KEY_BYTES + TALLY_SEAL_EXTRA_BYTES)

/* Seal count bytes into out, which has room for count + TALLY_SEAL_EXTRA_BYTES. The message
 * may stand at out + TALLY_SEAL_NONCE_BYTES; else they do not overlap. The only failure is that of
 * random; out is then zero. */
TALLY_MUST_CHECK tally_rc tally_seal(uint8_t *out, const void *message, size_t count,
                                     const void *context, size_t context_count,
                                     const uint8_t key32[static TALLY_SEAL_KEY_BYTES],
                                     const tally_random *random, tally_err *err);

/* Open sealed_count bytes into out, which has room for TALLY_SEAL_EXTRA_BYTES less and
 * does not overlap them.
 *
 * TALLY_E_CORRUPT  altered, cut short, of another key or context: nobody can tell
 *                  which; out is then zero */
TALLY_MUST_CHECK tally_rc tally_seal_open(uint8_t *out, const uint8_t *sealed, size_t sealed_count,
                                          const void *context, size_t context_count,
                                          const uint8_t key32[static TALLY_SEAL_KEY_BYTES]);

/* Seal a data key under a key that wraps many; unwrap it. The context names whose it is. */
TALLY_MUST_CHECK tally_rc tally_seal_wrap(uint8_t out_wrapped[static TALLY_SEAL_WRAPPED_BYTES],
                                          const uint8_t data_key32[static TALLY_SEAL_KEY_BYTES],
                                          const void *context, size_t context_count,
                                          const uint8_t key32[static TALLY_SEAL_KEY_BYTES],
                                          const tally_random *random, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_seal_unwrap(uint8_t out_data_key32[static TALLY_SEAL_KEY_BYTES],
                                            const uint8_t wrapped[static TALLY_SEAL_WRAPPED_BYTES],
                                            const void *context, size_t context_count,
                                            const uint8_t key32[static TALLY_SEAL_KEY_BYTES]);

/* Sealing to somebody's Ed25519 key, so that only its holder can open, and not the sender:
 * ephemeral X25519 key[32] || ciphertext || tag[16]. The Ed25519 key is used as its X25519
 * form; the sealing key is HKDF-SHA-256 of the shared secret, with the ephemeral and the
 * recipient's X25519 key as salt and "tally/sealed-box/v1" as info; the nonce is zero, since
 * each such key seals once. */
#define TALLY_SEAL_BOX_EXTRA_BYTES (32 + TALLY_SEAL_TAG_BYTES)

/* out has room for count + TALLY_SEAL_BOX_EXTRA_BYTES.
 * TALLY_E_INVALID  the bytes are no Ed25519 key, or one of small order */
TALLY_MUST_CHECK tally_rc tally_seal_to(uint8_t *out, const void *message, size_t count,
                                        const void *context, size_t context_count,
                                        const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES],
                                        const tally_random *random, tally_err *err);

/* TALLY_E_CORRUPT as for tally_seal_open(). */
TALLY_MUST_CHECK tally_rc
tally_seal_open_own(uint8_t *out, const uint8_t *sealed, size_t sealed_count, const void *context,
                    size_t context_count, const uint8_t seed32[static TALLY_ED25519_SEED_BYTES]);

/* A key from a passphrase: Argon2id (RFC 9106). */
#define TALLY_SEAL_SALT_BYTES 16

typedef struct tally_seal_effort {
    uint32_t passes;    /* 1 to 16 */
    uint32_t memory_kb; /* 8 to 1 048 576 */
} tally_seal_effort;

/* 64 MB and 3 passes: RFC 9106, section 4, second recommendation, but for one lane. */
#define TALLY_SEAL_EFFORT_USUAL ((tally_seal_effort){ 3, 65536 })

/* TALLY_E_INVALID  passes or memory_kb is out of its range
 * TALLY_E_NOMEM    that much memory is not to be had */
TALLY_MUST_CHECK tally_rc tally_seal_key_of_passphrase(
    uint8_t out_key32[static TALLY_SEAL_KEY_BYTES], const char *passphrase, size_t count,
    const uint8_t salt16[static TALLY_SEAL_SALT_BYTES], tally_seal_effort effort, tally_err *err);

#endif
