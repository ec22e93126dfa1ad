/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy schema` and `tally policy words`: what the program knows and
 * publishes, for editors and for anyone who wants to see the lists. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "policy.h"
#include "policy/charter_words.h"
#include "policy/schema.h"

/* Answers --help and refuses arguments; true: go on. */
static bool has_no_arguments(int argc, char **argv, const char *name, const char *help,
                             int *out_status)
{
    if (tally_cmd_wants_help(argc, argv)) {
        puts(help);
        *out_status = TALLY_EXIT_OK;
        return false;
    }
    if (argc > 1) {
        fprintf(stderr, "tally policy %s: it takes no arguments\n", name);
        *out_status = TALLY_EXIT_USAGE;
        return false;
    }
    return true;
}

int tally_cmd_policy_schema(int argc, char **argv)
{
    int status;

    if (!has_no_arguments(
            argc, argv, "schema",
            "Usage: tally policy schema\n"
            "\n"
            "Print the JSON Schema (draft 7) of policies. Editors with YAML support use it to\n"
            "complete keys and mark mistakes while typing; `tally policy check` decides.\n"
            "In an editor with the YAML language server, put this line first in a policy:\n"
            "  # yaml-language-server: $schema=policy.schema.json",
            &status))
        return status;
    if (fwrite(tally_policy_schema, 1, tally_policy_schema_bytes, stdout) !=
            tally_policy_schema_bytes ||
        fflush(stdout) != 0) {
        perror("tally policy schema");
        return TALLY_EXIT_FILES;
    }
    return TALLY_EXIT_OK;
}

static void print_list(tally_charter_list list)
{
    const tally_charter_words *words = tally_charter_words_of(list);

    if (list <= TALLY_WORDS_STANDING)
        printf("%s (%d) %s\n", words->right, (int)list, words->about);
    else
        printf("%s %s\n", words->right, words->about);
    for (size_t i = 0; i < words->pattern_count; i++)
        printf("  %s\n", words->patterns[i]);
}

int tally_cmd_policy_words(int argc, char **argv)
{
    int status;

    if (!has_no_arguments(
            argc, argv, "words",
            "Usage: tally policy words\n"
            "\n"
            "Print the word lists with which the charter checker reads a policy's texts: the\n"
            "right, what the list is about, and each pattern (a last * matches any ending).\n"
            "Texts are folded before: case, accents, look-alike letters, signs for letters.",
            &status))
        return status;
    for (int list = TALLY_WORDS_POLITICS; list < (int)TALLY_WORDS_LISTS; list++)
        print_list((tally_charter_list)list);
    return TALLY_EXIT_OK; /* main() looks whether it was written */
}
