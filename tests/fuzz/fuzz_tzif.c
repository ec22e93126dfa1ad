/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a time zone file: an error or a table in order, on which the
 * start of a day and the day of that instant agree. */

#include "fuzz.h"
#include "util/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_arena *arena = tally_arena_new(1 << 20);
    tally_err err = TALLY_ERR_INIT;
    uint32_t hint = 0;
    tally_zone zone;
    tally_rc rc;

    TALLY_ASSERT(arena != NULL);
    rc = tally_zone_parse(&zone, arena, bytes, count, &err);
    TALLY_ASSERT(err.rc == rc && (rc == TALLY_OK) == (err.message[0] == '\0'));
    if (rc != TALLY_OK) {
        tally_arena_free(arena);
        return 0;
    }
    TALLY_ASSERT(zone.count >= 1 && zone.transitions[0].utc_ms == INT64_MIN);
    for (uint32_t i = 1; i < zone.count; i++) {
        const tally_zone_transition *entry = &zone.transitions[i];
        int32_t day = tally_zone_day(&zone, entry->utc_ms);
        int64_t start_ms = tally_zone_day_start(&zone, day);

        TALLY_ASSERT(entry->utc_ms > entry[-1].utc_ms);
        TALLY_ASSERT(entry->offset_s != entry[-1].offset_s);
        TALLY_ASSERT(tally_zone_offset(&zone, entry->utc_ms - 1) == entry[-1].offset_s);
        TALLY_ASSERT(tally_zone_offset_hinted(&zone, entry->utc_ms, &hint) == entry->offset_s);
        TALLY_ASSERT(start_ms <= entry->utc_ms);
        TALLY_ASSERT(tally_zone_day(&zone, start_ms) >= day);
        TALLY_ASSERT(tally_zone_day(&zone, start_ms - 1) < day);
    }
    tally_arena_free(arena);
    return 0;
}
