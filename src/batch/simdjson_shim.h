/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_SIMDJSON_SHIM_H
#define TALLY_BATCH_SIMDJSON_SHIM_H

/* The first stage of simdjson behind a C interface: where the tokens of a JSON
 * text begin. Nothing but that is taken from the library: what the tokens mean,
 * and whether they follow one another as RFC 8259 wants, is decided in json.c,
 * so that a number stays the text it is and never becomes a floating-point one.
 *
 * No exception leaves simdjson_shim.cpp, and it needs no C++ runtime beyond the
 * one that libsimdjson.so itself is linked with. The library allocates by
 * itself, out of reach of util/alloc.h, once in tally_simdjson_new(). */

#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tally_simdjson tally_simdjson;

/* An indexer of texts up to bytes_max bytes, at most 16 MiB: it takes 4 bytes of
 * address space for each. TALLY_E_NOMEM: allocation failed. */
TALLY_MUST_CHECK tally_rc tally_simdjson_new(tally_simdjson **out_simdjson, size_t bytes_max,
                                             tally_err *err);

/* Find the tokens: each of {}[]:, outside strings, the opening quote of each
 * string, and the first byte of whatever else stands there, white space apart.
 * The text is then valid UTF-8, each string is closed and holds no control
 * character; more is not said. Reads only the bytes given.
 *
 * out_offsets  ascending; valid until the next call
 * Returns NULL, or what is wrong with the text. */
TALLY_MUST_CHECK const char *tally_simdjson_index(tally_simdjson *simdjson,
                                                  const uint32_t **out_offsets, uint32_t *out_count,
                                                  const char *bytes, size_t count);

/* NULL is allowed. */
void tally_simdjson_free(tally_simdjson *simdjson);

#ifdef __cplusplus
}
#endif

#endif
