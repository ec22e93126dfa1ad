/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what is found by name agrees with what is stored by number: see check_parts.h. */

#include "ledger/check_parts.h"

#include <string.h>
#include "ledger/access.h"
#include "ledger/member.h"
#include "ledger/receipt.h"
#include "ledger/record.h"
#include "ledger/source.h"

#define ARENA_BYTES ((size_t)1 << 20)

static tally_rc count_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    (void)name;
    (void)value;
    (void)out_is_enough;
    (void)err;
    ++*(uint64_t *)context;
    return TALLY_OK;
}

static tally_rc count_number(void *context, int64_t key, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    (void)key;
    return count_name(context, value, value, out_is_enough, err);
}

/* A collection has as many rows as were met on the other side. */
static tally_rc expect_count(tally_store_transaction *transaction, tally_collection collection,
                             uint64_t expected, const char *what, tally_err *err)
{
    uint64_t count = 0;
    tally_rc rc = collection >= TALLY_STORE_FIRST_NAMED
                      ? tally_store_scan_names(transaction, collection, TALLY_TEXT(""), count_name,
                                               &count, err)
                      : tally_store_scan(transaction, collection, 1, count_number, &count, err);

    if (rc == TALLY_OK && count != expected)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "there are %llu %s, and not %llu",
                           (unsigned long long)count, what, (unsigned long long)expected);
    return rc;
}

/* ---- people ------------------------------------------------------------------------- */

typedef struct people {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    const tally_member *member; /* whose rows are being read */
    uint64_t dids, receipts, records, accesses;
    uint64_t reads_shown, reads_recorded; /* of this member */
} people;

static tally_rc wrong(const people *p, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "member %lld: %s", (long long)p->member->subject,
                         what);
}

static tally_rc check_dids(people *p, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < p->member->did_count; i++) {
        int64_t subject = 0;

        rc = tally_member_subject(p->transaction, tally_text_from(p->member->dids[i]), &subject,
                                  err);
        if (rc == TALLY_OK && subject != p->member->subject)
            rc = wrong(p, "a key does not lead to it", err);
        p->dids++;
    }
    return rc;
}

/* The row says what both signed. */
static bool agrees(const tally_receipt_row *row, const tally_signed_receipt *text)
{
    const tally_receipt *receipt = &text->receipt;

    return text->has_member && text->has_programme && row->given_ms == receipt->given_ms &&
           row->lapses_ms == receipt->lapses_ms && row->policy_version == receipt->policy_version &&
           memcmp(row->record, receipt->record, sizeof(row->record)) == 0 &&
           tally_text_is_equal(receipt->purpose, tally_text_from(row->purpose));
}

static tally_rc check_receipt(people *p, int64_t number, tally_arena *arena, tally_err *err)
{
    tally_receipt_row row;
    tally_signed_receipt receipt;
    tally_err why = TALLY_ERR_INIT;
    tally_buffer text;
    tally_rc rc = tally_receipt_load(p->transaction, number, arena, &row, err);

    if (rc == TALLY_OK && row.subject != p->member->subject)
        rc = wrong(p, "a receipt is somebody else's", err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    rc = tally_receipt_open(p->member, &row, &text, err);
    if (rc == TALLY_OK) {
        rc = tally_receipt_verify(&receipt, tally_buffer_text(&text), arena, &why);
        if (rc == TALLY_E_NOMEM)
            rc = tally_err_set(err, rc, 0, "reading a receipt");
        else if (rc != TALLY_OK || !agrees(&row, &receipt))
            rc = wrong(p, "a receipt is not what was signed", err);
    }
    tally_buffer_free(&text);
    p->receipts++;
    return rc;
}

static tally_rc check_receipts(people *p, tally_err *err)
{
    int64_t numbers[TALLY_RECEIPTS_MAX];
    size_t count = 0;
    tally_rc rc = tally_receipt_numbers(p->transaction, p->member->subject, numbers, &count, err);

    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        tally_arena *arena = tally_arena_new(ARENA_BYTES);

        rc = arena != NULL ? check_receipt(p, numbers[i], arena, err)
                           : tally_err_set(err, TALLY_E_NOMEM, 0, "reading a receipt");
        tally_arena_free(arena);
    }
    return rc;
}

static tally_rc check_record(void *context, uint64_t index, tally_err *err)
{
    static const tally_text type = TALLY_TEXT("\"type\":\"access\"}");
    people *p = context;
    tally_opened_record record = { 0 };
    tally_arena *arena = tally_arena_new(ARENA_BYTES);
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a record");
    rc = tally_record_open(p->ledger, p->transaction, index, p->member, arena, &record, err);
    if (rc == TALLY_OK && record.subject != p->member->subject)
        rc = wrong(p, "a record is somebody else's", err);
    for (size_t i = 0; rc == TALLY_OK && i < record.slot_count; i++) {
        tally_text value = record.slots[i].value;

        if (record.slots[i].slot == 0 && value.count >= type.count)
            p->reads_recorded += tally_text_is_equal(
                tally_text_slice(value, value.count - type.count, value.count), type);
    }
    tally_arena_free(arena);
    p->records++;
    return rc;
}

static tally_rc count_access(void *context, const tally_access *access, tally_err *err)
{
    people *p = context;

    (void)access;
    (void)err;
    p->reads_shown++;
    return TALLY_OK;
}

static tally_rc check_member(void *context, const tally_member *member, tally_err *err)
{
    people *p = context;
    tally_rc rc;

    p->member = member;
    p->reads_shown = p->reads_recorded = 0;
    rc = check_dids(p, err);
    if (rc == TALLY_OK)
        rc = check_receipts(p, err);
    if (rc == TALLY_OK)
        rc = tally_record_each(p->transaction, member->subject, check_record, p, err);
    if (rc == TALLY_OK)
        rc = tally_access_each(p->ledger, p->transaction, member, count_access, p, err);
    if (rc == TALLY_OK && p->reads_shown != p->reads_recorded)
        rc = wrong(p, "it is not shown each reading that the log has", err);
    p->accesses += p->reads_shown;
    /* A name with a number that there cannot be. */
    return rc == TALLY_E_INVALID ? wrong(p, "a name leads nowhere", err) : rc;
}

tally_rc tally_check_people(tally_ledger *ledger, tally_store_transaction *transaction,
                            uint64_t personal_records, tally_err *err)
{
    people p = { .ledger = ledger, .transaction = transaction };
    tally_rc rc = tally_member_each(ledger, transaction, check_member, &p, err);

    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_MEMBER_BY_DID, p.dids, "members' keys", err);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_RECEIPTS, p.receipts, "receipts", err);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_RECEIPT_BY_SUBJECT, p.receipts,
                          "members' receipts", err);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_RECORD_BY_SUBJECT, p.records, "members' records",
                          err);
    if (rc == TALLY_OK && p.records != personal_records)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "the log has %llu records of members, who are shown %llu",
                           (unsigned long long)personal_records, (unsigned long long)p.records);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_ACCESS_BY_SUBJECT, p.accesses,
                          "readings shown to members", err);
    return rc;
}

/* ---- sources -------------------------------------------------------------------------- */

tally_rc tally_check_sources(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_err *err)
{
    uint64_t dids = 0;
    tally_rc rc = TALLY_OK;

    for (int64_t number = 1; rc == TALLY_OK && number <= ledger->state.last_source; number++) {
        tally_source_record source, found;
        bool is_found = false;

        rc = tally_source_load(ledger, transaction, (uint32_t)number, &source, &is_found, err);
        if (rc == TALLY_OK && !is_found)
            rc =
                tally_err_set(err, TALLY_E_CORRUPT, 0, "source %lld is missing", (long long)number);
        for (uint32_t i = 0; rc == TALLY_OK && i < source.key_count; i++) {
            rc = tally_source_find(ledger, transaction, tally_text_from(source.keys[i].did), &found,
                                   &is_found, err);
            if (rc == TALLY_OK && (!is_found || found.number != source.number))
                rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                                   "source %lld: a key does not lead to it", (long long)number);
            dids++;
        }
    }
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_SOURCES, (uint64_t)ledger->state.last_source,
                          "sources", err);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_SOURCE_BY_DID, dids, "sources' keys", err);
    if (rc == TALLY_OK)
        rc = expect_count(transaction, TALLY_STORE_BATCH_BY_NUMBER,
                          (uint64_t)ledger->state.last_batch, "numbers of batches", err);
    return rc;
}
