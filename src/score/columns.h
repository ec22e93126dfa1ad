/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_COLUMNS_H
#define TALLY_SCORE_COLUMNS_H

/* Scores of many subjects at once, from columns in memory.
 *
 * A plan is made once for a policy and an as-of. Policies of the class that
 * columns.c describes run through a loop without allocation and without any
 * calendar arithmetic per event; all others, and single subjects whose records
 * leave that class, go through the general pass of tally_awards_run(). Both
 * give the same numbers. A plan does not change and may be used by many
 * threads at once, each with its own range of subjects. */

#include "policy/program.h"
#include "score/history.h"
#include "tally/base.h"

/* Records of all subjects, sorted by subject and within a subject by (at, id).
 * Values have passed tally_field_parse(). Everything belongs to the caller. */
typedef struct tally_columns {
    uint32_t subject_count;
    const uint64_t *first; /* subject_count + 1 places: subject s has [first[s], first[s + 1]) */
    const int64_t *at_ms;
    const int64_t *recorded_ms; /* NULL: the same as at_ms */
    const int32_t *offset_s;    /* NULL: 0 */
    const uint8_t *type;
    const int64_t *const *slots;
    uint32_t slot_count;
} tally_columns;

typedef struct tally_columns_plan tally_columns_plan;

/* Make a plan in the arena. */
TALLY_MUST_CHECK tally_rc tally_columns_plan_new(tally_columns_plan **out_plan,
                                                 const struct tally_policy *policy,
                                                 int64_t as_of_ms, tally_arena *arena,
                                                 tally_err *err);

/* Does the policy run through the fast loop? why, if not NULL, is set to the
 * part of a policy that kept it from there, or to "". */
bool tally_columns_is_fast(const tally_columns_plan *plan, const char **out_why);

/* Compute subjects [from, to).
 *
 * out_scores  per subject of the range, from index 0: the score in points (not
 *             shown), TALLY_NOTHING where `needs` is not met or there is no score
 * out_earned  `earned(all in lifetime)` of each, or NULL if not wanted
 *
 * TALLY_E_OVERFLOW a number left its range; TALLY_E_LIMIT; TALLY_E_NOMEM: both outputs are
 * then partly written */
TALLY_MUST_CHECK tally_rc tally_columns_compute(const tally_columns_plan *plan,
                                                const tally_columns *columns, uint32_t from,
                                                uint32_t to, int64_t *out_scores,
                                                int64_t *out_earned, tally_err *err);

/* The same by the general pass alone, whatever the policy. */
TALLY_MUST_CHECK tally_rc tally_columns_compute_generally(const tally_columns_plan *plan,
                                                          const tally_columns *columns,
                                                          uint32_t from, uint32_t to,
                                                          int64_t *out_scores, int64_t *out_earned,
                                                          tally_err *err);

#endif
