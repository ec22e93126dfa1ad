/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a bundle of the width that the first byte gives, its entries as
 * ours: what was read is written the same. */

#include "fuzz.h"
#include "tlog/bundle.h"
#include "tlog/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_bundle bundle;
    tally_text text;
    tally_buffer again;

    if (count == 0)
        return 0;
    text = tally_text_of((const char *)bytes + 1, count - 1);
    if (tally_bundle_parse(&bundle, text, (uint32_t)bytes[0] + 1, NULL) != TALLY_OK)
        return 0;
    TALLY_ASSERT(bundle.count == (uint32_t)bytes[0] + 1);
    tally_buffer_init(&again, TALLY_BUNDLE_BYTES_MAX);
    for (uint32_t i = 0; i < bundle.count; i++) {
        uint8_t written[TALLY_ENTRY_BYTES];
        tally_entry entry;

        TALLY_ASSERT(tally_bundle_append(&again, bundle.entries[i]) == TALLY_OK);
        if (tally_entry_parse(&entry, bundle.entries[i], NULL) != TALLY_OK)
            continue;
        tally_entry_write(written, &entry);
        TALLY_ASSERT(memcmp(written, bundle.entries[i].bytes, sizeof(written)) == 0);
    }
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    return 0;
}
