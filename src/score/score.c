/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a result together: score, tier, grade and reports at one instant. */

#include "score/answers.h"

static tally_rc hook_changes(tally_context *context, int64_t from_ms, int64_t to_ms,
                             const int64_t **out_instants, uint32_t *out_count, tally_err *err)
{
    return tally_changes_between(context->hooks.data, from_ms, to_ms, out_instants, out_count, err);
}

tally_rc tally_answers_no_memory(const tally_answers *answers, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(answers->arena), 0,
                         "a subject's result needs more memory than it may use");
}

tally_rc tally_answers_open(tally_answers **out_answers, const struct tally_policy *policy,
                            const tally_history *history, const tally_facts *facts,
                            int64_t asked_ms, int64_t known_ms, tally_arena *arena, tally_err *err)
{
    tally_answers *answers = tally_arena_zalloc(arena, sizeof(*answers));
    tally_rc rc;

    if (answers == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "opening a subject's records");
    answers->arena = arena;
    answers->asked_ms = asked_ms;
    rc = tally_context_open(&answers->context, policy, history, facts, known_ms, arena, err);
    if (rc != TALLY_OK)
        return rc;
    answers->context->hooks = (tally_hooks){
        .data = answers,
        .streak = tally_streaks_ask,
        .held = tally_tiers_held,
        .changes = hook_changes,
        .still_held = tally_tiers_still_held,
    };
    rc = tally_awards_run(answers->context, err);
    if (rc != TALLY_OK)
        return rc;
    *out_answers = answers;
    return TALLY_OK;
}

static tally_rc add_reports(tally_answers *answers, int64_t t, tally_result *result, tally_err *err)
{
    const tally_version *rules = &answers->context->policy->versions[result->version];
    tally_scope scope = tally_scope_at(answers->context, t);
    tally_report *reports;

    if (rules->let_count + rules->streak_count == 0)
        return TALLY_OK;
    reports = tally_arena_zalloc_array(answers->arena, rules->let_count + rules->streak_count,
                                       sizeof(*reports));
    if (reports == NULL)
        return tally_answers_no_memory(answers, err);
    for (uint32_t i = 0; i < rules->let_count; i++) {
        const tally_let *let = &rules->lets[i];
        tally_report *report = &reports[result->report_count];
        tally_rc rc;

        if (!let->is_reported || let->expr == NULL)
            continue;
        *report = (tally_report){ .name = let->name,
                                  .type = let->expr->type,
                                  .decimals = let->expr->decimals,
                                  .domain = let->expr->domain };
        rc = tally_evaluate(answers->context, result->version, let->expr, &scope, &report->value,
                            err);
        if (rc != TALLY_OK)
            return rc;
        result->report_count++;
    }
    for (uint32_t i = 0; i < rules->streak_count; i++) {
        tally_report *report = &reports[result->report_count];
        tally_rc rc;

        if (!rules->streaks[i].is_reported)
            continue;
        result->report_count++;
        *report = (tally_report){ .name = rules->streaks[i].name, .type = TALLY_TYPE_NUMBER };
        rc = tally_streak_length(answers, result->version, i, t, &report->value.a, err);
        if (rc != TALLY_OK)
            return rc;
    }
    result->reports = reports;
    return TALLY_OK;
}

tally_rc tally_answers_at(tally_answers *answers, int64_t t, tally_result *out_result,
                          tally_err *err)
{
    const struct tally_policy *policy = answers->context->policy;
    tally_result result = { .version = tally_context_version_at(answers->context, t),
                            .tier = TALLY_NO_INDEX,
                            .tier_since_ms = TALLY_NOTHING,
                            .tier_valid_until_ms = TALLY_NEVER_MS,
                            .grade = TALLY_NO_INDEX };
    const tally_version *rules = &policy->versions[result.version];
    tally_rc rc;

    result.state = TALLY_STATE_NO_SCORE;
    if (rules->score.is_present) {
        tally_standing standing;

        rc = tally_score_at(answers->context, t, &standing, err);
        if (rc != TALLY_OK)
            return rc;
        result.state = standing.has_rating ? TALLY_STATE_SCORE : TALLY_STATE_NO_RATING;
        if (standing.has_rating) {
            result.score = standing.score;
            result.shown = standing.shown;
        }
    }
    if (rules->tier_count > 0) {
        tally_tier_standing standing;

        result.has_tiers = true;
        rc = tally_tiers_at(answers, t, &result.tier, &standing, err);
        if (rc != TALLY_OK)
            return rc;
        result.tier_since_ms = standing.gained_ms;
        result.tier_valid_until_ms = standing.valid_until_ms;
    }
    result.grade_version = result.version;
    if (rules->grade.is_present) {
        result.has_grade = true;
        rc = tally_grade_at(answers, t, &result.grade_version, &result.grade, err);
        if (rc != TALLY_OK)
            return rc;
    }
    rc = add_reports(answers, t, &result, err);
    if (rc == TALLY_OK)
        *out_result = result;
    return rc;
}

tally_rc tally_score_compute(const struct tally_policy *policy, const tally_history *history,
                             const tally_facts *facts, int64_t as_of_ms, tally_arena *arena,
                             tally_result *out_result, tally_err *err)
{
    tally_answers *answers = NULL;
    tally_rc rc =
        tally_answers_open(&answers, policy, history, facts, as_of_ms, as_of_ms, arena, err);

    return rc == TALLY_OK ? tally_answers_at(answers, as_of_ms, out_result, err) : rc;
}

/* The version in force is known by the instant, the instant by its zone: the
 * last version that is in force at its own end of the day. */
static const tally_zone *zone_of_day(const struct tally_policy *policy, int64_t day)
{
    const tally_zone *found = &tally_zone_utc;

    for (uint32_t i = 0; i < policy->version_count; i++) {
        const tally_version *version = &policy->versions[i];
        const tally_zone *zone =
            version->zone == TALLY_NO_INDEX ? &tally_zone_utc : policy->zones[version->zone];

        if (i == 0 || version->from_ms <= tally_zone_day_end(zone, (int32_t)day))
            found = zone;
    }
    return found;
}

int64_t tally_score_end_of_day(const struct tally_policy *policy, int64_t day)
{
    return tally_zone_day_end(zone_of_day(policy, day), (int32_t)day);
}

int64_t tally_score_moment_ms(const struct tally_policy *policy, tally_moment moment)
{
    return tally_zone_moment_ms(zone_of_day(policy, moment.day), moment);
}
