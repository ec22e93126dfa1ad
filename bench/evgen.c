/* SPDX-License-Identifier: Apache-2.0 */
/* Provenance: the generator of workload W of this project (bench/WORKLOAD.md),
 * kept word for word, so that its outputs keep their published hashes. */
/*
 * evgen - deterministic event generator for workload W (see WORKLOAD.md).
 *
 *   cc -O2 -std=c11 -o evgen evgen.c
 *   ./evgen -m 1000000 -e 10000000 -s 42 -f bin   > events.bin
 *   ./evgen -m 1000000 -e 10000000 -s 42 -f csv   > events.csv
 *   ./evgen -m 1000000 -e 10000000 -s 42 -f jsonl > events.jsonl
 *   add -d for the delivery stream: batches of 1,000 rows, 990 new, 10 repeated
 *
 * Only 64-bit integer arithmetic is used, and every event is a pure function
 * of (seed, members, events, sequence number), so the same arguments give the
 * same bytes everywhere and any event can be produced on its own.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START UINT64_C(1672531200) /* 2023-01-01T00:00:00Z */
#define SPAN  UINT64_C(94694400)   /* to 2026-01-01T00:00:00Z, exclusive */
#define GOLD  UINT64_C(0x9E3779B97F4A7C15)
#define BATCH_NEW 990u
#define BATCH_DUP 10u
#define DUP_WINDOW UINT64_C(100000)

struct event {
    uint64_t key;
    uint32_t seq, member, at;
    uint8_t type, qty;
};

static const char *const type_name[8] = {
    "kudos_given", "kudos_received", "course_completed", "session_attended",
    "volunteer_hours", "referral", "late_cancellation", "no_show",
};
/* cumulative share of each type, in percent */
static const uint8_t type_upto[8] = { 25, 45, 55, 65, 77, 85, 95, 100 };

static uint64_t mix64(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

__extension__ typedef unsigned __int128 u128;

static uint64_t mulhi(uint64_t a, uint64_t b)
{
    return (uint64_t)(((u128)a * b) >> 64);
}

static uint64_t base, members = 1000000, events = 1000000, seed = 42;

static uint64_t draw(uint64_t seq, unsigned k)
{
    return mix64(base + (8 * seq + k) * GOLD);
}

static struct event event_at(uint64_t seq)
{
    struct event e;
    uint64_t x = draw(seq, 0);
    uint64_t rank = mulhi(mulhi(mulhi(x, x), x), members);
    unsigned pct = (unsigned)(draw(seq, 1) % 100);

    e.seq = (uint32_t)seq;
    e.key = mix64(mix64(base) ^ seq);
    e.member = (uint32_t)(1 + (rank * UINT64_C(7368787) + 12345) % members);
    for (e.type = 0; pct >= type_upto[e.type];)
        e.type++;
    e.qty = (uint8_t)(1 + draw(seq, 2) % 10);
    e.at = (uint32_t)(START + ((seq - 1) * SPAN + draw(seq, 3) % SPAN) / events);
    return e;
}

static void put32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

/* days since 1970-01-01 to a civil date, proleptic Gregorian */
static void civil(int64_t days, int *y, int *m, int *d)
{
    int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static void emit(const struct event *e, char fmt)
{
    if (fmt == 'b') {
        unsigned char r[24] = { 0 };
        put32(r, (uint32_t)e->key);
        put32(r + 4, (uint32_t)(e->key >> 32));
        put32(r + 8, e->seq);
        put32(r + 12, e->member);
        put32(r + 16, e->at);
        r[20] = e->type;
        r[21] = e->qty;
        fwrite(r, sizeof r, 1, stdout);
    } else if (fmt == 'c') {
        printf("%" PRIu32 ",%016" PRIx64 ",%" PRIu32 ",%u,%" PRIu32 ",%u\n", e->seq, e->key, e->member, e->type, e->at,
               e->qty);
    } else {
        int y, m, d;
        uint32_t s = e->at % 86400;
        civil(e->at / 86400, &y, &m, &d);
        printf("{\"id\":\"%016" PRIx64 "\",\"seq\":%" PRIu32 ",\"member\":\"m-%07" PRIu32 "\",\"type\":\"%s\",\"at\":"
               "\"%04d-%02d-%02dT%02u:%02u:%02uZ\",\"qty\":%u,\"source\":\"portal-%u\",\"note\":\"%s, ref %08" PRIx32
               "\"}\n",
               e->key, e->seq, e->member, type_name[e->type], y, m, d, s / 3600, s / 60 % 60, s % 60, e->qty,
               (unsigned)(e->key & 7), (e->key & 8) ? "recorded by team lead" : "imported from calendar",
               (uint32_t)(e->key >> 32));
    }
}

int main(int argc, char **argv)
{
    char fmt = 'c';
    int opt, delivery = 0;
    static char buf[1 << 20];

    while ((opt = getopt(argc, argv, "m:e:s:f:d")) != -1) {
        switch (opt) {
        case 'm': members = strtoull(optarg, NULL, 10); break;
        case 'e': events = strtoull(optarg, NULL, 10); break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        case 'f': fmt = optarg[0]; break;
        case 'd': delivery = 1; break;
        default: goto usage;
        }
    }
    if (optind != argc || !members || members > UINT32_MAX || members % 7368787 == 0 || !events || events > UINT32_MAX ||
        !strchr("bcj", fmt))
        goto usage;

    base = mix64(seed ^ UINT64_C(0x6A09E667F3BCC909));
    setvbuf(stdout, buf, _IOFBF, sizeof buf);
    if (!delivery) {
        for (uint64_t i = 1; i <= events; i++) {
            struct event e = event_at(i);
            emit(&e, fmt);
        }
    } else {
        for (uint64_t b = 0, done = 0; done < events; b++) {
            uint64_t upto = done + BATCH_NEW < events ? done + BATCH_NEW : events;
            uint64_t window = upto < DUP_WINDOW ? upto : DUP_WINDOW;

            while (done < upto) {
                struct event e = event_at(++done);
                emit(&e, fmt);
            }
            for (unsigned j = 0; j < BATCH_DUP; j++) {
                struct event e = event_at(upto - mix64((base ^ UINT64_C(0xD1B54A32D192ED03)) + (16 * b + j) * GOLD) % window);
                emit(&e, fmt);
            }
        }
    }
    if (fflush(stdout) || ferror(stdout)) {
        perror("evgen");
        return 1;
    }
    return 0;
usage:
    fprintf(stderr, "usage: evgen [-m members] [-e events] [-s seed] [-f bin|csv|jsonl] [-d] > file\n");
    return 2;
}
