/* SPDX-License-Identifier: Apache-2.0 */
/* A programme with an admission section: every record goes through the pass as
 * a loose record, and what comes out is judged subject by subject. What is known
 * differs from instant to instant, so the pass is run once per as-of asked. */

#include <stdlib.h>

#include "admission/admission.h"
#include "eval/session_internal.h"
#include "util/alloc.h"

#define PASS_BYTES_MAX ((size_t)64 << 30)

typedef struct pass {
    tally_session *session;
    tally_programme_record *records;
    uint32_t *lines; /* of records, by input_index */
    uint32_t count;
    uint32_t *question_starts, *questions; /* by subject */
    uint32_t question_subjects;            /* subjects known when these were made */
} pass;

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "deciding on admission");
}

/* All gathered events as records with their subjects. */
static tally_rc collect(pass *work, tally_arena *arena, tally_err *err)
{
    tally_session *session = work->session;
    tally_rc rc = TALLY_OK;

    work->count = (uint32_t)session->gather.count;
    work->records = tally_arena_zalloc_array(arena, work->count + 1u, sizeof(*work->records));
    work->lines = tally_arena_zalloc_array(arena, work->count + 1u, sizeof(*work->lines));
    if (work->records == NULL || work->lines == NULL)
        return no_memory(err);
    for (uint32_t i = 0; rc == TALLY_OK && i < work->count; i++) {
        const uint64_t *event = tally_gather_event(&session->gather, i);
        char room[TALLY_SUBJECT_ROOM_BYTES];
        tally_text subject =
            tally_subjects_text(session->subjects, room, tally_gather_subject(event));

        work->lines[i] = tally_gather_line(event);
        work->records[i].input_index = i;
        rc = tally_slices_record(&session->slices, i, arena, &work->records[i].record, err);
        if (rc == TALLY_OK && !tally_arena_copy_text(arena, &work->records[i].subject, subject))
            rc = no_memory(err);
    }
    return rc;
}

/* One subject's admitted records, judged. */
static tally_rc judge_one(pass *work, const tally_admission *admission, uint32_t subject,
                          const uint32_t *indexes, uint32_t count, int64_t known_ms,
                          bool gives_result, tally_err *err)
{
    tally_session *session = work->session;
    tally_arena *arena = tally_arena_new(PASS_BYTES_MAX);
    char room[TALLY_SUBJECT_ROOM_BYTES];
    tally_case one = { .subject = tally_subjects_text(session->subjects, room, subject) };
    tally_err failure = TALLY_ERR_INIT;
    tally_history history;
    tally_record *records;
    uint32_t *lines;
    tally_rc rc;

    if (subject < work->question_subjects) {
        one.questions = work->questions + work->question_starts[subject];
        one.question_count = work->question_starts[subject + 1] - work->question_starts[subject];
    }
    if (arena == NULL)
        return no_memory(err);
    records = tally_arena_zalloc_array(arena, count + 1u, sizeof(*records));
    lines = tally_arena_zalloc_array(arena, count + 1u, sizeof(*lines));
    if (records == NULL || lines == NULL) {
        tally_arena_free(arena);
        return no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        records[i] = admission->records[indexes[i]].record;
        lines[i] = work->lines[admission->records[indexes[i]].input_index];
    }
    rc = tally_slices_build(&session->slices, records, lines, count, arena, &history, &failure);
    if (rc == TALLY_OK || tally_session_is_subjects_fault(rc))
        rc = tally_session_judge_history(session, &one, rc == TALLY_OK ? &history : NULL,
                                         &admission->facts, &failure, known_ms, gives_result, err);
    else
        rc = tally_err_set(err, rc, failure.line, "%s", failure.message);
    tally_arena_free(arena);
    return rc;
}

/* The admitted records by subject; a subject may be new: somebody else's
 * counterpart. */
static tally_rc group(pass *work, const tally_admission *admission, uint32_t **out_starts,
                      uint32_t **out_order, tally_err *err)
{
    tally_subjects *subjects = work->session->subjects;
    uint32_t count = admission->record_count;
    uint32_t *of = tally_alloc_array(count + 1u, sizeof(*of));
    uint32_t *order = tally_alloc_array(count + 1u, sizeof(*order));
    uint32_t *starts = NULL;
    uint32_t subject_count;
    tally_rc rc = of != NULL && order != NULL ? TALLY_OK : no_memory(err);

    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++)
        rc = tally_subjects_add(subjects, &of[i], admission->records[i].subject, err);
    subject_count = tally_subjects_count(subjects);
    if (rc == TALLY_OK) {
        starts = tally_alloc_zeroed((subject_count + 2u) * sizeof(*starts));
        rc = starts != NULL ? TALLY_OK : no_memory(err);
    }
    if (rc != TALLY_OK) {
        tally_release(of);
        tally_release(order);
        return rc;
    }
    /* Counted two places up, so that filling leaves starts[s + 1] at s's start … */
    for (uint32_t i = 0; i < count; i++)
        starts[of[i] + 2]++;
    for (uint32_t s = 0; s < subject_count; s++)
        starts[s + 2] += starts[s + 1];
    for (uint32_t i = 0; i < count; i++)
        order[starts[of[i] + 1]++] = i; /* … and then at its end, which is s + 1's start. */
    tally_release(of);
    *out_starts = starts;
    *out_order = order;
    return TALLY_OK;
}

/* Run the pass for one as-of and judge everybody. */
static tally_rc run_at(pass *work, int64_t known_ms, bool gives_result, tally_err *err)
{
    tally_session *session = work->session;
    tally_arena *arena = tally_arena_new(PASS_BYTES_MAX);
    tally_admission admission;
    uint32_t *starts = NULL, *order = NULL, *subjects = NULL;
    tally_rc rc;

    if (arena == NULL)
        return no_memory(err);
    session->refuses_silently = !gives_result; /* every refusal was told the first time */
    rc = tally_admission_run(&admission, session->policy, work->records, work->count, known_ms,
                             session->sources.shared.tokens, arena, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < admission.refusal_count; i++) {
        session->judged = admission.refusals[i].subject;
        session->refuse.refuse(
            session->refuse.context, work->lines[admission.refusals[i].input_index],
            admission.refusals[i].code, admission.refusals[i].id, admission.refusals[i].message);
    }
    if (rc == TALLY_OK)
        rc = group(work, &admission, &starts, &order, err);
    if (rc == TALLY_OK)
        rc = tally_subjects_order(session->subjects, &subjects, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < tally_subjects_count(session->subjects); i++) {
        uint32_t s = subjects[i];
        char room[TALLY_SUBJECT_ROOM_BYTES];

        if (session->wanted.count == 0 ||
            tally_text_is_equal(session->wanted, tally_subjects_text(session->subjects, room, s)))
            rc = judge_one(work, &admission, s, order + starts[s], starts[s + 1] - starts[s],
                           known_ms, gives_result, err);
    }
    tally_release(starts);
    tally_release(order);
    tally_release(subjects);
    tally_arena_free(arena);
    return rc;
}

static int compare_instants(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Every other as-of that some question asks for, once. */
static tally_rc run_questions(pass *work, tally_err *err)
{
    const tally_session *session = work->session;
    size_t count = session->gather.question_count;
    int64_t *instants = tally_alloc_array(count + 1u, sizeof(*instants));
    tally_rc rc = instants != NULL ? TALLY_OK : no_memory(err);

    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        int64_t asked = session->gather.questions[i].as_of_ms;

        instants[i] = asked != TALLY_NOTHING ? asked : session->as_of_ms;
    }
    if (rc == TALLY_OK)
        qsort(instants, count, sizeof(*instants), compare_instants);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        if (instants[i] != session->as_of_ms && (i == 0 || instants[i] != instants[i - 1]))
            rc = run_at(work, instants[i], false, err);
    }
    tally_release(instants);
    return rc;
}

tally_rc tally_session_admit(tally_session *session, tally_err *err)
{
    tally_arena *arena = tally_arena_new(PASS_BYTES_MAX);
    pass work = { .session = session };
    tally_rc rc;

    if (arena == NULL)
        return no_memory(err);
    work.question_subjects = tally_subjects_count(session->subjects);
    rc = tally_gather_group_questions(&session->gather, work.question_subjects,
                                      &work.question_starts, &work.questions, err);
    if (rc == TALLY_OK)
        rc = collect(&work, arena, err);
    if (rc == TALLY_OK)
        rc = run_at(&work, session->as_of_ms, true, err);
    if (rc == TALLY_OK)
        rc = run_questions(&work, err);
    tally_release(work.question_starts);
    tally_release(work.questions);
    tally_arena_free(arena);
    return rc;
}
