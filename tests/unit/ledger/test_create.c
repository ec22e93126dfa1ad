/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening a programme. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "ledger/record.h"
#include "ledger/rights.h"
#include "policy/diagnostics.h"
#include "util/alloc.h"

static tally_rc create(const tally_create_options *options, tally_denial *denial, tally_err *err)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_rc rc;

    assert_non_null(diagnostics);
    rc = tally_ledger_create(options, diagnostics, denial, err);
    tally_diagnostics_free(diagnostics);
    return rc;
}

static bool is_there(const fixture *f, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
    return access(path, F_OK) == 0;
}

static mode_t mode_of(const fixture *f, const char *name)
{
    char path[256];
    struct stat facts;

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(stat(path, &facts), 0);
    return facts.st_mode & 0777;
}

static void a_programme_has_its_folder(void **state)
{
    static const char *const keys[] = { "keys/operator.key", "keys/programme.key", "keys/log.key" };
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(keys); i++)
        assert_int_equal(mode_of(&f, keys[i]), 0600);
    assert_int_equal(mode_of(&f, "ledger.db"), 0600);
    assert_int_equal(mode_of(&f, "keys"), 0700);
    assert_true(is_there(&f, "programme/policies/1.yaml"));
    assert_true(is_there(&f, "programme/log") && is_there(&f, "programme/log-state"));
    assert_false(is_there(&f, ".programme.tally-init"));
    assert_true(tally_text_is(tally_ledger_origin(f.ledger), FIXTURE_ORIGIN));
    assert_true(tally_text_has_prefix(tally_ledger_did(f.ledger), TALLY_TEXT("did:key:z6Mk")));
    assert_true(tally_ledger_is_pilot(f.ledger));
    assert_true(tally_ledger_is_simulated(f.ledger));
    assert_int_equal(f.ledger->policy_version, 1);
    fixture_end(&f);
}

/* ---- the log begins ---- */

typedef struct beginning {
    tally_entry entries[3];
    char genesis[16384], rights[16384];
} beginning;

static void keep(char *out, size_t bytes, tally_text text)
{
    assert_true(text.count < bytes);
    memcpy(out, text.bytes, text.count);
    out[text.count] = '\0';
}

static tally_rc read_beginning(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    beginning *out = context;
    tally_text text;
    bool is_found;

    assert_int_equal(ledger->state.log_size, 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(tally_record_entry(transaction, i, &out->entries[i], err), TALLY_OK);
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_DOCUMENTS, 1, &text, &is_found, err),
                     TALLY_OK);
    keep(out->genesis, sizeof(out->genesis), text);
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_DOCUMENTS, 3, &text, &is_found, err),
                     TALLY_OK);
    keep(out->rights, sizeof(out->rights), text);
    return TALLY_OK;
}

static void tR28_pos_the_log_begins_with_genesis_policy_and_rights(void **state)
{
    beginning *log = test_calloc(1, sizeof(*log));
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(tally_ledger_run(f.ledger, false, read_beginning, log, NULL), TALLY_OK);
    assert_int_equal(log->entries[0].kind, TALLY_ENTRY_GENESIS);
    assert_int_equal(log->entries[0].policy, 0);
    assert_int_equal(log->entries[1].kind, TALLY_ENTRY_POLICY);
    assert_int_equal(log->entries[1].policy, 1);
    assert_int_equal(log->entries[2].kind, TALLY_ENTRY_KEY);
    assert_int_equal(log->entries[2].policy, 1);
    assert_non_null(strstr(log->genesis, "\"clock\":\"simulated\""));
    assert_non_null(strstr(log->genesis, "\"origin\":\"" FIXTURE_ORIGIN "\""));
    assert_non_null(strstr(log->genesis, "\"pilot\":true"));
    /* Every right without machinery is named in public, and no other. */
    for (size_t i = 0; i < TALLY_RIGHTS_COUNT; i++) {
        char wanted[32];

        (void)snprintf(wanted, sizeof(wanted), "\"right\":\"%s\"", tally_right_of(i)->name);
        assert_int_equal(strstr(log->genesis, wanted) != NULL, !tally_right_of(i)->is_enforced);
        assert_int_equal(strstr(log->rights, wanted) != NULL, !tally_right_of(i)->is_enforced);
        assert_int_equal(tally_right_of(i)->missing[0] == '\0', tally_right_of(i)->is_enforced);
    }
    /* Opening again says nothing twice. */
    fixture_reopen(&f);
    assert_int_equal(tally_ledger_run(f.ledger, false, read_beginning, log, NULL), TALLY_OK);
    test_free(log);
    fixture_end(&f);
}

static tally_rc forget_rights(tally_ledger *ledger, tally_store_transaction *transaction,
                              void *context, tally_err *err)
{
    (void)ledger;
    (void)context;
    return tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("rights"),
                            TALLY_TEXT("{\"kind\":\"rights\"}"), err);
}

static tally_rc look_at_newest(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    tally_entry entry;
    tally_text text;
    bool is_found;

    assert_int_equal(ledger->state.log_size, *(const uint64_t *)context);
    assert_int_equal(tally_record_entry(transaction, ledger->state.log_size - 1, &entry, err),
                     TALLY_OK);
    assert_int_equal(entry.kind, TALLY_ENTRY_KEY);
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_DOCUMENTS,
                                     (int64_t)ledger->state.log_size, &text, &is_found, err),
                     TALLY_OK);
    assert_true(text.count > 100);
    return TALLY_OK;
}

/* As if an older release had made the programme, whose table was another one. */
static void tR28_pos_a_newer_release_says_what_it_enforces(void **state)
{
    uint64_t size = 4;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(tally_ledger_run(f.ledger, true, forget_rights, NULL, NULL), TALLY_OK);
    fixture_reopen(&f);
    assert_int_equal(tally_ledger_run(f.ledger, false, look_at_newest, &size, NULL), TALLY_OK);
    fixture_reopen(&f); /* once */
    assert_int_equal(tally_ledger_run(f.ledger, false, look_at_newest, &size, NULL), TALLY_OK);
    fixture_end(&f);
}

/* ---- what is refused ---- */

static const char *replaced(char *out, size_t bytes, const char *text, const char *what,
                            const char *with)
{
    const char *at = strstr(text, what);

    assert_non_null(at);
    (void)snprintf(out, bytes, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
    return out;
}

static const char deduction[] = "deductions:\n"
                                "  broken:\n"
                                "    for: promise-broken\n"
                                "    obligation: promise\n"
                                "    accepted-by: promise-made\n"
                                "    pairs-with: kept\n"
                                "    repair: promise-mended\n"
                                "    points: 5\n"
                                "    counts: after 14 days, once confirmed\n"
                                "    expires: after 180 days\n"
                                "    because: A promise was not kept.\n"
                                "tiers:\n";

/* A live policy with one piece replaced makes no programme. */
static void refuse(const char *what, const char *with, tally_rc rc, const char *code)
{
    char text[8192];
    tally_denial denial = { 0 };
    tally_create_options options;
    fixture f;

    fixture_begin_empty(&f);
    options = fixture_create_options(&f, replaced(text, sizeof(text), FIXTURE_MEMBERS, what, with));
    assert_int_equal(create(&options, &denial, NULL), rc);
    if (code != NULL)
        assert_string_equal(denial.code, code);
    assert_false(is_there(&f, "programme"));
    assert_false(is_there(&f, ".programme.tally-init"));
    fixture_end(&f);
}

static void tR28_neg_a_policy_without_a_public_record_makes_no_programme(void **state)
{
    (void)state;
    refuse("purpose: Thank residents who plant trees and share tools.\n", "", TALLY_E_DENIED,
           "E_CHARTER");
    refuse("contact: green@riverside.example\n", "", TALLY_E_DENIED, "E_CHARTER");
    refuse("    because: A tool came back for the next one.\n", "", TALLY_E_DENIED, "E_CHARTER");
}

static void tR29_neg_a_programme_begins_with_no_looser_limit(void **state)
{
    (void)state;
    refuse("keeps-events: 24 months", "keeps-events: 25 months", TALLY_E_DENIED, "E_CHARTER");
    refuse("expires: after 24 months", "expires: after 25 months", TALLY_E_DENIED, "E_CHARTER");
    refuse("zone: UTC", "zone: UTC\nnotice: 3 days", TALLY_E_INVALID, NULL);
}

static void tR29_pos_a_programme_may_be_stricter(void **state)
{
    char text[8192];
    tally_create_options options;
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, replaced(text, sizeof(text), FIXTURE_MEMBERS,
                                                  "rate: 10 per calendar day",
                                                  "rate: 1 per calendar day"));
    assert_int_equal(create(&options, NULL, NULL), TALLY_OK);
    fixture_end(&f);
}

static void tR7_neg_no_programme_reads_a_score_from_elsewhere(void **state)
{
    (void)state;
    refuse("because: Trees planted, and seen by the parks office.",
           "because: Your credit score improved.", TALLY_E_DENIED, "E_CHARTER");
}

static void tR11_neg_no_programme_records_another_person(void **state)
{
    (void)state;
    refuse("item: id}", "neighbour: member}", TALLY_E_DENIED, "E_CHARTER");
}

static void tR5_neg_no_pilot_has_minors(void **state)
{
    (void)state;
    refuse("members: adults", "members: minor mode", TALLY_E_DENIED, "E_CHARTER");
    /* What the charter would let live in minor mode waits for the guardian's receipt. */
    {
        char text[8192];
        const char *tiers = strstr(FIXTURE_MEMBERS, "tiers:\n");
        tally_denial denial = { 0 };
        tally_create_options options;
        char plain[8192];
        fixture f;

        (void)snprintf(plain, sizeof(plain), "%.*s", (int)(tiers - FIXTURE_MEMBERS),
                       FIXTURE_MEMBERS);
        fixture_begin_empty(&f);
        options = fixture_create_options(
            &f, replaced(text, sizeof(text), plain, "members: adults", "members: minor mode"));
        assert_int_equal(create(&options, &denial, NULL), TALLY_E_DENIED);
        assert_string_equal(denial.code, "E_NOT_AVAILABLE");
        assert_string_equal(denial.right, "R5");
        fixture_end(&f);
    }
}

static void tR14_neg_a_pilot_takes_no_deductions(void **state)
{
    static const char types[] = "  tool-returned: {is: loan returned, item: id}\n"
                                "  promise-made: {is: obligation accepted, promise: id}\n"
                                "  promise-kept: {is: obligation kept, promise: id}\n"
                                "  promise-broken: {is: obligation broken, promise: id}\n"
                                "  promise-mended: {is: obligation repaired, promise: id}\n";
    static const char award[] = "  kept:\n"
                                "    for: promise-kept\n"
                                "    points: 5\n"
                                "    expires: after 12 months\n"
                                "    because: A promise was kept.\n";
    char a[8192], b[8192], c[8192], joined[2048];
    tally_denial denial = { 0 };
    tally_create_options options;
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    fixture f;

    (void)state;
    (void)snprintf(joined, sizeof(joined), "%s%s", award, deduction);
    replaced(a, sizeof(a), FIXTURE_MEMBERS, "  tool-returned: {is: loan returned, item: id}\n",
             types);
    replaced(b, sizeof(b), a, "events: [tool-returned]",
             "events: [tool-returned, promise-made, promise-kept, promise-broken, promise-mended]");
    replaced(c, sizeof(c), b, "tiers:\n", joined);
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, c);
    assert_int_equal(tally_ledger_create(&options, diagnostics, &denial, NULL), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_NOT_AVAILABLE");
    assert_string_equal(denial.right, "R14");
    assert_int_equal(tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL), 1);
    assert_true(tally_diagnostics_get(diagnostics, 0)->line > 10);
    tally_diagnostics_free(diagnostics);
    assert_false(is_there(&f, "programme"));
    fixture_end(&f);
}

static void an_origin_is_a_host_and_a_path(void **state)
{
    static const struct {
        const char *origin;
        bool is_good;
    } origins[] = {
        { "a.example", true },
        { "a.example/b/c", true },
        { "localhost.test:8080/x", true },
        { "", false },
        { "example", false },
        { "https://a.example", false },
        { "a.example/", false },
        { "/a.example", false },
        { "a.example//b", false },
        { "A.example", false },
        { "a b.example", false },
        { "a.example+x", false },
        { "a.example\n", false },
    };
    fixture f;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(origins); i++) {
        tally_create_options options;

        fixture_begin_empty(&f);
        options = fixture_create_options(&f, FIXTURE_MEMBERS);
        options.origin = tally_text_from(origins[i].origin);
        if (create(&options, NULL, NULL) != (origins[i].is_good ? TALLY_OK : TALLY_E_INVALID))
            fail_msg("%s", origins[i].origin);
        fixture_end(&f);
    }
}

static void what_is_there_is_left_alone(void **state)
{
    tally_create_options options;
    char path[256];
    FILE *file;
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, FIXTURE_MEMBERS);
    assert_int_equal(mkdir(f.folder, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/mine", f.folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(create(&options, NULL, NULL), TALLY_E_CONFLICT);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(create(&options, NULL, NULL), TALLY_OK); /* an empty folder will do */
    assert_int_equal(create(&options, NULL, NULL), TALLY_E_CONFLICT);
    fixture_end(&f);
}

static void what_a_kill_left_behind_is_cleared(void **state)
{
    tally_create_options options;
    char path[256];
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, FIXTURE_MEMBERS);
    (void)snprintf(path, sizeof(path), "%s/.programme.tally-init", f.root);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/.programme.tally-init/keys", f.root);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/.programme.tally-init/keys/operator.key", f.root);
    fclose(fopen(path, "w"));
    assert_int_equal(create(&options, NULL, NULL), TALLY_OK);
    assert_false(is_there(&f, ".programme.tally-init"));
    fixture_end(&f);
}

static void creating_survives_each_failed_allocation(void **state)
{
    tally_create_options options;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, FIXTURE_MEMBERS);
    for (; rc != TALLY_OK; nth += nth < 50 ? 1 : 1 + nth / 10) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();

        tally_alloc_fail_at(nth);
        rc = tally_ledger_create(&options, diagnostics, NULL, NULL);
        tally_alloc_fail_never();
        tally_diagnostics_free(diagnostics);
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(is_there(&f, "programme"), rc == TALLY_OK);
        assert_false(is_there(&f, ".programme.tally-init"));
    }
    assert_true(nth > 100);
    fixture_end(&f);
}

static void creating_survives_each_failed_draw(void **state)
{
    tally_create_options options;
    tally_rc rc = TALLY_E_IO;
    uint32_t nth = 1;
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, FIXTURE_MEMBERS);
    for (; rc != TALLY_OK; nth++) {
        (void)seeded_begin(&f.random, 1);
        f.random.fail_at = nth;
        rc = create(&options, NULL, NULL);
        assert_true(rc == TALLY_OK || rc == TALLY_E_IO);
        assert_int_equal(is_there(&f, "programme"), rc == TALLY_OK);
    }
    assert_true(nth > 2);
    fixture_end(&f);
}

/* ---- opening ---- */

static tally_rc open_at(const fixture *f, bool is_for_writing, tally_clock clock, tally_err *err)
{
    tally_ledger_options options = { .folder = f->folder,
                                     .is_for_writing = is_for_writing,
                                     .clock = clock };
    tally_ledger *ledger = NULL;
    tally_rc rc = tally_ledger_open(&ledger, &options, err);

    tally_ledger_close(ledger);
    return rc;
}

static int64_t running(void *context)
{
    (void)context;
    return FIXTURE_NOW;
}

static void a_simulated_programme_takes_its_time_from_the_command(void **state)
{
    const tally_clock system = { .now_ms = running }, fixed = { .fixed_ms = FIXTURE_NOW };
    tally_create_options options;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    tally_ledger_close(f.ledger);
    f.ledger = NULL;
    assert_int_equal(open_at(&f, true, system, NULL), TALLY_E_INVALID);
    assert_int_equal(open_at(&f, false, system, NULL), TALLY_OK);
    assert_int_equal(open_at(&f, true, fixed, NULL), TALLY_OK);
    fixture_end(&f);

    /* And the other way round: no programme is simulated afterwards. */
    fixture_begin_empty(&f);
    options = fixture_create_options(&f, FIXTURE_MEMBERS);
    options.is_simulated = false;
    assert_int_equal(create(&options, NULL, NULL), TALLY_E_INVALID);
    options.clock = system;
    assert_int_equal(create(&options, NULL, NULL), TALLY_OK);
    assert_int_equal(open_at(&f, true, fixed, NULL), TALLY_E_INVALID);
    assert_int_equal(open_at(&f, false, fixed, NULL), TALLY_E_INVALID);
    assert_int_equal(open_at(&f, true, system, NULL), TALLY_OK);
    fixture_end(&f);
}

static tally_rc stamp(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                      tally_err *err)
{
    (void)transaction;
    (void)err;
    *(int64_t *)context = tally_ledger_stamp(ledger);
    return TALLY_OK;
}

static void recorded_time_never_runs_backwards(void **state)
{
    int64_t at_ms;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    fixture_at(&f, FIXTURE_NOW + 5000);
    assert_int_equal(tally_ledger_run(f.ledger, true, stamp, &at_ms, NULL), TALLY_OK);
    assert_int_equal(at_ms, FIXTURE_NOW + 5000);
    fixture_at(&f, FIXTURE_NOW);
    assert_int_equal(tally_ledger_now_ms(f.ledger), FIXTURE_NOW + 5000);
    fixture_reopen(&f);
    assert_int_equal(tally_ledger_run(f.ledger, true, stamp, &at_ms, NULL), TALLY_OK);
    assert_int_equal(at_ms, FIXTURE_NOW + 5000);
    fixture_end(&f);
}

static tally_rc fail_after_stamp(tally_ledger *ledger, tally_store_transaction *transaction,
                                 void *context, tally_err *err)
{
    int *left = context;

    (void)transaction;
    (void)tally_ledger_stamp(ledger);
    ledger->state.last_batch++;
    ledger->state.is_changed = true;
    return (*left)-- > 0 ? tally_err_set(err, TALLY_E_RETRY, 0, "again") : TALLY_OK;
}

static void a_transaction_is_tried_three_times_and_counts_once(void **state)
{
    int left = 2;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    fixture_at(&f, FIXTURE_NOW + 1);
    assert_int_equal(tally_ledger_run(f.ledger, true, fail_after_stamp, &left, NULL), TALLY_OK);
    assert_int_equal(f.ledger->state.last_batch, 1);
    left = 3;
    fixture_at(&f, FIXTURE_NOW + 2);
    assert_int_equal(tally_ledger_run(f.ledger, true, fail_after_stamp, &left, NULL),
                     TALLY_E_RETRY);
    assert_int_equal(f.ledger->state.last_batch, 1);
    assert_int_equal(f.ledger->state.recorded_ms, FIXTURE_NOW + 1);
    fixture_end(&f);
}

static void one_writes_and_others_read(void **state)
{
    const tally_clock fixed = { .fixed_ms = FIXTURE_NOW };
    tally_ledger *reader;
    int64_t at_ms;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(open_at(&f, true, fixed, NULL), TALLY_E_CONFLICT);
    reader = fixture_reader(&f);
    fixture_at(&f, FIXTURE_NOW + 7);
    assert_int_equal(tally_ledger_run(f.ledger, true, stamp, &at_ms, NULL), TALLY_OK);
    assert_int_equal(tally_ledger_now_ms(reader), FIXTURE_NOW);
    tally_ledger_close(reader);
    fixture_end(&f);
}

static void keys_must_be_private_and_the_programmes_own(void **state)
{
    const tally_clock fixed = { .fixed_ms = FIXTURE_NOW };
    char path[256], other_path[256];
    tally_err err = TALLY_ERR_INIT;
    fixture f, other;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    tally_ledger_close(f.ledger);
    f.ledger = NULL;
    (void)snprintf(path, sizeof(path), "%s/keys/operator.key", f.folder);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(open_at(&f, false, fixed, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "operator.key"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(open_at(&f, false, fixed, NULL), TALLY_OK);

    fixture_begin_empty(&other);
    (void)seeded_begin(&other.random, 99);
    {
        tally_create_options options = fixture_create_options(&other, FIXTURE_MEMBERS);

        assert_int_equal(create(&options, NULL, NULL), TALLY_OK);
    }
    (void)snprintf(other_path, sizeof(other_path), "%s/keys/operator.key", other.folder);
    assert_int_equal(rename(other_path, path), 0);
    assert_int_equal(open_at(&f, false, fixed, NULL), TALLY_E_CORRUPT);
    fixture_end(&other);
    fixture_end(&f);
}

static void what_is_no_programme_is_said_to_be_none(void **state)
{
    const tally_clock fixed = { .fixed_ms = FIXTURE_NOW };
    tally_err err = TALLY_ERR_INIT;
    fixture f;

    (void)state;
    fixture_begin_empty(&f);
    assert_int_equal(open_at(&f, false, fixed, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "tally init"));
    assert_int_equal(mkdir(f.folder, 0755), 0);
    assert_int_equal(open_at(&f, true, fixed, NULL), TALLY_E_INVALID);
    fixture_end(&f);
}

static void opening_survives_each_failed_allocation(void **state)
{
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_ORGANISATIONS);
    tally_ledger_close(f.ledger);
    f.ledger = NULL;
    for (int is_for_writing = 0; is_for_writing < 2; is_for_writing++) {
        tally_rc rc = TALLY_E_NOMEM;
        uint32_t nth = 0;

        for (; rc != TALLY_OK; nth++) {
            tally_alloc_fail_at(nth);
            rc = open_at(&f, is_for_writing, (tally_clock){ .fixed_ms = FIXTURE_NOW }, NULL);
            tally_alloc_fail_never();
            assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        }
        assert_true(nth > 20);
    }
    fixture_end(&f);
}

static void missing_policy_files_come_back(void **state)
{
    char path[256], line[64] = "";
    FILE *file;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    (void)snprintf(path, sizeof(path), "%s/policies/1.yaml", f.folder);
    assert_int_equal(unlink(path), 0);
    fixture_reopen(&f);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line, "tallystick: 1\n");
    fclose(file);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_programme_has_its_folder),
        cmocka_unit_test(tR28_pos_the_log_begins_with_genesis_policy_and_rights),
        cmocka_unit_test(tR28_pos_a_newer_release_says_what_it_enforces),
        cmocka_unit_test(tR28_neg_a_policy_without_a_public_record_makes_no_programme),
        cmocka_unit_test(tR29_neg_a_programme_begins_with_no_looser_limit),
        cmocka_unit_test(tR29_pos_a_programme_may_be_stricter),
        cmocka_unit_test(tR7_neg_no_programme_reads_a_score_from_elsewhere),
        cmocka_unit_test(tR11_neg_no_programme_records_another_person),
        cmocka_unit_test(tR5_neg_no_pilot_has_minors),
        cmocka_unit_test(tR14_neg_a_pilot_takes_no_deductions),
        cmocka_unit_test(an_origin_is_a_host_and_a_path),
        cmocka_unit_test(what_is_there_is_left_alone),
        cmocka_unit_test(what_a_kill_left_behind_is_cleared),
        cmocka_unit_test(creating_survives_each_failed_allocation),
        cmocka_unit_test(creating_survives_each_failed_draw),
        cmocka_unit_test(a_simulated_programme_takes_its_time_from_the_command),
        cmocka_unit_test(recorded_time_never_runs_backwards),
        cmocka_unit_test(a_transaction_is_tried_three_times_and_counts_once),
        cmocka_unit_test(one_writes_and_others_read),
        cmocka_unit_test(keys_must_be_private_and_the_programmes_own),
        cmocka_unit_test(what_is_no_programme_is_said_to_be_none),
        cmocka_unit_test(opening_survives_each_failed_allocation),
        cmocka_unit_test(missing_policy_files_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
