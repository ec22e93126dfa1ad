/* SPDX-License-Identifier: Apache-2.0 */
#include "client/promise.h"

#include "json/read.h"
#include "message/values.h"

#define CODE_BYTES_MAX   64u
#define REASON_BYTES_MAX 2048u

/* Up to 10,000 refusals, each with its reason. */
#define REPLY_BYTES_MAX TALLY_JWS_BYTES_MAX

static bool copy(tally_arena *arena, tally_text *out, tally_text text)
{
    return tally_arena_copy_text(arena, out, text);
}

static tally_rc read_refused(tally_json_reader *reader, tally_promise_read *out, tally_arena *arena,
                             tally_err *err)
{
    tally_json_items items;
    tally_json_reader item;
    tally_refused_event *refused;
    int64_t least = 0; /* position that the next one has at least */

    tally_json_read_array(reader, "refused", 0, TALLY_BATCH_EVENTS_MAX, &items);
    refused =
        tally_arena_zalloc_array(arena, tally_json_items_count(&items) + 1u, sizeof(*refused));
    if (refused == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "reading a reply");
    out->refused = refused;
    while (tally_json_next_object(&items, &item)) {
        tally_refused_event *event = &refused[out->refused_count];
        tally_text code = tally_json_read_text(&item, "code", CODE_BYTES_MAX);
        int64_t position =
            tally_json_read_integer(&item, "position", least, (int64_t)out->count - 1);
        tally_text reason = tally_json_read_text(&item, "reason", REASON_BYTES_MAX);
        tally_text right = tally_json_read_text(&item, "right", CODE_BYTES_MAX);

        if (tally_json_read_end(&item) != TALLY_OK)
            break;
        if (!copy(arena, &event->code, code) || !copy(arena, &event->reason, reason) ||
            !copy(arena, &event->right, right))
            return tally_err_set(err, tally_arena_failure(arena), 0, "reading a reply");
        event->position = (uint32_t)position;
        least = position + 1;
        out->refused_count++;
    }
    return TALLY_OK;
}

static bool is_about(tally_json_reader *reader, const tally_batch_header *header)
{
    tally_node root = { { 0 } };
    bool is_same = (uint64_t)tally_json_read_integer(
                       reader, "number", 1, (int64_t)TALLY_BATCH_NUMBER_MAX) == header->number;

    is_same &=
        tally_text_is_equal(tally_json_read_text(reader, "programme", 255), header->programme);
    tally_value_read_bytes(reader, "root", root.bytes, TALLY_HASH_BYTES);
    is_same &= tally_node_is_equal(&root, &header->root);
    return is_same &
           tally_text_is_equal(tally_json_read_text(reader, "source", 255), header->source);
}

static tally_rc read_promise(tally_promise_read *out, const tally_json_value *payload,
                             const tally_batch_header *header, tally_arena *arena, tally_err *err)
{
    tally_json_reader reader;
    bool is_ours;
    tally_rc rc;

    tally_json_read_begin(&reader, payload, "reply", err);
    tally_json_read_constant(&reader, "kind", "batch");
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    out->count = (uint32_t)tally_json_read_integer(&reader, "count", 1, TALLY_BATCH_EVENTS_MAX);
    out->admitted = (uint32_t)tally_json_read_integer(&reader, "admitted", 0, out->count);
    tally_value_read_bytes(&reader, "commitment", out->commitment.bytes, TALLY_HASH_BYTES);
    out->log_index =
        (uint64_t)tally_json_read_integer(&reader, "log-index", 0, TALLY_JSON_INTEGER_MAX);
    out->publish_by_ms = tally_value_read_instant(&reader, "publish-by");
    out->recorded_ms = tally_value_read_instant(&reader, "recorded");
    is_ours = is_about(&reader, header);
    rc = read_refused(&reader, out, arena, err);
    if (rc == TALLY_OK)
        rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc;
    if (!is_ours || out->count != header->count)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the reply is about another batch");
    if (out->admitted + out->refused_count != out->count)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the reply counts %u admitted and %u refused events of %u",
                             out->admitted, out->refused_count, out->count);
    return TALLY_OK;
}

tally_rc tally_promise_open(tally_promise_read *out_promise, tally_text reply,
                            const tally_batch_header *header, const tally_jws_key *signer,
                            tally_arena *arena, tally_err *err)
{
    const tally_json_options options = { .bytes_max = REPLY_BYTES_MAX };
    tally_promise_read promise = { .count = 0 };
    tally_json_document *document = NULL;
    tally_rc rc = tally_jws_open(&document, &promise.signer, reply, TALLY_PROMISE_TYPE, signer,
                                 &options, err);

    if (rc == TALLY_OK)
        rc = read_promise(&promise, tally_json_root(document), header, arena, err);
    tally_json_document_free(document);
    if (rc == TALLY_OK)
        *out_promise = promise;
    return rc;
}
