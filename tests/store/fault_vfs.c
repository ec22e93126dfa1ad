/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite file layer that fails when told. */

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/random.h"
#include "fault_vfs.h"
#include "store/sqlite/internal.h"

#define SECTOR_BYTES 512

/* ---- what is told to go wrong ---- */

static struct {
    uint32_t kinds, nth, count;
    bool is_armed, is_lasting, is_full, is_kill;
} plan;

void fault_vfs_fail_at(uint32_t kinds, uint32_t nth, bool is_lasting, bool is_full)
{
    plan.kinds = kinds;
    plan.nth = nth;
    plan.count = 0;
    plan.is_armed = true;
    plan.is_lasting = is_lasting;
    plan.is_full = is_full;
    plan.is_kill = false;
}

void fault_vfs_kill_at(uint32_t nth)
{
    fault_vfs_fail_at(UINT32_MAX, nth, false, false);
    plan.is_kill = true;
}

void fault_vfs_fail_never(void)
{
    plan.is_armed = false;
}

uint32_t fault_vfs_count(void)
{
    return plan.count;
}

static bool must_fail(uint32_t kind)
{
    uint32_t index;

    if (!plan.is_armed || (plan.kinds & kind) == 0)
        return false;
    index = plan.count++;
    if (index != plan.nth && !(plan.is_lasting && index > plan.nth))
        return false;
    if (plan.is_kill)
        (void)raise(SIGKILL);
    return true;
}

/* ---- what was synced ---- */

typedef enum change_kind { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_DELETE } change_kind;

typedef struct change {
    change_kind kind;
    int64_t offset; /* or the new size */
    size_t count;
    char *bytes;
} change;

/* One path; stays although the file comes and goes. */
typedef struct shadow {
    char path[512];
    bool is_there;
    char *bytes;
    size_t count, room;
    change *changes; /* since the last sync */
    size_t change_count, change_room;
} shadow;

static shadow shadows[16];
static size_t shadow_count;
static bool is_watching;

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    perror(what);
    abort();
}

static void grow(shadow *self, size_t count)
{
    if (count > self->room) {
        self->bytes = realloc(self->bytes, count * 2);
        must(self->bytes != NULL, self->path);
        self->room = count * 2;
    }
    if (count > self->count)
        memset(self->bytes + self->count, 0, count - self->count);
    self->count = count;
}

static void apply(shadow *self, const change *made, size_t count)
{
    if (made->kind == CHANGE_DELETE) {
        self->is_there = false;
        self->count = 0;
        return;
    }
    self->is_there = true;
    if (made->kind == CHANGE_TRUNCATE) {
        grow(self, (size_t)made->offset);
        return;
    }
    if (self->count < (size_t)made->offset + count)
        grow(self, (size_t)made->offset + count);
    if (count > 0)
        memcpy(self->bytes + made->offset, made->bytes, count);
}

static void forget_changes(shadow *self)
{
    for (size_t i = 0; i < self->change_count; i++)
        free(self->changes[i].bytes);
    self->change_count = 0;
}

static void note_change(shadow *self, change_kind kind, int64_t offset, const void *bytes,
                        size_t count)
{
    change *made;

    if (self == NULL)
        return;
    if (self->change_count == self->change_room) {
        self->change_room = self->change_room * 2 + 64;
        self->changes = realloc(self->changes, self->change_room * sizeof(change));
        must(self->changes != NULL, self->path);
    }
    made = &self->changes[self->change_count++];
    *made = (change){ .kind = kind, .offset = offset, .count = count };
    if (count > 0) {
        made->bytes = malloc(count);
        must(made->bytes != NULL, self->path);
        memcpy(made->bytes, bytes, count);
    }
}

/* All that was changed is on the disk now; after a failure, some of it, and what is not
 * will never be. */
static void note_sync(shadow *self, bool is_failing)
{
    if (self == NULL)
        return;
    self->is_there = true;
    for (size_t i = 0; i < self->change_count; i++) {
        if (!is_failing || random_below(2) == 0)
            apply(self, &self->changes[i], self->changes[i].count);
    }
    forget_changes(self);
}

static shadow *shadow_of(const char *path)
{
    shadow *self;
    struct stat status;
    int fd;

    if (!is_watching || path == NULL)
        return NULL;
    for (size_t i = 0; i < shadow_count; i++) {
        if (strcmp(shadows[i].path, path) == 0)
            return &shadows[i];
    }
    must(shadow_count < sizeof(shadows) / sizeof(shadows[0]), "too many files");
    self = &shadows[shadow_count++];
    *self = (shadow){ .is_there = false };
    (void)snprintf(self->path, sizeof(self->path), "%s", path);
    /* Nobody has it open, so that closing it drops no lock. */
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return self;
    must(fstat(fd, &status) == 0, path);
    grow(self, (size_t)status.st_size);
    must(status.st_size == 0 || read(fd, self->bytes, self->count) == (ssize_t)self->count, path);
    (void)close(fd);
    self->is_there = true;
    return self;
}

void fault_vfs_watch(bool is_to_watch)
{
    for (size_t i = 0; i < shadow_count; i++) {
        forget_changes(&shadows[i]);
        free(shadows[i].changes);
        free(shadows[i].bytes);
    }
    shadow_count = 0;
    is_watching = is_to_watch;
}

/* Removing and creating a name come one after the other or not at all; writes in
 * between come in any order, whole, in part or not. */
static void keep_some(shadow *self)
{
    bool is_all = random_below(4) == 0, is_none = random_below(3) == 0;

    for (size_t i = 0; i < self->change_count; i++) {
        const change *made = &self->changes[i];

        if (made->kind == CHANGE_DELETE) {
            if (random_below(2) == 0)
                break;
            apply(self, made, 0);
        } else if (is_all || (!is_none && random_below(2) == 0)) {
            size_t sectors = made->count / SECTOR_BYTES;

            apply(self, made,
                  !is_all && sectors > 0 && random_below(3) == 0
                      ? (size_t)random_below(sectors) * SECTOR_BYTES
                      : made->count);
        }
    }
    forget_changes(self);
}

static void write_back(const shadow *self)
{
    int fd;

    if (!self->is_there) {
        (void)unlink(self->path);
        return;
    }
    fd = open(self->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0, self->path);
    must(self->count == 0 || write(fd, self->bytes, self->count) == (ssize_t)self->count,
         self->path);
    (void)close(fd);
}

void fault_vfs_lose_power(void)
{
    for (size_t i = 0; i < shadow_count; i++) {
        keep_some(&shadows[i]);
        write_back(&shadows[i]);
    }
}

/* ---- files ---- */

typedef struct fault_file {
    sqlite3_file base;
    shadow *shadow; /* NULL: not watched */
    sqlite3_file *real;
} fault_file;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((fault_file *)file)->real;
}

static shadow *watched(sqlite3_file *file)
{
    return ((fault_file *)file)->shadow;
}

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *out, int count, sqlite3_int64 offset)
{
    if (must_fail(STORE_FAULT_READ))
        return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), out, count, offset);
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    bool is_failing = must_fail(STORE_FAULT_WRITE);
    /* The first half has arrived when the disk fails. */
    int done = is_failing ? count / 2 : count;
    int code = real_of(file)->pMethods->xWrite(real_of(file), bytes, done, offset);

    if (code == SQLITE_OK)
        note_change(watched(file), CHANGE_WRITE, offset, bytes, (size_t)done);
    if (is_failing)
        return plan.is_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    return code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int code;

    if (must_fail(STORE_FAULT_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    code = real_of(file)->pMethods->xTruncate(real_of(file), size);
    if (code == SQLITE_OK)
        note_change(watched(file), CHANGE_TRUNCATE, size, NULL, 0);
    return code;
}

static int sync_file(sqlite3_file *file, int flags)
{
    bool is_failing = must_fail(STORE_FAULT_SYNC);

    (void)flags;
    /* What the real one would do takes time only. */
    note_sync(watched(file), is_failing);
    return is_failing ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *out_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out_size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_lock(sqlite3_file *file, int *out_is_held)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out_is_held);
}

static int control_file(sqlite3_file *file, int verb, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), verb, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int map_shared(sqlite3_file *file, int region, int bytes, int is_extending,
                      void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, bytes, is_extending, out);
}

static int lock_shared(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void barrier_shared(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int unmap_shared(sqlite3_file *file, int is_deleting)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deleting);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no reading through mapped memory, which could not be failed */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = barrier_shared,
    .xShmUnmap = unmap_shared,
};

/* ---- the layer ---- */

static sqlite3_vfs *below;

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *out_flags)
{
    fault_file *self = (fault_file *)file;
    shadow *of_path = NULL;
    int code;

    (void)vfs;
    *self = (fault_file){ .real = (sqlite3_file *)(self + 1) };
    if (must_fail(STORE_FAULT_OPEN))
        return SQLITE_CANTOPEN;
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0)
        of_path = shadow_of(path);
    code = below->xOpen(below, path, self->real, flags, out_flags);
    if (code != SQLITE_OK)
        return code;
    self->base.pMethods = &methods;
    self->shadow = of_path;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int is_durable)
{
    int code;

    (void)vfs;
    if (must_fail(STORE_FAULT_DELETE))
        return SQLITE_IOERR_DELETE;
    code = below->xDelete(below, path, is_durable);
    for (size_t i = 0; code == SQLITE_OK && i < shadow_count; i++) {
        if (strcmp(shadows[i].path, path) == 0)
            note_change(&shadows[i], CHANGE_DELETE, 0, NULL, 0);
    }
    return code;
}

void fault_vfs_register(void)
{
    static sqlite3_vfs layer;

    if (below != NULL)
        return;
    /* Before SQLite starts, so that it allocates where a test can fail it. */
    must(tally_sqlite_start(NULL) == TALLY_OK, "SQLite");
    below = sqlite3_vfs_find(NULL);
    must(below != NULL, FAULT_VFS_NAME);
    layer = *below;
    layer.szOsFile = (int)sizeof(fault_file) + below->szOsFile;
    layer.zName = FAULT_VFS_NAME;
    layer.pNext = NULL;
    layer.xOpen = open_file;
    layer.xDelete = delete_file;
    must(sqlite3_vfs_register(&layer, 0) == SQLITE_OK, FAULT_VFS_NAME);
}

const store_faults fault_vfs_faults = {
    .fail_at = fault_vfs_fail_at,
    .fail_never = fault_vfs_fail_never,
    .count = fault_vfs_count,
    .kill_at = fault_vfs_kill_at,
    .lose_power = fault_vfs_lose_power,
    .watch = fault_vfs_watch,
};
