/* SPDX-License-Identifier: Apache-2.0 */
/* `tally log`: finds its subcommand in a table and runs it. */

#include "log.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

/* In the order `tally log --help` lists them. */
static const tally_command commands[] = {
    { "append", "Append to the journal of a log without a programme", tally_cmd_log_append },
    { "key", "Print the verifier keys of a log", tally_cmd_log_key },
    { "new", "Make a log without a programme", tally_cmd_log_new },
    { "proof", "Write a proof that an entry stands in a log", tally_cmd_log_proof },
    { "publish", "Sign and publish what is new, once or on a beat", tally_cmd_log_publish },
    { "rotate-key", "Change the key of a log", tally_cmd_log_rotate_key },
    { "serve-dir", "Hand out the files of a log over HTTP", tally_cmd_log_serve },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *stream)
{
    fputs("Usage: tally log COMMAND [ARGUMENTS...]\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`tally log COMMAND --help` explains one of them.\n", stream);
}

int tally_cmd_log(int argc, char **argv)
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
    fprintf(stderr, "tally log: there is no command '%s'\n", argv[1]);
    fputs("`tally log --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}
