/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets at instants, and instants of local times. */

#include "util/zone.h"

static const tally_zone_transition utc_only[] = { { INT64_MIN, 0 } };

const tally_zone tally_zone_utc = { utc_only, 1 };

tally_rc tally_zone_fixed(tally_zone *out_zone, tally_arena *arena, int32_t offset_s,
                          tally_err *err)
{
    tally_zone_transition *only;

    if (offset_s < TALLY_ZONE_OFFSET_S_MIN || offset_s > TALLY_ZONE_OFFSET_S_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no zone is %d seconds from UTC",
                             (int)offset_s);
    only = tally_arena_alloc(arena, sizeof(*only));
    if (only == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "keeping a zone");
    *only = (tally_zone_transition){ INT64_MIN, offset_s };
    *out_zone = (tally_zone){ only, 1 };
    return TALLY_OK;
}

uint32_t tally_zone_index(const tally_zone *zone, int64_t utc_ms)
{
    uint32_t low = 0;
    uint32_t high = zone->count;

    /* The entry sought is in [low, high); the first one begins at INT64_MIN. */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (zone->transitions[middle].utc_ms <= utc_ms)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t tally_zone_instant(const tally_zone *zone, int32_t day, int32_t ms_of_day)
{
    const tally_zone_transition *entries = zone->transitions;
    int64_t local_ms = day * TALLY_DAY_MS + ms_of_day;
    /* No offset is greater, so no earlier entry can hold this local time. */
    uint32_t at = tally_zone_index(zone, local_ms - INT64_C(1000) * TALLY_ZONE_OFFSET_S_MAX);

    /* Entries are tried in order: the first that holds the local time gives the
     * earlier instant of an overlap. When one begins after the local time, and
     * none before held it, the clocks skipped it as that one began. */
    for (;; at++) {
        int64_t utc_ms = local_ms - INT64_C(1000) * entries[at].offset_s;

        if (utc_ms < entries[at].utc_ms)
            return entries[at].utc_ms;
        if (at + 1 == zone->count || utc_ms < entries[at + 1].utc_ms)
            return utc_ms;
    }
}
