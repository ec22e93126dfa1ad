/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: a list of chunks, filled one after another.
 *
 * A chunk is as large as all chunks before it together, so that their number
 * grows with the logarithm of what is handed out. Under AddressSanitizer each
 * item is a chunk of its own. */

#include <stdalign.h>
#include <string.h>

#include "util/alloc.h"
#include "util/arena.h"
#include "util/checked.h"

#if defined(__SANITIZE_ADDRESS__)
#define ITEM_PER_CHUNK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ITEM_PER_CHUNK 1
#endif
#endif
#ifndef ITEM_PER_CHUNK
#define ITEM_PER_CHUNK 0
#endif

#define ITEM_ALIGN       ((size_t)16)
#define CHUNK_BYTES_MIN  ((size_t)4096)
#define CHUNK_BYTES_MOST ((size_t)1 << 20)

typedef struct chunk {
    struct chunk *older;
    alignas(16) unsigned char bytes[];
} chunk;

struct tally_arena {
    chunk *newest;
    size_t left;   /* free bytes at the end of the newest chunk */
    size_t filled; /* bytes handed out from the newest chunk */
    size_t used;
    size_t bytes_max;
    tally_rc failure;
};

tally_arena *tally_arena_new(size_t bytes_max)
{
    tally_arena *arena = tally_alloc_zeroed(sizeof(*arena));

    if (arena != NULL)
        arena->bytes_max = bytes_max;
    return arena;
}

/* Make room for one item of `bytes`. What is left of the newest chunk is given
 * up, which costs less than half of the memory. */
static bool add_chunk(tally_arena *arena, size_t bytes)
{
    size_t room = arena->used > CHUNK_BYTES_MIN ? arena->used : CHUNK_BYTES_MIN;
    chunk *added;

    if (room > CHUNK_BYTES_MOST)
        room = CHUNK_BYTES_MOST;
    if (room > arena->bytes_max - arena->used)
        room = arena->bytes_max - arena->used;
    if (room < bytes || ITEM_PER_CHUNK)
        room = bytes;
    if (room > SIZE_MAX - sizeof(*added))
        return false;
    added = tally_alloc(sizeof(*added) + room);
    if (added == NULL)
        return false;
    added->older = arena->newest;
    arena->newest = added;
    arena->left = room;
    arena->filled = 0;
    return true;
}

void *tally_arena_alloc(tally_arena *arena, size_t bytes)
{
    size_t rounded = bytes > 0 ? bytes : 1;
    void *item;

    if (rounded > SIZE_MAX - (ITEM_ALIGN - 1)) {
        arena->failure = TALLY_E_LIMIT;
        return NULL;
    }
    rounded = (rounded + ITEM_ALIGN - 1) & ~(ITEM_ALIGN - 1);
    if (rounded > arena->bytes_max - arena->used) {
        arena->failure = TALLY_E_LIMIT;
        return NULL;
    }
    if (ITEM_PER_CHUNK) {
        /* The unrounded size, so that the byte after the item is out of bounds. */
        if (!add_chunk(arena, bytes > 0 ? bytes : 1)) {
            arena->failure = TALLY_E_NOMEM;
            return NULL;
        }
        arena->used += rounded;
        return arena->newest->bytes;
    }
    if (rounded > arena->left && !add_chunk(arena, rounded)) {
        arena->failure = TALLY_E_NOMEM;
        return NULL;
    }
    item = arena->newest->bytes + arena->filled;
    arena->filled += rounded;
    arena->left -= rounded;
    arena->used += rounded;
    return item;
}

void *tally_arena_zalloc(tally_arena *arena, size_t bytes)
{
    void *item = tally_arena_alloc(arena, bytes);

    return item != NULL ? memset(item, 0, bytes) : NULL;
}

void *tally_arena_zalloc_array(tally_arena *arena, size_t count, size_t item_bytes)
{
    size_t bytes;

    if (!tally_mul_size(count, item_bytes, &bytes)) {
        arena->failure = TALLY_E_LIMIT;
        return NULL;
    }
    return tally_arena_zalloc(arena, bytes);
}

void *tally_arena_copy(tally_arena *arena, const void *bytes, size_t count)
{
    void *item = tally_arena_alloc(arena, count);

    if (item != NULL && count > 0)
        memcpy(item, bytes, count);
    return item;
}

bool tally_arena_copy_text(tally_arena *arena, tally_text *out_copy, tally_text text)
{
    char *item;

    if (text.count == SIZE_MAX) {
        arena->failure = TALLY_E_LIMIT;
        return false;
    }
    item = tally_arena_alloc(arena, text.count + 1);
    if (item == NULL)
        return false;
    if (text.count > 0)
        memcpy(item, text.bytes, text.count);
    item[text.count] = '\0';
    *out_copy = tally_text_of(item, text.count);
    return true;
}

tally_rc tally_arena_failure(const tally_arena *arena)
{
    return arena != NULL ? arena->failure : TALLY_E_NOMEM;
}

size_t tally_arena_used_bytes(const tally_arena *arena)
{
    return arena->used;
}

void tally_arena_free(tally_arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->newest != NULL) {
        chunk *older = arena->newest->older;

        tally_release(arena->newest);
        arena->newest = older;
    }
    tally_release(arena);
}
