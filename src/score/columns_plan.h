/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_COLUMNS_PLAN_H
#define TALLY_SCORE_COLUMNS_PLAN_H

/* What columns_plan.c prepares for the loops of columns.c. */

#include "score/columns.h"
#include "score/context.h"

#define AMOUNT_MAX          ((int64_t)1 << 40)
#define EVENTS_MAX          1000000u
#define NO_LIMIT            ((int64_t)1 << 62)
#define AWARDS_OF_TYPE_MAX  8u
#define LIMITS_OF_AWARD_MAX 8u
#define SUBJECT_BYTES_MAX   ((size_t)4 << 30)

/* A UTC day: the period at its start; the next one begins at edge_ms. */
typedef struct day_period {
    int64_t edge_ms; /* INT64_MAX: not on this day */
    int64_t period;
} day_period;

/* Periods of one window, from 1970-01-01 to the day of the as-of. */
typedef struct period_table {
    const tally_zone *zone; /* with unit: what the table is of; NULL zone: lifetime */
    tally_unit unit;
    const day_period *days;
} period_table;

typedef struct fast_limit {
    uint32_t state; /* which limit, by its id */
    bool is_times;
    int64_t amount;
    const day_period *days;
} fast_limit;

typedef struct fast_award {
    int64_t constant, coefficient;
    int64_t least; /* of the field … */
    uint64_t span; /* … and how far above it the greatest is */
    uint32_t slot;
    uint32_t limit_count;
    fast_limit limits[LIMITS_OF_AWARD_MAX];
    int64_t live_from_ms, live_to_ms;
} fast_award;

typedef struct fast_type {
    bool is_outside; /* a record about a record: the subject takes the general pass */
    uint32_t award_count;
    const fast_award *awards;
} fast_type;

/* One award, one points limit: all a type has in ordinary policies. */
typedef struct simple_type {
    int64_t constant, coefficient, least;
    uint64_t span;
    int64_t amount; /* of the limit; NO_LIMIT */
    int64_t live_from_ms, live_to_ms;
    const day_period *days;
    uint32_t slot, state;
} simple_type;

typedef struct limit_state {
    int64_t period, used;
} limit_state;

struct tally_columns_plan {
    const struct tally_policy *policy;
    int64_t as_of_ms;
    const char *why; /* not fast: what stands in the way; "" when fast */
    bool is_simple;
    uint32_t slot_count; /* that the awards read */
    uint32_t state_count;
    uint32_t table_count;
    period_table *tables;
    int64_t period_span; /* period keys of a subject */
    fast_type types[TALLY_EVENT_TYPES_MAX];
    simple_type simple[TALLY_EVENT_TYPES_MAX];
};

#endif
