/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_TESTS_H
#define TALLY_POLICY_TESTS_H

/* The `tests` section (docs/policy-language.md 14), kept as written: field values are texts that the
 * history builder parses, so that a wrong value is a refused record and not a compile error. */

#include "policy/program.h"

typedef struct tally_test_value {
    tally_text name;
    tally_text value;
    tally_span span;
} tally_test_value;

typedef struct tally_test_event {
    tally_text type;                  /* an unknown type is a compile error */
    tally_text at;                    /* a day or RFC 3339 */
    tally_text until;                 /* not empty: one event each day from `at` to `until` */
    tally_text id, subject, recorded; /* may be empty */
    uint32_t times;                   /* at least 1 */
    uint32_t value_count;
    const tally_test_value *values;
    tally_span span;
} tally_test_event;

typedef struct tally_test_expectation {
    tally_text as_of, of; /* may be empty */
    uint32_t value_count;
    const tally_test_value *values; /* score, shown, tier … or a reported name */
    uint32_t list_count;
    const tally_test_value
        *lists; /* entries of `missing: […]`, `refused: [ids]` one per item, name repeated */
    tally_span span;
} tally_test_expectation;

typedef struct tally_test {
    tally_text name;
    tally_text as_of;
    uint32_t setting_count;
    const tally_test_value *settings;
    uint32_t fact_count;
    const tally_test_value *facts;
    uint32_t event_count;
    const tally_test_event *events;
    uint32_t expectation_count;
    const tally_test_expectation *expectations;
    tally_span span;
} tally_test;

struct tally_tests {
    uint32_t count;
    const tally_test *tests;
};

/* The same policy with other values for some settings, as a test asks for. A setting that is written `{was, now}` keeps
 * following the version before. base is not needed afterwards; out_policy is released with tally_policy_free().
 * Errors as for tally_policy_compile(). */
TALLY_MUST_CHECK tally_rc tally_policy_compile_with_settings(struct tally_policy **out_policy,
                                                             const struct tally_policy *base,
                                                             const tally_test_value *settings,
                                                             uint32_t setting_count,
                                                             tally_err *err);

#endif
