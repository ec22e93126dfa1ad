/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    perror(what);
    abort();
}

void scratch_begin(scratch *self)
{
    const char *above = getenv("TMPDIR");

    memset(self, 0, sizeof(*self));
    (void)snprintf(self->folder, sizeof(self->folder), "%s/tally-store-XXXXXX",
                   above != NULL ? above : "/tmp");
    must(mkdtemp(self->folder) != NULL, self->folder);
}

const char *scratch_path(scratch *self, const char *name)
{
    (void)snprintf(self->path, sizeof(self->path), "%s/%s", self->folder, name);
    return self->path;
}

/* Call visit with each file of the folder until it answers true. */
static bool each_file(const scratch *self, bool (*visit)(const char *path, const void *context),
                      const void *context)
{
    DIR *folder = opendir(self->folder);
    struct dirent *entry;
    bool is_found = false;

    must(folder != NULL, self->folder);
    while (!is_found && (entry = readdir(folder)) != NULL) {
        char path[SCRATCH_PATH_BYTES + 300];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", self->folder, entry->d_name);
        is_found = visit(path, context);
    }
    (void)closedir(folder);
    return is_found;
}

static bool remove_file(const char *path, const void *context)
{
    (void)context;
    must(unlink(path) == 0 || rmdir(path) == 0, path);
    return false;
}

void scratch_end(scratch *self)
{
    (void)each_file(self, remove_file, NULL);
    must(rmdir(self->folder) == 0, self->folder);
}

static char *read_file(const char *path, size_t *out_count)
{
    int fd = open(path, O_RDONLY);
    struct stat status;
    char *bytes;
    size_t count = 0;

    if (fd < 0)
        return NULL;
    must(fstat(fd, &status) == 0, path);
    bytes = malloc((size_t)status.st_size + 1);
    must(bytes != NULL, path);
    while (count < (size_t)status.st_size) {
        ssize_t got = read(fd, bytes + count, (size_t)status.st_size - count);

        must(got > 0, path);
        count += (size_t)got;
    }
    (void)close(fd);
    *out_count = count;
    return bytes;
}

void scratch_write(const char *path, const void *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    must(fd >= 0, path);
    must(write(fd, bytes, count) == (ssize_t)count, path);
    (void)close(fd);
}

void scratch_copy(const char *from, const char *to)
{
    size_t count = 0;
    char *bytes = read_file(from, &count);

    if (bytes == NULL)
        (void)unlink(to);
    else
        scratch_write(to, bytes, count);
    free(bytes);
}

typedef struct needle {
    const void *bytes;
    size_t count;
} needle;

static bool has_bytes(const char *path, const void *context)
{
    const needle *wanted = context;
    size_t count = 0;
    char *bytes = read_file(path, &count);
    bool is_found = false;

    must(bytes != NULL, path);
    for (size_t i = 0; !is_found && i + wanted->count <= count; i++)
        is_found = memcmp(bytes + i, wanted->bytes, wanted->count) == 0;
    if (is_found)
        printf("found in %s\n", path);
    free(bytes);
    return is_found;
}

bool scratch_has_bytes(const scratch *self, const void *bytes, size_t count)
{
    const needle wanted = { bytes, count };

    return each_file(self, has_bytes, &wanted);
}
