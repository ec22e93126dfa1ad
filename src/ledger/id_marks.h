/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ID_MARKS_H
#define TALLY_LEDGER_ID_MARKS_H

/* Which event ids were admitted lately (docs/ledger.md section 4): a set of 64-bit marks, each with the
 * instant at which it was recorded, in memory and rebuilt from the store at opening.
 *
 * Open addressing with linear probing; a mark is a keyed hash already and serves as its own place.
 * Marks older than the window are dropped when the table grows, so it is bounded by the ids of one
 * window and not by those of all time. One thread at a time. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"

#define TALLY_ID_MARKS_MAX \
    (UINT64_C(1) << 27) /* ids within one window; 12 bytes each at a load of 1/2 */

typedef struct tally_id_marks {
    uint64_t *marks;   /* 0: free */
    uint32_t *minutes; /* recorded, in minutes since 1970 */
    uint64_t room;     /* a power of two, or 0 */
    uint64_t count;
    int64_t window_ms;
} tally_id_marks;

/* Start with all zero but window_ms. */
void tally_id_marks_free(tally_id_marks *marks);

/* Was this mark recorded within the window before now_ms? */
bool tally_id_marks_has(const tally_id_marks *marks, uint64_t mark, int64_t now_ms);

/* Bring the place of a mark near: it lies anywhere in the table, and a batch asks for a thousand. */
static inline void tally_id_marks_expect(const tally_id_marks *marks, uint64_t mark)
{
    if (marks->room == 0)
        return;
    __builtin_prefetch(&marks->marks[mark & (marks->room - 1)]);
    __builtin_prefetch(&marks->minutes[mark & (marks->room - 1)]);
}

/* Note a mark, or note it anew. TALLY_E_NOMEM; TALLY_E_LIMIT: TALLY_ID_MARKS_MAX within one window. */
TALLY_MUST_CHECK tally_rc tally_id_marks_add(tally_id_marks *marks, uint64_t mark,
                                             int64_t recorded_ms, int64_t now_ms, tally_err *err);

#endif
