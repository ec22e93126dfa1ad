/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: writers that are killed, writers that meet, readers beside a writer. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance_internal.h"
#include "random.h"

/* ---- a writer that is killed ---- */

static model acknowledged, with_next;
static uint64_t base_seed;

/* The plan of a round is the same in both processes. */
static void plan_of_round(model_plan *plan, uint32_t round)
{
    uint64_t kept = random_state;

    random_state = base_seed + round * UINT64_C(0x2545f4914f6cdd1d);
    model_plan_make(plan, round % 16 == 0);
    random_state = kept;
}

/* Write one round after the other and say each that was acknowledged; ends by being
 * killed. */
static void write_until_killed(uint32_t round, int acknowledgements)
{
    static model now;
    tally_store *store = NULL;

    now = acknowledged;
    if (suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, NULL) != TALLY_OK)
        _exit(2);
    for (; model_has_room(&now); round++) {
        tally_store_transaction *transaction = NULL;
        model_plan plan;
        char byte = 'a';

        plan_of_round(&plan, round);
        if (tally_store_begin(&transaction, store, true, NULL) != TALLY_OK ||
            model_apply_to_store(&now, &plan, transaction, NULL) != TALLY_OK ||
            tally_store_commit(transaction, NULL) != TALLY_OK)
            _exit(3);
        if (write(acknowledgements, &byte, 1) != 1)
            _exit(4);
        model_apply(&now, &plan);
        if (round % 5 == 0 && tally_store_purge(store, false, NULL) != TALLY_OK)
            _exit(5);
        if (round % 23 == 0) {
            tally_store_close(store);
            if (suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, NULL) !=
                TALLY_OK)
                _exit(6);
        }
    }
    /* Wait for it. */
    for (;;)
        (void)pause();
}

static uint32_t count_bytes(int from)
{
    uint32_t count = 0;
    char bytes[256];
    ssize_t got;

    while ((got = read(from, bytes, sizeof(bytes))) != 0) {
        assert_true(got > 0 || errno == EINTR);
        count += got > 0 ? (uint32_t)got : 0;
    }
    return count;
}

/* Start a writer at this round, kill it at some time or operation; how many rounds
 * it acknowledged. */
static uint32_t run_and_kill(uint32_t round, bool is_timed)
{
    uint32_t point = (uint32_t)random_below(is_timed ? 30000 : 600);
    int pipes[2], status = 0;
    uint32_t count;
    pid_t child;

    assert_int_equal(pipe(pipes), 0);
    (void)fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(pipes[0]);
        (void)alarm(60); /* Never left behind. */
        if (!is_timed)
            suite_now.backend->faults->kill_at(point);
        write_until_killed(round, pipes[1]);
    }
    (void)close(pipes[1]);
    if (is_timed) {
        (void)usleep(point);
        (void)kill(child, SIGKILL);
    }
    count = count_bytes(pipes[0]);
    (void)close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("the writer ended by itself with %d", WEXITSTATUS(status));
    return count;
}

static void killed_writers_lose_nothing_that_was_acknowledged(void **state)
{
    const char *given = getenv("TALLY_KILLS");
    uint32_t kills = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 50;
    uint32_t round = 0, in_flight_count = 0;
    tally_store *reader;

    (void)state;
    random_begin("killed_writers_lose_nothing_that_was_acknowledged");
    acknowledged = (model){ .event_count = 0 };
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    for (uint32_t i = 0; i < kills; i++) {
        bool is_timed = suite_now.backend->faults == NULL || i % 2 == 0;
        uint32_t count;
        model_plan plan;

        if (acknowledged.event_count > MODEL_EVENTS / 2) {
            acknowledged = (model){ .event_count = 0 };
            (void)remove(suite_now.path);
            tally_store_close(suite_open(TALLY_STORE_CREATE));
        }
        base_seed = random_u64();
        count = run_and_kill(round, is_timed);
        for (uint32_t done = 0; done < count; done++) {
            plan_of_round(&plan, round++);
            model_apply(&acknowledged, &plan);
        }
        with_next = acknowledged;
        if (model_has_room(&with_next)) {
            plan_of_round(&plan, round);
            model_apply(&with_next, &plan);
        }
        /* A reader comes first every other time and finds the same. */
        reader = i % 4 < 2 ? suite_open(TALLY_STORE_READ) : NULL;
        suite_now.store = suite_open(TALLY_STORE_WRITE);
        assert_ok(tally_store_verify(suite_now.store, ERR));
        if (model_may_be_equal(&with_next, suite_now.store)) {
            acknowledged = with_next;
            in_flight_count++;
        } else {
            assert_true(model_is_equal(&acknowledged, suite_now.store));
        }
        if (reader != NULL)
            assert_true(model_is_equal(&acknowledged, reader));
        tally_store_close(reader);
        tally_store_close(suite_now.store);
        suite_now.store = NULL;
    }
    printf("%u writers killed within %u transactions; %u times what was in flight had arrived\n",
           kills, round, in_flight_count);
    assert_true(round > kills / 2);
}

/* ---- two writers ---- */

/* In a child: the result of opening for writing; with the message's pid checked. */
static int open_in_child(pid_t writer)
{
    tally_err err = TALLY_ERR_INIT;
    tally_store *store = NULL;
    char pid[32];
    tally_rc rc = suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, &err);

    (void)snprintf(pid, sizeof(pid), "(pid %ld)", (long)writer);
    if (rc == TALLY_OK)
        tally_store_close(store);
    if (rc == TALLY_E_CONFLICT && strstr(err.message, pid) == NULL)
        return 100;
    return -(int)rc;
}

static int result_of_child(int (*work)(pid_t writer))
{
    pid_t parent = getpid(), child;
    int status = 0;

    (void)fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(work(parent));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void of_two_processes_one_writes(void **state)
{
    (void)state;
    suite_put(TALLY_STORE_POLICIES, 1, "a");
    assert_int_equal(result_of_child(open_in_child), -TALLY_E_CONFLICT);
    suite_put(TALLY_STORE_POLICIES, 1, "b");
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    assert_int_equal(result_of_child(open_in_child), TALLY_OK);
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    suite_expect(suite_now.store, TALLY_STORE_POLICIES, 1, "b");
}

static int take_the_store_and_die(pid_t writer)
{
    tally_store *store = NULL;

    (void)writer;
    if (suite_now.backend->open(&store, suite_now.path, TALLY_STORE_WRITE, NULL) != TALLY_OK)
        return 1;
    return 0; /* Without closing it. */
}

static void the_lock_ends_with_its_process(void **state)
{
    (void)state;
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    assert_int_equal(result_of_child(take_the_store_and_die), 0);
    suite_now.store = suite_open(TALLY_STORE_WRITE);
}

/* ---- readers beside a writer ---- */

#define PAIRS 400

/* Reads until the writer is done; both rows of a pair are always the same. */
static int read_pairs(pid_t writer)
{
    tally_store *store = NULL;
    int64_t seen = 0;

    (void)writer;
    (void)alarm(60);
    if (suite_now.backend->open(&store, suite_now.path, TALLY_STORE_READ, NULL) != TALLY_OK)
        return 1;
    while (seen < PAIRS) {
        tally_store_transaction *transaction = NULL;
        int64_t left = 0, right = 0;
        uint64_t count = 0;

        if (tally_store_begin(&transaction, store, false, NULL) != TALLY_OK ||
            tally_store_last(transaction, TALLY_STORE_BATCHES, &left, NULL) != TALLY_OK ||
            tally_store_subject_events(transaction, 7, 0, suite_count_event, &count, NULL) !=
                TALLY_OK ||
            tally_store_last(transaction, TALLY_STORE_RECEIPTS, &right, NULL) != TALLY_OK)
            return 2;
        tally_store_rollback(transaction);
        if (left != right || count != (uint64_t)left || left < seen)
            return 3;
        seen = left;
    }
    tally_store_close(store);
    return 0;
}

static void readers_see_whole_transactions_while_they_are_written(void **state)
{
    pid_t readers[2];
    int status;

    (void)state;
    tally_store_close(suite_now.store);
    suite_now.store = NULL;
    for (size_t i = 0; i < UNIT_COUNT(readers); i++) {
        (void)fflush(stdout);
        readers[i] = fork();
        assert_true(readers[i] >= 0);
        if (readers[i] == 0)
            _exit(read_pairs(0));
    }
    suite_now.store = suite_open(TALLY_STORE_WRITE);
    for (int64_t i = 1; i <= PAIRS; i++) {
        tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
        const tally_stored_event event = { .subject = 7, .sealed = TALLY_TEXT("e") };

        assert_ok(tally_store_put(transaction, TALLY_STORE_BATCHES, i, TALLY_TEXT("b"), ERR));
        assert_ok(tally_store_append(transaction, &event, 1, ERR));
        assert_ok(tally_store_put(transaction, TALLY_STORE_RECEIPTS, i, TALLY_TEXT("r"), ERR));
        assert_ok(tally_store_commit(transaction, ERR));
    }
    for (size_t i = 0; i < UNIT_COUNT(readers); i++) {
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int store_conformance_kills(const store_backend *backend)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(killed_writers_lose_nothing_that_was_acknowledged),
        SUITE_TEST(of_two_processes_one_writes),
        SUITE_TEST(the_lock_ends_with_its_process),
        SUITE_TEST(readers_see_whole_transactions_while_they_are_written),
    };

    suite_now.backend = backend;
    return cmocka_run_group_tests_name("store processes", tests, NULL, NULL);
}
