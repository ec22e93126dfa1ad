/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of an outbox's journal, and what they leave. */

#include "client/outbox_internal.h"
#include "fuzz.h"
#include "util/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static char folder[] = "fuzz";
    tally_outbox outbox = { .folder = folder };
    tally_text rest = tally_text_of((const char *)bytes, count);
    uint32_t number = 0;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && rest.count > 0) {
        tally_text line = { NULL, 0 };

        (void)tally_text_split(rest, '\n', &line, &rest);
        rc = tally_outbox_apply(&outbox, line, ++number, NULL);
        TALLY_ASSERT(rc == TALLY_OK || rc == TALLY_E_CORRUPT || rc == TALLY_E_NOMEM);
        TALLY_ASSERT(outbox.first_number <= outbox.answered &&
                     outbox.answered <= outbox.next_number);
        TALLY_ASSERT(outbox.next_number - outbox.first_number <= outbox.message_room);
        TALLY_ASSERT(outbox.input_count <= outbox.input_room);
        for (uint32_t i = 0; i + 1 < outbox.input_count; i++)
            TALLY_ASSERT(outbox.inputs[i].progress.is_done || outbox.inputs[i].is_abandoned);
    }
    tally_release(outbox.inputs);
    tally_release(outbox.messages);
    return 0;
}
