/* SPDX-License-Identifier: Apache-2.0 */
/* The publisher on a disk that works, and against those who meddle. */

#include "world.h"

#include "util/alloc.h"

static world at;

static int set_up(void **state)
{
    (void)state;
    world_init(&at, 1);
    sim_files_observe(at.sim, world_observe, &at);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(&at);
    return 0;
}

/* Open, or beat, must fail so and say so. */
static void assert_stops(tally_rc wanted, const char *words)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_rc rc = world_open(&at, &err);
    size_t before = 0, after = 0;

    (void)sim_files_content(at.sim, "log-state/heads", &before);
    if (rc == TALLY_OK)
        rc = world_beat(&at, 1000, &done, &err);
    (void)sim_files_content(at.sim, "log-state/heads", &after);
    assert_int_equal(rc, wanted);
    if (strstr(err.message, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, err.message);
    assert_int_equal(before, after); /* nothing was signed */
    world_close(&at);
}

static void a_beat_is_public_when_it_returns(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    at.memory.beats_an_epoch = 2;
    at.memory.members = 300;
    assert_int_equal(world_open(&at, &err), TALLY_OK);
    for (uint64_t beat = 0; beat < 30; beat++) {
        memory_journal_add(&at.memory, beat * 7 % 45);
        assert_int_equal(world_beat(&at, beat, &done, &err), TALLY_OK);
        assert_true(done.is_public);
        assert_int_equal(done.size, at.memory.count);
    }
    world_observe(&at);
    assert_int_equal(at.seen_size, at.memory.count);
    assert_int_equal(at.seen_count, 30);
    /* The same beat again publishes nothing, whatever came in since. */
    memory_journal_add(&at.memory, 5);
    assert_int_equal(world_beat(&at, 29, &done, &err), TALLY_OK);
    assert_int_equal(done.new_count, 0);
}

static void splitting_the_entries_into_beats_otherwise_gives_the_same_full_tiles(void **state)
{
    static world other;
    tally_tile_walk walk = { .size = 0 };
    tally_tile tile;

    (void)state;
    world_init(&other, 1);
    for (uint64_t i = 0; i < 12; i++) {
        memory_journal_add(&at.memory, 16 * (i % 5 + 1) - (i == 0 ? 0 : 0));
        world_must_beat(&at, i);
    }
    memory_journal_add(&other.memory, at.memory.count - 2);
    world_must_beat(&other, 0);
    assert_int_equal(other.memory.count, at.memory.count);
    walk.size = at.memory.count;
    while (tally_tile_next(&walk, &tile)) {
        char path[TALLY_TILE_PATH_BYTES];

        (void)tally_tile_path(path, &tile);
        assert_true(tally_text_is_equal(world_file(&at, path), world_file(&other, path)));
    }
    assert_true(
        tally_text_is_equal(world_file(&at, "checkpoint"), world_file(&other, "checkpoint")));
    world_free(&other);
}

static void a_second_publisher_waits_for_the_lock(void **state)
{
    tally_publisher *second = NULL;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_int_equal(world_open(&at, &err), TALLY_OK);
    assert_int_equal(tally_publisher_open(&second, &at.options, &err), TALLY_E_CONFLICT);
    assert_null(second);
    world_close(&at);
    tally_err_clear(&err);
    assert_int_equal(tally_publisher_open(&second, &at.options, &err), TALLY_OK);
    tally_publisher_close(second);
}

/* Past the lock, as on a network disk that does not know it. */
static void of_two_writers_one_signs(void **state)
{
    size_t count = 0;
    char *heads;
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    const char *now;

    (void)state;
    world_must_beat(&at, 0);
    assert_int_equal(world_open(&at, &err), TALLY_OK);
    now = sim_files_content(at.sim, "log-state/heads", &count);
    heads = malloc(2 * count);
    assert_non_null(heads);
    memcpy(heads, now, count);
    memcpy(heads + count, now, count);
    sim_files_put(at.sim, "log-state/heads", heads, 2 * count);
    memory_journal_add(&at.memory, 1);
    assert_int_equal(world_beat(&at, 1, &done, &err), TALLY_E_CONFLICT);
    assert_non_null(strstr(err.message, "second publisher"));
    /* It does not sign later either. */
    tally_err_clear(&err);
    assert_int_equal(world_beat(&at, 2, &done, &err), TALLY_E_CORRUPT);
    free(heads);
}

/* A copy of the whole machine went on publishing to the same public folder. */
static void heads_restored_from_a_backup_sign_nothing(void **state)
{
    size_t count = 0;
    char *heads;
    const char *now;

    (void)state;
    world_must_beat(&at, 0);
    now = sim_files_content(at.sim, "log-state/heads", &count);
    heads = malloc(count);
    assert_non_null(heads);
    memcpy(heads, now, count);
    memory_journal_add(&at.memory, 1);
    world_must_beat(&at, 1);
    sim_files_put(at.sim, "log-state/heads", heads, count);
    assert_stops(TALLY_E_CORRUPT, "newer than the last signed head");
    free(heads);
}

static void heads_that_are_gone_sign_nothing(void **state)
{
    (void)state;
    world_must_beat(&at, 0);
    assert_true(sim_files_delete(at.sim, "log-state/heads"));
    assert_stops(TALLY_E_CORRUPT, "newer than the last signed head");
}

static void a_public_checkpoint_of_another_history_stops_it(void **state)
{
    static world other;
    tally_text note;

    (void)state;
    world_init(&other, 2);
    world_must_beat(&at, 0);
    world_must_beat(&other, 0);
    note = world_file(&other, "checkpoint");
    sim_files_observe(at.sim, NULL, NULL);
    sim_files_put(at.sim, "log/checkpoint", note.bytes, note.count);
    assert_stops(TALLY_E_CORRUPT, "fork");
    world_free(&other);
}

static void a_journal_that_lost_signed_entries_stops_it(void **state)
{
    (void)state;
    memory_journal_add(&at.memory, 40);
    world_must_beat(&at, 0);
    at.memory.count -= 3;
    at.memory.beat_start = at.memory.count;
    assert_stops(TALLY_E_CORRUPT, "restored from a backup");
}

static void a_journal_that_lost_entries_and_grew_again_stops_it(void **state)
{
    static const uint64_t adds[] = { 5, 14, 254, 300, 510, 600 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(adds); i++) {
        tear_down(NULL);
        world_init(&at, 1);
        memory_journal_add(&at.memory, adds[i]);
        world_must_beat(&at, 0);
        at.memory.count -= 3;
        at.memory.seed++;
        memory_journal_add(&at.memory, 100);
        assert_stops(TALLY_E_CORRUPT, "does not have the entries that were signed");
    }
}

static void an_altered_file_stops_it(void **state)
{
    static const char *const paths[] = { "tile/0/002.p/114", "tile/1/000.p/2",
                                         "tile/entries/002.p/114" };

    (void)state;
    memory_journal_add(&at.memory, 512 + 97);
    world_must_beat(&at, 0);
    sim_files_observe(at.sim, NULL, NULL);
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        tally_text now = world_file(&at, paths[i]);
        char path[128];
        char *copy;

        if (now.bytes == NULL)
            fail_msg("%s is not there", paths[i]);
        copy = malloc(now.count);
        assert_non_null(copy);
        memcpy(copy, now.bytes, now.count);
        copy[now.count / 2] ^= 1;
        (void)snprintf(path, sizeof(path), "log/%s", paths[i]);
        sim_files_put(at.sim, path, copy, now.count);
        assert_stops(TALLY_E_CORRUPT, "altered");
        copy[now.count / 2] ^= 1;
        sim_files_put(at.sim, path, copy, now.count);
        free(copy);
    }
    world_must_beat(&at, 2000);
}

static void lost_files_are_written_again_from_the_journal(void **state)
{
    static const char *const paths[] = { "log/tile/0/002.p/114", "log/tile/1/000.p/2",
                                         "log/tile/entries/002.p/114", "log/checkpoint" };

    (void)state;
    memory_journal_add(&at.memory, 512 + 97);
    world_must_beat(&at, 0);
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        tally_err err = TALLY_ERR_INIT;
        tally_published done;

        assert_true(sim_files_delete(at.sim, paths[i]));
        assert_int_equal(world_open(&at, &err), TALLY_OK);
        assert_int_equal(world_beat(&at, 0, &done, &err), TALLY_OK);
        world_close(&at);
        world_read(&at);
    }
    /* All of it at once. */
    sim_files_observe(at.sim, NULL, NULL);
    assert_true(sim_files_delete(at.sim, "log/tile") &&
                sim_files_delete(at.sim, "log/checkpoint") &&
                sim_files_delete(at.sim, "log/documents"));
    world_must_beat(&at, 0);
    world_read(&at);
}

static void a_cut_tile_is_written_again(void **state)
{
    tally_text now;

    (void)state;
    memory_journal_add(&at.memory, 97);
    world_must_beat(&at, 0);
    now = world_file(&at, "tile/0/000.p/114");
    sim_files_observe(at.sim, NULL, NULL);
    assert_non_null(now.bytes);
    {
        char copy[8192];

        memcpy(copy, now.bytes, now.count);
        sim_files_put(at.sim, "log/tile/0/000.p/114", copy, now.count / 2);
    }
    world_must_beat(&at, 0);
    world_read(&at);
}

static void another_key_is_refused(void **state)
{
    (void)state;
    world_must_beat(&at, 0);
    at.options.signers = &at.signers[1];
    assert_stops(TALLY_E_INVALID, "not by this key");
}

static void while_keys_change_both_sign(void **state)
{
    const tally_vkey *keys = at.keys;

    (void)state;
    world_must_beat(&at, 0);
    (void)memory_journal_add_document(&at.memory, TALLY_ENTRY_KEY, "{\"key\":\"new\"}");
    at.options.signer_count = 2;
    world_must_beat(&at, 1);
    for (size_t i = 0; i < 2; i++) {
        const tally_trust trust = { .origin = TALLY_TEXT(MEMORY_ORIGIN),
                                    .log_keys = &keys[i],
                                    .log_key_count = 1 };
        tally_opened opened;

        assert_int_equal(
            tally_checkpoint_open(&opened, world_file(&at, "checkpoint"), &trust, NULL), TALLY_OK);
    }
    at.options.signers = &at.signers[1];
    at.options.signer_count = 1;
    world_must_beat(&at, 2);
}

/* What a broken ledger could hand over, and auditors would refuse for ever. */
static void entries_that_no_log_may_have_are_not_signed(void **state)
{
    (void)state;
    world_must_beat(&at, 0);
    memory_journal_add(&at.memory, 1);
    at.memory.entries[(at.memory.count - 1) * TALLY_ENTRY_BYTES + 1] = 9;
    assert_stops(TALLY_E_INVALID, "kind");
    tear_down(NULL);
    world_init(&at, 1);
    at.memory.epoch = 5;
    memory_journal_add(&at.memory, 1);
    at.memory.epoch = 4;
    assert_stops(TALLY_E_INVALID, "earlier epoch");
    tear_down(NULL);
    world_init(&at, 1);
    at.memory.policy = 7;
    memory_journal_add(&at.memory, 1);
    assert_stops(TALLY_E_INVALID, "policy that is not in force");
    tear_down(NULL);
    world_init(&at, 1);
    (void)memory_journal_add_document(&at.memory, TALLY_ENTRY_GENESIS, "again");
    assert_stops(TALLY_E_INVALID, "second genesis");
}

static void a_document_that_no_entry_commits_stops_it(void **state)
{
    (void)state;
    at.memory.documents[1].bytes[0] ^= 1;
    assert_stops(TALLY_E_CORRUPT, "document of entry 1");
}

static void a_snapshot_that_no_entry_commits_stops_it(void **state)
{
    uint64_t until;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tear_down(NULL);
        world_init(&at, 1);
        at.memory.beats_an_epoch = 1;
        at.memory.members = 300;
        assert_int_equal(at.memory.journal.calls->begin_beat(&at.memory, 1000, &until, NULL),
                         TALLY_OK);
        if (i == 0)
            at.memory.documents[2].rows[70] ^= 1;
        else if (i == 1)
            at.memory.documents[2].row_count--;
        else
            memcpy(at.memory.documents[2].rows, at.memory.documents[2].rows + 64, 64);
        assert_stops(TALLY_E_CORRUPT, i == 2 ? "row" : "rows of entry 2");
    }
}

static tally_rc unpadded_beat(void *context, uint64_t beat, uint64_t *out_until, tally_err *err)
{
    (void)beat;
    (void)err;
    *out_until = ((memory_journal *)context)->count;
    return TALLY_OK;
}

static void a_beat_that_shows_how_many_records_there_were_is_not_published(void **state)
{
    tally_journal_calls calls = *at.memory.journal.calls;

    (void)state;
    calls.begin_beat = unpadded_beat;
    at.memory.journal.calls = &calls;
    memory_journal_add(&at.memory, 3);
    assert_stops(TALLY_E_INVALID, "not padded");
    at.memory.count -= 3;
    assert_stops(TALLY_E_INVALID, "not padded");
    memory_journal_add(&at.memory, 32);
    world_must_beat(&at, 1);
}

/* File sizes and entry counts say nothing about what happened. */
static void no_event_and_ten_events_look_the_same(void **state)
{
    static world other;

    (void)state;
    world_init(&other, 3);
    for (uint64_t beat = 0; beat < 5; beat++) {
        memory_journal_add(&other.memory, beat == 2 ? 10 : 0);
        world_must_beat(&at, beat);
        world_must_beat(&other, beat);
        assert_int_equal(at.memory.count, other.memory.count);
        assert_int_equal(world_file(&at, "checkpoint").count,
                         world_file(&other, "checkpoint").count);
    }
    world_free(&other);
}

static void partial_files_go_an_hour_after_the_full_ones_are_covered(void **state)
{
    static const char partial[] = "tile/0/000.p/18", bundle[] = "tile/entries/000.p/18";
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    assert_int_equal(world_open(&at, &err), TALLY_OK);
    assert_int_equal(tally_publisher_beat(at.publisher, 1, 10000, &done, &err), TALLY_OK);
    memory_journal_add(&at.memory, 400);
    assert_int_equal(tally_publisher_beat(at.publisher, 2, 13600, &done, &err), TALLY_OK);
    assert_true(world_file(&at, partial).bytes != NULL);
    /* Covered since 13600, if the first beat was swept then; so wait for that. */
    assert_int_equal(tally_publisher_beat(at.publisher, 3, 17199, &done, &err), TALLY_OK);
    assert_true(world_file(&at, partial).bytes != NULL);
    assert_int_equal(tally_publisher_beat(at.publisher, 4, 17200, &done, &err), TALLY_OK);
    assert_true(world_file(&at, partial).bytes == NULL);
    assert_true(world_file(&at, bundle).bytes == NULL);
    assert_int_equal(done.removed_count, 2);
    /* Those of the last tile stay. */
    assert_int_equal(tally_publisher_beat(at.publisher, 5, 99999, &done, &err), TALLY_OK);
    world_read(&at);
    world_close(&at);
    world_must_beat(&at, 1000);
}

/* With every single allocation failing in turn it says so, signs nothing twice,
 * and goes on when there is memory again. */
static void without_memory_it_waits(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_err err = TALLY_ERR_INIT;
        tally_published done;
        uint64_t until;

        tear_down(NULL);
        world_init(&at, 1);
        memory_journal_add(&at.memory, 300);
        assert_int_equal(at.memory.journal.calls->begin_beat(&at.memory, 1, &until, NULL),
                         TALLY_OK);
        tally_alloc_fail_at(nth);
        rc = world_open(&at, &err);
        if (rc == TALLY_OK)
            rc = world_beat(&at, 1, &done, &err);
        tally_alloc_fail_never();
        if (rc != TALLY_OK && rc != TALLY_E_NOMEM)
            fail_msg("allocation %u: %s: %s", nth, tally_rc_name(rc), err.message);
        world_close(&at);
        world_must_beat(&at, 1);
        world_read(&at);
        assert_int_equal(at.seen_size, until);
    }
    assert_true(nth > 20);
}

/* Operations on the disk for a beat of 300 entries, once the log has that many and
 * the partial files of before are gone. */
static uint64_t cost_at(uint64_t count, uint64_t *inout_beat)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    memory_journal_add(&at.memory, count);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(world_beat(&at, ++*inout_beat, &done, &err), TALLY_OK);
    memory_journal_add(&at.memory, 300);
    sim_files_fault(at.sim, SIM_NOTHING, 0);
    at.memory.reads = 0;
    assert_int_equal(world_beat(&at, ++*inout_beat, &done, &err), TALLY_OK);
    assert_true(at.memory.reads < 5 * (256 + 304) + 4 * 256);
    return sim_files_count(at.sim);
}

static void a_beat_costs_what_is_new(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    uint64_t beat = 0;

    (void)state;
    sim_files_observe(at.sim, NULL, NULL);
    assert_int_equal(world_open(&at, &err), TALLY_OK);
    assert_true(cost_at(1000, &beat) < 250);
    assert_true(cost_at(69000, &beat) < 250);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_beat_is_public_when_it_returns),
        CASE(splitting_the_entries_into_beats_otherwise_gives_the_same_full_tiles),
        CASE(a_second_publisher_waits_for_the_lock),
        CASE(of_two_writers_one_signs),
        CASE(heads_restored_from_a_backup_sign_nothing),
        CASE(heads_that_are_gone_sign_nothing),
        CASE(a_public_checkpoint_of_another_history_stops_it),
        CASE(a_journal_that_lost_signed_entries_stops_it),
        CASE(a_journal_that_lost_entries_and_grew_again_stops_it),
        CASE(an_altered_file_stops_it),
        CASE(lost_files_are_written_again_from_the_journal),
        CASE(a_cut_tile_is_written_again),
        CASE(another_key_is_refused),
        CASE(while_keys_change_both_sign),
        CASE(entries_that_no_log_may_have_are_not_signed),
        CASE(a_document_that_no_entry_commits_stops_it),
        CASE(a_snapshot_that_no_entry_commits_stops_it),
        CASE(a_beat_that_shows_how_many_records_there_were_is_not_published),
        CASE(no_event_and_ten_events_look_the_same),
        CASE(partial_files_go_an_hour_after_the_full_ones_are_covered),
        CASE(without_memory_it_waits),
        CASE(a_beat_costs_what_is_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
