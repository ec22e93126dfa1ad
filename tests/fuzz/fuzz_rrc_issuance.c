/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the answer to a request: the member takes none but the operator's,
 * and keeps nothing of what it refuses. */

#include "fuzz.h"
#include "rrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const tally_rrc_credential nothing;
    const rrc_fixture *known = rrc_get();
    tally_rrc_credential credential;
    tally_rc rc = tally_rrc_issuance_take(&credential, &known->request, &known->issuing, RRC_SCORE,
                                          bytes, count, NULL);

    TALLY_ASSERT((rc == TALLY_OK) ==
                 rrc_is_honest(bytes, count, known->issuance, sizeof(known->issuance)));
    TALLY_ASSERT((rc == TALLY_OK) == (memcmp(&credential, &nothing, sizeof(nothing)) != 0));
    return 0;
}
