/* SPDX-License-Identifier: Apache-2.0 */
/* Published versions: written once, read when a programme is opened. */

#include "ledger/policies.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/record.h"
#include "policy/diff.h"
#include "policy/document.h"
#include "publish/folder.h"

_Static_assert(TALLY_LEDGER_VERSIONS_MAX == TALLY_VERSIONS_MAX, "every version has a beginning");

static const tally_json_options json_options = { .bytes_max = TALLY_JSON_BYTES_MAX };

/* ---- writing ---- */

static void write_hex(tally_jcs *jcs, const char *name, const uint8_t hash[static TALLY_HASH_BYTES])
{
    char hex[TALLY_HASH_HEX_BYTES];

    tally_hash_hex(hex, hash);
    tally_jcs_member_string(jcs, name, hex);
}

static void write_begins(tally_jcs *jcs, const tally_policy_publication *publication)
{
    tally_jcs_name(jcs, "begins");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < publication->program->version_count; i++) {
        if (i == 0)
            tally_jcs_null(jcs);
        else
            tally_value_instant(jcs, publication->begins_ms[i]);
    }
    tally_jcs_array_end(jcs);
}

/* changes: what policy/diff.h writes, parsed; NULL for the first version. */
static tally_rc write_version(tally_buffer *out, const tally_ledger *ledger,
                              const tally_policy_publication *publication, tally_text frozen,
                              const tally_json_value *changes, tally_err *err)
{
    uint32_t count = publication->program->version_count;
    const tally_version *version = &publication->program->versions[count - 1];
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    write_begins(&jcs, publication);
    if (changes != NULL)
        tally_jcs_member_value(&jcs, "changes", changes);
    tally_jcs_member_text(&jcs, "frozen", frozen);
    write_hex(&jcs, "hash", version->hash);
    tally_jcs_member_string(&jcs, "kind", "policy");
    tally_jcs_member_string(&jcs, "label", publication->label);
    tally_jcs_member_integer(&jcs, "number", count);
    if (count > 1)
        write_hex(&jcs, "previous", version[-1].hash);
    tally_jcs_member_text(&jcs, "programme", ledger->origin);
    tally_value_write_instant(&jcs, "published", publication->published_ms);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

static tally_rc compose(tally_buffer *out, const tally_ledger *ledger,
                        const tally_policy_publication *publication, tally_err *err)
{
    tally_json_document *changes = NULL;
    char *frozen;
    size_t frozen_bytes;
    tally_rc rc = tally_policy_freeze(publication->program, &frozen, &frozen_bytes);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the policy with its time zones is too large");
    if (publication->changes.count > 0)
        rc = tally_json_parse(&changes, publication->changes, &json_options, err);
    if (rc == TALLY_OK)
        rc = write_version(out, ledger, publication, tally_text_of(frozen, frozen_bytes),
                           changes != NULL ? tally_json_root(changes) : NULL, err);
    tally_json_document_free(changes);
    tally_policy_text_free(frozen);
    return rc;
}

tally_rc tally_ledger_put_policy(tally_ledger *ledger, tally_store_transaction *transaction,
                                 const tally_policy_publication *publication, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_STORE_VALUE_BYTES_MAX);
    rc = compose(&text, ledger, publication, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_POLICIES,
                             (int64_t)publication->program->version_count, tally_buffer_text(&text),
                             err);
    if (rc == TALLY_OK)
        rc = tally_record_publish(ledger, transaction, TALLY_ENTRY_POLICY, tally_buffer_text(&text),
                                  NULL, err);
    tally_buffer_free(&text);
    return rc;
}

/* ---- reading ---- */

typedef struct stored_version {
    uint32_t number;
    tally_text frozen, hash; /* of the document */
    int64_t begins_ms[TALLY_LEDGER_VERSIONS_MAX];
} stored_version;

static tally_rc read_begins(tally_json_reader *reader, stored_version *out)
{
    const tally_json_value *list = tally_json_read_value(reader, "begins");

    if (list == NULL || tally_json_kind_of(list) != TALLY_JSON_ARRAY ||
        tally_json_count(list) != out->number)
        return TALLY_E_CORRUPT;
    out->begins_ms[0] = INT64_MIN;
    for (uint32_t i = 1; i < out->number; i++) {
        const tally_json_value *item = tally_json_item(list, i);

        if (tally_json_kind_of(item) != TALLY_JSON_TEXT ||
            !tally_value_parse_instant(&out->begins_ms[i], tally_json_text_of(item)))
            return TALLY_E_CORRUPT;
    }
    return TALLY_OK;
}

static tally_rc read_version(const tally_json_value *root, stored_version *out, tally_err *err)
{
    tally_json_reader reader;
    tally_rc rc;

    tally_json_read_begin(&reader, root, "policy", err);
    tally_json_read_rest(&reader);
    out->number =
        (uint32_t)tally_json_read_integer(&reader, "number", 1, TALLY_LEDGER_VERSIONS_MAX);
    out->frozen = tally_json_read_text(&reader, "frozen", TALLY_JSON_BYTES_MAX);
    out->hash = tally_json_read_text(&reader, "hash", TALLY_HASH_HEX_BYTES);
    rc = read_begins(&reader, out);
    if (tally_json_read_end(&reader) != TALLY_OK)
        rc = TALLY_E_CORRUPT;
    return rc == TALLY_OK ? rc
                          : tally_err_set(err, TALLY_E_CORRUPT, 0, "a published policy is damaged");
}

static tally_rc compile(tally_policy **out_policy, const stored_version *stored, tally_err *err)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char hex[TALLY_HASH_HEX_BYTES];
    tally_policy *policy = NULL;
    tally_rc rc;

    if (diagnostics == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_policy_compile(&policy, "policy.yaml", stored->frozen.bytes, stored->frozen.count,
                              NULL, diagnostics, err);
    tally_diagnostics_free(diagnostics);
    if (rc != TALLY_OK)
        return rc == TALLY_E_NOMEM ? rc : TALLY_E_CORRUPT;
    tally_hash_hex(hex, policy->versions[policy->version_count - 1].hash);
    if (policy->version_count != stored->number || !tally_text_is(stored->hash, hex)) {
        tally_policy_free(policy);
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "the stored policy is not the one that was published");
    }
    *out_policy = policy;
    return TALLY_OK;
}

static tally_rc find_newest(tally_store_transaction *transaction, tally_text *out_text,
                            tally_err *err)
{
    int64_t number;
    bool is_found = false;
    tally_rc rc = tally_store_last(transaction, TALLY_STORE_POLICIES, &number, err);

    if (rc == TALLY_OK && number > 0)
        rc = tally_store_get(transaction, TALLY_STORE_POLICIES, number, out_text, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the store holds no policy");
    return rc;
}

/* When each version was published, and whether it waits for a member's receipt. */
static tally_rc read_label(void *context, int64_t key, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    tally_ledger *ledger = context;
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&document, value, &json_options, err);

    (void)out_is_enough;
    if (rc != TALLY_OK || key > TALLY_LEDGER_VERSIONS_MAX) {
        tally_json_document_free(document);
        return rc == TALLY_E_NOMEM ? rc : TALLY_E_CORRUPT;
    }
    tally_json_read_begin(&reader, tally_json_root(document), "policy", err);
    tally_json_read_rest(&reader);
    ledger->policy_published_ms[key - 1] = tally_value_read_instant(&reader, "published");
    ledger->policy_is_worse[key - 1] =
        tally_text_is(tally_json_read_text(&reader, "label", 16),
                      tally_change_label_name(TALLY_CHANGE_WORSE));
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc == TALLY_OK ? rc : TALLY_E_CORRUPT;
}

tally_rc tally_ledger_load_policy(tally_ledger *ledger, tally_store_transaction *transaction,
                                  tally_err *err)
{
    tally_json_document *document = NULL;
    tally_policy *policy = NULL;
    stored_version stored;
    tally_text text;
    tally_rc rc = find_newest(transaction, &text, err);

    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, text, &json_options, err);
    if (rc == TALLY_OK)
        rc = read_version(tally_json_root(document), &stored, err);
    if (rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT)
        rc = TALLY_E_CORRUPT;
    if (rc == TALLY_OK)
        rc = compile(&policy, &stored, err);
    tally_json_document_free(document);
    if (rc == TALLY_OK)
        rc = tally_store_scan(transaction, TALLY_STORE_POLICIES, 1, read_label, ledger, err);
    if (rc != TALLY_OK) {
        tally_policy_free(policy);
        return rc;
    }
    if (policy->is_about_organisations != ledger->is_about_organisations) {
        tally_policy_free(policy);
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the stored policy is about other subjects");
    }
    tally_policy_free(ledger->policy);
    ledger->policy = policy;
    ledger->policy_version = stored.number;
    memcpy(ledger->policy_begins_ms, stored.begins_ms, sizeof(stored.begins_ms));
    return TALLY_OK;
}

/* ---- files for people ---- */

static tally_rc write_file(tally_folder *folder, const tally_policy *policy, uint32_t count,
                           tally_err *err)
{
    char name[32];
    tally_buffer text;
    tally_rc rc;

    (void)snprintf(name, sizeof(name), "policies/%u.yaml", count);
    if (faccessat(folder->handle, name, F_OK, 0) == 0)
        return TALLY_OK;
    tally_buffer_init(&text, TALLY_POLICY_BYTES_MAX + 8 * (size_t)TALLY_VERSIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            tally_buffer_append_string(&text, "---\n");
        tally_buffer_append_text(&text, policy->versions[i].document);
        tally_buffer_append_byte(&text, '\n');
    }
    rc = tally_buffer_failure(&text);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "memory is short");
    else
        rc = tally_folder_write(folder, name, tally_buffer_text(&text), TALLY_FOLDER_DRAFT, err);
    tally_buffer_free(&text);
    return rc;
}

tally_rc tally_ledger_write_policy_files(const tally_ledger *ledger, tally_err *err)
{
    tally_folder folder;
    tally_rc rc = tally_folder_open(&folder, &tally_files_system, AT_FDCWD, ledger->folder, err);

    for (uint32_t i = 1; rc == TALLY_OK && i <= ledger->policy->version_count; i++)
        rc = write_file(&folder, ledger->policy, i, err);
    if (rc == TALLY_OK)
        rc = tally_folder_settle(&folder, err);
    tally_folder_close(&folder);
    return rc;
}
