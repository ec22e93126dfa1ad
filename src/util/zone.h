/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_ZONE_H
#define TALLY_UTIL_ZONE_H

/* Time zones as tables of offsets, made from the bytes of a TZif file.
 *
 * The table holds only changes of the offset from 1900 to 2100, so that two
 * editions or packings of tzdata that agree on those give equal tables. The
 * first entry's offset also serves all earlier instants and the last one's all
 * later instants. A table never changes; many threads may read it. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/arena.h"
#include "util/civil.h"

#define TALLY_ZONE_FILE_BYTES_MAX  ((size_t)256 << 10)
#define TALLY_ZONE_TRANSITIONS_MAX 4096
#define TALLY_ZONE_OFFSET_S_MAX    93599    /* RFC 8536, 3.2: offsets are below 26 h, ... */
#define TALLY_ZONE_OFFSET_S_MIN    (-89999) /* ... and above -25 h */

typedef struct tally_zone_transition {
    int64_t utc_ms;   /* the offset holds from here to the next entry; INT64_MIN in the first */
    int32_t offset_s; /* east of UTC; differs from the entry before */
} tally_zone_transition;

typedef struct tally_zone {
    const tally_zone_transition *transitions; /* ascending */
    uint32_t count;                           /* at least 1 */
} tally_zone;

/* UTC itself; needs no arena. */
extern const tally_zone tally_zone_utc;

/* Read the content of a TZif file (RFC 8536, version 2 or later, with the rule
 * in its footer applied up to 2100).
 *
 * out_zone  its table lives in the arena.
 *
 * TALLY_E_INVALID  not such a file, or one that counts leap seconds
 * TALLY_E_LIMIT    larger than the bounds above, or than the arena
 * TALLY_E_NOMEM    allocation failed */
TALLY_MUST_CHECK tally_rc tally_zone_parse(tally_zone *out_zone, tally_arena *arena,
                                           const uint8_t *bytes, size_t count, tally_err *err);

/* A zone with one offset for ever; errors as above, INVALID for an offset
 * outside the bounds. */
TALLY_MUST_CHECK tally_rc tally_zone_fixed(tally_zone *out_zone, tally_arena *arena,
                                           int32_t offset_s, tally_err *err);

/* The index of the entry that holds at an instant. */
uint32_t tally_zone_index(const tally_zone *zone, int64_t utc_ms);

/* Seconds east of UTC at an instant. */
static inline int32_t tally_zone_offset(const tally_zone *zone, int64_t utc_ms)
{
    return zone->transitions[tally_zone_index(zone, utc_ms)].offset_s;
}

/* The same for instants that mostly increase: *hint, 0 at the start, remembers
 * the entry, and an instant in it or in the next one costs no search. */
static inline int32_t tally_zone_offset_hinted(const tally_zone *zone, int64_t utc_ms,
                                               uint32_t *hint)
{
    const tally_zone_transition *entries = zone->transitions;
    uint32_t last = zone->count - 1;
    uint32_t at = *hint <= last ? *hint : last;

    if (TALLY_UNLIKELY(utc_ms < entries[at].utc_ms ||
                       (at < last && utc_ms >= entries[at + 1].utc_ms))) {
        bool is_next = at < last && utc_ms >= entries[at + 1].utc_ms &&
                       (at + 1 == last || utc_ms < entries[at + 2].utc_ms);

        at = is_next ? at + 1 : tally_zone_index(zone, utc_ms);
        *hint = at;
    }
    return entries[at].offset_s;
}

/* The local day of an instant. */
static inline int32_t tally_zone_day(const tally_zone *zone, int64_t utc_ms)
{
    return tally_day_of_ms(utc_ms, tally_zone_offset(zone, utc_ms));
}

/* The instant of a local time: the first at which the clocks show it or later.
 * So in a gap, where they skipped it, the first instant after the gap; in an
 * overlap, where it came twice, the earlier. */
int64_t tally_zone_instant(const tally_zone *zone, int32_t day, int32_t ms_of_day);

/* The first instant of a local day; for a day that a zone skipped, the first
 * instant of the next one. */
static inline int64_t tally_zone_day_start(const tally_zone *zone, int32_t day)
{
    return tally_zone_instant(zone, day, 0);
}

/* The last millisecond of a local day: what a date means as an as-of. */
static inline int64_t tally_zone_day_end(const tally_zone *zone, int32_t day)
{
    return tally_zone_instant(zone, day + 1, 0) - 1;
}

/* The instant of a moment that was read: by its own offset when it has one,
 * else as local time in the zone. A date alone gives the start of the day. */
static inline int64_t tally_zone_moment_ms(const tally_zone *zone, tally_moment moment)
{
    return moment.has_offset ? tally_moment_ms(moment, 0)
                             : tally_zone_instant(zone, moment.day, moment.ms_of_day);
}

#endif
