/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_REFUSALS_H
#define TALLY_EVAL_REFUSALS_H

/* The rows that were refused: the first ones are printed with place and reason,
 * all are counted by reason. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "eval/row.h"
#include "util/text.h"

#define TALLY_REFUSALS_PRINTED_MAX 20u
#define TALLY_REFUSAL_REASONS_MAX  64u

typedef struct tally_refusals {
    FILE *stream; /* NULL: nothing is printed */
    uint64_t count;
    uint32_t reason_count;
    struct {
        const char *reason; /* a string literal */
        uint64_t count;
    } reasons[TALLY_REFUSAL_REASONS_MAX];
} tally_refusals;

void tally_refusals_start(tally_refusals *refusals, FILE *stream);

/* Note one row. reason: a string literal, the kind of refusal. place.line 0: no
 * place is known. */
void tally_refusals_add(tally_refusals *refusals, const char *file, tally_row_place place,
                        const char *reason, const char *format, ...) TALLY_PRINTF(5, 6);

/* The counts by reason, most frequent first; nothing when no row was refused.
 * read_count: rows read in all. */
void tally_refusals_print_summary(const tally_refusals *refusals, uint64_t read_count);

#endif
