/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_DID_KEY_H
#define TALLY_CRYPTO_DID_KEY_H

/* did:key for Ed25519 (the did:key method of the W3C Credentials Community Group):
 * `did:key:` and the Multikey, which is `z` and the base58btc of the bytes ed 01
 * (multicodec) and the 32 of the public key. All such texts are equally long.
 * The URL of the key itself, as `kid` and `verificationMethod` want it, is the did,
 * `#` and the Multikey again.
 *
 * Reading takes exactly the text that writing gives and checks no more than that:
 * whether the bytes are a point is seen when a signature is verified. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "tally/base.h"
#include "util/text.h"

#define TALLY_MULTIKEY_CHARACTERS    48
#define TALLY_DID_KEY_CHARACTERS     56
#define TALLY_DID_KEY_URL_CHARACTERS 105

/* A did:key and a NUL. */
typedef struct tally_did_key {
    char text[TALLY_DID_KEY_CHARACTERS + 1];
} tally_did_key;

/* A did:key, `#`, its Multikey and a NUL. */
typedef struct tally_did_key_url {
    char text[TALLY_DID_KEY_URL_CHARACTERS + 1];
} tally_did_key_url;

/* `z6Mk...` of a public key, and a NUL. */
void tally_multikey_write(char out_text[static TALLY_MULTIKEY_CHARACTERS + 1],
                          const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);
TALLY_MUST_CHECK bool tally_multikey_read(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES],
                                          tally_text text);

void tally_did_key_write(tally_did_key *out_did,
                         const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);
void tally_did_key_url_write(tally_did_key_url *out_url,
                             const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);

/* TALLY_E_INVALID  the text is no did:key of an Ed25519 key; outputs are then zero */
TALLY_MUST_CHECK tally_rc tally_did_key_read(
    uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES], tally_text did, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_did_key_url_read(
    uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES], tally_text url, tally_err *err);

#endif
