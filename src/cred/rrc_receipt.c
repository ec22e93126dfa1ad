/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts about presentations. */

#include "cred/rrc_receipt.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "json/jcs.h"
#include "json/read.h"
#include "message/values.h"
#include "util/civil.h"

/* By tally_rrc_result. */
static const char *const results[] = { "accepted", "already-claimed", NULL };

static tally_rc check_texts(const tally_rrc_receipt *receipt, tally_err *err)
{
    const struct {
        tally_text text;
        const char *what;
    } texts[] = {
        { receipt->issuer, "the issuer's name" },
        { receipt->programme, "the programme's name" },
        { receipt->provider, "the provider's name" },
        { receipt->benefit, "the benefit's name" },
        { receipt->period, "the period's name" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tally_rc rc = tally_rrc_check_text(texts[i].text, texts[i].what, err);

        if (rc != TALLY_OK)
            return rc;
    }
    if (receipt->time_ms < TALLY_DAY_MIN * TALLY_DAY_MS ||
        receipt->time_ms >= (TALLY_DAY_MAX + 1) * TALLY_DAY_MS)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the receipt's time cannot be written");
    return TALLY_OK;
}

tally_rc tally_rrc_receipt_append(tally_buffer *out, const tally_rrc_receipt *receipt,
                                  tally_err *err)
{
    tally_jcs jcs;
    tally_rc rc = check_texts(receipt, err);

    if (rc != TALLY_OK)
        return rc;
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_text(&jcs, "benefit", receipt->benefit);
    tally_jcs_member_text(&jcs, "issuer", receipt->issuer);
    tally_value_write_bytes(&jcs, "nullifier", receipt->nullifier, sizeof(receipt->nullifier));
    tally_jcs_member_text(&jcs, "period", receipt->period);
    tally_value_write_bytes(&jcs, "presentation", receipt->presentation,
                            sizeof(receipt->presentation));
    tally_jcs_member_text(&jcs, "programme", receipt->programme);
    tally_jcs_member_text(&jcs, "provider", receipt->provider);
    tally_jcs_member_string(&jcs, "result", results[receipt->result]);
    tally_jcs_member_integer(&jcs, "slot", receipt->slot);
    tally_jcs_member_integer(&jcs, "threshold", receipt->threshold);
    tally_value_write_instant(&jcs, "time", receipt->time_ms);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

tally_rc tally_rrc_receipt_sign(tally_buffer *out, const tally_rrc_receipt *receipt,
                                const uint8_t seed[static TALLY_ED25519_SEED_BYTES], tally_err *err)
{
    tally_buffer payload;
    tally_rc rc;

    tally_buffer_init(&payload, TALLY_RRC_RECEIPT_BYTES_MAX);
    rc = tally_rrc_receipt_append(&payload, receipt, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_RRC_RECEIPT_TYP, seed, err);
    tally_buffer_free(&payload);
    return rc;
}

/* ---- reading ---- */

static tally_rc read_payload(tally_rrc_receipt *out, const tally_json_value *root, tally_err *err)
{
    tally_json_reader reader;

    tally_json_read_begin(&reader, root, "receipt", err);
    out->benefit = tally_json_read_text(&reader, "benefit", TALLY_RRC_TEXT_BYTES_MAX);
    out->issuer = tally_json_read_text(&reader, "issuer", TALLY_RRC_TEXT_BYTES_MAX);
    tally_value_read_bytes(&reader, "nullifier", out->nullifier, sizeof(out->nullifier));
    out->period = tally_json_read_text(&reader, "period", TALLY_RRC_TEXT_BYTES_MAX);
    tally_value_read_bytes(&reader, "presentation", out->presentation, sizeof(out->presentation));
    out->programme = tally_json_read_text(&reader, "programme", TALLY_RRC_TEXT_BYTES_MAX);
    out->provider = tally_json_read_text(&reader, "provider", TALLY_RRC_TEXT_BYTES_MAX);
    out->result = (tally_rrc_result)tally_json_read_choice(&reader, "result", results);
    out->slot = (uint32_t)tally_json_read_integer(&reader, "slot", 0, UINT32_MAX);
    out->threshold =
        (uint32_t)tally_json_read_integer(&reader, "threshold", 0, (1 << TALLY_RRC_WIDTH_MAX) - 1);
    out->time_ms = tally_value_read_instant(&reader, "time");
    return tally_json_read_end(&reader);
}

tally_rc tally_rrc_receipt_open(tally_rrc_receipt *out, tally_json_document **out_document,
                                tally_text jws, const tally_jws_key *operator, tally_err * err)
{
    tally_json_document *document = NULL;
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    if (jws.count > TALLY_RRC_RECEIPT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a receipt of %zu bytes", jws.count);
    rc = tally_jws_open(&document, NULL, jws, TALLY_RRC_RECEIPT_TYP, operator, NULL, err);
    if (rc != TALLY_OK)
        return rc;
    rc = read_payload(out, tally_json_root(document), err);
    if (rc == TALLY_OK)
        rc = check_texts(out, err);
    if (rc == TALLY_OK) {
        *out_document = document;
    } else {
        tally_json_document_free(document);
        memset(out, 0, sizeof(*out));
    }
    return rc;
}
