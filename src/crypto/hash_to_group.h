/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_HASH_TO_GROUP_H
#define TALLY_CRYPTO_HASH_TO_GROUP_H

/* Hashing to ristretto255 and to its scalars (RFC 9380, section 5.3.1 and
 * Appendix B, with SHA-512): nobody knows the logarithm of an element made so,
 * and texts with different domain separation tags have nothing in common. Time
 * depends on the lengths alone. Any thread. */

#include <stddef.h>
#include <stdint.h>
#include "crypto/ristretto.h"
#include "tally/base.h"
#include "util/text.h"

#define TALLY_EXPAND_DST_BYTES_MAX 255
#define TALLY_EXPAND_OUT_BYTES_MAX ((size_t)255 * 64)

/* expand_message_xmd with SHA-512. On failure out is all zero.
 *
 * TALLY_E_LIMIT  dst is empty or longer than TALLY_EXPAND_DST_BYTES_MAX, or
 *                out_count is zero or beyond TALLY_EXPAND_OUT_BYTES_MAX
 * TALLY_E_NOMEM  OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_expand_message_xmd(uint8_t *out, size_t out_count,
                                                   tally_text message, tally_text dst);

/* hash_to_ristretto255: 64 bytes of the above, taken to the group. */
TALLY_MUST_CHECK tally_rc tally_hash_to_group(tally_element *out, tally_text message,
                                              tally_text dst);

/* The same 64 bytes, lowest first, modulo the group's order. */
TALLY_MUST_CHECK tally_rc tally_hash_to_scalar(tally_scalar *out, tally_text message,
                                               tally_text dst);

#endif
