/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_MEMORY_JOURNAL_H
#define TALLY_TESTS_MEMORY_JOURNAL_H

/* A journal in memory, and a small programme that writes it: genesis, policy,
 * records, snapshots, all from a number, so that the same number gives the same
 * journal. Whatever fails ends the program. */

#include "publish/journal.h"
#include "tlog/note.h"

#define MEMORY_ORIGIN "log.example.org/recognition"

/* What an entry of kind 1, 2, 4 or 5 commits. */
typedef struct memory_document {
    uint64_t index;
    char *bytes; /* the document, or the head file */
    size_t count;
    uint8_t *rows;
    size_t row_count;
} memory_document;

typedef struct memory_beat {
    uint64_t beat, until;
} memory_beat;

typedef struct memory_journal {
    uint64_t seed;
    tally_hash *hash;
    uint8_t *entries;
    uint64_t count, room;
    memory_document *documents;
    size_t document_count;
    memory_beat *beats;
    size_t beat_count;
    uint32_t epoch, policy;
    uint64_t beat_start;     /* where the open beat began */
    uint32_t beats_an_epoch; /* 0: no snapshots */
    size_t members;          /* in snapshots */
    uint64_t drawn;          /* random blocks so far */
    uint64_t reads;          /* entries handed out so far */
    tally_journal journal;
} memory_journal;

/* Begins with a genesis and a policy. */
void memory_journal_init(memory_journal *out, uint64_t seed);
void memory_journal_free(memory_journal *journal);

/* Append records. */
void memory_journal_add(memory_journal *journal, uint64_t count);
uint64_t memory_journal_add_document(memory_journal *journal, tally_entry_kind kind,
                                     const char *text);

/* The secret, salt and state of a member in the snapshot of an epoch. */
typedef struct memory_member {
    uint8_t secret32[TALLY_SALT_BYTES];
    uint8_t salt32[TALLY_SALT_BYTES];
    char state[512];
} memory_member;
void memory_journal_member(const memory_journal *journal, size_t member, uint32_t epoch,
                           memory_member *out);

/* Log signer of the published test key `log`, or of `log-rotated`. */

void memory_journal_signer(tally_signer *out, bool is_rotated);

#endif
