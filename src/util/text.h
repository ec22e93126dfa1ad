/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_TEXT_H
#define TALLY_UTIL_TEXT_H

/* Slices of bytes: a pointer and a length, owning nothing.
 *
 * A slice need not end in NUL and may hold any byte. An empty one may have a
 * NULL pointer. Nothing here depends on the locale: letters are ASCII. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "tally/base.h"

typedef struct tally_text {
    const char *bytes;
    size_t count;
} tally_text;

/* A slice of a string literal. */
#define TALLY_TEXT(literal) ((tally_text){ "" literal, sizeof(literal) - 1 })

/* The pair that "%.*s" of printf wants. Cuts beyond INT_MAX. */
#define TALLY_TEXT_ARGS(text) tally_text_int_count(text), (text).bytes != NULL ? (text).bytes : ""

/* A slice of a NUL-terminated string; NULL gives the empty slice. */
static inline tally_text tally_text_from(const char *string)
{
    return (tally_text){ string, string != NULL ? strlen(string) : 0 };
}

static inline tally_text tally_text_of(const char *bytes, size_t count)
{
    return (tally_text){ bytes, count };
}

static inline int tally_text_int_count(tally_text text)
{
    return text.count > INT32_MAX ? INT32_MAX : (int)text.count;
}

static inline bool tally_text_is_equal(tally_text a, tally_text b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.bytes, b.bytes, a.count) == 0);
}

/* Is text equal to a NUL-terminated string? */
static inline bool tally_text_is(tally_text text, const char *string)
{
    return tally_text_is_equal(text, tally_text_from(string));
}

/* Bytewise order, a prefix before what it begins: negative, 0 or positive. */
int tally_text_compare(tally_text a, tally_text b);

bool tally_text_has_prefix(tally_text text, tally_text prefix);
bool tally_text_has_suffix(tally_text text, tally_text suffix);

/* The bytes from `from` up to, not including, `to`; both are moved into the
 * text when they lie beyond its end. */
tally_text tally_text_slice(tally_text text, size_t from, size_t to);

/* Without the spaces, tabs, CRs and LFs at both ends. */
tally_text tally_text_trim(tally_text text);

/* The index of the first such byte, or text.count. */
size_t tally_text_find_byte(tally_text text, char byte);

/* Cut at the first such byte: out_head is what stands before it, out_tail what
 * stands after it. Returns false, with out_head the whole and out_tail empty,
 * when there is none. */
bool tally_text_split(tally_text text, char byte, tally_text *out_head, tally_text *out_tail);

/* Read a whole decimal integer, -?[0-9]+ and nothing else.
 *
 * TALLY_E_INVALID  it is not of that form
 * TALLY_E_LIMIT    it is below min or above max */
TALLY_MUST_CHECK tally_rc tally_text_parse_i64(int64_t *out_value, tally_text text, int64_t min,
                                               int64_t max);

/* Is this valid UTF-8 (no overlong form, no surrogate)? */
bool tally_text_is_utf8(tally_text text);

/* The bytes of the character at `at`, below text.count, when a terminal shows
 * it and does not obey it; 0 when it is not UTF-8, a control character (C0, DEL,
 * C1), a separator of lines, or turns the direction of what follows. */
size_t tally_text_visible_bytes(tally_text text, size_t at);

/* Is all of it such characters? */
bool tally_text_is_visible(tally_text text);

/* The number of single-byte insertions, deletions, replacements and swaps of
 * neighbours that make a into b, where no part is edited twice. Letters that
 * differ only in case cost nothing. Texts beyond TALLY_TEXT_DISTANCE_BYTES_MAX
 * bytes count as TALLY_TEXT_DISTANCE_FAR. */
#define TALLY_TEXT_DISTANCE_BYTES_MAX 64
#define TALLY_TEXT_DISTANCE_FAR       UINT32_MAX
uint32_t tally_text_distance(tally_text a, tally_text b);

/* For "did you mean": is a candidate at this distance near enough to a typed
 * text of this length to be worth suggesting? Of several candidates suggest
 * the nearest, and the first of equals. */
bool tally_text_is_near(uint32_t distance, size_t typed_bytes);

#endif
