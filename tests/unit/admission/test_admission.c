/* SPDX-License-Identifier: Apache-2.0 */
/* The admission pass: who is refused, what is written, and that neither depends on arrival. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "admission/admission.h"
#include "tally/policy.h"
#include "util/alloc.h"

static const char time_bank[] =
    "tallystick: 1\n"
    "programme: time-bank\n"
    "title: A time bank\n"
    "subjects: members\n"
    "events:\n"
    "  exchange: {receiver: member, minutes: 1..1440}\n"
    "  earned: {hours: 0.00..24.00}\n"
    "  spent: {hours: 0.00..24.00}\n"
    "  thanks: {from: member}\n"
    "facts:\n"
    "  helpers: distinct(subject of earned in rolling 30 days)\n"
    "admission:\n"
    "  exchange:\n"
    "    let:\n"
    "      due: round(minutes / 60, to 0.25, up)\n"
    "      balance: sum(hours of earned with subject is this.receiver) - sum(hours of spent with "
    "subject is this.receiver)\n"
    "    refuse:\n"
    "      the receiver may not owe more than ten hours: balance - due < -10\n"
    "    writes:\n"
    "      earned: {to: subject, hours: due}\n"
    "      spent: {to: receiver, hours: due}\n"
    "  thanks:\n"
    "    refuse:\n"
    "      already thanked in the last 90 days: any earlier thanks with from is this.from and "
    "subject is this.subject in rolling 90 days\n"
    "awards:\n"
    "  earned:\n"
    "    for: earned\n"
    "    points: hours\n"
    "  spent:\n"
    "    for: spent\n"
    "    points: -1 * hours\n"
    "let:\n"
    "  enough: helpers >= 2\n"
    "report: [enough]\n";

typedef struct fixture {
    tally_policy *policy;
    tally_arena *arena;
    tally_intern *tokens;
} fixture;

static void set_up(fixture *f)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_err err = TALLY_ERR_INIT;

    assert_non_null(diagnostics);
    if (tally_policy_compile(&f->policy, "time-bank", time_bank, strlen(time_bank), NULL,
                             diagnostics, &err) != TALLY_OK) {
        for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++)
            print_message("%u: %s\n", tally_diagnostics_get(diagnostics, i)->line,
                          tally_diagnostics_get(diagnostics, i)->message);
        fail_msg("%s", err.message);
    }
    tally_diagnostics_free(diagnostics);
    f->arena = tally_arena_new((size_t)256 << 20);
    f->tokens = tally_intern_new((size_t)16 << 20, 0);
    assert_non_null(f->arena);
    assert_non_null(f->tokens);
}

static void tear_down(fixture *f)
{
    tally_policy_free(f->policy);
    tally_arena_free(f->arena);
    tally_intern_free(f->tokens);
}

/* 2024-01-01 and n hours. */
#define HOUR(n) (INT64_C(1704067200000) + (int64_t)(n)*3600000)
#define LATE    HOUR(1000000)

typedef struct loose {
    const char *subject, *type, *id;
    int64_t at;
    const char *name, *value, *second_name, *second_value;
} loose;

static tally_programme_record record_of(const loose *from, tally_record_text *fields,
                                        uint32_t index)
{
    fields[0] = (tally_record_text){ tally_text_from(from->name), tally_text_from(from->value) };
    fields[1] = (tally_record_text){ tally_text_from(from->second_name),
                                     tally_text_from(from->second_value) };
    return (tally_programme_record){
        tally_text_from(from->subject),
        { tally_text_from(from->type), tally_text_from(from->id), from->at, TALLY_NOTHING, 0,
          from->second_name != NULL ? 2u : 1u, fields },
        index,
    };
}

static tally_admission run(fixture *f, const loose *records, uint32_t count, int64_t known_ms)
{
    tally_programme_record in[64];
    static tally_record_text fields[64][2];
    tally_admission out;
    tally_err err = TALLY_ERR_INIT;

    assert_true(count <= 64);
    for (uint32_t i = 0; i < count; i++)
        in[i] = record_of(&records[i], fields[i], i);
    if (tally_admission_run(&out, f->policy, in, count, known_ms, f->tokens, f->arena, &err) !=
        TALLY_OK)
        fail_msg("%s", err.message);
    return out;
}

#define EXCHANGE(giver, receiver, id, hour, minutes)                                \
    {                                                                               \
        giver, "exchange", id, HOUR(hour), "receiver", receiver, "minutes", minutes \
    }

static const tally_programme_record *find(const tally_admission *admission, const char *subject,
                                          const char *id)
{
    for (uint32_t i = 0; i < admission->record_count; i++) {
        if (tally_text_is(admission->records[i].subject, subject) &&
            tally_text_is(admission->records[i].record.id, id))
            return &admission->records[i];
    }
    return NULL;
}

static void an_exchange_writes_one_event_for_each_side(void **state)
{
    static const loose in[] = { EXCHANGE("ann", "bob", "1", 1, "200") };
    fixture f;
    tally_admission out;

    (void)state;
    set_up(&f);
    out = run(&f, in, 1, LATE);
    assert_int_equal(out.record_count, 2);
    assert_int_equal(out.refusal_count, 0);
    assert_true(tally_text_is(find(&out, "ann", "1/1")->record.type, "earned"));
    assert_true(tally_text_is(find(&out, "ann", "1/1")->record.fields[0].value, "3.50"));
    assert_true(tally_text_is(find(&out, "bob", "1/2")->record.type, "spent"));
    assert_true(tally_text_is(find(&out, "bob", "1/2")->record.fields[0].value, "3.50"));
    tear_down(&f);
}

static void an_overdraft_is_refused_with_its_reason_and_writes_nothing(void **state)
{
    static const loose in[] = {
        EXCHANGE("ann", "bob", "1", 1, "540"),
        EXCHANGE("ann", "bob", "2", 2, "70"),
        EXCHANGE("ann", "bob", "3", 3, "60"),
        EXCHANGE("ann", "bob", "4", 4, "1"),
    };
    fixture f;
    tally_admission out;

    (void)state;
    set_up(&f);
    out = run(&f, in, 4, LATE);
    assert_int_equal(out.record_count, 4);
    assert_int_equal(out.refusal_count, 2);
    assert_int_equal(out.refusals[0].input_index, 1);
    assert_int_equal(out.refusals[1].input_index, 3);
    assert_string_equal(out.refusals[0].code, "admission");
    assert_true(
        tally_text_is(out.refusals[0].message, "the receiver may not owe more than ten hours"));
    tear_down(&f);
}

static void a_voided_exchange_frees_what_it_used(void **state)
{
    static const loose in[] = {
        EXCHANGE("ann", "bob", "1", 1, "600"),
        EXCHANGE("ann", "bob", "2", 5, "60"),
        { "ann", "void", "3", HOUR(6), "of", "1", NULL, NULL },
    };
    fixture f;
    tally_admission before, after;

    (void)state;
    set_up(&f);
    before = run(&f, in, 3, HOUR(5));
    assert_int_equal(before.refusal_count, 1);
    after = run(&f, in, 3, HOUR(6));
    assert_int_equal(after.refusal_count, 0);
    assert_non_null(find(&after, "bob", "2/2"));
    assert_null(find(&after, "bob", "1/2"));
    tear_down(&f);
}

static void one_thanks_a_pair_in_ninety_days(void **state)
{
    static const loose in[] = {
        { "ann", "thanks", "1", HOUR(0), "from", "bob", NULL, NULL },
        { "ann", "thanks", "2", HOUR(24 * 89), "from", "bob", NULL, NULL },
        { "ann", "thanks", "3", HOUR(24 * 89), "from", "cem", NULL, NULL },
        { "ann", "thanks", "4", HOUR(24 * 90), "from", "bob", NULL, NULL },
    };
    fixture f;
    tally_admission out;

    (void)state;
    set_up(&f);
    out = run(&f, in, 4, LATE);
    assert_int_equal(out.refusal_count, 1);
    assert_int_equal(out.refusals[0].input_index, 1);
    assert_non_null(find(&out, "ann", "4"));
    tear_down(&f);
}

static void a_record_that_is_out_of_its_type_is_refused_and_the_rest_stands(void **state)
{
    static const loose in[] = { EXCHANGE("ann", "bob", "1", 1, "0"),
                                EXCHANGE("ann", "bob", "2", 1, "60") };
    fixture f;
    tally_admission out;

    (void)state;
    set_up(&f);
    out = run(&f, in, 2, LATE);
    assert_int_equal(out.refusal_count, 1);
    assert_string_equal(out.refusals[0].code, "out-of-type");
    assert_int_equal(out.record_count, 2);
    tear_down(&f);
}

static void a_computed_fact_is_a_dated_series(void **state)
{
    static const loose in[] = { EXCHANGE("ann", "bob", "1", 0, "60"),
                                EXCHANGE("cem", "bob", "2", 24, "60") };
    fixture f;
    tally_admission out;
    const tally_fact_series *helpers;

    (void)state;
    set_up(&f);
    out = run(&f, in, 2, LATE);
    assert_int_equal(out.facts.count, 1);
    helpers = &out.facts.series[0];
    assert_int_equal(helpers->count, 4);
    assert_int_equal(helpers->from_ms[0], HOUR(0));
    assert_int_equal(helpers->values[0], 1);
    assert_int_equal(helpers->values[1], 2);
    assert_int_equal(helpers->from_ms[2], HOUR(24 * 30));
    assert_int_equal(helpers->values[2], 1);
    assert_int_equal(helpers->values[3], 0);
    tear_down(&f);
}

static bool is_same_output(const tally_admission *a, const tally_admission *b)
{
    if (a->record_count != b->record_count || a->refusal_count != b->refusal_count)
        return false;
    for (uint32_t i = 0; i < a->record_count; i++) {
        const tally_record *left = &a->records[i].record;
        const tally_programme_record *other = NULL;

        for (uint32_t k = 0; k < b->record_count && other == NULL; k++) {
            if (tally_text_is_equal(b->records[k].record.id, left->id) &&
                tally_text_is_equal(b->records[k].subject, a->records[i].subject))
                other = &b->records[k];
        }
        if (other == NULL || other->record.at_ms != left->at_ms ||
            !tally_text_is_equal(other->record.fields[0].value, left->fields[0].value))
            return false;
    }
    return true;
}

static void arrival_order_does_not_matter(void **state)
{
    static const char *const names[] = { "ann", "bob", "cem", "dee" };
    unsigned random = 20240101;
    fixture f;

    (void)state;
    print_message("seed %u\n", random);
    for (int round = 0; round < 60; round++) {
        char ids[24][8];
        char minutes[24][8];
        loose in[24];
        tally_admission first, second;

        set_up(&f);
        for (uint32_t i = 0; i < 24; i++) {
            random = random * 1664525u + 1013904223u;
            snprintf(ids[i], sizeof(ids[i]), "%u", i + 1);
            snprintf(minutes[i], sizeof(minutes[i]), "%u", 1 + (random >> 8) % 400);
            in[i] = (loose)EXCHANGE(names[(random >> 16) % 4], names[(random >> 18) % 4], ids[i],
                                    (random >> 20) % 6, minutes[i]);
        }
        first = run(&f, in, 24, LATE);
        for (uint32_t i = 23; i > 0; i--) {
            loose swapped;
            uint32_t k;

            random = random * 1664525u + 1013904223u;
            k = (random >> 8) % (i + 1);
            swapped = in[i];
            in[i] = in[k];
            in[k] = swapped;
        }
        second = run(&f, in, 24, LATE);
        assert_true(is_same_output(&first, &second));
        assert_true(first.record_count % 2 == 0);
        tear_down(&f);
    }
}

static void the_pass_survives_each_failed_allocation(void **state)
{
    static const loose in[] = { EXCHANGE("ann", "bob", "1", 1, "540"),
                                EXCHANGE("ann", "bob", "2", 2, "70"),
                                { "ann", "thanks", "3", HOUR(3), "from", "bob", NULL, NULL } };
    tally_programme_record records[3];
    tally_record_text fields[3][2];
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    fixture f;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        records[i] = record_of(&in[i], fields[i], i);
    for (; rc != TALLY_OK; nth++) {
        tally_admission out;

        set_up(&f);
        tally_alloc_fail_at(nth);
        rc = tally_admission_run(&out, f.policy, records, 3, LATE, f.tokens, f.arena, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tear_down(&f);
        assert_true(nth < 100000);
    }
    assert_true(nth > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_writes_one_event_for_each_side),
        cmocka_unit_test(an_overdraft_is_refused_with_its_reason_and_writes_nothing),
        cmocka_unit_test(a_voided_exchange_frees_what_it_used),
        cmocka_unit_test(one_thanks_a_pair_in_ninety_days),
        cmocka_unit_test(a_record_that_is_out_of_its_type_is_refused_and_the_rest_stands),
        cmocka_unit_test(a_computed_fact_is_a_dated_series),
        cmocka_unit_test(arrival_order_does_not_matter),
        cmocka_unit_test(the_pass_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
