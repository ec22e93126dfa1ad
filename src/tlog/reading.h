/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_READING_H
#define TALLY_TLOG_READING_H

/* Reading a published log: tiles, bundles, the checkpoint, from wherever its files
 * are. What is read is not believed here; whoever asks checks it against a root. */

#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#define TALLY_READING_CHECKPOINT "checkpoint"

/* Where files come from: a folder, a web server, memory. */
typedef struct tally_files_source {
    void *context;
    /* Read a whole file by its path into out, which is reset first. out_exists
     * false: there is none. A file longer than out may be is TALLY_E_LIMIT. */
    tally_rc (*read)(void *context, const char *path, tally_buffer *out, bool *out_exists,
                     tally_err *err);
} tally_files_source;

/* The size decides which partial files are asked for; where one is gone, the full
 * one stands in for it. One thread at a time. */
typedef struct tally_reading {
    tally_files_source source;
    uint64_t size;
    tally_buffer bytes;
} tally_reading;

void tally_reading_init(tally_reading *out, tally_files_source source, uint64_t size);
void tally_reading_free(tally_reading *reading);

/* The tiles, for tally_tile_stack_resume() and tally_tile_tree. Reading fails with
 *
 * TALLY_E_RETRY  the file is missing, or not as long as its width says
 * and what the source fails with */
tally_tile_reader tally_reading_tiles(tally_reading *reading);

/* Read the bundle with this index as far as the size goes. out points into
 * reading->bytes. Failures as above, and TALLY_E_CORRUPT: it is no bundle. */
TALLY_MUST_CHECK tally_rc tally_reading_bundle(tally_reading *reading, uint64_t index,
                                               tally_bundle *out, tally_err *err);

/* The edge of the first `size` leaves, which must not be more than the reading's,
 * from its tiles. */
TALLY_MUST_CHECK tally_rc tally_reading_edge(const tally_tree_source *tiles, uint64_t size,
                                             tally_tree_edge *out, tally_err *err);

#endif
