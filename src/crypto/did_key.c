/* SPDX-License-Identifier: Apache-2.0 */
/* did:key of Ed25519 keys. */

#include <string.h>

#include "crypto/base58.h"
#include "crypto/did_key.h"

#define SCHEME        "did:key:"
#define SCHEME_COUNT  (sizeof(SCHEME) - 1)
#define KEYED_BYTES   (2 + TALLY_ED25519_PUBLIC_BYTES)
#define REFUSAL_SHOWN 64 /* of a text that is no did */

_Static_assert(SCHEME_COUNT + TALLY_MULTIKEY_CHARACTERS == TALLY_DID_KEY_CHARACTERS, "did");
_Static_assert(TALLY_DID_KEY_CHARACTERS + 1 + TALLY_MULTIKEY_CHARACTERS ==
                   TALLY_DID_KEY_URL_CHARACTERS,
               "key URL");

void tally_multikey_write(char out_text[static TALLY_MULTIKEY_CHARACTERS + 1],
                          const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    uint8_t keyed[KEYED_BYTES] = { 0xed, 0x01 };
    char text[TALLY_BASE58_TEXT_BYTES];
    size_t count;

    memcpy(keyed + 2, public32, TALLY_ED25519_PUBLIC_BYTES);
    count = tally_base58_write(text, keyed, sizeof(keyed));
    /* From ed01 00... to ed01 ff... a number has 47 digits. */
    TALLY_ASSERT(count == TALLY_MULTIKEY_CHARACTERS - 1);
    out_text[0] = 'z';
    memcpy(out_text + 1, text, count + 1);
}

bool tally_multikey_read(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES], tally_text text)
{
    uint8_t keyed[KEYED_BYTES];
    size_t count;

    memset(out_public32, 0, TALLY_ED25519_PUBLIC_BYTES);
    if (text.count != TALLY_MULTIKEY_CHARACTERS || text.bytes[0] != 'z' ||
        tally_base58_read(keyed, sizeof(keyed), &count, tally_text_slice(text, 1, text.count)) !=
            TALLY_OK ||
        count != sizeof(keyed) || keyed[0] != 0xed || keyed[1] != 0x01)
        return false;
    memcpy(out_public32, keyed + 2, TALLY_ED25519_PUBLIC_BYTES);
    return true;
}

void tally_did_key_write(tally_did_key *out_did,
                         const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    memcpy(out_did->text, SCHEME, SCHEME_COUNT);
    tally_multikey_write(out_did->text + SCHEME_COUNT, public32);
}

void tally_did_key_url_write(tally_did_key_url *out_url,
                             const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    char *key = out_url->text + SCHEME_COUNT;

    memcpy(out_url->text, SCHEME, SCHEME_COUNT);
    tally_multikey_write(key, public32);
    key[TALLY_MULTIKEY_CHARACTERS] = '#';
    memcpy(key + TALLY_MULTIKEY_CHARACTERS + 1, key, TALLY_MULTIKEY_CHARACTERS);
    out_url->text[TALLY_DID_KEY_URL_CHARACTERS] = '\0';
}

static tally_rc refuse(tally_err *err, tally_text text, const char *wanted)
{
    tally_text shown = tally_text_slice(text, 0, REFUSAL_SHOWN);

    if (!tally_text_is_visible(shown))
        shown = TALLY_TEXT("(unprintable)");
    return tally_err_set(err, TALLY_E_INVALID, 0, "not %s of an Ed25519 key: %.*s%s", wanted,
                         TALLY_TEXT_ARGS(shown), text.count > REFUSAL_SHOWN ? "..." : "");
}

static bool is_did(uint8_t *out_public32, tally_text did)
{
    return did.count == TALLY_DID_KEY_CHARACTERS &&
           tally_text_has_prefix(did, TALLY_TEXT(SCHEME)) &&
           tally_multikey_read(out_public32, tally_text_slice(did, SCHEME_COUNT, did.count));
}

tally_rc tally_did_key_read(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES], tally_text did,
                            tally_err *err)
{
    memset(out_public32, 0, TALLY_ED25519_PUBLIC_BYTES);
    return is_did(out_public32, did) ? TALLY_OK : refuse(err, did, "the did:key");
}

tally_rc tally_did_key_url_read(uint8_t out_public32[static TALLY_ED25519_PUBLIC_BYTES],
                                tally_text url, tally_err *err)
{
    tally_text did = tally_text_slice(url, 0, TALLY_DID_KEY_CHARACTERS);

    memset(out_public32, 0, TALLY_ED25519_PUBLIC_BYTES);
    if (url.count == TALLY_DID_KEY_URL_CHARACTERS && url.bytes[TALLY_DID_KEY_CHARACTERS] == '#' &&
        memcmp(did.bytes + SCHEME_COUNT, url.bytes + TALLY_DID_KEY_CHARACTERS + 1,
               TALLY_MULTIKEY_CHARACTERS) == 0 &&
        is_did(out_public32, did))
        return TALLY_OK;
    return refuse(err, url, "the did:key URL");
}
