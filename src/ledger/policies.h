/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_POLICIES_H
#define TALLY_LEDGER_POLICIES_H

/* Published versions as stored: POLICIES, and the same bytes as the document of
 * the log entry of kind 2 (docs/formats/programme.md). For ledger.c, create.c and
 * publish_policy.c. */

#include "ledger/ledger_internal.h"

/* A version about to be published. */
typedef struct tally_policy_publication {
    const tally_policy *program; /* the chain, the new version last */
    const char *label;           /* "better", "neutral", "worse" */
    tally_text changes;          /* JSON against the version before; empty: the first */
    const int64_t *begins_ms;    /* program->version_count; [0] is not asked */
    int64_t published_ms;
} tally_policy_publication;

/* Store the version and append its entry to the log. */
TALLY_MUST_CHECK tally_rc tally_ledger_put_policy(tally_ledger *ledger,
                                                  tally_store_transaction *transaction,
                                                  const tally_policy_publication *publication,
                                                  tally_err *err);

/* Write the files DIR/policies/<n>.yaml that are missing: all documents up to the nth, for people.
 * TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_ledger_write_policy_files(const tally_ledger *ledger,
                                                          tally_err *err);

#endif
