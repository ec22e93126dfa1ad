/* SPDX-License-Identifier: Apache-2.0 */
/* Reading in one of two ways, and what frames the evaluation. */

#include "eval/session.h"

#include <inttypes.h>
#include <string.h>

#include "admission/admission.h"
#include "eval/reader.h"
#include "eval/session_internal.h"
#include "util/alloc.h"

#define ARENA_BYTES_MAX    ((size_t)256 << 20)
#define TEXT_BYTES_MAX     ((size_t)64 << 30)
#define WAITING_MAX        ((size_t)4096)       /* streamed subjects judged at once ... */
#define WAITING_EVENTS_MAX ((size_t)65536)      /* ... or as many as have these events */
#define NOTED_BYTES        ((uint64_t)64 << 20) /* memory worth a remark */
#define TOKEN_BYTES_KEPT   ((size_t)32 << 20)   /* of subjects that are done */

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "evaluating");
}

/* A record that turned out to be refused when its subject was put together. */
static void refuse_late(void *context, uint32_t line, const char *reason, tally_text id,
                        tally_text message)
{
    tally_session *session = context;
    uint32_t line_in_file = 0;
    const char *path = tally_sources_place(&session->sources, line, &line_in_file);

    if (session->refuses_silently)
        return;
    tally_progress_clear(&session->progress);
    tally_refusals_add(&session->sources.refusals, session->judged, path,
                       (tally_row_place){ line_in_file, 1 }, reason, "%.*s: %.*s", TALLY_TEXT_ARGS(id), TALLY_TEXT_ARGS(message));
}

/* ---- making ready -------------------------------------------------------------- */

static tally_rc check_expectations(tally_session *session, tally_err *err)
{
    for (uint32_t i = 0; i < session->plan.entry_count; i++) {
        const tally_read *read = &session->plan.entries[i].read;

        if (read->expect_column.count == 0)
            continue;
        if (!tally_expect_is_result(session->policy, read->expect_result))
            return tally_err_set(err, TALLY_E_INVALID, 0, "`%.*s` is no result of this policy",
                                 TALLY_TEXT_ARGS(read->expect_result));
        session->expectations[i].read = read;
    }
    return TALLY_OK;
}

static tally_rc read_as_of(tally_session *session, tally_err *err)
{
    tally_dates dates;
    tally_err cause = TALLY_ERR_INIT;

    session->as_of_ms = TALLY_NOTHING;
    if (session->options.as_of == NULL)
        return TALLY_OK;
    tally_dates_start(&dates, session->policy);
    if (tally_dates_read_as_of(&dates, tally_text_from(session->options.as_of), TALLY_DATE_RFC3339,
                               &session->as_of_ms, &cause) != TALLY_OK)
        return tally_err_set(err, TALLY_E_INVALID, 0, "--as-of %s: %s", session->options.as_of,
                             cause.message);
    return TALLY_OK;
}

static bool zone_is_each_events_own(const struct tally_policy *policy)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        if (policy->versions[v].zone == TALLY_NO_INDEX)
            return true;
    }
    return false;
}

static tally_rc start_gather(tally_session *session, tally_err *err)
{
    bool has_ids = false, has_recorded = false;
    uint32_t slot_count = 0;

    for (uint32_t i = 0; i < session->plan.entry_count; i++) {
        const tally_entry_reader *reader = session->sources.readers[i];

        has_ids |= tally_entry_reader_has_ids(reader);
        has_recorded |= tally_entry_reader_has_recorded(reader);
        if (tally_entry_reader_slots(reader) > slot_count)
            slot_count = tally_entry_reader_slots(reader);
    }
    return tally_gather_start(&session->gather, has_ids, has_recorded,
                              zone_is_each_events_own(session->policy), slot_count, err);
}

static tally_rc make_ready(tally_session *session, bool *is_usage, tally_err *err)
{
    tally_rc rc = tally_plan_make(&session->plan, session->policy, &session->options.reads,
                                  session->arena, err);

    if (rc == TALLY_OK) {
        session->expectations =
            tally_alloc_zeroed((session->plan.entry_count + 1u) * sizeof(*session->expectations));
        rc = session->expectations != NULL ? read_as_of(session, err) : no_memory(err);
    }
    if (rc == TALLY_OK)
        rc = check_expectations(session, err);
    *is_usage = rc == TALLY_E_INVALID;
    if (rc != TALLY_OK)
        return rc;
    session->sources_are_started = true;
    rc = tally_sources_start(&session->sources, &session->plan, session->policy, err);
    session->sources.is_strict = session->options.is_strict;
    session->sources.progress = &session->progress;
    if (rc == TALLY_OK)
        rc = start_gather(session, err);
    tally_slices_start(&session->slices, session->policy, &session->gather,
                       &session->sources.shared, &session->refuse);
    return rc;
}

tally_rc tally_session_new(tally_session **out_session, const tally_session_options *options,
                           bool *is_usage, tally_err *err)
{
    tally_session *session = tally_alloc_zeroed(sizeof(*session));
    tally_rc rc;

    *is_usage = false;
    if (session == NULL)
        return no_memory(err);
    session->options = *options;
    session->policy = options->policy;
    session->refuse = (tally_slice_refuse){ session, refuse_late };
    session->wanted = tally_text_from(options->subject);
    tally_buffer_init(&session->text, (size_t)1 << 20);
    tally_buffer_init(&session->current, TALLY_ROW_BYTES_MAX);
    tally_buffer_init(&session->waiting_texts, WAITING_MAX * TALLY_ROW_BYTES_MAX);
    tally_progress_start(&session->progress, stderr, options->shows_progress);
    session->arena = tally_arena_new(ARENA_BYTES_MAX);
    rc = session->arena != NULL ? make_ready(session, is_usage, err) : no_memory(err);
    if (rc == TALLY_OK && options->explains &&
        !tally_refusals_keep(&session->sources.refusals, session->wanted, session->arena))
        rc = no_memory(err);
    if (rc != TALLY_OK) {
        tally_session_free(session);
        return rc;
    }
    *out_session = session;
    return TALLY_OK;
}

void tally_session_free(tally_session *session)
{
    if (session == NULL)
        return;
    tally_progress_clear(&session->progress);
    if (session->sources_are_started)
        tally_sources_stop(&session->sources);
    tally_slices_stop(&session->slices);
    tally_gather_stop(&session->gather);
    tally_subjects_free(session->subjects);
    tally_results_free(session->results);
    tally_release(session->expectations);
    tally_release(session->counting);
    tally_release(session->waiting);
    tally_buffer_free(&session->waiting_texts);
    tally_bulk_stop(&session->bulk);
    tally_buffer_free(&session->text);
    tally_buffer_free(&session->current);
    tally_arena_free(session->arena);
    tally_release(session);
}

/* ---- the as-of and what begins with it --------------------------------------------- */

static void note_event(tally_session *session, const tally_entry_event *event)
{
    if (event->has_event && (!session->has_event || event->at_ms > session->latest_at_ms)) {
        session->latest_at_ms = event->at_ms;
        session->has_event = true;
    }
}

static tally_rc begin(tally_session *session, tally_err *err)
{
    FILE *rows =
        session->options.lists_misses || session->options.explains ? NULL : session->options.out;
    tally_rc rc;

    if (session->as_of_ms == TALLY_NOTHING && !session->has_event)
        session->as_of_ms = tally_dates_end_of_day(&session->sources.shared.dates, 0);
    else if (session->as_of_ms == TALLY_NOTHING)
        session->as_of_ms =
            tally_dates_end_of_day(&session->sources.shared.dates, session->latest_at_ms);
    session->version = session->policy->version_count - 1;
    while (session->version > 0 &&
           session->policy->versions[session->version].from_ms > session->as_of_ms)
        session->version--;
    if (session->options.begin != NULL)
        session->options.begin(session->options.begin_context, session);
    rc = tally_results_new(&session->results, session->policy, session->version,
                           session->options.format, session->options.row_limit, rows, err);
    return rc == TALLY_OK ? tally_bulk_start(&session->bulk, session, err) : rc;
}

static bool is_wanted(const tally_session *session, tally_text subject)
{
    return session->wanted.count == 0 || tally_text_is_equal(session->wanted, subject);
}

static tally_rc add(tally_session *session, uint32_t entry, const tally_entry_event *event,
                    uint32_t subject, uint32_t line, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (event->has_event)
        rc = tally_gather_add_event(&session->gather, event, subject, line, err);
    if (rc == TALLY_OK && event->has_question)
        rc = tally_gather_add_question(&session->gather, event, subject, line, entry, err);
    return rc;
}

/* ---- subject by subject ---------------------------------------------------------------- */

/* First pass: do subjects ascend, and which is the latest event? */
static tally_rc take_to_look(void *context, uint32_t entry, const tally_entry_event *event,
                             uint32_t line, bool *stop, tally_err *err)
{
    tally_session *session = context;
    int order = session->has_current
                    ? tally_id_compare(tally_buffer_text(&session->current), event->subject)
                    : -1;

    (void)entry;
    (void)line;
    note_event(session, event);
    if (order > 0) {
        session->was_streamed = false;
        *stop = true;
    } else if (order < 0) {
        tally_buffer_truncate(&session->current, 0);
        session->has_current = true;
        if (tally_buffer_append_text(&session->current, event->subject) != TALLY_OK)
            return no_memory(err);
    }
    return TALLY_OK;
}

/* Indexes 0, 1, 2 … for a subject that is alone in the gather. */
static tally_rc count_up(tally_session *session, size_t count, tally_err *err)
{
    size_t room = count + count / 2 + 64;
    uint32_t *counting;

    if (count <= session->counting_room)
        return TALLY_OK;
    counting = tally_realloc_array(session->counting, room, sizeof(*counting));
    if (counting == NULL)
        return no_memory(err);
    for (size_t i = session->counting_room; i < room; i++)
        counting[i] = (uint32_t)i;
    session->counting = counting;
    session->counting_room = room;
    return TALLY_OK;
}

/* Judge the subjects that wait and forget their events. */
static tally_rc judge_waiting(tally_session *session, tally_err *err)
{
    tally_gather *gather = &session->gather;
    size_t most = gather->count > gather->question_count ? gather->count : gather->question_count;
    tally_rc rc = count_up(session, most, err);

    for (size_t i = 0; rc == TALLY_OK && i < session->waiting_count; i++) {
        const tally_waiting *from = &session->waiting[i];
        const tally_waiting *to = from + 1; /* one more is always there */

        rc = tally_bulk_add(
            &session->bulk,
            &(tally_case){
                tally_text_slice(tally_buffer_text(&session->waiting_texts), from->text, to->text),
                session->counting + from->event, (uint32_t)(to->event - from->event),
                session->counting + from->question, (uint32_t)(to->question - from->question) },
            err);
    }
    if (rc == TALLY_OK)
        rc = tally_bulk_flush(&session->bulk, err);
    if (rc == TALLY_OK)
        rc = tally_gather_reset(gather, err);
    session->waiting_count = 0;
    tally_buffer_truncate(&session->waiting_texts, 0);
    if (rc == TALLY_OK && tally_intern_used_bytes(session->sources.shared.tokens) +
                                  tally_intern_used_bytes(session->sources.shared.ids.texts) >
                              TOKEN_BYTES_KEPT)
        rc = tally_sources_forget(&session->sources, err);
    return rc;
}

static tally_rc mark_waiting(tally_session *session, tally_err *err)
{
    if (session->waiting_count + 2 > session->waiting_room) {
        size_t room = session->waiting_room * 2 + 64;
        tally_waiting *waiting = tally_realloc_array(session->waiting, room, sizeof(*waiting));

        if (waiting == NULL)
            return no_memory(err);
        session->waiting = waiting;
        session->waiting_room = room;
    }
    session->waiting[session->waiting_count] =
        (tally_waiting){ tally_buffer_text(&session->waiting_texts).count, session->gather.count,
                         session->gather.question_count };
    return TALLY_OK;
}

/* The subject at hand is complete: it waits until there are enough of them. */
static tally_rc finish_current(tally_session *session, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (!session->has_current)
        return TALLY_OK;
    session->has_current = false;
    if (is_wanted(session, tally_buffer_text(&session->current))) {
        if (session->waiting_count == 0)
            session->waiting[0] = (tally_waiting){ 0, 0, 0 };
        if (tally_buffer_append_text(&session->waiting_texts,
                                     tally_buffer_text(&session->current)) != TALLY_OK)
            return no_memory(err);
        session->waiting_count++;
        rc = mark_waiting(session, err);
    }
    if (rc == TALLY_OK &&
        (session->waiting_count >= WAITING_MAX || session->gather.count >= WAITING_EVENTS_MAX ||
         session->gather.question_count >= WAITING_EVENTS_MAX))
        rc = judge_waiting(session, err);
    return rc;
}

static tally_rc take_streamed(void *context, uint32_t entry, const tally_entry_event *event,
                              uint32_t line, bool *stop, tally_err *err)
{
    tally_session *session = context;
    tally_text current = tally_buffer_text(&session->current);
    tally_rc rc = TALLY_OK;

    (void)stop;
    if (!session->has_current || !tally_text_is_equal(current, event->subject)) {
        if (session->has_current && tally_id_compare(current, event->subject) > 0)
            return tally_err_set(err, TALLY_E_IO, 0, "the file changed while it was read");
        rc = finish_current(session, err);
        tally_buffer_truncate(&session->current, 0);
        session->has_current = true;
        if (rc == TALLY_OK)
            rc = tally_buffer_append_text(&session->current, event->subject);
    }
    return rc == TALLY_OK && is_wanted(session, event->subject)
               ? add(session, entry, event, 0, line, err)
               : rc;
}

/* One file that can be read twice and holds ascending subjects. */
static tally_rc look_whether_sorted(tally_session *session, tally_err *err)
{
    const tally_sources_sink sink = { session, take_to_look };
    uint32_t count = 0;
    tally_rc rc;

    for (uint32_t i = 0; i < session->plan.file_count; i++) {
        tally_input *input = NULL;

        if (session->plan.files[i].entry_count == 0)
            continue;
        if (strcmp(session->plan.files[i].path, "-") == 0)
            return TALLY_OK;
        rc = tally_input_open(&input, session->plan.files[i].path, err);
        if (rc != TALLY_OK)
            return rc;
        count += tally_input_is_rereadable(input) ? 1 : 2;
        tally_input_close(input);
    }
    if (count != 1 || tally_admission_is_needed(session->policy))
        return TALLY_OK;
    session->was_streamed = true;
    rc = tally_sources_run(&session->sources, &sink, NULL, err);
    session->has_current = false;
    tally_buffer_truncate(&session->current, 0);
    if (session->sources.has_stopped)
        session->was_streamed = false; /* gathering stops there again, and says so */
    if (rc == TALLY_OK && !session->was_streamed)
        session->has_event = false;
    return rc;
}

static tally_rc stream(tally_session *session, tally_err *err)
{
    const tally_sources_sink sink = { session, take_streamed };
    tally_rc rc = begin(session, err);

    if (rc == TALLY_OK)
        rc = mark_waiting(session, err);
    if (rc == TALLY_OK)
        rc = tally_sources_run(&session->sources, &sink, session->options.notes, err);
    if (rc == TALLY_OK && !session->sources.has_stopped)
        rc = finish_current(session, err);
    if (rc == TALLY_OK && !session->sources.has_stopped)
        rc = judge_waiting(session, err);
    return rc;
}

/* ---- all at once ------------------------------------------------------------------------ */

static tally_rc take_gathered(void *context, uint32_t entry, const tally_entry_event *event,
                              uint32_t line, bool *stop, tally_err *err)
{
    tally_session *session = context;
    uint32_t subject = 0;
    tally_rc rc;

    (void)stop;
    note_event(session, event);
    /* An admission pass looks at everybody. */
    if (!is_wanted(session, event->subject) && !tally_admission_is_needed(session->policy))
        return TALLY_OK;
    rc = tally_subjects_add(session->subjects, &subject, event->subject, err);
    return rc == TALLY_OK ? add(session, entry, event, subject, line, err) : rc;
}

static tally_rc judge_all(tally_session *session, tally_err *err)
{
    uint32_t count = tally_subjects_count(session->subjects);
    uint32_t *order = NULL, *starts = NULL, *events = NULL;
    uint32_t *question_starts = NULL, *questions = NULL;
    tally_rc rc = tally_subjects_order(session->subjects, &order, err);

    if (rc == TALLY_OK)
        rc = tally_gather_group(&session->gather, count, &starts, &events, err);
    if (rc == TALLY_OK)
        rc = tally_gather_group_questions(&session->gather, count, &question_starts, &questions,
                                          err);
    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++) {
        char room[TALLY_SUBJECT_ROOM_BYTES];
        uint32_t s = order[i];

        rc = tally_bulk_add(&session->bulk,
                            &(tally_case){ tally_subjects_text(session->subjects, room, s),
                                           events + starts[s], starts[s + 1] - starts[s],
                                           questions + question_starts[s],
                                           question_starts[s + 1] - question_starts[s] },
                            err);
        tally_progress_tell(&session->progress, "evaluating", i, count);
    }
    if (rc == TALLY_OK)
        rc = tally_bulk_flush(&session->bulk, err);
    tally_release(order);
    tally_release(starts);
    tally_release(events);
    tally_release(question_starts);
    tally_release(questions);
    return rc;
}

/* Say once that much memory was needed, and why. */
static void note_memory(const tally_session *session)
{
    uint64_t bytes = (uint64_t)session->gather.room * session->gather.layout.words *
                     sizeof(*session->gather.words);

    if (session->options.notes == NULL || bytes < NOTED_BYTES)
        return;
    fprintf(session->options.notes,
            "not one file sorted by subject: all %zu events are held in memory, %" PRIu64 " MiB\n",
            session->gather.count, bytes >> 20);
}

static tally_rc gather(tally_session *session, tally_err *err)
{
    const tally_sources_sink sink = { session, take_gathered };
    tally_rc rc = tally_subjects_new(&session->subjects, TEXT_BYTES_MAX, err);

    if (rc == TALLY_OK)
        rc = tally_sources_run(&session->sources, &sink, session->options.notes, err);
    if (rc != TALLY_OK || session->sources.has_stopped)
        return rc;
    tally_progress_clear(&session->progress);
    note_memory(session);
    rc = begin(session, err);
    if (rc != TALLY_OK)
        return rc;
    return tally_admission_is_needed(session->policy) ? tally_session_admit(session, err)
                                                      : judge_all(session, err);
}

tally_rc tally_session_run(tally_session *session, tally_err *err)
{
    tally_rc rc = look_whether_sorted(session, err);

    if (rc == TALLY_OK)
        rc = session->was_streamed ? stream(session, err) : gather(session, err);
    tally_progress_clear(&session->progress);
    if (rc == TALLY_OK && session->results != NULL && !session->sources.has_stopped)
        rc = tally_results_finish(session->results, err);
    return rc;
}

/* ---- what came of it ---------------------------------------------------------------------- */

int64_t tally_session_as_of_ms(const tally_session *session)
{
    return session->as_of_ms;
}

uint32_t tally_session_version(const tally_session *session)
{
    return session->version;
}

uint64_t tally_session_fault_count(const tally_session *session)
{
    return session->fault_count + session->sources.refusals.count;
}

uint64_t tally_session_subject_count(const tally_session *session)
{
    return session->results != NULL ? tally_results_count(session->results) : 0;
}

bool tally_session_has_stopped(const tally_session *session)
{
    return session->sources.has_stopped;
}

bool tally_session_was_streamed(const tally_session *session)
{
    return session->was_streamed;
}

const tally_results *tally_session_results(const tally_session *session)
{
    return session->results;
}

void tally_session_print_summary(const tally_session *session)
{
    uint64_t failed = session->failure_count;

    if (failed > TALLY_REFUSALS_PRINTED_MAX)
        fprintf(session->options.notes, "\u2026 and %" PRIu64 " more subjects not computed\n",
                failed - TALLY_REFUSALS_PRINTED_MAX);
    tally_refusals_print_summary(&session->sources.refusals, session->sources.row_count);
}

void tally_session_print_expectations(const tally_session *session, tally_buffer *out)
{
    tally_expect_print(session->expectations, session->plan.entry_count, session->policy, out);
}
