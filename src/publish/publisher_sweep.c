/* SPDX-License-Identifier: Apache-2.0 */
/* Removing partial files. A reader with an earlier checkpoint may be about to
 * fetch one, so it stays until a checkpoint that covers the full file has been
 * out for an hour. What is known of that is kept in the file `swept` of the state
 * folder, three numbers a line each:
 *
 *   the size up to which nothing is left to remove
 *   the size of a checkpoint, and when it came out
 *
 * Losing the file costs looking at every tile once, nothing else. */

#include <inttypes.h>
#include <stdio.h>

#include "publish/publisher_internal.h"

#define NAME        "swept"
#define BYTES_MAX   ((size_t)128)
#define WAIT_S      3600
#define SUFFIX_ROOM 4

typedef struct swept {
    uint64_t done;
    uint64_t size;
    uint64_t since_s;
} swept;

static bool take_number(uint64_t *out, tally_text *inout_rest)
{
    tally_text line;

    return tally_checkpoint_take_line(&line, inout_rest) &&
           tally_checkpoint_parse_number(out, line);
}

/* A file that is missing, or is not as we write it, is as good as none. */
static tally_rc load(tally_publisher *publisher, swept *out, tally_err *err)
{
    tally_buffer bytes;
    tally_text rest;
    bool exists;
    tally_rc rc;

    tally_buffer_init(&bytes, BYTES_MAX);
    rc = tally_folder_read(&publisher->state, NAME, &bytes, &exists, err);
    rest = tally_buffer_text(&bytes);
    if (rc == TALLY_OK && (!exists || !take_number(&out->done, &rest) ||
                           !take_number(&out->size, &rest) || !take_number(&out->since_s, &rest) ||
                           out->done > out->size || out->size > publisher->shown.size))
        *out = (swept){ .done = 0 };
    tally_buffer_free(&bytes);
    return rc;
}

static tally_rc save(tally_publisher *publisher, const swept *state, tally_err *err)
{
    tally_buffer bytes;
    tally_rc rc;

    tally_buffer_init(&bytes, BYTES_MAX);
    rc = tally_buffer_printf(&bytes, "%" PRIu64 "\n%" PRIu64 "\n%" PRIu64 "\n", state->done,
                             state->size, state->since_s);
    rc = rc == TALLY_OK ? tally_folder_write(&publisher->state, NAME, tally_buffer_text(&bytes),
                                             TALLY_FOLDER_REPLACE, err)
                        : tally_publisher_no_memory(err);
    tally_buffer_free(&bytes);
    return rc;
}

/* The folder of partial files of one full tile. */
static tally_rc remove_partials(tally_publisher *publisher, bool holds_entries, uint32_t level,
                                uint64_t index, uint64_t *out_removed, tally_err *err)
{
    const tally_tile tile = {
        .holds_entries = holds_entries, .level = level, .index = index, .width = TALLY_TILE_WIDTH
    };
    char path[TALLY_TILE_PATH_BYTES + SUFFIX_ROOM];
    const tally_files *files = publisher->log.files;
    size_t count = tally_tile_path(path, &tile).count;
    int folder;

    (void)snprintf(path + count, SUFFIX_ROOM, ".p");
    folder = files->calls->open_folder(files->context, publisher->log.handle, path);
    if (folder < 0)
        return TALLY_OK;
    files->calls->close(files->context, folder);
    (*out_removed)++;
    return tally_folder_remove_flat(&publisher->log, path, err);
}

static tally_rc remove_between(tally_publisher *publisher, uint64_t from, uint64_t to,
                               uint64_t *out_removed, tally_err *err)
{
    for (uint32_t level = 0; level < TALLY_TILE_LEVEL_COUNT; level++) {
        uint64_t end = tally_tile_full_count(to, level);

        for (uint64_t i = tally_tile_full_count(from, level); i < end; i++) {
            tally_rc rc = remove_partials(publisher, false, level, i, out_removed, err);

            if (rc == TALLY_OK && level == 0)
                rc = remove_partials(publisher, true, level, i, out_removed, err);
            if (rc != TALLY_OK)
                return rc;
        }
    }
    return TALLY_OK;
}

tally_rc tally_publisher_sweep(tally_publisher *publisher, int64_t now_s, uint64_t *out_removed,
                               tally_err *err)
{
    swept state = { .done = 0 };
    tally_rc rc = load(publisher, &state, err);

    *out_removed = 0;
    if (rc != TALLY_OK || now_s < 0)
        return rc;
    /* A clock that was set back only means waiting longer. */
    if (state.size > state.done && (uint64_t)now_s >= state.since_s &&
        (uint64_t)now_s - state.since_s >= WAIT_S) {
        rc = remove_between(publisher, state.done, state.size, out_removed, err);
        state.done = state.size;
    }
    if (rc != TALLY_OK || state.size > state.done || publisher->shown.size == state.done)
        return rc;
    state.size = publisher->shown.size;
    state.since_s = (uint64_t)now_s;
    return save(publisher, &state, err);
}
