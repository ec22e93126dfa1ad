/* SPDX-License-Identifier: Apache-2.0 */
/* Where each subject's chain begins: keeping what is in memory and what is stored
 * in step. internal.h says how the two go together. */

#include "store/sqlite/internal.h"

/* The tail that opening has to read again grows with the number of subjects, as
 * does what a checkpoint of the heads writes: below 5 % of what the events take up to
 * a million subjects. */
#define INTERVAL_MIN ((int64_t)1 << 16)
#define INTERVAL_MAX ((int64_t)1 << 20)

static tally_rc corrupt_heads(tally_store *store, tally_err *err)
{
    return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                  "%s: the stored heads of the chains are damaged", store->path);
}

tally_rc tally_sqlite_read_state(tally_store *store, tally_err *err)
{
    tally_sqlite_state *state = &store->transaction.state;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_STATE_GET, &statement, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        state->last_sequence = sqlite3_column_int64(statement, 0);
        state->heads_through = sqlite3_column_int64(statement, 1);
        state->erasures = sqlite3_column_int64(statement, 2);
    } else if (code != SQLITE_DONE) {
        rc = tally_sqlite_fail(store, code, "beginning a transaction", err);
    }
    tally_sqlite_give_back(store, statement);
    if (rc == TALLY_OK && (code == SQLITE_DONE || state->heads_through < 0 ||
                           state->heads_through > state->last_sequence || state->erasures < 0))
        rc = corrupt_heads(store, err);
    return rc;
}

/* ---- from the files into memory ---- */

static tally_rc read_chunk(tally_store *store, tally_heads_chunk *chunk, int64_t subject,
                           tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_HEADS_GET, &statement, err);
    tally_text bytes;
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, subject / TALLY_HEADS_A_CHUNK);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        bytes = tally_sqlite_column(statement, 0);
        if (bytes.count != TALLY_HEADS_CHUNK_BYTES ||
            tally_heads_read(chunk, (const uint8_t *)bytes.bytes,
                             store->transaction.state.last_sequence) != TALLY_OK)
            rc = corrupt_heads(store, err);
    } else if (code != SQLITE_DONE) {
        rc = tally_sqlite_fail(store, code, "finding a chain", err);
    }
    tally_sqlite_give_back(store, statement);
    return rc;
}

/* Every event after the one that the stored chunk is right for either belongs to no
 * subject of the chunk or had the chunk brought to memory when it was seen. */
static tally_rc need_chunk(tally_store *store, int64_t subject, tally_err *err)
{
    tally_heads_chunk read = { 0 };
    tally_heads_chunk *chunk;
    tally_rc rc;

    if (tally_heads_chunk_of(&store->heads, subject) != NULL)
        return TALLY_OK;
    rc = read_chunk(store, &read, subject, err);
    if (rc != TALLY_OK)
        return rc;
    chunk = tally_heads_add_chunk(&store->heads, subject);
    if (chunk == NULL)
        return tally_sqlite_fail_with(store, TALLY_E_NOMEM, err, "no memory for the chains of %s",
                                      store->path);
    *chunk = read;
    return TALLY_OK;
}

static tally_rc read_tail(tally_store *store, sqlite3_stmt *statement, tally_err *err)
{
    tally_heads *heads = &store->heads;
    tally_rc rc = TALLY_OK;
    int code = sqlite3_bind_int64(statement, 1, heads->through);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    for (; rc == TALLY_OK && code == SQLITE_ROW; code = sqlite3_step(statement)) {
        int64_t sequence = sqlite3_column_int64(statement, 0);
        int64_t subject = sqlite3_column_int64(statement, 1);

        if (subject < 1 || subject > TALLY_STORE_SUBJECT_MAX ||
            sequence > store->transaction.state.last_sequence)
            return corrupt_heads(store, err);
        rc = need_chunk(store, subject, err);
        if (rc != TALLY_OK)
            return rc;
        /* A chunk that an erasure stored is ahead of the tail. */
        if (sequence > tally_heads_get(heads, subject))
            tally_heads_put(heads, subject, sequence);
        heads->through = sequence;
    }
    if (rc == TALLY_OK && code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "reading the latest events", err);
    return rc;
}

tally_rc tally_sqlite_sync_heads(tally_store *store, tally_err *err)
{
    const tally_sqlite_state *state = &store->transaction.state;
    tally_heads *heads = &store->heads;
    sqlite3_stmt *statement = NULL;
    tally_rc rc;

    if (store->heads_erasures != state->erasures || heads->through < state->heads_through) {
        /* Only readers come here with anything in memory: a writer knows all. */
        tally_heads_clear(heads);
        heads->through = state->heads_through;
        store->heads_erasures = state->erasures;
    }
    if (heads->through == state->last_sequence)
        return TALLY_OK;
    rc = tally_sqlite_take(store, TALLY_SQLITE_TAIL, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    rc = read_tail(store, statement, err);
    tally_sqlite_give_back(store, statement);
    /* The newest events may have been erased. */
    if (rc == TALLY_OK)
        heads->through = state->last_sequence;
    return rc;
}

tally_rc tally_sqlite_head(tally_store *store, int64_t subject, int64_t *out_sequence,
                           tally_err *err)
{
    tally_rc rc = tally_sqlite_sync_heads(store, err);

    if (rc == TALLY_OK)
        rc = need_chunk(store, subject, err);
    if (rc == TALLY_OK)
        *out_sequence = tally_heads_get(&store->heads, subject);
    return rc;
}

tally_rc tally_sqlite_set_head(tally_store *store, int64_t subject, int64_t sequence,
                               bool is_erasing, tally_err *err)
{
    if (tally_heads_change_to(&store->heads, subject, sequence) != TALLY_OK)
        return tally_sqlite_fail_with(store, TALLY_E_NOMEM, err, "no memory for the chains of %s",
                                      store->path);
    if (is_erasing) {
        tally_heads_chunk_of(&store->heads, subject)->is_due = true;
        store->transaction.has_erased = true;
    }
    return TALLY_OK;
}

/* ---- from memory into the files ---- */

static tally_rc write_chunk(tally_store *store, size_t index, tally_err *err)
{
    uint8_t bytes[TALLY_HEADS_CHUNK_BYTES];
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_HEADS_PUT, &statement, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    tally_heads_save(store->heads.chunks[index], bytes);
    code = sqlite3_bind_int64(statement, 1, (int64_t)index);
    if (code == SQLITE_OK)
        code = tally_sqlite_bind(statement, 2, tally_text_of((const char *)bytes, sizeof(bytes)));
    if (code != SQLITE_OK) {
        tally_sqlite_give_back(store, statement);
        return tally_sqlite_fail(store, code, "keeping the heads of the chains", err);
    }
    return tally_sqlite_finish(store, statement, "keeping the heads of the chains", err);
}

static tally_rc write_state(tally_store *store, tally_err *err)
{
    const tally_sqlite_state *state = &store->transaction.state;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_STATE_PUT, &statement, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, state->last_sequence);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, state->heads_through);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, state->erasures);
    if (code != SQLITE_OK) {
        tally_sqlite_give_back(store, statement);
        return tally_sqlite_fail(store, code, "committing", err);
    }
    return tally_sqlite_finish(store, statement, "committing", err);
}

static int64_t interval_of(const tally_store *store)
{
    int64_t subjects = store->heads.subject_last;

    if (store->heads_interval > 0)
        return store->heads_interval;
    return subjects < INTERVAL_MIN   ? INTERVAL_MIN
           : subjects > INTERVAL_MAX ? INTERVAL_MAX
                                     : subjects;
}

tally_rc tally_sqlite_flush_heads(tally_store *store, bool is_closing, tally_err *err)
{
    tally_store_transaction *transaction = &store->transaction;
    tally_sqlite_state *state = &transaction->state;
    bool is_all = is_closing || state->last_sequence - state->heads_through >= interval_of(store);
    tally_rc rc = TALLY_OK;

    if (!transaction->has_changed_state && !transaction->has_erased && !is_closing)
        return TALLY_OK;
    if (transaction->has_erased)
        state->erasures++; /* One a transaction never overflows. */
    if (is_all)
        state->heads_through = state->last_sequence;
    for (size_t i = 0;
         rc == TALLY_OK && i < store->heads.chunk_room && (is_all || transaction->has_erased);
         i++) {
        const tally_heads_chunk *chunk = store->heads.chunks[i];

        if (chunk != NULL && chunk->is_dirty && (is_all || chunk->is_due))
            rc = write_chunk(store, i, err);
    }
    return rc == TALLY_OK ? write_state(store, err) : rc;
}
