/* SPDX-License-Identifier: Apache-2.0 */
/* META: what there is one of in a programme. `programme` is fixed when it is made,
 * `state` changes with nearly every transaction (docs/ledger.md section 9). */

#include "ledger/state.h"

#include "util/civil.h"

#define STATE_BYTES_MAX ((size_t)4096)

static const char *const clocks[] = { "system", "simulated", NULL };
static const char *const subject_kinds[] = { "members", "organisations", NULL };

/* ---- programme ---- */

tally_rc tally_ledger_write_facts(tally_store_transaction *transaction,
                                  const tally_programme_facts *facts, tally_err *err)
{
    tally_buffer text;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&text, STATE_BYTES_MAX);
    tally_jcs_init(&jcs, &text);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "clock", clocks[facts->is_simulated]);
    tally_value_write_instant(&jcs, "created", facts->created_ms);
    tally_jcs_member_text(&jcs, "did", facts->did);
    tally_jcs_member_text(&jcs, "origin", facts->origin);
    tally_jcs_member_bool(&jcs, "pilot", facts->is_pilot);
    tally_jcs_member_string(&jcs, "subjects", subject_kinds[facts->is_about_organisations]);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("programme"),
                              tally_buffer_text(&text), err);
    tally_buffer_free(&text);
    return rc;
}

static tally_rc read_facts(const tally_json_value *root, tally_arena *arena,
                           tally_programme_facts *out, tally_err *err)
{
    tally_json_reader reader;
    tally_text origin, did;
    tally_rc rc;

    tally_json_read_begin(&reader, root, "programme", err);
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    out->is_simulated = tally_json_read_choice(&reader, "clock", clocks) == 1;
    out->created_ms = tally_value_read_instant(&reader, "created");
    did = tally_json_read_text(&reader, "did", 128);
    origin = tally_json_read_text(&reader, "origin", 255);
    out->is_pilot = tally_json_read_bool(&reader, "pilot");
    out->is_about_organisations = tally_json_read_choice(&reader, "subjects", subject_kinds) == 1;
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc == TALLY_E_NOMEM ? rc : TALLY_E_CORRUPT;
    if (!tally_arena_copy_text(arena, &out->did, did) ||
        !tally_arena_copy_text(arena, &out->origin, origin))
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    return TALLY_OK;
}

/* What is stored here was written here: if it cannot be read, it is damaged. */
static tally_rc parse_own(tally_json_document **out_document, tally_text text, tally_err *err)
{
    tally_rc rc = tally_json_parse(out_document, text, NULL, err);

    return rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT ? TALLY_E_CORRUPT : rc;
}

tally_rc tally_ledger_read_facts(tally_store_transaction *transaction, tally_arena *arena,
                                 tally_programme_facts *out_facts, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_text text;
    bool is_found;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_META, TALLY_TEXT("programme"), &text,
                                   &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    if (!is_found)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the store holds no programme");
    rc = parse_own(&document, text, err);
    if (rc != TALLY_OK)
        return rc;
    rc = read_facts(tally_json_root(document), arena, out_facts, err);
    tally_json_document_free(document);
    return rc;
}

/* ---- state ---- */

tally_rc tally_ledger_save_state(const tally_ledger_state *state,
                                 tally_store_transaction *transaction, tally_err *err)
{
    tally_buffer text;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&text, STATE_BYTES_MAX);
    tally_jcs_init(&jcs, &text);
    tally_jcs_object(&jcs);
    tally_value_write_bytes(&jcs, "access-chain", state->access_chain, TALLY_KEY_BYTES);
    tally_jcs_member_integer(&jcs, "beat", (int64_t)state->beat);
    tally_jcs_member_integer(&jcs, "beat-until", (int64_t)state->beat_until);
    tally_jcs_member_integer(&jcs, "epoch", state->epoch);
    tally_jcs_member_integer(&jcs, "last-access", state->last_access);
    tally_jcs_member_integer(&jcs, "last-batch", state->last_batch);
    tally_jcs_member_integer(&jcs, "last-certificate", state->last_certificate);
    tally_jcs_member_integer(&jcs, "last-receipt", state->last_receipt);
    tally_jcs_member_integer(&jcs, "last-source", state->last_source);
    tally_jcs_member_integer(&jcs, "last-subject", state->last_subject);
    tally_jcs_member_integer(&jcs, "log-policy", state->log_policy);
    tally_jcs_member_integer(&jcs, "log-size", (int64_t)state->log_size);
    tally_value_write_instant(&jcs, "recorded", state->recorded_ms);
    tally_jcs_member_integer(&jcs, "snapshots", state->snapshots);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("state"),
                              tally_buffer_text(&text), err);
    tally_buffer_free(&text);
    return rc;
}

static int64_t read_count(tally_json_reader *reader, const char *name)
{
    return tally_json_read_integer(reader, name, 0, TALLY_JSON_INTEGER_MAX);
}

static tally_rc read_state(const tally_json_value *root, tally_ledger_state *out, tally_err *err)
{
    tally_ledger_state state = { 0 };
    tally_json_reader reader;
    tally_rc rc;

    tally_json_read_begin(&reader, root, "state", err);
    tally_value_read_bytes(&reader, "access-chain", state.access_chain, TALLY_KEY_BYTES);
    state.beat = (uint64_t)read_count(&reader, "beat");
    state.beat_until = (uint64_t)read_count(&reader, "beat-until");
    state.epoch = (uint32_t)tally_json_read_integer(&reader, "epoch", 0, UINT32_MAX);
    state.last_access = read_count(&reader, "last-access");
    state.last_batch = read_count(&reader, "last-batch");
    state.last_certificate = read_count(&reader, "last-certificate");
    state.last_receipt = read_count(&reader, "last-receipt");
    state.last_source = read_count(&reader, "last-source");
    state.last_subject = read_count(&reader, "last-subject");
    state.log_policy = (uint32_t)tally_json_read_integer(&reader, "log-policy", 0, UINT32_MAX);
    state.log_size = (uint64_t)read_count(&reader, "log-size");
    state.recorded_ms = tally_value_read_instant(&reader, "recorded");
    state.snapshots = (uint32_t)tally_json_read_integer(&reader, "snapshots", 0, UINT32_MAX);
    rc = tally_json_read_end(&reader);
    if (rc != TALLY_OK)
        return rc == TALLY_E_NOMEM ? rc : TALLY_E_CORRUPT;
    *out = state;
    return TALLY_OK;
}

tally_rc tally_ledger_load_state(tally_ledger_state *out_state,
                                 tally_store_transaction *transaction, bool *out_is_found,
                                 tally_err *err)
{
    tally_json_document *document = NULL;
    tally_text text;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_META, TALLY_TEXT("state"), &text,
                                   out_is_found, err);

    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    rc = parse_own(&document, text, err);
    if (rc != TALLY_OK)
        return rc;
    rc = read_state(tally_json_root(document), out_state, err);
    tally_json_document_free(document);
    return rc;
}
