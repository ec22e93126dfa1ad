/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_CARD_H
#define TALLY_LEDGER_CARD_H

/* Whom a handle means: for each source that asks, a table from the handles of all members to their
 * subject numbers (docs/formats/card.md). In memory only: on disk a handle stands nowhere.
 *
 * A table is built when its source first asks and grows with the members that joined since. Handles
 * of members that left stay until it is built anew and lead to numbers that are nobody's, so that
 * whoever asks learns nothing. One thread at a time, as the ledger. */

#include "ledger/member.h"
#include "message/card.h"

#define TALLY_CARD_SOURCES_MAX 1024u

typedef struct tally_card_index tally_card_index;

/* Empty, or NULL when memory is short. */
TALLY_MUST_CHECK tally_card_index *tally_card_index_new(void);
void tally_card_index_free(tally_card_index *index);

/* The subject that this source's handle means, 0 for nobody's; handle is without its prefix. Within a
 * transaction. source_did is the did that the source was registered with (its first).
 * TALLY_E_LIMIT: more than TALLY_CARD_SOURCES_MAX sources. TALLY_E_NOMEM, and as the store fails. */
TALLY_MUST_CHECK tally_rc tally_card_index_find(tally_card_index *index, tally_ledger *ledger,
                                                tally_store_transaction *transaction,
                                                tally_text source_did, tally_text handle,
                                                int64_t *out_subject, tally_err *err);

#endif
