/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_REFILL_H
#define TALLY_LEDGER_REFILL_H

/* Taking over from the public log what a restored store lacks of it. */

#include "ledger/backup.h"

/* Append to the journal of the ledger, in transactions of a few thousand entries, all that DIR/log has
 * beyond it, up to the last head that was signed (DIR/log-state/heads, else the checkpoint); then see that
 * the entries have the root that was signed. A log that was never published is none.
 *
 * TALLY_E_CORRUPT: the store is not one of this log; a file of the log is missing or is not what the
 * root says. Nothing of the log is changed. */
TALLY_MUST_CHECK tally_rc tally_ledger_refill(tally_ledger *ledger, tally_restore_report *report,
                                              tally_err *err);

#endif
