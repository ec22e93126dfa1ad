/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_LEDGER_FIXTURE_H
#define TALLY_TESTS_LEDGER_FIXTURE_H

/* A programme in a folder of the test's own: seeded randomness, a simulated clock
 * that stands at FIXTURE_NOW until the test moves it. Whatever fails in here ends the test program.
 *
 *     fixture f;
 *
 *     fixture_begin(&f, FIXTURE_MEMBERS);
 *     fixture_at(&f, FIXTURE_NOW + 1000);
 *     ... f.ledger ...
 *     fixture_end(&f);
 */

#include <stdint.h>

#include "ledger/create.h"
#include "ledger/ledger_internal.h"
#include "seeded.h"

#define FIXTURE_NOW    INT64_C(1772442000000) /* 2026-03-02T09:00:00Z, a Monday */
#define FIXTURE_ORIGIN "green.riverside.example/points"

/* Policies that may live: about members (sources parks-office and tool-library, types tree-planted
 * {trees: 1..50} and tool-returned {item: id}, limit, tier, benefit), and about organisations
 * (source inspectorate, type inspection {reference: id, hygiene: one of 0, 5, 10}, grade). */
extern const char FIXTURE_MEMBERS[];
extern const char FIXTURE_ORGANISATIONS[];

typedef struct fixture {
    char root[64];        /* the test's own folder */
    char folder[80];      /* of the programme: root/programme */
    seeded random;        /* ledger->options.random */
    tally_ledger *ledger; /* open for writing */
} fixture;

/* Make a programme with a policy and open it. */
void fixture_begin(fixture *self, const char *policy);
/* Only the folder: no programme yet. */
void fixture_begin_empty(fixture *self);
/* What fixture_begin() gives to tally_ledger_create(). */
tally_create_options fixture_create_options(fixture *self, const char *policy);
/* The clock's instant from now on. */
void fixture_at(fixture *self, int64_t now_ms);
/* Open the programme that was made in an empty folder. */
void fixture_open(fixture *self);
/* Close and open again, for writing, at the same instant. */
void fixture_reopen(fixture *self);
/* Open another one of the same programme, for reading; the caller closes it. */
tally_ledger *fixture_reader(fixture *self);
/* Close, and remove the folder with all in it. */
void fixture_end(fixture *self);

/* A did:key and its seed, made from a number. */
typedef struct fixture_key {
    uint8_t seed[32], public32[32];
    char did[64];
} fixture_key;

void fixture_key_make(fixture_key *out, uint64_t number);

/* Does any file below the programme's folder contain these bytes? Prints which. */
bool fixture_has_bytes(const fixture *self, const void *bytes, size_t count);

#endif
