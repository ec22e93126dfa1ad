/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_JOURNAL_H
#define TALLY_PUBLISH_JOURNAL_H

/* Where the publisher takes its entries from: the journal, J in docs/formats/log.md.
 *
 * The ledger appends an entry to J in the transaction of the row that it commits
 * to, without gaps: the entry with index i is the i-th ever appended. An entry
 * never changes, nor do the document or the rows that it commits. The publisher
 * only reads; the one thing it asks for is that a beat be closed.
 *
 * Whatever a journal hands over must be durable already (SQLite: synchronous =
 * FULL and committed): the publisher signs it. One thread at a time for each
 * journal. Every call may fail with TALLY_E_IO, TALLY_E_NOMEM or TALLY_E_CORRUPT
 * (what is stored fails its own checks) beside what it names. */

#include <stddef.h>
#include <stdint.h>
#include "tlog/entry.h"
#include "tlog/state.h"
#include "util/buffer.h"

/* The longest document that is published. */
#define TALLY_JOURNAL_DOCUMENT_BYTES_MAX ((size_t)16 << 20)

/* Kind 3 entries in a beat come in multiples of this, and at least this many. */
#define TALLY_JOURNAL_RECORDS_MULTIPLE 16u

/* Takes count entries in order, TALLY_ENTRY_BYTES each without gaps. A failure
 * ends the reading and is returned by it. */
typedef struct tally_journal_sink {
    void *context;
    tally_rc (*take)(void *context, const uint8_t *entries, size_t count, tally_err *err);
} tally_journal_sink;

/* Takes count rows of a snapshot in order, TALLY_STATE_ROW_BYTES each. */
typedef struct tally_journal_row_sink {
    void *context;
    tally_rc (*take)(void *context, const uint8_t *rows, size_t count, tally_err *err);
} tally_journal_row_sink;

typedef struct tally_journal_calls {
    /* Append to out the origin of the log, fixed when the programme was made. */
    tally_rc (*origin)(void *context, tally_buffer *out, tally_err *err);

    /* How many entries there are now. */
    tally_rc (*size)(void *context, uint64_t *out_size, tally_err *err);

    /* Give the entries from, up to but not including from + count, to the sink in
     * runs of any length. All of them exist: fewer is TALLY_E_CORRUPT. */
    tally_rc (*read)(void *context, uint64_t from, uint64_t count, const tally_journal_sink *sink,
                     tally_err *err);

    /* Append to out the bytes of the published document that the entry with this
     * index, of kind 1, 2 or 5, commits. TALLY_E_INVALID: there is none. */
    tally_rc (*document)(void *context, uint64_t index, tally_buffer *out, tally_err *err);

    /* Append to out the head file that the entry with this index, of kind 4,
     * commits. TALLY_E_INVALID: there is none. */
    tally_rc (*snapshot_head)(void *context, uint64_t index, tally_buffer *out, tally_err *err);

    /* Give the rows of that snapshot to the sink, in ascending order of their
     * labels, in runs of any length. TALLY_E_INVALID: they are no longer kept. */
    tally_rc (*snapshot_rows)(void *context, uint64_t index, const tally_journal_row_sink *sink,
                              tally_err *err);

    /* Close a beat: say up to which index, not including it, the log is published
     * now. Before it answers, whoever holds the ledger has appended what the beat
     * needs: pads, so that a beat's kind 3 entries are a multiple of
     * TALLY_JOURNAL_RECORDS_MULTIPLE and at least that, and the snapshot when one
     * is due. beat is the instant at which it began, in seconds since 1970; a beat
     * that was closed before gets the same answer again, so that a publisher that
     * crashed publishes the same, and nothing between two beats.
     *
     * TALLY_E_RETRY    the ledger has not closed this beat yet: ask again soon
     * TALLY_E_INVALID  a later beat was closed already: the clock was set back */
    tally_rc (*begin_beat)(void *context, uint64_t beat, uint64_t *out_until, tally_err *err);

    /* Append an entry that commits a document: kind TALLY_ENTRY_POLICY or
     * TALLY_ENTRY_KEY, in the journal's present epoch and, for a policy, the next
     * version. It is published with the next beat. NULL: this journal is written
     * by another process only. */
    tally_rc (*append_document)(void *context, tally_entry_kind kind, tally_text document,
                                uint64_t *out_index, tally_err *err);
} tally_journal_calls;

/* A journal. Who made it also ends it. */
typedef struct tally_journal {
    void *context;
    const tally_journal_calls *calls;
} tally_journal;

#endif
