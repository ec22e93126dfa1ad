/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation with a switch that fails the Nth, for tests. */

#include <stdbool.h>
#include <stdlib.h>

#include "util/alloc.h"
#include "util/checked.h"

/* Per thread, so that a test that fails allocations disturbs no other. */
static _Thread_local bool is_armed;
static _Thread_local uint32_t countdown;

static bool must_fail(void)
{
    if (TALLY_LIKELY(!is_armed))
        return false;
    if (countdown > 0) {
        countdown--;
        return false;
    }
    is_armed = false;
    return true;
}

void *tally_alloc(size_t bytes)
{
    return must_fail() ? NULL : malloc(bytes > 0 ? bytes : 1);
}

void *tally_alloc_zeroed(size_t bytes)
{
    return must_fail() ? NULL : calloc(1, bytes > 0 ? bytes : 1);
}

void *tally_alloc_array(size_t count, size_t item_bytes)
{
    size_t bytes;

    if (!tally_mul_size(count, item_bytes, &bytes))
        return NULL;
    return tally_alloc(bytes);
}

void *tally_realloc(void *block, size_t bytes)
{
    return must_fail() ? NULL : realloc(block, bytes > 0 ? bytes : 1);
}

void *tally_realloc_array(void *block, size_t count, size_t item_bytes)
{
    size_t bytes;

    if (!tally_mul_size(count, item_bytes, &bytes))
        return NULL;
    return tally_realloc(block, bytes);
}

void tally_release(void *block)
{
    free(block);
}

void tally_alloc_fail_at(uint32_t nth)
{
    is_armed = true;
    countdown = nth;
}

void tally_alloc_fail_never(void)
{
    is_armed = false;
}
