/* SPDX-License-Identifier: Apache-2.0 */
/* Genesis and rights, as canonical JSON. */

#include "ledger/documents.h"

#include "ledger/record.h"
#include "ledger/rights.h"
#include "policy/charter.h"

#define DOCUMENT_BYTES_MAX ((size_t)64 << 10)

tally_rc tally_document_genesis(tally_buffer *out, const tally_ledger *ledger,
                                const tally_genesis *genesis, tally_err *err)
{
    uint8_t charter[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];
    tally_jcs jcs;

    tally_charter_hash(charter);
    tally_hash_hex(hex, charter);
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "charter", hex);
    tally_jcs_member_string(&jcs, "clock", ledger->is_simulated ? "simulated" : "system");
    tally_value_write_instant(&jcs, "created", genesis->created_ms);
    tally_jcs_member_text(&jcs, "did", ledger->did);
    tally_jcs_member_string(&jcs, "epoch", "day");
    tally_jcs_member_string(&jcs, "kind", "genesis");
    tally_jcs_member_text(&jcs, "log-key", genesis->log_key);
    tally_rights_write(&jcs);
    tally_jcs_member_text(&jcs, "origin", ledger->origin);
    tally_jcs_member_bool(&jcs, "pilot", ledger->is_pilot);
    tally_jcs_member_string(&jcs, "subjects",
                            ledger->is_about_organisations ? "organisations" : "members");
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

/* Without an instant, so that it can be compared with the one before. */
static tally_rc append_rights(tally_buffer *out, const tally_ledger *ledger, tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_text(&jcs, "did", ledger->did);
    tally_jcs_member_string(&jcs, "kind", "rights");
    tally_rights_write(&jcs);
    tally_jcs_member_text(&jcs, "programme", ledger->origin);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

tally_rc tally_document_publish_rights(tally_ledger *ledger, tally_store_transaction *transaction,
                                       tally_err *err)
{
    tally_text published;
    tally_buffer text;
    bool is_found, is_same = false;
    tally_rc rc;

    tally_buffer_init(&text, DOCUMENT_BYTES_MAX);
    rc = append_rights(&text, ledger, err);
    if (rc == TALLY_OK)
        rc = tally_store_find(transaction, TALLY_STORE_META, TALLY_TEXT("rights"), &published,
                              &is_found, err);
    if (rc == TALLY_OK)
        is_same = is_found && tally_text_is_equal(published, tally_buffer_text(&text));
    if (rc == TALLY_OK && !is_same)
        rc = tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("rights"),
                              tally_buffer_text(&text), err);
    if (rc == TALLY_OK && !is_same)
        rc = tally_record_publish(ledger, transaction, TALLY_ENTRY_KEY, tally_buffer_text(&text),
                                  NULL, err);
    tally_buffer_free(&text);
    return rc;
}
