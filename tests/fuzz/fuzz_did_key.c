/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as base58, a did:key and its URL: one that is read is written the same. */

#include <string.h>

#include "crypto/base58.h"
#include "crypto/did_key.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    uint8_t decoded[TALLY_BASE58_BYTES_MAX], public32[32];
    char again[TALLY_BASE58_TEXT_BYTES];
    tally_did_key_url url;
    tally_did_key did;
    size_t decoded_count;

    if (tally_base58_read(decoded, sizeof(decoded), &decoded_count, text) == TALLY_OK) {
        TALLY_ASSERT(tally_base58_write(again, decoded, decoded_count) == count);
        TALLY_ASSERT(memcmp(again, bytes, count) == 0);
    }
    if (tally_did_key_read(public32, text, NULL) == TALLY_OK) {
        tally_did_key_write(&did, public32);
        TALLY_ASSERT(tally_text_is(text, did.text));
    }
    if (tally_did_key_url_read(public32, text, NULL) == TALLY_OK) {
        tally_did_key_url_write(&url, public32);
        TALLY_ASSERT(tally_text_is(text, url.text));
    }
    return 0;
}
