/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_SLICES_H
#define TALLY_EVAL_SLICES_H

/* One subject's gathered events as the engine wants them: sorted columns where
 * nothing else is needed, otherwise loose records for the history builder. Both
 * ways give the same history. The columns are reused from subject to subject. */

#include "eval/entry.h"
#include "eval/gather.h"
#include "score/history.h"

/* Told of each record that is refused only now. line: over all files. */
typedef struct tally_slice_refuse {
    void *context;
    void (*refuse)(void *context, uint32_t line, const char *reason, tally_text id,
                   tally_text message);
} tally_slice_refuse;

typedef struct tally_slice_item {
    int64_t at_ms;
    uint64_t id;
    uint32_t index; /* of the event in the gather */
} tally_slice_item;

typedef struct tally_slices {
    const struct tally_policy *policy;
    const tally_gather *gather;
    const tally_entry_shared *shared;
    const tally_slice_refuse *refuse;
    bool needs_builder; /* some rule wants more than columns can tell */
    bool keeps_ids;     /* statements name events */
    size_t room;        /* events for which the following have room */
    tally_slice_item *items, *spare;
    int64_t *at_ms, *recorded_ms, *slot_values;
    int32_t *offset_s;
    uint8_t *type;
    const int64_t *slots[TALLY_FIELDS_MAX];
} tally_slices;

void tally_slices_start(tally_slices *slices, const struct tally_policy *policy,
                        const tally_gather *gather, const tally_entry_shared *shared,
                        const tally_slice_refuse *refuse);
void tally_slices_stop(tally_slices *slices);

/* The history of the events with these indexes, in the order of arrival. It
 * lives until the next call and as long as the arena.
 * TALLY_E_LIMIT, TALLY_E_NOMEM, and what the history builder returns. */
TALLY_MUST_CHECK tally_rc tally_slices_history(tally_slices *slices, const uint32_t *events,
                                               uint32_t count, tally_arena *arena,
                                               tally_history *out_history, tally_err *err);

/* Put the events into the columns (at_ms, type, slots …) from place `from` on,
 * checked for doubles and sorted, where earlier ones stay; room is made for
 * `room` events on the first call and may not be passed. *is_taken: false if
 * they include records about records or recording instants; then nothing was
 * done. */
TALLY_MUST_CHECK tally_rc tally_slices_append(tally_slices *slices, const uint32_t *events,
                                              uint32_t count, uint32_t from, uint32_t room,
                                              bool *is_taken, uint32_t *out_count, tally_err *err);

/* One event as a loose record; its texts live in the arena. */
TALLY_MUST_CHECK tally_rc tally_slices_record(const tally_slices *slices, uint32_t event,
                                              tally_arena *arena, tally_record *out_record,
                                              tally_err *err);

/* The history of loose records; lines[i] is that of records[i], for refusals. */
TALLY_MUST_CHECK tally_rc tally_slices_build(tally_slices *slices, const tally_record *records,
                                             const uint32_t *lines, uint32_t count,
                                             tally_arena *arena, tally_history *out_history,
                                             tally_err *err);

#endif
