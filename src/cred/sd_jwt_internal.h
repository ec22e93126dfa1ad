/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_SD_JWT_INTERNAL_H
#define TALLY_CRED_SD_JWT_INTERNAL_H

/* Parts and disclosures of an SD-JWT, for holder and verifier. */

#include "cred/sd_jwt.h"
#include "crypto/hash.h"

/* A disclosure: [salt, name, value], or [salt, value] for an item of an array. */
typedef struct tally_sd_disclosure {
    tally_text encoded;
    uint8_t digest[TALLY_HASH_BYTES]; /* of the encoded text */
    tally_json_document *document;
    tally_text name; /* bytes NULL: of an item */
    const tally_json_value *value;
    bool is_used;
} tally_sd_disclosure;

typedef struct tally_sd_parts {
    tally_text jwt;
    tally_text bound;   /* up to and with the last tilde: what sd_hash is over */
    tally_text binding; /* behind it; empty without key binding */
    uint32_t count;
    tally_sd_disclosure disclosures[TALLY_SD_JWT_DISCLOSURES_MAX];
} tally_sd_parts;

/* Split and parse; release with tally_sd_free() also after a failure. */
TALLY_MUST_CHECK tally_rc tally_sd_split(tally_sd_parts *out, tally_text text, tally_err *err);
void tally_sd_free(tally_sd_parts *parts);

/* The disclosure that a digest (base64url) stands for, or NULL. */
tally_sd_disclosure *tally_sd_find(tally_sd_parts *parts, tally_text digest);

/* Parse the claims with disclosures put in their places.
 *
 * keeps_own  whether claims that the VC's own format needs may be disclosed */
TALLY_MUST_CHECK tally_rc tally_sd_open(tally_json_document **out_claims, tally_sd_parts *parts,
                                        const tally_json_value *payload, bool keeps_own,
                                        tally_err *err);

/* Is the name one that SD-JWT VC never discloses selectively? */
bool tally_sd_is_own(tally_text name);

/* base64url of SHA-256. */
#define TALLY_SD_DIGEST_CHARACTERS 43
TALLY_MUST_CHECK tally_rc tally_sd_digest(char out[static TALLY_SD_DIGEST_CHARACTERS + 1],
                                          tally_text text, tally_err *err);

#endif
