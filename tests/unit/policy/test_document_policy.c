/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy becomes: every key of the language, versions, hashes, freezing. */

#include "unit.h"

#include "crypto/hash.h"
#include "document_support.h"
#include "policy/program.h"
#include "policy/reads.h"
#include "policy/tests.h"
#include "util/alloc.h"
#include "util/buffer.h"

/* Every key of docs/policy-language.md at least once. */
static const char maximal[] =
    "tallystick: 1\n"
    "programme: everything\n"
    "title: Every key\n"
    "purpose: Try the whole language.\n"
    "contact: a@example.org\n"
    "owner: the town\n"
    "sponsor: public body\n"
    "subjects: members\n"
    "members: minor mode\n"
    "basis: none\n"
    "from: 2020-01-01\n"
    "zone: Test/East\n"
    "month-end: first of next month\n"
    "shown-on: 1000\n"
    "keeps-events: 24 months\n"
    "duplicate-window: 5 weeks\n"
    "settings: {share: 30 %, topic-cap: 500, half: 0.5}\n"
    "facts:\n"
    "  people: {2024-01-01: 40, 2024-07-01: 43.5}\n"
    "  active: distinct(subject of visit in rolling 30 days)\n"
    "sources:\n"
    "  office: [visit, planting]\n"
    "  machine: {events: [journey], rate: 100 per calendar day}\n"
    "events:\n"
    "  visit: {minutes: 0..600, host: member}\n"
    "  planting:\n"
    "    is: shared-place care\n"
    "    recorded-by: at the end of January, 1 year later\n"
    "    trees: 1..50\n"
    "    size: one of small, Very Large\n"
    "    proof: id or nothing\n"
    "    checked: yes or no\n"
    "    planted: day\n"
    "    note: text or nothing\n"
    "  journey: {public: 0..400, all: 0..400, weight: 0.00..2.00, step: 0..24 step 0.25}\n"
    "  promise: {about: id}\n"
    "  broken: {about: id}\n"
    "  mended: {about: id}\n"
    "  freeze: {}\n"
    "  away:\n"
    "  back: {}\n"
    "  lock:\n"
    "    state: one of open, shut\n"
    "let:\n"
    "  good: every planting with checked\n"
    "  first: earliest visit\n"
    "  planted-trees: sum(trees of good in rolling 12 months)\n"
    "  stage:\n"
    "    new: planted-trees < 3\n"
    "    Well known: otherwise\n"
    "  bonus:\n"
    "    2: planted-trees >= 10\n"
    "    0.5: planted-trees >= 5\n"
    "    0: otherwise\n"
    "  busy:\n"
    "    at least 1 of:\n"
    "      - any visit\n"
    "      - none of, in calendar month:\n"
    "          - any journey\n"
    "limits:\n"
    "  daily:\n"
    "    at-most: 200 per calendar day UTC\n"
    "    for-each: [host]\n"
    "  weekly:\n"
    "    at-most: 20.5 per calendar week\n"
    "    counting: net\n"
    "  season:\n"
    "    best: 11 per calendar year\n"
    "awards:\n"
    "  trees:\n"
    "    for: planting\n"
    "    when:\n"
    "      all of:\n"
    "        - checked\n"
    "        - size is \"Very Large\"\n"
    "    points: 2 * trees\n"
    "    at-most: [20 per calendar month, 3 times per rolling 7 days]\n"
    "    within: weekly\n"
    "    expires:\n"
    "      after 30 months: trees is 1\n"
    "      after 6 months: otherwise\n"
    "    counts: after 14 days, once confirmed\n"
    "    while-disputed: frozen\n"
    "    because: Trees planted.\n"
    "  travel:\n"
    "    for: journey or visit\n"
    "    when: public / all >= share\n"
    "    points:\n"
    "      15: public > 100\n"
    "      0.5: otherwise\n"
    "    within: [daily, season]\n"
    "    expires: never\n"
    "    decays: half every 90 days\n"
    "    because: Travelled green.\n"
    "  spend:\n"
    "    for: visit\n"
    "    points: 0 - minutes\n"
    "    spends: oldest expiry first\n"
    "deductions:\n"
    "  break:\n"
    "    for: broken\n"
    "    obligation: about\n"
    "    accepted-by: promise\n"
    "    pairs-with: trees\n"
    "    repair: mended\n"
    "    points: 5\n"
    "    counts: after 14 days\n"
    "    expires: after 180 days\n"
    "    because: A promise was not kept.\n"
    "score:\n"
    "  start: 1\n"
    "  floor: 0\n"
    "  ceiling: 2000\n"
    "  applied: each event\n"
    "  needs: any visit\n"
    "streaks:\n"
    "  days-in-a-row:\n"
    "    each: day\n"
    "    counts: any visit\n"
    "    freezes: {event: freeze, hold: 2}\n"
    "    repair: {missed: 1, again-after: 7 days}\n"
    "pauses:\n"
    "  leave: {starts: away, ends: back}\n"
    "tiers:\n"
    "  seed: {from: 1010, keep: 1005, hold: 14 days, reviewed: each 1 January and 1 July}\n"
    "  tree:\n"
    "    gain:\n"
    "      all of, in rolling 100 days:\n"
    "        - distinct(day of visit) >= 50\n"
    "        - held(seed)\n"
    "    keep: 90 % of gain\n"
    "  grove: {from: 1100, price: 100, carry: 50, valid: at the end of February}\n"
    "moves:\n"
    "  reviewed: each day\n"
    "  drop: one step\n"
    "  climb: any\n"
    "  locked-while: latest(lock).state is shut\n"
    "  none: newcomer\n"
    "grade:\n"
    "  assessed: each month on day 20\n"
    "  A: planted-trees >= 10 and held(tree)\n"
    "  B: otherwise\n"
    "report: [stage, days-in-a-row]\n"
    "benefits:\n"
    "  tea:\n"
    "    class: community perk\n"
    "    needs: seed\n"
    "    at: the café\n"
    "    each: calendar month\n"
    "    quantity: 1\n"
    "    stock: 200\n"
    "    without-points: pay for it\n"
    "    non-members: pay for it\n"
    "notices:\n"
    "  pt: {title: Tudo, purpose: Experimentar., because: {trees: Árvores plantadas.}}\n"
    "admission:\n"
    "  promise:\n"
    "    let:\n"
    "      open-ones: count(promise)\n"
    "    refuse:\n"
    "      too many promises: open-ones > 3\n"
    "    writes:\n"
    "      mended:\n"
    "        to: subject\n"
    "        about: about\n"
    "        when: open-ones is 0\n"
    "reads:\n"
    "  trees.csv:\n"
    "    event: planting\n"
    "    subject: who + where\n"
    "    id: number\n"
    "    at: date from days.csv by number\n"
    "    recorded: entered\n"
    "    only: kind is \"Routine - new\" and note is not nothing\n"
    "    columns: [who, where, number, entered, kind, n]\n"
    "    dates: DD/MM/YYYY\n"
    "    fields: {trees: n, size: {column: kind, as: {S: small}}}\n"
    "  results.csv:\n"
    "    - subject: who\n"
    "      as-of: date\n"
    "      expect: {score: points, called: published points}\n"
    "    - event: {column: what, as: {0: visit, 1: journey}}\n"
    "      subject: who\n"
    "tests:\n"
    "  - name: everything at once\n"
    "    as-of: 2024-12-31\n"
    "    facts: {people: 41}\n"
    "    settings: {topic-cap: 400}\n"
    "    given:\n"
    "      - {visit: each day from 2024-01-01 to 2024-02-15, minutes: 3, host: h}\n"
    "      - {planting: 2024-03-01T10:00:00Z, times: 22, id: x, subject: s, recorded: 2024-03-02}\n"
    "      - {void: 2024-04-01, of: x}\n"
    "    expect:\n"
    "      - {as-of: 2024-06-01, of: s, score: 1, missing: [a, b]}\n"
    "      - {tier: seed}\n";

static void every_key_is_read(void **state)
{
    tally_policy *policy = compile_or_fail(maximal);
    const tally_version *version = &policy->versions[0];

    (void)state;
    assert_string_equal(tally_policy_programme(policy), "everything");
    assert_int_equal(policy->version_count, 1);
    assert_int_equal(policy->points_decimals, 1); /* 0.5 points, 20.5 a week */
    assert_int_equal(policy->type_count, TALLY_RECORD_TYPES + 10);
    assert_int_equal(policy->zone_count, 2);
    assert_false(policy->is_memoryless);
    assert_int_equal(version->month_end, TALLY_MONTH_END_NEXT_MONTH_FIRST);
    assert_int_equal(version->score.shown_on, 10000);
    assert_int_equal(version->score.ceiling, 20000);
    assert_true(version->score.each_event && version->score.needs != NULL);
    assert_int_equal(version->keeps_months, 24);
    assert_int_equal(version->duplicate_window_ms, 35 * TALLY_DAY_MS);
    assert_int_equal(version->setting_count, 3);
    assert_int_equal(version->settings[0].value, 30);
    assert_int_equal(version->settings[0].decimals, 2);
    assert_int_equal(version->fact_count, 2);
    assert_int_equal(version->facts[0].values[0], 400);
    assert_int_equal(version->let_count, 6);
    assert_int_equal(version->lets[3].expr->type, TALLY_TYPE_WORD);
    assert_int_equal(version->lets[4].expr->decimals, 1);
    assert_true(version->lets[3].is_reported && version->streaks[0].is_reported);
    assert_int_equal(version->limit_count, 5); /* three shared, two own */
    assert_int_equal(version->tier_count, 3);
    assert_int_equal(version->benefits[0].needs_tier, 0);
    assert_int_equal(version->grade.row_count, 2);
    assert_null(version->grade.conditions[1]);
    assert_int_equal(version->admission_count, 1);
    assert_int_equal(version->admission[0].write_count, 1);
    assert_true(version->word_count > 20);
    tally_policy_free(policy);
}

static void awards_are_as_written(void **state)
{
    tally_policy *policy = compile_or_fail(maximal);
    const tally_version *version = &policy->versions[0];
    const tally_award *trees = &version->awards[0], *travel = &version->awards[1];
    const tally_award *deduction = &version->awards[3];

    (void)state;
    assert_int_equal(version->award_count, 4);
    assert_true(trees->is_linear);
    assert_int_equal(trees->linear_constant, 0);
    assert_int_equal(trees->linear_coefficient, 20); /* 2 a tree, at one decimal */
    assert_int_equal(trees->linear_slot, 0);
    assert_int_equal(trees->limit_count, 3);
    assert_true(version->limits[trees->limits[0]].is_own);
    assert_int_equal(version->limits[trees->limits[0]].amount_value, 200);
    assert_int_equal(version->limits[trees->limits[1]].kind, TALLY_LIMIT_TIMES);
    assert_int_equal(version->limits[trees->limits[2]].kind, TALLY_LIMIT_NET);
    assert_int_equal(trees->expires.count, 2);
    assert_true(trees->once_confirmed && trees->has_counts_after);
    assert_int_equal(trees->while_disputed, TALLY_DISPUTED_FROZEN);
    assert_false(travel->is_linear);
    assert_int_equal(travel->expires.count, 0);
    assert_int_equal(travel->decay_days, 90);
    assert_int_equal(travel->points->op, TALLY_OP_TABLE);
    assert_true(version->awards[2].spends);
    assert_true(deduction->is_deduction);
    assert_int_equal(deduction->points->value, -50);
    assert_int_equal(deduction->pairs_with_award, 0);
    assert_true(deduction->obligation_slot_of_type[deduction->repair_type] == 0);
    tally_policy_free(policy);
}

static void reads_and_tests_are_kept_as_written(void **state)
{
    tally_policy *policy = compile_or_fail(maximal);
    const struct tally_reads *reads = policy->reads;
    const struct tally_tests *tests = policy->tests;

    (void)state;
    assert_int_equal(reads->count, 3);
    assert_int_equal(reads->reads[0].subject.part_count, 2);
    assert_true(tally_text_is(reads->reads[0].at.look_up_file, "days.csv"));
    assert_int_equal(reads->reads[0].filter_count, 2);
    assert_true(tally_text_is(reads->reads[0].filters[0].value, "Routine - new"));
    assert_true(reads->reads[0].filters[1].is_not && reads->reads[0].filters[1].value.count == 0);
    assert_int_equal(reads->reads[0].dates, TALLY_DATE_DAY_FIRST);
    assert_true(tally_text_is(reads->reads[1].expect_called, "published points"));
    assert_true(tally_text_is(reads->reads[2].event_as.to[1], "journey"));
    assert_int_equal(tests->count, 1);
    assert_int_equal(tests->tests[0].event_count, 3);
    assert_true(tally_text_is(tests->tests[0].events[0].until, "2024-02-15"));
    assert_int_equal(tests->tests[0].events[1].times, 22);
    assert_int_equal(tests->tests[0].expectation_count, 2);
    assert_int_equal(tests->tests[0].expectations[0].list_count, 2);
    tally_policy_free(policy);
}

static void each_failed_allocation_is_survived(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_policy *policy = NULL;

        tally_alloc_fail_at(nth);
        rc = compile_bytes(&policy, maximal, sizeof(maximal) - 1, diagnostics);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(rc == TALLY_OK, policy != NULL);
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
    }
    assert_true(nth > 1);
}

/* ---- versions ---- */

#define HEAD "tallystick: 1\nprogramme: p\ntitle: t\nsubjects: members\n"

static void versions_carry_over(void **state)
{
    static const char text[] =
        HEAD "settings: {cap: 500, own: 7}\n"
             "events:\n  visit:\n    n: 0..5\n    k: one of low, high\n"
             "awards:\n  gone: {for: visit, points: 1}\n  stays: {for: visit, points: n, at-most: "
             "3 per calendar day}\n"
             "tiers:\n  old: {from: 1}\n  same: {from: 2}\n"
             "# the end of version 1\n---\n" HEAD "from: 2025-01-01\nzone: Test/East\n"
             "settings:\n  cap: {was: 500, now: 250}\n  own: {was: 5, now: 9}\n"
             "events:\n  visit: {n: 0.0..9.5, k: 'one of low, mid, high', extra: id or nothing}\n"
             "  call: {}\n"
             "awards:\n  stays: {for: visit, points: n, at-most: 4 per calendar day}\n"
             "tiers:\n  new: {from: 1}\n  same: {from: 2}\n"
             "migrate: {tiers: {old: new}, keep-tiers-until: 2025-06-30}\n";
    tally_policy *policy = compile_or_fail(text);
    const tally_version *first = &policy->versions[0], *second = &policy->versions[1];
    const tally_event_type *visit = &policy->types[TALLY_RECORD_TYPES];

    (void)state;
    assert_int_equal(policy->version_count, 2);
    assert_int_equal(policy->points_decimals, 1);
    assert_true(first->from_ms == INT64_MIN);
    assert_int_equal(second->from_ms, INT64_C(1735686000000)); /* an hour before UTC's new year */
    assert_int_equal(second->settings[0].value, 250);
    assert_int_equal(second->settings[1].value, 7);
    assert_int_equal(visit->field_count, 3);
    assert_int_equal(visit->fields[0].greatest, 95);
    assert_int_equal(visit->fields[1].domain->count, 3);
    assert_true(tally_text_is(visit->fields[1].domain->words[1], "high")); /* keeps its index */
    assert_int_equal(first->awards[1].id, second->awards[0].id);
    assert_int_equal(first->limits[0].id, second->limits[0].id);
    assert_int_equal(first->tiers[0].id, second->tiers[0].id);
    assert_int_equal(first->tiers[1].id, second->tiers[1].id);
    assert_int_equal(policy->tier_id_count, 2);
    assert_true(tally_text_is(policy->tier_names[first->tiers[0].id], "new"));
    assert_true(second->has_keep_until);
    assert_memory_not_equal(first->hash, second->hash, TALLY_POLICY_HASH_BYTES);
    tally_policy_free(policy);
}

#define FIRST HEAD "events: {visit: {}}\n"

static void the_hash_is_that_of_the_document_alone(void **state)
{
    tally_policy *alone = compile_or_fail(FIRST);
    tally_policy *followed = compile_or_fail("---\n" FIRST "\n# more\n---\n" HEAD
                                             "from: 2025-01-01\nevents: {visit: {}}\n");
    uint8_t hash[TALLY_POLICY_HASH_BYTES], expected[TALLY_POLICY_HASH_BYTES];
    /* The tag, the text without its last newline, UTC with its one entry. */
    static const char hashed[] = "tallystick policy 1\n" HEAD "events: {visit: {}}UTC\n"
                                 "\x80\0\0\0\0\0\0\0\0\0\0";

    (void)state;
    tally_policy_hash(alone, hash);
    assert_memory_equal(followed->versions[0].hash, hash, sizeof(hash));
    assert_int_equal(tally_hash_sha256(expected, hashed, sizeof(hashed)), TALLY_OK);
    assert_memory_equal(hash, expected, sizeof(hash));
    tally_policy_free(followed);
    tally_policy_free(alone);
}

static void a_wrong_previous_prints_the_right_one(void **state)
{
    tally_policy *first = compile_or_fail(FIRST);
    char hex[TALLY_HASH_HEX_BYTES], text[600];
    tally_buffer out;

    (void)state;
    tally_hash_hex(hex, first->versions[0].hash);
    for (int is_right = 0; is_right < 2; is_right++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_policy *policy = NULL;
        tally_rc rc;

        hex[5] = is_right ? hex[5] : (char)(hex[5] == 'a' ? 'b' : 'a');
        tally_buffer_init(&out, sizeof(text));
        tally_buffer_printf(&out, "%s---\n%sfrom: 2025-01-01\nprevious: %s\nevents: {visit: {}}\n",
                            FIRST, HEAD, hex);
        rc = compile_bytes(&policy, out.bytes, out.count, diagnostics);
        assert_int_equal(rc, is_right ? TALLY_OK : TALLY_E_INVALID);
        tally_hash_hex(hex, first->versions[0].hash);
        if (!is_right) {
            assert_string_equal(tally_diagnostics_get(diagnostics, 0)->code, "wrong-previous");
            assert_non_null(strstr(tally_diagnostics_get(diagnostics, 0)->hint, hex));
        }
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
        tally_buffer_free(&out);
    }
    tally_policy_free(first);
}

/* ---- freezing ---- */

static tally_rc thaw(tally_policy **out_policy, const char *text, size_t count)
{
    static const tally_zone_source no_zones = { 0 };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_rc rc =
        tally_policy_compile(out_policy, "frozen", text, count, &no_zones, diagnostics, NULL);

    tally_diagnostics_free(diagnostics);
    return rc;
}

static void a_frozen_policy_is_the_same_policy(void **state)
{
    static const char two[] = "---\n" HEAD "zone: Test/East\nevents: {visit: {}}\n---\n" HEAD
                              "from: 2025-01-01\nevents: {visit: {}}\n...\n";
    const char *texts[] = { maximal, two };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        tally_policy *policy = compile_or_fail(texts[i]), *thawed = NULL;
        char *frozen, *again;
        size_t count, again_count;

        assert_int_equal(tally_policy_freeze(policy, &frozen, &count), TALLY_OK);
        assert_int_equal(thaw(&thawed, frozen, count), TALLY_OK);
        assert_int_equal(thawed->version_count, policy->version_count);
        for (uint32_t v = 0; v < policy->version_count; v++)
            assert_memory_equal(thawed->versions[v].hash, policy->versions[v].hash,
                                TALLY_POLICY_HASH_BYTES);
        assert_int_equal(tally_policy_freeze(thawed, &again, &again_count), TALLY_OK);
        assert_int_equal(again_count, count);
        assert_memory_equal(again, frozen, count);
        tally_policy_text_free(again);
        tally_policy_text_free(frozen);
        tally_policy_free(thawed);
        tally_policy_free(policy);
    }
}

static void a_changed_frozen_policy_is_found_out(void **state)
{
    tally_policy *policy = compile_or_fail(maximal), *thawed = NULL;
    char *frozen, *offset;
    size_t count;

    (void)state;
    assert_int_equal(tally_policy_freeze(policy, &frozen, &count), TALLY_OK);
    offset = strstr(frozen, "[null,3600]");
    assert_non_null(offset);
    offset[6] = '4';
    assert_int_equal(thaw(&thawed, frozen, count), TALLY_E_CORRUPT);
    assert_null(thawed);
    tally_policy_text_free(frozen);
    tally_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(awards_are_as_written),
        cmocka_unit_test(reads_and_tests_are_kept_as_written),
        cmocka_unit_test(each_failed_allocation_is_survived),
        cmocka_unit_test(versions_carry_over),
        cmocka_unit_test(the_hash_is_that_of_the_document_alone),
        cmocka_unit_test(a_wrong_previous_prints_the_right_one),
        cmocka_unit_test(a_frozen_policy_is_the_same_policy),
        cmocka_unit_test(a_changed_frozen_policy_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
