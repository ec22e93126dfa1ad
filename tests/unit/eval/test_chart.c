/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions: counts never get lost, bars are round, and the order of the
 * scores does not matter. */

#include "unit.h"

#include <stdio.h>

#include "eval/chart.h"
#include "util/decimal.h"

static tally_scores scores, other;

static tally_chart chart_of(const tally_scores *from)
{
    tally_chart chart;

    assert_int_equal(tally_scores_chart(from, &chart, "score", "members", NULL), TALLY_OK);
    return chart;
}

static uint64_t sum_of(const tally_chart *chart)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < chart->bar_count; i++)
        sum += chart->bars[i].count;
    return sum;
}

static void one_score_is_one_bar(void **state)
{
    tally_chart chart;

    (void)state;
    tally_scores_start(&scores, 0);
    tally_scores_add(&scores, -7);
    chart = chart_of(&scores);
    assert_int_equal(chart.bar_count, 1);
    assert_string_equal(chart.bars[0].label, "-7");
    assert_string_equal(chart.bars[0].edge, "-7");
    assert_string_equal(chart.end_edge, "-6");
    assert_int_equal(chart.bars[0].count, 1);
    assert_string_equal(chart.summary, "lowest -7, highest -7, mean -7, sum -7");
    tally_chart_free(&chart);
}

static void bars_begin_at_multiples_of_a_round_width(void **state)
{
    tally_chart chart;

    (void)state;
    tally_scores_start(&scores, 0);
    for (int64_t score = -3; score <= 96; score++)
        tally_scores_add(&scores, score);
    chart = chart_of(&scores);
    assert_int_equal(chart.bar_count, 11);
    assert_string_equal(chart.bars[0].label, "-10 to -1");
    assert_int_equal(chart.bars[0].count, 3);
    assert_string_equal(chart.bars[1].label, "0\u20139");
    assert_int_equal(chart.bars[10].count, 7);
    assert_string_equal(chart.end_edge, "100");
    tally_chart_free(&chart);
}

static void decimals_are_written_as_such(void **state)
{
    tally_chart chart;

    (void)state;
    tally_scores_start(&scores, 1);
    tally_scores_add(&scores, 5);
    tally_scores_add(&scores, 1005);
    chart = chart_of(&scores);
    assert_string_equal(chart.bars[0].label, "0\u20139.9");
    assert_string_equal(chart.bars[10].label, "100\u2013109.9");
    assert_string_equal(chart.summary, "lowest 0.5, highest 100.5, mean 50.5, sum 101");
    tally_chart_free(&chart);
}

/* The mean of a tie between two tenths is the one away from 0. */
static void the_mean_is_rounded_to_a_tenth(void **state)
{
    static const struct {
        int64_t scores[4];
        const char *mean;
    } rows[] = {
        { { 1, 1, 1, 2 }, ", mean 1.3," },
        { { -1, -1, -1, -2 }, ", mean -1.3," },
        { { 0, 0, 0, 0 }, ", mean 0," },
        { { 3, 3, 3, 0 }, ", mean 2.3," },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_chart chart;

        tally_scores_start(&scores, 0);
        for (size_t k = 0; k < 4; k++)
            tally_scores_add(&scores, rows[i].scores[k]);
        chart = chart_of(&scores);
        assert_non_null(strstr(chart.summary, rows[i].mean));
        tally_chart_free(&chart);
    }
}

/* Ranges beyond the bins make them wider; what comes out is the same forwards
 * and backwards, and every score is in a bar. */
static void wide_ranges_lose_nothing(void **state)
{
    static const int64_t spans[] = { 10,           16383,     16384,
                                     1000000,      INT32_MAX, INT64_C(1) << 52,
                                     INT64_MAX / 3 };

    (void)state;
    for (size_t s = 0; s < UNIT_COUNT(spans); s++) {
        tally_chart forwards, backwards;

        tally_scores_start(&scores, 2);
        tally_scores_start(&other, 2);
        for (int64_t i = 0; i <= 1000; i++)
            tally_scores_add(&scores, -spans[s] + spans[s] / 500 * i);
        for (int64_t i = 1000; i >= 0; i--)
            tally_scores_add(&other, -spans[s] + spans[s] / 500 * i);
        forwards = chart_of(&scores);
        backwards = chart_of(&other);
        assert_int_equal(sum_of(&forwards), 1001);
        assert_true(forwards.bar_count <= 20);
        assert_int_equal(forwards.bar_count, backwards.bar_count);
        for (uint32_t i = 0; i < forwards.bar_count; i++) {
            assert_string_equal(forwards.bars[i].label, backwards.bars[i].label);
            assert_int_equal(forwards.bars[i].count, backwards.bars[i].count);
        }
        tally_chart_free(&forwards);
        tally_chart_free(&backwards);
    }
}

static void text_bars_are_to_scale(void **state)
{
    tally_chart chart;
    tally_buffer out;

    (void)state;
    assert_int_equal(tally_chart_start(&chart, "tier", "members", 3, NULL), TALLY_OK);
    tally_chart_set_label(&chart.bars[0], TALLY_TEXT("none"));
    tally_chart_set_label(&chart.bars[1], TALLY_TEXT("\xc3\xa4lteste"));
    tally_chart_set_label(&chart.bars[2], TALLY_TEXT("x"));
    chart.bars[0].count = 80000;
    chart.bars[1].count = 3000;
    tally_buffer_init(&out, 4096);
    tally_chart_draw_text(&chart, &out);
    assert_string_equal(tally_buffer_string(&out),
                        "tier     members\n"
                        "none      80,000  ████████████████████████████████████████\n"
                        "\xc3\xa4lteste    3,000  █▌\n"
                        "x              0\n");
    tally_buffer_free(&out);
    tally_chart_free(&chart);
}

static void labels_are_cut_at_whole_characters(void **state)
{
    static char text[200];
    tally_chart_bar bar;

    (void)state;
    for (size_t phase = 0; phase < 3; phase++) {
        size_t count = phase;

        memset(text, 'a', phase);
        while (count + 3 <= 120) {
            memcpy(text + count, "\xe2\x82\xac", 3);
            count += 3;
        }
        tally_chart_set_label(&bar, tally_text_of(text, count));
        assert_true(tally_text_is_utf8(tally_text_from(bar.label)));
        assert_true(strlen(bar.label) < sizeof(bar.label));
        assert_true(tally_text_has_suffix(tally_text_from(bar.label), TALLY_TEXT("\u2026")));
    }
    tally_chart_set_label(&bar, (tally_text){ NULL, 0 });
    assert_string_equal(bar.label, "");
}

static void a_picture_escapes_what_it_shows(void **state)
{
    tally_chart chart;
    tally_buffer out;
    const tally_picture picture = { TALLY_TEXT("A & B <script>"), TALLY_TEXT("\"sub\""),
                                    TALLY_TEXT("source\x01") };

    (void)state;
    assert_int_equal(tally_chart_start(&chart, "tier", "members", 1, NULL), TALLY_OK);
    tally_chart_set_label(&chart.bars[0], TALLY_TEXT("<b>"));
    tally_buffer_init(&out, (size_t)1 << 20);
    tally_chart_draw_svg(&chart, 1, &picture, &out);
    assert_int_equal(tally_buffer_failure(&out), TALLY_OK);
    assert_non_null(strstr(out.bytes, ">A &amp; B &lt;script&gt;<"));
    assert_non_null(strstr(out.bytes, ">&lt;b&gt;<"));
    assert_non_null(strstr(out.bytes, ">source <"));
    assert_null(strstr(out.bytes, "<script"));
    assert_null(strstr(out.bytes, "<b>"));
    tally_buffer_free(&out);
    tally_chart_free(&chart);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_score_is_one_bar),
        cmocka_unit_test(bars_begin_at_multiples_of_a_round_width),
        cmocka_unit_test(decimals_are_written_as_such),
        cmocka_unit_test(the_mean_is_rounded_to_a_tenth),
        cmocka_unit_test(wide_ranges_lose_nothing),
        cmocka_unit_test(text_bars_are_to_scale),
        cmocka_unit_test(labels_are_cut_at_whole_characters),
        cmocka_unit_test(a_picture_escapes_what_it_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
