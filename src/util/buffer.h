/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_BUFFER_H
#define TALLY_UTIL_BUFFER_H

/* A growable run of bytes with a maximum.
 *
 * Appending never needs a check in between: the first failure frees the bytes
 * and sticks, later appends do nothing and return the same code. Check the last
 * one, or tally_buffer_failure(). One thread at a time. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "tally/base.h"
#include "util/text.h"

typedef struct tally_buffer {
    char *bytes; /* NULL while empty; otherwise a NUL stands at bytes[count] */
    size_t count;
    size_t room;
    size_t bytes_max;
    tally_rc failure;
} tally_buffer;

/* Start an empty buffer that holds bytes_max bytes at most. Allocates nothing. */
void tally_buffer_init(tally_buffer *buffer, size_t bytes_max);

/* Append. Each returns TALLY_OK, TALLY_E_LIMIT when the maximum would be
 * exceeded, or TALLY_E_NOMEM. */
tally_rc tally_buffer_append(tally_buffer *buffer, const void *bytes, size_t count);
tally_rc tally_buffer_append_text(tally_buffer *buffer, tally_text text);
tally_rc tally_buffer_append_string(tally_buffer *buffer, const char *string);
/* Each byte that is no part of a visible character (util/text.h) as a dot. */
tally_rc tally_buffer_append_visible(tally_buffer *buffer, tally_text text);
tally_rc tally_buffer_append_byte(tally_buffer *buffer, char byte);
tally_rc tally_buffer_append_repeated(tally_buffer *buffer, char byte, size_t count);
tally_rc tally_buffer_printf(tally_buffer *buffer, const char *format, ...) TALLY_PRINTF(2, 3);
tally_rc tally_buffer_vprintf(tally_buffer *buffer, const char *format, va_list arguments)
    TALLY_PRINTF(2, 0);

/* The failure that stuck, or TALLY_OK. */
tally_rc tally_buffer_failure(const tally_buffer *buffer);

/* What was appended, valid until the next append. Empty after a failure. */
tally_text tally_buffer_text(const tally_buffer *buffer);

/* The same as a NUL-terminated string, "" when empty. */
const char *tally_buffer_string(const tally_buffer *buffer);

/* Forget the content and the failure, keep the room. */
void tally_buffer_reset(tally_buffer *buffer);

/* Keep only the first count bytes; count must not exceed buffer->count. */
void tally_buffer_truncate(tally_buffer *buffer, size_t count);

/* Release the bytes; the buffer is then as after tally_buffer_init(). A buffer
 * that is all zero is allowed. */
void tally_buffer_free(tally_buffer *buffer);

#endif
