/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a wallet file, sealed or generated, under a fixed passphrase. The sealed
 * seeds cost little effort; others are left out, since their time is the format's. */

#include "fuzz.h"
#include "wallet/file.h"

#define CHEAP "tally-wallet/v1 sealed argon2id 1 8 "

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_wallet_file *file = NULL;
    tally_wallet_set *set = NULL;

    if (tally_text_has_prefix(text, TALLY_TEXT(CHEAP)) &&
        tally_wallet_file_parse(&file, "it", text, TALLY_TEXT("0123456789"), NULL) == TALLY_OK)
        TALLY_ASSERT(tally_wallet_file_wallet(file) != NULL);
    tally_wallet_file_close(file);
    if (tally_wallet_set_parse(&set, "it", text, NULL) == TALLY_OK)
        TALLY_ASSERT(tally_wallet_set_count(set) > 0);
    tally_wallet_set_free(set);
    return 0;
}
