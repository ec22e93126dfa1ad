/* SPDX-License-Identifier: Apache-2.0 */
/* Bars as text: a line each, at most BAR_CELLS wide, drawn to half a cell. */

#include "eval/chart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

#define BAR_CELLS 40u

tally_rc tally_chart_start(tally_chart *chart, const char *axis, const char *counted,
                           uint32_t bar_count, tally_err *err)
{
    memset(chart, 0, sizeof(*chart));
    chart->axis = axis;
    chart->counted = counted;
    chart->bars = tally_alloc_zeroed(((size_t)bar_count + 1) * sizeof(*chart->bars));
    if (chart->bars == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "drawing a chart");
    chart->bar_count = bar_count;
    return TALLY_OK;
}

void tally_chart_free(tally_chart *chart)
{
    tally_release(chart->bars);
    memset(chart, 0, sizeof(*chart));
}

void tally_chart_set_label(tally_chart_bar *bar, tally_text label)
{
    static const char ellipsis[] = "\u2026";
    size_t count = label.count;

    if (count >= sizeof(bar->label)) {
        count = sizeof(bar->label) - sizeof(ellipsis);
        while (count > 0 && ((unsigned char)label.bytes[count] & 0xc0) == 0x80)
            count--;
    }
    memcpy(bar->label, label.bytes != NULL ? label.bytes : "", count);
    bar->label[count] = '\0';
    if (count < label.count)
        memcpy(bar->label + count, ellipsis, sizeof(ellipsis));
}

const char *tally_chart_count(char out_text[static TALLY_COUNT_TEXT_BYTES], uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *to = out_text;

    for (int i = 0; i < length; i++) {
        if (i != 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out_text;
}

static uint32_t character_count(const char *text)
{
    uint32_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void append_padded(tally_buffer *out, const char *text, uint32_t width, bool is_right)
{
    uint32_t count = character_count(text);
    uint32_t spaces = count < width ? width - count : 0;

    if (is_right)
        (void)tally_buffer_append_repeated(out, ' ', spaces);
    (void)tally_buffer_append_string(out, text);
    if (!is_right)
        (void)tally_buffer_append_repeated(out, ' ', spaces);
}

static uint64_t greatest_count(const tally_chart *chart)
{
    uint64_t most = 1;

    for (uint32_t i = 0; i < chart->bar_count; i++) {
        if (chart->bars[i].count > most)
            most = chart->bars[i].count;
    }
    return most;
}

void tally_chart_draw_text(const tally_chart *chart, tally_buffer *out)
{
    char text[TALLY_COUNT_TEXT_BYTES];
    uint64_t most = greatest_count(chart);
    uint32_t label_width = character_count(chart->axis);
    uint32_t count_width = character_count(chart->counted);

    for (uint32_t i = 0; i < chart->bar_count; i++) {
        uint32_t width = character_count(chart->bars[i].label);
        uint32_t digits = character_count(tally_chart_count(text, chart->bars[i].count));

        label_width = width > label_width ? width : label_width;
        count_width = digits > count_width ? digits : count_width;
    }
    append_padded(out, chart->axis, label_width, chart->is_histogram);
    (void)tally_buffer_append_string(out, "  ");
    append_padded(out, chart->counted, count_width, true);
    (void)tally_buffer_append_byte(out, '\n');
    for (uint32_t i = 0; i < chart->bar_count; i++) {
        const tally_chart_bar *bar = &chart->bars[i];
        uint64_t halves = (uint64_t)(((tally_u128)bar->count * 2 * BAR_CELLS + most - 1) / most);

        append_padded(out, bar->label, label_width, chart->is_histogram);
        (void)tally_buffer_append_string(out, "  ");
        append_padded(out, tally_chart_count(text, bar->count), count_width, true);
        if (halves != 0)
            (void)tally_buffer_append_string(out, "  ");
        for (uint64_t cell = 0; cell < halves / 2; cell++)
            (void)tally_buffer_append_string(out, "\u2588");
        if (halves % 2 != 0)
            (void)tally_buffer_append_string(out, "\u258c");
        (void)tally_buffer_append_byte(out, '\n');
    }
    if (chart->summary[0] != '\0')
        (void)tally_buffer_printf(out, "%s\n", chart->summary);
}
