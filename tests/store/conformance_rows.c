/* SPDX-License-Identifier: Apache-2.0 */
/* Collections and scans. */

#include <stdio.h>
#include <stdlib.h>

#include "conformance_internal.h"

static void expect_name(tally_store_transaction *transaction, tally_text name, const char *wanted)
{
    tally_text value;
    bool is_found = false;

    assert_ok(tally_store_find(transaction, TALLY_STORE_META, name, &value, &is_found, ERR));
    assert_int_equal(is_found, wanted != NULL);
    assert_true(tally_text_is(value, wanted));
}

/* ---- collections ---- */

static void each_collection_keeps_its_own(void **state)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

    (void)state;
    for (int i = 0; i < TALLY_STORE_COLLECTION_COUNT; i++) {
        char bytes[] = { (char)('A' + i) };
        tally_text value = tally_text_of(bytes, 1);

        if (i < TALLY_STORE_FIRST_NAMED)
            assert_ok(tally_store_put(transaction, (tally_collection)i, 1, value, ERR));
        else
            assert_ok(
                tally_store_name(transaction, (tally_collection)i, TALLY_TEXT("1"), value, ERR));
    }
    assert_ok(tally_store_commit(transaction, ERR));
    suite_reopen();
    transaction = suite_transaction(suite_now.store, false);
    for (int i = 0; i < TALLY_STORE_COLLECTION_COUNT; i++) {
        tally_text value;
        bool is_found = false;

        if (i < TALLY_STORE_FIRST_NAMED)
            assert_ok(tally_store_get(transaction, (tally_collection)i, 1, &value, &is_found, ERR));
        else
            assert_ok(tally_store_find(transaction, (tally_collection)i, TALLY_TEXT("1"), &value,
                                       &is_found, ERR));
        assert_true(is_found && value.count == 1 && value.bytes[0] == 'A' + i);
    }
    tally_store_rollback(transaction);
}

static void writing_again_replaces(void **state)
{
    tally_store_transaction *transaction;

    (void)state;
    suite_put(TALLY_STORE_MEMBERS, 3, "first and longer");
    suite_put(TALLY_STORE_MEMBERS, 3, "second");
    suite_expect(suite_now.store, TALLY_STORE_MEMBERS, 3, "second");
    suite_put(TALLY_STORE_MEMBERS, 3, "");
    suite_expect(suite_now.store, TALLY_STORE_MEMBERS, 3, "");
    transaction = suite_transaction(suite_now.store, true);
    for (int i = 0; i < 2; i++) {
        assert_ok(tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("a"),
                                   i == 0 ? TALLY_TEXT("x") : (tally_text){ 0 }, ERR));
        expect_name(transaction, TALLY_TEXT("a"), i == 0 ? "x" : "");
    }
    tally_store_rollback(transaction);
}

static void deleting_removes_and_may_find_nothing(void **state)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

    (void)state;
    assert_ok(tally_store_put(transaction, TALLY_STORE_MEMBERS, 3, TALLY_TEXT("a"), ERR));
    assert_ok(
        tally_store_name(transaction, TALLY_STORE_META, TALLY_TEXT("k"), TALLY_TEXT("v"), ERR));
    for (int i = 0; i < 2; i++) {
        assert_ok(tally_store_delete(transaction, TALLY_STORE_MEMBERS, 3, ERR));
        assert_ok(tally_store_unname(transaction, TALLY_STORE_META, TALLY_TEXT("k"), ERR));
    }
    suite_expect_within(transaction, TALLY_STORE_MEMBERS, 3, NULL);
    expect_name(transaction, TALLY_TEXT("k"), NULL);
    assert_ok(tally_store_commit(transaction, ERR));
}

static void keys_and_names_have_their_bounds(void **state)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    char name[256];
    tally_text value;
    bool is_found;
    static const int64_t wrong[] = { 0, -1, INT64_MIN };

    (void)state;
    memset(name, 0xff, sizeof(name));
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        assert_int_equal(
            tally_store_put(transaction, TALLY_STORE_MEMBERS, wrong[i], TALLY_TEXT("a"), NULL),
            TALLY_E_INVALID);
        assert_int_equal(
            tally_store_get(transaction, TALLY_STORE_MEMBERS, wrong[i], &value, &is_found, NULL),
            TALLY_E_INVALID);
    }
    assert_int_equal(tally_store_name(transaction, TALLY_STORE_META, tally_text_of(name, 0),
                                      TALLY_TEXT("a"), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_store_name(transaction, TALLY_STORE_META, tally_text_of(name, 256),
                                      TALLY_TEXT("a"), NULL),
                     TALLY_E_INVALID);
    /* The transaction goes on, up to the bounds themselves. */
    assert_ok(tally_store_put(transaction, TALLY_STORE_MEMBERS, INT64_MAX, TALLY_TEXT("a"), ERR));
    assert_ok(tally_store_name(transaction, TALLY_STORE_META, tally_text_of(name, 255),
                               TALLY_TEXT("b"), ERR));
    assert_ok(tally_store_name(transaction, TALLY_STORE_META, tally_text_of(name, 1),
                               TALLY_TEXT("c"), ERR));
    assert_ok(tally_store_commit(transaction, ERR));
    suite_expect(suite_now.store, TALLY_STORE_MEMBERS, INT64_MAX, "a");
    transaction = suite_transaction(suite_now.store, false);
    expect_name(transaction, tally_text_of(name, 255), "b");
    expect_name(transaction, tally_text_of(name, 1), "c");
    expect_name(transaction, tally_text_of(name, 2), NULL);
    tally_store_rollback(transaction);
}

static void the_largest_value_fits_and_a_larger_one_is_a_limit(void **state)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    char *bytes = calloc(1, TALLY_STORE_VALUE_BYTES_MAX + 1);
    tally_text value;
    bool is_found = false;

    (void)state;
    assert_non_null(bytes);
    bytes[TALLY_STORE_VALUE_BYTES_MAX - 1] = 'z';
    assert_int_equal(tally_store_put(transaction, TALLY_STORE_DOCUMENTS, 1,
                                     tally_text_of(bytes, TALLY_STORE_VALUE_BYTES_MAX + 1), NULL),
                     TALLY_E_LIMIT);
    assert_ok(tally_store_put(transaction, TALLY_STORE_DOCUMENTS, 1,
                              tally_text_of(bytes, TALLY_STORE_VALUE_BYTES_MAX), ERR));
    assert_ok(tally_store_commit(transaction, ERR));
    transaction = suite_transaction(suite_now.store, false);
    assert_ok(tally_store_get(transaction, TALLY_STORE_DOCUMENTS, 1, &value, &is_found, ERR));
    assert_true(tally_text_is_equal(value, tally_text_of(bytes, TALLY_STORE_VALUE_BYTES_MAX)));
    tally_store_rollback(transaction);
    free(bytes);
}

static void the_last_key_is_the_highest_that_is_there(void **state)
{
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);
    static const int64_t keys[] = { 5, 1000000, 7 };
    int64_t last = -1;

    (void)state;
    assert_ok(tally_store_last(transaction, TALLY_STORE_BATCHES, &last, ERR));
    assert_int_equal(last, 0);
    for (size_t i = 0; i < UNIT_COUNT(keys); i++)
        assert_ok(tally_store_put(transaction, TALLY_STORE_BATCHES, keys[i], TALLY_TEXT(""), ERR));
    assert_ok(tally_store_last(transaction, TALLY_STORE_BATCHES, &last, ERR));
    assert_int_equal(last, 1000000);
    assert_ok(tally_store_delete(transaction, TALLY_STORE_BATCHES, 1000000, ERR));
    assert_ok(tally_store_last(transaction, TALLY_STORE_BATCHES, &last, ERR));
    assert_int_equal(last, 7);
    tally_store_rollback(transaction);
}

/* ---- scans ---- */

typedef struct visits {
    tally_store_transaction *transaction;
    char seen[128]; /* each key, then a space */
    uint32_t enough_at, depth;
    tally_rc answer;
} visits;

static tally_rc visit(void *context, int64_t key, tally_text value, bool *out_is_enough,
                      tally_err *err)
{
    visits *self = context;
    size_t count = strlen(self->seen);

    (void)err;
    (void)value;
    assert_false(*out_is_enough);
    (void)snprintf(self->seen + count, sizeof(self->seen) - count, "%lld ", (long long)key);
    *out_is_enough = self->enough_at == (uint32_t)key;
    return self->answer;
}

static tally_rc visit_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    visits *self = context;
    size_t count = strlen(self->seen);

    (void)err;
    (void)value;
    (void)snprintf(self->seen + count, sizeof(self->seen) - count, "%.*s ", TALLY_TEXT_ARGS(name));
    *out_is_enough = self->enough_at == name.count;
    return self->answer;
}

static tally_store_transaction *with_rows(void)
{
    static const int64_t keys[] = { 9, 2, 30, 4 };
    static const char *const names[] = { "b", "a", "ab", "\xff\xff", "abc", "ac", "\xff" };
    tally_store_transaction *transaction = suite_transaction(suite_now.store, true);

    for (size_t i = 0; i < UNIT_COUNT(keys); i++)
        assert_ok(tally_store_put(transaction, TALLY_STORE_BATCHES, keys[i], TALLY_TEXT("v"), ERR));
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        assert_ok(tally_store_name(transaction, TALLY_STORE_META, tally_text_from(names[i]),
                                   TALLY_TEXT("v"), ERR));
    return transaction;
}

static void scans_go_in_order_from_where_they_are_told(void **state)
{
    tally_store_transaction *transaction = with_rows();
    static const struct {
        int64_t from;
        uint32_t enough_at;
        const char *seen;
    } scans[] = {
        { INT64_MIN, 0, "2 4 9 30 " },
        { 4, 0, "4 9 30 " },
        { 5, 9, "9 " },
        { 31, 0, "" },
        { 2, 2, "2 " },
    };
    static const struct {
        const char *prefix;
        uint32_t enough_at;
        const char *seen;
    } names[] = {
        { "", 0, "a ab abc ac b \xff \xff\xff " },
        { "a", 0, "a ab abc ac " },
        { "ab", 0, "ab abc " },
        { "\xff", 0, "\xff \xff\xff " },
        { "abcd", 0, "" },
        { "a", 2, "a ab " },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(scans); i++) {
        visits seen = { .enough_at = scans[i].enough_at };

        assert_ok(
            tally_store_scan(transaction, TALLY_STORE_BATCHES, scans[i].from, visit, &seen, ERR));
        assert_string_equal(seen.seen, scans[i].seen);
    }
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        visits seen = { .enough_at = names[i].enough_at };

        assert_ok(tally_store_scan_names(transaction, TALLY_STORE_META,
                                         tally_text_from(names[i].prefix), visit_name, &seen, ERR));
        assert_string_equal(seen.seen, names[i].seen);
    }
    tally_store_rollback(transaction);
}

static void what_a_visit_answers_ends_the_scan_only(void **state)
{
    tally_store_transaction *transaction = with_rows();
    visits seen = { .answer = TALLY_E_DENIED };

    (void)state;
    assert_int_equal(tally_store_scan(transaction, TALLY_STORE_BATCHES, 1, visit, &seen, NULL),
                     TALLY_E_DENIED);
    assert_int_equal(tally_store_scan_names(transaction, TALLY_STORE_META, (tally_text){ 0 },
                                            visit_name, &seen, NULL),
                     TALLY_E_DENIED);
    assert_string_equal(seen.seen, "2 a ");
    assert_ok(tally_store_commit(transaction, ERR));
    suite_expect(suite_now.store, TALLY_STORE_BATCHES, 2, "v");
}

/* Reads in every way from within a scan, to a depth of three. */
static tally_rc visit_deeper(void *context, int64_t key, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    visits *self = context;
    const tally_stored_event event = { .subject = 1 };
    tally_text other;
    bool is_found = false;
    tally_rc rc =
        tally_store_get(self->transaction, TALLY_STORE_BATCHES, 4, &other, &is_found, err);

    (void)out_is_enough;
    assert_true(rc == TALLY_OK && is_found && tally_text_is(other, "v"));
    /* Ours is still there. */
    assert_true(tally_text_is(value, "v"));
    assert_int_equal(
        tally_store_put(self->transaction, TALLY_STORE_BATCHES, key, TALLY_TEXT("w"), NULL),
        TALLY_E_INVALID);
    assert_int_equal(tally_store_append(self->transaction, &event, 1, NULL), TALLY_E_INVALID);
    self->enough_at++;
    if (self->depth == 3)
        return TALLY_OK;
    self->depth++;
    rc = tally_store_scan(self->transaction, TALLY_STORE_BATCHES, 1, visit_deeper, self, err);
    self->depth--;
    return rc;
}

static void a_visit_may_read_and_not_write(void **state)
{
    tally_store_transaction *transaction = with_rows();
    visits seen = { .transaction = transaction };

    (void)state;
    assert_ok(tally_store_scan(transaction, TALLY_STORE_BATCHES, 1, visit_deeper, &seen, ERR));
    assert_int_equal(seen.enough_at, 4 + 16 + 64 + 256);
    assert_ok(tally_store_put(transaction, TALLY_STORE_BATCHES, 1, TALLY_TEXT("w"), ERR));
    assert_ok(tally_store_commit(transaction, ERR));
}

int suite_run_rows(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(each_collection_keeps_its_own),
        SUITE_TEST(writing_again_replaces),
        SUITE_TEST(deleting_removes_and_may_find_nothing),
        SUITE_TEST(keys_and_names_have_their_bounds),
        SUITE_TEST(the_largest_value_fits_and_a_larger_one_is_a_limit),
        SUITE_TEST(the_last_key_is_the_highest_that_is_there),
        SUITE_TEST(scans_go_in_order_from_where_they_are_told),
        SUITE_TEST(what_a_visit_answers_ends_the_scan_only),
        SUITE_TEST(a_visit_may_read_and_not_write),
    };

    return cmocka_run_group_tests_name("store rows", tests, NULL, NULL);
}
