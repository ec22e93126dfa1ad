/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting files of events. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch/write.h"
#include "random.h"

#define CUTS_MAX 64u

typedef struct cuts {
    uint32_t count;
    char texts[CUTS_MAX][64];
    uint32_t lines[CUTS_MAX];
    char header_row[64];
    tally_rc rc;
    tally_err err;
} cuts;

/* Cut a text that comes in pieces of so many bytes at most; 0: whole. */
static void cut(cuts *out, tally_batch_form form, tally_text text, size_t piece_bytes)
{
    tally_batch_cutter cutter = { .form = form };
    size_t at = 0;
    size_t end = piece_bytes == 0 ? text.count : 0;

    memset(out, 0, sizeof(*out));
    for (;;) {
        tally_text window = tally_text_slice(text, at, end);
        tally_batch_cut cut;

        out->rc = tally_batch_cut_next(&cutter, window, end == text.count, &cut, &out->err);
        if (out->rc != TALLY_OK || cut.kind == TALLY_CUT_END)
            return;
        assert_true(cut.used <= window.count);
        assert_true(cut.bytes.count == 0 ||
                    (cut.bytes.bytes >= window.bytes &&
                     cut.bytes.bytes + cut.bytes.count <= window.bytes + cut.used));
        at += cut.used;
        if (cut.kind == TALLY_CUT_MORE) {
            assert_true(end < text.count);
            end = end + piece_bytes < text.count ? end + piece_bytes : text.count;
            continue;
        }
        assert_true(cut.bytes.count < 64 && out->count < CUTS_MAX);
        if (cut.kind == TALLY_CUT_HEADER_ROW) {
            assert_int_equal(out->header_row[0], '\0');
            memcpy(out->header_row, cut.bytes.bytes, cut.bytes.count);
            continue;
        }
        out->lines[out->count] = cut.line;
        memcpy(out->texts[out->count++], cut.bytes.bytes, cut.bytes.count);
    }
}

static const struct {
    tally_batch_form form;
    const char *text;
    uint32_t count;
    const char *first, *last;
    uint32_t last_line;
    const char *header_row;
} good[] = {
    { TALLY_BATCH_JSONL, "", 0, "", "", 0, "" },
    { TALLY_BATCH_JSONL, "\n \r\n\t\n", 0, "", "", 0, "" },
    { TALLY_BATCH_JSONL, "{1}\n\n{2}\r\n{3}", 3, "{1}", "{3}", 4, "" },
    { TALLY_BATCH_JSONL, "\xef\xbb\xbf{1}\n", 1, "{1}", "{1}", 1, "" },
    { TALLY_BATCH_CSV, "", 0, "", "", 0, "" },
    { TALLY_BATCH_CSV, "\xef\xbb\xbfid,at\r\n", 0, "", "", 0, "id,at" },
    { TALLY_BATCH_CSV, "id,at\n1,\"2, \"\"3\"\"\"\n\n4,5\r\n", 2, "1,\"2, \"\"3\"\"\"", "4,5", 4,
      "id,at" },
    { TALLY_BATCH_CLOUDEVENTS, "[]", 0, "", "", 0, "" },
    { TALLY_BATCH_CLOUDEVENTS, " [ {\"a\":{\"]}\\\"\":[{}]}}\n,\n{\n} ]\n", 2,
      "{\"a\":{\"]}\\\"\":[{}]}}", "{\n}", 3, "" },
};

static const struct {
    tally_batch_form form;
    const char *text, *message;
    uint32_t line;
} bad[] = {
    { TALLY_BATCH_CSV, "id\n1\n\"2\n3\"\n",
      "a quote is not closed on its line; values of events hold no line breaks", 3 },
    { TALLY_BATCH_CLOUDEVENTS, "", "the array does not end", 1 },
    { TALLY_BATCH_CLOUDEVENTS, "\n{}", "a CloudEvents batch is a JSON array", 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[1]", "an event is a JSON object", 1 },
    { TALLY_BATCH_CLOUDEVENTS, "[{}\n{}]", "a comma or the closing bracket is missing", 2 },
    { TALLY_BATCH_CLOUDEVENTS, "[{},]", "an event is a JSON object", 1 },
    { TALLY_BATCH_CLOUDEVENTS, "[{},\n\n", "the array does not end", 3 },
    { TALLY_BATCH_CLOUDEVENTS, "[{\"a\":1", "this event does not end", 1 },
    { TALLY_BATCH_CLOUDEVENTS, "[{}]\n{}", "something follows the array", 2 },
};

static void texts_are_cut_into_events(void **state)
{
    cuts out;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        for (size_t piece = 0; piece < 12; piece++) {
            cut(&out, good[i].form, tally_text_from(good[i].text), piece);
            if (out.rc != TALLY_OK)
                fail_msg("%s: %s", good[i].text, out.err.message);
            assert_int_equal(out.count, good[i].count);
            assert_string_equal(out.header_row, good[i].header_row);
            if (out.count == 0)
                continue;
            assert_string_equal(out.texts[0], good[i].first);
            assert_string_equal(out.texts[out.count - 1], good[i].last);
            assert_int_equal(out.lines[out.count - 1], good[i].last_line);
        }
    }
}

static void what_cannot_be_cut_is_refused(void **state)
{
    cuts out;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        for (size_t piece = 0; piece < 12; piece++) {
            cut(&out, bad[i].form, tally_text_from(bad[i].text), piece);
            if (out.rc != TALLY_E_INVALID || out.err.line != bad[i].line ||
                strcmp(out.err.message, bad[i].message) != 0)
                fail_msg("%s: %u: %s", bad[i].text, out.err.line, out.err.message);
        }
    }
}

static void an_event_that_is_too_long_is_refused(void **state)
{
    char *text = malloc(TALLY_BATCH_EVENT_BYTES_MAX + 100);

    (void)state;
    assert_non_null(text);
    for (int form = 0; form < 3; form++) {
        for (size_t over = 0; over < 2; over++) {
            size_t prefix = form == TALLY_BATCH_CSV ? 3 : form == TALLY_BATCH_CLOUDEVENTS ? 1 : 0;
            size_t count = TALLY_BATCH_EVENT_BYTES_MAX + over;

            memset(text, 'x', TALLY_BATCH_EVENT_BYTES_MAX + 100);
            memcpy(text, form == TALLY_BATCH_CSV ? "id\n" : "[{", prefix == 3 ? 3 : 2);
            text[prefix] = '{';
            text[prefix + count - 1] = '}';
            text[prefix + count] = form == TALLY_BATCH_CLOUDEVENTS ? ']' : '\n';
            /* At once, and when the end has not come yet. */
            for (int is_last = 0; is_last < 2; is_last++) {
                tally_batch_cutter cutter = { .form = (tally_batch_form)form };
                tally_text window = tally_text_of(text, prefix + count + (size_t)is_last);
                tally_batch_cut cut;
                tally_err err = TALLY_ERR_INIT;
                tally_rc rc;

                if (form == TALLY_BATCH_CSV) {
                    assert_int_equal(tally_batch_cut_next(&cutter, window, false, &cut, NULL),
                                     TALLY_OK);
                    window = tally_text_slice(window, cut.used, window.count);
                }
                rc = tally_batch_cut_next(&cutter, window, is_last != 0, &cut, &err);
                assert_int_equal(rc, over == 1 ? TALLY_E_LIMIT : TALLY_OK);
                assert_true(over == 0 || err.line == (form == TALLY_BATCH_CSV ? 2u : 1u));
            }
        }
    }
    free(text);
}

/* Any text, cut at once and in pieces, gives the same. */
static void pieces_make_no_difference(void **state)
{
    static const char alphabet[] = "[]{}\",:\\\n\r a1";
    static cuts whole, pieces;

    (void)state;
    random_begin("pieces_make_no_difference");
    for (uint32_t round = 0; round < 30000; round++) {
        char text[60];
        size_t count = random_below(sizeof(text));
        tally_batch_form form = (tally_batch_form)(round % 3);

        for (size_t i = 0; i < count; i++)
            text[i] = alphabet[random_below(sizeof(alphabet) - 1)];
        if (count > 1 && form == TALLY_BATCH_CLOUDEVENTS) {
            text[0] = '[';
            text[1] = '{';
        }
        cut(&whole, form, tally_text_of(text, count), 0);
        cut(&pieces, form, tally_text_of(text, count), random_below(8) + 1);
        assert_int_equal(whole.rc, pieces.rc);
        assert_string_equal(whole.err.message, pieces.err.message);
        assert_int_equal(whole.err.line, pieces.err.line);
        assert_int_equal(whole.count, pieces.count);
        for (uint32_t i = 0; i < whole.count; i++) {
            assert_string_equal(whole.texts[i], pieces.texts[i]);
            assert_int_equal(whole.lines[i], pieces.lines[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_into_events),
        cmocka_unit_test(what_cannot_be_cut_is_refused),
        cmocka_unit_test(an_event_that_is_too_long_is_refused),
        cmocka_unit_test(pieces_make_no_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
