/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an export: see export.h. */

#include "ledger/export.h"

#include <string.h>
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/jws.h"
#include "json/jcs.h"
#include "ledger/access.h"
#include "ledger/batch_record.h"
#include "ledger/export_parts.h"
#include "ledger/record.h"
#include "ledger/source.h"
#include "ledger/statement.h"
#include "ledger/subject_events.h"
#include "message/values.h"
#include "policy/charter_limits.h"
#include "tlog/proof.h"
#include "util/alloc.h"

typedef struct exporting {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    int64_t subject;
    const tally_member *member; /* NULL: an organisation */
    tally_text name;
    int64_t as_of_ms;
    tally_hash *hash;
    tally_arena *arena;
    tally_jcs jcs;
    /* Batches that events came in, in the order of first mention. */
    uint32_t batch_count, batch_room;
    int64_t *batches;
} exporting;

/* ---- events ------------------------------------------------------------------------ */

typedef struct leaves_source {
    const tally_batch_leaves *leaves;
    tally_hash *hash;
} leaves_source;

/* A batch has at most 10,000 leaves, so the recursion is at most 14 deep. */
static tally_rc leaf_node(void *context, tally_node *out, uint32_t height, uint64_t index,
                          tally_err *err)
{
    const leaves_source *source = context;
    tally_node left, right;
    tally_rc rc;

    if (height == 0) {
        memcpy(out->bytes, source->leaves->hashes + index * TALLY_HASH_BYTES, TALLY_HASH_BYTES);
        return TALLY_OK;
    }
    rc = leaf_node(context, &left, height - 1, 2 * index, err);
    if (rc == TALLY_OK)
        rc = leaf_node(context, &right, height - 1, 2 * index + 1, err);
    return rc == TALLY_OK ? tally_tree_hash_pair(source->hash, out, &left, &right) : rc;
}

static tally_rc path_of(exporting *e, int64_t batch, uint32_t position, tally_proof *out,
                        tally_err *err)
{
    tally_batch_leaves leaves;
    leaves_source context = { &leaves, e->hash };
    const tally_tree_source source = { &context, leaf_node };
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_get(e->transaction, TALLY_STORE_BATCH_LEAVES, batch, &value, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the leaves of batch %lld are missing",
                           (long long)batch);
    if (rc == TALLY_OK)
        rc = tally_batch_leaves_read(&leaves, value, err);
    if (rc == TALLY_OK)
        rc = tally_proof_inclusion(out, &source, e->hash,
                                   (tally_tree_place){ position, leaves.count }, err);
    return rc;
}

/* The index of a batch in the document. */
static tally_rc batch_index(exporting *e, int64_t batch, uint32_t *out_index, tally_err *err)
{
    for (uint32_t i = e->batch_count; i > 0; i--) {
        if (e->batches[i - 1] == batch) {
            *out_index = i - 1;
            return TALLY_OK;
        }
    }
    if (e->batch_count == e->batch_room) {
        uint32_t room = e->batch_room == 0 ? 64 : e->batch_room * 2;
        int64_t *grown = tally_realloc_array(e->batches, room, sizeof(*grown));

        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "exporting");
        e->batches = grown;
        e->batch_room = room;
    }
    *out_index = e->batch_count;
    e->batches[e->batch_count++] = batch;
    return TALLY_OK;
}

static void write_path(tally_jcs *jcs, const tally_proof *path)
{
    tally_jcs_name(jcs, "path");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < path->count; i++)
        tally_export_bytes(jcs, path->nodes[i].bytes, TALLY_HASH_BYTES);
    tally_jcs_array_end(jcs);
}

static tally_rc write_event(void *context, const tally_subject_event *event, bool *out_is_enough,
                            tally_err *err)
{
    exporting *e = context;
    uint32_t index;
    tally_proof path;
    tally_rc rc = batch_index(e, event->batch, &index, err);

    (void)out_is_enough;
    if (rc == TALLY_OK)
        rc = path_of(e, event->batch, event->position, &path, err);
    if (rc != TALLY_OK)
        return rc;
    tally_jcs_object(&e->jcs);
    tally_jcs_member_integer(&e->jcs, "batch", index);
    tally_value_write_bytes(&e->jcs, "bytes", (const uint8_t *)event->plain.bytes.bytes,
                            event->plain.bytes.count);
    write_path(&e->jcs, &path);
    tally_jcs_member_integer(&e->jcs, "position", event->position);
    tally_value_write_instant(&e->jcs, "recorded", event->plain.recorded_ms);
    tally_value_write_bytes(&e->jcs, "salt", event->plain.salt, sizeof(event->plain.salt));
    tally_jcs_object_end(&e->jcs);
    return TALLY_OK;
}

/* Newest first, as the store gives them; the check knows. */
static tally_rc write_events(exporting *e, tally_err *err)
{
    tally_rc rc;

    tally_jcs_name(&e->jcs, "events");
    tally_jcs_array(&e->jcs);
    rc = tally_subject_events(e->transaction, e->subject,
                              e->member != NULL ? e->member->data_key : NULL,
                              e->member != NULL ? e->member->rid : NULL, 0, write_event, e, err);
    tally_jcs_array_end(&e->jcs);
    return rc;
}

static tally_rc write_batch(exporting *e, int64_t batch, tally_err *err)
{
    tally_batch_record record;
    tally_source_record source;
    bool is_found = false;
    tally_rc rc =
        tally_batch_record_load(e->ledger, e->transaction, batch, &record, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld is missing", (long long)batch);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_source_load(e->ledger, e->transaction, record.source, &source, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "source %u is missing", record.source);
    if (rc == TALLY_OK) {
        tally_jcs_object(&e->jcs);
        tally_jcs_member_text(&e->jcs, "header", record.header);
        tally_jcs_member_integer(&e->jcs, "log-index", (int64_t)record.log_index);
        tally_jcs_member_string(&e->jcs, "source", source.name);
        if (tally_source_void_from_ms(&source, record.number) != INT64_MAX)
            tally_value_write_instant(&e->jcs, "void-from",
                                      tally_source_void_from_ms(&source, record.number));
        tally_jcs_object_end(&e->jcs);
    }
    tally_batch_record_free(&record);
    return rc;
}

/* Written after the events that mention them, and so named behind `events`. */
static tally_rc write_batches(exporting *e, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    tally_jcs_name(&e->jcs, "from-batches");
    tally_jcs_array(&e->jcs);
    for (uint32_t i = 0; rc == TALLY_OK && i < e->batch_count; i++)
        rc = write_batch(e, e->batches[i], err);
    tally_jcs_array_end(&e->jcs);
    return rc;
}

/* ---- what the programme holds beside events ------------------------------------------- */

static tally_rc write_access(void *context, const tally_access *access, tally_err *err)
{
    exporting *e = context;

    (void)err;
    tally_jcs_object(&e->jcs);
    tally_value_write_instant(&e->jcs, "at", access->at_ms);
    tally_jcs_member_text(&e->jcs, "case", access->case_id);
    tally_jcs_member_text(&e->jcs, "fields", access->fields);
    tally_jcs_member_integer(&e->jcs, "number", access->number);
    tally_jcs_member_text(&e->jcs, "purpose", access->purpose);
    tally_jcs_member_text(&e->jcs, "reader", access->reader);
    tally_jcs_member_text(&e->jcs, "role", access->role);
    tally_jcs_object_end(&e->jcs);
    return TALLY_OK;
}

static tally_rc write_accesses(exporting *e, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    tally_jcs_name(&e->jcs, "accesses");
    tally_jcs_array(&e->jcs);
    if (e->member != NULL)
        rc = tally_access_each(e->ledger, e->transaction, e->member, write_access, e, err);
    tally_jcs_array_end(&e->jcs);
    return rc;
}

static tally_rc write_record(void *context, uint64_t index, tally_err *err)
{
    exporting *e = context;
    tally_opened_record record = { 0 };
    tally_rc rc =
        tally_record_open(e->ledger, e->transaction, index, e->member, e->arena, &record, err);

    if (rc != TALLY_OK)
        return rc;
    tally_jcs_object(&e->jcs);
    tally_jcs_member_integer(&e->jcs, "index", (int64_t)index);
    tally_jcs_name(&e->jcs, "slots");
    tally_jcs_array(&e->jcs);
    for (size_t i = 0; i < record.slot_count; i++) {
        const tally_opened_slot *slot = &record.slots[i];

        tally_jcs_object(&e->jcs);
        tally_value_write_bytes(&e->jcs, "salt", slot->salt, sizeof(slot->salt));
        tally_jcs_member_integer(&e->jcs, "slot", slot->slot);
        tally_value_write_bytes(&e->jcs, "value", (const uint8_t *)slot->value.bytes,
                                slot->value.count);
        tally_jcs_object_end(&e->jcs);
    }
    tally_jcs_array_end(&e->jcs);
    tally_jcs_object_end(&e->jcs);
    return TALLY_OK;
}

/* The log's records about the subject, with what opens them: receipts, changes of key, reads. */
static tally_rc write_records(exporting *e, tally_err *err)
{
    tally_rc rc;

    tally_jcs_name(&e->jcs, "records");
    tally_jcs_array(&e->jcs);
    rc = tally_record_each(e->transaction, e->subject, write_record, e, err);
    tally_jcs_array_end(&e->jcs);
    return rc;
}

static tally_rc write_policy(exporting *e, tally_err *err)
{
    int64_t from_ms[TALLY_LEDGER_VERSIONS_MAX];
    char *frozen;
    size_t frozen_bytes;
    tally_rc rc = tally_policy_freeze(e->ledger->policy, &frozen, &frozen_bytes);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "exporting the policy");
    tally_member_binding(e->ledger, e->member, from_ms);
    tally_jcs_name(&e->jcs, "policy");
    tally_jcs_object(&e->jcs);
    tally_jcs_name(&e->jcs, "begins");
    tally_jcs_array(&e->jcs);
    for (uint32_t i = 0; i < e->ledger->policy->version_count; i++) {
        if (i == 0)
            tally_jcs_string(&e->jcs, "always");
        else if (from_ms[i] == INT64_MAX)
            tally_jcs_string(&e->jcs, "not accepted");
        else
            tally_value_instant(&e->jcs, from_ms[i]);
    }
    tally_jcs_array_end(&e->jcs);
    tally_jcs_member_text(&e->jcs, "frozen", tally_text_of(frozen, frozen_bytes));
    tally_jcs_object_end(&e->jcs);
    tally_policy_text_free(frozen);
    return TALLY_OK;
}

static tally_rc write_statement(exporting *e, tally_err *err)
{
    tally_subject_view view;
    tally_rc rc =
        tally_subject_view_open(&view, e->ledger, e->transaction, e->subject, e->member, err);

    if (rc != TALLY_OK)
        return rc;
    tally_jcs_name(&e->jcs, "statement");
    rc = tally_export_statement(&e->jcs, view.replay, e->name, e->as_of_ms, err);
    tally_subject_view_close(&view);
    return rc;
}

static void write_head(exporting *e)
{
    char hex[TALLY_HASH_HEX_BYTES];
    uint8_t charter[TALLY_HASH_BYTES];

    tally_value_write_instant(&e->jcs, "as-of", e->as_of_ms);
    tally_value_write_instant(&e->jcs, "at", tally_ledger_now_ms(e->ledger));
    tally_charter_hash(charter);
    tally_hash_hex(hex, charter);
    tally_jcs_member_string(&e->jcs, "charter", hex);
    tally_jcs_name(&e->jcs, "dids");
    tally_jcs_array(&e->jcs);
    for (uint32_t i = 0; e->member != NULL && i < e->member->did_count; i++)
        tally_jcs_string(&e->jcs, e->member->dids[i]);
    tally_jcs_array_end(&e->jcs);
}

/* Names in their canonical order. */
static tally_rc write_all(exporting *e, tally_err *err)
{
    tally_rc rc;

    tally_jcs_object(&e->jcs);
    rc = write_accesses(e, err);
    write_head(e);
    if (rc == TALLY_OK)
        rc = write_events(e, err);
    if (rc == TALLY_OK)
        rc = write_batches(e, err);
    if (rc == TALLY_OK && e->member != NULL)
        tally_value_write_bytes(&e->jcs, "handle-secret", e->member->handle_secret,
                                TALLY_KEY_BYTES);
    if (rc != TALLY_OK)
        return rc;
    tally_jcs_member_string(&e->jcs, "kind", "export");
    rc = write_policy(e, err);
    if (rc != TALLY_OK)
        return rc;
    tally_jcs_member_text(&e->jcs, "programme", tally_ledger_origin(e->ledger));
    tally_jcs_member_text(&e->jcs, "programme-did", tally_ledger_did(e->ledger));
    tally_jcs_name(&e->jcs, "receipts");
    rc = tally_export_receipts(&e->jcs, e->transaction, e->member, e->arena, err);
    if (rc == TALLY_OK)
        rc = write_records(e, err);
    if (rc == TALLY_OK)
        rc = write_statement(e, err);
    if (rc != TALLY_OK)
        return rc;
    tally_jcs_member_text(&e->jcs, "subject", e->name);
    tally_jcs_member_integer(&e->jcs, "v", 1);
    tally_jcs_object_end(&e->jcs);
    return tally_jcs_finish(&e->jcs, err);
}

/* ---- signing ------------------------------------------------------------------------------ */

/* The document with its signature in it: over the hash of the document without. `signature`
 * stands between `records` and `statement`, so the document is parsed and written once more. */
static tally_rc sign(const exporting *e, tally_text plain, tally_buffer *out, tally_err *err)
{
    tally_buffer signature;
    tally_rc rc;

    tally_buffer_init(&signature, TALLY_JSON_BYTES_MAX);
    rc = tally_export_sign(&signature, plain, e->ledger->keys->operator_seed, err);
    if (rc == TALLY_OK)
        rc = tally_export_insert_signature(out, plain, tally_buffer_text(&signature), err);
    tally_buffer_free(&signature);
    return rc;
}

tally_rc tally_ledger_export(tally_ledger *ledger, tally_store_transaction *transaction,
                             int64_t subject, const tally_member *member, tally_text subject_name,
                             int64_t as_of_ms, tally_buffer *out, tally_err *err)
{
    exporting e = { .ledger = ledger,
                    .transaction = transaction,
                    .subject = subject,
                    .member = member,
                    .name = subject_name,
                    .as_of_ms =
                        as_of_ms == TALLY_NOTHING ? tally_ledger_now_ms(ledger) : as_of_ms };
    tally_buffer plain;
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&plain, TALLY_JSON_BYTES_MAX);
    e.hash = tally_hash_new();
    e.arena = tally_arena_new(TALLY_JSON_BYTES_MAX * 2);
    if (e.hash == NULL || e.arena == NULL)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "exporting");
    tally_jcs_init(&e.jcs, &plain);
    if (rc == TALLY_OK)
        rc = write_all(&e, err);
    if (rc == TALLY_OK)
        rc = sign(&e, tally_buffer_text(&plain), out, err);
    tally_release(e.batches);
    tally_hash_free(e.hash);
    tally_arena_free(e.arena);
    tally_buffer_free(&plain);
    return rc;
}

typedef struct exporting_for {
    const tally_statement_request *request;
    tally_member member;
    int64_t subject;
    tally_buffer *out;
} exporting_for;

static tally_rc export_work(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    exporting_for *e = context;

    if (ledger->is_about_organisations)
        return tally_ledger_export(ledger, transaction, e->subject, NULL, e->request->subject,
                                   e->request->as_of_ms, e->out, err);
    return tally_ledger_export(ledger, transaction, e->member.subject, &e->member,
                               tally_text_from(e->member.dids[e->member.did_count - 1]),
                               e->request->as_of_ms, e->out, err);
}

tally_rc tally_ledger_export_for(tally_ledger *ledger, const tally_statement_request *request,
                                 tally_buffer *out, tally_denial *denial, tally_err *err)
{
    exporting_for e = { .request = request, .out = out };
    tally_rc rc = tally_subject_admit_reader(ledger, request, &e.member, &e.subject, denial, err);

    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, false, export_work, &e, err);
    tally_member_wipe(&e.member);
    return rc;
}
