/* SPDX-License-Identifier: Apache-2.0 */
/* The sweeper. Each step is one transaction over a few hundred rows, again and again until
 * there is nothing left to do in it. */

#include "ledger/sweep.h"

#include "ledger/access.h"
#include "ledger/admit.h"
#include "ledger/batch_record.h"
#include "ledger/leave.h"
#include "ledger/leaves.h"
#include "ledger/receipt.h"
#include "ledger/record.h"
#include "ledger/sweep_backups.h"
#include "util/alloc.h"
#include "util/bytes.h"
#include "util/civil.h"

#define ROW_ARENA  ((size_t)1 << 20)
#define META_SWEPT TALLY_TEXT("swept")

typedef struct sweeping {
    int64_t now_ms;
    int64_t old_ms;    /* 24 months ago */
    int64_t events_ms; /* events recorded before this go */
    int64_t cursor;    /* the key to go on from */
    uint64_t done;     /* in this transaction */
    bool is_finished;  /* with this step */
    tally_sweep_report *report;
} sweeping;

typedef tally_rc (*step)(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err);

/* What ran out is gone from the record as well, which says so: nothing goes from it unsaid. */
static tally_rc record_erasure(tally_ledger *ledger, tally_store_transaction *transaction,
                               const sweeping *self, const char *what, size_t count, tally_err *err)
{
    tally_fact_record fact = { .type = "erasure", .at_ms = self->now_ms };
    tally_buffer body;
    tally_jcs jcs;
    tally_rc rc;

    if (count == 0)
        return TALLY_OK;
    tally_buffer_init(&body, 256);
    tally_jcs_init(&jcs, &body);
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "count", (int64_t)count);
    tally_jcs_member_string(&jcs, "what", what);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    fact.body = tally_buffer_text(&body);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&body);
    return rc;
}

/* ---- receipts, and members without any ---- */

typedef struct found_receipts {
    sweeping *self;
    tally_arena *arena;
    size_t seen, count;
    tally_receipt_row rows[TALLY_SWEEP_ROWS];
} found_receipts;

static tally_rc look_at_receipt(void *context, int64_t key, tally_text value, bool *out_is_enough,
                                tally_err *err)
{
    found_receipts *found = context;
    tally_receipt_row row;
    tally_rc rc = tally_receipt_parse(key, value, found->arena, &row, err);
    int64_t end_ms;

    if (rc != TALLY_OK)
        return rc;
    end_ms = row.ended_ms < row.lapses_ms ? row.ended_ms : row.lapses_ms;
    if (end_ms <= found->self->old_ms)
        found->rows[found->count++] = row;
    found->self->cursor = key + 1;
    *out_is_enough = ++found->seen == TALLY_SWEEP_ROWS;
    return TALLY_OK;
}

/* Somebody whose last receipt ended two years ago: nothing of it has a reason to be here. */
static tally_rc erase_forgotten(tally_ledger *ledger, tally_store_transaction *transaction,
                                int64_t subject, sweeping *self, tally_err *err)
{
    int64_t numbers[TALLY_RECEIPTS_MAX];
    tally_certificate certificate;
    tally_member member;
    size_t count = 0;
    bool is_found = false;
    tally_rc rc = tally_receipt_numbers(transaction, subject, numbers, &count, err);

    if (rc == TALLY_OK && count == 0)
        rc = tally_member_load(ledger, transaction, subject, &member, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    rc = tally_erase_member(ledger, transaction, &member, self->now_ms, &certificate, err);
    if (rc == TALLY_OK)
        rc = tally_erase_note(ledger, transaction, &member, self->now_ms, err);
    tally_member_wipe(&member);
    tally_admit_forget(ledger, subject);
    self->report->members++;
    return rc;
}

static tally_rc sweep_receipts(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    found_receipts *found = tally_alloc_zeroed(sizeof(*found));
    sweeping *self = context;
    tally_rc rc = TALLY_E_NOMEM;

    if (found != NULL) {
        found->self = self;
        found->arena = tally_arena_new((size_t)TALLY_SWEEP_ROWS * ROW_ARENA);
    }
    if (found == NULL || found->arena == NULL)
        (void)tally_err_set(err, rc, 0, "sweeping receipts");
    else
        rc = tally_store_scan(transaction, TALLY_STORE_RECEIPTS, self->cursor, look_at_receipt,
                              found, err);
    for (size_t i = 0; rc == TALLY_OK && i < found->count; i++) {
        const tally_receipt_row *row = &found->rows[i];

        rc = tally_receipt_delete(transaction, row, err);
        if (rc == TALLY_OK)
            rc = tally_record_erase(transaction, row->subject, row->entry, err);
        if (rc == TALLY_OK)
            rc = erase_forgotten(ledger, transaction, row->subject, self, err);
    }
    if (rc == TALLY_OK)
        rc = record_erasure(ledger, transaction, self, "receipts", found->count, err);
    if (rc == TALLY_OK) {
        self->report->receipts += found->count;
        self->done = found->count;
        self->is_finished = found->seen < TALLY_SWEEP_ROWS;
    }
    if (found != NULL)
        tally_arena_free(found->arena);
    tally_release(found);
    return rc;
}

/* ---- events ---- */

typedef struct found_events {
    size_t count;
    int64_t sequences[TALLY_SWEEP_ROWS];
    tally_leaf_place places[TALLY_SWEEP_ROWS];
} found_events;

static tally_rc take_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    found_events *found = context;

    (void)err;
    found->sequences[found->count] = event->sequence;
    found->places[found->count++] = (tally_leaf_place){ event->batch, event->position };
    *out_is_enough = found->count == TALLY_SWEEP_ROWS;
    return TALLY_OK;
}

/* Batches are recorded in order, so from the first young one on all are. */
static tally_rc count_old(tally_ledger *ledger, tally_store_transaction *transaction,
                          const found_events *found, int64_t limit_ms, size_t *out_count,
                          tally_err *err)
{
    *out_count = 0;
    for (size_t i = 0; i < found->count; i++) {
        int64_t batch = found->places[i].batch, recorded_ms;
        tally_batch_record record;
        bool is_found;
        tally_rc rc;

        if (i > 0 && found->places[i - 1].batch == batch) {
            *out_count = i + 1;
            continue;
        }
        rc = tally_batch_record_load(ledger, transaction, batch, &record, &is_found, err);
        if (rc != TALLY_OK)
            return rc;
        if (!is_found)
            return tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld is missing",
                                 (long long)batch);
        recorded_ms = record.recorded_ms;
        tally_batch_record_free(&record);
        if (recorded_ms > limit_ms)
            return TALLY_OK;
        *out_count = i + 1;
    }
    return TALLY_OK;
}

/* That events ran out after a snapshot: an auditor cannot compute it again. */
static tally_rc note_swept(tally_store_transaction *transaction, int64_t now_ms, tally_err *err)
{
    uint8_t bytes[8];

    tally_write_u64(bytes, (uint64_t)now_ms);
    return tally_store_name(transaction, TALLY_STORE_META, META_SWEPT,
                            tally_text_of((const char *)bytes, sizeof(bytes)), err);
}

tally_rc tally_sweep_last(tally_store_transaction *transaction, int64_t *out_ms, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_find(transaction, TALLY_STORE_META, META_SWEPT, &value, &is_found, err);

    *out_ms = INT64_MIN;
    if (rc != TALLY_OK || !is_found)
        return rc;
    if (value.count != 8)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the instant of the last sweep is damaged");
    *out_ms = (int64_t)tally_read_u64((const uint8_t *)value.bytes);
    return TALLY_OK;
}

static tally_rc sweep_events(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    found_events *found = tally_alloc_zeroed(sizeof(*found));
    sweeping *self = context;
    size_t count = 0;
    tally_rc rc;

    if (found == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "sweeping events");
    rc = tally_store_all_events(transaction, 1, take_event, found, err);
    if (rc == TALLY_OK)
        rc = count_old(ledger, transaction, found, self->events_ms, &count, err);
    if (rc == TALLY_OK)
        rc = tally_leaves_clear_marks(transaction, found->places, count, err);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++)
        rc = tally_store_erase_event(transaction, found->sequences[i], err);
    if (rc == TALLY_OK && count > 0)
        rc = note_swept(transaction, self->now_ms, err);
    if (rc == TALLY_OK && count > 0)
        tally_admit_forget(ledger, 0);
    tally_release(found);
    self->report->events += count;
    self->done = count;
    self->is_finished = count < TALLY_SWEEP_ROWS;
    return rc;
}

/* ---- accesses ---- */

typedef struct found_numbers {
    sweeping *self;
    size_t seen, count;
    int64_t numbers[TALLY_SWEEP_ROWS];
} found_numbers;

static tally_rc look_at_access(void *context, int64_t key, tally_text value, bool *out_is_enough,
                               tally_err *err)
{
    tally_json_document *document = NULL;
    found_numbers *found = context;
    tally_json_reader reader;
    int64_t at_ms;
    tally_rc rc = tally_json_parse(&document, value, NULL, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "access", err);
    at_ms = tally_value_read_optional_instant(&reader, "at", INT64_MAX); /* none: erased */
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    if (at_ms <= found->self->old_ms)
        found->numbers[found->count++] = key;
    found->self->cursor = key + 1;
    *out_is_enough = ++found->seen == TALLY_SWEEP_ROWS;
    return rc;
}

static tally_rc sweep_accesses(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    found_numbers found = { .self = context };
    tally_rc rc = tally_store_scan(transaction, TALLY_STORE_ACCESSES, found.self->cursor,
                                   look_at_access, &found, err);

    for (size_t i = 0; rc == TALLY_OK && i < found.count; i++)
        rc = tally_access_erase(ledger, transaction, found.numbers[i], err);
    if (rc == TALLY_OK)
        rc = record_erasure(ledger, transaction, found.self, "accesses", found.count, err);
    found.self->report->accesses += found.count;
    found.self->done = found.count;
    found.self->is_finished = found.seen < TALLY_SWEEP_ROWS;
    return rc;
}

/* ---- certificates ---- */

static tally_rc look_at_certificate(void *context, int64_t key, tally_text value,
                                    bool *out_is_enough, tally_err *err)
{
    tally_json_document *document = NULL;
    found_numbers *found = context;
    tally_certificate certificate;
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&document, value, NULL, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "certificate", err);
    tally_certificate_read(&certificate, &reader);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    if (rc == TALLY_OK && certificate.day <= tally_day_of_ms(found->self->old_ms, 0))
        found->numbers[found->count++] = key;
    found->self->cursor = key + 1;
    *out_is_enough = ++found->seen == TALLY_SWEEP_ROWS;
    return rc;
}

static tally_rc sweep_certificates(tally_ledger *ledger, tally_store_transaction *transaction,
                                   void *context, tally_err *err)
{
    found_numbers found = { .self = context };
    tally_rc rc = tally_store_scan(transaction, TALLY_STORE_CERTIFICATES, found.self->cursor,
                                   look_at_certificate, &found, err);

    (void)ledger;
    for (size_t i = 0; rc == TALLY_OK && i < found.count; i++)
        rc = tally_store_delete(transaction, TALLY_STORE_CERTIFICATES, found.numbers[i], err);
    found.self->report->certificates += found.count;
    found.self->done = found.count;
    found.self->is_finished = found.seen < TALLY_SWEEP_ROWS;
    return rc;
}

/* ---- spent nonces ---- */

typedef struct found_names {
    int64_t now_ms;
    size_t count;
    uint8_t names[TALLY_SWEEP_ROWS][32];
} found_names;

static tally_rc look_at_nonce(void *context, tally_text name, tally_text value, bool *out_is_enough,
                              tally_err *err)
{
    found_names *found = context;

    if (name.count != sizeof(found->names[0]) || value.count < 8)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a spent nonce is damaged");
    if ((int64_t)tally_read_u64((const uint8_t *)value.bytes) < found->now_ms)
        memcpy(found->names[found->count++], name.bytes, sizeof(found->names[0]));
    *out_is_enough = found->count == TALLY_SWEEP_ROWS;
    return TALLY_OK;
}

static tally_rc sweep_nonces(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    found_names *found = tally_alloc_zeroed(sizeof(*found));
    sweeping *self = context;
    tally_rc rc;

    (void)ledger;
    if (found == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "sweeping nonces");
    found->now_ms = self->now_ms;
    rc = tally_store_scan_names(transaction, TALLY_STORE_SPENT_NONCES, TALLY_TEXT(""),
                                look_at_nonce, found, err);
    for (size_t i = 0; rc == TALLY_OK && i < found->count; i++)
        rc = tally_store_unname(
            transaction, TALLY_STORE_SPENT_NONCES,
            tally_text_of((const char *)found->names[i], sizeof(found->names[i])), err);
    self->report->nonces += found->count;
    self->done = found->count;
    self->is_finished = found->count < TALLY_SWEEP_ROWS;
    tally_release(found);
    return rc;
}

/* ---- the files ---- */

typedef struct waiting {
    bool is_waiting;
    int64_t since_ms;
} waiting;

static tally_rc look_for_waiting(tally_ledger *ledger, tally_store_transaction *transaction,
                                 void *context, tally_err *err)
{
    waiting *self = context;

    (void)ledger;
    return tally_erase_waiting(transaction, &self->is_waiting, &self->since_ms, err);
}

static tally_rc forget_waiting(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    (void)ledger;
    (void)context;
    return tally_erase_is_done(transaction, err);
}

static tally_rc rewrite(tally_ledger *ledger, tally_sweep_report *report, tally_err *err)
{
    waiting self = { false, 0 };
    tally_rc rc = tally_ledger_run(ledger, false, look_for_waiting, &self, err);

    if (rc == TALLY_OK &&
        (self.is_waiting || report->events + report->receipts + report->accesses > 0)) {
        rc = tally_store_purge(ledger->store, true, err);
        report->has_rewritten = rc == TALLY_OK;
        if (rc == TALLY_OK && self.is_waiting)
            rc = tally_ledger_run(ledger, true, forget_waiting, NULL, err);
    }
    return rc;
}

/* ---- all ---- */

static bool months_before(int64_t *out_ms, int64_t now_ms, int32_t months)
{
    int32_t day;

    if (tally_day_add_months(&day, tally_day_of_ms(now_ms, 0), -months, TALLY_MONTH_END_LAST_DAY) !=
        TALLY_OK)
        return false;
    *out_ms = day * TALLY_DAY_MS + tally_ms_of_day(now_ms, 0);
    return true;
}

/* By the version in force: a shorter time holds for what is there, a longer one does not bring back. */
static tally_rc set_limits(tally_ledger *ledger, tally_store_transaction *transaction,
                           void *context, tally_err *err)
{
    const tally_version *version = &ledger->policy->versions[0];
    sweeping *self = context;
    int64_t kept_ms;

    (void)transaction;
    self->now_ms = tally_ledger_stamp(ledger);
    for (uint32_t i = 1; i < ledger->policy_version; i++) {
        if (ledger->policy_begins_ms[i] <= self->now_ms)
            version = &ledger->policy->versions[i];
    }
    if (!months_before(&self->old_ms, self->now_ms, TALLY_SWEEP_MONTHS))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the clock is at an end of the calendar");
    self->events_ms = self->old_ms;
    kept_ms = self->now_ms - version->keeps_ms;
    if (version->keeps_months > 0 && version->keeps_months < TALLY_SWEEP_MONTHS)
        (void)months_before(&self->events_ms, self->now_ms, (int32_t)version->keeps_months);
    else if (version->keeps_months == 0 && version->keeps_ms > 0 && kept_ms > self->events_ms)
        self->events_ms = kept_ms;
    return TALLY_OK;
}

tally_rc tally_ledger_sweep(tally_ledger *ledger, tally_sweep_report *out_report,
                            tally_sweep_progress progress, void *context, tally_err *err)
{
    static const struct {
        const char *what;
        step sweep;
    } steps[] = {
        { "events", sweep_events },     { "receipts", sweep_receipts },
        { "accesses", sweep_accesses }, { "certificates", sweep_certificates },
        { "nonces", sweep_nonces },
    };
    sweeping self = { .report = out_report };
    tally_rc rc = tally_ledger_run(ledger, true, set_limits, &self, err);

    *out_report = (tally_sweep_report){ 0 };
    for (size_t i = 0; rc == TALLY_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t done = 0;

        self.cursor = 1;
        do {
            rc = tally_ledger_run(ledger, true, steps[i].sweep, &self, err);
            done += self.done;
            if (progress != NULL && self.done > 0)
                progress(context, steps[i].what, done);
        } while (rc == TALLY_OK && !self.is_finished);
    }
    if (rc == TALLY_OK)
        rc = tally_sweep_backups(ledger->folder, self.now_ms, &out_report->backups, err);
    if (rc == TALLY_OK)
        rc = rewrite(ledger, out_report, err);
    return rc;
}
