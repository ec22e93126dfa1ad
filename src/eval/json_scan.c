/* SPDX-License-Identifier: Apache-2.0 */
/* Strings are unescaped where they stand: no escape is shorter than the
 * character it stands for. */

#include "eval/json_scan.h"

#include <string.h>

uint32_t tally_json_scan_column(tally_json_scan *scan)
{
    for (; scan->counted < scan->at; scan->counted++)
        scan->column_count += ((unsigned char)*scan->counted & 0xc0) != 0x80;
    return scan->column_count + 1;
}

void tally_json_scan_space(tally_json_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n'))
        scan->at++;
}

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

/* A \u escape, perhaps of a pair; at stands after the u. */
static const char *read_unicode(tally_json_scan *scan, char **to)
{
    int32_t code = read_hex(scan->at, scan->end);

    if (code < 0)
        return "\\u wants four hexadecimal digits";
    scan->at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        int32_t low = scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u'
                          ? read_hex(scan->at + 2, scan->end)
                          : -1;

        if (low < 0xdc00 || low > 0xdfff)
            return "half of a surrogate pair";
        scan->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return "half of a surrogate pair";
    }
    *to = put_character(*to, code);
    return NULL;
}

static const char *read_escape(tally_json_scan *scan, char **to)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (++scan->at == scan->end)
        return "the string is not closed";
    if (*scan->at == 'u') {
        scan->at++;
        return read_unicode(scan, to);
    }
    found = *scan->at != '\0' ? strchr(escapes, *scan->at) : NULL;
    if (found == NULL)
        return "no such escape";
    *(*to)++ = meanings[found - escapes];
    scan->at++;
    return NULL;
}

/* at stands on the opening quote. */
static const char *read_string(tally_json_scan *scan, tally_text *out_text)
{
    char *start = ++scan->at;
    char *to;

    while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\\' &&
           (unsigned char)*scan->at >= 0x20)
        scan->at++;
    to = scan->at;
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < 0x20)
            return "a control character in a string";
        if (*scan->at == '\\') {
            /* Counted before its bytes change. */
            const char *problem;

            (void)tally_json_scan_column(scan);
            problem = read_escape(scan, &to);
            if (problem != NULL)
                return problem;
        } else {
            *to++ = *scan->at++;
        }
    }
    if (scan->at == scan->end)
        return "the string is not closed";
    scan->at++;
    *out_text = tally_text_of(start, (size_t)(to - start));
    return NULL;
}

static bool is_digit(const tally_json_scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static const char *read_number(tally_json_scan *scan)
{
    static const char wrong[] = "not a JSON number";

    if (*scan->at == '-')
        scan->at++;
    if (!is_digit(scan))
        return wrong;
    if (*scan->at == '0')
        scan->at++;
    else
        while (is_digit(scan))
            scan->at++;
    if (is_digit(scan))
        return wrong;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!is_digit(scan))
            return wrong;
        while (is_digit(scan))
            scan->at++;
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        if (!is_digit(scan))
            return wrong;
        while (is_digit(scan))
            scan->at++;
    }
    return NULL;
}

static bool take_word(tally_json_scan *scan, const char *word)
{
    size_t count = strlen(word);

    if ((size_t)(scan->end - scan->at) < count || memcmp(scan->at, word, count) != 0)
        return false;
    scan->at += count;
    return true;
}

/* Pass an array or object whose JSON is kept: no string in it is changed.
 * Brackets are matched on a stack of bits; its grammar within is not checked
 * beyond that, since no rule can read it. */
static const char *pass_nested(tally_json_scan *scan)
{
    char closing[TALLY_JSON_SCAN_DEPTH_MAX];
    uint32_t depth = 0;

    do {
        char byte;

        if (scan->at == scan->end)
            return "a bracket is not closed";
        byte = *scan->at;
        if (byte == '[' || byte == '{') {
            if (depth == TALLY_JSON_SCAN_DEPTH_MAX)
                return "more than 32 brackets deep";
            closing[depth++] = byte == '[' ? ']' : '}';
        } else if (byte == ']' || byte == '}') {
            if (closing[--depth] != byte)
                return "this bracket closes another kind";
        } else if (byte == '"') {
            for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++)
                scan->at += *scan->at == '\\' && scan->at + 1 < scan->end;
            if (scan->at == scan->end)
                return "the string is not closed";
        }
        scan->at++;
    } while (depth != 0);
    return NULL;
}

const char *tally_json_scan_value(tally_json_scan *scan, tally_text *out_value)
{
    char *start = scan->at;
    const char *problem = NULL;

    if (scan->at == scan->end)
        return "a value is missing";
    if (*scan->at == '"')
        return read_string(scan, out_value);
    if (take_word(scan, "null")) {
        *out_value = (tally_text){ NULL, 0 };
        return NULL;
    }
    if (*scan->at == '{' || *scan->at == '[')
        problem = pass_nested(scan);
    else if (*scan->at == '-' || is_digit(scan))
        problem = read_number(scan);
    else if (!take_word(scan, "true") && !take_word(scan, "false"))
        problem = "not a JSON value";
    if (problem == NULL)
        *out_value = tally_text_of(start, (size_t)(scan->at - start));
    return problem;
}

const char *tally_json_scan_name(tally_json_scan *scan, tally_text *out_name)
{
    const char *problem;

    tally_json_scan_space(scan);
    if (scan->at == scan->end || *scan->at != '"')
        return "a member's name in quotes is missing";
    problem = read_string(scan, out_name);
    if (problem != NULL)
        return problem;
    tally_json_scan_space(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return "a colon is missing";
    scan->at++;
    tally_json_scan_space(scan);
    return NULL;
}

const char *tally_json_scan_separator(tally_json_scan *scan, char closing, bool *has_more)
{
    tally_json_scan_space(scan);
    if (scan->at == scan->end)
        return "the line ends within the object";
    if (*scan->at != ',' && *scan->at != closing)
        return "a comma is missing";
    *has_more = *scan->at++ == ',';
    return NULL;
}
