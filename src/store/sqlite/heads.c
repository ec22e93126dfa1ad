/* SPDX-License-Identifier: Apache-2.0 */
/* The heads of the chains in memory. */

#include <string.h>

#include "store/sqlite/heads.h"
#include "util/alloc.h"

static size_t index_of(int64_t subject)
{
    return (size_t)(subject / TALLY_HEADS_A_CHUNK);
}

static size_t place_of(int64_t subject)
{
    return (size_t)(subject % TALLY_HEADS_A_CHUNK);
}

void tally_heads_clear(tally_heads *heads)
{
    for (size_t i = 0; i < heads->chunk_room; i++)
        tally_release(heads->chunks[i]);
    tally_release(heads->chunks);
    tally_release(heads->changes);
    *heads = (tally_heads){ 0 };
}

tally_heads_chunk *tally_heads_chunk_of(const tally_heads *heads, int64_t subject)
{
    size_t index = index_of(subject);

    return index < heads->chunk_room ? heads->chunks[index] : NULL;
}

tally_heads_chunk *tally_heads_add_chunk(tally_heads *heads, int64_t subject)
{
    size_t index = index_of(subject);
    tally_heads_chunk *chunk;

    if (index >= heads->chunk_room) {
        size_t room = heads->chunk_room > 0 ? heads->chunk_room : 64;
        tally_heads_chunk **grown;

        while (room <= index)
            room *= 2; /* At most twice the number of chunks of all subjects. */
        grown = tally_realloc_array(heads->chunks, room, sizeof(tally_heads_chunk *));
        if (grown == NULL)
            return NULL;
        memset(grown + heads->chunk_room, 0, (room - heads->chunk_room) * sizeof(*grown));
        heads->chunks = grown;
        heads->chunk_room = room;
    }
    TALLY_ASSERT(heads->chunks[index] == NULL);
    chunk = tally_alloc_zeroed(sizeof(*chunk));
    heads->chunks[index] = chunk;
    return chunk;
}

int64_t tally_heads_get(const tally_heads *heads, int64_t subject)
{
    return tally_heads_chunk_of(heads, subject)->sequences[place_of(subject)];
}

void tally_heads_put(tally_heads *heads, int64_t subject, int64_t sequence)
{
    tally_heads_chunk *chunk = tally_heads_chunk_of(heads, subject);

    chunk->sequences[place_of(subject)] = sequence;
    chunk->is_dirty = true;
    if (subject > heads->subject_last)
        heads->subject_last = subject;
}

tally_rc tally_heads_change_to(tally_heads *heads, int64_t subject, int64_t sequence)
{
    if (heads->change_count == heads->change_room) {
        size_t room = heads->change_room > 0 ? heads->change_room * 2 : 1024;
        tally_heads_change *grown = tally_realloc_array(heads->changes, room, sizeof(*grown));

        if (grown == NULL)
            return TALLY_E_NOMEM;
        heads->changes = grown;
        heads->change_room = room;
    }
    heads->changes[heads->change_count++] =
        (tally_heads_change){ .subject = subject, .before = tally_heads_get(heads, subject) };
    tally_heads_put(heads, subject, sequence);
    return TALLY_OK;
}

void tally_heads_begin(tally_heads *heads)
{
    heads->change_count = 0;
    heads->through_before = heads->through;
}

void tally_heads_undo(tally_heads *heads)
{
    while (heads->change_count > 0) {
        const tally_heads_change *change = &heads->changes[--heads->change_count];

        tally_heads_put(heads, change->subject, change->before);
    }
    for (size_t i = 0; i < heads->chunk_room; i++) {
        if (heads->chunks[i] != NULL)
            heads->chunks[i]->is_due = false;
    }
    heads->through = heads->through_before;
}

void tally_heads_keep(tally_heads *heads, bool were_all_written)
{
    for (size_t i = 0; i < heads->chunk_room; i++) {
        tally_heads_chunk *chunk = heads->chunks[i];

        if (chunk != NULL && (chunk->is_due || were_all_written))
            chunk->is_dirty = chunk->is_due = false;
    }
    heads->change_count = 0;
}

void tally_heads_save(const tally_heads_chunk *chunk, uint8_t *out)
{
    for (size_t i = 0; i < TALLY_HEADS_A_CHUNK; i++) {
        uint64_t sequence = (uint64_t)chunk->sequences[i];

        for (int shift = 56; shift >= 0; shift -= 8)
            *out++ = (uint8_t)(sequence >> shift);
    }
}

tally_rc tally_heads_read(tally_heads_chunk *chunk, const uint8_t *bytes, int64_t last_sequence)
{
    for (size_t i = 0; i < TALLY_HEADS_A_CHUNK; i++) {
        uint64_t sequence = 0;

        for (int byte = 0; byte < 8; byte++)
            sequence = sequence << 8 | *bytes++;
        if (sequence > (uint64_t)last_sequence)
            return TALLY_E_CORRUPT;
        chunk->sequences[i] = (int64_t)sequence;
    }
    return TALLY_OK;
}
