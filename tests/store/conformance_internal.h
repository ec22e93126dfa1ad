/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_STORE_CONFORMANCE_INTERNAL_H
#define TALLY_TESTS_STORE_CONFORMANCE_INTERNAL_H

/* What the files of the suite share. */

#include "unit.h"

#include "conformance.h"
#include "model.h"
#include "scratch.h"

/* Fails the test with the message of the error. */
#define assert_ok(call)                                                     \
    do {                                                                    \
        tally_err suite_err = TALLY_ERR_INIT;                               \
        tally_rc suite_rc = (call);                                         \
        if (suite_rc != TALLY_OK)                                           \
            fail_msg("%s: %s", tally_rc_name(suite_rc), suite_err.message); \
    } while (0)
#define ERR (&suite_err)

typedef struct suite {
    const store_backend *backend;
    scratch scratch;
    tally_store *store; /* open for writing; a test may close it and set NULL */
    char path[SCRATCH_PATH_BYTES + 64];
} suite;

extern suite suite_now;

/* A folder with a new store in it. */
int suite_begin(void **state);
int suite_end(void **state);

tally_store *suite_open(tally_store_mode mode);
/* Close the store and open it again for writing. */
void suite_reopen(void);
tally_store_transaction *suite_transaction(tally_store *store, bool is_for_writing);

/* One row or event in a transaction of its own. */
void suite_put(tally_collection collection, int64_t key, const char *value);
void suite_append(int64_t subject, const char *sealed);
/* Does the collection of a store hold this? NULL: nothing. */
void suite_expect(tally_store *store, tally_collection collection, int64_t key, const char *value);
void suite_expect_within(tally_store_transaction *transaction, tally_collection collection,
                         int64_t key, const char *value);
/* The sealed bytes of a subject's events, newest first, each followed by a space. */
void suite_expect_chain(tally_store *store, int64_t subject, const char *wanted);
int64_t suite_last_sequence(tally_store *store);
/* A visit that adds one to the uint64_t that is its context. */
tally_rc suite_count_event(void *context, const tally_stored_event *event, bool *out_is_enough,
                           tally_err *err);

/* Of a group: a test with a store of its own. */
#define SUITE_TEST(function) cmocka_unit_test_setup_teardown(function, suite_begin, suite_end)

int suite_run_rows(void);
int suite_run_events(void);

#endif
