/* SPDX-License-Identifier: Apache-2.0 */
/* Members as stored. MEMBERS holds canonical JSON:
 *
 *   {"dids":["did:key:…",…],"generated":true,"joined":INSTANT,"key":BYTES,
 *    "policies":[{"from":INSTANT,"version":1},…],"recovery":"did:key:…",
 *    "rid":BYTES,"secrets":BYTES}
 *
 * key is the data key sealed under the programme key, secrets the handle secret and the
 * label secret sealed under the data key; both are bound to the record number. So a
 * member whose row is gone is unreadable, whatever else is left over. */

#include "ledger/member.h"
#include "ledger/snapshot.h"

#include "crypto/seal.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define SECRETS_BYTES (2 * TALLY_KEY_BYTES)
#define CONTEXT_BYTES (16 + TALLY_RID_BYTES)
#define ROW_BYTES_MAX ((size_t)16 << 10)
#define SUBJECT_BYTES 8

static tally_rc damaged(int64_t subject, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "the record of member %lld is damaged",
                         (long long)subject);
}

static void make_context(uint8_t out[static CONTEXT_BYTES], const char tag[static 16],
                         const uint8_t *rid)
{
    memcpy(out, tag, 16);
    memcpy(out + 16, rid, TALLY_RID_BYTES);
}

static const char key_tag[17] = "tally/datakey/v1";
static const char secrets_tag[17] = "tally/secrets/v1";

/* ---- writing ---- */

typedef struct sealed_parts {
    uint8_t key[TALLY_SEAL_WRAPPED_BYTES];
    uint8_t secrets[SECRETS_BYTES + TALLY_SEAL_EXTRA_BYTES];
} sealed_parts;

static tally_rc seal_parts(const tally_ledger *ledger, const tally_member *member,
                           sealed_parts *out, tally_err *err)
{
    uint8_t context[CONTEXT_BYTES], secrets[SECRETS_BYTES];
    tally_rc rc;

    make_context(context, key_tag, member->rid);
    rc = tally_seal_wrap(out->key, member->data_key, context, sizeof(context),
                         ledger->keys->programme_key, ledger->options.random, err);
    if (rc != TALLY_OK)
        return rc;
    make_context(context, secrets_tag, member->rid);
    memcpy(secrets, member->handle_secret, TALLY_KEY_BYTES);
    memcpy(secrets + TALLY_KEY_BYTES, member->label_secret, TALLY_KEY_BYTES);
    rc = tally_seal(out->secrets, secrets, sizeof(secrets), context, sizeof(context),
                    member->data_key, ledger->options.random, err);
    tally_secret_wipe(secrets, sizeof(secrets));
    return rc;
}

static tally_rc write_row(tally_buffer *out, const tally_member *member, const sealed_parts *parts,
                          tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_name(&jcs, "dids");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < member->did_count; i++)
        tally_jcs_string(&jcs, member->dids[i]);
    tally_jcs_array_end(&jcs);
    tally_jcs_member_bool(&jcs, "generated", member->is_generated);
    tally_value_write_instant(&jcs, "joined", member->joined_ms);
    tally_value_write_bytes(&jcs, "key", parts->key, sizeof(parts->key));
    tally_jcs_name(&jcs, "policies");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < member->policy_count; i++) {
        tally_jcs_object(&jcs);
        tally_value_write_instant(&jcs, "from", member->policies[i].from_ms);
        tally_jcs_member_integer(&jcs, "version", member->policies[i].version);
        tally_jcs_object_end(&jcs);
    }
    tally_jcs_array_end(&jcs);
    tally_jcs_member_string(&jcs, "recovery", member->recovery_did);
    tally_value_write_bytes(&jcs, "rid", member->rid, sizeof(member->rid));
    tally_value_write_bytes(&jcs, "secrets", parts->secrets, sizeof(parts->secrets));
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

tally_rc tally_member_save(tally_ledger *ledger, tally_store_transaction *transaction,
                           const tally_member *member, tally_err *err)
{
    uint8_t subject[SUBJECT_BYTES];
    sealed_parts parts;
    tally_buffer row;
    tally_rc rc;

    TALLY_ASSERT(member->subject >= 1 && member->did_count >= 1);
    tally_buffer_init(&row, ROW_BYTES_MAX);
    rc = seal_parts(ledger, member, &parts, err);
    if (rc == TALLY_OK)
        rc = write_row(&row, member, &parts, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_MEMBERS, member->subject,
                             tally_buffer_text(&row), err);
    tally_buffer_free(&row);
    tally_write_u64(subject, (uint64_t)member->subject);
    for (uint32_t i = 0; rc == TALLY_OK && i < member->did_count; i++)
        rc = tally_store_name(transaction, TALLY_STORE_MEMBER_BY_DID,
                              tally_text_from(member->dids[i]),
                              tally_text_of((const char *)subject, sizeof(subject)), err);
    return rc;
}

tally_rc tally_member_delete(tally_ledger *ledger, tally_store_transaction *transaction,
                             const tally_member *member, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    (void)ledger;
    for (uint32_t i = 0; rc == TALLY_OK && i < member->did_count; i++)
        rc = tally_store_unname(transaction, TALLY_STORE_MEMBER_BY_DID,
                                tally_text_from(member->dids[i]), err);
    if (rc == TALLY_OK)
        rc = tally_snapshot_forget(transaction, member->subject, err);
    if (rc == TALLY_OK)
        rc = tally_store_delete(transaction, TALLY_STORE_MEMBERS, member->subject, err);
    return rc;
}

void tally_member_wipe(tally_member *member)
{
    tally_secret_wipe(member, sizeof(*member));
}

/* ---- reading ---- */

static void read_did(char out[static TALLY_DID_BYTES_MAX + 1], tally_text did)
{
    memcpy(out, did.bytes, did.count);
    out[did.count] = '\0';
}

static void read_dids(tally_member *out, tally_json_reader *reader)
{
    tally_json_items items;
    tally_text did;

    tally_json_read_array(reader, "dids", 1, TALLY_MEMBER_DIDS_MAX, &items);
    while (tally_json_next_text(&items, TALLY_DID_BYTES_MAX, &did))
        read_did(out->dids[out->did_count++], did);
    read_did(out->recovery_did, tally_json_read_text(reader, "recovery", TALLY_DID_BYTES_MAX));
}

static void read_policies(tally_member *out, tally_json_reader *reader)
{
    tally_json_reader row;
    tally_json_items items;

    tally_json_read_array(reader, "policies", 0, TALLY_MEMBER_POLICIES_MAX, &items);
    while (tally_json_next_object(&items, &row)) {
        tally_member_policy *policy = &out->policies[out->policy_count++];

        policy->from_ms = tally_value_read_instant(&row, "from");
        policy->version =
            (uint32_t)tally_json_read_integer(&row, "version", 1, TALLY_MEMBER_POLICIES_MAX);
        (void)tally_json_read_end(&row);
    }
}

static tally_rc open_parts(const tally_ledger *ledger, tally_member *out, const sealed_parts *parts,
                           tally_err *err)
{
    uint8_t context[CONTEXT_BYTES], secrets[SECRETS_BYTES];
    bool is_open;

    make_context(context, key_tag, out->rid);
    is_open = tally_seal_unwrap(out->data_key, parts->key, context, sizeof(context),
                                ledger->keys->programme_key) == TALLY_OK;
    make_context(context, secrets_tag, out->rid);
    is_open = is_open && tally_seal_open(secrets, parts->secrets, sizeof(parts->secrets), context,
                                         sizeof(context), out->data_key) == TALLY_OK;
    if (is_open) {
        memcpy(out->handle_secret, secrets, TALLY_KEY_BYTES);
        memcpy(out->label_secret, secrets + TALLY_KEY_BYTES, TALLY_KEY_BYTES);
    }
    tally_secret_wipe(secrets, sizeof(secrets));
    return is_open ? TALLY_OK : damaged(out->subject, err);
}

static tally_rc read_row(const tally_ledger *ledger, tally_member *out, int64_t subject,
                         tally_text row, tally_err *err)
{
    const tally_json_options options = { ROW_BYTES_MAX, 0, false };
    tally_json_document *document = NULL;
    tally_json_reader reader;
    sealed_parts parts;
    tally_rc rc;

    *out = (tally_member){ .subject = subject };
    rc = tally_json_parse(&document, row, &options, NULL);
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "reading a member");
    if (rc != TALLY_OK)
        return damaged(subject, err);
    tally_json_read_begin(&reader, tally_json_root(document), "member", NULL);
    read_dids(out, &reader);
    out->is_generated = tally_json_read_bool(&reader, "generated");
    out->joined_ms = tally_value_read_instant(&reader, "joined");
    tally_value_read_bytes(&reader, "key", parts.key, sizeof(parts.key));
    read_policies(out, &reader);
    tally_value_read_bytes(&reader, "rid", out->rid, sizeof(out->rid));
    tally_value_read_bytes(&reader, "secrets", parts.secrets, sizeof(parts.secrets));
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    rc = rc != TALLY_OK ? damaged(subject, err) : open_parts(ledger, out, &parts, err);
    if (rc != TALLY_OK)
        tally_member_wipe(out);
    return rc;
}

tally_rc tally_member_load(tally_ledger *ledger, tally_store_transaction *transaction,
                           int64_t subject, tally_member *out_member, bool *out_is_found,
                           tally_err *err)
{
    tally_text row;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_MEMBERS, subject, &row, out_is_found, err);

    if (rc == TALLY_OK && *out_is_found)
        rc = read_row(ledger, out_member, subject, row, err);
    return rc;
}

tally_rc tally_member_subject(tally_store_transaction *transaction, tally_text did,
                              int64_t *out_subject, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc;

    *out_subject = 0;
    if (did.count == 0 || did.count > TALLY_DID_BYTES_MAX)
        return TALLY_OK;
    rc = tally_store_find(transaction, TALLY_STORE_MEMBER_BY_DID, did, &value, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    if (value.count != SUBJECT_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a member's key leads nowhere");
    *out_subject = (int64_t)tally_read_u64((const uint8_t *)value.bytes);
    return TALLY_OK;
}

tally_rc tally_member_find(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_text did, tally_member *out_member, bool *out_is_found,
                           tally_err *err)
{
    int64_t subject;
    tally_rc rc = tally_member_subject(transaction, did, &subject, err);

    *out_is_found = false;
    if (rc != TALLY_OK || subject == 0)
        return rc;
    rc = tally_member_load(ledger, transaction, subject, out_member, out_is_found, err);
    if (rc == TALLY_OK && !*out_is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "a member's key leads to no record");
    return rc;
}

/* ---- all of them ---- */

typedef struct walk {
    tally_ledger *ledger;
    tally_member_visit visit;
    void *context;
} walk;

static tally_rc visit_row(void *context, int64_t key, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    const walk *self = context;
    tally_member member;
    tally_rc rc = read_row(self->ledger, &member, key, value, err);

    (void)out_is_enough;
    if (rc == TALLY_OK)
        rc = self->visit(self->context, &member, err);
    tally_member_wipe(&member);
    return rc;
}

tally_rc tally_member_each_from(tally_ledger *ledger, tally_store_transaction *transaction,
                                int64_t from, tally_member_visit visit, void *context,
                                tally_err *err)
{
    walk self = { ledger, visit, context };

    return tally_store_scan(transaction, TALLY_STORE_MEMBERS, from, visit_row, &self, err);
}

tally_rc tally_member_each(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_member_visit visit, void *context, tally_err *err)
{
    return tally_member_each_from(ledger, transaction, 1, visit, context, err);
}
