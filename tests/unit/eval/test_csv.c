/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as RFC 4180 has it, in pieces of every size; what is refused, and where
 * reading goes on; the bounds. */

#include "readers.h"

#include "util/alloc.h"

/* Each row names the rule of RFC 4180, section 2, that it tries. */
static const struct {
    const char *name, *bytes, *rows;
} texts[] = {
    { "nothing", "", "" },
    { "1: a line", "a,b\n", "1:[a][b]\n" },
    { "2: the last line end may be missing", "a,b\nc,d", "1:[a][b]\n2:[c][d]\n" },
    { "1: CRLF", "a,b\r\nc,d\r\n", "1:[a][b]\n2:[c][d]\n" },
    { "CR at the end of the file", "a,b\r", "1:[a][b]\n" },
    { "a CR elsewhere is data", "a\rb,c\n", "1:[a\rb][c]\n" },
    { "4: empty fields", ",\n,,\na,\n,b\n", "1:[][]\n2:[][][]\n3:[a][]\n4:[][b]\n" },
    { "4: spaces are part of a field", " a , b \n", "1:[ a ][ b ]\n" },
    { "empty lines are passed over and counted", "\n\na\n\r\nb\n", "3:[a]\n5:[b]\n" },
    { "a quoted empty line is a row", "\"\"\n", "1:[]\n" },
    { "5: quotes", "\"a\",\"b\"\n", "1:[a][b]\n" },
    { "5: quotes beside none", "a,\"b\",c\n\"d\",e\n", "1:[a][b][c]\n2:[d][e]\n" },
    { "6: a comma in quotes", "\"a,b\",c\n", "1:[a,b][c]\n" },
    { "6: a line end in quotes", "\"a\nb\",c\nd,e\n", "1:[a\nb][c]\n3:[d][e]\n" },
    { "6: CRLF in quotes stays", "\"a\r\nb\"\r\nc\r\n", "1:[a\r\nb]\n3:[c]\n" },
    { "7: a doubled quote", "\"a\"\"b\",\"\"\"\"\n\"\"\"\"\"\"", "1:[a\"b][\"]\n2:[\"\"]\n" },
    { "quotes at the end of the file", "a,\"b\"", "1:[a][b]\n" },
    { "quotes, CR and the end of the file", "a,\"b\"\r", "1:[a][b]\n" },
    { "a byte order mark",
      "\xef\xbb\xbf"
      "a,b\n",
      "1:[a][b]\n" },
    { "a quoted field after a byte order mark", "\xef\xbb\xbf\"a\",b\n", "1:[a][b]\n" },
    { "half a byte order mark is data", "\xef\xbb", "1:[\xef\xbb]\n" },
    { "fields around the eight bytes of a step", "1234567,12345678,123456789,\n1234567\n",
      "1:[1234567][12345678][123456789][]\n2:[1234567]\n" },
    { "bytes that differ from a comma by one bit", "-,\xac,\x0c,l\n", "1:[-][\xac][\x0c][l]\n" },
    { "a quote inside a field", "a,b\"c\nd\n",
      "!1:4 a quote inside a field that does not begin with one\n2:[d]\n" },
    { "a column counts characters", "\xc3\xa4,b\"c\nd\n",
      "!1:4 a quote inside a field that does not begin with one\n2:[d]\n" },
    { "text after a closing quote", "\"a\"b,c\nd\n",
      "!1:4 only a comma or a line end may follow a closing quote\n2:[d]\n" },
    { "a CR after a closing quote", "\"a\"\rb\nd\n",
      "!1:4 only a comma or a line end may follow a closing quote\n2:[d]\n" },
    { "an open quote costs its own line only", "a,\"b\nc,d\ne\n",
      "!1:3 this quote is never closed\n2:[c][d]\n3:[e]\n" },
    { "an open quote in the last line", "a\nb,\"", "1:[a]\n!2:3 this quote is never closed\n" },
    { "an open quote after closed ones", "\"x\ny\",\"z\nw\n",
      "!2:4 this quote is never closed\n!2:2 a quote inside a field that does not begin with "
      "one\n3:[w]\n" },
};

static void rows_are_cut_as_the_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        assert_log(log_csv, texts[i].bytes, strlen(texts[i].bytes), texts[i].rows);
}

static void places_are_those_of_the_file(void **state)
{
    static const char text[] = "\xc3\xa4,\"x\"\"\ny\",z,\"w\"\n1,22,\xe2\x82\xac,4\n";
    static const tally_row_place expected[] = { { 1, 1 }, { 1, 3 }, { 2, 4 }, { 2, 6 },
                                                { 3, 1 }, { 3, 3 }, { 3, 6 }, { 3, 8 } };
    tally_input *input = NULL;
    tally_csv *csv = NULL;
    tally_row row;

    (void)state;
    assert_int_equal(tally_input_open_memory(&input, text, strlen(text), 0, NULL), TALLY_OK);
    assert_int_equal(tally_csv_new(&csv, input, NULL), TALLY_OK);
    for (uint32_t i = 0; i < 8; i++) {
        tally_row_place place;

        if (i % 4 == 0)
            assert_int_equal(tally_csv_next(csv, &row, NULL), TALLY_OK);
        place = tally_row_field_place(&row, i % 4);
        assert_int_equal(place.line, expected[i].line);
        assert_int_equal(place.column, expected[i].column);
    }
    tally_csv_free(csv);
    tally_input_close(input);
}

/* head, then `count` times `byte`, then tail. */
static char *make_text(const char *head, char byte, size_t count, const char *tail)
{
    size_t head_bytes = strlen(head);
    char *text = tally_alloc(head_bytes + count + strlen(tail) + 1);

    assert_non_null(text);
    memcpy(text, head, head_bytes);
    memset(text + head_bytes, byte, count);
    memcpy(text + head_bytes + count, tail, strlen(tail) + 1);
    return text;
}

static void assert_made(char *text, size_t chunk_bytes, const char *expected)
{
    tally_buffer log;

    log_memory(&log, log_csv, text, strlen(text), chunk_bytes);
    if (tally_buffer_text(&log).count > 200)
        tally_buffer_truncate(&log, 200);
    assert_string_equal(tally_buffer_string(&log), expected);
    tally_buffer_free(&log);
    tally_release(text);
}

static void a_row_has_a_longest_length(void **state)
{
    static const size_t chunks[] = { 0, 100000, 65536 };
    char *longest;
    tally_buffer log;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(chunks); i++) {
        assert_made(make_text("a\n", 'x', TALLY_ROW_BYTES_MAX + 1, "\nb\n"), chunks[i],
                    "1:[a]\n!2:1 the row is longer than 1 MiB\n3:[b]\n");
        assert_made(make_text("a\n", 'x', 5 * TALLY_ROW_BYTES_MAX, "\nb\n"), chunks[i],
                    "1:[a]\n!2:1 the row is longer than 1 MiB\n3:[b]\n");
        assert_made(make_text("a\n\"", 'x', 2 * TALLY_ROW_BYTES_MAX, "\nb\n"), chunks[i],
                    "1:[a]\n!2:1 this quote is never closed\n3:[b]\n");
        assert_made(make_text("", 'x', 3 * TALLY_ROW_BYTES_MAX, ""), chunks[i],
                    "!1:1 the row is longer than 1 MiB\n");
    }
    longest = make_text("", 'x', TALLY_ROW_BYTES_MAX, "\n");
    log_memory(&log, log_csv, longest, strlen(longest), 0);
    assert_int_equal(tally_buffer_text(&log).count, TALLY_ROW_BYTES_MAX + 5);
    tally_buffer_free(&log);
    tally_release(longest);
}

static void a_row_has_a_greatest_number_of_fields(void **state)
{
    (void)state;
    assert_made(make_text("a\n", ',', TALLY_ROW_FIELDS_MAX, "\nb\n"), 0,
                "1:[a]\n!2:1 the row has more than 1,024 fields\n3:[b]\n");
    assert_made(make_text("a\n\"\"", ',', TALLY_ROW_FIELDS_MAX, "\nb\n"), 0,
                "1:[a]\n!2:1026 the row has more than 1,024 fields\n3:[b]\n");
    for (int has_quote = 0; has_quote < 2; has_quote++) {
        char *widest = make_text(has_quote ? "\"\"" : "", ',', TALLY_ROW_FIELDS_MAX - 1, "\n");
        tally_buffer log;

        log_memory(&log, log_csv, widest, strlen(widest), 0);
        assert_int_equal(tally_buffer_text(&log).count, 2 * TALLY_ROW_FIELDS_MAX + 3);
        tally_buffer_free(&log);
        tally_release(widest);
    }
}

/* Rows read in odd pieces equal rows read at once, over texts made of the bytes
 * that matter. */
static void pieces_never_change_a_random_text(void **state)
{
    static const char alphabet[] = "a,,\"\"\n\r";
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char text[48];
        tally_buffer whole;

        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[i] = alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
        }
        log_memory(&whole, log_csv, text, sizeof(text), 0);
        for (size_t chunk_bytes = 1; chunk_bytes < 20; chunk_bytes += 6) {
            tally_buffer pieces;

            log_memory(&pieces, log_csv, text, sizeof(text), chunk_bytes);
            if (strcmp(tally_buffer_string(&whole), tally_buffer_string(&pieces)) != 0)
                fail_msg("round %d: %.*s", round, (int)sizeof(text), text);
            tally_buffer_free(&pieces);
        }
        tally_buffer_free(&whole);
    }
}

static void reading_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_input *input = NULL;
        tally_csv *csv = NULL;
        tally_row row = { .is_end = false };

        tally_alloc_fail_at(nth);
        rc = tally_input_open_memory(&input, "a,b\n", 4, 1, NULL);
        if (rc == TALLY_OK)
            rc = tally_csv_new(&csv, input, NULL);
        while (rc == TALLY_OK && !row.is_end)
            rc = tally_csv_next(csv, &row, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_csv_free(csv);
        tally_input_close(input);
    }
    assert_true(nth > 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_cut_as_the_rfc_says),
        cmocka_unit_test(places_are_those_of_the_file),
        cmocka_unit_test(a_row_has_a_longest_length),
        cmocka_unit_test(a_row_has_a_greatest_number_of_fields),
        cmocka_unit_test(pieces_never_change_a_random_text),
        cmocka_unit_test(reading_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
