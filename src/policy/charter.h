/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_CHARTER_H
#define TALLY_POLICY_CHARTER_H

/* What a policy's text shows of the charter. Each refusal names the right, the
 * place, the reason and, where one exists, an admissible rewrite.
 * docs/charter-checks.md lists every check, and which rights no text can show. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/charter_limits.h"
#include "policy/diagnostics.h"
#include "policy/program.h"

/* Every check: what `tally policy check --live` and opening a programme ask.
 * Adds TALLY_SEVERITY_REFUSAL entries; true if the policy may live (none was added).
 * False also when memory is short (then tally_diagnostics_add failed). */
bool tally_charter_check(const struct tally_policy *policy, tally_diagnostics *diagnostics);

/* Only R9 (1) to (9), about persons: what even `evaluate` refuses. */
bool tally_charter_check_evaluate(const struct tally_policy *policy,
                                  tally_diagnostics *diagnostics);

#endif
