/* SPDX-License-Identifier: Apache-2.0 */
/* Interning: an open-addressed table of numbers over texts kept in blocks.
 *
 * A slot is 8 bytes, half of the hash and the number plus one, so that a miss
 * nearly never looks further. Slots are probed one after another and never
 * fuller than three quarters. An entry holds a short text itself, so that a hit
 * costs two accesses to far memory, one slot and one entry; a longer text is
 * copied into a block. Entries and blocks never move. */

#include <stdlib.h>

#include "util/alloc.h"
#include "util/checked.h"
#include "util/intern.h"

#define SLOTS_MIN        ((size_t)64)
#define CHUNK_ENTRIES    ((size_t)1024)
#define CHUNKS_MIN       ((size_t)16)
#define INLINE_BYTES     20 /* with the NUL */
#define BLOCK_BYTES_MIN  ((size_t)4096)
#define BLOCK_BYTES_MOST ((size_t)1 << 20)

typedef struct block {
    struct block *older;
    char bytes[];
} block;

typedef struct entry {
    uint32_t count;
    char room[INLINE_BYTES]; /* the text and a NUL, or a pointer to them */
} entry;

typedef struct slot {
    uint32_t hash;
    uint32_t id_plus_1; /* 0 in an empty slot */
} slot;

struct tally_intern {
    slot *slots;
    size_t slot_count; /* a power of two */
    entry **chunks;    /* of CHUNK_ENTRIES each */
    size_t chunk_room;
    size_t chunk_count;
    uint32_t count;
    block *newest;
    char *free_bytes;
    size_t free_count;
    size_t used_bytes;
    size_t bytes_max;
    uint64_t seed;
};

/* Multiply two 64-bit words and fold the halves: each output bit depends on
 * nearly every input bit. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    tally_u128 product = (tally_u128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load_word(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

static uint32_t hash_text(uint64_t seed, tally_text text)
{
    /* Odd constants with about as many ones as zeros, drawn once. */
    static const uint64_t mix_a = UINT64_C(0x8d3a0f1c5be24769);
    static const uint64_t mix_b = UINT64_C(0xd6e1492b7c05a83f);
    const char *at = text.bytes;
    size_t left = text.count;
    uint64_t state = seed ^ mix_b ^ text.count;
    uint64_t tail[2] = { 0, 0 };

    for (; left > 16; at += 16, left -= 16)
        state = fold(load_word(at) ^ state ^ mix_a, load_word(at + 8) ^ mix_b);
    if (left > 0)
        memcpy(tail, at, left);
    state = fold(tail[0] ^ state ^ mix_a, tail[1] ^ mix_b);
    state = fold(state ^ mix_b, mix_a);
    return (uint32_t)(state >> 32);
}

tally_intern *tally_intern_new(size_t bytes_max, uint64_t seed)
{
    tally_intern *intern = tally_alloc_zeroed(sizeof(*intern));

    if (intern == NULL)
        return NULL;
    intern->bytes_max = bytes_max;
    intern->seed = seed;
    intern->used_bytes = sizeof(*intern);
    return intern;
}

static entry *entry_of(const tally_intern *intern, uint32_t id)
{
    return &intern->chunks[id / CHUNK_ENTRIES][id % CHUNK_ENTRIES];
}

static const char *bytes_of(const entry *known)
{
    const char *bytes;

    if (known->count < INLINE_BYTES)
        return known->room;
    memcpy(&bytes, known->room, sizeof(bytes));
    return bytes;
}

/* The slot that holds the text, or the empty one where it belongs. There is
 * always an empty one. */
static size_t find_slot(const tally_intern *intern, tally_text text, uint32_t hash)
{
    size_t mask = intern->slot_count - 1;
    size_t at = hash & mask;

    for (;; at = (at + 1) & mask) {
        const slot *seen = &intern->slots[at];
        const entry *known;

        if (seen->id_plus_1 == 0)
            return at;
        if (seen->hash != hash)
            continue;
        known = entry_of(intern, seen->id_plus_1 - 1);
        if (tally_text_is_equal(tally_text_of(bytes_of(known), known->count), text))
            return at;
    }
}

/* Would `bytes` more, with `freed` given back afterwards, stay in bounds? */
static bool has_room(const tally_intern *intern, size_t bytes, size_t freed)
{
    size_t kept = intern->used_bytes - freed;

    return kept <= intern->bytes_max && bytes <= intern->bytes_max - kept;
}

/* Double the slots. The bound counts the table that stays: the old one is
 * released at once. */
static tally_rc grow_slots(tally_intern *intern)
{
    size_t count = intern->slot_count > 0 ? intern->slot_count * 2 : SLOTS_MIN;
    size_t old_bytes = intern->slot_count * sizeof(slot);
    slot *slots;

    if (count > SIZE_MAX / sizeof(slot) || !has_room(intern, count * sizeof(slot), old_bytes))
        return TALLY_E_LIMIT;
    slots = tally_alloc_zeroed(count * sizeof(slot));
    if (slots == NULL)
        return TALLY_E_NOMEM;
    for (size_t i = 0; i < intern->slot_count; i++) {
        slot moved = intern->slots[i];
        size_t at = moved.hash & (count - 1);

        if (moved.id_plus_1 == 0)
            continue;
        while (slots[at].id_plus_1 != 0)
            at = (at + 1) & (count - 1);
        slots[at] = moved;
    }
    tally_release(intern->slots);
    intern->slots = slots;
    intern->slot_count = count;
    intern->used_bytes += count * sizeof(slot) - old_bytes;
    return TALLY_OK;
}

/* Make room for one more pointer to a chunk. */
static tally_rc grow_chunk_list(tally_intern *intern)
{
    size_t room = intern->chunk_room > 0 ? intern->chunk_room * 2 : CHUNKS_MIN;
    size_t old_bytes = intern->chunk_room * sizeof(*intern->chunks);
    entry **chunks;

    if (!has_room(intern, room * sizeof(*chunks), old_bytes))
        return TALLY_E_LIMIT;
    chunks = tally_realloc_array(intern->chunks, room, sizeof(*chunks));
    if (chunks == NULL)
        return TALLY_E_NOMEM;
    intern->chunks = chunks;
    intern->chunk_room = room;
    intern->used_bytes += room * sizeof(*chunks) - old_bytes;
    return TALLY_OK;
}

static tally_rc add_chunk(tally_intern *intern)
{
    entry *chunk;
    tally_rc rc = TALLY_OK;

    if (intern->chunk_count == intern->chunk_room)
        rc = grow_chunk_list(intern);
    if (rc != TALLY_OK)
        return rc;
    if (!has_room(intern, CHUNK_ENTRIES * sizeof(*chunk), 0))
        return TALLY_E_LIMIT;
    chunk = tally_alloc_array(CHUNK_ENTRIES, sizeof(*chunk));
    if (chunk == NULL)
        return TALLY_E_NOMEM;
    intern->chunks[intern->chunk_count++] = chunk;
    intern->used_bytes += CHUNK_ENTRIES * sizeof(*chunk);
    return TALLY_OK;
}

/* Room for `bytes` in the newest block. */
static tally_rc grow_blocks(tally_intern *intern, size_t bytes)
{
    size_t room = BLOCK_BYTES_MIN;
    block *added;

    while (room < BLOCK_BYTES_MOST && room < intern->used_bytes / 4)
        room *= 2;
    if (room < bytes)
        room = bytes;
    if (room > SIZE_MAX - sizeof(*added) || !has_room(intern, sizeof(*added) + room, 0))
        return TALLY_E_LIMIT;
    added = tally_alloc(sizeof(*added) + room);
    if (added == NULL)
        return TALLY_E_NOMEM;
    added->older = intern->newest;
    intern->newest = added;
    intern->free_bytes = added->bytes;
    intern->free_count = room;
    intern->used_bytes += sizeof(*added) + room;
    return TALLY_OK;
}

static tally_rc make_room(tally_intern *intern, tally_text text)
{
    tally_rc rc = TALLY_OK;

    if (intern->count > TALLY_INTERN_ID_MAX || text.count >= UINT32_MAX)
        return TALLY_E_LIMIT;
    if ((size_t)intern->count + 1 > intern->slot_count / 4 * 3)
        rc = grow_slots(intern);
    if (rc == TALLY_OK && intern->count == intern->chunk_count * CHUNK_ENTRIES)
        rc = add_chunk(intern);
    if (rc == TALLY_OK && text.count >= INLINE_BYTES && text.count + 1 > intern->free_count)
        rc = grow_blocks(intern, text.count + 1);
    return rc;
}

/* Write the text into a new entry; make_room() has found the room. */
static void fill_entry(tally_intern *intern, entry *added, tally_text text)
{
    char *bytes = added->room;

    added->count = (uint32_t)text.count;
    if (text.count >= INLINE_BYTES) {
        bytes = intern->free_bytes;
        memcpy(added->room, &bytes, sizeof(bytes));
        intern->free_bytes += text.count + 1;
        intern->free_count -= text.count + 1;
    }
    if (text.count > 0)
        memcpy(bytes, text.bytes, text.count);
    bytes[text.count] = '\0';
}

tally_rc tally_intern_add(tally_intern *intern, uint32_t *out_id, tally_text text)
{
    uint32_t hash = hash_text(intern->seed, text);
    size_t at = 0;
    tally_rc rc;

    if (intern->slot_count > 0) {
        at = find_slot(intern, text, hash);
        if (intern->slots[at].id_plus_1 != 0) {
            *out_id = intern->slots[at].id_plus_1 - 1;
            return TALLY_OK;
        }
    }
    rc = make_room(intern, text);
    if (rc != TALLY_OK)
        return rc;
    at = find_slot(intern, text, hash);
    fill_entry(intern, entry_of(intern, intern->count), text);
    intern->slots[at] = (slot){ hash, intern->count + 1 };
    *out_id = intern->count++;
    return TALLY_OK;
}

bool tally_intern_find(const tally_intern *intern, uint32_t *out_id, tally_text text)
{
    size_t at;

    if (intern->slot_count == 0)
        return false;
    at = find_slot(intern, text, hash_text(intern->seed, text));
    if (intern->slots[at].id_plus_1 == 0)
        return false;
    *out_id = intern->slots[at].id_plus_1 - 1;
    return true;
}

tally_text tally_intern_text(const tally_intern *intern, uint32_t id)
{
    const entry *known;

    TALLY_ASSERT(id < intern->count);
    known = entry_of(intern, id);
    return tally_text_of(bytes_of(known), known->count);
}

uint32_t tally_intern_count(const tally_intern *intern)
{
    return intern->count;
}

size_t tally_intern_used_bytes(const tally_intern *intern)
{
    return intern->used_bytes;
}

void tally_intern_free(tally_intern *intern)
{
    if (intern == NULL)
        return;
    while (intern->newest != NULL) {
        block *older = intern->newest->older;

        tally_release(intern->newest);
        intern->newest = older;
    }
    for (size_t i = 0; i < intern->chunk_count; i++)
        tally_release(intern->chunks[i]);
    tally_release(intern->chunks);
    tally_release(intern->slots);
    tally_release(intern);
}
