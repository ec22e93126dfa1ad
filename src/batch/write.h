/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_WRITE_H
#define TALLY_BATCH_WRITE_H

/* The source's side: cutting files of events, and writing signed batches. */

#include "batch/batch.h"
#include "crypto/random.h"
#include "util/buffer.h"

/* ---- cutting ------------------------------------------------------------------- */

/* Where cutting a text of events stands; begin with all zero but the form. */
typedef struct tally_batch_cutter {
    tally_batch_form form;
    uint32_t line;     /* lines passed so far */
    uint32_t progress; /* of a CloudEvents array: what has been seen of it */
    bool has_begun;
} tally_batch_cutter;

typedef enum tally_batch_cut_kind {
    TALLY_CUT_EVENT,
    TALLY_CUT_HEADER_ROW, /* of CSV, first of all */
    TALLY_CUT_MORE,       /* the window ends within an event */
    TALLY_CUT_END
} tally_batch_cut_kind;

/* What came next in the text. */
typedef struct tally_batch_cut {
    tally_batch_cut_kind kind;
    tally_text bytes; /* of the event or the header row, within the window */
    uint32_t line;    /* on which it begins, from 1 */
    size_t used;      /* bytes of the window that are done with */
} tally_batch_cut;

/* Take the next event from a window over a text of any size. Call again with the
 * window moved on by `used`; on TALLY_CUT_MORE with more bytes at its end.
 * Passed over: empty lines, and a byte order mark at the beginning. Only where
 * events begin and end is looked at, not what is in them.
 *
 * is_last  the text ends with the window
 *
 * TALLY_E_INVALID  the array of CloudEvents is none, or a CSV value spans lines
 * TALLY_E_LIMIT    an event is longer than TALLY_BATCH_EVENT_BYTES_MAX
 * err says on which line. */
TALLY_MUST_CHECK tally_rc tally_batch_cut_next(tally_batch_cutter *cutter, tally_text window,
                                               bool is_last, tally_batch_cut *out_cut,
                                               tally_err *err);

/* ---- writing ------------------------------------------------------------------- */

typedef struct tally_batch_options {
    tally_text programme;
    uint64_t number;
    tally_batch_form form;
    tally_text header_row;      /* of CSV, without line end; else empty */
    const uint8_t *seed32;      /* the source's secret key */
    const tally_random *random; /* for the salts */
} tally_batch_options;

/* How many bytes a batch of these events has at most, so that a caller can stop
 * before TALLY_BATCH_BYTES_MAX. */
size_t tally_batch_bytes(uint32_t event_count, size_t events_bytes, size_t header_row_bytes);

/* Append the message of a batch of 1 to TALLY_BATCH_EVENTS_MAX events, as they
 * were cut. What is in them is not looked at.
 *
 * TALLY_E_INVALID  the programme is not an origin, the number not one from 1 to
 *                  TALLY_BATCH_NUMBER_MAX, or an event holds a line feed
 * TALLY_E_LIMIT    the message would exceed a bound of batch.h
 * TALLY_E_NOMEM    allocation failed
 * TALLY_E_IO       no random bytes */
TALLY_MUST_CHECK tally_rc tally_batch_write(tally_buffer *out, const tally_batch_options *options,
                                            const tally_text *events, uint32_t event_count,
                                            tally_arena *arena, tally_err *err);

#endif
