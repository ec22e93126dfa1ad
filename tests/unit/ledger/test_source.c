/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: registered under a name of the policy's (R10), with keys that can be replaced. */

#include "unit.h"

#include "fixture.h"
#include "ledger/source.h"
#include "util/alloc.h"

static tally_rc add(fixture *f, const char *name, const fixture_key *key, tally_source_record *out,
                    tally_denial *denial)
{
    return tally_source_register(f->ledger, tally_text_from(name), tally_text_from(key->did), out,
                                 denial, NULL);
}

typedef struct asked {
    const char *did;
    tally_source_record record;
    bool is_found;
    uint32_t advance;
} asked;

static tally_rc ask(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                    tally_err *err)
{
    asked *question = context;
    tally_rc rc = tally_source_find(ledger, transaction, tally_text_from(question->did),
                                    &question->record, &question->is_found, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < question->advance; i++)
        rc = tally_source_advance(ledger, transaction, &question->record, err);
    return rc;
}

static asked find(fixture *f, const fixture_key *key, uint32_t advance)
{
    asked question = { .did = key->did, .advance = advance };

    assert_int_equal(tally_ledger_run(f->ledger, true, ask, &question, NULL), TALLY_OK);
    return question;
}

static bool may_send(const asked *question, const fixture_key *key, uint64_t number)
{
    return tally_source_may_send(&question->record, tally_text_from(key->did), number);
}

static void tR10_pos_a_declared_source_is_registered(void **state)
{
    tally_source_record record;
    fixture_key parks, library;
    asked question;
    fixture f;

    (void)state;
    fixture_key_make(&parks, 1);
    fixture_key_make(&library, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &parks, &record, NULL), TALLY_OK);
    assert_int_equal(record.number, 1);
    assert_int_equal(add(&f, "tool-library", &library, &record, NULL), TALLY_OK);
    assert_int_equal(record.number, 2);
    fixture_reopen(&f);
    question = find(&f, &parks, 2);
    assert_true(question.is_found);
    assert_string_equal(question.record.name, "parks-office");
    assert_int_equal(question.record.next_number, 3);
    assert_true(may_send(&question, &parks, 1) && may_send(&question, &parks, 3));
    assert_false(may_send(&question, &library, 3));
    question = find(&f, &parks, 0);
    assert_int_equal(question.record.next_number, 3);
    fixture_end(&f);
}

static void tR10_neg_an_undeclared_source_is_refused(void **state)
{
    tally_source_record record;
    tally_denial denial = { 0 };
    fixture_key key;
    fixture f;

    (void)state;
    fixture_key_make(&key, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "camera-company", &key, &record, &denial), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_SOURCE");
    assert_string_equal(denial.right, "R10");
    assert_false(find(&f, &key, 0).is_found);
    assert_int_equal(tally_source_register(f.ledger, TALLY_TEXT("parks-office"),
                                           TALLY_TEXT("did:web:parks.example"), &record, NULL,
                                           NULL),
                     TALLY_E_INVALID);
    fixture_end(&f);
}

static void one_key_and_one_name_are_one_source(void **state)
{
    tally_source_record record;
    tally_denial denial = { 0 };
    fixture_key a, b;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    assert_int_equal(add(&f, "parks-office", &b, &record, &denial), TALLY_E_CONFLICT);
    assert_string_equal(denial.code, "E_SOURCE");
    assert_int_equal(add(&f, "tool-library", &a, &record, NULL), TALLY_E_CONFLICT);
    assert_int_equal(find(&f, &a, 0).record.number, 1);
    assert_false(find(&f, &b, 0).is_found);
    fixture_end(&f);
}

/* ---- other keys ---- */

static tally_rc rotate(fixture *f, const fixture_key *from, const fixture_key *to, int64_t at_ms,
                       const char *programme, tally_denial *denial)
{
    tally_source_rotation rotation = { tally_text_from(programme), at_ms, from->seed, to->seed };
    tally_source_record record;
    tally_buffer message;
    tally_rc rc;

    tally_buffer_init(&message, 4096);
    assert_int_equal(tally_source_write_rotation(&message, &rotation, NULL), TALLY_OK);
    rc = tally_source_rotate(f->ledger, tally_buffer_text(&message), &record, denial, NULL);
    tally_buffer_free(&message);
    return rc;
}

static void a_source_replaces_its_key_itself(void **state)
{
    tally_source_record record;
    fixture_key a, b;
    asked question;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    (void)find(&f, &a, 4);
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW, FIXTURE_ORIGIN, NULL), TALLY_OK);
    question = find(&f, &b, 0);
    assert_int_equal(question.record.number, 1);
    assert_int_equal(question.record.key_count, 2);
    /* Old batches are answered to the old key, new ones are taken from the new. */
    assert_true(may_send(&question, &a, 4) && !may_send(&question, &a, 5));
    assert_true(!may_send(&question, &b, 4) && may_send(&question, &b, 5));
    assert_int_equal(find(&f, &a, 0).record.number, 1);
    fixture_end(&f);
}

static void tR10_neg_a_stranger_or_an_old_message_replaces_no_key(void **state)
{
    tally_source_record record;
    tally_denial denial = { 0 };
    fixture_key a, b, c;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_key_make(&c, 3);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    assert_int_equal(rotate(&f, &c, &b, FIXTURE_NOW, FIXTURE_ORIGIN, &denial), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_SOURCE");
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW - 600001, FIXTURE_ORIGIN, &denial),
                     TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_STALE");
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW + 600001, FIXTURE_ORIGIN, &denial),
                     TALLY_E_DENIED);
    assert_int_equal(find(&f, &a, 0).record.key_count, 1);
    /* Taken once; the way back is closed, since a key is used once. */
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW, FIXTURE_ORIGIN, NULL), TALLY_OK);
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW, FIXTURE_ORIGIN, &denial), TALLY_E_DENIED);
    assert_int_equal(rotate(&f, &b, &a, FIXTURE_NOW, FIXTURE_ORIGIN, NULL), TALLY_E_CONFLICT);
    fixture_end(&f);
}

static void tR7_neg_a_message_for_another_programme_is_refused(void **state)
{
    tally_source_record record;
    tally_denial denial = { 0 };
    fixture_key a, b;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW, "other.example", &denial), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_CROSS_PROGRAMME");
    assert_string_equal(denial.right, "R7");
    assert_int_equal(find(&f, &a, 0).record.key_count, 1);
    fixture_end(&f);
}

static void an_altered_message_is_none(void **state)
{
    fixture_key a, b;
    tally_source_record record;
    tally_buffer message;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    tally_buffer_init(&message, 4096);
    assert_int_equal(
        tally_source_write_rotation(
            &message,
            &(tally_source_rotation){ TALLY_TEXT(FIXTURE_ORIGIN), FIXTURE_NOW, a.seed, b.seed },
            NULL),
        TALLY_OK);
    for (size_t i = 0; i < message.count; i += 1 + i % 5) {
        message.bytes[i] = (char)(message.bytes[i] ^ 1);
        assert_int_equal(
            tally_source_rotate(f.ledger, tally_buffer_text(&message), &record, NULL, NULL),
            TALLY_E_INVALID);
        message.bytes[i] = (char)(message.bytes[i] ^ 1);
    }
    tally_buffer_free(&message);
    fixture_end(&f);
}

/* ---- revoking ---- */

static void revoking_voids_batches_and_ends_the_key(void **state)
{
    tally_source_record record;
    fixture_key a, b;
    asked question;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_key_make(&b, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    (void)find(&f, &a, 9); /* batches 1 to 9 were sent */
    fixture_at(&f, FIXTURE_NOW + 1000);
    assert_int_equal(
        tally_source_revoke(f.ledger, TALLY_TEXT("parks-office"), 7, &record, NULL, NULL),
        TALLY_OK);
    question = find(&f, &a, 0);
    assert_true(question.record.is_revoked);
    assert_false(may_send(&question, &a, 10));
    assert_true(may_send(&question, &a, 9)); /* what was answered is answered again */
    assert_int_equal(tally_source_void_from_ms(&question.record, 6), INT64_MAX);
    assert_int_equal(tally_source_void_from_ms(&question.record, 7), FIXTURE_NOW + 1000);
    assert_int_equal(tally_source_void_from_ms(&question.record, 9), FIXTURE_NOW + 1000);
    /* A message of the stolen key is worth nothing; the operator gives another, and
     * what that sends is not void. */
    assert_int_equal(rotate(&f, &a, &b, FIXTURE_NOW, FIXTURE_ORIGIN, NULL), TALLY_E_DENIED);
    assert_int_equal(tally_source_replace_key(f.ledger, TALLY_TEXT("parks-office"),
                                              tally_text_from(b.did), &record, NULL, NULL),
                     TALLY_OK);
    question = find(&f, &b, 1);
    assert_true(may_send(&question, &b, 10));
    assert_int_equal(tally_source_void_from_ms(&question.record, 10), INT64_MAX);
    /* Going further back later voids more, and what was void stays so from when it was. */
    fixture_at(&f, FIXTURE_NOW + 2000);
    assert_int_equal(
        tally_source_revoke(f.ledger, TALLY_TEXT("parks-office"), 3, &record, NULL, NULL),
        TALLY_OK);
    assert_int_equal(tally_source_void_from_ms(&record, 3), FIXTURE_NOW + 2000);
    assert_int_equal(tally_source_void_from_ms(&record, 8), FIXTURE_NOW + 1000);
    assert_int_equal(tally_source_void_from_ms(&record, 10), FIXTURE_NOW + 2000);
    fixture_end(&f);
}

static void revoking_asks_for_a_batch_there_is(void **state)
{
    tally_source_record record;
    fixture_key a;
    fixture f;

    (void)state;
    fixture_key_make(&a, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, "parks-office", &a, &record, NULL), TALLY_OK);
    assert_int_equal(
        tally_source_revoke(f.ledger, TALLY_TEXT("parks-office"), 0, &record, NULL, NULL),
        TALLY_E_INVALID);
    assert_int_equal(
        tally_source_revoke(f.ledger, TALLY_TEXT("parks-office"), 2, &record, NULL, NULL),
        TALLY_E_INVALID);
    assert_int_equal(
        tally_source_revoke(f.ledger, TALLY_TEXT("tool-library"), 1, &record, NULL, NULL),
        TALLY_E_DENIED);
    assert_false(find(&f, &a, 0).record.is_revoked);
    fixture_end(&f);
}

static tally_rc count_one(void *context, const tally_source_record *source, tally_err *err)
{
    (void)err;
    assert_int_equal(source->number, ++*(uint32_t *)context);
    return TALLY_OK;
}

static void registering_survives_each_failed_allocation(void **state)
{
    tally_source_record record;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0, count = 0;
    fixture_key key;
    fixture f;

    (void)state;
    fixture_key_make(&key, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (; rc != TALLY_OK; nth++) {
        tally_alloc_fail_at(nth);
        rc = add(&f, "parks-office", &key, &record, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(find(&f, &key, 0).is_found, rc == TALLY_OK);
    }
    assert_true(nth > 3);
    assert_int_equal(tally_source_each(f.ledger, count_one, &count, NULL), TALLY_OK);
    assert_int_equal(count, 1);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR10_pos_a_declared_source_is_registered),
        cmocka_unit_test(tR10_neg_an_undeclared_source_is_refused),
        cmocka_unit_test(one_key_and_one_name_are_one_source),
        cmocka_unit_test(a_source_replaces_its_key_itself),
        cmocka_unit_test(tR10_neg_a_stranger_or_an_old_message_replaces_no_key),
        cmocka_unit_test(tR7_neg_a_message_for_another_programme_is_refused),
        cmocka_unit_test(an_altered_message_is_none),
        cmocka_unit_test(revoking_voids_batches_and_ends_the_key),
        cmocka_unit_test(revoking_asks_for_a_batch_there_is),
        cmocka_unit_test(registering_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
