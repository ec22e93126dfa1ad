/* SPDX-License-Identifier: Apache-2.0 */
/* What the store keeps of a batch: see batch_record.h. */

#include "ledger/batch_record.h"

#include <string.h>
#include "json/jcs.h"
#include "json/read.h"
#include "message/values.h"
#include "util/bytes.h"

#define HEADER_BYTES_MAX ((size_t)8 << 10)
#define REPLY_BYTES_MAX  ((size_t)8 << 20)

static tally_rc read_record(tally_batch_record *out, tally_text value, tally_err *err)
{
    const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX };
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&out->document, value, &options, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(out->document), "batch", err);
    out->source = (uint32_t)tally_json_read_integer(&reader, "source", 1, UINT32_MAX);
    out->number = (uint64_t)tally_json_read_integer(&reader, "number", 1, TALLY_JSON_INTEGER_MAX);
    tally_value_read_bytes(&reader, "root", out->root.bytes, TALLY_HASH_BYTES);
    out->header = tally_json_read_text(&reader, "header", HEADER_BYTES_MAX);
    out->count = (uint32_t)tally_json_read_integer(&reader, "count", 0, UINT32_MAX);
    out->admitted = (uint32_t)tally_json_read_integer(&reader, "admitted", 0, UINT32_MAX);
    out->recorded_ms = tally_value_read_instant(&reader, "recorded");
    out->log_index =
        (uint64_t)tally_json_read_integer(&reader, "log-index", 0, TALLY_JSON_INTEGER_MAX);
    out->reply = tally_json_read_text(&reader, "reply", REPLY_BYTES_MAX);
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        tally_json_document_free(out->document);
    return rc;
}

tally_rc tally_batch_record_load(tally_ledger *ledger, tally_store_transaction *transaction,
                                 int64_t batch, tally_batch_record *out, bool *out_is_found,
                                 tally_err *err)
{
    tally_text value;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_BATCHES, batch, &value, out_is_found, err);

    (void)ledger;
    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    rc = read_record(out, value, err);
    return rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT ? TALLY_E_CORRUPT : rc;
}

void tally_batch_record_free(tally_batch_record *record)
{
    tally_json_document_free(record->document);
    record->document = NULL;
}

/* The name under which a source's batch is found: both numbers, big-endian. */
static tally_text name_of(uint8_t out[static 12], uint32_t source, uint64_t number)
{
    tally_write_u32(out, source);
    tally_write_u64(out + 4, number);
    return tally_text_of((const char *)out, 12);
}

tally_rc tally_batch_record_save(tally_store_transaction *transaction, int64_t batch,
                                 const tally_batch_record *record, tally_err *err)
{
    tally_buffer buffer = { 0 };
    uint8_t name[12], number[8];
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&buffer, TALLY_STORE_VALUE_BYTES_MAX);
    tally_jcs_init(&jcs, &buffer);
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "admitted", record->admitted);
    tally_jcs_member_integer(&jcs, "count", record->count);
    tally_jcs_member_text(&jcs, "header", record->header);
    tally_jcs_member_integer(&jcs, "log-index", (int64_t)record->log_index);
    tally_jcs_member_integer(&jcs, "number", (int64_t)record->number);
    tally_value_write_instant(&jcs, "recorded", record->recorded_ms);
    tally_jcs_member_text(&jcs, "reply", record->reply);
    tally_value_write_bytes(&jcs, "root", record->root.bytes, TALLY_HASH_BYTES);
    tally_jcs_member_integer(&jcs, "source", record->source);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_BATCHES, batch, tally_buffer_text(&buffer),
                             err);
    tally_write_u64(number, (uint64_t)batch);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_BATCH_BY_NUMBER,
                              name_of(name, record->source, record->number),
                              tally_text_of((const char *)number, 8), err);
    tally_buffer_free(&buffer);
    return rc;
}

tally_rc tally_batch_record_find(tally_store_transaction *transaction, uint32_t source,
                                 uint64_t number, int64_t *out_batch, tally_err *err)
{
    uint8_t name[12];
    tally_text value;
    bool is_found;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_BATCH_BY_NUMBER,
                                   name_of(name, source, number), &value, &is_found, err);

    *out_batch = 0;
    if (rc != TALLY_OK || !is_found)
        return rc;
    if (value.count != 8 || tally_read_u64((const uint8_t *)value.bytes) > INT64_MAX)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the number of a batch is none");
    *out_batch = (int64_t)tally_read_u64((const uint8_t *)value.bytes);
    return TALLY_OK;
}

/* ---- leaves ------------------------------------------------------------------------ */

tally_rc tally_batch_leaves_read(tally_batch_leaves *out, tally_text value, tally_err *err)
{
    const uint8_t *bytes = (const uint8_t *)value.bytes;
    uint64_t count = value.count >= TALLY_BATCH_LEAVES_HEAD_BYTES ? tally_read_u32(bytes) : 0;

    if (value.count < TALLY_BATCH_LEAVES_HEAD_BYTES ||
        value.count != TALLY_BATCH_LEAVES_BYTES(count))
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the leaves of a batch have a wrong length");
    *out = (tally_batch_leaves){
        .count = (uint32_t)count,
        .hashes = bytes + TALLY_BATCH_LEAVES_HEAD_BYTES,
        .marks = bytes + TALLY_BATCH_LEAVES_HEAD_BYTES + count * TALLY_HASH_BYTES,
    };
    return TALLY_OK;
}

uint64_t tally_batch_leaves_mark(const tally_batch_leaves *leaves, uint32_t position)
{
    return tally_read_u64(leaves->marks + (size_t)position * 8);
}

void tally_batch_leaves_write(uint8_t *out, uint32_t count, const tally_node *hashes,
                              const uint64_t *marks)
{
    tally_write_u32(out, count);
    out += TALLY_BATCH_LEAVES_HEAD_BYTES;
    for (uint32_t i = 0; i < count; i++, out += TALLY_HASH_BYTES)
        memcpy(out, hashes[i].bytes, TALLY_HASH_BYTES);
    for (uint32_t i = 0; i < count; i++, out += 8)
        tally_write_u64(out, marks[i]);
}
