/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a process at a chosen operation on files, as kill -9 would there.
 *
 * A library to be preloaded (LD_PRELOAD) into any of our programs. It counts the
 * calls by which files and folders change, in the order in which they are made:
 *
 *   TALLY_KILL_AT=N     SIGKILL in place of operation N, counted from 0
 *   TALLY_KILL_TORN=1   if that is a write, the first half of it is still written
 *   TALLY_KILL_COUNT=F  write how many there were into the file F when the process ends
 *                       by itself
 *
 * Standard output and error do not count. What a killed process wrote stays, as it
 * does when a real one is killed; losing power is played in tests/store. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_uint_fast64_t count;
static uint64_t kill_at = UINT64_MAX;
static bool is_torn;

/* The function that ours stands in front of. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

/* dlsym() gives an object pointer for a function; ISO C has no other way round. */
#define NEXT(type, name)                     \
    static type (*_Atomic below)(ARGUMENTS); \
    if (below == NULL) {                     \
        union {                              \
            void *object;                    \
            type (*function)(ARGUMENTS);     \
        } found = { .object = next(name) };  \
        below = found.function;              \
    }

/* Count one operation; is this the one? */
static bool is_the_end(void)
{
    return atomic_fetch_add(&count, 1) == kill_at;
}

static void end(void)
{
    (void)raise(SIGKILL);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("TALLY_KILL_AT");

    is_torn = getenv("TALLY_KILL_TORN") != NULL;
    if (at != NULL)
        kill_at = strtoull(at, NULL, 10);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("TALLY_KILL_COUNT");
    uint64_t total = atomic_load(&count);
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    (void)fprintf(file, "%" PRIu64 "\n", total);
    (void)fclose(file);
}

/* ---- writes, of which half may be done ---- */

/* clang-format off */
#define ARGUMENTS int fd, const void *bytes, size_t size
ssize_t write(ARGUMENTS)
{
    NEXT(ssize_t, "write")
    if (fd > 2 && is_the_end()) {
        if (is_torn)
            (void)!below(fd, bytes, size / 2);
        end();
    }
    return below(fd, bytes, size);
}
#undef ARGUMENTS

#define ARGUMENTS int fd, const void *bytes, size_t size, off_t offset
#define POSITIONED(name)                              \
    ssize_t name(ARGUMENTS);                          \
    ssize_t name(ARGUMENTS)                           \
    {                                                 \
        NEXT(ssize_t, #name)                          \
        if (is_the_end()) {                           \
            if (is_torn)                              \
                (void)!below(fd, bytes, size / 2, offset); \
            end();                                    \
        }                                             \
        return below(fd, bytes, size, offset);        \
    }
#undef pwrite
#undef pwrite64
POSITIONED(pwrite)
POSITIONED(pwrite64)
#undef ARGUMENTS

/* ---- the others ---- */

#define STOPPING(name, ...)          \
    int name(ARGUMENTS);             \
    int name(ARGUMENTS)              \
    {                                \
        NEXT(int, #name)             \
        if (is_the_end())            \
            end();                   \
        return below(__VA_ARGS__);   \
    }

#define ARGUMENTS int fd
STOPPING(fsync, fd)
STOPPING(fdatasync, fd)
#undef ARGUMENTS

#undef ftruncate
#undef ftruncate64
#define ARGUMENTS int fd, off_t size
STOPPING(ftruncate, fd, size)
STOPPING(ftruncate64, fd, size)
#undef ARGUMENTS

#define ARGUMENTS const char *path
STOPPING(unlink, path)
STOPPING(rmdir, path)
#undef ARGUMENTS

#define ARGUMENTS int folder, const char *path, int flags
STOPPING(unlinkat, folder, path, flags)
#undef ARGUMENTS

#define ARGUMENTS const char *from, const char *to
STOPPING(rename, from, to)
STOPPING(link, from, to)
STOPPING(symlink, from, to)
#undef ARGUMENTS

#define ARGUMENTS int from_folder, const char *from, int to_folder, const char *to
STOPPING(renameat, from_folder, from, to_folder, to)
#undef ARGUMENTS

#define ARGUMENTS int from_folder, const char *from, int to_folder, const char *to, int flags
STOPPING(linkat, from_folder, from, to_folder, to, flags)
#undef ARGUMENTS

#define ARGUMENTS const char *path, mode_t mode
STOPPING(mkdir, path, mode)
#undef ARGUMENTS
