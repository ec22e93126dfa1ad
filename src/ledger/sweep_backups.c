/* SPDX-License-Identifier: Apache-2.0 */
/* Old backups. Only files of the names that `tally backup` gives are touched. */

#include "ledger/sweep_backups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/sweep.h"
#include "util/buffer.h"
#include "util/civil.h"

void tally_backup_name(char out[static TALLY_BACKUP_NAME_BYTES], int64_t made_ms)
{
    tally_date date = tally_date_from_day(tally_day_of_ms(made_ms, 0));
    int32_t seconds = tally_ms_of_day(made_ms, 0) / 1000;

    (void)snprintf(out, TALLY_BACKUP_NAME_BYTES,
                   TALLY_SWEEP_BACKUP_NAME "%04d%02d%02dT%02d%02d%02dZ" TALLY_SWEEP_BACKUP_ENDING,
                   (int)date.year % 10000, (int)date.month % 100, (int)date.day % 100,
                   (int)(seconds / 3600) % 100, (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static bool read_number(int32_t *out, const char *digits, size_t count)
{
    int64_t value;

    if (tally_text_parse_i64(&value, tally_text_of(digits, count), 0, 9999) != TALLY_OK)
        return false;
    *out = (int32_t)value;
    return true;
}

bool tally_backup_made(int64_t *out_ms, tally_text name)
{
    char again[TALLY_BACKUP_NAME_BYTES];
    int32_t hours, minutes, seconds;
    const char *at = name.bytes + sizeof(TALLY_SWEEP_BACKUP_NAME) - 1;
    tally_date date;

    if (name.count != TALLY_BACKUP_NAME_BYTES - 1)
        return false;
    if (!read_number(&date.year, at, 4) || !read_number(&date.month, at + 4, 2) ||
        !read_number(&date.day, at + 6, 2) || !read_number(&hours, at + 9, 2) ||
        !read_number(&minutes, at + 11, 2) || !read_number(&seconds, at + 13, 2) ||
        !tally_date_is_valid(date))
        return false;
    *out_ms = tally_day_from_date(date) * TALLY_DAY_MS +
              ((hours * INT64_C(60) + minutes) * 60 + seconds) * 1000;
    tally_backup_name(again, *out_ms);
    return tally_text_is(name, again);
}

/* `ledger-….db.partial-123` is a copy that was not finished, `-wal` and `-shm` what a reader left beside
 * one. *out_is_backup: it is a file of its own. */
static bool is_old(const char *name, int64_t now_ms, bool *out_is_backup)
{
    tally_text text = tally_text_slice(tally_text_from(name), 0, TALLY_BACKUP_NAME_BYTES - 1);
    tally_text rest =
        tally_text_slice(tally_text_from(name), TALLY_BACKUP_NAME_BYTES - 1, strlen(name));
    bool is_partial = tally_text_has_prefix(rest, TALLY_TEXT(".partial-"));
    bool is_beside = tally_text_is(rest, "-wal") || tally_text_is(rest, "-shm");
    int64_t made_ms;

    *out_is_backup = !is_beside;
    return tally_backup_made(&made_ms, text) && (rest.count == 0 || is_partial || is_beside) &&
           made_ms <= now_ms - (is_partial ? 1 : TALLY_SWEEP_BACKUP_DAYS) * TALLY_DAY_MS;
}

static tally_rc sweep_folder(DIR *stream, int folder, int64_t now_ms, uint64_t *inout_count,
                             tally_err *err)
{
    const struct dirent *file;
    bool is_backup;

    while ((file = readdir(stream)) != NULL) {
        if (!is_old(file->d_name, now_ms, &is_backup))
            continue;
        if (unlinkat(folder, file->d_name, 0) != 0 && errno != ENOENT)
            return tally_err_set(err, TALLY_E_IO, 0, "the old backup %s cannot be removed: %s",
                                 file->d_name, strerror(errno));
        *inout_count += is_backup ? 1 : 0;
    }
    return TALLY_OK;
}

tally_rc tally_sweep_backups(const char *folder, int64_t now_ms, uint64_t *inout_count,
                             tally_err *err)
{
    tally_buffer path;
    tally_rc rc = TALLY_OK;
    DIR *stream;

    tally_buffer_init(&path, (size_t)1 << 16);
    if (tally_buffer_printf(&path, "%s/backups", folder) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "sweeping backups");
    stream = opendir(tally_buffer_string(&path));
    if (stream != NULL) {
        rc = sweep_folder(stream, dirfd(stream), now_ms, inout_count, err);
        (void)closedir(stream);
    } else if (errno != ENOENT) {
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s cannot be read: %s", tally_buffer_string(&path),
                           strerror(errno));
    }
    tally_buffer_free(&path);
    return rc;
}
