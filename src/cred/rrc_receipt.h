/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_RECEIPT_H
#define TALLY_CRED_RRC_RECEIPT_H

/* Receipts: what the operator signs about a presentation it has judged. The
 * operator could make a presentation up itself, so that one is no evidence to
 * others; this statement of it, signed, is.
 *
 * Payload: canonical JSON with the members of the struct, in the order of their
 * names; bytes are base64url without padding, the time is RFC 3339 in UTC. Signed:
 * a compact JWS (crypto/jws.h) of type TALLY_RRC_RECEIPT_TYP. */

#include "cred/rrc_present.h"
#include "crypto/jws.h"
#include "json/value.h"
#include "util/buffer.h"

#define TALLY_RRC_RECEIPT_TYP       "tally-claim-receipt+jws"
#define TALLY_RRC_RECEIPT_BYTES_MAX ((size_t)16 << 10)

typedef enum tally_rrc_result {
    TALLY_RRC_ACCEPTED,       /* "accepted" */
    TALLY_RRC_ALREADY_CLAIMED /* "already-claimed": this nullifier was shown before */
} tally_rrc_result;

typedef struct tally_rrc_receipt {
    tally_text issuer, programme, provider, benefit, period;
    uint32_t slot, threshold;
    uint8_t nullifier[TALLY_ELEMENT_BYTES];
    uint8_t presentation[TALLY_RRC_HASH_BYTES]; /* the hash of its bytes */
    int64_t time_ms;                            /* since 1970, UTC */
    tally_rrc_result result;
} tally_rrc_receipt;

/* Append the payload.
 * TALLY_E_INVALID  a text is empty, not visible UTF-8 or too long; the time is not
 *                  in the years 0000 to 9999
 * and those of the buffer */
TALLY_MUST_CHECK tally_rc tally_rrc_receipt_append(tally_buffer *out,
                                                   const tally_rrc_receipt *receipt,
                                                   tally_err *err);

/* Append the receipt signed with the operator's key. Codes as above and those of
 * tally_jws_sign(). */
TALLY_MUST_CHECK tally_rc
tally_rrc_receipt_sign(tally_buffer *out, const tally_rrc_receipt *receipt,
                       const uint8_t seed[static TALLY_ED25519_SEED_BYTES], tally_err *err);

/* Check a signed receipt and read it.
 *
 * out_document  holds the texts of out; the caller releases it with
 *               tally_json_document_free()
 * operator      the key that must have signed
 *
 * TALLY_E_INVALID  the signature or the form is wrong
 * TALLY_E_LIMIT    longer than TALLY_RRC_RECEIPT_BYTES_MAX
 * TALLY_E_NOMEM    allocation failed */
TALLY_MUST_CHECK tally_rc tally_rrc_receipt_open(tally_rrc_receipt *out,
                                                 tally_json_document **out_document, tally_text jws,
                                                 const tally_jws_key *operator, tally_err * err);

#endif
