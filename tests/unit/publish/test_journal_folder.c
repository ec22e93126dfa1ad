/* SPDX-License-Identifier: Apache-2.0 */
/* The journal in a folder: what an append returned for is there after any crash. */

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "../../publish/sim_files.h"
#include "publish/journal_folder.h"

static sim_files *sim;
static tally_files files;

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    memset(out, 0xab, bytes);
    return TALLY_OK;
}

static const tally_random fixed = { .fill = fill };

static tally_rc create(tally_err *err)
{
    return tally_journal_folder_create(&files, SIM_ROOT, "journal", TALLY_TEXT("log.example.org/x"),
                                       TALLY_TEXT("genesis"), TALLY_TEXT("policy"), err);
}

static tally_rc open_it(tally_journal_folder *out, tally_err *err)
{
    return tally_journal_folder_open(out, &files, SIM_ROOT, "journal", &fixed, err);
}

static int set_up(void **state)
{
    (void)state;
    sim = sim_files_new(1);
    files = sim_files_calls(sim);
    assert_int_equal(create(NULL), TALLY_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_files_free(sim);
    return 0;
}

static void what_was_appended_is_read(void **state)
{
    tally_journal_folder journal;
    const tally_journal_calls *calls;
    tally_node commitment = { { 7 } };
    tally_buffer text;
    uint64_t index = 0, size = 0;

    (void)state;
    assert_int_equal(open_it(&journal, NULL), TALLY_OK);
    calls = journal.journal.calls;
    tally_buffer_init(&text, 100);
    assert_int_equal(calls->origin(&journal, &text, NULL), TALLY_OK);
    assert_true(tally_text_is(tally_buffer_text(&text), "log.example.org/x"));
    assert_int_equal(tally_journal_folder_append(&journal, &commitment, &index, NULL), TALLY_OK);
    assert_int_equal(index, 2);
    assert_int_equal(
        calls->append_document(&journal, TALLY_ENTRY_POLICY, TALLY_TEXT("second"), &index, NULL),
        TALLY_OK);
    tally_journal_folder_close(&journal);
    assert_int_equal(open_it(&journal, NULL), TALLY_OK);
    assert_int_equal(calls->size(&journal, &size, NULL), TALLY_OK);
    assert_int_equal(size, 4);
    assert_int_equal(journal.policy, 2);
    tally_buffer_reset(&text);
    assert_int_equal(calls->document(&journal, 3, &text, NULL), TALLY_OK);
    assert_true(tally_text_is(tally_buffer_text(&text), "second"));
    assert_int_equal(calls->document(&journal, 2, &text, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_journal_folder_set_epoch(&journal, 0, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_journal_folder_set_epoch(&journal, 5, NULL), TALLY_OK);
    tally_buffer_free(&text);
    tally_journal_folder_close(&journal);
}

static void a_beat_is_padded_once(void **state)
{
    tally_journal_folder journal;
    tally_node commitment = { { 7 } };
    uint64_t until = 0, again = 0;

    (void)state;
    assert_int_equal(open_it(&journal, NULL), TALLY_OK);
    assert_int_equal(journal.journal.calls->begin_beat(&journal, 100, &until, NULL), TALLY_OK);
    assert_int_equal(until, 2 + 16);
    for (uint32_t i = 0; i < 17; i++)
        assert_int_equal(tally_journal_folder_append(&journal, &commitment, NULL, NULL), TALLY_OK);
    tally_journal_folder_close(&journal);
    assert_int_equal(open_it(&journal, NULL), TALLY_OK);
    assert_int_equal(journal.journal.calls->begin_beat(&journal, 100, &again, NULL), TALLY_OK);
    assert_int_equal(again, until);
    assert_int_equal(journal.journal.calls->begin_beat(&journal, 200, &until, NULL), TALLY_OK);
    assert_int_equal(until, 18 + 32);
    assert_int_equal(journal.journal.calls->begin_beat(&journal, 100, &again, NULL), TALLY_OK);
    assert_int_equal(again, 18);
    assert_int_equal(journal.journal.calls->begin_beat(&journal, 150, &again, NULL),
                     TALLY_E_INVALID);
    tally_journal_folder_close(&journal);
}

static void there_is_one_writer(void **state)
{
    tally_journal_folder first, second;

    (void)state;
    assert_int_equal(open_it(&first, NULL), TALLY_OK);
    assert_int_equal(open_it(&second, NULL), TALLY_E_CONFLICT);
    tally_journal_folder_close(&second);
    tally_journal_folder_close(&first);
}

static void a_second_journal_is_not_made_over_the_first(void **state)
{
    (void)state;
    assert_int_equal(create(NULL), TALLY_E_CONFLICT);
    assert_int_equal(tally_journal_folder_create(&files, SIM_ROOT, "other",
                                                 TALLY_TEXT("has space +"), TALLY_TEXT("g"),
                                                 TALLY_TEXT(""), NULL),
                     TALLY_E_INVALID);
}

static void files_that_do_not_fit_are_refused(void **state)
{
    tally_journal_folder journal;
    static const uint8_t beat[16] = { [15] = 99 };

    (void)state;
    sim_files_put(sim, "journal/beats", beat, sizeof(beat));
    assert_int_equal(open_it(&journal, NULL), TALLY_E_CORRUPT);
    tally_journal_folder_close(&journal);
    sim_files_put(sim, "journal/beats", "", 0);
    sim_files_put(sim, "journal/origin", "no newline", 10);
    assert_int_equal(open_it(&journal, NULL), TALLY_E_CORRUPT);
    tally_journal_folder_close(&journal);
}

/* At every operation, from its making on. */
static void what_was_answered_survives_any_crash(void **state)
{
    (void)state;
    for (uint64_t nth = 0;; nth++) {
        static const sim_fault faults[] = { SIM_CRASH, SIM_FAIL, SIM_NO_SPACE };
        tally_journal_folder journal;
        tally_node commitment = { { 7 } };
        uint64_t answered = 0, until = 0, again = 0;
        tally_rc rc;
        bool is_faulted, has_beat = false;

        sim_files_free(sim);
        sim = sim_files_new(nth);
        files = sim_files_calls(sim);
        sim_files_fault(sim, faults[nth % 3], nth / 3);
        rc = create(NULL);
        if (rc == TALLY_OK) {
            answered = 2;
            rc = open_it(&journal, NULL);
            for (uint32_t i = 0; i < 3 && rc == TALLY_OK; i++) {
                rc = tally_journal_folder_append(&journal, &commitment, NULL, NULL);
                answered += rc == TALLY_OK;
            }
            if (rc == TALLY_OK)
                rc = journal.journal.calls->begin_beat(&journal, 10, &until, NULL);
            has_beat = rc == TALLY_OK;
            tally_journal_folder_close(&journal);
        }
        is_faulted = sim_files_is_faulted(sim);
        sim_files_reboot(sim);
        rc = create(NULL);
        assert_true(rc == TALLY_OK || rc == TALLY_E_CONFLICT);
        assert_int_equal(open_it(&journal, NULL), TALLY_OK);
        assert_true(journal.size >= answered);
        assert_int_equal(journal.journal.calls->begin_beat(&journal, 10, &again, NULL), TALLY_OK);
        assert_true(!has_beat || again == until);
        tally_journal_folder_close(&journal);
        if (!is_faulted)
            break;
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_appended_is_read),
        CASE(a_beat_is_padded_once),
        CASE(there_is_one_writer),
        CASE(a_second_journal_is_not_made_over_the_first),
        CASE(files_that_do_not_fit_are_refused),
        CASE(what_was_answered_survives_any_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
