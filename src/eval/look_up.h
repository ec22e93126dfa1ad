/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_LOOK_UP_H
#define TALLY_EVAL_LOOK_UP_H

/* A file read for one question: which value stands beside this key? It is kept
 * in memory. `date from races.csv by raceId`. */

#include "policy/reads.h"
#include "tally/base.h"

typedef struct tally_look_up tally_look_up;

/* Read the columns parts (joined with "/") and look_up_key of the file at path.
 *
 * TALLY_E_INVALID  it has no such column, a row that cannot be read, or two rows
 *                  of one key with different values; and what reading returns */
TALLY_MUST_CHECK tally_rc tally_look_up_read(tally_look_up **out_look_up, const char *path,
                                             const tally_column *column, tally_err *err);

/* The value beside a key; false: there is none. */
bool tally_look_up_find(const tally_look_up *look_up, tally_text key, tally_text *out_value);

/* NULL is allowed. */
void tally_look_up_free(tally_look_up *look_up);

#endif
