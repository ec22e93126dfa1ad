/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an SD-JWT. The signature is taken out of the way: what the fuzzer writes is
 * `PAYLOAD~DISCLOSURE~...`, and the payload is signed before it is read. */

#include <string.h>

#include "cred/sd_jwt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_jose_secret key;
    tally_text text = tally_text_of((const char *)bytes, count), payload, rest;
    tally_sd_jwt_wanted wanted = { .issuer = &key.public_key, .typ = TALLY_SD_JWT_VC_TYP };
    tally_json_document *claims = NULL;
    tally_buffer sd_jwt;

    if (key.secret[0] == 0)
        TALLY_ASSERT(tally_jose_key(&key, TALLY_JOSE_EDDSA, (const uint8_t[32]){ 1 }, NULL) ==
                     TALLY_OK);
    TALLY_ASSERT(tally_sd_jwt_verify(&claims, text, &wanted, NULL) != TALLY_OK);
    TALLY_ASSERT(claims == NULL);
    if (count > 100000)
        return 0;
    tally_buffer_init(&sd_jwt, 1 << 20);
    (void)tally_text_split(text, '~', &payload, &rest);
    TALLY_ASSERT(tally_jwt_sign(&sd_jwt, TALLY_SD_JWT_VC_TYP, (tally_text){ NULL, 0 }, payload,
                                &key, NULL) == TALLY_OK);
    tally_buffer_append_byte(&sd_jwt, '~');
    tally_buffer_append_text(&sd_jwt, rest);
    if (tally_sd_jwt_verify(&claims, tally_buffer_text(&sd_jwt), &wanted, NULL) == TALLY_OK) {
        TALLY_ASSERT(tally_json_kind_of(tally_json_root(claims)) == TALLY_JSON_OBJECT);
        TALLY_ASSERT(tally_json_find(tally_json_root(claims), TALLY_TEXT("_sd")) == NULL);
    }
    tally_json_document_free(claims);
    tally_buffer_free(&sd_jwt);
    return 0;
}
