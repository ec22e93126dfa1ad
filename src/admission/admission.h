/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_ADMISSION_ADMISSION_H
#define TALLY_ADMISSION_ADMISSION_H

/* What needs two parties or the population, decided before scoring
 * (docs/policy-language.md section 12): one pass over a whole programme's
 * records in (at, id) order that refuses them or writes one-subject records.
 *
 * Records go in and records come out, both as texts, so that whoever builds
 * histories need not know whether a policy has an admission section. Pure: no
 * clock, no I/O. Only for the evaluate profile; the charter checker refuses it live (R11). */

#include "policy/program.h"
#include "score/history.h"
#include "score/score.h"
#include "util/intern.h"

/* A loose record with its subject. */
typedef struct tally_programme_record {
    tally_text subject;
    tally_record record;
    uint32_t input_index; /* the caller's number of the record it came from, for messages */
} tally_programme_record;

/* A refused record: input_index is the caller's. */
typedef struct tally_admission_refusal {
    uint32_t input_index;
    tally_text subject, id, message;
    const char *code; /* as tally_refusal; "admission" for a refuse rule */
} tally_admission_refusal;

typedef struct tally_admission {
    uint32_t record_count;
    const tally_programme_record *records; /* what is scored */
    uint32_t refusal_count;
    const tally_admission_refusal *refusals;
    tally_facts facts; /* the computed facts as dated series */
} tally_admission;

/* Whether the policy has anything to decide here; if not, the caller may skip the pass. */
bool tally_admission_is_needed(const struct tally_policy *policy);

/* Run the pass on what is known at known_ms.
 *
 * tokens     where ids are interned; subjects are interned there too, so that
 *            an id field that names a member is comparable with a subject.
 * arena      holds everything returned.
 * records    in any order; texts must outlive the result.
 *
 * A record of a type without a rule comes out as it went in (refused or not is
 * then for the history builder to say). TALLY_E_OVERFLOW, TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_admission_run(tally_admission *out_admission,
                                              const struct tally_policy *policy,
                                              const tally_programme_record *records,
                                              uint32_t record_count, int64_t known_ms,
                                              tally_intern *tokens, tally_arena *arena,
                                              tally_err *err);

#endif
