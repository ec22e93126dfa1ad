/* SPDX-License-Identifier: Apache-2.0 */
/* Events and their chains. */

#include <inttypes.h>

#include "store/sqlite/internal.h"

static tally_rc check_subject(int64_t subject, tally_err *err)
{
    if (subject < 1)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a subject's number is 1 or above");
    if (subject > TALLY_STORE_SUBJECT_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "there are at most %" PRId64 " subjects",
                             TALLY_STORE_SUBJECT_MAX);
    return TALLY_OK;
}

static tally_rc broken_chain(tally_store *store, int64_t sequence, tally_err *err)
{
    return tally_sqlite_fail_with(store, TALLY_E_CORRUPT, err,
                                  "%s: the chain of events is broken at event %" PRId64,
                                  store->path, sequence);
}

/* ---- appending ---- */

static tally_rc check_events(const tally_store_transaction *transaction,
                             const tally_stored_event *events, size_t event_count, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (event_count > TALLY_STORE_TRANSACTION_EVENTS_MAX - transaction->event_count)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a transaction appends at most %u events",
                             TALLY_STORE_TRANSACTION_EVENTS_MAX);
    if (transaction->state.last_sequence > INT64_MAX - (int64_t)event_count)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "no sequence numbers are left");
    for (size_t i = 0; rc == TALLY_OK && i < event_count; i++) {
        rc = check_subject(events[i].subject, err);
        if (rc == TALLY_OK && events[i].sealed.count > TALLY_STORE_VALUE_BYTES_MAX)
            rc = tally_err_set(err, TALLY_E_LIMIT, 0, "an event of %zu bytes, and at most %zu fit",
                               events[i].sealed.count, TALLY_STORE_VALUE_BYTES_MAX);
    }
    return rc;
}

static int append_row(sqlite3_stmt *statement, const tally_stored_event *event, int64_t sequence,
                      int64_t previous)
{
    int code = sqlite3_bind_int64(statement, 1, sequence);

    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, previous);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, event->subject);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 4, event->batch);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 5, event->position);
    if (code == SQLITE_OK)
        code = tally_sqlite_bind(statement, 6, event->sealed);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE) {
        (void)sqlite3_reset(statement);
        return code;
    }
    return sqlite3_reset(statement);
}

static tally_rc append_event(tally_store_transaction *transaction, sqlite3_stmt *statement,
                             const tally_stored_event *event, tally_err *err)
{
    tally_store *store = transaction->store;
    int64_t sequence = transaction->state.last_sequence + 1; /* check_events() saw to the range. */
    int64_t previous = 0;
    tally_rc rc = tally_sqlite_head(store, event->subject, &previous, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = append_row(statement, event, sequence, previous);
    if (code != SQLITE_OK)
        return tally_sqlite_fail(store, code, "appending an event", err);
    rc = tally_sqlite_set_head(store, event->subject, sequence, false, err);
    if (rc != TALLY_OK)
        return rc;
    transaction->state.last_sequence = store->heads.through = sequence;
    transaction->has_changed_state = true;
    transaction->event_count++;
    return TALLY_OK;
}

tally_rc tally_store_append(tally_store_transaction *transaction, const tally_stored_event *events,
                            size_t event_count, tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_enter(transaction, true, err);

    if (rc == TALLY_OK)
        rc = check_events(transaction, events, event_count, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_take(store, TALLY_SQLITE_EVENT_APPEND, &statement, err);
    for (size_t i = 0; rc == TALLY_OK && i < event_count; i++)
        rc = append_event(transaction, statement, &events[i], err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

/* ---- reading ---- */

static tally_rc read_event(tally_store *store, sqlite3_stmt *statement, tally_stored_event *out,
                           tally_err *err)
{
    int64_t position = sqlite3_column_int64(statement, 4);

    *out = (tally_stored_event){ .sequence = sqlite3_column_int64(statement, 0),
                                 .previous = sqlite3_column_int64(statement, 1),
                                 .subject = sqlite3_column_int64(statement, 2),
                                 .batch = sqlite3_column_int64(statement, 3),
                                 .position = (uint32_t)position,
                                 .sealed = tally_sqlite_column(statement, 5) };
    if (out->previous < 0 || out->previous >= out->sequence || position < 0 ||
        position > UINT32_MAX)
        return broken_chain(store, out->sequence, err);
    return TALLY_OK;
}

static tally_rc visit_event(tally_store_transaction *transaction, const tally_stored_event *event,
                            tally_store_visit_event visit, void *context, bool *out_is_enough,
                            tally_err *err)
{
    tally_rc rc;

    transaction->visit_depth++;
    rc = visit(context, event, out_is_enough, err);
    transaction->visit_depth--;
    return rc == TALLY_OK ? transaction->failure : rc;
}

static tally_rc walk_chain(tally_store_transaction *transaction, sqlite3_stmt *statement,
                           int64_t head, int64_t subject, uint64_t limit,
                           tally_store_visit_event visit, void *context, tally_err *err)
{
    tally_store *store = transaction->store;
    int64_t sequence = head;
    bool is_enough = false;
    tally_rc rc = TALLY_OK;

    for (uint64_t seen = 0;
         rc == TALLY_OK && sequence > 0 && !is_enough && (limit == 0 || seen < limit); seen++) {
        tally_stored_event event;
        int code = sqlite3_bind_int64(statement, 1, sequence);

        if (code == SQLITE_OK)
            code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            return broken_chain(store, sequence, err);
        if (code != SQLITE_ROW)
            return tally_sqlite_fail(store, code, "reading events", err);
        rc = read_event(store, statement, &event, err);
        if (rc == TALLY_OK && event.subject != subject)
            rc = broken_chain(store, sequence, err);
        if (rc == TALLY_OK)
            rc = visit_event(transaction, &event, visit, context, &is_enough, err);
        /* Each step goes back in time, so that this ends. */
        sequence = event.previous;
        (void)sqlite3_reset(statement);
    }
    return rc;
}

tally_rc tally_store_subject_events(tally_store_transaction *transaction, int64_t subject,
                                    uint64_t limit, tally_store_visit_event visit, void *context,
                                    tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    int64_t head = 0;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);

    if (rc == TALLY_OK)
        rc = check_subject(subject, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_head(store, subject, &head, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_take(store, TALLY_SQLITE_EVENT_GET, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    rc = walk_chain(transaction, statement, head, subject, limit, visit, context, err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

tally_rc tally_store_all_events(tally_store_transaction *transaction, int64_t from_sequence,
                                tally_store_visit_event visit, void *context, tally_err *err)
{
    tally_store *store = transaction->store;
    sqlite3_stmt *statement = NULL;
    bool is_enough = false;
    tally_rc rc = tally_sqlite_enter(transaction, false, err);
    int code;

    if (rc == TALLY_OK)
        rc = tally_sqlite_take(store, TALLY_SQLITE_EVENT_SCAN, &statement, err);
    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, from_sequence);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (rc == TALLY_OK && code == SQLITE_ROW && !is_enough) {
        tally_stored_event event;

        rc = read_event(store, statement, &event, err);
        if (rc == TALLY_OK)
            rc = visit_event(transaction, &event, visit, context, &is_enough, err);
        if (rc == TALLY_OK && !is_enough)
            code = sqlite3_step(statement);
    }
    if (rc == TALLY_OK && !is_enough && code != SQLITE_DONE)
        rc = tally_sqlite_fail(store, code, "reading events", err);
    tally_sqlite_give_back(store, statement);
    return rc;
}

/* ---- erasing ---- */

/* Whose an event is and what was before it; found only when it is there. */
static tally_rc read_link(tally_store *store, int64_t sequence, bool *out_is_found,
                          int64_t *out_previous, int64_t *out_subject, tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, TALLY_SQLITE_EVENT_LINK, &statement, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, sequence);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *out_is_found = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        *out_previous = sqlite3_column_int64(statement, 0);
        *out_subject = sqlite3_column_int64(statement, 1);
        if (*out_previous < 0 || *out_previous >= sequence || *out_subject < 1 ||
            *out_subject > TALLY_STORE_SUBJECT_MAX)
            rc = broken_chain(store, sequence, err);
    } else if (code != SQLITE_DONE) {
        rc = tally_sqlite_fail(store, code, "reading events", err);
    }
    tally_sqlite_give_back(store, statement);
    return rc;
}

static tally_rc change_event(tally_store *store, tally_sqlite_fixed verb, int64_t sequence,
                             int64_t previous, tally_err *err)
{
    sqlite3_stmt *statement = NULL;
    tally_rc rc = tally_sqlite_take(store, verb, &statement, err);
    int code;

    if (rc != TALLY_OK)
        return rc;
    code = sqlite3_bind_int64(statement, 1, sequence);
    if (code == SQLITE_OK && verb == TALLY_SQLITE_EVENT_RELINK)
        code = sqlite3_bind_int64(statement, 2, previous);
    if (code != SQLITE_OK) {
        tally_sqlite_give_back(store, statement);
        return tally_sqlite_fail(store, code, "erasing events", err);
    }
    return tally_sqlite_finish(store, statement, "erasing events", err);
}

tally_rc tally_store_erase_subject(tally_store_transaction *transaction, int64_t subject,
                                   uint64_t *out_event_count, tally_err *err)
{
    tally_store *store = transaction->store;
    int64_t head = 0, previous = 0, of_subject = 0;
    uint64_t event_count = 0;
    bool is_found = false;
    tally_rc rc = tally_sqlite_enter(transaction, true, err);

    if (rc == TALLY_OK)
        rc = check_subject(subject, err);
    if (rc == TALLY_OK)
        rc = tally_sqlite_head(store, subject, &head, err);
    for (int64_t sequence = head; rc == TALLY_OK && sequence > 0; sequence = previous) {
        rc = read_link(store, sequence, &is_found, &previous, &of_subject, err);
        if (rc == TALLY_OK && (!is_found || of_subject != subject))
            rc = broken_chain(store, sequence, err);
        if (rc == TALLY_OK)
            rc = change_event(store, TALLY_SQLITE_EVENT_DELETE, sequence, 0, err);
        event_count++;
    }
    if (rc == TALLY_OK && event_count > 0)
        rc = tally_sqlite_set_head(store, subject, 0, true, err);
    if (rc == TALLY_OK && out_event_count != NULL)
        *out_event_count = event_count;
    return rc;
}

/* Make the subject's next event follow the one before `sequence`. */
static tally_rc link_around(tally_store *store, int64_t sequence, int64_t previous, int64_t subject,
                            tally_err *err)
{
    int64_t at = 0, before = 0, of_subject = 0;
    bool is_found = false;
    tally_rc rc = tally_sqlite_head(store, subject, &at, err);

    if (rc == TALLY_OK && at == sequence)
        return tally_sqlite_set_head(store, subject, previous, true, err);
    while (rc == TALLY_OK) {
        if (at <= sequence)
            return broken_chain(store, sequence, err);
        rc = read_link(store, at, &is_found, &before, &of_subject, err);
        if (rc == TALLY_OK && (!is_found || of_subject != subject))
            return broken_chain(store, at, err);
        if (rc == TALLY_OK && before == sequence)
            return change_event(store, TALLY_SQLITE_EVENT_RELINK, at, previous, err);
        at = before;
    }
    return rc;
}

tally_rc tally_store_erase_event(tally_store_transaction *transaction, int64_t sequence,
                                 tally_err *err)
{
    tally_store *store = transaction->store;
    int64_t previous = 0, subject = 0;
    bool is_found = false;
    tally_rc rc = tally_sqlite_enter(transaction, true, err);

    if (rc == TALLY_OK)
        rc = read_link(store, sequence, &is_found, &previous, &subject, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    rc = link_around(store, sequence, previous, subject, err);
    if (rc == TALLY_OK)
        rc = change_event(store, TALLY_SQLITE_EVENT_DELETE, sequence, 0, err);
    return rc;
}
