/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_SD_JWT_H
#define TALLY_CRED_SD_JWT_H

/* SD-JWT (RFC 9901) and SD-JWT VC (draft-ietf-oauth-sd-jwt-vc): a signed JWT whose claims
 * are partly hashes, the disclosures that open them, and a JWT by which the holder shows
 * its key (key binding):
 *
 *     <issuer's JWT>~<disclosure>~...~<disclosure>~<key binding JWT, or nothing>
 *
 * The holder leaves out disclosures of what it does not want to show. Copies are linkable:
 * two verifiers who compare, and always the issuer, see that they are one. SHA-256 only. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/jose.h"
#include "crypto/random.h"

#define TALLY_SD_JWT_BYTES_MAX       ((size_t)256 << 10)
#define TALLY_SD_JWT_DISCLOSURES_MAX 256
#define TALLY_SD_JWT_CLAIMS_MAX      64
#define TALLY_SD_JWT_DECOYS_MAX      64
#define TALLY_SD_JWT_VC_TYP          "dc+sd-jwt"

/* A claim of the holder's: its name and its value as JSON. */
typedef struct tally_sd_claim {
    const char *name;
    const char *value;
    bool is_disclosable; /* else it always shows */
} tally_sd_claim;

typedef struct tally_sd_jwt_content {
    const char *issuer;              /* iss: an https URL */
    const char *vct;                 /* which kind of credential */
    const char *kid;                 /* of the issuer's key; NULL: none */
    int64_t issued_s;                /* iat: a whole day, so that it tells little */
    int64_t expires_s;               /* exp */
    const tally_jose_public *holder; /* cnf; NULL: anybody may show it */
    const char *status_uri;          /* of a status list; NULL: none */
    int64_t status_index;
    const tally_sd_claim *claims;
    uint32_t claim_count;
    uint32_t decoy_count; /* hashes that open to nothing, so that the count tells nothing */
} tally_sd_jwt_content;

/* Append an SD-JWT VC with all its disclosures.
 *
 * TALLY_E_INVALID  a claim's value is no JSON; its name is one of the JWT's own, stands
 *                  twice, or begins with an underscore; too many claims or decoys */
TALLY_MUST_CHECK tally_rc tally_sd_jwt_issue(tally_buffer *out, const tally_sd_jwt_content *content,
                                             const tally_jose_secret *key,
                                             const tally_random *random, tally_err *err);

/* What the holder adds for one verifier. */
typedef struct tally_sd_jwt_binding {
    const tally_jose_secret *holder;
    const char *audience;
    const char *nonce;
    int64_t at_s;
} tally_sd_jwt_binding;

/* Append a presentation: only the disclosures of these names at the top of the claims, and
 * what lies within them is not looked into. names ends with NULL. binding may be NULL.
 *
 * TALLY_E_INVALID  it is no SD-JWT, or has a key binding already, or lacks one of names */
TALLY_MUST_CHECK tally_rc tally_sd_jwt_present(tally_buffer *out, tally_text sd_jwt,
                                               const char *const *names,
                                               const tally_sd_jwt_binding *binding, tally_err *err);

/* What a verifier wants. */
typedef struct tally_sd_jwt_wanted {
    const tally_jose_public *issuer;
    const char *typ;      /* TALLY_SD_JWT_VC_TYP; NULL: any */
    const char *vct;      /* NULL: any */
    const char *audience; /* key binding to this audience and nonce; NULL: none is needed, */
    const char *nonce;    /* and one that is there is refused */
    int64_t now_s;        /* for exp, nbf and the binding's iat; 0: times are not checked */
    int64_t binding_age_max_s;
} tally_sd_jwt_wanted;

/* Check a presentation. out_claims are the claims as disclosed, without hashes; the caller
 * releases them.
 *
 * TALLY_E_INVALID  a signature, hash, time, audience or nonce is wrong; a disclosure opens
 *                  nothing, or opens what must always show */
TALLY_MUST_CHECK tally_rc tally_sd_jwt_verify(tally_json_document **out_claims, tally_text text,
                                              const tally_sd_jwt_wanted *wanted, tally_err *err);

#endif
