/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and checking an export share: see export_parts.h. */

#include "ledger/export_parts.h"

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/jws.h"
#include "ledger/export.h"
#include "ledger/receipt.h"
#include "message/values.h"

void tally_export_bytes(tally_jcs *jcs, const uint8_t *bytes, size_t count)
{
    tally_buffer text;

    tally_buffer_init(&text, TALLY_JSON_BYTES_MAX);
    (void)tally_base64url_append(&text, bytes, count);
    if (tally_buffer_failure(&text) != TALLY_OK && jcs->failure == TALLY_OK)
        jcs->failure = tally_buffer_failure(&text);
    tally_jcs_text(jcs, tally_buffer_text(&text));
    tally_buffer_free(&text);
}

static tally_rc write_receipt(tally_jcs *jcs, const tally_member *member,
                              const tally_receipt_row *row, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX);
    rc = tally_receipt_open(member, row, &text, err);
    if (rc == TALLY_OK) {
        tally_jcs_object(jcs);
        if (row->ended_ms != INT64_MAX)
            tally_value_write_instant(jcs, "ended", row->ended_ms);
        tally_value_write_instant(jcs, "lapses", row->lapses_ms);
        tally_jcs_member_text(jcs, "receipt", tally_buffer_text(&text));
        tally_jcs_object_end(jcs);
    }
    tally_buffer_free(&text);
    return rc;
}

tally_rc tally_export_receipts(tally_jcs *jcs, tally_store_transaction *transaction,
                               const tally_member *member, tally_arena *arena, tally_err *err)
{
    int64_t numbers[TALLY_RECEIPTS_MAX];
    size_t count = 0;
    tally_rc rc = TALLY_OK;

    if (member != NULL)
        rc = tally_receipt_numbers(transaction, member->subject, numbers, &count, err);
    tally_jcs_array(jcs);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        tally_receipt_row row;

        rc = tally_receipt_load(transaction, numbers[i], arena, &row, err);
        if (rc == TALLY_OK)
            rc = write_receipt(jcs, member, &row, err);
    }
    tally_jcs_array_end(jcs);
    return rc;
}

tally_rc tally_export_statement(tally_jcs *jcs, tally_replay *replay, tally_text subject,
                                int64_t as_of_ms, tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX,
                                                .takes_any_number = true };
    tally_json_document *document = NULL;
    tally_statement *statement = NULL;
    char *text = NULL;
    size_t count = 0;
    tally_rc rc = tally_replay_statement(replay, subject, as_of_ms, &statement, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_statement_render_json(statement, &text, &count, err);
    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, tally_text_of(text, count), &options, err);
    if (rc == TALLY_OK)
        tally_jcs_value(jcs, tally_json_root(document));
    tally_json_document_free(document);
    tally_statement_free_text(text);
    tally_statement_free(statement);
    return rc;
}

tally_rc tally_export_sign(tally_buffer *out, tally_text document,
                           const uint8_t seed[static TALLY_ED25519_SEED_BYTES], tally_err *err)
{
    uint8_t hash[TALLY_HASH_BYTES];
    tally_buffer payload;
    tally_jcs jcs;
    tally_rc rc = tally_hash_sha256(hash, document.bytes, document.count);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "signing an export");
    tally_buffer_init(&payload, 1024);
    tally_jcs_init(&jcs, &payload);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "kind", "export");
    tally_value_write_bytes(&jcs, "sha256", hash, sizeof(hash));
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_EXPORT_TYP, seed, err);
    tally_buffer_free(&payload);
    return rc;
}

tally_rc tally_export_insert_signature(tally_buffer *out, tally_text document, tally_text signature,
                                       tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX,
                                                .takes_any_number = true };
    tally_json_document *parsed = NULL;
    bool is_written = false;
    tally_jcs jcs;
    tally_rc rc = tally_json_parse(&parsed, document, &options, err);

    if (rc != TALLY_OK)
        return rc;
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    for (uint32_t i = 0; i < tally_json_count(tally_json_root(parsed)); i++) {
        tally_text name;
        const tally_json_value *value = tally_json_member(tally_json_root(parsed), i, &name);

        if (!is_written && tally_json_compare_names(name, TALLY_TEXT("signature")) > 0) {
            tally_jcs_member_text(&jcs, "signature", signature);
            is_written = true;
        }
        tally_jcs_name_text(&jcs, name);
        tally_jcs_value(&jcs, value);
    }
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    tally_json_document_free(parsed);
    return rc;
}
