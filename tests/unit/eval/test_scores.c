/* SPDX-License-Identifier: Apache-2.0 */
/* The histogram of scores, at the ends of what a score can be. */

#include "../unit.h"
#include "eval/chart.h"

static uint64_t total(const tally_chart *chart)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < chart->bar_count; i++)
        sum += chart->bars[i].count;
    return sum;
}

/* The scores in this order give a chart in which each is counted. */
static void draw(tally_chart *chart, const int64_t *scores, size_t count)
{
    tally_scores counted;

    tally_scores_start(&counted, 0);
    for (size_t i = 0; i < count; i++)
        tally_scores_add(&counted, scores[i]);
    assert_int_equal(tally_scores_chart(&counted, chart, "score", "members", NULL), TALLY_OK);
    assert_true(chart->bar_count >= 1 && chart->bar_count <= 20);
    assert_int_equal(total(chart), count);
}

static void every_order_of_extreme_scores_gives_the_same_bars(void **state)
{
    static const int64_t scores[] = { 5, INT64_MAX, -INT64_MAX, 0, INT64_MAX - 1, -3 };
    const size_t count = UNIT_COUNT(scores);
    int64_t turned[UNIT_COUNT(scores)];
    tally_chart first, chart;

    (void)state;
    draw(&first, scores, count);
    assert_string_equal(first.bars[0].edge, "-9,223,372,036,854,775,808");
    assert_string_equal(first.end_edge, "9,223,372,036,854,775,807");
    assert_int_equal(first.bars[first.bar_count - 1].count, 2);
    for (size_t by = 1; by < count; by++) {
        for (size_t i = 0; i < count; i++)
            turned[i] = scores[(i + by) % count];
        draw(&chart, turned, count);
        assert_int_equal(chart.bar_count, first.bar_count);
        for (uint32_t i = 0; i < chart.bar_count; i++) {
            assert_string_equal(chart.bars[i].label, first.bars[i].label);
            assert_int_equal(chart.bars[i].count, first.bars[i].count);
        }
        tally_chart_free(&chart);
    }
    tally_chart_free(&first);
}

static void one_extreme_score_has_its_bar(void **state)
{
    static const int64_t scores[] = { -INT64_MAX, INT64_MAX, INT64_MIN + 8192, INT64_MAX - 8191 };
    tally_chart chart;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(scores); i++) {
        draw(&chart, &scores[i], 1);
        assert_int_equal(chart.bar_count, 1);
        tally_chart_free(&chart);
    }
}

static void bars_have_round_widths_and_whole_numbers(void **state)
{
    static const int64_t scores[] = { -1, 0, 1, 99, 100, 101 };
    tally_chart chart;

    (void)state;
    draw(&chart, scores, UNIT_COUNT(scores));
    assert_int_equal(chart.bar_count, 12);
    assert_string_equal(chart.bars[0].label, "-10 to -1");
    assert_int_equal(chart.bars[0].count, 1);
    assert_string_equal(chart.bars[11].label, "100\u2013109");
    assert_int_equal(chart.bars[11].count, 2);
    assert_string_equal(chart.end_edge, "110");
    assert_string_equal(chart.summary, "lowest -1, highest 101, mean 50, sum 300");
    tally_chart_free(&chart);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_extreme_scores_gives_the_same_bars),
        cmocka_unit_test(one_extreme_score_has_its_bar),
        cmocka_unit_test(bars_have_round_widths_and_whole_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
