/* SPDX-License-Identifier: Apache-2.0 */
/* Bins lie at multiples of their width, so that ten neighbours are one bin of
 * the next width, and the bars' round widths are multiples of the bins'. */

#include <stdio.h>
#include <string.h>

#include "eval/chart.h"
#include "util/decimal.h"

#define BARS_MAX 20

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Of a bin's number: half of the room for bins may lie below the lowest score. */
static tally_i128 floor_divide_wide(tally_i128 value, int64_t by)
{
    return value / by - (value % by < 0);
}

void tally_scores_start(tally_scores *scores, uint32_t decimals)
{
    memset(scores, 0, sizeof(*scores));
    scores->decimals = decimals;
    scores->width = 1;
}

/* Does the range from lowest to highest fit the bins at this width? */
static bool fits(int64_t lowest, int64_t highest, int64_t width)
{
    uint64_t span = (uint64_t)floor_divide(highest, width) - (uint64_t)floor_divide(lowest, width);

    return span < TALLY_SCORE_BINS;
}

/* Move the counts to bins of another width that begin at another number. */
static void rearrange(tally_scores *scores, int64_t width, int64_t lowest, int64_t highest)
{
    tally_i128 middle = floor_divide(lowest, width) +
                        (floor_divide(highest, width) - floor_divide(lowest, width)) / 2;
    tally_i128 first = middle - TALLY_SCORE_BINS / 2;
    int64_t by = width / scores->width;
    uint64_t moved[TALLY_SCORE_BINS] = { 0 };

    for (uint32_t i = 0; i < TALLY_SCORE_BINS; i++) {
        if (scores->bins[i] != 0)
            moved[floor_divide_wide(scores->first + i, by) - first] += scores->bins[i];
    }
    memcpy(scores->bins, moved, sizeof(moved));
    scores->first = first;
    scores->width = width;
}

void tally_scores_add(tally_scores *scores, int64_t score)
{
    tally_i128 bin;

    if (scores->count == 0) {
        scores->lowest = scores->highest = score;
        scores->first = (tally_i128)floor_divide(score, scores->width) - TALLY_SCORE_BINS / 2;
    }
    if (score < scores->lowest)
        scores->lowest = score;
    if (score > scores->highest)
        scores->highest = score;
    bin = floor_divide(score, scores->width) - scores->first;
    if (TALLY_UNLIKELY(bin < 0 || bin >= TALLY_SCORE_BINS)) {
        int64_t width = scores->width;

        while (!fits(scores->lowest, scores->highest, width))
            width *= 10;
        rearrange(scores, width, scores->lowest, scores->highest);
        bin = floor_divide(score, scores->width) - scores->first;
    }
    scores->bins[bin]++;
    scores->count++;
    scores->sum += score;
}

/* 1, 2 or 5 times a power of ten, and not below the bins' width. */
static int64_t round_width(const tally_scores *scores)
{
    static const int64_t steps[] = { 1, 2, 5 };

    for (int64_t unit = scores->width;; unit *= 10) {
        for (size_t i = 0; i < 3; i++) {
            int64_t width = unit * steps[i];

            if (floor_divide(scores->highest, width) - floor_divide(scores->lowest, width) <
                BARS_MAX)
                return width;
        }
    }
}

static void summarise(const tally_scores *scores, tally_chart *chart)
{
    char lowest[TALLY_DECIMAL_TEXT_BYTES], highest[TALLY_DECIMAL_TEXT_BYTES];
    char mean_text[TALLY_DECIMAL_TEXT_BYTES], sum_text[TALLY_DECIMAL_TEXT_BYTES];
    tally_i128 scaled = scores->sum * 10;
    tally_i128 count = (tally_i128)scores->count;
    tally_i128 twice = 2 * scaled + (scaled < 0 ? -count : count);
    tally_i128 mean = twice / (2 * count); /* nearest tenth of a unit, ties away from 0 */
    int64_t narrow = 0, sum = 0;
    int used;

    (void)tally_decimal_format_short(lowest, scores->lowest, scores->decimals, ",");
    (void)tally_decimal_format_short(highest, scores->highest, scores->decimals, ",");
    used =
        snprintf(chart->summary, sizeof(chart->summary), "lowest %s, highest %s", lowest, highest);
    if (scores->decimals < TALLY_DECIMALS_MAX && tally_narrow_i64(mean, &narrow)) {
        (void)tally_decimal_format_short(mean_text, narrow, scores->decimals + 1, ",");
        used += snprintf(chart->summary + used, sizeof(chart->summary) - (size_t)used, ", mean %s",
                         mean_text);
    }
    if (tally_narrow_i64(scores->sum, &sum)) {
        (void)tally_decimal_format_short(sum_text, sum, scores->decimals, ",");
        (void)snprintf(chart->summary + used, sizeof(chart->summary) - (size_t)used, ", sum %s",
                       sum_text);
    }
}

/* The outermost bars may reach beyond what a score can be. */
static int64_t clamp(tally_i128 wide)
{
    int64_t narrow = wide < 0 ? INT64_MIN : INT64_MAX;

    (void)!tally_narrow_i64(wide, &narrow);
    return narrow;
}

static void name_bar(tally_chart_bar *bar, tally_i128 index, int64_t width, uint32_t decimals)
{
    char from[TALLY_DECIMAL_TEXT_BYTES], to[TALLY_DECIMAL_TEXT_BYTES];
    int64_t low = clamp(index * width);
    int64_t high = clamp((index + 1) * width - 1);

    (void)tally_decimal_format_short(from, low, decimals, ",");
    (void)snprintf(bar->edge, sizeof(bar->edge), "%.31s", from);
    if (width == 1) {
        (void)snprintf(bar->label, sizeof(bar->label), "%s", from);
        return;
    }
    (void)tally_decimal_format_short(to, high, decimals, ",");
    (void)snprintf(bar->label, sizeof(bar->label), low < 0 ? "%.34s to %.34s" : "%.34s\u2013%.34s",
                   from, to);
}

tally_rc tally_scores_chart(const tally_scores *scores, tally_chart *out_chart, const char *axis,
                            const char *counted, tally_err *err)
{
    int64_t width, first, last;
    tally_chart_bar end;
    tally_chart chart;
    tally_rc rc;

    TALLY_ASSERT(scores->count != 0);
    width = round_width(scores);
    first = floor_divide(scores->lowest, width);
    last = floor_divide(scores->highest, width);
    rc = tally_chart_start(&chart, axis, counted, (uint32_t)(last - first + 1), err);
    if (rc != TALLY_OK)
        return rc;
    chart.is_histogram = true;
    for (uint32_t i = 0; i < chart.bar_count; i++)
        name_bar(&chart.bars[i], (tally_i128)first + i, width, scores->decimals);
    name_bar(&end, (tally_i128)last + 1, width, scores->decimals);
    memcpy(chart.end_edge, end.edge, sizeof(chart.end_edge));
    for (uint32_t i = 0; i < TALLY_SCORE_BINS; i++) {
        if (scores->bins[i] != 0)
            chart.bars[floor_divide_wide(scores->first + i, width / scores->width) - first].count +=
                scores->bins[i];
    }
    summarise(scores, &chart);
    *out_chart = chart;
    return TALLY_OK;
}
