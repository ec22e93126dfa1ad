/* SPDX-License-Identifier: Apache-2.0 */
/* What has been kept long enough goes, whatever was interrupted before (R32, R33). */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/seal.h"
#include "ledger/access.h"
#include "ledger/batch_record.h"
#include "ledger/leave.h"
#include "ledger/sweep.h"
#include "ledger/sweep_backups.h"
#include "members.h"
#include "util/alloc.h"

#define MONTH_MS (INT64_C(31) * TALLY_DAY_MS)

/* ---- events, as admission stores them ---- */

typedef struct writing {
    int64_t subject;
    uint32_t count;
} writing;

static tally_rc write_batch(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    const writing *self = context;
    tally_batch_record record = { .source = 1,
                                  .number = (uint64_t)ledger->state.last_batch + 1,
                                  .header = TALLY_TEXT("header"),
                                  .count = self->count,
                                  .admitted = self->count,
                                  .recorded_ms = tally_ledger_stamp(ledger),
                                  .reply = TALLY_TEXT("reply") };
    int64_t batch = ++ledger->state.last_batch;
    tally_node hashes[600];
    uint64_t marks[600];
    uint8_t *leaves = tally_alloc(TALLY_BATCH_LEAVES_BYTES(600));
    tally_rc rc = tally_batch_record_save(transaction, batch, &record, err);

    assert_true(self->count <= 600);
    ledger->state.is_changed = true;
    memset(hashes, 7, sizeof(hashes));
    memset(marks, 7, sizeof(marks));
    tally_batch_leaves_write(leaves, self->count, hashes, marks);
    if (rc == TALLY_OK)
        rc = tally_store_put(
            transaction, TALLY_STORE_BATCH_LEAVES, batch,
            tally_text_of((const char *)leaves, TALLY_BATCH_LEAVES_BYTES(self->count)), err);
    tally_release(leaves);
    for (uint32_t i = 0; rc == TALLY_OK && i < self->count; i++) {
        const tally_stored_event event = {
            .subject = self->subject, .batch = batch, .position = i, .sealed = TALLY_TEXT("sealed")
        };

        rc = tally_store_append(transaction, &event, 1, err);
    }
    return rc;
}

static void add_batch(fixture *f, int64_t subject, uint32_t count)
{
    writing self = { subject, count };

    assert_int_equal(tally_ledger_run(f->ledger, true, write_batch, &self, NULL), TALLY_OK);
}

/* ---- counting ---- */

typedef struct counts {
    uint64_t rows[TALLY_STORE_COLLECTION_COUNT], events, marks;
} counts;

static tally_rc count_row(void *context, int64_t key, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    (void)key;
    (void)value;
    (void)out_is_enough;
    (void)err;
    ++*(uint64_t *)context;
    return TALLY_OK;
}

static tally_rc count_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    (void)name;
    return count_row(context, 0, value, out_is_enough, err);
}

static tally_rc count_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                            tally_err *err)
{
    (void)event;
    return count_row(context, 0, TALLY_TEXT(""), out_is_enough, err);
}

static tally_rc count_marks(void *context, int64_t key, tally_text value, bool *out_is_enough,
                            tally_err *err)
{
    tally_batch_leaves leaves;
    tally_rc rc = tally_batch_leaves_read(&leaves, value, err);

    (void)key;
    (void)out_is_enough;
    for (uint32_t i = 0; rc == TALLY_OK && i < leaves.count; i++)
        *(uint64_t *)context += tally_batch_leaves_mark(&leaves, i) != 0;
    return rc;
}

static tally_rc count_all(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    counts *self = context;
    tally_rc rc = TALLY_OK;

    (void)ledger;
    memset(self, 0, sizeof(*self));
    for (int i = 0; rc == TALLY_OK && i < TALLY_STORE_COLLECTION_COUNT; i++)
        rc = i < TALLY_STORE_FIRST_NAMED
                 ? tally_store_scan(transaction, (tally_collection)i, 1, count_row, &self->rows[i],
                                    err)
                 : tally_store_scan_names(transaction, (tally_collection)i, TALLY_TEXT(""),
                                          count_name, &self->rows[i], err);
    if (rc == TALLY_OK)
        rc = tally_store_all_events(transaction, 1, count_event, &self->events, err);
    if (rc == TALLY_OK)
        rc = tally_store_scan(transaction, TALLY_STORE_BATCH_LEAVES, 1, count_marks, &self->marks,
                              err);
    return rc;
}

static counts count(fixture *f)
{
    counts found;

    assert_int_equal(tally_ledger_run(f->ledger, false, count_all, &found, NULL), TALLY_OK);
    return found;
}

static tally_sweep_report sweep(fixture *f)
{
    tally_sweep_report report;
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_sweep(f->ledger, &report, NULL, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    return report;
}

/* ---- tests ---- */

static void tR33_pos_events_go_when_their_time_is_over(void **state)
{
    tally_sweep_report report;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    add_batch(&f, 1, 600); /* more than one transaction's */
    fixture_at(&f, FIXTURE_NOW + 12 * MONTH_MS);
    add_batch(&f, 1, 3);
    /* The day before, nothing goes; on the day, the old ones do. */
    fixture_at(&f, FIXTURE_NOW + (INT64_C(365) + 366 - 1) * TALLY_DAY_MS - TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.events, 0);
    assert_int_equal(count(&f).events, 603);
    fixture_at(&f, FIXTURE_NOW + (INT64_C(365) + 366) * TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.events, 600);
    assert_true(report.has_rewritten);
    assert_int_equal(count(&f).events, 3);
    assert_int_equal(count(&f).marks, 3);
    report = sweep(&f);
    assert_int_equal(report.events, 0);
    assert_false(report.has_rewritten);
    fixture_end(&f);
}

/* Two years after the last receipt lapsed, somebody who never came back is forgotten. */
static void tR33_pos_who_never_renewed_is_forgotten(void **state)
{
    const int64_t lapsed = FIXTURE_NOW + (INT64_C(365) + 366) * TALLY_DAY_MS;
    tally_sweep_report report;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    fixture_at(&f, lapsed + INT64_C(729) * TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.receipts, 0);
    assert_int_equal(report.members, 0);
    fixture_at(&f, lapsed + INT64_C(732) * TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.receipts, 1);
    assert_int_equal(report.members, 1);
    assert_int_equal(count(&f).rows[TALLY_STORE_MEMBERS], 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_MEMBER_BY_DID], 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_RECEIPTS], 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_RECORD_BY_SUBJECT], 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_CERTIFICATES], 1);
    fixture_end(&f);
}

static void log_access(fixture *f, const members_one *who)
{
    const tally_ticket ticket = { TALLY_TEXT("c-1"), TALLY_TEXT("Checking a complaint"), "operator",
                                  "statement" };
    tally_store_transaction *transaction;
    tally_member member;
    bool is_found;

    assert_int_equal(tally_store_begin(&transaction, f->ledger->store, false, NULL), TALLY_OK);
    assert_int_equal(tally_member_find(f->ledger, transaction, tally_text_from(who->key.did),
                                       &member, &is_found, NULL),
                     TALLY_OK);
    tally_store_rollback(transaction);
    assert_true(is_found);
    assert_int_equal(tally_access_log(f->ledger, &member, &ticket, NULL, NULL), TALLY_OK);
    tally_member_wipe(&member);
}

static tally_rc verify_chain(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    return tally_access_verify_chain(ledger, transaction, context, err);
}

static void tR33_pos_readings_go_after_two_years_and_the_chain_holds(void **state)
{
    tally_sweep_report report;
    members_one ana, ben;
    uint64_t links = 0;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    log_access(&f, &ana);
    fixture_at(&f, FIXTURE_NOW + INT64_C(20) * MONTH_MS);
    log_access(&f, &ben);
    log_access(&f, &ana);
    fixture_at(&f, FIXTURE_NOW + (INT64_C(365) + 366) * TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.accesses, 1);
    assert_int_equal(count(&f).rows[TALLY_STORE_ACCESS_BY_SUBJECT], 2);
    assert_int_equal(tally_ledger_run(f.ledger, false, verify_chain, &links, NULL), TALLY_OK);
    assert_int_equal(links, 3);
    /* Leaving takes the other one along. */
    members_leave(&f, &ana);
    assert_int_equal(count(&f).rows[TALLY_STORE_ACCESS_BY_SUBJECT], 1);
    assert_int_equal(tally_ledger_run(f.ledger, false, verify_chain, &links, NULL), TALLY_OK);
    fixture_end(&f);
}

static void nonces_and_certificates_go(void **state)
{
    tally_sweep_report report;
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    members_leave(&f, &ana);
    report = sweep(&f);
    assert_int_equal(report.nonces, 0);
    assert_true(report.has_rewritten); /* somebody left */
    fixture_at(&f, FIXTURE_NOW + 11 * 60000);
    report = sweep(&f);
    assert_int_equal(report.nonces, 2);
    assert_false(report.has_rewritten);
    assert_int_equal(report.certificates, 0);
    fixture_at(&f, FIXTURE_NOW + (INT64_C(365) + 367) * TALLY_DAY_MS);
    report = sweep(&f);
    assert_int_equal(report.certificates, 1);
    assert_int_equal(count(&f).rows[TALLY_STORE_CERTIFICATES], 0);
    fixture_end(&f);
}

/* R3: a receipt that lapsed covers nothing, swept or not. */
static void tR33_neg_no_clock_jump_brings_anything_back(void **state)
{
    members_one ana;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    add_batch(&f, 1, 2);
    fixture_at(&f, FIXTURE_NOW + INT64_C(60) * MONTH_MS);
    (void)sweep(&f);
    /* The clock is set back; recorded instants do not go back with it. */
    fixture_at(&f, FIXTURE_NOW);
    assert_true(tally_ledger_now_ms(f.ledger) > FIXTURE_NOW);
    assert_int_equal(count(&f).events, 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_MEMBERS], 0);
    fixture_end(&f);
}

static void touch(const fixture *f, const char *name)
{
    char path[256];
    int file;

    (void)snprintf(path, sizeof(path), "%s/backups", f->folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/backups/%s", f->folder, name);
    file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
}

static bool is_there(const fixture *f, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/backups/%s", f->folder, name);
    return access(path, F_OK) == 0;
}

static void tR32_pos_backups_go_after_thirty_days_and_nothing_else_does(void **state)
{
    char name[TALLY_BACKUP_NAME_BYTES], young[TALLY_BACKUP_NAME_BYTES], partial[64];
    int64_t made_ms;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    tally_backup_name(name, FIXTURE_NOW);
    assert_string_equal(name, "ledger-20260302T090000Z.db");
    assert_true(tally_backup_made(&made_ms, tally_text_from(name)));
    assert_int_equal(made_ms, FIXTURE_NOW);
    tally_backup_name(young, FIXTURE_NOW + TALLY_DAY_MS);
    (void)snprintf(partial, sizeof(partial), "%s.partial-12", name);
    touch(&f, name);
    touch(&f, young);
    touch(&f, partial);
    touch(&f, "ledger-20240230T000000Z.db"); /* no such day */
    touch(&f, "ledger-2024.db");
    touch(&f, "notes.txt");
    fixture_at(&f, FIXTURE_NOW + 30 * TALLY_DAY_MS - 1);
    assert_int_equal(sweep(&f).backups, 1); /* the unfinished one */
    fixture_at(&f, FIXTURE_NOW + 30 * TALLY_DAY_MS);
    assert_int_equal(sweep(&f).backups, 1);
    assert_false(is_there(&f, name));
    assert_true(is_there(&f, young));
    assert_true(is_there(&f, "ledger-20240230T000000Z.db"));
    assert_true(is_there(&f, "ledger-2024.db"));
    assert_true(is_there(&f, "notes.txt"));
    fixture_end(&f);
}

/* Whatever fails, the next sweep finishes: nothing is half gone. */
static void sweeping_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    members_one ana, ben;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    add_batch(&f, 1, 3);
    add_batch(&f, 2, 3);
    log_access(&f, &ben);
    fixture_at(&f, FIXTURE_NOW + INT64_C(60) * MONTH_MS);
    for (; rc != TALLY_OK; nth++) {
        tally_sweep_report report;

        tally_alloc_fail_at(nth);
        rc = tally_ledger_sweep(f.ledger, &report, NULL, NULL, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM || rc == TALLY_E_IO);
        assert_int_equal(count(&f).events, count(&f).marks);
    }
    assert_true(nth > 10);
    assert_int_equal(count(&f).events, 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_MEMBERS], 0);
    assert_int_equal(count(&f).rows[TALLY_STORE_RECORD_BY_SUBJECT], 0);
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR33_pos_events_go_when_their_time_is_over),
        cmocka_unit_test(tR33_pos_who_never_renewed_is_forgotten),
        cmocka_unit_test(tR33_pos_readings_go_after_two_years_and_the_chain_holds),
        cmocka_unit_test(nonces_and_certificates_go),
        cmocka_unit_test(tR33_neg_no_clock_jump_brings_anything_back),
        cmocka_unit_test(tR32_pos_backups_go_after_thirty_days_and_nothing_else_does),
        cmocka_unit_test(sweeping_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
