/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing an expectation with what comes out.
 *
 * Each result is compared as what it is (numbers as numbers, days as days) and
 * told as a text, so that a failure reads "expected 216, found 206". */

#include "testing/expectation.h"

#include <inttypes.h>
#include "score/statement.h"
#include "util/checked.h"

#define TEXT_BYTES_MAX ((size_t)64 << 10)

/* One subject at one instant. */
typedef struct subject_view {
    const tally_scenario *scenario;
    tally_scenario_moment *moment;
    tally_history history;
    tally_statement_question question;
    tally_answers *answers;
    tally_result result;
    tally_statement *statement;
    tally_failure_list *list;
    tally_err *err;
    tally_teller teller; /* to put values into words */
} subject_view;

bool tally_failure_add(tally_failure_list *list, const tally_span *span, tally_text name,
                       tally_text expected, tally_text found)
{
    tally_test_failure *failure;

    if (list->count == list->room) {
        uint32_t room = list->room == 0 ? 4 : 2 * list->room;
        tally_test_failure *failures = tally_arena_zalloc_array(list->arena, room, sizeof(*failures));

        if (failures == NULL)
            return false;
        if (list->count > 0)
            memcpy(failures, list->failures, list->count * sizeof(*failures));
        list->failures = failures;
        list->room = room;
    }
    failure = &list->failures[list->count];
    *failure = (tally_test_failure){ .line = span->line, .column = span->column };
    if (!tally_arena_copy_text(list->arena, &failure->name, name) ||
        !tally_arena_copy_text(list->arena, &failure->expected, expected) ||
        !tally_arena_copy_text(list->arena, &failure->found, found))
        return false;
    list->count++;
    return true;
}

static tally_rc fail_with(subject_view *view, const tally_test_value *expected, tally_text found)
{
    if (tally_failure_add(view->list, &expected->span, expected->name, expected->value, found))
        return TALLY_OK;
    return tally_err_set(view->err, TALLY_E_NOMEM, 0, "noting a failed expectation");
}

/* What is in the teller's buffer was found instead. */
static tally_rc fail_with_buffer(subject_view *view, const tally_test_value *expected)
{
    tally_rc rc = fail_with(view, expected, tally_buffer_text(&view->teller.buffer));

    tally_buffer_reset(&view->teller.buffer);
    return rc;
}

static bool is_nothing(tally_text text)
{
    return tally_text_is(text, "nothing");
}

/* ---- single results ----------------------------------------------------------------------- */

/* "99.6", "1 095", "30 %": false if it is no number. */
static bool read_number(tally_text text, tally_decimal *out_number)
{
    bool is_percent = tally_text_has_suffix(text, TALLY_TEXT("%"));

    if (is_percent)
        text = tally_text_trim(tally_text_slice(text, 0, text.count - 1));
    if (tally_decimal_parse(&out_number->value, &out_number->decimals, text) != TALLY_OK)
        return false;
    if (is_percent)
        out_number->decimals += 2;
    return out_number->decimals <= TALLY_DECIMALS_MAX;
}

static tally_rc check_points(subject_view *view, const tally_test_value *expected, int64_t points)
{
    tally_decimal number;

    if (view->result.state != TALLY_STATE_SCORE) {
        tally_text state = view->result.state == TALLY_STATE_NO_RATING ? TALLY_TEXT("no rating")
                                                                       : TALLY_TEXT("no score");

        if (is_nothing(expected->value) || tally_text_is_equal(expected->value, state))
            return TALLY_OK;
        return fail_with(view, expected, state);
    }
    if (read_number(expected->value, &number) &&
        tally_decimal_compare(number,
                              (tally_decimal){ points,
                                               view->scenario->policy->points_decimals }) == 0)
        return TALLY_OK;
    tally_teller_points(&view->teller, points);
    return fail_with_buffer(view, expected);
}

static tally_rc check_text(subject_view *view, const tally_test_value *expected, tally_text found)
{
    return tally_text_is_equal(expected->value, found) ? TALLY_OK : fail_with(view, expected, found);
}

static tally_rc check_tier(subject_view *view, const tally_test_value *expected)
{
    const tally_version *rules = &view->scenario->policy->versions[view->result.version];
    bool has_tier = view->result.tier != TALLY_NO_INDEX;

    if (!has_tier && is_nothing(expected->value))
        return TALLY_OK;
    return check_text(view, expected,
                      has_tier ? rules->tiers[view->result.tier].name : rules->moves.none);
}

static tally_rc check_grade(subject_view *view, const tally_test_value *expected)
{
    const struct tally_policy *policy = view->scenario->policy;

    if (view->result.grade == TALLY_NO_INDEX)
        return is_nothing(expected->value) ? TALLY_OK
                                           : check_text(view, expected, TALLY_TEXT("no grade"));
    return check_text(view, expected,
                      policy->versions[view->result.grade_version]
                          .grade.labels->words[view->result.grade]);
}

static tally_rc check_valid_until(subject_view *view, const tally_test_value *expected)
{
    const char *found = view->statement->tier_until;

    return check_text(view, expected,
                      found[0] != '\0' ? tally_text_from(found) : TALLY_TEXT("nothing"));
}

static tally_rc check_next_change(subject_view *view, const tally_test_value *expected)
{
    if (view->statement->has_next_change)
        return check_text(view, expected, tally_text_from(view->statement->next_change_day));
    return check_text(view, expected, TALLY_TEXT("nothing"));
}

/* ---- named results ------------------------------------------------------------------------------ */

static bool is_ratio_equal(tally_text text, tally_value value)
{
    tally_decimal number;

    return read_number(text, &number) &&
           tally_ratio_compare(value.a, value.b, number.value,
                               tally_decimal_unit(number.decimals)) == 0;
}

static bool is_value_equal(subject_view *view, tally_text text, tally_value_type type,
                           uint8_t decimals, const tally_words *domain, tally_value value)
{
    tally_decimal number;
    tally_moment moment;
    bool is_equal;

    if (value.a == TALLY_NOTHING)
        return is_nothing(text) || tally_text_is(text, "unknown");
    switch (type) {
    case TALLY_TYPE_NUMBER:
        return read_number(text, &number) &&
               tally_decimal_compare(number, (tally_decimal){ value.a, decimals }) == 0;
    case TALLY_TYPE_RATIO:
        return is_ratio_equal(text, value);
    case TALLY_TYPE_CONDITION:
        return value.a == 1 ? tally_text_is(text, "yes") || tally_text_is(text, "true")
                            : tally_text_is(text, "no") || tally_text_is(text, "false");
    case TALLY_TYPE_INSTANT:
        return tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) == TALLY_OK &&
               tally_score_moment_ms(view->scenario->policy, moment) == value.a;
    default:
        break;
    }
    tally_teller_value(&view->teller, type, decimals, domain, value, false);
    is_equal = tally_text_is_equal(tally_buffer_text(&view->teller.buffer), text);
    tally_buffer_reset(&view->teller.buffer);
    return is_equal;
}

static tally_rc check_value(subject_view *view, const tally_test_value *expected,
                            tally_value_type type, uint8_t decimals, const tally_words *domain,
                            tally_value value)
{
    if (is_value_equal(view, expected->value, type, decimals, domain, value))
        return TALLY_OK;
    if (value.a == TALLY_NOTHING)
        return fail_with(view, expected, TALLY_TEXT("nothing"));
    tally_teller_value(&view->teller, type, decimals, domain, value, false);
    if (type == TALLY_TYPE_RATIO)
        tally_buffer_printf(&view->teller.buffer, " (%" PRId64 "/%" PRId64 ")", value.a, value.b);
    return fail_with_buffer(view, expected);
}

static tally_rc check_named(subject_view *view, const tally_test_value *expected)
{
    uint32_t version = view->result.version;
    const tally_version *rules = &view->scenario->policy->versions[version];
    tally_context *context = view->answers->context;
    tally_scope scope = tally_scope_at(context, view->moment->as_of_ms);
    tally_value value = { TALLY_NOTHING, 1 };
    tally_rc rc;

    for (uint32_t i = 0; i < rules->let_count; i++) {
        const tally_expr *expr = rules->lets[i].expr;

        if (!tally_text_is_equal(rules->lets[i].name, expected->name) || expr == NULL)
            continue;
        rc = tally_evaluate(context, version, expr, &scope, &value, view->err);
        return rc != TALLY_OK ? rc
                              : check_value(view, expected, expr->type, expr->decimals,
                                            expr->domain, value);
    }
    for (uint32_t i = 0; i < rules->streak_count; i++) {
        if (!tally_text_is_equal(rules->streaks[i].name, expected->name))
            continue;
        rc = tally_streak_length(view->answers, version, i, scope.t, &value.a, view->err);
        return rc != TALLY_OK ? rc
                              : check_value(view, expected, TALLY_TYPE_NUMBER, 0, NULL, value);
    }
    for (uint32_t i = 0; i < rules->fact_count; i++) {
        tally_expr fact = { .op = TALLY_OP_FACT,
                            .type = TALLY_TYPE_NUMBER,
                            .decimals = rules->facts[i].decimals,
                            .index = i };

        if (!tally_text_is_equal(rules->facts[i].name, expected->name))
            continue;
        rc = tally_evaluate(context, version, &fact, &scope, &value, view->err);
        return rc != TALLY_OK ? rc
                              : check_value(view, expected, TALLY_TYPE_NUMBER, fact.decimals, NULL,
                                            value);
    }
    return fail_with(view, expected, TALLY_TEXT("no such result in the version then in force"));
}

/* ---- what is missing --------------------------------------------------------------------------------- */

static bool contains(tally_text whole, tally_text part)
{
    for (size_t i = 0; i + part.count <= whole.count; i++) {
        if (memcmp(whole.bytes + i, part.bytes, part.count) == 0)
            return true;
    }
    return false;
}

/* The failing legs of the next tier; without tiers those of the grade's first row. */
static const tally_statement_step *missing_step(const tally_statement *statement)
{
    static const tally_statement_step none = { .name = "", .rule = "" };

    if (statement->has_tiers)
        return statement->has_next_tier ? &statement->next_tier : &none;
    return statement->grade_row_count > 0 ? &statement->grade_rows[0] : &none;
}

/* Each expected text must stand in a sentence of its own, and no leg be left over. */
static tally_rc check_missing(subject_view *view, const tally_test_expectation *expectation)
{
    const tally_statement_step *step = missing_step(view->statement);
    const tally_test_value *last = NULL;
    bool *is_taken =
        tally_arena_zalloc_array(view->scenario->arena, step->leg_count + 1, sizeof(*is_taken));
    bool is_equal = true;
    size_t open = 0;

    if (is_taken == NULL)
        return tally_err_set(view->err, TALLY_E_NOMEM, 0, "checking what is missing");
    for (uint32_t i = 0; i < expectation->list_count; i++) {
        const tally_test_value *expected = &expectation->lists[i];
        bool is_found = false;

        if (!tally_text_is(expected->name, "missing"))
            continue;
        last = expected;
        for (size_t k = 0; k < step->leg_count && !is_found; k++) {
            is_found = !is_taken[k] && !step->legs[k].is_heading &&
                       contains(tally_text_from(step->legs[k].sentence), expected->value);
            is_taken[k] = is_taken[k] || is_found;
        }
        is_equal = is_equal && is_found;
    }
    if (last == NULL)
        return TALLY_OK;
    for (size_t k = 0; k < step->leg_count; k++)
        open += !is_taken[k] && !step->legs[k].is_heading;
    if (is_equal && open == 0)
        return TALLY_OK;
    if (step->leg_count == 0)
        tally_buffer_append_string(&view->teller.buffer, "nothing missing");
    for (size_t k = 0; k < step->leg_count; k++)
        tally_buffer_printf(&view->teller.buffer, "%s%s", k > 0 ? " | " : "",
                            step->legs[k].sentence);
    return fail_with_buffer(view, last);
}

static tally_rc check_nothing_missing(subject_view *view, const tally_test_value *expected)
{
    const tally_statement_step *step = missing_step(view->statement);

    if (is_nothing(expected->value) && step->leg_count == 0)
        return TALLY_OK;
    if (step->leg_count == 1 &&
        contains(tally_text_from(step->legs[0].sentence), expected->value))
        return TALLY_OK;
    for (size_t k = 0; k < step->leg_count; k++)
        tally_buffer_printf(&view->teller.buffer, "%s%s", k > 0 ? " | " : "",
                            step->legs[k].sentence);
    return fail_with_buffer(view, expected);
}

/* ---- opening a subject ------------------------------------------------------------------------------------ */

static tally_rc open_view(subject_view *view, const tally_scenario *scenario,
                          tally_scenario_moment *moment, tally_text subject,
                          tally_failure_list *list, tally_err *err)
{
    tally_rc rc;

    *view = (subject_view){
        .scenario = scenario, .moment = moment, .list = list, .err = err
    };
    tally_buffer_init(&view->teller.buffer, TEXT_BYTES_MAX);
    rc = tally_scenario_history(scenario, moment, subject, &view->history, err);
    if (rc == TALLY_OK)
        rc = tally_answers_open(&view->answers, scenario->policy, &view->history, &moment->facts,
                                moment->as_of_ms, moment->as_of_ms, scenario->arena, err);
    if (rc == TALLY_OK)
        rc = tally_answers_at(view->answers, moment->as_of_ms, &view->result, err);
    if (rc != TALLY_OK)
        return rc;
    view->question = (tally_statement_question){
        .policy = scenario->policy,
        .history = &view->history,
        .facts = &moment->facts,
        .subject = subject,
        .as_of_ms = moment->as_of_ms,
        .tokens = scenario->tokens,
    };
    view->teller.question = &view->question;
    view->teller.policy = scenario->policy;
    view->teller.answers = view->answers;
    view->teller.context = view->answers->context;
    view->teller.version = view->result.version;
    view->teller.t = moment->as_of_ms;
    return TALLY_OK;
}

static void close_view(subject_view *view)
{
    tally_statement_free(view->statement);
    tally_buffer_free(&view->teller.buffer);
}

/* The statement is asked of other answers, opened for a later instant: it must agree. */
static tally_rc check_statement(subject_view *view, const tally_span *span)
{
    const tally_statement *statement;
    tally_rc rc = tally_statement_build(&view->statement, &view->question, view->err);

    if (rc != TALLY_OK)
        return rc;
    statement = view->statement;
    if (statement->has_score == (view->result.state == TALLY_STATE_SCORE) &&
        statement->shown == view->result.shown && statement->has_tiers == view->result.has_tiers &&
        statement->has_tier == (view->result.tier != TALLY_NO_INDEX))
        return TALLY_OK;
    if (!tally_failure_add(view->list, span, TALLY_TEXT("statement"),
                           TALLY_TEXT("the result that was computed"), TALLY_TEXT("another one")))
        return tally_err_set(view->err, TALLY_E_NOMEM, 0, "noting a failed expectation");
    return TALLY_OK;
}

/* ---- over all subjects ------------------------------------------------------------------------------------- */

typedef struct everybody {
    int64_t sum;
    uint32_t refusal_count, refusal_room;
    tally_text *refused; /* ids */
} everybody;

static tally_rc note_refused(everybody *all, tally_arena *arena, tally_text id, tally_err *err)
{
    if (all->refusal_count == all->refusal_room) {
        uint32_t room = all->refusal_room == 0 ? 16 : 2 * all->refusal_room;
        tally_text *refused = tally_arena_zalloc_array(arena, room, sizeof(*refused));

        if (refused == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "listing refusals");
        if (all->refusal_count > 0)
            memcpy(refused, all->refused, all->refusal_count * sizeof(*refused));
        all->refused = refused;
        all->refusal_room = room;
    }
    all->refused[all->refusal_count++] = id;
    return TALLY_OK;
}

static tally_rc add_subject(everybody *all, subject_view *view, tally_err *err)
{
    const tally_context *context = view->answers->context;
    const uint32_t *freezes;
    uint32_t count;
    tally_rc rc =
        tally_streak_refusals(view->answers, view->moment->as_of_ms, &freezes, &count, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++) {
        uint32_t record =
            context->events.record != NULL ? context->events.record[freezes[i]] : freezes[i];

        rc = note_refused(all, view->scenario->arena,
                          context->history->id != NULL ? context->history->id[record]
                                                       : TALLY_TEXT("a freeze"),
                          err);
    }
    if (rc == TALLY_OK && view->result.state == TALLY_STATE_SCORE &&
        !tally_add_i64(all->sum, view->result.score, &all->sum))
        rc = tally_err_set(err, TALLY_E_OVERFLOW, 0, "the sum of scores left its range");
    return rc;
}

static tally_rc ask_everybody(const tally_scenario *scenario, int64_t as_of_ms,
                              everybody *out_all, tally_err *err)
{
    tally_scenario_moment moment;
    everybody all = { 0 };
    tally_rc rc = tally_scenario_moment_at(scenario, as_of_ms, &moment, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < moment.record_count; i++) {
        tally_text subject = moment.records[i].subject;
        bool is_new = true;
        subject_view view;

        for (uint32_t k = 0; k < i && is_new; k++)
            is_new = !tally_text_is_equal(moment.records[k].subject, subject);
        if (!is_new)
            continue;
        rc = open_view(&view, scenario, &moment, subject, NULL, err);
        if (rc == TALLY_OK)
            rc = add_subject(&all, &view, err);
        close_view(&view);
    }
    for (uint32_t i = 0; rc == TALLY_OK && i < moment.refusal_count; i++)
        rc = note_refused(&all, scenario->arena, moment.refusals[i].id, err);
    if (rc == TALLY_OK)
        *out_all = all;
    return rc;
}

static void append_refused(subject_view *view, const everybody *all)
{
    tally_buffer_printf(&view->teller.buffer, "%" PRIu32, all->refusal_count);
    for (uint32_t i = 0; i < all->refusal_count; i++) {
        tally_buffer_append_string(&view->teller.buffer, i == 0 ? " (" : ", ");
        tally_buffer_append_text(&view->teller.buffer, all->refused[i]);
    }
    if (all->refusal_count > 0)
        tally_buffer_append_string(&view->teller.buffer, ")");
}

static bool is_refused(const everybody *all, tally_text id)
{
    for (uint32_t i = 0; i < all->refusal_count; i++) {
        if (tally_text_is_equal(all->refused[i], id))
            return true;
    }
    return false;
}

static tally_rc check_refused_ids(subject_view *view, const tally_test_expectation *expectation,
                                  const everybody *all)
{
    const tally_test_value *last = NULL;
    bool is_equal = true;
    uint32_t count = 0;

    for (uint32_t i = 0; i < expectation->list_count; i++) {
        if (!tally_text_is(expectation->lists[i].name, "refused"))
            continue;
        last = &expectation->lists[i];
        is_equal = is_equal && is_refused(all, last->value);
        count++;
    }
    if (last == NULL || (is_equal && count == all->refusal_count))
        return TALLY_OK;
    append_refused(view, all);
    return fail_with_buffer(view, last);
}

static tally_rc check_refused_count(subject_view *view, const tally_test_value *expected,
                                    const everybody *all)
{
    int64_t count;

    if (tally_text_parse_i64(&count, expected->value, 0, INT64_MAX) == TALLY_OK
            ? count == all->refusal_count
            : all->refusal_count == 1 && is_refused(all, expected->value))
        return TALLY_OK;
    append_refused(view, all);
    return fail_with_buffer(view, expected);
}

static tally_rc check_sum(subject_view *view, const tally_test_value *expected,
                          const everybody *all)
{
    uint8_t decimals = view->scenario->policy->points_decimals;
    tally_decimal number;

    if (read_number(expected->value, &number) &&
        tally_decimal_compare(number, (tally_decimal){ all->sum, decimals }) == 0)
        return TALLY_OK;
    tally_teller_points(&view->teller, all->sum);
    return fail_with_buffer(view, expected);
}

/* ---- an expectation ----------------------------------------------------------------------------------------- */

static tally_rc check_one(subject_view *view, const tally_test_value *expected,
                          const everybody *all)
{
    tally_text name = expected->name;

    if (tally_text_is(name, "score"))
        return check_points(view, expected, view->result.score);
    if (tally_text_is(name, "shown"))
        return check_points(view, expected, view->result.shown);
    if (tally_text_is(name, "tier"))
        return check_tier(view, expected);
    if (tally_text_is(name, "grade"))
        return check_grade(view, expected);
    if (tally_text_is(name, "state"))
        return check_text(view, expected, tally_text_from(view->statement->state));
    if (tally_text_is(name, "valid-until"))
        return check_valid_until(view, expected);
    if (tally_text_is(name, "next-change"))
        return check_next_change(view, expected);
    if (tally_text_is(name, "missing"))
        return check_nothing_missing(view, expected);
    if (tally_text_is(name, "refused"))
        return check_refused_count(view, expected, all);
    if (tally_text_is(name, "sum-of-scores"))
        return check_sum(view, expected, all);
    return check_named(view, expected);
}

static bool needs_everybody(const tally_test_expectation *expectation)
{
    for (uint32_t i = 0; i < expectation->value_count; i++) {
        if (tally_text_is(expectation->values[i].name, "refused") ||
            tally_text_is(expectation->values[i].name, "sum-of-scores"))
            return true;
    }
    for (uint32_t i = 0; i < expectation->list_count; i++) {
        if (tally_text_is(expectation->lists[i].name, "refused"))
            return true;
    }
    return false;
}

static tally_rc check_all(subject_view *view, const tally_test_expectation *expectation,
                          const everybody *all)
{
    tally_rc rc = check_statement(view, &expectation->span);

    for (uint32_t i = 0; i < expectation->value_count && rc == TALLY_OK; i++)
        rc = check_one(view, &expectation->values[i], all);
    if (rc == TALLY_OK)
        rc = check_missing(view, expectation);
    if (rc == TALLY_OK)
        rc = check_refused_ids(view, expectation, all);
    return rc;
}

tally_rc tally_expectation_check(const tally_scenario *scenario,
                                 const tally_test_expectation *expectation,
                                 tally_failure_list *list, tally_err *err)
{
    tally_text subject = expectation->of;
    tally_scenario_moment moment;
    everybody all = { 0 };
    subject_view view = { 0 };
    int64_t as_of_ms;
    tally_rc rc = tally_scenario_as_of(
        scenario, expectation->as_of.count > 0 ? expectation->as_of : scenario->test->as_of,
        &as_of_ms, err);

    if (rc == TALLY_OK)
        rc = tally_scenario_moment_at(scenario, as_of_ms, &moment, err);
    if (rc == TALLY_OK && needs_everybody(expectation))
        rc = ask_everybody(scenario, as_of_ms, &all, err);
    if (rc != TALLY_OK)
        return rc;
    if (subject.count == 0 && scenario->record_count > 0)
        subject = scenario->records[0].subject;
    rc = open_view(&view, scenario, &moment, subject, list, err);
    if (rc == TALLY_OK)
        rc = check_all(&view, expectation, &all);
    list->expected_count += expectation->value_count + expectation->list_count;
    close_view(&view);
    return rc;
}
