/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the state of a member: one that is read is written the same. */

#include "fuzz.h"
#include "tlog/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_snapshot_state state;
    tally_buffer again;

    if (tally_snapshot_parse_state(&state, text, NULL) != TALLY_OK)
        return 0;
    tally_buffer_init(&again, count);
    TALLY_ASSERT(tally_snapshot_append_state(&again, &state) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    return 0;
}
