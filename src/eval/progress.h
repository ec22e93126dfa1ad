/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_PROGRESS_H
#define TALLY_EVAL_PROGRESS_H

/* A bar on a terminal for work that takes more than a second. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct tally_progress {
    FILE *stream; /* NULL: nothing is shown */
    bool is_shown;
    int64_t start_ms, shown_ms;
    uint64_t reads; /* since the clock was read */
} tally_progress;

/* stream is used only if it is a terminal. */
void tally_progress_start(tally_progress *progress, FILE *stream, bool is_wanted);

/* Say how far the work is; cheap enough for every row. what: "reading x.csv".
 * total 0: unknown. */
void tally_progress_tell(tally_progress *progress, const char *what, uint64_t done, uint64_t total);

/* Take the bar away before something else is printed. */
void tally_progress_clear(tally_progress *progress);

#endif
