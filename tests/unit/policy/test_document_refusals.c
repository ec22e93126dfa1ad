/* SPDX-License-Identifier: Apache-2.0 */
/* What is no policy, with the place at which the first error is reported. */

#include "unit.h"

#include "document_support.h"

#define HEAD   "tallystick: 1\nprogramme: p\ntitle: t\nsubjects: members\n"
#define VISIT  HEAD "events:\n  visit: {hours: 0..24}\n" /* 6 lines */
#define AWARD  VISIT "awards:\n  a:\n    for: visit\n"   /* 9 lines */
#define POINTS AWARD "    points: hours\n"               /* 10 lines */

/* By section, in the order of docs/policy-language.md. */
static const struct {
    const char *name, *yaml, *code;
    uint32_t line, column;
    tally_rc rc;
} refusals[] = {
    /* 17: YAML */
    { "an empty text", "", "empty", 0, 0, TALLY_E_INVALID },
    { "only comments", "# nothing\n", "empty", 0, 0, TALLY_E_INVALID },
    { "a list", "- a\n", "empty", 1, 1, TALLY_E_INVALID },
    { "an empty document", POINTS "---\n", "empty", 12, 1, TALLY_E_INVALID },
    { "an anchor", HEAD "events: &e\n  visit: {}\n", "anchor", 5, 9, TALLY_E_INVALID },
    { "an alias", POINTS "    when: *x\n", "alias", 11, 11, TALLY_E_INVALID },
    { "a tag", HEAD "events:\n  visit: !!map {}\n", "tag", 6, 10, TALLY_E_INVALID },
    { "a merge key", HEAD "events:\n  <<: {}\n", "merge-key", 6, 3, TALLY_E_INVALID },
    { "a duplicate key", HEAD "title: u\nevents: {a: {}}\n", "duplicate-key", 5, 1,
      TALLY_E_INVALID },
    { "a complex key", HEAD "? [a]\n: b\n", "complex-key", 5, 3, TALLY_E_INVALID },
    { "a directive", "%YAML 1.2\n---\n" POINTS, "directive", 2, 1, TALLY_E_INVALID },
    { "a comparison without a left side", AWARD "    points: >= 3\n", "yaml", 10, 13,
      TALLY_E_INVALID },
    { "a percent sign first", AWARD "    points: %x\n", "yaml-indicator", 10, 13, TALLY_E_INVALID },
    { "an at sign first", AWARD "    because: @home\n", "yaml-indicator", 10, 14, TALLY_E_INVALID },
    { "a colon inside a text", AWARD "    because: so: it is\n", "yaml", 10, 16, TALLY_E_INVALID },
    { "an open quote", AWARD "    because: \"so\n", "yaml", 10, 15, TALLY_E_INVALID },
    { "a tab", HEAD "events:\n\tvisit: {}\n", "yaml", 6, 1, TALLY_E_INVALID },
    { "a text cut by #", AWARD "    points: 1\n    because: plot #3\n", "cut-text", 11, 14,
      TALLY_E_INVALID },
    { "an expression cut by #", AWARD "    points: max(1 # one\n", "cut-text", 10, 13,
      TALLY_E_INVALID },
    { "a value that is a comment", AWARD "    points: # one\n", "empty-value", 10, 5,
      TALLY_E_INVALID },
    { "an expression split by a flow map",
      VISIT "awards:\n  a: {for: visit, points: max(5, hours)}\n", "flow-expression", 8, 27,
      TALLY_E_INVALID },
    { "an empty value", AWARD "    points:\n", "empty-value", 10, 5, TALLY_E_INVALID },
    { "a byte order mark", "\xef\xbb\xbf" POINTS, "byte-order-mark", 1, 1, TALLY_E_INVALID },
    { "a carriage return alone", HEAD "purpose: a\rb\n", "control-character", 5, 1,
      TALLY_E_INVALID },
    { "a C1 control character",
      HEAD "purpose: a\xc2\x9b"
           "31mb\n",
      "control-character", 5, 1, TALLY_E_INVALID },
    { "a text that turns its direction",
      HEAD "purpose: a\xe2\x80\xae"
           "b\n",
      "control-character", 5, 1, TALLY_E_INVALID },
    { "UTF-16", "\xff\xfet\0a\0", "not-utf8", 1, 1, TALLY_E_INVALID },
    { "Latin-1", HEAD "purpose: caf\xe9\nevents: {}\n", "not-utf8", 5, 1, TALLY_E_INVALID },
    /* 1: the header */
    { "another language version",
      "tallystick: 2\nprogramme: p\ntitle: t\nsubjects: members\n"
      "events: {a: {}}\n",
      "language-version", 1, 13, TALLY_E_INVALID },
    { "a missing title", "tallystick: 1\nprogramme: p\nsubjects: members\nevents: {a: {}}\n",
      "missing-key", 1, 1, TALLY_E_INVALID },
    { "an unknown key", POINTS "tier: {}\n", "unknown-key", 11, 1, TALLY_E_INVALID },
    { "a list where a mapping belongs", HEAD "events: [a]\n", "shape", 5, 9, TALLY_E_INVALID },
    { "a bad programme name",
      "tallystick: 1\nprogramme: my-\ntitle: t\nsubjects: members\n"
      "events: {a: {}}\n",
      "bad-name", 2, 12, TALLY_E_INVALID },
    { "unknown subjects",
      "tallystick: 1\nprogramme: p\ntitle: t\nsubjects: member\n"
      "events: {a: {}}\n",
      "unknown-word", 4, 11, TALLY_E_INVALID },
    { "an unknown sponsor", POINTS "sponsor: church\n", "unknown-word", 11, 10, TALLY_E_INVALID },
    { "an unknown zone", POINTS "zone: Test/West\n", "unknown-zone", 11, 7, TALLY_E_INVALID },
    { "a zone outside the folder", POINTS "zone: ../etc/passwd\n", "unknown-zone", 11, 7,
      TALLY_E_INVALID },
    { "a month-end rule that is none", POINTS "month-end: first\n", "unknown-word", 11, 12,
      TALLY_E_INVALID },
    { "a duplicate window of months", POINTS "duplicate-window: 2 months\n", "bad-duration", 11, 19,
      TALLY_E_INVALID },
    { "a setting that is no number", POINTS "settings: {x: many}\n", "bad-number", 11, 15,
      TALLY_E_INVALID },
    { "was and now in the first version", POINTS "settings:\n  x: {was: 1, now: 2}\n",
      "no-previous", 12, 3, TALLY_E_INVALID },
    { "facts out of order", POINTS "facts:\n  x: {2024-02-01: 1, 2024-01-01: 2}\n", "fact-order",
      12, 22, TALLY_E_INVALID },
    { "a source of unknown events", POINTS "sources: {office: [visits]}\n", "unknown-event-type",
      11, 20, TALLY_E_INVALID },
    { "a reserved name", POINTS "let:\n  score: 1\n", "reserved-name", 12, 3, TALLY_E_INVALID },
    { "a result's name", POINTS "let:\n  grade: 1\n", "reserved-name", 12, 3, TALLY_E_INVALID },
    { "one name twice", POINTS "settings: {x: 1}\nlet:\n  x: 2\n", "duplicate-name", 13, 3,
      TALLY_E_INVALID },
    { "a field hides a value", POINTS "let:\n  hours: 2\n", "shadowed-name", 12, 3,
      TALLY_E_INVALID },
    /* 2: events */
    { "a type that exists already", HEAD "events: {void: {}}\n", "reserved-name", 5, 10,
      TALLY_E_INVALID },
    /* 3: expressions, through the document */
    { "an unknown name", AWARD "    points: hourz\n", "unknown-name", 10, 13, TALLY_E_INVALID },
    { "an unknown name on a second line", AWARD "    points: 1 +\n      hourz\n", "unknown-name",
      11, 7, TALLY_E_INVALID },
    { "an unknown name in a block", AWARD "    points: |\n      1 +\n        hourz\n",
      "unknown-name", 12, 9, TALLY_E_INVALID },
    { "a value used above its place", POINTS "let:\n  x: y\n  y: 1\n", "unknown-name", 12, 6,
      TALLY_E_INVALID },
    /* 4: condition lists */
    { "a list without a head", POINTS "    when:\n      - hours > 1\n", "bad-list", 12, 7,
      TALLY_E_INVALID },
    { "an empty list", POINTS "    when:\n      all of: []\n", "bad-list", 12, 7, TALLY_E_INVALID },
    { "more than there are", POINTS "    when:\n      at least 2 of:\n        - hours > 1\n",
      "bad-list", 12, 7, TALLY_E_INVALID },
    { "a head with a comma too many", POINTS "    when:\n      all of,:\n        - hours > 1\n",
      "bad-window", 12, 14, TALLY_E_INVALID },
    /* 5: awards and limits */
    { "an award without points", AWARD "    because: x\n", "missing-key", 8, 3, TALLY_E_INVALID },
    { "an award for nothing", VISIT "awards:\n  a:\n    for: visits\n    points: 1\n",
      "unknown-event-type", 9, 10, TALLY_E_INVALID },
    { "an award for a void", VISIT "awards:\n  a:\n    for: void\n    points: 1\n", "record-type",
      9, 10, TALLY_E_INVALID },
    { "an unknown limit", POINTS "    within: daily\n", "unknown-limit", 11, 13, TALLY_E_INVALID },
    { "a limit with both",
      POINTS "limits:\n  l:\n    at-most: 1 per calendar day\n"
             "    best: 1 per calendar day\n",
      "missing-key", 12, 3, TALLY_E_INVALID },
    { "a moving net limit",
      POINTS "limits:\n  l:\n    at-most: 1 per rolling 2 days\n"
             "    counting: net\n",
      "bad-limit", 13, 14, TALLY_E_INVALID },
    { "a limit for each unknown field",
      POINTS "limits:\n  l:\n    at-most: 1 per calendar day\n"
             "    for-each: hour\n",
      "unknown-field", 14, 15, TALLY_E_INVALID },
    { "decay by months", POINTS "    decays: half every 2 months\n", "bad-decay", 11, 13,
      TALLY_E_INVALID },
    { "a wrong word after the comma", POINTS "    counts: after 2 days, maybe\n", "bad-counts", 11,
      13, TALLY_E_INVALID },
    { "repair without an obligation",
      VISIT "deductions:\n  d:\n    for: visit\n    points: 1\n"
            "    repair: visit\n",
      "missing-key", 11, 13, TALLY_E_INVALID },
    { "an award that asks for a tier",
      POINTS "    when: held(gold)\ntiers:\n  gold:\n    from: 1\n", "circular", 8, 3,
      TALLY_E_INVALID },
    /* 6: the score */
    { "a floor above the ceiling", POINTS "score: {floor: 2, ceiling: 1, start: 1}\n", "bad-bounds",
      11, 1, TALLY_E_INVALID },
    { "a start that is not known", POINTS "score:\n  start: count(visit)\n", "not-constant", 12, 10,
      TALLY_E_INVALID },
    /* 7: tables */
    { "numbers and labels", POINTS "let:\n  x:\n    low: count(visit) < 3\n    5: otherwise\n",
      "mixed-table", 13, 5, TALLY_E_INVALID },
    /* 8: tiers */
    { "a tier without a rule", POINTS "tiers:\n  gold:\n    hold: 3 days\n", "missing-key", 12, 3,
      TALLY_E_INVALID },
    { "a score to reach without awards", VISIT "tiers:\n  gold:\n    from: 3\n", "no-score", 9, 11,
      TALLY_E_INVALID },
    { "valid and keep",
      POINTS "tiers:\n  gold:\n    from: 3\n    keep: 2\n    valid: after 1 year\n", "bad-keep", 14,
      11, TALLY_E_INVALID },
    { "a tier that asks for one below it",
      POINTS "tiers:\n  silver:\n    gain: held(gold)\n"
             "  gold:\n    from: 3\n",
      "unknown-tier", 13, 16, TALLY_E_INVALID },
    { "one step without reviews", POINTS "tiers:\n  gold:\n    from: 3\nmoves:\n  drop: one step\n",
      "missing-key", 14, 1, TALLY_E_INVALID },
    { "a carry without a price", POINTS "tiers:\n  gold:\n    from: 3\n    carry: 2\n",
      "missing-key", 14, 12, TALLY_E_INVALID },
    /* 9: streaks and pauses */
    { "a streak that counts a streak",
      POINTS "let:\n  long: s > 3\nstreaks:\n  s:\n    each: day\n"
             "    counts: long\n",
      "circular", 16, 13, TALLY_E_INVALID },
    { "a pause that ends as it starts", POINTS "pauses:\n  p: {starts: visit, ends: visit}\n",
      "bad-pause", 12, 3, TALLY_E_INVALID },
    /* 11: versions */
    { "migrating from nothing", POINTS "migrate: {tiers: {a: b}}\n", "no-previous", 11, 1,
      TALLY_E_INVALID },
    { "a later version without a day", POINTS "---\n" POINTS, "missing-key", 12, 1,
      TALLY_E_INVALID },
    { "a version before the one before",
      POINTS "---\n" POINTS "from: 2024-01-01\n---\n" POINTS "from: 2023-01-01\n", "version-order",
      34, 7, TALLY_E_INVALID },
    { "a hash that is none", POINTS "previous: abc\n", "bad-hash", 11, 11, TALLY_E_INVALID },
    { "a narrower field",
      POINTS "---\n" HEAD "from: 2024-01-01\nevents:\n  visit: {hours: 0..12}\n",
      "incompatible-field", 18, 18, TALLY_E_INVALID },
    { "a new field that must be there",
      POINTS "---\n" HEAD "from: 2024-01-01\nevents:\n  visit: {hours: 0..24, n: 0..1}\n",
      "incompatible-field", 18, 28, TALLY_E_INVALID },
    { "a type gone", POINTS "---\n" HEAD "from: 2024-01-01\nevents: {call: {}}\n",
      "incompatible-event", 17, 1, TALLY_E_INVALID },
    /* 12: admission */
    { "a written event without its field",
      POINTS "admission:\n  visit:\n    writes:\n"
             "      visit: {to: subject}\n",
      "missing-field", 14, 7, TALLY_E_INVALID },
    /* 13: files */
    { "a look-up without a key", POINTS "reads:\n  f.csv: {event: visit, at: a from b.csv}\n",
      "bad-column", 12, 29, TALLY_E_INVALID },
    { "a filter that is none", POINTS "reads:\n  f.csv: {event: visit, only: a}\n", "bad-filter",
      12, 31, TALLY_E_INVALID },
    { "an unknown result to compare", POINTS "reads:\n  f.csv: {expect: {points: a}}\n",
      "unknown-result", 12, 20, TALLY_E_INVALID },
    /* 14: tests */
    { "a test without expect", POINTS "tests:\n  - name: n\n", "missing-key", 12, 5,
      TALLY_E_INVALID },
    { "an unknown expected result", POINTS "tests:\n  - name: n\n    expect: {points: 1}\n",
      "unknown-result", 13, 14, TALLY_E_INVALID },
    { "an unknown given event",
      POINTS "tests:\n  - name: n\n    given:\n      - {visits: 2024-01-01}\n"
             "    expect: {score: 1}\n",
      "unknown-event-type", 14, 10, TALLY_E_INVALID },
    { "a given day that is none",
      POINTS "tests:\n  - name: n\n    given:\n"
             "      - {visit: 2024-02-30, hours: 1}\n    expect: {score: 1}\n",
      "bad-day", 14, 17, TALLY_E_INVALID },
    /* 15: benefits */
    { "a benefit for an unknown tier", POINTS "benefits:\n  b: {class: recognition, needs: gold}\n",
      "unknown-tier", 12, 34, TALLY_E_INVALID },
    /* 16: limits */
    { "too deep", HEAD "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]\n",
      "too-deep", 5, 67, TALLY_E_LIMIT },
    { "frozen, but not JSON", "{a: 1}", "frozen", 0, 0, TALLY_E_INVALID },
    { "frozen, but nothing in it", "{}", "frozen", 0, 0, TALLY_E_INVALID },
};

/* Mistakes of a newcomer: one report each, that says what to write. */
static const struct {
    const char *name, *yaml, *message, *hint;
} mistakes[] = {
    { "a hyphen between bounds",
      HEAD "events:\n  visit:\n    hours: 1-12\nawards:\n  a:\n    for: visit\n"
           "    points: 2 * hours\n",
      "this is no type of a field", "`1..12`" },
    { "a misspelt section",
      VISIT "award:\n  a:\n    for: visit\n    points: 1\ntiers:\n  t:\n    from: 10\n",
      "`award` is no key of a policy", "did you mean `awards`?" },
    { "a quote that is not closed", AWARD "    points: 1\n    because: \"Time given.\n",
      "this quote is never closed", "close it" },
    { "a decimal comma", AWARD "    points: 2,5 * hours\n", "`,` does not belong here", "2.5" },
    { "an empty tier", POINTS "tiers:\n  helper:\n", "`helper` has no value", "further in" },
    { "a tier that is a number", POINTS "tiers:\n  helper: 20\n",
      "`a tier` is a mapping, and a text stands here", "on the lines below it" },
    { "no language version", "programme: p\ntitle: t\nsubjects: members\nevents: {a: {}}\n",
      "a policy needs `tallystick`", "`tallystick: 1`" },
    { "no points", AWARD "    because: x\n", "an award needs `points`", "`points: \u2026`" },
    { "a reported value that does not compile",
      POINTS "let:\n  steady: count(visitt) >= 2\nreport: [steady]\n",
      "there is no event type or set `visitt`", "did you mean `visit`?" },
    { "UTF-16", "\xff\xfet\xff", "the text is UTF-16", "" },
};

static void one_mistake_is_one_report_with_a_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(mistakes); i++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        const tally_diagnostic *only;
        tally_policy *policy = NULL;

        assert_non_null(diagnostics);
        assert_int_equal(
            compile_bytes(&policy, mistakes[i].yaml, strlen(mistakes[i].yaml), diagnostics),
            TALLY_E_INVALID);
        if (tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_ERROR) != 1) {
            print_error("%s: %zu errors\n", mistakes[i].name,
                        tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_ERROR));
            fail();
        }
        only = tally_diagnostics_get(diagnostics, 0);
        if (strstr(only->message, mistakes[i].message) == NULL ||
            strstr(only->hint, mistakes[i].hint) == NULL) {
            print_error("%s: %s (%s)\n", mistakes[i].name, only->message, only->hint);
            fail();
        }
        tally_diagnostics_free(diagnostics);
    }
}

static void each_refusal_names_its_place(void **state)
{
    bool is_as_said = true;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        const tally_diagnostic *first = NULL;
        tally_policy *policy = NULL;
        tally_rc rc;

        assert_non_null(diagnostics);
        rc = compile_bytes(&policy, refusals[i].yaml, strlen(refusals[i].yaml), diagnostics);
        for (size_t n = 0; first == NULL && n < tally_diagnostics_count(diagnostics); n++) {
            if (tally_diagnostics_get(diagnostics, n)->severity == TALLY_SEVERITY_ERROR)
                first = tally_diagnostics_get(diagnostics, n);
        }
        if (rc != refusals[i].rc || first == NULL || policy != NULL ||
            first->line != refusals[i].line || first->column != refusals[i].column ||
            strcmp(first->code, refusals[i].code) != 0) {
            print_error("%s: %s %u:%u %s (%s)\n", refusals[i].name, tally_rc_name(rc),
                        first != NULL ? first->line : 0, first != NULL ? first->column : 0,
                        first != NULL ? first->code : "none", first != NULL ? first->message : "");
            is_as_said = false;
        }
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
    }
    assert_true(is_as_said);
}

/* Texts that would take long or much if nothing bounded them. */
static void large_texts_are_bounded(void **state)
{
    static const struct {
        const char *head, *piece;
        tally_rc rc;
    } texts[] = {
        { "", "[", TALLY_E_LIMIT },          { "a: |\n", "\n", TALLY_E_LIMIT },
        { "a: ", "b\n ", TALLY_E_INVALID },  { "", "---\n", TALLY_E_LIMIT },
        { "", "#\n", TALLY_E_INVALID },      { "", "a: b\n", TALLY_E_INVALID },
        { "- ", "- \n  ", TALLY_E_INVALID }, { "? ", "? \n", TALLY_E_INVALID },
    };
    enum { BYTES = 200000 };
    char *text = test_malloc(BYTES + 16);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_policy *policy = NULL;
        size_t count = strlen(texts[i].head), piece = strlen(texts[i].piece);
        tally_rc rc;

        memcpy(text, texts[i].head, count);
        for (; count + piece <= BYTES; count += piece)
            memcpy(text + count, texts[i].piece, piece);
        rc = compile_bytes(&policy, text, count, diagnostics);
        if (rc != texts[i].rc)
            print_error("%s: %s\n", texts[i].piece, tally_rc_name(rc));
        assert_int_equal(rc, texts[i].rc);
        assert_null(policy);
        tally_diagnostics_free(diagnostics);
    }
    test_free(text);
}

static void longer_than_a_mebibyte_is_refused(void **state)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char *text = test_malloc(TALLY_POLICY_BYTES_MAX + 1);
    tally_policy *policy = NULL;

    (void)state;
    memset(text, '#', TALLY_POLICY_BYTES_MAX + 1);
    assert_int_equal(compile_bytes(&policy, text, TALLY_POLICY_BYTES_MAX + 1, diagnostics),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_diagnostics_count(diagnostics), 1);
    test_free(text);
    tally_diagnostics_free(diagnostics);
}

static void a_nul_byte_is_refused_with_its_line(void **state)
{
    static const char text[] = HEAD "purpose: a\0b\n";
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;

    (void)state;
    assert_int_equal(compile_bytes(&policy, text, sizeof(text) - 1, diagnostics), TALLY_E_INVALID);
    assert_string_equal(tally_diagnostics_get(diagnostics, 0)->code, "nul");
    assert_int_equal(tally_diagnostics_get(diagnostics, 0)->line, 5);
    tally_diagnostics_free(diagnostics);
}

static void every_error_is_found_at_once(void **state)
{
    static const char text[] = HEAD "events:\n  visit: {hours: 0..24}\nawards:\n"
                                    "  a:\n    for: visits\n    points: 1\n"
                                    "  b:\n    for: visit\n    points: hourz\n    pts: 1\n"
                                    "tiers:\n  x:\n    from: 1\n    kep: 2\n";
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;

    (void)state;
    assert_int_equal(compile_bytes(&policy, text, sizeof(text) - 1, diagnostics), TALLY_E_INVALID);
    assert_int_equal(tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_ERROR), 4);
    assert_string_equal(tally_diagnostics_get(diagnostics, 0)->hint, "did you mean `visit`?");
    assert_string_equal(tally_diagnostics_get(diagnostics, 1)->hint, "did you mean `hours`?");
    assert_string_equal(tally_diagnostics_get(diagnostics, 3)->hint, "did you mean `keep`?");
    tally_diagnostics_free(diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_names_its_place),
        cmocka_unit_test(one_mistake_is_one_report_with_a_remedy),
        cmocka_unit_test(large_texts_are_bounded),
        cmocka_unit_test(longer_than_a_mebibyte_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_with_its_line),
        cmocka_unit_test(every_error_is_found_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
