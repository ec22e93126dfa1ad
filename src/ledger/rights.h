/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_RIGHTS_H
#define TALLY_LEDGER_RIGHTS_H

/* The rights of the charter, and which of them have no machinery yet: the one
 * table that decides whether a programme opens as a pilot (docs/ledger.md section 1).
 * A right leaves the list of those not enforced in the change that brings its machinery. */

#include <stdbool.h>
#include <stddef.h>
#include "json/jcs.h"

#define TALLY_RIGHTS_COUNT 36u

typedef struct tally_right {
    const char *name;  /* "R1" */
    const char *title; /* "Consent" */
    bool is_enforced;
    const char *missing; /* what is not there yet, one sentence without full stop; "" if enforced */
} tally_right;

/* index below TALLY_RIGHTS_COUNT: R1 is 0. */
const tally_right *tally_right_of(size_t index);

/* Is some right not enforced yet? Then a programme is a pilot: generated members or organisations
 * on a public record only, no deductions, no minors. */
bool tally_rights_make_pilot(void);

/* Write the member `not-enforced`: an array of {"missing", "right", "title"}. */
void tally_rights_write(tally_jcs *jcs);

#endif
