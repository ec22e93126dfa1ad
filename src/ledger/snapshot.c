/* SPDX-License-Identifier: Apache-2.0 */
/* Preparing snapshots: who has a row, and what it commits. Taking them is snapshot_take.c's. */

#include "ledger/snapshot_internal.h"

#include <string.h>

#include "crypto/seal.h"
#include "util/alloc.h"
#include "util/bytes.h"
#include "util/civil.h"

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

uint32_t tally_snapshot_epoch_now(const tally_ledger *ledger)
{
    int32_t today = tally_day_of_ms(tally_ledger_now_ms(ledger), 0);
    int32_t first = tally_day_of_ms(ledger->created_ms, 0);

    return today > first ? (uint32_t)(today - first) : 0;
}

/* ---- what opens a row ---- */

/* version, 1; epoch; then salt[32] and state, in clear for organisations. */
#define OPENING_HEAD_BYTES    (1 + 4)
#define OPENING_CONTEXT_BYTES (16 + TALLY_RID_BYTES + 4)

static void write_context(uint8_t out[static OPENING_CONTEXT_BYTES], const uint8_t *rid,
                          uint32_t epoch)
{
    memcpy(out, "tally/snapshot/1", 16);
    memcpy(out + 16, rid, TALLY_RID_BYTES);
    tally_write_u32(out + 16 + TALLY_RID_BYTES, epoch);
}

static tally_rc seal_opening(tally_snapshot_row_plan *row, const tally_snapshot_person *person,
                             uint32_t epoch, const uint8_t salt[static TALLY_KEY_BYTES],
                             const tally_random *random, tally_err *err)
{
    uint8_t context[OPENING_CONTEXT_BYTES], clear[TALLY_KEY_BYTES + TALLY_SNAPSHOT_STATE_BYTES_MAX];
    size_t count = TALLY_KEY_BYTES + person->state.count;
    size_t extra = person->data_key != NULL ? TALLY_SEAL_EXTRA_BYTES : 0;
    tally_rc rc = TALLY_OK;

    row->opening = tally_alloc(OPENING_HEAD_BYTES + count + extra);
    if (row->opening == NULL)
        return no_memory(err);
    row->opening_count = OPENING_HEAD_BYTES + count + extra;
    row->opening[0] = 1;
    tally_write_u32(row->opening + 1, epoch);
    memcpy(clear, salt, TALLY_KEY_BYTES);
    memcpy(clear + TALLY_KEY_BYTES, person->state.bytes, person->state.count);
    if (person->data_key == NULL) {
        memcpy(row->opening + OPENING_HEAD_BYTES, clear, count);
    } else {
        write_context(context, person->rid, epoch);
        rc = tally_seal(row->opening + OPENING_HEAD_BYTES, clear, count, context, sizeof(context),
                        person->data_key, random, err);
    }
    tally_secret_wipe(clear, sizeof(clear));
    return rc;
}

tally_rc tally_snapshot_open(tally_store_transaction *transaction, int64_t subject,
                             const uint8_t *key, const uint8_t *rid, tally_arena *arena,
                             tally_snapshot_opening *out, bool *out_is_found, tally_err *err)
{
    uint8_t context[OPENING_CONTEXT_BYTES], *clear;
    const uint8_t *bytes;
    size_t extra = key != NULL ? TALLY_SEAL_EXTRA_BYTES : 0, count;
    tally_text value;
    tally_rc rc = tally_store_get(transaction, TALLY_STORE_SNAPSHOT_OPENINGS, subject, &value,
                                  out_is_found, err);

    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    bytes = (const uint8_t *)value.bytes;
    if (value.count < OPENING_HEAD_BYTES + extra + TALLY_KEY_BYTES || bytes[0] != 1)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "what opens a snapshot's row is damaged");
    count = value.count - OPENING_HEAD_BYTES - extra;
    clear = tally_arena_alloc(arena, count);
    if (clear == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    out->epoch = tally_read_u32(bytes + 1);
    if (key == NULL) {
        memcpy(clear, bytes + OPENING_HEAD_BYTES, count);
    } else {
        write_context(context, rid, out->epoch);
        if (tally_seal_open(clear, bytes + OPENING_HEAD_BYTES, count + extra, context,
                            sizeof(context), key) != TALLY_OK)
            return tally_err_set(err, TALLY_E_CORRUPT, 0, "what opens a snapshot's row is damaged");
    }
    memcpy(out->salt, clear, TALLY_KEY_BYTES);
    out->state = tally_text_of((const char *)clear + TALLY_KEY_BYTES, count - TALLY_KEY_BYTES);
    return TALLY_OK;
}

tally_rc tally_snapshot_forget(tally_store_transaction *transaction, int64_t subject,
                               tally_err *err)
{
    return tally_store_delete(transaction, TALLY_STORE_SNAPSHOT_OPENINGS, subject, err);
}

/* ---- preparing ---- */

/* Room for one more row in every epoch. */
static tally_rc make_room(tally_prepared_snapshots *prepared, tally_err *err)
{
    size_t room = prepared->room == 0 ? 256 : prepared->room * 2;
    tally_snapshot_row_plan *plans;

    if (prepared->count < prepared->room)
        return TALLY_OK;
    if (prepared->count >= TALLY_SNAPSHOT_PEOPLE_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a snapshot has at most %zu rows",
                             TALLY_SNAPSHOT_PEOPLE_MAX);
    plans = tally_realloc_array(prepared->plans, room, sizeof(*plans));
    if (plans == NULL)
        return no_memory(err);
    prepared->plans = plans;
    for (uint32_t i = 0; i < prepared->epoch_count; i++) {
        /* Finishing pads to a multiple of 256, which room is. */
        uint8_t *rows = tally_realloc_array(prepared->rows[i], room, TALLY_STATE_ROW_BYTES);

        if (rows == NULL)
            return no_memory(err);
        prepared->rows[i] = rows;
    }
    prepared->room = room;
    return TALLY_OK;
}

static tally_rc take_person(void *sink, const tally_snapshot_person *person, tally_err *err)
{
    tally_prepared_snapshots *prepared = sink;
    tally_snapshot_row_plan plan = { .subject = person->subject };
    uint8_t salt[TALLY_KEY_BYTES];
    tally_rc rc = make_room(prepared, err);

    if (rc == TALLY_OK && person->state.count > TALLY_SNAPSHOT_STATE_BYTES_MAX)
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the state of a subject is too long");
    for (uint32_t i = 0; rc == TALLY_OK && i < prepared->epoch_count; i++) {
        uint32_t epoch = prepared->first_epoch + i;

        rc = tally_random_fill(prepared->random, salt, sizeof(salt), err);
        if (rc == TALLY_OK &&
            tally_snapshot_row(prepared->hash,
                               prepared->rows[i] + prepared->count * TALLY_STATE_ROW_BYTES,
                               person->label_secret, epoch, salt, person->state) != TALLY_OK)
            rc = no_memory(err);
        /* One opening a subject: that of the newest. */
        if (rc == TALLY_OK && i + 1 == prepared->epoch_count)
            rc = seal_opening(&plan, person, epoch, salt, prepared->random, err);
    }
    tally_secret_wipe(salt, sizeof(salt));
    if (rc != TALLY_OK) {
        tally_release(plan.opening);
        return rc;
    }
    prepared->plans[prepared->count++] = plan;
    return TALLY_OK;
}

typedef struct preparing {
    tally_prepared_snapshots *prepared;
    const tally_snapshot_people *people;
} preparing;

/* Starting anew when the transaction does. */
static void drop_people(tally_prepared_snapshots *prepared)
{
    for (size_t i = 0; i < prepared->count; i++) {
        tally_secret_wipe(prepared->plans[i].opening, prepared->plans[i].opening_count);
        tally_release(prepared->plans[i].opening);
    }
    prepared->count = 0;
}

static tally_rc prepare(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    const preparing *work = context;
    tally_prepared_snapshots *prepared = work->prepared;
    uint32_t next = ledger->state.snapshots, today = tally_snapshot_epoch_now(ledger);
    tally_rc rc;

    drop_people(prepared);
    prepared->first_epoch = next;
    prepared->epoch_count = next > today ? 0 : today - next + 1;
    if (prepared->epoch_count > TALLY_SNAPSHOT_EPOCHS_MAX)
        prepared->epoch_count = TALLY_SNAPSHOT_EPOCHS_MAX;
    prepared->log_size = ledger->state.log_size;
    prepared->as_of_ms = tally_ledger_now_ms(ledger);
    prepared->policy = ledger->state.log_policy;
    if (prepared->epoch_count == 0)
        return TALLY_OK;
    prepared->room = 0;
    rc = make_room(prepared, err); /* also for a snapshot of nobody */
    if (rc != TALLY_OK)
        return rc;
    return work->people->each(work->people->context, ledger, transaction, prepared->as_of_ms,
                              take_person, prepared, err);
}

tally_rc tally_snapshots_prepare(tally_prepared_snapshots **out, tally_ledger *ledger,
                                 const tally_snapshot_people *people, tally_err *err)
{
    tally_prepared_snapshots *prepared = tally_alloc_zeroed(sizeof(*prepared));
    preparing work = { prepared, people };
    tally_rc rc = TALLY_OK;

    *out = NULL;
    if (prepared == NULL)
        return no_memory(err);
    prepared->random = ledger->options.random;
    prepared->hash = tally_hash_new();
    if (prepared->hash == NULL)
        rc = no_memory(err);
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, false, prepare, &work, err);
    if (rc == TALLY_OK && prepared->epoch_count > 0)
        *out = prepared;
    else
        tally_prepared_snapshots_free(prepared);
    return rc;
}

void tally_prepared_snapshots_free(tally_prepared_snapshots *prepared)
{
    if (prepared == NULL)
        return;
    drop_people(prepared);
    tally_release(prepared->plans);
    for (uint32_t i = 0; i < TALLY_SNAPSHOT_EPOCHS_MAX; i++)
        tally_release(prepared->rows[i]);
    tally_hash_free(prepared->hash);
    tally_release(prepared);
}
