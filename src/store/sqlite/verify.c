/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a store as it is in its files. */

#include <inttypes.h>
#include <string.h>

#include "store/sqlite/internal.h"

/* SQLite reports a page that it could not read, for whatever reason, as if it were a
 * damaged one: what the system refused is not our bytes' fault. */
static tally_rc rc_of_finding(tally_text finding)
{
    static const char marks[][16] = { "error code=", "error code " };

    for (size_t at = 0; at < finding.count; at++) {
        tally_text rest = tally_text_slice(finding, at, finding.count);

        if (tally_text_has_prefix(rest, TALLY_TEXT("failed to get page")))
            return TALLY_E_IO;
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
            int64_t code;

            if (tally_text_has_prefix(rest, tally_text_from(marks[i])) &&
                tally_text_parse_i64(&code, tally_text_slice(rest, strlen(marks[i]), rest.count), 1,
                                     INT32_MAX) == TALLY_OK)
                return tally_sqlite_rc((int)code);
        }
    }
    return TALLY_E_CORRUPT;
}

static tally_rc check_files(tally_store *store, tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    tally_text word;
    tally_rc rc = TALLY_OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW) {
        rc = tally_sqlite_fail(store, code, "checking", err);
    } else {
        word = tally_sqlite_column(statement, 0);
        if (!tally_text_is(word, "ok")) {
            rc = rc_of_finding(word);
            rc = tally_sqlite_fail_with(store, rc, err, "%s %s: %.*s", store->path,
                                        rc == TALLY_E_CORRUPT ? "is damaged" : "cannot be read",
                                        TALLY_TEXT_ARGS(word));
        }
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* ---- chains ---- */

typedef struct chain_check {
    tally_store *store;
    tally_heads last; /* of each subject, as the events say it */
} chain_check;

static tally_rc no_memory(tally_store *store, tally_err *err)
{
    return tally_sqlite_fail_with(store, TALLY_E_NOMEM, err, "no memory for checking %s",
                                  store->path);
}

/* Oldest first: each event must name the one of its subject that we saw last. */
static tally_rc check_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                            tally_err *err)
{
    chain_check *check = context;
    tally_store *store = check->store;

    (void)out_is_enough;
    if (event->subject < 1 || event->subject > TALLY_STORE_SUBJECT_MAX)
        return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                      "%s: event %" PRId64 " is of no possible subject",
                                      store->path, event->sequence);
    if (tally_heads_chunk_of(&check->last, event->subject) == NULL &&
        tally_heads_add_chunk(&check->last, event->subject) == NULL)
        return no_memory(store, err);
    if (event->previous != tally_heads_get(&check->last, event->subject))
        return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                      "%s: event %" PRId64 " says that event %" PRId64
                                      " came before it, and it was %" PRId64,
                                      store->path, event->sequence, event->previous,
                                      tally_heads_get(&check->last, event->subject));
    if (event->sequence > store->transaction.state.last_sequence)
        return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                      "%s: event %" PRId64 " has a number that was never given",
                                      store->path, event->sequence);
    tally_heads_put(&check->last, event->subject, event->sequence);
    return TALLY_OK;
}

static tally_rc check_heads_of_chunk(chain_check *check, size_t index, tally_err *err)
{
    tally_store *store = check->store;

    for (int64_t i = 0; i < TALLY_HEADS_A_CHUNK; i++) {
        int64_t subject = (int64_t)index * TALLY_HEADS_A_CHUNK + i;
        const tally_heads_chunk *seen = tally_heads_chunk_of(&check->last, subject);
        int64_t last = seen != NULL ? seen->sequences[i] : 0;
        int64_t head = 0;
        tally_rc rc = tally_sqlite_head(store, subject, &head, err);

        if (rc != TALLY_OK)
            return rc;
        if (head != last)
            return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                          "%s: the chain of subject %" PRId64
                                          " begins at event %" PRId64 " and is kept as %" PRId64,
                                          store->path, subject, last, head);
    }
    return TALLY_OK;
}

/* Of the chunks that there are in some heads. */
static tally_rc check_chunks(chain_check *check, const tally_heads *heads, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < heads->chunk_room; i++) {
        if (heads->chunks[i] != NULL)
            rc = check_heads_of_chunk(check, i, err);
    }
    return rc;
}

/* Chunks that are stored, among them such as no event would lead to. */
static tally_rc check_stored_chunks(chain_check *check, tally_err *err)
{
    tally_store *store = check->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_HEADS_ALL, &statement, err);
    int code = SQLITE_DONE;

    while (rc == TALLY_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t index = sqlite3_column_int64(statement, 0);

        if (index < 0 || index > TALLY_STORE_SUBJECT_MAX / TALLY_HEADS_A_CHUNK)
            rc = tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                        "%s: the stored heads of the chains are damaged",
                                        store->path);
        else
            rc = check_heads_of_chunk(check, (size_t)index, err);
    }
    if (rc == TALLY_OK && code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "checking", err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

static tally_rc check_chains(tally_store *store, tally_store_transaction *transaction,
                             tally_err *err)
{
    chain_check check = { .store = store };
    tally_heads in_memory = store->heads;
    tally_rc rc;

    /* What the files say about the heads, as the next process will read it. */
    store->heads = (tally_heads){ 0 };
    rc = tally_store_all_events(transaction, INT64_MIN, check_event, &check, err);
    if (rc == TALLY_OK)
        rc = check_stored_chunks(&check, err);
    if (rc == TALLY_OK)
        rc = check_chunks(&check, &check.last, err);
    tally_heads_clear(&store->heads);
    store->heads = in_memory;
    /* What this process goes by. */
    if (rc == TALLY_OK)
        rc = tally_sqlite_sync_heads(store, err);
    if (rc == TALLY_OK)
        rc = check_chunks(&check, &store->heads, err);
    tally_heads_clear(&check.last);
    return rc;
}

tally_rc tally_store_verify(tally_store *store, tally_err *err)
{
    tally_store_transaction *transaction = NULL;
    tally_rc rc = tally_sqlite_check_idle(store, "checking", err);

    if (rc == TALLY_OK)
        rc = tally_store_begin(&transaction, store, false, err);
    if (rc != TALLY_OK)
        return rc;
    rc = check_files(store, err);
    if (rc == TALLY_OK)
        rc = check_chains(store, transaction, err);
    tally_store_rollback(transaction);
    return rc;
}
