/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a ledger whose rows somebody altered, took away or gave to somebody else behind its back. */

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "batches.h"
#include "ledger/check.h"
#include "ledger/statement.h"
#include "members.h"

typedef struct stage {
    fixture f;
    members_one stays, leaves;
    batches_source parks;
} stage;

static void stage_begin(stage *s)
{
    static const tally_ticket ticket = { .case_id = TALLY_TEXT("C-1"),
                                         .purpose = TALLY_TEXT("The member asked for help."),
                                         .role = "operator",
                                         .fields = "statement" };
    tally_statement_request request = { .as_of_ms = TALLY_NOTHING, .ticket = &ticket };
    tally_statement *statement = NULL;
    batches_outcome outcome;
    char line[256];

    fixture_begin(&s->f, FIXTURE_MEMBERS);
    members_make(&s->stays, 1);
    members_make(&s->leaves, 2);
    members_join(&s->f, &s->stays);
    members_join(&s->f, &s->leaves);
    batches_register(&s->f, &s->parks, "parks-office", 1);
    (void)snprintf(line, sizeof(line),
                   "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-02\","
                   "\"subject\":\"%s\",\"trees\":2}\n",
                   s->stays.key.did);
    batches_send(&outcome, &s->f, &s->parks, line);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.admitted.admitted, 1);
    batches_outcome_free(&outcome);
    request.subject = tally_text_from(s->stays.key.did);
    assert_int_equal(tally_ledger_statement(s->f.ledger, &request, &statement, NULL, NULL),
                     TALLY_OK);
    tally_statement_free(statement);
    members_leave(&s->f, &s->leaves);
}

static tally_rc check(stage *s, tally_err *err)
{
    tally_check_report report;

    return tally_ledger_check(s->f.ledger, &report, NULL, NULL, err);
}

/* ---- names ------------------------------------------------------------------------ */

typedef enum harm { HARM_REMOVE, HARM_RENAME, HARM_POINT } harm;

typedef struct tampering {
    tally_collection collection;
    harm harm;
    char name[256], value[256];
    size_t name_count, value_count;
} tampering;

static tally_rc take_first(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    tampering *t = context;

    (void)err;
    assert_true(name.count <= sizeof(t->name) && value.count <= sizeof(t->value));
    memcpy(t->name, name.bytes, name.count);
    if (value.count > 0)
        memcpy(t->value, value.bytes, value.count);
    t->name_count = name.count;
    t->value_count = value.count;
    *out_is_enough = true;
    return TALLY_OK;
}

static tally_rc harm_name(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    tampering *t = context;
    tally_rc rc =
        tally_store_scan_names(transaction, t->collection, TALLY_TEXT(""), take_first, t, err);

    (void)ledger;
    assert_int_equal(rc, TALLY_OK);
    assert_true(t->name_count > 0);
    if (t->harm != HARM_POINT)
        rc = tally_store_unname(transaction, t->collection, tally_text_of(t->name, t->name_count),
                                err);
    if (t->harm == HARM_RENAME)
        t->name[t->name_count - 1] ^= 1;
    if (t->harm == HARM_POINT) {
        assert_true(t->value_count > 0);
        t->value[t->value_count - 1] ^= 3;
    }
    if (rc == TALLY_OK && t->harm != HARM_REMOVE)
        rc = tally_store_name(transaction, t->collection, tally_text_of(t->name, t->name_count),
                              tally_text_of(t->value, t->value_count), err);
    return rc;
}

static void tR21_neg_names_that_lead_nowhere_are_found_out(void **state)
{
    static const struct {
        tally_collection collection;
        bool has_value;
    } cases[] = {
        { TALLY_STORE_MEMBER_BY_DID, true },      { TALLY_STORE_SOURCE_BY_DID, true },
        { TALLY_STORE_BATCH_BY_NUMBER, true },    { TALLY_STORE_RECEIPT_BY_SUBJECT, false },
        { TALLY_STORE_RECORD_BY_SUBJECT, false }, { TALLY_STORE_ACCESS_BY_SUBJECT, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (harm h = HARM_REMOVE; h <= (cases[i].has_value ? HARM_POINT : HARM_RENAME); h++) {
            tampering t = { .collection = cases[i].collection, .harm = h };
            tally_err err = TALLY_ERR_INIT;
            stage s;

            stage_begin(&s);
            if (check(&s, &err) != TALLY_OK)
                fail_msg("%s", err.message);
            assert_int_equal(tally_ledger_run(s.f.ledger, true, harm_name, &t, NULL), TALLY_OK);
            if (check(&s, NULL) != TALLY_E_CORRUPT)
                fail_msg("harm %d to collection %d is not noticed", (int)h,
                         (int)cases[i].collection);
            fixture_end(&s.f);
        }
    }
}

/* ---- rows ------------------------------------------------------------------------- */

typedef struct rewriting {
    tally_collection collection;
    int64_t key;
    const char *from, *to; /* NULL: the row goes */
} rewriting;

static tally_rc rewrite(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    static char copy[1 << 16];
    const rewriting *r = context;
    tally_text value;
    bool is_found;
    char *at;

    (void)ledger;
    if (r->from == NULL)
        return tally_store_delete(transaction, r->collection, r->key, err);
    assert_int_equal(tally_store_get(transaction, r->collection, r->key, &value, &is_found, err),
                     TALLY_OK);
    assert_true(is_found && value.count < sizeof(copy));
    memcpy(copy, value.bytes, value.count);
    copy[value.count] = '\0';
    at = strstr(copy, r->from);
    assert_non_null(at);
    assert_int_equal(strlen(r->from), strlen(r->to));
    memcpy(at, r->to, strlen(r->to));
    return tally_store_put(transaction, r->collection, r->key, tally_text_of(copy, value.count),
                           err);
}

static void tR1_neg_consent_made_longer_is_found_out(void **state)
{
    static const rewriting cases[] = {
        { TALLY_STORE_RECEIPTS, 1, "\"lapses\":\"2028", "\"lapses\":\"2038" },
        { TALLY_STORE_RECEIPTS, 1, "\"given\":\"2026", "\"given\":\"2025" },
        { TALLY_STORE_RECEIPTS, 1, NULL, NULL },
        { TALLY_STORE_SOURCES, 1, NULL, NULL },
        { TALLY_STORE_SOURCES, 1, "\"next\":2", "\"next\":1" },
        { TALLY_STORE_SOURCES, 1, "\"did\":\"did:key:z6Mk", "\"did\":\"did:key:z6Ml" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rewriting r = cases[i];
        stage s;

        stage_begin(&s);
        assert_int_equal(tally_ledger_run(s.f.ledger, true, rewrite, &r, NULL), TALLY_OK);
        if (check(&s, NULL) != TALLY_E_CORRUPT)
            fail_msg("case %zu is not noticed", i);
        fixture_end(&s.f);
    }
}

/* Without it whoever left would come back with the next restore. */
static void tR32_neg_erasures_that_were_cut_are_found_out(void **state)
{
    tally_arena *arena = tally_arena_new(1 << 16);
    const char *path;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(check(&s, NULL), TALLY_OK);
    assert_int_equal(tally_ledger_path(s.f.ledger, arena, "erasures", &path, NULL), TALLY_OK);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(check(&s, NULL), TALLY_E_CORRUPT);
    tally_arena_free(arena);
    fixture_end(&s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR21_neg_names_that_lead_nowhere_are_found_out),
        cmocka_unit_test(tR1_neg_consent_made_longer_is_found_out),
        cmocka_unit_test(tR32_neg_erasures_that_were_cut_are_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
