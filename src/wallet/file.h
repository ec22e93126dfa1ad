/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_FILE_H
#define TALLY_WALLET_FILE_H

/* Wallets on disk (docs/formats/wallet.md). */

#include "wallet/wallet.h"

/* A sealed wallet file that is open. */
typedef struct tally_wallet_file tally_wallet_file;

/* Create a sealed file for a wallet, which the file then owns, also after a failure.
 *
 * TALLY_E_CONFLICT  there is a file already
 * TALLY_E_INVALID   the passphrase is shorter than TALLY_WALLET_PASSPHRASE_MIN
 * TALLY_E_IO, TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_wallet_file_create(tally_wallet_file **out_file, const char *path,
                                                   tally_wallet *wallet, tally_text passphrase,
                                                   tally_seal_effort effort,
                                                   const tally_random *random, tally_err *err);

/* Open a sealed file.
 *
 * TALLY_E_INVALID  no wallet file, or a generated set
 * TALLY_E_CORRUPT  another passphrase, or altered: nobody can tell which
 * TALLY_E_IO, TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_wallet_file_open(tally_wallet_file **out_file, const char *path,
                                                 tally_text passphrase, tally_err *err);

/* The same for content already read; name is for messages, and where it would be saved. */
TALLY_MUST_CHECK tally_rc tally_wallet_file_parse(tally_wallet_file **out_file, const char *name,
                                                  tally_text content, tally_text passphrase,
                                                  tally_err *err);

tally_wallet *tally_wallet_file_wallet(tally_wallet_file *file);

/* Do others than the owner have access to the file? Then say so to the member. */
bool tally_wallet_file_is_exposed(const tally_wallet_file *file);

/* Put the wallet as it is now in the place of the file, durably and with mode 0600.
 *
 * TALLY_E_CONFLICT  the file is not the one that was opened or saved last: another
 *                   program changed it, and its change would be lost
 * TALLY_E_IO, TALLY_E_LIMIT, TALLY_E_NOMEM  the old file is still there */
TALLY_MUST_CHECK tally_rc tally_wallet_file_save(tally_wallet_file *file,
                                                 const tally_random *random, tally_err *err);

/* Write a copy to a new file, sealed with the same passphrase, and read it back. */
TALLY_MUST_CHECK tally_rc tally_wallet_file_backup(tally_wallet_file *file, const char *path,
                                                   const tally_random *random, tally_err *err);

/* Wipe and release, without saving. NULL is allowed. */
void tally_wallet_file_close(tally_wallet_file *file);

/* A generated set: members 0, 1, 2, ... of one seed, each with a wallet of its own. */
typedef struct tally_wallet_set tally_wallet_set;

/* A set of member_count generated members; not on disk yet. */
TALLY_MUST_CHECK tally_rc tally_wallet_set_new(tally_wallet_set **out_set,
                                               const uint8_t seed[static TALLY_WALLET_SEED_BYTES],
                                               uint32_t member_count, tally_err *err);

/* TALLY_E_INVALID: no generated set, or a sealed wallet. Also TALLY_E_IO, TALLY_E_LIMIT,
 * TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_wallet_set_open(tally_wallet_set **out_set, const char *path,
                                                tally_err *err);

/* The same for content already read; name is for messages. */
TALLY_MUST_CHECK tally_rc tally_wallet_set_parse(tally_wallet_set **out_set, const char *name,
                                                 tally_text content, tally_err *err);

uint32_t tally_wallet_set_count(const tally_wallet_set *set);
tally_wallet *tally_wallet_set_member(const tally_wallet_set *set, uint32_t number);

/* Write the set in the place of what is at path; one program at a time. */
TALLY_MUST_CHECK tally_rc tally_wallet_set_save(const tally_wallet_set *set, const char *path,
                                                tally_err *err);

void tally_wallet_set_free(tally_wallet_set *set);

#endif
