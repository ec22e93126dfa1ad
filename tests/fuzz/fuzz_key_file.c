/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a key file. */

#include "crypto/key_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_rc rc;
    uint8_t secret[32];

    rc = tally_key_file_parse(secret, text, "log", "it", NULL);
    if (rc != TALLY_OK)
        for (size_t i = 0; i < sizeof(secret); i++)
            TALLY_ASSERT(secret[i] == 0);
    else
        TALLY_ASSERT(count < TALLY_KEY_FILE_BYTES_MAX);
    return 0;
}
