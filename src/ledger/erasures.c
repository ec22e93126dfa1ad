/* SPDX-License-Identifier: Apache-2.0 */
/* The erasures file. A line is
 *
 *   <record number, 32 hexadecimal digits> SP <day> SP <check, 16 digits> LF
 *   check = first 8 bytes of SHA-256("tally/erasure/v1" || check before || number || day)
 *
 * with eight zero bytes before the first. */

#include "ledger/erasures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "util/alloc.h"
#include "util/buffer.h"
#include "util/civil.h"

#define RID_DIGITS   32
#define DAY_BYTES    10
#define CHECK_DIGITS 16
#define DAY_AT       (RID_DIGITS + 1)
#define CHECK_AT     (DAY_AT + DAY_BYTES + 1)
#define TAG_BYTES    16
#define READ_LINES   1024u

static const char hex_digits[] = "0123456789abcdef";

static void write_hex(char *out, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < 2 * count; i++)
        out[i] = hex_digits[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
}

static bool read_hex(uint8_t *out, size_t count, const char *digits)
{
    for (size_t i = 0; i < 2 * count; i++) {
        char digit = digits[i];
        uint8_t value;

        if (digit >= '0' && digit <= '9')
            value = (uint8_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = (uint8_t)(digit - 'a' + 10);
        else
            return false;
        out[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 : out[i / 2] | value);
    }
    return true;
}

/* Write the line that follows after a place. */
static tally_rc make_line(char out[static TALLY_ERASURE_LINE_BYTES],
                          const tally_erasures_place *place, const uint8_t *rid, tally_text day,
                          uint8_t out_check[static TALLY_ERASURE_CHECK_BYTES])
{
    static const char tag[] = "tally/erasure/v1";
    uint8_t message[TAG_BYTES + TALLY_ERASURE_CHECK_BYTES + TALLY_ERASURE_RID_BYTES + DAY_BYTES];
    uint8_t digest[TALLY_HASH_BYTES];
    uint8_t *at = message;
    tally_rc rc;

    TALLY_ASSERT(day.count == DAY_BYTES);
    memcpy(at, tag, TAG_BYTES);
    memcpy(at + TAG_BYTES, place->check, TALLY_ERASURE_CHECK_BYTES);
    at += TAG_BYTES + TALLY_ERASURE_CHECK_BYTES;
    memcpy(at, rid, TALLY_ERASURE_RID_BYTES);
    memcpy(at + TALLY_ERASURE_RID_BYTES, day.bytes, DAY_BYTES);
    rc = tally_hash_sha256(digest, message, sizeof(message));
    memcpy(out_check, digest, TALLY_ERASURE_CHECK_BYTES);
    write_hex(out, rid, TALLY_ERASURE_RID_BYTES);
    out[RID_DIGITS] = ' ';
    memcpy(out + DAY_AT, day.bytes, DAY_BYTES);
    out[DAY_AT + DAY_BYTES] = ' ';
    write_hex(out + CHECK_AT, out_check, TALLY_ERASURE_CHECK_BYTES);
    out[TALLY_ERASURE_LINE_BYTES - 1] = '\n';
    return rc;
}

typedef struct line {
    uint8_t rid[TALLY_ERASURE_RID_BYTES];
    uint8_t check[TALLY_ERASURE_CHECK_BYTES];
    int32_t day;
} line;

/* *out_is_whole false: these bytes are no line that follows after the place. */
static tally_rc read_line(line *out, bool *out_is_whole, const tally_erasures_place *place,
                          const char *bytes, tally_err *err)
{
    tally_text day = tally_text_of(bytes + DAY_AT, DAY_BYTES);
    char again[TALLY_ERASURE_LINE_BYTES];
    tally_moment moment;

    *out_is_whole = false;
    if (!read_hex(out->rid, TALLY_ERASURE_RID_BYTES, bytes) ||
        tally_time_parse(&moment, day, TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        return TALLY_OK;
    out->day = moment.day;
    if (make_line(again, place, out->rid, day, out->check) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
    *out_is_whole = memcmp(again, bytes, sizeof(again)) == 0;
    return TALLY_OK;
}

tally_rc tally_erasures_parse(tally_erasures_place *place, tally_text bytes,
                              tally_erasures_visit visit, void *context, tally_err *err)
{
    for (size_t at = 0; bytes.count - at >= TALLY_ERASURE_LINE_BYTES;
         at += TALLY_ERASURE_LINE_BYTES) {
        bool is_whole;
        line read;
        tally_rc rc = read_line(&read, &is_whole, place, bytes.bytes + at, err);

        if (rc != TALLY_OK)
            return rc;
        if (!is_whole && bytes.count - at > TALLY_ERASURE_LINE_BYTES)
            return tally_err_set(err, TALLY_E_CORRUPT, (uint32_t)(place->count + 1),
                                 "the file of erasures was altered");
        if (!is_whole)
            return TALLY_OK;
        rc = visit != NULL ? visit(context, read.rid, read.day, err) : TALLY_OK;
        if (rc != TALLY_OK)
            return rc;
        memcpy(place->check, read.check, sizeof(place->check));
        place->count++;
    }
    return TALLY_OK;
}

/* ---- files ---- */

static tally_rc refused(tally_err *err, const char *path, const char *what)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* Read up to count bytes at an offset; short only at the end of the file. */
static bool read_at(int file, char *out, size_t count, uint64_t at, size_t *out_count)
{
    size_t have = 0;

    while (have < count) {
        ssize_t got = pread(file, out + have, count - have, (off_t)(at + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *out_count = have;
    return true;
}

/* Is the last line before the place in this file? */
static tally_rc check_place(int file, const char *path, const tally_erasures_place *place,
                            tally_err *err)
{
    char digits[CHECK_DIGITS], wanted[CHECK_DIGITS];
    size_t count = 0;

    if (place->count == 0)
        return TALLY_OK;
    if (place->count > (uint64_t)INT64_MAX / TALLY_ERASURE_LINE_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "more erasures than a file can hold");
    if (file >= 0 && !read_at(file, digits, sizeof(digits),
                              (place->count - 1) * TALLY_ERASURE_LINE_BYTES + CHECK_AT, &count))
        return refused(err, path, "read");
    write_hex(wanted, place->check, TALLY_ERASURE_CHECK_BYTES);
    if (count != sizeof(digits) || memcmp(digits, wanted, sizeof(digits)) != 0)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "%s is not the file of erasures that belongs to this ledger, or was "
                             "cut: nothing is opened before the right one is back",
                             path);
    return TALLY_OK;
}

static tally_rc read_rest(int file, const char *path, tally_erasures_place *place,
                          tally_erasures_visit visit, void *context, tally_err *err)
{
    const size_t room = (size_t)READ_LINES * TALLY_ERASURE_LINE_BYTES;
    char *bytes = tally_alloc(room);
    tally_rc rc = TALLY_OK;
    size_t count = room;

    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
    /* One whole line more than is parsed stays for the next round, so that only the last of the
     * file can be taken for an unfinished one. */
    while (rc == TALLY_OK && count == room) {
        uint64_t before = place->count;

        if (!read_at(file, bytes, room, place->count * TALLY_ERASURE_LINE_BYTES, &count))
            rc = refused(err, path, "read");
        else
            rc = tally_erasures_parse(
                place,
                tally_text_of(bytes, count == room ? count - TALLY_ERASURE_LINE_BYTES : count),
                visit, context, err);
        if (rc == TALLY_OK && count == room && place->count - before != READ_LINES - 1)
            rc = tally_err_set(err, TALLY_E_CORRUPT, (uint32_t)(place->count + 1),
                               "the file of erasures was altered");
    }
    tally_release(bytes);
    return rc;
}

tally_rc tally_erasures_read(const char *path, tally_erasures_place *place,
                             tally_erasures_visit visit, void *context, tally_err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    tally_rc rc;

    if (file < 0 && errno != ENOENT)
        return refused(err, path, "opened");
    rc = check_place(file, path, place, err);
    if (rc == TALLY_OK && file >= 0)
        rc = read_rest(file, path, place, visit, context, err);
    if (file >= 0)
        (void)close(file);
    return rc;
}

/* The name of a new file is durable when its folder is. */
static bool sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    tally_buffer folder;
    bool is_synced = false;
    int file;

    tally_buffer_init(&folder, (size_t)1 << 16);
    if (slash == NULL)
        (void)tally_buffer_append_string(&folder, ".");
    else
        (void)tally_buffer_append(&folder, path, slash == path ? 1 : (size_t)(slash - path));
    if (tally_buffer_failure(&folder) == TALLY_OK) {
        file = open(tally_buffer_string(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (file >= 0) {
            is_synced = fsync(file) == 0;
            (void)close(file);
        }
    } else {
        errno = ENOMEM;
    }
    tally_buffer_free(&folder);
    return is_synced;
}

static bool write_at(int file, const char *bytes, size_t count, uint64_t at)
{
    size_t done = 0;

    while (done < count) {
        ssize_t put = pwrite(file, bytes + done, count - done, (off_t)(at + done));

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

tally_rc tally_erasures_line(char out[static TALLY_ERASURE_LINE_BYTES], tally_erasures_place *place,
                             const uint8_t rid[static TALLY_ERASURE_RID_BYTES], int32_t day,
                             tally_err *err)
{
    uint8_t check[TALLY_ERASURE_CHECK_BYTES];
    char text[TALLY_DATE_TEXT_BYTES];

    if (make_line(out, place, rid, tally_day_format(text, day), check) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "writing an erasure");
    memcpy(place->check, check, sizeof(check));
    place->count++;
    return TALLY_OK;
}

static tally_rc append_line(int file, const char *path, tally_erasures_place *place,
                            const uint8_t *rid, int32_t day, tally_err *err)
{
    char bytes[TALLY_ERASURE_LINE_BYTES];
    bool is_first =
        place->count == 0; /* no line was acknowledged: nor is the file's name durable */
    tally_erasures_place after;
    uint64_t at;
    tally_rc rc = check_place(file, path, place, err);

    if (rc == TALLY_OK)
        rc = read_rest(file, path, place, NULL, NULL, err);
    after = *place;
    if (rc == TALLY_OK)
        rc = tally_erasures_line(bytes, &after, rid, day, err);
    if (rc != TALLY_OK)
        return rc;
    at = place->count * TALLY_ERASURE_LINE_BYTES;
    if (ftruncate(file, (off_t)at) != 0 || !write_at(file, bytes, sizeof(bytes), at) ||
        fsync(file) != 0 || (is_first && !sync_folder_of(path)))
        return refused(err, path, "written");
    *place = after;
    return TALLY_OK;
}

tally_rc tally_erasures_append(const char *path, tally_erasures_place *place,
                               const uint8_t rid[static TALLY_ERASURE_RID_BYTES], int32_t day,
                               tally_err *err)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    tally_rc rc;

    if (file < 0)
        return refused(err, path, "opened");
    rc = append_line(file, path, place, rid, day, err);
    if (close(file) != 0 && rc == TALLY_OK)
        rc = refused(err, path, "written");
    return rc;
}

tally_rc tally_erasures_create(const char *path, tally_err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    bool is_durable;

    if (file < 0 && errno == EEXIST)
        return TALLY_OK;
    if (file < 0)
        return refused(err, path, "made");
    is_durable = fsync(file) == 0;
    is_durable = close(file) == 0 && is_durable && sync_folder_of(path);
    return is_durable ? TALLY_OK : refused(err, path, "made");
}
