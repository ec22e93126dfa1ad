/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_FUZZ_H
#define TALLY_TESTS_FUZZ_H

/* A fuzz target: fuzz_NAME.c defines this function, corpus/NAME/ has its seeds,
 * NAME.dict, if present, its dictionary. It returns 0 and aborts when what it
 * checks does not hold. `./dev fuzz` runs it under libFuzzer, `./dev test` over
 * the seeds alone. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
