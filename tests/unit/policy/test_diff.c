/* SPDX-License-Identifier: Apache-2.0 */
/* What a changed piece of text is called: each row of the table in docs/policy-publishing.md. That
 * "better" is never worse for anybody is tested by the engine in tests/property/versions.py. */

#include "versions_support.h"

#include "policy/diff.h"
#include "util/alloc.h"

#define B TALLY_CHANGE_BETTER
#define N TALLY_CHANGE_NEUTRAL
#define W TALLY_CHANGE_WORSE

#define TEXT   TALLY_REACH_TEXT
#define EVENTS TALLY_REACH_LATER_EVENTS
#define CLAIMS TALLY_REACH_LATER_CLAIMS
#define RECORD TALLY_REACH_RECORD

typedef struct diff_case {
    const char *find, *replace;
    const char *path; /* of the one change; NULL: there is none */
    tally_change_label label;
    tally_change_reach reach;
    bool is_stop;
} diff_case;

static const diff_case cases[] = {
    /* Written otherwise, doing the same. */
    { "points: 5 * hours", "points: hours * 5", NULL, N, TEXT, false },
    { "when: trees >= 2", "when: trees > 1 and trees >= 2", "awards.trees.when", W, EVENTS, false },
    { "after 12 months\n    because: A day", "after 1 years\n    because: A day", NULL, N, TEXT,
      false },
    { "zone: UTC\n", "", NULL, N, TEXT, false },
    { "    expires: after 6 months\n", "    expires: after 6 months # soon\n", NULL, N, TEXT,
      false },
    /* What people read. */
    { "title: Green points", "title: Riverside points", "title", N, TEXT, false },
    { "green@riverside.example", "points@riverside.example", "contact", N, TEXT, false },
    { "A day at the river.", "One day at the river.", "awards.river.because", N, TEXT, false },
    { "and share the garden", "and share the harvest", "purpose", W, TEXT, false },
    { "sponsor: association", "sponsor: cooperative", "sponsor", W, TEXT, false },
    { "keeps-events: 24 months", "keeps-events: 12 months", "keeps-events", W, RECORD, false },
    { "zone: UTC", "zone: each event's own", "zone", W, RECORD, false },
    { "zone: UTC\n", "zone: UTC\nmonth-end: first of next month\n", "month-end", W, RECORD, false },
    { "zone: UTC\n", "zone: UTC\nduplicate-window: 30 days\n", "duplicate-window", W, EVENTS,
      false },
    /* Amounts. */
    { "points: 5 * hours", "points: 6 * hours", "awards.river.points", B, EVENTS, false },
    { "points: 5 * hours", "points: 5 * hours + 1", "awards.river.points", B, EVENTS, false },
    { "points: 5 * hours", "points: max(5 * hours, 12)", "awards.river.points", W, EVENTS, false },
    { "points: 5 * hours", "points: 4 * hours + 8", "awards.river.points", B, EVENTS, false },
    { "points: 5 * hours", "points: 4 * hours + 7", "awards.river.points", W, EVENTS, false },
    { "points: 5 * hours", "points: 4 * hours", "awards.river.points", W, EVENTS, false },
    { "points: 5 * hours", "points: 40", "awards.river.points", B, EVENTS, false },
    { "points: 5 * hours", "points: 39", "awards.river.points", W, EVENTS, false },
    /* Under a limit of points the credit would move to the earlier events. */
    { "points: 20 * trees", "points: 21 * trees", "awards.trees.points", W, EVENTS, false },
    { "points: 5\n    at-most: 4 times", "points: 6\n    at-most: 4 times", "awards.kept.points", B,
      EVENTS, false },
    /* Conditions. */
    { "when: trees >= 2", "when: trees >= 1", "awards.trees.when", W, EVENTS, false },
    { "when: trees >= 2", "when: trees >= 3", "awards.trees.when", W, EVENTS, false },
    { "for: river-day", "for: river-day\n    when: hours >= 2", "awards.river.when", W, EVENTS,
      false },
    /* Limits. */
    { "200 per calendar year", "201 per calendar year", "awards.trees.at-most", B, EVENTS, false },
    { "200 per calendar year", "199 per calendar year", "awards.trees.at-most", W, EVENTS, false },
    { "200 per calendar year", "200 per calendar month", "awards.trees.at-most", W, EVENTS, false },
    { "200 per calendar year", "200 per rolling 12 months", "awards.trees.at-most", W, EVENTS,
      false },
    { "    at-most: 200 per calendar year\n", "", "awards.trees.at-most", B, EVENTS, false },
    { "    points: 5 * hours\n", "    points: 5 * hours\n    at-most: 90 per calendar month\n",
      "awards.river.at-most", W, EVENTS, false },
    { "at-most: 4 times", "at-most: 5 times", "awards.kept.at-most", B, EVENTS, false },
    /* When points count and end. */
    { "after 12 months\n    because: A day", "after 13 months\n    because: A day",
      "awards.river.expires", B, EVENTS, false },
    { "after 12 months\n    because: A day", "after 11 months\n    because: A day",
      "awards.river.expires", W, EVENTS, false },
    { "after 12 months\n    because: A day", "after 330 days\n    because: A day",
      "awards.river.expires", W, EVENTS, false },
    { "after 12 months\n    because: A day", "at the end of the year\n    because: A day",
      "awards.river.expires", W, EVENTS, false },
    { "    points: 5 * hours\n", "    points: 5 * hours\n    counts: after 2 days\n",
      "awards.river.counts", W, EVENTS, false },
    { "    points: 5 * hours\n", "    points: 5 * hours\n    decays: half every 90 days\n",
      "awards.river.decays", W, EVENTS, false },
    { "    points: 5 * hours\n", "    points: 5 * hours\n    while-disputed: held out\n",
      "awards.river.while-disputed", W, EVENTS, false },
    /* Awards that come and go. */
    { "deductions:\n",
      "  long-days:\n    for: river-day\n    points: 2\n    expires: after 1 months\n    because: "
      "Thanks.\ndeductions:\n",
      "awards.long-days", B, EVENTS, false },
    { "  river:\n    for: river-day\n    points: 5 * hours\n    expires: after 12 months\n    "
      "because: A day at the river.\n",
      "", "awards.river", W, EVENTS, true },
    /* Deductions. */
    { "points: 4\n", "points: 3\n", "deductions.broken.points", B, EVENTS, false },
    { "points: 4\n", "points: 5\n", "deductions.broken.points", W, EVENTS, false },
    { "after 90 days", "after 80 days", "deductions.broken.expires", B, EVENTS, false },
    { "after 90 days", "after 91 days", "deductions.broken.expires", W, EVENTS, false },
    { "after 14 days, once", "after 15 days, once", "deductions.broken.counts", B, EVENTS, false },
    { "after 14 days, once", "after 13 days, once", "deductions.broken.counts", W, EVENTS, false },
    { "after 14 days, once confirmed", "after 14 days", "deductions.broken.counts", W, EVENTS,
      false },
    { "    repair: promise-mended\n", "", "deductions.broken.obligation", W, EVENTS, false },
    /* The score. */
    { "tiers:\n", "score:\n  floor: 0\ntiers:\n", "score.floor", B, RECORD, false },
    { "tiers:\n", "score:\n  ceiling: 500\ntiers:\n", "score.ceiling", W, RECORD, false },
    { "tiers:\n", "score:\n  needs: any tree-planted\ntiers:\n", "score.needs", W, RECORD, false },
    { "shown-on: 1000", "shown-on: 1001", "score.shown-on", B, RECORD, false },
    { "shown-on: 1000", "shown-on: 999", "score.shown-on", W, RECORD, false },
    /* Tiers. */
    { "from: 1030", "from: 1029", "tiers.sapling.gain", B, RECORD, false },
    { "from: 1030", "from: 1031", "tiers.sapling.gain", W, RECORD, false },
    { "from: 1030", "from: 1020\n    hold: 14 days", "tiers.sapling.gain", W, RECORD, false },
    { "from: 1030\n", "from: 1030\n    hold: 14 days\n", "tiers.sapling.keep", W, RECORD, false },
    { "keep: 1080", "keep: 1070", "tiers.oak.keep", B, RECORD, false },
    { "keep: 1080", "keep: 1081", "tiers.oak.keep", W, RECORD, false },
    { "    reviewed: each 1 January\n", "", "tiers.oak.keep", W, RECORD, false },
    { "from: 1030\n", "from: 1030\n    reviewed: each month\n", "tiers.sapling.keep", B, RECORD,
      false },
    { "benefits:\n", "  forest:\n    from: 1300\nbenefits:\n", "tiers.forest", B, RECORD, false },
    { "  oak:\n    from: 1100\n    keep: 1080\n    reviewed: each 1 January\n", "", "tiers.oak", W,
      RECORD, false },
    { "benefits:\n", "moves:\n  none: seed\nbenefits:\n", "moves.none", N, TEXT, false },
    { "benefits:\n", "grade:\n  fine: score >= 1010\n  new: otherwise\nbenefits:\n", "grade", W,
      RECORD, false },
    /* Benefits. */
    { "quantity: 2", "quantity: 3", "benefits.late-fee-waiver.quantity", B, CLAIMS, false },
    { "quantity: 2", "quantity: 1", "benefits.late-fee-waiver.quantity", W, CLAIMS, false },
    { "quantity: 2", "quantity: 2\n    stock: 100", "benefits.late-fee-waiver.stock", W, CLAIMS,
      false },
    { "needs: sapling", "needs: oak", "benefits.late-fee-waiver.needs", W, CLAIMS, false },
    { "without-points: ask at the desk", "without-points: ask by post",
      "benefits.late-fee-waiver.without-points", W, CLAIMS, false },
    { "pay the usual fee", "pay twice the fee", "benefits.late-fee-waiver.non-members", W, CLAIMS,
      false },
    { "benefits:\n",
      "benefits:\n  walk:\n    class: recognition\n    needs: oak\n    at: river-wardens\n    "
      "each: "
      "calendar year\n    without-points: come in spring\n    non-members: come in spring\n",
      "benefits.walk", B, CLAIMS, false },
    /* What may be recorded, and by whom. */
    { "trees: 1..50", "trees: 1..60", "events.tree-planted", N, EVENTS, false },
    { "trees: 1..50", "trees: 1..40", "events.tree-planted", W, EVENTS, false },
    { "one of oak, elm", "one of oak, elm, ash", "events.tree-planted", N, EVENTS, false },
    { "one of oak, elm", "one of oak, ash", "events.tree-planted", W, EVENTS, false },
    { "hours: 1..8}", "hours: 1..8, far: yes or no or nothing}", "events.river-day", N, EVENTS,
      false },
    { "hours: 1..8}", "hours: 1..8, far: yes or no}", "events.river-day", W, EVENTS, false },
    { "is: shared-place care, hours", "is: task volunteered, hours", "events.river-day.is", W,
      EVENTS, false },
    { "promise-kept, promise-broken, promise-mended], rate: 5",
      "promise-kept, promise-broken, promise-mended, river-day], rate: 5", "sources.tool-library",
      N, EVENTS, false },
    { "events: [tree-planted, river-day], rate: 10",
      "events: [tree-planted, river-day, promise-broken], rate: 10", "sources.parks-office", W,
      EVENTS, false },
    { "rate: 10 per", "rate: 11 per", "sources.parks-office.rate", W, EVENTS, false },
    { "events: [tree-planted, river-day], rate: 10", "events: [tree-planted], rate: 10",
      "sources.parks-office", W, EVENTS, true },
};

static tally_policy_changes *diff(const tally_policy *old, const tally_policy *new)
{
    tally_policy_changes *changes = NULL;
    tally_err err = TALLY_ERR_INIT;

    if (tally_policy_diff(&changes, old, old->version_count - 1, new, new->version_count - 1,
                          &err) != TALLY_OK)
        fail_msg("%s", err.message);
    return changes;
}

static void print_changes(const tally_policy_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        print_message("  %s %s (%s): %s %s\n", tally_change_label_name(changes->items[i].label),
                      changes->items[i].path, tally_change_reach_name(changes->items[i].reach),
                      changes->items[i].sentence, changes->items[i].why);
}

static void check_case(const diff_case *wanted, size_t index)
{
    char *text = version_text("", green_points, wanted->find, wanted->replace);
    tally_policy *old = version_compile(green_points), *new = version_compile(text);
    tally_policy_changes *changes = diff(old, new);
    const tally_policy_change *change = changes->count > 0 ? &changes->items[0] : NULL;
    bool is_right;

    if (wanted->path == NULL)
        is_right = change == NULL;
    else
        is_right = changes->count == 1 && strcmp(change->path, wanted->path) == 0 &&
                   change->label == wanted->label && change->reach == wanted->reach &&
                   change->is_stop == wanted->is_stop && changes->label == wanted->label &&
                   change->sentence[0] != '\0' && (change->why[0] != '\0') == (wanted->label == W);
    if (!is_right) {
        print_changes(changes);
        fail_msg("case %zu: `%s` -> `%s`: wanted %s", index, wanted->find, wanted->replace,
                 wanted->path != NULL ? wanted->path : "no change");
    }
    tally_policy_changes_free(changes);
    tally_policy_free(old);
    tally_policy_free(new);
    free(text);
}

static void tR25_pos_each_change_has_its_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++)
        check_case(&cases[i], i);
}

/* Several pieces at once. */
static const struct {
    const char *find[2], *replace[2];
    tally_change_label label;
} pairs[] = {
    /* A limit and all amounts under it grow by one factor, or the limit by more. */
    { { "20 * trees", "200 per calendar year" }, { "25 * trees", "250 per calendar year" }, B },
    { { "20 * trees", "200 per calendar year" }, { "25 * trees", "251 per calendar year" }, B },
    { { "20 * trees", "200 per calendar year" }, { "25 * trees", "249 per calendar year" }, W },
    { { "20 * trees", "200 per calendar year" }, { "20 * trees + 1", "300 per calendar year" }, W },
    /* Better here, worse there: worse. */
    { { "5 * hours", "from: 1030" }, { "6 * hours", "from: 1031" }, W },
    { { "5 * hours", "from: 1030" }, { "6 * hours", "from: 1020" }, B },
    /* With a rule that more points can harm, more points are worse. */
    { { "5 * hours", "from: 1030\n" }, { "6 * hours", "from: 1030\n    hold: 14 days\n" }, W },
    { { "5 * hours", "from: 1030\n" }, { "6 * hours", "gain: score <= 1030\n" }, W },
};

static void better_and_worse_are_worse_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
        char *half = version_text("", green_points, pairs[i].find[0], pairs[i].replace[0]);
        char *text = version_text("", half, pairs[i].find[1], pairs[i].replace[1]);
        tally_policy *old = version_compile(green_points), *new = version_compile(text);
        tally_policy_changes *changes = diff(old, new);

        if (changes->label != pairs[i].label) {
            print_changes(changes);
            fail_msg("pair %zu", i);
        }
        tally_policy_changes_free(changes);
        tally_policy_free(old);
        tally_policy_free(new);
        free(half);
        free(text);
    }
}

/* Rules that both versions have, and under which a higher amount is doubtful. */
static void tR25_neg_more_points_that_could_harm_are_worse(void **state)
{
    static const char *const harmful[][2] = {
        { "from: 1030\n", "from: 1030\n    hold: 14 days\n" },
        { "from: 1030\n", "from: 1030\n    valid: after 3 months\n" },
        { "from: 1030\n", "gain: score <= 1030\n" },
        { "from: 1030\n", "gain: not (score > 1030)\n" },
        { "benefits:\n", "grade:\n  fine: score >= 1010\n  new: otherwise\nbenefits:\n" },
        { "benefits:\n", "moves:\n  reviewed: each month\n  climb: one step\nbenefits:\n" },
        { "when: trees >= 2", "when: score >= 1001" },
        { "when: trees >= 2", "when: earned(all) < 100" },
        { "tiers:\n", "score:\n  ceiling: 90\n  applied: each event\ntiers:\n" },
        { "awards:\n", "let:\n  left: 1000 - score\nreport: [left]\nawards:\n" },
        { "    points: 20 * trees\n", "    points: 20 * trees - 60\n" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(harmful); i++) {
        char *before = version_text("", green_points, harmful[i][0], harmful[i][1]);
        char *after = version_text("", before, "points: 5 * hours", "points: 6 * hours");
        tally_policy *old, *new;
        tally_policy_changes *changes;

        if (strstr(before, "climb") != NULL) { /* a tier's own review goes with no common one */
            char *without = version_text("", before, "    reviewed: each 1 January\n", "");

            free(before);
            free(after);
            before = without;
            after = version_text("", before, "points: 5 * hours", "points: 6 * hours");
        }
        old = version_compile(before);
        new = version_compile(after);
        changes = diff(old, new);
        if (changes->count != 1 || changes->label != W) {
            print_changes(changes);
            fail_msg("with `%s`", harmful[i][1]);
        }
        tally_policy_changes_free(changes);
        tally_policy_free(old);
        tally_policy_free(new);
        free(before);
        free(after);
    }
}

static void the_place_is_that_of_the_new_text(void **state)
{
    char *text = version_text("# one line more\n", green_points, "5 * hours", "6 * hours");
    tally_policy *old = version_compile(green_points), *new = version_compile(text);
    tally_policy_changes *changes = diff(old, new);

    (void)state;
    assert_int_equal(changes->count, 1);
    assert_string_equal(changes->items[0].before, "5 * hours");
    assert_string_equal(changes->items[0].after, "6 * hours");
    assert_int_equal(changes->items[0].line, 35);
    assert_int_equal(changes->items[0].column, 13);
    assert_int_equal(changes->items[0].length, 9);
    assert_non_null(strstr(changes->items[0].sentence, "`river` was worth 5"));
    tally_policy_changes_free(changes);
    tally_policy_free(old);
    tally_policy_free(new);
    free(text);
}

static void two_programmes_are_not_compared(void **state)
{
    char *text =
        version_text("", green_points, "programme: green-points", "programme: blue-points");
    tally_policy *old = version_compile(green_points), *new = version_compile(text);
    tally_policy_changes *changes = NULL;

    (void)state;
    assert_int_equal(tally_policy_diff(&changes, old, 0, new, 0, NULL), TALLY_E_INVALID);
    assert_null(changes);
    tally_policy_free(old);
    tally_policy_free(new);
    free(text);
}

static void it_survives_each_failed_allocation(void **state)
{
    char *text = version_text("", green_points, "5 * hours", "4 * hours");
    tally_policy *old = version_compile(green_points), *new = version_compile(text);
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_policy_changes *changes = NULL;

        tally_alloc_fail_at(nth);
        rc = tally_policy_diff(&changes, old, 0, new, 0, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(rc == TALLY_OK, changes != NULL);
        tally_policy_changes_free(changes);
    }
    assert_true(nth > 3);
    tally_policy_free(old);
    tally_policy_free(new);
    free(text);
}

/* Lets that double each other would take 2^40 steps to look into: the comparison stops, in doubt. */
static void deep_policies_end_in_doubt_and_not_in_a_loop(void **state)
{
    tally_buffer text;
    char *changed;
    tally_policy *old, *new;
    tally_policy_changes *changes;

    (void)state;
    tally_buffer_init(&text, (size_t)1 << 20);
    tally_buffer_append_string(&text, "let:\n  x0: count(river-day in rolling 30 days)\n");
    for (int i = 1; i <= 40; i++)
        tally_buffer_printf(&text, "  x%d: min(x%d, x%d)\n", i, i - 1, i - 1);
    tally_buffer_append_string(&text, green_points);
    changed = version_text("", tally_buffer_string(&text), "    points: 5 * hours\n",
                           "    when: x40 >= 1\n    points: 5 * hours\n");
    old = version_compile(tally_buffer_string(&text));
    new = version_compile(changed);
    changes = diff(old, new);
    assert_int_equal(changes->label, W);
    tally_policy_changes_free(changes);
    tally_policy_free(old);
    tally_policy_free(new);
    tally_buffer_free(&text);
    free(changed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR25_pos_each_change_has_its_label),
        cmocka_unit_test(better_and_worse_are_worse_together),
        cmocka_unit_test(tR25_neg_more_points_that_could_harm_are_worse),
        cmocka_unit_test(the_place_is_that_of_the_new_text),
        cmocka_unit_test(two_programmes_are_not_compared),
        cmocka_unit_test(it_survives_each_failed_allocation),
        cmocka_unit_test(deep_policies_end_in_doubt_and_not_in_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
