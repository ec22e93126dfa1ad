/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_ZONE_RULE_H
#define TALLY_UTIL_ZONE_RULE_H

/* The rule in the footer of a TZif file: a POSIX TZ string with the extended
 * hours of RFC 8536, 3.3.1, such as "WET0WEST,M3.5.0/1,M10.5.0". */

#include <stdbool.h>
#include <stdint.h>
#include "util/text.h"

typedef enum tally_zone_rule_form {
    TALLY_ZONE_RULE_JULIAN,     /* Jn: day 1 to 365, never counting 29 February */
    TALLY_ZONE_RULE_ZERO_BASED, /* n: day 0 to 365 */
    TALLY_ZONE_RULE_MONTH       /* Mm.w.d: weekday d of week w of month m */
} tally_zone_rule_form;

typedef struct tally_zone_rule_date {
    tally_zone_rule_form form;
    int32_t month;  /* 1 to 12; only for TALLY_ZONE_RULE_MONTH */
    int32_t week;   /* 1 to 5, 5 being the last; likewise */
    int32_t day;    /* by form; for a month 0, Sunday, to 6 */
    int32_t time_s; /* local, after the start of the day; may be negative */
} tally_zone_rule_date;

typedef struct tally_zone_rule {
    int32_t standard_s; /* seconds east of UTC */
    int32_t daylight_s; /* this and the dates only with has_daylight */
    bool has_daylight;
    tally_zone_rule_date start;
    tally_zone_rule_date end;
} tally_zone_rule;

/* Read a whole rule; false, leaving out_rule alone, when it is none. */
bool tally_zone_rule_parse(tally_zone_rule *out_rule, tally_text text);

typedef struct tally_zone_rule_change {
    int64_t utc_s;
    int32_t offset_s; /* holds from utc_s on */
} tally_zone_rule_change;

/* The changes of a year with has_daylight: to daylight time, then back. */
void tally_zone_rule_year(tally_zone_rule_change out_changes[static 2], const tally_zone_rule *rule,
                          int32_t year);

#endif
