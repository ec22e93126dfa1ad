/* SPDX-License-Identifier: Apache-2.0 */
/* Taking prepared snapshots: their entries, heads and rows. */

#include <string.h>

#include "crypto/ed25519.h"

#include "ledger/record.h"
#include "ledger/snapshot_internal.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define KEPT_NAME   TALLY_TEXT("snapshot-rows")
#define NEWEST_NAME TALLY_TEXT("snapshot-newest")
/* Indexes of snapshots whose rows are kept, 8 bytes each. */
#define KEPT_MAX (TALLY_SNAPSHOT_ROWS_KEPT + TALLY_SNAPSHOT_EPOCHS_MAX)

tally_text tally_snapshot_rows_name(uint8_t out[static TALLY_SNAPSHOT_NAME_BYTES], uint64_t index,
                                    uint32_t bucket)
{
    tally_write_u64(out, index);
    tally_write_u32(out + 8, bucket);
    return tally_text_of((const char *)out, TALLY_SNAPSHOT_NAME_BYTES);
}

/* ---- who left since ---- */

static tally_rc is_there(const tally_ledger *ledger, tally_store_transaction *transaction,
                         int64_t subject, bool *out_is_there, tally_err *err)
{
    tally_text value;

    return tally_store_get(transaction,
                           ledger->is_about_organisations ? TALLY_STORE_ORGANISATIONS
                                                          : TALLY_STORE_MEMBERS,
                           subject, &value, out_is_there, err);
}

/* Put the last subject's row in the place of this one's. */
static void drop(tally_prepared_snapshots *prepared, size_t at)
{
    size_t last = --prepared->count;
    tally_snapshot_row_plan plan = prepared->plans[at];

    tally_secret_wipe(plan.opening, plan.opening_count);
    tally_release(plan.opening);
    prepared->plans[at] = prepared->plans[last];
    for (uint32_t i = 0; at < last && i < prepared->epoch_count; i++)
        memcpy(prepared->rows[i] + at * TALLY_STATE_ROW_BYTES,
               prepared->rows[i] + last * TALLY_STATE_ROW_BYTES, TALLY_STATE_ROW_BYTES);
}

static tally_rc drop_who_left(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_prepared_snapshots *prepared, tally_err *err)
{
    size_t at = 0;

    while (at < prepared->count) {
        bool stays;
        tally_rc rc = is_there(ledger, transaction, prepared->plans[at].subject, &stays, err);

        if (rc != TALLY_OK)
            return rc;
        if (stays)
            at++;
        else
            drop(prepared, at);
    }
    return TALLY_OK;
}

static tally_rc put_openings(tally_store_transaction *transaction,
                             const tally_prepared_snapshots *prepared, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < prepared->count; i++)
        rc = tally_store_put(transaction, TALLY_STORE_SNAPSHOT_OPENINGS, prepared->plans[i].subject,
                             tally_text_of((const char *)prepared->plans[i].opening,
                                           prepared->plans[i].opening_count),
                             err);
    return rc;
}

/* ---- rows ---- */

/* Rows ascend, so those of a bucket stand together. */
static tally_rc put_rows(tally_store_transaction *transaction, uint64_t index,
                         const tally_state_head *head, const uint8_t *rows, tally_err *err)
{
    uint64_t at = 0;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && at < head->rows) {
        uint8_t name[TALLY_SNAPSHOT_NAME_BYTES];
        const uint8_t *first = rows + at * TALLY_STATE_ROW_BYTES;
        uint32_t bucket = tally_state_bucket(first, head->bits);
        uint64_t end = at + 1;

        while (end < head->rows &&
               tally_state_bucket(rows + end * TALLY_STATE_ROW_BYTES, head->bits) == bucket)
            end++;
        rc = tally_store_name(
            transaction, TALLY_STORE_SNAPSHOT_ROWS, tally_snapshot_rows_name(name, index, bucket),
            tally_text_of((const char *)first, (size_t)(end - at) * TALLY_STATE_ROW_BYTES), err);
        at = end;
    }
    return rc;
}

typedef struct name_list {
    uint64_t index;
    uint32_t bits_seen; /* how many buckets were found */
    uint32_t buckets[1u << TALLY_STATE_BITS_MAX];
} name_list;

static tally_rc take_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    name_list *list = context;

    (void)value;
    if (name.count != TALLY_SNAPSHOT_NAME_BYTES ||
        list->bits_seen == sizeof(list->buckets) / sizeof(list->buckets[0]))
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the rows of a snapshot are damaged");
    list->buckets[list->bits_seen++] = tally_read_u32((const uint8_t *)name.bytes + 8);
    (void)out_is_enough;
    return TALLY_OK;
}

static tally_rc forget_rows(tally_store_transaction *transaction, uint64_t index, tally_err *err)
{
    name_list *list = tally_alloc_zeroed(sizeof(*list));
    uint8_t name[TALLY_SNAPSHOT_NAME_BYTES], prefix[8];
    tally_rc rc;

    if (list == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    tally_write_u64(prefix, index);
    rc = tally_store_scan_names(transaction, TALLY_STORE_SNAPSHOT_ROWS,
                                tally_text_of((const char *)prefix, sizeof(prefix)), take_name,
                                list, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < list->bits_seen; i++)
        rc = tally_store_unname(transaction, TALLY_STORE_SNAPSHOT_ROWS,
                                tally_snapshot_rows_name(name, index, list->buckets[i]), err);
    tally_release(list);
    return rc;
}

/* ---- which rows are kept ---- */

typedef struct kept_list {
    size_t count;
    uint8_t bytes[KEPT_MAX][8];
} kept_list;

static tally_rc load_kept(tally_store_transaction *transaction, kept_list *out, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_find(transaction, TALLY_STORE_META, KEPT_NAME, &value, &is_found, err);

    *out = (kept_list){ 0 };
    if (rc != TALLY_OK || !is_found)
        return rc;
    if (value.count % 8 != 0 || value.count > sizeof(out->bytes))
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the list of snapshots is damaged");
    memcpy(out->bytes, value.bytes, value.count);
    out->count = value.count / 8;
    return TALLY_OK;
}

/* Rows of the newest stay, and those that no closed beat holds: nobody can have published these. */
static tally_rc forget_old(const tally_ledger *ledger, tally_store_transaction *transaction,
                           kept_list *list, tally_err *err)
{
    size_t gone = 0;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && list->count - gone > TALLY_SNAPSHOT_ROWS_KEPT) {
        uint64_t index = tally_read_u64(list->bytes[gone]);

        if (index >= ledger->state.beat_until)
            break;
        rc = forget_rows(transaction, index, err);
        gone++;
    }
    memmove(list->bytes, list->bytes[gone], (list->count - gone) * 8);
    list->count -= gone;
    return rc;
}

static tally_rc keep(kept_list *list, uint64_t index, tally_err *err)
{
    if (list->count == KEPT_MAX)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the list of snapshots is damaged");
    tally_write_u64(list->bytes[list->count++], index);
    return TALLY_OK;
}

/* ---- the newest ---- */

/* version, 1; index of its entry; instant; count of pads; then these. */
#define NEWEST_HEAD_BYTES (1 + 8 + 8 + 4)

typedef struct newest {
    size_t pad_count;
    uint8_t bytes[NEWEST_HEAD_BYTES + TALLY_STATE_ROWS_MULTIPLE * TALLY_STATE_ROW_BYTES];
} newest;

static tally_rc put_newest(tally_store_transaction *transaction, newest *last, uint64_t index,
                           int64_t as_of_ms, tally_err *err)
{
    last->bytes[0] = 1;
    tally_write_u64(last->bytes + 1, index);
    tally_write_u64(last->bytes + 9, (uint64_t)as_of_ms);
    tally_write_u32(last->bytes + 17, (uint32_t)last->pad_count);
    return tally_store_name(
        transaction, TALLY_STORE_META, NEWEST_NAME,
        tally_text_of((const char *)last->bytes,
                      NEWEST_HEAD_BYTES + last->pad_count * TALLY_STATE_ROW_BYTES),
        err);
}

tally_rc tally_snapshot_load_newest(tally_store_transaction *transaction, tally_arena *arena,
                                    tally_snapshot_newest *out, bool *out_is_found, tally_err *err)
{
    const uint8_t *bytes;
    tally_text value;
    tally_rc rc =
        tally_store_find(transaction, TALLY_STORE_META, NEWEST_NAME, &value, out_is_found, err);

    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    bytes = tally_arena_copy(arena, value.bytes, value.count);
    if (bytes == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    if (value.count < NEWEST_HEAD_BYTES || bytes[0] != 1 ||
        (value.count - NEWEST_HEAD_BYTES) % TALLY_STATE_ROW_BYTES != 0 ||
        (value.count - NEWEST_HEAD_BYTES) / TALLY_STATE_ROW_BYTES != tally_read_u32(bytes + 17))
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "what opens the newest snapshot is damaged");
    *out = (tally_snapshot_newest){ .index = tally_read_u64(bytes + 1),
                                    .as_of_ms = (int64_t)tally_read_u64(bytes + 9),
                                    .pad_count = tally_read_u32(bytes + 17),
                                    .pads = bytes + NEWEST_HEAD_BYTES };
    return TALLY_OK;
}

/* ---- one snapshot ---- */

static tally_rc take_epoch(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_prepared_snapshots *prepared, uint32_t i, kept_list *list,
                           newest *last, tally_err *err)
{
    tally_state_head head = { .origin = ledger->origin,
                              .epoch = prepared->first_epoch + i,
                              .log_size = prepared->log_size,
                              .policy = prepared->policy };
    uint64_t index = 0;
    tally_buffer text;
    tally_rc rc = tally_snapshot_finish(&head, prepared->rows[i], prepared->count,
                                        last->bytes + NEWEST_HEAD_BYTES, prepared->random,
                                        prepared->hash, err);

    tally_buffer_init(&text, TALLY_STATE_HEAD_BYTES_MAX);
    if (rc == TALLY_OK && tally_state_append_head(&text, &head) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    ledger->state.epoch = head.epoch;
    if (rc == TALLY_OK)
        rc = tally_record_publish(ledger, transaction, TALLY_ENTRY_STATE, tally_buffer_text(&text),
                                  &index, err);
    if (rc == TALLY_OK)
        rc = put_rows(transaction, index, &head, prepared->rows[i], err);
    if (rc == TALLY_OK)
        rc = keep(list, index, err);
    if (rc == TALLY_OK && i + 1 == prepared->epoch_count) {
        last->pad_count = (size_t)head.rows - prepared->count;
        rc = put_newest(transaction, last, index, prepared->as_of_ms, err);
    }
    tally_buffer_free(&text);
    if (rc == TALLY_OK)
        ledger->state.snapshots = head.epoch + 1;
    return rc;
}

tally_rc tally_snapshots_take(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_prepared_snapshots *prepared, tally_err *err)
{
    kept_list list;
    newest *last;
    tally_rc rc;

    if (prepared->first_epoch != ledger->state.snapshots)
        return TALLY_OK; /* another process took them */
    if (prepared->policy != ledger->state.log_policy || prepared->is_spent)
        return tally_err_set(err, TALLY_E_RETRY, 0,
                             "the ledger changed while the snapshot was prepared");
    last = tally_alloc_zeroed(sizeof(*last));
    if (last == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    prepared->is_spent = true;
    rc = load_kept(transaction, &list, err);
    if (rc == TALLY_OK)
        rc = forget_old(ledger, transaction, &list, err);
    if (rc == TALLY_OK)
        rc = drop_who_left(ledger, transaction, prepared, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < prepared->epoch_count; i++)
        rc = take_epoch(ledger, transaction, prepared, i, &list, last, err);
    tally_secret_wipe(last, sizeof(*last));
    tally_release(last);
    if (rc == TALLY_OK)
        rc = put_openings(transaction, prepared, err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_META, KEPT_NAME,
                              tally_text_of((const char *)list.bytes, list.count * 8), err);
    return rc;
}
