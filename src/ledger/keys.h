/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_KEYS_H
#define TALLY_LEDGER_KEYS_H

/* The programme's own keys: DIR/keys. For ledger.c and create.c. The log's key is made
 * here and never read: it is the publisher's. */

#include "ledger/ledger_internal.h"

/* Draw the three keys and write their files, durably and readable by their owner only, into
 * DIR/keys, which is there. Sets ledger->keys and ledger->did; appends the log's verifier key to
 * out_log_key.
 *
 * TALLY_E_IO, TALLY_E_NOMEM; TALLY_E_CONFLICT: a file is there */
TALLY_MUST_CHECK tally_rc tally_ledger_make_keys(tally_ledger *ledger, tally_buffer *out_log_key,
                                                 tally_err *err);

/* TALLY_E_INVALID: missing, no keys, or readable by others; err says which. */
TALLY_MUST_CHECK tally_rc tally_ledger_load_keys(tally_ledger *ledger, tally_err *err);

/* Is the operator key the one of the programme's did? TALLY_E_CORRUPT: no. */
TALLY_MUST_CHECK tally_rc tally_ledger_check_keys(const tally_ledger *ledger, tally_err *err);

/* Wipe and release. NULL is allowed. */
void tally_ledger_free_keys(tally_ledger_keys *keys);

#endif
