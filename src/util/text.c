/* SPDX-License-Identifier: Apache-2.0 */
/* Slices of bytes. */

#include "util/text.h"

int tally_text_compare(tally_text a, tally_text b)
{
    size_t common = a.count < b.count ? a.count : b.count;
    int order = common > 0 ? memcmp(a.bytes, b.bytes, common) : 0;

    if (order != 0)
        return order;
    return (a.count > b.count) - (a.count < b.count);
}

bool tally_text_has_prefix(tally_text text, tally_text prefix)
{
    return text.count >= prefix.count &&
           tally_text_is_equal(tally_text_of(text.bytes, prefix.count), prefix);
}

bool tally_text_has_suffix(tally_text text, tally_text suffix)
{
    return text.count >= suffix.count &&
           tally_text_is_equal(tally_text_slice(text, text.count - suffix.count, text.count),
                               suffix);
}

tally_text tally_text_slice(tally_text text, size_t from, size_t to)
{
    if (to > text.count)
        to = text.count;
    if (from > to)
        from = to;
    /* Adding 0 to a NULL pointer is undefined in C17. */
    return tally_text_of(from > 0 ? text.bytes + from : text.bytes, to - from);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

tally_text tally_text_trim(tally_text text)
{
    size_t from = 0;
    size_t to = text.count;

    while (from < to && is_space(text.bytes[from]))
        from++;
    while (to > from && is_space(text.bytes[to - 1]))
        to--;
    return tally_text_slice(text, from, to);
}

size_t tally_text_find_byte(tally_text text, char byte)
{
    const char *found = text.count > 0 ? memchr(text.bytes, byte, text.count) : NULL;

    return found != NULL ? (size_t)(found - text.bytes) : text.count;
}

bool tally_text_split(tally_text text, char byte, tally_text *out_head, tally_text *out_tail)
{
    size_t at = tally_text_find_byte(text, byte);

    *out_head = tally_text_slice(text, 0, at);
    *out_tail = tally_text_slice(text, at < text.count ? at + 1 : at, text.count);
    return at < text.count;
}

tally_rc tally_text_parse_i64(int64_t *out_value, tally_text text, int64_t min, int64_t max)
{
    bool is_negative = text.count > 0 && text.bytes[0] == '-';
    bool is_beyond = false;
    int64_t value = 0;
    size_t at = is_negative ? 1 : 0;

    if (at == text.count)
        return TALLY_E_INVALID;
    /* The rest is read even when the value no longer fits: a letter at the end
     * makes it no number, which is the more basic fault. */
    for (; at < text.count; at++) {
        int digit = text.bytes[at] - '0';

        if (digit < 0 || digit > 9)
            return TALLY_E_INVALID;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            is_beyond = true;
    }
    if (is_beyond || value < min || value > max)
        return TALLY_E_LIMIT;
    *out_value = value;
    return TALLY_OK;
}

/* How many bytes the character at the start has, 0 when it is not valid: the
 * table of well-formed sequences in the Unicode Standard, 3.9. */
static size_t utf8_character_bytes(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t count;

    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    count = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (count > left)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    if (lead == 0xed)
        high = 0x9f;
    if (lead == 0xf0)
        low = 0x90;
    if (lead == 0xf4)
        high = 0x8f;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    return count;
}

bool tally_text_is_utf8(tally_text text)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes;
    size_t at = 0;

    while (at < text.count) {
        size_t count;
        uint64_t word;

        if (text.count - at >= sizeof(word)) {
            memcpy(&word, bytes + at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) { /* ASCII */
                at += sizeof(word);
                continue;
            }
        }
        count = utf8_character_bytes(bytes + at, text.count - at);
        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

/* U+0080 to U+009F; U+2028, U+2029; U+202A to U+202E; U+2066 to U+2069. */
static bool is_obeyed(const unsigned char *bytes, size_t count)
{
    if (count == 2)
        return bytes[0] == 0xc2 && bytes[1] < 0xa0;
    if (count != 3 || bytes[0] != 0xe2)
        return false;
    return (bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae) ||
           (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
}

size_t tally_text_visible_bytes(tally_text text, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + at;
    size_t count = utf8_character_bytes(bytes, text.count - at);

    return bytes[0] < 0x20 || bytes[0] == 0x7f || is_obeyed(bytes, count) ? 0 : count;
}

bool tally_text_is_visible(tally_text text)
{
    size_t at = 0;

    while (at < text.count) {
        size_t count = tally_text_visible_bytes(text, at);

        if (count == 0)
            return false;
        at += count;
    }
    return true;
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t tally_text_distance(tally_text a, tally_text b)
{
    /* Three rows of the table of prefixes: a swap looks two rows back. */
    uint32_t rows[3][TALLY_TEXT_DISTANCE_BYTES_MAX + 1];
    uint32_t *before = rows[0];
    uint32_t *above = rows[1];
    uint32_t *row = rows[2];

    if (a.count > TALLY_TEXT_DISTANCE_BYTES_MAX || b.count > TALLY_TEXT_DISTANCE_BYTES_MAX)
        return TALLY_TEXT_DISTANCE_FAR;
    for (size_t j = 0; j <= b.count; j++)
        row[j] = (uint32_t)j;
    for (size_t i = 1; i <= a.count; i++) {
        uint32_t *spare = before;

        before = above;
        above = row;
        row = spare;
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b.count; j++) {
            char from = lower(a.bytes[i - 1]);
            char to = lower(b.bytes[j - 1]);

            row[j] = least(above[j - 1] + (from != to), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && from == lower(b.bytes[j - 2]) && lower(a.bytes[i - 2]) == to)
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b.count];
}

bool tally_text_is_near(uint32_t distance, size_t typed_bytes)
{
    /* One slip in a short word, about one in three letters of a longer one. */
    if (typed_bytes <= 3)
        return distance <= 1;
    return distance <= (typed_bytes >= 9 ? 3 : typed_bytes >= 5 ? 2 : 1);
}
