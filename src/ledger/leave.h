/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_LEAVE_H
#define TALLY_LEDGER_LEAVE_H

/* Erasing a member (R2, R32; docs/ledger.md section 7): in one transaction everything of it goes, and a
 * certificate without a name stays. */

#include "ledger/erasures.h"
#include "ledger/ledger_internal.h"
#include "ledger/member.h"
#include "message/answer.h"

#define TALLY_ERASE_LIVE_DAYS   3 /* 72 hours */
#define TALLY_ERASE_BACKUP_DAYS 30

/* Remove every row of a member but the entries of the log, whose content becomes the word erased.
 * counts gets what was there. Within a transaction. */
TALLY_MUST_CHECK tally_rc tally_erase_rows(tally_ledger *ledger,
                                           tally_store_transaction *transaction,
                                           const tally_member *member, tally_certificate *counts,
                                           tally_err *err);

/* Rows, entry of the log and certificate. Within a transaction. */
TALLY_MUST_CHECK tally_rc tally_erase_member(tally_ledger *ledger,
                                             tally_store_transaction *transaction,
                                             const tally_member *member, int64_t now_ms,
                                             tally_certificate *out, tally_err *err);

/* Write the line in DIR/erasures, durably. The last thing within the transaction of an erasure: after it
 * only the commit itself can fail, and then the next opening finishes what the line says. */
TALLY_MUST_CHECK tally_rc tally_erase_note(tally_ledger *ledger,
                                           tally_store_transaction *transaction,
                                           const tally_member *member, int64_t now_ms,
                                           tally_err *err);

/* After the commit: empty the write-ahead log. Should that fail, the sweeper does it again. */
void tally_erase_purge(tally_ledger *ledger);

/* TALLY_E_CORRUPT: there is no such certificate. */
TALLY_MUST_CHECK tally_rc tally_certificate_load(tally_store_transaction *transaction,
                                                 int64_t number, tally_certificate *out,
                                                 tally_err *err);

/* On opening for writing: erase whoever stands in DIR/erasures beyond what this store has seen of it,
 * each in a transaction of its own. has_entries false: rows only, for a store whose log is not
 * whole yet (tally restore). TALLY_E_CORRUPT: the file of erasures is not this programme's, or was cut. */
TALLY_MUST_CHECK tally_rc tally_erasures_replay(tally_ledger *ledger, bool has_entries,
                                                uint64_t *out_erased, tally_err *err);

/* How far a store has come in DIR/erasures. */
TALLY_MUST_CHECK tally_rc tally_erasures_place_of(tally_store_transaction *transaction,
                                                  tally_erasures_place *out, tally_err *err);
/* DIR/erasures is the file that this store knows, no line of it missing. TALLY_E_CORRUPT: it is not. */
TALLY_MUST_CHECK tally_rc tally_erasures_check(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_err *err);

/* META `erased`: since when something erased waits for the file to be rewritten; *out_is_waiting
 * false: nothing does. */
TALLY_MUST_CHECK tally_rc tally_erase_waiting(tally_store_transaction *transaction,
                                              bool *out_is_waiting, int64_t *out_since_ms,
                                              tally_err *err);
TALLY_MUST_CHECK tally_rc tally_erase_is_done(tally_store_transaction *transaction, tally_err *err);

#endif
