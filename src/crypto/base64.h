/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_BASE64_H
#define TALLY_CRYPTO_BASE64_H

/* Base64 of RFC 4648, section 4, in its one canonical form: padding present,
 * unused bits zero, nothing between the characters. So a text has one reading
 * and bytes have one text. Time depends on what is read: not for secrets. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

/* How many characters stand for so many bytes; bytes must be below 2^60. */
#define TALLY_BASE64_CHARACTERS(bytes) (((size_t)(bytes) + 2) / 3 * 4)

/* Decode a whole text. What out holds after a failure is unspecified.
 *
 * out        room for bytes_max bytes, or NULL to check only
 * out_count  may be NULL
 *
 * TALLY_E_INVALID  the text is not canonical Base64
 * TALLY_E_LIMIT    it stands for more than bytes_max bytes */
TALLY_MUST_CHECK tally_rc tally_base64_decode(uint8_t *out, size_t bytes_max, size_t *out_count,
                                              tally_text text);

/* Does the text stand for exactly count bytes? They are then in out. */
TALLY_MUST_CHECK bool tally_base64_is_exactly(uint8_t *out, size_t count, tally_text text);

/* Append the text of count bytes. */
tally_rc tally_base64_append(tally_buffer *out, const uint8_t *bytes, size_t count);

/* The same with `-` and `_` for `+` and `/` and without padding (RFC 4648, section 5;
 * RFC 7515), also in one form only. */
TALLY_MUST_CHECK tally_rc tally_base64url_decode(uint8_t *out, size_t bytes_max, size_t *out_count,
                                                 tally_text text);
TALLY_MUST_CHECK bool tally_base64url_is_exactly(uint8_t *out, size_t count, tally_text text);
tally_rc tally_base64url_append(tally_buffer *out, const uint8_t *bytes, size_t count);

#endif
