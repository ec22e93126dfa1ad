/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_AGGREGATE_RELEASE_INTERNAL_H
#define TALLY_AGGREGATE_RELEASE_INTERNAL_H

/* Between release.c, which counts and draws, and document.c, which writes. */

#include "aggregate/release.h"

/* A table after the noise: what is below never sees a true count. */
typedef struct tally_noisy_table {
    const tally_table *table;
    int64_t *counts; /* as many as cells */
} tally_noisy_table;

typedef struct tally_noisy_release {
    const tally_release_request *request;
    uint32_t count;
    tally_noisy_table *tables;
    uint32_t halves_spent; /* this release included */
} tally_noisy_release;

uint32_t tally_release_cells(const tally_table *table);

/* What is shown of a noisy count: TALLY_RELEASE_SMALL, or a multiple of 5 from 10 on. */
#define TALLY_RELEASE_SMALL (-1)
int64_t tally_release_shown(int64_t noisy);
/* The share of a shown count in a shown total, in per cent, 5 to 95; TALLY_RELEASE_SMALL: none, as
 * one of them is not shown. */
int64_t tally_release_percent(int64_t shown, int64_t shown_total);

TALLY_MUST_CHECK tally_rc tally_release_write(tally_buffer *out, const tally_noisy_release *noisy,
                                              tally_err *err);

#endif
