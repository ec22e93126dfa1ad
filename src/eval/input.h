/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_INPUT_H
#define TALLY_EVAL_INPUT_H

/* Bytes of a file, of standard input or of memory, decompressed when they are
 * gzip (RFC 1952), which the first two bytes tell. Several gzip members after
 * one another read as one text. One thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/base.h"

typedef struct tally_input tally_input;

/* Open a file; "-" is standard input.
 *
 * out_input  closed with tally_input_close().
 *
 * TALLY_E_IO     it cannot be opened, or is a directory
 * TALLY_E_NOMEM  allocation failed */
TALLY_MUST_CHECK tally_rc tally_input_open(tally_input **out_input, const char *path,
                                           tally_err *err);

/* Read from memory, which must outlive the input, at most chunk_bytes at a
 * time (0: no limit): how tests cut a text at every place. */
TALLY_MUST_CHECK tally_rc tally_input_open_memory(tally_input **out_input, const void *bytes,
                                                  size_t count, size_t chunk_bytes, tally_err *err);

/* Read up to room_bytes (at least 1) into room; *out_count is 0 only at the end.
 *
 * TALLY_E_IO       the system refused
 * TALLY_E_INVALID  the gzip data is damaged, or ends too early */
TALLY_MUST_CHECK tally_rc tally_input_read(tally_input *input, char *room, size_t room_bytes,
                                           size_t *out_count, tally_err *err);

/* Does the text begin with this byte? Nothing is taken. Errors as for
 * tally_input_read(); only before the first read. */
TALLY_MUST_CHECK tally_rc tally_input_begins_with(tally_input *input, char byte, bool *out_begins,
                                                  tally_err *err);

/* Bytes of the file taken so far (before decompression) and its size; the size
 * is 0 when it cannot be known. */
uint64_t tally_input_position(const tally_input *input);
uint64_t tally_input_size(const tally_input *input);

/* Can the same bytes be had again by opening the same path? */
bool tally_input_is_rereadable(const tally_input *input);

/* NULL is allowed. */
void tally_input_close(tally_input *input);

#endif
