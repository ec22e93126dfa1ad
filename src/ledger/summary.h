/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SUMMARY_H
#define TALLY_LEDGER_SUMMARY_H

/* The monthly public tables (R23, docs/formats/release.md): made once, stored, never computed again. Two
 * tables are declared for every programme about members: how many stand on each tier, released for every
 * second month, and how points are distributed, for June and December; together a year's budget of
 * eight. No person is listed (R19). */

#include "aggregate/release.h"
#include "ledger/ledger.h"

typedef struct tally_summary {
    tally_release_outcome outcome;
    int32_t year, month; /* of the release in out; 0: there is none yet */
} tally_summary;

/* Make the release of the last whole month when it is due and was not made, store it, and append the newest
 * stored release to out. Without a due one the newest stored release is appended; the outcome says
 * why nothing new was made.
 *
 * TALLY_E_DENIED  E_NOT_AVAILABLE: a programme about organisations has no such tables, its results are public
 * TALLY_E_IO, TALLY_E_NOMEM, TALLY_E_CORRUPT, TALLY_E_LIMIT, TALLY_E_OVERFLOW */
TALLY_MUST_CHECK tally_rc tally_ledger_summary(tally_ledger *ledger, tally_buffer *out,
                                               tally_summary *out_summary, tally_denial *denial,
                                               tally_err *err);

#endif
