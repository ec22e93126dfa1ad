/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a request to a witness: one that is read is written the same. */

#include "fuzz.h"
#include "tlog/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_witness_request request;
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_buffer again;

    if (tally_witness_parse(&request, text, NULL) != TALLY_OK)
        return 0;
    tally_buffer_init(&again, TALLY_WITNESS_REQUEST_BYTES_MAX);
    TALLY_ASSERT(tally_witness_append(&again, &request) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    return 0;
}
