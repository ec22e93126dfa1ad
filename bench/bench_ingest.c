/* SPDX-License-Identifier: Apache-2.0 */
/* A programme admits signed batches of 1,000 JSON events: durable, checked, sealed for their members,
 * answered with a signed promise. Beside it plain designs on SQLite and PostgreSQL, in the same run.
 *
 * bench_ingest POLICY [BATCHES [FOLDER]]: 200 batches with nothing in memory, then in each of five
 * runs 200 batches by two threads, half as many on one processor, half as many by each plain design. Every hundredth batch is sent once more and counts for
 * nothing. Writing the messages, which is the sources' work, is not measured. Then the latest 20
 * events of members, drawn by their activity, out of all that was admitted. */

#define _GNU_SOURCE /* sched_getcpu() */
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/did_key.h"
#include "ingest/rivals.h"
#include "ingest/workload.h"
#include "ledger/admit.h"
#include "ledger/create.h"
#include "ledger/receipt.h"
#include "ledger/source.h"
#include "ledger/subject_events.h"
#include "policy/diagnostics.h"
#include "util/alloc.h"

#define QUEUE         4u /* prepared batches that may wait */
#define REPEAT_EVERY  100u
#define MEMBERS_A_RUN 1000u
#define RECEIPT_TEXT  2600u /* bytes of a receipt with both signatures, about */
#define LATEST        20u
#define READS         20000u

static char folder[256], programme[300], store_path[320];
static uint64_t of_events;

/* ---- the programme ------------------------------------------------------------ */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 65536);

    bench_must(file != NULL && text != NULL, path, strerror(errno));
    bench_must(fread(text, 1, 65535, file) > 0, path, "empty");
    fclose(file);
    return text;
}

static tally_ledger *open_programme(void)
{
    const tally_ledger_options options = { .folder = programme,
                                           .is_for_writing = true,
                                           .clock = { .fixed_ms = BENCH_NOW_MS } };
    tally_ledger *ledger = NULL;

    BENCH_OURS(tally_ledger_open(&ledger, &options, &err));
    return ledger;
}

static void make_programme(const char *policy_path)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char *policy = read_file(policy_path);
    const tally_create_options options = { .folder = programme,
                                           .origin = TALLY_TEXT(BENCH_ORIGIN),
                                           .policy_name = "policy.yaml",
                                           .policy = tally_text_from(policy),
                                           .clock = { .fixed_ms = BENCH_JOINED_MS },
                                           .is_simulated = true };
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_create(&options, diagnostics, NULL, &err) != TALLY_OK) {
        for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++)
            fprintf(stderr, "%u: %s\n", tally_diagnostics_get(diagnostics, i)->line,
                    tally_diagnostics_get(diagnostics, i)->message);
        bench_must(false, "making a programme", err.message);
    }
    tally_diagnostics_free(diagnostics);
    free(policy);
}

/* Members as joining stores them, without their messages and their records in the log. */
static tally_rc add_members(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    static const char text[RECEIPT_TEXT];
    const tally_random *random = ledger->options.random;
    tally_arena *arena = tally_arena_new((size_t)16 << 20);
    tally_rc rc = TALLY_OK;

    (void)context;
    for (uint32_t i = 0; rc == TALLY_OK && i < MEMBERS_A_RUN; i++) {
        tally_member member = { .subject = ++ledger->state.last_subject,
                                .did_count = 1,
                                .joined_ms = BENCH_JOINED_MS,
                                .is_generated = true,
                                .policy_count = 1,
                                .policies = { { 1, BENCH_JOINED_MS } } };
        tally_receipt_row row = { .number = ++ledger->state.last_receipt,
                                  .subject = member.subject,
                                  .given_ms = BENCH_JOINED_MS,
                                  .lapses_ms =
                                      BENCH_JOINED_MS + 2 * (BENCH_NOW_MS - BENCH_JOINED_MS),
                                  .ended_ms = INT64_MAX,
                                  .policy_version = 1,
                                  .purpose = TALLY_PURPOSE_PARTICIPATION };

        ledger->state.is_changed = true;
        (void)snprintf(member.dids[0], sizeof(member.dids[0]), "%s",
                       bench_did((uint32_t)member.subject));
        (void)snprintf(member.recovery_did, sizeof(member.recovery_did), "%s",
                       bench_did((uint32_t)member.subject));
        rc = tally_random_fill(random, member.rid, sizeof(member.rid), err);
        if (rc == TALLY_OK)
            rc = tally_random_fill(random, member.data_key, sizeof(member.data_key), err);
        if (rc == TALLY_OK)
            rc = tally_random_fill(random, row.record, sizeof(row.record), err);
        if (rc == TALLY_OK)
            rc = tally_member_save(ledger, transaction, &member, err);
        if (rc == TALLY_OK)
            rc = tally_receipt_seal(ledger, &member, row.number, tally_text_of(text, sizeof(text)),
                                    arena, &row.sealed, err);
        if (rc == TALLY_OK)
            rc = tally_receipt_save(transaction, &row, err);
        tally_member_wipe(&member);
    }
    tally_arena_free(arena);
    return rc;
}

static tally_ledger *begin_programme(const char *policy_path)
{
    double start_s = bench_clock_s(CLOCK_MONOTONIC);
    uint8_t public32[32];
    tally_source_record source;
    tally_ledger *ledger;
    tally_did_key did;

    make_programme(policy_path);
    ledger = open_programme();
    bench_make_dids();
    for (uint32_t i = 0; i < BENCH_MEMBERS / MEMBERS_A_RUN; i++)
        BENCH_OURS(tally_ledger_run(ledger, true, add_members, NULL, &err));
    BENCH_OURS(tally_ed25519_public(public32, bench_source_seed));
    tally_did_key_write(&did, public32);
    BENCH_OURS(tally_source_register(ledger, TALLY_TEXT("portal"), tally_text_from(did.text),
                                     &source, NULL, &err));
    printf("%u members with receipts, made in %.1f s\n", BENCH_MEMBERS,
           bench_clock_s(CLOCK_MONOTONIC) - start_s);
    return ledger;
}

/* ---- admitting -------------------------------------------------------------------- */

/* Batches on their way from the thread that prepares to the one that commits. */
typedef struct pipeline {
    const tally_policy *policy;
    const tally_buffer *messages;
    uint32_t count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    tally_prepared_batch *ready[QUEUE];
    uint32_t put, taken;
    double prepare_s; /* of processor time */
} pipeline;

/* How often each message is sent. */
static uint32_t sends_of(uint32_t index)
{
    return index % REPEAT_EVERY == REPEAT_EVERY - 1 ? 2 : 1;
}

static void put(pipeline *self, tally_prepared_batch *prepared)
{
    (void)pthread_mutex_lock(&self->lock);
    while (self->put - self->taken == QUEUE)
        (void)pthread_cond_wait(&self->changed, &self->lock);
    self->ready[self->put++ % QUEUE] = prepared;
    (void)pthread_cond_signal(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
}

static tally_prepared_batch *take(pipeline *self)
{
    tally_prepared_batch *prepared;

    (void)pthread_mutex_lock(&self->lock);
    while (self->put == self->taken)
        (void)pthread_cond_wait(&self->changed, &self->lock);
    prepared = self->ready[self->taken++ % QUEUE];
    (void)pthread_cond_signal(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
    return prepared;
}

static void *prepare_all(void *context)
{
    pipeline *self = context;

    for (uint32_t i = 0; i < self->count; i++) {
        for (uint32_t k = 0; k < sends_of(i); k++) {
            tally_prepared_batch *prepared = NULL;

            BENCH_OURS(tally_admit_prepare(&prepared, self->policy,
                                           tally_buffer_text(&self->messages[i]), NULL, &err));
            put(self, prepared);
        }
    }
    self->prepare_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static uint64_t commit_one(tally_ledger *ledger, tally_prepared_batch *prepared, bool is_repeat,
                           tally_buffer *reply)
{
    tally_admitted admitted;

    tally_buffer_reset(reply);
    BENCH_OURS(tally_admit_commit(ledger, prepared, reply, &admitted, NULL, &err));
    bench_must(admitted.is_repeat == is_repeat && admitted.admitted == BENCH_BATCH, "a batch",
               "was not admitted whole, once");
    tally_prepared_batch_free(prepared);
    return is_repeat ? 0 : admitted.admitted;
}

typedef struct lap {
    bench_lap whole;
    double prepare_s, commit_s; /* of processor time */
} lap;

static lap admit_pipelined(tally_ledger *ledger, const tally_buffer *messages, uint32_t count)
{
    pipeline line = { .policy = tally_ledger_policy(ledger),
                      .messages = messages,
                      .count = count,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .changed = PTHREAD_COND_INITIALIZER };
    lap out = { .whole = { 0 } };
    double wall_s = bench_clock_s(CLOCK_MONOTONIC);
    double processor_s = bench_clock_s(CLOCK_PROCESS_CPUTIME_ID);
    double commit_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID);
    tally_buffer reply;
    pthread_t thread;

    tally_buffer_init(&reply, TALLY_BATCH_BYTES_MAX);
    bench_must(pthread_create(&thread, NULL, prepare_all, &line) == 0, "thread", "none");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < sends_of(i); k++)
            out.whole.events += commit_one(ledger, take(&line), k > 0, &reply);
    }
    (void)pthread_join(thread, NULL);
    out.whole.wall_s = bench_clock_s(CLOCK_MONOTONIC) - wall_s;
    out.whole.processor_s = bench_clock_s(CLOCK_PROCESS_CPUTIME_ID) - processor_s;
    out.commit_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID) - commit_s;
    out.prepare_s = line.prepare_s;
    tally_buffer_free(&reply);
    return out;
}

/* The same on the processor that we happen to be on. */
static lap admit_on_one(tally_ledger *ledger, const tally_buffer *messages, uint32_t count)
{
    cpu_set_t before, one;
    lap out;

    bench_must(sched_getaffinity(0, sizeof(before), &before) == 0, "affinity", strerror(errno));
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    bench_must(sched_setaffinity(0, sizeof(one), &one) == 0, "affinity", strerror(errno));
    out = admit_pipelined(ledger, messages, count);
    bench_must(sched_setaffinity(0, sizeof(before), &before) == 0, "affinity", strerror(errno));
    return out;
}

typedef struct ours {
    bench_rates two, one, processor_s, prepare_s, commit_s;
    uint64_t batches;
} ours;

static void run_ours(tally_ledger *ledger, ours *self, uint32_t batches, bool is_on_one)
{
    tally_buffer *messages = calloc(batches, sizeof(*messages));
    double millions;
    lap done;

    bench_must(messages != NULL, "memory", "none");
    for (uint32_t i = 0; i < batches; i++) {
        tally_buffer_init(&messages[i], TALLY_BATCH_BYTES_MAX);
        bench_write_batch(&messages[i], ++self->batches, of_events);
    }
    done = is_on_one ? admit_on_one(ledger, messages, batches)
                     : admit_pipelined(ledger, messages, batches);
    millions = (double)done.whole.events / 1e6;
    if (is_on_one) {
        bench_add(&self->one, (double)done.whole.events / done.whole.wall_s);
    } else {
        bench_add(&self->two, (double)done.whole.events / done.whole.wall_s);
        bench_add(&self->processor_s, done.whole.processor_s / millions);
        bench_add(&self->prepare_s, done.prepare_s / millions);
        bench_add(&self->commit_s, done.commit_s / millions);
    }
    for (uint32_t i = 0; i < batches; i++)
        tally_buffer_free(&messages[i]);
    free(messages);
}

/* ---- reading ---------------------------------------------------------------------- */

typedef struct reading {
    uint32_t member;
    uint64_t events, bytes;
} reading;

static tally_rc take_event(void *context, const tally_event_plain *event, tally_err *err)
{
    reading *self = context;

    (void)err;
    self->events++;
    self->bytes += event->bytes.count;
    return TALLY_OK;
}

static tally_rc read_latest(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    reading *self = context;
    tally_member member;
    bool is_found = false;
    tally_rc rc = tally_member_find(ledger, transaction, tally_text_from(bench_did(self->member)),
                                    &member, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "a member is missing");
    if (rc == TALLY_OK)
        rc = tally_subject_plain_events(transaction, member.subject, member.data_key, member.rid,
                                        LATEST, take_event, self, err);
    tally_member_wipe(&member);
    return rc;
}

static void read_members(tally_ledger *ledger)
{
    bench_rates wall = { .count = 0 }, processor = { .count = 0 };
    reading read = { .events = 0 };

    for (uint64_t run = 0; run < BENCH_RUNS; run++) {
        double wall_s = bench_clock_s(CLOCK_MONOTONIC);
        double processor_s = bench_clock_s(CLOCK_THREAD_CPUTIME_ID);

        for (uint64_t i = 0; i < READS; i++) {
            read.member = bench_member_at((UINT64_C(1) << 36) + run * READS + i);
            BENCH_OURS(tally_ledger_run(ledger, false, read_latest, &read, &err));
        }
        bench_add(&wall, READS / (bench_clock_s(CLOCK_MONOTONIC) - wall_s));
        bench_add(&processor, READS / (bench_clock_s(CLOCK_THREAD_CPUTIME_ID) - processor_s));
    }
    printf("latest %u of a member (%.1f on average): %.0f/s (%.0f to %.0f), %.0f a second of "
           "processor "
           "time\n",
           LATEST, (double)read.events / (BENCH_RUNS * (double)READS), bench_median(&wall),
           bench_least(&wall), bench_most(&wall), bench_median(&processor));
}

/* ---- all --------------------------------------------------------------------------- */

static void report(const char *what, const bench_rates *rates)
{
    printf("%-30s %7.1f k events/s (%.1f to %.1f)", what, bench_median(rates) / 1e3,
           bench_least(rates) / 1e3, bench_most(rates) / 1e3);
}

typedef struct rival {
    bench_rates rate, processor_s;
} rival;

static void note(rival *self, bench_lap done)
{
    bench_add(&self->rate, (double)done.events / done.wall_s);
    bench_add(&self->processor_s, done.processor_s / ((double)done.events / 1e6));
}

static int remove_path(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static double a_rivals_events(uint32_t batches)
{
    return (double)(batches / 2) * BENCH_RUNS * (double)BENCH_BATCH;
}

static void report_ours(const ours *self, uint64_t bytes)
{
    printf("%llu events in %llu batches\n", (unsigned long long)(self->batches * BENCH_BATCH),
           (unsigned long long)self->batches);
    report("tally, two threads:", &self->two);
    printf(", %.2f s of processor time a million (prepare %.2f, commit %.2f)\n",
           bench_median(&self->processor_s), bench_median(&self->prepare_s),
           bench_median(&self->commit_s));
    report("tally, on one processor:", &self->one);
    printf(", %.0f bytes an event on disk\n",
           (double)bytes / (double)(self->batches * BENCH_BATCH));
}

static void report_rival(const ours *self, const rival *other, const char *name, double bytes)
{
    char label[64];

    (void)snprintf(label, sizeof(label), "plain %s:", name);
    report(label, &other->rate);
    printf(", %.2f s of processor time a million, %.0f bytes an event\n",
           bench_median(&other->processor_s), bytes);
    printf("tally / %s: %.2f with two threads, %.2f on one processor; processor time %.2f\n", name,
           bench_median(&self->two) / bench_median(&other->rate),
           bench_median(&self->one) / bench_median(&other->rate),
           bench_median(&self->processor_s) / bench_median(&other->processor_s));
}

/* All runs; how many bytes the store grew by. */
static uint64_t run_all(tally_ledger *ledger, uint32_t batches, ours *self, rival *sqlite,
                        rival *postgres, bench_sqlite *plain, bench_postgres *cluster)
{
    static ours cold;
    uint64_t before;

    BENCH_OURS(tally_store_purge(ledger->store, false, &err));
    before = bench_file_bytes(store_path);
    /* The first batches meet each member for the first time since the programme was opened. */
    run_ours(ledger, &cold, batches, false);
    self->batches = cold.batches;
    report("tally, just opened:", &cold.two);
    printf(", %.2f s of processor time a million\n", bench_median(&cold.processor_s));
    for (int run = 0; run < BENCH_RUNS; run++) {
        run_ours(ledger, self, batches, false);
        run_ours(ledger, self, batches / 2, true);
        note(sqlite, bench_sqlite_insert(plain, batches / 2, of_events));
        if (cluster != NULL)
            note(postgres, bench_postgres_insert(cluster, batches / 2, of_events));
    }
    BENCH_OURS(tally_store_purge(ledger->store, false, &err));
    return bench_file_bytes(store_path) - before;
}

int main(int argc, char **argv)
{
    static ours self;
    static rival sqlite, postgres;
    uint32_t batches = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200;
    bench_postgres *cluster;
    bench_sqlite *plain;
    tally_ledger *ledger;

    bench_must(argc > 1, "usage", "bench_ingest POLICY [BATCHES [FOLDER]]");
    bench_must(batches >= 2, "BATCHES", "at least 2");
    (void)snprintf(folder, sizeof(folder), "%s", argc > 3 ? argv[3] : "/tmp/bench-ingest-XXXXXX");
    bench_must(argc > 3 || mkdtemp(folder) != NULL, folder, strerror(errno));
    (void)snprintf(programme, sizeof(programme), "%s/programme", folder);
    (void)snprintf(store_path, sizeof(store_path), "%s/ledger.db", programme);
    of_events = ((uint64_t)(batches + batches / 2) * BENCH_RUNS + batches) * BENCH_BATCH;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ledger = begin_programme(argv[1]);
    plain = bench_sqlite_open(folder);
    cluster = bench_postgres_open();
    report_ours(&self, run_all(ledger, batches, &self, &sqlite, &postgres, plain, cluster));
    report_rival(&self, &sqlite, "SQLite",
                 (double)bench_sqlite_bytes(plain) / a_rivals_events(batches));
    if (cluster != NULL) {
        report_rival(&self, &postgres, "PostgreSQL",
                     (double)bench_postgres_bytes(cluster) / a_rivals_events(batches));
        printf(
            "PostgreSQL %s; its processor time is that of the client and the process that serves "
            "it\n",
            bench_postgres_version(cluster));
        bench_postgres_close(cluster);
    }
    read_members(ledger);
    bench_sqlite_close(plain);
    tally_ledger_close(ledger);
    if (argc <= 3)
        (void)nftw(folder, remove_path, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
