/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_PROGRAMME_H
#define TALLY_CMD_PROGRAMME_H

/* What the commands on a programme's folder share: opening it, its clock, and telling why
 * something was refused. */

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

typedef struct tally_programme_place {
    const char *command; /* "wallet join", for messages */
    const char *folder;
    bool has_now; /* --now, for a programme whose clock is simulated */
    int64_t now_ms;
} tally_programme_place;

/* Read the value of --now. False: it is no instant (RFC 3339, with Z or an offset). */
TALLY_MUST_CHECK bool tally_programme_take_now(tally_programme_place *place, const char *value);

/* The clock of the options: fixed, or the system's. */
tally_clock tally_programme_clock(const tally_programme_place *place);

/* Open the programme. Returns an exit status; failures are already told. */
int tally_programme_open(tally_ledger **out_ledger, const tally_programme_place *place,
                         bool is_for_writing);

/* Tell a failure of a use case, with what to do next; returns the exit status that belongs to it. */
int tally_programme_refused(const tally_programme_place *place, const tally_denial *denial,
                            const tally_err *err);

#endif
