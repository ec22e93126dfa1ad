/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_FROZEN_H
#define TALLY_POLICY_FROZEN_H

/* A policy with its zone tables in one JSON text, so that it means the same
 * wherever and whenever it is read:
 *
 *   {"tallystick-frozen":1,"hash":"…","documents":["…"],
 *    "zones":{"Europe/Lisbon":[[null,-2205],[-1830384000000,0],…]}}
 *
 * documents are the YAML texts of the versions; hash is that of the last one.
 * A zone is a list of [ms, offset in s]; the first ms is null, since its offset
 * holds from the beginning of time. */

#include "tally/policy.h"
#include "util/text.h"

#define TALLY_FROZEN_BYTES_MAX ((size_t)16 << 20)

/* Whether a text is meant as one: its first byte that is no white space is `{`. */
bool tally_frozen_is(tally_text text);

/* As tally_policy_compile(); TALLY_E_CORRUPT: the hash does not match. */
TALLY_MUST_CHECK tally_rc tally_frozen_compile(tally_policy **out_policy, const char *file_name,
                                               tally_text text, tally_diagnostics *diagnostics,
                                               tally_err *err);

#endif
