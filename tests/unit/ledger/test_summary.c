/* SPDX-License-Identifier: Apache-2.0 */
/* Monthly tables from the store: made once, the same ever after, and about nobody (R19, R23). */

#include "unit.h"

#include <string.h>

#include "ledger/summary.h"
#include "members.h"

#define DAY_MS  INT64_C(86400000)
#define MEMBERS 40

typedef struct stage {
    fixture f;
    members_one members[MEMBERS + 12];
} stage;

static void join(stage *s, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        members_make(&s->members[i], 100 + i);
        members_join(&s->f, &s->members[i]);
    }
}

static void ask(stage *s, tally_summary *out, tally_buffer *text)
{
    tally_err err = TALLY_ERR_INIT;

    tally_buffer_init(text, TALLY_RELEASE_BYTES_MAX);
    if (tally_ledger_summary(s->f.ledger, text, out, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
}

static void tR23_pos_the_stored_release_is_handed_out_again(void **state)
{
    stage *s = test_malloc(sizeof(*s));
    tally_buffer first, again;
    tally_summary summary;

    (void)state;
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    join(s, 0, MEMBERS);
    fixture_at(&s->f, FIXTURE_NOW + 62 * DAY_MS); /* 3 May: April's tables are due */
    ask(s, &summary, &first);
    assert_int_equal(summary.outcome.state, TALLY_RELEASE_MADE);
    assert_int_equal(summary.year, 2026);
    assert_int_equal(summary.month, 4);
    assert_true(first.count > 0);
    for (int i = 0; i < 3; i++) {
        ask(s, &summary, &again);
        assert_int_equal(summary.outcome.state, TALLY_RELEASE_STORED);
        assert_true(tally_text_is_equal(tally_buffer_text(&first), tally_buffer_text(&again)));
        tally_buffer_free(&again);
        fixture_reopen(&s->f);
        fixture_at(&s->f, FIXTURE_NOW + (62 + 10 * i) * DAY_MS);
    }
    tally_buffer_free(&first);
    fixture_end(&s->f);
    test_free(s);
}

static void tR23_neg_a_joiner_is_found_by_no_subtraction(void **state)
{
    stage *s = test_malloc(sizeof(*s));
    tally_buffer first, again;
    tally_summary summary;

    (void)state;
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    join(s, 0, MEMBERS);
    fixture_at(&s->f, FIXTURE_NOW + 62 * DAY_MS);
    ask(s, &summary, &first);
    join(s, MEMBERS, MEMBERS + 1);
    fixture_at(&s->f, FIXTURE_NOW + 123 * DAY_MS); /* 3 July: June's would be due */
    ask(s, &summary, &again);
    assert_int_equal(summary.outcome.state, TALLY_RELEASE_HELD);
    assert_int_equal(summary.month, 4);
    assert_true(tally_text_is_equal(tally_buffer_text(&first), tally_buffer_text(&again)));
    tally_buffer_free(&again);
    tally_buffer_free(&first);
    fixture_end(&s->f);
    test_free(s);
}

static void tR23_neg_few_members_have_no_tables(void **state)
{
    stage *s = test_malloc(sizeof(*s));
    tally_buffer text;
    tally_summary summary;

    (void)state;
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    join(s, 0, 9);
    fixture_at(&s->f, FIXTURE_NOW + 62 * DAY_MS);
    ask(s, &summary, &text);
    assert_int_equal(summary.outcome.state, TALLY_RELEASE_REFUSED);
    assert_string_equal(summary.outcome.code, "E_SMALL_CELL");
    assert_int_equal(text.count, 0);
    tally_buffer_free(&text);
    fixture_end(&s->f);
    test_free(s);
}

/* No did, no handle, no number of a member is in a release. */
static void tR19_neg_a_release_lists_no_person(void **state)
{
    stage *s = test_malloc(sizeof(*s));
    tally_buffer text;
    tally_summary summary;

    (void)state;
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    join(s, 0, MEMBERS);
    fixture_at(&s->f, FIXTURE_NOW + 62 * DAY_MS);
    ask(s, &summary, &text);
    assert_int_equal(tally_buffer_append_byte(&text, '\0'), TALLY_OK);
    assert_null(strstr(text.bytes, "did:"));
    assert_null(strstr(text.bytes, "handle:"));
    for (uint32_t i = 0; i < MEMBERS; i++)
        assert_null(strstr(text.bytes, s->members[i].key.did + 8));
    tally_buffer_free(&text);
    fixture_end(&s->f);
    test_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR23_pos_the_stored_release_is_handed_out_again),
        cmocka_unit_test(tR23_neg_a_joiner_is_found_by_no_subtraction),
        cmocka_unit_test(tR23_neg_few_members_have_no_tables),
        cmocka_unit_test(tR19_neg_a_release_lists_no_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
