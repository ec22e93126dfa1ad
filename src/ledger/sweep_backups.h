/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SWEEP_BACKUPS_H
#define TALLY_LEDGER_SWEEP_BACKUPS_H

/* DIR/backups: their names carry the instant at which they were made, `ledger-20261122T073214Z.db`. */

#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_BACKUP_NAME_BYTES 27 /* with a NUL */

/* Write the name of a backup made at an instant of the years 0 to 9999. */
void tally_backup_name(char out[static TALLY_BACKUP_NAME_BYTES], int64_t made_ms);
/* False: it is the name of no backup. */
TALLY_MUST_CHECK bool tally_backup_made(int64_t *out_ms, tally_text name);

/* Remove the backups that are older than 30 days, and leavings of interrupted ones. TALLY_E_IO. */
TALLY_MUST_CHECK tally_rc tally_sweep_backups(const char *folder, int64_t now_ms,
                                              uint64_t *inout_count, tally_err *err);

#endif
