/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet`: finds its subcommand in a table and runs it. */

#include "wallet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "command.h"
#include "crypto/ed25519.h"
#include "wallet_session.h"

/* In the order `tally wallet --help` lists them. */
static const tally_command commands[] = {
    { "new", "Make a wallet and show its 24 words", tally_cmd_wallet_new },
    { "restore", "Make a wallet again from its 24 words", tally_cmd_wallet_restore },
    { "show", "List the programmes of a wallet, and who you are there", tally_cmd_wallet_show },
    { "backup", "Copy a wallet, or show its words again", tally_cmd_wallet_backup },
    { "join", "Join a programme", tally_cmd_wallet_join },
    { "consent", "Renew your agreement, or agree to newer rules", tally_cmd_wallet_consent },
    { "card", "Print your membership card for a source", tally_cmd_wallet_card },
    { "receipts", "List what you agreed to", tally_cmd_wallet_receipts },
    { "statement", "Print your statement", tally_cmd_wallet_statement },
    { "accesses", "List who read your record", tally_cmd_wallet_accesses },
    { "export", "Write all that a programme holds about you", tally_cmd_wallet_export },
    { "withdraw", "Withdraw a receipt", tally_cmd_wallet_withdraw },
    { "rotate", "Take another key, also when the present one was stolen", tally_cmd_wallet_rotate },
    { "leave", "Leave a programme", tally_cmd_wallet_leave },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *stream)
{
    fputs("Usage: tally wallet COMMAND [OPTIONS] WALLET [DIR]\n"
          "\n"
          "Your half: the keys by which programmes know you, another in each, and what they\n"
          "gave you.\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "The passphrase is asked for on the terminal, or read from\n"
          "  --passphrase-file FILE   the first line of a file that only you may read\n"
          "  --passphrase-fd N        the first line of an open file descriptor\n"
          "\n`tally wallet COMMAND --help` explains one of them.\n",
          stream);
}

int tally_cmd_wallet(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return TALLY_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return TALLY_EXIT_OK;
    }
    tally_wallet_forbid_dumps();
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "tally wallet: there is no command '%s'\n", argv[1]);
    fputs("`tally wallet --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}

void tally_wallet_forbid_dumps(void)
{
    /* Where the system refuses, nothing else can be done. */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

static bool is_allowed(const char *name, const char *const *allowed)
{
    if (strncmp(name, "--passphrase-", 13) == 0)
        return true;
    for (; *allowed != NULL; allowed++) {
        if (strcmp(name, *allowed) == 0)
            return true;
    }
    return false;
}

static bool take_number(int64_t *out, const char *value, int64_t min, int64_t max)
{
    return tally_text_parse_i64(out, tally_text_from(value), min, max) == TALLY_OK;
}

/* An option with its value. */
static bool take_option(tally_wallet_options *out, const char *name, const char *value)
{
    int64_t number;

    if (strcmp(name, "--passphrase-file") == 0)
        out->passphrase_file = value;
    else if (strcmp(name, "--words") == 0)
        out->words_file = value;
    else if (strcmp(name, "--to") == 0)
        out->copy_path = value;
    else if (strcmp(name, "--generated") == 0)
        return take_number(&out->generated_count, value, 1, TALLY_WALLET_GENERATED_MAX);
    else if (strcmp(name, "--passphrase-fd") == 0) {
        if (!take_number(&number, value, 0, 1 << 20))
            return false;
        out->passphrase_fd = (int)number;
    } else
        return false;
    return true;
}

static int refuse(const char *what, const char *which)
{
    fprintf(stderr, "tally wallet: %s%s\n", what, which);
    return TALLY_EXIT_USAGE;
}

int tally_wallet_read_options(tally_wallet_options *out, int argc, char **argv,
                              const char *const *allowed)
{
    *out = (tally_wallet_options){ .passphrase_fd = -1 };
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (out->path != NULL)
                return refuse("one wallet at a time, not also ", argv[i]);
            out->path = argv[i];
        } else if (!is_allowed(argv[i], allowed)) {
            return refuse("no such option here: ", argv[i]);
        } else if (strcmp(argv[i], "--show-words") == 0) {
            out->shows_words = true;
        } else {
            if (i + 1 == argc || !take_option(out, argv[i], argv[i + 1]))
                return refuse("no such option, or not a value for it: ", argv[i]);
            i++;
        }
    }
    if (out->path == NULL)
        return refuse("name the file of the wallet", "");
    if (out->passphrase_file != NULL && out->passphrase_fd >= 0)
        return refuse("one of --passphrase-file and --passphrase-fd", "");
    return TALLY_EXIT_OK;
}

int tally_wallet_complain(const tally_err *err)
{
    fprintf(stderr, "tally wallet: %s\n", err->message);
    return err->rc == TALLY_E_IO || err->rc == TALLY_E_CONFLICT ? TALLY_EXIT_FILES
                                                                : TALLY_EXIT_FAILED;
}

int tally_wallet_open(tally_wallet_file **out_file, const tally_wallet_options *options)
{
    tally_err err = TALLY_ERR_INIT;
    tally_passphrase passphrase;
    tally_rc rc = tally_wallet_ask_passphrase(&passphrase, options, false, &err);

    if (rc == TALLY_OK)
        rc = tally_wallet_file_open(out_file, options->path,
                                    tally_text_of(passphrase.bytes, passphrase.count), &err);
    tally_secret_wipe(&passphrase, sizeof(passphrase));
    if (rc != TALLY_OK)
        return tally_wallet_complain(&err);
    if (tally_wallet_file_is_exposed(*out_file))
        fprintf(stderr,
                "tally wallet: warning: others than you have access to %s; it is sealed, but "
                "whoever copies it can try passphrases for ever: chmod 600\n",
                options->path);
    return TALLY_EXIT_OK;
}
