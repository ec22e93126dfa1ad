/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_SESSION_INTERNAL_H
#define TALLY_EVAL_SESSION_INTERNAL_H

/* Shared by session.c (reading), judge.c (one subject) and admit.c (the pass
 * over a whole programme). */

#include "eval/bulk.h"
#include "eval/session.h"
#include "eval/slices.h"
#include "eval/sources.h"
#include "eval/subjects.h"

typedef struct tally_case tally_case;

/* A streamed subject that waits: where its texts, events and questions begin. */
typedef struct tally_waiting {
    size_t text, event, question;
} tally_waiting;

struct tally_session {
    tally_session_options options;
    const struct tally_policy *policy;
    tally_arena *arena;
    tally_plan plan;
    tally_sources sources;
    bool sources_are_started;
    tally_progress progress;
    tally_gather gather;
    tally_subjects *subjects; /* NULL when streamed */
    tally_slices slices;
    tally_slice_refuse refuse;
    bool refuses_silently;
    tally_text judged; /* whose records are being put together */
    tally_results *results;
    tally_expectation *expectations; /* by entry */
    tally_buffer text;               /* of one cell or line */
    tally_text wanted;               /* the only subject that matters; empty: all */
    bool has_event;
    int64_t latest_at_ms;
    int64_t as_of_ms;
    uint32_t version;
    bool was_streamed;
    uint64_t fault_count;   /* refused after reading, or not computed */
    uint64_t failure_count; /* not computed */
    uint64_t explained_count;
    uint64_t miss_count;
    tally_bulk bulk;
    /* Streaming: the subject at hand, those that are complete and wait in the
     * gather, and a count of indexes 0, 1, 2 … */
    tally_buffer current;
    bool has_current;
    tally_buffer waiting_texts;
    tally_waiting *waiting;
    size_t waiting_count, waiting_room;
    uint32_t *counting;
    size_t counting_room;
};

/* A subject to judge: indexes into the gather. */
struct tally_case {
    tally_text subject;
    const uint32_t *events;
    uint32_t event_count;
    const uint32_t *questions;
    uint32_t question_count;
};

/* Compute a subject's result and answer its questions. */
TALLY_MUST_CHECK tally_rc tally_session_judge(tally_session *session, const tally_case *one,
                                              tally_err *err);

/* The same with a history that was made elsewhere. history NULL: it could not
 * be made, for the reason in `failure`. answers_questions_at: only questions of
 * this as-of, or all (TALLY_NOTHING); gives_result: the result itself too. */
TALLY_MUST_CHECK tally_rc tally_session_judge_history(tally_session *session, const tally_case *one,
                                                      const tally_history *history,
                                                      const tally_facts *facts,
                                                      const tally_err *failure,
                                                      int64_t answers_questions_at,
                                                      bool gives_result, tally_err *err);

/* Evaluate a programme with an admission pass: all events are gathered. */
TALLY_MUST_CHECK tally_rc tally_session_admit(tally_session *session, tally_err *err);

/* Is this failure one of the subject (a number left its range, a bound), not
 * one of ours? */
static inline bool tally_session_is_subjects_fault(tally_rc rc)
{
    return rc == TALLY_E_OVERFLOW || rc == TALLY_E_LIMIT || rc == TALLY_E_INVALID ||
           rc == TALLY_E_CORRUPT;
}

#endif
