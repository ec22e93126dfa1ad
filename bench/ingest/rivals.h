/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BENCH_INGEST_RIVALS_H
#define TALLY_BENCH_INGEST_RIVALS_H

/* Two plain designs given the same events: a row each, a unique id, an index over members, a transaction
 * a batch that is durable when it returns. They get the values as integers, already parsed; nothing is
 * signed, checked, sealed, proven or answered. */

#include "workload.h"

/* What a design did in one run. */
typedef struct bench_lap {
    uint64_t events;
    double wall_s, processor_s;
} bench_lap;

typedef struct bench_sqlite bench_sqlite;

bench_sqlite *bench_sqlite_open(const char *folder);
/* Insert that many batches behind those that are there. */
bench_lap bench_sqlite_insert(bench_sqlite *self, uint32_t batches, uint64_t of_events);
uint64_t bench_sqlite_bytes(bench_sqlite *self);
void bench_sqlite_close(bench_sqlite *self);

/* A cluster of its own in a temporary folder. NULL where PostgreSQL is not installed: why is printed. */
typedef struct bench_postgres bench_postgres;

bench_postgres *bench_postgres_open(void);
bench_lap bench_postgres_insert(bench_postgres *self, uint32_t batches, uint64_t of_events);
uint64_t bench_postgres_bytes(bench_postgres *self);
const char *bench_postgres_version(const bench_postgres *self);
void bench_postgres_close(bench_postgres *self);

#endif
