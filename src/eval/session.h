/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_SESSION_H
#define TALLY_EVAL_SESSION_H

/* One evaluation: the files are read, every subject's result is computed and
 * written, published results are compared.
 *
 * One file that is sorted by subject is read twice: once to see that it is
 * sorted, once to evaluate subject by subject, so that memory is bounded by the
 * largest subject. Otherwise all events are gathered first. Both give the same
 * output to the byte. */

#include <stdio.h>

#include "eval/expect.h"
#include "eval/plan.h"
#include "eval/results.h"

typedef struct tally_session tally_session;

typedef struct tally_session_options {
    const struct tally_policy *policy;
    tally_plan_options reads;
    const char *as_of;   /* NULL: the end of the last event's day */
    const char *subject; /* NULL: all */
    tally_results_format format;
    uint64_t row_limit; /* of the table and of statements; 0: none */
    bool is_strict;     /* stop at the first refused row */
    bool explains;      /* statements instead of rows */
    bool lists_misses;  /* rows whose published result differs, instead of rows */
    bool shows_progress;
    FILE *out;   /* results */
    FILE *notes; /* refusals and remarks; NULL: none */
    /* Called once, when the as-of is known and before anything is written. */
    void (*begin)(void *context, const tally_session *session);
    void *begin_context;
} tally_session_options;

/* Make ready: plan, look-ups. TALLY_E_INVALID: the options make no sense
 * (is_usage tells), or a file does not fit; TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_session_new(tally_session **out_session,
                                            const tally_session_options *options, bool *is_usage,
                                            tally_err *err);
void tally_session_free(tally_session *session);

/* Do it. A refused row or a subject that cannot be computed is no failure;
 * tally_session_fault_count() has them. */
TALLY_MUST_CHECK tally_rc tally_session_run(tally_session *session, tally_err *err);

int64_t tally_session_as_of_ms(const tally_session *session);
uint32_t tally_session_version(const tally_session *session); /* in force at the as-of */
uint64_t tally_session_fault_count(const tally_session *session);
uint64_t tally_session_subject_count(const tally_session *session);
bool tally_session_has_stopped(const tally_session *session); /* is_strict, and a row was refused */
bool tally_session_was_streamed(const tally_session *session);
const tally_results *tally_session_results(const tally_session *session);

/* Print what was refused, by reason. */
void tally_session_print_summary(const tally_session *session);

/* The comparison lines; nothing when no file has published results. */
void tally_session_print_expectations(const tally_session *session, tally_buffer *out);

#endif
