/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_ADMISSION_INTERNAL_H
#define TALLY_ADMISSION_INTERNAL_H

/* Shared by admission.c (the pass), gather.c (everybody's known events in one
 * order) and facts.c (dated series from the pass). */

#include "admission/admission.h"
#include "score/context.h"

/* One known event of the programme. */
typedef struct tally_programme_event {
    uint32_t subject; /* token */
    tally_text subject_text;
    tally_text id;
    uint32_t input_index;  /* the caller's */
    tally_new_event event; /* slots: slot_count values */
} tally_programme_event;

typedef struct tally_pass_state {
    const struct tally_policy *policy;
    tally_arena *arena;
    tally_intern *tokens;
    tally_err *err;
    uint32_t slot_count;
    tally_context *context; /* what was written or let through so far */

    tally_programme_event *events; /* in (at, id, subject) order */
    uint32_t event_count;

    tally_programme_record *records;
    uint32_t record_count, record_room;
    tally_admission_refusal *refusals;
    uint32_t refusal_count, refusal_room;
} tally_pass_state;

/* Whether some version has a rule for the type. */
bool tally_admission_is_ruled(const struct tally_policy *policy, tally_text type);

/* Check everybody's records, apply voids and corrections known by known_ms, and fill
 * state->events with the events at or before it. Refused records of ruled types are noted; records
 * that the pass does not decide about are emitted. */
tally_rc tally_admission_gather(tally_pass_state *state, const tally_programme_record *records,
                                uint32_t record_count, int64_t known_ms);

tally_rc tally_admission_refuse(tally_pass_state *state, const tally_admission_refusal *refusal);
tally_rc tally_admission_emit(tally_pass_state *state, const tally_programme_record *record);

/* Computed facts as series up to known_ms. */
tally_rc tally_admission_facts(tally_pass_state *state, int64_t known_ms, tally_facts *out_facts);

#endif
