/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_H
#define TALLY_CRED_RRC_H

/* The anonymous credential RRC-V01 (docs/formats/rrc-v01.md): keys, contexts and
 * benefits, which all other parts of the scheme take.
 *
 * An operator attests a member's score in a programme without a name; the member
 * shows "my score is at least the threshold of this benefit" to a provider, any
 * number of times, and nobody, not even operator and provider together, can tell
 * who showed it or that two showings have the same origin; but within one scope
 * (a provider's benefit in a period) one member always shows the same nullifier.
 *
 * Parts, each with its header: rrc_enrol.h (once a member), rrc_issue.h (a score
 * into a credential), rrc_present.h (the member's proof), rrc_verify.h (the
 * operator's check), rrc_receipt.h (what the operator signs about it).
 *
 * The scheme has not yet been reviewed outside this project.
 *
 * Nothing here allocates but OpenSSL while it hashes. Structs hold their bytes
 * themselves and may be copied; those called secret are the caller's to wipe
 * (tally_secret_wipe()). All may be called from many threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/random.h"
#include "crypto/ristretto.h"
#include "tally/base.h"
#include "util/text.h"

#define TALLY_RRC_WIDTH_MAX      16 /* bits of a score */
#define TALLY_RRC_TEXT_BYTES_MAX 512
#define TALLY_RRC_NONCE_BYTES    32
#define TALLY_RRC_HASH_BYTES     32

/* Five scalars or five elements. */
#define TALLY_RRC_KEY_BYTES 160

/* H, the second generator: HashToGroup("RRC-V01 generator H", "GENERATOR"). */
extern const tally_element tally_rrc_generator_h;

/* ---- keys ---- */

/* The operator's secret: whoever has it can mint credentials. No scalar is zero. */
typedef struct tally_rrc_key {
    tally_scalar x0, xr, xk, xs, xc;
} tally_rrc_key;

/* The public half. x0 is x0 * H, the others are multiples of the base. */
typedef struct tally_rrc_keyset {
    char issuer[TALLY_RRC_TEXT_BYTES_MAX];
    size_t issuer_bytes;
    tally_element x0, xr, xk, xs, xc;
    uint8_t id[TALLY_RRC_HASH_BYTES]; /* of all the above; KEYSET in the format */
} tally_rrc_keyset;

/* A new secret key. On failure out is all zero.
 * TALLY_E_IO  the source of random bytes failed */
TALLY_MUST_CHECK tally_rc tally_rrc_key_new(tally_rrc_key *out, const tally_random *random,
                                            tally_err *err);

/* Read one back: x0, xr, xk, xs, xc. On failure out is all zero.
 * TALLY_E_INVALID  a scalar is zero or not canonical */
TALLY_MUST_CHECK tally_rc tally_rrc_key_read(tally_rrc_key *out,
                                             const uint8_t bytes[static TALLY_RRC_KEY_BYTES],
                                             tally_err *err);
void tally_rrc_key_write(const tally_rrc_key *key, uint8_t out[static TALLY_RRC_KEY_BYTES]);

/* The public half of a key, under the issuer's name, usually its did:web.
 * TALLY_E_INVALID  the name is empty, not visible UTF-8, or too long
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_keyset_make(tally_rrc_keyset *out, const tally_rrc_key *key,
                                                tally_text issuer, tally_err *err);

/* A published keyset: X0, Xr, Xk, Xs, Xc. A wallet refuses one whose id is not
 * the one that the operator published for everybody.
 * TALLY_E_INVALID  as above, or an element is not canonical or is neutral
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_keyset_read(tally_rrc_keyset *out, tally_text issuer,
                                                const uint8_t bytes[static TALLY_RRC_KEY_BYTES],
                                                tally_err *err);
void tally_rrc_keyset_write(const tally_rrc_keyset *keyset,
                            uint8_t out[static TALLY_RRC_KEY_BYTES]);

/* ---- contexts: what a credential says beside the score ---- */

#define TALLY_RRC_CONTEXT_BYTES_MAX (4 + 11 + 2 * (4 + TALLY_RRC_TEXT_BYTES_MAX) + 4 + 8 + 8 + 1)

typedef struct tally_rrc_context_fields {
    tally_text issuer, programme;
    uint32_t epoch;        /* the programme's count of issue periods */
    uint64_t not_before_s; /* seconds since 1970, UTC */
    uint64_t not_after_s;  /* from then on it is no longer valid */
    uint32_t width;        /* bits of a score, 1 to 16 */
} tally_rrc_context_fields;

/* One of the few contexts that everybody's credentials share: the anonymity set
 * of a showing is who holds a credential of the same context and keyset. */
typedef struct tally_rrc_context {
    uint8_t bytes[TALLY_RRC_CONTEXT_BYTES_MAX]; /* CTX in the format */
    size_t byte_count;
    uint64_t not_before_s, not_after_s;
    uint32_t width;
    tally_scalar attribute; /* m_c in the format */
} tally_rrc_context;

/* TALLY_E_INVALID  a text is empty, not visible UTF-8, or too long; the width is
 *                  not 1 to 16; not_before_s is not before not_after_s
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_context_make(tally_rrc_context *out,
                                                 const tally_rrc_context_fields *fields,
                                                 tally_err *err);

/* ---- benefits: what a presentation is for ---- */

#define TALLY_RRC_SCOPE_BYTES_MAX (4 + 13 + 5 * (4 + TALLY_RRC_TEXT_BYTES_MAX) + 4)

typedef struct tally_rrc_benefit_fields {
    tally_text issuer, programme, provider, benefit, period;
    uint32_t quantity;  /* claims a member has in the period, at least 1 */
    uint32_t slot;      /* which of them, below quantity */
    uint32_t threshold; /* the published one, less the display base; below 2^16 */
} tally_rrc_benefit_fields;

/* A published benefit in a period. Made once, used for each showing. */
typedef struct tally_rrc_benefit {
    uint8_t scope[TALLY_RRC_SCOPE_BYTES_MAX]; /* SCOPE in the format */
    size_t scope_bytes;
    uint8_t scope_hash[TALLY_RRC_HASH_BYTES]; /* beside a nullifier it is unique */
    uint32_t threshold;
    tally_element base;             /* T in the format: nullifiers are multiples */
    tally_element less_threshold_h; /* -threshold * H */
} tally_rrc_benefit;

/* TALLY_E_INVALID  a text is empty, not visible UTF-8, or too long; the slot is
 *                  not below the quantity; the threshold does not fit 16 bits
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_benefit_make(tally_rrc_benefit *out,
                                                 const tally_rrc_benefit_fields *fields,
                                                 tally_err *err);

/* The score that a credential of so many bits says: active points without the
 * display base, none below zero, all above the largest as the largest. */
uint32_t tally_rrc_score(int64_t points, uint32_t width);

#endif
