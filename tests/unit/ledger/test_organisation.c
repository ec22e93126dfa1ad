/* SPDX-License-Identifier: Apache-2.0 */
/* Organisations: sourced facts, a collection of their own, and no way across (R35). */

#include "unit.h"

#include <stdio.h>

#include "fixture.h"
#include "ledger/organisation.h"
#include "util/alloc.h"

#define DAY 20514 /* 2026-03-02 */

static tally_organisation cafe(void)
{
    return (tally_organisation){ .id = TALLY_TEXT("rest-0017"),
                                 .name = TALLY_TEXT("Caf\xc3\xa9 Mar"),
                                 .in_register = TALLY_TEXT("food business register"),
                                 .reference = TALLY_TEXT("FB/0017"),
                                 .day = DAY };
}

static tally_rc add(fixture *f, tally_organisation organisation, tally_denial *denial)
{
    size_t added, at;

    return tally_organisations_add(f->ledger, &organisation, 1, &added, &at, denial, NULL);
}

typedef struct found {
    uint32_t count;
    char ids[8][32];
} found;

static tally_rc take(void *context, const tally_organisation *organisation, bool *out_is_enough,
                     tally_err *err)
{
    found *out = context;

    (void)out_is_enough;
    (void)err;
    assert_true(organisation->subject > 0 && organisation->joined_ms == FIXTURE_NOW);
    assert_true(out->count < 8);
    (void)snprintf(out->ids[out->count++], 32, "%.*s", TALLY_TEXT_ARGS(organisation->id));
    return TALLY_OK;
}

static uint32_t count_found(fixture *f, const char *text)
{
    found out = { 0 };

    assert_int_equal(
        tally_organisations_search(f->ledger, tally_text_from(text), take, &out, NULL, NULL),
        TALLY_OK);
    return out.count;
}

static void tR35_pos_a_sourced_organisation_is_added_and_found(void **state)
{
    tally_organisation other = cafe();
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_ORGANISATIONS);
    assert_int_equal(add(&f, cafe(), NULL), TALLY_OK);
    other.id = TALLY_TEXT("rest-0018");
    other.name = TALLY_TEXT("Bar Sol");
    other.reference = TALLY_TEXT("FB/0018");
    assert_int_equal(add(&f, other, NULL), TALLY_OK);
    assert_int_equal(count_found(&f, ""), 2);
    assert_int_equal(count_found(&f, "REST-0017"), 1);
    assert_int_equal(count_found(&f, "sol"), 1);
    assert_int_equal(count_found(&f, "FB/0017"), 0); /* by id and name alone */
    fixture_reopen(&f);
    assert_int_equal(count_found(&f, "mar"), 1);
    /* The same again changes nothing; another fact under the same id is a conflict. */
    assert_int_equal(add(&f, cafe(), NULL), TALLY_OK);
    assert_int_equal(count_found(&f, ""), 2);
    other = cafe();
    other.reference = TALLY_TEXT("FB/9999");
    assert_int_equal(add(&f, other, NULL), TALLY_E_CONFLICT);
    fixture_end(&f);
}

static void tR35_neg_an_unsourced_organisation_is_refused(void **state)
{
    tally_organisation unsourced[3] = { cafe(), cafe(), cafe() };
    fixture f;

    (void)state;
    unsourced[0].in_register = TALLY_TEXT("");
    unsourced[1].reference = TALLY_TEXT("");
    unsourced[2].day = DAY + 2;
    fixture_begin(&f, FIXTURE_ORGANISATIONS);
    for (size_t i = 0; i < UNIT_COUNT(unsourced); i++) {
        tally_denial denial = { 0 };

        assert_int_equal(add(&f, unsourced[i], &denial), TALLY_E_DENIED);
        assert_string_equal(denial.code, "E_NOT_AN_ORG");
        assert_string_equal(denial.right, "R35");
    }
    assert_int_equal(count_found(&f, ""), 0);
    fixture_end(&f);
}

static void tR35_neg_a_programme_about_members_has_none(void **state)
{
    tally_denial denial = { 0 };
    found out = { 0 };
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    assert_int_equal(add(&f, cafe(), &denial), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_NOT_AN_ORG");
    /* And what is searched there is never a member. */
    denial = (tally_denial){ 0 };
    assert_int_equal(
        tally_organisations_search(f.ledger, TALLY_TEXT(""), take, &out, &denial, NULL),
        TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_NOT_AN_ORG");
    fixture_end(&f);
}

static void an_id_or_a_text_of_another_form_is_refused(void **state)
{
    static const char *const ids[] = { "", "a b", "a\n", "caf\xc3\xa9" };
    tally_organisation organisation;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_ORGANISATIONS);
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        organisation = cafe();
        organisation.id = tally_text_from(ids[i]);
        assert_int_equal(add(&f, organisation, NULL), TALLY_E_INVALID);
    }
    organisation = cafe();
    organisation.name = TALLY_TEXT("two\nlines");
    assert_int_equal(add(&f, organisation, NULL), TALLY_E_INVALID);
    fixture_end(&f);
}

static void several_are_added_whole_or_not_at_all(void **state)
{
    tally_organisation list[3] = { cafe(), cafe(), cafe() };
    size_t added = 9, at = 9;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    fixture f;

    (void)state;
    list[0].id = TALLY_TEXT("a");
    list[1].id = TALLY_TEXT("b");
    list[2].id = TALLY_TEXT("a");
    list[2].name = TALLY_TEXT("Another");
    fixture_begin(&f, FIXTURE_ORGANISATIONS);
    assert_int_equal(tally_organisations_add(f.ledger, list, 3, &added, &at, NULL, NULL),
                     TALLY_E_CONFLICT);
    assert_int_equal(at, 2);
    assert_int_equal(count_found(&f, ""), 0);
    for (; rc != TALLY_OK; nth++) {
        tally_alloc_fail_at(nth);
        rc = tally_organisations_add(f.ledger, list, 2, &added, &at, NULL, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(count_found(&f, ""), rc == TALLY_OK ? 2 : 0);
    }
    assert_int_equal(added, 2);
    assert_true(nth > 5);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR35_pos_a_sourced_organisation_is_added_and_found),
        cmocka_unit_test(tR35_neg_an_unsourced_organisation_is_refused),
        cmocka_unit_test(tR35_neg_a_programme_about_members_has_none),
        cmocka_unit_test(an_id_or_a_text_of_another_form_is_refused),
        cmocka_unit_test(several_are_added_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
