/* SPDX-License-Identifier: Apache-2.0 */
/* Sources as stored, and what can be asked of one. */

#include "ledger/source.h"

#include <stdio.h>
#include <string.h>

#include "ledger/source_internal.h"
#include "util/alloc.h"

/* ---- questions ---- */

/* Keys ascend by number, and the first begins at 1. */
static const tally_source_key *key_of(const tally_source_record *source, uint64_t number)
{
    const tally_source_key *key = &source->keys[0];

    for (uint32_t i = 1; i < source->key_count; i++) {
        if (source->keys[i].from <= number)
            key = &source->keys[i];
    }
    return key;
}

bool tally_source_may_send(const tally_source_record *source, tally_text did, uint64_t number)
{
    if (source->is_revoked && number >= source->next_number)
        return false;
    return tally_text_is(did, key_of(source, number)->did);
}

int64_t tally_source_void_from_ms(const tally_source_record *source, uint64_t number)
{
    int64_t from_ms = INT64_MAX;

    for (uint32_t i = 0; i < source->revocation_count; i++) {
        const tally_source_revocation *revocation = &source->revocations[i];

        if (number >= revocation->from && number < revocation->until && revocation->at_ms < from_ms)
            from_ms = revocation->at_ms;
    }
    return from_ms;
}

/* ---- writing ---- */

static void write_keys(tally_jcs *jcs, const tally_source_record *source)
{
    tally_jcs_name(jcs, "keys");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < source->key_count; i++) {
        tally_jcs_object(jcs);
        tally_jcs_member_string(jcs, "did", source->keys[i].did);
        tally_jcs_member_integer(jcs, "from", (int64_t)source->keys[i].from);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}

static void write_revocations(tally_jcs *jcs, const tally_source_record *source)
{
    tally_jcs_name(jcs, "revocations");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < source->revocation_count; i++) {
        tally_jcs_object(jcs);
        tally_value_write_instant(jcs, "at", source->revocations[i].at_ms);
        tally_jcs_member_integer(jcs, "from", (int64_t)source->revocations[i].from);
        tally_jcs_member_integer(jcs, "until", (int64_t)source->revocations[i].until);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}

tally_rc tally_source_save(tally_store_transaction *transaction, const tally_source_record *source,
                           tally_err *err)
{
    tally_buffer text;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_SOURCE_VALUE_BYTES_MAX);
    tally_jcs_init(&jcs, &text);
    tally_jcs_object(&jcs);
    write_keys(&jcs, source);
    tally_jcs_member_string(&jcs, "name", source->name);
    tally_jcs_member_integer(&jcs, "next", (int64_t)source->next_number);
    tally_value_write_instant(&jcs, "registered", source->registered_ms);
    write_revocations(&jcs, source);
    tally_jcs_member_bool(&jcs, "revoked", source->is_revoked);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_SOURCES, source->number,
                             tally_buffer_text(&text), err);
    tally_buffer_free(&text);
    return rc;
}

/* ---- reading ---- */

static void copy_text(char *out, size_t bytes, tally_text text)
{
    TALLY_ASSERT(text.count < bytes);
    if (text.count > 0)
        memcpy(out, text.bytes, text.count);
    out[text.count] = '\0';
}

static void read_keys(tally_json_reader *reader, tally_source_record *out)
{
    tally_json_items items;
    tally_json_reader item;

    tally_json_read_array(reader, "keys", 1, TALLY_SOURCE_KEYS_MAX, &items);
    while (tally_json_next_object(&items, &item)) {
        tally_source_key *key = &out->keys[out->key_count++];

        copy_text(key->did, sizeof(key->did),
                  tally_json_read_text(&item, "did", TALLY_SOURCE_DID_BYTES_MAX));
        key->from = (uint64_t)tally_json_read_integer(&item, "from", 1, TALLY_JSON_INTEGER_MAX);
        (void)tally_json_read_end(&item);
    }
}

static void read_revocations(tally_json_reader *reader, tally_source_record *out)
{
    tally_json_items items;
    tally_json_reader item;

    tally_json_read_array(reader, "revocations", 0, TALLY_SOURCE_REVOCATIONS_MAX, &items);
    while (tally_json_next_object(&items, &item)) {
        tally_source_revocation *revocation = &out->revocations[out->revocation_count++];

        revocation->at_ms = tally_value_read_instant(&item, "at");
        revocation->from =
            (uint64_t)tally_json_read_integer(&item, "from", 1, TALLY_JSON_INTEGER_MAX);
        revocation->until =
            (uint64_t)tally_json_read_integer(&item, "until", 1, TALLY_JSON_INTEGER_MAX);
        (void)tally_json_read_end(&item);
    }
}

static tally_rc read_source(const tally_json_value *root, uint32_t number, tally_source_record *out,
                            tally_err *err)
{
    tally_json_reader reader;

    *out = (tally_source_record){ .number = number };
    tally_json_read_begin(&reader, root, "source", err);
    read_keys(&reader, out);
    copy_text(out->name, sizeof(out->name),
              tally_json_read_text(&reader, "name", TALLY_SOURCE_NAME_BYTES_MAX));
    out->next_number =
        (uint64_t)tally_json_read_integer(&reader, "next", 1, TALLY_JSON_INTEGER_MAX);
    out->registered_ms = tally_value_read_instant(&reader, "registered");
    read_revocations(&reader, out);
    out->is_revoked = tally_json_read_bool(&reader, "revoked");
    return tally_json_read_end(&reader);
}

tally_rc tally_source_parse(tally_text text, uint32_t number, tally_source_record *out,
                            tally_err *err)
{
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, text, NULL, err);

    if (rc == TALLY_OK)
        rc = read_source(tally_json_root(document), number, out, err);
    tally_json_document_free(document);
    /* It was written here: what cannot be read is damaged. */
    return rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT ? TALLY_E_CORRUPT : rc;
}

tally_rc tally_source_load(tally_ledger *ledger, tally_store_transaction *transaction,
                           uint32_t number, tally_source_record *out, bool *out_is_found,
                           tally_err *err)
{
    tally_text text;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_SOURCES, number, &text, out_is_found, err);

    (void)ledger;
    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    return tally_source_parse(text, number, out, err);
}

tally_rc tally_source_find(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_text did, tally_source_record *out, bool *out_is_found,
                           tally_err *err)
{
    tally_text text;
    int64_t number;
    tally_rc rc;

    *out_is_found = false;
    if (did.count == 0 || did.count > TALLY_SOURCE_DID_BYTES_MAX)
        return TALLY_OK;
    rc = tally_store_find(transaction, TALLY_STORE_SOURCE_BY_DID, did, &text, out_is_found, err);
    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    if (tally_text_parse_i64(&number, text, 1, UINT32_MAX) != TALLY_OK)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a source's number is damaged");
    rc = tally_source_load(ledger, transaction, (uint32_t)number, out, out_is_found, err);
    if (rc == TALLY_OK && !*out_is_found)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a source is missing");
    return rc;
}

tally_rc tally_source_advance(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_source_record *source, tally_err *err)
{
    (void)ledger;
    TALLY_ASSERT(source->number > 0 && source->key_count > 0);
    if (source->next_number >= (uint64_t)TALLY_JSON_INTEGER_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a source has no more numbers");
    source->next_number++;
    return tally_source_save(transaction, source, err);
}

/* ---- all of them ---- */

typedef struct each_context {
    tally_source_visit visit;
    void *context;
} each_context;

static tally_rc visit_one(void *context, int64_t key, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    const each_context *each = context;
    tally_source_record source;
    tally_rc rc = tally_source_parse(value, (uint32_t)key, &source, err);

    (void)out_is_enough;
    return rc == TALLY_OK ? each->visit(each->context, &source, err) : rc;
}

static tally_rc scan(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    (void)ledger;
    return tally_store_scan(transaction, TALLY_STORE_SOURCES, 1, visit_one, context, err);
}

tally_rc tally_source_each(tally_ledger *ledger, tally_source_visit visit, void *context,
                           tally_err *err)
{
    each_context each = { visit, context };

    return tally_ledger_run(ledger, false, scan, &each, err);
}
