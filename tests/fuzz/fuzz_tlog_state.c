/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the head of a snapshot: one that is read is written the same. */

#include "fuzz.h"
#include "tlog/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_state_head head;
    tally_buffer again;

    if (tally_state_parse_head(&head, text, NULL) != TALLY_OK)
        return 0;
    tally_buffer_init(&again, 4096);
    TALLY_ASSERT(tally_state_append_head(&again, &head) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    return 0;
}
