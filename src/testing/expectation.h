/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTING_EXPECTATION_H
#define TALLY_TESTING_EXPECTATION_H

/* Inside: comparing one expectation with what comes out. */

#include "testing/scenario.h"
#include "testing/testing.h"

typedef struct tally_failure_list {
    tally_arena *arena; /* of the run: lives longer than the scenario */
    uint32_t count, room;
    tally_test_failure *failures;
    uint32_t expected_count;
} tally_failure_list;

/* Note a difference; texts are copied. False: memory is short. */
bool tally_failure_add(tally_failure_list *list, const tally_span *span, tally_text name,
                       tally_text expected, tally_text found);

/* Compare everything that one expectation names. What cannot be computed is an error. */
TALLY_MUST_CHECK tally_rc tally_expectation_check(const tally_scenario *scenario,
                                                  const tally_test_expectation *expectation,
                                                  tally_failure_list *list, tally_err *err);

#endif
