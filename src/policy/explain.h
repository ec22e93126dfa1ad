/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_EXPLAIN_H
#define TALLY_POLICY_EXPLAIN_H

/* A policy in plain English, made from the compiled form alone, so that it says what the
 * engine will do and not what the author hoped. Pure. */

#include "policy/program.h"
#include "util/buffer.h"

/* Append the whole policy. The buffer keeps any failure (TALLY_E_LIMIT, TALLY_E_NOMEM). */
void tally_policy_explain(const struct tally_policy *policy, tally_buffer *out);

#endif
