/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_CRED_RANDOM_SOURCE_H
#define TALLY_TESTS_UNIT_CRED_RANDOM_SOURCE_H

/* A seeded source of random bytes for tests of what takes a tally_random. */

#include "random.h"

#include "crypto/random.h"

static inline tally_rc random_source_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_u64();
    return TALLY_OK;
}

static const tally_random random_source = { NULL, random_source_fill };

#endif
