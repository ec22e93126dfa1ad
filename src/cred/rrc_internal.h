/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_INTERNAL_H
#define TALLY_CRED_RRC_INTERNAL_H

/* What the parts of RRC-V01 share: composing byte strings, tags, and the steps of
 * a presentation that tests take one by one. */

#include "cred/rrc.h"
#include "cred/rrc_present.h"
#include "cred/sigma.h"

/* ---- composing; lp(x) is LE4(bytes of x) || x ---- */

typedef struct tally_rrc_writer {
    uint8_t *bytes;
    size_t room, count;
} tally_rrc_writer;

/* Room is our own fact: callers have bounded what they append. */
void tally_rrc_put(tally_rrc_writer *writer, const void *bytes, size_t count);
void tally_rrc_put_lp(tally_rrc_writer *writer, tally_text text);
void tally_rrc_put_integer(tally_rrc_writer *writer, uint64_t value, uint32_t bytes);

/* A text that may stand in a context or scope?
 * TALLY_E_INVALID  it is empty, too long or not visible UTF-8; `what` names it */
TALLY_MUST_CHECK tally_rc tally_rrc_check_text(tally_text text, const char *what, tally_err *err);

/* ---- tags ---- */

#define TALLY_RRC_PROOF_CONTEXT_BYTES_MAX 8192
#define TALLY_RRC_TAG_BYTES_MAX           160

/* pctx in the format, begun with lp(purpose). */
typedef struct tally_rrc_proof_context {
    const char *purpose;
    uint8_t bytes[TALLY_RRC_PROOF_CONTEXT_BYTES_MAX];
    tally_rrc_writer writer;
} tally_rrc_proof_context;

typedef struct tally_rrc_tag {
    char bytes[TALLY_RRC_TAG_BYTES_MAX];
    size_t count;
} tally_rrc_tag;

void tally_rrc_proof_context_begin(tally_rrc_proof_context *out, const char *purpose);

/* Begin with lp(purpose) KEYSET lp(CTX), and refuse a context of another issuer.
 * TALLY_E_INVALID  keyset and context name different issuers */
TALLY_MUST_CHECK tally_rc tally_rrc_proof_context_begin_under(tally_rrc_proof_context *out,
                                                              const char *purpose,
                                                              const tally_rrc_keyset *keyset,
                                                              const tally_rrc_context *context,
                                                              tally_err *err);

/* "RRC-V01-" purpose "-CMPT-with-sigma-proofs_Shake128_Ristretto255-" hash
 * TALLY_E_NOMEM  OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_tag_make(tally_rrc_tag *out,
                                             const tally_rrc_proof_context *context,
                                             tally_err *err);

static inline tally_text tally_rrc_tag_text(const tally_rrc_tag *tag)
{
    return tally_text_of(tag->bytes, tag->count);
}

/* SHA-256 of the bytes with a message. */
TALLY_MUST_CHECK tally_rc tally_rrc_hash(uint8_t out[static TALLY_RRC_HASH_BYTES],
                                         const void *bytes, size_t count, tally_err *err);

/* ---- enrolment ---- */

/* Add Y = k * H + rho * G over scalars 0 and 1 as the next equation. */
void tally_rrc_state_y(tally_sigma_relation *relation, uint32_t h, uint32_t y);

/* ---- presentation ---- */

/* The scalars of a presentation, in the order of the format. */
enum {
    TALLY_RRC_K,
    TALLY_RRC_S,
    TALLY_RRC_RK,
    TALLY_RRC_RS,
    TALLY_RRC_RV,
    TALLY_RRC_ZETA,
    TALLY_RRC_BITS /* then width bits, width zetas, width zetas of the complement */
};

#define TALLY_RRC_SCALARS(width) (TALLY_RRC_BITS + 3 * (width))

/* All that a proof of presentation is made from. Secret. */
typedef struct tally_rrc_opening {
    uint32_t width;
    tally_rrc_presentation shown; /* all but its proof, bytes and hash */
    tally_element z;
    tally_scalar witness[TALLY_RRC_SCALARS(TALLY_RRC_WIDTH_MAX)];
    tally_sigma_relation relation;
} tally_rrc_opening;

/* Draw the blinds and compute what is shown. */
TALLY_MUST_CHECK tally_rc tally_rrc_open(tally_rrc_opening *out,
                                         const tally_rrc_credential *credential,
                                         const tally_rrc_member *member,
                                         const tally_rrc_showing *showing,
                                         const tally_random *random, tally_err *err);

/* State the relation of what is shown, with Z. */
void tally_rrc_state_presentation(tally_sigma_relation *out, const tally_rrc_presentation *shown,
                                  const tally_element *z, const tally_rrc_showing *showing);

/* The tag of a showing.
 * TALLY_E_INVALID  audience or claim is too long; another issuer's context */
TALLY_MUST_CHECK tally_rc tally_rrc_showing_tag(tally_rrc_tag *out,
                                                const tally_rrc_showing *showing, tally_err *err);

/* The short way to the prover's commitments. `context` is an opening and showing. */
typedef struct tally_rrc_present_shortcut {
    const tally_rrc_opening *opening;
    const tally_rrc_showing *showing;
} tally_rrc_present_shortcut;
TALLY_MUST_CHECK tally_rc tally_rrc_present_commit(const void *context, uint8_t *out_commitments,
                                                   const uint8_t *scalars,
                                                   const uint8_t *challenge);

/* The short way to the verifier's. key may be NULL: then it takes the public way
 * to equation 3. */
typedef struct tally_rrc_verify_shortcut {
    const tally_rrc_presentation *shown;
    const tally_rrc_showing *showing;
    const tally_element *z;
    const tally_rrc_key *key;
} tally_rrc_verify_shortcut;
TALLY_MUST_CHECK tally_rc tally_rrc_verify_commit(const void *context, uint8_t *out_commitments,
                                                  const uint8_t *scalars, const uint8_t *challenge);

/* Verify with a Z that is known to be right; key as above. */
TALLY_MUST_CHECK tally_rc tally_rrc_verify_with(const tally_rrc_presentation *shown,
                                                const tally_rrc_showing *showing,
                                                const tally_element *z, const tally_rrc_key *key,
                                                tally_err *err);

/* Z of a presentation. Constant-time in the key.
 * TALLY_E_INVALID  an element is none */
TALLY_MUST_CHECK tally_rc tally_rrc_compute_z(tally_element *out, const tally_rrc_key *key,
                                              const tally_rrc_context *context,
                                              const tally_rrc_presentation *shown);

/* Write the presentation's bytes from its parts. */
void tally_rrc_presentation_compose(tally_rrc_presentation *inout);

#endif
