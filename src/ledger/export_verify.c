/* SPDX-License-Identifier: Apache-2.0 */
/* Checking an export by itself: see export.h.
 *
 * Every event is proven to be its source's word (salt, path, signed header), the policy is compiled from
 * its frozen text, the history is replayed, and the statement compared byte by byte. */

#include "batch/batch.h"
#include "batch/header.h"
#include "crypto/base64.h"
#include "crypto/did_key.h"
#include "crypto/hash.h"
#include "crypto/jws.h"
#include "json/jcs.h"
#include "json/read.h"
#include "ledger/export.h"
#include "ledger/export_parts.h"
#include "ledger/member.h"
#include "ledger/record.h"
#include "message/values.h"
#include "message/receipt.h"
#include "policy/program.h"
#include "policy/publish.h"
#include "tlog/proof.h"

#include <string.h>

#define FROZEN_BYTES_MAX     ((size_t)16 << 20)
#define HEADER_BYTES_MAX     ((size_t)8 << 10)
#define TEXT_BYTES_MAX       ((size_t)1 << 20)
#define EXPORT_BATCHES_MAX   1000000u
#define EXPORT_VERSIONS_MAX  64u
#define DIFFERENCE_BYTES_MAX ((size_t)2048)

typedef struct exported_batch {
    tally_batch_header header;
    tally_text source; /* the policy's name of it */
    int64_t void_ms;   /* INT64_MAX: not void */
} exported_batch;

typedef struct verifying {
    tally_arena *arena;
    tally_export_report *report;
    tally_hash *hash;
    tally_batch_reader *batch_reader;
    tally_policy *chain, *bound;
    tally_replay *replay;
    int64_t as_of_ms;
    uint32_t batch_count;
    exported_batch *batches;
    const tally_json_value *statement;
    tally_err *err;
} verifying;

static tally_text keep(verifying *v, tally_text text)
{
    tally_text copy = { NULL, 0 };

    return tally_arena_copy_text(v->arena, &copy, text) ? copy : (tally_text){ NULL, 0 };
}

/* ---- the signature -------------------------------------------------------------------- */

static tally_rc check_hash(const verifying *v, const tally_json_value *root,
                           const tally_json_document *signed_part, tally_err *err)
{
    uint8_t wanted[TALLY_HASH_BYTES], hash[TALLY_HASH_BYTES];
    tally_json_reader reader;
    tally_buffer plain;
    tally_rc rc;

    (void)v;
    tally_json_read_begin(&reader, tally_json_root(signed_part), "signature", err);
    tally_json_read_constant(&reader, "kind", "export");
    tally_value_read_bytes(&reader, "sha256", wanted, sizeof(wanted));
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&plain, TALLY_JSON_BYTES_MAX);
    rc = tally_jcs_append_without(&plain, root, TALLY_TEXT("signature"), err);
    if (rc == TALLY_OK)
        rc = tally_hash_sha256(hash, tally_buffer_text(&plain).bytes,
                               tally_buffer_text(&plain).count);
    tally_buffer_free(&plain);
    if (rc == TALLY_OK && memcmp(hash, wanted, sizeof(hash)) != 0)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the document is not the one that its signature is over");
    return rc;
}

static tally_rc check_signature(verifying *v, const tally_json_value *root, tally_text signature,
                                tally_text wanted_did, tally_err *err)
{
    tally_json_document *signed_part = NULL;
    tally_jws_key wanted;
    tally_rc rc;

    if (wanted_did.count > 0 && !tally_text_is_equal(wanted_did, v->report->programme_did))
        return tally_err_set(err, TALLY_E_INVALID, 0, "this export is of %.*s, not of %.*s",
                             TALLY_TEXT_ARGS(v->report->programme_did),
                             TALLY_TEXT_ARGS(wanted_did));
    rc = tally_did_key_read(wanted.public32, v->report->programme_did, err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_jws_open(&signed_part, NULL, signature, TALLY_EXPORT_TYP, &wanted, NULL, err);
    if (rc == TALLY_OK)
        rc = check_hash(v, root, signed_part, err);
    tally_json_document_free(signed_part);
    return rc;
}

/* ---- the policy ------------------------------------------------------------------------- */

static tally_rc read_begins(tally_json_reader *policy, int64_t *out_from_ms, uint32_t *out_count)
{
    tally_json_items items;
    tally_text text;
    uint32_t count = 0;

    tally_json_read_array(policy, "begins", 1, EXPORT_VERSIONS_MAX, &items);
    while (tally_json_next_text(&items, 64, &text)) {
        if (count == 0 && tally_text_is(text, "always"))
            out_from_ms[count] = INT64_MIN;
        else if (tally_text_is(text, "not accepted"))
            out_from_ms[count] = INT64_MAX;
        else if (!tally_value_parse_instant(&out_from_ms[count], text))
            tally_json_read_fail(policy, "begins", "holds what is no instant");
        count++;
    }
    *out_count = count;
    return policy->rc;
}

static tally_rc compile_policy(verifying *v, tally_text frozen, tally_err *err)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_rc rc;

    if (diagnostics == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the policy");
    rc = tally_policy_compile(&v->chain, "the export's policy", frozen.bytes, frozen.count, NULL,
                              diagnostics, err);
    tally_diagnostics_free(diagnostics);
    if (rc == TALLY_E_CORRUPT || rc == TALLY_E_INVALID)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the policy in the export is damaged");
    return rc;
}

static tally_rc read_policy(verifying *v, tally_json_reader *document, tally_err *err)
{
    int64_t from_ms[EXPORT_VERSIONS_MAX];
    uint32_t count = 0;
    tally_json_reader policy;
    tally_text frozen;
    tally_rc rc;

    if (!tally_json_read_object(document, "policy", &policy))
        return document->rc;
    rc = read_begins(&policy, from_ms, &count);
    frozen = tally_json_read_text(&policy, "frozen", FROZEN_BYTES_MAX);
    if (tally_json_read_end(&policy) != TALLY_OK || rc != TALLY_OK)
        return TALLY_E_INVALID;
    rc = compile_policy(v, frozen, err);
    if (rc == TALLY_OK && v->chain->version_count != count)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the policy has %u versions, the export names %u beginnings",
                           v->chain->version_count, count);
    if (rc == TALLY_OK)
        rc = tally_policy_bind(&v->bound, v->chain, from_ms, err);
    if (rc == TALLY_OK)
        rc = tally_replay_new(&v->replay, v->bound, err);
    return rc;
}

/* ---- events ------------------------------------------------------------------------------ */

static tally_rc read_batches(verifying *v, tally_json_reader *document, tally_err *err)
{
    tally_json_reader item;
    tally_json_items items;
    tally_rc rc = TALLY_OK;

    tally_json_read_array(document, "from-batches", 0, EXPORT_BATCHES_MAX, &items);
    v->batches =
        tally_arena_zalloc_array(v->arena, tally_json_items_count(&items) + 1, sizeof(*v->batches));
    if (v->batches == NULL)
        return tally_err_set(err, tally_arena_failure(v->arena), 0, "reading an export");
    while (rc == TALLY_OK && tally_json_next_object(&items, &item)) {
        exported_batch *batch = &v->batches[v->batch_count++];
        tally_text header = tally_json_read_text(&item, "header", HEADER_BYTES_MAX);

        (void)tally_json_read_integer(&item, "log-index", 0, TALLY_JSON_INTEGER_MAX);
        batch->source = keep(v, tally_json_read_text(&item, "source", 256));
        batch->void_ms = tally_value_read_optional_instant(&item, "void-from", INT64_MAX);
        rc = tally_json_read_end(&item);
        if (rc == TALLY_OK)
            rc = tally_batch_header_read(&batch->header, header, v->arena, err);
        if (rc == TALLY_OK && !tally_text_is_equal(batch->header.programme, v->report->programme))
            rc = tally_err_set(err, TALLY_E_INVALID, 0, "a batch is another programme's");
    }
    return rc != TALLY_OK ? rc : document->rc;
}

static tally_rc read_path(tally_json_reader *event, tally_proof *out)
{
    tally_json_items items;
    tally_text text;

    out->count = 0;
    tally_json_read_array(event, "path", 0, TALLY_PROOF_NODES_MAX - 1, &items);
    while (tally_json_next_text(&items, 64, &text)) {
        if (!tally_base64url_is_exactly(out->nodes[out->count].bytes, TALLY_HASH_BYTES, text))
            tally_json_read_fail(event, "path", "holds what is no hash");
        out->count++;
    }
    return event->rc;
}

/* The bytes are those that the source signed: hashed with their salt they lead to the root of the header. */
static tally_rc check_event(verifying *v, const exported_batch *batch, uint32_t position,
                            const uint8_t salt[static TALLY_SALT_BYTES], tally_text bytes,
                            const tally_proof *path, tally_err *err)
{
    tally_node entry, leaf;
    tally_rc rc = tally_batch_hash_event(v->hash, &entry, salt, (tally_text){ NULL, 0 }, bytes);

    if (rc == TALLY_OK)
        rc = tally_tree_hash_leaf(v->hash, &leaf, entry.bytes, sizeof(entry.bytes));
    if (rc == TALLY_OK)
        rc = tally_proof_check_inclusion(path, v->hash,
                                         (tally_tree_place){ position, batch->header.count }, &leaf,
                                         &batch->header.root, err);
    return rc;
}

static tally_rc replay_event(verifying *v, const exported_batch *batch, int64_t recorded_ms,
                             tally_text bytes, tally_err *err)
{
    tally_batch_event event;
    tally_rc rc =
        tally_batch_parse_event(&event, v->batch_reader, batch->header.form, bytes, v->arena, err);

    if (rc == TALLY_OK && event.problem != NULL)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "an event cannot be read: %.*s",
                           TALLY_TEXT_ARGS(event.problem->sentence));
    if (rc == TALLY_OK)
        rc = tally_replay_add(v->replay, batch->source, recorded_ms, &event, err);
    if (rc == TALLY_OK && batch->void_ms != INT64_MAX)
        rc = tally_replay_revoke(v->replay, batch->source, &event, batch->void_ms, err);
    return rc;
}

static tally_rc read_event(verifying *v, tally_json_reader *item, tally_err *err)
{
    uint32_t index = (uint32_t)tally_json_read_integer(item, "batch", 0, UINT32_MAX);
    tally_text encoded = tally_json_read_text(item, "bytes", TEXT_BYTES_MAX);
    uint8_t salt[TALLY_SALT_BYTES], *bytes;
    size_t count = 0;
    uint32_t position;
    int64_t recorded_ms;
    tally_proof path;
    tally_rc rc = read_path(item, &path);

    position = (uint32_t)tally_json_read_integer(item, "position", 0, UINT32_MAX);
    recorded_ms = tally_value_read_instant(item, "recorded");
    tally_value_read_bytes(item, "salt", salt, sizeof(salt));
    if (tally_json_read_end(item) != TALLY_OK || rc != TALLY_OK)
        return TALLY_E_INVALID;
    if (index >= v->batch_count)
        return tally_err_set(err, TALLY_E_INVALID, 0, "an event names no batch of the export");
    bytes = tally_arena_alloc(v->arena, encoded.count + 1);
    if (bytes == NULL)
        return tally_err_set(err, tally_arena_failure(v->arena), 0, "reading an export");
    if (tally_base64url_decode(bytes, encoded.count, &count, encoded) != TALLY_OK)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the bytes of an event are no base64url");
    rc = check_event(v, &v->batches[index], position, salt,
                     tally_text_of((const char *)bytes, count), &path, err);
    if (rc == TALLY_OK)
        rc = replay_event(v, &v->batches[index], recorded_ms,
                          tally_text_of((const char *)bytes, count), err);
    v->report->event_count++;
    return rc;
}

static tally_rc read_events(verifying *v, tally_json_reader *document, tally_err *err)
{
    tally_json_reader item;
    tally_json_items items;
    tally_rc rc = TALLY_OK;

    tally_json_read_array(document, "events", 0, TALLY_REPLAY_EVENTS_MAX, &items);
    while (rc == TALLY_OK && tally_json_next_object(&items, &item))
        rc = read_event(v, &item, err);
    if (rc == TALLY_OK)
        rc = document->rc;
    return rc == TALLY_OK ? tally_replay_finish(v->replay, true, err) : rc;
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* Say where two values first differ: a path and both values, cut. */
static void tell_difference(const tally_json_value *a, const tally_json_value *b,
                            tally_buffer *path, tally_buffer *out)
{
    tally_json_kind kind = tally_json_kind_of(a);
    tally_buffer one, other;

    if (kind == tally_json_kind_of(b) && tally_buffer_text(path).count < 512 &&
        (kind == TALLY_JSON_OBJECT || kind == TALLY_JSON_ARRAY) &&
        tally_json_count(a) == tally_json_count(b)) {
        for (uint32_t i = 0; i < tally_json_count(a); i++) {
            size_t before = tally_buffer_text(path).count;
            tally_text name = { NULL, 0 }, name_b = { NULL, 0 };
            const tally_json_value *x =
                kind == TALLY_JSON_OBJECT ? tally_json_member(a, i, &name) : tally_json_item(a, i);
            const tally_json_value *y = kind == TALLY_JSON_OBJECT ? tally_json_member(b, i, &name_b)
                                                                  : tally_json_item(b, i);

            if (!tally_text_is_equal(name, name_b))
                break;
            if (kind == TALLY_JSON_OBJECT)
                (void)tally_buffer_printf(path, ".%.*s", TALLY_TEXT_ARGS(name));
            else
                (void)tally_buffer_printf(path, "[%u]", i);
            tell_difference(x, y, path, out);
            if (tally_buffer_text(out).count > 0)
                return;
            tally_buffer_truncate(path, before);
        }
    }
    tally_buffer_init(&one, TALLY_JSON_BYTES_MAX);
    tally_buffer_init(&other, TALLY_JSON_BYTES_MAX);
    if (tally_jcs_append(&one, a, NULL) == TALLY_OK &&
        tally_jcs_append(&other, b, NULL) == TALLY_OK &&
        !tally_text_is_equal(tally_buffer_text(&one), tally_buffer_text(&other)))
        (void)tally_buffer_printf(
            out, "statement%.*s: exported %.*s, recomputed %.*s",
            TALLY_TEXT_ARGS(tally_buffer_text(path)),
            TALLY_TEXT_ARGS(tally_text_slice(tally_buffer_text(&one), 0, 200)),
            TALLY_TEXT_ARGS(tally_text_slice(tally_buffer_text(&other), 0, 200)));
    tally_buffer_free(&one);
    tally_buffer_free(&other);
}

static tally_rc compare(verifying *v, tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX,
                                                .takes_any_number = true };
    tally_json_document *document = NULL;
    tally_buffer text, path, difference;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_JSON_BYTES_MAX);
    tally_buffer_init(&path, DIFFERENCE_BYTES_MAX);
    tally_buffer_init(&difference, DIFFERENCE_BYTES_MAX);
    tally_jcs_init(&jcs, &text);
    rc = tally_export_statement(&jcs, v->replay, v->report->subject, v->as_of_ms, err);
    if (rc == TALLY_OK)
        rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, tally_buffer_text(&text), &options, err);
    if (rc == TALLY_OK) {
        tell_difference(v->statement, tally_json_root(document), &path, &difference);
        v->report->is_same = tally_buffer_text(&difference).count == 0;
        v->report->difference = keep(v, tally_buffer_text(&difference));
    }
    tally_json_document_free(document);
    tally_buffer_free(&text);
    tally_buffer_free(&path);
    tally_buffer_free(&difference);
    return rc;
}

/* ---- records, receipts ---------------------------------------------------------------------- */

/* Signed by both. */
static tally_rc check_receipt(verifying *v, tally_text receipt, tally_err *err)
{
    tally_signed_receipt parts;
    tally_rc rc = tally_receipt_verify(&parts, receipt, v->arena, err);

    if (rc == TALLY_OK &&
        (!parts.has_member || !parts.has_programme ||
         !tally_text_is_equal(parts.receipt.controller_did, v->report->programme_did)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "a receipt is not signed by both the member and this programme");
    v->report->receipt_count++;
    return rc;
}

static tally_rc read_receipts(verifying *v, tally_json_reader *document, tally_err *err)
{
    tally_json_reader item;
    tally_json_items items;
    tally_rc rc = TALLY_OK;

    tally_json_read_array(document, "receipts", 0, TALLY_RECEIPTS_MAX, &items);
    while (rc == TALLY_OK && tally_json_next_object(&items, &item)) {
        tally_text receipt = tally_json_read_text(&item, "receipt", TALLY_RECEIPT_BYTES_MAX);

        (void)tally_value_read_optional_instant(&item, "ended", 0);
        (void)tally_value_read_instant(&item, "lapses");
        rc = tally_json_read_end(&item);
        if (rc == TALLY_OK)
            rc = check_receipt(v, receipt, err);
    }
    return rc != TALLY_OK ? rc : document->rc;
}

/* What opens the log's records: in form; the log they are in is not here to compare. */
static tally_rc read_records(tally_json_reader *document)
{
    tally_json_reader record, slot;
    tally_json_items records, slots;

    tally_json_read_array(document, "records", 0, EXPORT_BATCHES_MAX, &records);
    while (tally_json_next_object(&records, &record)) {
        (void)tally_json_read_integer(&record, "index", 0, TALLY_JSON_INTEGER_MAX);
        tally_json_read_array(&record, "slots", 0, TALLY_SLOT_COUNT, &slots);
        while (tally_json_next_object(&slots, &slot)) {
            uint8_t salt[TALLY_SALT_BYTES];

            tally_value_read_bytes(&slot, "salt", salt, sizeof(salt));
            (void)tally_json_read_integer(&slot, "slot", 0, TALLY_SLOT_COUNT - 1);
            (void)tally_json_read_text(&slot, "value", TEXT_BYTES_MAX * 4);
            (void)tally_json_read_end(&slot);
        }
        (void)tally_json_read_end(&record);
    }
    return document->rc;
}

/* ---- the document ----------------------------------------------------------------------------- */

static tally_rc read_rest(verifying *v, tally_json_reader *document)
{
    const tally_json_value *access;
    tally_json_items items;
    tally_text did;

    tally_json_read_array(document, "accesses", 0, EXPORT_BATCHES_MAX, &items);
    while (tally_json_next_value(&items, &access))
        v->report->access_count++;
    (void)tally_value_read_instant(document, "at");
    (void)tally_json_read_text(document, "charter", TALLY_HASH_HEX_BYTES);
    tally_json_read_array(document, "dids", 0, 64, &items);
    while (tally_json_next_text(&items, 128, &did))
        continue;
    (void)tally_json_read_optional_text(document, "handle-secret", 64);
    v->statement = tally_json_read_value(document, "statement");
    return tally_json_read_end(document);
}

static tally_rc verify(verifying *v, const tally_json_value *root, tally_text wanted_did,
                       tally_err *err)
{
    tally_json_reader document;
    tally_text signature;
    tally_rc rc;

    tally_json_read_begin(&document, root, "export", err);
    tally_json_read_constant(&document, "kind", "export");
    (void)tally_json_read_integer(&document, "v", 1, 1);
    v->as_of_ms = tally_value_read_instant(&document, "as-of");
    v->report->programme = keep(v, tally_json_read_text(&document, "programme", 256));
    v->report->programme_did = keep(v, tally_json_read_text(&document, "programme-did", 128));
    v->report->subject = keep(v, tally_json_read_text(&document, "subject", 512));
    signature = tally_json_read_text(&document, "signature", TEXT_BYTES_MAX);
    if (document.rc != TALLY_OK)
        return document.rc;
    rc = check_signature(v, root, signature, wanted_did, err);
    if (rc == TALLY_OK)
        rc = read_policy(v, &document, err);
    if (rc == TALLY_OK)
        rc = read_batches(v, &document, err);
    v->report->batch_count = v->batch_count;
    if (rc == TALLY_OK)
        rc = read_events(v, &document, err);
    if (rc == TALLY_OK)
        rc = read_receipts(v, &document, err);
    if (rc == TALLY_OK)
        rc = read_records(&document);
    if (rc == TALLY_OK)
        rc = read_rest(v, &document);
    return rc == TALLY_OK ? compare(v, err) : rc;
}

tally_rc tally_export_verify(tally_text text, tally_text wanted_did, tally_arena *arena,
                             tally_export_report *out_report, tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX,
                                                .takes_any_number = true };
    tally_export_report report = { .is_same = false };
    verifying v = { .arena = arena, .report = &report, .err = err };
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, text, &options, err);

    if (rc != TALLY_OK)
        return rc;
    v.hash = tally_hash_new();
    if (v.hash == NULL)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "reading an export");
    if (rc == TALLY_OK)
        rc = tally_batch_reader_new(&v.batch_reader, err);
    if (rc == TALLY_OK)
        rc = verify(&v, tally_json_root(document), wanted_did, err);
    tally_batch_reader_free(v.batch_reader);
    tally_replay_free(v.replay);
    tally_policy_free(v.bound);
    tally_policy_free(v.chain);
    tally_hash_free(v.hash);
    tally_json_document_free(document);
    if (rc == TALLY_OK)
        *out_report = report;
    return rc;
}
