/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher that is killed, or whose disk fails, at every single operation. In
 * the meantime and afterwards every checkpoint that anybody could see fits the
 * journal, hence any other, and all it implies is there; and once the disk works
 * again, the publisher goes on. TALLY_LONG in the environment tries more seeds. */

#include "../random.h"
#include "world.h"

#define BEATS 3

typedef enum ending {
    KILLED,       /* the process; the machine goes on */
    POWER_LOST,   /* what was not synced is gone, in part */
    DISK_FAILS,   /* one operation fails; the process ends */
    DISK_IS_FULL, /* and has room again when the process is started anew */
    FULL_AND_KEPT /* the same process goes on when there is room */
} ending;

static const char *const ending_names[] = { "killed", "power lost", "disk fails", "disk is full",
                                            "full and kept" };

static world at;

/* The same for all runs, and complete: the ledger closed all beats before, and the
 * publisher only ever reads. */
static memory_journal script;

/* Run all beats; stops at the first failure. */
static tally_rc run(tally_err *err)
{
    tally_rc rc = at.publisher != NULL ? TALLY_OK : world_open(&at, err);

    for (uint64_t beat = 0; beat < BEATS && rc == TALLY_OK; beat++) {
        tally_published done;

        rc = world_beat(&at, beat, &done, err);
        assert_true(rc != TALLY_OK || done.is_public);
    }
    return rc;
}

static void begin(uint64_t seed)
{
    world_init(&at, seed);
    memory_journal_free(&at.memory);
    at.memory = script;
    at.memory.journal.context = &at.memory;
    sim_files_observe(at.sim, world_observe, &at);
}

static void forget(void)
{
    memory_journal_init(&at.memory, 1); /* the script's is not this world's to free */
    world_free(&at);
    at.publisher = NULL;
}

static void end(ending how)
{
    sim_files_observe(at.sim, NULL, NULL);
    if (how == POWER_LOST)
        sim_files_reboot(at.sim);
    else if (how != FULL_AND_KEPT)
        sim_files_end_process(at.sim);
    sim_files_fault(at.sim, SIM_NOTHING, 0);
    /* A reader may see a checkpoint in the instant before its name is durable. When
     * the power fails then, the one before is back until the next start: older, but
     * not another history. */
    if (how == POWER_LOST) {
        at.seen_size = at.seen_count = 0;
        at.seen[0] = '\0';
    }
    sim_files_observe(at.sim, world_observe, &at);
    world_observe(&at);
}

/* A process that was told to end does. */
static void close_if_it_must(ending how, const tally_err *err)
{
    if (how != FULL_AND_KEPT || strstr(err->message, "end this process") != NULL)
        world_close(&at);
}

/* One run with a fault at the nth operation, then one without. False: the run was
 * over before. */
static bool try_at(ending how, uint64_t nth, uint64_t seed)
{
    static const sim_fault faults[] = { SIM_CRASH, SIM_CRASH, SIM_FAIL, SIM_NO_SPACE,
                                        SIM_NO_SPACE };
    tally_err err = TALLY_ERR_INIT;
    bool is_faulted;
    tally_rc rc;

    begin(seed);
    sim_files_fault(at.sim, faults[how], nth);
    rc = run(&err);
    is_faulted = sim_files_is_faulted(at.sim);
    close_if_it_must(how, &err);
    end(how);
    /* And again while it recovers. */
    if (rc != TALLY_OK && seed % 2 == 1) {
        sim_files_fault(at.sim, faults[how], random_below(60));
        tally_err_clear(&err);
        (void)run(&err);
        close_if_it_must(how, &err);
        end(how);
    }
    tally_err_clear(&err);
    rc = run(&err);
    if (rc != TALLY_OK)
        fail_msg("%s at operation %" PRIu64 ", seed %" PRIu64 ": %s", ending_names[how], nth, seed,
                 err.message);
    sim_files_observe(at.sim, NULL, NULL);
    assert_int_equal(at.seen_size, at.memory.count);
    forget();
    return is_faulted;
}

static void try_everywhere(ending how)
{
    uint64_t seeds = getenv("TALLY_LONG") != NULL ? 40 : how == POWER_LOST ? 2 : 1;
    uint64_t count = 0;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        for (uint64_t nth = 0; try_at(how, nth, seed); nth++)
            count++;
    }
    assert_true(count > 200);
    printf("%s: %" PRIu64 " runs\n", ending_names[how], count);
}

static void killed_at_every_operation_it_goes_on(void **state)
{
    (void)state;
    try_everywhere(KILLED);
}

static void without_power_at_every_operation_it_goes_on(void **state)
{
    (void)state;
    try_everywhere(POWER_LOST);
}

static void after_a_failure_of_every_operation_it_goes_on(void **state)
{
    (void)state;
    try_everywhere(DISK_FAILS);
}

static void on_a_full_disk_it_waits(void **state)
{
    (void)state;
    try_everywhere(DISK_IS_FULL);
    try_everywhere(FULL_AND_KEPT);
}

/* A sync that failed is never tried again in the same process: the kernel would
 * say that all is well. */
static void after_a_failed_sync_the_process_signs_nothing(void **state)
{
    uint64_t broken = 0;

    (void)state;
    for (uint64_t nth = 0;; nth++) {
        tally_err err = TALLY_ERR_INIT;
        tally_published done;
        bool is_faulted;
        tally_rc rc;

        begin(1);
        assert_int_equal(world_open(&at, &err), TALLY_OK);
        sim_files_fault(at.sim, SIM_FAIL, nth);
        rc = world_beat(&at, 0, &done, &err);
        is_faulted = sim_files_is_faulted(at.sim);
        if (rc != TALLY_OK && strstr(err.message, "end this process") != NULL) {
            tally_err_clear(&err);
            assert_int_equal(world_beat(&at, 1, &done, &err), TALLY_E_IO);
            broken++;
        }
        forget();
        if (!is_faulted)
            break;
    }
    assert_true(broken > 10);
}

/* Entries come in beat by beat; the second crosses a bundle. */
static int set_up_all(void **state)
{
    static const uint64_t adds[BEATS] = { 3, 250, 1 };

    (void)state;
    random_begin("test_crash");
    memory_journal_init(&script, 1);
    script.beats_an_epoch = 2;
    script.members = 3;
    for (uint64_t beat = 0; beat < BEATS; beat++) {
        uint64_t until;

        memory_journal_add(&script, adds[beat]);
        assert_int_equal(script.journal.calls->begin_beat(&script, beat, &until, NULL), TALLY_OK);
    }
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    memory_journal_free(&script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_operation_it_goes_on),
        cmocka_unit_test(without_power_at_every_operation_it_goes_on),
        cmocka_unit_test(after_a_failure_of_every_operation_it_goes_on),
        cmocka_unit_test(on_a_full_disk_it_waits),
        cmocka_unit_test(after_a_failed_sync_the_process_signs_nothing),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
