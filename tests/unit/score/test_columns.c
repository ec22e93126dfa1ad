/* SPDX-License-Identifier: Apache-2.0 */
/* The fast loop and the general pass give the same numbers: random policies of
 * the fast class, random histories, both paths. */

#include "../random.h"
#include "case.h"

#include "score/columns.h"

#define SUBJECTS   40
#define EVENTS_MAX 60
#define FROM_MS    INT64_C(1672531200000) /* 2023-01-01 */
#define SPAN_MS    (INT64_C(800) * 86400000)

#define HEAD                                                               \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nzone: %s\n" \
    "events:\n  a:\n    n: -5..20\n  b:\n    n: 0.0..9.5\n    m: 1..3\n  c: {}\n"

static size_t put(char *text, size_t used, size_t room, const char *format, ...) TALLY_PRINTF(4, 5);

static size_t put(char *text, size_t used, size_t room, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && used + (size_t)count < room);
    return used + (size_t)count;
}

static const char *pick(const char *const *from, size_t count)
{
    return from[random_below(count)];
}

#define PICK(...)                              \
    pick((const char *const[]){ __VA_ARGS__ }, \
         sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* A policy of the class that columns.c describes. */
static void write_policy(char *yaml, size_t room)
{
    static const char *const points[] = { "2 * n", "n", "7", "-3", "-1 * n", "1 + 3 * n", "0" };
    bool is_simple = random_below(3) == 0;
    size_t used = put(yaml, 0, room, HEAD,
                      PICK("UTC", "Europe/Lisbon", "America/Sao_Paulo", "Asia/Kathmandu"));
    uint64_t awards = is_simple ? 3 : 1 + random_below(6);

    used = put(yaml, used, room, "limits:\n  shared:\n    at-most: %d per calendar %s\n",
               (int)random_between(0, 40), PICK("day", "week", "month", "quarter", "year"));
    used = put(yaml, used, room, "awards:\n");
    for (uint64_t i = 0; i < awards; i++) {
        uint64_t type = is_simple ? i : random_below(3);

        used = put(yaml, used, room, "  w%d:\n    for: %c\n    points: %s\n", (int)i,
                   (char)('a' + type),
                   type == 2 ? PICK("4", "-6", "0") : pick(points, UNIT_COUNT(points)));
        if (random_below(2) == 0)
            used = put(yaml, used, room, "    expires: %s\n",
                       PICK("after 30 days", "never", "at the end of the month",
                            "at the end of the year, 1 year later", "at the end of the week",
                            "at the end of March, 1 year later"));
        if (random_below(4) == 0)
            used = put(yaml, used, room, "    counts: after 14 days\n");
        if (random_below(3) == 0)
            used = put(yaml, used, room, "    within: shared\n");
        else if (random_below(3) > 0)
            used = put(yaml, used, room, "    at-most: %d %s %s\n", (int)random_between(0, 30),
                       !is_simple && random_below(2) == 0 ? "times per" : "per",
                       PICK("lifetime", "calendar month", "calendar week", "calendar day"));
    }
    used = put(yaml, used, room, "score:\n  start: %d\n", (int)random_between(0, 100));
    if (random_below(2) == 0)
        used = put(yaml, used, room, "  floor: -50\n  ceiling: 180\n");
    (void)put(yaml, used, room, "shown-on: 5\n");
}

typedef struct table {
    uint64_t first[SUBJECTS + 1];
    int64_t at_ms[SUBJECTS * EVENTS_MAX];
    uint8_t type[SUBJECTS * EVENTS_MAX];
    int64_t n[SUBJECTS * EVENTS_MAX], m[SUBJECTS * EVENTS_MAX];
    const int64_t *slots[2];
    tally_columns columns;
} table;

static int order_instants(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

static void fill(table *data)
{
    uint64_t count = 0;

    for (uint32_t subject = 0; subject < SUBJECTS; subject++) {
        uint64_t events = random_below(3) == 0 ? 0 : random_below(EVENTS_MAX);
        /* Now and then many at once, or at the edges of days. */
        int64_t grain = random_below(2) == 0 ? 1 : 43200000;

        data->first[subject] = count;
        for (uint64_t i = 0; i < events; i++)
            data->at_ms[count + i] =
                FROM_MS + (int64_t)random_below((uint64_t)SPAN_MS) / grain * grain;
        qsort(data->at_ms + count, events, sizeof(*data->at_ms), order_instants);
        for (uint64_t i = count; i < count + events; i++) {
            uint64_t type = random_below(3);

            data->type[i] = (uint8_t)(TALLY_RECORD_TYPES + type);
            data->n[i] = type == 0   ? random_between(-5, 20)
                         : type == 1 ? random_between(0, 95)
                                     : TALLY_NOTHING;
            data->m[i] = type == 1 ? random_between(1, 3) : TALLY_NOTHING;
        }
        count += events;
    }
    data->first[SUBJECTS] = count;
    data->slots[0] = data->n;
    data->slots[1] = data->m;
    data->columns = (tally_columns){ .subject_count = SUBJECTS,
                                     .first = data->first,
                                     .at_ms = data->at_ms,
                                     .type = data->type,
                                     .slots = data->slots,
                                     .slot_count = 2 };
}

static void compare(const tally_columns_plan *plan, const table *data, const char *yaml)
{
    int64_t fast[SUBJECTS], general[SUBJECTS], fast_earned[SUBJECTS], general_earned[SUBJECTS];

    assert_int_equal(
        tally_columns_compute(plan, &data->columns, 0, SUBJECTS, fast, fast_earned, NULL),
        TALLY_OK);
    assert_int_equal(tally_columns_compute_generally(plan, &data->columns, 0, SUBJECTS, general,
                                                     general_earned, NULL),
                     TALLY_OK);
    for (uint32_t i = 0; i < SUBJECTS; i++)
        if (fast[i] != general[i] || fast_earned[i] != general_earned[i]) {
            print_error("%s\nsubject %u: score %lld and %lld, earned %lld and %lld\n", yaml, i,
                        (long long)fast[i], (long long)general[i], (long long)fast_earned[i],
                        (long long)general_earned[i]);
            fail();
        }
    /* A part of the subjects, without what they earned. */
    assert_int_equal(tally_columns_compute(plan, &data->columns, 7, 31, fast, NULL, NULL),
                     TALLY_OK);
    assert_memory_equal(fast, general + 7, 24 * sizeof(*fast));
}

static void both_paths_agree_on_random_policies(void **state)
{
    static table data;
    static char yaml[16384];

    (void)state;
    random_begin("both_paths_agree_on_random_policies");
    for (int round = 0; round < 150; round++) {
        tally_arena *arena = tally_arena_new((size_t)64 << 20);
        int64_t as_of_ms = FROM_MS + (int64_t)random_below((uint64_t)SPAN_MS);
        tally_columns_plan *plan = NULL;
        tally_policy *policy;
        const char *why = NULL;

        write_policy(yaml, sizeof(yaml));
        policy = case_compile(yaml);
        fill(&data);
        assert_int_equal(tally_columns_plan_new(&plan, policy, as_of_ms, arena, NULL), TALLY_OK);
        if (!tally_columns_is_fast(plan, &why))
            fail_msg("not fast, for %s:\n%s", why, yaml);
        compare(plan, &data, yaml);
        tally_arena_free(arena);
        tally_policy_free(policy);
    }
}

#define PLAIN                                                    \
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\n" \
    "events:\n  a:\n    n: -5..20\n  b:\n    n: 0..9\n"

static const struct {
    const char *rules, *why;
} slow[] = {
    { "awards:\n  w:\n    for: a\n    points: n\n    when: n > 2\n", "an award with a condition" },
    { "awards:\n  w:\n    for: a\n    points: n * n\n",
      "points that are no multiple of one field" },
    { "awards:\n  w:\n    for: a\n    points: n\n    decays: half every 9 days\n", "decay" },
    { "awards:\n  w:\n    for: a\n    points: n\n    expires: after 2 months\n",
      "an expiry after months" },
    { "awards:\n  w:\n    for: a\n    points: n\n    at-most: 5 per rolling 7 days\n",
      "a limit over a rolling window" },
    { "awards:\n  w:\n    for: a\n    points: n\nscore:\n  floor: 0\n  applied: each event\n",
      "a floor or ceiling applied at each event" },
    { "awards:\n  w:\n    for: a\n    points: n\nscore:\n  needs: any a\n",
      "a score that needs something" },
};

static void other_policies_take_the_general_pass(void **state)
{
    static table data;

    (void)state;
    random_begin("other_policies_take_the_general_pass");
    for (size_t i = 0; i < UNIT_COUNT(slow); i++) {
        tally_arena *arena = tally_arena_new((size_t)64 << 20);
        tally_columns_plan *plan = NULL;
        const char *why = NULL;
        tally_policy *policy;
        char yaml[2048];

        (void)snprintf(yaml, sizeof(yaml), PLAIN "%s", slow[i].rules);
        policy = case_compile(yaml);
        fill(&data);
        for (uint64_t j = 0; j < data.first[SUBJECTS]; j++) {
            data.type[j] = TALLY_RECORD_TYPES;
            data.n[j] = data.n[j] < -5 || data.n[j] > 20 ? 1 : data.n[j];
        }
        assert_int_equal(tally_columns_plan_new(&plan, policy, FROM_MS + SPAN_MS / 2, arena, NULL),
                         TALLY_OK);
        assert_false(tally_columns_is_fast(plan, &why));
        assert_string_equal(why, slow[i].why);
        compare(plan, &data, yaml);
        tally_arena_free(arena);
        tally_policy_free(policy);
    }
}

/* What the class leaves out is seen per subject: a value out of bounds is an
 * overflow to the general pass or a number to it, never a wrong sum. */
static void odd_subjects_take_the_general_pass(void **state)
{
    static const uint64_t first[] = { 0, 2, 4 };
    static const int64_t at_ms[] = { -5, 10, 20, 30 };
    static const uint8_t type[] = { TALLY_RECORD_TYPES, TALLY_RECORD_TYPES, TALLY_RECORD_TYPES,
                                    TALLY_RECORD_TYPES };
    static const int64_t n[] = { 1, 2, INT64_MAX / 2, INT64_MAX / 2 };
    static const int64_t *const slots[] = { n };
    static const tally_columns columns = { .subject_count = 2,
                                           .first = first,
                                           .at_ms = at_ms,
                                           .type = type,
                                           .slots = slots,
                                           .slot_count = 1 };
    tally_policy *policy = case_compile(PLAIN "awards:\n  w:\n    for: a\n    points: 2 * n\n");
    tally_arena *arena = tally_arena_new((size_t)64 << 20);
    tally_columns_plan *plan = NULL;
    tally_err err = TALLY_ERR_INIT;
    int64_t scores[2];

    (void)state;
    assert_int_equal(tally_columns_plan_new(&plan, policy, 1000, arena, NULL), TALLY_OK);
    assert_true(tally_columns_is_fast(plan, NULL));
    assert_int_equal(tally_columns_compute(plan, &columns, 0, 1, scores, NULL, NULL), TALLY_OK);
    assert_int_equal(scores[0], 6);
    assert_int_equal(tally_columns_compute(plan, &columns, 1, 2, scores, NULL, &err),
                     TALLY_E_OVERFLOW);
    tally_arena_free(arena);
    tally_policy_free(policy);
}

static void every_failed_allocation_is_survived(void **state)
{
    static table data;
    tally_policy *policy = case_compile(PLAIN "awards:\n  w:\n    for: a\n    points: n\n"
                                              "    at-most: 5 per rolling 7 days\n  v:\n"
                                              "    for: b\n    points: n\n    expires: never\n");
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    random_begin("every_failed_allocation_is_survived");
    fill(&data);
    for (uint64_t j = 0; j < data.first[SUBJECTS]; j++) {
        data.type[j] = TALLY_RECORD_TYPES;
        data.n[j] = 1;
    }
    for (; rc != TALLY_OK; nth++) {
        tally_columns_plan *plan = NULL;
        tally_arena *arena;
        int64_t scores[SUBJECTS];

        tally_alloc_fail_at(nth);
        arena = tally_arena_new((size_t)64 << 20);
        rc = arena == NULL ? TALLY_E_NOMEM
                           : tally_columns_plan_new(&plan, policy, FROM_MS + SPAN_MS, arena, NULL);
        if (rc == TALLY_OK)
            rc = tally_columns_compute(plan, &data.columns, 0, SUBJECTS, scores, NULL, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_arena_free(arena);
    }
    assert_true(nth > 1);
    tally_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_paths_agree_on_random_policies),
        cmocka_unit_test(other_policies_take_the_general_pass),
        cmocka_unit_test(odd_subjects_take_the_general_pass),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
