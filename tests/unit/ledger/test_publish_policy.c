/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing versions: immutable, chained, announced (R25), and never below the charter (R29). */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "ledger/policies.h"
#include "ledger/publish_policy.h"
#include "ledger/record.h"
#include "policy/diagnostics.h"
#include "util/alloc.h"

#define TEXT_BYTES 16384

/* The next version: the first with one piece replaced, from a day, after the version before. */
static void write_next(char *out, fixture *f, const char *base, const char *what, const char *with,
                       const char *from)
{
    char hex[TALLY_HASH_HEX_BYTES];
    const char *at = strstr(base, what);

    assert_non_null(at);
    tally_hash_hex(hex, f->ledger->policy->versions[f->ledger->policy->version_count - 1].hash);
    (void)snprintf(out, TEXT_BYTES, "%.*s%s%sfrom: %s\nprevious: %s\n", (int)(at - base), base,
                   with, at + strlen(what), from, hex);
}

static tally_rc publish(fixture *f, const char *text, tally_denial *denial)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy_review review;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_ledger_review_policy(&review, f->ledger, "next.yaml", tally_text_from(text),
                                             diagnostics, denial, &err);

    if (rc == TALLY_OK) {
        bool was_allowed = review.verdict.is_allowed;

        rc = tally_ledger_publish_policy(f->ledger, &review, denial, &err);
        assert_int_equal(rc == TALLY_OK, was_allowed);
    }
    tally_policy_review_free(&review);
    tally_diagnostics_free(diagnostics);
    return rc;
}

static const char AS_IT_WAS[] = "    points: 5\n", MORE[] = "    points: 6\n",
                  LESS[] = "    points: 4\n";

static void tR25_pos_a_better_version_begins_today(void **state)
{
    char *text = test_malloc(TEXT_BYTES), path[128];
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, MORE, "2026-03-02");
    assert_int_equal(publish(&f, text, NULL), TALLY_OK);
    assert_int_equal(f.ledger->policy_version, 2);
    assert_int_equal(f.ledger->policy->version_count, 2);
    assert_int_equal(f.ledger->policy_begins_ms[1], FIXTURE_NOW); /* not before it was published */
    assert_int_equal(f.ledger->state.log_policy, 2);
    (void)snprintf(path, sizeof(path), "%s/policies/2.yaml", f.folder);
    assert_int_equal(access(path, F_OK), 0);
    fixture_reopen(&f);
    assert_int_equal(f.ledger->policy_version, 2);
    assert_int_equal(f.ledger->policy_begins_ms[1], FIXTURE_NOW);
    test_free(text);
    fixture_end(&f);
}

static void tR25_pos_a_worse_version_with_notice_binds_later_events(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, LESS, "2026-04-02");
    assert_int_equal(publish(&f, text, NULL), TALLY_OK);
    assert_int_equal(f.ledger->policy_begins_ms[1], INT64_C(1775088000000));
    test_free(text);
    fixture_end(&f);
}

static void tR25_neg_a_worse_version_without_notice_is_refused(void **state)
{
    static const char *const days[] = { "2026-03-02", "2026-03-03", "2026-03-31" };
    char *text = test_malloc(TEXT_BYTES);
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(days); i++) {
        tally_denial denial = { 0 };

        write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, LESS, days[i]);
        assert_int_equal(publish(&f, text, &denial), TALLY_E_DENIED);
        assert_string_equal(denial.code, "E_NOTICE_PERIOD");
        assert_string_equal(denial.right, "R25");
    }
    assert_int_equal(f.ledger->policy_version, 1);
    assert_int_equal(f.ledger->state.log_size, 3);
    fixture_reopen(&f);
    assert_int_equal(f.ledger->policy_version, 1);
    test_free(text);
    fixture_end(&f);
}

static void tR25_neg_no_version_begins_in_the_past(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    tally_denial denial = { 0 };
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, MORE, "2026-03-01");
    assert_int_equal(publish(&f, text, &denial), TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_RETROACTIVE");
    test_free(text);
    fixture_end(&f);
}

static void tR25_neg_published_versions_do_not_change(void **state)
{
    char *next = test_malloc(TEXT_BYTES), *chain = test_malloc(2 * TEXT_BYTES);
    tally_denial denial = { 0 };
    const char *at;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(next, &f, FIXTURE_MEMBERS, AS_IT_WAS, MORE, "2026-03-02");
    at = strstr(FIXTURE_MEMBERS, "20 * trees");
    (void)snprintf(chain, 2 * TEXT_BYTES, "%.*s30 * trees%s---\n%s", (int)(at - FIXTURE_MEMBERS),
                   FIXTURE_MEMBERS, at + strlen("20 * trees"), next);
    assert_true(publish(&f, chain, &denial) != TALLY_OK);
    assert_int_equal(f.ledger->policy_version, 1);
    /* The published documents and one more are as good as the one alone. */
    (void)snprintf(chain, 2 * TEXT_BYTES, "%s---\n%s", FIXTURE_MEMBERS, next);
    assert_int_equal(publish(&f, chain, NULL), TALLY_OK);
    assert_int_equal(f.ledger->policy_version, 2);
    test_free(next);
    test_free(chain);
    fixture_end(&f);
}

static const struct {
    const char *what, *with;
    tally_rc rc;
} floors[] = {
    { "keeps-events: 24 months", "keeps-events: 25 months", TALLY_E_DENIED },
    { "    expires: after 24 months\n    because: Trees planted",
      "    expires: after 25 months\n    because: Trees planted", TALLY_E_DENIED },
    { "sponsor: association", "sponsor: police", TALLY_E_DENIED },
    { "subjects: members\n", "subjects: members\nnotice-days: 3\n", TALLY_E_INVALID },
};

static void tR29_neg_no_version_loosens_the_charter(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(floors); i++) {
        write_next(text, &f, FIXTURE_MEMBERS, floors[i].what, floors[i].with, "2026-06-01");
        assert_int_equal(publish(&f, text, NULL), floors[i].rc);
        assert_int_equal(f.ledger->policy_version, 1);
    }
    test_free(text);
    fixture_end(&f);
}

static void tR29_pos_a_stricter_version_is_published(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, "400 per calendar month", "300 per calendar month",
               "2026-06-01");
    assert_int_equal(publish(&f, text, NULL), TALLY_OK);
    test_free(text);
    fixture_end(&f);
}

/* ---- what is published ---- */

static tally_rc look_at_second(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    tally_text stored, document;
    tally_entry entry;
    uint64_t index = ledger->state.log_size - 1;
    bool is_found;
    char *copy;

    (void)context;
    assert_int_equal(tally_record_entry(transaction, index, &entry, err), TALLY_OK);
    assert_int_equal(entry.kind, TALLY_ENTRY_POLICY);
    assert_int_equal(entry.policy, 2);
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_POLICIES, 2, &stored, &is_found, err),
                     TALLY_OK);
    copy = test_malloc(stored.count + 1);
    memcpy(copy, stored.bytes, stored.count);
    copy[stored.count] = '\0';
    assert_int_equal(tally_store_get(transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1,
                                     &document, &is_found, err),
                     TALLY_OK);
    assert_true(tally_text_is(document, copy));
    assert_non_null(strstr(copy, "\"label\":\"better\""));
    assert_non_null(strstr(copy, "\"previous\":\""));
    assert_non_null(strstr(copy, "\"published\":\"2026-03-02T09:00:00Z\""));
    assert_non_null(strstr(copy, "\"begins\":[null,\"2026-03-02T09:00:00Z\"]"));
    assert_non_null(strstr(copy, "awards.tools.points"));
    test_free(copy);
    return TALLY_OK;
}

static void tR25_pos_every_change_is_public_with_its_label(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, MORE, "2026-03-02");
    assert_int_equal(publish(&f, text, NULL), TALLY_OK);
    assert_int_equal(tally_ledger_run(f.ledger, false, look_at_second, NULL, NULL), TALLY_OK);
    test_free(text);
    fixture_end(&f);
}

static void a_chain_of_versions_reopens(void **state)
{
    char *text = test_malloc(TEXT_BYTES), points[64], day[16];
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (int i = 1; i <= 6; i++) {
        (void)snprintf(points, sizeof(points), "    points: %d\n", 5 + i);
        (void)snprintf(day, sizeof(day), "2026-03-%02d", 2 + i);
        write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, points, day);
        assert_int_equal(publish(&f, text, NULL), TALLY_OK);
    }
    fixture_reopen(&f);
    assert_int_equal(f.ledger->policy_version, 7);
    for (int i = 1; i <= 6; i++)
        assert_int_equal(f.ledger->policy_begins_ms[i],
                         FIXTURE_NOW - 9 * INT64_C(3600000) + i * INT64_C(86400000));
    test_free(text);
    fixture_end(&f);
}

static void publishing_survives_each_failed_allocation(void **state)
{
    char *text = test_malloc(TEXT_BYTES);
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    write_next(text, &f, FIXTURE_MEMBERS, AS_IT_WAS, MORE, "2026-03-02");
    for (; rc != TALLY_OK; nth += 1 + nth / 12) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_policy_review review;

        tally_alloc_fail_at(nth);
        rc = tally_ledger_review_policy(&review, f.ledger, "next.yaml", tally_text_from(text),
                                        diagnostics, NULL, NULL);
        if (rc == TALLY_OK)
            rc = tally_ledger_publish_policy(f.ledger, &review, NULL, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_policy_review_free(&review);
        tally_diagnostics_free(diagnostics);
        /* Before the commit nothing is there, after it all, which a new opening finds. */
        fixture_reopen(&f);
        if (f.ledger->policy_version == 2)
            break;
        assert_int_equal(f.ledger->state.log_size, 3);
    }
    assert_int_equal(f.ledger->policy_version, 2);
    assert_int_equal(f.ledger->state.log_size, 4);
    assert_true(nth > 100);
    test_free(text);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR25_pos_a_better_version_begins_today),
        cmocka_unit_test(tR25_pos_a_worse_version_with_notice_binds_later_events),
        cmocka_unit_test(tR25_neg_a_worse_version_without_notice_is_refused),
        cmocka_unit_test(tR25_neg_no_version_begins_in_the_past),
        cmocka_unit_test(tR25_neg_published_versions_do_not_change),
        cmocka_unit_test(tR29_neg_no_version_loosens_the_charter),
        cmocka_unit_test(tR29_pos_a_stricter_version_is_published),
        cmocka_unit_test(tR25_pos_every_change_is_public_with_its_label),
        cmocka_unit_test(a_chain_of_versions_reopens),
        cmocka_unit_test(publishing_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
