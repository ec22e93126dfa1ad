/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_EVAL_OUTPUT_H
#define TALLY_CMD_EVAL_OUTPUT_H

/* What `tally eval` prints around the results: the heading, the distribution,
 * the comparison with published results, the charter's verdict, the picture. */

#include "eval/session.h"
#include "load.h"

typedef struct tally_eval_output {
    const tally_policy *policy;
    const char *policy_path;
    const tally_loaded_policy *loaded;
    tally_results_format format;
    bool is_statement; /* statements have their own heading */
    bool lists_misses;
} tally_eval_output;

/* Whether the charter lets this policy be evaluated at all (R9); if not, the
 * reasons were printed. */
bool tally_eval_may_evaluate(const tally_eval_output *output);

/* For tally_session_options.begin: the heading of a table. */
void tally_eval_begin(void *context, const tally_session *session);

TALLY_MUST_CHECK tally_rc tally_eval_print_distribution(const tally_eval_output *output,
                                                        const tally_session *session,
                                                        tally_err *err);
TALLY_MUST_CHECK tally_rc tally_eval_print_expectations(const tally_eval_output *output,
                                                        const tally_session *session,
                                                        tally_err *err);

/* Whether the policy may run as a live programme, in one line. */
void tally_eval_print_verdict(const tally_eval_output *output);

/* Write the distribution as SVG: to a file beside, then renamed over path, so
 * that no half of a picture is ever there. */
TALLY_MUST_CHECK tally_rc tally_eval_write_plot(const tally_eval_output *output,
                                                const tally_session *session, const char *path,
                                                tally_err *err);

#endif
