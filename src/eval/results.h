/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_RESULTS_H
#define TALLY_EVAL_RESULTS_H

/* The results of all subjects, in their order: written out as they come (CSV,
 * JSON Lines) or as an aligned table of the first ones, and counted for the
 * distribution. */

#include <stdio.h>

#include "eval/chart.h"
#include "policy/program.h"
#include "score/score.h"

typedef enum tally_results_format {
    TALLY_RESULTS_TABLE,
    TALLY_RESULTS_CSV,
    TALLY_RESULTS_JSON,
} tally_results_format;

#define TALLY_RESULTS_COLUMNS_MAX 520u /* 6, and each let and streak reported */
#define TALLY_RESULTS_CHARTS_MAX  3u

typedef struct tally_results tally_results;

/* version: the one in force at the as-of. stream: where rows go; NULL: nothing
 * is written, only counted. row_limit: rows of the table, 0 for all.
 * TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_results_new(tally_results **out_results,
                                            const struct tally_policy *policy, uint32_t version,
                                            tally_results_format format, uint64_t row_limit,
                                            FILE *stream, tally_err *err);
void tally_results_free(tally_results *results);

/* Add a subject's result; result NULL: it could not be computed. */
TALLY_MUST_CHECK tally_rc tally_results_add(tally_results *results, tally_text subject,
                                            const tally_result *result, tally_err *err);

/* Write what is left: the table. TALLY_E_IO if anything could not be written. */
TALLY_MUST_CHECK tally_rc tally_results_finish(tally_results *results, tally_err *err);

uint64_t tally_results_count(const tally_results *results);

/* What the subjects are called: "members" or "organisations". */
const char *tally_results_counted(const struct tally_policy *policy);
const char *tally_results_counted_one(const struct tally_policy *policy);

/* A text as a CSV field. */
void tally_results_append_csv(tally_buffer *out, tally_text text);

/* The names of a result's grade and tier, with what none is called. */
tally_text tally_results_grade(const struct tally_policy *policy, const tally_result *result);
tally_text tally_results_tier(const struct tally_policy *policy, const tally_result *result);

/* The distributions there are (grade, tier, score): up to
 * TALLY_RESULTS_CHARTS_MAX charts, each released with tally_chart_free(). */
TALLY_MUST_CHECK tally_rc tally_results_charts(const tally_results *results, tally_chart *charts,
                                               uint32_t *out_count, tally_err *err);

/* A value as its text: "no", "12.5", "0.3333" for a third; empty for nothing. */
void tally_results_format_value(const tally_report *report, tally_buffer *out);

#endif
