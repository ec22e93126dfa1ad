/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_CREATE_H
#define TALLY_LEDGER_CREATE_H

/* Making a programme (docs/ledger.md section 1; R28: without a public record, none starts). */

#include "ledger/ledger.h"

#define TALLY_ORIGIN_BYTES_MAX 200u

typedef struct tally_create_options {
    const char *folder;      /* is made; must not be there, or be empty */
    tally_text origin;       /* the log's URL without scheme, such as green.example/points */
    const char *policy_name; /* of the file, for messages */
    tally_text policy;       /* one version: YAML, or frozen */
    tally_clock clock;
    bool is_simulated;          /* then and only then the clock is a fixed one */
    const tally_random *random; /* NULL: the system's */
    tally_zone_source zones;
} tally_create_options;

/* Make a programme: its folder with everything in it, or nothing at all. What a kill in between
 * leaves stands beside it as `.NAME.tally-init` and is cleared by the next try.
 *
 * diagnostics  gets all that is wrong with the policy
 *
 * TALLY_E_INVALID   the origin, or the policy as a text
 * TALLY_E_DENIED    the charter does not let the policy live, or what it needs has no machinery yet
 *                   (E_NOT_AVAILABLE)
 * TALLY_E_CONFLICT  something is there already, or is being made
 * TALLY_E_IO, TALLY_E_NOMEM, TALLY_E_LIMIT */
TALLY_MUST_CHECK tally_rc tally_ledger_create(const tally_create_options *options,
                                              tally_diagnostics *diagnostics, tally_denial *denial,
                                              tally_err *err);

/* May a policy run while the programme is a pilot? Deductions and minors wait for the machinery of
 * their rights: E_NOT_AVAILABLE, with the place in diagnostics. Looks at the newest version. */
TALLY_MUST_CHECK tally_rc tally_pilot_check(const tally_policy *policy,
                                            tally_diagnostics *diagnostics, tally_denial *denial,
                                            tally_err *err);

#endif
