/* SPDX-License-Identifier: Apache-2.0 */
/* A source's outbox: numbers used once, whatever happens in between. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/outbox.h"
#include "util/alloc.h"

static const tally_outbox_owner owner = { { "p.example", 9 }, { "did:key:z6MkA", 13 } };

typedef struct fixture {
    char root[64], folder[80], journal[100];
    tally_outbox *outbox;
    tally_err err;
} fixture;

static int begin(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return 1;
    (void)snprintf(made->root, sizeof(made->root), "/tmp/tally-outbox-XXXXXX");
    if (mkdtemp(made->root) == NULL) {
        free(made);
        return 1;
    }
    (void)snprintf(made->folder, sizeof(made->folder), "%s/outbox", made->root);
    (void)snprintf(made->journal, sizeof(made->journal), "%s/journal", made->folder);
    *state = made;
    return 0;
}

static void remove_file(const fixture *made, const char *name)
{
    char path[120];

    (void)snprintf(path, sizeof(path), "%s/%s", made->folder, name);
    (void)unlink(path);
}

static void remove_folder(const fixture *made)
{
    char name[40];

    for (int i = 1; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "%d.batch", i);
        remove_file(made, name);
        (void)snprintf(name, sizeof(name), "%d.reply", i);
        remove_file(made, name);
    }
    remove_file(made, "journal");
    remove_file(made, "lock");
    (void)rmdir(made->folder);
}

static int end(void **state)
{
    fixture *made = *state;

    tally_outbox_close(made->outbox);
    remove_folder(made);
    assert_int_equal(rmdir(made->root), 0);
    free(made);
    return 0;
}

static tally_rc reopen(fixture *made)
{
    tally_outbox_close(made->outbox);
    made->outbox = NULL;
    tally_err_clear(&made->err);
    return tally_outbox_open(&made->outbox, made->folder, &owner, &made->err);
}

static tally_outbox_input input_of(uint8_t number)
{
    tally_outbox_input input = { .form = TALLY_BATCH_CSV, .name = "week 10.csv" };

    memset(input.hash.bytes, number, sizeof(input.hash.bytes));
    return input;
}

static void add(fixture *made, uint64_t number, const char *message, uint64_t bytes)
{
    if (tally_outbox_add(made->outbox, number, tally_text_from(message), bytes, (uint32_t)number,
                         &made->err) != TALLY_OK)
        fail_msg("%s", made->err.message);
}

static tally_outbox_progress begin_input(fixture *made, uint8_t number)
{
    tally_outbox_input input = input_of(number);
    tally_outbox_progress progress = { .bytes = 0 };

    if (tally_outbox_begin(made->outbox, &input, false, &progress, &made->err) != TALLY_OK)
        fail_msg("%s", made->err.message);
    return progress;
}

static void assert_message(fixture *made, uint64_t number, const char *wanted)
{
    tally_buffer message;

    tally_buffer_init(&message, 1000);
    assert_int_equal(tally_outbox_read(made->outbox, number, &message, &made->err), TALLY_OK);
    assert_string_equal(tally_buffer_string(&message), wanted);
    tally_buffer_free(&message);
}

static bool has_file(const fixture *made, const char *name)
{
    char path[120];

    (void)snprintf(path, sizeof(path), "%s/%s", made->folder, name);
    return access(path, F_OK) == 0;
}

static void what_was_added_is_there_after_opening_again(void **state)
{
    fixture *made = *state;
    tally_outbox_progress progress;
    uint64_t number;
    struct stat about;

    assert_int_equal(reopen(made), TALLY_OK);
    assert_int_equal(tally_outbox_next_number(made->outbox), 0);
    assert_false(tally_outbox_has_pending(made->outbox, &number));
    progress = begin_input(made, 1);
    assert_false(progress.is_done);
    assert_int_equal(progress.first_number, 0);
    add(made, 5, "five", 100);
    add(made, 6, "six", 200);
    assert_int_equal(reopen(made), TALLY_OK);
    assert_int_equal(tally_outbox_next_number(made->outbox), 7);
    assert_true(tally_outbox_has_pending(made->outbox, &number));
    assert_int_equal(number, 5);
    assert_message(made, 5, "five");
    assert_message(made, 6, "six");
    progress = begin_input(made, 1);
    assert_int_equal(progress.bytes, 200);
    assert_int_equal(progress.lines, 6);
    assert_int_equal(tally_outbox_answer(made->outbox, 5, TALLY_TEXT("yes"), NULL), TALLY_OK);
    assert_false(has_file(made, "5.batch"));
    assert_true(has_file(made, "5.reply"));
    add(made, 7, "seven", 300);
    assert_int_equal(tally_outbox_finish(made->outbox, NULL), TALLY_OK);
    assert_int_equal(reopen(made), TALLY_OK);
    assert_true(tally_outbox_has_pending(made->outbox, &number));
    assert_int_equal(number, 6);
    progress = begin_input(made, 1);
    assert_true(progress.is_done);
    assert_int_equal(progress.first_number, 5);
    assert_int_equal(progress.last_number, 7);
    /* Events are nobody else's business. */
    assert_int_equal(stat(made->folder, &about), 0);
    assert_int_equal(about.st_mode & 077, 0);
    assert_int_equal(stat(made->journal, &about), 0);
    assert_int_equal(about.st_mode & 077, 0);
}

static void a_message_whose_answer_is_kept_goes_in_the_end(void **state)
{
    fixture *made = *state;
    char path[120];
    FILE *left;

    assert_int_equal(reopen(made), TALLY_OK);
    (void)begin_input(made, 1);
    add(made, 1, "one", 10);
    assert_int_equal(tally_outbox_answer(made->outbox, 1, TALLY_TEXT("yes"), NULL), TALLY_OK);
    /* As if the crash had come just before it was removed. */
    (void)snprintf(path, sizeof(path), "%s/1.batch", made->folder);
    left = fopen(path, "w");
    assert_non_null(left);
    assert_int_equal(fclose(left), 0);
    assert_int_equal(reopen(made), TALLY_OK);
    assert_false(has_file(made, "1.batch"));
}

static void an_input_is_finished_before_the_next(void **state)
{
    fixture *made = *state;
    tally_outbox_input second = input_of(2), other_form = input_of(1);
    tally_outbox_progress progress;

    other_form.form = TALLY_BATCH_JSONL;
    assert_int_equal(reopen(made), TALLY_OK);
    (void)begin_input(made, 1);
    add(made, 1, "one", 10);
    assert_int_equal(tally_outbox_begin(made->outbox, &second, false, &progress, &made->err),
                     TALLY_E_CONFLICT);
    assert_non_null(strstr(made->err.message, "week 10.csv"));
    assert_int_equal(tally_outbox_begin(made->outbox, &other_form, false, &progress, NULL),
                     TALLY_E_CONFLICT);
    assert_int_equal(tally_outbox_abandon(made->outbox, NULL), TALLY_OK);
    assert_int_equal(tally_outbox_abandon(made->outbox, NULL), TALLY_OK);
    progress = begin_input(made, 2);
    assert_int_equal(progress.bytes, 0);
    /* Its number is used all the same. */
    assert_int_equal(tally_outbox_next_number(made->outbox), 2);
    add(made, 2, "two", 10);
    assert_int_equal(tally_outbox_finish(made->outbox, NULL), TALLY_OK);
    /* One that was given up is not done. */
    assert_false(begin_input(made, 1).is_done);
    assert_int_equal(tally_outbox_finish(made->outbox, NULL), TALLY_OK);
    assert_true(begin_input(made, 2).is_done);
    assert_int_equal(tally_outbox_begin(made->outbox, &second, true, &progress, NULL), TALLY_OK);
    assert_false(progress.is_done);
}

static void an_outbox_has_one_owner_and_one_process(void **state)
{
    const tally_outbox_owner others[] = { { TALLY_TEXT("q.example"), owner.source },
                                          { owner.programme, TALLY_TEXT("did:key:z6MkB") } };
    fixture *made = *state;
    tally_outbox *second = NULL;

    assert_int_equal(reopen(made), TALLY_OK);
    assert_int_equal(tally_outbox_open(&second, made->folder, &owner, &made->err),
                     TALLY_E_CONFLICT);
    tally_outbox_close(made->outbox);
    made->outbox = NULL;
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_int_equal(tally_outbox_open(&second, made->folder, &others[i], NULL),
                         TALLY_E_INVALID);
    assert_int_equal(tally_outbox_open(&second, "/dev/null", &owner, NULL), TALLY_E_IO);
    assert_int_equal(tally_outbox_open(&second, "/tmp/there/is/no/such/folder", &owner, NULL),
                     TALLY_E_IO);
}

static void write_journal(const fixture *made, const char *text, size_t count)
{
    FILE *file = fopen(made->journal, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* A crash may end the journal anywhere. */
static void a_journal_cut_off_anywhere_is_taken_up(void **state)
{
    fixture *made = *state;
    char text[4096];
    size_t count;
    FILE *file;

    assert_int_equal(reopen(made), TALLY_OK);
    (void)begin_input(made, 1);
    add(made, 1, "one", 10);
    assert_int_equal(tally_outbox_answer(made->outbox, 1, TALLY_TEXT("yes"), NULL), TALLY_OK);
    add(made, 2, "two", 20);
    assert_int_equal(tally_outbox_finish(made->outbox, NULL), TALLY_OK);
    file = fopen(made->journal, "r");
    assert_non_null(file);
    count = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    tally_outbox_close(made->outbox);
    made->outbox = NULL;
    for (size_t cut = 0; cut <= count; cut++) {
        uint64_t batches = 0, number;
        bool is_answered = false;
        const char *line = text;

        for (size_t i = 0; i < cut; i++) {
            if (text[i] != '\n')
                continue;
            batches += strncmp(line, "batch ", 6) == 0;
            is_answered |= strncmp(line, "answered", 8) == 0;
            line = text + i + 1;
        }
        write_journal(made, text, cut);
        assert_int_equal(reopen(made), TALLY_OK);
        assert_int_equal(tally_outbox_next_number(made->outbox), batches == 0 ? 0 : batches + 1);
        assert_int_equal(tally_outbox_has_pending(made->outbox, &number),
                         batches > (is_answered ? 1 : 0));
        assert_int_equal(reopen(made), TALLY_OK);
    }
}

static void a_damaged_journal_is_seen(void **state)
{
#define FIRST "tally-outbox/v1 p.example did:key:z6MkA\n"
#define HASH  "0101010101010101010101010101010101010101010101010101010101010101"
#define INPUT "input " HASH " text/csv a b.csv\n"
    static const struct {
        const char *text;
        tally_rc rc;
    } cases[] = {
        { FIRST, TALLY_OK },
        { FIRST INPUT, TALLY_OK },
        { FIRST INPUT "batch 9007199254740990 " HASH " 10 2\n", TALLY_OK },
        { FIRST INPUT "abandoned\n" INPUT "done\n", TALLY_OK },
        { "\n", TALLY_E_INVALID },
        { "tally-outbox/v2 p.example did:key:z6MkA\n", TALLY_E_INVALID },
        { FIRST "\n", TALLY_E_CORRUPT },
        { FIRST "what\n", TALLY_E_CORRUPT },
        { FIRST "done\n", TALLY_E_CORRUPT },
        { FIRST "abandoned\n", TALLY_E_CORRUPT },
        { FIRST "input " HASH " text/xml a.xml\n", TALLY_E_CORRUPT },
        { FIRST "input " HASH " text/csv\n", TALLY_E_CORRUPT },
        { FIRST "input 01" HASH " text/csv a\n", TALLY_E_CORRUPT },
        { FIRST INPUT INPUT, TALLY_E_CORRUPT },
        { FIRST "batch 1 " HASH " 10 2\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 0 " HASH " 10 2\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 9007199254740992 " HASH " 10 2\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2 3\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2\nbatch 3 " HASH " 20 4\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2\nbatch 2 " HASH " 9 4\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2\nbatch 2 " HASH " 20 1\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2\nanswered 2\n", TALLY_E_CORRUPT },
        { FIRST INPUT "answered 0\n", TALLY_E_CORRUPT },
        { FIRST INPUT "batch 1 " HASH " 10 2\nanswered 1\nanswered 1\n", TALLY_E_CORRUPT },
        { FIRST INPUT "done done\n", TALLY_E_CORRUPT },
    };
    fixture *made = *state;

    assert_int_equal(reopen(made), TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_outbox_close(made->outbox);
        made->outbox = NULL;
        write_journal(made, cases[i].text, strlen(cases[i].text));
        if (reopen(made) != cases[i].rc)
            fail_msg("%s: %s", cases[i].text, made->err.message);
    }
}

static void another_message_in_its_place_is_seen(void **state)
{
    fixture *made = *state;
    tally_buffer message;
    char path[120];
    FILE *file;

    assert_int_equal(reopen(made), TALLY_OK);
    (void)begin_input(made, 1);
    add(made, 1, "one", 10);
    (void)snprintf(path, sizeof(path), "%s/1.batch", made->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("One", file) >= 0);
    assert_int_equal(fclose(file), 0);
    tally_buffer_init(&message, 1000);
    assert_int_equal(tally_outbox_read(made->outbox, 1, &message, NULL), TALLY_E_CORRUPT);
    assert_int_equal(message.count, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tally_outbox_read(made->outbox, 1, &message, NULL), TALLY_E_IO);
}

static tally_rc use_all(fixture *made)
{
    tally_outbox_input input = input_of(1);
    tally_outbox_progress progress;
    tally_outbox *outbox = NULL;
    tally_buffer message;
    tally_rc rc = tally_outbox_open(&outbox, made->folder, &owner, &made->err);

    tally_buffer_init(&message, 1000);
    if (rc == TALLY_OK)
        rc = tally_outbox_begin(outbox, &input, true, &progress, &made->err);
    if (rc == TALLY_OK)
        rc = tally_outbox_add(outbox, 1, TALLY_TEXT("one"), 10, 1, &made->err);
    if (rc == TALLY_OK)
        rc = tally_outbox_read(outbox, 1, &message, &made->err);
    if (rc == TALLY_OK)
        rc = tally_outbox_answer(outbox, 1, TALLY_TEXT("yes"), &made->err);
    if (rc == TALLY_OK)
        rc = tally_outbox_finish(outbox, &made->err);
    tally_buffer_free(&message);
    tally_outbox_close(outbox);
    return rc;
}

static void each_failed_allocation_is_survived(void **state)
{
    fixture *made = *state;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    for (; rc != TALLY_OK; nth++) {
        remove_folder(made);
        tally_err_clear(&made->err);
        tally_alloc_fail_at(nth);
        rc = use_all(made);
        tally_alloc_fail_never();
        if (rc != TALLY_OK && rc != TALLY_E_NOMEM)
            fail_msg("allocation %u: %s", nth, made->err.message);
        /* Whatever was reached, it opens. */
        assert_int_equal(reopen(made), TALLY_OK);
        tally_outbox_close(made->outbox);
        made->outbox = NULL;
    }
    assert_true(nth > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_added_is_there_after_opening_again, begin, end),
        cmocka_unit_test_setup_teardown(a_message_whose_answer_is_kept_goes_in_the_end, begin, end),
        cmocka_unit_test_setup_teardown(an_input_is_finished_before_the_next, begin, end),
        cmocka_unit_test_setup_teardown(an_outbox_has_one_owner_and_one_process, begin, end),
        cmocka_unit_test_setup_teardown(a_journal_cut_off_anywhere_is_taken_up, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_journal_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(another_message_in_its_place_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(each_failed_allocation_is_survived, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
