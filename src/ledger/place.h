/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_PLACE_H
#define TALLY_LEDGER_PLACE_H

/* A folder that comes to be with everything in it or not at all: built as
 * `.NAME.tally-init` beside its place, made durable, then renamed into it.
 *
 * The folder being built is locked; what a killed process left of one is cleared by
 * the next that begins. Every function may fail with TALLY_E_IO. One thread at a time. */

#include <stdbool.h>
#include "tally/base.h"

#define TALLY_PLACE_PATH_BYTES 4096

typedef struct tally_place {
    char target[TALLY_PLACE_PATH_BYTES],
        path[TALLY_PLACE_PATH_BYTES]; /* of the folder being built */
    int parent, handle;               /* descriptors, -1: none */
    bool is_finished;
} tally_place;

/* Make the folder to build in, empty and locked.
 *
 * TALLY_E_CONFLICT  folder is there and not empty, or another process builds it
 * TALLY_E_INVALID   it is no name for a folder */
TALLY_MUST_CHECK tally_rc tally_place_begin(tally_place *place, const char *folder, tally_err *err);

/* The folder being built; lives as long as place. */
const char *tally_place_path(const tally_place *place);

/* Make a folder in it, 0700 if private. */
TALLY_MUST_CHECK tally_rc tally_place_make_folder(tally_place *place, const char *name,
                                                  bool is_private, tally_err *err);

/* Make all of it durable, rename it into its place and make that durable. Whoever wrote the files
 * in it has synced them. TALLY_E_CONFLICT: somebody else was faster. */
TALLY_MUST_CHECK tally_rc tally_place_finish(tally_place *place, tally_err *err);

/* Remove what was built and is not finished. A place that could not begin is allowed. */
void tally_place_close(tally_place *place);

#endif
