/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as signed JSON. Signatures are not forged, but what has one (the seeds have)
 * is, signed again, the same text. */

#include <string.h>

#include "crypto/jws.h"
#include "fuzz.h"

#define TYP "tally-test+jws"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_jws_key signers[TALLY_JWS_SIGNATURES_MAX], signer;
    static const uint8_t seed[32] = { 1 };
    uint8_t public32[32];
    tally_buffer payload, again;
    uint32_t signer_count;

    tally_buffer_init(&payload, TALLY_JWS_BYTES_MAX);
    tally_buffer_init(&again, TALLY_JWS_BYTES_MAX);
    TALLY_ASSERT(tally_ed25519_public(public32, seed) == TALLY_OK);
    if (tally_jws_verify(&payload, &signer, text, TYP, NULL, NULL) == TALLY_OK &&
        memcmp(signer.public32, public32, 32) == 0) {
        TALLY_ASSERT(tally_jws_sign(&again, tally_buffer_text(&payload), TYP, seed, NULL) ==
                     TALLY_OK);
        TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    }
    tally_buffer_reset(&payload);
    if (tally_jws_general_verify(&payload, signers, &signer_count, text, TYP, NULL) == TALLY_OK)
        TALLY_ASSERT(signer_count > 0 && signer_count <= TALLY_JWS_SIGNATURES_MAX);
    tally_buffer_free(&payload);
    tally_buffer_free(&again);
    return 0;
}
