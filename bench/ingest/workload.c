/* SPDX-License-Identifier: Apache-2.0 */
/* Workload W for a programme that runs: see workload.h. */

#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/did_key.h"
#include "crypto/random.h"
#include "util/civil.h"

#define SPAN_S ((BENCH_NOW_MS - BENCH_JOINED_MS) / 1000)
#define SEED   UINT64_C(42)

const uint8_t bench_source_seed[32] = "a benchmark's key, known to all";

const char *const bench_type_names[5] = { "event-helped", "project-part", "course-completed",
                                          "shift-kept", "volunteer-hours" };

void bench_must(bool is_done, const char *what, const char *why)
{
    if (is_done)
        return;
    fprintf(stderr, "bench_ingest: %s: %s\n", what, why);
    exit(1);
}

double bench_clock_s(clockid_t clock)
{
    struct timespec now;

    bench_must(clock_gettime(clock, &now) == 0, "clock", strerror(errno));
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t bench_mix(uint64_t number)
{
    uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15) + SEED;

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint64_t draw(uint64_t number, unsigned k)
{
    return bench_mix(8 * number + k);
}

/* The high half of a product of 32-bit fractions: enough for 100,000 members. */
static uint64_t scale(uint64_t fraction32, uint64_t by)
{
    return fraction32 * by >> 32;
}

/* The chance of rank r falls as r^(-2/3); busy members are spread over the numbers. */
uint32_t bench_member_at(uint64_t number)
{
    uint64_t x = draw(number, 0) >> 32;
    uint64_t rank = scale(scale(scale(x, x), x), BENCH_MEMBERS);

    return (uint32_t)(1 + (rank * UINT64_C(7368787) + 12345) % BENCH_MEMBERS);
}

bench_event bench_event_at(uint64_t number, uint64_t of)
{
    static const unsigned up_to[5] = { 25, 45, 55, 65, 77 }; /* percent; the rest is dropped */
    uint64_t share = draw(number, 1) % 77;
    bench_event event = { .key = draw(number, 4),
                          .member = bench_member_at(number),
                          .qty = 1 + (uint32_t)(draw(number, 2) % 10) };

    while (share >= up_to[event.type])
        event.type++;
    event.at_s =
        BENCH_JOINED_MS / 1000 + (int64_t)((double)SPAN_S * (double)(number - 1) / (double)of);
    return event;
}

/* ---- members ------------------------------------------------------------------- */

static tally_did_key dids[BENCH_MEMBERS + 1];

void bench_make_dids(void)
{
    for (uint32_t member = 1; member <= BENCH_MEMBERS; member++) {
        uint8_t public32[32];

        /* No private key belongs to these bytes: none is asked for, and a did:key is any 32. */
        for (unsigned i = 0; i < 4; i++) {
            uint64_t word = draw(UINT64_C(1) << 40 | member, i);

            memcpy(public32 + 8 * (size_t)i, &word, 8);
        }
        tally_did_key_write(&dids[member], public32);
    }
}

const char *bench_did(uint32_t member)
{
    return dids[member].text;
}

/* ---- messages ------------------------------------------------------------------- */

static tally_text write_event(char *room, size_t bytes, uint64_t number, uint64_t of_events)
{
    bench_event event = bench_event_at(number, of_events);
    char at[TALLY_INSTANT_TEXT_BYTES];
    int count;

    tally_instant_format(at, event.at_s * 1000, 0);
    count =
        snprintf(room, bytes,
                 "{\"id\":\"%016llx\",\"type\":\"%s\",\"at\":\"%s\",\"subject\":\"%s\",\"qty\":%u}",
                 (unsigned long long)event.key, bench_type_names[event.type], at,
                 bench_did(event.member), event.qty);
    return tally_text_of(room, (size_t)count);
}

void bench_write_batch(tally_buffer *out, uint64_t number, uint64_t of_events)
{
    static char texts[BENCH_BATCH][256];
    tally_text events[BENCH_BATCH];
    tally_batch_options options = { .programme = TALLY_TEXT(BENCH_ORIGIN),
                                    .number = number,
                                    .form = TALLY_BATCH_JSONL,
                                    .seed32 = bench_source_seed,
                                    .random = tally_random_system() };
    tally_arena *arena = tally_arena_new((size_t)16 << 20);

    for (uint32_t i = 0; i < BENCH_BATCH; i++)
        events[i] =
            write_event(texts[i], sizeof(texts[i]), (number - 1) * BENCH_BATCH + i + 1, of_events);
    BENCH_OURS(tally_batch_write(out, &options, events, BENCH_BATCH, arena, &err));
    tally_arena_free(arena);
}

/* ---- figures -------------------------------------------------------------------- */

void bench_add(bench_rates *rates, double value)
{
    int at = rates->count;

    bench_must(at < BENCH_RUNS, "figures", "more than there are runs");
    for (; at > 0 && rates->values[at - 1] > value; at--)
        rates->values[at] = rates->values[at - 1];
    rates->values[at] = value;
    rates->count++;
}

double bench_median(const bench_rates *rates)
{
    return rates->values[rates->count / 2];
}

double bench_least(const bench_rates *rates)
{
    return rates->values[0];
}

double bench_most(const bench_rates *rates)
{
    return rates->values[rates->count - 1];
}

uint64_t bench_file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}
