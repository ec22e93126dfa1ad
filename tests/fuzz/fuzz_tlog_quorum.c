/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a policy of cosignatures: one that is read can be met by all of its
 * witnesses together, and by none only if it asks for none. */

#include "fuzz.h"
#include "tlog/quorum.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_quorum quorum;
    bool all[TALLY_QUORUM_WITNESSES_MAX], none[TALLY_QUORUM_WITNESSES_MAX] = { false };

    if (tally_quorum_parse(&quorum, tally_text_of((const char *)bytes, count), NULL) != TALLY_OK)
        return 0;
    for (size_t i = 0; i < TALLY_QUORUM_WITNESSES_MAX; i++)
        all[i] = true;
    TALLY_ASSERT(tally_quorum_is_met(&quorum, all));
    TALLY_ASSERT(tally_quorum_is_met(&quorum, none) == quorum.is_none);
    return 0;
}
