/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_CHECK_H
#define TALLY_LEDGER_CHECK_H

/* Is the ledger whole? Everything that is stored is read and held against everything else:
 * the store's own structure and chains; each batch's signed header, root, leaves, marks and promise; each event,
 * opened and hashed again; each log entry and what opens it; the chain of accesses, and that their
 * members are shown them; receipts, keys and names; the file of erasures. */

#include "ledger/ledger.h"

typedef struct tally_check_report {
    uint64_t event_count, batch_count, member_count, organisation_count;
    uint64_t record_count, erased_record_count, document_count, access_count;
} tally_check_report;

/* progress may be NULL; it is told what is being read and how far. */
typedef void (*tally_check_progress)(void *context, const char *what, uint64_t done,
                                     uint64_t total);

/* TALLY_E_CORRUPT  the first fault; err says where and what
 * TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_ledger_check(tally_ledger *ledger, tally_check_report *out_report,
                                             tally_check_progress progress, void *context,
                                             tally_err *err);

#endif
