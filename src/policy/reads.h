/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_READS_H
#define TALLY_POLICY_READS_H

/* The `reads` section (docs/policy-language.md 13): how files become events and questions. */

#include "policy/program.h"

typedef enum tally_date_format {
    TALLY_DATE_RFC3339,   /* YYYY-MM-DD or RFC 3339 */
    TALLY_DATE_COMPACT,   /* YYYYMMDD */
    TALLY_DATE_DAY_FIRST, /* DD/MM/YYYY */
    TALLY_DATE_UNIX_SECONDS,
    TALLY_DATE_UNIX_MILLISECONDS,
} tally_date_format;

/* `A + B` or `COLUMN from FILE by COLUMN`: values of several columns are joined with "/". */
typedef struct tally_column {
    uint32_t part_count; /* 0: not given */
    const tally_text *parts;
    tally_text look_up_file,
        look_up_key; /* empty: no look-up; key: the column (same name in both files) */
    tally_span span;
} tally_column;

typedef struct tally_value_map {
    uint32_t count;
    const tally_text *from, *to;
} tally_value_map;

typedef struct tally_read_field {
    tally_text field;
    tally_column column;
    tally_value_map as;
} tally_read_field;

typedef struct tally_row_filter {
    tally_text column;
    bool is_not;
    tally_text value;
} tally_row_filter;

typedef struct tally_read {
    tally_text file;           /* base name */
    tally_text event;          /* constant event type, or empty */
    tally_column event_column; /* when event is empty and the entry makes events */
    tally_value_map event_as;
    tally_column subject, id, at, recorded, as_of;
    tally_date_format dates;
    uint32_t filter_count;
    const tally_row_filter *filters;
    uint32_t column_count;
    const tally_text *columns; /* names for a file without a header */
    uint32_t field_count;
    const tally_read_field *fields;
    tally_text
        expect_result; /* score, tier, grade or a reported name; empty: nothing is compared */
    tally_text expect_column;
    tally_text expect_called; /* default "published results" */
    tally_span span;
} tally_read;

struct tally_reads {
    uint32_t count;
    const tally_read *reads;
};

#endif
