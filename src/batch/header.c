/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/header.h"

#include "crypto/base64.h"
#include "crypto/did_key.h"
#include "crypto/jws.h"
#include "json/jcs.h"
#include "json/read.h"

#define ORIGIN_BYTES_MAX 255u

static const char *const form_names[] = {
    [TALLY_BATCH_JSONL] = "application/jsonl",
    [TALLY_BATCH_CLOUDEVENTS] = "application/cloudevents-batch+json",
    [TALLY_BATCH_CSV] = "text/csv",
    NULL,
};

const char *tally_batch_form_name(tally_batch_form form)
{
    TALLY_ASSERT(form <= TALLY_BATCH_CSV);
    return form_names[form];
}

bool tally_batch_form_of(tally_batch_form *out_form, tally_text media_type)
{
    for (uint32_t i = 0; form_names[i] != NULL; i++) {
        if (tally_text_is(media_type, form_names[i])) {
            *out_form = (tally_batch_form)i;
            return true;
        }
    }
    return false;
}

/* The origin of a log: visible ASCII without space, `+`, quotes or backslash. */
static bool is_origin(tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        char byte = text.bytes[i];

        if (byte <= 0x20 || byte >= 0x7f || byte == '+' || byte == '"' || byte == '\\')
            return false;
    }
    return text.count > 0 && text.count <= ORIGIN_BYTES_MAX;
}

static bool is_did_of(tally_text did, const tally_jws_key *key)
{
    tally_did_key written;

    tally_did_key_write(&written, key->public32);
    return tally_text_is(did, written.text);
}

static tally_rc read_payload(tally_batch_header *out_header, const tally_json_value *payload,
                             const tally_jws_key *signer, tally_arena *arena, tally_err *err)
{
    tally_json_reader reader;
    tally_batch_header header = { .count = 0 };
    tally_text programme, source, root;
    tally_rc rc;

    tally_json_read_begin(&reader, payload, "header", err);
    header.form = (tally_batch_form)tally_json_read_choice(&reader, "content", form_names);
    header.count =
        (uint32_t)tally_json_read_integer(&reader, "count", 1, (int64_t)TALLY_BATCH_EVENTS_MAX);
    header.number =
        (uint64_t)tally_json_read_integer(&reader, "number", 1, (int64_t)TALLY_BATCH_NUMBER_MAX);
    programme = tally_json_read_text(&reader, "programme", ORIGIN_BYTES_MAX);
    root = tally_json_read_text(&reader, "root", 2 * TALLY_HASH_BYTES);
    source = tally_json_read_text(&reader, "source", TALLY_DID_KEY_CHARACTERS);
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    if (programme.count > 0 && !is_origin(programme))
        tally_json_read_fail(&reader, "programme", "is not the origin of a log");
    if (root.count > 0 && !tally_base64url_is_exactly(header.root.bytes, TALLY_HASH_BYTES, root))
        tally_json_read_fail(&reader, "root", "is not 32 bytes in base64url");
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc;
    if (!is_did_of(source, signer))
        return tally_err_set(err, TALLY_E_DENIED, 2,
                             "the header names another source than the key that signed it");
    if (!tally_arena_copy_text(arena, &header.programme, programme) ||
        !tally_arena_copy_text(arena, &header.source, source))
        return tally_err_set(err, tally_arena_failure(arena), 0, "no memory left for the batch");
    *out_header = header;
    return TALLY_OK;
}

tally_rc tally_batch_header_read(tally_batch_header *out_header, tally_text jws, tally_arena *arena,
                                 tally_err *err)
{
    tally_json_document *document = NULL;
    tally_err why = TALLY_ERR_INIT;
    tally_jws_key signer;
    tally_rc rc;

    if (jws.count > TALLY_BATCH_HEADER_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 2, "the header is longer than 4 KiB");
    rc = tally_jws_open(&document, &signer, jws, TALLY_BATCH_JWS_TYPE, NULL, NULL, &why);
    if (rc == TALLY_E_INVALID)
        return tally_err_set(err, TALLY_E_DENIED, 2, "the header is not signed: %s", why.message);
    if (rc == TALLY_OK)
        rc = read_payload(out_header, tally_json_root(document), &signer, arena, &why);
    tally_json_document_free(document);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 2, "%s", why.message);
}

tally_rc tally_batch_header_write(tally_buffer *out, const tally_batch_header *header,
                                  const uint8_t *seed32, tally_err *err)
{
    tally_buffer payload, root;
    tally_jcs jcs;
    tally_rc rc;

    if (!is_origin(header->programme))
        return tally_err_set(err, TALLY_E_INVALID, 0, "`%.*s` is not the origin of a log",
                             TALLY_TEXT_ARGS(header->programme));
    if (header->number == 0 || header->number > TALLY_BATCH_NUMBER_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "batches are numbered from 1 to 2^53 - 1");
    tally_buffer_init(&root, TALLY_BATCH_HEADER_BYTES_MAX);
    (void)tally_base64url_append(&root, header->root.bytes, TALLY_HASH_BYTES);
    tally_buffer_init(&payload, TALLY_BATCH_HEADER_BYTES_MAX);
    tally_jcs_init(&jcs, &payload);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "content", tally_batch_form_name(header->form));
    tally_jcs_member_integer(&jcs, "count", header->count);
    tally_jcs_member_integer(&jcs, "number", (int64_t)header->number);
    tally_jcs_member_text(&jcs, "programme", header->programme);
    tally_jcs_member_text(&jcs, "root", tally_buffer_text(&root));
    tally_jcs_member_text(&jcs, "source", header->source);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    rc = tally_buffer_failure(&root) != TALLY_OK
             ? tally_err_set(err, tally_buffer_failure(&root), 0, "writing the header")
             : tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_BATCH_JWS_TYPE, seed32, err);
    tally_buffer_free(&root);
    tally_buffer_free(&payload);
    return rc;
}
