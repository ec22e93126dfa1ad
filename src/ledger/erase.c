/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a member's rows. What stays of it: entries of the log, which are 44 random bytes
 * without their openings, and of each reading of its record the link of the chain. */

#include "ledger/leave.h"
#include "ledger/leaves.h"
#include "ledger/receipt.h"
#include "ledger/record.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define NAME_BYTES      16
#define ACCESS_BYTES    ((size_t)64 << 10)
#define NUMBERS_AT_ONCE 256u

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

/* ---- accesses ---- */

typedef struct numbers {
    int64_t items[NUMBERS_AT_ONCE];
    size_t count;
} numbers;

static tally_rc take_number(void *context, tally_text name, tally_text value, bool *out_is_enough,
                            tally_err *err)
{
    numbers *self = context;

    (void)value;
    if (name.count != NAME_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a member's list of accesses is damaged");
    self->items[self->count++] = (int64_t)tally_read_u64((const uint8_t *)name.bytes + 8);
    *out_is_enough = self->count == NUMBERS_AT_ONCE;
    return TALLY_OK;
}

/* Keep the link of the chain and what it links, so that the readings of others can still be
 * checked. */
static tally_rc erase_access(tally_store_transaction *transaction, int64_t subject, int64_t number,
                             tally_err *err)
{
    uint8_t name[NAME_BYTES], chain[TALLY_KEY_BYTES], commitment[TALLY_KEY_BYTES];
    tally_json_document *document = NULL;
    const tally_json_options options = { ACCESS_BYTES, 0, false };
    tally_json_reader reader;
    tally_buffer kept;
    tally_text value;
    tally_jcs jcs;
    bool is_found;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_ACCESSES, number, &value, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "access %lld is missing", (long long)number);
    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, value, &options, err);
    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "access", err);
    tally_value_read_bytes(&reader, "chain", chain, sizeof(chain));
    tally_value_read_bytes(&reader, "commitment", commitment, sizeof(commitment));
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    tally_buffer_init(&kept, 256);
    tally_jcs_init(&jcs, &kept);
    tally_jcs_object(&jcs);
    tally_value_write_bytes(&jcs, "chain", chain, sizeof(chain));
    tally_value_write_bytes(&jcs, "commitment", commitment, sizeof(commitment));
    tally_jcs_object_end(&jcs);
    if (rc == TALLY_OK)
        rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_ACCESSES, number, tally_buffer_text(&kept),
                             err);
    tally_buffer_free(&kept);
    tally_write_u64(name, (uint64_t)subject);
    tally_write_u64(name + 8, (uint64_t)number);
    if (rc == TALLY_OK)
        rc = tally_store_unname(transaction, TALLY_STORE_ACCESS_BY_SUBJECT,
                                tally_text_of((const char *)name, sizeof(name)), err);
    return rc;
}

static tally_rc erase_accesses(tally_store_transaction *transaction, int64_t subject,
                               int64_t *out_count, tally_err *err)
{
    uint8_t prefix[8];
    numbers found;
    tally_rc rc;

    *out_count = 0;
    tally_write_u64(prefix, (uint64_t)subject);
    do {
        found.count = 0;
        rc = tally_store_scan_names(transaction, TALLY_STORE_ACCESS_BY_SUBJECT,
                                    tally_text_of((const char *)prefix, sizeof(prefix)),
                                    take_number, &found, err);
        for (size_t i = 0; rc == TALLY_OK && i < found.count; i++)
            rc = erase_access(transaction, subject, found.items[i], err);
        *out_count += (int64_t)found.count;
    } while (rc == TALLY_OK && found.count > 0);
    return rc;
}

/* ---- all ---- */

tally_rc tally_erase_rows(tally_ledger *ledger, tally_store_transaction *transaction,
                          const tally_member *member, tally_certificate *counts, tally_err *err)
{
    uint64_t entries = 0;
    tally_rc rc = erase_events(transaction, member->subject, &counts->events, err);

    if (rc == TALLY_OK)
        rc = erase_receipts(transaction, member->subject, &counts->receipts, err);
    if (rc == TALLY_OK)
        rc = erase_accesses(transaction, member->subject, &counts->accesses, err);
    if (rc == TALLY_OK)
        rc = tally_record_erase_subject(ledger, transaction, member->subject, &entries, err);
    counts->entries = (int64_t)entries;
    if (rc == TALLY_OK)
        rc = tally_member_delete(ledger, transaction, member, err);
    return rc;
}
