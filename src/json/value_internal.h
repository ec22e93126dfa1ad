/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_JSON_VALUE_INTERNAL_H
#define TALLY_JSON_VALUE_INTERNAL_H

#include <string.h>

#include "json/value.h"

/* How many bytes from here on stand in a text for themselves: up to a quotation mark, a backslash or
 * a control character. Eight at once: most of what we read and write is base64url. */
static inline size_t tally_json_plain_bytes(const char *bytes, size_t count)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    size_t at = 0;

    for (; count - at >= 8; at += 8) {
        uint64_t word, quotes, slashes;

        memcpy(&word, bytes + at, sizeof(word));
        quotes = word ^ ones * '"';
        slashes = word ^ ones * '\\';
        /* A byte below n borrows from its highest bit when n is taken from it. */
        if ((((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes) |
             ((word - ones * 0x20) & ~word)) &
            highs)
            break;
    }
    while (at < count && (unsigned char)bytes[at] >= 0x20 && bytes[at] != '"' && bytes[at] != '\\')
        at++;
    return at;
}

struct tally_json_value {
    uint8_t kind;
    bool is_true; /* of a bool */
    bool is_read; /* a reader asked for this member */
    uint32_t line, column;
    uint32_t count;  /* members or items */
    tally_text name; /* of a member */
    union {
        tally_text text;         /* of a text or a number */
        tally_json_value **list; /* members in the order of names; items */
    } of;
    tally_json_value *next; /* after this one within the same array or object */
};

#endif
