/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_CHECK_PARTS_H
#define TALLY_LEDGER_CHECK_PARTS_H

/* Passes of tally_ledger_check() that need nothing of the others: each runs in a reading transaction
 * and answers TALLY_E_CORRUPT with the first fault. */

#include "ledger/ledger_internal.h"

/* What the store finds by name leads to where it says, and nothing is without its name: keys to
 * members and sources, members to their receipts, records and accesses. Receipts are opened, verified
 * and held against their rows; each plaintext read in the log is one that its member is shown.
 * personal_records: how many records in the log are somebody's. */
TALLY_MUST_CHECK tally_rc tally_check_people(tally_ledger *ledger,
                                             tally_store_transaction *transaction,
                                             uint64_t personal_records, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_check_sources(tally_ledger *ledger,
                                              tally_store_transaction *transaction, tally_err *err);

#endif
