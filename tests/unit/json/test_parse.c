/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON parser: what is refused and where, and agreement with jansson. */

#include "unit.h"

#include <jansson.h>

#include "json/jcs.h"
#include "json/value.h"
#include "random.h"
#include "util/alloc.h"

static const tally_json_options any_number = { .takes_any_number = true };

/* Every way a text is refused, with its place. */
static const struct {
    const char *text;
    tally_rc rc;
    uint32_t line, column;
} rejects[] = {
    { "", TALLY_E_INVALID, 1, 1 },
    { " \n ", TALLY_E_INVALID, 2, 2 },
    { "{", TALLY_E_INVALID, 1, 2 },
    { "[1,]", TALLY_E_INVALID, 1, 4 },
    { "[1 2]", TALLY_E_INVALID, 1, 4 },
    { "[1]]", TALLY_E_INVALID, 1, 4 },
    { "[1] x", TALLY_E_INVALID, 1, 5 },
    { "{\"a\" 1}", TALLY_E_INVALID, 1, 6 },
    { "{\"a\":1,}", TALLY_E_INVALID, 1, 8 },
    { "{a:1}", TALLY_E_INVALID, 1, 2 },
    { "{\"a\":1\n,\"b\":2,\n \"a\":3}", TALLY_E_INVALID, 3, 6 },
    { "{\"a\":1,\"\\u0061\":2}", TALLY_E_INVALID, 1, 17 },
    { "tru", TALLY_E_INVALID, 1, 1 },
    { "truex", TALLY_E_INVALID, 1, 5 },
    { "nul", TALLY_E_INVALID, 1, 1 },
    { "'a'", TALLY_E_INVALID, 1, 1 },
    { "\"a", TALLY_E_INVALID, 1, 1 },
    { "\"a\\", TALLY_E_INVALID, 1, 4 },
    { "\"a\nb\"", TALLY_E_INVALID, 1, 3 },
    { "\"\t\"", TALLY_E_INVALID, 1, 2 },
    { "\"\\x\"", TALLY_E_INVALID, 1, 3 },
    { "\"\\u12\"", TALLY_E_INVALID, 1, 4 },
    { "\"\\u12g4\"", TALLY_E_INVALID, 1, 4 },
    { "\"\\u0000\"", TALLY_E_INVALID, 1, 4 },
    { "\"\\ud800\"", TALLY_E_INVALID, 1, 8 },
    { "\"\\ud800x\"", TALLY_E_INVALID, 1, 8 },
    { "\"\\ud800\\ud800\"", TALLY_E_INVALID, 1, 8 },
    { "\"\\udc00\\ud800\"", TALLY_E_INVALID, 1, 8 },
    { "\"\xff\"", TALLY_E_INVALID, 1, 1 },
    { "\"\xc0\xaf\"", TALLY_E_INVALID, 1, 1 },
    { "\"\xed\xa0\x80\"", TALLY_E_INVALID, 1, 1 },
    { "\xef\xbb\xbf{}", TALLY_E_INVALID, 1, 1 },
    { "01", TALLY_E_INVALID, 1, 2 },
    { "-", TALLY_E_INVALID, 1, 1 },
    { "+1", TALLY_E_INVALID, 1, 1 },
    { ".5", TALLY_E_INVALID, 1, 1 },
    { "1.", TALLY_E_INVALID, 1, 3 },
    { "1e", TALLY_E_INVALID, 1, 3 },
    { "1e+", TALLY_E_INVALID, 1, 4 },
    { "0x1", TALLY_E_INVALID, 1, 2 },
    { "NaN", TALLY_E_INVALID, 1, 1 },
    { "Infinity", TALLY_E_INVALID, 1, 1 },
    { "/**/1", TALLY_E_INVALID, 1, 1 },
    { "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", TALLY_E_LIMIT, 1, 17 },
    { "\n[[[[[[[[[[[[[[[[[", TALLY_E_LIMIT, 2, 17 },
};

/* Refused only where numbers are integers. */
static const char *const not_integers[] = {
    "1.0", "1e0", "-0", "9007199254740992", "-9007199254740992", "12345678901234567890123",
};

static tally_json_document *parse(const char *text, const tally_json_options *options)
{
    tally_json_document *document = NULL;
    tally_err err = TALLY_ERR_INIT;

    if (tally_json_parse(&document, tally_text_from(text), options, &err) != TALLY_OK)
        fail_msg("%s: %s", text, err.message);
    return document;
}

static void what_is_no_json_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_json_document *document = NULL;
        tally_err err = TALLY_ERR_INIT;
        tally_rc rc =
            tally_json_parse(&document, tally_text_from(rejects[i].text), &any_number, &err);

        if (rc != rejects[i].rc || err.line != rejects[i].line || err.column != rejects[i].column ||
            document != NULL)
            fail_msg("%s: %d at %u:%u, %s", rejects[i].text, (int)rc, err.line, err.column,
                     err.message);
    }
}

static void numbers_are_integers_unless_said_otherwise(void **state)
{
    tally_json_document *document = NULL;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(not_integers); i++) {
        assert_int_equal(tally_json_parse(&document, tally_text_from(not_integers[i]), NULL, NULL),
                         TALLY_E_INVALID);
        tally_json_document_free(parse(not_integers[i], &any_number));
    }
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("1e309"), &any_number, NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("-1e309"), &any_number, NULL),
                     TALLY_E_INVALID);
}

static void an_integer_is_one_by_value(void **state)
{
    static const struct {
        const char *text;
        bool is_integer;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "9007199254740991", true, 9007199254740991 },
        { "-9007199254740991", true, -9007199254740991 },
        { "9007199254740992", false, 0 },
        { "1.5", false, 0 },
        { "15e-1", false, 0 },
        { "150e-1", true, 15 },
        { "1e300", false, 0 },
        { "5.0", true, 5 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_json_document *document = parse(cases[i].text, &any_number);
        int64_t value = 0;

        assert_int_equal(tally_json_is_integer(tally_json_root(document), &value),
                         cases[i].is_integer);
        if (cases[i].is_integer)
            assert_int_equal(value, cases[i].value);
        tally_json_document_free(document);
    }
}

static void a_nul_byte_is_refused(void **state)
{
    static const char *const texts[] = { "\"a?b\"", "?", "1?", "[1,?2]", "{}?" };
    tally_json_document *document = NULL;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        char text[16];
        size_t count = strlen(texts[i]);

        for (size_t j = 0; j < count; j++)
            text[j] = texts[i][j] == '?' ? '\0' : texts[i][j];
        assert_int_equal(tally_json_parse(&document, tally_text_of(text, count), NULL, NULL),
                         TALLY_E_INVALID);
    }
}

static void bounds_are_the_callers(void **state)
{
    tally_json_document *document = NULL;

    (void)state;
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("[1,2]"),
                                      &(tally_json_options){ .bytes_max = 4 }, NULL),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("[[1]]"),
                                      &(tally_json_options){ .depth_max = 1 }, NULL),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("[\"[[\"]"),
                                      &(tally_json_options){ .depth_max = 1, .bytes_max = 6 },
                                      NULL),
                     TALLY_OK);
    tally_json_document_free(document);
}

static void members_are_found_and_in_order(void **state)
{
    /* U+1F602 is written with surrogates in UTF-16 and so comes before U+FB33. */
    static const char *const ordered[] = {
        "", "1", "10", "A", "a", "aa", "\xc3\xb6", "\xf0\x9f\x98\x82", "\xef\xac\xb3"
    };
    tally_json_document *document =
        parse("{\"aa\":0,\"\\ufb33\":1,\"10\":2,\"a\":3,\"\\ud83d\\ude02\":4,\"\":5,"
              "\"A\":6,\"1\":7,\"\xc3\xb6\":8}",
              NULL);
    const tally_json_value *root = tally_json_root(document);
    tally_text name;

    (void)state;
    assert_int_equal(tally_json_count(root), UNIT_COUNT(ordered));
    for (uint32_t i = 0; i < UNIT_COUNT(ordered); i++) {
        const tally_json_value *member = tally_json_member(root, i, &name);

        assert_true(tally_text_is(name, ordered[i]));
        assert_ptr_equal(tally_json_find(root, name), member);
    }
    assert_null(tally_json_find(root, TALLY_TEXT("b")));
    assert_null(tally_json_find(root, TALLY_TEXT("zz")));
    tally_json_document_free(document);
}

static void values_know_their_place(void **state)
{
    tally_json_document *document = parse("{\n  \"a\": [1,\n 22]}", NULL);
    const tally_json_value *array = tally_json_find(tally_json_root(document), TALLY_TEXT("a"));
    uint32_t line, column;

    (void)state;
    tally_json_place(array, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 8);
    tally_json_place(tally_json_item(array, 1), &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 2);
    tally_json_document_free(document);
}

/* Heapsort: objects in all sorts of order come out sorted, and doubles are seen. */
static void large_objects_are_sorted(void **state)
{
    (void)state;
    random_begin("json objects");
    for (uint32_t round = 0; round < 200; round++) {
        uint32_t count = (uint32_t)random_below(300);
        bool has_double = count > 1 && random_below(4) == 0;
        tally_json_document *document = NULL;
        uint32_t multiplier = 7919; /* a prime above any count: a permutation */
        tally_buffer text;
        tally_rc rc;

        tally_buffer_init(&text, 1 << 16);
        tally_buffer_append_byte(&text, '{');
        for (uint32_t i = 0; i < count; i++)
            tally_buffer_printf(&text, "%s\"%u\":%u", i > 0 ? "," : "",
                                has_double && i == count - 1
                                    ? (unsigned)random_below(count - 1) * multiplier % count
                                    : i * multiplier % count,
                                i);
        tally_buffer_append_byte(&text, '}');
        rc = tally_json_parse(&document, tally_buffer_text(&text), NULL, NULL);
        if (has_double && count % multiplier != 0) {
            assert_int_equal(rc, TALLY_E_INVALID);
        } else {
            tally_text before = { NULL, 0 }, name;

            assert_int_equal(rc, TALLY_OK);
            assert_int_equal(tally_json_count(tally_json_root(document)), count);
            for (uint32_t i = 0; i < count; i++, before = name) {
                (void)tally_json_member(tally_json_root(document), i, &name);
                assert_true(i == 0 || tally_text_compare(before, name) < 0);
            }
            tally_json_document_free(document);
        }
        tally_buffer_free(&text);
    }
}

/* jansson and this parser accept the same texts and read the same from them. */
static void jansson_agrees(void **state)
{
    static const char seed[] =
        "{\"a\":[1,-20,true,null,{\"b\":\"x\\n\\u00e9\\ud83d\\ude02\xc3\xa9\"}]"
        ",\"c\":{},\"d\":\"\\\\\",\"e\":[]}";
    static const char bytes[] = "{}[]:,\"\\ue0123456789-+.abtrfnl \n\xc3\xa9\xff";
    uint32_t accepted = 0;

    (void)state;
    random_begin("jansson");
    for (uint32_t round = 0; round < 20000; round++) {
        tally_json_document *document = NULL;
        size_t count = sizeof(seed) - 1;
        char text[sizeof(seed)];
        json_t *theirs;
        json_error_t error;

        memcpy(text, seed, sizeof(seed));
        for (uint64_t i = random_below(3); i > 0; i--)
            text[random_below(count)] = bytes[random_below(sizeof(bytes) - 1)];
        if (random_below(4) == 0)
            count = random_below(count);
        theirs = json_loadb(text, count, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        if (tally_json_parse(&document, tally_text_of(text, count), &any_number, NULL) ==
            TALLY_OK) {
            tally_buffer canonical;
            json_t *again;

            if (theirs == NULL)
                fail_msg("jansson refuses %.*s: %s", (int)count, text, error.text);
            tally_buffer_init(&canonical, 4096);
            assert_int_equal(tally_jcs_append(&canonical, tally_json_root(document), NULL),
                             TALLY_OK);
            again = json_loadb(canonical.bytes, canonical.count,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
            assert_non_null(again);
            /* Where a real became an integer both are numbers that compare unequal. */
            if (memchr(text, '.', count) == NULL && memchr(text, 'e', count) == NULL)
                assert_true(json_equal(theirs, again));
            json_decref(again);
            tally_buffer_free(&canonical);
            tally_json_document_free(document);
            accepted++;
        } else if (theirs != NULL) {
            fail_msg("jansson accepts %.*s", (int)count, text);
        }
        json_decref(theirs);
    }
    assert_true(accepted > 1000);
}

static void a_failed_allocation_is_reported(void **state)
{
    tally_json_document *document = NULL;

    (void)state;
    tally_alloc_fail_at(0);
    assert_int_equal(tally_json_parse(&document, TALLY_TEXT("[]"), NULL, NULL), TALLY_E_NOMEM);
    tally_alloc_fail_never();
    assert_null(document);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json_is_refused_at_its_place),
        cmocka_unit_test(numbers_are_integers_unless_said_otherwise),
        cmocka_unit_test(an_integer_is_one_by_value),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(bounds_are_the_callers),
        cmocka_unit_test(members_are_found_and_in_order),
        cmocka_unit_test(values_know_their_place),
        cmocka_unit_test(large_objects_are_sorted),
        cmocka_unit_test(jansson_agrees),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
