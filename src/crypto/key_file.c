/* SPDX-License-Identifier: Apache-2.0 */
/* Key files; the format is in the header. */

#include <stdio.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/key_file.h"
#include "crypto/secret_file.h"

#define MAGIC           "tally-key/v1 "
#define CHECKSUM_DIGITS 8

static bool is_role(const char *role)
{
    size_t count = strlen(role);

    for (size_t i = 0; i < count; i++) {
        bool is_letter = role[i] >= 'a' && role[i] <= 'z';
        bool is_digit = role[i] >= '0' && role[i] <= '9';

        if (!is_letter && !is_digit && role[i] != '-')
            return false;
    }
    return count > 0 && count <= TALLY_KEY_FILE_ROLE_MAX;
}

/* The whole content; false when hashing failed. */
static bool write_content(char out[static TALLY_KEY_FILE_BYTES_MAX], size_t *out_count,
                          const char *role, const uint8_t *secret32)
{
    char hex[TALLY_HASH_HEX_BYTES];
    uint8_t hash[TALLY_HASH_BYTES];
    tally_buffer text = { .bytes = out,
                          .room = TALLY_KEY_FILE_BYTES_MAX,
                          .bytes_max = TALLY_KEY_FILE_BYTES_MAX - 1 };

    /* The buffer is lent memory of full size, so that it never moves and leaves no copy
     * of the secret behind; the longest content fits by the bound of the role. */
    tally_buffer_append_string(&text, MAGIC);
    tally_buffer_append_string(&text, role);
    tally_buffer_append_byte(&text, '\n');
    tally_base64_append(&text, secret32, TALLY_KEY_FILE_SECRET_BYTES);
    tally_buffer_append_byte(&text, '\n');
    if (tally_hash_sha256(hash, out, text.count) != TALLY_OK)
        return false;
    tally_hash_hex(hex, hash);
    tally_buffer_append(&text, hex, CHECKSUM_DIGITS);
    tally_buffer_append_byte(&text, '\n');
    TALLY_ASSERT(tally_buffer_failure(&text) == TALLY_OK && text.bytes == out);
    tally_secret_wipe(hash, sizeof(hash));
    tally_secret_wipe(hex, sizeof(hex));
    *out_count = text.count;
    return true;
}

tally_rc tally_key_file_create(const char *path, const char *role,
                               const uint8_t secret32[static TALLY_KEY_FILE_SECRET_BYTES],
                               tally_err *err)
{
    char content[TALLY_KEY_FILE_BYTES_MAX];
    size_t count = 0;
    tally_rc rc;

    TALLY_ASSERT(is_role(role));
    rc = write_content(content, &count, role, secret32)
             ? tally_secret_file_create(path, content, count, err)
             : tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a key");
    tally_secret_wipe(content, sizeof(content));
    return rc;
}

tally_rc tally_key_file_parse(uint8_t out_secret32[static TALLY_KEY_FILE_SECRET_BYTES],
                              tally_text content, const char *role, const char *name,
                              tally_err *err)
{
    tally_text first, encoded, checksum, rest;
    char wanted[TALLY_KEY_FILE_BYTES_MAX];
    size_t count = 0;
    tally_rc rc;

    TALLY_ASSERT(is_role(role));
    memset(out_secret32, 0, TALLY_KEY_FILE_SECRET_BYTES);
    if (!tally_text_has_prefix(content, TALLY_TEXT(MAGIC)) ||
        !tally_text_split(content, '\n', &first, &rest) ||
        !tally_text_split(rest, '\n', &encoded, &rest) ||
        !tally_text_split(rest, '\n', &checksum, &rest) || rest.count > 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no key file", name);
    first = tally_text_slice(first, sizeof(MAGIC) - 1, first.count);
    if (!tally_text_is(first, role))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s holds no key of the role %s", name, role);
    if (!tally_base64_is_exactly(out_secret32, TALLY_KEY_FILE_SECRET_BYTES, encoded)) {
        tally_secret_wipe(out_secret32, TALLY_KEY_FILE_SECRET_BYTES);
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s does not hold 32 bytes of Base64", name);
    }
    /* There is one content for a key: written again it must be the same. */
    if (!write_content(wanted, &count, role, out_secret32))
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a key");
    else if (!tally_text_is_equal(content, tally_text_of(wanted, count)))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "%s is damaged: its checksum is wrong", name);
    else
        rc = TALLY_OK;
    tally_secret_wipe(wanted, sizeof(wanted));
    if (rc != TALLY_OK)
        tally_secret_wipe(out_secret32, TALLY_KEY_FILE_SECRET_BYTES);
    return rc;
}

tally_rc tally_key_file_read(uint8_t out_secret32[static TALLY_KEY_FILE_SECRET_BYTES],
                             const char *path, const char *role, tally_err *err)
{
    char content[TALLY_KEY_FILE_BYTES_MAX];
    size_t count = 0;
    tally_rc rc;

    memset(out_secret32, 0, TALLY_KEY_FILE_SECRET_BYTES);
    rc = tally_secret_file_read(content, sizeof(content), &count, NULL, path, err);
    if (rc == TALLY_OK)
        rc = tally_key_file_parse(out_secret32, tally_text_of(content, count), role, path, err);
    tally_secret_wipe(content, sizeof(content));
    return rc == TALLY_E_LIMIT ? TALLY_E_INVALID : rc;
}
