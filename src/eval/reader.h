/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_READER_H
#define TALLY_EVAL_READER_H

/* A file as rows with named columns, whichever way it is written: JSON Lines if
 * its name ends in .jsonl, .ndjson or .json (before .gz) or, for standard input,
 * if the first byte is a brace; CSV otherwise. */

#include "eval/input.h"
#include "eval/row.h"
#include "util/text.h"

typedef struct tally_reader tally_reader;

/* Open a file.
 *
 * columns  names for a CSV file without a header; column_count 0: the first row
 *          has the names.
 *
 * TALLY_E_INVALID  the header cannot be read or names a column twice; and what
 * tally_input_open() and tally_input_read() return */
TALLY_MUST_CHECK tally_rc tally_reader_open(tally_reader **out_reader, const char *path,
                                            const tally_text *columns, uint32_t column_count,
                                            tally_err *err);

/* The next row: one with as many fields as there are columns, or a problem, or
 * is_end. */
TALLY_MUST_CHECK tally_rc tally_reader_next(tally_reader *reader, tally_row *out_row,
                                            tally_err *err);

/* The columns known so far. More may come with a row of JSON Lines; then the
 * count grows and indexes stay. */
const tally_text *tally_reader_columns(const tally_reader *reader, uint32_t *out_count);

bool tally_reader_is_json(const tally_reader *reader);
const tally_input *tally_reader_input(const tally_reader *reader);

/* NULL is allowed. */
void tally_reader_close(tally_reader *reader);

/* The name by which `reads` knows a path: without folders and without .gz;
 * "standard input" for "-". */
tally_text tally_reader_name(const char *path);

#endif
