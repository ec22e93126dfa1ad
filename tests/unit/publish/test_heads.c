/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of signed heads: appending, finding, and what a crash or a hand may
 * do to the file. */

#include "unit.h"

#include <stdlib.h>

#include "../../publish/sim_files.h"
#include "publish/heads.h"

static sim_files *sim;
static tally_files files;
static tally_folder folder;
static tally_hash *hash;
static tally_heads heads;

static tally_head head_of(uint64_t size)
{
    tally_head head = { .size = size, .root = tally_tree_empty_root };

    if (size > 0)
        memset(head.root.bytes, (int)size, sizeof(head.root.bytes));
    return head;
}

static tally_rc reopen(tally_err *err)
{
    tally_heads_close(&heads);
    return tally_heads_open(&heads, &folder, hash, err);
}

static tally_rc append(uint64_t old, uint64_t next, tally_err *err)
{
    const tally_head from = head_of(old), to = head_of(next);

    return tally_heads_append(&heads, &from, &to, TALLY_TEXT("a note\n"), err);
}

static int set_up(void **state)
{
    (void)state;
    sim = sim_files_new(1);
    files = sim_files_calls(sim);
    hash = tally_hash_new();
    assert_non_null(hash);
    assert_int_equal(tally_folder_open(&folder, &files, SIM_ROOT, "log-state", NULL), TALLY_OK);
    assert_int_equal(reopen(NULL), TALLY_OK);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(append(i * 10, i * 10 + 10, NULL), TALLY_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tally_heads_close(&heads);
    tally_folder_close(&folder);
    tally_hash_free(hash);
    sim_files_free(sim);
    return 0;
}

static void heads_are_found_again(void **state)
{
    (void)state;
    assert_int_equal(reopen(NULL), TALLY_OK);
    assert_int_equal(heads.count, 5);
    assert_int_equal(heads.last.size, 50);
    assert_true(tally_text_is(tally_buffer_text(&heads.note), "a note\n"));
    for (uint64_t i = 0; i < 60; i++) {
        tally_head wanted = head_of(i);
        tally_node root;
        bool is_found;

        assert_int_equal(tally_heads_find(&heads, i, &root, &is_found, NULL), TALLY_OK);
        assert_int_equal(is_found, i % 10 == 0 && i <= 50);
        if (is_found)
            assert_memory_equal(root.bytes, wanted.root.bytes, sizeof(root.bytes));
    }
}

static void only_the_last_head_is_continued(void **state)
{
    tally_head wrong = head_of(50), next = head_of(60);

    (void)state;
    assert_int_equal(append(40, 60, NULL), TALLY_E_CONFLICT);
    assert_int_equal(append(0, 60, NULL), TALLY_E_CONFLICT);
    wrong.root.bytes[0] ^= 1;
    assert_int_equal(tally_heads_append(&heads, &wrong, &next, TALLY_TEXT("n"), NULL),
                     TALLY_E_CONFLICT);
    assert_int_equal(append(50, 50, NULL), TALLY_E_INVALID);
    assert_int_equal(append(50, 40, NULL), TALLY_E_INVALID);
    assert_int_equal(append(50, 60, NULL), TALLY_OK);
}

static void a_record_cut_anywhere_is_cut_off(void **state)
{
    size_t whole = 0, count = 0;
    char copy[8192];
    size_t record;

    (void)state;
    (void)sim_files_content(sim, "log-state/heads", &whole);
    memcpy(copy, sim_files_content(sim, "log-state/heads", &whole), whole);
    record = whole / 5;
    for (size_t cut = 1; cut < record; cut++) {
        sim_files_put(sim, "log-state/heads", copy, whole - cut);
        assert_int_equal(reopen(NULL), TALLY_OK);
        assert_int_equal(heads.last.size, 40);
        (void)sim_files_content(sim, "log-state/heads", &count);
        assert_int_equal(count, whole - record);
        assert_int_equal(append(40, 45, NULL), TALLY_OK);
        assert_int_equal(reopen(NULL), TALLY_OK);
        assert_int_equal(heads.last.size, 45);
    }
}

static void a_record_with_a_hole_at_the_end_is_cut_off(void **state)
{
    size_t whole = 0;
    char copy[8192];

    (void)state;
    (void)sim_files_content(sim, "log-state/heads", &whole);
    memcpy(copy, sim_files_content(sim, "log-state/heads", &whole), whole);
    memset(copy + whole - whole / 5, 0, whole / 5 - 10);
    sim_files_put(sim, "log-state/heads", copy, whole);
    assert_int_equal(reopen(NULL), TALLY_OK);
    assert_int_equal(heads.last.size, 40);
}

/* Nothing that was signed is ever forgotten: a flipped bit stops the log. */
static void damage_before_the_last_record_stops_it(void **state)
{
    size_t whole = 0;
    char copy[8192];

    (void)state;
    (void)sim_files_content(sim, "log-state/heads", &whole);
    memcpy(copy, sim_files_content(sim, "log-state/heads", &whole), whole);
    for (size_t i = 0; i < whole - whole / 5; i++) {
        copy[i] ^= 4;
        sim_files_put(sim, "log-state/heads", copy, whole);
        assert_int_equal(reopen(NULL), TALLY_E_CORRUPT);
        copy[i] ^= 4;
    }
    sim_files_put(sim, "log-state/heads", copy, whole);
    assert_int_equal(reopen(NULL), TALLY_OK);
}

static void a_record_taken_out_or_moved_stops_it(void **state)
{
    size_t whole = 0, record;
    char copy[8192], swapped[8192];

    (void)state;
    (void)sim_files_content(sim, "log-state/heads", &whole);
    memcpy(copy, sim_files_content(sim, "log-state/heads", &whole), whole);
    record = whole / 5;
    memcpy(swapped, copy, record);
    memcpy(swapped + record, copy + 2 * record, whole - 2 * record);
    sim_files_put(sim, "log-state/heads", swapped, whole - record);
    assert_int_equal(reopen(NULL), TALLY_E_CORRUPT);
    memcpy(swapped + record, copy, whole);
    sim_files_put(sim, "log-state/heads", swapped, whole + record);
    assert_int_equal(reopen(NULL), TALLY_E_CORRUPT);
}

/* At every operation: either it is there afterwards, or it was never signed. */
static void an_append_is_whole_or_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        bool is_faulted;
        tally_rc rc;

        tear_down(NULL);
        set_up(NULL);
        sim_files_fault(sim, nth % 2 == 0 ? SIM_CRASH : SIM_FAIL, nth / 2);
        rc = append(50, 60, NULL);
        is_faulted = sim_files_is_faulted(sim);
        if (rc != TALLY_OK && nth % 2 == 1 && folder.is_broken)
            assert_int_equal(append(50, 60, NULL), TALLY_E_IO);
        tally_heads_close(&heads);
        tally_folder_close(&folder);
        sim_files_reboot(sim);
        assert_int_equal(tally_folder_open(&folder, &files, SIM_ROOT, "log-state", NULL), TALLY_OK);
        assert_int_equal(reopen(NULL), TALLY_OK);
        assert_true(heads.last.size == 60 || (rc != TALLY_OK && heads.last.size == 50));
        if (!is_faulted)
            break;
    }
}

static void long_notes_fit(void **state)
{
    static char note[TALLY_NOTE_BYTES_MAX + 1];
    const tally_head from = head_of(50), to = head_of(60);

    (void)state;
    memset(note, 'n', sizeof(note));
    assert_int_equal(
        tally_heads_append(&heads, &from, &to, tally_text_of(note, sizeof(note)), NULL),
        TALLY_E_LIMIT);
    assert_int_equal(
        tally_heads_append(&heads, &from, &to, tally_text_of(note, sizeof(note) - 1), NULL),
        TALLY_OK);
    assert_int_equal(reopen(NULL), TALLY_OK);
    assert_int_equal(heads.last.size, 60);
    assert_int_equal(heads.note.count, TALLY_NOTE_BYTES_MAX);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(heads_are_found_again),
        CASE(only_the_last_head_is_continued),
        CASE(a_record_cut_anywhere_is_cut_off),
        CASE(a_record_with_a_hole_at_the_end_is_cut_off),
        CASE(damage_before_the_last_record_stops_it),
        CASE(a_record_taken_out_or_moved_stops_it),
        CASE(an_append_is_whole_or_nothing),
        CASE(long_notes_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
