/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_PRESENT_H
#define TALLY_CRED_RRC_PRESENT_H

/* Presentation: a member proves, for one benefit and one provider's nonce, to hold
 * a credential whose score reaches the threshold, and shows the nullifier. */

#include "cred/rrc.h"
#include "cred/rrc_enrol.h"
#include "cred/rrc_issue.h"

#define TALLY_RRC_CLAIM_BYTES_MAX 1024

/* Version, width, 5 + width elements, a proof about 6 + 3 * width scalars. */
#define TALLY_RRC_PRESENTATION_BYTES(width) \
    (2 + 32 * (5 + (size_t)(width)) + 32 * (7 + 3 * (size_t)(width)))
#define TALLY_RRC_PRESENTATION_BYTES_MAX TALLY_RRC_PRESENTATION_BYTES(TALLY_RRC_WIDTH_MAX)

#define TALLY_RRC_PRESENTATION_VERSION 1

/* What a presentation is about. Both sides fill in what they know themselves: the
 * member what the operator published for everybody and what the provider asked;
 * the operator what it published and what the provider forwards. */
typedef struct tally_rrc_showing {
    const tally_rrc_keyset *keyset;
    const tally_rrc_context *context;
    const tally_rrc_benefit *benefit;
    tally_text audience;  /* the provider, at most TALLY_RRC_TEXT_BYTES_MAX */
    const uint8_t *nonce; /* TALLY_RRC_NONCE_BYTES, the provider's, fresh */
    tally_text claim;     /* any bytes, at most TALLY_RRC_CLAIM_BYTES_MAX */
} tally_rrc_showing;

/* A presentation, taken apart. Each element is valid and not neutral; the proof
 * is still to be verified. */
typedef struct tally_rrc_presentation {
    uint32_t width;
    tally_element u1, cv, ck, cs;
    tally_element nullifier;
    tally_element bits[TALLY_RRC_WIDTH_MAX];
    uint8_t proof[32 * (7 + 3 * TALLY_RRC_WIDTH_MAX)];
    uint8_t bytes[TALLY_RRC_PRESENTATION_BYTES_MAX]; /* as sent */
    size_t byte_count;
    uint8_t hash[TALLY_RRC_HASH_BYTES]; /* SHA-256 of the bytes */
} tally_rrc_presentation;

/* Make one. The caller keeps its bytes for the scope and, asked again, sends the
 * very same: two presentations in one scope are linked by their nullifier, and
 * the second is refused as a second claim.
 *
 * TALLY_E_DENIED   the score does not reach the threshold
 * TALLY_E_LIMIT    the threshold does not fit the width of the context
 * TALLY_E_INVALID  audience or claim is too long; keyset and context name
 *                  different issuers; the credential is none
 * TALLY_E_IO       the source of random bytes failed
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_present(tally_rrc_presentation *out,
                                            const tally_rrc_credential *credential,
                                            const tally_rrc_member *member,
                                            const tally_rrc_showing *showing,
                                            const tally_random *random, tally_err *err);

/* Take bytes apart. On failure out is all zero.
 * TALLY_E_INVALID  not of this version, not of the length of its width, or an
 *                  element or scalar is not canonical, or an element is neutral
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_presentation_read(tally_rrc_presentation *out,
                                                      const uint8_t *bytes, size_t byte_count,
                                                      tally_err *err);

#endif
