/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_ROW_H
#define TALLY_EVAL_ROW_H

/* What the readers of CSV and of JSON Lines hand on: the fields of one row, in
 * the order of the file's columns. The texts lie in the reader's window and are
 * valid until the next row is asked for. */

#include <stdbool.h>
#include <stdint.h>

#include "util/text.h"

#define TALLY_ROW_BYTES_MAX  ((size_t)1 << 20)
#define TALLY_ROW_FIELDS_MAX 1024u

typedef struct tally_row_place {
    uint32_t line, column; /* from 1; column counts characters */
} tally_row_place;

typedef struct tally_row {
    bool is_end;
    const char *problem;   /* not NULL: the row cannot be read, and place says where */
    tally_row_place place; /* of the row's first byte, or of the problem */
    uint32_t count;
    tally_text *fields;
    const tally_row_place *places; /* per field; NULL: all on the row's line, see start */
    const char *start;             /* the row's first byte, when places is NULL */
} tally_row;

/* Where a field stands. */
tally_row_place tally_row_field_place(const tally_row *row, uint32_t index);

#endif
