/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_DID_WEB_H
#define TALLY_CRED_DID_WEB_H

/* did:web (the did:web method of the W3C Credentials Community Group): who serves a
 * document below an https address is that did. The document lists keys as Multikey; the
 * same keys stand in the metadata that SD-JWT VC wants of an issuer. */

#include <stdint.h>
#include "crypto/jose.h"
#include "tally/base.h"

#define TALLY_DID_WEB_KEYS_MAX  16
#define TALLY_DID_WEB_BYTES_MAX ((size_t)64 << 10)

typedef struct tally_did_web_key {
    const char *fragment; /* of its URL: "key-1" */
    tally_jose_public key;
} tally_did_web_key;

/* Append the did of an origin such as green.example.org/points or localhost:8080: a host
 * of a-z 0-9 - . with an optional port, and a path of a-z A-Z 0-9 - . _. TALLY_E_INVALID. */
TALLY_MUST_CHECK tally_rc tally_did_web_write(tally_buffer *out, tally_text origin, tally_err *err);

/* Append the address of a did's document: https://.../did.json. TALLY_E_INVALID. */
TALLY_MUST_CHECK tally_rc tally_did_web_address(tally_buffer *out, tally_text did, tally_err *err);

/* Append the did document, all of whose keys sign assertions. */
TALLY_MUST_CHECK tally_rc tally_did_web_document(tally_buffer *out, tally_text did,
                                                 const tally_did_web_key *keys, uint32_t key_count,
                                                 tally_err *err);

/* The key that a verification method (did#fragment) names in the document fetched for its
 * did. TALLY_E_INVALID: the document is another's, or names no such key for assertions. */
TALLY_MUST_CHECK tally_rc tally_did_web_find(tally_jose_public *out, tally_text document,
                                             tally_text method, tally_err *err);

/* Append the metadata of /.well-known/jwt-vc-issuer for the issuer https://origin; the
 * keys' fragments are their kid. */
TALLY_MUST_CHECK tally_rc tally_did_web_issuer_metadata(tally_buffer *out, tally_text origin,
                                                        const tally_did_web_key *keys,
                                                        uint32_t key_count, tally_err *err);

#endif
