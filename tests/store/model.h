/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_STORE_MODEL_H
#define TALLY_TESTS_STORE_MODEL_H

/* A store as simple as can be, in memory, to hold a real one against; and plans:
 * random transactions that are carried out on both.
 *
 * What is stored is never kept here: a value is a number from which its bytes are
 * made again. A model is copied by assignment. */

#include <stdbool.h>
#include <stdint.h>
#include "store/store.h"

#define MODEL_COLLECTIONS 6
#define MODEL_KEYS        24
#define MODEL_SUBJECTS    12
#define MODEL_EVENTS      3000
#define MODEL_STEPS       24

/* An event; value 0: erased. */
typedef struct model_event {
    int64_t sequence, subject, batch;
    uint32_t position, value;
} model_event;

typedef struct model {
    uint32_t values[MODEL_COLLECTIONS][MODEL_KEYS]; /* 0: none */
    model_event events[MODEL_EVENTS];
    uint32_t event_count;
    int64_t last_sequence;
} model;

typedef enum model_verb {
    MODEL_PUT,
    MODEL_DELETE,
    MODEL_APPEND,
    MODEL_ERASE_EVENT,
    MODEL_ERASE_SUBJECT
} model_verb;

typedef struct model_step {
    model_verb verb;
    uint32_t collection, key, value; /* of a row; value: also of the first event */
    uint32_t subject, count;         /* of events: count of them, from subject on */
    uint64_t choice;                 /* which event is erased */
} model_step;

typedef struct model_plan {
    model_step steps[MODEL_STEPS];
    uint32_t step_count;
} model_plan;

/* A random transaction. large: the values may be of several pages. */
void model_plan_make(model_plan *plan, bool is_large);
/* Room for one more plan? */
bool model_has_room(const model *self);

void model_apply(model *self, const model_plan *plan);
/* The same within a transaction; self is as before model_apply(). */
TALLY_MUST_CHECK tally_rc model_apply_to_store(const model *self, const model_plan *plan,
                                               tally_store_transaction *transaction,
                                               tally_err *err);

/* Does the store hold exactly this? Reads everything in every way there is; says on
 * standard output what differs. A failure of the store counts as a difference. */
bool model_is_equal(const model *self, tally_store *store);
/* The same without saying what differs. */
bool model_may_be_equal(const model *self, tally_store *store);
bool model_is_equal_within(const model *self, tally_store_transaction *transaction);

#endif
