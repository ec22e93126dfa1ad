/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTING_SCENARIO_H
#define TALLY_TESTING_SCENARIO_H

/* Inside: what a test gives, as records, histories and facts. */

#include "admission/admission.h"
#include "policy/tests.h"
#include "score/score.h"

#define TALLY_SCENARIO_RECORDS_MAX 1000000u

typedef struct tally_scenario {
    const struct tally_policy *policy;
    const tally_test *test;
    tally_arena *arena;
    tally_intern *tokens;
    uint32_t record_count;
    const tally_programme_record *records; /* as given, repeated and numbered */
    int64_t last_end_ms;                   /* the end of the last event's day */
    tally_facts given_facts;
} tally_scenario;

/* A record that took no part. */
typedef struct tally_scenario_refusal {
    tally_text subject, id, message;
} tally_scenario_refusal;

/* What is known at one instant: after admission, if the policy has any. */
typedef struct tally_scenario_moment {
    int64_t as_of_ms;
    uint32_t record_count;
    const tally_programme_record *records;
    tally_facts facts;
    uint32_t refusal_count, refusal_room;
    tally_scenario_refusal *refusals; /* those of admission; histories add theirs */
} tally_scenario_moment;

/* TALLY_E_INVALID: a fact's value does not fit it. */
TALLY_MUST_CHECK tally_rc tally_scenario_open(tally_scenario *out_scenario,
                                              const struct tally_policy *policy,
                                              const tally_test *test, tally_arena *arena,
                                              tally_intern *tokens, tally_err *err);

TALLY_MUST_CHECK tally_rc tally_scenario_moment_at(const tally_scenario *scenario, int64_t as_of_ms,
                                                   tally_scenario_moment *out_moment,
                                                   tally_err *err);

/* One subject's history. Its refusals of records known by then are added to the moment's. */
TALLY_MUST_CHECK tally_rc tally_scenario_history(const tally_scenario *scenario,
                                                 tally_scenario_moment *moment, tally_text subject,
                                                 tally_history *out_history, tally_err *err);

/* The as-of that a text names: a day's end or an instant. Empty: the end of the last event's day. */
TALLY_MUST_CHECK tally_rc tally_scenario_as_of(const tally_scenario *scenario, tally_text text,
                                               int64_t *out_as_of_ms, tally_err *err);

#endif
