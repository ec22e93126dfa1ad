/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts as stored. RECEIPTS holds canonical JSON:
 *
 *   {"ended":INSTANT,"entry":7,"given":INSTANT,"lapses":INSTANT,"policy":1,
 *    "purpose":"participation","receipt":BYTES,"record":BYTES,"subject":12}
 *
 * ended only when it has. receipt is the signed text under the member's data key, bound to
 * "tally/receipt/v1" || rid || number. RECEIPT_BY_SUBJECT: subject, number -> nothing. */

#include "crypto/base64.h"
#include "crypto/seal.h"
#include "ledger/receipt.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define ROW_BYTES_MAX ((size_t)512 << 10)
#define NAME_BYTES    16
#define CONTEXT_BYTES (16 + TALLY_RID_BYTES + 8)

static tally_text name_of(uint8_t out[static NAME_BYTES], int64_t subject, int64_t number)
{
    tally_write_u64(out, (uint64_t)subject);
    tally_write_u64(out + 8, (uint64_t)number);
    return tally_text_of((const char *)out, NAME_BYTES);
}

/* ---- one ---- */

tally_rc tally_receipt_save(tally_store_transaction *transaction, const tally_receipt_row *row,
                            tally_err *err)
{
    uint8_t name[NAME_BYTES];
    tally_buffer value;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&value, ROW_BYTES_MAX);
    tally_jcs_init(&jcs, &value);
    tally_jcs_object(&jcs);
    if (row->ended_ms != INT64_MAX)
        tally_value_write_instant(&jcs, "ended", row->ended_ms);
    tally_jcs_member_integer(&jcs, "entry", (int64_t)row->entry);
    tally_value_write_instant(&jcs, "given", row->given_ms);
    tally_value_write_instant(&jcs, "lapses", row->lapses_ms);
    tally_jcs_member_integer(&jcs, "policy", row->policy_version);
    tally_jcs_member_string(&jcs, "purpose", row->purpose);
    tally_value_write_bytes(&jcs, "receipt", (const uint8_t *)row->sealed.bytes, row->sealed.count);
    tally_value_write_bytes(&jcs, "record", row->record, sizeof(row->record));
    tally_jcs_member_integer(&jcs, "subject", row->subject);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_RECEIPTS, row->number,
                             tally_buffer_text(&value), err);
    tally_buffer_free(&value);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_RECEIPT_BY_SUBJECT,
                              name_of(name, row->subject, row->number), TALLY_TEXT(""), err);
    return rc;
}

static tally_rc damaged(int64_t number, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "receipt %lld is damaged", (long long)number);
}

/* arena NULL: the receipt itself is not asked for. */
static tally_rc read_sealed(tally_json_reader *reader, tally_arena *arena, tally_text *out)
{
    tally_text text = tally_json_read_text(reader, "receipt", ROW_BYTES_MAX);
    size_t count = 0;
    uint8_t *bytes;

    if (arena == NULL)
        return TALLY_OK;
    bytes = tally_arena_alloc(arena, text.count);
    if (bytes == NULL)
        return tally_arena_failure(arena);
    if (tally_base64url_decode(bytes, text.count, &count, text) != TALLY_OK)
        return TALLY_E_CORRUPT;
    *out = tally_text_of((const char *)bytes, count);
    return TALLY_OK;
}

tally_rc tally_receipt_parse(int64_t number, tally_text value, tally_arena *arena,
                             tally_receipt_row *out, tally_err *err)
{
    const tally_json_options options = { ROW_BYTES_MAX, 0, false };
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_text purpose;
    tally_rc rc = tally_json_parse(&document, value, &options, NULL), end;

    *out = (tally_receipt_row){ .number = number };
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "reading a receipt");
    if (rc != TALLY_OK)
        return damaged(number, err);
    tally_json_read_begin(&reader, tally_json_root(document), "receipt", NULL);
    out->ended_ms = tally_value_read_optional_instant(&reader, "ended", INT64_MAX);
    out->entry = (uint64_t)tally_json_read_integer(&reader, "entry", 0, TALLY_JSON_INTEGER_MAX);
    out->given_ms = tally_value_read_instant(&reader, "given");
    out->lapses_ms = tally_value_read_instant(&reader, "lapses");
    out->policy_version =
        (uint32_t)tally_json_read_integer(&reader, "policy", 1, TALLY_MEMBER_POLICIES_MAX);
    purpose = tally_json_read_text(&reader, "purpose", TALLY_PURPOSE_BYTES_MAX);
    memcpy(out->purpose, purpose.bytes, purpose.count);
    rc = read_sealed(&reader, arena, &out->sealed);
    tally_value_read_bytes(&reader, "record", out->record, sizeof(out->record));
    out->subject = tally_json_read_integer(&reader, "subject", 1, TALLY_JSON_INTEGER_MAX);
    end = tally_json_read_end(&reader);
    tally_json_document_free(document);
    if (rc == TALLY_E_NOMEM || rc == TALLY_E_LIMIT)
        return tally_err_set(err, rc, 0, "reading a receipt");
    return rc != TALLY_OK || end != TALLY_OK ? damaged(number, err) : TALLY_OK;
}

tally_rc tally_receipt_load(tally_store_transaction *transaction, int64_t number,
                            tally_arena *arena, tally_receipt_row *out, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_RECEIPTS, number, &value, &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    return is_found ? tally_receipt_parse(number, value, arena, out, err) : damaged(number, err);
}

tally_rc tally_receipt_delete(tally_store_transaction *transaction, const tally_receipt_row *row,
                              tally_err *err)
{
    uint8_t name[NAME_BYTES];
    tally_rc rc = tally_store_unname(transaction, TALLY_STORE_RECEIPT_BY_SUBJECT,
                                     name_of(name, row->subject, row->number), err);

    if (rc == TALLY_OK)
        rc = tally_store_delete(transaction, TALLY_STORE_RECEIPTS, row->number, err);
    return rc;
}

/* ---- in clear ---- */

static void make_context(uint8_t out[static CONTEXT_BYTES], const tally_member *member,
                         int64_t number)
{
    memcpy(out, "tally/receipt/v1", 16);
    memcpy(out + 16, member->rid, TALLY_RID_BYTES);
    tally_write_u64(out + 16 + TALLY_RID_BYTES, (uint64_t)number);
}

tally_rc tally_receipt_seal(const tally_ledger *ledger, const tally_member *member, int64_t number,
                            tally_text text, tally_arena *arena, tally_text *out, tally_err *err)
{
    size_t count = text.count + TALLY_SEAL_EXTRA_BYTES;
    uint8_t *sealed = tally_arena_alloc(arena, count);
    uint8_t context[CONTEXT_BYTES];

    if (sealed == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "sealing a receipt");
    make_context(context, member, number);
    *out = tally_text_of((const char *)sealed, count);
    return tally_seal(sealed, text.bytes, text.count, context, sizeof(context), member->data_key,
                      ledger->options.random, err);
}

tally_rc tally_receipt_open(const tally_member *member, const tally_receipt_row *row,
                            tally_buffer *out, tally_err *err)
{
    uint8_t context[CONTEXT_BYTES];
    size_t count;
    uint8_t *clear;
    tally_rc rc;

    if (row->sealed.count < TALLY_SEAL_EXTRA_BYTES)
        return damaged(row->number, err);
    count = row->sealed.count - TALLY_SEAL_EXTRA_BYTES;
    clear = tally_alloc(count);
    if (clear == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a receipt");
    make_context(context, member, row->number);
    rc = tally_seal_open(clear, (const uint8_t *)row->sealed.bytes, row->sealed.count, context,
                         sizeof(context), member->data_key);
    if (rc != TALLY_OK)
        rc = damaged(row->number, err);
    else if (tally_buffer_append(out, clear, count) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(out), 0, "opening a receipt");
    tally_secret_wipe(clear, count);
    tally_release(clear);
    return rc;
}

/* ---- a member's ---- */

typedef struct numbers {
    int64_t *out;
    size_t count;
} numbers;

static tally_rc take_number(void *context, tally_text name, tally_text value, bool *out_is_enough,
                            tally_err *err)
{
    numbers *self = context;

    (void)value;
    (void)out_is_enough;
    if (name.count != NAME_BYTES || self->count == TALLY_RECEIPTS_MAX)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a member's list of receipts is damaged");
    self->out[self->count++] = (int64_t)tally_read_u64((const uint8_t *)name.bytes + 8);
    return TALLY_OK;
}

tally_rc tally_receipt_numbers(tally_store_transaction *transaction, int64_t subject,
                               int64_t out[static TALLY_RECEIPTS_MAX], size_t *out_count,
                               tally_err *err)
{
    numbers found = { out, 0 };
    uint8_t prefix[8];
    tally_rc rc;

    tally_write_u64(prefix, (uint64_t)subject);
    rc = tally_store_scan_names(transaction, TALLY_STORE_RECEIPT_BY_SUBJECT,
                                tally_text_of((const char *)prefix, sizeof(prefix)), take_number,
                                &found, err);
    *out_count = found.count;
    return rc;
}

tally_rc tally_member_receipts(tally_ledger *ledger, tally_store_transaction *transaction,
                               int64_t subject, tally_receipt_span out[static TALLY_RECEIPTS_MAX],
                               size_t *out_count, tally_err *err)
{
    int64_t found[TALLY_RECEIPTS_MAX];
    tally_rc rc = tally_receipt_numbers(transaction, subject, found, out_count, err);

    (void)ledger;
    for (size_t i = 0; rc == TALLY_OK && i < *out_count; i++) {
        tally_receipt_row row;

        rc = tally_receipt_load(transaction, found[i], NULL, &row, err);
        if (rc == TALLY_OK)
            out[i] = (tally_receipt_span){
                .number = row.number,
                .given_ms = row.given_ms,
                .lapses_ms = row.lapses_ms,
                .ended_ms = row.ended_ms,
                .policy_version = row.policy_version,
                .is_participation =
                    tally_text_is(TALLY_TEXT(TALLY_PURPOSE_PARTICIPATION), row.purpose),
            };
    }
    return rc;
}

/* Given at an instant means live at it; lapsing or ending at one means not any more. */
static bool is_live(const tally_receipt_span *receipt, int64_t at_ms)
{
    return receipt->is_participation && receipt->given_ms <= at_ms && at_ms < receipt->lapses_ms &&
           at_ms < receipt->ended_ms;
}

bool tally_receipts_cover(const tally_receipt_span *receipts, size_t count, int64_t at_ms,
                          int64_t now_ms)
{
    bool covers_then = false, covers_now = false;

    for (size_t i = 0; i < count; i++) {
        covers_then = covers_then || is_live(&receipts[i], at_ms);
        covers_now = covers_now || is_live(&receipts[i], now_ms);
    }
    return covers_then && covers_now;
}
