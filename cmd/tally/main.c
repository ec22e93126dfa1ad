/* SPDX-License-Identifier: Apache-2.0 */
/* The `tally` program: finds the subcommand in a table and runs it. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "tally/base.h"
#include "util/text.h"

/* In the order `tally --help` lists them. */
static const tally_command commands[] = {
    { "audit", "Check a copy of a published log", tally_cmd_audit },
    { "backup", "Copy a programme's store while it is in use", tally_cmd_backup },
    { "check", "See whether a programme's ledger is whole", tally_cmd_check },
    { "eval", "Compute scores from files of events", tally_cmd_eval },
    { "export", "Write all that a programme holds about one subject", tally_cmd_export },
    { "init", "Make a programme", tally_cmd_init },
    { "log", "Publish, serve and prove a transparency log", tally_cmd_log },
    { "organisation", "Add and find the organisations of a programme", tally_cmd_organisation },
    { "policy", "Check, test, explain, freeze and publish policies", tally_cmd_policy },
    { "programme", "Print the public record of a programme", tally_cmd_programme },
    { "receipt", "Verify consent receipts", tally_cmd_receipt },
    { "restore", "Put a backup in the place of a programme's store", tally_cmd_restore },
    { "roll", "Issue enrolment tokens", tally_cmd_roll },
    { "source", "Register those who attest events, and their keys", tally_cmd_source },
    { "statement", "Explain one subject's result from the store", tally_cmd_statement },
    { "submit", "Sign events in batches and send them to a programme", tally_cmd_submit },
    { "summary", "Show the monthly tables, which list nobody", tally_cmd_summary },
    { "sweep", "Remove what has been kept long enough", tally_cmd_sweep },
    { "verify-export", "Check an export by itself", tally_cmd_verify_export },
    { "version", "Print the version", tally_cmd_version },
    { "wallet", "Keep your keys, another for each programme", tally_cmd_wallet },
    { "witness", "Cosign the checkpoints of logs that only grew", tally_cmd_witness },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *stream)
{
    fputs("Usage: tally COMMAND [ARGUMENTS...]\n"
          "       tally --help | --version\n"
          "\n"
          "Recognition that people opt into, hold, prove and contest.\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-13s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`tally COMMAND --help` explains one of them.\n", stream);
}

static const tally_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* The command whose name is nearest to what was typed, or NULL. */
static const tally_command *nearest_command(const char *name)
{
    const tally_command *nearest = NULL;
    uint32_t nearest_distance = TALLY_TEXT_DISTANCE_FAR;

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        uint32_t distance =
            tally_text_distance(tally_text_from(name), tally_text_from(commands[i].name));

        if (distance < nearest_distance && tally_text_is_near(distance, strlen(name))) {
            nearest = &commands[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

static int refuse_unknown(const char *name)
{
    const tally_command *nearest = nearest_command(name);

    fprintf(stderr, "tally: there is no command '%s'", name);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean '%s'?", nearest->name);
    fputs("\n`tally --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    const tally_command *command;

    if (argc < 2) {
        print_usage(stderr);
        return TALLY_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return TALLY_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tally %s\n", tally_version_string());
        return TALLY_EXIT_OK;
    }
    command = find_command(argv[1]);
    if (command == NULL)
        return refuse_unknown(argv[1]);
    return command->run(argc - 1, argv + 1);
}

/* An answer that nobody could read is none. */
int main(int argc, char **argv)
{
    int status = run(argc, argv);

    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == TALLY_EXIT_OK) {
        fputs("tally: standard output cannot be written\n", stderr);
        status = TALLY_EXIT_FILES;
    }
    return status;
}
