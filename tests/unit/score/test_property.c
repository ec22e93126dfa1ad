/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the engine core over random policies and histories:
 * the order of arrival does not matter; a voided event leaves no trace; the
 * score asked for ascending instants is the sum of what the entries are worth;
 * the parts of an amount add up. */

#include "../random.h"
#include "case.h"

#define RECORDS_MAX 60
#define LINE_BYTES  160
#define ROUNDS      120

typedef struct batch {
    uint32_t count;
    char lines[RECORDS_MAX][LINE_BYTES];
} batch;

static const char *pick(const char *const *from, size_t count)
{
    return from[random_below(count)];
}

#define PICK(...)                              \
    pick((const char *const[]){ __VA_ARGS__ }, \
         sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

#define HEAD                                                                              \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nzone: %s\nmonth-end: %s\n" \
    "events:\n  help:\n    n: 0..50\n    by: one of ann, bob\n  harm:\n    n: 0..50\n"    \
    "    what: id\n  mend:\n    what: id\n  pay:\n    n: 0..50\n  away: {}\n  back: {}\n" \
    "pauses:\n  leave: {starts: away, ends: back}\n"

static void write_policy(char *yaml, size_t room)
{
    int used = snprintf(yaml, room, HEAD, PICK("UTC", "Europe/Lisbon", "each event's own"),
                        PICK("last day", "first of next month"));
    char *rest = yaml + used;
    size_t left = room - (size_t)used;

    used = snprintf(
        rest, left,
        "limits:\n  shared:\n    at-most: %d per %s\n%s%s"
        "awards:\n  help:\n    for: help\n    points: %s\n    within: shared\n"
        "    at-most: %s\n    expires: %s\n%s%s%s"
        "  pay:\n    for: pay\n    points: -1 * n\n    spends: oldest expiry first\n"
        "  loss:\n    for: pay\n    points: %s\n"
        "%s"
        "score:\n  start: %d\n%s",
        (int)random_between(20, 150), PICK("calendar month", "calendar week", "lifetime"),
        PICK("", "    for-each: by\n"), PICK("", "    counting: net\n"),
        PICK("n", "2 * n", "n + count(help in rolling 30 days)",
             "max(n, earned(all in calendar month) - 40)", "if score > 60 then 1 else n"),
        PICK("90 per rolling 30 days", "4 times per calendar week", "60 per calendar month",
             "70 per rolling 1 months"),
        PICK("never", "after 40 days", "after 1 month", "at the end of the month, 1 month later"),
        PICK("", "", "    decays: half every 20 days\n", "    decays: to nothing over 50 days\n"),
        PICK("", "", "    counts: after 10 days\n", "    counts: once confirmed\n"),
        PICK("", "    while-disputed: held out\n", "    while-disputed: frozen\n"),
        PICK("-2", "-1 * n", "0"),
        PICK("", "deductions:\n  harm:\n    for: harm\n    obligation: what\n    repair: mend\n"
                 "    points: n\n    counts: after 14 days\n    expires: after 90 days\n"),
        (int)random_between(5, 30),
        PICK("", "  floor: 0\n  ceiling: 300\n", "  floor: 5\n  applied: each event\n"));
    assert_true(used > 0 && (size_t)used < left);
}

static void write_instant(char *text, size_t room, int64_t t)
{
    char written[TALLY_INSTANT_TEXT_BYTES];

    (void)snprintf(text, room, "%.*s", TALLY_TEXT_ARGS(tally_instant_format(written, t, 0)));
}

static void write_records(batch *records)
{
    static const char *const types[] = { "help", "help", "help", "harm",
                                         "mend", "pay",  "away", "back" };
    static const char *const about[] = { "void", "reversal", "dispute", "decision", "correction" };
    int64_t at_ms[RECORDS_MAX];

    records->count = (uint32_t)random_below(RECORDS_MAX + 1);
    for (uint32_t i = 0; i < records->count; i++) {
        char *line = records->lines[i];
        char when[40];

        at_ms[i] = INT64_C(1704067200000) + random_between(0, 200 * 24) * 3600000;
        if (i > 4 && random_below(4) == 0) {
            uint32_t of = (uint32_t)random_below(i);
            const char *type = pick(about, UNIT_COUNT(about));

            at_ms[i] = at_ms[of] + random_between(0, 40 * 24) * 3600000;
            write_instant(when, sizeof(when), at_ms[i]);
            (void)snprintf(line, LINE_BYTES, "%s %s %u of=%u%s", when, type, i, of,
                           strcmp(type, "decision") == 0
                               ? PICK(" finding=stands", " finding=dropped")
                           : strcmp(type, "correction") == 0
                               ? PICK(" n=9", " at=2024-03-05", " at=2024-03-05T10:00:00Z n=3")
                               : "");
        } else {
            const char *type = pick(types, UNIT_COUNT(types));
            char fields[64] = "";

            if (strcmp(type, "help") == 0)
                (void)snprintf(fields, sizeof(fields), " n=%d by=%s", (int)random_below(51),
                               PICK("ann", "bob"));
            else if (strcmp(type, "harm") == 0)
                (void)snprintf(fields, sizeof(fields), " n=%d what=%s", (int)random_below(51),
                               PICK("p", "q"));
            else if (strcmp(type, "mend") == 0)
                (void)snprintf(fields, sizeof(fields), " what=%s", PICK("p", "q"));
            else if (strcmp(type, "pay") == 0)
                (void)snprintf(fields, sizeof(fields), " n=%d", (int)random_below(51));
            write_instant(when, sizeof(when), at_ms[i]);
            (void)snprintf(line, LINE_BYTES, "%s %s %u%s offset=%d", when, type, i, fields,
                           (int)random_between(-9, 9));
        }
    }
}

/* Lines in the given order, `without` one of them (RECORDS_MAX: none). */
static void open_batch(engine_case *test, const struct tally_policy *policy, const batch *records,
                       const uint32_t *order, const char *extra, int64_t as_of_ms)
{
    const char *lines[RECORDS_MAX + 2];
    uint32_t count = 0;

    for (uint32_t i = 0; i < records->count; i++)
        lines[count++] = records->lines[order != NULL ? order[i] : i];
    if (extra != NULL)
        lines[count++] = extra;
    lines[count] = NULL;
    *test = (engine_case){ .arena = tally_arena_new((size_t)256 << 20) };
    test->policy = (tally_policy *)(uintptr_t)policy;
    assert_non_null(test->arena);
    if (case_try(test, lines, as_of_ms) != TALLY_OK)
        fail_msg("%s", test->err.message);
}

#define LAST_MS (INT64_C(1704067200000) + INT64_C(400) * 86400000)

static int64_t score_at(engine_case *test, int64_t t)
{
    tally_standing standing;

    assert_int_equal(tally_score_at(test->context, t, &standing, NULL), TALLY_OK);
    return standing.score;
}

static void the_order_of_arrival_does_not_matter(void **state)
{
    static batch records;
    static char yaml[8192];

    (void)state;
    random_begin("the_order_of_arrival_does_not_matter");
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t order[RECORDS_MAX];
        tally_policy *policy;
        engine_case one, two;

        write_policy(yaml, sizeof(yaml));
        policy = case_compile(yaml);
        write_records(&records);
        for (uint32_t i = 0; i < records.count; i++) {
            uint32_t j = (uint32_t)random_below(i + 1);

            order[i] = order[j];
            order[j] = i;
        }
        open_batch(&one, policy, &records, NULL, NULL, LAST_MS);
        open_batch(&two, policy, &records, order, NULL, LAST_MS);
        assert_int_equal(one.refusal_count, two.refusal_count);
        assert_int_equal(one.context->entry_count, two.context->entry_count);
        for (int64_t t = LAST_MS - INT64_C(400) * 86400000; t <= LAST_MS; t += 5 * 86400000)
            assert_true(score_at(&one, t) == score_at(&two, t));
        tally_arena_free(one.arena);
        tally_arena_free(two.arena);
        tally_policy_free(policy);
    }
}

static void a_voided_event_leaves_no_trace(void **state)
{
    static batch records;
    static char yaml[8192];

    (void)state;
    random_begin("a_voided_event_leaves_no_trace");
    for (int round = 0; round < ROUNDS; round++) {
        tally_policy *policy;
        engine_case plain, voided;
        char extra[LINE_BYTES];
        batch *with = malloc(sizeof(*with));
        uint32_t place;

        assert_non_null(with);
        write_policy(yaml, sizeof(yaml));
        policy = case_compile(yaml);
        write_records(&records);
        if (records.count == RECORDS_MAX)
            records.count--;
        /* One more event somewhere, and its void. */
        place = (uint32_t)random_below(records.count + 1);
        *with = records;
        memmove(with->lines[place + 1], with->lines[place],
                (size_t)(records.count - place) * LINE_BYTES);
        (void)snprintf(with->lines[place], LINE_BYTES, "2024-03-%02dT12:00:00Z %s extra %s",
                       (int)random_between(1, 30), PICK("help", "pay"), "n=20");
        if (strstr(with->lines[place], "help") != NULL)
            (void)snprintf(with->lines[place], LINE_BYTES,
                           "2024-03-%02dT12:00:00Z help extra n=20 by=ann",
                           (int)random_between(1, 30));
        with->count++;
        (void)snprintf(extra, sizeof(extra), "2024-06-01 void the-void of=extra");
        open_batch(&plain, policy, &records, NULL, NULL, LAST_MS);
        open_batch(&voided, policy, with, NULL, extra, LAST_MS);
        assert_int_equal(plain.context->entry_count, voided.context->entry_count);
        for (int64_t t = LAST_MS - INT64_C(400) * 86400000; t <= LAST_MS; t += 9 * 86400000)
            assert_true(score_at(&plain, t) == score_at(&voided, t));
        tally_arena_free(plain.arena);
        tally_arena_free(voided.arena);
        tally_policy_free(policy);
        free(with);
    }
}

static int64_t taken_by(const tally_context *context, uint32_t spender)
{
    int64_t taken = 0;

    for (uint32_t i = 0; i < context->spend_count; i++)
        if (context->spends[i].spender == spender)
            taken += context->spends[i].amount;
    return taken;
}

static void check_amounts(engine_case *test, int64_t t)
{
    const struct tally_policy *policy = test->context->policy;
    const tally_score_rule *rule = &policy->versions[0].score;
    const tally_amount *amounts;
    int64_t sum = rule->start;

    assert_int_equal(tally_amounts_at(test->context, t, &amounts, NULL), TALLY_OK);
    for (uint32_t i = 0; i < test->context->entry_count; i++) {
        const tally_award_entry *entry = &test->context->entries[i];
        const tally_amount *amount = &amounts[i];
        int64_t parts = amount->counted + amount->decayed + amount->spent + amount->cut_by_net +
                        amount->not_among_best + amount->beyond_share;

        if (amount->state == TALLY_AMOUNT_COUNTS)
            assert_true(parts == entry->credited);
        else
            assert_true(parts == 0);
        assert_true(entry->raw == entry->credited + entry->cut_by_limit + entry->cut_by_floor -
                                      taken_by(test->context, i));
        sum += amount->counted;
    }
    if (rule->has_floor && sum < rule->floor)
        sum = rule->floor;
    if (rule->has_ceiling && sum > rule->ceiling)
        sum = rule->ceiling;
    assert_true(score_at(test, t) == sum);
}

static void the_score_is_the_sum_of_the_amounts(void **state)
{
    static batch records;
    static char yaml[8192];

    (void)state;
    random_begin("the_score_is_the_sum_of_the_amounts");
    for (int round = 0; round < ROUNDS; round++) {
        tally_policy *policy;
        engine_case test;

        write_policy(yaml, sizeof(yaml));
        policy = case_compile(yaml);
        write_records(&records);
        open_batch(&test, policy, &records, NULL, NULL, LAST_MS);
        for (int64_t t = LAST_MS - INT64_C(400) * 86400000; t <= LAST_MS;
             t += 3 * 86400000 + 3600000)
            check_amounts(&test, t);
        for (int i = 0; i < 20; i++) /* and back in time */
            check_amounts(&test, LAST_MS - random_between(0, 400) * 86400000);
        tally_arena_free(test.arena);
        tally_policy_free(policy);
    }
}

/* Everything from the records to the score, the amounts and back, with each
 * allocation failing once. */
static void every_failed_allocation_is_survived(void **state)
{
    static batch records;
    static char yaml[8192];

    (void)state;
    random_begin("every_failed_allocation_is_survived");
    for (int round = 0; round < 6; round++) {
        const char *lines[RECORDS_MAX + 1];
        tally_rc rc = TALLY_E_NOMEM;
        tally_policy *policy;
        uint32_t nth = 0;

        write_policy(yaml, sizeof(yaml));
        policy = case_compile(yaml);
        write_records(&records);
        for (uint32_t i = 0; i < records.count; i++)
            lines[i] = records.lines[i];
        lines[records.count] = NULL;
        for (; rc != TALLY_OK; nth++) {
            engine_case test = { .policy = policy };
            const tally_amount *amounts;
            tally_standing standing;

            tally_alloc_fail_at(nth);
            test.arena = tally_arena_new((size_t)256 << 20);
            rc = test.arena == NULL ? TALLY_E_NOMEM : case_try(&test, lines, LAST_MS);
            for (int i = 0; rc == TALLY_OK && i < 3; i++)
                rc = tally_score_at(test.context, LAST_MS - i * 86400000, &standing, NULL);
            if (rc == TALLY_OK)
                rc = tally_amounts_at(test.context, LAST_MS, &amounts, NULL);
            tally_alloc_fail_never();
            assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
            tally_arena_free(test.arena);
        }
        assert_true(nth > 1);
        tally_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(a_voided_event_leaves_no_trace),
        cmocka_unit_test(the_score_is_the_sum_of_the_amounts),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
