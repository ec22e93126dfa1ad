/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_STATE_H
#define TALLY_LEDGER_STATE_H

/* What META holds, read and written as a whole. For ledger.c and create.c. Every
 * function may fail as the store does, and with TALLY_E_CORRUPT when what is there
 * is not what was written. */

#include "ledger/ledger_internal.h"

/* META `programme`: fixed when the programme is made. */
typedef struct tally_programme_facts {
    tally_text origin, did;
    int64_t created_ms;
    bool is_pilot, is_simulated, is_about_organisations;
} tally_programme_facts;

TALLY_MUST_CHECK tally_rc tally_ledger_write_facts(tally_store_transaction *transaction,
                                                   const tally_programme_facts *facts,
                                                   tally_err *err);
/* Texts are copied into the arena. TALLY_E_INVALID: there is none, so this is no programme. */
TALLY_MUST_CHECK tally_rc tally_ledger_read_facts(tally_store_transaction *transaction,
                                                  tally_arena *arena,
                                                  tally_programme_facts *out_facts, tally_err *err);

/* META `state`. */
TALLY_MUST_CHECK tally_rc tally_ledger_save_state(const tally_ledger_state *state,
                                                  tally_store_transaction *transaction,
                                                  tally_err *err);
TALLY_MUST_CHECK tally_rc tally_ledger_load_state(tally_ledger_state *out_state,
                                                  tally_store_transaction *transaction,
                                                  bool *out_is_found, tally_err *err);

#endif
