/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a member's rows. What stays of it: entries of the log, which are 44 random bytes
 * without their openings, and of each reading of its record the link of the chain. */

#include "ledger/access.h"
#include "ledger/leave.h"
#include "ledger/leaves.h"
#include "ledger/receipt.h"
#include "ledger/record.h"
#include "ledger/snapshot.h"
#include "util/alloc.h"

/* ---- events and their marks ---- */

typedef struct positions {
    tally_leaf_place *items;
    size_t count, room;
} positions;

static tally_rc take_position(void *context, const tally_stored_event *event, bool *out_is_enough,
                              tally_err *err)
{
    positions *self = context;

    (void)out_is_enough;
    if (self->count == self->room) {
        size_t room = self->room == 0 ? 256 : 2 * self->room;
        tally_leaf_place *items = tally_realloc_array(self->items, room, sizeof(*items));

        if (items == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "erasing events");
        self->items = items;
        self->room = room;
    }
    self->items[self->count++] = (tally_leaf_place){ event->batch, event->position };
    return TALLY_OK;
}

static tally_rc erase_events(tally_store_transaction *transaction, int64_t subject,
                             int64_t *out_count, tally_err *err)
{
    positions found = { NULL, 0, 0 };
    uint64_t count = 0;
    tally_rc rc = tally_store_subject_events(transaction, subject, 0, take_position, &found, err);

    if (rc == TALLY_OK)
        rc = tally_leaves_clear_marks(transaction, found.items, found.count, err);
    tally_release(found.items);
    if (rc == TALLY_OK)
        rc = tally_store_erase_subject(transaction, subject, &count, err);
    *out_count = (int64_t)count;
    return rc;
}

/* ---- receipts ---- */

static tally_rc erase_receipts(tally_store_transaction *transaction, int64_t subject,
                               int64_t *out_count, tally_err *err)
{
    int64_t numbers[TALLY_RECEIPTS_MAX];
    size_t count = 0;
    tally_rc rc = tally_receipt_numbers(transaction, subject, numbers, &count, err);

    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        const tally_receipt_row row = { .number = numbers[i], .subject = subject };

        rc = tally_receipt_delete(transaction, &row, err);
    }
    *out_count = (int64_t)count;
    return rc;
}

/* ---- all ---- */

tally_rc tally_erase_rows(tally_ledger *ledger, tally_store_transaction *transaction,
                          const tally_member *member, tally_certificate *counts, tally_err *err)
{
    uint64_t entries = 0, accesses = 0;
    tally_rc rc = erase_events(transaction, member->subject, &counts->events, err);

    if (rc == TALLY_OK)
        rc = erase_receipts(transaction, member->subject, &counts->receipts, err);
    if (rc == TALLY_OK)
        rc = tally_access_erase_subject(ledger, transaction, member->subject, &accesses, err);
    if (rc == TALLY_OK)
        rc = tally_record_erase_subject(ledger, transaction, member->subject, &entries, err);
    if (rc == TALLY_OK)
        rc = tally_snapshot_forget(transaction, member->subject, err);
    counts->accesses = (int64_t)accesses;
    counts->entries = (int64_t)entries;
    if (rc == TALLY_OK)
        rc = tally_member_delete(ledger, transaction, member, err);
    return rc;
}
