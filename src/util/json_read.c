/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_read.h"

#include <stdbool.h>
#include <string.h>

/* Four hexadecimal digits at `at`, or -1. */
static int32_t read_hex(const char *at, const char *end)
{
    int32_t value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char byte = at[i];
        int32_t digit = byte >= '0' && byte <= '9'   ? byte - '0'
                        : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                        : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                     : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_character(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* A \u escape, perhaps of a pair; *at stands after the u. */
static const char *read_unicode(const char **at, const char *end, char **to)
{
    int32_t code = read_hex(*at, end);

    if (code < 0)
        return "\\u wants four hexadecimal digits";
    *at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        int32_t low =
            end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? read_hex(*at + 2, end) : -1;

        if (low < 0xdc00 || low > 0xdfff)
            return "half of a surrogate pair";
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return "half of a surrogate pair";
    }
    *to = put_character(*to, code);
    return NULL;
}

const char *tally_json_read_escape(const char **at, const char *end, char **to)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (++*at == end)
        return "the string is not closed";
    if (**at == 'u') {
        ++*at;
        return read_unicode(at, end, to);
    }
    found = **at != '\0' ? strchr(escapes, **at) : NULL;
    if (found == NULL)
        return "no such escape";
    *(*to)++ = meanings[found - escapes];
    ++*at;
    return NULL;
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static void pass_digits(const char **at, const char *end)
{
    while (is_digit(*at, end))
        ++*at;
}

const char *tally_json_read_number(const char **at, const char *end)
{
    static const char wrong[] = "not a JSON number";

    if (*at < end && **at == '-')
        ++*at;
    if (!is_digit(*at, end))
        return wrong;
    if (**at == '0')
        ++*at;
    else
        pass_digits(at, end);
    if (is_digit(*at, end))
        return wrong;
    if (*at < end && **at == '.') {
        ++*at;
        if (!is_digit(*at, end))
            return wrong;
        pass_digits(at, end);
    }
    if (*at < end && (**at == 'e' || **at == 'E')) {
        ++*at;
        if (*at < end && (**at == '+' || **at == '-'))
            ++*at;
        if (!is_digit(*at, end))
            return wrong;
        pass_digits(at, end);
    }
    return NULL;
}
