/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: the first million entries at once, then beats of a few entries on top
 * of logs of different sizes, on a real disk with every sync.
 *
 * bench_publish [FOLDER]: works in the folder (default: one of its own under
 * /tmp, removed at the end). A beat's time is the median of BEATS, wall clock,
 * from a closed publisher to a closed one, recovery included. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory_journal.h"
#include "publish/publisher.h"

#define BEATS 21

static memory_journal memory;
static tally_quorum quorum;
static tally_signer signer;
static char log_path[4096], state_path[4096];
static uint64_t beat;

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_publish: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(clockid_t clock)
{
    struct timespec now;

    must(clock_gettime(clock, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void publish(void)
{
    const tally_publisher_options options = { .files = &tally_files_system,
                                              .at = AT_FDCWD,
                                              .log_path = log_path,
                                              .state_path = state_path,
                                              .journal = &memory.journal,
                                              .signers = &signer,
                                              .signer_count = 1,
                                              .quorum = &quorum };
    tally_publisher *publisher = NULL;
    tally_published done;
    tally_err err = TALLY_ERR_INIT;

    if (tally_publisher_open(&publisher, &options, &err) != TALLY_OK ||
        tally_publisher_beat(publisher, beat * 3600, (int64_t)beat * 3600, &done, &err) !=
            TALLY_OK) {
        fprintf(stderr, "bench_publish: %s\n", err.message);
        exit(1);
    }
    must(done.is_public, "not published");
    beat++;
    tally_publisher_close(publisher);
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

static double peak_mib(void)
{
    struct rusage usage;

    must(getrusage(RUSAGE_SELF, &usage) == 0, "rusage");
    return (double)usage.ru_maxrss / 1024;
}

/* Beats of so many entries each, at the present size. */
static void measure_beats(uint64_t count)
{
    double times[BEATS];
    uint64_t reads = 0;

    for (uint32_t i = 0; i < BEATS; i++) {
        double start;

        memory_journal_add(&memory, count);
        memory.reads = 0;
        start = now_s(CLOCK_MONOTONIC);
        publish();
        times[i] = now_s(CLOCK_MONOTONIC) - start;
        reads = memory.reads;
    }
    qsort(times, BEATS, sizeof(times[0]), compare);
    printf("beat of %5" PRIu64 " entries at %8" PRIu64 "   %8.1f ms, %" PRIu64 " entries read\n",
           count, memory.count, times[BEATS / 2] * 1000, reads);
}

static void grow_to(uint64_t size)
{
    uint64_t count = size - memory.count;
    double start, processor;

    memory_journal_add(&memory, count);
    start = now_s(CLOCK_MONOTONIC);
    processor = now_s(CLOCK_PROCESS_CPUTIME_ID);
    publish();
    printf("first %8" PRIu64 " entries at once     %8.2f s wall, %.2f s processor\n", count,
           now_s(CLOCK_MONOTONIC) - start, now_s(CLOCK_PROCESS_CPUTIME_ID) - processor);
}

int main(int argc, char **argv)
{
    char own[] = "/tmp/bench_publish.XXXXXX";
    const char *parent = argc > 1 ? argv[1] : mkdtemp(own);
    double before;

    must(parent != NULL, "folder");
    (void)snprintf(log_path, sizeof(log_path), "%s/log", parent);
    (void)snprintf(state_path, sizeof(state_path), "%s/log-state", parent);
    memory_journal_init(&memory, 1);
    memory_journal_signer(&signer, false);
    must(tally_quorum_parse(&quorum, TALLY_TEXT("quorum none\n"), NULL) == TALLY_OK, "quorum");
    publish();
    grow_to(1000);
    measure_beats(16);
    before = peak_mib();
    grow_to(1000000);
    measure_beats(16);
    measure_beats(1600);
    printf("memory beyond the journal itself      %8.1f MiB\n",
           peak_mib() - before - (double)memory.room * TALLY_ENTRY_BYTES / 1048576);
    memory_journal_free(&memory);
    if (argc <= 1) {
        pid_t child = fork();

        must(child >= 0, "fork");
        if (child == 0) {
            (void)execlp("rm", "rm", "-rf", own, (char *)NULL);
            _exit(127);
        }
        must(waitpid(child, NULL, 0) == child, "wait");
    }
    return 0;
}
