/* SPDX-License-Identifier: Apache-2.0 */
/* A statement: the result at T with everything that explains it.
 *
 * One set of answers serves it all. It knows the records known at T and is
 * opened for an instant far ahead, so that after T has been asked the search
 * for the next change goes on from there. */

#include "score/statement.h"

#define OWN_BYTES_MAX  ((size_t)512 << 20)
#define WORK_BYTES_MAX ((size_t)2 << 30)
#define TEXT_BYTES_MAX ((size_t)1 << 20)

/* What tally_statement_free() gets: the public part comes first. */
typedef struct owned_statement {
    tally_statement public;
    tally_arena *arena;
} owned_statement;

void tally_statement_free(tally_statement *statement)
{
    if (statement != NULL)
        tally_arena_free(((owned_statement *)statement)->arena);
}

static void tell_rules(tally_teller *teller)
{
    const tally_version *rules = &teller->policy->versions[teller->version];
    tally_statement *statement = teller->statement;

    statement->programme = tally_teller_keep_text(teller, teller->policy->programme);
    statement->title = tally_teller_keep_text(teller, rules->title);
    statement->contact = tally_teller_keep_text(teller, rules->contact);
    statement->version = teller->version + 1;
    statement->version_count = teller->policy->version_count;
    memcpy(statement->policy_hash, rules->hash, sizeof(statement->policy_hash));
    statement->points_decimals = teller->policy->points_decimals;
    statement->is_about_organisations = teller->policy->is_about_organisations;
}

static void tell_question(tally_teller *teller)
{
    tally_statement *statement = teller->statement;

    statement->subject = tally_teller_keep_text(teller, teller->question->subject);
    statement->as_of_ms = teller->t;
    tally_teller_day(teller, teller->t);
    statement->as_of = tally_teller_keep(teller);
}

static const char *state_name(tally_score_state state)
{
    switch (state) {
    case TALLY_STATE_SCORE:
        return "scored";
    case TALLY_STATE_NO_RATING:
        return "no rating";
    case TALLY_STATE_NO_SCORE:
        break;
    }
    return "no score";
}

static void tell_result(tally_teller *teller, const tally_result *result)
{
    const tally_version *rules = &teller->policy->versions[result->version];
    tally_statement *statement = teller->statement;

    statement->state = state_name(result->state);
    statement->has_score = result->state == TALLY_STATE_SCORE;
    statement->score = result->score;
    statement->shown = result->shown;
    statement->has_tiers = result->has_tiers;
    statement->has_tier = result->tier != TALLY_NO_INDEX;
    statement->tier = statement->tier_since = statement->tier_until = "";
    if (result->has_tiers)
        statement->tier = tally_teller_keep_text(
            teller, statement->has_tier ? rules->tiers[result->tier].name : rules->moves.none);
    if (statement->has_tier && result->tier_since_ms != TALLY_NOTHING) {
        tally_teller_day(teller, result->tier_since_ms);
        statement->tier_since = tally_teller_keep(teller);
    }
    if (statement->has_tier && result->tier_valid_until_ms != TALLY_NEVER_MS) {
        tally_teller_day(teller, result->tier_valid_until_ms - 1);
        statement->tier_until = tally_teller_keep(teller);
    }
    statement->has_grade = result->has_grade;
    statement->grade = statement->grade_day = "";
    if (result->has_grade)
        statement->grade = result->grade == TALLY_NO_INDEX
                               ? "no grade"
                               : tally_teller_keep_text(
                                     teller, teller->policy->versions[result->grade_version]
                                                 .grade.labels->words[result->grade]);
}

static tally_rc tell_reports(tally_teller *teller, const tally_result *result, tally_err *err)
{
    tally_statement *statement = teller->statement;
    tally_statement_report *reports =
        tally_arena_zalloc_array(teller->own, (size_t)result->report_count + 1, sizeof(*reports));

    if (reports == NULL)
        return tally_err_set(err, tally_arena_failure(teller->own), 0, "building a statement");
    for (uint32_t i = 0; i < result->report_count; i++) {
        const tally_report *report = &result->reports[i];

        reports[i].name = tally_teller_keep_text(teller, report->name);
        reports[i].is_nothing = report->value.a == TALLY_NOTHING;
        tally_teller_value(teller, report->type, report->decimals, report->domain, report->value,
                           report->type == TALLY_TYPE_RATIO);
        reports[i].value = tally_teller_keep(teller);
    }
    statement->report_count = result->report_count;
    statement->reports = reports;
    return TALLY_OK;
}

/* ---- the next tier, the rows of the grade --------------------------------------------- */

static bool begins_with_vowel(const char *name)
{
    return name[0] != '\0' && strchr("aeiou", name[0]) != NULL;
}

/* "you are an oak", "it is Gold". */
static void append_being(tally_teller *teller, const char *name)
{
    bool is_noun = name[0] >= 'a' && name[0] <= 'z';

    tally_buffer_printf(&teller->buffer, "%s %s%s",
                        teller->statement->is_about_organisations ? "it is" : "you are",
                        !is_noun                    ? ""
                        : begins_with_vowel(name) ? "an "
                                                  : "a ",
                        name);
}

static size_t count_conditions(const tally_leg_list *legs)
{
    size_t count = 0;

    for (size_t i = 0; i < legs->count; i++)
        count += legs->legs[i].depth == 0;
    return count;
}

static tally_rc tell_next_tier_sentence(tally_teller *teller, const tally_tier *tier,
                                        const tally_leg_list *legs, const tally_scope *scope,
                                        tally_err *err)
{
    tally_statement *statement = teller->statement;
    const tally_version *rules = &teller->policy->versions[teller->version];
    const char *name = statement->next_tier.name;
    int64_t missing;
    bool is_score;
    tally_rc rc = tally_legs_missing_points(teller, teller->version, tier->gain, scope, &is_score,
                                            &missing, err);

    if (rc != TALLY_OK)
        return rc;
    if (is_score) {
        char text[TALLY_DECIMAL_TEXT_BYTES];
        uint8_t decimals = teller->policy->points_decimals;

        tally_buffer_append_text(&teller->buffer,
                                 tally_decimal_format_short(text, missing, decimals, " "));
        tally_buffer_append_string(&teller->buffer, missing == tally_decimal_unit(decimals)
                                                        ? " more point and "
                                                        : " more points and ");
        append_being(teller, name);
    } else if (legs->count == 0 && rules->moves.reviewed.kind != TALLY_REVIEW_ALWAYS) {
        tally_buffer_printf(&teller->buffer, "every condition for %s is met; the next review is on ",
                            name);
        tally_teller_day(teller, tally_review_next(teller->context, teller->version,
                                                   &rules->moves.reviewed, teller->t + 1));
    } else if (legs->count == 0) {
        tally_buffer_printf(&teller->buffer, "every condition for %s is met, but moves are locked",
                            name);
    } else if (count_conditions(legs) == 1) {
        tally_buffer_printf(&teller->buffer, "one condition is missing and ");
        append_being(teller, name);
    } else {
        tally_buffer_printf(&teller->buffer, "%zu conditions are missing for %s",
                            count_conditions(legs), name);
    }
    statement->next_tier_sentence = tally_teller_keep(teller);
    return TALLY_OK;
}

static tally_rc tell_next_tier(tally_teller *teller, const tally_result *result, tally_err *err)
{
    const tally_version *rules = &teller->policy->versions[teller->version];
    uint32_t next = result->tier == TALLY_NO_INDEX ? 0 : result->tier + 1;
    tally_scope scope = tally_scope_at(teller->context, teller->t);
    tally_leg_list legs = { 0, 0, NULL };
    tally_statement_step *step = &teller->statement->next_tier;
    tally_rc rc;

    teller->statement->next_tier_sentence = "";
    if (next >= rules->tier_count)
        return TALLY_OK;
    rc = tally_legs_collect(teller, teller->version, rules->tiers[next].gain, &scope, &legs, err);
    if (rc != TALLY_OK)
        return rc;
    teller->statement->has_next_tier = true;
    step->name = tally_teller_keep_text(teller, rules->tiers[next].name);
    tally_teller_source(teller, rules->tiers[next].gain->span.text);
    step->rule = tally_teller_keep(teller);
    step->leg_count = legs.count;
    step->legs = legs.legs;
    return tell_next_tier_sentence(teller, &rules->tiers[next], &legs, &scope, err);
}

static tally_rc tell_grade_rows(tally_teller *teller, const tally_result *result, tally_err *err)
{
    tally_statement *statement = teller->statement;
    const tally_grade *grade;
    tally_statement_step *rows;
    uint32_t version;
    int64_t instant;
    tally_scope scope;

    if (!result->has_grade ||
        !tally_grade_instant(teller->answers, teller->t, &version, &instant))
        return TALLY_OK;
    grade = &teller->policy->versions[version].grade;
    if (grade->assessed.kind != TALLY_REVIEW_ALWAYS) {
        tally_teller_day(teller, instant);
        statement->grade_day = tally_teller_keep(teller);
    }
    rows = tally_arena_zalloc_array(teller->own, (size_t)grade->row_count + 1, sizeof(*rows));
    if (rows == NULL)
        return tally_err_set(err, tally_arena_failure(teller->own), 0, "building a statement");
    scope = tally_scope_at(teller->context, instant);
    for (uint32_t i = 0; i < grade->row_count; i++) {
        tally_leg_list legs = { 0, 0, NULL };
        tally_statement_step *row = &rows[i];

        row->name = tally_teller_keep_text(teller, grade->labels->words[i]);
        if (grade->conditions[i] != NULL)
            tally_teller_source(teller, grade->conditions[i]->span.text);
        else
            tally_buffer_append_string(&teller->buffer, "otherwise");
        row->rule = tally_teller_keep(teller);
        row->is_result = i == result->grade;
        statement->grade_row_count = i + 1;
        if (row->is_result)
            break;
        if (grade->conditions[i] != NULL) {
            tally_rc rc = tally_legs_collect(teller, version, grade->conditions[i], &scope, &legs,
                                             err);

            if (rc != TALLY_OK)
                return rc;
        }
        row->leg_count = legs.count;
        row->legs = legs.legs;
    }
    statement->grade_rows = rows;
    return TALLY_OK;
}

/* ---- what time alone will do -------------------------------------------------------------- */

static void begin_part(tally_teller *teller)
{
    if (teller->buffer.count > 0)
        tally_buffer_append_string(&teller->buffer, ", ");
}

static tally_text name_of_tier(const struct tally_policy *policy, const tally_result *result)
{
    const tally_version *rules = &policy->versions[result->version];

    return result->tier == TALLY_NO_INDEX ? rules->moves.none : rules->tiers[result->tier].name;
}

static tally_text name_of_grade(const struct tally_policy *policy, const tally_result *result)
{
    return result->grade == TALLY_NO_INDEX
               ? TALLY_TEXT("no grade")
               : policy->versions[result->grade_version].grade.labels->words[result->grade];
}

static void tell_becoming(tally_teller *teller, const char *what, tally_text now, tally_text then)
{
    if (tally_text_is_equal(now, then))
        return;
    begin_part(teller);
    tally_buffer_append_string(&teller->buffer, what);
    tally_buffer_append_text(&teller->buffer, then);
}

static void tell_change(tally_teller *teller, const tally_result *now, const tally_result *then)
{
    if (then->state != now->state) {
        begin_part(teller);
        tally_buffer_printf(&teller->buffer, "there is %s",
                            then->state == TALLY_STATE_SCORE ? "a score again"
                                                             : state_name(then->state));
    }
    if (then->state == TALLY_STATE_SCORE &&
        (now->state != TALLY_STATE_SCORE || then->shown != now->shown)) {
        begin_part(teller);
        tally_buffer_append_string(&teller->buffer, "the score becomes ");
        tally_teller_points(teller, then->shown);
    }
    if (now->has_tiers && then->has_tiers)
        tell_becoming(teller, "the tier becomes ", name_of_tier(teller->policy, now),
                      name_of_tier(teller->policy, then));
    if (now->has_grade && then->has_grade)
        tell_becoming(teller, "the grade becomes ", name_of_grade(teller->policy, now),
                      name_of_grade(teller->policy, then));
    for (uint32_t i = 0; i < then->report_count && i < now->report_count; i++) {
        const tally_report *a = &now->reports[i], *b = &then->reports[i];

        if (a->value.a == b->value.a && a->value.b == b->value.b)
            continue;
        begin_part(teller);
        tally_buffer_append_text(&teller->buffer, b->name);
        tally_buffer_append_string(&teller->buffer, " becomes ");
        tally_teller_value(teller, b->type, b->decimals, b->domain, b->value,
                           b->type == TALLY_TYPE_RATIO);
    }
    if (teller->buffer.count == 0)
        tally_buffer_append_string(&teller->buffer, "new rules begin");
}

static void tell_next_lapse(tally_teller *teller)
{
    tally_statement *statement = teller->statement;
    int64_t first = TALLY_NEVER_MS;

    for (size_t i = 0; i < statement->line_count; i++) {
        const tally_statement_line *line = &statement->lines[i];

        if (line->state == TALLY_LINE_COUNTS && line->amount > 0 && line->until_ms < first)
            first = line->until_ms;
    }
    statement->next_lapse_day = "";
    if (first != TALLY_NEVER_MS) {
        tally_teller_day(teller, first);
        statement->next_lapse_day = tally_teller_keep(teller);
    }
}

static tally_rc tell_next_change(tally_teller *teller, const tally_result *result, tally_err *err)
{
    tally_statement *statement = teller->statement;
    tally_next_change change;
    tally_rc rc = tally_next_change_find(teller->answers, teller->t, result, &change, err);

    statement->next_change_day = statement->next_change = statement->searched_until = "";
    if (rc != TALLY_OK)
        return rc;
    tally_teller_day(teller, change.at_ms);
    if (change.is_found) {
        statement->has_next_change = true;
        statement->next_change_ms = change.at_ms;
        statement->next_change_day = tally_teller_keep(teller);
        tell_change(teller, result, &change.result);
        statement->next_change = tally_teller_keep(teller);
    } else {
        statement->searched_until = tally_teller_keep(teller);
    }
    return TALLY_OK;
}

/* ---- refusals --------------------------------------------------------------------------------- */

static tally_rc tell_refusals(tally_teller *teller, tally_err *err)
{
    const tally_statement_question *question = teller->question;
    const uint32_t *freezes;
    uint32_t freeze_count;
    const char **sentences;
    size_t count = 0;
    tally_rc rc = tally_streak_refusals(teller->answers, teller->t, &freezes, &freeze_count, err);

    if (rc != TALLY_OK)
        return rc;
    sentences = tally_arena_zalloc_array(
        teller->own, (size_t)question->refusal_count + freeze_count + 1, sizeof(*sentences));
    if (sentences == NULL)
        return tally_err_set(err, tally_arena_failure(teller->own), 0, "building a statement");
    for (uint32_t i = 0; i < question->refusal_count; i++) {
        tally_buffer_append_string(&teller->buffer, "Record ");
        tally_buffer_append_text(&teller->buffer, question->refusals[i].id);
        tally_buffer_append_string(&teller->buffer, ": ");
        tally_buffer_append_text(&teller->buffer, question->refusals[i].message);
        sentences[count++] = tally_teller_keep(teller);
    }
    for (uint32_t i = 0; i < freeze_count; i++) {
        tally_buffer_append_string(&teller->buffer, "The freeze of ");
        tally_teller_day(teller, teller->context->events.at_ms[freezes[i]]);
        tally_buffer_append_string(&teller->buffer, " was one too many to hold.");
        sentences[count++] = tally_teller_keep(teller);
    }
    teller->statement->refused_count = count;
    teller->statement->refused = sentences;
    return TALLY_OK;
}

static tally_rc tell_all(tally_teller *teller, tally_err *err)
{
    tally_result result;
    tally_standing standing;
    bool has_points;
    tally_rc rc = tally_answers_at(teller->answers, teller->t, &result, err);

    if (rc != TALLY_OK)
        return rc;
    teller->version = result.version;
    tell_rules(teller);
    tell_question(teller);
    tell_result(teller, &result);
    has_points = teller->policy->versions[result.version].score.is_present;
    if (has_points)
        rc = tally_score_at(teller->context, teller->t, &standing, err);
    if (rc == TALLY_OK)
        rc = tally_lines_build(teller, has_points ? &standing : NULL, err);
    if (rc == TALLY_OK && teller->is_out_of_memory)
        return TALLY_OK; /* tally_statement_build() reports it */
    if (rc == TALLY_OK)
        rc = tell_reports(teller, &result, err);
    if (rc == TALLY_OK)
        rc = tell_next_tier(teller, &result, err);
    if (rc == TALLY_OK)
        rc = tell_grade_rows(teller, &result, err);
    if (rc == TALLY_OK)
        rc = tell_refusals(teller, err);
    if (rc != TALLY_OK)
        return rc;
    tell_next_lapse(teller);
    return tell_next_change(teller, &result, err); /* last: it moves on in time */
}

static tally_rc open_answers(tally_teller *teller, tally_history *known, tally_err *err)
{
    const tally_statement_question *question = teller->question;
    tally_rc rc =
        tally_statement_known(question->history, question->as_of_ms, teller->work, known, err);

    if (rc == TALLY_OK)
        rc = tally_answers_open(&teller->answers, question->policy, known, question->facts,
                                question->as_of_ms,
                                tally_next_change_horizon(question->as_of_ms), teller->work, err);
    if (rc == TALLY_OK)
        teller->context = teller->answers->context;
    return rc;
}

tally_rc tally_statement_build(tally_statement **out_statement,
                               const tally_statement_question *question, tally_err *err)
{
    tally_teller teller = { .question = question,
                            .policy = question->policy,
                            .t = question->as_of_ms };
    tally_history known;
    owned_statement *owned = NULL;
    tally_rc rc;

    tally_buffer_init(&teller.buffer, TEXT_BYTES_MAX);
    teller.own = tally_arena_new(OWN_BYTES_MAX);
    teller.work = tally_arena_new(WORK_BYTES_MAX);
    if (teller.own != NULL && teller.work != NULL)
        owned = tally_arena_zalloc(teller.own, sizeof(*owned));
    if (owned == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "building a statement");
        goto out;
    }
    teller.statement = &owned->public;
    rc = open_answers(&teller, &known, err);
    if (rc == TALLY_OK)
        rc = tell_all(&teller, err);
    if (rc == TALLY_OK && teller.is_out_of_memory) {
        tally_rc failure = tally_arena_failure(teller.own);

        rc = tally_err_set(err, failure != TALLY_OK ? failure : TALLY_E_NOMEM, 0,
                           "building a statement");
    }
    if (rc != TALLY_OK)
        goto out;
    owned->arena = teller.own;
    teller.own = NULL; /* the statement owns it from here */
    *out_statement = &owned->public;
out:
    tally_buffer_free(&teller.buffer);
    tally_arena_free(teller.own);
    tally_arena_free(teller.work);
    return rc;
}
