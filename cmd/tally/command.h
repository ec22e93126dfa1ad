/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_COMMAND_H
#define TALLY_CMD_COMMAND_H

/* The subcommands of `tally`: one file each, one row each in main.c's table.
 *
 * A subcommand receives its own name as argv[0] and returns the exit status.
 * It answers `--help` itself, on standard output and with status 0. */

#include <stdbool.h>
#include <string.h>

enum {
    TALLY_EXIT_OK = 0,
    TALLY_EXIT_FAILED = 1, /* it ran, and the answer or part of the input was bad */
    TALLY_EXIT_USAGE = 2,  /* the command line makes no sense */
    TALLY_EXIT_FILES = 3   /* a file cannot be read or written */
};

/* Of several files the gravest status counts; the enumeration stands in that order. */
static inline int tally_cmd_worse(int a, int b)
{
    return a > b ? a : b;
}

static inline bool tally_cmd_wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

typedef struct tally_command {
    const char *name;
    const char *summary; /* one line, begins with a verb, no full stop */
    int (*run)(int argc, char **argv);
} tally_command;

int tally_cmd_audit(int argc, char **argv);
int tally_cmd_backup(int argc, char **argv);
int tally_cmd_check(int argc, char **argv);
int tally_cmd_eval(int argc, char **argv);
int tally_cmd_export(int argc, char **argv);
int tally_cmd_init(int argc, char **argv);
int tally_cmd_log(int argc, char **argv);
int tally_cmd_organisation(int argc, char **argv);
int tally_cmd_policy(int argc, char **argv);
int tally_cmd_programme(int argc, char **argv);
int tally_cmd_receipt(int argc, char **argv);
int tally_cmd_restore(int argc, char **argv);
int tally_cmd_roll(int argc, char **argv);
int tally_cmd_source(int argc, char **argv);
int tally_cmd_statement(int argc, char **argv);
int tally_cmd_submit(int argc, char **argv);
int tally_cmd_summary(int argc, char **argv);
int tally_cmd_sweep(int argc, char **argv);
int tally_cmd_verify_export(int argc, char **argv);
int tally_cmd_version(int argc, char **argv);
int tally_cmd_wallet(int argc, char **argv);
int tally_cmd_witness(int argc, char **argv);

#endif
