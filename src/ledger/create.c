/* SPDX-License-Identifier: Apache-2.0 */
/* Making a programme.
 *
 * Everything is built in a folder of another name beside the place, made durable, and renamed into
 * it: whatever kills the process before the rename leaves no programme, and after it a whole one.
 * The folder being built is locked, so that two who make the same programme do not meet. */

#include "ledger/create.h"

#include <string.h>

#include "ledger/documents.h"
#include "ledger/keys.h"
#include "ledger/place.h"
#include "ledger/policies.h"
#include "ledger/record.h"
#include "ledger/rights.h"
#include "ledger/state.h"
#include "policy/charter.h"
#include "policy/diagnostics.h"
#include "tlog/note.h"
#include "util/alloc.h"

#define CREATE_ARENA_BYTES ((size_t)64 << 10)
#define DOCUMENT_BYTES_MAX ((size_t)64 << 10)

/* ---- what is asked for ---- */

static tally_rc check_origin(tally_text origin, tally_denial *denial, tally_err *err)
{
    tally_text host, rest;
    bool is_name = origin.count <= TALLY_ORIGIN_BYTES_MAX && tally_note_is_name(origin);

    (void)tally_text_split(origin, '/', &host, &rest);
    for (size_t i = 0; is_name && i < origin.count; i++) {
        char byte = origin.bytes[i];

        is_name = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
                  byte == '-' || byte == '_' || byte == '~' || byte == ':' ||
                  (byte == '/' && i + 1 < origin.count && origin.bytes[i + 1] != '/');
    }
    if (is_name && host.count > 0 && tally_text_find_byte(host, '.') < host.count)
        return TALLY_OK;
    return tally_deny(denial, err, TALLY_E_INVALID, "E_ORIGIN", "",
                      "Give a name of your own for ever, such as points.riverside.example.",
                      "The origin is a host name and perhaps a path, in lower case and without a "
                      "scheme, of at most %u bytes.",
                      TALLY_ORIGIN_BYTES_MAX);
}

static tally_rc refuse_pilot(const tally_span *span, const char *right, const char *what,
                             tally_diagnostics *diagnostics, tally_denial *denial, tally_err *err)
{
    if (!tally_diagnostics_add(
            diagnostics, TALLY_SEVERITY_REFUSAL, "E_NOT_AVAILABLE", right,
            span != NULL ? span->line : 0, span != NULL ? span->column : 0,
            span != NULL && span->text.count > 0 ? (uint32_t)span->text.count : 1,
            tally_text_from(what), TALLY_TEXT("leave it out of a programme that opens as a pilot")))
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_AVAILABLE", right,
                      "Leave it out of a programme that opens as a pilot.", "%s", what);
}

tally_rc tally_pilot_check(const tally_policy *policy, tally_diagnostics *diagnostics,
                           tally_denial *denial, tally_err *err)
{
    const tally_version *version = &policy->versions[policy->version_count - 1];

    if (!tally_rights_make_pilot())
        return TALLY_OK;
    for (uint32_t i = 0; i < version->award_count; i++) {
        if (version->awards[i].is_deduction)
            return refuse_pilot(&version->awards[i].span, "R14",
                                "Deductions need the human decision of R14, whose machinery has "
                                "not shipped.",
                                diagnostics, denial, err);
    }
    if (tally_text_is(version->members, "minor mode"))
        return refuse_pilot(NULL, "R5",
                            "Members under 18 need the guardian's receipt of R5, whose machinery "
                            "has not shipped.",
                            diagnostics, denial, err);
    return TALLY_OK;
}

static tally_rc check_policy(const tally_policy *policy, tally_diagnostics *diagnostics,
                             tally_denial *denial, tally_err *err)
{
    if (policy->version_count > 1)
        return tally_deny(denial, err, TALLY_E_INVALID, "E_FIRST_VERSION", "R25",
                          "Begin with the first version and publish the others afterwards.",
                          "The policy has %u versions, and a programme begins with one.",
                          policy->version_count);
    if (!tally_charter_check(policy, diagnostics)) {
        if (tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL) == 0)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
        return tally_deny(denial, err, TALLY_E_DENIED, "E_CHARTER", "R29",
                          "Change what is marked; `tally policy check --live` says the same.",
                          "The charter does not let this policy live.");
    }
    return tally_pilot_check(policy, diagnostics, denial, err);
}

/* ---- what is written ---- */

typedef struct creation {
    const tally_create_options *options;
    tally_buffer log_key;
} creation;

static tally_rc publish_genesis(tally_ledger *ledger, tally_store_transaction *transaction,
                                const tally_genesis *genesis, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, DOCUMENT_BYTES_MAX);
    rc = tally_document_genesis(&text, ledger, genesis, err);
    if (rc == TALLY_OK)
        rc = tally_record_publish(ledger, transaction, TALLY_ENTRY_GENESIS,
                                  tally_buffer_text(&text), NULL, err);
    tally_buffer_free(&text);
    return rc;
}

static tally_rc write_programme(tally_ledger *ledger, tally_store_transaction *transaction,
                                void *context, tally_err *err)
{
    const creation *made = context;
    int64_t now_ms = tally_ledger_stamp(ledger);
    tally_genesis genesis = { now_ms, tally_buffer_text(&made->log_key) };
    tally_programme_facts facts = { .origin = ledger->origin,
                                    .did = ledger->did,
                                    .created_ms = now_ms,
                                    .is_pilot = ledger->is_pilot,
                                    .is_simulated = ledger->is_simulated,
                                    .is_about_organisations = ledger->is_about_organisations };
    tally_policy_publication publication = { .program = ledger->policy,
                                             .label = "neutral",
                                             .begins_ms = ledger->policy_begins_ms,
                                             .published_ms = now_ms };
    tally_rc rc = tally_ledger_write_facts(transaction, &facts, err);

    if (rc == TALLY_OK)
        rc = publish_genesis(ledger, transaction, &genesis, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_put_policy(ledger, transaction, &publication, err);
    if (rc == TALLY_OK)
        rc = tally_document_publish_rights(ledger, transaction, err);
    return rc;
}

/* Folders of a programme; those that only the operator enters are private. */
static const struct {
    const char *name;
    bool is_private;
} folders[] = {
    { "keys", true },      { "policies", false }, { "log", false },
    { "log-state", true }, { "backups", true },
};

static tally_rc make_folders(tally_place *place, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < sizeof(folders) / sizeof(folders[0]); i++)
        rc = tally_place_make_folder(place, folders[i].name, folders[i].is_private, err);
    return rc;
}

static tally_rc open_store(tally_ledger *ledger, tally_err *err)
{
    const char *path;
    tally_rc rc = tally_ledger_path(ledger, ledger->arena, "ledger.db", &path, err);

    if (rc == TALLY_OK)
        rc = tally_store_open(&ledger->store, path, TALLY_STORE_CREATE, err);
    return rc;
}

static tally_rc build(tally_ledger *ledger, tally_place *place, creation *made, tally_err *err)
{
    tally_rc rc = make_folders(place, err);

    if (rc == TALLY_OK)
        rc = tally_ledger_make_keys(ledger, &made->log_key, err);
    if (rc == TALLY_OK)
        rc = open_store(ledger, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, write_programme, made, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_write_policy_files(ledger, err);
    /* Closed before the rename: its files beside the main one are then gone. */
    tally_store_close(ledger->store);
    ledger->store = NULL;
    return rc;
}

static tally_rc begin(tally_ledger *ledger, const tally_create_options *options,
                      const tally_place *place, tally_err *err)
{
    ledger->options =
        (tally_ledger_options){ .is_for_writing = true,
                                .clock = options->clock,
                                .random = options->random != NULL ? options->random
                                                                  : tally_random_system() };
    ledger->folder = tally_place_path(place);
    ledger->origin = options->origin;
    ledger->is_simulated = options->is_simulated;
    ledger->is_pilot = tally_rights_make_pilot();
    ledger->is_about_organisations = ledger->policy->is_about_organisations;
    ledger->policy_begins_ms[0] = INT64_MIN;
    ledger->arena = tally_arena_new(CREATE_ARENA_BYTES);
    return ledger->arena != NULL ? TALLY_OK
                                 : tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

static tally_rc make(const tally_create_options *options, tally_policy *policy, tally_err *err)
{
    tally_ledger ledger = { .policy = policy };
    creation made = { .options = options };
    tally_place place;
    tally_rc rc = tally_place_begin(&place, options->folder, err);

    tally_buffer_init(&made.log_key, 1024);
    if (rc == TALLY_OK)
        rc = begin(&ledger, options, &place, err);
    if (rc == TALLY_OK)
        rc = build(&ledger, &place, &made, err);
    if (rc == TALLY_OK)
        rc = tally_place_finish(&place, err);
    tally_place_close(&place);
    tally_buffer_free(&made.log_key);
    tally_ledger_free_keys(ledger.keys);
    tally_arena_free(ledger.arena);
    return rc;
}

tally_rc tally_ledger_create(const tally_create_options *options, tally_diagnostics *diagnostics,
                             tally_denial *denial, tally_err *err)
{
    tally_policy *policy = NULL;
    tally_rc rc = check_origin(options->origin, denial, err);

    if (rc == TALLY_OK && options->is_simulated != tally_clock_is_fixed(&options->clock))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "a programme has a fixed clock if and only if it is simulated");
    if (rc == TALLY_OK)
        rc = tally_policy_compile(&policy, options->policy_name, options->policy.bytes,
                                  options->policy.count, &options->zones, diagnostics, err);
    if (rc == TALLY_OK)
        rc = check_policy(policy, diagnostics, denial, err);
    if (rc == TALLY_OK)
        rc = make(options, policy, err);
    tally_policy_free(policy);
    return rc;
}
