/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_ARENA_H
#define TALLY_UTIL_ARENA_H

/* Memory that is released all at once: one arena per request, compile or proof.
 *
 * What an arena hands out is aligned for every type, lives until the arena is
 * freed and is never moved. Under AddressSanitizer each item is an allocation
 * of its own, so that reading past one is seen. One thread at a time. */

#include <stddef.h>
#include "tally/base.h"
#include "util/text.h"

typedef struct tally_arena tally_arena;

/* An arena that hands out bytes_max bytes at most (items are counted rounded
 * up to 16 bytes), or NULL when allocation failed. */
TALLY_MUST_CHECK tally_arena *tally_arena_new(size_t bytes_max);

/* bytes uninitialised bytes, or NULL; tally_arena_failure() says why. Zero
 * bytes give a valid pointer. */
TALLY_MUST_CHECK void *tally_arena_alloc(tally_arena *arena, size_t bytes);

/* The same, all zero. */
TALLY_MUST_CHECK void *tally_arena_zalloc(tally_arena *arena, size_t bytes);

/* count items of item_bytes each, all zero; NULL also when the product does
 * not fit. */
TALLY_MUST_CHECK void *tally_arena_zalloc_array(tally_arena *arena, size_t count,
                                                size_t item_bytes);

/* A copy of count bytes, or NULL. */
TALLY_MUST_CHECK void *tally_arena_copy(tally_arena *arena, const void *bytes, size_t count);

/* A copy of a text with a NUL after it that count does not include. Returns
 * false, and leaves out_copy alone, on failure. */
TALLY_MUST_CHECK bool tally_arena_copy_text(tally_arena *arena, tally_text *out_copy,
                                            tally_text text);

/* Why the last failed call returned NULL: TALLY_E_LIMIT or TALLY_E_NOMEM;
 * TALLY_OK when none failed. For a NULL arena TALLY_E_NOMEM. */
tally_rc tally_arena_failure(const tally_arena *arena);

/* Bytes handed out so far, counted as for bytes_max. */
size_t tally_arena_used_bytes(const tally_arena *arena);

/* Release the arena and all it handed out. NULL is allowed. */
void tally_arena_free(tally_arena *arena);

#endif
