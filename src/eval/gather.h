/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_GATHER_H
#define TALLY_EVAL_GATHER_H

/* Events of all subjects as they were read, 24 bytes each plus 8 for each field, and for a
 * recording instant and an offset where the files have them; and the questions
 * that rows ask. Grouped by subject when all are here. */

#include "eval/entry.h"

/* Which words an event takes. Index 0 holds (at << 8 | type), 1 the line and
 * the subject. */
typedef struct tally_gather_layout {
    uint32_t words;
    uint32_t id;
    bool has_own_ids;  /* else all ids are made from file and line, and differ */
    uint32_t recorded; /* 0: none has one */
    uint32_t offset;   /* 0: offsets are not needed */
    uint32_t slots;    /* index of the first */
    uint32_t slot_count;
} tally_gather_layout;

/* The texts of a record about a record. */
typedef struct tally_gather_texts {
    uint32_t count;
    const tally_record_text *fields;
} tally_gather_texts;

typedef struct tally_question {
    uint32_t subject;
    uint32_t line;      /* over all files, as in events */
    uint32_t entry;     /* index of the entry among all that were opened */
    uint32_t published; /* number of the text in `published` */
    int64_t as_of_ms;   /* TALLY_NOTHING: the command's */
} tally_question;

typedef struct tally_gather {
    tally_gather_layout layout;
    uint64_t *words;
    size_t count, room; /* in events */
    bool has_recorded;  /* some event has a recording instant of its own */
    tally_question *questions;
    size_t question_count, question_room;
    tally_gather_texts *texts; /* of records about records: slot 0 has the index */
    size_t text_count, text_room;
    tally_arena *arena; /* their bytes */
    tally_intern *published;
} tally_gather;

#define TALLY_GATHER_EVENTS_MAX ((size_t)UINT32_MAX - 1)

/* The flags say what events have besides instant, type, subject, line and id. */
TALLY_MUST_CHECK tally_rc tally_gather_start(tally_gather *gather, bool has_own_ids,
                                             bool has_recorded, bool has_offsets,
                                             uint32_t slot_count, tally_err *err);
void tally_gather_stop(tally_gather *gather);

/* Forget all events and questions, keep the room. */
TALLY_MUST_CHECK tally_rc tally_gather_reset(tally_gather *gather, tally_err *err);

/* Add what an entry made of a row. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_gather_add_event(tally_gather *gather,
                                                 const tally_entry_event *event, uint32_t subject,
                                                 uint32_t line, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_gather_add_question(tally_gather *gather,
                                                    const tally_entry_event *event,
                                                    uint32_t subject, uint32_t line, uint32_t entry,
                                                    tally_err *err);

/* Indexes of events by subject, each subject's in the order of arrival:
 * order[starts[s] .. starts[s + 1]). Both are released with tally_release(). */
TALLY_MUST_CHECK tally_rc tally_gather_group(const tally_gather *gather, uint32_t subject_count,
                                             uint32_t **out_starts, uint32_t **out_order,
                                             tally_err *err);
/* The same for questions. */
TALLY_MUST_CHECK tally_rc tally_gather_group_questions(const tally_gather *gather,
                                                       uint32_t subject_count,
                                                       uint32_t **out_starts, uint32_t **out_order,
                                                       tally_err *err);

static inline const uint64_t *tally_gather_event(const tally_gather *gather, size_t index)
{
    return gather->words + index * gather->layout.words;
}

static inline int64_t tally_gather_at(const uint64_t *event)
{
    return (int64_t)event[0] >> 8;
}

static inline uint8_t tally_gather_type(const uint64_t *event)
{
    return (uint8_t)event[0];
}

static inline uint32_t tally_gather_subject(const uint64_t *event)
{
    return (uint32_t)event[1];
}

static inline uint32_t tally_gather_line(const uint64_t *event)
{
    return (uint32_t)(event[1] >> 32);
}

#endif
