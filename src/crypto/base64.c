/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical Base64 (RFC 4648, sections 3.5, 4 and 5). */

#include "crypto/base64.h"

#define SHARED_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char alphabet[] = SHARED_CHARACTERS "+/";
static const char url_alphabet[] = SHARED_CHARACTERS "-_";

/* 0 to 63, or 64 for what is no character of the alphabet. */
static uint32_t value_of(char character, const char *characters)
{
    if (character >= 'A' && character <= 'Z')
        return (uint32_t)(character - 'A');
    if (character >= 'a' && character <= 'z')
        return (uint32_t)(character - 'a') + 26;
    if (character >= '0' && character <= '9')
        return (uint32_t)(character - '0') + 52;
    if (character == characters[62])
        return 62;
    return character == characters[63] ? 63 : 64;
}

/* How many `=` end the text: 0 to 2. */
static size_t padding_of(tally_text text)
{
    size_t padding = 0;

    while (padding < 2 && padding < text.count && text.bytes[text.count - 1 - padding] == '=')
        padding++;
    return padding;
}

/* The 24 bits of four characters, of which the last `missing` are not there. */
static bool read_group(uint32_t *out_bits, const char *group, size_t missing,
                       const char *characters)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - missing ? value_of(group[i], characters) : 0;

        if (value > 63)
            return false;
        bits = bits << 6 | value;
    }
    /* The bits that no byte uses. */
    if ((missing == 1 && (bits & 0xff) != 0) || (missing == 2 && (bits & 0xffff) != 0))
        return false;
    *out_bits = bits;
    return true;
}

/* Decode a text whose last group lacks `missing` characters, 0 to 2, which are
 * padding or nothing. */
static tally_rc decode(uint8_t *out, size_t bytes_max, size_t *out_count, const char *text,
                       size_t group_count, size_t missing, const char *characters)
{
    size_t count = group_count * 3 - missing;

    if (count > bytes_max)
        return TALLY_E_LIMIT;
    for (size_t i = 0, at = 0; i < group_count; i++) {
        uint32_t bits;

        if (!read_group(&bits, text + 4 * i, i + 1 == group_count ? missing : 0, characters))
            return TALLY_E_INVALID;
        for (uint32_t shift = 16; out != NULL && at < count && shift <= 16; shift -= 8)
            out[at++] = (uint8_t)(bits >> shift);
    }
    if (out_count != NULL)
        *out_count = count;
    return TALLY_OK;
}

tally_rc tally_base64_decode(uint8_t *out, size_t bytes_max, size_t *out_count, tally_text text)
{
    if (text.count % 4 != 0)
        return TALLY_E_INVALID;
    return decode(out, bytes_max, out_count, text.bytes, text.count / 4, padding_of(text),
                  alphabet);
}

tally_rc tally_base64url_decode(uint8_t *out, size_t bytes_max, size_t *out_count, tally_text text)
{
    size_t group_count = text.count / 4 + (text.count % 4 != 0);

    if (text.count % 4 == 1)
        return TALLY_E_INVALID;
    return decode(out, bytes_max, out_count, text.bytes, group_count, group_count * 4 - text.count,
                  url_alphabet);
}

bool tally_base64_is_exactly(uint8_t *out, size_t count, tally_text text)
{
    size_t decoded;

    return tally_base64_decode(out, count, &decoded, text) == TALLY_OK && decoded == count;
}

bool tally_base64url_is_exactly(uint8_t *out, size_t count, tally_text text)
{
    size_t decoded;

    return tally_base64url_decode(out, count, &decoded, text) == TALLY_OK && decoded == count;
}

static tally_rc append(tally_buffer *out, const uint8_t *bytes, size_t count,
                       const char *characters, bool has_padding)
{
    for (size_t i = 0; i < count; i += 3) {
        size_t taken = count - i < 3 ? count - i : 3;
        uint32_t bits = 0;
        char group[4];

        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (j < taken ? bytes[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            group[j] = j <= taken ? characters[bits >> (18 - 6 * j) & 63] : '=';
        tally_buffer_append(out, group, has_padding ? sizeof(group) : taken + 1);
    }
    return tally_buffer_failure(out);
}

tally_rc tally_base64_append(tally_buffer *out, const uint8_t *bytes, size_t count)
{
    return append(out, bytes, count, alphabet, true);
}

tally_rc tally_base64url_append(tally_buffer *out, const uint8_t *bytes, size_t count)
{
    return append(out, bytes, count, url_alphabet, false);
}
