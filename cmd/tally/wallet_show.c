/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet show` and `backup`: what is in a wallet, and a second one of it. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/did_key.h"
#include "wallet.h"

static void print_show_help(void)
{
    fputs("Usage: tally wallet show [OPTIONS] WALLET\n"
          "\n"
          "List the programmes of a wallet, the key by which each knows you (another in each),\n"
          "and what is kept of it. Nothing secret is shown.\n"
          "\n"
          "Options:\n"
          "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
          "  --passphrase-fd N        take it from an open file descriptor\n",
          stdout);
}

static void print_backup_help(void)
{
    fputs(
        "Usage: tally wallet backup [OPTIONS] WALLET\n"
        "\n"
        "Options, of which at least one of the first three:\n"
        "  --to FILE                write a copy, sealed with the same passphrase\n"
        "  --words FILE             put the 24 words into this new file, which only you may read\n"
        "  --show-words             show them on the terminal\n"
        "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
        "  --passphrase-fd N        take it from an open file descriptor\n"
        "\n"
        "The words bring back your keys; a copy also what programmes gave you.\n",
        stdout);
}

static uint32_t count_items(const tally_wallet_programme *programme, const char *type)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < programme->item_count; i++)
        count += tally_text_is(programme->items[i].type, type);
    return count;
}

static tally_rc show_programme(const tally_wallet *wallet, const tally_wallet_programme *programme,
                               tally_err *err)
{
    uint32_t receipts = count_items(programme, TALLY_WALLET_RECEIPT);
    uint8_t public32[32];
    tally_did_key did;
    tally_rc rc = tally_wallet_member_key(wallet, programme, NULL, public32, err);

    if (rc != TALLY_OK)
        return rc;
    tally_did_key_write(&did, public32);
    printf("%.*s\n", TALLY_TEXT_ARGS(programme->origin));
    if (programme->programme_did.count > 0)
        printf("  programme  %.*s\n", TALLY_TEXT_ARGS(programme->programme_did));
    printf("  you        %s%s\n", did.text, programme->is_member ? "" : " (not a member now)");
    printf("  kept       %u receipts, %u other items%s\n", (unsigned)receipts,
           (unsigned)(programme->item_count - receipts),
           programme->checkpoint.count > 0 ? ", the last checkpoint seen" : "");
    return TALLY_OK;
}

/* A file of generated members, which needs no passphrase; false when it is none. */
static bool show_generated(const char *path)
{
    tally_wallet_set *set = NULL;

    if (tally_wallet_set_open(&set, path, NULL) != TALLY_OK)
        return false;
    printf("%s: %u generated members, which are nobody. This file is NOT sealed.\n", path,
           (unsigned)tally_wallet_set_count(set));
    tally_wallet_set_free(set);
    return true;
}

int tally_cmd_wallet_show(int argc, char **argv)
{
    static const char *const allowed[] = { NULL };
    tally_wallet_options options;
    tally_wallet_file *file = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = TALLY_OK;
    tally_wallet *wallet;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_show_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_read_options(&options, argc, argv, allowed);
    if (status != TALLY_EXIT_OK || show_generated(options.path))
        return status;
    status = tally_wallet_open(&file, &options);
    if (status != TALLY_EXIT_OK)
        return status;
    wallet = tally_wallet_file_wallet(file);
    if (tally_wallet_programme_count(wallet) == 0)
        puts("No programme yet.");
    for (uint32_t i = 0; rc == TALLY_OK && i < tally_wallet_programme_count(wallet); i++)
        rc = show_programme(wallet, tally_wallet_programme_at(wallet, i), &err);
    tally_wallet_file_close(file);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_wallet_complain(&err);
}

int tally_cmd_wallet_backup(int argc, char **argv)
{
    static const char *const allowed[] = { "--to", "--words", "--show-words", NULL };
    tally_wallet_options options;
    tally_wallet_file *file = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = TALLY_OK;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_backup_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_read_options(&options, argc, argv, allowed);
    if (status != TALLY_EXIT_OK)
        return status;
    if (options.copy_path == NULL && options.words_file == NULL && !options.shows_words) {
        fputs("tally wallet: say --to, --words or --show-words\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (options.words_file != NULL && options.shows_words) {
        fputs("tally wallet: one of --words and --show-words\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    status = tally_wallet_open(&file, &options);
    if (status != TALLY_EXIT_OK)
        return status;
    if (options.copy_path != NULL)
        rc = tally_wallet_file_backup(file, options.copy_path, tally_random_system(), &err);
    if (rc == TALLY_OK && options.copy_path != NULL)
        printf("%s: a copy, read back and the same; sealed with the same passphrase.\n",
               options.copy_path);
    if (rc == TALLY_OK && (options.words_file != NULL || options.shows_words))
        rc = tally_wallet_tell_words(&options, tally_wallet_seed(tally_wallet_file_wallet(file)),
                                     &err);
    if (rc == TALLY_OK && options.words_file != NULL)
        printf("%s: the 24 words. Whoever has them has the wallet.\n", options.words_file);
    tally_wallet_file_close(file);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_wallet_complain(&err);
}
