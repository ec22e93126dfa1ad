/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_TOKENS_H
#define TALLY_SCORE_TOKENS_H

/* A small table of texts in an arena: ids of one subject's records. The first
 * text is 0, the next 1, and so on. It needs no release; tally_intern, which
 * does, is for tables that outlive a subject. */

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/text.h"

typedef struct tally_tokens {
    uint32_t count, room; /* room: slots, a power of two */
    uint32_t *slots;      /* number + 1; 0: free */
    tally_text *texts;
} tally_tokens;

bool tally_tokens_find(const tally_tokens *tokens, tally_text text, uint32_t *out_number);

/* Add a text that is not in the table; the text is not copied. False: the arena gave nothing. */
TALLY_MUST_CHECK bool tally_tokens_add(tally_tokens *tokens, tally_arena *arena, tally_text text);

#endif
