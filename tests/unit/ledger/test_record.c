/* SPDX-License-Identifier: Apache-2.0 */
/* The record: every entry's commitment opens, and nothing opens what was erased. */

#include "unit.h"

#include "fixture.h"
#include "ledger/record.h"
#include "util/alloc.h"

static void make_member(tally_member *out, int64_t subject, uint64_t number)
{
    fixture_key key;

    fixture_key_make(&key, number);
    *out = (tally_member){ .subject = subject, .did_count = 1 };
    memcpy(out->dids[0], key.did, strlen(key.did));
    memset(out->rid, (int)number, sizeof(out->rid));
    memset(out->data_key, (int)number + 100, sizeof(out->data_key));
}

/* ---- appending ---- */

typedef struct appending {
    const tally_fact_record *facts;
    size_t count;
    uint64_t *indexes;
} appending;

static tally_rc append_facts(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    const appending *work = context;
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < work->count; i++)
        rc =
            tally_record_append(ledger, transaction, &work->facts[i], &work->indexes[i], NULL, err);
    return rc;
}

static void append_all(fixture *f, const tally_fact_record *facts, size_t count, uint64_t *indexes)
{
    appending work = { facts, count, indexes };

    assert_int_equal(tally_ledger_run(f->ledger, true, append_facts, &work, NULL), TALLY_OK);
}

/* ---- opening ---- */

typedef struct opening {
    uint64_t index;
    const tally_member *member;
    tally_arena *arena;
    tally_opened_record record;
} opening;

static tally_rc open_one(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    opening *work = context;

    return tally_record_open(ledger, transaction, work->index, work->member, work->arena,
                             &work->record, err);
}

static tally_rc open_record(fixture *f, uint64_t index, const tally_member *member, opening *out)
{
    *out = (opening){ index, member, tally_arena_new((size_t)1 << 20), { 0 } };
    assert_non_null(out->arena);
    return tally_ledger_run(f->ledger, false, open_one, out, NULL);
}

static void a_record_of_nobody_opens_in_clear(void **state)
{
    const tally_fact_record fact = { .type = "pad", .at_ms = FIXTURE_NOW };
    uint64_t index;
    opening opened;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    append_all(&f, &fact, 1, &index);
    assert_int_equal(open_record(&f, index, NULL, &opened), TALLY_OK);
    assert_int_equal(opened.record.subject, 0);
    assert_int_equal(opened.record.slot_count, 1);
    assert_true(tally_text_is(opened.record.slots[0].value,
                              "{\"at\":\"2026-03-02T09:00:00Z\",\"type\":\"pad\"}"));
    tally_arena_free(opened.arena);
    fixture_end(&f);
}

static void a_members_record_opens_for_that_member_only(void **state)
{
    tally_member ann, ben;
    tally_fact_record fact = { .type = "consent",
                               .at_ms = FIXTURE_NOW,
                               .member = &ann,
                               .body = TALLY_TEXT("the body"),
                               .label = TALLY_TEXT("secret") };
    uint64_t index;
    opening opened;
    fixture f;

    (void)state;
    make_member(&ann, 1, 1);
    make_member(&ben, 2, 2);
    fixture_begin(&f, FIXTURE_MEMBERS);
    append_all(&f, &fact, 1, &index);

    assert_int_equal(open_record(&f, index, &ann, &opened), TALLY_OK);
    assert_int_equal(opened.record.slot_count, 4);
    assert_int_equal(opened.record.slots[1].slot, TALLY_SLOT_SUBJECT);
    assert_true(tally_text_is(opened.record.slots[1].value, ann.dids[0]));
    assert_true(tally_text_is(opened.record.slots[2].value, "the body"));
    assert_int_equal(opened.record.slots[3].slot, TALLY_SLOT_LABEL);
    tally_arena_free(opened.arena);

    /* To others it is somebody's, and nothing more. */
    assert_int_equal(open_record(&f, index, &ben, &opened), TALLY_OK);
    assert_int_equal(opened.record.subject, 1);
    assert_int_equal(opened.record.slot_count, 0);
    tally_arena_free(opened.arena);
    assert_int_equal(open_record(&f, index, NULL, &opened), TALLY_OK);
    assert_int_equal(opened.record.slot_count, 0);
    tally_arena_free(opened.arena);

    /* The right number with another key is damage. */
    ben.subject = 1;
    assert_int_equal(open_record(&f, index, &ben, &opened), TALLY_E_CORRUPT);
    tally_arena_free(opened.arena);
    fixture_end(&f);
}

static tally_rc swap_openings(tally_ledger *ledger, tally_store_transaction *transaction,
                              void *context, tally_err *err)
{
    const uint64_t *indexes = context;
    tally_text value;
    char *copy;
    bool is_found;
    size_t count;
    tally_rc rc = tally_store_get(transaction, TALLY_STORE_OPENINGS, (int64_t)indexes[0] + 1,
                                  &value, &is_found, err);

    (void)ledger;
    assert_true(rc == TALLY_OK && is_found);
    copy = test_malloc(value.count);
    count = value.count;
    memcpy(copy, value.bytes, count);
    rc = tally_store_put(transaction, TALLY_STORE_OPENINGS, (int64_t)indexes[1] + 1,
                         tally_text_of(copy, count), err);
    test_free(copy);
    return rc;
}

static void an_opening_in_anothers_place_is_found_out(void **state)
{
    tally_member ann;
    tally_fact_record facts[] = {
        { .type = "pad", .at_ms = FIXTURE_NOW },
        { .type = "pad", .at_ms = FIXTURE_NOW },
        { .type = "access", .at_ms = FIXTURE_NOW, .member = &ann },
        { .type = "access", .at_ms = FIXTURE_NOW, .member = &ann },
    };
    uint64_t indexes[4];
    opening opened;
    fixture f;

    (void)state;
    make_member(&ann, 1, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    append_all(&f, facts, 4, indexes);
    for (size_t i = 0; i < 4; i += 2) {
        assert_int_equal(tally_ledger_run(f.ledger, true, swap_openings, &indexes[i], NULL),
                         TALLY_OK);
        assert_int_equal(open_record(&f, indexes[i], &ann, &opened), TALLY_OK);
        tally_arena_free(opened.arena);
        assert_int_equal(open_record(&f, indexes[i + 1], &ann, &opened), TALLY_E_CORRUPT);
        tally_arena_free(opened.arena);
    }
    fixture_end(&f);
}

/* ---- all of them ---- */

static tally_rc open_all(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    const tally_member *member = context;
    tally_hash *hash = tally_hash_new();
    tally_rc rc = TALLY_OK;

    for (uint64_t i = 0; rc == TALLY_OK && i < ledger->state.log_size; i++) {
        tally_arena *arena = tally_arena_new((size_t)1 << 20);
        tally_entry entry;

        rc = tally_record_entry(transaction, i, &entry, err);
        if (rc == TALLY_OK && entry.kind == TALLY_ENTRY_RECORD) {
            tally_opened_record record;

            rc = tally_record_open(ledger, transaction, i, member, arena, &record, err);
            assert_true(rc != TALLY_OK || record.slot_count > 0);
        } else if (rc == TALLY_OK) {
            tally_node commitment;
            tally_text document;
            bool is_found;

            rc = tally_store_get(transaction, TALLY_STORE_DOCUMENTS, (int64_t)i + 1, &document,
                                 &is_found, err);
            assert_true(is_found);
            assert_int_equal(tally_commit_public(hash, &commitment, document), TALLY_OK);
            assert_memory_equal(commitment.bytes, entry.commitment.bytes, TALLY_HASH_BYTES);
        }
        tally_arena_free(arena);
    }
    tally_hash_free(hash);
    return rc;
}

static void every_entrys_commitment_opens(void **state)
{
    static const char *const types[] = { "pad", "batch", "access", "consent" };
    tally_fact_record facts[200];
    uint64_t indexes[200];
    char bodies[200][64];
    tally_member ann;
    fixture f;

    (void)state;
    make_member(&ann, 1, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(facts); i++) {
        memset(bodies[i], 'a' + (int)(i % 26), sizeof(bodies[i]));
        facts[i] = (tally_fact_record){ .type = types[i % 4], .at_ms = FIXTURE_NOW + (int64_t)i };
        if (i % 3 != 0)
            facts[i].member = &ann;
        if (i % 5 != 0)
            facts[i].body = tally_text_of(bodies[i], i % 64);
        if (i % 7 == 0)
            facts[i].reason = TALLY_TEXT("a reason");
    }
    append_all(&f, facts, UNIT_COUNT(facts), indexes);
    /* Genesis, policy and rights come first. */
    for (size_t i = 0; i < UNIT_COUNT(facts); i++)
        assert_int_equal(indexes[i], i + 3);
    assert_int_equal(tally_ledger_run(f.ledger, false, open_all, &ann, NULL), TALLY_OK);
    fixture_reopen(&f);
    assert_int_equal(tally_ledger_run(f.ledger, false, open_all, &ann, NULL), TALLY_OK);
    fixture_end(&f);
}

/* ---- erasing ---- */

typedef struct erasing {
    int64_t subject;
    uint64_t count, visited;
} erasing;

static tally_rc count_visit(void *context, uint64_t index, tally_err *err)
{
    erasing *work = context;

    (void)err;
    (void)index;
    work->visited++;
    return TALLY_OK;
}

static tally_rc erase(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                      tally_err *err)
{
    erasing *work = context;
    tally_rc rc = tally_record_erase_subject(ledger, transaction, work->subject, &work->count, err);

    if (rc == TALLY_OK)
        rc = tally_record_each(transaction, work->subject, count_visit, work, err);
    return rc;
}

typedef struct sealed_bytes {
    uint64_t index;
    uint8_t bytes[32]; /* of the ciphertext */
} sealed_bytes;

static tally_rc read_sealed(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    sealed_bytes *out = context;
    tally_text value;
    bool is_found;

    (void)ledger;
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_OPENINGS, (int64_t)out->index + 1,
                                     &value, &is_found, err),
                     TALLY_OK);
    assert_true(value.count > 80);
    memcpy(out->bytes, value.bytes + 40, sizeof(out->bytes));
    return TALLY_OK;
}

static void tR32_pos_erasing_leaves_the_entry_and_the_word_erased(void **state)
{
    static const char marker[] = "a marker that nothing else contains";
    tally_member ann, ben;
    tally_fact_record facts[] = {
        { .type = "consent", .at_ms = FIXTURE_NOW, .member = &ann, .body = TALLY_TEXT("") },
        { .type = "consent", .at_ms = FIXTURE_NOW, .member = &ben },
        { .type = "access", .at_ms = FIXTURE_NOW, .member = &ann },
    };
    erasing work = { .subject = 1 };
    sealed_bytes sealed;
    uint64_t indexes[3];
    opening opened;
    fixture f;

    (void)state;
    make_member(&ann, 1, 1);
    make_member(&ben, 2, 2);
    facts[0].body = tally_text_from(marker);
    fixture_begin(&f, FIXTURE_MEMBERS);
    append_all(&f, facts, 3, indexes);
    sealed.index = indexes[0];
    assert_int_equal(tally_ledger_run(f.ledger, false, read_sealed, &sealed, NULL), TALLY_OK);
    assert_true(fixture_has_bytes(&f, sealed.bytes, sizeof(sealed.bytes)));
    assert_false(fixture_has_bytes(&f, marker, sizeof(marker) - 1));
    assert_int_equal(tally_ledger_run(f.ledger, true, erase, &work, NULL), TALLY_OK);
    assert_int_equal(work.count, 2);
    assert_int_equal(work.visited, 0);

    for (size_t i = 0; i < 3; i += 2) {
        assert_int_equal(open_record(&f, indexes[i], &ann, &opened), TALLY_OK);
        assert_true(opened.record.is_erased);
        assert_int_equal(opened.record.subject, 0);
        tally_arena_free(opened.arena);
    }
    assert_int_equal(open_record(&f, indexes[1], &ben, &opened), TALLY_OK);
    assert_false(opened.record.is_erased);
    assert_int_equal(opened.record.slot_count, 2);
    tally_arena_free(opened.arena);
    assert_int_equal(tally_store_purge(f.ledger->store, false, NULL), TALLY_OK);
    assert_false(fixture_has_bytes(&f, sealed.bytes, sizeof(sealed.bytes)));
    fixture_end(&f);
}

/* ---- what fails leaves nothing ---- */

static void a_failed_append_leaves_no_entry(void **state)
{
    tally_member ann;
    tally_fact_record fact = { .type = "consent", .at_ms = FIXTURE_NOW, .member = &ann };
    uint64_t index = 0, size;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    appending work = { &fact, 1, &index };
    fixture f;

    (void)state;
    make_member(&ann, 1, 1);
    fixture_begin(&f, FIXTURE_MEMBERS);
    size = f.ledger->state.log_size;
    for (; rc != TALLY_OK; nth++) {
        tally_alloc_fail_at(nth);
        rc = tally_ledger_run(f.ledger, true, append_facts, &work, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(f.ledger->state.log_size, size + (rc == TALLY_OK ? 1 : 0));
    }
    assert_true(nth > 3);
    assert_int_equal(tally_ledger_run(f.ledger, false, open_all, &ann, NULL), TALLY_OK);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_nobody_opens_in_clear),
        cmocka_unit_test(a_members_record_opens_for_that_member_only),
        cmocka_unit_test(an_opening_in_anothers_place_is_found_out),
        cmocka_unit_test(every_entrys_commitment_opens),
        cmocka_unit_test(tR32_pos_erasing_leaves_the_entry_and_the_word_erased),
        cmocka_unit_test(a_failed_append_leaves_no_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
