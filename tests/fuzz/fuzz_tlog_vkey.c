/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a verifier key: one that is read is written the same. */

#include "fuzz.h"
#include "tlog/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_buffer again;
    tally_vkey key;

    if (tally_vkey_parse(&key, text, NULL) != TALLY_OK)
        return 0;
    tally_buffer_init(&again, 4096);
    TALLY_ASSERT(tally_vkey_append(&again, &key) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    return 0;
}
