/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_STORE_SQLITE_HEADS_H
#define TALLY_STORE_SQLITE_HEADS_H

/* The last sequence number of each subject, in memory: an array by subject in
 * chunks that exist only where there are subjects, with a list of what a
 * transaction changed so that it can be undone. Knows nothing of files. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

/* 4,000 bytes fit into a page of 4,096 with everything around them. */
#define TALLY_HEADS_A_CHUNK     500
#define TALLY_HEADS_CHUNK_BYTES ((size_t)TALLY_HEADS_A_CHUNK * 8)

typedef struct tally_heads_chunk {
    bool is_dirty; /* differs from what is stored */
    bool is_due;   /* and this transaction has to store it */
    int64_t sequences[TALLY_HEADS_A_CHUNK];
} tally_heads_chunk;

typedef struct tally_heads_change {
    int64_t subject, before;
} tally_heads_change;

typedef struct tally_heads {
    tally_heads_chunk **chunks;
    size_t chunk_room;
    int64_t through;      /* every event up to here is in the chunks that exist */
    int64_t subject_last; /* the highest that was set */
    tally_heads_change *changes;
    size_t change_count, change_room;
    int64_t through_before; /* what through was when the transaction began */
} tally_heads;

/* A tally_heads that is all zero is empty. */
void tally_heads_clear(tally_heads *heads);

/* The chunk of a subject, or NULL when it is not in memory. */
tally_heads_chunk *tally_heads_chunk_of(const tally_heads *heads, int64_t subject);
/* Make one, all zero. subject is from 1 to TALLY_STORE_SUBJECT_MAX. NULL: no memory. */
tally_heads_chunk *tally_heads_add_chunk(tally_heads *heads, int64_t subject);

/* Of a subject whose chunk is in memory. */
int64_t tally_heads_get(const tally_heads *heads, int64_t subject);
/* Without a way back. */
void tally_heads_put(tally_heads *heads, int64_t subject, int64_t sequence);
/* With one. TALLY_E_NOMEM: nothing has changed. */
TALLY_MUST_CHECK tally_rc tally_heads_change_to(tally_heads *heads, int64_t subject,
                                                int64_t sequence);

void tally_heads_begin(tally_heads *heads);
void tally_heads_undo(tally_heads *heads);
/* Keep what was changed; chunks that were written are no longer dirty. */
void tally_heads_keep(tally_heads *heads, bool were_all_written);

/* A chunk as bytes: TALLY_HEADS_A_CHUNK numbers of 8 bytes, big endian. */
void tally_heads_save(const tally_heads_chunk *chunk, uint8_t *out);
/* TALLY_E_CORRUPT: a number is negative or above last_sequence. */
TALLY_MUST_CHECK tally_rc tally_heads_read(tally_heads_chunk *chunk, const uint8_t *bytes,
                                           int64_t last_sequence);

#endif
