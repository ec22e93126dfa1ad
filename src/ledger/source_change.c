/* SPDX-License-Identifier: Apache-2.0 */
/* Registering sources, replacing their keys, revoking them. */

#include <stdio.h>
#include <string.h>

#include "crypto/did_key.h"
#include "crypto/jws.h"
#include "ledger/record.h"
#include "ledger/source_internal.h"

#define FRESH_MS          INT64_C(600000)
#define BODY_BYTES_MAX    ((size_t)4096)
#define MESSAGE_BYTES_MAX ((size_t)4096)
#define PROOF_TAG         "tally/source-key/v1"

typedef struct change {
    tally_text name, did; /* did: the new key */
    tally_text old_did;   /* of a rotation: must be the present key; else empty */
    uint64_t from_number; /* of a revocation */
    tally_source_record *source;
    tally_denial *denial;
} change;

/* ---- what a change leaves in the log ---- */

static tally_rc append_fact(tally_ledger *ledger, tally_store_transaction *transaction,
                            const char *type, const tally_source_record *source, uint64_t from,
                            tally_err *err)
{
    tally_fact_record fact = { .type = type, .at_ms = tally_ledger_stamp(ledger) };
    tally_buffer body;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&body, BODY_BYTES_MAX);
    tally_jcs_init(&jcs, &body);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "did", source->keys[source->key_count - 1].did);
    tally_jcs_member_integer(&jcs, "from", (int64_t)from);
    tally_jcs_member_string(&jcs, "name", source->name);
    tally_jcs_member_integer(&jcs, "number", source->number);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    fact.body = tally_buffer_text(&body);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&body);
    return rc;
}

/* ---- keys ---- */

static tally_rc check_did(tally_text did, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];

    return tally_did_key_read(public32, did, err);
}

/* A key is one source's, and once: so a message that asks for it works once. */
static tally_rc check_unused(tally_ledger *ledger, tally_store_transaction *transaction,
                             const change *asked, tally_err *err)
{
    tally_source_record other;
    bool is_found;
    tally_rc rc = tally_source_find(ledger, transaction, asked->did, &other, &is_found, err);

    if (rc == TALLY_OK && is_found)
        return tally_deny(asked->denial, err, TALLY_E_CONFLICT, "E_SOURCE", "R10",
                          "make a fresh key with `tally source key`",
                          "this key is or was the one of source `%s`; nothing was changed",
                          other.name);
    return rc;
}

static tally_rc add_key(tally_store_transaction *transaction, const change *asked, tally_err *err)
{
    tally_source_record *source = asked->source;
    tally_source_key *key = &source->keys[source->key_count];
    char number[16];

    if (source->key_count == TALLY_SOURCE_KEYS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "source %s has had %u keys: register another",
                             source->name, TALLY_SOURCE_KEYS_MAX);
    *key = (tally_source_key){ .from = source->next_number };
    memcpy(key->did, asked->did.bytes, asked->did.count); /* check_did() saw its length */
    source->key_count++;
    (void)snprintf(number, sizeof(number), "%u", source->number);
    return tally_store_name(transaction, TALLY_STORE_SOURCE_BY_DID, asked->did,
                            tally_text_from(number), err);
}

/* ---- registering ---- */

static bool has_name(const tally_policy *policy, tally_text name)
{
    const tally_version *version = &policy->versions[policy->version_count - 1];

    for (uint32_t i = 0; i < version->source_count; i++) {
        if (tally_text_is_equal(version->sources[i].name, name))
            return true;
    }
    return false;
}

typedef struct name_search {
    tally_text name;
    tally_source_record *out;
    bool is_found;
} name_search;

static tally_rc compare_name(void *context, int64_t key, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    name_search *search = context;
    tally_rc rc = tally_source_parse(value, (uint32_t)key, search->out, err);

    if (rc == TALLY_OK && tally_text_is(search->name, search->out->name))
        search->is_found = *out_is_enough = true;
    return rc;
}

static tally_rc find_name(tally_store_transaction *transaction, tally_text name,
                          tally_source_record *out, bool *out_is_found, tally_err *err)
{
    name_search search = { .name = name, .out = out };
    tally_rc rc = tally_store_scan(transaction, TALLY_STORE_SOURCES, 1, compare_name, &search, err);

    *out_is_found = search.is_found;
    return rc;
}

static tally_rc register_source(tally_ledger *ledger, tally_store_transaction *transaction,
                                void *context, tally_err *err)
{
    const change *asked = context;
    tally_source_record *source = asked->source;
    bool is_found;
    tally_rc rc = find_name(transaction, asked->name, source, &is_found, err);

    if (rc == TALLY_OK && is_found)
        return tally_deny(asked->denial, err, TALLY_E_CONFLICT, "E_SOURCE", "R10",
                          "give it another key with `tally source rotate`",
                          "source `%s` is registered already; nothing was changed", source->name);
    if (rc == TALLY_OK)
        rc = check_unused(ledger, transaction, asked, err);
    if (rc != TALLY_OK)
        return rc;
    *source = (tally_source_record){ .number = (uint32_t)++ledger->state.last_source,
                                     .registered_ms = tally_ledger_stamp(ledger),
                                     .next_number = 1 };
    ledger->state.is_changed = true;
    memcpy(source->name, asked->name.bytes, asked->name.count);
    rc = add_key(transaction, asked, err);
    if (rc == TALLY_OK)
        rc = tally_source_save(transaction, source, err);
    if (rc == TALLY_OK)
        rc = append_fact(ledger, transaction, "source", source, 1, err);
    return rc;
}

tally_rc tally_source_register(tally_ledger *ledger, tally_text name, tally_text did,
                               tally_source_record *out, tally_denial *denial, tally_err *err)
{
    change asked = { .name = name, .did = did, .source = out, .denial = denial };
    tally_rc rc = check_did(did, err);

    if (rc != TALLY_OK)
        return rc;
    if (!has_name(ledger->policy, name) || name.count > TALLY_SOURCE_NAME_BYTES_MAX)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_SOURCE", "R10",
                          "declare it under `sources` and publish that version first",
                          "the policy declares no source `%.*s`; nothing was changed",
                          TALLY_TEXT_ARGS(name));
    return tally_ledger_run(ledger, true, register_source, &asked, err);
}

/* ---- replacing a key ---- */

static tally_rc find_asked(tally_ledger *ledger, tally_store_transaction *transaction,
                           const change *asked, tally_err *err)
{
    bool is_found;
    tally_rc rc =
        asked->old_did.count > 0
            ? tally_source_find(ledger, transaction, asked->old_did, asked->source, &is_found, err)
            : find_name(transaction, asked->name, asked->source, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        return tally_deny(asked->denial, err, TALLY_E_DENIED, "E_SOURCE", "R10",
                          "`tally source list` names them",
                          "there is no such source; nothing was changed");
    return rc;
}

static tally_rc replace_key(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    const change *asked = context;
    tally_source_record *source = asked->source;
    tally_rc rc = find_asked(ledger, transaction, asked, err);

    if (rc != TALLY_OK)
        return rc;
    if (asked->old_did.count > 0 &&
        (source->is_revoked ||
         !tally_text_is(asked->old_did, source->keys[source->key_count - 1].did)))
        return tally_deny(
            asked->denial, err, TALLY_E_DENIED, "E_SOURCE", "R10", "ask the operator for a new key",
            "this key is no longer the one of source `%s`; nothing was changed", source->name);
    rc = check_unused(ledger, transaction, asked, err);
    if (rc == TALLY_OK)
        rc = add_key(transaction, asked, err);
    source->is_revoked = false;
    if (rc == TALLY_OK)
        rc = tally_source_save(transaction, source, err);
    if (rc == TALLY_OK)
        rc = append_fact(ledger, transaction, "source-key", source, source->next_number, err);
    return rc;
}

tally_rc tally_source_replace_key(tally_ledger *ledger, tally_text name, tally_text new_did,
                                  tally_source_record *out, tally_denial *denial, tally_err *err)
{
    change asked = { .name = name, .did = new_did, .source = out, .denial = denial };
    tally_rc rc = check_did(new_did, err);

    return rc == TALLY_OK ? tally_ledger_run(ledger, true, replace_key, &asked, err) : rc;
}

/* ---- the source's own message ---- */

/* What the new key signs: that whoever asks holds it too. */
static tally_rc append_proof_text(tally_buffer *out, tally_text programme, tally_text old_did,
                                  tally_text new_did)
{
    tally_buffer_append(out, PROOF_TAG, sizeof(PROOF_TAG)); /* with its NUL */
    tally_buffer_append_text(out, programme);
    tally_buffer_append_byte(out, '\n');
    tally_buffer_append_text(out, old_did);
    tally_buffer_append_byte(out, '\n');
    return tally_buffer_append_text(out, new_did);
}

static tally_rc did_of_seed(tally_did_key *out, const uint8_t *seed, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_ed25519_public(public32, seed);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "libsodium cannot start");
    tally_did_key_write(out, public32);
    return TALLY_OK;
}

static tally_rc sign_proof(uint8_t out[static TALLY_ED25519_SIGNATURE_BYTES],
                           const tally_source_rotation *rotation, const tally_did_key *old_did,
                           const tally_did_key *new_did, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, MESSAGE_BYTES_MAX);
    rc = append_proof_text(&text, rotation->programme, tally_text_from(old_did->text),
                           tally_text_from(new_did->text));
    if (rc == TALLY_OK)
        rc = tally_ed25519_sign(out, text.bytes, text.count, rotation->new_seed);
    tally_buffer_free(&text);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "the new key cannot sign");
}

tally_rc tally_source_write_rotation(tally_buffer *out, const tally_source_rotation *rotation,
                                     tally_err *err)
{
    uint8_t proof[TALLY_ED25519_SIGNATURE_BYTES];
    tally_did_key old_did, new_did;
    tally_buffer payload;
    tally_jcs jcs;
    tally_rc rc = did_of_seed(&old_did, rotation->old_seed, err);

    if (rc == TALLY_OK)
        rc = did_of_seed(&new_did, rotation->new_seed, err);
    if (rc == TALLY_OK)
        rc = sign_proof(proof, rotation, &old_did, &new_did, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&payload, MESSAGE_BYTES_MAX);
    tally_jcs_init(&jcs, &payload);
    tally_jcs_object(&jcs);
    tally_value_write_instant(&jcs, "at", rotation->at_ms);
    tally_jcs_member_string(&jcs, "kind", "rotate");
    tally_jcs_member_text(&jcs, "programme", rotation->programme);
    tally_value_write_bytes(&jcs, "proof", proof, sizeof(proof));
    tally_jcs_member_string(&jcs, "source", old_did.text);
    tally_jcs_member_string(&jcs, "to", new_did.text);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_SOURCE_MESSAGE_TYP,
                            rotation->old_seed, err);
    tally_buffer_free(&payload);
    return rc;
}

typedef struct rotation_message {
    int64_t at_ms;
    tally_text programme, source, to;
    uint8_t proof[TALLY_ED25519_SIGNATURE_BYTES];
} rotation_message;

static tally_rc read_rotation(const tally_json_value *root, rotation_message *out, tally_err *err)
{
    tally_json_reader reader;

    tally_json_read_begin(&reader, root, "message", err);
    tally_json_read_constant(&reader, "kind", "rotate");
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    out->at_ms = tally_value_read_instant(&reader, "at");
    out->programme = tally_json_read_text(&reader, "programme", 255);
    out->source = tally_json_read_text(&reader, "source", TALLY_SOURCE_DID_BYTES_MAX);
    out->to = tally_json_read_text(&reader, "to", TALLY_SOURCE_DID_BYTES_MAX);
    tally_value_read_bytes(&reader, "proof", out->proof, sizeof(out->proof));
    return tally_json_read_end(&reader);
}

static tally_rc check_proof(const rotation_message *message, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_buffer text;
    bool is_valid = false;
    tally_rc rc = tally_did_key_read(public32, message->to, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&text, MESSAGE_BYTES_MAX);
    rc = append_proof_text(&text, message->programme, message->source, message->to);
    if (rc == TALLY_OK)
        is_valid = tally_ed25519_is_valid_vartime(message->proof, text.bytes, text.count, public32);
    tally_buffer_free(&text);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "memory is short");
    return is_valid
               ? TALLY_OK
               : tally_err_set(err, TALLY_E_INVALID, 0, "the new key has not signed this message");
}

static tally_rc check_rotation(const tally_ledger *ledger, const rotation_message *message,
                               const tally_jws_key *signer, tally_denial *denial, tally_err *err)
{
    int64_t age_ms = tally_ledger_now_ms(ledger) - message->at_ms;
    tally_did_key did;

    tally_did_key_write(&did, signer->public32);
    if (!tally_text_is(message->source, did.text))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the message is signed by another key than it names");
    if (!tally_text_is_equal(message->programme, ledger->origin))
        return tally_deny(denial, err, TALLY_E_DENIED, "E_CROSS_PROGRAMME", "R7",
                          "send it to the programme that it names",
                          "this message is for `%.*s`; nothing was changed",
                          TALLY_TEXT_ARGS(message->programme));
    if (age_ms > FRESH_MS || age_ms < -FRESH_MS)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_STALE", "R10", "make it anew and send it",
                          "this message was not made within the last 10 minutes; nothing was "
                          "changed");
    return check_proof(message, err);
}

tally_rc tally_source_rotate(tally_ledger *ledger, tally_text message, tally_source_record *out,
                             tally_denial *denial, tally_err *err)
{
    tally_json_document *document = NULL;
    rotation_message asked = { 0 };
    tally_jws_key signer;
    tally_rc rc =
        tally_jws_open(&document, &signer, message, TALLY_SOURCE_MESSAGE_TYP, NULL, NULL, err);

    if (rc == TALLY_OK)
        rc = read_rotation(tally_json_root(document), &asked, err);
    if (rc == TALLY_OK)
        rc = check_rotation(ledger, &asked, &signer, denial, err);
    if (rc == TALLY_OK) {
        change wanted = {
            .did = asked.to, .old_did = asked.source, .source = out, .denial = denial
        };

        rc = tally_ledger_run(ledger, true, replace_key, &wanted, err);
    }
    tally_json_document_free(document);
    return rc;
}

/* ---- revoking ---- */

static tally_rc revoke(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                       tally_err *err)
{
    const change *asked = context;
    tally_source_record *source = asked->source;
    tally_rc rc = find_asked(ledger, transaction, asked, err);

    if (rc != TALLY_OK)
        return rc;
    if (asked->from_number < 1 || asked->from_number > source->next_number)
        return tally_deny(asked->denial, err, TALLY_E_INVALID, "E_SEQUENCE", "R10",
                          "name a batch that was sent, or the next one",
                          "source `%s` is at batch %llu; nothing was changed", source->name,
                          (unsigned long long)source->next_number);
    if (source->revocation_count == TALLY_SOURCE_REVOCATIONS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "source %s was revoked %u times", source->name,
                             TALLY_SOURCE_REVOCATIONS_MAX);
    source->revocations[source->revocation_count++] =
        (tally_source_revocation){ .at_ms = tally_ledger_stamp(ledger),
                                   .from = asked->from_number,
                                   .until = source->next_number };
    source->is_revoked = true;
    rc = tally_source_save(transaction, source, err);
    if (rc == TALLY_OK)
        rc = append_fact(ledger, transaction, "source-revoked", source, asked->from_number, err);
    return rc;
}

tally_rc tally_source_revoke(tally_ledger *ledger, tally_text name, uint64_t from_number,
                             tally_source_record *out, tally_denial *denial, tally_err *err)
{
    change asked = { .name = name, .from_number = from_number, .source = out, .denial = denial };

    return tally_ledger_run(ledger, true, revoke, &asked, err);
}
