/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_JOURNAL_FOLDER_H
#define TALLY_PUBLISH_JOURNAL_FOLDER_H

/* A journal that is a folder of files, for logs without a programme (docs/formats/
 * log-state.md, section 5):
 *
 *   origin             one line
 *   entries            44 bytes each
 *   documents/<index>  what entries of kinds 1, 2 and 5 commit
 *   beats              16 bytes each: beat and until, u64 big-endian
 *
 * Its records are commitments that somebody else opens; it has no members and no
 * snapshots. Pads commit random bytes. What an append returned for is durable. One
 * writer at a time, which a lock on `entries` sees to. */

#include "crypto/random.h"
#include "publish/folder.h"
#include "publish/journal.h"

typedef struct tally_journal_folder {
    tally_folder folder;
    const tally_random *random;
    tally_hash *hash;
    int entries, beats; /* -1: not open */
    uint64_t size;
    uint32_t epoch, policy; /* of the last entry */
    uint64_t last_beat, last_until;
    bool has_beat;
    tally_journal journal; /* this one */
} tally_journal_folder;

/* Make the folder, with the genesis and, unless it is empty, a policy.
 *
 * TALLY_E_CONFLICT  there is a journal already
 * TALLY_E_INVALID   the origin cannot be one
 * and as below */
TALLY_MUST_CHECK tally_rc tally_journal_folder_create(const tally_files *files, int at,
                                                      const char *path, tally_text origin,
                                                      tally_text genesis, tally_text policy,
                                                      tally_err *err);

/* Open one. out is ended with tally_journal_folder_close(), also after a failure;
 * files, path and random must outlive it.
 *
 * TALLY_E_CONFLICT  another process has it open
 * TALLY_E_INVALID   there is none
 * TALLY_E_CORRUPT   its files do not fit together */
TALLY_MUST_CHECK tally_rc tally_journal_folder_open(tally_journal_folder *out,
                                                    const tally_files *files, int at,
                                                    const char *path, const tally_random *random,
                                                    tally_err *err);

/* Append a record that commits this. */
TALLY_MUST_CHECK tally_rc tally_journal_folder_append(tally_journal_folder *journal,
                                                      const tally_node *commitment,
                                                      uint64_t *out_index, tally_err *err);

/* Begin the next epoch: later entries are of it. TALLY_E_INVALID: not later than the
 * present one. */
TALLY_MUST_CHECK tally_rc tally_journal_folder_set_epoch(tally_journal_folder *journal,
                                                         uint32_t epoch, tally_err *err);

void tally_journal_folder_close(tally_journal_folder *journal);

#endif
