/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_RANDOM_H
#define TALLY_CRYPTO_RANDOM_H

/* Randomness, passed in. What needs random bytes takes a tally_random, so that a
 * test can give it a seeded one; no seeded one is linked into what we release. */

#include <stddef.h>
#include "tally/base.h"

typedef struct tally_random {
    void *context;
    /* Write that many random bytes. On failure out is all zero; err may be NULL. */
    tally_rc (*fill)(void *context, void *out, size_t bytes, tally_err *err);
} tally_random;

/* The operating system's generator: getrandom(2), which waits until the kernel is
 * seeded. Small draws come from a stock of 1 KB a thread, of which each byte is
 * handed out once and wiped; a forked child throws its copy of the stock away. (A
 * process made by clone(2) without the C library must not draw before exec.)
 * For all threads at once. The only failure is TALLY_E_IO, the system refused. */
const tally_random *tally_random_system(void);

/* Draw from a source. */
TALLY_MUST_CHECK static inline tally_rc tally_random_fill(const tally_random *source, void *out,
                                                          size_t bytes, tally_err *err)
{
    return source->fill(source->context, out, bytes, err);
}

#endif
