/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a wallet's words: those that are read are written the same, but for case and
 * white space. */

#include <string.h>

#include "fuzz.h"
#include "wallet/mnemonic.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    uint8_t seed[TALLY_WALLET_SEED_BYTES], again[TALLY_WALLET_SEED_BYTES];
    char words[TALLY_MNEMONIC_TEXT_BYTES];

    if (tally_mnemonic_read(seed, tally_text_of((const char *)bytes, count), NULL) != TALLY_OK)
        return 0;
    TALLY_ASSERT(tally_mnemonic_write(words, seed) == TALLY_OK);
    TALLY_ASSERT(tally_mnemonic_read(again, tally_text_from(words), NULL) == TALLY_OK);
    TALLY_ASSERT(memcmp(seed, again, sizeof(seed)) == 0);
    return 0;
}
