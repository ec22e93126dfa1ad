/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_PRIVATE_VIEW_H
#define TALLY_LEDGER_PRIVATE_VIEW_H

/* A programme as an auditor on the spot sees it (tlog/private_check.h): journal, openings, the rows of
 * the newest snapshot, and what policy and records give for them now.
 *
 * It sees one state of the store, that of the instant at which it was opened, whoever writes
 * meanwhile; so open it after the checkpoint was read that it is compared with. Nothing is decrypted
 * that is told to anybody: what comes out is whether things agree. */

#include "ledger/ledger.h"
#include "tlog/private_check.h"

typedef struct tally_ledger_view tally_ledger_view;

/* ledger: open for reading; until the view is closed it is the view's, and runs nothing else.
 * Fails as the store does. */
TALLY_MUST_CHECK tally_rc tally_ledger_view_open(tally_ledger_view **out_view, tally_ledger *ledger,
                                                 tally_err *err);
/* Wipes. NULL is allowed. */
void tally_ledger_view_close(tally_ledger_view *view);

/* The seam; ends with the view. Its call `snapshot` is TALLY_E_RETRY when rows are asked for and the
 * ledger has taken a newer snapshot since: what opens rows is kept of the newest only. Its call `disputes`
 * is NULL: a dispute's time to answer is not part of what a programme records. */
tally_private_view tally_ledger_view_seam(tally_ledger_view *view);

#endif
