/* SPDX-License-Identifier: Apache-2.0 */
/* Statements from the store: see statement.h. */

#include "ledger/statement.h"

#include "ledger/batch_record.h"
#include "ledger/organisation.h"
#include "ledger/source.h"
#include "ledger/subject_events.h"
#include "policy/publish.h"
#include "util/alloc.h"

/* ---- replaying ------------------------------------------------------------------- */

#define SOURCES_KEPT 32u /* of the sources of one subject's events; more are read again */

typedef struct viewing {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    tally_replay *replay;
    const tally_known *known; /* NULL: everything */
    int64_t late_batch;       /* the last one met that was not known then */
    uint32_t batch_count, batch_room;
    int64_t *batches;
    uint32_t source_count;
    tally_source_record sources[SOURCES_KEPT];
} viewing;

static tally_rc source_of(viewing *v, uint32_t number, const tally_source_record **out_source,
                          tally_err *err)
{
    tally_source_record *place;
    bool is_found = false;
    tally_rc rc;

    for (uint32_t i = 0; i < v->source_count; i++) {
        if (v->sources[i].number == number) {
            *out_source = &v->sources[i];
            return TALLY_OK;
        }
    }
    place = &v->sources[v->source_count < SOURCES_KEPT ? v->source_count : SOURCES_KEPT - 1];
    rc = tally_source_load(v->ledger, v->transaction, number, place, &is_found, err);
    if (rc != TALLY_OK)
        return rc;
    if (!is_found)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "source %u of an event is missing", number);
    if (v->source_count < SOURCES_KEPT)
        v->source_count++;
    *out_source = place;
    return TALLY_OK;
}

/* From when on does the batch of an event count as void? INT64_MAX: it does not. */
static tally_rc void_from(viewing *v, const tally_source_record *source, int64_t batch,
                          int64_t *out_ms, tally_err *err)
{
    tally_batch_record record;
    bool is_found = false;
    tally_rc rc;

    *out_ms = INT64_MAX;
    if (source->revocation_count == 0)
        return TALLY_OK;
    rc = tally_batch_record_load(v->ledger, v->transaction, batch, &record, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld of an event is missing",
                           (long long)batch);
    if (rc != TALLY_OK)
        return rc;
    *out_ms = tally_source_void_from_ms(source, record.number);
    tally_batch_record_free(&record);
    return TALLY_OK;
}

/* Events come newest first, so those of one batch come together. */
static tally_rc note_batch(viewing *v, int64_t batch, tally_err *err)
{
    if (v->batch_count > 0 && v->batches[v->batch_count - 1] == batch)
        return TALLY_OK;
    if (v->batch_count == v->batch_room) {
        uint32_t room = v->batch_room == 0 ? 16 : v->batch_room * 2;
        int64_t *grown = tally_realloc_array(v->batches, room, sizeof(*grown));

        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a subject's events");
        v->batches = grown;
        v->batch_room = room;
    }
    v->batches[v->batch_count++] = batch;
    return TALLY_OK;
}

/* Is the event of a batch that came after what was known? */
static tally_rc is_late(viewing *v, int64_t batch, bool *out_is_late, tally_err *err)
{
    tally_batch_record record;
    bool is_found = false;
    tally_rc rc;

    *out_is_late = v->late_batch == batch;
    /* Batches are known in order, and events come newest first. */
    if (v->known == NULL || *out_is_late || v->batch_count > 0)
        return TALLY_OK;
    rc = tally_batch_record_load(v->ledger, v->transaction, batch, &record, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld of an event is missing",
                           (long long)batch);
    if (rc != TALLY_OK)
        return rc;
    *out_is_late = record.log_index >= v->known->log_size;
    if (*out_is_late)
        v->late_batch = batch;
    tally_batch_record_free(&record);
    return TALLY_OK;
}

static tally_rc view_event(void *context, const tally_subject_event *event, bool *out_is_enough,
                           tally_err *err)
{
    viewing *v = context;
    const tally_source_record *source;
    int64_t void_ms;
    bool was_unknown;
    tally_rc rc = is_late(v, event->batch, &was_unknown, err);

    (void)out_is_enough;
    if (rc != TALLY_OK || was_unknown)
        return rc;
    rc = source_of(v, event->plain.source, &source, err);
    if (rc == TALLY_OK)
        rc = note_batch(v, event->batch, err);
    if (rc == TALLY_OK)
        rc = void_from(v, source, event->batch, &void_ms, err);
    if (rc == TALLY_OK)
        rc = tally_replay_add(v->replay, tally_text_from(source->name), event->plain.recorded_ms,
                              &event->event, err);
    if (rc == TALLY_OK && void_ms != INT64_MAX &&
        (v->known == NULL || void_ms <= v->known->as_of_ms))
        rc = tally_replay_revoke(v->replay, tally_text_from(source->name), &event->event, void_ms,
                                 err);
    return rc;
}

/* From when a member's receipt accepts a version; INT64_MAX: no receipt does. */
static int64_t accepted_ms(const tally_member *member, uint32_t version)
{
    for (uint32_t i = 0; i < member->policy_count; i++) {
        if (member->policies[i].version == version)
            return member->policies[i].from_ms;
    }
    return INT64_MAX;
}

void tally_member_binding(const tally_ledger *ledger, const tally_member *member,
                          int64_t out_from_ms[static TALLY_LEDGER_VERSIONS_MAX])
{
    bool is_waiting =
        false; /* for a receipt: then later versions, better than that one, wait too */

    for (uint32_t i = 0; i < ledger->policy->version_count; i++) {
        int64_t accepted = member != NULL ? accepted_ms(member, i + 1) : INT64_MAX;

        out_from_ms[i] = ledger->policy_begins_ms[i];
        if (member == NULL)
            continue;
        /* A worse version that was published after the member joined, or in the same instant, waits
         * for a receipt; the one that the member joined with stands in its record. */
        is_waiting = accepted == INT64_MAX &&
                     (is_waiting || (ledger->policy_is_worse[i] &&
                                     ledger->policy_published_ms[i] >= member->joined_ms));
        if (is_waiting)
            out_from_ms[i] = INT64_MAX;
        /* Whoever accepts a version accepts the ones before it, from then on. */
        for (uint32_t k = i; accepted != INT64_MAX; k--) {
            /* Accepted beforehand, it still begins on its day. */
            if (k == i || out_from_ms[k] == INT64_MAX)
                out_from_ms[k] =
                    accepted > ledger->policy_begins_ms[k] ? accepted : ledger->policy_begins_ms[k];
            if (k == 0)
                break;
        }
    }
}

tally_rc tally_subject_view_open(tally_subject_view *out_view, tally_ledger *ledger,
                                 tally_store_transaction *transaction, int64_t subject,
                                 const tally_member *member, tally_err *err)
{
    return tally_subject_view_open_known(out_view, ledger, transaction, subject, member, NULL, err);
}

tally_rc tally_subject_view_open_known(tally_subject_view *out_view, tally_ledger *ledger,
                                       tally_store_transaction *transaction, int64_t subject,
                                       const tally_member *member, const tally_known *known,
                                       tally_err *err)
{
    int64_t from_ms[TALLY_LEDGER_VERSIONS_MAX];
    tally_subject_view view = { .policy = NULL };
    viewing *v = tally_alloc_zeroed(sizeof(*v));
    tally_rc rc;

    if (v == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a subject's events");
    v->ledger = ledger;
    v->transaction = transaction;
    v->known = known;
    tally_member_binding(ledger, member, from_ms);
    for (uint32_t i = known != NULL ? known->policy : UINT32_MAX; i < ledger->policy->version_count;
         i++)
        from_ms[i] = INT64_MAX;
    rc = tally_policy_bind(&view.policy, ledger->policy, from_ms, err);
    if (rc == TALLY_OK)
        rc = tally_replay_new(&view.replay, view.policy, err);
    v->replay = view.replay;
    if (rc == TALLY_OK)
        rc = tally_subject_events(transaction, subject, member != NULL ? member->data_key : NULL,
                                  member != NULL ? member->rid : NULL, 0, view_event, v, err);
    if (rc == TALLY_OK)
        rc = tally_replay_finish(view.replay, true, err);
    view.batch_count = v->batch_count;
    view.batches = v->batches;
    tally_release(v);
    if (rc != TALLY_OK) {
        tally_subject_view_close(&view);
        return rc;
    }
    *out_view = view;
    return TALLY_OK;
}

void tally_subject_view_close(tally_subject_view *view)
{
    tally_replay_free(view->replay);
    tally_policy_free(view->policy);
    tally_release(view->batches);
    *view = (tally_subject_view){ .policy = NULL };
}

/* ---- statements --------------------------------------------------------------------- */

static tally_rc statement_of(tally_ledger *ledger, tally_store_transaction *transaction,
                             int64_t subject, const tally_member *member, tally_text name,
                             int64_t as_of_ms, tally_statement **out_statement, tally_err *err)
{
    tally_subject_view view;
    tally_rc rc = tally_subject_view_open(&view, ledger, transaction, subject, member, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_replay_statement(view.replay, name,
                                as_of_ms == TALLY_NOTHING ? tally_ledger_now_ms(ledger) : as_of_ms,
                                out_statement, err);
    tally_subject_view_close(&view);
    return rc;
}

tally_rc tally_ledger_own_statement(tally_ledger *ledger, tally_store_transaction *transaction,
                                    const tally_member *member, int64_t as_of_ms,
                                    tally_statement **out_statement, tally_err *err)
{
    return statement_of(ledger, transaction, member->subject, member,
                        tally_text_from(member->dids[member->did_count - 1]), as_of_ms,
                        out_statement, err);
}

typedef struct asking {
    const tally_statement_request *request;
    tally_member member;
    int64_t subject;
    bool is_found;
    tally_statement *statement;
} asking;

static tally_rc find_work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    const tally_text org = TALLY_TEXT("org:");
    asking *a = context;
    tally_text name = a->request->subject;
    tally_rc rc;

    if (!ledger->is_about_organisations)
        return tally_member_find(ledger, transaction, name, &a->member, &a->is_found, err);
    if (!tally_text_has_prefix(name, org))
        return TALLY_OK;
    rc = tally_organisation_subject(
        ledger, transaction, tally_text_slice(name, org.count, name.count), &a->subject, err);
    a->is_found = a->subject != 0;
    return rc;
}

static tally_rc tell_work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    asking *a = context;

    if (!ledger->is_about_organisations)
        return tally_ledger_own_statement(ledger, transaction, &a->member, a->request->as_of_ms,
                                          &a->statement, err);
    return statement_of(ledger, transaction, a->subject, NULL, a->request->subject,
                        a->request->as_of_ms, &a->statement, err);
}

tally_rc tally_subject_admit_reader(tally_ledger *ledger, const tally_statement_request *request,
                                    tally_member *out_member, int64_t *out_subject,
                                    tally_denial *denial, tally_err *err)
{
    static const tally_ticket no_ticket = { .role = "operator", .fields = "statement" };
    asking a = { .request = request };
    tally_rc rc = tally_ledger_run(ledger, false, find_work, &a, err);

    if (rc == TALLY_OK && !a.is_found)
        rc = tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_FOUND", "R19",
                        "check the did, or the org: id, that you were given",
                        "there is nothing about this subject");
    if (rc == TALLY_OK && !ledger->is_about_organisations)
        rc = tally_access_log(ledger, &a.member,
                              request->ticket != NULL ? request->ticket : &no_ticket, denial, err);
    if (rc == TALLY_OK) {
        *out_member = a.member;
        *out_subject = a.subject;
    }
    tally_member_wipe(&a.member);
    return rc;
}

tally_rc tally_ledger_statement(tally_ledger *ledger, const tally_statement_request *request,
                                tally_statement **out_statement, tally_denial *denial,
                                tally_err *err)
{
    asking a = { .request = request };
    tally_rc rc = tally_subject_admit_reader(ledger, request, &a.member, &a.subject, denial, err);

    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, false, tell_work, &a, err);
    tally_member_wipe(&a.member);
    if (rc == TALLY_OK)
        *out_statement = a.statement;
    return rc;
}
