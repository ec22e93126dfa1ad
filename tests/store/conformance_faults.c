/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, disks and power that fail. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance_internal.h"
#include "random.h"
#include "util/alloc.h"

#define ANYTHING UINT32_MAX

/* ---- a store that takes random transactions until something fails ---- */

static model kept, in_flight;

typedef struct outcome {
    tally_rc rc;       /* of the call that failed; TALLY_OK: none did */
    bool is_of_commit; /* it was the commit of what is in flight */
    tally_err err;
} outcome;

/* One more random transaction; what it was is in in_flight, and in kept when it was
 * acknowledged. */
static outcome run_plan(tally_store *store, const model_plan *plan)
{
    outcome result = { .err = TALLY_ERR_INIT };
    tally_store_transaction *transaction = NULL;

    result.rc = tally_store_begin(&transaction, store, true, &result.err);
    if (result.rc != TALLY_OK)
        return result;
    in_flight = kept;
    model_apply(&in_flight, plan);
    result.rc = model_apply_to_store(&kept, plan, transaction, &result.err);
    if (result.rc != TALLY_OK) {
        /* A failed transaction only answers that, also to a commit. */
        if (random_below(2) == 0)
            tally_store_rollback(transaction);
        else
            assert_int_equal(tally_store_commit(transaction, NULL), result.rc);
        return result;
    }
    result.rc = tally_store_commit(transaction, &result.err);
    result.is_of_commit = true;
    if (result.rc == TALLY_OK)
        kept = in_flight;
    return result;
}

static outcome run_random_plan(tally_store *store)
{
    model_plan plan;

    model_plan_make(&plan, random_below(6) == 0);
    return run_plan(store, &plan);
}

/* What is there now is what was acknowledged, or with that what was in flight as a
 * whole if that may be; it is what counts from now on. */
static void expect_all_or_nothing(tally_store *store, const outcome *result)
{
    assert_ok(tally_store_verify(store, ERR));
    if (result->rc != TALLY_OK && result->is_of_commit && model_may_be_equal(&in_flight, store)) {
        kept = in_flight;
        return;
    }
    assert_true(model_is_equal(&kept, store));
}

static void close_store(void)
{
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
}

/* A store with some history, closed; its file can be put back by put_back(). */
static void with_history(void)
{
    kept = (model){ .event_count = 0 };
    for (int i = 0; i < 12; i++)
        assert_int_equal(run_random_plan(suite_now.store).rc, TALLY_OK);
    close_store();
    scratch_copy(suite_now.path, scratch_path(&suite_now.scratch, "history"));
}

static void remove_beside(const char *ending)
{
    char path[SCRATCH_PATH_BYTES + 80];

    (void)snprintf(path, sizeof(path), "%s%s", suite_now.path, ending);
    (void)remove(path);
}

static void put_back(void)
{
    remove_beside("-wal");
    remove_beside("-shm");
    scratch_copy(scratch_path(&suite_now.scratch, "history"), suite_now.path);
}

/* ---- memory ---- */

/* Was the failure that was asked for still to come? Uses it up. */
static bool is_unspent(uint32_t nth)
{
    bool is_found = false;

    for (uint32_t i = 0; !is_found && i <= nth; i++) {
        void *block = tally_alloc(1);

        is_found = block == NULL;
        tally_release(block);
    }
    tally_alloc_fail_never();
    return is_found;
}

/* Do something that allocates, so that each allocation fails once. Returns the
 * first result that is not TALLY_OK. */
typedef tally_rc (*chore)(void *context);

static uint32_t fail_each_allocation(chore work, void *context, void (*check)(tally_rc rc),
                                     uint32_t step)
{
    uint32_t nth = 0, failed_count = 0;

    for (;; nth += step) {
        tally_rc rc;

        tally_alloc_fail_at(nth);
        rc = work(context);
        if (is_unspent(nth)) {
            assert_int_equal(rc, TALLY_OK);
            break;
        }
        failed_count += rc != TALLY_OK;
        /* Where memory is only wanted for speed, going on without is right too. */
        if (rc != TALLY_OK && rc != TALLY_E_NOMEM && rc != TALLY_E_IO)
            fail_msg("allocation %u: %s", nth, tally_rc_name(rc));
        if (check != NULL)
            check(rc);
    }
    assert_true(failed_count > 0);
    return nth;
}

static tally_rc open_and_close(void *mode)
{
    tally_store *store = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = suite_now.backend->open(&store, suite_now.path, *(tally_store_mode *)mode, &err);

    assert_int_equal(rc == TALLY_OK, store != NULL);
    assert_int_equal(rc, err.rc);
    tally_store_close(store);
    return rc;
}

static void remove_store(tally_rc rc)
{
    /* A creation that failed has left nothing in the way of the next. */
    if (rc == TALLY_OK) {
        (void)remove(suite_now.path);
        remove_beside("-wal");
    }
}

static void opening_survives_each_failed_allocation(void **state)
{
    tally_store_mode mode = TALLY_STORE_READ;

    (void)state;
    random_begin("opening_survives_each_failed_allocation");
    with_history();
    (void)fail_each_allocation(open_and_close, &mode, NULL, 1);
    mode = TALLY_STORE_WRITE;
    (void)fail_each_allocation(open_and_close, &mode, NULL, 1);
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    assert_true(model_is_equal(&kept, suite_now.store));
    close_store();
    (void)remove(suite_now.path);
    mode = TALLY_STORE_CREATE;
    (void)fail_each_allocation(open_and_close, &mode, remove_store, 5);
}

static model_plan the_plan;
static outcome the_outcome;

static tally_rc write_the_plan(void *context)
{
    (void)context;
    the_outcome = run_plan(suite_now.store, &the_plan);
    assert_int_equal(the_outcome.rc, the_outcome.err.rc);
    return the_outcome.rc;
}

/* Usable, or TALLY_E_IO until it is opened anew; nothing half done in either case. */
static void check_after_failed_memory(tally_rc rc)
{
    tally_store_transaction *transaction = NULL;
    tally_rc begun = tally_store_begin(&transaction, suite_now.store, true, NULL);

    (void)rc;
    if (begun == TALLY_OK) {
        tally_store_rollback(transaction);
    } else {
        assert_int_equal(begun, TALLY_E_IO);
        assert_int_equal(tally_store_verify(suite_now.store, NULL), TALLY_E_IO);
        assert_int_equal(tally_store_purge(suite_now.store, false, NULL), TALLY_E_IO);
        suite_reopen();
    }
    expect_all_or_nothing(suite_now.store, &the_outcome);
    model_plan_make(&the_plan, false);
}

static void writing_survives_each_failed_allocation(void **state)
{
    (void)state;
    random_begin("writing_survives_each_failed_allocation");
    kept = (model){ .event_count = 0 };
    for (int i = 0; i < 4; i++) {
        model_plan_make(&the_plan, false);
        (void)fail_each_allocation(write_the_plan, NULL, check_after_failed_memory, 1);
        /* The statements are prepared from here on; then they are not. */
        if (i == 1)
            suite_reopen();
    }
}

static tally_rc read_everything(void *context)
{
    tally_store_transaction *transaction = NULL;
    tally_store *store = context;
    tally_rc rc = tally_store_begin(&transaction, store, false, NULL);
    tally_text value;
    bool is_found;

    for (int i = 0; rc == TALLY_OK && i < TALLY_STORE_FIRST_NAMED; i++)
        rc = tally_store_get(transaction, (tally_collection)i, 3, &value, &is_found, NULL);
    for (int64_t subject = 1; rc == TALLY_OK && subject < 600; subject += 50) {
        uint64_t sum = 0;

        rc = tally_store_subject_events(transaction, subject, 0, suite_count_event, &sum, NULL);
    }
    tally_store_rollback(transaction);
    return rc;
}

static tally_rc verify_it(void *context)
{
    return tally_store_verify(context, NULL);
}

static tally_rc purge_it(void *context)
{
    return tally_store_purge(context, true, NULL);
}

static tally_rc back_it_up(void *context)
{
    char path[SCRATCH_PATH_BYTES];
    tally_rc rc;

    (void)snprintf(path, sizeof(path), "%s/backup", suite_now.scratch.folder);
    rc = tally_store_backup(context, path, NULL, NULL, NULL);
    /* Only what is whole has the name. */
    assert_int_equal(remove(path) == 0, rc == TALLY_OK);
    return rc;
}

static void reopen_if_broken(tally_rc rc)
{
    if (rc == TALLY_E_IO)
        suite_reopen();
}

static void upkeep_survives_each_failed_allocation(void **state)
{
    tally_store *reader;

    (void)state;
    random_begin("upkeep_survives_each_failed_allocation");
    with_history();
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    reader = suite_open(TALLY_STORE_READ);
    (void)fail_each_allocation(read_everything, reader, NULL, 1);
    (void)fail_each_allocation(verify_it, reader, NULL, 3);
    (void)fail_each_allocation(back_it_up, reader, NULL, 1);
    assert_true(model_is_equal(&kept, reader));
    tally_store_close(reader);
    /* A rewriting of the file that fails leaves the old one, and a store to go on with. */
    (void)fail_each_allocation(purge_it, suite_now.store, NULL, 7);
    assert_true(model_is_equal(&kept, suite_now.store));
    reopen_if_broken(TALLY_OK);
}

/* ---- disks ---- */

/* Random transactions on the store from its history with one kind of fault. */
static outcome run_with_fault(uint32_t kinds, uint32_t nth, bool is_lasting, bool is_full)
{
    outcome result = { .rc = TALLY_OK };

    suite_now.store = suite_open(TALLY_STORE_WRITE);
    suite_now.backend->faults->fail_at(kinds, nth, is_lasting, is_full);
    for (int i = 0; result.rc == TALLY_OK && i < 6; i++)
        result = run_random_plan(suite_now.store);
    if (result.rc != TALLY_OK && result.is_of_commit) {
        tally_store_transaction *transaction = NULL;

        /* The file may be well again: nobody knows what is on it. */
        suite_now.backend->faults->fail_never();
        assert_int_equal(tally_store_begin(&transaction, suite_now.store, false, NULL), TALLY_E_IO);
        assert_int_equal(tally_store_backup(suite_now.store, "backup", NULL, NULL, NULL),
                         TALLY_E_IO);
    }
    return result;
}

static const struct {
    const char *name;
    uint32_t kinds;
    bool is_lasting, is_full;
} disk_faults[] = {
    { "a write fails once", STORE_FAULT_WRITE, false, false },
    { "writes fail from one on", STORE_FAULT_WRITE, true, false },
    { "the disk is full for a write", STORE_FAULT_WRITE, false, true },
    { "the disk is full from a write on", STORE_FAULT_WRITE, true, true },
    { "a sync fails once", STORE_FAULT_SYNC, false, false },
    { "syncs fail from one on", STORE_FAULT_SYNC, true, false },
    { "cutting a file fails", STORE_FAULT_TRUNCATE, true, false },
    { "a read fails once", STORE_FAULT_READ, false, false },
    { "anything fails once", ANYTHING, false, false },
    { "everything fails from somewhere on", ANYTHING, true, false },
};

/* The state after a fault, also when power is lost then; or after opening. */
static void check_after_fault(const outcome *result, bool is_power_lost, bool is_opened_before)
{
    const store_faults *faults = suite_now.backend->faults;

    close_store();
    faults->fail_never();
    if (is_opened_before) {
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        expect_all_or_nothing(suite_now.store, result);
        /* Nothing that closing does may be needed. */
        if (is_power_lost)
            faults->fail_at(ANYTHING, 0, true, false);
        close_store();
        faults->fail_never();
    }
    if (is_power_lost)
        faults->lose_power();
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    if (is_opened_before)
        assert_true(model_is_equal(&kept, suite_now.store));
    else
        expect_all_or_nothing(suite_now.store, result);
    /* And it goes on. */
    assert_int_equal(run_random_plan(suite_now.store).rc, TALLY_OK);
    assert_true(model_is_equal(&kept, suite_now.store));
    close_store();
}

static void what_was_acknowledged_survives_each_failing_operation(void **state)
{
    static model history;
    const store_faults *faults = suite_now.backend->faults;

    (void)state;
    random_begin("what_was_acknowledged_survives_each_failing_operation");
    with_history();
    history = kept;
    for (size_t i = 0; i < UNIT_COUNT(disk_faults); i++) {
        uint32_t failed_count = 0;

        for (uint32_t nth = 0;; nth++) {
            uint64_t way = random_below(4);
            outcome result;

            put_back();
            kept = history;
            faults->watch(true);
            result = run_with_fault(disk_faults[i].kinds, nth, disk_faults[i].is_lasting,
                                    disk_faults[i].is_full);
            if (faults->count() <= nth && result.rc == TALLY_OK)
                break;
            if (result.rc != TALLY_OK && result.rc != TALLY_E_IO)
                fail_msg("%s %u: %s", disk_faults[i].name, nth, result.err.message);
            failed_count += result.rc != TALLY_OK;
            check_after_fault(&result, way >= 1, way >= 2);
            faults->watch(false);
        }
        close_store();
        faults->fail_never();
        faults->watch(false);
        printf("%s: %u\n", disk_faults[i].name, failed_count);
        assert_true(failed_count > 0 || disk_faults[i].kinds == STORE_FAULT_TRUNCATE);
    }
}

static void a_full_disk_says_what_to_do_and_the_store_goes_on(void **state)
{
    const store_faults *faults = suite_now.backend->faults;
    outcome result;

    (void)state;
    random_begin("a_full_disk_says_what_to_do_and_the_store_goes_on");
    with_history();
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    faults->fail_at(STORE_FAULT_WRITE, 0, true, true);
    result = run_random_plan(suite_now.store);
    faults->fail_never();
    assert_int_equal(result.rc, TALLY_E_IO);
    assert_non_null(strstr(result.err.message, "no space left"));
    assert_non_null(strstr(result.err.message, "make room"));
    suite_reopen();
    expect_all_or_nothing(suite_now.store, &result);
    assert_int_equal(run_random_plan(suite_now.store).rc, TALLY_OK);
    /* So does rewriting the whole file. */
    faults->fail_at(STORE_FAULT_WRITE, 2, true, true);
    tally_err_clear(&result.err);
    assert_int_equal(tally_store_purge(suite_now.store, true, &result.err), TALLY_E_IO);
    faults->fail_never();
    assert_non_null(strstr(result.err.message, "no space left"));
    suite_reopen();
    assert_true(model_is_equal(&kept, suite_now.store));
}

/* Opening and upkeep with each operation failing. */
static void nothing_is_lost_when_upkeep_fails(void **state)
{
    static const chore chores[] = { open_and_close, verify_it, purge_it, back_it_up };
    const store_faults *faults = suite_now.backend->faults;
    tally_store_mode mode = TALLY_STORE_WRITE;

    (void)state;
    random_begin("nothing_is_lost_when_upkeep_fails");
    with_history();
    for (size_t i = 0; i < UNIT_COUNT(chores); i++) {
        uint32_t failed_count = 0;
        bool is_spent = true;

        for (uint32_t nth = 0; is_spent; nth++) {
            tally_rc rc;

            put_back();
            faults->watch(true);
            if (i > 0)
                suite_now.store = suite_open(TALLY_STORE_WRITE);
            if (i > 0)
                assert_int_equal(run_random_plan(suite_now.store).rc, TALLY_OK);
            faults->fail_at(ANYTHING, nth, random_below(2) == 0, false);
            rc = chores[i](i > 0 ? (void *)suite_now.store : &mode);
            is_spent = faults->count() > nth;
            if (rc != TALLY_OK && rc != TALLY_E_IO)
                fail_msg("chore %zu, operation %u: %s", i, nth, tally_rc_name(rc));
            failed_count += rc != TALLY_OK;
            close_store();
            faults->fail_never();
            if (random_below(2) == 0)
                faults->lose_power();
            suite_now.store = suite_open(TALLY_STORE_WRITE);
            assert_ok(tally_store_verify(suite_now.store, ERR));
            assert_true(model_is_equal(&kept, suite_now.store));
            close_store();
            faults->watch(false);
            /* put_back() goes back to the history without this one. */
            scratch_copy(suite_now.path, scratch_path(&suite_now.scratch, "history"));
        }
        assert_true(failed_count > 0);
    }
}

/* ---- power ---- */

static void power_is_lost_at_any_operation(void **state)
{
    const char *given = getenv("TALLY_POWER_LOSSES");
    uint32_t rounds = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 300;
    const store_faults *faults = suite_now.backend->faults;
    uint32_t lost_count = 0;

    (void)state;
    random_begin("power_is_lost_at_any_operation");
    with_history();
    for (uint32_t round = 0; round < rounds; round++) {
        outcome result = { .rc = TALLY_OK };

        if (!model_has_room(&kept)) {
            kept = (model){ .event_count = 0 };
            (void)remove(suite_now.path);
            suite_now.store = suite_open(TALLY_STORE_CREATE);
            close_store();
        }
        faults->watch(true);
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        faults->fail_at(ANYTHING & ~(uint32_t)STORE_FAULT_READ, (uint32_t)random_below(200), true,
                        false);
        for (int i = 0; result.rc == TALLY_OK && i < 10 && model_has_room(&kept); i++) {
            result = run_random_plan(suite_now.store);
            /* Closing and opening in between, with all its removing of files. */
            if (result.rc == TALLY_OK && random_below(8) == 0) {
                tally_err err = TALLY_ERR_INIT;

                close_store();
                result.rc = suite_now.backend->open(&suite_now.store, suite_now.path,
                                                    TALLY_STORE_WRITE, &err);
                result.is_of_commit = false;
            }
        }
        lost_count += result.rc != TALLY_OK;
        assert_true(result.rc == TALLY_OK || result.rc == TALLY_E_IO);
        close_store();
        faults->fail_never();
        faults->lose_power();
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        expect_all_or_nothing(suite_now.store, &result);
        close_store();
        faults->watch(false);
    }
    printf("power was lost %u times within %u rounds\n", lost_count, rounds);
    assert_true(lost_count > rounds / 2);
}

static void what_was_purged_does_not_come_back_with_the_power(void **state)
{
    static const char marker[] = "a marker that a loss of power must not bring back";
    const store_faults *faults = suite_now.backend->faults;

    (void)state;
    random_begin("what_was_purged_does_not_come_back_with_the_power");
    for (int round = 0; round < 30; round++) {
        close_store();
        faults->watch(true);
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        suite_put(TALLY_STORE_MEMBERS, 1, marker);
        suite_append(1, marker);
        suite_put(TALLY_STORE_MEMBERS, 1, "x");
        {
            tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
            uint64_t erased;

            assert_ok(tally_store_erase_subject(transaction, 1, &erased, ERR));
            assert_ok(tally_store_commit(transaction, ERR));
        }
        assert_ok(tally_store_purge(suite_now.store, false, ERR));
        /* The plug is pulled: closing writes nothing more. */
        faults->fail_at(ANYTHING, 0, true, false);
        close_store();
        faults->fail_never();
        faults->lose_power();
        faults->watch(false);
        assert_false(scratch_has_bytes(&suite_now.scratch, marker, strlen(marker)));
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        suite_expect_chain(suite_now.store, 1, "");
    }
}

int store_conformance_faults(const store_backend *backend)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(opening_survives_each_failed_allocation),
        SUITE_TEST(writing_survives_each_failed_allocation),
        SUITE_TEST(upkeep_survives_each_failed_allocation),
        SUITE_TEST(what_was_acknowledged_survives_each_failing_operation),
        SUITE_TEST(a_full_disk_says_what_to_do_and_the_store_goes_on),
        SUITE_TEST(nothing_is_lost_when_upkeep_fails),
        SUITE_TEST(power_is_lost_at_any_operation),
        SUITE_TEST(what_was_purged_does_not_come_back_with_the_power),
    };

    suite_now.backend = backend;
    return cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
}
