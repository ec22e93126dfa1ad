/* SPDX-License-Identifier: Apache-2.0 */
/* Membership cards and handles (docs/formats/card.md). */

#include "message/card.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/mac.h"

#define TAG_BYTES     16
#define DIGEST_DIGITS 8
#define DID_BYTES_MAX ((size_t)256)

static const char digits32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char hex_digits[] = "0123456789abcdef";

/* ---- handles ---- */

/* 128 bits in groups of five; the last digit has two bits that are zero. */
static void write_base32(char *out, const uint8_t bytes[static TALLY_HANDLE_BYTES])
{
    uint32_t bits = 0, bit_count = 0;
    size_t at = 0;

    for (size_t i = 0; i < TALLY_HANDLE_BYTES; i++) {
        bits = bits << 8 | bytes[i];
        bit_count += 8;
        while (bit_count >= 5) {
            bit_count -= 5;
            out[at++] = digits32[bits >> bit_count & 31];
        }
    }
    out[at++] = digits32[bits << (5 - bit_count) & 31];
    TALLY_ASSERT(at == TALLY_HANDLE_CHARACTERS);
    out[at] = '\0';
}

bool tally_handle_read(uint8_t *out, tally_text text)
{
    uint8_t bytes[TALLY_HANDLE_BYTES];
    uint32_t bits = 0, bit_count = 0;
    size_t at = 0;

    if (text.count != TALLY_HANDLE_CHARACTERS)
        return false;
    for (size_t i = 0; i < text.count; i++) {
        char digit = text.bytes[i];
        uint32_t value;

        if (digit >= 'a' && digit <= 'z')
            value = (uint32_t)(digit - 'a');
        else if (digit >= '2' && digit <= '7')
            value = (uint32_t)(digit - '2') + 26;
        else
            return false;
        bits = bits << 5 | value;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[at++] = (uint8_t)(bits >> bit_count);
        }
    }
    if ((bits & ((1u << bit_count) - 1)) != 0)
        return false;
    TALLY_ASSERT(at == TALLY_HANDLE_BYTES);
    if (out != NULL)
        memcpy(out, bytes, at);
    return true;
}

void tally_handle_make(tally_handle *out, const uint8_t secret[static 32], tally_text source_did)
{
    static const char tag[TAG_BYTES] = "tally/handle/v1";
    uint8_t message[TAG_BYTES + DID_BYTES_MAX], mac[TALLY_MAC_BYTES];

    TALLY_ASSERT(source_did.count <= DID_BYTES_MAX);
    memcpy(message, tag, TAG_BYTES);
    memcpy(message + TAG_BYTES, source_did.bytes, source_did.count);
    tally_mac_hmac(mac, secret, 32, message, TAG_BYTES + source_did.count);
    write_base32(out->text, mac);
    tally_secret_wipe(mac, sizeof(mac));
}

/* ---- cards ---- */

/* The first four bytes of a hash, in hexadecimal. */
static tally_rc short_digest(char out[static DIGEST_DIGITS], const void *bytes, size_t count)
{
    uint8_t digest[TALLY_HASH_BYTES];
    tally_rc rc = tally_hash_sha256(digest, bytes, count);

    for (size_t i = 0; i < DIGEST_DIGITS; i++)
        out[i] = hex_digits[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    return rc;
}

/* Over "tally/card/v1" padded with NUL to 16 bytes and the card up to its last space. */
static tally_rc check_digits(char out[static DIGEST_DIGITS], tally_text card)
{
    static const char tag[TAG_BYTES] = "tally/card/v1";
    char message[TAG_BYTES + TALLY_CARD_BYTES_MAX];

    TALLY_ASSERT(card.count <= TALLY_CARD_BYTES_MAX);
    memcpy(message, tag, TAG_BYTES);
    memcpy(message + TAG_BYTES, card.bytes, card.count);
    return short_digest(out, message, TAG_BYTES + card.count);
}

static bool is_word(tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] <= ' ' || text.bytes[i] == 0x7f)
            return false;
    }
    return text.count > 0 && text.count <= 256;
}

tally_rc tally_card_write(tally_buffer *out, tally_text programme, tally_text source_did,
                          const uint8_t secret[static 32], tally_err *err)
{
    size_t start = out->count;
    char digits[DIGEST_DIGITS];
    tally_handle handle;
    tally_rc rc;

    if (!is_word(programme))
        return tally_err_set(err, TALLY_E_INVALID, 0, "not the origin of a programme");
    tally_handle_make(&handle, secret, source_did);
    rc = short_digest(digits, source_did.bytes, source_did.count);
    if (rc == TALLY_OK)
        rc = tally_buffer_printf(out, "TALLY-CARD 1 %.*s %.*s %s ", TALLY_TEXT_ARGS(programme),
                                 DIGEST_DIGITS, digits, handle.text);
    if (rc == TALLY_OK)
        rc = check_digits(digits, tally_text_of(out->bytes + start, out->count - start - 1));
    if (rc == TALLY_OK)
        rc = tally_buffer_append(out, digits, DIGEST_DIGITS);
    tally_secret_wipe(&handle, sizeof(handle));
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "writing a membership card");
}

tally_rc tally_card_read(tally_card *out, tally_text text, tally_err *err)
{
    tally_text rest = tally_text_trim(text), words[6];
    char digits[DIGEST_DIGITS];
    tally_text checked;

    if (rest.count > TALLY_CARD_BYTES_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "this is no membership card: too long");
    checked = rest;
    for (size_t i = 0; i < 6; i++) {
        if (tally_text_split(rest, ' ', &words[i], &rest) != (i < 5) || !is_word(words[i]))
            return tally_err_set(err, TALLY_E_INVALID, 0,
                                 "this is no membership card: it is not six words");
    }
    if (!tally_text_is(words[0], "TALLY-CARD") || !tally_text_is(words[1], "1"))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "this is no membership card: it begins with TALLY-CARD 1");
    checked.count -= words[5].count + 1;
    if (check_digits(digits, checked) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a membership card");
    if (!tally_text_is_equal(words[5], tally_text_of(digits, DIGEST_DIGITS)) ||
        words[3].count != DIGEST_DIGITS || !tally_handle_read(NULL, words[4]))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the card was misread: its check digits do not fit");
    *out = (tally_card){ words[2], words[3], words[4] };
    return TALLY_OK;
}

tally_rc tally_card_is_for(bool *out_is_for, const tally_card *card, tally_text source_did)
{
    char digits[DIGEST_DIGITS];
    tally_rc rc = short_digest(digits, source_did.bytes, source_did.count);

    *out_is_for =
        rc == TALLY_OK && tally_text_is_equal(card->source, tally_text_of(digits, DIGEST_DIGITS));
    return rc;
}
