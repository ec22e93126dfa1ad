/* SPDX-License-Identifier: Apache-2.0 */
/* The model that stores are held against. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../unit/random.h"
#include "model.h"

#define VALUE_BYTES_MAX 20000

static const tally_collection collections[MODEL_COLLECTIONS] = {
    TALLY_STORE_POLICIES, TALLY_STORE_MEMBERS,       TALLY_STORE_BATCH_LEAVES,
    TALLY_STORE_META,     TALLY_STORE_MEMBER_BY_DID, TALLY_STORE_SPENT_NONCES,
};

/* Subjects in the first, the second and a far chunk of whoever keeps chunks. */
static int64_t subject_of(uint32_t index)
{
    static const int64_t starts[] = { 1, 498, 70000 };

    return starts[index % 3] + index / 3;
}

/* Names of all lengths, with every kind of byte, in the order of their index. */
static tally_text name_of(uint32_t index, char bytes[static 256])
{
    size_t count = 1 + (size_t)index * 11;

    memset(bytes, index % 2 == 0 ? 0 : 0xff, count);
    bytes[0] = (char)(index * 11);
    return tally_text_of(bytes, count);
}

static tally_text value_of(uint32_t value, char bytes[static VALUE_BYTES_MAX])
{
    uint32_t mixed = value * 2654435761u;
    /* Every third is empty or very short, some take pages. */
    size_t count = value % 3 == 0        ? value % 7
                   : value & 0x80000000u ? mixed % VALUE_BYTES_MAX
                                         : mixed % 300;

    for (size_t i = 0; i < count; i++) {
        mixed = mixed * 1664525u + 1013904223u;
        bytes[i] = (char)(mixed >> 24);
    }
    return tally_text_of(bytes, count);
}

/* ---- plans ---- */

static uint32_t random_value(bool is_large)
{
    uint32_t value = (uint32_t)random_below(0x7fffffff) + 1;

    return is_large && random_below(8) == 0 ? value | 0x80000000u : value;
}

void model_plan_make(model_plan *plan, bool is_large)
{
    memset(plan, 0, sizeof(*plan));
    plan->step_count = 1 + (uint32_t)random_below(MODEL_STEPS - 1);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        uint64_t kind = random_below(100);

        plan->steps[i] = (model_step){
            .verb = kind < 35   ? MODEL_PUT
                    : kind < 45 ? MODEL_DELETE
                    : kind < 90 ? MODEL_APPEND
                    : kind < 97 ? MODEL_ERASE_EVENT
                                : MODEL_ERASE_SUBJECT,
            .collection = (uint32_t)random_below(MODEL_COLLECTIONS),
            .key = (uint32_t)random_below(MODEL_KEYS),
            .value = random_value(is_large),
            .subject = (uint32_t)random_below(MODEL_SUBJECTS),
            .count = 1 + (uint32_t)random_below(6),
            .choice = random_u64(),
        };
    }
}

bool model_has_room(const model *self)
{
    return self->event_count + MODEL_STEPS * 6 < MODEL_EVENTS;
}

/* The number of the event that a step erases; also of one that is not there. */
static int64_t chosen_event(const model *self, const model_step *step)
{
    return 1 + (int64_t)(step->choice % (uint64_t)(self->last_sequence + 2));
}

static void erase(model *self, int64_t sequence, int64_t subject)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < self->event_count; i++) {
        if (self->events[i].sequence != sequence && self->events[i].subject != subject)
            self->events[kept++] = self->events[i];
    }
    self->event_count = kept;
}

static void append(model *self, const model_step *step)
{
    for (uint32_t i = 0; i < step->count; i++)
        self->events[self->event_count++] =
            (model_event){ .sequence = ++self->last_sequence,
                           .subject = subject_of((step->subject + i) % MODEL_SUBJECTS),
                           .batch = (int64_t)step->choice,
                           .position = i == 0 ? UINT32_MAX : i,
                           .value = step->value + i };
}

static void apply_step(model *self, const model_step *step)
{
    switch (step->verb) {
    case MODEL_PUT:
        self->values[step->collection][step->key] = step->value;
        break;
    case MODEL_DELETE:
        self->values[step->collection][step->key] = 0;
        break;
    case MODEL_APPEND:
        append(self, step);
        break;
    case MODEL_ERASE_EVENT:
        erase(self, chosen_event(self, step), -1);
        break;
    case MODEL_ERASE_SUBJECT:
        erase(self, -1, subject_of(step->subject));
        break;
    }
}

void model_apply(model *self, const model_plan *plan)
{
    for (uint32_t i = 0; i < plan->step_count; i++)
        apply_step(self, &plan->steps[i]);
}

/* ---- carrying them out ---- */

static tally_rc put_row(const model_step *step, tally_store_transaction *transaction,
                        tally_err *err)
{
    static char name_bytes[256], value_bytes[VALUE_BYTES_MAX];
    tally_collection collection = collections[step->collection];
    tally_text value = value_of(step->value, value_bytes);

    if (collection >= TALLY_STORE_FIRST_NAMED)
        return tally_store_name(transaction, collection, name_of(step->key, name_bytes), value,
                                err);
    return tally_store_put(transaction, collection, 1 + step->key, value, err);
}

static tally_rc delete_row(const model_step *step, tally_store_transaction *transaction,
                           tally_err *err)
{
    char name_bytes[256];
    tally_collection collection = collections[step->collection];

    if (collection >= TALLY_STORE_FIRST_NAMED)
        return tally_store_unname(transaction, collection, name_of(step->key, name_bytes), err);
    return tally_store_delete(transaction, collection, 1 + step->key, err);
}

static tally_rc append_events(const model *after, uint32_t count,
                              tally_store_transaction *transaction, tally_err *err)
{
    static char bytes[8][VALUE_BYTES_MAX];
    tally_stored_event events[8];

    for (uint32_t i = 0; i < count; i++) {
        const model_event *event = &after->events[after->event_count - count + i];

        events[i] = (tally_stored_event){ .sequence = -1, /* is not read */
                                          .previous = -1,
                                          .subject = event->subject,
                                          .batch = event->batch,
                                          .position = event->position,
                                          .sealed = value_of(event->value, bytes[i]) };
    }
    return tally_store_append(transaction, events, count, err);
}

tally_rc model_apply_to_store(const model *self, const model_plan *plan,
                              tally_store_transaction *transaction, tally_err *err)
{
    static model now;
    tally_rc rc = TALLY_OK;

    now = *self;
    for (uint32_t i = 0; rc == TALLY_OK && i < plan->step_count; i++) {
        const model_step *step = &plan->steps[i];
        uint32_t count_before = now.event_count;
        uint64_t erased = 0;

        if (step->verb == MODEL_ERASE_EVENT)
            rc = tally_store_erase_event(transaction, chosen_event(&now, step), err);
        apply_step(&now, step);
        if (step->verb == MODEL_PUT)
            rc = put_row(step, transaction, err);
        if (step->verb == MODEL_DELETE)
            rc = delete_row(step, transaction, err);
        if (step->verb == MODEL_APPEND)
            rc = append_events(&now, step->count, transaction, err);
        if (step->verb == MODEL_ERASE_SUBJECT) {
            rc = tally_store_erase_subject(transaction, subject_of(step->subject), &erased, err);
            if (rc == TALLY_OK && erased != count_before - now.event_count)
                rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "erased %" PRIu64 " events", erased);
        }
    }
    return rc;
}

/* ---- comparing ---- */

typedef struct comparison {
    const model *self;
    uint32_t collection; /* being scanned */
    uint32_t next;       /* key or event that must come next */
    int64_t subject;     /* being walked */
    bool is_equal;
} comparison;

static bool is_quiet;

static void differ(comparison *comparing, const char *what, int64_t which)
{
    if (!is_quiet)
        printf("differs: %s %" PRId64 "\n", what, which);
    comparing->is_equal = false;
}

static void skip_keys(comparison *comparing)
{
    while (comparing->next < MODEL_KEYS &&
           comparing->self->values[comparing->collection][comparing->next] == 0)
        comparing->next++;
}

static void compare_next_value(comparison *comparing, tally_text value)
{
    static char bytes[VALUE_BYTES_MAX];
    uint32_t wanted = comparing->self->values[comparing->collection][comparing->next];

    if (!tally_text_is_equal(value, value_of(wanted, bytes)))
        differ(comparing, "value of key", comparing->next);
    comparing->next++;
}

static tally_rc compare_row(void *context, int64_t key, tally_text value, bool *out_is_enough,
                            tally_err *err)
{
    comparison *comparing = context;

    (void)err;
    (void)out_is_enough;
    skip_keys(comparing);
    if (comparing->next == MODEL_KEYS || key != 1 + (int64_t)comparing->next)
        differ(comparing, "a key that should not be there,", key);
    else
        compare_next_value(comparing, value);
    return TALLY_OK;
}

static tally_rc compare_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    comparison *comparing = context;
    char bytes[256];

    (void)err;
    (void)out_is_enough;
    skip_keys(comparing);
    if (comparing->next == MODEL_KEYS ||
        !tally_text_is_equal(name, name_of(comparing->next, bytes)))
        differ(comparing, "a name that should not be there, before", comparing->next);
    else
        compare_next_value(comparing, value);
    return TALLY_OK;
}

static tally_rc compare_keys(comparison *comparing, tally_store_transaction *transaction)
{
    static char bytes[VALUE_BYTES_MAX];
    tally_collection collection = collections[comparing->collection];
    int64_t last = 0, wanted_last = 0;
    tally_rc rc = TALLY_OK;

    for (uint32_t key = 0; rc == TALLY_OK && key < MODEL_KEYS; key++) {
        uint32_t wanted = comparing->self->values[comparing->collection][key];
        char name_bytes[256];
        tally_text value;
        bool is_found = false;

        if (collection >= TALLY_STORE_FIRST_NAMED)
            rc = tally_store_find(transaction, collection, name_of(key, name_bytes), &value,
                                  &is_found, NULL);
        else
            rc = tally_store_get(transaction, collection, 1 + key, &value, &is_found, NULL);
        if (rc == TALLY_OK && (is_found != (wanted != 0) ||
                               (is_found && !tally_text_is_equal(value, value_of(wanted, bytes)))))
            differ(comparing, "what is at key", key);
        wanted_last = wanted != 0 ? 1 + (int64_t)key : wanted_last;
    }
    if (rc == TALLY_OK && collection < TALLY_STORE_FIRST_NAMED) {
        rc = tally_store_last(transaction, collection, &last, NULL);
        if (rc == TALLY_OK && last != wanted_last)
            differ(comparing, "the last key", last);
    }
    return rc;
}

static tally_rc compare_collection(comparison *comparing, tally_store_transaction *transaction)
{
    tally_collection collection = collections[comparing->collection];
    tally_rc rc = compare_keys(comparing, transaction);

    comparing->next = 0;
    if (rc == TALLY_OK && collection >= TALLY_STORE_FIRST_NAMED)
        rc = tally_store_scan_names(transaction, collection, (tally_text){ 0 }, compare_name,
                                    comparing, NULL);
    else if (rc == TALLY_OK)
        rc = tally_store_scan(transaction, collection, 0, compare_row, comparing, NULL);
    skip_keys(comparing);
    if (rc == TALLY_OK && comparing->next < MODEL_KEYS)
        differ(comparing, "a scan that lacks key", comparing->next);
    return rc;
}

static int64_t previous_of(const model *self, uint32_t index)
{
    for (uint32_t i = index; i-- > 0;) {
        if (self->events[i].subject == self->events[index].subject)
            return self->events[i].sequence;
    }
    return 0;
}

static void compare_event(comparison *comparing, const tally_stored_event *event)
{
    static char bytes[VALUE_BYTES_MAX];
    const model_event *wanted = &comparing->self->events[comparing->next];

    if (event->sequence != wanted->sequence || event->subject != wanted->subject ||
        event->batch != wanted->batch || event->position != wanted->position ||
        !tally_text_is_equal(event->sealed, value_of(wanted->value, bytes)))
        differ(comparing, "event", event->sequence);
    else if (event->previous != previous_of(comparing->self, comparing->next))
        differ(comparing, "what came before event", event->sequence);
}

static tally_rc compare_event_of_all(void *context, const tally_stored_event *event,
                                     bool *out_is_enough, tally_err *err)
{
    comparison *comparing = context;

    (void)err;
    (void)out_is_enough;
    if (comparing->next == comparing->self->event_count)
        differ(comparing, "an event too many,", event->sequence);
    else
        compare_event(comparing, event);
    comparing->next += comparing->next < comparing->self->event_count;
    return TALLY_OK;
}

/* comparing->next is one above the index to look at. */
static void skip_other_subjects(comparison *comparing)
{
    while (comparing->next > 0 &&
           comparing->self->events[comparing->next - 1].subject != comparing->subject)
        comparing->next--;
}

static tally_rc compare_event_of_subject(void *context, const tally_stored_event *event,
                                         bool *out_is_enough, tally_err *err)
{
    comparison *comparing = context;

    (void)err;
    (void)out_is_enough;
    skip_other_subjects(comparing);
    if (comparing->next == 0) {
        differ(comparing, "an event of the subject too many,", event->sequence);
        return TALLY_OK;
    }
    comparing->next--;
    compare_event(comparing, event);
    return TALLY_OK;
}

static tally_rc compare_events(comparison *comparing, tally_store_transaction *transaction)
{
    tally_rc rc;

    comparing->next = 0;
    rc = tally_store_all_events(transaction, 0, compare_event_of_all, comparing, NULL);
    if (rc == TALLY_OK && comparing->next != comparing->self->event_count)
        differ(comparing, "events that lack index", comparing->next);
    for (uint32_t i = 0; rc == TALLY_OK && i < MODEL_SUBJECTS; i++) {
        comparing->next = comparing->self->event_count;
        comparing->subject = subject_of(i);
        rc = tally_store_subject_events(transaction, comparing->subject, 0,
                                        compare_event_of_subject, comparing, NULL);
        skip_other_subjects(comparing);
        if (rc == TALLY_OK && comparing->next > 0)
            differ(comparing, "a chain that lacks an event of subject", comparing->subject);
    }
    return rc;
}

bool model_is_equal_within(const model *self, tally_store_transaction *transaction)
{
    comparison comparing = { .self = self, .is_equal = true };
    tally_rc rc = TALLY_OK;

    for (; rc == TALLY_OK && comparing.collection < MODEL_COLLECTIONS; comparing.collection++)
        rc = compare_collection(&comparing, transaction);
    if (rc == TALLY_OK)
        rc = compare_events(&comparing, transaction);
    if (rc != TALLY_OK)
        differ(&comparing, "reading failed with", rc);
    return comparing.is_equal;
}

bool model_is_equal(const model *self, tally_store *store)
{
    tally_store_transaction *transaction = NULL;
    tally_err err = TALLY_ERR_INIT;
    bool is_equal;

    if (tally_store_begin(&transaction, store, false, &err) != TALLY_OK) {
        printf("differs: no transaction: %s\n", err.message);
        return false;
    }
    is_equal = model_is_equal_within(self, transaction);
    tally_store_rollback(transaction);
    return is_equal;
}

bool model_may_be_equal(const model *self, tally_store *store)
{
    bool is_equal;

    is_quiet = true;
    is_equal = model_is_equal(self, store);
    is_quiet = false;
    return is_equal;
}
