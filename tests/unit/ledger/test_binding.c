/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules bind whom: a worse version waits for the member's own receipt (R1, R25), a better one does not;
 * older events keep their worth. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batches.h"
#include "ledger/publish_policy.h"
#include "ledger/statement.h"
#include "members.h"
#include "policy/diagnostics.h"

#define DAY_MS     INT64_C(86400000)
#define TEXT_BYTES 16384

static const char AS_IT_WAS[] = "    points: 5\n", MORE[] = "    points: 6\n",
                  LESS[] = "    points: 4\n";

/* Days after 2 March 2026, when the fixture stands. */
#define APRIL(day) (FIXTURE_NOW + (29 + (day)) * DAY_MS)

typedef struct stage {
    fixture f;
    members_one early, late;
    batches_source tools;
    int events;
} stage;

static void publish(stage *s, const char *what, const char *with, const char *from)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    char *text = test_malloc(TEXT_BYTES), hex[TALLY_HASH_HEX_BYTES];
    const tally_policy *policy = s->f.ledger->policy;
    const char *at = strstr(FIXTURE_MEMBERS, what);
    tally_policy_review review;
    tally_err err = TALLY_ERR_INIT;

    assert_non_null(at);
    tally_hash_hex(hex, policy->versions[policy->version_count - 1].hash);
    (void)snprintf(text, TEXT_BYTES, "%.*s%s%sfrom: %s\nprevious: %s\n",
                   (int)(at - FIXTURE_MEMBERS), FIXTURE_MEMBERS, with, at + strlen(what), from,
                   hex);
    if (tally_ledger_review_policy(&review, s->f.ledger, "next.yaml", tally_text_from(text),
                                   diagnostics, NULL, &err) != TALLY_OK ||
        tally_ledger_publish_policy(s->f.ledger, &review, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    tally_policy_review_free(&review);
    tally_diagnostics_free(diagnostics);
    test_free(text);
}

static void stage_begin(stage *s)
{
    *s = (stage){ .events = 0 };
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    members_make(&s->early, 1);
    members_make(&s->late, 2);
    members_join(&s->f, &s->early);
    batches_register(&s->f, &s->tools, "tool-library", 1);
}

/* A tool that came back on a day of April, sent at once. */
static void give_back(stage *s, const members_one *who, int day)
{
    batches_outcome outcome;
    char line[256];

    fixture_at(&s->f, APRIL(day));
    (void)snprintf(line, sizeof(line),
                   "{\"id\":\"e%d\",\"type\":\"tool-returned\",\"at\":\"2026-04-%02d\","
                   "\"subject\":\"%s\",\"item\":\"saw\"}\n",
                   s->events++, day, who->key.did);
    batches_send(&outcome, &s->f, &s->tools, line);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.admitted.admitted, 1);
    batches_outcome_free(&outcome);
}

static int64_t score_of(stage *s, const members_one *who)
{
    const tally_ticket ticket = { .case_id = TALLY_TEXT("T-1"),
                                  .purpose = TALLY_TEXT("A test reads the score."),
                                  .role = "operator",
                                  .fields = "statement" };
    const tally_statement_request request = { .subject = tally_text_from(who->key.did),
                                              .as_of_ms = TALLY_NOTHING,
                                              .ticket = &ticket };
    tally_statement *statement;
    int64_t score;

    assert_int_equal(tally_ledger_statement(s->f.ledger, &request, &statement, NULL, NULL),
                     TALLY_OK);
    score = statement->score;
    tally_statement_free(statement);
    return score;
}

static void accept(stage *s, const members_one *who)
{
    tally_request request = members_request(&s->f, who, TALLY_REQUEST_CONSENT);
    members_outcome outcome;
    tally_buffer offer, receipt;

    tally_buffer_init(&offer, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&receipt, TALLY_RECEIPT_BYTES_MAX);
    assert_int_equal(members_offer(&s->f, who, &offer), TALLY_OK);
    members_sign(&receipt, tally_buffer_text(&offer), &who->key);
    request.receipt = tally_buffer_text(&receipt);
    members_send(&outcome, &s->f, &request, &who->key, NULL);
    if (outcome.rc != TALLY_OK)
        fail_msg("%s", outcome.err.message);
    members_outcome_free(&outcome);
    tally_buffer_free(&offer);
    tally_buffer_free(&receipt);
}

static void tR1_pos_a_worse_version_waits_for_the_members_receipt(void **state)
{
    stage s;

    (void)state;
    stage_begin(&s);
    publish(&s, AS_IT_WAS, LESS, "2026-04-02");
    fixture_at(&s.f, APRIL(3));
    members_join(&s.f, &s.late);
    give_back(&s, &s.early, 5);
    give_back(&s, &s.late, 5);
    assert_int_equal(score_of(&s, &s.early), 5); /* has not accepted */
    assert_int_equal(score_of(&s, &s.late), 4);  /* joined under it */
    fixture_reopen(&s.f);
    fixture_at(&s.f, APRIL(10));
    accept(&s, &s.early);
    give_back(&s, &s.early, 12);
    assert_int_equal(score_of(&s, &s.early), 5 + 4); /* what is older keeps its worth */
    fixture_end(&s.f);
}

static void tR25_pos_a_better_version_needs_no_receipt(void **state)
{
    stage s;

    (void)state;
    stage_begin(&s);
    give_back(&s, &s.early, 2);
    fixture_at(&s.f, APRIL(3));
    publish(&s, AS_IT_WAS, MORE, "2026-04-03");
    give_back(&s, &s.early, 5);
    assert_int_equal(score_of(&s, &s.early), 5 + 6);
    fixture_end(&s.f);
}

/* Worse, then better than that: whoever accepted neither stays with the first. */
static void tR25_neg_a_better_version_brings_no_worse_one_with_it(void **state)
{
    stage s;

    (void)state;
    stage_begin(&s);
    publish(&s, AS_IT_WAS, LESS, "2026-04-02");
    fixture_at(&s.f, APRIL(4));
    publish(&s, AS_IT_WAS, MORE, "2026-04-04");
    give_back(&s, &s.early, 6);
    assert_int_equal(score_of(&s, &s.early), 5);
    fixture_at(&s.f, APRIL(8));
    accept(&s, &s.early);
    give_back(&s, &s.early, 9);
    assert_int_equal(score_of(&s, &s.early), 5 + 6);
    fixture_end(&s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR1_pos_a_worse_version_waits_for_the_members_receipt),
        cmocka_unit_test(tR25_pos_a_better_version_needs_no_receipt),
        cmocka_unit_test(tR25_neg_a_better_version_brings_no_worse_one_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
