/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_JSON_SCAN_H
#define TALLY_EVAL_JSON_SCAN_H

/* Reading JSON (RFC 8259) in place, value by value. Each function returns NULL
 * or what is wrong, which stands at `at`. The bytes are valid UTF-8. */

#include "util/text.h"

#define TALLY_JSON_SCAN_DEPTH_MAX 32u

typedef struct tally_json_scan {
    char *start, *at, *end;
    char *counted; /* characters before here are in column_count */
    uint32_t column_count;
} tally_json_scan;

/* The column of `at`, from 1, in characters. Ask in ascending order. */
uint32_t tally_json_scan_column(tally_json_scan *scan);

void tally_json_scan_space(tally_json_scan *scan);

/* A member's name and its colon; at stands on the value afterwards. */
const char *tally_json_scan_name(tally_json_scan *scan, tally_text *out_name);

/* A value: the text of a string, nothing for null, the JSON of anything else. */
const char *tally_json_scan_value(tally_json_scan *scan, tally_text *out_value);

/* A comma, or the closing byte: has_more tells which. */
const char *tally_json_scan_separator(tally_json_scan *scan, char closing, bool *has_more);

#endif
