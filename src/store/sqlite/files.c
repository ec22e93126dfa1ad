/* SPDX-License-Identifier: Apache-2.0 */
/* Files around the database: paths, new files, and making names durable. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/internal.h"
#include "util/alloc.h"

char *tally_sqlite_beside(const char *path, const char *ending)
{
    size_t bytes = strlen(path) + strlen(ending) + 1;
    char *beside = tally_alloc(bytes);

    if (beside != NULL)
        (void)snprintf(beside, bytes, "%s%s", path, ending);
    return beside;
}

bool tally_sqlite_is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

bool tally_sqlite_has_bytes(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && (!S_ISREG(status.st_mode) || status.st_size > 0);
}

static tally_rc sync_path(const char *path, int flags, tally_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    tally_rc rc = TALLY_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = tally_err_set(err, TALLY_E_IO, 0, "cannot make %s durable: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

tally_rc tally_sqlite_sync_file(const char *path, tally_err *err)
{
    return sync_path(path, 0, err);
}

tally_rc tally_sqlite_sync_folder_of(const char *path, tally_err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t count = slash == NULL ? 0 : (size_t)(slash - path);

    TALLY_ASSERT(slash != NULL && count < sizeof(folder)); /* Paths were resolved. */
    memcpy(folder, path, count);
    folder[count] = '\0';
    return sync_path(count > 0 ? folder : "/", O_DIRECTORY, err);
}

tally_rc tally_sqlite_new_file(const char *path, tally_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return tally_err_set(err, errno == EEXIST ? TALLY_E_CONFLICT : TALLY_E_IO, 0,
                             "cannot create %s: %s", path, strerror(errno));
    (void)close(fd);
    return TALLY_OK;
}

tally_rc tally_sqlite_appear(const char *temporary, const char *path, tally_err *err)
{
    /* A link never replaces a file; some file systems have none. */
    if (link(temporary, path) == 0) {
        (void)unlink(temporary);
        return tally_sqlite_sync_folder_of(path, err);
    }
    if (errno == EEXIST || tally_sqlite_is_there(path))
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "%s is there already", path);
    if (rename(temporary, path) != 0)
        return tally_err_set(err, TALLY_E_IO, 0, "cannot rename %s to %s: %s", temporary, path,
                             strerror(errno));
    return tally_sqlite_sync_folder_of(path, err);
}

/* Two names of one file must not be two locks, and SQLite must not take a name
 * for a URI: both are settled by an absolute path without links. */
tally_rc tally_sqlite_resolve(char **out_path, const char *path, bool is_new, tally_err *err)
{
    char folder[PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t count = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char *resolved;

    if (!is_new) {
        if (realpath(path, real) == NULL)
            return tally_err_set(err,
                                 errno == ENOENT || errno == ENOTDIR ? TALLY_E_INVALID : TALLY_E_IO,
                                 0, "cannot open %s: %s", path, strerror(errno));
        resolved = tally_sqlite_beside(real, "");
    } else {
        if (*name == '\0' || count >= sizeof(folder))
            return tally_err_set(err, TALLY_E_INVALID, 0, "'%s' is no path of a file", path);
        memcpy(folder, path, count);
        folder[count] = '\0';
        if (realpath(count > 0 ? folder : ".", real) == NULL)
            return tally_err_set(err,
                                 errno == ENOENT || errno == ENOTDIR ? TALLY_E_INVALID : TALLY_E_IO,
                                 0, "cannot create %s: %s", path, strerror(errno));
        count = strlen(real);
        /* The longest ending we give a file is far below 64 bytes. */
        if (count + strlen(name) + 64 > sizeof(real))
            return tally_err_set(err, TALLY_E_INVALID, 0, "the path of %s is too long", path);
        if (count > 1)
            real[count++] = '/';
        memcpy(real + count, name, strlen(name) + 1);
        resolved = tally_sqlite_beside(real, "");
    }
    if (resolved == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for opening %s", path);
    *out_path = resolved;
    return TALLY_OK;
}
