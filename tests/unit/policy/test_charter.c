/* SPDX-License-Identifier: Apache-2.0 */
/* Each right that a policy's text shows: what must pass (tR<n>_pos_…) and what
 * must be refused, with its right, code and line (tR<n>_neg_…).
 *
 * A case is the admissible policy below with one piece of text replaced. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/charter.h"
#include "tally/policy.h"
#include "util/alloc.h"

/* Green points of a city, in the least words that may live. */
static const char members_policy[] =
    "tallystick: 1\n"
    "programme: green-points\n"
    "title: Green points\n"
    "purpose: Thank residents who plant trees and share the garden.\n"
    "contact: green@riverside.example\n"
    "sponsor: association\n"
    "subjects: members\n"
    "members: adults\n"
    "zone: UTC\n"
    "shown-on: 1000\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  parks-office: {events: [tree-planted, thanks], rate: 10 per calendar day}\n"
    "  tool-library: {events: [promise-made, promise-kept, promise-broken, promise-mended], rate: "
    "5 per calendar day}\n"
    "events:\n"
    "  tree-planted: {is: shared-place care, trees: 1..50}\n"
    "  thanks: {is: peer thanks, from: member}\n"
    "  promise-made: {is: obligation accepted, promise: id}\n"
    "  promise-kept: {is: obligation kept, promise: id}\n"
    "  promise-broken: {is: obligation broken, promise: id}\n"
    "  promise-mended: {is: obligation repaired, promise: id}\n"
    "limits:\n"
    "  one-thanks-a-pair:\n"
    "    at-most: 1 time per rolling 90 days\n"
    "    for-each: from\n"
    "awards:\n"
    "  trees:\n"
    "    for: tree-planted\n"
    "    points: 20 * trees\n"
    "    expires: after 24 months\n"
    "    because: Trees planted, and seen by the parks office.\n"
    "  thanked:\n"
    "    for: thanks\n"
    "    points: 1\n"
    "    within: one-thanks-a-pair\n"
    "    expires: after 12 months\n"
    "    because: A neighbour said thank you.\n"
    "  kept:\n"
    "    for: promise-kept\n"
    "    points: 5\n"
    "    expires: after 12 months\n"
    "    because: A promise was kept.\n"
    "deductions:\n"
    "  broken:\n"
    "    for: promise-broken\n"
    "    obligation: promise\n"
    "    accepted-by: promise-made\n"
    "    pairs-with: kept\n"
    "    repair: promise-mended\n"
    "    points: 5\n"
    "    counts: after 14 days, once confirmed\n"
    "    expires: after 180 days\n"
    "    because: A promise was not kept.\n"
    "tiers:\n"
    "  sapling:\n"
    "    from: 1030\n"
    "benefits:\n"
    "  late-fee-waiver:\n"
    "    class: community perk\n"
    "    needs: sapling\n"
    "    at: city-library\n"
    "    each: calendar month\n"
    "    without-points: ask at the desk\n"
    "    non-members: pay the usual fee\n";

static const char organisations_policy[] =
    "tallystick: 1\n"
    "programme: kitchens\n"
    "title: Kitchen inspections\n"
    "purpose: Show what the authority found.\n"
    "contact: kitchens@city.example\n"
    "sponsor: public body\n"
    "basis: the inspection register of the city\n"
    "subjects: organisations\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  authority: [inspection]\n"
    "events:\n"
    "  inspection: {is: public inspection, reference: id, points: 0..100}\n"
    "let:\n"
    "  last: latest inspection\n"
    "grade:\n"
    "  not rated: no inspection\n"
    "  good: last.points >= 90\n"
    "  other: otherwise\n";

typedef struct charter_case {
    const char *name;
    const char *base;
    const char *find, *replace; /* NULL: as it is */
    const char *right, *code;   /* NULL: must pass */
} charter_case;

/* What the first source's rate is followed by when members may pause. */
#define PAUSE_SOURCE                                                            \
    "rate: 5 per calendar day}\n"                                               \
    "  members: {events: [away-began, away-ended], rate: 2 per calendar day}\n" \
    "pauses:\n"                                                                 \
    "  away: {starts: away-began, ends: away-ended}\n"

#define M members_policy
#define O organisations_policy

static const charter_case cases[] = {
    { "tR3_pos_says_what_non_members_get", M, NULL, NULL, NULL, NULL },
    { "tR3_neg_no_baseline", M, "    non-members: pay the usual fee\n", "    non-members: \"\"\n",
      "R3", "E_BENEFIT_BASELINE" },
    { "tR4_pos_association", M, NULL, NULL, NULL, NULL },
    { "tR4_neg_police_sponsor", M, "sponsor: association", "sponsor: police", "R4",
      "E_SPONSOR_CLASS" },
    { "tR4_neg_employer_with_tiers", M, "sponsor: association", "sponsor: employer", "R4",
      "E_SPONSOR_CLASS" },
    { "tR4_neg_public_body_deducts", M, "sponsor: association", "sponsor: public body", "R4",
      "E_SPONSOR_CLASS" },
    { "tR4_neg_landlord_checks_tiers", M, "at: city-library", "at: landlord-desk", "R4",
      "E_SPONSOR_CLASS" },
    { "tR5_pos_adults", M, NULL, NULL, NULL, NULL },
    { "tR5_neg_minors_with_tiers", M, "members: adults", "members: minor mode", "R5",
      "E_MINOR_MODE" },
    { "tR5_neg_age_field", M, "trees: 1..50}", "trees: 1..50, age: 5..99}", "R5", "E_MINOR_MODE" },
    { "tR7_pos_own_events_only", M, NULL, NULL, NULL, NULL },
    { "tR7_neg_credit_score", M, "because: A promise was kept.",
      "because: Their credit score at the bank is good.", "R7", "E_CROSS_PROGRAMME" },
    { "tR8_pos_registered_kinds", M, NULL, NULL, NULL, NULL },
    { "tR8_neg_no_kind", M, "{is: shared-place care, trees: 1..50}", "{trees: 1..50}", "R8",
      "E_SCHEMA" },
    { "tR8_neg_unknown_kind", M, "is: shared-place care", "is: clapping", "R8", "E_SCHEMA" },
    { "tR8_neg_free_text", M, "trees: 1..50}", "trees: 1..50, note: text}", "R8", "E_SCHEMA" },
    { "tR8_pos_a_pause_needs_no_kind", M, "rate: 5 per calendar day}\nevents:\n",
      PAUSE_SOURCE "events:\n  away-began:\n  away-ended:\n", NULL, NULL },
    { "tR8_neg_a_pause_with_details", M, "rate: 5 per calendar day}\nevents:\n",
      PAUSE_SOURCE "events:\n  away-began:\n  away-ended: {days: 1..9}\n", "R8", "E_SCHEMA" },
    { "tR9_pos_tree_planting", M, NULL, NULL, NULL, NULL },
    { "tR9_neg_1_politics", M, "because: A promise was kept.", "because: Took part in the rally.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_2_belief", M, "because: A promise was kept.", "because: Cleaned the church.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_3_origin", M, "because: A promise was kept.", "because: A citizen by nationality.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_4_health", M, "because: A promise was kept.", "because: Gave blood.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_5_sex", M, "because: A promise was kept.", "because: For women by gender.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_6_union", M, "because: A promise was kept.", "because: Left the trade union.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_7_biometrics", M, "because: A promise was kept.",
      "because: Seen by facial recognition.", "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_8_offences", M, "because: A promise was kept.", "because: No convictions.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_9_family", M, "because: A promise was kept.", "because: Married couples.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_10_income", M, "because: A promise was kept.", "because: Low debt.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_11_online", M, "because: A promise was kept.", "because: Shared on social media.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_12_location", M, "because: A promise was kept.", "because: GPS shows it.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_13_lifestyle", M, "because: A promise was kept.", "because: Polite to elders.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_14_use_of_rights", M, "because: A promise was kept.", "because: Made no complaint.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_15_inferred", M, "because: A promise was kept.", "because: Trustworthy.", "R9",
      "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_16_standing", M, "because: A promise was kept.", "because: Good school grades.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_look_alikes", M, "because: A promise was kept.", "because: P\xD0\xBElitic\xD1\x95.",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR9_neg_another_language", M, "tiers:\n",
      "notices:\n  pt: {because: {kept: Foi à igreja.}}\ntiers:\n", "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR10_pos_declared_sources", M, NULL, NULL, NULL, NULL },
    { "tR10_neg_no_source", M, "events: [tree-planted, thanks]", "events: [thanks]", "R10",
      "E_SOURCE" },
    { "tR10_neg_camera", M, "  parks-office:", "  park-camera:", "R10", "E_SOURCE" },
    { "tR10_neg_lifetime_rate", M, "rate: 10 per calendar day", "rate: 10 per lifetime", "R10",
      "E_SOURCE" },
    { "tR10_neg_no_rate", M,
      "parks-office: {events: [tree-planted, thanks], rate: 10 per calendar day}",
      "parks-office: [tree-planted, thanks]", "R10", "E_SOURCE" },
    { "tR11_pos_published_figures", M, "limits:\n", "facts:\n  beds: {2026-01-01: 40}\nlimits:\n",
      NULL, NULL },
    { "tR11_neg_live_population", M, "limits:\n",
      "facts:\n  active: distinct(subject of tree-planted in rolling 30 days)\nlimits:\n", "R11",
      "E_OTHER_SUBJECT" },
    { "tR11_neg_other_person", M, "trees: 1..50}", "trees: 1..50, with-whom: member}", "R11",
      "E_OTHER_SUBJECT" },
    { "tR12_pos_thanks_once_a_pair", M, NULL, NULL, NULL, NULL },
    { "tR12_neg_second_thanks", M, "1 time per rolling 90 days", "1 time per rolling 89 days",
      "R12", "E_PEER_NEGATIVE" },
    { "tR12_neg_stars", M, "is: peer thanks, from: member}",
      "is: peer thanks, from: member, stars: 1..5}", "R12", "E_PEER_NEGATIVE" },
    { "tR12_neg_minus", M, "    points: 1\n", "    points: -1\n", "R12", "E_PEER_NEGATIVE" },
    { "tR13_pos_bounded_and_repairable", M, NULL, NULL, NULL, NULL },
    { "tR13_neg_plain_minus", M, "    points: 20 * trees\n", "    points: 20 - trees\n", "R13",
      "E_NO_OBLIGATION" },
    { "tR13_neg_costs_more_than_keeping", M, "    points: 5\n    counts",
      "    points: 6\n    counts", "R13", "E_DEDUCTION_LIMIT" },
    { "tR13_neg_day_181", M, "expires: after 180 days", "expires: after 181 days", "R13",
      "E_DEDUCTION_LIMIT" },
    { "tR13_neg_half_points", M, "    points: 1\n", "    points: 0.5\n", "R13", "E_NO_OBLIGATION" },
    { "tR13_neg_starts_above_zero", M, "tiers:\n", "score:\n  start: 1\ntiers:\n", "R13",
      "E_NO_OBLIGATION" },
    { "tR13_neg_below_zero", M, "tiers:\n", "score:\n  floor: -50\ntiers:\n", "R13",
      "E_NO_OBLIGATION" },
    { "tR14_pos_answer_and_decision", M, NULL, NULL, NULL, NULL },
    { "tR14_neg_13_days", M, "counts: after 14 days, once confirmed",
      "counts: after 13 days, once confirmed", "R14", "E_NOT_FINAL" },
    { "tR14_neg_timer_finalises", M, "counts: after 14 days, once confirmed",
      "counts: after 14 days", "R14", "E_NOT_FINAL" },
    { "tR16_pos_what_happened", M, NULL, NULL, NULL, NULL },
    { "tR16_neg_predicted_type", M, "  tree-planted: {is",
      "  risk-assessed: {is: skill learned}\n  tree-planted: {is", "R16", "E_NOT_REPRODUCIBLE" },
    { "tR17_pos_community_perk", M, NULL, NULL, NULL, NULL },
    { "tR17_neg_housing", M, "  late-fee-waiver:", "  housing-list-place:", "R17",
      "E_BENEFIT_CLASS" },
    { "tR17_neg_no_other_route", M, "without-points: ask at the desk", "without-points: \"\"",
      "R17", "E_BENEFIT_CLASS" },
    { "tR20_pos_positive_labels", M, NULL, NULL, NULL, NULL },
    { "tR20_neg_blacklist", M, "  sapling:\n", "  blacklisted:\n    from: 1001\n  sapling:\n",
      "R20", "E_PUBLIC_NEGATIVE" },
    { "tR20_neg_tier_below_the_base", M, "from: 1030", "from: 950", "R20", "E_PUBLIC_NEGATIVE" },
    { "tR25_pos_first_version", M, NULL, NULL, NULL, NULL },
    { "tR27_pos_no_cohort_field", M, NULL, NULL, NULL, NULL },
    { "tR27_neg_cohort_reaches_a_rule", M, "trees: 1..50}", "trees: 1..50, disability: yes or no}",
      "R9", "E_FORBIDDEN_SUBJECT" },
    { "tR28_pos_complete_record", M, NULL, NULL, NULL, NULL },
    { "tR28_neg_no_purpose", M, "purpose: Thank residents who plant trees and share the garden.\n",
      "", "R28", "E_NO_PUBLIC_RECORD" },
    { "tR28_neg_no_contact", M, "contact: green@riverside.example\n", "", "R28",
      "E_NO_PUBLIC_RECORD" },
    { "tR28_neg_no_reason", M, "    because: A promise was kept.\n", "", "R28",
      "E_NO_PUBLIC_RECORD" },
    { "tR29_pos_stricter", M, "keeps-events: 24 months", "keeps-events: 23 months", NULL, NULL },
    { "tR29_neg_25_months", M, "keeps-events: 24 months", "keeps-events: 25 months", "R29",
      "E_CHARTER_FLOOR" },
    { "tR33_pos_24_months", M, NULL, NULL, NULL, NULL },
    { "tR33_neg_25_months", M, "expires: after 24 months", "expires: after 25 months", "R33",
      "E_RETENTION" },
    { "tR33_neg_no_limit", M, "    expires: after 24 months\n", "", "R33", "E_RETENTION" },
    { "tR33_neg_not_said", M, "keeps-events: 24 months\n", "", "R33", "E_RETENTION" },
    { "tR33_neg_lifetime_count", M, "    from: 1030\n", "    gain: count(tree-planted) >= 3\n",
      "R33", "E_RETENTION" },
    { "tR33_neg_three_years", M, "    from: 1030\n",
      "    gain: count(tree-planted in rolling 3 years) >= 3\n", "R33", "E_RETENTION" },
    { "tR33_pos_two_years", M, "    from: 1030\n",
      "    gain: count(tree-planted in rolling 2 years) >= 3\n", NULL, NULL },
    { "tR35_pos_sourced_fact", O, NULL, NULL, NULL, NULL },
    { "tR35_neg_no_basis", O, "basis: the inspection register of the city\n", "", "R35",
      "E_NOT_AN_ORG" },
    { "tR35_neg_unsourced_fact", O, "reference: id, ", "", "R35", "E_NOT_AN_ORG" },
    { "tR35_neg_person_named", O, "reference: id,", "reference: id, owner-name: id,", "R35",
      "E_NOT_AN_ORG" },
    { "tR35_neg_member_in_it", O, "reference: id,", "reference: id, inspector: member,", "R35",
      "E_NOT_AN_ORG" },
    { "tR36_pos_no_such_rule", M, NULL, NULL, NULL, NULL },
    { "tR36_neg_complaints_as_events", M, "  tree-planted: {is",
      "  complaint-made: {is: skill learned}\n  tree-planted: {is", "R36", "E_RETALIATION" },
};

/* base with the first `find` replaced; the caller frees it. */
static char *changed(const charter_case *test)
{
    size_t base_bytes = strlen(test->base);
    size_t find_bytes = test->find != NULL ? strlen(test->find) : 0;
    size_t replace_bytes = test->replace != NULL ? strlen(test->replace) : 0;
    const char *at = test->find != NULL ? strstr(test->base, test->find) : test->base;
    char *text = malloc(base_bytes + replace_bytes + 1);
    size_t before;

    assert_non_null(text);
    if (at == NULL)
        fail_msg("%s: the text to replace is not in the policy", test->name);
    before = (size_t)(at - test->base);
    memcpy(text, test->base, before);
    if (replace_bytes > 0)
        memcpy(text + before, test->replace, replace_bytes);
    memcpy(text + before + replace_bytes, at + find_bytes, base_bytes - before - find_bytes + 1);
    return text;
}

static tally_policy *compile(const char *name, const char *text, tally_diagnostics *diagnostics)
{
    tally_policy *policy = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_policy_compile(&policy, name, text, strlen(text), NULL, diagnostics, &err);

    for (size_t i = 0; rc != TALLY_OK && i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *diagnostic = tally_diagnostics_get(diagnostics, i);

        print_message("%s:%u:%u: %s\n", name, diagnostic->line, diagnostic->column,
                      diagnostic->message);
    }
    if (rc != TALLY_OK)
        fail_msg("%s does not compile: %s", name, err.message);
    return policy;
}

static bool has_refusal(const tally_diagnostics *diagnostics, const char *right, const char *code)
{
    for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *diagnostic = tally_diagnostics_get(diagnostics, i);

        if (diagnostic->severity == TALLY_SEVERITY_REFUSAL &&
            strcmp(diagnostic->right, right) == 0 && strcmp(diagnostic->code, code) == 0)
            return diagnostic->message[0] != '\0';
    }
    return false;
}

static void print_refusals(const tally_diagnostics *diagnostics)
{
    for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *diagnostic = tally_diagnostics_get(diagnostics, i);

        print_message("  %u:%u %s %s: %s\n", diagnostic->line, diagnostic->column,
                      diagnostic->right, diagnostic->code, diagnostic->message);
    }
}

static void each_right_passes_and_refuses_as_its_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        char *text = changed(&cases[i]);
        tally_policy *policy;
        bool lives;

        assert_non_null(diagnostics);
        policy = compile(cases[i].name, text, diagnostics);
        lives = tally_charter_check(policy, diagnostics);
        if (lives != (cases[i].right == NULL) ||
            (cases[i].right != NULL && !has_refusal(diagnostics, cases[i].right, cases[i].code))) {
            print_refusals(diagnostics);
            fail_msg("%s: wanted %s", cases[i].name,
                     cases[i].right != NULL ? cases[i].right : "no refusal");
        }
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
        free(text);
    }
}

/* The rights whose breach a text can show have both a case that passes and one that is refused. */
static void every_static_right_has_both_kinds_of_case(void **state)
{
    static const int rights[] = { 3,  4,  5,  7,  8,  9,  10, 11, 12, 13,
                                  14, 16, 17, 20, 27, 28, 29, 33, 35, 36 };

    (void)state;
    for (size_t r = 0; r < UNIT_COUNT(rights); r++) {
        char pos[16];
        char neg[16];
        bool has_pos = false;
        bool has_neg = false;

        snprintf(pos, sizeof(pos), "tR%d_pos_", rights[r]);
        snprintf(neg, sizeof(neg), "tR%d_neg_", rights[r]);
        for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
            has_pos = has_pos || strncmp(cases[i].name, pos, strlen(pos)) == 0;
            has_neg = has_neg || strncmp(cases[i].name, neg, strlen(neg)) == 0;
        }
        assert_true(has_pos && has_neg);
    }
}

static void tR25_neg_a_later_version_needs_the_hash_of_the_one_before(void **state)
{
    static const char next[] = "---\nfrom: 2027-01-01\n";
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char *text = malloc(2 * sizeof(members_policy) + sizeof(next));
    tally_policy *policy;

    (void)state;
    assert_non_null(text);
    snprintf(text, 2 * sizeof(members_policy) + sizeof(next), "%s%s%s", members_policy, next,
             members_policy);
    policy = compile("tR25", text, diagnostics);
    assert_false(tally_charter_check(policy, diagnostics));
    assert_true(has_refusal(diagnostics, "R25", "E_NOTICE_PERIOD"));
    tally_policy_free(policy);
    tally_diagnostics_free(diagnostics);
    free(text);
}

static void tR3_neg_the_baseline_may_not_fall_between_versions(void **state)
{
    charter_case later = { "tR3",
                           members_policy,
                           "non-members: pay the usual fee",
                           "non-members: pay twice the fee",
                           NULL,
                           NULL };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char *second = changed(&later);
    char *text = malloc(3 * sizeof(members_policy));
    tally_policy *policy;

    (void)state;
    assert_non_null(text);
    snprintf(text, 3 * sizeof(members_policy), "%s---\nfrom: 2027-01-01\n%s", members_policy,
             second);
    policy = compile("tR3", text, diagnostics);
    assert_false(tally_charter_check(policy, diagnostics));
    assert_true(has_refusal(diagnostics, "R3", "E_BENEFIT_BASELINE"));
    tally_policy_free(policy);
    tally_diagnostics_free(diagnostics);
    free(text);
    free(second);
}

static void evaluate_refuses_only_r9_1_to_9_about_persons(void **state)
{
    static const struct {
        const char *because;
        bool is_refused;
    } rows[] = {
        { "because: Took part in the rally.", true },
        { "because: Married couples.", true },
        { "because: Low debt.", false },
        { "because: Polite to elders.", false },
        { "because: A promise was kept.", false },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        charter_case test = { "evaluate",      members_policy, "because: A promise was kept.",
                              rows[i].because, NULL,           NULL };
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        char *text = changed(&test);
        tally_policy *policy = compile("evaluate", text, diagnostics);

        assert_int_equal(tally_charter_check_evaluate(policy, diagnostics), !rows[i].is_refused);
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_right_passes_and_refuses_as_its_table_says),
        cmocka_unit_test(every_static_right_has_both_kinds_of_case),
        cmocka_unit_test(tR25_neg_a_later_version_needs_the_hash_of_the_one_before),
        cmocka_unit_test(tR3_neg_the_baseline_may_not_fall_between_versions),
        cmocka_unit_test(evaluate_refuses_only_r9_1_to_9_about_persons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
