/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_HASH_H
#define TALLY_CRYPTO_HASH_H

/* SHA-256, computed by OpenSSL. Different hashes may run in many threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

#define TALLY_HASH_BYTES     32
#define TALLY_HASH_HEX_BYTES 65 /* 64 digits and a NUL */

/* The hash of count bytes. On failure out_hash is all zero.
 * TALLY_E_NOMEM  OpenSSL could not allocate, or has no SHA-256 */
TALLY_MUST_CHECK tally_rc tally_hash_sha256(uint8_t out_hash[static TALLY_HASH_BYTES],
                                            const void *bytes, size_t count);

/* A hash of bytes that come in parts. */
typedef struct tally_hash tally_hash;

/* Begin, or NULL when that failed. */
TALLY_MUST_CHECK tally_hash *tally_hash_new(void);

/* Take in the next bytes. A failure sticks and comes out of
 * tally_hash_finish(). */
void tally_hash_update(tally_hash *hash, const void *bytes, size_t count);

/* The hash of all bytes taken in; then begins anew. On failure out_hash is all
 * zero and TALLY_E_NOMEM is returned. */
TALLY_MUST_CHECK tally_rc tally_hash_finish(tally_hash *hash,
                                            uint8_t out_hash[static TALLY_HASH_BYTES]);

/* NULL is allowed. */
void tally_hash_free(tally_hash *hash);

/* Write a hash as 64 lowercase hexadecimal digits and a NUL. */
void tally_hash_hex(char out_text[static TALLY_HASH_HEX_BYTES],
                    const uint8_t hash[static TALLY_HASH_BYTES]);

#endif
