/* SPDX-License-Identifier: Apache-2.0 */
/* Signed batches of 1,000 events: reading them in each form, checking them against
 * a policy, hashing them, writing them; and the same JSON read by other parsers.
 *
 * bench_batch POLICY. Events are those of workload W mapped onto admissible names
 * (volunteer-hours, hours), with a did:key as subject: 185 bytes of JSON.
 * Rates are of processor time, the best of seven runs over 200 batches. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch/check.h"
#include "batch/write.h"
#include "json/value.h"
#include "tally/policy.h"

#define EVENTS  1000u
#define BATCHES 200u
#define RUNS    7u

static const uint8_t seed[32] = "a benchmark's key, known to all";

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_batch: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* splitmix64 */
static uint64_t state = 42;

static uint64_t next_random(void)
{
    uint64_t mixed = state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t random = next_random();

        memcpy((char *)out + i, &random, bytes - i < 8 ? bytes - i : 8);
    }
    return TALLY_OK;
}

static const tally_random source = { NULL, fill };

static char event_texts[3][EVENTS][320];
static tally_text events[3][EVENTS];

static void make_events(void)
{
    static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    for (uint32_t i = 0; i < EVENTS; i++) {
        unsigned long long key = next_random();
        unsigned day = (unsigned)(next_random() % 28) + 1, qty = (unsigned)(next_random() % 10) + 1;
        char did[57] = "did:key:z6Mk", at[32];

        for (uint32_t j = 12; j < 56; j++)
            did[j] = base58[next_random() % 58];
        (void)snprintf(at, sizeof(at), "2026-03-%02uT%02u:%02u:38Z", day, qty, 2 * day);
        (void)snprintf(
            event_texts[0][i], sizeof(event_texts[0][i]),
            "{\"id\":\"%016llx\",\"type\":\"volunteer-hours\",\"at\":\"%s\",\"subject\":\"%s\","
            "\"qty\":%u,\"place\":\"garden\",\"checked\":true}",
            key, at, did, qty);
        (void)snprintf(event_texts[1][i], sizeof(event_texts[1][i]),
                       "{\"specversion\":\"1.0\",\"id\":\"%016llx\",\"source\":\"urn:office\","
                       "\"type\":\"volunteer-hours\",\"time\":\"%s\",\"subject\":\"%s\","
                       "\"data\":{\"qty\":%u,\"place\":\"garden\",\"checked\":true}}",
                       key, at, did, qty);
        (void)snprintf(event_texts[2][i], sizeof(event_texts[2][i]),
                       "%016llx,volunteer-hours,%s,%s,%u,garden,true", key, at, did, qty);
        for (uint32_t form = 0; form < 3; form++)
            events[form][i] = tally_text_from(event_texts[form][i]);
    }
}

/* ---- what is measured -------------------------------------------------------------- */

typedef struct workload {
    tally_batch_form form;
    tally_text message, body;
    tally_batch_reader *reader;
    tally_batch_checker *checker;
    const struct tally_policy *policy;
} workload;

typedef void (*measured)(workload *work, tally_arena *arena);

static void parse(workload *work, tally_arena *arena)
{
    tally_batch batch;

    must(tally_batch_parse(&batch, work->reader, work->message, arena, NULL) == TALLY_OK, "parse");
    must(batch.events[EVENTS - 1].problem == NULL, "an event is refused");
}

static void parse_and_check(workload *work, tally_arena *arena)
{
    tally_batch batch;

    must(tally_batch_parse(&batch, work->reader, work->message, arena, NULL) == TALLY_OK, "parse");
    for (uint32_t i = 0; i < EVENTS; i++) {
        const tally_batch_problem *problem = NULL;
        tally_batch_checked checked;

        must(tally_batch_check_event(work->checker, &batch.events[i], &checked, &problem, arena,
                                     NULL) == TALLY_OK &&
                 problem == NULL,
             "check");
    }
}

static void verify(workload *work, tally_arena *arena)
{
    tally_batch batch;
    tally_batch_tree tree;

    must(tally_batch_parse(&batch, work->reader, work->message, arena, NULL) == TALLY_OK, "parse");
    must(tally_batch_verify(&batch, &tree, arena, NULL) == TALLY_OK, "verify");
}

static tally_rc write_message(tally_buffer *out, tally_batch_form form, tally_arena *arena)
{
    const tally_batch_options options = {
        .programme = TALLY_TEXT("bench.example/points"),
        .number = 1,
        .form = form,
        .header_row = form == TALLY_BATCH_CSV ? TALLY_TEXT("id,type,at,subject,qty,place,checked")
                                              : TALLY_TEXT(""),
        .seed32 = seed,
        .random = &source,
    };

    return tally_batch_write(out, &options, events[form], EVENTS, arena, NULL);
}

static void write_one(workload *work, tally_arena *arena)
{
    tally_buffer out;

    tally_buffer_init(&out, TALLY_BATCH_BYTES_MAX);
    must(write_message(&out, work->form, arena) == TALLY_OK, "write");
    tally_buffer_free(&out);
}

/* The same lines by jansson, and by our own reader of documents. */
static void by_jansson(workload *work, tally_arena *arena)
{
    (void)arena;
    for (uint32_t i = 0; i < EVENTS; i++) {
        json_t *json = json_loadb(events[0][i].bytes, events[0][i].count, 0, NULL);

        must(json_object_size(json) == 7, "jansson");
        json_decref(json);
    }
    (void)work;
}

static void by_documents(workload *work, tally_arena *arena)
{
    (void)arena;
    for (uint32_t i = 0; i < EVENTS; i++) {
        tally_json_document *document = NULL;

        must(tally_json_parse(&document, events[0][i], NULL, NULL) == TALLY_OK, "document");
        tally_json_document_free(document);
    }
    (void)work;
}

static double measure(measured what, workload *work)
{
    double best = 1e9;

    for (uint32_t run = 0; run < RUNS; run++) {
        double from = now_s(), took;

        for (uint32_t i = 0; i < BATCHES; i++) {
            tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);

            must(arena != NULL, "memory");
            what(work, arena);
            tally_arena_free(arena);
        }
        took = now_s() - from;
        best = took < best ? took : best;
    }
    return best / BATCHES / EVENTS;
}

static struct tally_policy *load_policy(const char *path)
{
    static char text[1 << 16];
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_zone_source zones = { .load = NULL };
    tally_policy *policy = NULL;
    FILE *file = fopen(path, "rb");
    size_t bytes;

    must(file != NULL && diagnostics != NULL, path);
    bytes = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    must(tally_policy_compile(&policy, path, text, bytes, &zones, diagnostics, NULL) == TALLY_OK,
         "the policy does not compile");
    tally_diagnostics_free(diagnostics);
    return policy;
}

int main(int argument_count, char **arguments)
{
    static const char *const names[] = { "JSON Lines", "CloudEvents", "CSV" };
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    double jsonl_parse = 0;

    must(argument_count == 2 && arena != NULL, "usage: bench_batch POLICY");
    make_events();
    printf("%-34s %10s %10s %10s\n", "1,000 events a batch, M events/s", names[0], names[1],
           names[2]);
    {
        static const struct {
            const char *name;
            measured what;
        } rows[] = {
            { "read (with the header's signature)", parse },
            { "read, checked", parse_and_check },
            { "read, hashed", verify },
            { "written (salts, hashed, signed)", write_one },
        };
        workload works[3];
        tally_buffer messages[3];

        for (uint32_t form = 0; form < 3; form++) {
            tally_arena *scratch = tally_arena_new((size_t)8 << 20);

            must(scratch != NULL, "memory");
            tally_buffer_init(&messages[form], TALLY_BATCH_BYTES_MAX);
            must(write_message(&messages[form], (tally_batch_form)form, scratch) == TALLY_OK,
                 "write");
            tally_arena_free(scratch);
            works[form] = (workload){ .form = (tally_batch_form)form,
                                      .message = tally_buffer_text(&messages[form]),
                                      .policy = load_policy(arguments[1]) };
            must(tally_batch_reader_new(&works[form].reader, NULL) == TALLY_OK, "memory");
            must(tally_batch_checker_new(&works[form].checker, works[form].policy, arena, NULL) ==
                     TALLY_OK,
                 "memory");
        }
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            printf("%-34s", rows[row].name);
            for (uint32_t form = 0; form < 3; form++) {
                double each_s = measure(rows[row].what, &works[form]);

                if (row == 0 && form == 0)
                    jsonl_parse = each_s;
                printf(" %10.2f", 1e-6 / each_s);
                fflush(stdout);
            }
            printf("\n");
        }
        printf("bytes an event                     %10zu %10zu %10zu\n", events[0][0].count,
               events[1][0].count, events[2][0].count);
        printf("the same lines by jansson          %10.2f  (this reader is %.1f times as fast)\n",
               1e-6 / measure(by_jansson, &works[0]), measure(by_jansson, &works[0]) / jsonl_parse);
        printf("by src/json                        %10.2f  (%.1f times)\n",
               1e-6 / measure(by_documents, &works[0]),
               measure(by_documents, &works[0]) / jsonl_parse);
        for (uint32_t form = 0; form < 3; form++) {
            tally_batch_reader_free(works[form].reader);
            tally_policy_free((tally_policy *)(uintptr_t)works[form].policy);
            tally_buffer_free(&messages[form]);
        }
    }
    tally_arena_free(arena);
    return 0;
}
