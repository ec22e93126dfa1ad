/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_MNEMONIC_H
#define TALLY_WALLET_MNEMONIC_H

/* A wallet's seed as 24 words that a person can write down: BIP-39 with 256 bits and the
 * English list. Each word is 11 bits; the last 8 bits are the first of SHA-256 over the
 * seed, so that a wrong word is seen with odds of 255 in 256. Words follow one another
 * by any white space; case does not matter. The seed is these bits themselves: no
 * passphrase goes in, and BIP-39's PBKDF2 is not used. Pure; secrets are wiped. */

#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_WALLET_SEED_BYTES   32
#define TALLY_MNEMONIC_WORDS      24
#define TALLY_MNEMONIC_TEXT_BYTES 216 /* 24 words of 8, spaces between, a NUL */
#define TALLY_MNEMONIC_READ_MAX   1024

/* Write the words with a space between and a NUL. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_mnemonic_write(char out_text[static TALLY_MNEMONIC_TEXT_BYTES],
                                               const uint8_t seed[static TALLY_WALLET_SEED_BYTES]);

/* Read words. On failure out_seed is zero; messages name a word by its number, not by
 * what it is.
 *
 * TALLY_E_INVALID  not 24 words, one is not of the list, or the checksum is wrong
 * TALLY_E_LIMIT    more than TALLY_MNEMONIC_READ_MAX bytes
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_mnemonic_read(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES],
                                              tally_text text, tally_err *err);

#endif
