/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_CHART_H
#define TALLY_EVAL_CHART_H

/* How results are distributed, as bars: counts per label, or a histogram of
 * scores in steps of a round number. Drawn as text and as SVG, by whole numbers
 * only: the same counts give the same bytes. */

#include <stdbool.h>
#include <stdint.h>

#include "tally/base.h"
#include "util/buffer.h"
#include "util/checked.h"
#include "util/text.h"

#define TALLY_CHART_LABEL_BYTES 80u

typedef struct tally_chart_bar {
    char label[TALLY_CHART_LABEL_BYTES]; /* a whole number of characters, NUL-terminated */
    char edge[32];                       /* histogram: where the bar begins on the axis */
    uint64_t count;
} tally_chart_bar;

typedef struct tally_chart {
    const char *axis;    /* what the labels are: "tier" */
    const char *counted; /* what the counts count: "members" */
    bool is_histogram;   /* bars touch; the last one ends at end_edge */
    char end_edge[32];
    uint32_t bar_count;
    tally_chart_bar *bars;
    char summary[160]; /* "lowest 0, highest 95, mean 40.2"; may be empty */
} tally_chart;

/* A chart with bar_count empty bars; released with tally_chart_free(). */
TALLY_MUST_CHECK tally_rc tally_chart_start(tally_chart *chart, const char *axis,
                                            const char *counted, uint32_t bar_count,
                                            tally_err *err);
void tally_chart_free(tally_chart *chart);

/* Copy a label, cut to whole characters with an ellipsis. */
void tally_chart_set_label(tally_chart_bar *bar, tally_text label);

/* 1234567 as 1,234,567. */
#define TALLY_COUNT_TEXT_BYTES 32
const char *tally_chart_count(char out_text[static TALLY_COUNT_TEXT_BYTES], uint64_t count);

/* As lines of text, one a bar. Failures stick in the buffer. */
void tally_chart_draw_text(const tally_chart *chart, tally_buffer *out);

/* What stands around the charts of a picture. */
typedef struct tally_picture {
    tally_text title, subtitle;
    tally_text source; /* the last line: programme, policy, as-of, n */
} tally_picture;

/* As one SVG document, the charts below one another. */
void tally_chart_draw_svg(const tally_chart *charts, uint32_t chart_count,
                          const tally_picture *picture, tally_buffer *out);

/* ---- scores ---------------------------------------------------------------- */

#define TALLY_SCORE_BINS 16384u

/* Counts of scores in fixed room: while the range fits, every unit has its own
 * bin; beyond, bins become ten times as wide. What comes out does not depend on
 * the order of the scores. */
typedef struct tally_scores {
    uint32_t decimals;
    int64_t width;    /* of a bin, in units of 10^-decimals: a power of ten */
    tally_i128 first; /* number of the first bin: its lowest score / width */
    uint64_t count;
    int64_t lowest, highest;
    tally_i128 sum;
    uint64_t bins[TALLY_SCORE_BINS];
} tally_scores;

void tally_scores_start(tally_scores *scores, uint32_t decimals);
void tally_scores_add(tally_scores *scores, int64_t score);

/* The histogram, in at most 20 bars of a round width. Needs at least one
 * score. */
TALLY_MUST_CHECK tally_rc tally_scores_chart(const tally_scores *scores, tally_chart *out_chart,
                                             const char *axis, const char *counted, tally_err *err);

#endif
