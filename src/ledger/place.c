/* SPDX-License-Identifier: Apache-2.0 */
/* Building a folder out of sight. */

#include "ledger/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 4 /* of folders in a programme: none is deeper while it is being made */

static tally_rc refuse(const char *path, const char *what, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* ---- clearing ---- */

/* Remove all in a folder; links are removed and not followed. */
static bool clear_folder(int folder, int depth)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;
    bool is_clear = stream != NULL;

    if (stream == NULL && again >= 0)
        close(again);
    while (is_clear && (errno = 0, entry = readdir(stream)) != NULL) {
        int below;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            unlinkat(folder, entry->d_name, 0) == 0)
            continue;
        below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        is_clear = below >= 0 && depth < DEPTH_MAX && clear_folder(below, depth + 1) &&
                   unlinkat(folder, entry->d_name, AT_REMOVEDIR) == 0;
        if (below >= 0)
            close(below);
    }
    is_clear = is_clear && errno == 0;
    if (stream != NULL)
        closedir(stream);
    return is_clear;
}

/* ---- beginning ---- */

/* "a/b/c" into "a/b/c" and "a/b/.c.tally-init"; the parent is what stands before the last slash. */
static tally_rc split(tally_place *place, const char *folder, char *out_parent, tally_err *err)
{
    size_t count = strlen(folder);
    const char *name;
    int written;

    while (count > 1 && folder[count - 1] == '/')
        count--;
    if (count == 0 || count + 32 >= TALLY_PLACE_PATH_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "that is no name for a folder");
    memcpy(place->target, folder, count);
    place->target[count] = '\0';
    name = strrchr(place->target, '/');
    name = name != NULL ? name + 1 : place->target;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s is no name for a folder: name one that is to be made", folder);
    written = snprintf(place->path, sizeof(place->path), "%.*s.%s.tally-init",
                       (int)(name - place->target), place->target, name);
    TALLY_ASSERT(written > 0 && (size_t)written < sizeof(place->path));
    if (name == place->target)
        memcpy(out_parent, ".", 2);
    else {
        memcpy(out_parent, place->target, (size_t)(name - place->target));
        out_parent[name - place->target] = '\0';
    }
    return TALLY_OK;
}

/* Is there nothing at the target, or an empty folder (which rename() replaces)? */
static tally_rc check_target(const tally_place *place, tally_err *err)
{
    struct stat facts;

    if (lstat(place->target, &facts) != 0)
        return errno == ENOENT ? TALLY_OK : refuse(place->target, "looked at", err);
    /* An empty folder has no more than itself and its parent for links on some file systems,
     * so it is tried: only rename() knows for sure. */
    if (S_ISDIR(facts.st_mode)) {
        DIR *stream = opendir(place->target);
        const struct dirent *entry = NULL;

        if (stream == NULL)
            return refuse(place->target, "listed", err);
        do
            entry = readdir(stream);
        while (entry != NULL &&
               (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
        closedir(stream);
        if (entry == NULL)
            return TALLY_OK;
    }
    return tally_err_set(err, TALLY_E_CONFLICT, 0,
                         "%s is there already and not empty: nothing was changed", place->target);
}

/* The folder that we hold must be the one of that name: between opening and locking it another
 * process may have finished it. */
static tally_rc lock(tally_place *place, tally_err *err)
{
    struct stat held, named;

    if (flock(place->handle, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? tally_err_set(err, TALLY_E_CONFLICT, 0,
                                   "%s is just being made by another process", place->target)
                   : refuse(place->path, "locked", err);
    if (fstat(place->handle, &held) != 0 || lstat(place->path, &named) != 0 ||
        held.st_ino != named.st_ino || held.st_dev != named.st_dev) {
        close(place->handle);
        place->handle = -1;
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "%s was just made by another process",
                             place->target);
    }
    return TALLY_OK;
}

tally_rc tally_place_begin(tally_place *place, const char *folder, tally_err *err)
{
    char parent[TALLY_PLACE_PATH_BYTES];
    tally_rc rc;

    *place = (tally_place){ .parent = -1, .handle = -1 };
    rc = split(place, folder, parent, err);
    if (rc == TALLY_OK)
        rc = check_target(place, err);
    if (rc != TALLY_OK)
        return rc;
    place->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->parent < 0)
        return refuse(parent, "opened", err);
    if (mkdir(place->path, 0755) != 0 && errno != EEXIST)
        return refuse(place->path, "made", err);
    place->handle = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (place->handle < 0)
        return refuse(place->path, "opened", err);
    rc = lock(place, err);
    if (rc != TALLY_OK) {
        place->is_finished = true; /* not ours to remove */
        return rc;
    }
    return clear_folder(place->handle, 0) ? TALLY_OK : refuse(place->path, "cleared", err);
}

const char *tally_place_path(const tally_place *place)
{
    return place->path;
}

tally_rc tally_place_make_folder(tally_place *place, const char *name, bool is_private,
                                 tally_err *err)
{
    if (mkdirat(place->handle, name, is_private ? 0700 : 0755) != 0)
        return refuse(name, "made", err);
    return TALLY_OK;
}

/* ---- finishing ---- */

/* Sync every folder: the names in it. */
static bool sync_folders(int folder, int depth)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;
    bool is_synced = stream != NULL;

    if (stream == NULL && again >= 0)
        close(again);
    while (is_synced && (errno = 0, entry = readdir(stream)) != NULL) {
        int below;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (below < 0)
            continue; /* a file, synced by whoever wrote it */
        is_synced = depth < DEPTH_MAX && sync_folders(below, depth + 1);
        close(below);
    }
    is_synced = is_synced && errno == 0 && fsync(folder) == 0;
    if (stream != NULL)
        closedir(stream);
    return is_synced;
}

tally_rc tally_place_finish(tally_place *place, tally_err *err)
{
    if (!sync_folders(place->handle, 0))
        return refuse(place->path, "made durable", err);
    if (rename(place->path, place->target) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
            return tally_err_set(err, TALLY_E_CONFLICT, 0,
                                 "%s came to be while it was being made: nothing was changed",
                                 place->target);
        return refuse(place->target, "made", err);
    }
    place->is_finished = true;
    /* It is there now; what may be lost in a crash is the name, and then there is nothing. */
    if (fsync(place->parent) != 0)
        return refuse(place->target, "made durable", err);
    return TALLY_OK;
}

void tally_place_close(tally_place *place)
{
    if (place->handle >= 0) {
        if (!place->is_finished && clear_folder(place->handle, 0))
            (void)rmdir(place->path);
        close(place->handle); /* and with it the lock */
    }
    if (place->parent >= 0)
        close(place->parent);
    *place = (tally_place){ .parent = -1, .handle = -1, .is_finished = true };
}
