/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of scoring: a subject's records as texts, results and
 * statements on demand. */

#include "tally/score.h"

#include "score/statement.h"

#define RECORDS_MAX       1000000u
#define RECORD_BYTES_MAX  ((size_t)1 << 30)
#define HISTORY_BYTES_MAX ((size_t)2 << 30)
#define TOKEN_BYTES_MAX   ((size_t)512 << 20)

struct tally_subject {
    tally_arena *arena; /* this, and the records' texts */
    const tally_policy *policy;
    tally_text name;
    uint32_t count, room;
    tally_record *records;
    /* What was asked last; freed by the next call. */
    tally_arena *asked;
    tally_intern *tokens;
    tally_history history;
    uint32_t refusal_count;
    const tally_refusal *refusals;
};

tally_rc tally_subject_new(tally_subject **out_subject, const tally_policy *policy,
                           const char *name, tally_err *err)
{
    tally_arena *arena;
    tally_subject *subject = NULL;

    TALLY_ASSERT(out_subject != NULL && policy != NULL && name != NULL);
    arena = tally_arena_new(RECORD_BYTES_MAX);
    if (arena != NULL)
        subject = tally_arena_zalloc(arena, sizeof(*subject));
    if (subject == NULL || !tally_arena_copy_text(arena, &subject->name, tally_text_from(name))) {
        tally_arena_free(arena);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a subject");
    }
    subject->arena = arena;
    subject->policy = policy;
    *out_subject = subject;
    return TALLY_OK;
}

static void forget_answers(tally_subject *subject)
{
    tally_arena_free(subject->asked);
    tally_intern_free(subject->tokens);
    subject->asked = NULL;
    subject->tokens = NULL;
    subject->refusal_count = 0;
    subject->refusals = NULL;
}

void tally_subject_free(tally_subject *subject)
{
    if (subject == NULL)
        return;
    forget_answers(subject);
    tally_arena_free(subject->arena);
}

static tally_rc no_memory(const tally_arena *arena, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(arena), 0,
                         "a subject's records need more memory than they may use");
}

static tally_rc make_room(tally_subject *subject, tally_err *err)
{
    uint32_t room = subject->room == 0 ? 16 : 2 * subject->room;
    tally_record *records;

    if (subject->count < subject->room)
        return TALLY_OK;
    if (subject->count >= RECORDS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a subject has at most %u records",
                             RECORDS_MAX);
    records = tally_arena_zalloc_array(subject->arena, room, sizeof(*records));
    if (records == NULL)
        return no_memory(subject->arena, err);
    if (subject->count > 0)
        memcpy(records, subject->records, subject->count * sizeof(*records));
    subject->records = records;
    subject->room = room;
    return TALLY_OK;
}

static tally_rc read_times(const tally_subject *subject, const tally_subject_record *given,
                           tally_record *record, tally_err *err)
{
    tally_text recorded = tally_text_from(given->recorded);
    tally_moment moment;
    tally_rc rc = tally_time_parse(&moment, tally_text_from(given->at), TALLY_TIME_RFC3339, err);

    if (rc != TALLY_OK)
        return rc;
    record->at_ms = tally_score_moment_ms(subject->policy, moment);
    record->offset_s = moment.has_offset ? moment.offset_s : 0;
    record->recorded_ms = TALLY_NOTHING;
    if (recorded.count == 0)
        return TALLY_OK;
    rc = tally_time_parse(&moment, recorded, TALLY_TIME_RFC3339, err);
    if (rc == TALLY_OK)
        record->recorded_ms = tally_score_moment_ms(subject->policy, moment);
    return rc;
}

tally_rc tally_subject_add(tally_subject *subject, const tally_subject_record *given,
                           tally_err *err)
{
    tally_record record = { .field_count = (uint32_t)given->field_count };
    tally_record_text *fields;
    tally_rc rc = read_times(subject, given, &record, err);

    if (rc == TALLY_OK && given->field_count > RECORDS_MAX)
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "a record has too many fields");
    if (rc == TALLY_OK)
        rc = make_room(subject, err);
    if (rc != TALLY_OK)
        return rc;
    fields = tally_arena_zalloc_array(subject->arena, given->field_count + 1, sizeof(*fields));
    if (fields == NULL ||
        !tally_arena_copy_text(subject->arena, &record.type, tally_text_from(given->type)) ||
        !tally_arena_copy_text(subject->arena, &record.id, tally_text_from(given->id)))
        return no_memory(subject->arena, err);
    for (size_t i = 0; i < given->field_count; i++) {
        if (!tally_arena_copy_text(subject->arena, &fields[i].name,
                                   tally_text_from(given->fields[i].name)) ||
            !tally_arena_copy_text(subject->arena, &fields[i].value,
                                   tally_text_from(given->fields[i].value)))
            return no_memory(subject->arena, err);
    }
    record.fields = fields;
    forget_answers(subject);
    subject->records[subject->count++] = record;
    return TALLY_OK;
}

static tally_rc build_history(tally_subject *subject, tally_err *err)
{
    tally_history_builder *builder;
    tally_rc rc;

    forget_answers(subject);
    subject->asked = tally_arena_new(HISTORY_BYTES_MAX);
    subject->tokens = tally_intern_new(TOKEN_BYTES_MAX, 0);
    if (subject->asked == NULL || subject->tokens == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a subject's records");
    rc = tally_history_builder_new(&builder, subject->policy, subject->asked, subject->tokens, err);
    for (uint32_t i = 0; i < subject->count && rc == TALLY_OK; i++)
        rc = tally_history_builder_add(builder, &subject->records[i], err);
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, &subject->history, &subject->refusals,
                                          &subject->refusal_count, err);
    return rc;
}

static tally_rc read_as_of(const tally_subject *subject, const char *text, int64_t *out_as_of_ms,
                           tally_err *err)
{
    tally_moment moment;
    tally_rc rc = tally_time_parse(&moment, tally_text_from(text), TALLY_TIME_RFC3339, err);

    if (rc == TALLY_OK)
        *out_as_of_ms = moment.has_time ? tally_score_moment_ms(subject->policy, moment)
                                        : tally_score_end_of_day(subject->policy, moment.day);
    return rc;
}

static const char *state_name(tally_score_state state)
{
    return state == TALLY_STATE_SCORE       ? "scored"
           : state == TALLY_STATE_NO_RATING ? "no rating"
                                            : "no score";
}

/* Names in a compiled policy need not end in NUL. */
static const char *keep_name(tally_subject *subject, tally_text name)
{
    tally_text copy;

    return tally_arena_copy_text(subject->asked, &copy, name) ? copy.bytes : NULL;
}

tally_rc tally_subject_compute(tally_subject *subject, const char *as_of,
                               tally_subject_result *out_result, tally_err *err)
{
    tally_subject_result told = { .tier = "", .grade = "" };
    const tally_version *rules;
    tally_result result;
    int64_t as_of_ms;
    tally_rc rc = read_as_of(subject, as_of, &as_of_ms, err);

    if (rc == TALLY_OK)
        rc = build_history(subject, err);
    if (rc == TALLY_OK)
        rc = tally_score_compute(subject->policy, &subject->history, NULL, as_of_ms,
                                 subject->asked, &result, err);
    if (rc != TALLY_OK)
        return rc;
    rules = &subject->policy->versions[result.version];
    told.state = state_name(result.state);
    told.has_score = result.state == TALLY_STATE_SCORE;
    told.score = result.score;
    told.shown = result.shown;
    told.points_decimals = subject->policy->points_decimals;
    if (result.has_tiers)
        told.tier = keep_name(subject, result.tier == TALLY_NO_INDEX
                                           ? rules->moves.none
                                           : rules->tiers[result.tier].name);
    if (result.has_grade)
        told.grade = keep_name(subject, result.grade == TALLY_NO_INDEX
                                            ? TALLY_TEXT("no grade")
                                            : subject->policy->versions[result.grade_version]
                                                  .grade.labels->words[result.grade]);
    if (told.tier == NULL || told.grade == NULL)
        return no_memory(subject->asked, err);
    *out_result = told;
    return TALLY_OK;
}

tally_rc tally_subject_statement(tally_subject *subject, const char *as_of,
                                 tally_statement **out_statement, tally_err *err)
{
    tally_statement_question question = { .policy = subject->policy, .subject = subject->name };
    tally_rc rc = read_as_of(subject, as_of, &question.as_of_ms, err);

    if (rc == TALLY_OK)
        rc = build_history(subject, err);
    if (rc != TALLY_OK)
        return rc;
    question.history = &subject->history;
    question.tokens = subject->tokens;
    question.refusal_count = subject->refusal_count;
    question.refusals = subject->refusals;
    return tally_statement_build(out_statement, &question, err);
}

size_t tally_subject_refusal_count(const tally_subject *subject)
{
    return subject->refusal_count;
}

tally_subject_refusal tally_subject_refusal_get(const tally_subject *subject, size_t index)
{
    const tally_refusal *refusal;

    TALLY_ASSERT(index < subject->refusal_count);
    refusal = &subject->refusals[index];
    return (tally_subject_refusal){ .record = refusal->input_index,
                                    .id = refusal->id.bytes != NULL ? refusal->id.bytes : "",
                                    .code = refusal->code,
                                    .message = refusal->message.bytes };
}
