/* SPDX-License-Identifier: Apache-2.0 */
/* The store: durable appends, reading a subject's latest events, opening; beside
 * two plain designs on the same SQLite with the same settings.
 *
 * bench_store [EVENTS [FOLDER]]: 2,000,000 events by default, in batches of 1,000 with
 * a commit each, 220 random bytes an event, 100,000 subjects drawn at random. "By
 * event" is one table with an index over subjects and a commit an event; "by batch" the
 * same with a commit a batch. Medians of five runs, each on what the ones before left. */

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/sqlite/sqlite_store.h"

#define SUBJECTS     100000u
#define BATCH        1000u
#define SEALED_BYTES 220u
#define LATEST       20u
#define RUNS         5
#define READS        20000u
#define PLAIN_EVENTS 3000u /* of the one that commits each */

static uint64_t seed = 20261122;
static char folder[256], path[512];

static void must(bool is_done, const char *what, const char *why)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_store: %s: %s\n", what, why);
    exit(1);
}

#define OURS(call)                                    \
    do {                                              \
        tally_err err = TALLY_ERR_INIT;               \
        must((call) == TALLY_OK, #call, err.message); \
    } while (0)
#define PLAIN(db, code) must((code) == SQLITE_OK, #code, sqlite3_errmsg(db))

static double clock_s(clockid_t clock)
{
    struct timespec now;

    must(clock_gettime(clock, &now) == 0, "clock", strerror(errno));
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t draw(void)
{
    uint64_t mixed = seed += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static int compare_rates(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double rates[static RUNS])
{
    qsort(rates, RUNS, sizeof(rates[0]), compare_rates);
    return rates[RUNS / 2];
}

/* What one kind of work did a second, by the clock on the wall and of processor
 * time; the first counts the syncs, the second nothing that runs beside. */
typedef struct rates {
    double wall[RUNS], processor[RUNS];
    double wall_median, processor_median;
    double wall_start, processor_start;
} rates;

static void start(rates *self)
{
    self->wall_start = clock_s(CLOCK_MONOTONIC);
    self->processor_start = clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop(rates *self, int run, uint32_t count)
{
    self->wall[run] = count / (clock_s(CLOCK_MONOTONIC) - self->wall_start);
    self->processor[run] = count / (clock_s(CLOCK_PROCESS_CPUTIME_ID) - self->processor_start);
    if (run + 1 < RUNS)
        return;
    self->wall_median = median(self->wall);
    self->processor_median = median(self->processor);
}

/* "227 k/s (194 to 244), 310 k/s of processor time" */
static void report(const char *what, const rates *self)
{
    printf("%-36s %7.1f k/s (%.1f to %.1f), %.1f k a second of processor time\n", what,
           self->wall_median / 1e3, self->wall[0] / 1e3, self->wall[RUNS - 1] / 1e3,
           self->processor_median / 1e3);
}

static void remove_files(void)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".lock" };

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char file[600];

        (void)snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        (void)unlink(file);
    }
}

static void use_path(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    remove_files();
}

/* Random bytes as sealing gives them; drawn once, each event takes others of them. */
static char noise[1 << 20];

static tally_text sealed_bytes(void)
{
    return tally_text_of(noise + draw() % (sizeof(noise) - SEALED_BYTES), SEALED_BYTES);
}

/* ---- ours ---- */

static void append_batch(tally_store *store, int64_t batch)
{
    static tally_stored_event events[BATCH];
    tally_store_transaction *transaction = NULL;

    for (uint32_t i = 0; i < BATCH; i++)
        events[i] = (tally_stored_event){ .subject = 1 + (int64_t)(draw() % SUBJECTS),
                                          .batch = batch,
                                          .position = i,
                                          .sealed = sealed_bytes() };
    OURS(tally_store_begin(&transaction, store, true, &err));
    OURS(tally_store_append(transaction, events, BATCH, &err));
    OURS(tally_store_commit(transaction, &err));
}

static void append_ours(tally_store *store, uint32_t events, int64_t first_batch)
{
    for (uint32_t i = 0; i < events / BATCH; i++)
        append_batch(store, first_batch + i);
}

static tally_rc take_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err)
{
    uint64_t *sum = context;

    (void)out_is_enough;
    (void)err;
    *sum += (uint8_t)event->sealed.bytes[event->sealed.count - 1];
    return TALLY_OK;
}

static void read_ours(tally_store *store)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < READS; i++) {
        tally_store_transaction *transaction = NULL;

        OURS(tally_store_begin(&transaction, store, false, &err));
        OURS(tally_store_subject_events(transaction, 1 + (int64_t)(draw() % SUBJECTS), LATEST,
                                        take_event, &sum, &err));
        tally_store_rollback(transaction);
    }
    must(sum > 0, "reading", "nothing was read");
}

/* Milliseconds until a store can be written, or a subject be read. */
static double open_ours(tally_store_mode mode)
{
    double times[RUNS];

    for (int run = 0; run < RUNS; run++) {
        double start_s = clock_s(CLOCK_MONOTONIC);
        tally_store_transaction *transaction = NULL;
        tally_store *store = NULL;
        uint64_t sum = 0;

        OURS(tally_store_open(&store, path, mode, &err));
        OURS(tally_store_begin(&transaction, store, false, &err));
        OURS(tally_store_subject_events(transaction, 1, LATEST, take_event, &sum, &err));
        times[run] = (clock_s(CLOCK_MONOTONIC) - start_s) * 1e3;
        tally_store_rollback(transaction);
        tally_store_close(store);
    }
    return median(times);
}

/* Append in a process that ends without closing, so that the tail is as long as it
 * gets. */
static void append_and_die(uint32_t events)
{
    pid_t child = fork();

    must(child >= 0, "fork", strerror(errno));
    if (child == 0) {
        tally_store *store = NULL;

        OURS(tally_store_open(&store, path, TALLY_STORE_WRITE, &err));
        append_ours(store, events, 1);
        _exit(0);
    }
    must(waitpid(child, NULL, 0) == child, "wait", strerror(errno));
}

/* ---- plain ---- */

static sqlite3 *open_plain(void)
{
    sqlite3 *db = NULL;

    PLAIN(db, sqlite3_open(path, &db));
    PLAIN(db, sqlite3_exec(db,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "PRAGMA secure_delete = ON; PRAGMA cache_size = -65536;"
                           "CREATE TABLE events (sequence INTEGER PRIMARY KEY, subject INTEGER,"
                           " batch INTEGER, position INTEGER, sealed BLOB);"
                           "CREATE INDEX by_subject ON events (subject);",
                           NULL, NULL, NULL));
    return db;
}

static void append_plain(sqlite3 *db, uint32_t events, bool is_by_batch)
{
    sqlite3_stmt *insert = NULL;

    PLAIN(db, sqlite3_prepare_v2(db,
                                 "INSERT INTO events (subject, batch, position, sealed) "
                                 "VALUES (?1, ?2, ?3, ?4)",
                                 -1, &insert, NULL));
    for (uint32_t i = 0; i < events; i++) {
        tally_text sealed = sealed_bytes();

        if (is_by_batch && i % BATCH == 0)
            PLAIN(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
        PLAIN(db, sqlite3_bind_int64(insert, 1, 1 + (int64_t)(draw() % SUBJECTS)));
        PLAIN(db, sqlite3_bind_int64(insert, 2, i / BATCH));
        PLAIN(db, sqlite3_bind_int64(insert, 3, i % BATCH));
        PLAIN(db, sqlite3_bind_blob64(insert, 4, sealed.bytes, sealed.count, SQLITE_STATIC));
        must(sqlite3_step(insert) == SQLITE_DONE, "insert", sqlite3_errmsg(db));
        PLAIN(db, sqlite3_reset(insert));
        if (is_by_batch && (i + 1) % BATCH == 0)
            PLAIN(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    }
    (void)sqlite3_finalize(insert);
}

static void read_plain(sqlite3 *db)
{
    sqlite3_stmt *select = NULL;
    uint64_t sum = 0;

    PLAIN(db, sqlite3_prepare_v2(db,
                                 "SELECT sealed FROM events WHERE subject = ?1 "
                                 "ORDER BY sequence DESC LIMIT ?2",
                                 -1, &select, NULL));
    for (uint32_t i = 0; i < READS; i++) {
        PLAIN(db, sqlite3_bind_int64(select, 1, 1 + (int64_t)(draw() % SUBJECTS)));
        PLAIN(db, sqlite3_bind_int64(select, 2, LATEST));
        while (sqlite3_step(select) == SQLITE_ROW)
            sum += ((const uint8_t *)sqlite3_column_blob(select, 0))[SEALED_BYTES - 1];
        PLAIN(db, sqlite3_reset(select));
    }
    (void)sqlite3_finalize(select);
    must(sum > 0, "reading", "nothing was read");
}

/* ---- the runs ---- */

static double bytes_per_event(uint64_t events)
{
    struct stat status;

    must(stat(path, &status) == 0, path, strerror(errno));
    return (double)status.st_size / (double)events;
}

static void bench_ours(uint32_t events, rates *appends, rates *reads)
{
    tally_store *store = NULL;
    double start_s;

    use_path("ours.db");
    OURS(tally_store_open(&store, path, TALLY_STORE_CREATE, &err));
    for (int run = 0; run < RUNS; run++) {
        start(appends);
        append_ours(store, events / RUNS, 1 + (int64_t)(events / BATCH) * run);
        stop(appends, run, events / RUNS);
    }
    for (int run = 0; run < RUNS; run++) {
        start(reads);
        read_ours(store);
        stop(reads, run, READS);
    }
    OURS(tally_store_purge(store, false, &err));
    report("ours: events appended", appends);
    report("ours: subjects read", reads);
    printf("ours: %.0f bytes an event on disk\n", bytes_per_event(events));
    tally_store_close(store);

    printf("opening after closing: %.1f ms to write", open_ours(TALLY_STORE_WRITE));
    printf(", %.1f ms to read one subject\n", open_ours(TALLY_STORE_READ));
    append_and_die(SUBJECTS - BATCH);
    printf("opening after a kill, tail of %u events: %.1f ms to read one subject", SUBJECTS - BATCH,
           open_ours(TALLY_STORE_READ));
    start_s = clock_s(CLOCK_MONOTONIC);
    OURS(tally_store_open(&store, path, TALLY_STORE_WRITE, &err));
    printf(", %.1f ms to write\n", (clock_s(CLOCK_MONOTONIC) - start_s) * 1e3);
    tally_store_close(store);
    remove_files();
}

static void bench_plain(uint32_t events, const rates *appends_ours, const rates *reads_ours)
{
    static rates appends, reads, each;
    sqlite3 *db;

    use_path("plain.db");
    db = open_plain();
    for (int run = 0; run < RUNS; run++) {
        start(&appends);
        append_plain(db, events / RUNS, true);
        stop(&appends, run, events / RUNS);
    }
    for (int run = 0; run < RUNS; run++) {
        start(&reads);
        read_plain(db);
        stop(&reads, run, READS);
    }
    for (int run = 0; run < RUNS; run++) {
        start(&each);
        append_plain(db, PLAIN_EVENTS, false);
        stop(&each, run, PLAIN_EVENTS);
    }
    PLAIN(db, sqlite3_close(db));
    report("plain, by batch: events appended", &appends);
    report("plain: subjects read", &reads);
    report("plain, by event: events appended", &each);
    printf("plain: %.0f bytes an event on disk\n", bytes_per_event(events + RUNS * PLAIN_EVENTS));
    printf("ours / plain: appending %.1f by batch, %.0f by event; reading %.2f\n",
           appends_ours->wall_median / appends.wall_median,
           appends_ours->wall_median / each.wall_median,
           reads_ours->wall_median / reads.wall_median);
    remove_files();
}

int main(int argc, char **argv)
{
    static rates appends, reads;
    uint32_t events = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000000;

    must(events >= BATCH * RUNS && events % (BATCH * RUNS) == 0, "EVENTS",
         "has to be a multiple of 5,000");
    (void)snprintf(folder, sizeof(folder), "%s", argc > 2 ? argv[2] : "/tmp/bench-store-XXXXXX");
    must(argc > 2 || mkdtemp(folder) != NULL, folder, strerror(errno));
    for (size_t i = 0; i < sizeof(noise); i += 8) {
        uint64_t word = draw();

        memcpy(noise + i, &word, 8);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%u events of %u bytes, %u subjects\n", events, SEALED_BYTES, SUBJECTS);
    bench_ours(events, &appends, &reads);
    bench_plain(events, &appends, &reads);
    if (argc <= 2)
        (void)rmdir(folder);
    return 0;
}
