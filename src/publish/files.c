/* SPDX-License-Identifier: Apache-2.0 */
/* The file operations of the operating system. */

#include "publish/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_folder(void *context, int at, const char *path)
{
    int handle = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    (void)context;
    return handle >= 0 ? handle : -errno;
}

static int make_folder(void *context, int at, const char *path)
{
    (void)context;
    return mkdirat(at, path, 0755) == 0 ? 0 : -errno;
}

static int open_file(void *context, int at, const char *path, tally_files_mode mode)
{
    static const int flags[] = {
        [TALLY_FILES_READ] = O_RDONLY | O_NONBLOCK,
        [TALLY_FILES_NEW] = O_WRONLY | O_CREAT | O_EXCL,
        [TALLY_FILES_APPEND] = O_RDWR | O_CREAT | O_APPEND,
    };
    struct stat facts;
    int handle = openat(at, path, flags[mode] | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
                        mode == TALLY_FILES_APPEND ? 0600 : 0644);
    int failure = 0;

    (void)context;
    if (handle < 0)
        return -errno;
    if (fstat(handle, &facts) != 0)
        failure = -errno;
    else if (!S_ISREG(facts.st_mode))
        failure = -EINVAL;
    if (failure == 0)
        return handle;
    close(handle);
    return failure;
}

static int64_t read_file(void *context, int file, void *out, size_t count, uint64_t offset)
{
    size_t done = 0;

    (void)context;
    while (done < count) {
        ssize_t now = pread(file, (char *)out + done, count - done, (off_t)(offset + done));

        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return -errno;
        if (now == 0)
            break;
        done += (size_t)now;
    }
    return (int64_t)done;
}

static int write_file(void *context, int file, const void *bytes, size_t count)
{
    size_t done = 0;

    (void)context;
    while (done < count) {
        ssize_t now = write(file, (const char *)bytes + done, count - done);

        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return -errno;
        done += (size_t)now;
    }
    return 0;
}

static int cut_file(void *context, int file, uint64_t size)
{
    (void)context;
    return ftruncate(file, (off_t)size) == 0 ? 0 : -errno;
}

static int sync_handle(void *context, int handle)
{
    (void)context;
    return fsync(handle) == 0 ? 0 : -errno;
}

static int64_t size_of(void *context, int file)
{
    struct stat facts;

    (void)context;
    return fstat(file, &facts) == 0 ? (int64_t)facts.st_size : -errno;
}

static int rename_file(void *context, int at, const char *from, const char *to)
{
    (void)context;
    return renameat(at, from, at, to) == 0 ? 0 : -errno;
}

static int remove_file(void *context, int at, const char *path, bool is_folder)
{
    (void)context;
    return unlinkat(at, path, is_folder ? AT_REMOVEDIR : 0) == 0 ? 0 : -errno;
}

static int lock_file(void *context, int file)
{
    (void)context;
    return flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
}

static int list_folder(void *context, int folder, const tally_files_lister *lister)
{
    int handle = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = handle >= 0 ? fdopendir(handle) : NULL;
    const struct dirent *entry;
    bool goes_on = true;
    int failure = 0;

    (void)context;
    if (stream == NULL) {
        failure = -errno;
        if (handle >= 0)
            close(handle);
        return failure;
    }
    while (goes_on && (errno = 0, entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            goes_on = lister->take(lister->context, entry->d_name);
    }
    if (goes_on)
        failure = -errno;
    closedir(stream);
    return failure;
}

static void close_handle(void *context, int handle)
{
    (void)context;
    close(handle);
}

static const tally_files_calls system_calls = {
    .open_folder = open_folder,
    .make_folder = make_folder,
    .open = open_file,
    .read = read_file,
    .write = write_file,
    .cut = cut_file,
    .sync = sync_handle,
    .size = size_of,
    .rename = rename_file,
    .remove = remove_file,
    .lock = lock_file,
    .list = list_folder,
    .close = close_handle,
};

const tally_files tally_files_system = { .context = NULL, .calls = &system_calls };
