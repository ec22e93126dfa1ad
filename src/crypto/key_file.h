/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_KEY_FILE_H
#define TALLY_CRYPTO_KEY_FILE_H

/* Files that hold one secret key of 32 bytes: the seed of an Ed25519 key, or a sealing
 * key. The format is docs/formats/keys.md:
 *
 *     tally-key/v1 ROLE
 *     <Base64 of the 32 bytes>
 *     <the first 8 hexadecimal digits of SHA-256 over both lines with their LF>
 *
 * The role says what the key is for ("operator", "source", "log", "programme-data"), so
 * that a key is not used in another's place. The checksum finds a damaged copy; it is no
 * protection against anybody. */

#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_KEY_FILE_SECRET_BYTES 32
#define TALLY_KEY_FILE_ROLE_MAX     32 /* characters: a-z 0-9 - */
#define TALLY_KEY_FILE_BYTES_MAX    128

/* Create the file; see tally_secret_file_create(). */
TALLY_MUST_CHECK tally_rc
tally_key_file_create(const char *path, const char *role,
                      const uint8_t secret32[static TALLY_KEY_FILE_SECRET_BYTES], tally_err *err);

/* Read a key of that role. On failure out is zero.
 *
 * TALLY_E_DENIED   others than its owner have access to the file
 * TALLY_E_INVALID  a key of another role, or no key file
 * TALLY_E_CORRUPT  the checksum is wrong
 * TALLY_E_IO       it cannot be read */
TALLY_MUST_CHECK tally_rc
tally_key_file_read(uint8_t out_secret32[static TALLY_KEY_FILE_SECRET_BYTES], const char *path,
                    const char *role, tally_err *err);

/* The same for content already read; name is for messages. */
TALLY_MUST_CHECK tally_rc
tally_key_file_parse(uint8_t out_secret32[static TALLY_KEY_FILE_SECRET_BYTES], tally_text content,
                     const char *role, const char *name, tally_err *err);

#endif
