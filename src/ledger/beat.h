/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_BEAT_H
#define TALLY_LEDGER_BEAT_H

/* Closing a beat: what the log publishes next is fixed, with the pads and snapshots that it
 * needs (docs/formats/log.md section 4; TALLY_JOURNAL_RECORDS_MULTIPLE). */

#include "ledger/snapshot.h"

/* Close a beat, for whoever holds the ledger. A beat that is closed, or one before it, gives the
 * answer of the newest closed one.
 *
 * beat       when it began, in seconds since 1970
 * prepared   what tally_snapshots_prepare() gave just before, or NULL
 * out_until  up to which index, not including it, the log reaches now
 *
 * TALLY_E_RETRY  the ledger changed since the snapshots were prepared: prepare again */
TALLY_MUST_CHECK tally_rc tally_ledger_close_beat(tally_ledger *ledger, uint64_t beat,
                                                  tally_prepared_snapshots *prepared,
                                                  uint64_t *out_until, tally_err *err);

/* Is it closed already? Then *out_until is its answer. In a transaction of its own. */
TALLY_MUST_CHECK tally_rc tally_ledger_find_beat(tally_ledger *ledger, uint64_t beat,
                                                 bool *out_is_closed, uint64_t *out_until,
                                                 tally_err *err);

#endif
