/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical Base64 (RFC 4648, sections 3.5, 4 and 5). */

#include "crypto/base64.h"

#define SHARED_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char alphabet[] = SHARED_CHARACTERS "+/";
static const char url_alphabet[] = SHARED_CHARACTERS "-_";

/* What a character stands for in the lower six bits; above them why it may not:
 * it belongs to section 4 alone, to section 5 alone, or (both) to neither. */
#define PLAIN_ONLY 0x40
#define URL_ONLY   0x80

/* clang-format off */
static const uint8_t values[128] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7e, 0xff, 0xbe, 0xff, 0x7f,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0xff, 0xff, 0xff, 0xff, 0xbf,
    0xff, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0xff, 0xff, 0xff, 0xff, 0xff,
};
/* clang-format on */

static uint32_t value_of(char character)
{
    return (uint8_t)character < sizeof(values) ? values[(uint8_t)character] : 0xffu;
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
static bool read_group(uint32_t *out_bits, const char *group, size_t missing, uint32_t refused)
{
    uint32_t bits = 0, all = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - missing ? value_of(group[i]) : 0;

        all |= value;
        bits = bits << 6 | (value & 0x3f);
    }
    if ((all & refused) != 0)
        return false;
    /* The bits that no byte uses. */
    if ((missing == 1 && (bits & 0xff) != 0) || (missing == 2 && (bits & 0xffff) != 0))
        return false;
    *out_bits = bits;
    return true;
}

/* Decode a text whose last group lacks `missing` characters, 0 to 2, which are
 * padding or nothing. */
static tally_rc decode(uint8_t *out, size_t bytes_max, size_t *out_count, const char *text,
                       size_t group_count, size_t missing, uint32_t refused)
{
    size_t count = group_count * 3 - missing;

    if (count > bytes_max)
        return TALLY_E_LIMIT;
    for (size_t i = 0, at = 0; i < group_count; i++) {
        uint32_t bits;

        if (!read_group(&bits, text + 4 * i, i + 1 == group_count ? missing : 0, refused))
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
                  URL_ONLY);
}

tally_rc tally_base64url_decode(uint8_t *out, size_t bytes_max, size_t *out_count, tally_text text)
{
    size_t group_count = text.count / 4 + (text.count % 4 != 0);

    if (text.count % 4 == 1)
        return TALLY_E_INVALID;
    return decode(out, bytes_max, out_count, text.bytes, group_count, group_count * 4 - text.count,
                  PLAIN_ONLY);
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
