/* SPDX-License-Identifier: Apache-2.0 */
/* The set of event ids seen lately agrees with a plain list, whatever is asked in which order. */

#include "unit.h"

#include "ledger/id_marks.h"
#include "util/alloc.h"

#define DAY_MS  INT64_C(86400000)
#define WINDOW  (35 * DAY_MS)
#define ENTRIES 6000u

static uint64_t random_state = 42;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void repeats_are_known_for_the_window_and_not_much_longer(void **state)
{
    static uint64_t ids[ENTRIES];
    static int64_t noted[ENTRIES];
    tally_id_marks marks = { .window_ms = WINDOW };
    int64_t now = INT64_C(1772442000000);
    uint32_t count = 0;

    (void)state;
    while (count < ENTRIES) {
        uint32_t asked = (uint32_t)(draw() % (count + 1));

        now += (int64_t)(draw() % (DAY_MS / 40));
        if (asked < count) {
            int64_t age = now - noted[asked];
            bool is_known = tally_id_marks_has(&marks, ids[asked], now);

            if (age <= WINDOW)
                assert_true(is_known);
            if (age > WINDOW + 60000)
                assert_false(is_known);
        }
        ids[count] = draw() | 1;
        noted[count] = now;
        assert_false(tally_id_marks_has(&marks, ids[count], now));
        assert_int_equal(tally_id_marks_add(&marks, ids[count], now, now, NULL), TALLY_OK);
        count++;
    }
    assert_false(tally_id_marks_has(&marks, 0, now));
    /* What is older than the window does not stay for ever. */
    assert_true(marks.count < ENTRIES);
    tally_id_marks_free(&marks);
}

static void a_mark_noted_anew_counts_from_then(void **state)
{
    tally_id_marks marks = { .window_ms = WINDOW };

    (void)state;
    assert_int_equal(tally_id_marks_add(&marks, 7, 0, 0, NULL), TALLY_OK);
    assert_int_equal(tally_id_marks_add(&marks, 7, 40 * DAY_MS, 40 * DAY_MS, NULL), TALLY_OK);
    assert_true(tally_id_marks_has(&marks, 7, 70 * DAY_MS));
    assert_int_equal(marks.count, 1);
    tally_id_marks_free(&marks);
}

static void a_failed_allocation_leaves_the_set_as_it_was(void **state)
{
    tally_id_marks marks = { .window_ms = WINDOW };
    uint64_t mark = 1;
    bool has_failed = false;

    (void)state;
    for (; mark < 20000; mark++) {
        tally_rc rc;

        tally_alloc_fail_at(1);
        rc = tally_id_marks_add(&marks, mark, 0, 0, NULL);
        tally_alloc_fail_never();
        if (rc == TALLY_OK)
            continue;
        has_failed = true;
        assert_int_equal(rc, TALLY_E_NOMEM);
        assert_false(tally_id_marks_has(&marks, mark, 0));
        assert_true(mark == 1 || tally_id_marks_has(&marks, mark - 1, 0));
        assert_int_equal(tally_id_marks_add(&marks, mark, 0, 0, NULL), TALLY_OK);
    }
    assert_true(has_failed);
    for (mark = 1; mark < 20000; mark++)
        assert_true(tally_id_marks_has(&marks, mark, 0));
    tally_id_marks_free(&marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_are_known_for_the_window_and_not_much_longer),
        cmocka_unit_test(a_mark_noted_anew_counts_from_then),
        cmocka_unit_test(a_failed_allocation_leaves_the_set_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
