/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines as rows: values, names, CloudEvents, what is refused and where. */

#include "readers.h"

static const struct {
    const char *bytes, *rows;
} texts[] = {
    { "", "" },
    { "\n \r\n", "" },
    { "{}\n", "1:\n" },
    { "{\"a\":\"b\",\"c\":12}\n", "1:[a=b][c=12]\n" },
    { "{\"a\":1}\n{\"b\":2,\"a\":3}", "1:[a=1]\n2:[a=3][b=2]\n" },
    { " { \"a\" : -1.50e+3 , \"b\" : true } \r\n", "1:[a=-1.50e+3][b=true]\n" },
    { "{\"a\":null,\"b\":false}", "1:[b=false]\n" },
    { "{\"a\":\"\\u00e4\\n\\\"\\ud83d\\ude00\\/\"}", "1:[a=\xc3\xa4\n\"\xf0\x9f\x98\x80/]\n" },
    { "{\"\\u0061\":1}\n{\"a\":2}", "1:[a=1]\n2:[a=2]\n" },
    { "{\"o\":{\"x\":1,\"y\":{\"z\":[2,\"]\"]}}}", "1:[o.x=1][o.y={\"z\":[2,\"]\"]}]\n" },
    { "{\"o\":{}}", "1:\n" },
    { "\xef\xbb\xbf{\"a\":1}", "1:[a=1]\n" },
    /* CloudEvents, whatever the order of the attributes. */
    { "{\"type\":\"visit\",\"source\":\"/x\",\"id\":\"7\",\"data\":{\"posts\":3},"
      "\"time\":\"2026-01-02T03:04:05Z\",\"subject\":\"anna\",\"specversion\":\"1.0\"}",
      "1:[event=visit][id=7][posts=3][at=2026-01-02T03:04:05Z][subject=anna]\n" },
    { "{\"event\":\"visit\",\"type\":\"x\",\"data\":{\"posts\":3}}",
      "1:[event=visit][type=x][data.posts=3]\n" },
    /* Refused. */
    { "[1]\n{\"a\":1}", "!1:1 a line must hold one JSON object\n2:[a=1]\n" },
    { "{\"a\":1} x", "!1:9 something follows the object\n" },
    { "{\"a\":1,\"a\":2}", "!1:12 this name is given twice\n" },
    { "{\"o\":{\"a\":1},\"o.a\":2}", "!1:20 this name is given twice\n" },
    { "{\"a\" 1}", "!1:6 a colon is missing\n" },
    { "{a:1}", "!1:2 a member's name in quotes is missing\n" },
    { "{\"a\":1,}", "!1:8 a member's name in quotes is missing\n" },
    { "{\"a\":1", "!1:7 the line ends within the object\n" },
    { "{\"a\":01}", "!1:7 not a JSON number\n" },
    { "{\"a\":.5}", "!1:6 not a JSON value\n" },
    { "{\"a\":NaN}", "!1:6 not a JSON value\n" },
    { "{\"a\":\"b}", "!1:9 the string is not closed\n" },
    { "{\"a\":\"\t\"}", "!1:7 a control character in a string\n" },
    { "{\"a\":\"\\x\"}", "!1:8 no such escape\n" },
    { "{\"a\":\"\\ud800\"}", "!1:13 half of a surrogate pair\n" },
    { "{\"a\":[1,}", "!1:9 this bracket closes another kind\n" },
    { "{\"a\":[1", "!1:8 a bracket is not closed\n" },
    { "{\"a\":\"\xff\"}", "!1:1 the line is not UTF-8\n" },
    { "{\"\xc3\xa4\":x}", "!1:6 not a JSON value\n" },
};

static void each_line_is_a_row_or_a_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        assert_log(log_jsonl, texts[i].bytes, strlen(texts[i].bytes), texts[i].rows);
}

static void a_line_has_a_longest_length(void **state)
{
    static char text[3 * TALLY_ROW_BYTES_MAX + 10];

    (void)state;
    for (size_t chunk_bytes = 0; chunk_bytes < 200000; chunk_bytes += 70001) {
        tally_buffer log;

        memset(text, '[', sizeof(text));
        memcpy(text + sizeof(text) - 9, "\n{\"a\":1}\n", 9);
        log_memory(&log, log_jsonl, text, sizeof(text), chunk_bytes);
        assert_string_equal(tally_buffer_string(&log),
                            "!1:1 the line is longer than 1 MiB\n2:[a=1]\n");
        tally_buffer_free(&log);
    }
}

static void names_have_a_greatest_number(void **state)
{
    tally_buffer text, log;

    (void)state;
    tally_buffer_init(&text, (size_t)1 << 20);
    for (int i = 0; i <= 1024; i++)
        (void)tally_buffer_printf(&text, "{\"n%d\":1}\n", i);
    assert_int_equal(tally_buffer_failure(&text), TALLY_OK);
    log_memory(&log, log_jsonl, text.bytes, text.count, 0);
    assert_non_null(strstr(tally_buffer_string(&log), "\n1024:[n1023=1]\n!1025:10 the file has "
                                                      "more than 1,024 different names\n"));
    tally_buffer_free(&text);
    tally_buffer_free(&log);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_row_or_a_refusal),
        cmocka_unit_test(a_line_has_a_longest_length),
        cmocka_unit_test(names_have_a_greatest_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
