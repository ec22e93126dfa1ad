/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet new` and `restore`: a file for a seed that is new, or that comes from its
 * words. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "crypto/ed25519.h"
#include "wallet.h"

static void print_new_help(void)
{
    fputs("Usage: tally wallet new [OPTIONS] WALLET\n"
          "\n"
          "Make a wallet in the new file WALLET, sealed with a passphrase of at least 10\n"
          "characters, and show its 24 words on the terminal. Whoever has the words has the\n"
          "wallet: write them on paper, and nowhere else. Nobody can bring them back.\n"
          "\n"
          "Options:\n"
          "  --words FILE             put the words into this new file, which only you may read\n"
          "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
          "  --passphrase-fd N        take it from an open file descriptor\n"
          "  --generated COUNT        make COUNT members that are nobody, for examples and tests;\n"
          "                           the file is NOT sealed and must never hold a person\n",
          stdout);
}

static void print_restore_help(void)
{
    fputs(
        "Usage: tally wallet restore [OPTIONS] WALLET\n"
        "\n"
        "Make the new file WALLET from the 24 words of a wallet, asked for on the terminal. The\n"
        "keys are the same; which programmes there are, receipts and handles are asked for again\n"
        "from each programme. From a copy made by `tally wallet backup` nothing needs restoring:\n"
        "the copy is a wallet.\n"
        "\n"
        "Options:\n"
        "  --words FILE             read the words from this file, which only you may read\n"
        "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
        "  --passphrase-fd N        take it from an open file descriptor\n",
        stdout);
}

/* Before anybody is asked anything; creating checks again. */
static bool is_there(const char *path)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return false;
    fprintf(stderr, "tally wallet: %s exists already\n", path);
    return true;
}

/* Ask for a passphrase and create the file. */
static tally_rc create(const tally_wallet_options *options, const uint8_t *seed, tally_err *err)
{
    tally_wallet_file *file = NULL;
    tally_wallet *wallet = NULL;
    tally_passphrase passphrase;
    tally_rc rc = tally_wallet_ask_passphrase(&passphrase, options, true, err);

    if (rc == TALLY_OK)
        rc = tally_wallet_new(&wallet, seed, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_file_create(&file, options->path, wallet,
                                      tally_text_of(passphrase.bytes, passphrase.count),
                                      TALLY_SEAL_EFFORT_USUAL, tally_random_system(), err);
    tally_secret_wipe(&passphrase, sizeof(passphrase));
    tally_wallet_file_close(file);
    return rc;
}

static tally_rc create_generated(const tally_wallet_options *options, const uint8_t *seed,
                                 tally_err *err)
{
    tally_wallet_set *set = NULL;
    tally_rc rc = tally_wallet_set_new(&set, seed, (uint32_t)options->generated_count, err);

    if (rc == TALLY_OK)
        rc = tally_wallet_set_save(set, options->path, err);
    tally_wallet_set_free(set);
    if (rc == TALLY_OK)
        printf("%s: %lld generated members. This file is NOT sealed: it is for examples and "
               "tests, and its members are nobody.\n",
               options->path, (long long)options->generated_count);
    return rc;
}

static tally_rc make_new(const tally_wallet_options *options, tally_err *err)
{
    uint8_t seed[TALLY_WALLET_SEED_BYTES];
    tally_rc rc = tally_random_fill(tally_random_system(), seed, sizeof(seed), err);

    if (rc == TALLY_OK && options->generated_count > 0) {
        rc = create_generated(options, seed, err);
    } else if (rc == TALLY_OK) {
        rc = create(options, seed, err);
        if (rc == TALLY_OK) {
            printf("%s: a new wallet. Its 24 words %s:\nwhoever has them has the wallet, and "
                   "without them a lost file is lost for good. Write them on paper.\n",
                   options->path,
                   options->words_file != NULL ? "are in the file you named" : "follow");
            (void)fflush(stdout);
            rc = tally_wallet_tell_words(options, seed, err);
            if (rc != TALLY_OK)
                fprintf(stderr, "tally wallet: the wallet was made, but its words were not told; "
                                "`tally wallet backup` tells them again\n");
        }
    }
    tally_secret_wipe(seed, sizeof(seed));
    return rc;
}

int tally_cmd_wallet_new(int argc, char **argv)
{
    static const char *const allowed[] = { "--words", "--generated", NULL };
    tally_wallet_options options;
    tally_err err = TALLY_ERR_INIT;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_new_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_read_options(&options, argc, argv, allowed);
    if (status != TALLY_EXIT_OK)
        return status;
    if (options.generated_count > 0 && (options.words_file != NULL || options.passphrase_fd >= 0 ||
                                        options.passphrase_file != NULL)) {
        fputs("tally wallet: generated members have no words and no passphrase\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (is_there(options.path) || (options.words_file != NULL && is_there(options.words_file)))
        return TALLY_EXIT_FILES;
    if (options.generated_count == 0 && options.words_file == NULL &&
        !tally_wallet_has_terminal()) {
        fputs("tally wallet: there is no terminal to show the words on: use --words\n", stderr);
        return TALLY_EXIT_FILES;
    }
    return make_new(&options, &err) == TALLY_OK ? TALLY_EXIT_OK : tally_wallet_complain(&err);
}

int tally_cmd_wallet_restore(int argc, char **argv)
{
    static const char *const allowed[] = { "--words", NULL };
    uint8_t seed[TALLY_WALLET_SEED_BYTES];
    tally_wallet_options options;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_restore_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_read_options(&options, argc, argv, allowed);
    if (status != TALLY_EXIT_OK)
        return status;
    if (is_there(options.path))
        return TALLY_EXIT_FILES;
    rc = tally_wallet_ask_words(seed, &options, &err);
    if (rc == TALLY_OK)
        rc = create(&options, seed, &err);
    tally_secret_wipe(seed, sizeof(seed));
    if (rc != TALLY_OK)
        return tally_wallet_complain(&err);
    printf("%s: restored. Join or read each programme again to fetch what it gave you.\n",
           options.path);
    return TALLY_EXIT_OK;
}
