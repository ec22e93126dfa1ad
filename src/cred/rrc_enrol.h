/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_ENROL_H
#define TALLY_CRED_RRC_ENROL_H

/* Enrolment: once in a programme a member gives the operator Y = k * H + rho * G,
 * which hides k perfectly, and proves to know k and rho. The operator keeps
 * exactly one Y a member: that alone makes "one claim a member" true. */

#include "cred/rrc.h"

#define TALLY_RRC_ENROLMENT_BYTES 128 /* Y and the proof */

/* What a member keeps, and backs up, for the programme. Secret but for y. */
typedef struct tally_rrc_member {
    tally_scalar k, rho;
    tally_element y;
} tally_rrc_member;

/* A new one. On failure out is all zero.
 * TALLY_E_IO  the source of random bytes failed */
TALLY_MUST_CHECK tally_rc tally_rrc_member_new(tally_rrc_member *out, const tally_random *random,
                                               tally_err *err);

/* The one that a backup holds. On failure out is all zero.
 * TALLY_E_INVALID  k is zero, or one is not canonical */
TALLY_MUST_CHECK tally_rc tally_rrc_member_restore(tally_rrc_member *out,
                                                   const uint8_t k[static TALLY_SCALAR_BYTES],
                                                   const uint8_t rho[static TALLY_SCALAR_BYTES],
                                                   tally_err *err);

/* The member's message to an issuer that sent this nonce. On failure out is all
 * zero; codes of tally_sigma_prove(), and TALLY_E_INVALID for the issuer's name. */
TALLY_MUST_CHECK tally_rc tally_rrc_enrol(uint8_t out[static TALLY_RRC_ENROLMENT_BYTES],
                                          const tally_rrc_member *member, tally_text issuer,
                                          const uint8_t nonce[static TALLY_RRC_NONCE_BYTES],
                                          const tally_random *random, tally_err *err);

/* The operator's check of such a message.
 *
 * out_y  what to keep for the member; written on success only
 *
 * TALLY_E_INVALID  length, element or proof is wrong
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_enrolment_check(
    tally_element *out_y, tally_text issuer, const uint8_t nonce[static TALLY_RRC_NONCE_BYTES],
    const uint8_t *bytes, size_t byte_count, tally_err *err);

#endif
