/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_DATES_H
#define TALLY_EVAL_DATES_H

/* Dates of files as instants, in the zone of the policy
 * (docs/policy-language.md sections 10 and 13). One thread at a time. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/program.h"
#include "policy/reads.h"

#define TALLY_DATES_KEPT 64u

typedef struct tally_dates {
    const struct tally_policy *policy;
    struct {
        int32_t day;
        bool is_set;
        int64_t start_ms;
    } kept[TALLY_DATES_KEPT]; /* first instants of days met lately */
} tally_dates;

void tally_dates_start(tally_dates *dates, const struct tally_policy *policy);

/* Read a date. out_offset_s is the offset written in the text, or 0.
 * TALLY_E_INVALID: it is not of that format; err says how. */
TALLY_MUST_CHECK tally_rc tally_dates_read(tally_dates *dates, tally_text text,
                                           tally_date_format format, int64_t *out_ms,
                                           int32_t *out_offset_s, tally_err *err);

/* The same as an as-of: a day without a time means its last millisecond. */
TALLY_MUST_CHECK tally_rc tally_dates_read_as_of(tally_dates *dates, tally_text text,
                                                 tally_date_format format, int64_t *out_ms,
                                                 tally_err *err);

/* The local day of an instant in the policy's zone (UTC for `each event's own`). */
int32_t tally_dates_day(const tally_dates *dates, int64_t ms);

/* The last millisecond of the local day that holds an instant. */
int64_t tally_dates_end_of_day(const tally_dates *dates, int64_t ms);

/* The zone of the version in force at about this instant. */
const tally_zone *tally_dates_zone(const tally_dates *dates, int64_t ms);

#endif
