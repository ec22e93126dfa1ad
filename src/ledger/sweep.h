/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SWEEP_H
#define TALLY_LEDGER_SWEEP_H

/* Retention (R32, R33; docs/ledger.md section 8): what has been kept long enough goes, on the
 * ledger's clock. In transactions of at most TALLY_SWEEP_ROWS rows each: a sweep that was interrupted
 * goes on where it was with the next one. Run it daily. */

#include "ledger/ledger.h"

#define TALLY_SWEEP_ROWS          500u
#define TALLY_SWEEP_MONTHS        24 /* accesses, ended receipts, certificates; events at most */
#define TALLY_SWEEP_BACKUP_DAYS   30
#define TALLY_SWEEP_BACKUP_NAME   "ledger-"
#define TALLY_SWEEP_BACKUP_ENDING ".db"

typedef struct tally_sweep_report {
    uint64_t receipts, members, events, accesses, certificates, nonces, backups; /* gone */
    bool has_rewritten; /* the store's file, since something erased was waiting */
} tally_sweep_report;

/* what: "events", "receipts" …; NULL is allowed. */
typedef void (*tally_sweep_progress)(void *context, const char *what, uint64_t done);

/* TALLY_E_IO also: a backup cannot be removed. What was swept until a failure stays swept. */
TALLY_MUST_CHECK tally_rc tally_ledger_sweep(tally_ledger *ledger, tally_sweep_report *out_report,
                                             tally_sweep_progress progress, void *context,
                                             tally_err *err);

/* Within a transaction: the instant of the last sweep that took events away; INT64_MIN: none did. */
TALLY_MUST_CHECK tally_rc tally_sweep_last(tally_store_transaction *transaction, int64_t *out_ms,
                                           tally_err *err);

#endif
