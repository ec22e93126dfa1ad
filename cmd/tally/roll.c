/* SPDX-License-Identifier: Apache-2.0 */
/* `tally roll issue`: enrolment tokens of a pilot. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/ed25519.h"
#include "ledger/ledger_internal.h"
#include "ledger/token.h"
#include "programme.h"

#define COUNT_MAX 100000

static void print_help(FILE *stream)
{
    fputs("Usage: tally roll issue DIR [--count N] [--now INSTANT]\n"
          "\n"
          "Print N (1) enrolment tokens, one a line: whoever is on the roll of the programme in\n"
          "the folder DIR joins once with each. They are secrets until used: redirect them into\n"
          "a file that only you may read, and hand them out singly. Nothing is stored of a token\n"
          "before it is used, and afterwards only that it was.\n"
          "\n"
          "These are a pilot's tokens: whoever hands them out could note to whom. Blind ones take\n"
          "their place before any programme with people opens.\n",
          stream);
}

static int issue(const char *folder, const char *now, int64_t count)
{
    tally_opened_programme programme;
    tally_denial denial = { .code = NULL };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = TALLY_OK;
    int status = tally_cmd_open_programme(&programme, "roll issue", folder, now, false);

    if (status != TALLY_EXIT_OK)
        count = 0;
    else if (programme.ledger->is_about_organisations)
        rc = tally_deny(&denial, &err, TALLY_E_DENIED, "E_NOT_AN_ORG", "R35",
                        "add organisations with `tally organisation add`",
                        "this programme is about organisations: nobody joins it");
    for (int64_t i = 0; rc == TALLY_OK && i < count; i++) {
        char token[TALLY_TOKEN_TEXT_BYTES];

        rc = tally_token_issue(programme.ledger, token, &err);
        if (rc == TALLY_OK)
            puts(token);
        tally_secret_wipe(token, sizeof(token));
    }
    tally_cmd_close_programme(&programme);
    return rc == TALLY_OK ? status : tally_cmd_refused("roll issue", &denial, &err);
}

int tally_cmd_roll(int argc, char **argv)
{
    const char *folder = NULL, *now = NULL;
    int64_t count = 1;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help(stdout);
        return TALLY_EXIT_OK;
    }
    if (argc < 2 || strcmp(argv[1], "issue") != 0) {
        print_help(stderr);
        return TALLY_EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++) {
        bool has_value = i + 1 < argc;

        if (strcmp(argv[i], "--count") == 0 && has_value &&
            tally_text_parse_i64(&count, tally_text_from(argv[i + 1]), 1, COUNT_MAX) == TALLY_OK) {
            i++;
        } else if (strcmp(argv[i], "--now") == 0 && has_value) {
            now = argv[++i];
        } else if (folder == NULL && argv[i][0] != '-') {
            folder = argv[i];
        } else {
            fprintf(stderr, "tally roll issue: not understood, or not a value for it: %s\n",
                    argv[i]);
            return TALLY_EXIT_USAGE;
        }
    }
    if (folder == NULL) {
        fputs("tally roll issue: name the folder of the programme\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    return issue(folder, now, count);
}
