/* SPDX-License-Identifier: Apache-2.0 */
/* How many entries a second a programme appends to its log durably: each with its salted commitment and what opens
 * it, a hundred or a thousand in one transaction. One thread.
 *
 * usage: bench_record POLICY FOLDER    (FOLDER is made, and left there) */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/create.h"
#include "ledger/record.h"

#define ROUNDS     5
#define ENTRIES    50000u
#define POLICY_MAX 65536u
#define CREATED_MS INT64_C(1735689600000)

typedef struct work {
    uint32_t count;
    uint64_t number;
} work;

static double seconds(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(bool is_right, const char *what, const tally_err *err)
{
    if (is_right)
        return;
    fprintf(stderr, "bench_record: %s: %s\n", what, err->message);
    exit(1);
}

static tally_rc append(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                       tally_err *err)
{
    work *w = context;
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < w->count; i++) {
        char body[200];
        int count = snprintf(body, sizeof(body), "{\"number\":%llu,\"what\":\"%0120d\"}",
                             (unsigned long long)w->number++, 0);
        const tally_fact_record fact = { .type = "bench",
                                         .at_ms = CREATED_MS,
                                         .body = tally_text_of(body, (size_t)count) };

        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    }
    return rc;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(tally_ledger *ledger, uint32_t per_transaction)
{
    double wall[ROUNDS], cpu[ROUNDS];
    tally_err err = TALLY_ERR_INIT;

    for (int round = 0; round < ROUNDS; round++) {
        work w = { .count = per_transaction };
        double from = seconds(CLOCK_MONOTONIC), cpu_from = seconds(CLOCK_PROCESS_CPUTIME_ID);

        for (uint32_t done = 0; done < ENTRIES; done += per_transaction)
            must(tally_ledger_run(ledger, true, append, &w, &err) == TALLY_OK, "appending", &err);
        wall[round] = ENTRIES / (seconds(CLOCK_MONOTONIC) - from) / 1e3;
        cpu[round] = ENTRIES / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from) / 1e3;
    }
    qsort(wall, ROUNDS, sizeof(*wall), compare);
    qsort(cpu, ROUNDS, sizeof(*cpu), compare);
    printf("%4u entries a transaction: %.1f k durable entries/s (%.1f to %.1f), "
           "%.1f k a second of processor time\n",
           per_transaction, wall[ROUNDS / 2], wall[0], wall[ROUNDS - 1], cpu[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    static char policy[POLICY_MAX];
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_ledger_options open = { .is_for_writing = true, .clock = { .fixed_ms = CREATED_MS } };
    tally_ledger *ledger = NULL;
    tally_err err = TALLY_ERR_INIT;
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    size_t count = file != NULL ? fread(policy, 1, sizeof(policy) - 1, file) : 0;
    tally_create_options create = { .origin = TALLY_TEXT("bench.example/record"),
                                    .policy_name = "policy.yaml",
                                    .policy = tally_text_of(policy, count),
                                    .clock = { .fixed_ms = CREATED_MS },
                                    .is_simulated = true };

    if (count == 0 || diagnostics == NULL) {
        fputs("usage: bench_record POLICY FOLDER\n", stderr);
        return 2;
    }
    (void)fclose(file);
    open.folder = create.folder = argv[2];
    must(tally_ledger_create(&create, diagnostics, NULL, &err) == TALLY_OK, "making", &err);
    must(tally_ledger_open(&ledger, &open, &err) == TALLY_OK, "opening", &err);
    measure(ledger, 100);
    measure(ledger, 1000);
    tally_ledger_close(ledger);
    tally_diagnostics_free(diagnostics);
    return 0;
}
