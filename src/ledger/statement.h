/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_STATEMENT_H
#define TALLY_LEDGER_STATEMENT_H

/* Statements from the store (docs/ledger.md section 6): one subject's events are opened, replayed under
 * the policy that binds that subject, and explained. Nothing is cached: a score is computed when it is
 * asked for. */

#include "ledger/access.h"
#include "ledger/ledger_internal.h"
#include "ledger/member.h"
#include "ledger/replay.h"
#include "tally/statement.h"

/* A subject made ready: its policy and its history. Released with tally_subject_view_close(). */
typedef struct tally_subject_view {
    tally_policy *policy; /* what binds this subject */
    tally_replay *replay;
    uint32_t batch_count; /* that its events came in, each once, newest first */
    int64_t *batches;
} tally_subject_view;

/* Open and replay a subject's events. member NULL: subject is an organisation. Whoever calls has the right
 * to: the member's own read, a logged access, or the engine's own work.
 *
 * TALLY_E_CORRUPT, TALLY_E_NOMEM, TALLY_E_LIMIT */
TALLY_MUST_CHECK tally_rc tally_subject_view_open(tally_subject_view *out_view,
                                                  tally_ledger *ledger,
                                                  tally_store_transaction *transaction,
                                                  int64_t subject, const tally_member *member,
                                                  tally_err *err);
/* What was known when a snapshot was taken. */
typedef struct tally_known {
    uint64_t log_size; /* of what came in batches, that of entries below this */
    int64_t as_of_ms;  /* revocations up to then, to the millisecond */
    uint32_t policy;   /* versions up to this one */
} tally_known;

/* The same with what was known at some time before, but for what was erased since. */
TALLY_MUST_CHECK tally_rc tally_subject_view_open_known(tally_subject_view *out_view,
                                                        tally_ledger *ledger,
                                                        tally_store_transaction *transaction,
                                                        int64_t subject, const tally_member *member,
                                                        const tally_known *known, tally_err *err);
void tally_subject_view_close(tally_subject_view *view);

/* From when each version of the chain binds a member; see tally_policy_bind(). */
void tally_member_binding(const tally_ledger *ledger, const tally_member *member,
                          int64_t out_from_ms[static TALLY_LEDGER_VERSIONS_MAX]);

typedef struct tally_statement_request {
    tally_text subject;         /* did:key:… or org:… */
    int64_t as_of_ms;           /* TALLY_NOTHING: now */
    const tally_ticket *ticket; /* for a member; not asked for an organisation */
} tally_statement_request;

/* A statement that somebody other than the member asks for. For a member the access is logged, durably, before
 * anything is opened (R21).
 *
 * TALLY_E_DENIED  E_NOT_FOUND: nobody, or not any more: the same for both (R19); E_TICKET
 * TALLY_E_IO      E_LOG_UNAVAILABLE
 * TALLY_E_OVERFLOW, TALLY_E_LIMIT: a rule's number or work; TALLY_E_CORRUPT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_ledger_statement(tally_ledger *ledger,
                                                 const tally_statement_request *request,
                                                 tally_statement **out_statement,
                                                 tally_denial *denial, tally_err *err);

/* Find the subject of a request and, for a member, log the access: what precedes every read that is not
 * the member's own. subject is 0 in a programme about members; wipe the member. Errors as above. */
TALLY_MUST_CHECK tally_rc tally_subject_admit_reader(tally_ledger *ledger,
                                                     const tally_statement_request *request,
                                                     tally_member *out_member, int64_t *out_subject,
                                                     tally_denial *denial, tally_err *err);

/* A member's own statement, within a transaction that a signed read began. */
TALLY_MUST_CHECK tally_rc tally_ledger_own_statement(tally_ledger *ledger,
                                                     tally_store_transaction *transaction,
                                                     const tally_member *member, int64_t as_of_ms,
                                                     tally_statement **out_statement,
                                                     tally_err *err);

#endif
