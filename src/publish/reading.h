/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_READING_H
#define TALLY_PUBLISH_READING_H

/* Reading a published log from its folder: tiles, bundles, the checkpoint. What
 * is read is not believed here; whoever asks checks it against a root. */

#include "publish/folder.h"
#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#define TALLY_READING_CHECKPOINT "checkpoint"

/* The size decides which partial files are asked for; where one is gone, the full
 * one stands in for it. One thread at a time. */
typedef struct tally_reading {
    tally_folder *folder;
    uint64_t size;
    tally_buffer bytes;
} tally_reading;

void tally_reading_init(tally_reading *out, tally_folder *folder, uint64_t size);
void tally_reading_free(tally_reading *reading);

/* The tiles, for tally_tile_stack_resume() and tally_tile_tree. Reading fails with
 *
 * TALLY_E_RETRY  the file is missing, or shorter than its width says
 * TALLY_E_IO, TALLY_E_NOMEM */
tally_tile_reader tally_reading_tiles(tally_reading *reading);

/* Read the bundle with this index as far as the size goes. out points into
 * reading->bytes. Failures as above, and TALLY_E_CORRUPT: it is no bundle. */
TALLY_MUST_CHECK tally_rc tally_reading_bundle(tally_reading *reading, uint64_t index,
                                               tally_bundle *out, tally_err *err);

/* Read the checkpoint file into a buffer with room for a note. */
TALLY_MUST_CHECK tally_rc tally_reading_checkpoint(tally_folder *folder, tally_buffer *out,
                                                   bool *out_exists, tally_err *err);

#endif
