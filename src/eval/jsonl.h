/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_JSONL_H
#define TALLY_EVAL_JSONL_H

/* JSON Lines: one RFC 8259 object a line, as rows of the same form as CSV has.
 *
 * Each name met becomes a column, in order of first sight; a row has a field
 * for every column known by then, empty (with a NULL pointer) where the object
 * does not have it and for null. A string gives its text, every other value its
 * JSON. The members of an object within are columns `outer.inner`; what lies
 * deeper stays JSON.
 *
 * An object with `specversion` is a CloudEvent 1.0: its type, subject, time and
 * id are the columns event, subject, at and id, an extension attribute recorded
 * is recorded, the members of data stand under their own names, and all other
 * attributes are left out. */

#include "eval/feed.h"
#include "eval/row.h"

typedef struct tally_jsonl tally_jsonl;

/* input is not taken over. TALLY_E_NOMEM, and what tally_input_read() returns. */
TALLY_MUST_CHECK tally_rc tally_jsonl_new(tally_jsonl **out_jsonl, tally_input *input,
                                          tally_err *err);

/* The next row, as tally_csv_next() gives it. */
TALLY_MUST_CHECK tally_rc tally_jsonl_next(tally_jsonl *jsonl, tally_row *out_row, tally_err *err);

/* The columns known so far; they live as long as the reader. */
const tally_text *tally_jsonl_columns(const tally_jsonl *jsonl, uint32_t *out_count);

/* NULL is allowed. */
void tally_jsonl_free(tally_jsonl *jsonl);

#endif
