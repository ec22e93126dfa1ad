/* SPDX-License-Identifier: Apache-2.0 */
/* Growable buffer: doubles its room, up to its maximum. */

#include <stdarg.h>
#include <stdio.h>

#include "util/alloc.h"
#include "util/buffer.h"

#define ROOM_MIN ((size_t)64)

void tally_buffer_init(tally_buffer *buffer, size_t bytes_max)
{
    *buffer = (tally_buffer){ .bytes_max = bytes_max };
}

static tally_rc fail(tally_buffer *buffer, tally_rc rc)
{
    size_t bytes_max = buffer->bytes_max;

    tally_buffer_free(buffer);
    buffer->bytes_max = bytes_max;
    buffer->failure = rc;
    return rc;
}

/* Room for count more bytes and a NUL. */
static tally_rc reserve(tally_buffer *buffer, size_t count)
{
    size_t wanted;
    size_t room;
    char *grown;

    if (buffer->failure != TALLY_OK)
        return buffer->failure;
    if (count > buffer->bytes_max - buffer->count)
        return fail(buffer, TALLY_E_LIMIT);
    /* bytes_max itself may be SIZE_MAX: then the sum with the NUL must fit. */
    if (count >= SIZE_MAX - buffer->count)
        return fail(buffer, TALLY_E_LIMIT);
    wanted = buffer->count + count + 1;
    if (wanted <= buffer->room)
        return TALLY_OK;
    room = buffer->room > ROOM_MIN / 2 ? buffer->room : ROOM_MIN / 2;
    room = room <= SIZE_MAX / 2 ? room * 2 : wanted;
    if (room > buffer->bytes_max && buffer->bytes_max < SIZE_MAX)
        room = buffer->bytes_max + 1;
    if (room < wanted)
        room = wanted;
    grown = tally_realloc(buffer->bytes, room);
    if (grown == NULL)
        return fail(buffer, TALLY_E_NOMEM);
    buffer->bytes = grown;
    buffer->room = room;
    return TALLY_OK;
}

tally_rc tally_buffer_append(tally_buffer *buffer, const void *bytes, size_t count)
{
    tally_rc rc = reserve(buffer, count);

    if (rc != TALLY_OK)
        return rc;
    if (count > 0)
        memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
    buffer->bytes[buffer->count] = '\0';
    return TALLY_OK;
}

tally_rc tally_buffer_append_text(tally_buffer *buffer, tally_text text)
{
    return tally_buffer_append(buffer, text.bytes, text.count);
}

tally_rc tally_buffer_append_string(tally_buffer *buffer, const char *string)
{
    return tally_buffer_append(buffer, string, strlen(string));
}

tally_rc tally_buffer_append_visible(tally_buffer *buffer, tally_text text)
{
    for (size_t at = 0; at < text.count;) {
        size_t count = tally_text_visible_bytes(text, at);

        if (count == 0)
            (void)tally_buffer_append_byte(buffer, '.');
        else
            (void)tally_buffer_append(buffer, text.bytes + at, count);
        at += count > 0 ? count : 1;
    }
    return tally_buffer_failure(buffer);
}

tally_rc tally_buffer_append_byte(tally_buffer *buffer, char byte)
{
    return tally_buffer_append(buffer, &byte, 1);
}

tally_rc tally_buffer_append_repeated(tally_buffer *buffer, char byte, size_t count)
{
    tally_rc rc = reserve(buffer, count);

    if (rc != TALLY_OK)
        return rc;
    memset(buffer->bytes + buffer->count, byte, count);
    buffer->count += count;
    buffer->bytes[buffer->count] = '\0';
    return TALLY_OK;
}

tally_rc tally_buffer_vprintf(tally_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    int wanted;
    tally_rc rc;

    if (buffer->failure != TALLY_OK)
        return buffer->failure;
    va_copy(again, arguments);
    wanted = vsnprintf(NULL, 0, format, again);
    va_end(again);
    /* vsnprintf refuses only what it cannot count or convert. */
    rc = wanted < 0 ? fail(buffer, TALLY_E_LIMIT) : reserve(buffer, (size_t)wanted);
    if (rc == TALLY_OK) {
        (void)vsnprintf(buffer->bytes + buffer->count, (size_t)wanted + 1, format, arguments);
        buffer->count += (size_t)wanted;
    }
    return rc;
}

tally_rc tally_buffer_printf(tally_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    tally_rc rc;

    va_start(arguments, format);
    rc = tally_buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
    return rc;
}

tally_rc tally_buffer_failure(const tally_buffer *buffer)
{
    return buffer->failure;
}

tally_text tally_buffer_text(const tally_buffer *buffer)
{
    return tally_text_of(buffer->bytes, buffer->count);
}

const char *tally_buffer_string(const tally_buffer *buffer)
{
    return buffer->bytes != NULL ? buffer->bytes : "";
}

void tally_buffer_reset(tally_buffer *buffer)
{
    buffer->failure = TALLY_OK;
    tally_buffer_truncate(buffer, 0);
}

void tally_buffer_truncate(tally_buffer *buffer, size_t count)
{
    TALLY_ASSERT(count <= buffer->count);
    buffer->count = count;
    if (buffer->bytes != NULL)
        buffer->bytes[count] = '\0';
}

void tally_buffer_free(tally_buffer *buffer)
{
    tally_release(buffer->bytes);
    tally_buffer_init(buffer, buffer->bytes_max);
}
