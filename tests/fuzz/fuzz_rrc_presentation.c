/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a presentation: what can be read is written again as it was, and
 * only the one that was made holds. */

#include "fuzz.h"
#include "cred/rrc_internal.h"
#include "rrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const rrc_fixture *known = rrc_get();
    tally_rrc_presentation read, again;
    tally_rc rc = tally_rrc_presentation_read(&read, bytes, count, NULL);

    if (rc != TALLY_OK)
        return 0;
    again = read;
    memset(again.bytes, 0, sizeof(again.bytes));
    tally_rrc_presentation_compose(&again);
    TALLY_ASSERT(again.byte_count == count && memcmp(again.bytes, bytes, count) == 0);
    rc = tally_rrc_presentation_verify(&read, &known->showing, &known->key, NULL);
    TALLY_ASSERT((rc == TALLY_OK) ==
                 rrc_is_honest(bytes, count, known->shown.bytes, known->shown.byte_count));
    return 0;
}
