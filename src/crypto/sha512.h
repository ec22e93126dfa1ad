/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_SHA512_H
#define TALLY_CRYPTO_SHA512_H

/* SHA-512 (FIPS 180-4), computed by OpenSSL. Any thread. */

#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_SHA512_BYTES       64
#define TALLY_SHA512_BLOCK_BYTES 128

/* The hash of part_count slices, read one after the other. On failure
 * out_hash64 is all zero.
 * TALLY_E_NOMEM  OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_sha512_parts(uint8_t out_hash64[static TALLY_SHA512_BYTES],
                                             const tally_text *parts, size_t part_count);

#endif
