/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_EXPECT_H
#define TALLY_EVAL_EXPECT_H

/* Published results beside computed ones. */

#include "eval/results.h"
#include "policy/reads.h"

#define TALLY_EXPECT_OTHERS_MAX 8u

/* How the rows of one entry compare. */
typedef struct tally_expectation {
    const tally_read *read;
    uint64_t compared, equal;
    /* Published texts that are no result of this kind, such as "Exempt". */
    uint64_t other_count;
    uint32_t other_kinds;
    struct {
        char text[48];
        uint64_t count;
    } others[TALLY_EXPECT_OTHERS_MAX];
} tally_expectation;

typedef enum tally_comparison {
    TALLY_COMPARISON_EQUAL,
    TALLY_COMPARISON_DIFFERENT,
    TALLY_COMPARISON_OTHER, /* not comparable */
} tally_comparison;

/* Is the result called so one that this policy gives? */
bool tally_expect_is_result(const struct tally_policy *policy, tally_text result_name);

/* Compare and count. result NULL: it could not be computed, which differs.
 * computed: gets the computed result's text. */
tally_comparison tally_expect_compare(tally_expectation *expectation,
                                      const struct tally_policy *policy, tally_text published,
                                      const tally_result *result, tally_buffer *computed);

/* `PROGRAMME: N of M published results reproduced`, and what was not compared.
 * Entries that compare the same thing under the same name are one line. */
void tally_expect_print(const tally_expectation *expectations, uint32_t count,
                        const struct tally_policy *policy, tally_buffer *out);

#endif
