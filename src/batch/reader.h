/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_READER_H
#define TALLY_BATCH_READER_H

/* What the readers of the three forms share: putting an event together from
 * names and values, and saying what is wrong with it. */

#include "batch/batch.h"
#include "batch/simdjson_shim.h"

/* What an event says about itself, beside its fields. */
typedef enum tally_batch_part {
    TALLY_BATCH_PART_ID,
    TALLY_BATCH_PART_TYPE,
    TALLY_BATCH_PART_AT,
    TALLY_BATCH_PART_SUBJECT,
    TALLY_BATCH_PARTS, /* count */
    TALLY_BATCH_PART_FIELD = TALLY_BATCH_PARTS
} tally_batch_part;

struct tally_batch_reader {
    tally_simdjson *simdjson;
    size_t simdjson_bytes;
    /* Of the message being read. */
    tally_arena *arena;
    tally_text source;       /* of the header; empty: not to be compared */
    uint32_t events_left;    /* to be read, with the one being read */
    tally_record_text *pool; /* room for fields */
    uint32_t pool_count;
    tally_rc rc; /* of the arena, once it had no room */
    /* Of the event being read. */
    tally_batch_event *event;
    tally_record_text fields[TALLY_BATCH_FIELDS_MAX];
    bool is_given[TALLY_BATCH_PARTS];
    uint32_t seen; /* json.c: attributes of a CloudEvent */
};

/* Make sure that texts of so many bytes can be indexed. */
TALLY_MUST_CHECK tally_rc tally_batch_reader_reserve(tally_batch_reader *reader, size_t bytes,
                                                     tally_err *err);

/* Begin a message. */
void tally_batch_reader_begin(tally_batch_reader *reader, tally_arena *arena, tally_text source,
                              uint32_t event_count);

/* Begin an event; its bytes and place are set. */
void tally_batch_begin(tally_batch_reader *reader, tally_batch_event *event);

/* Which part a name of CSV or JSON Lines stands for. */
tally_batch_part tally_batch_part_of(tally_text name);

/* Give a part or a field its value; place is the byte of the body at which it
 * stands. False: the event is refused, or there is no room. */
bool tally_batch_give(tally_batch_reader *reader, tally_batch_part part, tally_text name,
                      tally_text value, const char *place);

/* End an event: what must be there is there, and its fields move to the arena. */
void tally_batch_end(tally_batch_reader *reader);

/* Refuse the event, unless it is refused already. place is within its bytes, or
 * NULL: the event as a whole. Returns false. */
bool tally_batch_refuse(tally_batch_reader *reader, const char *place, const char *format, ...)
    TALLY_PRINTF(3, 4);
bool tally_batch_refuse_as(tally_batch_reader *reader, const char *code, const char *right,
                           const char *place, const char *format, ...) TALLY_PRINTF(5, 6);

/* A problem in the arena; NULL: no room. */
const tally_batch_problem *tally_batch_problem_new(tally_arena *arena, const char *code,
                                                   const char *right,
                                                   const tally_batch_event *event,
                                                   const char *place, tally_text sentence);

/* A text for a sentence: no longer than a line, cut at a whole character. */
tally_text tally_batch_brief(tally_text text);

/* The forms. Each reads body into events[0..count), and finds that there are as
 * many. line is that of the body's first byte in the message. */
TALLY_MUST_CHECK tally_rc tally_batch_read_jsonl(tally_batch_reader *reader, tally_batch *batch,
                                                 tally_text body, uint32_t line, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_batch_read_cloudevents(tally_batch_reader *reader,
                                                       tally_batch *batch, tally_text body,
                                                       uint32_t line, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_batch_read_csv(tally_batch_reader *reader, tally_batch *batch,
                                               tally_text body, uint32_t line, tally_err *err);

/* One event by itself; reader->event has its bytes. */
void tally_batch_read_json_event(tally_batch_reader *reader, bool is_cloudevent);
void tally_batch_read_csv_event(tally_batch_reader *reader, tally_text header_row, tally_text row);

#endif
