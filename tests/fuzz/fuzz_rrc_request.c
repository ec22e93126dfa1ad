/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an enrolment and as a request for a credential: none holds but the
 * member's own. */

#include "fuzz.h"
#include "rrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const rrc_fixture *known = rrc_get();
    tally_element y;
    tally_rc rc = tally_rrc_request_check(&known->issuing, &known->member.y, bytes, count, NULL);

    TALLY_ASSERT((rc == TALLY_OK) ==
                 rrc_is_honest(bytes, count, known->request.bytes, sizeof(known->request.bytes)));
    rc = tally_rrc_enrolment_check(&y,
                                   tally_text_of(known->keyset.issuer, known->keyset.issuer_bytes),
                                   known->nonce, bytes, count, NULL);
    TALLY_ASSERT((rc == TALLY_OK) ==
                 rrc_is_honest(bytes, count, known->enrolment, sizeof(known->enrolment)));
    return 0;
}
