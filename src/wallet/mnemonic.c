/* SPDX-License-Identifier: Apache-2.0 */
/* BIP-39: 264 bits, 11 a word. The list is built in from words-english.txt: sorted, one a
 * line, so that it is searched by walking. */

#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "wallet/mnemonic.h"

#define WORD_BITS  11
#define WORD_COUNT 2048
#define WORD_BYTES 8 /* of the longest */

extern const unsigned char tally_wallet_words[];
extern const size_t tally_wallet_words_bytes;

/* The word with this number. */
static tally_text word_at(uint32_t number)
{
    tally_text rest = tally_text_of((const char *)tally_wallet_words, tally_wallet_words_bytes);
    tally_text word = { NULL, 0 };

    for (uint32_t i = 0; i <= number; i++)
        (void)tally_text_split(rest, '\n', &word, &rest);
    return word;
}

/* The number of a word, or WORD_COUNT. */
static uint32_t find_word(tally_text word)
{
    tally_text rest = tally_text_of((const char *)tally_wallet_words, tally_wallet_words_bytes);

    for (uint32_t i = 0; i < WORD_COUNT; i++) {
        tally_text candidate;

        (void)tally_text_split(rest, '\n', &candidate, &rest);
        if (tally_text_is_equal(candidate, word))
            return i;
    }
    return WORD_COUNT;
}

/* The seed and its checksum byte. */
static tally_rc add_checksum(uint8_t out[static TALLY_WALLET_SEED_BYTES + 1], const uint8_t *seed)
{
    uint8_t hash[TALLY_HASH_BYTES];
    tally_rc rc = tally_hash_sha256(hash, seed, TALLY_WALLET_SEED_BYTES);

    memmove(out, seed, TALLY_WALLET_SEED_BYTES);
    out[TALLY_WALLET_SEED_BYTES] = hash[0];
    tally_secret_wipe(hash, sizeof(hash));
    return rc;
}

tally_rc tally_mnemonic_write(char out_text[static TALLY_MNEMONIC_TEXT_BYTES],
                              const uint8_t seed[static TALLY_WALLET_SEED_BYTES])
{
    uint8_t bits[TALLY_WALLET_SEED_BYTES + 1];
    size_t at = 0;

    if (add_checksum(bits, seed) != TALLY_OK) {
        tally_secret_wipe(bits, sizeof(bits));
        out_text[0] = '\0';
        return TALLY_E_NOMEM;
    }
    for (size_t i = 0; i < TALLY_MNEMONIC_WORDS; i++) {
        uint32_t number = 0;
        tally_text word;

        for (size_t j = i * WORD_BITS; j < (i + 1) * WORD_BITS; j++)
            number = number << 1 | ((uint32_t)bits[j / 8] >> (7 - j % 8) & 1);
        word = word_at(number);
        if (i > 0)
            out_text[at++] = ' ';
        TALLY_ASSERT(word.count <= WORD_BYTES);
        memcpy(out_text + at, word.bytes, word.count);
        at += word.count;
    }
    out_text[at] = '\0';
    tally_secret_wipe(bits, sizeof(bits));
    return TALLY_OK;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The next word in small letters; its real length, also when it is too long to be one. */
static size_t next_word(char out[static WORD_BYTES], tally_text text, size_t *inout_at)
{
    size_t count = 0;

    while (*inout_at < text.count && is_space(text.bytes[*inout_at]))
        ++*inout_at;
    for (; *inout_at < text.count && !is_space(text.bytes[*inout_at]); ++*inout_at) {
        char byte = text.bytes[*inout_at];

        if (count < WORD_BYTES)
            out[count] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
        count++;
    }
    return count;
}

static tally_rc read_bits(uint8_t bits[static TALLY_WALLET_SEED_BYTES + 1], tally_text text,
                          tally_err *err)
{
    char word[WORD_BYTES] = { 0 };
    uint32_t word_count = 0;
    size_t at = 0, count;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && (count = next_word(word, text, &at)) > 0) {
        uint32_t number = count <= WORD_BYTES ? find_word(tally_text_of(word, count)) : WORD_COUNT;

        word_count++;
        if (number == WORD_COUNT)
            rc = tally_err_set(err, TALLY_E_INVALID, 0, "word %u is not of the list",
                               (unsigned)word_count);
        for (size_t j = 0; j < WORD_BITS && word_count <= TALLY_MNEMONIC_WORDS; j++) {
            size_t bit = (word_count - 1) * WORD_BITS + j;

            bits[bit / 8] |= (uint8_t)((number >> (WORD_BITS - 1 - j) & 1u) << (7 - bit % 8));
        }
    }
    tally_secret_wipe(word, sizeof(word));
    if (rc == TALLY_OK && word_count != TALLY_MNEMONIC_WORDS)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "these are %u words; a wallet has %d",
                           (unsigned)word_count, TALLY_MNEMONIC_WORDS);
    return rc;
}

tally_rc tally_mnemonic_read(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES], tally_text text,
                             tally_err *err)
{
    uint8_t bits[TALLY_WALLET_SEED_BYTES + 1] = { 0 }, wanted[TALLY_WALLET_SEED_BYTES + 1];
    tally_rc rc;

    memset(out_seed, 0, TALLY_WALLET_SEED_BYTES);
    if (text.count > TALLY_MNEMONIC_READ_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "this is longer than any %d words",
                             TALLY_MNEMONIC_WORDS);
    rc = read_bits(bits, text, err);
    if (rc == TALLY_OK && add_checksum(wanted, bits) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a seed");
    if (rc == TALLY_OK && bits[TALLY_WALLET_SEED_BYTES] != wanted[TALLY_WALLET_SEED_BYTES])
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the words do not belong together: one of them, or their order, is "
                           "wrong");
    if (rc == TALLY_OK)
        memcpy(out_seed, bits, TALLY_WALLET_SEED_BYTES);
    tally_secret_wipe(bits, sizeof(bits));
    tally_secret_wipe(wanted, sizeof(wanted));
    return rc;
}
