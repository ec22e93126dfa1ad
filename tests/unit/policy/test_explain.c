/* SPDX-License-Identifier: Apache-2.0 */
/* The plain-English text: it says every rule, whole, and fails cleanly. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/explain.h"
#include "tally/policy.h"
#include "util/alloc.h"

static const char policy_text[] =
    "tallystick: 1\n"
    "programme: explained\n"
    "title: A policy to explain\n"
    "subjects: members\n"
    "sponsor: association\n"
    "month-end: first of next month\n"
    "settings:\n"
    "  enough: 3\n"
    "facts:\n"
    "  beds: {2026-01-01: 40, 2026-07-01: 44}\n"
    "events:\n"
    "  shift:\n"
    "    hours: 0.5..8.0 step 0.5\n"
    "    kind: one of garden, kitchen\n"
    "    place: id\n"
    "  leave-began:\n"
    "  leave-ended:\n"
    "let:\n"
    "  lately: count(shift in rolling 30 days)\n"
    "  rate: round(100 * count(shift with kind is garden) / count(shift), to 0.1, half even)\n"
    "limits:\n"
    "  monthly:\n"
    "    at-most: 20 per calendar month\n"
    "    for-each: place\n"
    "  top:\n"
    "    best: 3 per calendar year\n"
    "  even:\n"
    "    at-most: 50 per calendar year\n"
    "    counting: net\n"
    "awards:\n"
    "  shifts:\n"
    "    for: shift\n"
    "    when: kind is garden and hours >= 1\n"
    "    points: 2 * hours\n"
    "    within: [monthly, top, even]\n"
    "    expires: at the end of the month, 12 months later\n"
    "    while-disputed: frozen\n"
    "    because: Time given.\n"
    "pauses:\n"
    "  leave: {starts: leave-began, ends: leave-ended}\n"
    "streaks:\n"
    "  weeks-in-a-row:\n"
    "    each: week\n"
    "    counts: any shift\n"
    "    repair: {missed: 1, again-after: 28 days}\n"
    "tiers:\n"
    "  helper:\n"
    "    gain:\n"
    "      all of:\n"
    "        - lately >= enough\n"
    "        - distinct(day of shift) >= 2\n"
    "        - score >= 10\n"
    "    keep: lately >= 1\n"
    "    hold: 14 days\n"
    "  gardener:\n"
    "    from: 100\n"
    "report: [rate, weeks-in-a-row]\n";

static tally_policy *compile(void)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;

    if (tally_policy_compile(&policy, "explained", policy_text, strlen(policy_text), NULL,
                             diagnostics, NULL) != TALLY_OK) {
        for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++)
            print_message("%u: %s\n", tally_diagnostics_get(diagnostics, i)->line,
                          tally_diagnostics_get(diagnostics, i)->message);
        fail();
    }
    tally_diagnostics_free(diagnostics);
    return policy;
}

/* Each is a piece of the text that stands for one rule or one reading. */
static const char *const said[] = {
    "A policy to explain (programme explained, version 1 of 1",
    "Its sponsor: association.",
    "- `shift` with hours (a number from 0.5 to 8 in steps of 0.5); kind (one of garden, kitchen); "
    "place (an identifier).",
    "- enough is set to 3.",
    "- beds is a figure published with the policy, 2 values by date.",
    "- lately is the number of `shift` in the last 30 days.",
    "rounded to the nearest, halves to even to a multiple of 0.1",
    "- shifts: for each `shift` where kind is \"garden\" and hours is at least 1, 2 × hours "
    "points.",
    "Limited to at most 20 points in the calendar month, separately for each place (limit "
    "`monthly`, shared).",
    "Limited to only the best 3, of equals the earlier, in the calendar year (limit `top`, "
    "shared).",
    "Limited to at most 50 points in sum, the newest cut first, in the calendar year (limit "
    "`even`, "
    "shared).",
    "The points end at the end of the calendar month that lies 12 months later.",
    "While a dispute about it is open it stays as it was when the dispute was filed.",
    "Why: Time given.",
    "- helper: gained when all of these hold:\n    - `lately` is at least 3\n    - the number of "
    "different days over `shift` is at least 2\n    - the score as shown is at least 10\n",
    "Kept while `lately` is at least 1.",
    "Not lost within 14 days of gaining it.",
    "- gardener: gained when the score as shown is at least 100.",
    "- weeks-in-a-row: consecutive weeks in which there is at least one `shift`.",
    "Up to 1 missed in a row count as if kept, again after 28 days.",
    "- leave: from `leave-began` to `leave-ended` streaks wait and clocks stand still.",
    "A month later than a day that the month does not have is the first day of the next month.",
    "Points have 1 decimal; nothing is rounded except where a rule says so.",
};

static void every_rule_and_reading_is_said(void **state)
{
    tally_policy *policy = compile();
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, (size_t)1 << 20);
    tally_policy_explain(policy, &out);
    assert_int_equal(tally_buffer_failure(&out), TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(said); i++) {
        if (strstr(tally_buffer_string(&out), said[i]) == NULL)
            fail_msg("not said: %s\nin:\n%s", said[i], tally_buffer_string(&out));
    }
    tally_buffer_free(&out);
    tally_policy_free(policy);
}

static void a_long_reason_is_not_cut(void **state)
{
    static const size_t reason_bytes = 5000;
    char *text = malloc(sizeof(policy_text) + reason_bytes + 64);
    char *reason = malloc(reason_bytes + 1);
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;
    tally_buffer out;

    (void)state;
    assert_non_null(text);
    assert_non_null(reason);
    memset(reason, 'x', reason_bytes);
    reason[reason_bytes] = '\0';
    snprintf(text, sizeof(policy_text) + reason_bytes + 64, "%spurpose: %s\n", policy_text, reason);
    assert_int_equal(
        tally_policy_compile(&policy, "long", text, strlen(text), NULL, diagnostics, NULL),
        TALLY_OK);
    tally_buffer_init(&out, (size_t)1 << 20);
    tally_policy_explain(policy, &out);
    assert_non_null(strstr(tally_buffer_string(&out), reason));
    tally_buffer_free(&out);
    tally_policy_free(policy);
    tally_diagnostics_free(diagnostics);
    free(reason);
    free(text);
}

static void it_survives_each_failed_allocation_and_a_small_buffer(void **state)
{
    tally_policy *policy = compile();
    tally_rc rc = TALLY_E_NOMEM;
    tally_buffer out;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_buffer_init(&out, (size_t)1 << 20);
        tally_alloc_fail_at(nth);
        tally_policy_explain(policy, &out);
        tally_alloc_fail_never();
        rc = tally_buffer_failure(&out);
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_buffer_free(&out);
    }
    assert_true(nth > 1);
    tally_buffer_init(&out, 100);
    tally_policy_explain(policy, &out);
    assert_int_equal(tally_buffer_failure(&out), TALLY_E_LIMIT);
    tally_buffer_free(&out);
    tally_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_and_reading_is_said),
        cmocka_unit_test(a_long_reason_is_not_cut),
        cmocka_unit_test(it_survives_each_failed_allocation_and_a_small_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
