/* SPDX-License-Identifier: Apache-2.0 */
/* Events against the closed schema of a policy: every refusal, and that what is
 * taken is what the engine takes. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch/check.h"
#include "message.h"
#include "policy/document_support.h"
#include "random.h"
#include "util/alloc.h"

static const char policy_text[] = "tallystick: 1\n"
                                  "programme: test\n"
                                  "title: Test\n"
                                  "subjects: members\n"
                                  "zone: Test/East\n"
                                  "events:\n"
                                  "  shift:\n"
                                  "    hours: 0.00..24.00\n"
                                  "    place: one of park, High Street\n"
                                  "    late: yes or no or nothing\n"
                                  "    until: day or nothing\n"
                                  "    promise: id or nothing\n"
                                  "    step: 0..24 step 0.25 or nothing\n"
                                  "    few: one of 1, 5, 10 or nothing\n"
                                  "    note: text or nothing\n"
                                  "  plain: {}\n"
                                  "score: {}\n"
                                  "awards:\n"
                                  "  shift:\n"
                                  "    for: shift\n"
                                  "    points: 1\n";

typedef struct fixture {
    tally_policy *policy;
    tally_arena *arena;
    tally_batch_checker *checker;
    tally_batch_reader *reader;
} fixture;

static int begin(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    if (made == NULL || tally_batch_reader_new(&made->reader, NULL) != TALLY_OK)
        return 1;
    made->arena = tally_arena_new((size_t)1 << 30);
    made->policy = compile_or_fail(policy_text);
    *state = made;
    return made->arena == NULL ||
           tally_batch_checker_new(&made->checker, made->policy, made->arena, NULL) != TALLY_OK;
}

static int end(void **state)
{
    fixture *made = *state;

    tally_batch_reader_free(made->reader);
    tally_arena_free(made->arena);
    tally_policy_free(made->policy);
    free(made);
    return 0;
}

/* An event of this type and these fields, as JSON. */
static void read_event(fixture *made, tally_batch_event *out_event, const char *type,
                       const char *fields)
{
    char text[1024];
    tally_text copy = { NULL, 0 };

    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"1\",\"at\":\"2026-03-07\",\"subject\":\"org:1\",\"type\":\"%s\"%s%s}",
                   type, fields[0] != '\0' ? "," : "", fields);
    assert_true(tally_arena_copy_text(made->arena, &copy, tally_text_from(text)));
    assert_int_equal(tally_batch_parse_event(out_event, made->reader, TALLY_BATCH_JSONL, copy,
                                             made->arena, NULL),
                     TALLY_OK);
    if (out_event->problem != NULL)
        fail_msg("%s: %s", fields, out_event->problem->sentence.bytes);
}

static const tally_batch_problem *check(fixture *made, const char *type, const char *fields,
                                        tally_batch_checked *out)
{
    const tally_batch_problem *problem = NULL;
    tally_batch_event event;

    read_event(made, &event, type, fields);
    assert_int_equal(
        tally_batch_check_event(made->checker, &event, out, &problem, made->arena, NULL), TALLY_OK);
    return problem;
}

#define NEEDED "\"hours\":1,\"place\":\"park\""

/* Columns are counted from behind the type; see below. */
static const struct {
    const char *type, *fields, *sentence;
    uint32_t column;
} refusals[] = {
    { "shifts", "", "`shifts` is no event type of this policy", 0 },
    { "Shift", "", "`Shift` is no event type of this policy", 0 },
    { "shift", "\"place\":\"park\"", "hours is missing", 0 },
    { "shift", NEEDED ",\"other\":1", "shift has no field `other`", 27 },
    { "shift", NEEDED ",\"other\":null", "shift has no field `other`", 27 },
    { "shift", NEEDED ",\"Hours\":1", "shift has no field `Hours`", 27 },
    { "shift", "\"hours\":null,\"place\":\"park\"", "hours: \"\" is missing", 0 },
    { "shift", "\"hours\":24.01,\"place\":\"park\"",
      "hours: \"24.01\" is out of the field's bounds", 9 },
    { "shift", "\"hours\":-0.01,\"place\":\"park\"",
      "hours: \"-0.01\" is out of the field's bounds", 9 },
    { "shift", "\"hours\":1.001,\"place\":\"park\"",
      "hours: \"1.001\" has more decimals than the field allows", 9 },
    { "shift", "\"hours\":1e1,\"place\":\"park\"", "hours: \"1e1\" is not a number", 9 },
    { "shift", "\"hours\":\"one\",\"place\":\"park\"", "hours: \"one\" is not a number", 10 },
    { "shift", "\"hours\":true,\"place\":\"park\"", "hours: \"true\" is not a number", 9 },
    { "shift", "\"hours\":99999999999999999999,\"place\":\"park\"",
      "hours: \"99999999999999999999\" is too large a number", 9 },
    { "shift", "\"hours\":1,\"place\":\"Park\"", "place: \"Park\" is not one of the field's words",
      20 },
    { "shift", NEEDED ",\"late\":1", "late: \"1\" is neither yes nor no", 33 },
    { "shift", NEEDED ",\"until\":\"2026-02-29\"",
      "until: \"2026-02-29\" is not a day such as 2026-11-21", 35 },
    { "shift", NEEDED ",\"until\":\"2026-02-28T10:00:00Z\"",
      "until: \"2026-02-28T10:00:00Z\" is not a day such as 2026-11-21", 35 },
    { "shift", NEEDED ",\"step\":0.30", "step: \"0.30\" is not a multiple of the field's step",
      33 },
    { "shift", NEEDED ",\"few\":2", "few: \"2\" is not one of the field's values", 32 },
    { "shift", NEEDED ",\"promise\":\"a\\u0007\"",
      "promise: \"a\a\" has characters that cannot be seen", 0 },
    { "plain", "\"a\":1", "plain has no field `a`", 2 },
    { "void", "", "`of` is missing: the id of the record this is about", 0 },
    { "void", "\"of\":\"\"", "`of` is missing: the id of the record this is about", 0 },
    { "void", "\"of\":\"\\u0000\"", "`of` is not the id of a record", 0 },
    { "void", "\"of\":\"1\",\"hours\":1", "void has no field `hours`", 11 },
    { "dispute", "\"of\":\"1\",\"finding\":\"stands\"", "dispute has no field `finding`", 11 },
    { "decision", "\"of\":\"1\"", "`finding` is missing: stands or dropped", 0 },
    { "decision", "\"of\":\"1\",\"finding\":\"maybe\"",
      "finding: \"maybe\" is neither stands nor dropped", 21 },
    { "correction", "\"hours\":1", "`of` is missing: the id of the record this is about", 0 },
    { "correction", "\"of\":\"1\",\"corrected-at\":\"soon\"",
      "corrected-at: \"soon\" is no RFC 3339 instant or day", 26 },
};

static void tR8_neg_what_the_schema_does_not_know_is_refused(void **state)
{
    fixture *made = *state;
    uint32_t wrong = 0;

    for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
        tally_batch_checked checked;
        const tally_batch_problem *problem =
            check(made, refusals[i].type, refusals[i].fields, &checked);
        /* The first field stands here; a fault without a place at the event's start. */
        uint32_t fields =
            (uint32_t)strlen("{'id':'1','at':'2026-03-07','subject':'org:1','type':'',") +
            (uint32_t)strlen(refusals[i].type);
        uint32_t column = refusals[i].column == 0 ? 1 : fields + refusals[i].column;

        if (strstr(refusals[i].sentence, "event type") != NULL)
            column = fields - 1 - (uint32_t)strlen(refusals[i].type);
        if (problem != NULL && strcmp(problem->sentence.bytes, refusals[i].sentence) == 0 &&
            problem->column == column && strcmp(problem->code, "E_SCHEMA") == 0 &&
            strcmp(problem->right, "R8") == 0)
            continue;
        print_error("%s: %s (%u, not %u)\n", refusals[i].fields,
                    problem != NULL ? problem->sentence.bytes : "taken",
                    problem != NULL ? problem->column : 0, column);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void tR8_pos_a_good_event_comes_out_typed(void **state)
{
    fixture *made = *state;
    tally_batch_checked checked;

    assert_null(
        check(made, "shift",
              "\"promise\":\"p-1\",\"place\":\"High Street\",\"hours\":\"2.5\",\"late\":false,"
              "\"until\":\"1970-01-02\",\"few\":5",
              &checked));
    assert_int_equal(checked.type, TALLY_RECORD_TYPES);
    assert_int_equal(checked.slot_count, 8);
    assert_int_equal(checked.slots[0], 250);
    assert_int_equal(checked.slots[1], 1);
    assert_int_equal(checked.slots[2], 0);
    assert_int_equal(checked.slots[3], 1);
    assert_int_equal(checked.slots[4], 0); /* the first field of the event */
    assert_int_equal(checked.slots[5], TALLY_NOTHING);
    assert_int_equal(checked.slots[6], 5);
    assert_int_equal(checked.slots[7], TALLY_NOTHING);
    /* The day begins an hour before UTC's. */
    assert_int_equal(checked.at_ms, INT64_C(1772838000000));
    assert_int_equal(checked.offset_s, 0);
    assert_null(check(made, "plain", "", &checked));
    assert_int_equal(checked.slot_count, 0);
    assert_null(check(made, "decision", "\"finding\":\"dropped\",\"of\":\"7\"", &checked));
    assert_int_equal(checked.slots[0], 1);
    assert_true(tally_text_is(checked.of, "7"));
}

static void corrections_wait_for_their_target(void **state)
{
    static const struct {
        const char *fields, *sentence;
    } cases[] = {
        { "\"hours\":3,\"late\":null", NULL },
        { "\"place\":\"woods\"", "place: \"woods\" is not one of the field's words" },
        { "\"trees\":3", "shift has no field `trees`" },
    };
    fixture *made = *state;
    tally_batch_checked checked;

    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        const tally_batch_problem *problem = NULL;
        tally_batch_event event;
        char fields[200];

        (void)snprintf(fields, sizeof(fields), "\"corrected-at\":\"1970-01-02\",\"of\":\"7\",%s",
                       cases[i].fields);
        read_event(made, &event, "correction", fields);
        assert_int_equal(
            tally_batch_check_event(made->checker, &event, &checked, &problem, made->arena, NULL),
            TALLY_OK);
        assert_null(problem);
        assert_int_equal(checked.corrected_at_ms, TALLY_DAY_MS - 3600000);
        assert_int_equal(tally_batch_check_correction(made->checker, &event, TALLY_RECORD_TYPES,
                                                      &checked, &problem, made->arena, NULL),
                         TALLY_OK);
        assert_int_equal(problem != NULL, cases[i].sentence != NULL);
        if (problem != NULL) {
            assert_string_equal(problem->sentence.bytes, cases[i].sentence);
            continue;
        }
        assert_int_equal(checked.slots[0], 300);
        assert_int_equal(checked.slots[1], TALLY_NOTHING);
        assert_int_equal(checked.slots[2], TALLY_NOTHING);
    }
}

/* The engine's own reader of records is asked about the same events. */
static void the_engine_takes_what_is_taken_here(void **state)
{
    static const char *const names[] = { "hours", "place", "late", "until", "promise",
                                         "step",  "few",   "note", "other", "of" };
    static const char *const values[] = { "1",     "2.5",        "park", "High Street", "yes",
                                          "false", "2026-01-31", "x-1",  "0.25",        "24.5",
                                          "10",    "",           "-1",   "3.140" };
    static const char *const fits[] = { "1.5",  "park", "yes", "2026-01-31", "x-1",
                                        "0.25", "10",   "a b", "1",          "1" };
    static const char *const types[] = { "shift", "shift",    "shift", "plain",
                                         "void",  "decision", "gone" };
    fixture *made = *state;
    uint32_t taken = 0;

    random_begin("the_engine_takes_what_is_taken_here");
    for (uint32_t round = 0; round < 20000; round++) {
        tally_arena *arena = tally_arena_new((size_t)1 << 20);
        tally_record_text fields[UNIT_COUNT(names)];
        tally_history_builder *builder = NULL;
        tally_batch_event event = { .type = tally_text_from(types[random_below(UNIT_COUNT(types))]),
                                    .id = TALLY_TEXT("1"),
                                    .fields = fields };
        tally_record record = { .type = event.type, .id = event.id, .fields = fields };
        const tally_batch_problem *problem = NULL;
        const tally_refusal *engine = NULL;
        uint32_t engine_count = 0;
        tally_batch_checked checked;
        tally_history history;

        assert_non_null(arena);
        assert_int_equal(
            tally_time_parse(&event.at, TALLY_TEXT("2026-03-07"), TALLY_TIME_RFC3339, NULL),
            TALLY_OK);
        for (uint32_t i = 0; i < UNIT_COUNT(names); i++) {
            /* What an event needs mostly, other things at times; mostly with what fits. */
            if (i < 2 ? random_below(10) == 0 : random_below(6) != 0)
                continue;
            fields[event.field_count++] =
                (tally_record_text){ tally_text_from(names[i]),
                                     tally_text_from(random_below(4) == 0
                                                         ? values[random_below(UNIT_COUNT(values))]
                                                         : fits[i]) };
        }
        record.field_count = event.field_count;
        assert_int_equal(
            tally_batch_check_event(made->checker, &event, &checked, &problem, arena, NULL),
            TALLY_OK);
        record.at_ms = record.recorded_ms = checked.at_ms;
        assert_int_equal(tally_history_builder_new(&builder, made->policy, arena, NULL, NULL),
                         TALLY_OK);
        assert_int_equal(tally_history_builder_add(builder, &record, NULL), TALLY_OK);
        assert_int_equal(
            tally_history_builder_finish(builder, &history, &engine, &engine_count, NULL),
            TALLY_OK);
        /* A void of nothing is seen only by who knows the other records. */
        if (engine_count == 1 && strcmp(engine->code, "unknown-of") == 0)
            engine_count = 0;
        if ((problem == NULL) != (engine_count == 0))
            fail_msg("round %u: here %s, there %s", round,
                     problem != NULL ? problem->sentence.bytes : "taken",
                     engine_count != 0 ? engine->message.bytes : "taken");
        taken += problem == NULL;
        if (problem == NULL && history.count == 1 && checked.type == TALLY_RECORD_TYPES)
            for (uint32_t slot = 0; slot < checked.slot_count; slot++)
                assert_true(slot == 4 || history.slots[slot][0] == checked.slots[slot]);
        tally_arena_free(arena);
    }
    assert_true(taken > 2000);
}

/* ---- the three forms ---------------------------------------------------------------- */

/* A random event's values, some of them missing and some of them wrong. */
typedef struct drawn {
    char id[16], at[40];
    const char *values[8]; /* by slot; NULL: not given */
} drawn;

static void draw(drawn *out)
{
    static const char *const names[] = { "1.5",  "park", "yes",        "2026-01-31", "x-1",
                                         "0.25", "10",   "a",          "24",         "High Street",
                                         "no",   "-1",   "2026-02-30", "5" };
    static const char *const fits[] = { "1.5", "High Street", "no", "2026-01-31",
                                        "x-1", "0.75",        "5",  "words" };
    static const char *const times[] = { "2026-03-07", "2026-03-07T10:30:00Z",
                                         "2026-03-07T10:30:00.250+01:00", "2026-03-07T23:59:59" };

    (void)snprintf(out->id, sizeof(out->id), "e%u", (unsigned)random_below(1000));
    (void)snprintf(out->at, sizeof(out->at), "%s", times[random_below(UNIT_COUNT(times))]);
    for (size_t i = 0; i < 8; i++)
        out->values[i] = random_below(i < 2 ? 20 : 2) == 0 ? NULL
                         : random_below(12) == 0           ? names[random_below(UNIT_COUNT(names))]
                                                           : fits[i];
}

/* The event in one form; the fields in an order of that form's own. */
static void write_form(char *out, size_t room, const drawn *event, tally_batch_form form)
{
    static const char *const names[] = { "hours",   "place", "late", "until",
                                         "promise", "step",  "few",  "note" };
    const char *comma = "";
    int at;

    if (form == TALLY_BATCH_CSV) {
        at = snprintf(out, room,
                      "subject,id,hours,place,late,until,promise,step,few,note,at,type\norg:1,%s",
                      event->id);
        for (size_t i = 0; i < 8; i++)
            at += snprintf(out + at, room - (size_t)at, ",%s",
                           event->values[i] != NULL ? event->values[i] : "");
        (void)snprintf(out + at, room - (size_t)at, ",%s,shift", event->at);
        return;
    }
    at = snprintf(
        out, room, "{\"id\":\"%s\",\"subject\":\"org:1\",\"type\":\"shift\",\"%s\":\"%s\",%s",
        event->id, form == TALLY_BATCH_JSONL ? "at" : "time", event->at,
        form == TALLY_BATCH_JSONL ? "" : "\"specversion\":\"1.0\",\"source\":\"s\",\"data\":{");
    for (size_t i = 8; i-- > 0;) {
        const char *value = event->values[i];
        bool is_bare;

        if (value == NULL)
            continue;
        /* Numbers and conditions are given in either way that JSON has. */
        is_bare = strspn(value, "0123456789.") == strlen(value) && i % 2 == 0;
        at += snprintf(out + at, room - (size_t)at, "%s\"%s\":%s%s%s", comma, names[i],
                       is_bare ? "" : "\"", value, is_bare ? "" : "\"");
        comma = ",";
    }
    if (comma[0] == '\0')
        at += snprintf(out + at, room - (size_t)at, "\"note\":null");
    (void)snprintf(out + at, room - (size_t)at, "%s", form == TALLY_BATCH_JSONL ? "}" : "}}");
}

static void the_forms_give_the_same_values(void **state)
{
    fixture *made = *state;
    uint32_t taken = 0;

    random_begin("the_forms_give_the_same_values");
    for (uint32_t round = 0; round < 3000; round++) {
        tally_arena *arena = tally_arena_new((size_t)1 << 20);
        tally_batch_checked first = { .type = 0 };
        bool is_first_good = false;
        drawn event;

        assert_non_null(arena);
        draw(&event);
        for (int form = 0; form < 3; form++) {
            const tally_batch_problem *problem = NULL;
            tally_batch_checked checked = { .type = 0 };
            tally_batch_event read;
            char text[1024];

            write_form(text, sizeof(text), &event, (tally_batch_form)form);
            assert_int_equal(tally_batch_parse_event(&read, made->reader, (tally_batch_form)form,
                                                     tally_text_from(text), arena, NULL),
                             TALLY_OK);
            if (read.problem != NULL)
                fail_msg("%s: %s", text, read.problem->sentence.bytes);
            assert_int_equal(
                tally_batch_check_event(made->checker, &read, &checked, &problem, arena, NULL),
                TALLY_OK);
            if (form == 0) {
                is_first_good = problem == NULL;
                first = checked;
                taken += is_first_good;
            }
            if ((problem == NULL) != is_first_good)
                fail_msg("%s: %s", text, problem != NULL ? problem->sentence.bytes : "taken");
            assert_int_equal(checked.at_ms, first.at_ms);
            assert_int_equal(checked.offset_s, first.offset_s);
            for (uint32_t slot = 0; is_first_good && slot < checked.slot_count; slot++) {
                if (slot != 4)
                    assert_true(checked.slots[slot] == first.slots[slot]);
                else if (checked.slots[slot] != TALLY_NOTHING) /* an index into the fields */
                    assert_true(
                        tally_text_is(read.fields[checked.slots[slot]].value, event.values[4]));
                else
                    assert_true(first.slots[slot] == TALLY_NOTHING);
            }
        }
        tally_arena_free(arena);
    }
    assert_true(taken > 500 && taken < 2500);
}

static void far_off_days_are_refused(void **state)
{
    fixture *made = *state;
    tally_batch_checked checked;
    const tally_batch_problem *problem = NULL;
    tally_batch_event event;
    tally_text text =
        TALLY_TEXT("{\"id\":\"1\",\"at\":\"0000-01-01\",\"subject\":\"org:1\",\"type\":\"plain\"}");

    assert_int_equal(
        tally_batch_parse_event(&event, made->reader, TALLY_BATCH_JSONL, text, made->arena, NULL),
        TALLY_OK);
    assert_int_equal(
        tally_batch_check_event(made->checker, &event, &checked, &problem, made->arena, NULL),
        TALLY_OK);
    assert_non_null(problem);
    assert_string_equal(problem->sentence.bytes, "its time is outside the calendar");
}

static void each_failed_allocation_is_survived(void **state)
{
    fixture *made = *state;
    tally_batch_event event;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    read_event(made, &event, "shift", "\"hours\":99");
    for (; rc != TALLY_OK; nth++) {
        const tally_batch_problem *problem = NULL;
        tally_batch_checker *checker = NULL;
        tally_batch_checked checked;
        tally_arena *arena;

        tally_alloc_fail_at(nth);
        arena = tally_arena_new((size_t)1 << 20);
        rc = arena == NULL ? TALLY_E_NOMEM
                           : tally_batch_checker_new(&checker, made->policy, arena, NULL);
        if (rc == TALLY_OK)
            rc = tally_batch_check_event(checker, &event, &checked, &problem, arena, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(rc == TALLY_OK, problem != NULL);
        tally_arena_free(arena);
    }
    assert_true(nth > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tR8_neg_what_the_schema_does_not_know_is_refused, begin,
                                        end),
        cmocka_unit_test_setup_teardown(tR8_pos_a_good_event_comes_out_typed, begin, end),
        cmocka_unit_test_setup_teardown(corrections_wait_for_their_target, begin, end),
        cmocka_unit_test_setup_teardown(the_engine_takes_what_is_taken_here, begin, end),
        cmocka_unit_test_setup_teardown(the_forms_give_the_same_values, begin, end),
        cmocka_unit_test_setup_teardown(far_off_days_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(each_failed_allocation_is_survived, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
