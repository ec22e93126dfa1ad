/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_ISSUE_H
#define TALLY_CRED_RRC_ISSUE_H

/* Issuance: one round trip that turns a score into a credential over the k which
 * the member enrolled. The member is known to the operator here; nothing of what
 * is sent here can be found again in a presentation. The next score or the next
 * epoch repeats it with the same k. */

#include "cred/rrc.h"
#include "cred/rrc_enrol.h"

#define TALLY_RRC_REQUEST_BYTES  160 /* C and a proof */
#define TALLY_RRC_ISSUANCE_BYTES 160 /* U, V' and a proof */

/* What both sides know of an issuance. */
typedef struct tally_rrc_issuing {
    const tally_rrc_keyset *keyset;
    const tally_rrc_context *context;
    const uint8_t *nonce; /* TALLY_RRC_NONCE_BYTES, the operator's, fresh */
} tally_rrc_issuing;

/* A request that waits for its answer. blind is secret; bytes are what is sent. */
typedef struct tally_rrc_request {
    tally_scalar blind;
    uint8_t bytes[TALLY_RRC_REQUEST_BYTES];
} tally_rrc_request;

/* Secret: whoever has it and the member's k can claim in the member's stead. */
typedef struct tally_rrc_credential {
    tally_element u, v;
    uint32_t score;
} tally_rrc_credential;

/* The member's request. On failure out is all zero; codes of tally_sigma_prove(),
 * and TALLY_E_INVALID when keyset and context name different issuers. */
TALLY_MUST_CHECK tally_rc tally_rrc_request_make(tally_rrc_request *out,
                                                 const tally_rrc_member *member,
                                                 const tally_rrc_issuing *issuing,
                                                 const tally_random *random, tally_err *err);

/* Does a request that came in hold for the Y that the operator keeps for the
 * member? TALLY_E_INVALID: no. TALLY_E_NOMEM: OpenSSL could not allocate. */
TALLY_MUST_CHECK tally_rc tally_rrc_request_check(const tally_rrc_issuing *issuing,
                                                  const tally_element *y, const uint8_t *request,
                                                  size_t request_bytes, tally_err *err);

/* Issue over a request, which is checked first. On failure out is all zero.
 *
 * y      what the operator keeps for the member
 * score  below 2^width of the context: tally_rrc_score()
 *
 * TALLY_E_INVALID  the request does not hold
 * TALLY_E_LIMIT    the score does not fit the width; with it, thresholds could be
 *                  passed from below
 * TALLY_E_IO       the source of random bytes failed
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_issue(uint8_t out[static TALLY_RRC_ISSUANCE_BYTES],
                                          const tally_rrc_key *key,
                                          const tally_rrc_issuing *issuing, const tally_element *y,
                                          uint32_t score, const uint8_t *request,
                                          size_t request_bytes, const tally_random *random,
                                          tally_err *err);

/* The same for a request that tally_rrc_request_check() has passed already. */
TALLY_MUST_CHECK tally_rc
tally_rrc_issue_checked(uint8_t out[static TALLY_RRC_ISSUANCE_BYTES], const tally_rrc_key *key,
                        const tally_rrc_issuing *issuing, uint32_t score,
                        const uint8_t request[static TALLY_RRC_REQUEST_BYTES],
                        const tally_random *random, tally_err *err);

/* The member takes the answer. On failure out is all zero.
 *
 * score  what the operator says it is, and the member's statement agrees with
 *
 * TALLY_E_INVALID  length, elements or proof are wrong: it was not issued over
 *                  this request, score, context and keyset
 * TALLY_E_LIMIT    the score does not fit the width
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_issuance_take(tally_rrc_credential *out,
                                                  const tally_rrc_request *request,
                                                  const tally_rrc_issuing *issuing, uint32_t score,
                                                  const uint8_t *bytes, size_t byte_count,
                                                  tally_err *err);

#endif
