/* SPDX-License-Identifier: Apache-2.0 */
/* The list of diagnostics and how it is shown. */

#include "unit.h"

#include <jansson.h>
#include <stdio.h>

#include "policy/compiler.h"
#include "util/alloc.h"

static void add(tally_diagnostics *list, tally_severity severity, const char *right, uint32_t line,
                uint32_t column, uint32_t length, const char *message, const char *hint)
{
    assert_true(tally_diagnostics_add(list, severity, "code", right, line, column, length,
                                      tally_text_from(message), tally_text_from(hint)));
}

static void the_list_is_sorted_by_place_and_stable(void **state)
{
    static const char *const order[] = { "a", "b", "c", "d", "e" };
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    add(list, TALLY_SEVERITY_ERROR, "", 3, 1, 1, "d", "");
    add(list, TALLY_SEVERITY_WARNING, "", 3, 1, 1, "e", "");
    add(list, TALLY_SEVERITY_ERROR, "", 2, 9, 1, "c", "");
    add(list, TALLY_SEVERITY_ERROR, "", 2, 3, 1, "b", "");
    add(list, TALLY_SEVERITY_REFUSAL, "R9", 0, 0, 1, "a", "");
    add(list, TALLY_SEVERITY_ERROR, "", 2, 3, 1, "b", ""); /* the same again: once is enough */
    tally_diagnostics_sort(list);
    assert_int_equal(tally_diagnostics_count(list), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(tally_diagnostics_get(list, i)->message, order[i]);
    assert_int_equal(tally_diagnostics_count_of(list, TALLY_SEVERITY_ERROR), 3);
    assert_int_equal(tally_diagnostics_count_of(list, TALLY_SEVERITY_WARNING), 1);
    tally_diagnostics_free(list);
    tally_diagnostics_free(NULL);
}

/* An error behind a thousand warnings is still an error. */
static void the_last_entry_counts_the_rest(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();
    const tally_diagnostic *last;

    (void)state;
    for (uint32_t i = 1; i <= 1000; i++)
        add(list, i == 900 ? TALLY_SEVERITY_ERROR : TALLY_SEVERITY_WARNING, "", 2000 - i, 1, 1,
            "x", "");
    tally_diagnostics_sort(list);
    assert_int_equal(tally_diagnostics_count(list), TALLY_DIAGNOSTICS_MAX);
    last = tally_diagnostics_get(list, TALLY_DIAGNOSTICS_MAX - 1);
    assert_string_equal(last->message, "and 501 more");
    assert_int_equal(tally_diagnostics_count_of(list, TALLY_SEVERITY_ERROR), 1);
    tally_diagnostics_free(list);
}

static void a_failed_allocation_is_told(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    tally_alloc_fail_at(0);
    assert_false(tally_diagnostics_add(list, TALLY_SEVERITY_ERROR, "x", "", 1, 1, 1,
                                       TALLY_TEXT("m"), TALLY_TEXT("h")));
    tally_alloc_fail_at(0);
    assert_null(tally_diagnostics_new());
    tally_alloc_fail_never();
    assert_int_equal(tally_diagnostics_count(list), 0);
    tally_diagnostics_free(list);
}

static void assert_shown(const tally_diagnostics *list, const char *text, bool with_colour,
                         const char *shown)
{
    tally_buffer out;

    tally_buffer_init(&out, 1 << 16);
    tally_diagnostics_render_text(list, TALLY_TEXT("p.yaml"), tally_text_from(text), with_colour,
                                  &out);
    assert_string_equal(tally_buffer_string(&out), shown);
    tally_buffer_free(&out);
}

static void the_line_stands_with_a_caret(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    add(list, TALLY_SEVERITY_ERROR, "", 2, 11, 6, "`publik` is not a field of month-travelled",
        "did you mean `public`?");
    assert_shown(list, "a: 1\n    when: publik / journeys >= 30 %\n", false,
                 "p.yaml:2:11: `publik` is not a field of month-travelled\n"
                 "    2 |     when: publik / journeys >= 30 %\n"
                 "      |           ^^^^^^  did you mean `public`?\n");
    tally_diagnostics_free(list);
}

static void severities_show(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    add(list, TALLY_SEVERITY_WARNING, "", 1, 1, 1, "w", "");
    add(list, TALLY_SEVERITY_REFUSAL, "R9", 1, 3, 9, "r", "");
    add(list, TALLY_SEVERITY_ERROR, "", 0, 0, 1, "whole", "hint");
    add(list, TALLY_SEVERITY_ERROR, "", 9, 4, 2, "beyond", "");
    assert_shown(list, "abc", false,
                 "p.yaml:1:1: warning: w\n    1 | abc\n      | ^\n"
                 "p.yaml:1:3: refused under R9: r\n    1 | abc\n      |   ^\n"
                 "p.yaml: whole\n      = hint\n"
                 "p.yaml:9:4: beyond\n    9 | \n      | ^\n");
    tally_diagnostics_free(list);
}

static void colours_are_there_only_if_asked(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    add(list, TALLY_SEVERITY_ERROR, "", 1, 1, 3, "m", "");
    assert_shown(list, "abc", true,
                 "\033[1mp.yaml:1:1:\033[0m m\n    1 | abc\n      | \033[31m^^^\033[0m\n");
    tally_diagnostics_free(list);
}

/* A file cannot make the terminal do anything, and tabs keep the caret in place. */
static void control_characters_never_reach_the_terminal(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();

    (void)state;
    add(list, TALLY_SEVERITY_ERROR, "", 1, 4, 1, "m\033[2J", "\x9b");
    assert_shown(list, "\t\xc3\xa9\033x\r\n", false,
                 "p.yaml:1:4: m\xef\xbf\xbd[2J\n    1 |  \xc3\xa9\xef\xbf\xbdx\n"
                 "      |    ^  \xef\xbf\xbd\n");
    tally_diagnostics_free(list);
}

static void a_long_line_is_cut_around_the_place(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();
    char text[401];
    tally_buffer out;
    tally_text shown;

    (void)state;
    memset(text, 'a', 400);
    text[400] = '\0';
    text[299] = 'X';
    add(list, TALLY_SEVERITY_ERROR, "", 1, 300, 1, "m", "");
    tally_buffer_init(&out, 1 << 16);
    tally_diagnostics_render_text(list, TALLY_TEXT("p"), tally_text_from(text), false, &out);
    shown = tally_buffer_text(&out);
    assert_true(shown.count < 300);
    /* The caret stands under the X: both as far from the start of their lines. */
    {
        const char *line = strchr(shown.bytes, '\n') + 1;
        const char *caret_line = strchr(line, '\n') + 1;
        ptrdiff_t x = strchr(line, 'X') - line, caret = strchr(caret_line, '^') - caret_line;

        assert_int_equal(x - 2, caret); /* the ellipsis has three bytes and one column */
    }
    tally_buffer_free(&out);
    tally_diagnostics_free(list);
}

static void json_is_json(void **state)
{
    tally_diagnostics *list = tally_diagnostics_new();
    json_t *array, *entry;
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, 1 << 16);
    tally_diagnostics_render_json(list, TALLY_TEXT("p"), &out);
    assert_string_equal(tally_buffer_string(&out), "[]\n");
    tally_buffer_reset(&out);
    add(list, TALLY_SEVERITY_REFUSAL, "R13", 4, 5, 6, "say \"no\"\\\n\x01", "\xff\xc3\xa9");
    add(list, TALLY_SEVERITY_ERROR, "", 7, 8, 9, "m", "");
    tally_diagnostics_render_json(list, TALLY_TEXT("a\"b.yaml"), &out);
    array = json_loads(tally_buffer_string(&out), 0, NULL);
    assert_non_null(array);
    assert_int_equal(json_array_size(array), 2);
    entry = json_array_get(array, 0);
    assert_string_equal(json_string_value(json_object_get(entry, "file")), "a\"b.yaml");
    assert_string_equal(json_string_value(json_object_get(entry, "severity")), "refusal");
    assert_string_equal(json_string_value(json_object_get(entry, "code")), "code");
    assert_string_equal(json_string_value(json_object_get(entry, "right")), "R13");
    assert_string_equal(json_string_value(json_object_get(entry, "message")),
                        "say \"no\"\\\n\x01");
    assert_string_equal(json_string_value(json_object_get(entry, "hint")),
                        "\xef\xbf\xbd\xc3\xa9");
    assert_int_equal(json_integer_value(json_object_get(entry, "line")), 4);
    assert_int_equal(json_integer_value(json_object_get(entry, "column")), 5);
    assert_int_equal(json_integer_value(json_object_get(entry, "length")), 6);
    json_decref(array);
    tally_buffer_free(&out);
    tally_diagnostics_free(list);
}

static void the_nearest_name_is_found(void **state)
{
    static const tally_text names[] = { { "public", 6 }, { "journeys", 8 }, { "id", 2 } };

    (void)state;
    assert_true(tally_text_is(tally_nearest(TALLY_TEXT("publik"), names, 3), "public"));
    assert_true(tally_text_is(tally_nearest(TALLY_TEXT("jorneys"), names, 3), "journeys"));
    assert_int_equal(tally_nearest(TALLY_TEXT("stars"), names, 3).count, 0);
    assert_int_equal(tally_nearest(TALLY_TEXT("x"), names, 0).count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_sorted_by_place_and_stable),
        cmocka_unit_test(the_last_entry_counts_the_rest),
        cmocka_unit_test(a_failed_allocation_is_told),
        cmocka_unit_test(the_line_stands_with_a_caret),
        cmocka_unit_test(severities_show),
        cmocka_unit_test(colours_are_there_only_if_asked),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(a_long_line_is_cut_around_the_place),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(the_nearest_name_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
