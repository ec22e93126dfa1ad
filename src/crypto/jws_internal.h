/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_JWS_INTERNAL_H
#define TALLY_CRYPTO_JWS_INTERNAL_H

/* What the compact and the general form share. */

#include "crypto/jws.h"

/* {"alg":"EdDSA","kid":"...","typ":"..."} in base64url. */
#define TALLY_JWS_HEADER_BYTES_MAX 320

/* Append the encoded header of a key. */
tally_rc tally_jws_append_header(tally_buffer *out, const char *typ,
                                 const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);

/* The key of an encoded header, which must be exactly the one that would be written for
 * it and typ. */
TALLY_MUST_CHECK tally_rc tally_jws_read_header(tally_jws_key *out_key, tally_text header,
                                                const char *typ, tally_err *err);

/* Check a signature (base64url) over `header.payload`, both encoded. */
TALLY_MUST_CHECK tally_rc tally_jws_check(tally_text signing_input, tally_text signature,
                                          const tally_jws_key *key, tally_err *err);

/* Append what a base64url text stands for. */
TALLY_MUST_CHECK tally_rc tally_jws_append_decoded(tally_buffer *out, tally_text encoded,
                                                   tally_err *err);

/* Parse a verified payload, which must be canonical. */
TALLY_MUST_CHECK tally_rc tally_jws_parse(tally_json_document **out_document, tally_text payload,
                                          const tally_json_options *options, tally_err *err);

/* A failed buffer in words. */
tally_rc tally_jws_report(const tally_buffer *buffer, tally_err *err);

#endif
