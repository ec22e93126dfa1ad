/* SPDX-License-Identifier: Apache-2.0 */
/* Ids as keys order as the texts do; subjects come back in the order of their
 * texts, whatever the order in which they arrived. */

#include "unit.h"

#include "eval/ids.h"
#include "eval/subjects.h"
#include "score/history.h"
#include "util/alloc.h"

/* In order; what is written with digits is a number. */
static const char *const ordered[] = {
    "0",
    "00",
    "1",
    "01",
    "7",
    "007",
    "10",
    "4194303",
    "4194304",
    "999999999999999999",
    "1000000000000000000",
    "4611686018427387904",
    "99999999999999999999999",
    " 1",
    "-1",
    "1/2",
    "10/1",
    "a",
    "a1",
    "b",
    "\xc3\xa4",
};
#define ORDERED_COUNT UNIT_COUNT(ordered)

static void keys_order_as_their_texts(void **state)
{
    tally_ids ids;
    uint64_t keys[ORDERED_COUNT];

    (void)state;
    assert_int_equal(tally_ids_start(&ids, (size_t)1 << 20, NULL), TALLY_OK);
    for (size_t i = 0; i < ORDERED_COUNT; i++)
        assert_int_equal(tally_ids_key(&ids, &keys[i], tally_text_from(ordered[i]), NULL),
                         TALLY_OK);
    for (size_t a = 0; a < ORDERED_COUNT; a++) {
        for (size_t b = 0; b < ORDERED_COUNT; b++) {
            char room[TALLY_ID_ROOM_BYTES];
            int texts = tally_id_compare(tally_text_from(ordered[a]), tally_text_from(ordered[b]));
            int of_keys = tally_ids_compare(&ids, keys[a], keys[b]);

            assert_int_equal((of_keys > 0) - (of_keys < 0), (texts > 0) - (texts < 0));
            assert_int_equal(keys[a] == keys[b], a == b);
            assert_true(tally_text_is(tally_ids_text(&ids, room, keys[a]), ordered[a]));
        }
    }
    tally_ids_stop(&ids);
}

static void rows_are_named_by_file_and_line(void **state)
{
    static const tally_text names[] = { { "a.csv", 5 }, { "b.csv", 5 } };
    char room[TALLY_ID_ROOM_BYTES];
    tally_ids ids;
    uint64_t number = 0, text = 0, digits = 0;
    uint64_t nine, ten, second;

    (void)state;
    assert_int_equal(tally_ids_start(&ids, (size_t)1 << 20, NULL), TALLY_OK);
    ids.file_names = names;
    nine = tally_ids_row_key(0, 0, 9);
    ten = tally_ids_row_key(0, 0, 10);
    second = tally_ids_row_key(1, 2, 3);
    assert_int_equal(tally_ids_key(&ids, &number, TALLY_TEXT("5"), NULL), TALLY_OK);
    assert_int_equal(tally_ids_key(&ids, &digits, TALLY_TEXT("05"), NULL), TALLY_OK);
    assert_int_equal(tally_ids_key(&ids, &text, TALLY_TEXT("a"), NULL), TALLY_OK);
    assert_true(tally_ids_compare(&ids, number, nine) < 0);
    assert_true(tally_ids_compare(&ids, digits, nine) < 0);
    assert_true(tally_ids_compare(&ids, nine, digits) > 0);
    assert_true(tally_ids_compare(&ids, nine, ten) < 0);
    assert_true(tally_ids_compare(&ids, ten, second) < 0);
    assert_true(tally_ids_compare(&ids, second, text) < 0);
    assert_true(tally_ids_compare(&ids, text, second) > 0);
    assert_true(tally_text_is(tally_ids_text(&ids, room, ten), "a.csv:10"));
    assert_true(tally_text_is(tally_ids_text(&ids, room, second), "b.csv:3+2"));
    tally_ids_stop(&ids);
}

static void assert_ordered(const size_t *arrival)
{
    tally_subjects *subjects = NULL;
    uint32_t index = 0, again = 0;
    uint32_t *order = NULL;

    assert_int_equal(tally_subjects_new(&subjects, (size_t)1 << 20, NULL), TALLY_OK);
    for (size_t i = 0; i < ORDERED_COUNT; i++) {
        assert_int_equal(
            tally_subjects_add(subjects, &index, tally_text_from(ordered[arrival[i]]), NULL),
            TALLY_OK);
        assert_int_equal(index, i);
        assert_int_equal(
            tally_subjects_add(subjects, &again, tally_text_from(ordered[arrival[i]]), NULL),
            TALLY_OK);
        assert_int_equal(again, index);
    }
    assert_int_equal(tally_subjects_count(subjects), ORDERED_COUNT);
    assert_int_equal(tally_subjects_order(subjects, &order, NULL), TALLY_OK);
    for (size_t i = 0; i < ORDERED_COUNT; i++) {
        char room[TALLY_SUBJECT_ROOM_BYTES];

        assert_true(tally_text_is(tally_subjects_text(subjects, room, order[i]), ordered[i]));
    }
    tally_release(order);
    tally_subjects_free(subjects);
}

static void subjects_come_back_in_order(void **state)
{
    size_t arrival[ORDERED_COUNT];

    (void)state;
    for (size_t step = 1; step < ORDERED_COUNT; step++) {
        for (size_t i = 0, at = 0; i < ORDERED_COUNT; i++, at = (at + step) % ORDERED_COUNT) {
            bool is_taken = true;

            while (is_taken) {
                is_taken = false;
                for (size_t k = 0; k < i; k++)
                    is_taken |= arrival[k] == at;
                at = is_taken ? (at + 1) % ORDERED_COUNT : at;
            }
            arrival[i] = at;
        }
        assert_ordered(arrival);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_order_as_their_texts),
        cmocka_unit_test(rows_are_named_by_file_and_line),
        cmocka_unit_test(subjects_come_back_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
