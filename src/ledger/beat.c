/* SPDX-License-Identifier: Apache-2.0 */
/* Beats: pads, snapshots, and an end. */

#include "ledger/beat.h"

#include "ledger/record.h"
#include "publish/journal.h"

/* ---- how many records there are ---- */

static tally_rc count_record(void *context, int64_t key, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    uint64_t *count = context;
    tally_entry entry;

    (void)out_is_enough;
    if (tally_entry_parse(&entry, value, NULL) != TALLY_OK)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "entry %lld of the log is damaged",
                             (long long)key - 1);
    *count += entry.kind == TALLY_ENTRY_RECORD ? 1 : 0;
    return TALLY_OK;
}

/* Records of type "pad", so that the counts of two beats tell nothing apart (R23). */
static tally_rc append_pads(tally_ledger *ledger, tally_store_transaction *transaction,
                            tally_err *err)
{
    const tally_fact_record pad = { .type = "pad", .at_ms = tally_ledger_stamp(ledger) };
    uint64_t count = 0, wanted;
    tally_rc rc =
        tally_store_scan(transaction, TALLY_STORE_JOURNAL, (int64_t)ledger->state.beat_until + 1,
                         count_record, &count, err);

    wanted = (count + TALLY_JOURNAL_RECORDS_MULTIPLE - 1) / TALLY_JOURNAL_RECORDS_MULTIPLE *
             TALLY_JOURNAL_RECORDS_MULTIPLE;
    if (wanted == 0)
        wanted = TALLY_JOURNAL_RECORDS_MULTIPLE;
    for (; rc == TALLY_OK && count < wanted; count++)
        rc = tally_record_append(ledger, transaction, &pad, NULL, NULL, err);
    return rc;
}

/* ---- closing ---- */

typedef struct closing {
    uint64_t beat, until;
    tally_prepared_snapshots *prepared;
    bool is_closed;
} closing;

static bool is_closed(const tally_ledger *ledger, closing *work)
{
    work->is_closed = ledger->state.beat_until > 0 && work->beat <= ledger->state.beat;
    work->until = ledger->state.beat_until;
    return work->is_closed;
}

static tally_rc close_beat(tally_ledger *ledger, tally_store_transaction *transaction,
                           void *context, tally_err *err)
{
    closing *work = context;
    tally_rc rc;

    if (is_closed(ledger, work))
        return TALLY_OK;
    rc = append_pads(ledger, transaction, err);
    if (rc == TALLY_OK && work->prepared != NULL)
        rc = tally_snapshots_take(ledger, transaction, work->prepared, err);
    if (rc != TALLY_OK)
        return rc;
    ledger->state.beat = work->beat;
    ledger->state.beat_until = work->until = ledger->state.log_size;
    ledger->state.is_changed = true;
    return TALLY_OK;
}

tally_rc tally_ledger_close_beat(tally_ledger *ledger, uint64_t beat,
                                 tally_prepared_snapshots *prepared, uint64_t *out_until,
                                 tally_err *err)
{
    closing work = { .beat = beat, .prepared = prepared };
    tally_rc rc;

    if (beat > (uint64_t)TALLY_JSON_INTEGER_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "that is no beat");
    rc = tally_ledger_run(ledger, true, close_beat, &work, err);
    if (rc == TALLY_OK)
        *out_until = work.until;
    return rc;
}

static tally_rc find_beat(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    (void)transaction;
    (void)err;
    (void)is_closed(ledger, context);
    return TALLY_OK;
}

tally_rc tally_ledger_find_beat(tally_ledger *ledger, uint64_t beat, bool *out_is_closed,
                                uint64_t *out_until, tally_err *err)
{
    closing work = { .beat = beat };
    tally_rc rc = tally_ledger_run(ledger, false, find_beat, &work, err);

    *out_is_closed = rc == TALLY_OK && work.is_closed;
    *out_until = work.until;
    return rc;
}
