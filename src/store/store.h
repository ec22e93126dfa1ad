/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_STORE_STORE_H
#define TALLY_STORE_STORE_H

/* The seam between the ledger and whatever keeps its bytes: one programme, one
 * store. It knows nothing of programmes, persons or policies. It keeps
 *
 *   numbered collections   int64 key, 1 or above -> bytes
 *   named collections      1 to 255 bytes of key -> bytes
 *   events                 an append-only sequence, chained by subject
 *
 * and nothing else, so that another backend is a small piece of work. The suite in
 * tests/store/ says what every backend must do.
 *
 * What is durable. Everything written within a transaction becomes durable and
 * visible together when tally_store_commit() returns TALLY_OK, and not before. After
 * any other result, a kill or a loss of power in between, either all of it is
 * there or none. Nothing written is acknowledged before that call returned.
 *
 * One writer. Of all processes one holds a store open for writing; the second
 * gets TALLY_E_CONFLICT at once. Readers see the state of the last commit before
 * their transaction began, are never blocked and never block the writer.
 *
 * Deleting destroys: what is deleted or overwritten is zeroed where it was stored, and
 * is in no file that the backend owns when a thorough tally_store_purge() has returned.
 *
 * Errors everywhere:
 *   TALLY_E_IO       the system refused. After a failed commit or sync the store only
 *                    answers this until it is opened anew
 *   TALLY_E_CORRUPT  what is stored cannot be right: stop
 *   TALLY_E_NOMEM
 *   TALLY_E_RETRY    another process was in the way for longer than is waited
 *   TALLY_E_LIMIT, TALLY_E_INVALID  an argument beyond what its function names; nothing
 *                    has happened, and the transaction goes on. Using a reading
 *                    transaction for writing is one of these
 * After one of the first four within a transaction, whatever it returned from, every
 * further call answers the same, and the transaction can only be ended: nothing of
 * it is kept, also when that is tried with tally_store_commit().
 *
 * A tally_store, and all transactions of it, belong to one thread. Another thread
 * or process opens the same path for reading. A store is not used across fork(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_STORE_VALUE_BYTES_MAX ((size_t)16 << 20)
#define TALLY_STORE_NAME_BYTES_MAX  255u
#define TALLY_STORE_SUBJECT_MAX     ((int64_t)INT32_MAX)
/* How many events one transaction appends at most. */
#define TALLY_STORE_TRANSACTION_EVENTS_MAX (1u << 20)

typedef struct tally_store tally_store;
typedef struct tally_store_transaction tally_store_transaction;

/* The collections. A new one, or another form of one, is a new schema version
 * with its migration (sqlite/schema.c). Their keys and values are written down in
 * docs/ledger.md. Numbers and names given to the wrong kind of collection are a
 * broken fact of ours. */
typedef enum tally_collection {
    /* Numbered. */
    TALLY_STORE_POLICIES,          /* version number */
    TALLY_STORE_SOURCES,           /* source number */
    TALLY_STORE_MEMBERS,           /* subject number, persons only */
    TALLY_STORE_ORGANISATIONS,     /* subject number, organisations only */
    TALLY_STORE_RECEIPTS,          /* receipt number */
    TALLY_STORE_BATCHES,           /* batch number: what is small of a batch */
    TALLY_STORE_BATCH_LEAVES,      /* batch number: leaf digests and id marks */
    TALLY_STORE_JOURNAL,           /* log index + 1: the entry of 44 bytes */
    TALLY_STORE_OPENINGS,          /* log index + 1: what opens a record's commitment */
    TALLY_STORE_DOCUMENTS,         /* log index + 1: what a public entry commits to */
    TALLY_STORE_ACCESSES,          /* number of a plaintext read */
    TALLY_STORE_RELEASES,          /* month, as year * 12 + month - 1 */
    TALLY_STORE_CERTIFICATES,      /* number of an erasure: what was erased when, without whom */
    TALLY_STORE_SNAPSHOT_OPENINGS, /* subject number: what opens its row in the newest snapshot */
    /* Named. */
    TALLY_STORE_META,          /* what there is one of */
    TALLY_STORE_MEMBER_BY_DID, /* did:key of a person -> subject number */
    TALLY_STORE_ORGANISATION_BY_ID,
    TALLY_STORE_SOURCE_BY_DID,
    TALLY_STORE_BATCH_BY_NUMBER,    /* source number, batch's own number -> batch number */
    TALLY_STORE_RECEIPT_BY_SUBJECT, /* subject number, receipt number -> nothing */
    TALLY_STORE_RECORD_BY_SUBJECT,  /* subject number, log index + 1 -> nothing */
    TALLY_STORE_ACCESS_BY_SUBJECT,  /* subject number, access number -> nothing */
    TALLY_STORE_SPENT_TOKENS,       /* hash of an enrolment token -> nothing */
    TALLY_STORE_SPENT_NONCES,       /* hash of a member's message -> instant it can be forgotten */
    TALLY_STORE_SNAPSHOT_ROWS,      /* log index, bucket -> rows of a snapshot, until published */
    TALLY_STORE_COLLECTION_COUNT
} tally_collection;

#define TALLY_STORE_FIRST_NAMED TALLY_STORE_META

/* ---- opening ------------------------------------------------------------- */

typedef enum tally_store_mode {
    TALLY_STORE_CREATE, /* and write; TALLY_E_CONFLICT when the file exists */
    TALLY_STORE_WRITE,
    TALLY_STORE_READ
} tally_store_mode;

/* Open the store in the file at path. Opening for writing brings an older schema
 * forward, which reading cannot; a newer one than this program knows is
 * TALLY_E_INVALID. TALLY_E_INVALID too: there is no file, or it is none of ours
 * (which is left as it is). TALLY_E_CONFLICT: another process writes. Everything that
 * can be read once this returned is durable. Its cost depends on the events since
 * the last clean close only, and of these at most 2^20. */
TALLY_MUST_CHECK tally_rc tally_store_open(tally_store **out_store, const char *path,
                                           tally_store_mode mode, tally_err *err);

/* Close, giving back the writer's lock; an open transaction is rolled back. NULL
 * is allowed. Nothing committed depends on this being called. */
void tally_store_close(tally_store *store);

/* ---- transactions --------------------------------------------------------- */

/* Begin the one transaction that a store may have open. For writing it needs a
 * store opened so. Either fault is TALLY_E_INVALID. */
TALLY_MUST_CHECK tally_rc tally_store_begin(tally_store_transaction **out_transaction,
                                            tally_store *store, bool is_for_writing,
                                            tally_err *err);

/* Make all of it durable; releases the transaction whatever the result. */
TALLY_MUST_CHECK tally_rc tally_store_commit(tally_store_transaction *transaction, tally_err *err);

/* Undo all of it and release the transaction; also how a reading one ends that failed.
 * NULL is allowed. */
void tally_store_rollback(tally_store_transaction *transaction);

/* ---- collections ---------------------------------------------------------- */

/* out_value lives until the next call with this transaction, is empty and *out_is_found
 * false when there is none. */
TALLY_MUST_CHECK tally_rc tally_store_get(tally_store_transaction *transaction,
                                          tally_collection collection, int64_t key,
                                          tally_text *out_value, bool *out_is_found,
                                          tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_find(tally_store_transaction *transaction,
                                           tally_collection collection, tally_text name,
                                           tally_text *out_value, bool *out_is_found,
                                           tally_err *err);

/* Write or replace. */
TALLY_MUST_CHECK tally_rc tally_store_put(tally_store_transaction *transaction,
                                          tally_collection collection, int64_t key,
                                          tally_text value, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_name(tally_store_transaction *transaction,
                                           tally_collection collection, tally_text name,
                                           tally_text value, tally_err *err);

/* Remove; what is not there is no failure. */
TALLY_MUST_CHECK tally_rc tally_store_delete(tally_store_transaction *transaction,
                                             tally_collection collection, int64_t key,
                                             tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_unname(tally_store_transaction *transaction,
                                             tally_collection collection, tally_text name,
                                             tally_err *err);

/* The highest key of a numbered collection, 0 for none. Keys of what was deleted
 * may come again: whoever must never reuse a number keeps it in META. */
TALLY_MUST_CHECK tally_rc tally_store_last(tally_store_transaction *transaction,
                                           tally_collection collection, int64_t *out_key,
                                           tally_err *err);

/* Go through keys from `from` on in order (of numbers; of names as bytes, those that
 * begin with prefix only). visit returns TALLY_OK to go on and sets *out_is_enough,
 * which is false before, to stop; what else it returns ends the scan and is returned. It
 * may read from the same transaction, not write (TALLY_E_INVALID) nor end it, and
 * its texts live until it returns. */
typedef tally_rc (*tally_store_visit)(void *context, int64_t key, tally_text value,
                                      bool *out_is_enough, tally_err *err);
typedef tally_rc (*tally_store_visit_name)(void *context, tally_text name, tally_text value,
                                           bool *out_is_enough, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_scan(tally_store_transaction *transaction,
                                           tally_collection collection, int64_t from,
                                           tally_store_visit visit, void *context, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_scan_names(tally_store_transaction *transaction,
                                                 tally_collection collection, tally_text prefix,
                                                 tally_store_visit_name visit, void *context,
                                                 tally_err *err);

/* ---- events --------------------------------------------------------------- */

/* One event as stored. Its bytes are sealed by whoever appends them. */
typedef struct tally_stored_event {
    int64_t sequence;  /* from 1, ascending, never used again; set by the store */
    int64_t previous;  /* of the same subject, 0 for its first; set by the store */
    int64_t subject;   /* 1 or above */
    int64_t batch;     /* batch number */
    uint32_t position; /* within the batch */
    tally_text sealed;
} tally_stored_event;

/* Append events in this order: all of them, or none when an argument is at fault.
 * sequence and previous are not read. Cost does not depend on how many there are in
 * the store or of the subject. The first gets the next number after the last that was
 * ever committed, the others those that follow. */
TALLY_MUST_CHECK tally_rc tally_store_append(tally_store_transaction *transaction,
                                             const tally_stored_event *events, size_t event_count,
                                             tally_err *err);

/* A subject's events, newest first; at most limit of them, 0 for all. Texts live
 * until visit returns. */
typedef tally_rc (*tally_store_visit_event)(void *context, const tally_stored_event *event,
                                            bool *out_is_enough, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_store_subject_events(tally_store_transaction *transaction,
                                                     int64_t subject, uint64_t limit,
                                                     tally_store_visit_event visit, void *context,
                                                     tally_err *err);

/* All events from a sequence number on, oldest first. */
TALLY_MUST_CHECK tally_rc tally_store_all_events(tally_store_transaction *transaction,
                                                 int64_t from_sequence,
                                                 tally_store_visit_event visit, void *context,
                                                 tally_err *err);

/* Remove all events of a subject, and the subject's place among the chains. */
TALLY_MUST_CHECK tally_rc tally_store_erase_subject(tally_store_transaction *transaction,
                                                    int64_t subject, uint64_t *out_event_count,
                                                    tally_err *err);

/* Remove one event and mend the chain around it (retention); what is not there is no
 * failure. Costs a look at each later event of the same subject. */
TALLY_MUST_CHECK tally_rc tally_store_erase_event(tally_store_transaction *transaction,
                                                  int64_t sequence, tally_err *err);

/* ---- upkeep; outside transactions ------------------------------------------- */

/* See that nothing deleted survives in the files, durably. Empties what the backend
 * keeps beside its main file, in milliseconds. is_thorough: also rewrites the main file,
 * at some 100 MB/s and with twice its length of free space, and only that removes the
 * copies that stay in unused corners where rows were moved about. TALLY_E_RETRY:
 * somebody reads a state before the deletion; call again until it succeeds. */
TALLY_MUST_CHECK tally_rc tally_store_purge(tally_store *store, bool is_thorough, tally_err *err);

/* Write a whole, consistent copy into a new file of mode 0600 while this store is in
 * use, also by others; durable, and only then there by its name, when it returns.
 * TALLY_E_CONFLICT: there is one of that name. progress may be NULL; it is told bytes, and
 * may not use the store. */
typedef void (*tally_store_progress)(void *context, uint64_t done, uint64_t total);
TALLY_MUST_CHECK tally_rc tally_store_backup(tally_store *store, const char *path,
                                             tally_store_progress progress, void *context,
                                             tally_err *err);

/* The backend's own check of its files, and that chains and heads agree with the events.
 * TALLY_E_CORRUPT names the first fault. */
TALLY_MUST_CHECK tally_rc tally_store_verify(tally_store *store, tally_err *err);

#endif
