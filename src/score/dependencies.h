/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_DEPENDENCIES_H
#define TALLY_SCORE_DEPENDENCIES_H

/* Through which windows, clocks and durations a policy's questions look at
 * time: read once from the compiled rules, turned into instants by changes.c. */

#include "score/context.h"

/* A set that looks through a window. */
typedef struct tally_window_use {
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64];
    const tally_window *window;
    uint32_t version;
} tally_window_use;

#define TALLY_SHIFTS_MAX 64u
#define TALLY_WINDOW_SIZES_MAX 64u

typedef struct tally_dependencies {
    tally_arena *arena;
    const struct tally_policy *policy;
    uint32_t use_count, use_room;
    tally_window_use *uses;
    /* `throughout` repeats every change this much later; [0] is 0. */
    uint32_t shift_count;
    int64_t shifts[TALLY_SHIFTS_MAX];
    /* Durations that stand in rules which read `now`. */
    uint32_t clock_count;
    int64_t clocks_ms[TALLY_SHIFTS_MAX];
    uint8_t units;     /* bit per tally_unit: something changes with each such period */
    bool reads_now;    /* `now` */
    bool is_over_full; /* more distinct shifts or durations than there is room for */
    bool is_short_of_memory;
    const tally_expr **visited_lets; /* of all versions */
    uint32_t visited_count, visited_room;
    uint32_t version;  /* while reading */
} tally_dependencies;

TALLY_MUST_CHECK tally_rc tally_dependencies_read(tally_dependencies *out_dependencies,
                                                  const struct tally_policy *policy,
                                                  tally_arena *arena, tally_err *err);

/* The sizes that a window's N may have, ascending order not promised; 0 when
 * they cannot be listed. */
uint32_t tally_window_sizes(const struct tally_policy *policy, uint32_t version,
                            const tally_window *window,
                            int64_t out_sizes[static TALLY_WINDOW_SIZES_MAX]);

/* The event types that an EVENT expression may give. */
void tally_reference_types(const struct tally_policy *policy, uint32_t version,
                           const tally_expr *expr,
                           uint64_t out_types[static TALLY_EVENT_TYPES_MAX / 64]);

static inline bool tally_types_has(const uint64_t *types, uint32_t type)
{
    return (types[type / 64] >> (type % 64) & 1) != 0;
}

#endif
