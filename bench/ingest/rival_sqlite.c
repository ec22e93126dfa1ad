/* SPDX-License-Identifier: Apache-2.0 */
/* The plain design on the SQLite that the store uses, with the same settings. */

#include "rivals.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct bench_sqlite {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    uint64_t batches;
    char path[512];
};

#define PLAIN(self, code) bench_must((code) == SQLITE_OK, #code, sqlite3_errmsg((self)->db))

bench_sqlite *bench_sqlite_open(const char *folder)
{
    bench_sqlite *self = calloc(1, sizeof(*self));

    bench_must(self != NULL, "memory", "none");
    (void)snprintf(self->path, sizeof(self->path), "%s/plain.db", folder);
    PLAIN(self, sqlite3_open(self->path, &self->db));
    PLAIN(self, sqlite3_exec(self->db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;"
                             "CREATE TABLE events (sequence INTEGER PRIMARY KEY, id INTEGER UNIQUE,"
                             " member INTEGER, type INTEGER, at INTEGER, qty INTEGER);"
                             "CREATE INDEX by_member ON events (member);",
                             NULL, NULL, NULL));
    PLAIN(self, sqlite3_prepare_v2(self->db, "BEGIN", -1, &self->begin, NULL));
    PLAIN(self, sqlite3_prepare_v2(self->db, "COMMIT", -1, &self->commit, NULL));
    PLAIN(self, sqlite3_prepare_v2(self->db,
                                   "INSERT OR IGNORE INTO events (id, member, type, at, qty) "
                                   "VALUES (?1, ?2, ?3, ?4, ?5)",
                                   -1, &self->insert, NULL));
    return self;
}

static void run(bench_sqlite *self, sqlite3_stmt *statement)
{
    bench_must(sqlite3_step(statement) == SQLITE_DONE, "SQLite", sqlite3_errmsg(self->db));
    PLAIN(self, sqlite3_reset(statement));
}

static void insert_batch(bench_sqlite *self, const bench_event *events)
{
    run(self, self->begin);
    for (uint32_t i = 0; i < BENCH_BATCH; i++) {
        PLAIN(self, sqlite3_bind_int64(self->insert, 1, (int64_t)events[i].key));
        PLAIN(self, sqlite3_bind_int64(self->insert, 2, events[i].member));
        PLAIN(self, sqlite3_bind_int64(self->insert, 3, events[i].type));
        PLAIN(self, sqlite3_bind_int64(self->insert, 4, events[i].at_s));
        PLAIN(self, sqlite3_bind_int64(self->insert, 5, events[i].qty));
        run(self, self->insert);
    }
    run(self, self->commit);
}

bench_lap bench_sqlite_insert(bench_sqlite *self, uint32_t batches, uint64_t of_events)
{
    bench_lap lap = { .events = (uint64_t)batches * BENCH_BATCH };
    bench_event *events = calloc(lap.events, sizeof(*events));
    double wall_s, processor_s;

    bench_must(events != NULL, "memory", "none");
    for (uint64_t i = 0; i < lap.events; i++)
        events[i] = bench_event_at(self->batches * BENCH_BATCH + i + 1, of_events);
    wall_s = bench_clock_s(CLOCK_MONOTONIC);
    processor_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < batches; i++)
        insert_batch(self, events + (size_t)i * BENCH_BATCH);
    lap.wall_s = bench_clock_s(CLOCK_MONOTONIC) - wall_s;
    lap.processor_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID) - processor_s;
    self->batches += batches;
    free(events);
    return lap;
}

uint64_t bench_sqlite_bytes(bench_sqlite *self)
{
    PLAIN(self, sqlite3_wal_checkpoint_v2(self->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
    return bench_file_bytes(self->path);
}

void bench_sqlite_close(bench_sqlite *self)
{
    (void)sqlite3_finalize(self->begin);
    (void)sqlite3_finalize(self->insert);
    (void)sqlite3_finalize(self->commit);
    (void)sqlite3_close(self->db);
    (void)remove(self->path);
    free(self);
}
