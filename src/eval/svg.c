/* SPDX-License-Identifier: Apache-2.0 */
/* Charts as SVG 1.1 on white: labelled rows for labels, upright bars for a
 * histogram. Lengths are tenths of a pixel. Text and bars have a contrast of
 * more than 5 to 1 on white, and no meaning is carried by colour alone. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eval/chart.h"

#define WIDTH          9600
#define MARGIN         400
#define ROW_HEIGHT     300
#define ROW_BAR_HEIGHT 200
#define LABEL_END      2600 /* labels of rows end here */
#define ROW_BAR_MAX    5400 /* and bars are at most so long, leaving room for the count */
#define PLOT_LEFT      1100
#define PLOT_HEIGHT    2800
#define TICKS_MAX      5

static void tenths(tally_buffer *out, const char *name, int64_t value)
{
    (void)tally_buffer_printf(out, " %s=\"%" PRId64, name, value / 10);
    if (value % 10 != 0)
        (void)tally_buffer_printf(out, ".%" PRId64, value % 10);
    (void)tally_buffer_append_byte(out, '"');
}

static void append_escaped(tally_buffer *out, tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if (byte == '&')
            (void)tally_buffer_append_string(out, "&amp;");
        else if (byte == '<')
            (void)tally_buffer_append_string(out, "&lt;");
        else if (byte == '>')
            (void)tally_buffer_append_string(out, "&gt;");
        else if (byte == '"')
            (void)tally_buffer_append_string(out, "&quot;");
        else
            (void)tally_buffer_append_byte(out, byte < 0x20 ? ' ' : (char)byte);
    }
}

static void draw_label(tally_buffer *out, int64_t x, int64_t y, const char *style, tally_text text)
{
    (void)tally_buffer_append_string(out, "<text");
    tenths(out, "x", x);
    tenths(out, "y", y);
    (void)tally_buffer_printf(out, " class=\"%s\">", style);
    append_escaped(out, text);
    (void)tally_buffer_append_string(out, "</text>\n");
}

/* The same, cut to so many characters. */
static void draw_cut(tally_buffer *out, int64_t x, int64_t y, const char *style, tally_text text,
                     uint32_t characters_max)
{
    char cut[512];
    size_t count = 0;
    uint32_t characters = 0;

    while (count < text.count && count < sizeof(cut) - 8) {
        characters += ((unsigned char)text.bytes[count] & 0xc0) != 0x80;
        if (characters > characters_max)
            break;
        cut[count] = text.bytes[count];
        count++;
    }
    if (count == text.count) {
        draw_label(out, x, y, style, text);
        return;
    }
    memcpy(cut + count, "\u2026", sizeof("\u2026") - 1);
    draw_label(out, x, y, style, tally_text_of(cut, count + sizeof("\u2026") - 1));
}

static void draw_bar(tally_buffer *out, int64_t x, int64_t y, int64_t width, int64_t height)
{
    (void)tally_buffer_append_string(out, "<rect class=\"bar\"");
    tenths(out, "x", x);
    tenths(out, "y", y);
    tenths(out, "width", width);
    tenths(out, "height", height);
    (void)tally_buffer_append_string(out, "/>\n");
}

static void draw_line(tally_buffer *out, const char *style, int64_t x1, int64_t y1, int64_t x2,
                      int64_t y2)
{
    (void)tally_buffer_printf(out, "<line class=\"%s\"", style);
    tenths(out, "x1", x1);
    tenths(out, "y1", y1);
    tenths(out, "x2", x2);
    tenths(out, "y2", y2);
    (void)tally_buffer_append_string(out, "/>\n");
}

static uint64_t most_of(const tally_chart *chart)
{
    uint64_t most = 1;

    for (uint32_t i = 0; i < chart->bar_count; i++) {
        if (chart->bars[i].count > most)
            most = chart->bars[i].count;
    }
    return most;
}

/* 1, 2 or 5 times a power of ten, so that at most TICKS_MAX of them reach most. */
static uint64_t tick_step(uint64_t most)
{
    static const uint64_t steps[] = { 1, 2, 5 };

    for (uint64_t unit = 1;; unit *= 10) {
        for (size_t i = 0; i < 3; i++) {
            if ((most + unit * steps[i] - 1) / (unit * steps[i]) <= TICKS_MAX)
                return unit * steps[i];
        }
    }
}

static int64_t scaled(uint64_t count, uint64_t top, int64_t length)
{
    return (int64_t)((tally_u128)count * (tally_u128)length / top);
}

/* Rows: label, bar, count. Returns the y below it. */
static int64_t draw_rows(tally_buffer *out, const tally_chart *chart, int64_t y)
{
    uint64_t most = most_of(chart);
    char text[TALLY_COUNT_TEXT_BYTES];
    int64_t top = y;

    for (uint32_t i = 0; i < chart->bar_count; i++, y += ROW_HEIGHT) {
        const tally_chart_bar *bar = &chart->bars[i];
        int64_t length = scaled(bar->count, most, ROW_BAR_MAX);

        if (bar->count != 0 && length < 10)
            length = 10;
        draw_cut(out, LABEL_END, y + 200, "end", tally_text_from(bar->label), 28);
        if (length != 0)
            draw_bar(out, LABEL_END + 150, y + (ROW_HEIGHT - ROW_BAR_HEIGHT) / 2, length,
                     ROW_BAR_HEIGHT);
        draw_label(out, LABEL_END + 150 + length + 80, y + 200, "small",
                   tally_text_from(tally_chart_count(text, bar->count)));
    }
    draw_line(out, "axis", LABEL_END + 150, top, LABEL_END + 150, y);
    return y;
}

/* Upright bars over an axis with edges. Returns the y below it. */
static int64_t draw_histogram(tally_buffer *out, const tally_chart *chart, int64_t y)
{
    uint64_t most = most_of(chart);
    uint64_t step = tick_step(most);
    uint64_t top = (most + step - 1) / step * step;
    int64_t width = WIDTH - MARGIN - PLOT_LEFT;
    int64_t floor_y = y + PLOT_HEIGHT;
    uint32_t every = chart->bar_count > 12 ? 2 : 1;
    char text[TALLY_COUNT_TEXT_BYTES];

    for (uint64_t tick = 0; tick <= top; tick += step) {
        int64_t tick_y = floor_y - scaled(tick, top, PLOT_HEIGHT);

        draw_line(out, tick == 0 ? "axis" : "grid", PLOT_LEFT, tick_y, WIDTH - MARGIN, tick_y);
        draw_label(out, PLOT_LEFT - 100, tick_y + 45, "tick end",
                   tally_text_from(tally_chart_count(text, tick)));
    }
    for (uint32_t i = 0; i < chart->bar_count; i++) {
        const tally_chart_bar *bar = &chart->bars[i];
        int64_t x = PLOT_LEFT + width * i / chart->bar_count;
        int64_t next = PLOT_LEFT + width * (i + 1) / chart->bar_count;
        int64_t height = scaled(bar->count, top, PLOT_HEIGHT);

        if (bar->count != 0 && height < 10)
            height = 10;
        if (height != 0)
            draw_bar(out, x + 10, floor_y - height, next - x - 20, height);
        draw_line(out, "axis", x, floor_y, x, floor_y + 50);
        if (i % every == 0)
            draw_label(out, x, floor_y + 190, "tick middle", tally_text_from(bar->edge));
    }
    draw_line(out, "axis", WIDTH - MARGIN, floor_y, WIDTH - MARGIN, floor_y + 50);
    if (chart->bar_count % every == 0)
        draw_label(out, WIDTH - MARGIN, floor_y + 190, "tick middle",
                   tally_text_from(chart->end_edge));
    draw_label(out, PLOT_LEFT + width / 2, floor_y + 420, "small middle",
               tally_text_from(chart->axis));
    return floor_y + 420;
}

static int64_t chart_height(const tally_chart *chart)
{
    return 900 + (chart->is_histogram ? PLOT_HEIGHT + 420 : ROW_HEIGHT * (int64_t)chart->bar_count);
}

static void draw_head(tally_buffer *out, const tally_picture *picture, int64_t height)
{
    (void)tally_buffer_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRId64
        "\" viewBox=\"0 0 %d %" PRId64 "\" role=\"img\">\n<title>",
        WIDTH / 10, height / 10, WIDTH / 10, height / 10);
    append_escaped(out, picture->title);
    (void)tally_buffer_append_string(out, "</title>\n<desc>");
    append_escaped(out, picture->subtitle);
    (void)tally_buffer_append_string(
        out, "</desc>\n<style>\n"
             "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;"
             "fill:#1c2329}\n"
             ".title{font-size:24px;font-weight:600}\n"
             ".head{font-size:16px;font-weight:600}\n"
             ".small{font-size:14px;fill:#3b454d}\n"
             ".tick{font-size:13px;fill:#3b454d;font-variant-numeric:tabular-nums}\n"
             ".end{text-anchor:end}\n"
             ".middle{text-anchor:middle}\n"
             ".bar{fill:#1f6f8b}\n"
             ".axis{stroke:#3b454d;stroke-width:1}\n"
             ".grid{stroke:#dfe3e7;stroke-width:1}\n"
             "</style>\n");
    (void)tally_buffer_printf(out, "<rect width=\"%d\" height=\"%" PRId64 "\" fill=\"#fff\"/>\n",
                              WIDTH / 10, height / 10);
    draw_cut(out, MARGIN, 520, "title", picture->title, 64);
    draw_label(out, MARGIN, 790, "small", picture->subtitle);
}

void tally_chart_draw_svg(const tally_chart *charts, uint32_t chart_count,
                          const tally_picture *picture, tally_buffer *out)
{
    int64_t y = 1000;
    int64_t height = y + 600;

    for (uint32_t i = 0; i < chart_count; i++)
        height += chart_height(&charts[i]);
    draw_head(out, picture, height);
    for (uint32_t i = 0; i < chart_count; i++) {
        const tally_chart *chart = &charts[i];
        char heading[128];

        (void)snprintf(heading, sizeof(heading), "%s by %s", chart->counted, chart->axis);
        if (heading[0] >= 'a' && heading[0] <= 'z')
            heading[0] = (char)(heading[0] - 'a' + 'A');
        draw_label(out, MARGIN, y + 250, "head", tally_text_from(heading));
        if (chart->summary[0] != '\0')
            draw_label(out, WIDTH - MARGIN, y + 250, "small end", tally_text_from(chart->summary));
        if (chart->is_histogram)
            (void)draw_histogram(out, chart, y + 450);
        else
            (void)draw_rows(out, chart, y + 400);
        y += chart_height(chart);
    }
    draw_line(out, "grid", MARGIN, height - 550, WIDTH - MARGIN, height - 550);
    draw_cut(out, MARGIN, height - 300, "tick", picture->source, 130);
    (void)tally_buffer_append_string(out, "</svg>\n");
}
