/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_SOURCES_H
#define TALLY_EVAL_SOURCES_H

/* All files of a plan as one stream of what their rows made. May be run more
 * than once. */

#include "eval/entry.h"
#include "eval/plan.h"
#include "eval/progress.h"
#include "eval/refusals.h"

/* Told of every row that an entry took: an event, a question, or the mere name
 * of a subject. line: over all files. *stop ends the run without an error. */
typedef struct tally_sources_sink {
    void *context;
    tally_rc (*take)(void *context, uint32_t entry, const tally_entry_event *event, uint32_t line,
                     bool *stop, tally_err *err);
} tally_sources_sink;

typedef struct tally_sources {
    const tally_plan *plan;
    tally_entry_shared shared;
    tally_refusals refusals;
    tally_arena *arena;
    tally_entry_reader **readers;    /* by entry */
    struct tally_look_up **look_ups; /* owned */
    uint32_t look_up_count;
    uint32_t *line_bases; /* by file, known once it was begun */
    uint32_t begun_count;
    uint64_t row_count;
    bool is_strict;   /* stop at the first refused row */
    bool has_stopped; /* it did */
    tally_progress *progress;
    FILE *notes; /* what is worth knowing once; NULL: nothing is printed */
} tally_sources;

/* Open look-ups and prepare the entries. plan and policy must outlive it.
 * TALLY_E_INVALID, TALLY_E_IO, TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_sources_start(tally_sources *sources, const tally_plan *plan,
                                              const struct tally_policy *policy, tally_err *err);
void tally_sources_stop(tally_sources *sources);

/* Read everything once. notes: where refusals and remarks go, or NULL.
 * err names the file. */
TALLY_MUST_CHECK tally_rc tally_sources_run(tally_sources *sources, const tally_sources_sink *sink,
                                            FILE *notes, tally_err *err);

/* The file and the line in it of a line over all files. */
const char *tally_sources_place(const tally_sources *sources, uint32_t line, uint32_t *out_line);

/* Forget interned tokens and ids, for a stream of subjects without end. */
TALLY_MUST_CHECK tally_rc tally_sources_forget(tally_sources *sources, tally_err *err);

#endif
