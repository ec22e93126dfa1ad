/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the path of a tile or of a file of a snapshot: one that is read is
 * written the same, and none is both. */

#include "fuzz.h"
#include "tlog/state.h"
#include "tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    char path[TALLY_STATE_PATH_BYTES];
    tally_state_file file;
    tally_tile tile;
    bool is_tile = tally_tile_parse(&tile, text);

    if (is_tile) {
        TALLY_ASSERT(tally_text_is_equal(tally_tile_path(path, &tile), text));
        (void)tally_tile_is_within(&tile, TALLY_TREE_SIZE_MAX);
    }
    if (tally_state_parse_path(&file, text)) {
        TALLY_ASSERT(!is_tile);
        TALLY_ASSERT(tally_text_is_equal(tally_state_path(path, &file), text));
    }
    return 0;
}
