/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BENCH_INGEST_WORKLOAD_H
#define TALLY_BENCH_INGEST_WORKLOAD_H

/* Workload W (bench/WORKLOAD.md) for a programme that runs: types 5 to 7 are dropped and drawn again, source
 * and note too; the three years become the one before the programme's clock, so that a receipt
 * of 24 months covers them. Events come in batches of 1,000. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "batch/write.h"
#include "util/buffer.h"

#define BENCH_BATCH   1000u
#define BENCH_MEMBERS 100000u
#define BENCH_RUNS    5
#define BENCH_ORIGIN  "workload.example/w"

#define BENCH_JOINED_MS INT64_C(1735689600000) /* 2025-01-01T00:00:00Z */
#define BENCH_NOW_MS    INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

/* End the program with words when something is not so. */
void bench_must(bool is_done, const char *what, const char *why);

#define BENCH_OURS(call)                                    \
    do {                                                    \
        tally_err err = TALLY_ERR_INIT;                     \
        bench_must((call) == TALLY_OK, #call, err.message); \
    } while (0)

double bench_clock_s(clockid_t clock);

/* splitmix64, seeded by number. */
uint64_t bench_mix(uint64_t number);

typedef struct bench_event {
    uint64_t key;
    uint32_t member; /* 1 to BENCH_MEMBERS */
    uint32_t type;   /* 0 to 4 */
    int64_t at_s;
    uint32_t qty;
} bench_event;

extern const char *const bench_type_names[5];

/* The event of this number, from 1, of so many. */
bench_event bench_event_at(uint64_t number, uint64_t of);
/* Only whose: members by their activity. */
uint32_t bench_member_at(uint64_t number);

/* A member's did:key, always the same; a text that lives as long as the program. */
const char *bench_did(uint32_t member);
/* Make all of them first. */
void bench_make_dids(void);

/* The seed of the source's key, and its did. */
extern const uint8_t bench_source_seed[32];

/* Append the signed message of batch `number`, from 1, of a stream of so many events. */
void bench_write_batch(tally_buffer *out, uint64_t number, uint64_t of_events);

/* ---- figures of several runs ---------------------------------------------------- */

typedef struct bench_rates {
    double values[BENCH_RUNS];
    int count;
} bench_rates;

void bench_add(bench_rates *rates, double value);
double bench_median(const bench_rates *rates);
double bench_least(const bench_rates *rates);
double bench_most(const bench_rates *rates);

/* Bytes of a file, 0 when there is none. */
uint64_t bench_file_bytes(const char *path);

#endif
