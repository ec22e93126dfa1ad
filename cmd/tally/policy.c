/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy`: finds its subcommand in a table and runs it. */

#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

/* In the order `tally policy --help` lists them. */
static const tally_command commands[] = {
    { "check", "Say what is wrong with a policy", tally_cmd_policy_check },
    { "diff", "Say what a new version changes, better or worse", tally_cmd_policy_diff },
    { "explain", "Say in plain English what a policy does", tally_cmd_policy_explain },
    { "freeze", "Write a policy with its time zones to one file", tally_cmd_policy_freeze },
    { "hash", "Print the hash of each version", tally_cmd_policy_hash },
    { "publish", "Publish the next version in a programme", tally_cmd_policy_publish },
    { "schema", "Print the JSON Schema of policies", tally_cmd_policy_schema },
    { "test", "Run the tests that a policy carries", tally_cmd_policy_test },
    { "words", "Print the word lists of the charter checker", tally_cmd_policy_words },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *stream)
{
    fputs("Usage: tally policy COMMAND [ARGUMENTS...]\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`tally policy COMMAND --help` explains one of them.\n", stream);
}

int tally_cmd_policy(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return TALLY_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return TALLY_EXIT_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "tally policy: there is no command '%s'\n", argv[1]);
    fputs("`tally policy --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}
