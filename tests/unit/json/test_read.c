/* SPDX-License-Identifier: Apache-2.0 */
/* Reading members: what is wrong is named with its path and place. */

#include "unit.h"

#include "json/read.h"

typedef struct thing {
    int64_t number;
    tally_text name, note;
    uint32_t colour;
    bool is_live;
    int64_t sums[3];
    uint32_t sum_count, part_count;
} thing;

static const char *const colours[] = { "red", "green", NULL };

static tally_rc read_thing(thing *out, const char *text, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_json_reader reader, part;
    tally_json_items items;
    tally_rc rc = tally_json_parse(&document, tally_text_from(text), NULL, err);

    *out = (thing){ 0 };
    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "thing", err);
    tally_json_read_constant(&reader, "type", "thing");
    out->number = tally_json_read_integer(&reader, "number", 1, 9);
    out->name = tally_json_read_text(&reader, "name", 5);
    out->note = tally_json_read_optional_text(&reader, "note", 5);
    out->is_live = tally_json_read_optional_bool(&reader, "live");
    out->colour = tally_json_read_choice(&reader, "colour", colours);
    tally_json_read_optional_array(&reader, "sums", 3, &items);
    while (tally_json_next_integer(&items, 0, 100, &out->sums[out->sum_count]))
        out->sum_count++;
    tally_json_read_array(&reader, "parts", 0, 2, &items);
    while (tally_json_next_object(&items, &part)) {
        (void)tally_json_read_bool(&part, "is_new");
        (void)tally_json_read_end(&part);
        out->part_count++;
    }
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc;
}

static void a_document_is_read(void **state)
{
    thing read;

    (void)state;
    assert_int_equal(read_thing(&read,
                                "{\"type\":\"thing\",\"number\":7,\"name\":\"abc\",\"colour\":"
                                "\"green\",\"sums\":[1,2],\"live\":true,\"parts\":[{\"is_new\":"
                                "true},{\"is_new\":false}]}",
                                NULL),
                     TALLY_OK);
    assert_int_equal(read.number, 7);
    assert_int_equal(read.colour, 1);
    assert_int_equal(read.sum_count, 2);
    assert_int_equal(read.sums[1], 2);
    assert_int_equal(read.part_count, 2);
    assert_true(read.is_live);
    assert_int_equal(read.note.count, 0);
}

#define BEFORE "{\"type\":\"thing\",\"name\":\"abc\",\"colour\":\"red\",\n"

static const struct {
    const char *text, *message;
    uint32_t line, column;
} rejects[] = {
    { "[]", "thing must be an object", 1, 1 },
    { BEFORE "\"parts\":[]}", "thing.number is missing", 1, 1 },
    { BEFORE "\"parts\":[],\"number\":0}", "thing.number must be from 1 to 9", 2, 21 },
    { BEFORE "\"parts\":[],\"number\":\"1\"}", "thing.number must be an integer", 2, 21 },
    { BEFORE "\"parts\":{},\"number\":1}", "thing.parts must be an array", 2, 9 },
    { BEFORE "\"parts\":[{},{},{}],\"number\":1}", "thing.parts must have 0 to 2 items", 2, 9 },
    { BEFORE "\"parts\":[1],\"number\":1}", "thing.parts[1] must be an object", 2, 10 },
    { BEFORE "\"parts\":[{\"is_new\":true},{}],\"number\":1}", "thing.parts[2].is_new is missing",
      2, 26 },
    { BEFORE "\"parts\":[{\"is_new\":1}],\"number\":1}",
      "thing.parts[1].is_new must be true or false", 2, 20 },
    { BEFORE "\"parts\":[{\"is_new\":true,\"b\":1}],\"number\":1}",
      "thing.parts[1].b is not known here", 2, 29 },
    { BEFORE "\"parts\":[],\"number\":1,\"more\":{}}", "thing.more is not known here", 2, 30 },
    { BEFORE "\"parts\":[],\"number\":1,\"note\":null}", "thing.note must be a text", 2, 30 },
    { BEFORE "\"parts\":[],\"number\":1,\"note\":\"\"}", "thing.note must not be empty", 2, 30 },
    { BEFORE "\"parts\":[],\"number\":1,\"note\":\"123456\"}", "thing.note is longer than 5 bytes",
      2, 30 },
    { BEFORE "\"parts\":[],\"number\":1,\"sums\":[1,101]}", "thing.sums[2] must be from 0 to 100",
      2, 33 },
    { "{\"type\":\"Thing\"}", "thing.type must be \"thing\"", 1, 9 },
    { "{\"type\":\"thing\",\"number\":1,\"name\":\"abc\",\"colour\":\"blue\"}",
      "thing.colour must be one of: red, green", 1, 50 },
    { BEFORE "\"parts\":[],\"number\":1,\"\\u0007\":1}", "thing.(unprintable) is not known here", 2,
      32 },
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;
        thing read;

        assert_int_equal(read_thing(&read, rejects[i].text, &err), TALLY_E_INVALID);
        assert_string_equal(err.message, rejects[i].message);
        assert_int_equal(err.line, rejects[i].line);
        assert_int_equal(err.column, rejects[i].column);
        /* Also without an err. */
        assert_int_equal(read_thing(&read, rejects[i].text, NULL), TALLY_E_INVALID);
    }
}

static void the_rest_may_be_let_be_and_a_caller_may_object(void **state)
{
    tally_json_document *document = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_json_reader reader;

    (void)state;
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("{\"a\":1,\"b\":2}"), NULL, NULL),
                     TALLY_OK);
    tally_json_read_begin(&reader, tally_json_root(document), "it", &err);
    assert_int_equal(tally_json_read_integer(&reader, "a", 0, 5), 1);
    tally_json_read_rest(&reader);
    assert_int_equal(tally_json_read_end(&reader), TALLY_OK);
    /* What an earlier reader asked for counts for nothing. */
    tally_json_read_begin(&reader, tally_json_root(document), "it", &err);
    assert_int_equal(tally_json_read_integer(&reader, "b", 0, 5), 2);
    tally_json_read_fail(&reader, "b", "is even");
    assert_int_equal(tally_json_read_end(&reader), TALLY_E_INVALID);
    assert_string_equal(err.message, "it.b is even");
    tally_json_document_free(document);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(the_rest_may_be_let_be_and_a_caller_may_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
