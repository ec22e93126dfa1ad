/* SPDX-License-Identifier: Apache-2.0 */
/* Strings are unescaped where they stand: no escape is shorter than the
 * character it stands for. */

#include "eval/json_scan.h"

#include <string.h>

#include "util/json_read.h"

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

static const char *read_escape(tally_json_scan *scan, char **to)
{
    const char *at = scan->at;
    const char *problem = tally_json_read_escape(&at, scan->end, to);

    scan->at += at - scan->at;
    return problem;
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
    const char *at = scan->at;
    const char *problem = tally_json_read_number(&at, scan->end);

    scan->at += at - scan->at;
    return problem;
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
