/* SPDX-License-Identifier: Apache-2.0 */
/* Grades (section 7): the first row of the table whose condition is met. */

#include "score/answers.h"

bool tally_grade_instant(const tally_answers *answers, int64_t t, uint32_t *out_version,
                         int64_t *out_instant)
{
    const tally_context *context = answers->context;
    uint32_t version = tally_context_version_at(context, t);
    const tally_grade *grade = &context->policy->versions[version].grade;
    int64_t instant = t;

    if (!grade->is_present)
        return false;
    if (grade->assessed.kind != TALLY_REVIEW_ALWAYS) {
        instant = tally_review_last(context, version, &grade->assessed, t);
        if (context->events.count == 0 || context->events.at_ms[0] > instant)
            return false;
        version = tally_context_version_at(context, instant);
        if (!context->policy->versions[version].grade.is_present)
            return false;
    }
    *out_version = version;
    *out_instant = instant;
    return true;
}

tally_rc tally_grade_at(tally_answers *answers, int64_t t, uint32_t *out_version, uint32_t *out_row,
                        tally_err *err)
{
    const struct tally_policy *policy = answers->context->policy;
    uint32_t version;
    int64_t instant;
    tally_scope scope;

    if (!tally_grade_instant(answers, t, &version, &instant)) {
        *out_version = tally_context_version_at(answers->context, t);
        *out_row = TALLY_NO_INDEX;
        return TALLY_OK;
    }
    scope = tally_scope_at(answers->context, instant);
    for (uint32_t row = 0; row < policy->versions[version].grade.row_count; row++) {
        int64_t condition;
        tally_rc rc = tally_evaluate_condition(answers->context, version,
                                               policy->versions[version].grade.conditions[row],
                                               &scope, &condition, err);

        if (rc != TALLY_OK)
            return rc;
        if (condition == 1) {
            *out_version = version;
            *out_row = row;
            return TALLY_OK;
        }
    }
    *out_version = version;
    *out_row = TALLY_NO_INDEX;
    return TALLY_OK;
}
