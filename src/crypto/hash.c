/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 through OpenSSL's EVP, which picks the processor's instructions. */

#include <string.h>

#include <openssl/evp.h>

#include "crypto/hash.h"
#include "util/alloc.h"

struct tally_hash {
    EVP_MD_CTX *context;
    EVP_MD *digest; /* looked up once, which costs more than a hash */
    bool is_begun;
    bool is_failed;
};

tally_rc tally_hash_sha256(uint8_t out_hash[static TALLY_HASH_BYTES], const void *bytes,
                           size_t count)
{
    /* OpenSSL wants a pointer even for no bytes. */
    if (EVP_Digest(count > 0 ? bytes : "", count, out_hash, NULL, EVP_sha256(), NULL) == 1)
        return TALLY_OK;
    memset(out_hash, 0, TALLY_HASH_BYTES);
    return TALLY_E_NOMEM;
}

tally_hash *tally_hash_new(void)
{
    tally_hash *hash = tally_alloc_zeroed(sizeof(*hash));

    if (hash == NULL)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    hash->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (hash->context == NULL || hash->digest == NULL) {
        tally_hash_free(hash);
        return NULL;
    }
    return hash;
}

static void begin(tally_hash *hash)
{
    if (hash->is_begun || hash->is_failed)
        return;
    hash->is_begun = true;
    hash->is_failed = EVP_DigestInit_ex(hash->context, hash->digest, NULL) != 1;
}

void tally_hash_update(tally_hash *hash, const void *bytes, size_t count)
{
    begin(hash);
    if (!hash->is_failed && count > 0)
        hash->is_failed = EVP_DigestUpdate(hash->context, bytes, count) != 1;
}

tally_rc tally_hash_finish(tally_hash *hash, uint8_t out_hash[static TALLY_HASH_BYTES])
{
    bool is_done;

    begin(hash);
    is_done = !hash->is_failed && EVP_DigestFinal_ex(hash->context, out_hash, NULL) == 1;
    hash->is_begun = false;
    hash->is_failed = false;
    if (is_done)
        return TALLY_OK;
    memset(out_hash, 0, TALLY_HASH_BYTES);
    return TALLY_E_NOMEM;
}

void tally_hash_free(tally_hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->digest);
    tally_release(hash);
}

void tally_hash_hex(char out_text[static TALLY_HASH_HEX_BYTES],
                    const uint8_t hash[static TALLY_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < TALLY_HASH_BYTES; i++) {
        out_text[2 * i] = digits[hash[i] >> 4];
        out_text[2 * i + 1] = digits[hash[i] & 15];
    }
    out_text[2 * (size_t)TALLY_HASH_BYTES] = '\0';
}
