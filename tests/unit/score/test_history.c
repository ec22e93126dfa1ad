/* SPDX-License-Identifier: Apache-2.0 */
/* Building a history (docs/policy-language.md section 2): what is refused and
 * why, in which order records are, and that memory may run out anywhere. */

#include "case.h"

static const char *const yaml =
    "tallystick: 1\nprogramme: t\ntitle: T\nsubjects: members\nzone: Europe/Lisbon\n"
    "events:\n"
    "  learning:\n    recorded-by: at the end of January, 1 year later\n"
    "    hours: 0.0..24.0\n    level: one of 0, 5, 10\n    share: 0.00..2.00 step 0.25\n"
    "    kind: one of low, High Risk\n    formal: yes or no\n    on: day or nothing\n"
    "    mentor: member or nothing\n    remark: text or nothing\n"
    "  visit: {}\n"
    "awards:\n  visit:\n    for: visit\n    points: 1\n";

#define GOOD                                                                            \
    { "hours", "1.5" }, { "level", "5" }, { "share", "0.75" }, { "kind", "High Risk" }, \
    {                                                                                   \
        "formal", "yes"                                                                 \
    }

typedef struct pair {
    const char *name, *value;
} pair;

typedef struct given {
    const char *type, *id, *at, *recorded;
    pair fields[12];
} given;

static tally_rc add(tally_history_builder *builder, const given *item, tally_err *err)
{
    tally_record_text fields[12];
    tally_record record = {
        .type = tally_text_from(item->type),
        .id = tally_text_from(item->id),
        .at_ms = case_ms(item->at != NULL ? item->at : "2024-03-01"),
        .recorded_ms = item->recorded != NULL ? case_ms(item->recorded) : TALLY_NOTHING,
        .fields = fields,
    };

    for (; record.field_count < 12 && item->fields[record.field_count].name != NULL;
         record.field_count++)
        fields[record.field_count] =
            (tally_record_text){ tally_text_from(item->fields[record.field_count].name),
                                 tally_text_from(item->fields[record.field_count].value) };
    return tally_history_builder_add(builder, &record, err);
}

/* Every way a record is refused; before each there are a good learning `1` and a visit `2`. */
static const struct {
    const char *name, *code;
    given item;
} refused[] = {
    { "an unknown type", "unknown-type", { "teaching", "x", NULL, NULL, { { NULL, NULL } } } },
    { "an id that is there already",
      "duplicate",
      { "visit", "1", NULL, NULL, { { NULL, NULL } } } },
    { "a field that the type has not",
      "unknown-field",
      { "visit", "x", NULL, NULL, { { "hours", "1" } } } },
    { "a field given twice",
      "unknown-field",
      { "learning", "x", NULL, NULL, { GOOD, { "formal", "no" } } } },
    { "a missing field", "missing-field", { "learning", "x", NULL, NULL, { { "hours", "1" } } } },
    { "an empty field that is needed",
      "missing-field",
      { "learning", "x", NULL, NULL, { { "hours", "" } } } },
    { "no number", "out-of-type", { "learning", "x", NULL, NULL, { { "hours", "1h" } } } },
    { "too many decimals",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "hours", "1.25" } } } },
    { "beyond int64",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "hours", "99999999999999999999" } } } },
    { "above the bounds", "out-of-type", { "learning", "x", NULL, NULL, { { "hours", "24.1" } } } },
    { "below the bounds", "out-of-type", { "learning", "x", NULL, NULL, { { "hours", "-0.1" } } } },
    { "not one of the numbers",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "level", "6" } } } },
    { "not a multiple of the step",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "share", "0.30" } } } },
    { "not one of the words",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "kind", "high risk" } } } },
    { "neither yes nor no", "out-of-type", { "learning", "x", NULL, NULL, { { "formal", "1" } } } },
    { "no day", "out-of-type", { "learning", "x", NULL, NULL, { { "on", "2024-02-30" } } } },
    { "an instant where a day belongs",
      "out-of-type",
      { "learning", "x", NULL, NULL, { { "on", "2024-02-20T10:00:00Z" } } } },
    { "recorded at the deadline",
      "recorded-late",
      { "learning", "x", "2024-03-01", "2025-02-01", { GOOD } } },
    { "a void without `of`", "missing-field", { "void", "x", NULL, NULL, { { NULL, NULL } } } },
    { "a void with something else",
      "unknown-field",
      { "void", "x", NULL, NULL, { { "of", "1" }, { "why", "?" } } } },
    { "a void of nobody knows what", "unknown-of", { "void", "x", NULL, NULL, { { "of", "7" } } } },
    { "a reversal of a later event",
      "before-its-target",
      { "reversal", "x", "2024-02-29", NULL, { { "of", "1" } } } },
    { "a dispute before its event",
      "before-its-target",
      { "dispute", "x", "2024-02-29", NULL, { { "of", "1" } } } },
    { "a finding that is none",
      "out-of-type",
      { "decision", "x", NULL, NULL, { { "of", "1" }, { "finding", "maybe" } } } },
    { "a decision without finding",
      "missing-field",
      { "decision", "x", NULL, NULL, { { "of", "1" } } } },
    { "a correction of a field that the target has not",
      "unknown-field",
      { "correction", "x", NULL, NULL, { { "of", "2" }, { "hours", "1" } } } },
    { "a correction out of type",
      "out-of-type",
      { "correction", "x", NULL, NULL, { { "of", "1" }, { "hours", "25" } } } },
    { "a correction to no instant",
      "out-of-type",
      { "correction", "x", NULL, NULL, { { "of", "1" }, { "at", "soon" } } } },
    { "a dispute about itself", "unknown-of", { "dispute", "x", NULL, NULL, { { "of", "x" } } } },
};

static const given good[] = {
    { "learning", "1", NULL, NULL, { GOOD } },
    { "visit", "2", NULL, NULL, { { NULL, NULL } } },
};

static void each_fault_is_refused_with_its_code(void **state)
{
    tally_policy *policy = case_compile(yaml);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
        tally_arena *arena = tally_arena_new((size_t)16 << 20);
        tally_history_builder *builder = NULL;
        const tally_refusal *refusals = NULL;
        uint32_t refusal_count = 0;
        tally_history history;

        print_message("%s\n", refused[i].name);
        assert_int_equal(tally_history_builder_new(&builder, policy, arena, NULL, NULL), TALLY_OK);
        for (size_t j = 0; j < UNIT_COUNT(good); j++)
            assert_int_equal(add(builder, &good[j], NULL), TALLY_OK);
        assert_int_equal(add(builder, &refused[i].item, NULL), TALLY_OK);
        assert_int_equal(
            tally_history_builder_finish(builder, &history, &refusals, &refusal_count, NULL),
            TALLY_OK);
        assert_int_equal(refusal_count, 1);
        assert_string_equal(refusals[0].code, refused[i].code);
        assert_int_equal(refusals[0].input_index, 2);
        assert_true(tally_text_is(refusals[0].id, refused[i].item.id));
        assert_true(refusals[0].message.count > 0);
        assert_int_equal(history.count, 2);
        tally_arena_free(arena);
    }
    tally_policy_free(policy);
}

static void good_fields_have_their_values(void **state)
{
    static const given full = {
        "learning",
        "1",
        "2024-12-30",
        "2025-01-31T23:59:59.999Z",
        { GOOD, { "on", "1970-01-02" }, { "mentor", "ann" }, { "remark", "any text, even \xff" } }
    };
    tally_policy *policy = case_compile(yaml);
    tally_arena *arena = tally_arena_new((size_t)16 << 20);
    tally_history_builder *builder = NULL;
    const tally_refusal *refusals;
    uint32_t refusal_count;
    tally_history history;

    (void)state;
    assert_int_equal(tally_history_builder_new(&builder, policy, arena, NULL, NULL), TALLY_OK);
    assert_int_equal(add(builder, &full, NULL), TALLY_OK);
    assert_int_equal(
        tally_history_builder_finish(builder, &history, &refusals, &refusal_count, NULL), TALLY_OK);
    assert_int_equal(refusal_count, 0);
    assert_int_equal(history.slots[0][0], 15);
    assert_int_equal(history.slots[1][0], 5);
    assert_int_equal(history.slots[2][0], 75);
    assert_int_equal(history.slots[3][0], 1);
    assert_int_equal(history.slots[4][0], 1);
    assert_int_equal(history.slots[5][0], 1);
    assert_int_equal(history.slots[6][0], 0);
    assert_true(history.slots[7][0] != TALLY_NOTHING);
    assert_true(history.recorded_ms[0] > history.at_ms[0]);
    tally_arena_free(arena);
    tally_policy_free(policy);
}

/* Ids in order: digits first, by number, fewer digits first; then bytes. */
static const char *const ids[] = {
    "0", "00", "1",  "01", "2", "9", "10", "010", "18446744073709551616",
    "",  "-1", "1a", "A",  "B", "a", "ab",
};

static void ids_have_one_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++)
        for (size_t j = 0; j < UNIT_COUNT(ids); j++) {
            int order = tally_id_compare(tally_text_from(ids[i]), tally_text_from(ids[j]));

            assert_int_equal(order < 0 ? -1 : order > 0, i < j ? -1 : i > j);
        }
}

static void a_history_is_in_order_whatever_the_order_of_arrival(void **state)
{
    engine_case test;

    (void)state;
    case_begin(&test, yaml);
    assert_int_equal(case_build(&test, LINES("2024-03-02 visit 10", "2024-03-02 visit 9",
                                             "2024-03-01 visit b", "2024-03-01 visit a",
                                             "2024-03-03 void 1 of=b", "2024-03-01 visit 11")),
                     TALLY_OK);
    assert_int_equal(test.history.count, 6);
    assert_true(tally_text_is(test.history.id[0], "11"));
    assert_true(tally_text_is(test.history.id[1], "a"));
    assert_true(tally_text_is(test.history.id[2], "b"));
    assert_true(tally_text_is(test.history.id[3], "9"));
    assert_true(tally_text_is(test.history.id[4], "10"));
    assert_int_equal(test.history.of[5], 2);
    case_close(&test);
}

static void what_is_about_a_refused_record_is_refused(void **state)
{
    engine_case test;

    (void)state;
    case_begin(&test, yaml);
    assert_int_equal(
        case_build(&test, LINES("2024-03-02 visit 1 bad=1", "2024-03-03 dispute 2 of=1",
                                "2024-03-04 void 3 of=2", "2024-03-05 void 4 of=3")),
        TALLY_OK);
    assert_true(test.refusal_count >= 3);
    for (uint32_t i = 1; i < test.refusal_count; i++) {
        assert_string_equal(test.refusals[i].code, "unknown-of");
        assert_true(test.refusals[i].input_index > test.refusals[i - 1].input_index);
    }
    case_close(&test);
}

static void every_failed_allocation_is_survived(void **state)
{
    static const char *const lines[] = {
        "2024-03-01 learning 1 hours=1 level=5 share=1 kind=low formal=no mentor=ann",
        "2024-03-02 visit 2",
        "2024-03-03 visit 3 bad=1",
        "2024-03-04 correction 4 of=1 hours=2.5 at=2024-03-05",
        "2024-03-05 dispute 5 of=2",
        "2024-03-06 decision 6 of=2 finding=stands",
        "2024-03-07 void 7 of=9",
        NULL,
    };
    tally_policy *policy = case_compile(yaml);
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        engine_case test = { .policy = policy };

        tally_alloc_fail_at(nth);
        test.arena = tally_arena_new((size_t)16 << 20);
        rc = test.arena == NULL ? TALLY_E_NOMEM : case_try(&test, lines, case_as_of("2024-12-31"));
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_arena_free(test.arena);
    }
    assert_true(nth > 1);
    tally_policy_free(policy);
}

static void a_small_arena_is_a_limit(void **state)
{
    engine_case test;

    (void)state;
    case_begin(&test, yaml);
    tally_arena_free(test.arena);
    test.arena = tally_arena_new(512);
    assert_int_equal(case_build(&test, LINES("2024-03-02 visit 1", "2024-03-02 visit 2")),
                     TALLY_E_LIMIT);
    case_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_refused_with_its_code),
        cmocka_unit_test(good_fields_have_their_values),
        cmocka_unit_test(ids_have_one_order),
        cmocka_unit_test(a_history_is_in_order_whatever_the_order_of_arrival),
        cmocka_unit_test(what_is_about_a_refused_record_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_small_arena_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
