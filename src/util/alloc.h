/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_ALLOC_H
#define TALLY_UTIL_ALLOC_H

/* The only way the project allocates, so that a test can fail any allocation.
 *
 * What is returned is aligned for every type and released with
 * tally_release(). Safe to call from many threads. */

#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

/* bytes uninitialised bytes, or NULL. Zero bytes give a pointer to release. */
TALLY_MUST_CHECK void *tally_alloc(size_t bytes);

/* The same, all zero. */
TALLY_MUST_CHECK void *tally_alloc_zeroed(size_t bytes);

/* count items of item_bytes each, uninitialised; NULL also when the product
 * does not fit. */
TALLY_MUST_CHECK void *tally_alloc_array(size_t count, size_t item_bytes);

/* Change the size, keeping the content. block may be NULL. On failure NULL is
 * returned and block is still the caller's, unchanged. */
TALLY_MUST_CHECK void *tally_realloc(void *block, size_t bytes);

/* tally_realloc() for count items of item_bytes each. */
TALLY_MUST_CHECK void *tally_realloc_array(void *block, size_t count, size_t item_bytes);

/* Release what one of the above returned. NULL is allowed. */
void tally_release(void *block);

/* For tests: make the allocation with index nth (0 is the next) in this thread
 * fail, and every later one succeed. */
void tally_alloc_fail_at(uint32_t nth);

/* For tests: let every allocation in this thread succeed again. */
void tally_alloc_fail_never(void);

#endif
