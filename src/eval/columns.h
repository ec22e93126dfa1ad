/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_COLUMNS_H
#define TALLY_EVAL_COLUMNS_H

/* A column as a policy names it, found in a file: one column, several joined
 * with "/", or one looked up in another file. */

#include "eval/row.h"
#include "policy/reads.h"

#define TALLY_COLUMN_PARTS_MAX 8u

struct tally_look_up;

typedef struct tally_bound_column {
    uint32_t part_count;                    /* 0: not given */
    uint32_t parts[TALLY_COLUMN_PARTS_MAX]; /* indexes; TALLY_NO_INDEX: not in the file */
    const struct tally_look_up *look_up;    /* parts[0] is then the key */
    tally_text missing;                     /* the first name that is not in the file, or empty */
} tally_bound_column;

/* Room for a text that is not a slice of the row. */
#define TALLY_JOINED_BYTES_MAX 1024u
typedef struct tally_text_room {
    char bytes[TALLY_JOINED_BYTES_MAX];
    bool is_unknown; /* set when a look-up has no such key, or the joined text does not fit */
} tally_text_room;

/* names: the file's columns. look_up: of a column with one, else NULL. */
void tally_column_bind(tally_bound_column *out_bound, const tally_column *column,
                       const tally_text *names, uint32_t name_count,
                       const struct tally_look_up *look_up);

/* The text of a row in this column; empty when the column is not given or not
 * in the file, and when room->is_unknown. Joined texts of empty parts only are
 * empty. Lives as long as the row and the room. */
tally_text tally_column_text(const tally_bound_column *bound, const tally_row *row,
                             tally_text_room *room);

/* The field of the row to blame when the text is wrong. */
static inline uint32_t tally_column_index(const tally_bound_column *bound)
{
    return bound->part_count != 0 ? bound->parts[0] : UINT32_MAX;
}

#endif
