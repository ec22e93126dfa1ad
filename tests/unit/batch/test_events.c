/* SPDX-License-Identifier: Apache-2.0 */
/* What each form of body says, and every way in which an event or a body is wrong. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "message.h"

typedef struct fixture {
    tally_arena *arena;
    tally_batch_reader *reader;
    tally_buffer message;
    tally_batch batch;
    tally_err err;
} fixture;

static int begin(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    if (made == NULL || tally_batch_reader_new(&made->reader, NULL) != TALLY_OK)
        return 1;
    made->arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_buffer_init(&made->message, TALLY_BATCH_BYTES_MAX);
    *state = made;
    return made->arena == NULL;
}

static int end(void **state)
{
    fixture *made = *state;

    tally_arena_free(made->arena);
    tally_batch_reader_free(made->reader);
    tally_buffer_free(&made->message);
    free(made);
    return 0;
}

static tally_rc parse(fixture *made, tally_batch_form form, uint32_t count, const char *body)
{
    tally_batch_header header = test_header(form, count);

    tally_buffer_reset(&made->message);
    assert_int_equal(append_message(&made->message, &header, tally_text_from(body)), TALLY_OK);
    tally_err_clear(&made->err);
    return tally_batch_parse(&made->batch, made->reader, tally_buffer_text(&made->message),
                             made->arena, &made->err);
}

#define SUBJECT "\"subject\":\"handle:m5zgk3tu\""
#define START   "{\"id\":\"a\",\"type\":\"trees\",\"at\":\"2026-03-07\"," SUBJECT
#define CLOUD                                                                             \
    "{\"specversion\":\"1.0\",\"source\":\"urn:office\",\"id\":\"a\",\"type\":\"trees\"," \
    "\"time\":\"2026-03-07\"," SUBJECT
#define ROW "id,type,at,subject,trees\n"

/* One event by itself: the sentence, or NULL when it is good; and its place. */
static const struct {
    tally_batch_form form;
    const char *body, *code, *sentence;
    uint32_t line, column;
} events[] = {
    { TALLY_BATCH_JSONL, START ",\"trees\":3}", NULL, NULL, 0, 0 },
    { TALLY_BATCH_JSONL, "  " START " , \"trees\" : -3.50e1 , \"x\" : null, \"y\":false}\t\r", NULL,
      NULL, 0, 0 },
    { TALLY_BATCH_JSONL, START ",\"tr\\u0065es\":\"\\ud83c\\udf33\"}", NULL, NULL, 0, 0 },
    { TALLY_BATCH_JSONL,
      "{\"id\":7,\"event\":\"void\",\"of\":\"3\",\"at\":\"2026-03-07T10:00:00Z\",\"subject\":\"org:"
      "A+1\"}",
      NULL, NULL, 0, 0 },
    { TALLY_BATCH_JSONL,
      "{\"id\":\"7\",\"type\":\"t\",\"at\":\"2026-03-07 10:00:00\",\"subject\":\"did:key:z6Mk\"}",
      NULL, NULL, 0, 0 },
    /* Not JSON. */
    { TALLY_BATCH_JSONL, "\n", "E_SCHEMA", "nothing stands here", 1, 1 },
    { TALLY_BATCH_JSONL, " ", "E_SCHEMA", "nothing stands here", 1, 1 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"b}", "E_SCHEMA", "a string is not closed", 1,
      sizeof(START) + 5 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"\xff\"}", "E_SCHEMA", "this is not UTF-8", 1,
      sizeof(START) + 6 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"\xc3\xa9\x01\"}", "E_SCHEMA",
      "a control character in a string", 1, sizeof(START) + 7 },
    { TALLY_BATCH_JSONL, "[]", "E_SCHEMA", "an event is a JSON object", 1, 1 },
    { TALLY_BATCH_JSONL, "{}", "E_SCHEMA", "the event has no id", 1, 1 },
    { TALLY_BATCH_JSONL, "{", "E_SCHEMA", "a name in quotes is missing", 1, 2 },
    { TALLY_BATCH_JSONL, "{1:2}", "E_SCHEMA", "a name in quotes is missing", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"a\"}", "E_SCHEMA", "a colon is missing", 1, 5 },
    { TALLY_BATCH_JSONL, "{\"a\":}", "E_SCHEMA", "not a JSON value", 1, 6 },
    { TALLY_BATCH_JSONL, "{\"a\":", "E_SCHEMA", "a value is missing", 1, 6 },
    { TALLY_BATCH_JSONL, "{\"a\":1", "E_SCHEMA", "a comma is missing", 1, 7 },
    { TALLY_BATCH_JSONL, "{\"a\":1 \"b\":2}", "E_SCHEMA", "a comma is missing", 1, 8 },
    { TALLY_BATCH_JSONL, "{\"a\":1,}", "E_SCHEMA", "a name in quotes is missing", 1, 8 },
    { TALLY_BATCH_JSONL, "{\"a\":\"b\"\"c\"}", "E_SCHEMA", "a comma is missing", 1, 9 },
    { TALLY_BATCH_JSONL, "{\"a\":\"b\"c}", "E_SCHEMA", "a comma is missing", 1, 9 },
    { TALLY_BATCH_JSONL, START "}}", "E_SCHEMA", "something follows the object", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START "} {}", "E_SCHEMA", "something follows the object", 1,
      sizeof(START) + 2 },
    { TALLY_BATCH_JSONL, START ",\"a\":01}", "E_SCHEMA", "not a JSON number", 1,
      sizeof(START) + 6 },
    { TALLY_BATCH_JSONL, START ",\"a\":1.}", "E_SCHEMA", "not a JSON number", 1,
      sizeof(START) + 7 },
    { TALLY_BATCH_JSONL, START ",\"a\":1e}", "E_SCHEMA", "not a JSON number", 1,
      sizeof(START) + 7 },
    { TALLY_BATCH_JSONL, START ",\"a\":-}", "E_SCHEMA", "not a JSON number", 1, sizeof(START) + 6 },
    { TALLY_BATCH_JSONL, START ",\"a\":+1}", "E_SCHEMA", "not a JSON value", 1, sizeof(START) + 5 },
    { TALLY_BATCH_JSONL, START ",\"a\":1 2}", "E_SCHEMA", "a comma is missing", 1,
      sizeof(START) + 7 },
    { TALLY_BATCH_JSONL, START ",\"a\":1x}", "E_SCHEMA", "not a JSON number", 1,
      sizeof(START) + 6 },
    { TALLY_BATCH_JSONL, START ",\"a\":1\"x\"}", "E_SCHEMA", "not a JSON number", 1,
      sizeof(START) + 6 },
    { TALLY_BATCH_JSONL, START ",\"a\":tru}", "E_SCHEMA", "not a JSON value", 1,
      sizeof(START) + 5 },
    { TALLY_BATCH_JSONL, START ",\"a\":truee}", "E_SCHEMA", "not a JSON value", 1,
      sizeof(START) + 5 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"\\x\"}", "E_SCHEMA", "no such escape", 1,
      sizeof(START) + 7 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"\\ud800\"}", "E_SCHEMA", "half of a surrogate pair", 1,
      sizeof(START) + 12 },
    { TALLY_BATCH_JSONL, START ",\"a\":\"\\u12g4\"}", "E_SCHEMA",
      "\\u wants four hexadecimal digits", 1, sizeof(START) + 8 },
    /* Not an event. */
    { TALLY_BATCH_JSONL, START ",\"trees\":[1]}", "E_SCHEMA",
      "`trees` holds brackets; a value is a text, a number, true, false or null", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START ",\"data\":{\"trees\":1}}", "E_SCHEMA",
      "`data` holds brackets; a value is a text, a number, true, false or null", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START ",\"data\":{\"trees\" 1}}", "E_SCHEMA", "a colon is missing", 1,
      sizeof(START) + 17 },
    { TALLY_BATCH_JSONL, START ",\"a\":[1,]}", "E_SCHEMA", "not a JSON value", 1,
      sizeof(START) + 8 },
    { TALLY_BATCH_JSONL, START ",\"a\":[1}}", "E_SCHEMA", "a comma or a closing bracket is missing",
      1, sizeof(START) + 7 },
    { TALLY_BATCH_JSONL,
      START ",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
      "E_SCHEMA", "brackets stand more than 32 deep", 1, sizeof(START) + 37 },
    { TALLY_BATCH_JSONL, "{\"subject\":[\"handle:a\",\"handle:b\"]}", "E_OTHER_SUBJECT",
      "an event is about one subject", 1, 2 },
    { TALLY_BATCH_JSONL, START ",\"trees\":1,\"trees\":2}", "E_SCHEMA", "`trees` is given twice", 1,
      sizeof(START) + 11 },
    { TALLY_BATCH_JSONL, START ",\"trees\":1,\"tr\\u0065es\":2}", "E_SCHEMA",
      "`trees` is given twice", 1, sizeof(START) + 11 },
    { TALLY_BATCH_JSONL, START ",\"id\":2}", "E_SCHEMA", "the id is given twice", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START ",\"event\":2}", "E_SCHEMA", "the type is given twice", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START ",\"\":2}", "E_SCHEMA", "a field without a name", 1,
      sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, START ",\"recorded\":\"2026-03-07\"}", "E_SCHEMA",
      "when an event was recorded is for the ledger to say", 1, sizeof(START) + 1 },
    { TALLY_BATCH_JSONL, "{\"id\":\"\"}", "E_SCHEMA", "the id is empty", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"id\":null}", "E_SCHEMA", "the id is empty", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"id\":\"a\\u0000b\"}", "E_SCHEMA",
      "the id has characters that cannot be seen", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"type\":\"a\\u202e\"}", "E_SCHEMA",
      "the type has characters that cannot be seen", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"at\":\"2026-02-30\"}", "E_SCHEMA",
      "the time is no RFC 3339 instant or day: '2026-02-30' is not a day of the calendar", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"subject\":\"Anna\"}", "E_SCHEMA",
      "the subject must be did:key:..., handle:... or org:...", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"subject\":\"handle:ABC\"}", "E_SCHEMA",
      "the subject must be did:key:..., handle:... or org:...", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"subject\":\"handle:\"}", "E_SCHEMA",
      "the subject must be did:key:..., handle:... or org:...", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"subject\":\"did:key:z6l0\"}", "E_SCHEMA",
      "the subject must be did:key:..., handle:... or org:...", 1, 2 },
    { TALLY_BATCH_JSONL, "{\"subject\":\"org:a b\"}", "E_SCHEMA",
      "the subject must be did:key:..., handle:... or org:...", 1, 2 },
    /* CloudEvents. */
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":{\"trees\":3}}]", NULL, NULL, 0, 0 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"datacontenttype\":\"application/json\"}]", NULL, NULL,
      0, 0 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":null}]", NULL, NULL, 0, 0 },
    { TALLY_BATCH_CLOUDEVENTS,
      "\n\n[\n" CLOUD ",\n  \"data\":{\"a\":1,\"\xc3\xa9\":2,\"a\":2}}\n]\n", "E_SCHEMA",
      "`a` is given twice", 5, 23 },
    { TALLY_BATCH_CLOUDEVENTS, "[ 17 ]", "E_SCHEMA", "an event is a JSON object", 1, 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[[{}]]", "E_SCHEMA", "an event is a JSON object", 1, 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"trees\":3}]", "E_SCHEMA",
      "`trees` is no attribute that a batch may carry; fields stand in `data`", 1,
      sizeof(CLOUD) + 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":[]}]", "E_SCHEMA",
      "`data` is an object of fields", 1, sizeof(CLOUD) + 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":3}]", "E_SCHEMA",
      "`data` is an object of fields", 1, sizeof(CLOUD) + 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":{\"at\":1}}]", "E_SCHEMA",
      "`at` is no field; a correction's new time is `corrected-at`", 1, sizeof(CLOUD) + 10 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":{\"a\":{}}}]", "E_SCHEMA",
      "`a` holds brackets; a value is a text, a number, true, false or null", 1,
      sizeof(CLOUD) + 10 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"data\":{},\"data\":{}}]", "E_SCHEMA",
      "`data` is given twice", 1, sizeof(CLOUD) + 12 },
    { TALLY_BATCH_CLOUDEVENTS, "[" CLOUD ",\"datacontenttype\":\"text/xml\"}]", "E_SCHEMA",
      "`data` must be application/json", 1, sizeof(CLOUD) + 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"specversion\":\"0.3\"}]", "E_SCHEMA",
      "only CloudEvents 1.0 are read", 1, 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"source\":\"\"}]", "E_SCHEMA", "the source is empty", 1, 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"source\":\"did:key:z6Mkother\"}]", "E_SOURCE",
      "the event names another source than the batch", 1, 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"source\":[]}]", "E_SCHEMA",
      "`source` holds brackets; a value is a text, a number, true, false or null", 1, 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[" START ",\"time\":\"2026-03-07\"}]", "E_SCHEMA",
      "`at` is no attribute that a batch may carry; fields stand in `data`", 1, 27 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"source\":\"a\"}]", "E_SCHEMA", "the event has no specversion",
      1, 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"specversion\":\"1.0\"}]", "E_SCHEMA", "the event has no source",
      1, 2 },
    /* CSV. */
    { TALLY_BATCH_CSV, ROW "a,trees,2026-03-07,org:1,3\n", NULL, NULL, 0, 0 },
    { TALLY_BATCH_CSV, "\"id\",event,subject,at\r\na,trees,org:1,2026-03-07\r\n", NULL, NULL, 0,
      0 },
    { TALLY_BATCH_CSV, ROW "\"a \"\"b\"\"\",\"trees\",2026-03-07,org:1,", NULL, NULL, 0, 0 },
    { TALLY_BATCH_CSV, ROW "\n", "E_SCHEMA", "the id is empty", 2, 1 },
    { TALLY_BATCH_CSV, ROW "a,trees,2026-03-07,org:1\n", "E_SCHEMA",
      "the row has 4 values, and the header row 5", 2, 1 },
    { TALLY_BATCH_CSV, ROW "a,trees,2026-03-07,org:1,3,4\n", "E_SCHEMA",
      "the row has 6 values, and the header row 5", 2, 1 },
    { TALLY_BATCH_CSV, ROW "a,trees,\"2026-03-07,org:1,3\n", "E_SCHEMA",
      "this quote is not closed on its line", 2, 9 },
    { TALLY_BATCH_CSV, ROW "a,trees,\"2026-03-07\"x,org:1,3\n", "E_SCHEMA",
      "only a comma may follow a closing quote", 2, 9 },
    { TALLY_BATCH_CSV, ROW "a,tr\"ees,2026-03-07,org:1,3\n", "E_SCHEMA",
      "a quote inside a value that does not begin with one", 2, 3 },
    { TALLY_BATCH_CSV, ROW "\xc3\xa9,trees,2026-13-07,org:1,3\n", "E_SCHEMA",
      "the time is no RFC 3339 instant or day: '2026-13-07' is not a day of the calendar", 2, 9 },
    { TALLY_BATCH_CSV, ROW "\xff,trees,2026-03-07,org:1,3\n", "E_SCHEMA", "this is not UTF-8", 2,
      1 },
    { TALLY_BATCH_CSV, ROW "a,trees,,org:1,3\n", "E_SCHEMA", "the at is empty", 2, 9 },
};

static bool is_event_as_wanted(const tally_batch_problem *problem, size_t i)
{
    if (problem == NULL || events[i].code == NULL)
        return problem == NULL && events[i].code == NULL;
    return strcmp(problem->sentence.bytes, events[i].sentence) == 0 &&
           strcmp(problem->code, events[i].code) == 0 && problem->line == events[i].line &&
           problem->column == events[i].column && problem->right != NULL;
}

static void each_event_has_its_own_problem(void **state)
{
    fixture *made = *state;
    uint32_t wrong = 0;

    for (size_t i = 0; i < UNIT_COUNT(events); i++) {
        const tally_batch_problem *problem;

        if (parse(made, events[i].form, 1, events[i].body) != TALLY_OK)
            fail_msg("%s: %s", events[i].body, made->err.message);
        problem = made->batch.events[0].problem;
        if (is_event_as_wanted(problem, i))
            continue;
        print_error("%s: %s %u:%u %s\n", events[i].body, problem != NULL ? problem->code : "taken",
                    problem != NULL ? problem->line : 0, problem != NULL ? problem->column : 0,
                    problem != NULL ? problem->sentence.bytes : "");
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* A body that is wrong as a whole: what err says, by lines of the message. */
static const struct {
    tally_batch_form form;
    uint32_t count;
    const char *body, *message;
    uint32_t line, column;
} bodies[] = {
    { TALLY_BATCH_JSONL, 1, "", "the header counts 1 events, but there are 0 lines", 5, 0 },
    { TALLY_BATCH_JSONL, 2, "{}", "the header counts 2 events, but there are 1 lines", 6, 0 },
    { TALLY_BATCH_JSONL, 1, "{}\n\n", "the header counts 1 events, and more lines follow", 6, 0 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "", "the body is not a CloudEvents batch: nothing stands here", 5,
      1 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "{}", "the body is not a CloudEvents batch: it must be an array",
      5, 1 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "[]", "the header counts 1 events, but the array has 0", 5, 0 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "[{},{}]", "the header counts 1 events, and more follow", 5, 5 },
    { TALLY_BATCH_CLOUDEVENTS, 3, "[{},{}]", "the header counts 3 events, but the array has 2", 5,
      0 },
    { TALLY_BATCH_CLOUDEVENTS, 2, "[{},\n]",
      "the body is not a CloudEvents batch: not a JSON value", 6, 1 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "[{}",
      "the body is not a CloudEvents batch: a comma or the closing bracket is missing", 5, 4 },
    { TALLY_BATCH_CLOUDEVENTS, 2, "[{} {}]",
      "the body is not a CloudEvents batch: a comma or the closing bracket is missing", 5, 5 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "[{}] ]",
      "the body is not a CloudEvents batch: something follows the array", 5, 6 },
    { TALLY_BATCH_CLOUDEVENTS, 2, "[{},\n{\"a\"}]",
      "the body is not a CloudEvents batch: a colon is missing", 6, 5 },
    { TALLY_BATCH_CLOUDEVENTS, 1, "[{\"a\":\"b]",
      "the body is not a CloudEvents batch: a string is not closed", 5, 7 },
    { TALLY_BATCH_CSV, 1, "", "the header row of the body: a column has no name", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,subject\n",
      "the header counts 1 events, but there are 0 rows", 6, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,subject\na\nb\n",
      "the header counts 1 events, and more rows follow", 7, 0 },
    { TALLY_BATCH_CSV, 1, "type,at,subject\n",
      "the header row of the body: there is no column `id`", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,at,subject\n",
      "the header row of the body: there is no column `type`", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,subject\n",
      "the header row of the body: there is no column `at`", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at\n",
      "the header row of the body: there is no column `subject`", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,subject,a,a\n",
      "the header row of the body: a column is named twice", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,subject,event\n",
      "the header row of the body: a column is named twice", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,subject,\n",
      "the header row of the body: a column has no name", 5, 0 },
    { TALLY_BATCH_CSV, 1, "\xef\xbb\xbfid,type,at,subject\n",
      "the header row of the body: a byte order mark stands before it", 5, 0 },
    { TALLY_BATCH_CSV, 1, "id,type,at,\"subject\n",
      "the header row of the body: this quote is not closed on its line", 5, 0 },
};

static void a_body_that_is_wrong_is_an_error_of_the_whole(void **state)
{
    fixture *made = *state;
    uint32_t wrong = 0;

    for (size_t i = 0; i < UNIT_COUNT(bodies); i++) {
        if (parse(made, bodies[i].form, bodies[i].count, bodies[i].body) != TALLY_E_INVALID ||
            strcmp(made->err.message, bodies[i].message) != 0 || made->err.line != bodies[i].line ||
            made->err.column != bodies[i].column) {
            print_error("%s: %u:%u %s\n", bodies[i].body, made->err.line, made->err.column,
                        made->err.message);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void the_others_stand(void **state)
{
    fixture *made = *state;

    assert_int_equal(
        parse(made, TALLY_BATCH_JSONL, 4, START "}\n\\\"\n{\"a\":\"\n" START ",\"trees\":2}\n"),
        TALLY_OK);
    assert_null(made->batch.events[0].problem);
    assert_non_null(made->batch.events[1].problem);
    assert_non_null(made->batch.events[2].problem);
    assert_int_equal(made->batch.events[2].problem->line, 3);
    assert_null(made->batch.events[3].problem);
    assert_int_equal(made->batch.events[3].field_count, 1);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(made->batch.events[i].salt[31], i);
}

static void assert_text(tally_text text, const char *wanted)
{
    if (!tally_text_is(text, wanted))
        fail_msg("`%.*s` is not `%s`", TALLY_TEXT_ARGS(text), wanted);
}

/* The same event in all forms, with everything that can be escaped. */
static void the_forms_say_the_same(void **state)
{
    static const struct {
        tally_batch_form form;
        const char *body, *bytes;
    } same[] = {
        { TALLY_BATCH_JSONL,
          "{\"note\":\"a "
          "\\\"b\\\"\",\"event\":\"correction\",\"corrected-at\":\"2026-01-02\",\"of\":\"9\","
          "\"at\":\"2026-03-07T10:30:00.25+01:00\",\"subject\":\"org:x\",\"id\":\"\\u00e9-1\","
          "\"n\":2.50}\n",
          "{\"note\":\"a "
          "\\\"b\\\"\",\"event\":\"correction\",\"corrected-at\":\"2026-01-02\",\"of\":\"9\","
          "\"at\":\"2026-03-07T10:30:00.25+01:00\",\"subject\":\"org:x\",\"id\":\"\\u00e9-1\","
          "\"n\":2.50}" },
        { TALLY_BATCH_CLOUDEVENTS,
          " [ {\"data\": {\"note\":\"a "
          "\\\"b\\\"\",\"corrected-at\":\"2026-01-02\",\"of\":\"9\",\"n\":2.50 },"
          "\"type\":\"correction\",\"time\":\"2026-03-07T10:30:00.25+01:00\",\"subject\":\"org:x\","
          "\"id\":\"\xc3\xa9-1\",\"specversion\":\"1.0\",\"source\":\"s\"} ] ",
          "{\"data\": {\"note\":\"a "
          "\\\"b\\\"\",\"corrected-at\":\"2026-01-02\",\"of\":\"9\",\"n\":2.50 },"
          "\"type\":\"correction\",\"time\":\"2026-03-07T10:30:00.25+01:00\",\"subject\":\"org:x\","
          "\"id\":\"\xc3\xa9-1\",\"specversion\":\"1.0\",\"source\":\"s\"}" },
        { TALLY_BATCH_CSV,
          "note,corrected-at,of,n,id,type,at,subject,empty\r\n"
          "\"a "
          "\"\"b\"\"\",2026-01-02,9,2.50,\xc3\xa9-1,correction,2026-03-07T10:30:00.25+01:00,org:x,"
          "\r\n",
          "\"a "
          "\"\"b\"\"\",2026-01-02,9,2.50,\xc3\xa9-1,correction,2026-03-07T10:30:00.25+01:00,org:"
          "x," },
    };
    static const char *const fields[][2] = {
        { "note", "a \"b\"" }, { "at", "2026-01-02" }, { "of", "9" }, { "n", "2.50" }
    };
    fixture *made = *state;

    for (size_t i = 0; i < UNIT_COUNT(same); i++) {
        tally_batch_event *event, again;
        char joined[512];

        assert_int_equal(parse(made, same[i].form, 1, same[i].body), TALLY_OK);
        event = made->batch.events;
        assert_null(event->problem);
        assert_text(event->bytes, same[i].bytes);
        assert_text(made->batch.prefix, same[i].form == TALLY_BATCH_CSV
                                            ? "note,corrected-at,of,n,id,type,at,subject,empty\n"
                                            : "");
        /* What is kept of an event alone reads the same. */
        (void)snprintf(joined, sizeof(joined), "%.*s%.*s", TALLY_TEXT_ARGS(made->batch.prefix),
                       TALLY_TEXT_ARGS(event->bytes));
        assert_int_equal(tally_batch_parse_event(&again, made->reader, same[i].form,
                                                 tally_text_from(joined), made->arena, NULL),
                         TALLY_OK);
        for (int round = 0; round < 2; round++, event = &again) {
            assert_text(event->id, "\xc3\xa9-1");
            assert_text(event->type, "correction");
            assert_text(event->subject, "org:x");
            assert_int_equal(tally_moment_ms(event->at, 0), INT64_C(1772875800250));
            assert_int_equal(event->at.offset_s, 3600);
            assert_int_equal(event->field_count, UNIT_COUNT(fields));
            for (size_t field = 0; field < UNIT_COUNT(fields); field++) {
                assert_text(event->fields[field].name, fields[field][0]);
                assert_text(event->fields[field].value, fields[field][1]);
            }
        }
    }
}

/* What grows until it is refused: the id, the type, the subject, the event, the
 * number of fields. */
static void bounds_hold(void **state)
{
    static char body[40000];
    fixture *made = *state;

    for (int over = 0; over < 2; over++) {
        int at;

        (void)snprintf(
            body, sizeof(body),
            "{\"id\":\"%0*d\",\"type\":\"t\",\"at\":\"2026-03-07\",\"subject\":\"org:x\"}",
            128 + over, 0);
        assert_int_equal(parse(made, TALLY_BATCH_JSONL, 1, body), TALLY_OK);
        assert_int_equal(made->batch.events[0].problem != NULL, over);
        (void)snprintf(
            body, sizeof(body),
            "{\"type\":\"%0*d\",\"id\":\"t\",\"at\":\"2026-03-07\",\"subject\":\"org:x\"}",
            128 + over, 0);
        assert_int_equal(parse(made, TALLY_BATCH_JSONL, 1, body), TALLY_OK);
        assert_int_equal(made->batch.events[0].problem != NULL, over);
        (void)snprintf(
            body, sizeof(body),
            "{\"id\":\"i\",\"type\":\"t\",\"at\":\"2026-03-07\",\"subject\":\"org:%0*d\"}",
            252 + over, 0);
        assert_int_equal(parse(made, TALLY_BATCH_JSONL, 1, body), TALLY_OK);
        assert_int_equal(made->batch.events[0].problem != NULL, over);
        for (int form = 0; form < 3; form++) {
            /* CSV: with its header row and a line feed, 23 bytes. */
            int rest = (int)TALLY_BATCH_EVENT_BYTES_MAX + over;

            if (form == TALLY_BATCH_JSONL)
                (void)snprintf(body, sizeof(body), START ",\"t\":\"%0*d\"}",
                               rest - (int)sizeof(START) - 7, 0);
            else if (form == TALLY_BATCH_CLOUDEVENTS)
                (void)snprintf(body, sizeof(body), "[" CLOUD ",\"data\":{\"t\":\"%0*d\"}}]",
                               rest - (int)sizeof(CLOUD) - 16, 0);
            else
                (void)snprintf(body, sizeof(body),
                               "id,type,at,subject,tre\na,t,2026-03-07,org:1,%0*d", rest - 44, 0);
            assert_int_equal(parse(made, (tally_batch_form)form, 1, body), TALLY_OK);
            if (form != TALLY_BATCH_CSV)
                assert_int_equal(made->batch.events[0].bytes.count, rest);
            assert_int_equal(made->batch.events[0].problem != NULL, over);
        }
        at = snprintf(body, sizeof(body), START);
        for (uint32_t i = 0; i < TALLY_BATCH_FIELDS_MAX + (uint32_t)over; i++)
            at += snprintf(body + at, sizeof(body) - (size_t)at, ",\"f%u\":%u", i, i);
        (void)snprintf(body + at, sizeof(body) - (size_t)at, "}");
        assert_int_equal(parse(made, TALLY_BATCH_JSONL, 1, body), TALLY_OK);
        assert_int_equal(made->batch.events[0].problem != NULL, over);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_event_has_its_own_problem, begin, end),
        cmocka_unit_test_setup_teardown(a_body_that_is_wrong_is_an_error_of_the_whole, begin, end),
        cmocka_unit_test_setup_teardown(the_others_stand, begin, end),
        cmocka_unit_test_setup_teardown(the_forms_say_the_same, begin, end),
        cmocka_unit_test_setup_teardown(bounds_hold, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
