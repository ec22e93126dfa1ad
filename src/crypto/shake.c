/* SPDX-License-Identifier: Apache-2.0 */
/* SHAKE through OpenSSL's EVP. OpenSSL wipes the sponge when its context is
 * freed, so that nothing of what was absorbed stays in memory. */

#include "crypto/shake.h"

#include <string.h>

#include <openssl/evp.h>

static tally_rc squeeze(const EVP_MD *sponge, uint8_t *out, size_t out_count,
                        const tally_text *parts, size_t part_count)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && EVP_DigestInit_ex(context, sponge, NULL) == 1;

    TALLY_ASSERT(out_count > 0);
    for (size_t i = 0; is_good && i < part_count; i++)
        is_good =
            parts[i].count == 0 || EVP_DigestUpdate(context, parts[i].bytes, parts[i].count) == 1;
    is_good = is_good && EVP_DigestFinalXOF(context, out, out_count) == 1;
    EVP_MD_CTX_free(context);
    if (is_good)
        return TALLY_OK;
    memset(out, 0, out_count);
    return TALLY_E_NOMEM;
}

tally_rc tally_shake128_parts(uint8_t *out, size_t out_count, const tally_text *parts,
                              size_t part_count)
{
    return squeeze(EVP_shake128(), out, out_count, parts, part_count);
}

tally_rc tally_shake256_parts(uint8_t *out, size_t out_count, const tally_text *parts,
                              size_t part_count)
{
    return squeeze(EVP_shake256(), out, out_count, parts, part_count);
}
