/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_NOTICE_H
#define TALLY_POLICY_NOTICE_H

/* What somebody reads before joining, in plain words, made from one version of the policy (charter
 * R1, R15, R28): who asks, what for, what is recorded and by whom, who sees it, how long it is kept,
 * what one may do, and every rule. A receipt carries the SHA-256 of this text.
 *
 * The same policy and programme give the same text to the byte. Below the English text stand the
 * title, the purpose and the reasons in the policy's other languages (its `notices`), as its author
 * wrote them. Pure. */

#include "policy/program.h"
#include "util/buffer.h"

#define TALLY_NOTICE_BYTES_MAX ((size_t)1 << 20)

typedef struct tally_notice_programme {
    tally_text origin, did;
    bool is_pilot;
} tally_notice_programme;

/* Append the notice of a version, by its number from 1.
 *
 * TALLY_E_LIMIT    it is longer than the buffer's maximum
 * TALLY_E_CORRUPT  the version's own document is no YAML any more
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_policy_notice(const struct tally_policy *policy, uint32_t version,
                                              const tally_notice_programme *programme,
                                              tally_buffer *out, tally_err *err);

#endif
