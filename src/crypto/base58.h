/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_BASE58_H
#define TALLY_CRYPTO_BASE58_H

/* base58btc, as multibase `z` means it: the bytes as one number in the 58 digits
 * 1..9 A..Z a..z without I, O, l; each zero byte in front is a `1`. Bytes have one
 * text and a text one reading. Work grows with the square of the length, which is
 * why that is bounded. Time depends on what is read: not for secrets. */

#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_BASE58_BYTES_MAX 128
/* Room for the text of TALLY_BASE58_BYTES_MAX bytes and a NUL. */
#define TALLY_BASE58_TEXT_BYTES 180

/* Write the text of count bytes, at most TALLY_BASE58_BYTES_MAX, and a NUL.
 * Returns how many characters. */
size_t tally_base58_write(char out_text[static TALLY_BASE58_TEXT_BYTES], const uint8_t *bytes,
                          size_t count);

/* Read a whole text. What out holds after a failure is unspecified.
 *
 * TALLY_E_INVALID  a character is no digit
 * TALLY_E_LIMIT    it stands for more than bytes_max bytes, or for more than
 *                  TALLY_BASE58_BYTES_MAX */
TALLY_MUST_CHECK tally_rc tally_base58_read(uint8_t *out, size_t bytes_max, size_t *out_count,
                                            tally_text text);

#endif
