/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_REPLAY_H
#define TALLY_LEDGER_REPLAY_H

/* From admitted events back to a history that the engine scores. The ledger, an export's checker and the
 * auditor all build histories here, so that they cannot differ.
 *
 * An event's id in a history is "SOURCE/ID", SOURCE the name that the policy gives its source: two
 * sources may use the same ids. `of` of a record about a record is completed likewise. Pure. */

#include "batch/batch.h"
#include "score/history.h"
#include "score/score.h"
#include "tally/policy.h"
#include "tally/statement.h"
#include "util/intern.h"

#define TALLY_REPLAY_EVENTS_MAX 1000000u

typedef struct tally_replay tally_replay;

/* policy: the program that binds the subject; outlives the replay. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_replay_new(tally_replay **out_replay, const tally_policy *policy,
                                           tally_err *err);
/* NULL is allowed. */
void tally_replay_free(tally_replay *replay);

/* Take in an event as its source signed it; texts are copied. source: the policy's name of it. Events come in
 * the order in which they were admitted or all the other way round.
 * TALLY_E_LIMIT: more than TALLY_REPLAY_EVENTS_MAX. */
TALLY_MUST_CHECK tally_rc tally_replay_add(tally_replay *replay, tally_text source,
                                           int64_t recorded_ms, const tally_batch_event *event,
                                           tally_err *err);

/* Say that an event's source was revoked from a batch on that holds it: a `void` that stands
 * for the revocation joins the history. */
TALLY_MUST_CHECK tally_rc tally_replay_revoke(tally_replay *replay, tally_text source,
                                              const tally_batch_event *event, int64_t revoked_ms,
                                              tally_err *err);

/* Build the history. is_newest_first: the order in which events were added. Nothing may be added after that. */
TALLY_MUST_CHECK tally_rc tally_replay_finish(tally_replay *replay, bool is_newest_first,
                                              tally_err *err);

uint32_t tally_replay_count(const tally_replay *replay);

/* What the policy says at an instant; the result's texts live as long as the replay. */
TALLY_MUST_CHECK tally_rc tally_replay_score(tally_replay *replay, int64_t as_of_ms,
                                             tally_result *out_result, tally_err *err);

/* The statement at an instant, the caller's. subject: its name for the reader. */
TALLY_MUST_CHECK tally_rc tally_replay_statement(tally_replay *replay, tally_text subject,
                                                 int64_t as_of_ms, tally_statement **out_statement,
                                                 tally_err *err);

#endif
