/* SPDX-License-Identifier: Apache-2.0 */
/* Awards, limits and the score (docs/policy-language.md sections 5 and 6): each
 * case is a policy's rules, a few records, and the score as shown at instants. */

#include "case.h"

#define HEAD                                                                            \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\n"                        \
    "events:\n"                                                                         \
    "  help:\n    n: 0..1000\n    from: id or nothing\n    kind: one of small, large\n" \
    "  harm:\n    n: 0..1000\n"                                                         \
    "  pay:\n    n: 0..1000\n"                                                          \
    "  away: {}\n  back: {}\n"

#define HELP "awards:\n  help:\n    for: help\n    points: n\n"

typedef struct shown {
    const char *at;
    int64_t points;
} shown;

static const struct {
    const char *name, *rules;
    const char *lines[16];
    shown expected[8];
} rows[] = {
    { "a constant and a field",
      "awards:\n  help:\n    for: help\n    points: 5 + 2 * n\n",
      { "2024-01-01 help 1 n=10 kind=small" },
      { { "2023-12-31", 0 }, { "2024-01-01", 25 } } },
    { "when that is unknown does not fire",
      HELP "    when: from is not nothing\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-02 help 2 n=3 kind=small from=ann" },
      { { "2024-01-02", 3 } } },
    { "an event with an empty field gives no award where points need it",
      "awards:\n  help:\n    for: help\n    points: latest(harm).n + n\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-02 harm 2 n=1",
        "2024-01-03 help 3 n=10 kind=small" },
      { { "2024-01-03", 11 } } },
    { "points from a table, first row wins",
      "awards:\n  help:\n    for: help\n    points:\n      100: kind is large\n      2 * n: "
      "otherwise\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-02 help 2 n=10 kind=large" },
      { { "2024-01-02", 120 } } },
    { "sets in a rule hold the event itself, earlier ones leave it out",
      "awards:\n  help:\n    for: help\n    points: 10 * count(help) + count(earlier help)\n",
      { "2024-01-01 help 1 n=1 kind=small", "2024-01-01 help 2 n=1 kind=small",
        "2024-01-01 help 3 n=1 kind=small" },
      { { "2024-01-01", 10 + 21 + 32 } } },
    { "as they come: partial credit, order decides",
      HELP "    at-most: 100 per calendar day\n",
      { "2024-01-01 help 1 n=70 kind=small", "2024-01-01T01:00:00Z help 2 n=70 kind=small",
        "2024-01-02 help 3 n=70 kind=small" },
      { { "2024-01-01", 100 }, { "2024-01-02", 170 } } },
    { "a negative amount lowers the sum and is refilled",
      HELP "    within: daily\n  harm:\n    for: harm\n    points: -1 * n\n    within: daily\n"
           "limits:\n  daily:\n    at-most: 100 per calendar day\n",
      { "2024-01-01T01:00:00Z help 1 n=100 kind=small", "2024-01-01T02:00:00Z harm 2 n=30",
        "2024-01-01T03:00:00Z help 3 n=50 kind=small" },
      { { "2024-01-01T01:00:00Z", 100 }, { "2024-01-01T02:00:00Z", 70 }, { "2024-01-01", 100 } } },
    { "the smallest room of several limits decides, all are charged",
      HELP "    at-most: [50 per calendar day, 80 per calendar month]\n",
      { "2024-01-01 help 1 n=60 kind=small", "2024-01-02 help 2 n=60 kind=small",
        "2024-02-01 help 3 n=60 kind=small" },
      { { "2024-01-01", 50 }, { "2024-01-02", 80 }, { "2024-02-01", 130 } } },
    { "times count the awards that credit anything",
      HELP "    at-most: 2 times per calendar month\n",
      { "2024-01-01 help 1 n=0 kind=small", "2024-01-02 help 2 n=1 kind=small",
        "2024-01-03 help 3 n=2 kind=small", "2024-01-04 help 4 n=4 kind=small",
        "2024-02-01 help 5 n=8 kind=small" },
      { { "2024-01-31", 3 }, { "2024-02-01", 11 } } },
    { "a limit for each value of a field",
      HELP "    within: each-giver\n"
           "limits:\n  each-giver:\n    at-most: 10 per lifetime\n    for-each: from\n",
      { "2024-01-01 help 1 n=8 kind=small from=ann", "2024-01-02 help 2 n=8 kind=small from=bob",
        "2024-01-03 help 3 n=8 kind=small from=ann", "2024-01-04 help 4 n=8 kind=small",
        "2024-01-05 help 5 n=8 kind=small" },
      { { "2024-01-03", 18 }, { "2024-01-05", 28 } } },
    { "a rolling limit frees what leaves the window",
      HELP "    at-most: 10 per rolling 7 days\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-07T23:59:59.999Z help 2 n=10 kind=small",
        "2024-01-08 help 3 n=4 kind=small" },
      { { "2024-01-07", 10 }, { "2024-01-08", 14 } } },
    { "a limit whose amount is a rule",
      HELP "    at-most: 10 * count(harm) per lifetime\n",
      { "2024-01-01 help 1 n=50 kind=small", "2024-01-02 harm 2 n=1",
        "2024-01-03 help 3 n=50 kind=small" },
      { { "2024-01-01", 0 }, { "2024-01-03", 10 } } },
    { "expired awards still used up their limit",
      HELP "    at-most: 10 per lifetime\n    expires: after 10 days\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-02-01 help 2 n=10 kind=small" },
      { { "2024-01-10", 10 }, { "2024-01-11", 0 }, { "2024-02-01", 0 } } },
    { "an expiry counts until just before its instant",
      HELP "    expires: after 10 days\n",
      { "2024-01-01T12:00:00Z help 1 n=10 kind=small" },
      { { "2024-01-11T11:59:59.999Z", 10 }, { "2024-01-11T12:00:00Z", 0 } } },
    { "months to a day that does not exist",
      HELP "    expires: after 1 month\n",
      { "2024-01-31T12:00:00Z help 1 n=10 kind=small" },
      { { "2024-02-29T11:59:59.999Z", 10 }, { "2024-02-29T12:00:00Z", 0 } } },
    { "to the end of a month some months later",
      HELP "    expires: at the end of the month, 12 months later\n",
      { "2024-01-31T12:00:00Z help 1 n=10 kind=small" },
      { { "2025-01-31", 10 }, { "2025-02-01", 0 } } },
    { "to the end of February two years later",
      HELP "    expires: at the end of February, 2 years later\n",
      { "2022-01-31T12:00:00Z help 1 n=10 kind=small" },
      { { "2024-02-29", 10 }, { "2024-03-01", 0 } } },
    { "a table of expiries chooses by the event",
      HELP "    expires:\n      after 10 days: kind is small\n      never: otherwise\n",
      { "2024-01-01 help 1 n=1 kind=small", "2024-01-01 help 2 n=2 kind=large" },
      { { "2024-01-10", 3 }, { "2024-01-11", 2 }, { "2034-01-11", 2 } } },
    { "an answer period",
      HELP "    counts: after 14 days\n",
      { "2024-01-01 help 1 n=10 kind=small" },
      { { "2024-01-14", 0 }, { "2024-01-15", 10 } } },
    { "once confirmed",
      HELP "    counts: once confirmed\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-01 help 2 n=1 kind=small",
        "2024-01-05 decision 3 of=1 finding=stands" },
      { { "2024-01-04", 0 }, { "2024-01-05", 10 } } },
    { "the later of answer period and finding",
      HELP "    counts: after 14 days, once confirmed\n",
      { "2024-01-01 help 1 n=10 kind=small", "2024-01-05 decision 3 of=1 finding=stands",
        "2024-01-01 help 2 n=1 kind=small", "2024-01-20 decision 4 of=2 finding=stands" },
      { { "2024-01-14", 0 }, { "2024-01-15", 10 }, { "2024-01-20", 11 } } },
    { "half-life, rounded towards zero",
      HELP "    decays: half every 10 days\n",
      { "2024-01-01 help 1 n=100 kind=small" },
      { { "2024-01-01", 100 },
        { "2024-01-02", 95 },
        { "2024-01-11", 50 },
        { "2024-01-12", 47 },
        { "2024-01-21", 25 },
        { "2031-01-01", 0 } } },
    { "to nothing over days",
      HELP "    decays: to nothing over 3 days\n",
      { "2024-01-01 help 1 n=100 kind=small" },
      { { "2024-01-01", 100 }, { "2024-01-02", 66 }, { "2024-01-03", 33 }, { "2024-01-04", 0 } } },
    { "floor at the end hides, and gives back",
      HELP "  harm:\n    for: harm\n    points: -1 * n\nscore:\n  start: 10\n  floor: 0\n  "
           "ceiling: 50\n",
      { "2024-01-01 harm 1 n=30", "2024-01-02 help 2 n=15 kind=small",
        "2024-01-03 help 3 n=90 kind=small" },
      { { "2023-12-31", 10 }, { "2024-01-01", 0 }, { "2024-01-02", 0 }, { "2024-01-03", 50 } } },
    { "floor and ceiling at each event cut for good",
      HELP "  harm:\n    for: harm\n    points: -1 * n\n"
           "score:\n  start: 10\n  floor: 0\n  ceiling: 50\n  applied: each event\n",
      { "2024-01-01 harm 1 n=30", "2024-01-02 help 2 n=15 kind=small",
        "2024-01-03 help 3 n=90 kind=small", "2024-01-04 harm 4 n=10" },
      { { "2024-01-01", 0 }, { "2024-01-02", 15 }, { "2024-01-03", 50 }, { "2024-01-04", 40 } } },
    { "a score may need something",
      "shown-on: 1000\n" HELP "score:\n  start: 10\n  needs: any help\n",
      { "2024-01-02 help 1 n=1 kind=small" },
      { { "2024-01-02", 1011 } } },
    { "the score before the event in scope",
      "awards:\n  help:\n    for: help\n    points: if score >= 10 then 100 else 10\n",
      { "2024-01-01 help 1 n=1 kind=small", "2024-01-01 help 2 n=1 kind=small" },
      { { "2024-01-01", 110 } } },
    { "earned leaves out the event in scope, earlier awards of it too",
      "awards:\n  help:\n    for: help\n    points: 10\n"
      "  more:\n    for: help\n    points: earned(all in lifetime)\n",
      { "2024-01-01 help 1 n=1 kind=small", "2024-01-02 help 2 n=1 kind=small" },
      { { "2024-01-01", 10 }, { "2024-01-02", 30 } } },
    { "earned so far",
      "awards:\n  help:\n    for: help\n    points: if earned(all in calendar month) < 15 then 10 "
      "else 1\n",
      { "2024-01-01 help 1 n=1 kind=small", "2024-01-02 help 2 n=1 kind=small",
        "2024-01-03 help 3 n=1 kind=small", "2024-02-01 help 4 n=1 kind=small" },
      { { "2024-01-03", 21 }, { "2024-02-01", 31 } } },
};

static void scores_are_what_the_language_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char yaml[8192];
        engine_case test;
        size_t last = 0;

        (void)snprintf(yaml, sizeof(yaml), HEAD "%s", rows[i].rules);
        print_message("%s\n", rows[i].name);
        while (last + 1 < UNIT_COUNT(rows[i].expected) && rows[i].expected[last + 1].at != NULL)
            last++;
        case_open(&test, yaml, rows[i].expected[last].at, rows[i].lines);
        for (size_t j = 0; j <= last; j++) {
            int64_t points = case_shown(&test, rows[i].expected[j].at);

            if (points != rows[i].expected[j].points)
                print_error("at %s: %lld, not %lld\n", rows[i].expected[j].at, (long long)points,
                            (long long)rows[i].expected[j].points);
            assert_true(points == rows[i].expected[j].points);
        }
        case_close(&test);
    }
}

/* ---- records about records ---------------------------------------------------------- */

#define CAPPED HELP "    at-most: 100 per calendar day\n"

static void expect_shown(const char *rules, const char *const *lines, const shown *expected,
                         size_t count)
{
    char yaml[8192];
    engine_case test;

    (void)snprintf(yaml, sizeof(yaml), HEAD "%s", rules);
    for (size_t i = 0; i < count; i++) { /* each as-of by itself: what is known grows */
        int64_t points;

        case_open(&test, yaml, expected[i].at, lines);
        points = case_shown(&test, expected[i].at);
        if (points != expected[i].points)
            print_error("as of %s: %lld, not %lld\n", expected[i].at, (long long)points,
                        (long long)expected[i].points);
        assert_true(points == expected[i].points);
        case_close(&test);
    }
}

#define EXPECT(rules, lines, ...)                              \
    expect_shown(rules, lines, (const shown[]){ __VA_ARGS__ }, \
                 UNIT_COUNT(((const shown[]){ __VA_ARGS__ })))

static void a_void_makes_it_as_if_it_never_happened(void **state)
{
    (void)state;
    EXPECT(CAPPED,
           LINES("2024-01-01T01:00:00Z help 1 n=90 kind=small",
                 "2024-01-01T02:00:00Z help 2 n=90 kind=small", "2024-01-03 void 3 of=1",
                 "2024-01-04 void 4 of=3"),
           { "2024-01-02", 100 }, { "2024-01-03", 90 }, { "2024-01-05", 90 });
}

static void a_reversal_takes_back_from_its_instant_and_gives_no_room(void **state)
{
    (void)state;
    EXPECT(CAPPED,
           LINES("2024-01-01T01:00:00Z help 1 n=90 kind=small",
                 "2024-01-01T02:00:00Z reversal 2 of=1",
                 "2024-01-01T03:00:00Z help 3 n=90 kind=small"),
           { "2024-01-01T01:30:00Z", 90 }, { "2024-01-01T02:00:00Z", 0 }, { "2024-01-01", 10 });
}

static void a_correction_replaces_fields_and_the_instant(void **state)
{
    (void)state;
    EXPECT(CAPPED,
           LINES("2024-01-01T01:00:00Z help 1 n=90 kind=small",
                 "2024-01-01T02:00:00Z help 2 n=90 kind=small", "2024-01-03 correction 3 of=1 n=5",
                 "2024-01-04 correction 4 of=1 n=6",
                 "2024-01-05 correction 5 of=2 at=2024-01-02T08:00:00Z"),
           { "2024-01-02", 100 }, { "2024-01-03", 95 }, { "2024-01-04", 96 }, { "2024-01-05", 96 });
    EXPECT("awards:\n  help:\n    for: help\n    points: count(help) * n\n",
           LINES("2024-01-01 help 1 n=1 kind=small", "2024-01-02 help 2 n=10 kind=small",
                 "2024-01-03 correction 3 of=1 at=2024-01-02T12:00:00Z"),
           { "2024-01-02", 21 }, { "2024-01-03", 12 });
}

static void a_late_record_is_not_known_before(void **state)
{
    (void)state;
    EXPECT(CAPPED,
           LINES("2024-01-01 help 1 n=5 kind=small recorded=2024-02-01",
                 "2024-01-02 help 2 n=1 kind=small"),
           { "2024-01-02", 1 }, { "2024-01-31", 1 }, { "2024-02-01", 6 });
}

static void disputes_do_what_the_award_says(void **state)
{
    static const char *const lines[] = {
        "2024-01-01 help 1 n=10 kind=small",
        "2024-01-05 dispute 2 of=1",
        "2024-01-20 decision 3 of=1 finding=stands",
        NULL,
    };

    (void)state;
    EXPECT(HELP, lines, { "2024-01-06", 10 });
    EXPECT(HELP "    while-disputed: held out\n", lines, { "2024-01-04", 10 }, { "2024-01-05", 0 },
           { "2024-01-19", 0 }, { "2024-01-20", 10 });
    /* An answer period that would end while the dispute is open does not. */
    EXPECT(HELP "    while-disputed: frozen\n    counts: after 10 days\n", lines,
           { "2024-01-05", 0 }, { "2024-01-11", 0 }, { "2024-01-19", 0 }, { "2024-01-20", 10 });
    EXPECT(HELP "    while-disputed: frozen\n    expires: after 10 days\n", lines,
           { "2024-01-05", 10 }, { "2024-01-15", 10 }, { "2024-01-20", 0 });
    EXPECT("awards:\n  harm:\n    for: harm\n    points: -1 * n\n",
           LINES("2024-01-01 harm 1 n=10", "2024-01-05 dispute 2 of=1",
                 "2024-01-20 decision 3 of=1 finding=dropped"),
           { "2024-01-04", -10 }, { "2024-01-05", 0 }, { "2024-01-20", 0 });
}

/* ---- settled at T ------------------------------------------------------------------------ */

static void net_limits_cut_the_newest_of_what_lives(void **state)
{
    static const char *const rules =
        HELP "    within: monthly\n    expires: after 10 days\n  harm:\n    for: harm\n"
             "    points: -1 * n\n    within: monthly\n    while-disputed: counts\n"
             "limits:\n  monthly:\n    at-most: 100 per calendar month\n    counting: net\n";
    static const char *const lines[] = {
        "2024-01-01 help 1 n=80 kind=small",
        "2024-01-05 help 2 n=80 kind=small",
        "2024-01-06 harm 3 n=30",
        "2024-02-01 help 4 n=70 kind=small",
        NULL,
    };
    engine_case test;
    const tally_amount *amounts;
    char yaml[8192];

    (void)state;
    /* When the first expires there is room again for what was cut. */
    EXPECT(rules, lines, { "2024-01-05", 100 }, { "2024-01-06", 100 }, { "2024-01-11", 50 },
           { "2024-02-01", 40 });
    (void)snprintf(yaml, sizeof(yaml), HEAD "%s", rules);
    case_open(&test, yaml, "2024-01-05", lines);
    assert_int_equal(tally_amounts_at(test.context, case_as_of("2024-01-05"), &amounts, NULL),
                     TALLY_OK);
    assert_int_equal(amounts[0].counted, 80);
    assert_int_equal(amounts[1].counted, 20);
    assert_int_equal(amounts[1].cut_by_net, 60);
    case_close(&test);
}

static void best_limits_keep_the_largest(void **state)
{
    (void)state;
    EXPECT(HELP "    within: season\nlimits:\n  season:\n    best: 2 per calendar year\n",
           LINES("2024-01-01 help 1 n=8 kind=small", "2024-02-01 help 2 n=5 kind=small",
                 "2024-03-01 help 3 n=9 kind=small", "2024-04-01 help 4 n=8 kind=small",
                 "2025-01-01 help 5 n=1 kind=small"),
           { "2024-02-01", 13 }, { "2024-03-01", 17 }, { "2024-04-01", 17 }, { "2025-01-01", 18 });
}

static void deductions_take_a_quarter_at_most(void **state)
{
    static const char *const rules =
        HELP "deductions:\n  harm:\n    for: harm\n    points: n\n    while-disputed: counts\n";
    static const char *const lines[] = {
        "2024-01-01 help 1 n=43 kind=small",
        "2024-01-02 harm 2 n=6",
        "2024-01-03 harm 3 n=6",
        "2024-01-04 help 4 n=100 kind=small",
        NULL,
    };
    engine_case test;
    const tally_amount *amounts;
    char yaml[8192];

    (void)state;
    /* A quarter of 43 is 10: the newer one gives way. */
    EXPECT(rules, lines, { "2024-01-02", 37 }, { "2024-01-03", 33 }, { "2024-01-04", 131 });
    (void)snprintf(yaml, sizeof(yaml), HEAD "%s", rules);
    case_open(&test, yaml, "2024-01-03", lines);
    assert_int_equal(tally_amounts_at(test.context, case_as_of("2024-01-03"), &amounts, NULL),
                     TALLY_OK);
    assert_int_equal(amounts[1].counted, -6);
    assert_int_equal(amounts[2].counted, -4);
    assert_int_equal(amounts[2].beyond_share, -2);
    case_close(&test);
}

static void spending_takes_the_oldest_expiry_first(void **state)
{
    static const char *const rules =
        "awards:\n  help:\n    for: help\n    points: n\n    expires:\n"
        "      after 100 days: kind is small\n      never: otherwise\n"
        "  pay:\n    for: pay\n    points: -1 * n\n    spends: oldest expiry first\n";
    static const char *const lines[] = {
        "2024-01-01 help 1 n=10 kind=large",
        "2024-01-02 help 2 n=10 kind=small",
        "2024-01-03 help 3 n=10 kind=small",
        "2024-01-04 pay 4 n=15",
        "2024-01-05 pay 5 n=50",
        "2024-01-06 help 6 n=7 kind=small",
        "2024-01-07 reversal 7 of=4",
        NULL,
    };
    engine_case test;
    char yaml[8192];

    (void)state;
    EXPECT(rules, lines, { "2024-01-03", 30 }, { "2024-01-04", 15 }, { "2024-01-05", 0 },
           { "2024-01-06", 7 }, { "2024-01-07", 22 });
    (void)snprintf(yaml, sizeof(yaml), HEAD "%s", rules);
    case_open(&test, yaml, "2024-01-05", lines);
    assert_int_equal(test.context->spend_count, 4);
    assert_int_equal(test.context->spends[0].entry, 1);
    assert_int_equal(test.context->spends[0].amount, 10);
    assert_int_equal(test.context->spends[1].entry, 2);
    assert_int_equal(test.context->spends[1].amount, 5);
    assert_int_equal(test.context->spends[2].entry, 2);
    assert_int_equal(test.context->spends[3].entry, 0);
    assert_int_equal(test.context->entries[4].cut_by_floor, -35); /* there was not enough */
    case_close(&test);
}

static void a_tier_s_price_is_paid_in_the_pass(void **state)
{
    (void)state;
    EXPECT(HELP "tiers:\n  oak:\n    from: 100\n    price: 100\n    carry: 20\n",
           LINES("2024-01-01 help 1 n=90 kind=small", "2024-01-02 help 2 n=50 kind=small",
                 "2024-01-03 help 3 n=100 kind=small"),
           { "2024-01-01", 90 }, { "2024-01-02", 20 }, { "2024-01-03", 120 });
}

static void pauses_stop_the_clocks(void **state)
{
    static const char *const lines[] = {
        "2024-01-01 help 1 n=10 kind=small",
        "2024-01-05 away 2",
        "2024-01-08 back 3",
        "2024-01-20 away 4",
        NULL,
    };

    (void)state;
    EXPECT(HELP "    expires: after 10 days\npauses:\n  leave: {starts: away, ends: back}\n", lines,
           { "2024-01-13", 10 }, { "2024-01-14", 0 });
    EXPECT(HELP "    counts: after 10 days\npauses:\n  leave: {starts: away, ends: back}\n", lines,
           { "2024-01-13", 0 }, { "2024-01-14", 10 });
    /* A pause that still runs: the end is not known. */
    EXPECT(HELP "    expires: after 30 days\npauses:\n  leave: {starts: away, ends: back}\n", lines,
           { "2025-01-13", 10 });
    /* A day is a day, pause or not. */
    EXPECT(HELP "    expires: at the end of the month\npauses:\n"
                "  leave: {starts: away, ends: back}\n",
           lines, { "2024-01-31", 10 }, { "2024-02-01", 0 });
}

static void versions_rule_by_the_instant_and_share_limits(void **state)
{
    static const char *const yaml =
        HEAD CAPPED "---\n" HEAD "from: 2024-01-01\nzone: UTC\n"
                    "awards:\n  help:\n    for: help\n    points: 10 * n\n"
                    "    at-most: 30 per calendar month\nscore:\n  start: 1000\n";
    engine_case test;

    (void)state;
    case_open(&test, yaml, "2024-12-31",
              LINES("2023-12-31 help 1 n=5 kind=small", "2024-01-01 help 2 n=2 kind=small",
                    "2024-01-02 help 3 n=2 kind=small"));
    assert_int_equal(case_shown(&test, "2023-12-31"), 5);
    assert_int_equal(case_shown(&test, "2024-01-01"), 1025);
    assert_int_equal(case_shown(&test, "2024-01-02"), 1035);
    case_close(&test);
}

static void without_what_it_needs_there_is_no_rating(void **state)
{
    engine_case test;
    tally_standing standing;

    (void)state;
    case_open(&test, HEAD HELP "score:\n  needs: count(help) >= 2\nlet:\n  s: score\nreport: [s]\n",
              "2024-01-02",
              LINES("2024-01-01 help 1 n=1 kind=small", "2024-01-02 help 2 n=1 kind=small"));
    assert_int_equal(tally_score_at(test.context, case_as_of("2024-01-01"), &standing, NULL),
                     TALLY_OK);
    assert_false(standing.has_rating);
    assert_true(case_value(&test, "2024-01-01", "s") == TALLY_NOTHING);
    assert_int_equal(tally_score_at(test.context, case_as_of("2024-01-02"), &standing, NULL),
                     TALLY_OK);
    assert_true(standing.has_rating);
    assert_int_equal(case_value(&test, "2024-01-02", "s"), 2);
    case_close(&test);
}

static void overflow_is_an_error_that_names_the_rule(void **state)
{
    static const char *const yaml =
        HEAD "awards:\n  help:\n    for: help\n    points: n * 9000000000000000000\n";
    tally_standing standing;
    engine_case test;

    (void)state;
    case_begin(&test, yaml);
    assert_int_equal(
        case_try(&test, LINES("2024-01-01 help 1 n=2 kind=small"), case_as_of("2024-01-01")),
        TALLY_E_OVERFLOW);
    assert_int_equal(test.err.line, 19);
    case_close(&test);

    case_open(&test, yaml, "2024-01-02",
              LINES("2024-01-01 help 1 n=1 kind=small", "2024-01-02 help 2 n=1 kind=small"));
    assert_int_equal(tally_score_at(test.context, case_as_of("2024-01-02"), &standing, &test.err),
                     TALLY_E_OVERFLOW);
    case_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_what_the_language_says),
        cmocka_unit_test(a_void_makes_it_as_if_it_never_happened),
        cmocka_unit_test(a_reversal_takes_back_from_its_instant_and_gives_no_room),
        cmocka_unit_test(a_correction_replaces_fields_and_the_instant),
        cmocka_unit_test(a_late_record_is_not_known_before),
        cmocka_unit_test(disputes_do_what_the_award_says),
        cmocka_unit_test(net_limits_cut_the_newest_of_what_lives),
        cmocka_unit_test(best_limits_keep_the_largest),
        cmocka_unit_test(deductions_take_a_quarter_at_most),
        cmocka_unit_test(spending_takes_the_oldest_expiry_first),
        cmocka_unit_test(a_tier_s_price_is_paid_in_the_pass),
        cmocka_unit_test(pauses_stop_the_clocks),
        cmocka_unit_test(versions_rule_by_the_instant_and_share_limits),
        cmocka_unit_test(without_what_it_needs_there_is_no_rating),
        cmocka_unit_test(overflow_is_an_error_that_names_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
