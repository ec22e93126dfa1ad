/* SPDX-License-Identifier: Apache-2.0 */
/* `tally eval` end to end on workload W: files in, distribution out.
 *
 * bench_eval TALLY EVGEN POLICY [FOLDER]: writes the workload's files into the
 * folder (default: one of its own under /tmp, removed at the end), runs the
 * program five times on each and prints medians: seconds of processor time, so
 * that a busy machine disturbs little, events a second, and peak memory. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS       5
#define PATH_BYTES 4096

typedef struct measure {
    int64_t processor_us, wall_us;
    long memory_kib;
} measure;

static const struct {
    const char *name, *file;
    uint64_t events;
} cases[] = {
    { "W1 CSV", "w1.csv", 1000000 },
    { "W1 JSON Lines", "w1.jsonl", 1000000 },
    { "W10 CSV", "w10.csv", 10000000 },
    { "W10 CSV sorted by member", "w10-sorted.csv", 10000000 },
};

static int64_t clock_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Run a program with its standard output in a file; false: it failed. */
static bool run(const char *const *arguments, const char *output, measure *out_measure)
{
    struct rusage usage;
    int64_t start = clock_us();
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int file = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        int null = open("/dev/null", O_WRONLY);

        if (file < 0 || null < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
            _exit(126);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments); /* which changes nothing */
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return false;
    if (out_measure != NULL) {
        out_measure->wall_us = clock_us() - start;
        out_measure->processor_us =
            (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
            usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
        out_measure->memory_kib = usage.ru_maxrss;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void join(char *out, const char *folder, const char *file)
{
    (void)snprintf(out, PATH_BYTES, "%s/%s", folder, file);
}

static bool generate(const char *evgen, const char *folder)
{
    char w1[PATH_BYTES], w1_json[PATH_BYTES], w10[PATH_BYTES], sorted[PATH_BYTES];
    const char *csv1[] = { evgen, "-e", "1000000", "-f", "csv", NULL };
    const char *json1[] = { evgen, "-e", "1000000", "-f", "jsonl", NULL };
    const char *csv10[] = { evgen, "-e", "10000000", "-f", "csv", NULL };
    const char *sort[] = { "sort", "-t,", "-k3,3n", "-s", "-S2G", w10, NULL };

    join(w1, folder, "w1.csv");
    join(w1_json, folder, "w1.jsonl");
    join(w10, folder, "w10.csv");
    join(sorted, folder, "w10-sorted.csv");
    return run(csv1, w1, NULL) && run(json1, w1_json, NULL) && run(csv10, w10, NULL) &&
           run(sort, sorted, NULL);
}

static int compare_measures(const void *a, const void *b)
{
    const measure *left = a, *right = b;

    return (left->processor_us > right->processor_us) - (left->processor_us < right->processor_us);
}

static bool measure_case(const char *tally, const char *policy, const char *folder, size_t index)
{
    char file[PATH_BYTES], output[PATH_BYTES];
    const char *arguments[] = { tally, "eval", policy, file, "--as-of", "2025-12-14", NULL };
    measure runs[RUNS];

    join(file, folder, cases[index].file);
    join(output, folder, "output");
    for (int i = 0; i < RUNS; i++) {
        if (!run(arguments, output, &runs[i])) {
            fprintf(stderr, "bench_eval: tally eval %s failed\n", file);
            return false;
        }
    }
    qsort(runs, RUNS, sizeof(runs[0]), compare_measures);
    printf("%-26s %6" PRId64 " ms processor %6" PRId64 " ms wall %6" PRIu64
           " thousand events/s %6ld MiB\n",
           cases[index].name, runs[RUNS / 2].processor_us / 1000, runs[RUNS / 2].wall_us / 1000,
           cases[index].events * 1000 / (uint64_t)runs[RUNS / 2].processor_us,
           runs[RUNS / 2].memory_kib / 1024);
    return true;
}

static void remove_files(const char *folder)
{
    char path[PATH_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        join(path, folder, cases[i].file);
        (void)unlink(path);
    }
    join(path, folder, "output");
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    char own[] = "/tmp/bench-eval-XXXXXX";
    const char *folder;
    bool is_fine;

    if (argc < 4 || argc > 5) {
        fputs("Usage: bench_eval TALLY EVGEN POLICY [FOLDER]\n", stderr);
        return 2;
    }
    folder = argc == 5 ? argv[4] : mkdtemp(own);
    if (folder == NULL) {
        perror("bench_eval");
        return 1;
    }
    is_fine = generate(argv[2], folder);
    if (!is_fine)
        fputs("bench_eval: the workload could not be written\n", stderr);
    for (size_t i = 0; is_fine && i < sizeof(cases) / sizeof(cases[0]); i++)
        is_fine = measure_case(argv[1], argv[3], folder, i);
    if (argc < 5)
        remove_files(folder);
    return is_fine ? 0 : 1;
}
