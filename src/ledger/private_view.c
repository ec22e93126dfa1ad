/* SPDX-License-Identifier: Apache-2.0 */
/* The private view of a programme: see private_view.h. */

#include "ledger/private_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ed25519.h"
#include "ledger/people.h"
#include "ledger/record.h"
#include "ledger/state.h"
#include "ledger/sweep.h"
#include "tlog/snapshot.h"
#include "util/alloc.h"

#define OPENING_ARENA_BYTES  ((size_t)8 << 20)
#define SNAPSHOT_ARENA_BYTES ((size_t)64 << 10)
#define BUCKET_BYTES_MAX     ((size_t)1 << 30)

/* Whose row has this label. */
typedef struct label {
    uint8_t label[TALLY_HASH_BYTES];
    int64_t subject;
} label;

struct tally_ledger_view {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    tally_hash *hash;
    tally_arena *arena;  /* of the last opening */
    tally_member member; /* the last that was loaded; subject 0: none */
};

/* ---- journal ---- */

static tally_rc size_of(void *context, uint64_t *out_size, tally_err *err)
{
    const tally_ledger_view *view = context;
    int64_t last = 0;
    tally_rc rc = tally_store_last(view->transaction, TALLY_STORE_JOURNAL, &last, err);

    if (rc == TALLY_OK)
        *out_size = (uint64_t)last;
    return rc;
}

static tally_rc entry_of(void *context, uint64_t index, uint8_t out[static TALLY_ENTRY_BYTES],
                         tally_err *err)
{
    const tally_ledger_view *view = context;
    tally_text bytes;
    bool is_found;
    tally_rc rc = tally_store_get(view->transaction, TALLY_STORE_JOURNAL, (int64_t)index + 1,
                                  &bytes, &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    if (!is_found || bytes.count != TALLY_ENTRY_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "entry %" PRIu64 " of the log is missing or damaged", index);
    memcpy(out, bytes.bytes, TALLY_ENTRY_BYTES);
    return TALLY_OK;
}

static tally_rc document_of(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    const tally_ledger_view *view = context;
    tally_text text;
    bool is_found;
    tally_rc rc = tally_store_get(view->transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1,
                                  &text, &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    /* One that is missing is no document, which is not the one committed. */
    rc = is_found ? tally_buffer_append_text(out, text) : TALLY_OK;
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "a document of the log is too long");
}

/* ---- openings ---- */

/* Load a member into the view. *out_is_found false: there is none with that number. */
static tally_rc load_member(tally_ledger_view *view, int64_t subject, bool *out_is_found,
                            tally_err *err)
{
    tally_rc rc;

    *out_is_found = view->member.subject == subject;
    if (*out_is_found)
        return TALLY_OK;
    tally_member_wipe(&view->member);
    rc = tally_member_load(view->ledger, view->transaction, subject, &view->member, out_is_found,
                           err);
    if (rc != TALLY_OK || !*out_is_found)
        view->member.subject = 0;
    return rc;
}

static tally_rc new_arena(tally_arena **arena, size_t bytes, tally_err *err)
{
    tally_arena_free(*arena);
    *arena = tally_arena_new(bytes);
    return *arena != NULL ? TALLY_OK : tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

static tally_rc open_record(tally_ledger_view *view, uint64_t index, tally_opened_record *out,
                            tally_err *err)
{
    bool is_found = false;
    tally_rc rc =
        tally_record_open(view->ledger, view->transaction, index, NULL, view->arena, out, err);

    if (rc != TALLY_OK || out->subject == 0)
        return rc;
    rc = load_member(view, out->subject, &is_found, err);
    if (rc == TALLY_OK && is_found)
        rc = tally_record_open(view->ledger, view->transaction, index, &view->member, view->arena,
                               out, err);
    return rc;
}

static tally_rc opening_of(void *context, uint64_t index, tally_private_opening *out,
                           tally_err *err)
{
    tally_ledger_view *view = context;
    tally_opened_record record = { .subject = 0 };
    tally_rc rc = new_arena(&view->arena, OPENING_ARENA_BYTES, err);

    *out = (tally_private_opening){ .field_count = 0 };
    if (rc == TALLY_OK)
        rc = open_record(view, index, &record, err);
    /* No fields: it opens nothing, which is for the check to say. */
    if (rc == TALLY_E_CORRUPT) {
        tally_err_clear(err);
        return TALLY_OK;
    }
    if (rc != TALLY_OK)
        return rc;
    out->is_erased = record.is_erased;
    out->subject = record.subject;
    out->field_count = record.slot_count;
    for (size_t i = 0; i < record.slot_count; i++) {
        out->fields[i] =
            (tally_private_field){ .slot = record.slots[i].slot, .value = record.slots[i].value };
        memcpy(out->fields[i].salt32, record.slots[i].salt, TALLY_SALT_BYTES);
    }
    return TALLY_OK;
}

/* ---- whose rows there can be ---- */

typedef struct labels {
    tally_hash *hash;
    uint32_t epoch;
    size_t count, room;
    label *items; /* by label, once all are there */
} labels;

static tally_rc take_member(void *context, const tally_member *member, tally_err *err)
{
    labels *all = context;
    tally_node node;

    if (all->count == all->room) {
        size_t room = all->room == 0 ? 256 : all->room * 2;
        label *items = tally_realloc_array(all->items, room, sizeof(*items));

        if (items == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a snapshot");
        all->items = items;
        all->room = room;
    }
    if (tally_commit_label(all->hash, &node, member->label_secret, all->epoch) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a snapshot");
    memcpy(all->items[all->count].label, node.bytes, TALLY_HASH_BYTES);
    all->items[all->count++].subject = member->subject;
    return TALLY_OK;
}

static int by_label(const void *a, const void *b)
{
    return memcmp(a, b, TALLY_HASH_BYTES); /* it comes first in labels and in pads */
}

/* ---- a snapshot ---- */

typedef struct opening_rows {
    tally_ledger_view *view;
    tally_rc (*take)(void *taker, const tally_private_row *row, tally_err *err);
    void *taker;
    tally_state_head head;
    bool is_swept;
    tally_snapshot_newest newest;
    uint8_t *pads; /* by label */
    labels labels;
    tally_people_again *again;
    tally_arena *arena; /* of the last row */
    tally_buffer state;
} opening_rows;

/* Somebody's row: what opens it, and what it should say. What cannot be opened stays empty, so that it
 * opens nothing. */
static tally_rc open_member_row(opening_rows *rows, int64_t subject, tally_private_row *row,
                                tally_err *err)
{
    tally_ledger_view *view = rows->view;
    tally_snapshot_opening opening;
    bool is_found = false;
    tally_rc rc = new_arena(&rows->arena, SNAPSHOT_ARENA_BYTES, err);

    if (rc == TALLY_OK)
        rc = load_member(view, subject, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    memcpy(row->secret32, view->member.label_secret, sizeof(row->secret32));
    rc = tally_snapshot_open(view->transaction, subject, view->member.data_key, view->member.rid,
                             rows->arena, &opening, &is_found, err);
    if (rc == TALLY_OK && is_found && opening.epoch == rows->head.epoch) {
        memcpy(row->salt32, opening.salt, sizeof(row->salt32));
        row->state = opening.state;
    }
    if (rc == TALLY_OK) {
        tally_buffer_reset(&rows->state);
        row->is_shortened = rows->is_swept;
        rc = tally_people_again_state(rows->again, &view->member, &rows->state, err);
        if (rc == TALLY_OK)
            row->recomputed = tally_buffer_text(&rows->state);
    }
    if (rc != TALLY_E_CORRUPT)
        return rc;
    /* Events that do not open give no points. */
    row->is_shortened = false;
    tally_err_clear(err);
    return TALLY_OK;
}

static tally_rc open_row(opening_rows *rows, const uint8_t *row64, tally_err *err)
{
    tally_private_row row = { .state = TALLY_TEXT(""), .recomputed = TALLY_TEXT("") };
    const label *whose = NULL;
    const uint8_t *pad = NULL;
    tally_rc rc = TALLY_OK;

    memcpy(row.row64, row64, sizeof(row.row64));
    if (rows->labels.count > 0)
        whose = bsearch(row64, rows->labels.items, rows->labels.count, sizeof(*whose), by_label);
    if (whose == NULL && rows->newest.pad_count > 0)
        pad = bsearch(row64, rows->pads, rows->newest.pad_count, TALLY_STATE_ROW_BYTES, by_label);
    if (whose != NULL) {
        rc = open_member_row(rows, whose->subject, &row, err);
    } else if (pad != NULL) {
        row.is_pad = true;
        memcpy(row.salt32, pad + TALLY_HASH_BYTES, sizeof(row.salt32));
        row.state = TALLY_SNAPSHOT_PAD;
    } else {
        row.is_erased = true;
    }
    if (rc == TALLY_OK)
        rc = rows->take(rows->taker, &row, err);
    tally_secret_wipe(&row, sizeof(row));
    return rc;
}

static tally_rc open_buckets(opening_rows *rows, tally_err *err)
{
    tally_buffer bucket;
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&bucket, BUCKET_BYTES_MAX);
    for (uint32_t i = 0; rc == TALLY_OK && i < UINT32_C(1) << rows->head.bits; i++) {
        uint8_t name[TALLY_SNAPSHOT_NAME_BYTES];
        tally_text value;
        bool is_found;

        tally_buffer_reset(&bucket);
        rc = tally_store_find(rows->view->transaction, TALLY_STORE_SNAPSHOT_ROWS,
                              tally_snapshot_rows_name(name, rows->newest.index, i), &value,
                              &is_found, err);
        /* Looking up anything else ends the life of the text. */
        if (rc == TALLY_OK && tally_buffer_append_text(&bucket, value) != TALLY_OK)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
        for (size_t at = 0; rc == TALLY_OK && at + TALLY_STATE_ROW_BYTES <= bucket.count;
             at += TALLY_STATE_ROW_BYTES)
            rc = open_row(rows, (const uint8_t *)bucket.bytes + at, err);
    }
    tally_buffer_free(&bucket);
    return rc;
}

static tally_rc begin_rows(opening_rows *rows, uint64_t index, tally_arena *arena, tally_text head,
                           tally_err *err)
{
    tally_ledger_view *view = rows->view;
    tally_known known;
    int64_t swept_ms = 0;
    bool is_found = false;
    tally_rc rc = tally_state_parse_head(&rows->head, head, err);

    if (rc == TALLY_OK)
        rc = tally_snapshot_load_newest(view->transaction, arena, &rows->newest, &is_found, err);
    if (rc == TALLY_OK && (!is_found || rows->newest.index != index))
        rc = tally_err_set(err, TALLY_E_RETRY, 0,
                           "the ledger no longer keeps what opens the newest published snapshot: "
                           "publish the log, then audit again");
    if (rc == TALLY_OK)
        rc = tally_sweep_last(view->transaction, &swept_ms, err);
    if (rc != TALLY_OK)
        return rc;
    rows->is_swept = swept_ms >= rows->newest.as_of_ms;
    rows->pads =
        tally_arena_copy(arena, rows->newest.pads, rows->newest.pad_count * TALLY_STATE_ROW_BYTES);
    if (rows->pads == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    qsort(rows->pads, rows->newest.pad_count, TALLY_STATE_ROW_BYTES, by_label);
    rows->labels = (labels){ .hash = view->hash, .epoch = rows->head.epoch };
    rc = view->ledger->is_about_organisations
             ? TALLY_OK
             : tally_member_each(view->ledger, view->transaction, take_member, &rows->labels, err);
    if (rc == TALLY_OK && rows->labels.count > 0)
        qsort(rows->labels.items, rows->labels.count, sizeof(*rows->labels.items), by_label);
    known = (tally_known){ .log_size = rows->head.log_size,
                           .as_of_ms = rows->newest.as_of_ms,
                           .policy = rows->head.policy };
    if (rc == TALLY_OK)
        rc = tally_people_again_new(&rows->again, view->ledger, view->transaction, &known, err);
    return rc;
}

static tally_rc open_rows(opening_rows *rows, uint64_t index, tally_text head, tally_err *err)
{
    tally_arena *arena = NULL;
    tally_rc rc = new_arena(&arena, SNAPSHOT_ARENA_BYTES, err);

    tally_buffer_init(&rows->state, TALLY_SNAPSHOT_STATE_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = begin_rows(rows, index, arena, head, err);
    if (rc == TALLY_OK)
        rc = open_buckets(rows, err);
    tally_people_again_free(rows->again);
    tally_release(rows->labels.items);
    tally_buffer_free(&rows->state);
    tally_arena_free(rows->arena);
    tally_arena_free(arena);
    return rc;
}

static tally_rc snapshot_of(void *context, uint64_t index, tally_buffer *out_head,
                            tally_rc (*take)(void *taker, const tally_private_row *row,
                                             tally_err *err),
                            void *taker, tally_err *err)
{
    tally_ledger_view *view = context;
    opening_rows rows = { .view = view, .take = take, .taker = taker };
    tally_buffer head;
    tally_rc rc;

    tally_buffer_init(&head, TALLY_STATE_HEAD_BYTES_MAX);
    rc = document_of(view, index, &head, err);
    if (rc == TALLY_OK && out_head != NULL &&
        tally_buffer_append_text(out_head, tally_buffer_text(&head)) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK && take != NULL)
        rc = open_rows(&rows, index, tally_buffer_text(&head), err);
    tally_buffer_free(&head);
    return rc;
}

/* ---- opening ---- */

static const tally_private_calls calls = {
    .size = size_of,
    .entry = entry_of,
    .document = document_of,
    .opening = opening_of,
    .snapshot = snapshot_of,
};

tally_private_view tally_ledger_view_seam(tally_ledger_view *view)
{
    return (tally_private_view){ view, &calls };
}

tally_rc tally_ledger_view_open(tally_ledger_view **out_view, tally_ledger *ledger, tally_err *err)
{
    tally_ledger_view *view = tally_alloc_zeroed(sizeof(*view));
    bool is_found = false;
    tally_rc rc;

    if (view == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    view->ledger = ledger;
    view->hash = tally_hash_new();
    rc = view->hash != NULL ? tally_store_begin(&view->transaction, ledger->store, false, err)
                            : tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK)
        rc = tally_ledger_load_state(&ledger->state, view->transaction, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the store has lost its state");
    if (rc != TALLY_OK) {
        tally_ledger_view_close(view);
        return rc;
    }
    *out_view = view;
    return TALLY_OK;
}

void tally_ledger_view_close(tally_ledger_view *view)
{
    if (view == NULL)
        return;
    tally_store_rollback(view->transaction);
    tally_member_wipe(&view->member);
    tally_arena_free(view->arena);
    tally_hash_free(view->hash);
    tally_release(view);
}
