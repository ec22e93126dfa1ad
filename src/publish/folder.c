/* SPDX-License-Identifier: Apache-2.0 */
/* Durable files: beside, sync, rename, sync the folder and those above. */

#include "publish/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEMPORARY_PREFIX ".tmp-"
#define CHUNK_BYTES      ((size_t)65536)
#define NAME_BYTES       ((size_t)256)

/* How many names of one folder are removed in one go; the next goes on. */
#define REMOVED_MAX 1024u

static tally_rc refuse(const tally_folder *folder, const char *path, int failure, const char *what,
                       tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s/%s cannot be %s: %s", folder->name, path, what,
                         strerror(-failure));
}

static tally_rc broken(const tally_folder *folder, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0,
                         "%s: a sync failed before, what is on the disk is not known; end this "
                         "process, check the disk, and start again",
                         folder->name);
}

static tally_rc sync_or_break(tally_folder *folder, int handle, const char *path, tally_err *err)
{
    int failure = folder->files->calls->sync(folder->files->context, handle);

    if (failure == 0)
        return TALLY_OK;
    folder->is_broken = true;
    return tally_err_set(err, TALLY_E_IO, 0,
                         "%s/%s cannot be made durable: %s; end this process and check the disk",
                         folder->name, path, strerror(-failure));
}

/* The name of a folder lies in the folder above: without a sync of that a crash
 * takes it away with all that is in it. */
static int sync_above(const tally_files *files, int at, const char *path)
{
    char above[TALLY_FOLDER_PATH_BYTES] = ".";
    const char *slash;
    size_t count = strlen(path);
    int handle, failure;

    while (count > 1 && path[count - 1] == '/')
        count--;
    for (slash = path + count; slash > path && slash[-1] != '/';)
        slash--;
    if (slash > path && (size_t)(slash - path) < sizeof(above)) {
        memcpy(above, path, (size_t)(slash - path));
        above[slash - path] = '\0';
    } else if (slash > path) {
        return -ENAMETOOLONG;
    }
    handle = files->calls->open_folder(files->context, at, above);
    if (handle < 0)
        return handle;
    failure = files->calls->sync(files->context, handle);
    files->calls->close(files->context, handle);
    return failure;
}

static tally_rc open_root(tally_folder *out, const tally_files *files, int at, const char *path,
                          bool is_made, tally_err *err)
{
    int failure = is_made ? files->calls->make_folder(files->context, at, path) : 0;

    *out = (tally_folder){ .files = files, .name = path, .handle = -1, .below_handle = -1 };
    /* Also when it was there: a crash may have come before this sync. */
    if (is_made && (failure == 0 || failure == -EEXIST))
        failure = sync_above(files, at, path);
    if (failure < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", path, strerror(-failure));
    out->handle = files->calls->open_folder(files->context, at, path);
    if (out->handle < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be opened: %s", path,
                             strerror(-out->handle));
    return TALLY_OK;
}

tally_rc tally_folder_open(tally_folder *out, const tally_files *files, int at, const char *path,
                           tally_err *err)
{
    return open_root(out, files, at, path, true, err);
}

tally_rc tally_folder_open_present(tally_folder *out, const tally_files *files, int at,
                                   const char *path, tally_err *err)
{
    return open_root(out, files, at, path, false, err);
}

static void leave_below(tally_folder *folder)
{
    if (folder->below_handle >= 0)
        folder->files->calls->close(folder->files->context, folder->below_handle);
    folder->below_handle = -1;
    folder->is_unsettled = false;
}

void tally_folder_close(tally_folder *folder)
{
    if (folder->files == NULL)
        return;
    leave_below(folder);
    if (folder->handle >= 0)
        folder->files->calls->close(folder->files->context, folder->handle);
    folder->handle = -1;
    folder->files = NULL;
}

tally_rc tally_folder_read(tally_folder *folder, const char *path, tally_buffer *out,
                           bool *out_exists, tally_err *err)
{
    const tally_files *files = folder->files;
    int file = files->calls->open(files->context, folder->handle, path, TALLY_FILES_READ);
    uint64_t offset = 0;
    int64_t count;

    tally_buffer_reset(out);
    *out_exists = file != -ENOENT && file != -ENOTDIR;
    if (!*out_exists)
        return TALLY_OK;
    if (file < 0)
        return refuse(folder, path, file, "opened", err);
    do {
        char chunk[CHUNK_BYTES];

        count = files->calls->read(files->context, file, chunk, sizeof(chunk), offset);
        if (count > 0 && tally_buffer_append(out, chunk, (size_t)count) != TALLY_OK)
            break;
        offset += count > 0 ? (uint64_t)count : 0;
    } while (count == (int64_t)CHUNK_BYTES);
    files->calls->close(files->context, file);
    if (count < 0)
        return refuse(folder, path, (int)count, "read", err);
    if (tally_buffer_failure(out) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "%s/%s is too long", folder->name,
                             path);
    return TALLY_OK;
}

static tally_rc read_source(void *context, const char *path, tally_buffer *out, bool *out_exists,
                            tally_err *err)
{
    return tally_folder_read(context, path, out, out_exists, err);
}

tally_files_source tally_folder_source(tally_folder *folder)
{
    return (tally_files_source){ .context = folder, .read = read_source };
}

/* ---- entering the folder of a file ---- */

typedef struct leftovers {
    uint32_t count;
    char names[8][NAME_BYTES];
} leftovers;

static bool take_leftover(void *context, const char *name)
{
    leftovers *found = context;

    if (strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0 ||
        strlen(name) >= NAME_BYTES)
        return true;
    memcpy(found->names[found->count++], name, strlen(name) + 1);
    return found->count < sizeof(found->names) / sizeof(found->names[0]);
}

/* What a crash left half written in the folder now entered. */
static tally_rc remove_leftovers(tally_folder *folder, tally_err *err)
{
    const tally_files *files = folder->files;

    for (uint32_t round = 0; round < REMOVED_MAX; round++) {
        leftovers found = { .count = 0 };
        const tally_files_lister lister = { .context = &found, .take = take_leftover };
        int failure = files->calls->list(files->context, folder->below_handle, &lister);

        for (uint32_t i = 0; failure == 0 && i < found.count; i++)
            failure =
                files->calls->remove(files->context, folder->below_handle, found.names[i], false);
        if (failure < 0)
            return refuse(folder, folder->below, failure, "cleared", err);
        if (found.count < sizeof(found.names) / sizeof(found.names[0]))
            break;
    }
    return TALLY_OK;
}

/* One step down from below_handle. The folder above is synced also when the one
 * below was there: a crash may have come between making it and syncing that. */
static tally_rc step_down(tally_folder *folder, const char *name, tally_err *err)
{
    const tally_files *files = folder->files;
    int above = folder->below_handle >= 0 ? folder->below_handle : folder->handle;
    int failure = files->calls->make_folder(files->context, above, name);
    int next;
    tally_rc rc;

    if (failure < 0 && failure != -EEXIST)
        return refuse(folder, folder->below, failure, "made", err);
    rc = sync_or_break(folder, above, name, err);
    if (rc != TALLY_OK)
        return rc;
    next = files->calls->open_folder(files->context, above, name);
    if (next < 0)
        return refuse(folder, folder->below, next, "opened", err);
    leave_below(folder);
    folder->below_handle = next;
    return TALLY_OK;
}

/* Make below_handle that of the folder with this path, "" for the root itself. */
static tally_rc enter(tally_folder *folder, tally_text path, tally_err *err)
{
    tally_text rest = path;
    tally_rc rc;

    if (folder->below_handle >= 0 && tally_text_is(path, folder->below))
        return TALLY_OK;
    rc = tally_folder_settle(folder, err);
    if (rc != TALLY_OK)
        return rc;
    leave_below(folder);
    TALLY_ASSERT(path.count < sizeof(folder->below));
    memcpy(folder->below, path.bytes, path.count);
    folder->below[path.count] = '\0';
    if (path.count == 0)
        rc = step_down(folder, ".", err);
    while (rest.count > 0 && rc == TALLY_OK) {
        char name[TALLY_FOLDER_PATH_BYTES];
        tally_text part;

        (void)tally_text_split(rest, '/', &part, &rest);
        memcpy(name, part.bytes, part.count);
        name[part.count] = '\0';
        rc = step_down(folder, name, err);
    }
    if (rc == TALLY_OK)
        rc = remove_leftovers(folder, err);
    if (rc != TALLY_OK)
        leave_below(folder);
    return rc;
}

tally_rc tally_folder_settle(tally_folder *folder, tally_err *err)
{
    tally_rc rc;

    if (folder->is_broken)
        return broken(folder, err);
    if (!folder->is_unsettled)
        return TALLY_OK;
    rc = sync_or_break(folder, folder->below_handle, folder->below, err);
    if (rc == TALLY_OK)
        folder->is_unsettled = false;
    return rc;
}

/* ---- writing ---- */

typedef enum presence { ABSENT, SAME, BEGINNING, OTHER } presence;

/* Compare what stands in the open file with the content. */
static tally_rc compare(tally_folder *folder, int file, const char *path, tally_text content,
                        presence *out, tally_err *err)
{
    const tally_files *files = folder->files;
    int64_t size = files->calls->size(files->context, file);
    size_t offset = 0;

    if (size < 0)
        return refuse(folder, path, (int)size, "read", err);
    *out = OTHER;
    if ((uint64_t)size > content.count)
        return TALLY_OK;
    while (offset < (size_t)size) {
        char chunk[CHUNK_BYTES];
        int64_t count = files->calls->read(files->context, file, chunk, sizeof(chunk), offset);

        if (count < 0)
            return refuse(folder, path, (int)count, "read", err);
        if (count == 0 || (size_t)count > content.count - offset ||
            memcmp(chunk, content.bytes + offset, (size_t)count) != 0)
            return TALLY_OK;
        offset += (size_t)count;
    }
    *out = offset == content.count ? SAME : BEGINNING;
    return TALLY_OK;
}

/* A file that is there already may have been renamed by a process that crashed
 * before the sync: same content alone does not make it durable. */
static tally_rc look(tally_folder *folder, const char *path, const char *name, tally_text content,
                     presence *out, tally_err *err)
{
    const tally_files *files = folder->files;
    int file = files->calls->open(files->context, folder->below_handle, name, TALLY_FILES_READ);
    tally_rc rc;

    *out = ABSENT;
    if (file == -ENOENT)
        return TALLY_OK;
    if (file < 0)
        return refuse(folder, path, file, "opened", err);
    rc = compare(folder, file, path, content, out, err);
    if (rc == TALLY_OK && *out == SAME)
        rc = sync_or_break(folder, file, path, err);
    files->calls->close(files->context, file);
    return rc;
}

static tally_rc put(tally_folder *folder, const char *path, const char *name, tally_text content,
                    tally_err *err)
{
    const tally_files *files = folder->files;
    char temporary[NAME_BYTES + sizeof(TEMPORARY_PREFIX)];
    int file, failure;
    tally_rc rc;

    (void)snprintf(temporary, sizeof(temporary), TEMPORARY_PREFIX "%s", name);
    file = files->calls->open(files->context, folder->below_handle, temporary, TALLY_FILES_NEW);
    if (file < 0)
        return refuse(folder, path, file, "written", err);
    failure = files->calls->write(files->context, file, content.bytes, content.count);
    rc = failure == 0 ? sync_or_break(folder, file, path, err)
                      : refuse(folder, path, failure, "written", err);
    files->calls->close(files->context, file);
    if (rc == TALLY_OK) {
        failure = files->calls->rename(files->context, folder->below_handle, temporary, name);
        if (failure < 0)
            rc = refuse(folder, path, failure, "put in place", err);
    }
    if (rc == TALLY_OK)
        folder->is_unsettled = true;
    else
        (void)files->calls->remove(files->context, folder->below_handle, temporary, false);
    return rc;
}

tally_rc tally_folder_write(tally_folder *folder, const char *path, tally_text content,
                            tally_folder_rule rule, tally_err *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    presence found = ABSENT;
    tally_rc rc;

    TALLY_ASSERT(strlen(name) < NAME_BYTES);
    if (folder->is_broken)
        return broken(folder, err);
    rc = enter(folder, tally_text_of(path, slash != NULL ? (size_t)(slash - path) : 0), err);
    if (rc == TALLY_OK)
        rc = look(folder, path, name, content, &found, err);
    if (rc != TALLY_OK)
        return rc;
    if (found == OTHER && rule == TALLY_FOLDER_SIGNED)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "%s/%s is not what was signed: somebody altered it. Nothing is signed "
                             "until it is what it was; a mirror or a backup has it",
                             folder->name, path);
    if (found == SAME)
        folder->is_unsettled = true;
    else
        rc = put(folder, path, name, content, err);
    if (rc == TALLY_OK && rule == TALLY_FOLDER_REPLACE)
        rc = tally_folder_settle(folder, err);
    return rc;
}

/* ---- removing ---- */

typedef struct removal {
    const tally_files *files;
    int handle;
    int failure;
    uint32_t count;
} removal;

static bool remove_one(void *context, const char *name)
{
    removal *going = context;

    going->failure = going->files->calls->remove(going->files->context, going->handle, name, false);
    return going->failure == 0 && ++going->count < REMOVED_MAX;
}

tally_rc tally_folder_remove_flat(tally_folder *folder, const char *path, tally_err *err)
{
    const tally_files *files = folder->files;
    removal going = { .files = files,
                      .handle = files->calls->open_folder(files->context, folder->handle, path) };
    const tally_files_lister lister = { .context = &going, .take = remove_one };
    int failure = 0;

    if (going.handle == -ENOENT || going.handle == -ENOTDIR)
        return TALLY_OK;
    if (going.handle < 0)
        return refuse(folder, path, going.handle, "opened", err);
    if (folder->below_handle >= 0 && strcmp(folder->below, path) == 0)
        leave_below(folder);
    do {
        going.count = 0;
        failure = files->calls->list(files->context, going.handle, &lister);
        if (failure == 0)
            failure = going.failure;
    } while (failure == 0 && going.count >= REMOVED_MAX);
    files->calls->close(files->context, going.handle);
    if (failure == 0)
        failure = files->calls->remove(files->context, folder->handle, path, true);
    return failure < 0 ? refuse(folder, path, failure, "removed", err) : TALLY_OK;
}
