/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_CSV_H
#define TALLY_EVAL_CSV_H

/* Comma-separated values, RFC 4180, with LF or CRLF line ends.
 *
 * Quoted fields may hold commas, line ends and doubled quotes. Empty lines are
 * passed over and a byte order mark is skipped. A row that is not of the form is
 * handed over with its problem, and reading goes on with the line after the one
 * in which it began. */

#include "eval/feed.h"
#include "eval/row.h"

typedef struct tally_csv tally_csv;

/* input is not taken over. TALLY_E_NOMEM, and what tally_input_read() returns. */
TALLY_MUST_CHECK tally_rc tally_csv_new(tally_csv **out_csv, tally_input *input, tally_err *err);

/* The next row, or one with is_end. row's texts live until the next call.
 *
 * TALLY_E_LIMIT  the file has more than UINT32_MAX lines; and what
 * tally_input_read() returns */
TALLY_MUST_CHECK tally_rc tally_csv_next(tally_csv *csv, tally_row *out_row, tally_err *err);

/* NULL is allowed. */
void tally_csv_free(tally_csv *csv);

#endif
