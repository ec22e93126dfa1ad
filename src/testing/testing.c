/* SPDX-License-Identifier: Apache-2.0 */
/* Running all tests of a policy, each on its own. */

#include "testing/testing.h"

#include "tally/policy.h"
#include "testing/expectation.h"

#define RUN_BYTES_MAX  ((size_t)64 << 20)
#define TEST_BYTES_MAX ((size_t)2 << 30)
#define TOKEN_BYTES_MAX ((size_t)256 << 20)

static tally_rc check_expectations(const struct tally_policy *policy, const tally_test *test,
                                   tally_failure_list *list, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    /* Each expectation begins anew: nothing that one leaves behind helps the next. */
    for (uint32_t i = 0; i < test->expectation_count && rc == TALLY_OK; i++) {
        tally_arena *arena = tally_arena_new(TEST_BYTES_MAX);
        tally_intern *tokens = tally_intern_new(TOKEN_BYTES_MAX, 0);
        tally_scenario scenario;

        if (arena == NULL || tokens == NULL)
            rc = tally_err_set(err, TALLY_E_NOMEM, 0, "running a test");
        if (rc == TALLY_OK)
            rc = tally_scenario_open(&scenario, policy, test, arena, tokens, err);
        if (rc == TALLY_OK)
            rc = tally_expectation_check(&scenario, &test->expectations[i], list, err);
        tally_intern_free(tokens);
        tally_arena_free(arena);
    }
    return rc;
}

static tally_rc run_with_settings(const struct tally_policy *policy, const tally_test *test,
                                  tally_failure_list *list, tally_err *err)
{
    tally_policy *variant;
    tally_rc rc;

    if (test->setting_count == 0)
        return check_expectations(policy, test, list, err);
    rc = tally_policy_compile_with_settings(&variant, policy, test->settings, test->setting_count,
                                            err);
    if (rc != TALLY_OK)
        return rc;
    rc = check_expectations(variant, test, list, err);
    tally_policy_free(variant);
    return rc;
}

static tally_rc run_test(const struct tally_policy *policy, const tally_test *test,
                         tally_arena *arena, tally_test_outcome *out_outcome, tally_err *err)
{
    tally_failure_list list = { .arena = arena };
    tally_err cause = TALLY_ERR_INIT;
    tally_rc rc = run_with_settings(policy, test, &list, &cause);

    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "%s", cause.message);
    if (rc != TALLY_OK) {
        tally_span span = test->span;

        if (!tally_failure_add(&list, &span, TALLY_TEXT("a result"), TALLY_TEXT("one"),
                               tally_text_from(cause.message)))
            return tally_err_set(err, TALLY_E_NOMEM, 0, "running a test");
    }
    *out_outcome = (tally_test_outcome){ .name = test->name,
                                         .line = test->span.line,
                                         .expected_count = list.expected_count,
                                         .failure_count = list.count,
                                         .failures = list.failures };
    return TALLY_OK;
}

tally_rc tally_testing_run(tally_test_run **out_run, const struct tally_policy *policy,
                           tally_err *err)
{
    uint32_t count = policy->tests != NULL ? policy->tests->count : 0;
    tally_arena *arena = tally_arena_new(RUN_BYTES_MAX);
    tally_test_run *run = arena != NULL ? tally_arena_zalloc(arena, sizeof(*run)) : NULL;
    tally_test_outcome *outcomes =
        run != NULL ? tally_arena_zalloc_array(arena, (size_t)count + 1, sizeof(*outcomes)) : NULL;

    if (outcomes == NULL) {
        tally_arena_free(arena);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "running a policy's tests");
    }
    run->arena = arena;
    run->outcomes = outcomes;
    for (uint32_t i = 0; i < count; i++) {
        tally_rc rc = run_test(policy, &policy->tests->tests[i], arena, &outcomes[i], err);

        if (rc != TALLY_OK) {
            tally_arena_free(arena);
            return rc;
        }
        run->count++;
        if (outcomes[i].failure_count == 0)
            run->passed++;
        else
            run->failed++;
    }
    *out_run = run;
    return TALLY_OK;
}

void tally_testing_free(tally_test_run *run)
{
    if (run != NULL)
        tally_arena_free(run->arena);
}
