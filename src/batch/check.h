/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_CHECK_H
#define TALLY_BATCH_CHECK_H

/* One event against the closed schema of a policy (charter R8). */

#include "batch/batch.h"
#include "policy/program.h"

/* A policy made ready for looking up types and fields. Immutable but for a
 * small cache: one thread at a time for each. */
typedef struct tally_batch_checker tally_batch_checker;

/* policy and arena must outlive the checker. TALLY_E_NOMEM, TALLY_E_LIMIT. */
TALLY_MUST_CHECK tally_rc tally_batch_checker_new(tally_batch_checker **out_checker,
                                                  const struct tally_policy *policy,
                                                  tally_arena *arena, tally_err *err);

/* What an event says in the policy's terms. */
typedef struct tally_batch_checked {
    uint32_t type; /* event type index; below TALLY_RECORD_TYPES a record about a record */
    int64_t at_ms;
    int32_t offset_s; /* as written, else 0 */
    tally_text of;    /* of a record about a record: whose id it names; else empty */
    uint32_t
        slot_count; /* the type's fields; of a decision 1, of the other records about records 0 */
    /* Values by slot, TALLY_NOTHING where there is none. Of an id or member
     * field: the index of its text in event->fields. Of a decision: 0 stands,
     * 1 dropped. The fields of a correction depend on its target: only `of` and
     * a new `at` are checked here, the rest by tally_batch_check_correction(). */
    int64_t slots[TALLY_FIELDS_MAX];
    int64_t corrected_at_ms; /* of a correction: the new `at`, or TALLY_NOTHING */
} tally_batch_checked;

/* Check one event that has no problem yet.
 *
 * out_problem  NULL when the event is good; else the reason, in the arena.
 *
 * TALLY_E_NOMEM, TALLY_E_LIMIT  the arena has no room for the reason */
TALLY_MUST_CHECK tally_rc tally_batch_check_event(tally_batch_checker *checker,
                                                  const tally_batch_event *event,
                                                  tally_batch_checked *out,
                                                  const tally_batch_problem **out_problem,
                                                  tally_arena *arena, tally_err *err);

/* The fields of a correction, once the type of its target is known: slots of
 * that type are written over *out, those that are not named TALLY_NOTHING. */
TALLY_MUST_CHECK tally_rc tally_batch_check_correction(tally_batch_checker *checker,
                                                       const tally_batch_event *event,
                                                       uint32_t target_type,
                                                       tally_batch_checked *out,
                                                       const tally_batch_problem **out_problem,
                                                       tally_arena *arena, tally_err *err);

#endif
