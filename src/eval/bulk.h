/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_BULK_H
#define TALLY_EVAL_BULK_H

/* Many subjects at once through score/columns.h, where the policy and what is
 * asked allow it; every other subject is judged by itself, in the same order. */

#include "score/columns.h"
#include "tally/base.h"
#include "util/arena.h"
#include "util/text.h"

struct tally_session;
struct tally_case;

typedef struct tally_bulk {
    struct tally_session *session;
    bool is_possible;
    tally_arena *arena;
    tally_columns_plan *plan;
    struct tally_case *cases; /* waiting; their texts are in `texts` */
    uint32_t case_count;
    uint64_t *first; /* by case: its place in the columns */
    int64_t *scores;
    char *texts;
    size_t text_count;
    uint32_t event_count;
} tally_bulk;

/* The session's as-of is known. */
TALLY_MUST_CHECK tally_rc tally_bulk_start(tally_bulk *bulk, struct tally_session *session,
                                           tally_err *err);
void tally_bulk_stop(tally_bulk *bulk);

/* Judge a subject now or a little later; its indexes must stay until the next
 * tally_bulk_flush(), its text need not. */
TALLY_MUST_CHECK tally_rc tally_bulk_add(tally_bulk *bulk, const struct tally_case *one,
                                         tally_err *err);
TALLY_MUST_CHECK tally_rc tally_bulk_flush(tally_bulk *bulk, tally_err *err);

#endif
