/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON: the companion data of RFC 8785, its numbers, and the writer. */

#include "unit.h"

#include "files.h"
#include "json/jcs.h"
#include "util/alloc.h"

static const tally_json_options any_number = { .takes_any_number = true };

/* tests/vectors/rfc8785-jcs: input and output of github.com/cyberphone/
 * json-canonicalization. */
static void the_official_data_is_met(void **state)
{
    static const char *const names[] = { "arrays",  "french", "structures",
                                         "unicode", "values", "weird" };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        tally_json_document *document = NULL;
        tally_buffer input, wanted, written;
        char path[100];

        (void)snprintf(path, sizeof(path), "tests/vectors/rfc8785-jcs/input/%s.json", names[i]);
        file_read(&input, path);
        (void)snprintf(path, sizeof(path), "tests/vectors/rfc8785-jcs/output/%s.json", names[i]);
        file_read(&wanted, path);
        tally_buffer_init(&written, 1 << 16);
        assert_int_equal(tally_json_parse(&document, tally_buffer_text(&input), &any_number, NULL),
                         TALLY_OK);
        assert_int_equal(tally_jcs_append(&written, tally_json_root(document), NULL), TALLY_OK);
        assert_true(tally_text_is_equal(tally_buffer_text(&written), tally_buffer_text(&wanted)));
        assert_int_equal(
            tally_jcs_check(tally_json_root(document), tally_buffer_text(&wanted), NULL), TALLY_OK);
        assert_int_equal(
            tally_jcs_check(tally_json_root(document), tally_buffer_text(&input), NULL),
            tally_text_is_equal(tally_buffer_text(&input), tally_buffer_text(&wanted))
                ? TALLY_OK
                : TALLY_E_INVALID);
        tally_json_document_free(document);
        tally_buffer_free(&input);
        tally_buffer_free(&wanted);
        tally_buffer_free(&written);
    }
}

/* The bits of doubles and their text: RFC 8785, appendix B; then powers of two and
 * others as node 20 prints them. */
static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    { UINT64_C(0x0000000000000000), "0" },
    { UINT64_C(0x8000000000000000), "0" },
    { UINT64_C(0x0000000000000001), "5e-324" },
    { UINT64_C(0x8000000000000001), "-5e-324" },
    { UINT64_C(0x7fefffffffffffff), "1.7976931348623157e+308" },
    { UINT64_C(0xffefffffffffffff), "-1.7976931348623157e+308" },
    { UINT64_C(0x4340000000000000), "9007199254740992" },
    { UINT64_C(0xc340000000000000), "-9007199254740992" },
    { UINT64_C(0x4430000000000000), "295147905179352830000" },
    { UINT64_C(0x44b52d02c7e14af5), "9.999999999999997e+22" },
    { UINT64_C(0x44b52d02c7e14af6), "1e+23" },
    { UINT64_C(0x44b52d02c7e14af7), "1.0000000000000001e+23" },
    { UINT64_C(0x444b1ae4d6e2ef4e), "999999999999999700000" },
    { UINT64_C(0x444b1ae4d6e2ef4f), "999999999999999900000" },
    { UINT64_C(0x444b1ae4d6e2ef50), "1e+21" },
    { UINT64_C(0x3eb0c6f7a0b5ed8c), "9.999999999999997e-7" },
    { UINT64_C(0x3eb0c6f7a0b5ed8d), "0.000001" },
    { UINT64_C(0x41b3de4355555553), "333333333.3333332" },
    { UINT64_C(0x41b3de4355555554), "333333333.33333325" },
    { UINT64_C(0x41b3de4355555555), "333333333.3333333" },
    { UINT64_C(0x41b3de4355555556), "333333333.3333334" },
    { UINT64_C(0x41b3de4355555557), "333333333.33333343" },
    { UINT64_C(0xbecbf647612f3696), "-0.0000033333333333333333" },
    { UINT64_C(0x43143ff3c1cb0959), "1424953923781206.2" },
    { UINT64_C(0x0060000000000000), "7.120236347223045e-307" },
    { UINT64_C(0x0100000000000000), "7.291122019556398e-304" },
    { UINT64_C(0x0420000000000000), "8.209073602596753e-289" },
    { UINT64_C(0x0660000000000000), "5.641232424577593e-278" },
    { UINT64_C(0x0d70000000000000), "5.858190679279809e-244" },
    { UINT64_C(0x0e80000000000000), "7.678447687145631e-239" },
    { UINT64_C(0x0eb0000000000000), "6.142758149716505e-238" },
    { UINT64_C(0x0f50000000000000), "6.290184345309701e-235" },
    { UINT64_C(0x13e0000000000000), "5.940911144672375e-213" },
    { UINT64_C(0x1480000000000000), "6.083493012144512e-210" },
    { UINT64_C(0x1690000000000000), "5.225680706521042e-200" },
    { UINT64_C(0x1730000000000000), "5.351097043477547e-197" },
    { UINT64_C(0x1f30000000000000), "1.8208839675781755e-158" },
    { UINT64_C(0x0cf0000000000000), "2.2883557340936752e-246" },
    { UINT64_C(0x3e10000000000000), "9.313225746154785e-10" },
    { UINT64_C(0x1af0000000000000), "6.169394854663383e-179" },
    { UINT64_C(0x7ba0000000000000), "3.0454106285625e+287" },
    { UINT64_C(0x6fe0000000000000), "7.762590461503545e+230" },
    { UINT64_C(0x75b0000000000000), "7.687697232696013e+258" },
    { UINT64_C(0x5df0000000000000), "3.1217485503159922e+144" },
    { UINT64_C(0x3280000000000000), "1.8991135491519597e-65" },
    { UINT64_C(0x14d0000000000000), "1.9467177638862437e-208" },
    { UINT64_C(0x40e57debae147ae1), "44015.365" },
    { UINT64_C(0x40503b47e06961c3), "64.926262" },
    { UINT64_C(0x4149a8bd9999999a), "3363195.2" },
    { UINT64_C(0x41573b5ca0000000), "6090098.5" },
    { UINT64_C(0x408ccedd2f1a9fbe), "921.858" },
    { UINT64_C(0xc1ffc8be2cff9399), "-8531993295.973535" },
    { UINT64_C(0x87f18bf36f2bb876), "-2.0758641993129112e-270" },
    { UINT64_C(0xde8c0ce3321dbb4d), "-2.802115636434812e+147" },
    { UINT64_C(0xfcb5d4cfe2c4a00c), "-5.446472841649961e+292" },
    { UINT64_C(0x4092259288ce703b), "1161.3931" },
    { UINT64_C(0x4157269a20000000), "6068840.5" },
    { UINT64_C(0x40bd316fd21ff2e5), "7473.4368" },
    { UINT64_C(0x8e73e6c99ed3f72e), "-4.775397938037691e-239" },
    { UINT64_C(0x4042419567dbb16c), "36.512372" },
};

static void numbers_are_printed_as_ecmascript_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++) {
        char text[TALLY_JCS_NUMBER_BYTES];
        double value;

        memcpy(&value, &numbers[i].bits, sizeof(value));
        assert_int_equal(tally_jcs_write_double(text, value), strlen(numbers[i].text));
        assert_string_equal(text, numbers[i].text);
    }
}

static void the_writer_writes_the_canonical_form(void **state)
{
    static const char wanted[] =
        "{\"a\":[1,\"\\\"\\\\\\b\\t\\n\\f\\r\\u001f\x7f/\xc3\xa9\",true,null,{}],\"b\":{\"x\":-5,"
        "\"y\":false},\"z\":[]}";
    tally_json_document *document = NULL;
    tally_buffer out;
    tally_jcs jcs;

    (void)state;
    tally_buffer_init(&out, 1000);
    tally_jcs_init(&jcs, &out);
    tally_jcs_object(&jcs);
    tally_jcs_name(&jcs, "a");
    tally_jcs_array(&jcs);
    tally_jcs_integer(&jcs, 1);
    tally_jcs_string(&jcs, "\"\\\b\t\n\f\r\x1f\x7f/\xc3\xa9");
    tally_jcs_bool(&jcs, true);
    tally_jcs_null(&jcs);
    tally_jcs_object(&jcs);
    tally_jcs_object_end(&jcs);
    tally_jcs_array_end(&jcs);
    tally_jcs_name(&jcs, "b");
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "x", -5);
    tally_jcs_member_bool(&jcs, "y", false);
    tally_jcs_object_end(&jcs);
    tally_jcs_name(&jcs, "z");
    tally_jcs_array(&jcs);
    tally_jcs_array_end(&jcs);
    tally_jcs_object_end(&jcs);
    assert_int_equal(tally_jcs_finish(&jcs, NULL), TALLY_OK);
    assert_string_equal(tally_buffer_string(&out), wanted);
    assert_int_equal(tally_json_parse(&document, tally_buffer_text(&out), NULL, NULL), TALLY_OK);
    assert_int_equal(tally_jcs_check(tally_json_root(document), tally_buffer_text(&out), NULL),
                     TALLY_OK);
    tally_buffer_reset(&out);
    assert_int_equal(
        tally_jcs_append_without(&out, tally_json_root(document), TALLY_TEXT("a"), NULL), TALLY_OK);
    assert_string_equal(tally_buffer_string(&out), "{\"b\":{\"x\":-5,\"y\":false},\"z\":[]}");
    tally_json_document_free(document);
    tally_buffer_free(&out);
}

static void what_is_no_json_is_not_written(void **state)
{
    tally_buffer out;
    tally_jcs jcs;

    (void)state;
    tally_buffer_init(&out, 1000);
    tally_jcs_init(&jcs, &out);
    tally_jcs_string(&jcs, "\xff");
    assert_int_equal(tally_jcs_finish(&jcs, NULL), TALLY_E_INVALID);
    tally_jcs_init(&jcs, &out);
    tally_jcs_text(&jcs, tally_text_of("a\0b", 3));
    assert_int_equal(tally_jcs_finish(&jcs, NULL), TALLY_E_INVALID);
    tally_jcs_init(&jcs, &out);
    tally_jcs_integer(&jcs, TALLY_JSON_INTEGER_MAX + 1);
    assert_int_equal(tally_jcs_finish(&jcs, NULL), TALLY_E_INVALID);
    tally_buffer_free(&out);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_json_document *document = NULL;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    assert_int_equal(tally_json_parse(&document,
                                      TALLY_TEXT("{\"a\":\"0123456789012345678901234567890123456789"
                                                 "012345678901234567890123456789\"}"),
                                      NULL, NULL),
                     TALLY_OK);
    for (; rc != TALLY_OK; nth++) {
        tally_buffer out;

        tally_buffer_init(&out, 1000);
        tally_alloc_fail_at(nth);
        rc = tally_jcs_append(&out, tally_json_root(document), NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_buffer_free(&out);
    }
    assert_true(nth > 2);
    tally_json_document_free(document);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_data_is_met),
        cmocka_unit_test(numbers_are_printed_as_ecmascript_does),
        cmocka_unit_test(the_writer_writes_the_canonical_form),
        cmocka_unit_test(what_is_no_json_is_not_written),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
