/* SPDX-License-Identifier: Apache-2.0 */
/* One subject: history, result, statement, questions. */

#include <inttypes.h>
#include <string.h>

#include "eval/refusals.h"
#include "eval/session_internal.h"
#include "score/statement.h"
#include "util/json.h"

#define SUBJECT_BYTES_MAX ((size_t)8 << 30)

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "evaluating a subject");
}

static void tell_failure(tally_session *session, tally_text subject, const tally_err *failure)
{
    session->fault_count++;
    if (session->options.notes == NULL || session->failure_count++ >= TALLY_REFUSALS_PRINTED_MAX)
        return;
    tally_progress_clear(&session->progress);
    fprintf(session->options.notes, "subject %.*s: %s%s", TALLY_TEXT_ARGS(subject),
            failure->message, failure->line != 0 ? "" : "\n");
    if (failure->line != 0)
        fprintf(session->options.notes, " (policy line %" PRIu32 ")\n", failure->line);
}

static bool has_room_to_explain(const tally_session *session)
{
    return session->options.row_limit == 0 || session->explained_count < session->options.row_limit;
}

/* Indented JSON on one line: a line feed within a string is always escaped. */
static size_t put_on_one_line(char *text, size_t count)
{
    size_t kept = 0;
    bool is_indent = false;

    for (size_t i = 0; i < count; i++) {
        is_indent = text[i] == '\n' || (is_indent && text[i] == ' ');
        if (!is_indent)
            text[kept++] = text[i];
    }
    text[kept++] = '\n'; /* the last line feed left room */
    return kept;
}

/* The rows of this subject that were refused, as the statement takes them. */
static tally_rc list_refused(const tally_refusals *refusals, tally_text subject, tally_arena *arena,
                             tally_statement_question *question, tally_err *err)
{
    tally_refusal *own =
        tally_arena_zalloc_array(arena, (size_t)refusals->kept_count + 1, sizeof(*own));

    if (own == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < refusals->kept_count; i++) {
        const tally_refused_row *row = &refusals->kept[i];

        if (tally_text_is_equal(row->subject, subject))
            own[question->refusal_count++] =
                (tally_refusal){ .id = row->place, .code = "refused", .message = row->message };
    }
    question->refusals = own;
    return TALLY_OK;
}

/* Write the statement in the format asked for. */
static tally_rc explain(tally_session *session, tally_text subject, const tally_history *history,
                        const tally_facts *facts, tally_arena *arena, tally_err *err)
{
    tally_statement_question question = {
        .policy = session->policy,
        .history = history,
        .facts = facts,
        .subject = subject,
        .as_of_ms = session->as_of_ms,
        .tokens = session->sources.shared.tokens,
    };
    tally_statement *statement = NULL;
    char *text = NULL;
    size_t count = 0;
    bool is_json = session->options.format == TALLY_RESULTS_JSON;
    tally_rc rc = list_refused(&session->sources.refusals, subject, arena, &question, err);

    if (rc == TALLY_OK)
        rc = tally_statement_build(&statement, &question, err);
    if (rc == TALLY_OK)
        rc = is_json ? tally_statement_render_json(statement, &text, &count, err)
                     : tally_statement_render_text(statement, &text, &count, NULL, err);
    if (rc == TALLY_OK && is_json && count != 0)
        count = put_on_one_line(text, count);
    if (rc == TALLY_OK) {
        if (session->explained_count++ != 0 && !is_json)
            fputc('\n', session->options.out);
        if (fwrite(text, 1, count, session->options.out) != count)
            rc = tally_err_set(err, TALLY_E_IO, 0, "the statement could not be written");
    }
    tally_statement_free_text(text);
    tally_statement_free(statement);
    return rc;
}

/* ---- questions ------------------------------------------------------------------- */

static void write_miss(tally_session *session, const char *path, uint32_t line, tally_text subject,
                       tally_text computed, tally_text published)
{
    FILE *out = session->options.out;
    tally_buffer row;

    tally_buffer_init(&row, (size_t)1 << 20);
    if (session->options.format == TALLY_RESULTS_JSON) {
        (void)tally_buffer_append_string(&row, "{\"file\":");
        tally_json_append_quoted(&row, tally_text_from(path));
        (void)tally_buffer_printf(&row, ",\"line\":%" PRIu32 ",\"subject\":", line);
        tally_json_append_quoted(&row, subject);
        (void)tally_buffer_append_string(&row, ",\"computed\":");
        tally_json_append_quoted(&row, computed);
        (void)tally_buffer_append_string(&row, ",\"published\":");
        tally_json_append_quoted(&row, published);
        (void)tally_buffer_append_string(&row, "}\n");
    } else if (session->options.format == TALLY_RESULTS_CSV) {
        if (session->miss_count == 0)
            (void)tally_buffer_append_string(&row, "file,line,subject,computed,published\n");
        tally_results_append_csv(&row, tally_text_from(path));
        (void)tally_buffer_printf(&row, ",%" PRIu32 ",", line);
        tally_results_append_csv(&row, subject);
        (void)tally_buffer_append_byte(&row, ',');
        tally_results_append_csv(&row, computed);
        (void)tally_buffer_append_byte(&row, ',');
        tally_results_append_csv(&row, published);
        (void)tally_buffer_append_byte(&row, '\n');
    } else {
        (void)tally_buffer_append_visible(&row, tally_text_from(path));
        (void)tally_buffer_printf(&row, ":%" PRIu32 ": %.*s: computed %.*s, published ", line,
                                  TALLY_TEXT_ARGS(subject), TALLY_TEXT_ARGS(computed));
        (void)tally_buffer_append_visible(&row, published);
        (void)tally_buffer_append_byte(&row, '\n');
    }
    fputs(tally_buffer_string(&row), out);
    tally_buffer_free(&row);
    session->miss_count++;
}

static void compare(tally_session *session, const tally_question *question, tally_text subject,
                    const tally_result *result)
{
    tally_text published = tally_intern_text(session->gather.published, question->published);
    uint32_t line = 0;
    const char *path;

    if (tally_expect_compare(&session->expectations[question->entry], session->policy, published,
                             result, &session->text) != TALLY_COMPARISON_DIFFERENT ||
        !session->options.lists_misses)
        return;
    path = tally_sources_place(&session->sources, question->line, &line);
    write_miss(session, path, line, subject, tally_buffer_text(&session->text), published);
}

/* Answer a question with a result of its own. */
static tally_rc ask(tally_session *session, const tally_question *question, tally_text subject,
                    const tally_history *history, const tally_facts *facts, tally_err *err)
{
    tally_arena *arena = tally_arena_new(SUBJECT_BYTES_MAX);
    tally_err failure = TALLY_ERR_INIT;
    tally_result result;
    tally_rc rc;

    if (arena == NULL)
        return no_memory(err);
    rc = tally_score_compute(session->policy, history, facts, question->as_of_ms, arena, &result,
                             &failure);
    if (rc == TALLY_OK || tally_session_is_subjects_fault(rc)) {
        compare(session, question, subject, rc == TALLY_OK ? &result : NULL);
        if (rc != TALLY_OK)
            tell_failure(session, subject, &failure);
        rc = TALLY_OK;
    } else {
        rc = tally_err_set(err, rc, failure.line, "%s", failure.message);
    }
    tally_arena_free(arena);
    return rc;
}

static tally_rc answer(tally_session *session, const tally_case *one, const tally_history *history,
                       const tally_facts *facts, const tally_result *now, int64_t only_at,
                       tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < one->question_count; i++) {
        tally_question question = session->gather.questions[one->questions[i]];

        if (question.as_of_ms == TALLY_NOTHING)
            question.as_of_ms = session->as_of_ms;
        if (only_at != TALLY_NOTHING && question.as_of_ms != only_at)
            continue;
        if (history == NULL || (now != NULL && question.as_of_ms == session->as_of_ms))
            compare(session, &question, one->subject, history != NULL ? now : NULL);
        else
            rc = ask(session, &question, one->subject, history, facts, err);
    }
    return rc;
}

/* ---- the subject -------------------------------------------------------------------- */

/* Compute and write the result; *out_result is set only if it could be computed. */
static tally_rc give_result(tally_session *session, const tally_case *one,
                            const tally_history *history, const tally_facts *facts,
                            tally_arena *arena, tally_result *out_result, bool *has_result,
                            tally_err *err)
{
    tally_err failure = TALLY_ERR_INIT;
    tally_rc rc = tally_score_compute(session->policy, history, facts, session->as_of_ms, arena,
                                      out_result, &failure);

    *has_result = rc == TALLY_OK;
    if (rc == TALLY_OK && session->options.explains && has_room_to_explain(session))
        rc = explain(session, one->subject, history, facts, arena, &failure);
    if (rc != TALLY_OK && !tally_session_is_subjects_fault(rc))
        return tally_err_set(err, rc, failure.line, "%s", failure.message);
    if (rc != TALLY_OK)
        tell_failure(session, one->subject, &failure);
    return tally_results_add(session->results, one->subject, *has_result ? out_result : NULL, err);
}

tally_rc tally_session_judge_history(tally_session *session, const tally_case *one,
                                     const tally_history *history, const tally_facts *facts,
                                     const tally_err *failure, int64_t answers_questions_at,
                                     bool gives_result, tally_err *err)
{
    tally_arena *arena;
    tally_result result;
    bool has_result = false;
    tally_rc rc = TALLY_OK;

    if (history == NULL) {
        tell_failure(session, one->subject, failure);
        if (gives_result)
            rc = tally_results_add(session->results, one->subject, NULL, err);
        return rc == TALLY_OK ? answer(session, one, NULL, facts, NULL, answers_questions_at, err)
                              : rc;
    }
    arena = tally_arena_new(SUBJECT_BYTES_MAX);
    if (arena == NULL)
        return no_memory(err);
    if (gives_result)
        rc = give_result(session, one, history, facts, arena, &result, &has_result, err);
    if (rc == TALLY_OK)
        rc = answer(session, one, history, facts, has_result ? &result : NULL, answers_questions_at,
                    err);
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_session_judge(tally_session *session, const tally_case *one, tally_err *err)
{
    tally_arena *arena = tally_arena_new(SUBJECT_BYTES_MAX);
    tally_err failure = TALLY_ERR_INIT;
    tally_history history;
    tally_rc rc;

    if (arena == NULL)
        return no_memory(err);
    session->judged = one->subject;
    session->slices.keeps_ids = session->options.explains && has_room_to_explain(session);
    rc = tally_slices_history(&session->slices, one->events, one->event_count, arena, &history,
                              &failure);
    if (rc == TALLY_OK || tally_session_is_subjects_fault(rc))
        rc = tally_session_judge_history(session, one, rc == TALLY_OK ? &history : NULL, NULL,
                                         &failure, TALLY_NOTHING, true, err);
    else
        rc = tally_err_set(err, rc, failure.line, "%s", failure.message);
    tally_arena_free(arena);
    return rc;
}
