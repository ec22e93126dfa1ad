/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_REFUSALS_H
#define TALLY_EVAL_REFUSALS_H

/* The rows that were refused: the first ones are printed with place and reason,
 * all are counted by reason, and for statements those of a subject can be kept. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "eval/row.h"
#include "util/arena.h"
#include "util/text.h"

#define TALLY_REFUSALS_PRINTED_MAX 20u
#define TALLY_REFUSAL_REASONS_MAX  64u
#define TALLY_REFUSALS_KEPT_MAX    10000u

typedef struct tally_refused_row {
    tally_text subject, place, message; /* place: FILE:LINE:COLUMN */
} tally_refused_row;

typedef struct tally_refusals {
    FILE *stream; /* NULL: nothing is printed */
    uint64_t count;
    uint32_t reason_count;
    struct {
        const char *reason; /* a string literal */
        uint64_t count;
    } reasons[TALLY_REFUSAL_REASONS_MAX];
    tally_arena *kept_in; /* NULL: none are kept */
    tally_text kept_subject;
    tally_refused_row *kept;
    uint32_t kept_count;
} tally_refusals;

void tally_refusals_start(tally_refusals *refusals, FILE *stream);

/* Begin again, with another stream; what is kept is still kept. */
void tally_refusals_restart(tally_refusals *refusals, FILE *stream);

/* Keep the rows of one subject (empty: of all, whose subject is known) in the arena, the first
 * TALLY_REFUSALS_KEPT_MAX. False: memory is short. */
TALLY_MUST_CHECK bool tally_refusals_keep(tally_refusals *refusals, tally_text subject,
                                          tally_arena *arena);

/* Whether rows of some subject are kept, so that it is worth finding out which one a row has. */
static inline bool tally_refusals_wants_subject(const tally_refusals *refusals)
{
    return refusals->kept_in != NULL;
}

/* Note one row. subject: empty if not known. reason: a string literal, the kind of refusal.
 * place.line 0: no place is known. */
void tally_refusals_add(tally_refusals *refusals, tally_text subject, const char *file,
                        tally_row_place place, const char *reason, const char *format, ...)
    TALLY_PRINTF(6, 7);

/* The counts by reason, most frequent first; nothing when no row was refused.
 * read_count: rows read in all. */
void tally_refusals_print_summary(const tally_refusals *refusals, uint64_t read_count);

#endif
