/* SPDX-License-Identifier: Apache-2.0 */
/* A programme: opening it, closing it, its clock, and the one place where
 * transactions begin and end. */

#include "ledger/ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/documents.h"
#include "ledger/keys.h"
#include "ledger/leave.h"
#include "ledger/policies.h"
#include "ledger/state.h"
#include "util/alloc.h"

#define ATTEMPTS_MAX        3
#define LEDGER_ARENA_BYTES  ((size_t)16 << 10)
#define LEDGER_FOLDER_BYTES ((size_t)4 << 10)

/* ---- refusals ---- */

tally_rc tally_deny(tally_denial *denial, tally_err *err, tally_rc rc, const char *code,
                    const char *right, const char *remedy, const char *format, ...)
{
    char message[sizeof(denial->message)];
    bool ends_in_stop;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (denial != NULL) {
        *denial = (tally_denial){ .code = code, .right = right };
        (void)snprintf(denial->message, sizeof(denial->message), "%s", message);
        (void)snprintf(denial->remedy, sizeof(denial->remedy), "%s", remedy);
    }
    ends_in_stop = message[0] != '\0' && message[strlen(message) - 1] == '.';
    return tally_err_set(err, rc, 0, "%s%s%s%s: %s%s%s", code, right[0] != '\0' ? " (" : "", right,
                         right[0] != '\0' ? ")" : "", message,
                         remedy[0] == '\0' ? ""
                         : ends_in_stop    ? " "
                                           : "; ",
                         remedy);
}

/* ---- what is known ---- */

tally_text tally_ledger_origin(const tally_ledger *ledger)
{
    return ledger->origin;
}

tally_text tally_ledger_did(const tally_ledger *ledger)
{
    return ledger->did;
}

bool tally_ledger_is_pilot(const tally_ledger *ledger)
{
    return ledger->is_pilot;
}

bool tally_ledger_is_simulated(const tally_ledger *ledger)
{
    return ledger->is_simulated;
}

const tally_policy *tally_ledger_policy(const tally_ledger *ledger)
{
    return ledger->policy;
}

/* ---- time ---- */

int64_t tally_ledger_now_ms(const tally_ledger *ledger)
{
    const tally_clock *clock = &ledger->options.clock;
    int64_t now_ms;

    /* Simulated time stands still between two commands. */
    if (ledger->is_simulated && !tally_clock_is_fixed(clock))
        return ledger->state.recorded_ms;
    now_ms = tally_clock_now_ms(clock);
    return now_ms > ledger->state.recorded_ms ? now_ms : ledger->state.recorded_ms;
}

int64_t tally_ledger_stamp(tally_ledger *ledger)
{
    int64_t now_ms = tally_ledger_now_ms(ledger);

    if (now_ms != ledger->state.recorded_ms) {
        ledger->state.recorded_ms = now_ms;
        ledger->state.is_changed = true;
    }
    return now_ms;
}

/* ---- transactions ---- */

/* A programme being made has no state yet; nor has it a policy. */
static tally_rc load_state(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_err *err)
{
    bool is_found;
    tally_rc rc = tally_ledger_load_state(&ledger->state, transaction, &is_found, err);

    if (rc == TALLY_OK && !is_found) {
        if (ledger->policy_version > 0)
            return tally_err_set(err, TALLY_E_CORRUPT, 0, "the store has lost its state");
        ledger->state = (tally_ledger_state){ 0 };
    }
    return rc;
}

static tally_rc run_once(tally_ledger *ledger, bool is_for_writing, tally_ledger_work work,
                         void *context, tally_err *err)
{
    tally_ledger_state before = ledger->state;
    tally_store_transaction *transaction;
    tally_rc rc = tally_store_begin(&transaction, ledger->store, is_for_writing, err);

    if (rc != TALLY_OK)
        return rc;
    rc = load_state(ledger, transaction, err);
    if (rc == TALLY_OK)
        rc = work(ledger, transaction, context, err);
    if (rc == TALLY_OK && is_for_writing && ledger->state.is_changed)
        rc = tally_ledger_save_state(&ledger->state, transaction, err);
    if (rc == TALLY_OK && is_for_writing)
        rc = tally_store_commit(transaction, err);
    else
        tally_store_rollback(transaction);
    if (rc != TALLY_OK)
        ledger->state = before;
    ledger->state.is_changed = false;
    return rc;
}

tally_rc tally_ledger_run(tally_ledger *ledger, bool is_for_writing, tally_ledger_work work,
                          void *context, tally_err *err)
{
    TALLY_ASSERT(ledger->options.is_for_writing || !is_for_writing);
    for (int attempt = 1;; attempt++) {
        tally_rc rc = run_once(ledger, is_for_writing, work, context, err);

        if (rc != TALLY_E_RETRY || attempt == ATTEMPTS_MAX)
            return rc;
        tally_err_clear(err);
    }
}

/* ---- opening ---- */

tally_rc tally_ledger_path(const tally_ledger *ledger, tally_arena *arena, const char *name,
                           const char **out_path, tally_err *err)
{
    size_t folder_count = strlen(ledger->folder), name_count = strlen(name);
    char *path = tally_arena_alloc(arena, folder_count + name_count + 2);

    if (path == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    memcpy(path, ledger->folder, folder_count);
    path[folder_count] = '/';
    memcpy(path + folder_count + 1, name, name_count + 1);
    *out_path = path;
    return TALLY_OK;
}

static tally_rc open_store(tally_ledger *ledger, tally_err *err)
{
    tally_arena *arena = tally_arena_new(LEDGER_ARENA_BYTES);
    const char *path;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_ledger_path(ledger, arena, ledger->options.is_restoring ? "restore.db" : "ledger.db",
                           &path, err);
    if (rc == TALLY_OK)
        rc = tally_store_open(&ledger->store, path,
                              ledger->options.is_for_writing ? TALLY_STORE_WRITE : TALLY_STORE_READ,
                              err);
    tally_arena_free(arena);
    return rc;
}

/* A recorded instant is not to be had by hand in a programme that people rely on, and not from the
 * machine in one whose time is simulated. */
static tally_rc check_clock(const tally_ledger *ledger, tally_err *err)
{
    bool is_fixed = tally_clock_is_fixed(&ledger->options.clock);

    if (is_fixed && !ledger->is_simulated)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s runs on the system's clock: leave out --now", ledger->folder);
    if (!is_fixed && ledger->is_simulated && ledger->options.is_for_writing)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s runs on a simulated clock: say which instant it is with --now",
                             ledger->folder);
    return TALLY_OK;
}

static tally_rc load(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    tally_programme_facts facts;
    tally_rc rc;

    (void)context;
    rc = tally_ledger_read_facts(transaction, ledger->arena, &facts, err);
    if (rc != TALLY_OK)
        return rc;
    ledger->origin = facts.origin;
    ledger->did = facts.did;
    ledger->created_ms = facts.created_ms;
    ledger->is_pilot = facts.is_pilot;
    ledger->is_simulated = facts.is_simulated;
    ledger->is_about_organisations = facts.is_about_organisations;
    rc = tally_ledger_check_keys(ledger, err);
    if (rc == TALLY_OK)
        rc = check_clock(ledger, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_load_policy(ledger, transaction, err);
    return rc;
}

static tally_rc publish_rights(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    (void)context;
    return tally_document_publish_rights(ledger, transaction, err);
}

/* What an interrupted, restored or upgraded programme has to make up for before anything else. */
static tally_rc catch_up(tally_ledger *ledger, tally_err *err)
{
    uint64_t erased;
    tally_rc rc = tally_erasures_replay(ledger, true, &erased, err);

    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, publish_rights, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_write_policy_files(ledger, err);
    return rc;
}

/* Said first, and in words that help whoever mistyped the folder. */
static tally_rc find_programme(const tally_ledger *ledger, tally_err *err)
{
    const char *path;
    tally_rc rc = tally_ledger_path(ledger, ledger->arena, "ledger.db", &path, err);

    if (rc == TALLY_OK && !ledger->options.is_restoring && access(path, F_OK) != 0)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "%s is no programme: there is no ledger.db in it (`tally init` makes "
                           "one)",
                           ledger->folder);
    return rc;
}

static tally_rc begin(tally_ledger *ledger, const tally_ledger_options *options, tally_err *err)
{
    size_t count = strlen(options->folder);

    if (count >= LEDGER_FOLDER_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "that is no name for a folder");
    ledger->options = *options;
    if (ledger->options.random == NULL)
        ledger->options.random = tally_random_system();
    ledger->arena = tally_arena_new(LEDGER_ARENA_BYTES);
    if (ledger->arena != NULL)
        ledger->folder = tally_arena_copy(ledger->arena, options->folder, count + 1);
    if (ledger->folder == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    ledger->options.folder = ledger->folder;
    return TALLY_OK;
}

tally_rc tally_ledger_open(tally_ledger **out_ledger, const tally_ledger_options *options,
                           tally_err *err)
{
    tally_ledger *ledger = tally_alloc_zeroed(sizeof(*ledger));
    tally_rc rc;

    if (ledger == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = begin(ledger, options, err);
    if (rc == TALLY_OK)
        rc = find_programme(ledger, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_load_keys(ledger, err);
    if (rc == TALLY_OK)
        rc = open_store(ledger, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, false, load, NULL, err);
    if (rc == TALLY_OK && options->is_for_writing && !options->is_restoring)
        rc = catch_up(ledger, err);
    if (rc != TALLY_OK) {
        tally_ledger_close(ledger);
        return rc;
    }
    *out_ledger = ledger;
    return TALLY_OK;
}

void tally_ledger_close(tally_ledger *ledger)
{
    if (ledger == NULL)
        return;
    if (ledger->free_caches != NULL)
        ledger->free_caches(ledger->caches);
    tally_store_close(ledger->store);
    tally_policy_free(ledger->policy);
    tally_ledger_free_keys(ledger->keys);
    tally_arena_free(ledger->arena);
    tally_release(ledger);
}
