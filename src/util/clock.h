/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_CLOCK_H
#define TALLY_UTIL_CLOCK_H

/* Where the time comes from. Only the program and the tests make clocks; everything
 * else is given one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tally_clock {
    int64_t (*now_ms)(void *context); /* since 1970 in UTC; NULL: fixed_ms */
    void *context;
    int64_t fixed_ms;
} tally_clock;

static inline int64_t tally_clock_now_ms(const tally_clock *clock)
{
    return clock->now_ms != NULL ? clock->now_ms(clock->context) : clock->fixed_ms;
}

static inline bool tally_clock_is_fixed(const tally_clock *clock)
{
    return clock->now_ms == NULL;
}

#endif
