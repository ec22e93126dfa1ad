/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_IDS_H
#define TALLY_EVAL_IDS_H

/* Ids of records as 64-bit keys, for files of many millions of rows.
 *
 * An id of digits without needless zeros is its own number. A record without
 * an id is called after its file and line. Any other text is kept once. The
 * order of keys is that of docs/policy-language.md section 2; ids made from
 * file and line come after numbers and before other texts, by file name and
 * then by line as a number. One thread at a time. */

#include <stdbool.h>
#include <stdint.h>

#include "tally/base.h"
#include "util/intern.h"
#include "util/text.h"

typedef struct tally_ids {
    tally_intern *texts;          /* owned */
    const tally_text *file_names; /* by rank; somebody else's */
} tally_ids;

/* TALLY_E_NOMEM. bytes_max bounds the texts kept. */
TALLY_MUST_CHECK tally_rc tally_ids_start(tally_ids *ids, size_t bytes_max, tally_err *err);
void tally_ids_stop(tally_ids *ids);

/* The key of an id as written. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_ids_key(tally_ids *ids, uint64_t *out_key, tally_text text,
                                        tally_err *err);

/* The key of a record without an id; file_rank indexes file_names. entry_index:
 * which of the ways to read the file made it, below 256; after the first its
 * number is part of the id, as in `visits.csv:12+1`. */
uint64_t tally_ids_row_key(uint32_t file_rank, uint32_t entry_index, uint32_t line);

/* Negative, 0 or positive. Equal keys are equal ids. */
int tally_ids_compare(const tally_ids *ids, uint64_t a, uint64_t b);

/* The id as a text, written to out_room when it is not kept anywhere. A file's
 * name is cut where the room ends. */
#define TALLY_ID_ROOM_BYTES 288
tally_text tally_ids_text(const tally_ids *ids, char out_room[static TALLY_ID_ROOM_BYTES],
                          uint64_t key);

/* Does the text consist of digits, without needless zeros, and fit? */
static inline bool tally_ids_read_number(tally_text text, uint64_t *out_number)
{
    uint64_t number = 0;

    if (text.count == 0 || text.count > 18 || (text.bytes[0] == '0' && text.count != 1))
        return false;
    for (size_t i = 0; i < text.count; i++) {
        unsigned digit = (unsigned)(unsigned char)text.bytes[i] - '0';

        if (digit > 9)
            return false;
        number = number * 10 + digit;
    }
    *out_number = number;
    return true;
}

#endif
