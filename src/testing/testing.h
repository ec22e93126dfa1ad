/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTING_TESTING_H
#define TALLY_TESTING_TESTING_H

/* Running a policy's own tests (docs/policy-language.md section 14).
 *
 * Each expectation is asked as if it were the only one. Besides what it says,
 * every test checks that the statement of the subject it asks about can be built
 * (its lines sum) and shows the score that was computed. Pure: no I/O. */

#include "policy/program.h"
#include "tally/base.h"
#include "util/buffer.h"

typedef struct tally_test_failure {
    uint32_t line, column;      /* of the expectation in the policy file */
    tally_text name;            /* what was expected: score, tier … */
    tally_text expected, found;
} tally_test_failure;

typedef struct tally_test_outcome {
    tally_text name;
    uint32_t line;
    uint32_t expected_count; /* results compared */
    uint32_t failure_count;
    const tally_test_failure *failures;
} tally_test_outcome;

typedef struct tally_test_run {
    tally_arena *arena; /* owns this and all it points to, but not the tests' own texts */
    uint32_t count, passed, failed;
    const tally_test_outcome *outcomes; /* in written order */
} tally_test_run;

/* Run all tests of a policy. A test whose result cannot be computed has failed;
 * that is not an error of this function.
 *
 * out_run  released with tally_testing_free(), before the policy.
 *
 * TALLY_E_NOMEM  allocation failed */
TALLY_MUST_CHECK tally_rc tally_testing_run(tally_test_run **out_run,
                                            const struct tally_policy *policy, tally_err *err);

void tally_testing_free(tally_test_run *run);

/* A line a test, the failing expectations with their places, and the totals. */
void tally_testing_render_text(const tally_test_run *run, tally_text file_name, tally_buffer *out);

/* The same as one JSON object. */
void tally_testing_render_json(const tally_test_run *run, tally_text file_name, tally_buffer *out);

#endif
