/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_RANDOM_H
#define TALLY_TESTS_RANDOM_H

/* Random numbers for property tests. The seed is printed, and TALLY_SEED in the
 * environment sets it, so that any run can be had again. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t random_state;

static inline void random_begin(const char *name)
{
    const char *given = getenv("TALLY_SEED");

    random_state = given != NULL ? strtoull(given, NULL, 10) : UINT64_C(20261121);
    printf("%s: TALLY_SEED=%" PRIu64 "\n", name, random_state);
}

/* Sebastiano Vigna's splitmix64. */
static inline uint64_t random_u64(void)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* From 0 up to, not including, bound. */
static inline uint64_t random_below(uint64_t bound)
{
    return random_u64() % bound;
}

/* From min to max, both included; they must not span all of int64. */
static inline int64_t random_between(int64_t min, int64_t max)
{
    return (int64_t)((uint64_t)min + random_below((uint64_t)max - (uint64_t)min + 1));
}

/* Any int64, often near 0 or an end of the range. */
static inline int64_t random_i64(void)
{
    switch (random_below(6)) {
    case 0:
        return random_between(-20, 20);
    case 1:
        return INT64_MAX - random_between(0, 20);
    case 2:
        return INT64_MIN + random_between(0, 20);
    case 3:
        return random_between(-1000000, 1000000);
    default:
        /* Each size is as likely as any other. */
        return (int64_t)random_u64() >> random_below(64);
    }
}

#endif
