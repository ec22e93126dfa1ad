/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ERASURES_H
#define TALLY_LEDGER_ERASURES_H

/* DIR/erasures: which records were erased, by their random numbers (docs/formats/erasures.md).
 *
 * Append-only and never part of a backup, so that whatever is restored, what was erased since is
 * erased again. Lines have a fixed length and each carries a check over all before it, so a file that
 * was cut or exchanged is found out. A line that was being written when the power went is not
 * whole: it is ignored, and overwritten by the next. One writer, who holds the ledger. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_ERASURE_RID_BYTES   16
#define TALLY_ERASURE_CHECK_BYTES 8
#define TALLY_ERASURE_LINE_BYTES  61 /* 32 digits, space, day, space, 16 digits, LF */

/* How far a reader has come: so many lines, and the check of the last of them. All zero: nowhere. */
typedef struct tally_erasures_place {
    uint64_t count;
    uint8_t check[TALLY_ERASURE_CHECK_BYTES];
} tally_erasures_place;

typedef tally_rc (*tally_erasures_visit)(void *context,
                                         const uint8_t rid[static TALLY_ERASURE_RID_BYTES],
                                         int32_t day, tally_err *err);

/* Go through the lines in bytes, which follow after place, and move place on. Stops, with TALLY_OK, at an
 * end that is not whole. visit may be NULL.
 * TALLY_E_CORRUPT: a line with others behind it is wrong. */
TALLY_MUST_CHECK tally_rc tally_erasures_parse(tally_erasures_place *place, tally_text bytes,
                                               tally_erasures_visit visit, void *context,
                                               tally_err *err);

/* Write the line that follows after place, and move place behind it. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_erasures_line(char out[static TALLY_ERASURE_LINE_BYTES],
                                              tally_erasures_place *place,
                                              const uint8_t rid[static TALLY_ERASURE_RID_BYTES],
                                              int32_t day, tally_err *err);

/* Go through the lines of a file after place and move place to its end. No file is an empty one.
 * TALLY_E_CORRUPT: it is not the file, or a shorter one, in which place was taken. */
TALLY_MUST_CHECK tally_rc tally_erasures_read(const char *path, tally_erasures_place *place,
                                              tally_erasures_visit visit, void *context,
                                              tally_err *err);

/* Append a line at the end, wherever behind place that is, and move place behind it. It is durable
 * when this returns TALLY_OK. Makes the file (mode 0600) when there is none. */
TALLY_MUST_CHECK tally_rc tally_erasures_append(const char *path, tally_erasures_place *place,
                                                const uint8_t rid[static TALLY_ERASURE_RID_BYTES],
                                                int32_t day, tally_err *err);

/* Make the file, empty and durable, unless there is one. */
TALLY_MUST_CHECK tally_rc tally_erasures_create(const char *path, tally_err *err);

#endif
