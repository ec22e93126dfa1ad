/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a date or time in the format its first byte picks: what is read
 * can be written, and what was written reads as the same. */

#include "fuzz.h"
#include "util/civil.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char text[TALLY_INSTANT_TEXT_BYTES];
    tally_moment moment;
    tally_moment again;
    int64_t utc_ms;
    int32_t day;

    if (count == 0)
        return 0;
    if (tally_time_parse(&moment, tally_text_of((const char *)bytes + 1, count - 1),
                         (tally_time_format)(bytes[0] % (TALLY_TIME_UNIX_MS + 1)),
                         NULL) != TALLY_OK)
        return 0;
    TALLY_ASSERT(moment.day >= TALLY_DAY_MIN && moment.day <= TALLY_DAY_MAX);
    TALLY_ASSERT(moment.ms_of_day >= 0 && moment.ms_of_day < TALLY_DAY_MS);
    TALLY_ASSERT(moment.has_time || (!moment.has_offset && moment.ms_of_day == 0));
    TALLY_ASSERT(moment.has_offset || moment.offset_s == 0);
    utc_ms = tally_moment_ms(moment, 0);
    day = tally_day_of_ms(utc_ms, moment.offset_s);
    TALLY_ASSERT(day == moment.day);
    TALLY_ASSERT(tally_ms_of_day(utc_ms, moment.offset_s) == moment.ms_of_day);
    TALLY_ASSERT(tally_time_parse(&again, tally_instant_format(text, utc_ms, moment.offset_s),
                                  TALLY_TIME_RFC3339, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_moment_ms(again, 0) == utc_ms && again.day == day);
    TALLY_ASSERT(tally_time_parse(&again, tally_day_format(text, day), TALLY_TIME_RFC3339, NULL) ==
                 TALLY_OK);
    TALLY_ASSERT(again.day == day && !again.has_time);
    return 0;
}
