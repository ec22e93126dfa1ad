/* SPDX-License-Identifier: Apache-2.0 */
/* Key names, ids and verifier keys. */

#include <inttypes.h>

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "tlog/note.h"

#define ID_DIGITS 8

/* The code point that begins at a byte of valid UTF-8, and its length. */
static uint32_t code_point(const char *bytes, size_t *out_count)
{
    uint8_t first = (uint8_t)bytes[0];
    size_t count = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t value = count == 1 ? first : first & (0xffu >> (count + 1));

    for (size_t i = 1; i < count; i++)
        value = value << 6 | ((uint8_t)bytes[i] & 0x3f);
    *out_count = count;
    return value;
}

/* White space as Unicode has it (property White_Space), beyond controls. */
static bool is_space(uint32_t point)
{
    return point == 0x20 || point == 0x85 || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

bool tally_note_is_name(tally_text name)
{
    if (name.count == 0 || name.count > TALLY_NOTE_NAME_BYTES_MAX || !tally_text_is_utf8(name))
        return false;
    for (size_t i = 0, count; i < name.count; i += count) {
        uint32_t point = code_point(name.bytes + i, &count);

        if (point < 0x20 || point == '+' || is_space(point))
            return false;
    }
    return true;
}

tally_rc tally_vkey_id(uint32_t *out_id, tally_text name, tally_key_kind kind,
                       const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    uint8_t message[TALLY_NOTE_NAME_BYTES_MAX + 2 + TALLY_ED25519_PUBLIC_BYTES];
    uint8_t digest[TALLY_HASH_BYTES];
    size_t count = name.count;
    tally_rc rc;

    if (!tally_note_is_name(name))
        return TALLY_E_INVALID;
    memcpy(message, name.bytes, count);
    message[count++] = '\n';
    message[count++] = (uint8_t)kind;
    memcpy(message + count, public32, TALLY_ED25519_PUBLIC_BYTES);
    rc = tally_hash_sha256(digest, message, count + TALLY_ED25519_PUBLIC_BYTES);
    if (rc == TALLY_OK)
        *out_id = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
                  digest[3];
    return rc;
}

/* Eight lower-case digits: one id has one text. */
static bool parse_id(uint32_t *out_id, tally_text text)
{
    uint32_t id = 0;

    if (text.count != ID_DIGITS)
        return false;
    for (size_t i = 0; i < ID_DIGITS; i++) {
        char digit = text.bytes[i];

        if (digit >= '0' && digit <= '9')
            id = id << 4 | (uint32_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            id = id << 4 | (uint32_t)(digit - 'a' + 10);
        else
            return false;
    }
    *out_id = id;
    return true;
}

tally_rc tally_vkey_parse(tally_vkey *out, tally_text text, tally_err *err)
{
    uint8_t key[1 + TALLY_ED25519_PUBLIC_BYTES];
    tally_vkey vkey;
    tally_text id_text, rest;
    uint32_t id;
    tally_rc rc;

    if (!tally_text_split(text, '+', &vkey.name, &rest) ||
        !tally_text_split(rest, '+', &id_text, &rest) || !tally_note_is_name(vkey.name) ||
        !parse_id(&vkey.id, id_text))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "a verifier key is written name+8 hex digits+Base64");
    if (!tally_base64_is_exactly(key, sizeof(key), rest) ||
        (key[0] != TALLY_KEY_LOG && key[0] != TALLY_KEY_WITNESS))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the key of %.*s is not an Ed25519 key of a kind we know",
                             TALLY_TEXT_ARGS(vkey.name));
    vkey.kind = (tally_key_kind)key[0];
    memcpy(vkey.public32, key + 1, sizeof(vkey.public32));
    rc = tally_vkey_id(&id, vkey.name, vkey.kind, vkey.public32);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "hashing failed");
    if (id != vkey.id)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the id %08" PRIx32 " does not belong to this name and key", vkey.id);
    *out = vkey;
    return TALLY_OK;
}

tally_rc tally_vkey_append(tally_buffer *out, const tally_vkey *key)
{
    uint8_t bytes[1 + TALLY_ED25519_PUBLIC_BYTES] = { (uint8_t)key->kind };

    memcpy(bytes + 1, key->public32, sizeof(key->public32));
    tally_buffer_append_text(out, key->name);
    tally_buffer_printf(out, "+%08" PRIx32 "+", key->id);
    return tally_base64_append(out, bytes, sizeof(bytes));
}

tally_rc tally_signer_vkey(tally_vkey *out, const tally_signer *signer)
{
    tally_vkey key = { .name = signer->name, .kind = signer->kind };
    tally_rc rc = tally_ed25519_public(key.public32, signer->seed32);

    if (rc == TALLY_OK)
        rc = tally_vkey_id(&key.id, key.name, key.kind, key.public32);
    if (rc == TALLY_OK)
        *out = key;
    return rc;
}
