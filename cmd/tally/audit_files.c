/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the folder. Nothing but regular files is read, without waiting. */

#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)65536)

static tally_audit_read stop(tally_audit *audit, const char *path)
{
    tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be read: %s", path, strerror(errno));
    return TALLY_AUDIT_STOPPED;
}

/* O_NONBLOCK: a pipe that lies in the folder must not stop the audit. */
static tally_audit_read open_file(tally_audit *audit, int folder, const char *path, int *out_file)
{
    struct stat facts;
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return TALLY_AUDIT_MISSING;
    if (file < 0 && (errno == ENXIO || errno == ELOOP))
        return TALLY_AUDIT_ODD;
    if (file < 0)
        return stop(audit, path);
    if (fstat(file, &facts) != 0) {
        tally_audit_read answer = stop(audit, path);

        close(file);
        return answer;
    }
    if (!S_ISREG(facts.st_mode)) {
        close(file);
        return TALLY_AUDIT_ODD;
    }
    *out_file = file;
    return TALLY_AUDIT_READ;
}

/* Fill a chunk as far as the file goes; -1 on failure. */
static ssize_t read_chunk(int file, uint8_t *out, size_t count)
{
    size_t done = 0;

    while (done < count) {
        ssize_t now = read(file, out + done, count - done);

        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return -1;
        if (now == 0)
            break;
        done += (size_t)now;
    }
    return (ssize_t)done;
}

tally_audit_read tally_audit_stream_file(tally_audit *audit, int folder, const char *path,
                                         tally_audit_take take, void *context)
{
    uint8_t chunk[CHUNK_BYTES];
    int file;
    tally_audit_read answer = open_file(audit, folder, path, &file);
    ssize_t count = 0;

    if (answer != TALLY_AUDIT_READ)
        return answer;
    do {
        count = read_chunk(file, chunk, sizeof(chunk));
        if (count < 0)
            answer = stop(audit, path);
    } while (count > 0 && take(context, chunk, (size_t)count) && (size_t)count == sizeof(chunk));
    close(file);
    return answer;
}

static bool append_chunk(void *context, const uint8_t *bytes, size_t count)
{
    return tally_buffer_append(context, bytes, count) == TALLY_OK;
}

tally_audit_read tally_audit_read_file(tally_audit *audit, int folder, const char *path,
                                       tally_buffer *out)
{
    tally_audit_read answer;

    tally_buffer_reset(out);
    answer = tally_audit_stream_file(audit, folder, path, append_chunk, out);
    if (answer != TALLY_AUDIT_READ || tally_buffer_failure(out) == TALLY_OK)
        return answer;
    if (tally_buffer_failure(out) == TALLY_E_LIMIT)
        return TALLY_AUDIT_ODD;
    tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "memory is short");
    return TALLY_AUDIT_STOPPED;
}

bool tally_audit_read_tile(tally_audit *audit, const tally_tile *tile, uint32_t *out_width,
                           tally_buffer *out)
{
    tally_tile full = *tile;
    char path[TALLY_TILE_PATH_BYTES], full_path[TALLY_TILE_PATH_BYTES];
    tally_audit_read answer;

    *out_width = tile->width;
    (void)tally_tile_path(path, tile);
    answer = tally_audit_read_file(audit, audit->folder, path, out);
    if (answer == TALLY_AUDIT_MISSING && tile->width < TALLY_TILE_WIDTH) {
        full.width = TALLY_TILE_WIDTH;
        *out_width = full.width;
        (void)tally_tile_path(full_path, &full);
        answer = tally_audit_read_file(audit, audit->folder, full_path, out);
        if (answer == TALLY_AUDIT_READ)
            tally_audit_warn(audit, TALLY_AUDIT_FILES, "%s is gone; %s stands in for it", path,
                             full_path);
    }
    if (answer == TALLY_AUDIT_MISSING)
        tally_audit_fault(audit, TALLY_AUDIT_FILES, "%s is missing", path);
    if (answer == TALLY_AUDIT_ODD)
        tally_audit_fault(audit, TALLY_AUDIT_FILES, "%s is too long, or no file", path);
    return answer == TALLY_AUDIT_READ;
}
