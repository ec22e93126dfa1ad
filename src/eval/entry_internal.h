/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_ENTRY_INTERNAL_H
#define TALLY_EVAL_ENTRY_INTERNAL_H

/* Shared by entry.c (getting ready) and entry_row.c (reading rows). */

#include "eval/entry.h"

#define KEPT_COUNT      64u
#define KEPT_TEXT_BYTES 8u

/* A short text of a column with what it was found to mean. */
typedef struct kept_text {
    uint64_t packed;
    uint8_t count; /* 0: nothing is kept here */
    uint8_t type;
    int64_t value;
} kept_text;

typedef struct entry_field {
    const tally_read_field *read;
    tally_bound_column bound;
    const struct tally_look_up *look_up;
    int16_t *slot_of_type; /* policy->type_count; -1: that type has no such field */
    kept_text kept[KEPT_COUNT];
} entry_field;

enum { COLUMN_EVENT, COLUMN_SUBJECT, COLUMN_ID, COLUMN_AT, COLUMN_RECORDED, COLUMN_AS_OF, COLUMNS };

struct tally_entry_reader {
    tally_entry_shared *shared;
    const tally_read *read;
    bool makes_events;
    uint32_t constant_type; /* TALLY_NO_INDEX: from the column */
    bool *can_make;         /* by type */
    uint32_t slot_count;
    tally_bound_column columns[COLUMNS];
    const struct tally_look_up *look_ups[COLUMNS];
    tally_bound_column expect;
    tally_bound_column *filters;
    uint32_t field_count;
    entry_field *fields;
    kept_text kept_types[KEPT_COUNT];
    uint64_t *required_of_type; /* bit s: field s must be given */
    int64_t slots[TALLY_FIELDS_MAX];
    tally_record_text texts[TALLY_FIELDS_MAX + 2];
    tally_text_room subject_room, room, published_room;
    tally_text_room *text_rooms; /* by field, for records about records */
};

/* The event type of this name, or TALLY_NO_INDEX. */
uint32_t tally_entry_find_type(const struct tally_policy *policy, tally_text name);

#endif
