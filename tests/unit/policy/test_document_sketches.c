/* SPDX-License-Identifier: Apache-2.0 */
/* Three sketches that set the bar for what a policy reads like, in the words of
 * the finished language, and the two messages that were asked of the compiler. */

#include "unit.h"

#include "document_support.h"
#include "policy/program.h"

static const char food_hygiene[] =
    "tallystick: 1\n"
    "programme: food-hygiene\n"
    "title: Food hygiene rating\n"
    "subjects: organisations\n"
    "events:\n"
    "  inspection:\n"
    "    hygiene: one of 0, 5, 10, 15, 20, 25\n"
    "    structure: one of 0, 5, 10, 15, 20, 25\n"
    "    management: one of 0, 5, 10, 20, 30\n"
    "let:\n"
    "  last: latest inspection\n"
    "  total: last.hygiene + last.structure + last.management\n"
    "  worst: max(last.hygiene, last.structure, last.management)\n"
    "grade:                             # rows are tried in written order\n"
    "  not rated: no inspection\n"
    "  5: total <= 15 and worst <= 5\n"
    "  4: total <= 20 and worst <= 10\n"
    "  3: total <= 30 and worst <= 10\n"
    "  2: total <= 40 and worst <= 15\n"
    "  1: total <= 50 and worst <= 20\n"
    "  0: otherwise\n"
    "tests:\n"
    "  - name: one bad component limits the rating, whatever the total\n"
    "    given:\n"
    "      - {inspection: 2024-03-01, hygiene: 0, structure: 0, management: 20}\n"
    "    expect: {grade: 1}\n";

/* field: the one that the condition reads, spelt right or wrong. */
#define GREEN_POINTS(field)                                                          \
    "tallystick: 1\n"                                                                \
    "programme: green-points\n"                                                      \
    "title: Riverside green points\n"                                                \
    "purpose: Thank residents who plant trees and travel green.\n"                   \
    "sponsor: public body\n"                                                         \
    "contact: green@riverside.example\n"                                             \
    "subjects: members\n"                                                            \
    "zone: Test/East\n"                                                              \
    "shown-on: 1000                      # members see 1000 + points\n"              \
    "keeps-events: 24 months\n"                                                      \
    "sources:\n"                                                                     \
    "  parks-office: [tree-planted]\n"                                               \
    "  transit: [month-travelled]\n"                                                 \
    "events:\n"                                                                      \
    "  tree-planted: {trees: 1..50}\n"                                               \
    "  month-travelled: {journeys: 0..400, public: 0..400}\n"                        \
    "awards:\n"                                                                      \
    "  trees:\n"                                                                     \
    "    for: tree-planted\n"                                                        \
    "    points: 20 * trees\n"                                                       \
    "    at-most: 200 per calendar year\n"                                           \
    "    expires: after 24 months\n"                                                 \
    "    because: Trees planted, and seen by the parks office.\n"                    \
    "  greener-travel:\n"                                                            \
    "    for: month-travelled\n"                                                     \
    "    when: " field " / journeys >= 30 %\n"                                       \
    "    points: 15\n"                                                               \
    "    at-most: [1 times per calendar month, 180 per calendar year]\n"             \
    "    expires: after 12 months\n"                                                 \
    "    because: At least 30 % of the month's journeys were by public transport.\n" \
    "tiers:\n"                                                                       \
    "  sapling:\n"                                                                   \
    "    from: 1030\n"                                                               \
    "  oak:\n"                                                                       \
    "    from: 1100\n"                                                               \
    "    keep: 1080\n"                                                               \
    "    reviewed: each 1 January\n"                                                 \
    "benefits:\n"                                                                    \
    "  late-fee-waiver:\n"                                                           \
    "    class: community perk\n"                                                    \
    "    needs: sapling\n"                                                           \
    "    at: city-library\n"                                                         \
    "    each: calendar month\n"                                                     \
    "    without-points: ask at the desk\n"                                          \
    "    non-members: pay the usual fee\n"

static const char forum[] = "tallystick: 1\n"
                            "programme: forum\n"
                            "title: A forum\n"
                            "subjects: members\n"
                            "events:\n"
                            "  visit: {posts-read: 0..100000}\n"
                            "  reply: {topic: id}\n"
                            "  like-received: {giver: member}\n"
                            "  answer-up:\n"
                            "  accepted:\n"
                            "limits:\n"
                            "  daily:\n"
                            "    at-most: 200 per calendar day UTC\n"
                            "awards:\n"
                            "  answer-liked:\n"
                            "    for: answer-up\n"
                            "    points: 10\n"
                            "    within: daily\n"
                            "  answer-accepted:\n"
                            "    for: accepted\n"
                            "    points: 15\n"
                            "tiers:\n"
                            "  regular:\n"
                            "    gain:\n"
                            "      all of, in rolling 100 days:\n"
                            "        - distinct(day of visit with posts-read >= 1) >= 50\n"
                            "        - distinct(topic of reply) >= 10\n"
                            "        - distinct(giver of like-received) >= 5\n"
                            "    keep: 90 % of gain\n"
                            "    hold: 14 days\n";

static void the_food_hygiene_sketch_compiles(void **state)
{
    tally_policy *policy = compile_or_fail(food_hygiene);

    (void)state;
    assert_true(policy->is_about_organisations && policy->is_memoryless);
    assert_int_equal(policy->versions[0].grade.row_count, 7);
    assert_false(policy->versions[0].score.is_present);
    tally_policy_free(policy);
}

static void the_green_points_sketch_compiles(void **state)
{
    tally_policy *policy = compile_or_fail(GREEN_POINTS("public"));
    const tally_version *version = &policy->versions[0];

    (void)state;
    assert_false(policy->is_memoryless); /* the oak is kept at 1080 */
    assert_int_equal(version->tiers[1].from, 1100);
    assert_true(version->awards[0].is_linear && version->awards[1].is_linear);
    assert_int_equal(version->awards[0].linear_coefficient, 20);
    assert_int_equal(version->benefits[0].needs_tier, 0);
    tally_policy_free(policy);
}

static void the_forum_sketch_compiles(void **state)
{
    tally_policy *policy = compile_or_fail(forum);
    const tally_tier *regular = &policy->versions[0].tiers[0];

    (void)state;
    assert_int_equal(regular->gain->op, TALLY_OP_ALL_OF);
    assert_int_equal(regular->gain->arg_count, 3);
    assert_false(regular->keep_is_gain);
    assert_int_equal(regular->keep->arg_count, 3);
    assert_int_equal(regular->hold_ms, 14 * TALLY_DAY_MS);
    assert_int_equal(policy->versions[0].awards[0].limit_count, 1);
    assert_int_equal(policy->versions[0].awards[1].limit_count, 0);
    tally_policy_free(policy);
}

static void a_misspelt_field_is_found_with_the_right_one(void **state)
{
    static const char text[] = GREEN_POINTS("publik");
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    const tally_diagnostic *error;
    tally_policy *policy = NULL;

    (void)state;
    assert_int_equal(compile_bytes(&policy, text, sizeof(text) - 1, diagnostics), TALLY_E_INVALID);
    error = tally_diagnostics_get(diagnostics, 0);
    assert_int_equal(error->line, 26);
    assert_int_equal(error->column, 11);
    assert_int_equal(error->length, 6);
    assert_string_equal(error->message, "`publik` is not a field of month-travelled");
    assert_string_equal(error->hint, "did you mean `public`?");
    tally_diagnostics_free(diagnostics);
}

static void a_limit_that_cannot_bind_is_doubted(void **state)
{
    static const char text[] = GREEN_POINTS("public");
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    const tally_diagnostic *warning;
    tally_policy *policy = NULL;

    (void)state;
    assert_int_equal(compile_bytes(&policy, text, sizeof(text) - 1, diagnostics), TALLY_OK);
    assert_int_equal(tally_diagnostics_count(diagnostics), 1);
    warning = tally_diagnostics_get(diagnostics, 0);
    assert_string_equal(warning->code, "never-binds");
    assert_int_equal(warning->line, 28);
    assert_non_null(strstr(warning->message, "at most 180"));
    tally_policy_free(policy);
    tally_diagnostics_free(diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_food_hygiene_sketch_compiles),
        cmocka_unit_test(the_green_points_sketch_compiles),
        cmocka_unit_test(the_forum_sketch_compiles),
        cmocka_unit_test(a_misspelt_field_is_found_with_the_right_one),
        cmocka_unit_test(a_limit_that_cannot_bind_is_doubted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
