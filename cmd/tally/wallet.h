/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_WALLET_H
#define TALLY_CMD_WALLET_H

/* What the subcommands of `tally wallet` share: options, secrets from and to the person in
 * front of the terminal, opening a wallet. Secrets never come from the command line or the
 * environment, and go nowhere but to the terminal or a file of mode 0600. */

#include <stdbool.h>

#include "wallet/file.h"

/* Where a passphrase comes from: the terminal, unless one of these says otherwise. */
typedef struct tally_wallet_options {
    const char *path;            /* the wallet; NULL: none was named */
    const char *passphrase_file; /* --passphrase-file */
    int passphrase_fd;           /* --passphrase-fd; -1: none */
    const char *words_file;      /* --words */
    const char *copy_path;       /* --to */
    int64_t generated_count;     /* --generated; 0: none */
    bool shows_words;            /* --show-words */
} tally_wallet_options;

/* Read the options that allowed lists ("words to ..."), and one path. Returns an exit
 * status; failures are already told. */
int tally_wallet_read_options(tally_wallet_options *out, int argc, char **argv,
                              const char *const *allowed);

/* Tell what went wrong; the exit status that belongs to err->rc. */
int tally_wallet_complain(const tally_err *err);

/* A passphrase, without the line's end. */
typedef struct tally_passphrase {
    char bytes[TALLY_WALLET_PASSPHRASE_MAX];
    size_t count;
} tally_passphrase;

/* Get the passphrase; twice from a terminal when it is new. Wipe it with
 * tally_secret_wipe(). */
TALLY_MUST_CHECK tally_rc tally_wallet_ask_passphrase(tally_passphrase *out,
                                                      const tally_wallet_options *options,
                                                      bool is_new, tally_err *err);

/* Ask on the terminal for the 24 words, or read them from --words. */
TALLY_MUST_CHECK tally_rc tally_wallet_ask_words(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES],
                                                 const tally_wallet_options *options,
                                                 tally_err *err);

/* Show the words of a seed on the terminal, or create the file of --words with them. */
TALLY_MUST_CHECK tally_rc tally_wallet_tell_words(const tally_wallet_options *options,
                                                  const uint8_t *seed, tally_err *err);

/* Is there a terminal to ask or tell? */
bool tally_wallet_has_terminal(void);

/* Open the wallet of the options, asking for its passphrase, and warn when others may read
 * it. Returns an exit status; failures are already told. */
int tally_wallet_open(tally_wallet_file **out_file, const tally_wallet_options *options);

/* No core dump of this process will hold secrets. */
void tally_wallet_forbid_dumps(void);

int tally_cmd_wallet_new(int argc, char **argv);
int tally_cmd_wallet_restore(int argc, char **argv);
int tally_cmd_wallet_show(int argc, char **argv);
int tally_cmd_wallet_backup(int argc, char **argv);

#endif
