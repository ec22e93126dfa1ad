/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-512 through OpenSSL's EVP. */

#include "crypto/sha512.h"

#include <string.h>

#include <openssl/evp.h>

tally_rc tally_sha512_parts(uint8_t out_hash64[static TALLY_SHA512_BYTES], const tally_text *parts,
                            size_t part_count)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1;

    for (size_t i = 0; is_good && i < part_count; i++)
        is_good =
            parts[i].count == 0 || EVP_DigestUpdate(context, parts[i].bytes, parts[i].count) == 1;
    is_good = is_good && EVP_DigestFinal_ex(context, out_hash64, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (is_good)
        return TALLY_OK;
    memset(out_hash64, 0, TALLY_SHA512_BYTES);
    return TALLY_E_NOMEM;
}
