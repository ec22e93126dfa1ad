/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages. One that is sound was written by the holder of a key: only the
 * seeds are, and what differs from them where nothing is signed. */

#include "batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_batch_reader *reader = NULL;
    tally_batch batch;
    tally_batch_tree tree;

    if (arena != NULL && tally_batch_reader_new(&reader, NULL) == TALLY_OK &&
        tally_batch_parse(&batch, reader, tally_text_of((const char *)bytes, count), arena, NULL) ==
            TALLY_OK) {
        TALLY_ASSERT(batch.event_count == batch.header.count && batch.event_count > 0);
        for (uint32_t i = 0; i < batch.event_count; i++) {
            fuzz_check_event(&batch.events[i], tally_text_of((const char *)bytes, count));
            fuzz_check_again(&batch, &batch.events[i], reader, arena);
        }
        if (tally_batch_verify(&batch, &tree, arena, NULL) == TALLY_OK)
            TALLY_ASSERT(tree.count == batch.event_count);
    }
    tally_batch_reader_free(reader);
    tally_arena_free(arena);
    return 0;
}
