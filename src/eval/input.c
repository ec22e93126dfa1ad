/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in, decompressed when needed.
 *
 * A plain file is read straight into the caller's room; only gzip passes
 * through a buffer of ours. The first bytes are looked at to choose. */

#include "eval/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "util/alloc.h"

#define PACKED_BYTES     ((size_t)128 << 10)
#define GZIP_WINDOW_BITS (15 + 16) /* the largest window, gzip framing only */

struct tally_input {
    int file; /* -1: memory */
    bool owns_file;
    bool is_rereadable;
    bool has_looked; /* at the first bytes */
    bool is_gzip;
    bool has_stream; /* inflateInit2() succeeded */
    bool in_member;  /* a gzip member has begun and not ended */
    bool at_end;     /* the source has no more bytes */
    const char *memory;
    size_t memory_count, memory_at, chunk_bytes;
    uint64_t position, size;
    char *packed; /* bytes read and not yet handed out or inflated */
    size_t packed_at, packed_count;
    bool has_peeked; /* the first byte was inflated to look at it */
    char peeked;
    z_stream stream;
};

static tally_rc start(tally_input **out_input, tally_err *err)
{
    tally_input *input = tally_alloc_zeroed(sizeof(*input));

    if (input != NULL)
        input->packed = tally_alloc(PACKED_BYTES);
    if (input == NULL || input->packed == NULL) {
        tally_release(input);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a file");
    }
    input->file = -1;
    *out_input = input;
    return TALLY_OK;
}

tally_rc tally_input_open(tally_input **out_input, const char *path, tally_err *err)
{
    tally_input *input = NULL;
    struct stat status;
    tally_rc rc = start(&input, err);

    if (rc != TALLY_OK)
        return rc;
    if (strcmp(path, "-") == 0) {
        input->file = STDIN_FILENO;
    } else {
        input->file = open(path, O_RDONLY | O_CLOEXEC);
        input->owns_file = true;
    }
    if (input->file < 0 || fstat(input->file, &status) != 0) {
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s: %s", path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s: is a directory", path);
    } else if (S_ISREG(status.st_mode)) {
        input->size = status.st_size > 0 ? (uint64_t)status.st_size : 0;
        input->is_rereadable = input->owns_file;
    }
    if (rc != TALLY_OK) {
        tally_input_close(input);
        return rc;
    }
    *out_input = input;
    return TALLY_OK;
}

tally_rc tally_input_open_memory(tally_input **out_input, const void *bytes, size_t count,
                                 size_t chunk_bytes, tally_err *err)
{
    tally_input *input = NULL;
    tally_rc rc = start(&input, err);

    if (rc != TALLY_OK)
        return rc;
    input->memory = bytes;
    input->memory_count = count;
    input->chunk_bytes = chunk_bytes;
    input->size = count;
    *out_input = input;
    return TALLY_OK;
}

static tally_rc read_raw(tally_input *input, char *room, size_t room_bytes, size_t *out_count,
                         tally_err *err)
{
    size_t count;
    ssize_t got;

    if (input->file < 0) {
        count = input->memory_count - input->memory_at;
        if (count > room_bytes)
            count = room_bytes;
        if (input->chunk_bytes != 0 && count > input->chunk_bytes)
            count = input->chunk_bytes;
        if (count != 0)
            memcpy(room, input->memory + input->memory_at, count);
        input->memory_at += count;
    } else {
        do {
            got = read(input->file, room, room_bytes);
        } while (got < 0 && errno == EINTR);
        if (got < 0)
            return tally_err_set(err, TALLY_E_IO, 0, "cannot read: %s", strerror(errno));
        count = (size_t)got;
    }
    input->at_end = count == 0;
    input->position += count;
    *out_count = count;
    return TALLY_OK;
}

/* Read until the two bytes that tell gzip are here, or the end. */
static tally_rc look(tally_input *input, tally_err *err)
{
    while (input->packed_count < 2 && !input->at_end) {
        size_t count = 0;
        tally_rc rc = read_raw(input, input->packed + input->packed_count,
                               PACKED_BYTES - input->packed_count, &count, err);

        if (rc != TALLY_OK)
            return rc;
        input->packed_count += count;
    }
    input->is_gzip = input->packed_count >= 2 && (unsigned char)input->packed[0] == 0x1f &&
                     (unsigned char)input->packed[1] == 0x8b;
    if (input->is_gzip && inflateInit2(&input->stream, GZIP_WINDOW_BITS) != Z_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "starting to decompress");
    input->has_stream = input->is_gzip;
    input->in_member = input->is_gzip;
    input->has_looked = true;
    return TALLY_OK;
}

/* Make sure that packed bytes are there, or at_end is set. */
static tally_rc refill(tally_input *input, tally_err *err)
{
    size_t count = 0;
    tally_rc rc;

    if (input->packed_at < input->packed_count || input->at_end)
        return TALLY_OK;
    rc = read_raw(input, input->packed, PACKED_BYTES, &count, err);
    input->packed_at = 0;
    input->packed_count = rc == TALLY_OK ? count : 0;
    return rc;
}

/* Another member may follow the one that ended; anything else may not. */
static tally_rc begin_next_member(tally_input *input, tally_err *err)
{
    if (input->packed_at == input->packed_count)
        return TALLY_OK; /* the end */
    if ((unsigned char)input->packed[input->packed_at] != 0x1f)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "bytes that are not gzip follow the gzip data");
    if (inflateReset(&input->stream) != Z_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "decompressing");
    input->in_member = true;
    return TALLY_OK;
}

static tally_rc inflate_some(tally_input *input, char *room, size_t room_bytes, size_t *out_count,
                             tally_err *err)
{
    size_t made = 0;

    while (made == 0) {
        tally_rc rc = refill(input, err);
        size_t packed;
        int result;

        if (rc == TALLY_OK && !input->in_member)
            rc = begin_next_member(input, err);
        if (rc != TALLY_OK)
            return rc;
        packed = input->packed_count - input->packed_at;
        if (packed == 0) {
            if (input->in_member)
                return tally_err_set(err, TALLY_E_INVALID, 0, "the gzip data ends too early");
            break;
        }
        input->stream.next_in = (Bytef *)(input->packed + input->packed_at);
        input->stream.avail_in = (uInt)packed;
        input->stream.next_out = (Bytef *)room;
        input->stream.avail_out = room_bytes > UINT32_MAX ? UINT32_MAX : (uInt)room_bytes;
        made = input->stream.avail_out;
        result = inflate(&input->stream, Z_NO_FLUSH);
        made -= input->stream.avail_out;
        input->packed_at += packed - input->stream.avail_in;
        if (result == Z_STREAM_END)
            input->in_member = false;
        else if (result == Z_MEM_ERROR)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "decompressing");
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return tally_err_set(err, TALLY_E_INVALID, 0, "the gzip data is damaged: %s",
                                 input->stream.msg != NULL ? input->stream.msg : "no reason given");
    }
    *out_count = made;
    return TALLY_OK;
}

tally_rc tally_input_read(tally_input *input, char *room, size_t room_bytes, size_t *out_count,
                          tally_err *err)
{
    tally_rc rc = TALLY_OK;
    size_t count;

    TALLY_ASSERT(room_bytes != 0);
    if (!input->has_looked)
        rc = look(input, err);
    if (rc != TALLY_OK)
        return rc;
    if (input->has_peeked) {
        *room = input->peeked;
        *out_count = 1;
        input->has_peeked = false;
        return TALLY_OK;
    }
    if (input->is_gzip)
        return inflate_some(input, room, room_bytes, out_count, err);
    count = input->packed_count - input->packed_at;
    if (count == 0) {
        *out_count = 0;
        return input->at_end ? TALLY_OK : read_raw(input, room, room_bytes, out_count, err);
    }
    if (count > room_bytes)
        count = room_bytes;
    memcpy(room, input->packed + input->packed_at, count);
    input->packed_at += count;
    *out_count = count;
    return TALLY_OK;
}

tally_rc tally_input_begins_with(tally_input *input, char byte, bool *out_begins, tally_err *err)
{
    size_t count = 0;
    tally_rc rc = tally_input_read(input, &input->peeked, 1, &count, err);

    if (rc != TALLY_OK)
        return rc;
    input->has_peeked = count == 1;
    *out_begins = input->has_peeked && input->peeked == byte;
    return TALLY_OK;
}

uint64_t tally_input_position(const tally_input *input)
{
    return input->position;
}

uint64_t tally_input_size(const tally_input *input)
{
    return input->size;
}

bool tally_input_is_rereadable(const tally_input *input)
{
    return input->is_rereadable;
}

void tally_input_close(tally_input *input)
{
    if (input == NULL)
        return;
    if (input->has_stream)
        (void)inflateEnd(&input->stream);
    if (input->owns_file && input->file >= 0)
        (void)close(input->file);
    tally_release(input->packed);
    tally_release(input);
}
