/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_ENTRY_H
#define TALLY_EVAL_ENTRY_H

/* One way of reading one file, as docs/policy-language.md section 13 has it: an
 * entry of `reads`, bound to the columns of the file, that turns rows into
 * checked events, named subjects and questions. One thread at a time. */

#include "eval/columns.h"
#include "eval/dates.h"
#include "eval/ids.h"
#include "eval/refusals.h"
#include "policy/reads.h"
#include "score/history.h"
#include "util/buffer.h"

typedef struct tally_entry_reader tally_entry_reader;

/* What entries of all files share. */
typedef struct tally_entry_shared {
    const struct tally_policy *policy;
    tally_dates dates;
    tally_ids ids;
    tally_intern *tokens; /* ids within fields */
    tally_refusals *refusals;
    tally_buffer reason;
} tally_entry_shared;

/* Where a row comes from. */
typedef struct tally_entry_place {
    const char *path;
    uint32_t file_rank; /* for ids made from file and line */
    uint32_t entry_index;
} tally_entry_place;

/* What an entry made of a row. */
typedef struct tally_entry_event {
    bool is_refused; /* told to shared->refusals; nothing else is set */
    bool is_passed;  /* left out by `only` */
    bool has_event, has_question;
    tally_text subject;
    uint32_t type;
    int64_t at_ms;
    int64_t recorded_ms; /* TALLY_NOTHING: as at_ms */
    int32_t offset_s;
    uint64_t id;
    uint32_t slot_count;  /* of the entry's widest type */
    const int64_t *slots; /* own types only */
    /* A record about a record: its fields as texts. */
    uint32_t text_count;
    const tally_record_text *texts;
    /* A question. */
    tally_text published;
    int64_t as_of_ms; /* TALLY_NOTHING: the command's */
} tally_entry_event;

/* read: outlives the reader. TALLY_E_INVALID, TALLY_E_LIMIT: the entry cannot be
 * used; TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_entry_reader_new(tally_entry_reader **out_reader,
                                                 tally_entry_shared *shared, const tally_read *read,
                                                 tally_err *err);
void tally_entry_reader_free(tally_entry_reader *reader);

/* Give the look-up of a column that has one, before binding. */
void tally_entry_reader_set_look_up(tally_entry_reader *reader, const tally_column *column,
                                    const struct tally_look_up *look_up);

/* The columns of an entry that may have a look-up. */
uint32_t tally_entry_column_count(const tally_read *read);
const tally_column *tally_entry_column(const tally_read *read, uint32_t index);

/* Find the columns in the file; again when it shows more of them. Returns the
 * first name that is not there, or an empty text. */
tally_text tally_entry_reader_bind(tally_entry_reader *reader, const tally_text *names,
                                   uint32_t name_count);

/* How many fields the widest event type that this entry can make has; at least
 * 1 if it can make a record about a record. */
uint32_t tally_entry_reader_slots(const tally_entry_reader *reader);
bool tally_entry_reader_has_ids(const tally_entry_reader *reader);
bool tally_entry_reader_has_recorded(const tally_entry_reader *reader);

/* Forget kept field values, after shared->tokens was replaced. */
void tally_entry_reader_forget(tally_entry_reader *reader);

/* Read one row (without a problem). The texts live as long as the row.
 * TALLY_E_NOMEM, TALLY_E_LIMIT: the whole evaluation ends. */
TALLY_MUST_CHECK tally_rc tally_entry_reader_row(tally_entry_reader *reader, const tally_row *row,
                                                 const tally_entry_place *place,
                                                 tally_entry_event *out_event, tally_err *err);

#endif
