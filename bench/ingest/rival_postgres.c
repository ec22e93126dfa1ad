/* SPDX-License-Identifier: Apache-2.0 */
/* The plain design on PostgreSQL, by COPY, which is the fastest way into it. A batch that was there
 * before is known by its number, so that COPY never meets an id again. */

#define _GNU_SOURCE /* nftw() */
#include "rivals.h"

#ifdef BENCH_HAS_POSTGRES

#include <errno.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_ARGUMENTS_MAX 16

struct bench_postgres {
    PGconn *connection;
    const struct passwd *user; /* whose the cluster is; NULL: ours */
    uint64_t batches;
    char folder[256], data[300], socket_option[400];
    char version[32];
};

/* Run a program of PostgreSQL's as the cluster's user; its words go to a file. */
static bool run_program(const bench_postgres *self, const char *const *arguments)
{
    char program[400], log[320];
    pid_t child;
    int status = 1;

    (void)snprintf(program, sizeof(program), "%s/%s", BENCH_POSTGRES_PROGRAMS, arguments[0]);
    (void)snprintf(log, sizeof(log), "%s/words", self->folder);
    child = fork();
    bench_must(child >= 0, "fork", strerror(errno));
    if (child == 0) {
        char *given[COMMAND_ARGUMENTS_MAX] = { NULL };

        if (self->user != NULL &&
            (setgid(self->user->pw_gid) != 0 || setuid(self->user->pw_uid) != 0))
            _exit(1);
        for (size_t i = 0; arguments[i] != NULL && i + 1 < COMMAND_ARGUMENTS_MAX; i++)
            given[i] = strdup(arguments[i]);
        if (freopen(log, "a", stdout) == NULL || freopen(log, "a", stderr) == NULL)
            _exit(1);
        execv(program, given);
        _exit(1);
    }
    bench_must(waitpid(child, &status, 0) == child, "wait", strerror(errno));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void query(bench_postgres *self, const char *sql)
{
    PGresult *result = PQexec(self->connection, sql);
    ExecStatusType status = PQresultStatus(result);

    bench_must(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN,
               sql, PQerrorMessage(self->connection));
    PQclear(result);
}

static bool start_cluster(bench_postgres *self)
{
    const char *const make[] = { "initdb", "-D",    self->data, "-A",   "trust",
                                 "-U",     "bench", "-E",       "UTF8", "--no-instructions",
                                 NULL };
    const char *const start[] = { "pg_ctl", "-D", self->data, "-w", "-o", self->socket_option,
                                  "start",  NULL };

    /* The server refuses to be root. */
    self->user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (getuid() == 0 && self->user == NULL)
        return false;
    bench_must(mkdtemp(self->folder) != NULL, self->folder, strerror(errno));
    (void)snprintf(self->data, sizeof(self->data), "%s/data", self->folder);
    (void)snprintf(self->socket_option, sizeof(self->socket_option),
                   "-c listen_addresses= -c unix_socket_directories=%s -c shared_buffers=256MB "
                   "-c max_wal_size=4GB -c synchronous_commit=on",
                   self->folder);
    if (self->user != NULL)
        bench_must(chown(self->folder, self->user->pw_uid, self->user->pw_gid) == 0, self->folder,
                   strerror(errno));
    return run_program(self, make) && run_program(self, start);
}

static int remove_path(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static void abandon(bench_postgres *self)
{
    (void)nftw(self->folder, remove_path, 16, FTW_DEPTH | FTW_PHYS);
    free(self);
}

bench_postgres *bench_postgres_open(void)
{
    bench_postgres *self = calloc(1, sizeof(*self));
    char where[400];

    bench_must(self != NULL, "memory", "none");
    (void)snprintf(self->folder, sizeof(self->folder), "/tmp/bench-postgres-XXXXXX");
    if (!start_cluster(self)) {
        printf("postgresql: not measured: its programs in %s make no cluster here\n",
               BENCH_POSTGRES_PROGRAMS);
        abandon(self);
        return NULL;
    }
    (void)snprintf(where, sizeof(where), "host=%s user=bench dbname=postgres", self->folder);
    self->connection = PQconnectdb(where);
    bench_must(PQstatus(self->connection) == CONNECTION_OK, "connecting to PostgreSQL",
               PQerrorMessage(self->connection));
    (void)snprintf(self->version, sizeof(self->version), "%s",
                   PQparameterStatus(self->connection, "server_version"));
    query(self, "CREATE TABLE batches (number bigint PRIMARY KEY)");
    query(self, "CREATE TABLE events (sequence bigserial PRIMARY KEY, id bigint UNIQUE,"
                " member bigint, type smallint, at bigint, qty smallint)");
    query(self, "CREATE INDEX by_member ON events (member)");
    return self;
}

/* Seconds of processor time that the server's process for this connection has used. */
static double backend_s(const bench_postgres *self)
{
    unsigned long long user = 0, kernel = 0;
    char path[64], line[1024];
    const char *after;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", PQbackendPID(self->connection));
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    /* Behind the name in brackets, the 12th and 13th word. */
    after = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
    for (int word = 0; after != NULL && word < 12; word++)
        after = strchr(after + 1, ' ');
    if (after != NULL) {
        char *end = NULL;

        user = strtoull(after, &end, 10);
        kernel = strtoull(end, NULL, 10);
    }
    fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void insert_batch(bench_postgres *self, uint64_t number, const char *rows, size_t count)
{
    PGresult *result;
    char sql[96];

    query(self, "BEGIN");
    (void)snprintf(sql, sizeof(sql), "INSERT INTO batches VALUES (%llu)",
                   (unsigned long long)number);
    query(self, sql);
    query(self, "COPY events (id, member, type, at, qty) FROM STDIN");
    bench_must(PQputCopyData(self->connection, rows, (int)count) == 1 &&
                   PQputCopyEnd(self->connection, NULL) == 1,
               "COPY", PQerrorMessage(self->connection));
    while ((result = PQgetResult(self->connection)) != NULL) {
        bench_must(PQresultStatus(result) == PGRES_COMMAND_OK, "COPY",
                   PQerrorMessage(self->connection));
        PQclear(result);
    }
    query(self, "COMMIT");
}

bench_lap bench_postgres_insert(bench_postgres *self, uint32_t batches, uint64_t of_events)
{
    bench_lap lap = { .events = (uint64_t)batches * BENCH_BATCH };
    tally_buffer *rows = calloc(batches, sizeof(*rows));
    double wall_s, processor_s;

    bench_must(rows != NULL, "memory", "none");
    for (uint64_t i = 0; i < lap.events; i++) {
        bench_event event = bench_event_at(self->batches * BENCH_BATCH + i + 1, of_events);
        tally_buffer *out = &rows[i / BENCH_BATCH];

        if (i % BENCH_BATCH == 0)
            tally_buffer_init(out, (size_t)1 << 20);
        (void)tally_buffer_printf(out, "%lld\t%u\t%u\t%lld\t%u\n", (long long)(int64_t)event.key,
                                  event.member, event.type, (long long)event.at_s, event.qty);
    }
    wall_s = bench_clock_s(CLOCK_MONOTONIC);
    processor_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID) + backend_s(self);
    for (uint32_t i = 0; i < batches; i++) {
        tally_text text = tally_buffer_text(&rows[i]);

        insert_batch(self, ++self->batches, text.bytes, text.count);
    }
    lap.wall_s = bench_clock_s(CLOCK_MONOTONIC) - wall_s;
    lap.processor_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID) + backend_s(self) - processor_s;
    for (uint32_t i = 0; i < batches; i++)
        tally_buffer_free(&rows[i]);
    free(rows);
    return lap;
}

uint64_t bench_postgres_bytes(bench_postgres *self)
{
    PGresult *result = PQexec(self->connection, "SELECT pg_total_relation_size('events')");
    uint64_t bytes;

    bench_must(PQresultStatus(result) == PGRES_TUPLES_OK, "size", PQerrorMessage(self->connection));
    bytes = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return bytes;
}

const char *bench_postgres_version(const bench_postgres *self)
{
    return self->version;
}

void bench_postgres_close(bench_postgres *self)
{
    const char *const stop[] = {
        "pg_ctl", "-D", self->data, "-w", "-m", "immediate", "stop", NULL
    };

    PQfinish(self->connection);
    bench_must(run_program(self, stop), "stopping PostgreSQL", self->data);
    abandon(self);
}

#else

#include <stdio.h>

bench_postgres *bench_postgres_open(void)
{
    printf("postgresql: not measured: built without libpq and its server's programs\n");
    return NULL;
}

/* Nobody has one to give to these. */
bench_lap bench_postgres_insert(bench_postgres *self, uint32_t batches, uint64_t of_events)
{
    (void)self;
    (void)batches;
    (void)of_events;
    return (bench_lap){ 0 };
}

uint64_t bench_postgres_bytes(bench_postgres *self)
{
    (void)self;
    return 0;
}

const char *bench_postgres_version(const bench_postgres *self)
{
    (void)self;
    return "";
}

void bench_postgres_close(bench_postgres *self)
{
    (void)self;
}

#endif
