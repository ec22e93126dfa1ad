/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_PROGRAMME_H
#define TALLY_CMD_PROGRAMME_H

/* What the commands share that work on a programme's folder. They take --now
 * INSTANT, which is for programmes with a simulated clock. */

#include "ledger/ledger.h"
#include "load.h"

typedef struct tally_opened_programme {
    tally_ledger *ledger;
    tally_system_zones zones;
} tally_opened_programme;

/* The clock that a command works by: the system's, or with --now one that stands still. False: now
 * is no instant, and it was said. */
TALLY_MUST_CHECK bool tally_cmd_clock(const char *command, const char *now, tally_clock *out);

/* Open a programme; what is wrong is printed.
 *
 * out  not to be moved; closed with tally_cmd_close_programme() whatever is returned
 * now  of --now, or NULL
 *
 * Returns the exit status: TALLY_EXIT_OK, or what the command ends with. */
TALLY_MUST_CHECK int tally_cmd_open_programme(tally_opened_programme *out, const char *command,
                                              const char *folder, const char *now,
                                              bool is_for_writing);
/* The same for what a member asks for, which no batch that is being sent should hold up (R2): while
 * another process writes it is tried again for some seconds. */
TALLY_MUST_CHECK int tally_cmd_await_programme(tally_opened_programme *out, const char *command,
                                               const char *folder, const char *now,
                                               bool is_for_writing);
void tally_cmd_close_programme(tally_opened_programme *programme);

/* Print why something was refused and what to do next; returns the exit status. denial may be
 * NULL, or hold nothing. */
int tally_cmd_refused(const char *command, const tally_denial *denial, const tally_err *err);

#endif
