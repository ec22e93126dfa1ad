/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_PUBLISH_POLICY_H
#define TALLY_LEDGER_PUBLISH_POLICY_H

/* Publishing a version of the policy (R25, R29; docs/policy-publishing.md): first it is looked at,
 * with every change and its label, then it is published: stored for ever, chained to the one
 * before, and an entry of the log. */

#include "ledger/ledger.h"
#include "policy/publish.h"

/* A new version looked at. Released with tally_policy_review_free(). */
typedef struct tally_policy_review {
    tally_policy *program; /* the chain with the new version; NULL: it did not compile */
    uint32_t number;       /* of the new version */
    uint32_t line_offset;  /* of tally_policy_append() */
    int64_t begins_ms;     /* when it would begin, or began */
    tally_publish_verdict verdict;
} tally_policy_review;

/* Read a new version: the document alone, or a file of all. Changes nothing.
 *
 * diagnostics  gets what is wrong with the text
 *
 * TALLY_OK          *out says whether it may be published now
 * TALLY_E_INVALID   the text is no policy, or another programme's
 * TALLY_E_CONFLICT  E_RETROACTIVE: its older documents are not the published ones
 * TALLY_E_DENIED    E_NOT_AVAILABLE: it needs what has no machinery yet */
TALLY_MUST_CHECK tally_rc tally_ledger_review_policy(tally_policy_review *out, tally_ledger *ledger,
                                                     const char *file_name, tally_text text,
                                                     tally_diagnostics *diagnostics,
                                                     tally_denial *denial, tally_err *err);

/* Publish what was reviewed; asks again, at the instant that is recorded. Afterwards the ledger
 * has the new chain, and review what was published.
 *
 * TALLY_E_DENIED    the charter, or the notice it asks for: review->verdict.refusals says all of it
 * TALLY_E_CONFLICT  another version was published since */
TALLY_MUST_CHECK tally_rc tally_ledger_publish_policy(tally_ledger *ledger,
                                                      tally_policy_review *review,
                                                      tally_denial *denial, tally_err *err);

/* A review that is all zero is allowed. */
void tally_policy_review_free(tally_policy_review *review);

#endif
