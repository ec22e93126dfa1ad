/* SPDX-License-Identifier: Apache-2.0 */
/* Durable files of mode 0600. A new name is durable once its folder is synced, a new
 * content once the file is. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/ed25519.h"
#include "crypto/secret_file.h"

#define SUFFIX ".new"

static tally_rc fail(tally_err *err, const char *path, const char *what)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s %s: %s", path, what, strerror(errno));
}

static bool write_all(int file, const void *bytes, size_t count)
{
    const char *at = bytes;

    while (count > 0) {
        ssize_t written = write(file, at, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        count -= (size_t)written;
    }
    return true;
}

/* Sync the folder that a path is in. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t count = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    char folder_path[PATH_MAX];
    bool is_synced;
    int folder;

    if (count >= sizeof(folder_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (count > 0)
        memcpy(folder_path, path, count);
    else
        folder_path[count++] = '.';
    folder_path[count] = '\0';
    folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return false;
    is_synced = fsync(folder) == 0;
    (void)close(folder);
    return is_synced;
}

/* A new file with this content, synced; removed again when that fails. */
static tally_rc write_new(const char *path, const void *bytes, size_t count, tally_err *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_written;

    if (file < 0 && errno == EEXIST)
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "%s exists already", path);
    if (file < 0)
        return fail(err, path, "cannot be created");
    /* The mode also under an odd umask. */
    is_written = fchmod(file, 0600) == 0 && write_all(file, bytes, count) && fsync(file) == 0;
    if (is_written && close(file) == 0)
        return TALLY_OK;
    (void)fail(err, path, "cannot be written");
    if (!is_written)
        (void)close(file);
    (void)unlink(path);
    return TALLY_E_IO;
}

tally_rc tally_secret_file_create(const char *path, const void *bytes, size_t count, tally_err *err)
{
    tally_rc rc = write_new(path, bytes, count, err);

    if (rc != TALLY_OK || sync_folder(path))
        return rc;
    (void)fail(err, path, "cannot be made durable in its folder");
    (void)unlink(path);
    return TALLY_E_IO;
}

tally_rc tally_secret_file_replace(const char *path, const void *bytes, size_t count,
                                   tally_err *err)
{
    char new_path[PATH_MAX];
    tally_rc rc;

    if (snprintf(new_path, sizeof(new_path), "%s" SUFFIX, path) >= (int)sizeof(new_path))
        return tally_err_set(err, TALLY_E_IO, 0, "%s: the name is too long", path);
    if (unlink(new_path) != 0 && errno != ENOENT)
        return fail(err, new_path, "cannot be removed");
    rc = write_new(new_path, bytes, count, err);
    if (rc != TALLY_OK)
        return rc == TALLY_E_CONFLICT ? TALLY_E_IO : rc;
    if (rename(new_path, path) != 0) {
        (void)fail(err, path, "cannot be replaced");
        (void)unlink(new_path);
        return TALLY_E_IO;
    }
    return sync_folder(path) ? TALLY_OK : fail(err, path, "cannot be made durable in its folder");
}

static tally_rc read_open(int file, void *out, size_t bytes_max, size_t *out_count,
                          bool *out_is_exposed, const char *path, tally_err *err)
{
    struct stat about;
    size_t count = 0;
    char beyond;

    if (fstat(file, &about) != 0)
        return fail(err, path, "cannot be read");
    if (!S_ISREG(about.st_mode))
        return tally_err_set(err, TALLY_E_IO, 0, "%s is not a regular file", path);
    if (out_is_exposed != NULL)
        *out_is_exposed = (about.st_mode & 077) != 0;
    else if ((about.st_mode & 077) != 0)
        return tally_err_set(err, TALLY_E_DENIED, 0,
                             "%s holds secrets, but others than its owner have access to it "
                             "(mode %03o): chmod 600, and think about who has read it",
                             path, (unsigned)(about.st_mode & 0777));
    for (;;) {
        bool is_full = count == bytes_max;
        ssize_t got =
            is_full ? read(file, &beyond, 1) : read(file, (char *)out + count, bytes_max - count);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, path, "cannot be read");
        if (got == 0)
            break;
        if (is_full)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "%s is longer than %zu bytes", path,
                                 bytes_max);
        count += (size_t)got;
        *out_count = count;
    }
    return TALLY_OK;
}

tally_rc tally_secret_file_read(void *out, size_t bytes_max, size_t *out_count,
                                bool *out_is_exposed, const char *path, tally_err *err)
{
    /* Without waiting for somebody to write, should it be a pipe. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    tally_rc rc;

    if (file < 0)
        return fail(err, path, "cannot be opened");
    *out_count = 0;
    rc = read_open(file, out, bytes_max, out_count, out_is_exposed, path, err);
    (void)close(file);
    if (rc != TALLY_OK)
        tally_secret_wipe(out, *out_count);
    return rc;
}
