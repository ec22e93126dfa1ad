/* SPDX-License-Identifier: Apache-2.0 */
/* Check 9: what else lies in the folder. Partial files of earlier sizes must
 * begin the files that came after them, since readers with an earlier checkpoint
 * still fetch them; anything unknown is only remarked upon. */

#include "audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tlog/bundle.h"
#include "tlog/state.h"

/* The deepest file has 3 folders above its groups, of which 7 make 2^63. */
#define DEPTH_MAX  12
#define PATH_BYTES 512

typedef struct walker {
    tally_audit *audit;
    tally_buffer old;  /* a partial file of an earlier size */
    tally_buffer head; /* of the snapshot asked for last */
    bool has_head;
    bool has_roots; /* the rows of that snapshot are still kept */
    tally_state_head state;
} walker;

/* The widest file of these hashes that the size implies. */
static tally_tile widest_of(const tally_tile *tile, uint64_t size)
{
    tally_tile widest = *tile;

    widest.width = tile->index < tally_tile_full_count(size, tile->level)
                       ? TALLY_TILE_WIDTH
                       : tally_tile_partial_width(size, tile->level);
    return widest;
}

/* How many bytes of a bundle its first count entries take; 0 if it has fewer. */
static size_t prefix_bytes(tally_text bundle, uint32_t count)
{
    size_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (bundle.count - at < 2)
            return 0;
        at += 2 + ((size_t)(uint8_t)bundle.bytes[at] << 8 | (uint8_t)bundle.bytes[at + 1]);
        if (at > bundle.count)
            return 0;
    }
    return at;
}

static bool check_old_partial(walker *walk, const char *path, const tally_tile *tile,
                              const tally_tile *widest)
{
    tally_audit *audit = walk->audit;
    char widest_path[TALLY_TILE_PATH_BYTES];
    tally_audit_read answer;
    tally_text text;
    size_t count;

    (void)tally_tile_path(widest_path, widest);
    answer = tally_audit_read_file(audit, audit->folder, widest_path, &audit->bytes);
    if (answer != TALLY_AUDIT_READ)
        return answer != TALLY_AUDIT_STOPPED; /* said where it was looked for first */
    answer = tally_audit_read_file(audit, audit->folder, path, &walk->old);
    if (answer == TALLY_AUDIT_STOPPED)
        return false;
    text = tally_buffer_text(&audit->bytes);
    count =
        tile->holds_entries ? prefix_bytes(text, tile->width) : tile->width * sizeof(tally_node);
    if (answer != TALLY_AUDIT_READ || walk->old.count != count || count > text.count ||
        !tally_text_has_prefix(text, tally_buffer_text(&walk->old)))
        tally_audit_fault(audit, TALLY_AUDIT_OTHERS, "%s is not the beginning of %s", path,
                          widest_path);
    else
        audit->old_count++;
    return true;
}

static bool meet_tile(walker *walk, const char *path, const tally_tile *tile)
{
    tally_audit *audit = walk->audit;
    uint64_t size = audit->opened.checkpoint.size;
    tally_tile widest = widest_of(tile, size);

    if (!tally_tile_is_within(tile, size)) {
        tally_audit_warn(audit, TALLY_AUDIT_OTHERS, "%s is beyond the checkpoint", path);
        return true;
    }
    return widest.width == tile->width || check_old_partial(walk, path, tile, &widest);
}

/* Files of snapshots that no entry commits, and buckets that no head counts. */
static bool meet_state(walker *walk, const char *path, const tally_state_file *file)
{
    tally_audit *audit = walk->audit;
    char other_path[TALLY_STATE_PATH_BYTES];
    tally_audit_read answer;

    if (audit->snapshots.count == 0 || file->epoch < audit->snapshots.first_epoch ||
        file->epoch > audit->snapshots.last_epoch) {
        tally_audit_warn(audit, TALLY_AUDIT_OTHERS, "%s is of an epoch without a snapshot", path);
        return true;
    }
    if (file->part != TALLY_STATE_BUCKET)
        return true;
    if (!walk->has_head || walk->state.epoch != file->epoch) {
        tally_state_file other = { .epoch = file->epoch, .part = TALLY_STATE_ROOTS };

        (void)tally_state_path(other_path, &other);
        walk->has_roots = faccessat(audit->folder, other_path, F_OK, 0) == 0;
        other.part = TALLY_STATE_HEAD;
        (void)tally_state_path(other_path, &other);
        answer = tally_audit_read_file(audit, audit->folder, other_path, &walk->head);
        if (answer == TALLY_AUDIT_STOPPED)
            return false;
        walk->has_head =
            answer == TALLY_AUDIT_READ &&
            tally_state_parse_head(&walk->state, tally_buffer_text(&walk->head), NULL) == TALLY_OK;
    }
    if (!walk->has_roots)
        tally_audit_warn(audit, TALLY_AUDIT_OTHERS, "%s is left of rows that were removed", path);
    if (walk->has_head && file->bucket >> walk->state.bits != 0)
        tally_audit_warn(audit, TALLY_AUDIT_OTHERS, "%s is a bucket that its head does not have",
                         path);
    return true;
}

/* A document that the folder publishes; check 6 has looked inside. */
static bool meet_document(walker *walk, const char *path)
{
    tally_text text = tally_text_from(path);
    uint64_t index;

    if (walk->audit->options.takes_any_entries ||
        !tally_text_has_prefix(text, TALLY_TEXT("documents/")) ||
        !tally_checkpoint_parse_number(&index, tally_text_slice(text, 10, text.count)))
        return false;
    if (index >= walk->audit->opened.checkpoint.size)
        tally_audit_warn(walk->audit, TALLY_AUDIT_OTHERS, "%s is beyond the checkpoint", path);
    return true;
}

static bool meet_file(walker *walk, const char *path)
{
    tally_text text = tally_text_from(path);
    const char *slash = strrchr(path, '/');
    tally_state_file file;
    tally_tile tile;

    if (strcmp(path, "checkpoint") == 0)
        return true;
    if (tally_tile_parse(&tile, text))
        return meet_tile(walk, path, &tile);
    if (!walk->audit->options.takes_any_entries && tally_state_parse_path(&file, text))
        return meet_state(walk, path, &file);
    if (meet_document(walk, path))
        return true;
    tally_audit_warn(walk->audit, TALLY_AUDIT_OTHERS, "%s is %s", path,
                     strncmp(slash != NULL ? slash + 1 : path, ".tmp-", 5) == 0
                         ? "left over from a write that did not end"
                         : "no file of a log");
    return true;
}

static bool stop(walker *walk, const char *path)
{
    tally_err_set(&walk->audit->stopped, TALLY_E_IO, 0, "%s cannot be listed: %s",
                  path[0] != '\0' ? path : walk->audit->options.folder, strerror(errno));
    return false;
}

static bool meet_folder(walker *walk, const char *path, uint32_t depth);

static bool meet_name(walker *walk, const char *path, int folder, const char *name, uint32_t depth)
{
    char inner[PATH_BYTES];
    struct stat facts;

    if (snprintf(inner, sizeof(inner), "%s%s%s", path, path[0] != '\0' ? "/" : "", name) >=
        (int)sizeof(inner)) {
        tally_audit_warn(walk->audit, TALLY_AUDIT_OTHERS, "%s holds a name too long for a log",
                         path);
        return true;
    }
    /* What vanished since it was listed is no longer in the way. */
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || stop(walk, inner);
    if (S_ISREG(facts.st_mode))
        return meet_file(walk, inner);
    if (S_ISDIR(facts.st_mode) && depth < DEPTH_MAX)
        return meet_folder(walk, inner, depth + 1);
    tally_audit_warn(walk->audit, TALLY_AUDIT_OTHERS, "%s is %s", inner,
                     S_ISDIR(facts.st_mode) ? "a folder too deep for a log" : "no regular file");
    return true;
}

static bool meet_folder(walker *walk, const char *path, uint32_t depth)
{
    int file = openat(walk->audit->folder, path[0] != '\0' ? path : ".",
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = file >= 0 ? fdopendir(file) : NULL;
    struct dirent *entry;
    bool goes_on = true;

    if (folder == NULL) {
        goes_on = stop(walk, path);
        if (file >= 0)
            close(file);
        return goes_on;
    }
    while (goes_on && (errno = 0, entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            goes_on = meet_name(walk, path, file, entry->d_name, depth);
    }
    if (goes_on && errno != 0)
        goes_on = stop(walk, path);
    closedir(folder);
    return goes_on;
}

bool tally_audit_walk(tally_audit *audit)
{
    walker walk = { .audit = audit };
    bool is_walked;

    tally_buffer_init(&walk.old, TALLY_BUNDLE_BYTES_MAX);
    tally_buffer_init(&walk.head, TALLY_STATE_HEAD_BYTES_MAX);
    is_walked = meet_folder(&walk, "", 0);
    tally_buffer_free(&walk.old);
    tally_buffer_free(&walk.head);
    audit->is_done[TALLY_AUDIT_OTHERS] = is_walked;
    return is_walked;
}
