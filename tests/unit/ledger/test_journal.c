/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher's journal: beats tell nothing apart, snapshots are what they say, and
 * whatever fails leaves the log as it was. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "ledger/journal.h"
#include "ledger/member.h"
#include "ledger/record.h"
#include "tlog/snapshot.h"
#include "util/alloc.h"
#include "util/civil.h"

#define DAY INT64_C(86400000)

/* ---- people ---- */

typedef struct people {
    tally_member members[8];
    size_t count;
    tally_snapshot_people seam;
    bool fails;
} people;

static tally_rc give_people(void *context, tally_ledger *ledger,
                            tally_store_transaction *transaction, int64_t as_of_ms,
                            tally_snapshot_take take, void *sink, tally_err *err)
{
    const people *self = context;
    tally_rc rc = TALLY_OK;

    (void)transaction;
    assert_int_equal(as_of_ms, tally_ledger_now_ms(ledger));
    if (self->fails)
        return tally_err_set(err, TALLY_E_OVERFLOW, 0, "a score overflowed");
    for (size_t i = 0; rc == TALLY_OK && i < self->count; i++) {
        const tally_member *member = &self->members[i];
        char state[64];
        tally_snapshot_person person = { .subject = member->subject,
                                         .label_secret = member->label_secret,
                                         .data_key = member->data_key,
                                         .rid = member->rid };

        (void)snprintf(state, sizeof(state), "state of %lld", (long long)member->subject);
        person.state = tally_text_from(state);
        rc = take(sink, &person, err);
    }
    return rc;
}

static tally_rc save_all(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    const people *self = context;
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < self->count; i++)
        rc = tally_member_save(ledger, transaction, &self->members[i], err);
    return rc;
}

static void make_people(people *self, fixture *f, size_t count)
{
    *self = (people){ .count = count };
    self->seam = (tally_snapshot_people){ self, give_people };
    for (size_t i = 0; i < count; i++) {
        tally_member *member = &self->members[i];
        fixture_key key;

        fixture_key_make(&key, i + 1);
        *member =
            (tally_member){ .subject = (int64_t)i + 1, .did_count = 1, .joined_ms = FIXTURE_NOW };
        memcpy(member->dids[0], key.did, strlen(key.did));
        fixture_key_make(&key, i + 101);
        memcpy(member->recovery_did, key.did, strlen(key.did));
        memset(member->rid, 10 + (int)i, sizeof(member->rid));
        memset(member->data_key, 20 + (int)i, sizeof(member->data_key));
        memset(member->label_secret, 30 + (int)i, sizeof(member->label_secret));
    }
    assert_int_equal(tally_ledger_run(f->ledger, true, save_all, self, NULL), TALLY_OK);
}

/* ---- journals ---- */

static tally_ledger_journal *open_journal(fixture *f, const people *who, int64_t now_ms)
{
    tally_ledger_journal_options options = {
        .ledger = { .folder = f->folder,
                    .clock = { .fixed_ms = now_ms },
                    .random = &f->random.source },
        .people = &who->seam,
    };
    tally_ledger_journal *journal = NULL;

    assert_int_equal(tally_ledger_journal_open(&journal, &options, NULL), TALLY_OK);
    return journal;
}

/* The ledger of the fixture is closed while the journal writes. */
static void let_go(fixture *f)
{
    tally_ledger_close(f->ledger);
    f->ledger = NULL;
}

static void take_back(fixture *f, int64_t now_ms)
{
    tally_ledger_options options = { .folder = f->folder,
                                     .is_for_writing = true,
                                     .clock = { .fixed_ms = now_ms },
                                     .random = &f->random.source };

    assert_int_equal(tally_ledger_open(&f->ledger, &options, NULL), TALLY_OK);
}

static tally_rc beat(fixture *f, const people *who, int64_t now_ms, uint64_t number,
                     uint64_t *out_until)
{
    tally_ledger_journal *journal = open_journal(f, who, now_ms);
    tally_journal seam = tally_ledger_journal_seam(journal);
    tally_rc rc = seam.calls->begin_beat(seam.context, number, out_until, NULL);

    tally_ledger_journal_close(journal);
    return rc;
}

typedef struct all_entries {
    tally_entry entries[2000];
    size_t count;
} all_entries;

static tally_rc take_entries(void *context, const uint8_t *bytes, size_t count, tally_err *err)
{
    all_entries *all = context;

    for (size_t i = 0; i < count; i++) {
        assert_true(all->count < UNIT_COUNT(all->entries));
        assert_int_equal(
            tally_entry_parse(
                &all->entries[all->count++],
                tally_text_of((const char *)bytes + i * TALLY_ENTRY_BYTES, TALLY_ENTRY_BYTES), err),
            TALLY_OK);
    }
    return TALLY_OK;
}

static all_entries *read_all(fixture *f, const people *who, uint64_t from, uint64_t until)
{
    tally_ledger_journal *journal = open_journal(f, who, FIXTURE_NOW);
    tally_journal seam = tally_ledger_journal_seam(journal);
    all_entries *all = test_calloc(1, sizeof(*all));
    tally_journal_sink sink = { all, take_entries };
    uint64_t size = 0;

    assert_int_equal(seam.calls->size(seam.context, &size, NULL), TALLY_OK);
    assert_true(size >= until);
    assert_int_equal(seam.calls->read(seam.context, from, until - from, &sink, NULL), TALLY_OK);
    assert_int_equal(all->count, until - from);
    /* There are no more than there are. */
    assert_int_equal(seam.calls->read(seam.context, size, 1, &sink, NULL), TALLY_E_CORRUPT);
    tally_ledger_journal_close(journal);
    return all;
}

static size_t count_kind(const all_entries *all, tally_entry_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < all->count; i++)
        count += all->entries[i].kind == kind ? 1 : 0;
    return count;
}

/* ---- records of a beat ---- */

static tally_rc append_records(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    const tally_fact_record fact = { .type = "batch", .at_ms = tally_ledger_stamp(ledger) };
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < *(const size_t *)context; i++)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    return rc;
}

static void add_records(fixture *f, size_t count, int64_t now_ms)
{
    take_back(f, now_ms);
    assert_int_equal(tally_ledger_run(f->ledger, true, append_records, &count, NULL), TALLY_OK);
    let_go(f);
}

static void tR23_pos_a_beat_does_not_tell_how_much_happened(void **state)
{
    static const struct {
        size_t happened, published;
    } beats[] = { { 0, 16 }, { 10, 16 }, { 16, 16 }, { 17, 32 }, { 1, 16 } };
    uint64_t from = 0, until = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 0);
    let_go(&f);
    for (size_t i = 0; i < UNIT_COUNT(beats); i++) {
        all_entries *all;

        if (beats[i].happened > 0)
            add_records(&f, beats[i].happened, FIXTURE_NOW);
        assert_int_equal(beat(&f, &who, FIXTURE_NOW, 100 + i, &until), TALLY_OK);
        all = read_all(&f, &who, from, until);
        assert_int_equal(count_kind(all, TALLY_ENTRY_RECORD), beats[i].published);
        test_free(all);
        from = until;
    }
    take_back(&f, FIXTURE_NOW);
    fixture_end(&f);
}

static void a_closed_beat_gives_the_same_answer(void **state)
{
    uint64_t first = 0, again = 0, next = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 0);
    let_go(&f);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 7, &first), TALLY_OK);
    add_records(&f, 3, FIXTURE_NOW);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 7, &again), TALLY_OK);
    assert_int_equal(first, again);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 6, &again), TALLY_OK);
    assert_int_equal(first, again);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 8, &next), TALLY_OK);
    assert_int_equal(next, first + 16);
    take_back(&f, FIXTURE_NOW);
    fixture_end(&f);
}

static void while_another_writes_a_beat_waits_for_it(void **state)
{
    uint64_t until = 0, other = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 0);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 5, &until), TALLY_E_RETRY);
    /* Whoever holds the ledger may close it. */
    assert_int_equal(tally_ledger_close_beat(f.ledger, 5, NULL, &other, NULL), TALLY_OK);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 5, &until), TALLY_OK);
    assert_int_equal(until, other);
    fixture_end(&f);
}

/* ---- snapshots ---- */

typedef struct snapshot {
    uint64_t index;
    char head_text[1024];
    tally_state_head head;
    uint8_t rows[1024][TALLY_STATE_ROW_BYTES];
    size_t row_count;
} snapshot;

static tally_rc take_rows(void *context, const uint8_t *rows, size_t count, tally_err *err)
{
    snapshot *self = context;

    (void)err;
    assert_true(self->row_count + count <= UNIT_COUNT(self->rows));
    memcpy(self->rows[self->row_count], rows, count * TALLY_STATE_ROW_BYTES);
    self->row_count += count;
    return TALLY_OK;
}

/* Read a snapshot and recompute the root of its head. */
static tally_rc read_snapshot(fixture *f, const people *who, uint64_t index, snapshot *out)
{
    tally_ledger_journal *journal = open_journal(f, who, FIXTURE_NOW);
    tally_journal seam = tally_ledger_journal_seam(journal);
    tally_journal_row_sink sink = { out, take_rows };
    tally_buffer text;
    tally_rc rc;

    out->index = index;
    out->row_count = 0;
    tally_buffer_init(&text, sizeof(out->head_text));
    assert_int_equal(seam.calls->snapshot_head(seam.context, index, &text, NULL), TALLY_OK);
    memcpy(out->head_text, text.bytes, text.count);
    assert_int_equal(
        tally_state_parse_head(&out->head, tally_text_of(out->head_text, text.count), NULL),
        TALLY_OK);
    rc = seam.calls->snapshot_rows(seam.context, index, &sink, NULL);
    if (rc == TALLY_OK) {
        tally_hash *hash = tally_hash_new();
        tally_state_map map;
        tally_node root;

        assert_int_equal(out->row_count, out->head.rows);
        tally_state_map_init(&map, out->head.bits);
        for (size_t i = 0; i < out->row_count; i++) {
            while (map.bucket < tally_state_bucket(out->rows[i], out->head.bits))
                assert_int_equal(tally_state_map_close(&map, hash, NULL), TALLY_OK);
            assert_int_equal(tally_state_map_row(&map, hash, out->rows[i], NULL), TALLY_OK);
        }
        while (map.bucket < UINT32_C(1) << out->head.bits)
            assert_int_equal(tally_state_map_close(&map, hash, NULL), TALLY_OK);
        assert_int_equal(tally_state_map_root(&map, hash, &root), TALLY_OK);
        assert_memory_equal(root.bytes, out->head.root.bytes, TALLY_HASH_BYTES);
        tally_hash_free(hash);
    }
    tally_buffer_free(&text);
    tally_ledger_journal_close(journal);
    return rc;
}

static bool has_row(const snapshot *self, const uint8_t row[static TALLY_STATE_ROW_BYTES])
{
    for (size_t i = 0; i < self->row_count; i++) {
        if (memcmp(self->rows[i], row, TALLY_STATE_ROW_BYTES) == 0)
            return true;
    }
    return false;
}

typedef struct row_opening {
    const tally_member *member;
    tally_arena *arena;
    tally_snapshot_opening opening;
    bool is_found;
} row_opening;

static tally_rc open_row(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    row_opening *work = context;

    (void)ledger;
    return tally_snapshot_open(transaction, work->member->subject, work->member->data_key,
                               work->member->rid, work->arena, &work->opening, &work->is_found,
                               err);
}

/* The member's check (docs/formats/log.md section 5). */
static bool member_finds_row(fixture *f, const snapshot *published, const tally_member *member)
{
    row_opening work = { .member = member, .arena = tally_arena_new(4096) };
    uint8_t row[TALLY_STATE_ROW_BYTES];
    tally_hash *hash = tally_hash_new();
    char state[64];

    assert_int_equal(tally_ledger_run(f->ledger, false, open_row, &work, NULL), TALLY_OK);
    if (work.is_found) {
        (void)snprintf(state, sizeof(state), "state of %lld", (long long)member->subject);
        assert_true(tally_text_is(work.opening.state, state));
        assert_int_equal(work.opening.epoch, published->head.epoch);
        assert_int_equal(tally_snapshot_row(hash, row, member->label_secret, published->head.epoch,
                                            work.opening.salt, work.opening.state),
                         TALLY_OK);
        assert_true(has_row(published, row));
    }
    tally_hash_free(hash);
    tally_arena_free(work.arena);
    return work.is_found;
}

static void a_member_finds_the_own_row_in_a_snapshot(void **state)
{
    snapshot *first = test_calloc(1, sizeof(*first)), *second = test_calloc(1, sizeof(*second));
    uint64_t until = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 3);
    let_go(&f);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 1, &until), TALLY_OK);
    assert_int_equal(read_snapshot(&f, &who, until - 1, first), TALLY_OK);
    assert_int_equal(first->head.epoch, 0);
    assert_int_equal(first->head.rows, 256);
    assert_int_equal(first->head.policy, 1);
    assert_true(first->head.log_size <= first->index);
    take_back(&f, FIXTURE_NOW);
    for (size_t i = 0; i < who.count; i++)
        assert_true(member_finds_row(&f, first, &who.members[i]));
    let_go(&f);

    /* A beat of the same day has no other; the next day's shares nothing with it. */
    assert_int_equal(beat(&f, &who, FIXTURE_NOW + 3600000, 2, &until), TALLY_OK);
    {
        all_entries *all = read_all(&f, &who, 0, until);

        assert_int_equal(count_kind(all, TALLY_ENTRY_STATE), 1);
        test_free(all);
    }
    assert_int_equal(beat(&f, &who, FIXTURE_NOW + DAY, 3, &until), TALLY_OK);
    assert_int_equal(read_snapshot(&f, &who, until - 1, second), TALLY_OK);
    assert_int_equal(second->head.epoch, 1);
    for (size_t i = 0; i < first->row_count; i++) {
        for (size_t j = 0; j < second->row_count; j++) {
            assert_memory_not_equal(first->rows[i], second->rows[j], 32);
            assert_memory_not_equal(first->rows[i] + 32, second->rows[j] + 32, 32);
        }
    }
    take_back(&f, FIXTURE_NOW + DAY);
    for (size_t i = 0; i < who.count; i++)
        assert_true(member_finds_row(&f, second, &who.members[i]));
    test_free(first);
    test_free(second);
    fixture_end(&f);
}

static void days_without_a_beat_are_made_up_for(void **state)
{
    uint64_t until = 0;
    uint32_t next = 0;
    all_entries *all;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 1);
    let_go(&f);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 1, &until), TALLY_OK);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW + 5 * DAY, 2, &until), TALLY_OK);
    /* And at most so many at once. */
    assert_int_equal(beat(&f, &who, FIXTURE_NOW + 80 * DAY, 3, &until), TALLY_OK);
    all = read_all(&f, &who, 0, until);
    assert_int_equal(count_kind(all, TALLY_ENTRY_STATE), 6 + TALLY_SNAPSHOT_EPOCHS_MAX);
    test_free(all);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW + 80 * DAY, 4, &until), TALLY_OK);
    all = read_all(&f, &who, 0, until);
    for (size_t i = 0; i < all->count; i++) {
        assert_true(i == 0 || all->entries[i].epoch >= all->entries[i - 1].epoch);
        if (all->entries[i].kind == TALLY_ENTRY_STATE)
            assert_int_equal(all->entries[i].epoch, next++);
    }
    assert_int_equal(next, 81);
    test_free(all);
    take_back(&f, FIXTURE_NOW + 80 * DAY);
    fixture_end(&f);
}

static void rows_stay_while_a_publisher_may_need_them(void **state)
{
    snapshot *published = test_calloc(1, sizeof(*published));
    uint64_t indexes[12], until = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 2);
    let_go(&f);
    for (size_t i = 0; i < UNIT_COUNT(indexes); i++) {
        assert_int_equal(beat(&f, &who, FIXTURE_NOW + (int64_t)i * DAY, 1 + i, &until), TALLY_OK);
        indexes[i] = until - 1;
    }
    for (size_t i = 0; i < UNIT_COUNT(indexes); i++)
        assert_int_equal(read_snapshot(&f, &who, indexes[i], published),
                         i + TALLY_SNAPSHOT_ROWS_KEPT + 1 < UNIT_COUNT(indexes) ? TALLY_E_INVALID
                                                                                : TALLY_OK);
    test_free(published);
    take_back(&f, FIXTURE_NOW + 11 * DAY);
    fixture_end(&f);
}

static tally_rc delete_second(tally_ledger *ledger, tally_store_transaction *transaction,
                              void *context, tally_err *err)
{
    const people *who = context;

    return tally_member_delete(ledger, transaction, &who->members[1], err);
}

static void tR32_neg_who_leaves_while_a_snapshot_is_prepared_has_no_row(void **state)
{
    snapshot *published = test_calloc(1, sizeof(*published));
    tally_prepared_snapshots *prepared = NULL;
    uint64_t until = 0;
    tally_node label;
    tally_hash *hash = tally_hash_new();
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 3);
    assert_int_equal(tally_snapshots_prepare(&prepared, f.ledger, &who.seam, NULL), TALLY_OK);
    assert_non_null(prepared);
    assert_int_equal(tally_ledger_run(f.ledger, true, delete_second, &who, NULL), TALLY_OK);
    assert_int_equal(tally_ledger_close_beat(f.ledger, 1, prepared, &until, NULL), TALLY_OK);
    tally_prepared_snapshots_free(prepared);
    assert_int_equal(read_snapshot(&f, &who, until - 1, published), TALLY_OK);
    assert_int_equal(published->row_count, 256);
    assert_true(member_finds_row(&f, published, &who.members[0]));
    assert_true(member_finds_row(&f, published, &who.members[2]));
    assert_false(member_finds_row(&f, published, &who.members[1]));
    assert_int_equal(tally_commit_label(hash, &label, who.members[1].label_secret, 0), TALLY_OK);
    for (size_t i = 0; i < published->row_count; i++)
        assert_memory_not_equal(published->rows[i], label.bytes, 32);
    tally_hash_free(hash);
    test_free(published);
    fixture_end(&f);
}

static void tR32_neg_leaving_takes_away_what_opens_the_row(void **state)
{
    snapshot *published = test_calloc(1, sizeof(*published));
    uint64_t until = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 3);
    let_go(&f);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 1, &until), TALLY_OK);
    assert_int_equal(read_snapshot(&f, &who, until - 1, published), TALLY_OK);
    take_back(&f, FIXTURE_NOW);
    assert_true(member_finds_row(&f, published, &who.members[1]));
    assert_int_equal(tally_ledger_run(f.ledger, true, delete_second, &who, NULL), TALLY_OK);
    assert_false(member_finds_row(&f, published, &who.members[1]));
    test_free(published);
    fixture_end(&f);
}

/* ---- what fails ---- */

static void a_beat_that_fails_changes_nothing(void **state)
{
    uint64_t until = 0;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    people who;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 3);
    let_go(&f);
    who.fails = true;
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 1, &until), TALLY_E_OVERFLOW);
    who.fails = false;
    for (; rc != TALLY_OK; nth += nth < 40 ? 1 : 1 + nth / 8) {
        tally_ledger_journal *journal = open_journal(&f, &who, FIXTURE_NOW);
        tally_journal seam = tally_ledger_journal_seam(journal);
        uint64_t size = 0;

        tally_alloc_fail_at(nth);
        rc = seam.calls->begin_beat(seam.context, 1, &until, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(seam.calls->size(seam.context, &size, NULL), TALLY_OK);
        assert_int_equal(size, rc == TALLY_OK ? 3 + 16 + 1 : 3);
        tally_ledger_journal_close(journal);
    }
    assert_true(nth > 60);
    take_back(&f, FIXTURE_NOW);
    fixture_end(&f);
}

static void documents_are_what_was_published(void **state)
{
    tally_ledger_journal *journal;
    tally_journal seam;
    tally_buffer text;
    people who;
    uint64_t until = 0;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    make_people(&who, &f, 0);
    let_go(&f);
    assert_int_equal(beat(&f, &who, FIXTURE_NOW, 1, &until), TALLY_OK);
    journal = open_journal(&f, &who, FIXTURE_NOW);
    seam = tally_ledger_journal_seam(journal);
    tally_buffer_init(&text, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    assert_int_equal(seam.calls->origin(seam.context, &text, NULL), TALLY_OK);
    assert_string_equal(tally_buffer_string(&text), FIXTURE_ORIGIN);
    for (uint64_t i = 0; i < 3; i++) {
        tally_buffer_reset(&text);
        assert_int_equal(seam.calls->document(seam.context, i, &text, NULL), TALLY_OK);
        assert_true(text.count > 100);
    }
    /* A record has no document, a snapshot's head is none, and a document no snapshot. */
    assert_int_equal(seam.calls->document(seam.context, 3, &text, NULL), TALLY_E_INVALID);
    assert_int_equal(seam.calls->document(seam.context, until - 1, &text, NULL), TALLY_E_INVALID);
    assert_int_equal(seam.calls->snapshot_head(seam.context, 0, &text, NULL), TALLY_E_INVALID);
    tally_buffer_free(&text);
    tally_ledger_journal_close(journal);
    take_back(&f, FIXTURE_NOW);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR23_pos_a_beat_does_not_tell_how_much_happened),
        cmocka_unit_test(a_closed_beat_gives_the_same_answer),
        cmocka_unit_test(while_another_writes_a_beat_waits_for_it),
        cmocka_unit_test(a_member_finds_the_own_row_in_a_snapshot),
        cmocka_unit_test(days_without_a_beat_are_made_up_for),
        cmocka_unit_test(rows_stay_while_a_publisher_may_need_them),
        cmocka_unit_test(tR32_neg_who_leaves_while_a_snapshot_is_prepared_has_no_row),
        cmocka_unit_test(tR32_neg_leaving_takes_away_what_opens_the_row),
        cmocka_unit_test(a_beat_that_fails_changes_nothing),
        cmocka_unit_test(documents_are_what_was_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
