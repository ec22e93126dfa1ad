/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_PEOPLE_H
#define TALLY_LEDGER_PEOPLE_H

/* Scoring everybody in the ledger: for snapshots, which commit each result without saying whose it is, and
 * for the monthly tables. What comes out is never a list of persons. */

#include "ledger/member.h"
#include "ledger/snapshot.h"
#include "ledger/statement.h"
#include "score/score.h"

/* What visit is told of one subject. */
typedef struct tally_scored_subject {
    int64_t subject;
    const tally_member *member; /* NULL: an organisation */
    const tally_policy *policy; /* that binds it */
    const tally_result *result;
    uint32_t batch_count;
    const int64_t *batches; /* that its events came in, newest first */
} tally_scored_subject;

/* Score every member, or every organisation, as of an instant, in order of subject numbers.
 * TALLY_E_CORRUPT, TALLY_E_NOMEM, TALLY_E_LIMIT, TALLY_E_OVERFLOW. */
typedef tally_rc (*tally_scored_visit)(void *context, const tally_scored_subject *scored,
                                       tally_err *err);
TALLY_MUST_CHECK tally_rc tally_people_score(tally_ledger *ledger,
                                             tally_store_transaction *transaction, int64_t as_of_ms,
                                             tally_scored_visit visit, void *context,
                                             tally_err *err);

/* The level of a result: its tier, else its grade, else empty. */
tally_text tally_people_level(const tally_scored_subject *scored);

/* Computing again what rows said in a snapshot that knew so much. Lives within the transaction. */
typedef struct tally_people_again tally_people_again;
TALLY_MUST_CHECK tally_rc tally_people_again_new(tally_people_again **out_again,
                                                 tally_ledger *ledger,
                                                 tally_store_transaction *transaction,
                                                 const tally_known *known, tally_err *err);
/* The state of a member then, appended. Errors as of tally_people_score(). */
TALLY_MUST_CHECK tally_rc tally_people_again_state(tally_people_again *again,
                                                   const tally_member *member, tally_buffer *out,
                                                   tally_err *err);
/* NULL is allowed. */
void tally_people_again_free(tally_people_again *again);

/* The people of a programme's snapshots; needs nothing and lives for ever. */
const tally_snapshot_people *tally_people_of_ledger(void);

#endif
