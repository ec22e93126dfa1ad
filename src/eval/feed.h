/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_FEED_H
#define TALLY_EVAL_FEED_H

/* A sliding window over an input: the room in which a reader cuts rows.
 *
 * The bytes from `at` to `end` are here. TALLY_FEED_PADDING zero bytes follow
 * `end`, so that a reader may load whole words past it. What lies before `at`
 * is forgotten at the next tally_feed_more(), which may also move the rest: a
 * reader keeps offsets from `at`, not pointers, across that call. */

#include "eval/input.h"

#define TALLY_FEED_PADDING 16u

typedef struct tally_feed {
    tally_input *input; /* somebody else's */
    char *bytes;
    size_t at, end, room;
    size_t row_bytes_max; /* never more than this wanted from `at` on */
    bool is_finished;     /* the input has ended; what is here is all */
} tally_feed;

/* Returns TALLY_E_NOMEM when allocation failed. */
TALLY_MUST_CHECK tally_rc tally_feed_start(tally_feed *feed, tally_input *input,
                                           size_t row_bytes_max, tally_err *err);

/* Bring at least one more byte, or set is_finished. The caller has looked at
 * row_bytes_max bytes at most. Errors as of tally_input_read(). */
TALLY_MUST_CHECK tally_rc tally_feed_more(tally_feed *feed, tally_err *err);

/* Skip a UTF-8 byte order mark; only before anything was taken. */
TALLY_MUST_CHECK tally_rc tally_feed_skip_mark(tally_feed *feed, tally_err *err);

void tally_feed_stop(tally_feed *feed);

#endif
