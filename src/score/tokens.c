/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing, at most half full. */

#include <string.h>

#include "score/tokens.h"

static uint32_t hash_text(tally_text text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.count; i++)
        hash = (hash ^ (uint8_t)text.bytes[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The slot of a text, or the free one where it would go. */
static uint32_t find_slot(const tally_tokens *tokens, tally_text text)
{
    uint32_t slot = hash_text(text) & (tokens->room - 1);

    while (tokens->slots[slot] != 0 &&
           !tally_text_is_equal(tokens->texts[tokens->slots[slot] - 1], text))
        slot = (slot + 1) & (tokens->room - 1);
    return slot;
}

bool tally_tokens_find(const tally_tokens *tokens, tally_text text, uint32_t *out_number)
{
    uint32_t slot;

    if (tokens->count == 0)
        return false;
    slot = find_slot(tokens, text);
    if (tokens->slots[slot] == 0)
        return false;
    *out_number = tokens->slots[slot] - 1;
    return true;
}

static bool grow(tally_tokens *tokens, tally_arena *arena)
{
    tally_tokens grown = { .count = tokens->count,
                           .room = tokens->room == 0 ? 32 : tokens->room * 2 };

    grown.slots = tally_arena_zalloc_array(arena, grown.room, sizeof(*grown.slots));
    grown.texts = tally_arena_alloc(arena, grown.room / 2 * sizeof(*grown.texts));
    if (grown.slots == NULL || grown.texts == NULL)
        return false;
    if (tokens->count > 0)
        memcpy(grown.texts, tokens->texts, tokens->count * sizeof(*grown.texts));
    for (uint32_t i = 0; i < tokens->count; i++)
        grown.slots[find_slot(&grown, grown.texts[i])] = i + 1;
    *tokens = grown;
    return true;
}

bool tally_tokens_add(tally_tokens *tokens, tally_arena *arena, tally_text text)
{
    if (tokens->count >= tokens->room / 2 && !grow(tokens, arena))
        return false;
    tokens->slots[find_slot(tokens, text)] = tokens->count + 1;
    tokens->texts[tokens->count++] = text;
    return true;
}
