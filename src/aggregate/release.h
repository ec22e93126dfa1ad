/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_AGGREGATE_RELEASE_H
#define TALLY_AGGREGATE_RELEASE_H

/* The monthly public tables of a programme (R23, R19): the only thing that is ever
 * said about members together. docs/formats/release.md is the specification.
 *
 * A release is made once from true counts, with fresh noise, and stored; whoever
 * asks again gets the stored bytes. There is no query: which tables there are and
 * what their cells are is declared before anything is counted. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/random.h"
#include "policy/charter_limits.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_RELEASE_LABELS_MAX 64u /* of one dimension */
#define TALLY_RELEASE_BYTES_MAX  ((size_t)4 << 20)

/* One side of a table: a closed list of labels, in the order they are shown. */
typedef struct tally_table_dimension {
    tally_text name;
    uint32_t label_count; /* 1 to TALLY_RELEASE_LABELS_MAX */
    const tally_text *labels;
} tally_table_dimension;

/* A table that the programme declared. Every member stands in one cell at most. */
typedef struct tally_table {
    tally_text name;          /* unique among the declared ones */
    tally_text title;         /* what it shows, for people */
    uint32_t dimension_count; /* 1 or 2 */
    tally_table_dimension dimensions[TALLY_CHARTER_DIMENSIONS_MAX];
} tally_table;

/* The true counts of a table to be released: as many as cells, row by row (the last dimension
 * runs fastest). NULL counts: the table is declared and not released this time. */
typedef struct tally_table_counts {
    const uint32_t *counts;
} tally_table_counts;

typedef struct tally_release_request {
    tally_text programme;   /* its origin */
    tally_text policy_hash; /* 64 hexadecimal digits of the version in force */
    int32_t year;           /* the month that the release is of, as in the programme's zone */
    uint32_t month;         /* 1 to 12 */
    int32_t programme_year; /* the year of the budget, counted from 1 */
    uint32_t halves_spent;  /* of epsilon in this programme-year before this release */
    uint32_t table_count;   /* declared: at most TALLY_CHARTER_TABLES_MAX */
    const tally_table *tables;
    const tally_table_counts *counts; /* beside each table */
    uint32_t population;              /* members at the end of the month */
    bool has_previous;                /* there was a release before */
    uint32_t previous_population;     /* members counted for it */
    tally_text stored;                /* the release stored for this month already; empty: none */
} tally_release_request;

typedef enum tally_release_state {
    TALLY_RELEASE_MADE,   /* out is new: store it, with the population and halves_spent */
    TALLY_RELEASE_STORED, /* out is what was stored, to the byte; nothing was drawn or spent */
    TALLY_RELEASE_HELD,   /* not now: the change since the last release would show single people */
    TALLY_RELEASE_REFUSED,
} tally_release_state;

typedef struct tally_release_outcome {
    tally_release_state state;
    const char *code;      /* "E_SMALL_CELL", "E_BUDGET", "E_CHARTER_FLOOR"; "" if none */
    char reason[256];      /* of a hold or a refusal: what was not done and what to do next */
    uint32_t halves_spent; /* of epsilon in this programme-year, this release included */
} tally_release_outcome;

/* Make a month's release, or hand out the stored one.
 *
 * out     started by the caller with TALLY_RELEASE_BYTES_MAX; gets the canonical JSON (RFC 8785)
 *         when the state is MADE or STORED, and is left as it was otherwise.
 * random  tally_random_system() in every program that is released.
 *
 * TALLY_OK         the outcome says what became of it
 * TALLY_E_INVALID  the request contradicts itself: counts of a table that sum to more than the
 *                  population, a month 13, an empty or repeated name or label, a stored release of
 *                  another month; nothing was drawn
 * TALLY_E_IO       no random bytes; nothing is to be stored
 * TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_release_make(tally_buffer *out, tally_release_outcome *out_outcome,
                                             const tally_release_request *request,
                                             const tally_random *random, tally_err *err);

/* The declared table of that name, or NULL: there is no other way to ask, and a name that carries
 * a condition is no name. */
const tally_table *tally_release_find_table(const tally_release_request *request, tally_text name);

#endif
