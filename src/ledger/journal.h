/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_JOURNAL_H
#define TALLY_LEDGER_JOURNAL_H

/* The publisher's journal (publish/journal.h) over a programme's store.
 *
 * The publisher is a process of its own. It reads through a store opened for reading; to close a
 * beat it opens the programme for writing for as long as that takes. While another process writes,
 * and has not closed the beat itself, begin_beat answers TALLY_E_RETRY. */

#include "ledger/beat.h"
#include "publish/journal.h"

typedef struct tally_ledger_journal tally_ledger_journal;

typedef struct tally_ledger_journal_options {
    tally_ledger_options ledger;         /* is_for_writing is not asked; texts are copied */
    const tally_snapshot_people *people; /* outlives the journal */
} tally_ledger_journal_options;

/* TALLY_E_INVALID: there is no programme; and as opening a store for reading fails. */
TALLY_MUST_CHECK tally_rc tally_ledger_journal_open(tally_ledger_journal **out_journal,
                                                    const tally_ledger_journal_options *options,
                                                    tally_err *err);
/* NULL is allowed. */
void tally_ledger_journal_close(tally_ledger_journal *journal);

/* What the publisher is given; ends with the journal. */
tally_journal tally_ledger_journal_seam(tally_ledger_journal *journal);

#endif
