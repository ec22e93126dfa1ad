/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_HEADS_H
#define TALLY_PUBLISH_HEADS_H

/* The ledger of signed heads, S: every (size, root) that was ever signed, with
 * its note. A head is signed only if it is appended here first and durably, so
 * that nothing can make the log sign two roots at one size, or go back.
 *
 * The format is in docs/formats/log-state.md. The file only ever grows, and it
 * is never restored from a backup. The caller holds the lock of the log. One
 * thread at a time. */

#include "publish/folder.h"
#include "tlog/note.h"
#include "tlog/tree.h"

#define TALLY_HEADS_NAME "heads"

/* A signed head; size 0 with the root of no leaves before the first. */
typedef struct tally_head {
    uint64_t size;
    tally_node root;
} tally_head;

typedef struct tally_heads {
    tally_folder *folder;
    tally_hash *hash;
    int file;
    uint64_t end; /* where the next record begins */
    uint64_t count;
    tally_node chain; /* the check of the last record */
    tally_head last;
    tally_buffer note; /* of the last; empty before the first */
} tally_heads;

/* Open the file in a folder and check every record. What a crash left of a last
 * record is cut off: it was not durable, so nothing was signed by it.
 *
 * out  is ended with tally_heads_close(), also after a failure; folder and hash
 *      must outlive it
 *
 * TALLY_E_CORRUPT  a record fails its check: restore nothing, ask first
 * TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_heads_open(tally_heads *out, tally_folder *folder, tally_hash *hash,
                                           tally_err *err);

/* Append a head, if the last one is still `old`. Durable when it returned
 * TALLY_OK: from then on it counts as signed.
 *
 * TALLY_E_CONFLICT  the last head is another one, or somebody else wrote to the
 *                   file: a second publisher
 * TALLY_E_INVALID   next is not larger than old
 * TALLY_E_IO        also: the folder is broken */
TALLY_MUST_CHECK tally_rc tally_heads_append(tally_heads *heads, const tally_head *old,
                                             const tally_head *next, tally_text note,
                                             tally_err *err);

/* Look for the head of a size, 0 included. Failures as for opening. */
TALLY_MUST_CHECK tally_rc tally_heads_find(tally_heads *heads, uint64_t size, tally_node *out_root,
                                           bool *out_found, tally_err *err);

/* One that is all zero is allowed. */
void tally_heads_close(tally_heads *heads);

/* ---- the records, for tests and for readers of a copy ---- */

#define TALLY_HEADS_RECORD_BYTES_MAX (52 + TALLY_NOTE_BYTES_MAX + 32)

typedef struct tally_heads_record {
    tally_head head;
    tally_text note;
    tally_node check;
    size_t bytes; /* of the whole record */
} tally_heads_record;

/* Read the record at the beginning of a text. chain is the check of the record
 * before, all zero for the first.
 *
 * TALLY_E_RETRY    the text ends within the record
 * TALLY_E_INVALID  it is none, or its check fails */
TALLY_MUST_CHECK tally_rc tally_heads_parse(tally_heads_record *out, tally_text bytes,
                                            const tally_node *chain, tally_hash *hash);

/* Append a record. TALLY_E_LIMIT: the note is longer than a note may be. */
TALLY_MUST_CHECK tally_rc tally_heads_write(tally_buffer *out, const tally_head *head,
                                            tally_text note, const tally_node *chain,
                                            tally_hash *hash, tally_node *out_check);

#endif
