/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_JSON_READ_H
#define TALLY_JSON_READ_H

/* Reading the members of JSON objects, one in a line.
 *
 *     tally_json_reader reader, batch;
 *
 *     tally_json_read_begin(&reader, tally_json_root(document), "receipt", err);
 *     version = tally_json_read_integer(&reader, "version", 1, 1);
 *     programme = tally_json_read_text(&reader, "programme", 200);
 *     if (tally_json_read_object(&reader, "batch", &batch)) {
 *         number = tally_json_read_integer(&batch, "number", 1, TALLY_JSON_INTEGER_MAX);
 *         tally_json_read_end(&batch);
 *     }
 *     rc = tally_json_read_end(&reader);
 *
 * The first failure is written to err with its place and path ("receipt.batch.number
 * must be ..."), sticks in the reader and in all its parents, and every later call
 * returns nothing: an empty text, min, false, NULL. tally_json_read_end() also refuses
 * members that nobody asked for, so that every object is closed; say
 * tally_json_read_rest() first where foreign documents may hold more.
 *
 * A reader lives on the caller's stack and must not outlive its parent. */

#include "json/value.h"

typedef struct tally_json_reader {
    const tally_json_value *object; /* NULL once something failed */
    struct tally_json_reader *parent;
    const char *name; /* in the parent, or of the document */
    uint32_t index;   /* in an array of that name, from 1; 0: not in an array */
    uint32_t read_count;
    bool takes_rest;
    tally_rc rc;
    tally_err *err; /* may be NULL */
} tally_json_reader;

/* Start on an object; `what` names the document in messages. */
void tally_json_read_begin(tally_json_reader *reader, const tally_json_value *value,
                           const char *what, tally_err *err);

/* A member that must be there. Texts have 1 to bytes_max bytes. */
tally_text tally_json_read_text(tally_json_reader *reader, const char *name, size_t bytes_max);
int64_t tally_json_read_integer(tally_json_reader *reader, const char *name, int64_t min,
                                int64_t max);
bool tally_json_read_bool(tally_json_reader *reader, const char *name);

/* A member that must be exactly this text. */
void tally_json_read_constant(tally_json_reader *reader, const char *name, const char *wanted);

/* A text that is one of these, of which the last is followed by NULL: its index. */
uint32_t tally_json_read_choice(tally_json_reader *reader, const char *name,
                                const char *const *choices);

/* Any value; NULL on failure. */
const tally_json_value *tally_json_read_value(tally_json_reader *reader, const char *name);

/* A member that may be missing (null is no way of missing): then empty, the value
 * given, false or NULL. */
tally_text tally_json_read_optional_text(tally_json_reader *reader, const char *name,
                                         size_t bytes_max);
int64_t tally_json_read_optional_integer(tally_json_reader *reader, const char *name, int64_t min,
                                         int64_t max, int64_t otherwise);
bool tally_json_read_optional_bool(tally_json_reader *reader, const char *name);
const tally_json_value *tally_json_read_optional_value(tally_json_reader *reader, const char *name);

/* An object within. False on failure, and for the optional one also when missing. */
TALLY_MUST_CHECK bool tally_json_read_object(tally_json_reader *reader, const char *name,
                                             tally_json_reader *out_child);
TALLY_MUST_CHECK bool tally_json_read_optional_object(tally_json_reader *reader, const char *name,
                                                      tally_json_reader *out_child);

/* An array of min to max items, which are then read one after the other:
 *
 *     tally_json_read_array(&reader, "sections", 1, 20, &sections);
 *     while (tally_json_next_object(&sections, &section)) { ...; tally_json_read_end(&section); }
 *
 * Of a missing optional array there are no items. */
typedef struct tally_json_items {
    const tally_json_value *array; /* NULL: nothing left to give */
    tally_json_reader *parent;
    const char *name;
    uint32_t next;
} tally_json_items;

void tally_json_read_array(tally_json_reader *reader, const char *name, uint32_t min, uint32_t max,
                           tally_json_items *out_items);
void tally_json_read_optional_array(tally_json_reader *reader, const char *name, uint32_t max,
                                    tally_json_items *out_items);

/* How many items it has. */
uint32_t tally_json_items_count(const tally_json_items *items);

/* The next item; false when there is none, or it is not of the kind wanted, which has
 * then failed the reader. */
TALLY_MUST_CHECK bool tally_json_next_object(tally_json_items *items, tally_json_reader *out_child);
TALLY_MUST_CHECK bool tally_json_next_text(tally_json_items *items, size_t bytes_max,
                                           tally_text *out_text);
TALLY_MUST_CHECK bool tally_json_next_integer(tally_json_items *items, int64_t min, int64_t max,
                                              int64_t *out_integer);
TALLY_MUST_CHECK bool tally_json_next_value(tally_json_items *items,
                                            const tally_json_value **out_value);

/* Say that a member already read is wrong for a reason of the caller's own: "PATH REASON". */
void tally_json_read_fail(tally_json_reader *reader, const char *name, const char *reason);

/* Members nobody asks for are allowed. */
void tally_json_read_rest(tally_json_reader *reader);

/* Refuse what was not asked for. The first failure of this reader or of one within. */
tally_rc tally_json_read_end(tally_json_reader *reader);

#endif
