/* SPDX-License-Identifier: Apache-2.0 */
/* The log: hashing and tree building in memory, and `tally audit` of folders.
 *
 * bench_tlog TALLY [FOLDER]: writes logs of 1,000 and of 1,000,000 entries into
 * the folder (default: one of its own under /tmp, removed at the end), audits
 * each three times and prints the median of processor and wall time, and the
 * peak of memory, which must not grow with the log. Rates in memory are those
 * of processor time, the best of five runs. */

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

#include "log_folder.h"
#include "tlog/proof.h"

#define LEAVES     1000000u
#define RUNS       5
#define AUDIT_RUNS 3

static const char vkey[] =
    "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+";

static tally_hash *hash;

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_tlog: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double clock_s(clockid_t clock)
{
    struct timespec now;

    must(clock_gettime(clock, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- in memory ---- */

static void hash_leaves(size_t entry_bytes)
{
    static uint8_t entry[256];
    tally_node leaf;

    for (uint32_t i = 0; i < LEAVES; i++) {
        memcpy(entry, &i, sizeof(i));
        must(tally_tree_hash_leaf(hash, &leaf, entry, entry_bytes) == TALLY_OK, "hash");
    }
}

static void hash_pairs(size_t unused)
{
    tally_node node = { { 1 } };

    (void)unused;
    for (uint32_t i = 0; i < LEAVES; i++)
        must(tally_tree_hash_pair(hash, &node, &node, &node) == TALLY_OK, "hash");
}

static void build_root(size_t entry_bytes)
{
    static uint8_t entry[256];
    tally_tree_edge edge = { .size = 0 };
    tally_node node;

    for (uint32_t i = 0; i < LEAVES; i++) {
        memcpy(entry, &i, sizeof(i));
        must(tally_tree_hash_leaf(hash, &node, entry, entry_bytes) == TALLY_OK &&
                 tally_tree_append(&edge, hash, &node) == TALLY_OK,
             "tree");
    }
    must(tally_tree_root(&edge, hash, &node) == TALLY_OK, "tree");
}

static tally_rc drop_tile(void *context, const tally_tile *tile, const tally_node *nodes,
                          tally_err *err)
{
    (void)context;
    (void)tile;
    (void)nodes;
    (void)err;
    return TALLY_OK;
}

static void build_tiles(size_t entry_bytes)
{
    static uint8_t entry[256];
    static tally_tile_stack stack;
    const tally_tile_sink sink = { .take = drop_tile };
    tally_node node;

    stack.size = 0;
    for (uint32_t i = 0; i < LEAVES; i++) {
        memcpy(entry, &i, sizeof(i));
        must(tally_tree_hash_leaf(hash, &node, entry, entry_bytes) == TALLY_OK &&
                 tally_tile_stack_append(&stack, hash, &node, &sink, NULL) == TALLY_OK,
             "tiles");
    }
    must(tally_tile_stack_root(&stack, hash, &node) == TALLY_OK, "tiles");
}

static void measure_memory(const char *name, void (*work)(size_t), size_t entry_bytes)
{
    double best = 0;

    for (uint32_t run = 0; run < RUNS; run++) {
        double start = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        double rate;

        work(entry_bytes);
        rate = LEAVES / (clock_s(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e6;
        best = rate > best ? rate : best;
    }
    printf("%-32s %6.2f million/s\n", name, best);
}

/* ---- audits ---- */

static void write_log(const char *path, uint64_t size)
{
    static log_folder folder;

    log_folder_begin(&folder, path);
    for (uint64_t i = 0; i < size; i++) {
        tally_entry entry = { .kind = i == 0   ? TALLY_ENTRY_GENESIS
                                      : i == 1 ? TALLY_ENTRY_POLICY
                                               : TALLY_ENTRY_RECORD,
                              .policy = i > 0,
                              .epoch = (uint32_t)(i / 1000) };

        memcpy(entry.commitment.bytes, &i, sizeof(i));
        log_folder_append_entry(&folder, &entry);
    }
    log_folder_end(&folder);
}

typedef struct audit_run {
    double processor_s, wall_s;
    long memory_kib;
} audit_run;

static int compare_runs(const void *a, const void *b)
{
    double first = ((const audit_run *)a)->processor_s;
    double second = ((const audit_run *)b)->processor_s;

    return (first > second) - (first < second);
}

static int run_child(const char *const *arguments, struct rusage *out_usage)
{
    int status = 0;
    pid_t child = fork();

    must(child >= 0, "fork");
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);

        if (nowhere >= 0)
            (void)dup2(nowhere, STDOUT_FILENO);
        (void)execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    must(wait4(child, &status, 0, out_usage) == child, "wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void measure_audit(const char *tally, const char *parent, uint64_t size)
{
    char path[4096];
    audit_run runs[AUDIT_RUNS];
    const char *const arguments[] = { tally, "audit", path, "--vkey", vkey, NULL };

    must(snprintf(path, sizeof(path), "%s/log-%" PRIu64, parent, size) < (int)sizeof(path), "path");
    write_log(path, size);
    for (uint32_t i = 0; i < AUDIT_RUNS; i++) {
        double start = clock_s(CLOCK_MONOTONIC);
        struct rusage usage;

        must(run_child(arguments, &usage) == 0, "the audit did not pass");
        runs[i] = (audit_run){
            .wall_s = clock_s(CLOCK_MONOTONIC) - start,
            .processor_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
            .memory_kib = usage.ru_maxrss,
        };
    }
    qsort(runs, AUDIT_RUNS, sizeof(runs[0]), compare_runs);
    printf("audit of %7" PRIu64 " entries         %6.3f s processor, %.3f s wall, %ld KiB\n", size,
           runs[AUDIT_RUNS / 2].processor_s, runs[AUDIT_RUNS / 2].wall_s,
           runs[AUDIT_RUNS / 2].memory_kib);
}

int main(int argc, char **argv)
{
    char own[] = "/tmp/bench_tlog.XXXXXX";
    const char *parent = argc > 2 ? argv[2] : mkdtemp(own);

    if (argc < 2 || parent == NULL) {
        fputs("usage: bench_tlog TALLY [FOLDER]\n", stderr);
        return 2;
    }
    hash = tally_hash_new();
    must(hash != NULL, "memory");
    measure_memory("leaf of 44 bytes", hash_leaves, 44);
    measure_memory("leaf of 200 bytes", hash_leaves, 200);
    measure_memory("inner node", hash_pairs, 0);
    measure_memory("root of entries of 44 bytes", build_root, 44);
    measure_memory("tiles of entries of 44 bytes", build_tiles, 44);
    measure_audit(argv[1], parent, 1000);
    measure_audit(argv[1], parent, 1000000);
    tally_hash_free(hash);
    if (argc <= 2) {
        const char *const arguments[] = { "rm", "-rf", own, NULL };
        struct rusage usage;

        must(run_child(arguments, &usage) == 0, "removing the folder");
    }
    return 0;
}
