/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_STORE_SQLITE_INTERNAL_H
#define TALLY_STORE_SQLITE_INTERNAL_H

/* What the files of the SQLite backend share. docs/formats/store.md describes the
 * tables and the files.
 *
 * The heads. Each event holds the sequence number of the same subject's previous
 * one; where a subject's chain begins is in no index but in memory, in chunks of
 * consecutive subjects. The table `heads` keeps a copy of each chunk that is right
 * for all events up to state.heads_through; the events behind it, the tail, are read
 * again to bring a chunk up to date. An erasure cannot be seen in the tail, so
 * whoever erases writes the chunk concerned in the same transaction and counts
 * state.erasures up, which tells readers to forget theirs. */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store/sqlite/heads.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

#define TALLY_SQLITE_APPLICATION_ID 0x54614c79 /* "TaLy" */

/* What there is of each collection, and statements beside those. */
typedef enum tally_sqlite_verb {
    TALLY_SQLITE_GET,
    TALLY_SQLITE_PUT,
    TALLY_SQLITE_DELETE,
    TALLY_SQLITE_LAST,
    TALLY_SQLITE_SCAN,
    TALLY_SQLITE_VERB_COUNT
} tally_sqlite_verb;

typedef enum tally_sqlite_fixed {
    TALLY_SQLITE_BEGIN_READ,
    TALLY_SQLITE_BEGIN_WRITE,
    TALLY_SQLITE_COMMIT,
    TALLY_SQLITE_ROLLBACK,
    TALLY_SQLITE_STATE_GET,
    TALLY_SQLITE_STATE_PUT,
    TALLY_SQLITE_HEADS_GET,
    TALLY_SQLITE_HEADS_PUT,
    TALLY_SQLITE_HEADS_ALL,
    TALLY_SQLITE_TAIL,
    TALLY_SQLITE_EVENT_APPEND,
    TALLY_SQLITE_EVENT_GET,
    TALLY_SQLITE_EVENT_LINK, /* who wrote it and what was before, without its bytes */
    TALLY_SQLITE_EVENT_SCAN,
    TALLY_SQLITE_EVENT_DELETE,
    TALLY_SQLITE_EVENT_RELINK,
    TALLY_SQLITE_FIXED_COUNT
} tally_sqlite_fixed;

#define TALLY_SQLITE_STATEMENT_COUNT \
    (TALLY_STORE_COLLECTION_COUNT * TALLY_SQLITE_VERB_COUNT + TALLY_SQLITE_FIXED_COUNT)

/* The one row of the table `state`. */
typedef struct tally_sqlite_state {
    int64_t last_sequence; /* ever given, also when that event was erased since */
    int64_t heads_through;
    int64_t erasures; /* transactions that erased events */
} tally_sqlite_state;

struct tally_store_transaction {
    tally_store *store;
    bool is_open;
    bool is_for_writing;
    bool has_changed_state;
    bool has_erased;
    tally_rc failure;     /* the first that SQLite or the system reported; sticks */
    uint32_t visit_depth; /* visits that are running */
    uint64_t event_count; /* appended so far */
    sqlite3_stmt *held;   /* in whose row the value handed out last lies */
    tally_sqlite_state state;
};

struct tally_store {
    sqlite3 *db;
    char *path; /* absolute, without links */
    char *vfs_name;
    int lock_fd; /* -1: a reader */
    bool is_broken;
    int64_t heads_interval;
    uint32_t wal_pages_max;
    uint32_t wal_pages;     /* in the log after the last commit */
    uint32_t checkpoint_at; /* pages that start the next way into the main file */
    sqlite3_stmt *statements[TALLY_SQLITE_STATEMENT_COUNT];
    tally_heads heads;
    int64_t heads_erasures; /* state.erasures that the heads in memory belong to */
    tally_store_transaction transaction;
};

/* ---- fail.c ---- */

/* Turn a failing SQLite code into a tally_rc with a message; a transaction that is open
 * fails with it. doing: "writing an event". */
tally_rc tally_sqlite_fail(tally_store *store, int code, const char *doing, tally_err *err);
/* The same for a failure that SQLite knows nothing of. */
tally_rc tally_sqlite_fail_with(tally_store *store, tally_rc rc, tally_err *err, const char *format,
                                ...) TALLY_PRINTF(4, 5);
/* The codes alone. */
tally_rc tally_sqlite_rc(int code);
/* From now on the store only answers TALLY_E_IO. */
void tally_sqlite_break(tally_store *store);
tally_rc tally_sqlite_check_usable(tally_store *store, tally_err *err);
/* Is no transaction open, and the store usable? */
tally_rc tally_sqlite_check_idle(tally_store *store, const char *doing, tally_err *err);
/* May this transaction be used now, for writing or only for reading? Gives back the row held. */
tally_rc tally_sqlite_enter(tally_store_transaction *transaction, bool is_writing, tally_err *err);

/* ---- statement.c ---- */

/* A prepared statement without bindings to be given back; a new one while a visit
 * further out runs the kept one. */
tally_rc tally_sqlite_take(tally_store *store, tally_sqlite_fixed fixed,
                           sqlite3_stmt **out_statement, tally_err *err);
tally_rc tally_sqlite_take_of(tally_store *store, tally_collection collection,
                              tally_sqlite_verb verb, sqlite3_stmt **out_statement, tally_err *err);
/* NULL is allowed. */
void tally_sqlite_give_back(tally_store *store, sqlite3_stmt *statement);
/* Step a statement that gives no row, and give it back. */
tally_rc tally_sqlite_finish(tally_store *store, sqlite3_stmt *statement, const char *doing,
                             tally_err *err);
void tally_sqlite_forget_statements(tally_store *store);
tally_text tally_sqlite_column(sqlite3_stmt *statement, int column);
/* An empty text is bound as an empty blob, not as NULL. */
int tally_sqlite_bind(sqlite3_stmt *statement, int parameter, tally_text text);
bool tally_sqlite_is_named(tally_collection collection);
const char *tally_sqlite_table(tally_collection collection);
/* Run SQL that gives no row or one of which the first column is an integer. */
tally_rc tally_sqlite_run(tally_store *store, const char *sql, int64_t *out_value, tally_err *err);

/* ---- schema.c ---- */

/* What brings a store from the version before forward by one. */
typedef struct tally_sqlite_step {
    const char *sql;
} tally_sqlite_step;

const tally_sqlite_step *tally_sqlite_schema_steps(void);

/* Run the steps that the store has not seen yet, each in a transaction of its own. A
 * store that has seen more is TALLY_E_INVALID, and so is an older one when it is only read. */
tally_rc tally_sqlite_migrate(tally_store *store, const tally_sqlite_step *steps, int step_count,
                              tally_err *err);

/* ---- lock.c ---- */

tally_rc tally_sqlite_lock(int *out_fd, const char *path, tally_err *err);
void tally_sqlite_unlock(int fd);

/* ---- memory.c ---- */

/* Let SQLite allocate through util/alloc.h and start it, once a process. */
tally_rc tally_sqlite_start(tally_err *err);

/* ---- chains.c: the heads of this store ---- */

/* Within an open transaction. Bring what is in memory to the transaction's state. */
tally_rc tally_sqlite_sync_heads(tally_store *store, tally_err *err);
tally_rc tally_sqlite_head(tally_store *store, int64_t subject, int64_t *out_sequence,
                           tally_err *err);
tally_rc tally_sqlite_set_head(tally_store *store, int64_t subject, int64_t sequence,
                               bool is_erasing, tally_err *err);
/* Write the chunks that this transaction has to write, then state. */
tally_rc tally_sqlite_flush_heads(tally_store *store, bool is_closing, tally_err *err);
tally_rc tally_sqlite_read_state(tally_store *store, tally_err *err);

/* ---- files.c ---- */

/* Make a name that was created, renamed or removed durable. */
tally_rc tally_sqlite_sync_folder_of(const char *path, tally_err *err);
/* Sync a file that is open nowhere else in this process: closing it would drop SQLite's locks. */
tally_rc tally_sqlite_sync_file(const char *path, tally_err *err);
/* Give a finished file its name. TALLY_E_CONFLICT: there is one already. */
tally_rc tally_sqlite_appear(const char *temporary, const char *path, tally_err *err);
/* An empty file of mode 0600 that was not there. */
tally_rc tally_sqlite_new_file(const char *path, tally_err *err);
bool tally_sqlite_is_there(const char *path);
/* Is it there and not an empty file? Readers leave empty logs. */
bool tally_sqlite_has_bytes(const char *path);
/* path with an ending, to be released; NULL: no memory. */
char *tally_sqlite_beside(const char *path, const char *ending);
/* The absolute path without links; the file itself need not exist when is_new. */
tally_rc tally_sqlite_resolve(char **out_path, const char *path, bool is_new, tally_err *err);

/* ---- open.c ---- */

/* A connection with our settings, nothing of it read yet. */
tally_rc tally_sqlite_connect(tally_store *store, const char *path, bool is_for_writing,
                              uint32_t busy_ms, tally_err *err);

/* ---- transaction.c ---- */

/* The file of the log, once something was read; NULL: it is not open. */
sqlite3_file *tally_sqlite_log(tally_store *store);

tally_rc tally_sqlite_commit(tally_store_transaction *transaction, bool is_closing, tally_err *err);

#endif
