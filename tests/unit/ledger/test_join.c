/* SPDX-License-Identifier: Apache-2.0 */
/* Joining takes what both signed, word for word, and nothing else (R1, R6, R7). */

#include "unit.h"

#include <stdio.h>

#include "members.h"
#include "util/alloc.h"

static void tR1_pos_both_sign_and_the_member_is_in(void **state)
{
    tally_receipt_span spans[TALLY_RECEIPTS_MAX];
    members_one ana;
    fixture f;

    (void)state;
    (void)spans;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    assert_int_equal(f.ledger->state.last_subject, 1);
    assert_int_equal(f.ledger->state.last_receipt, 1);
    fixture_end(&f);
}

/* ---- what is refused, and changes nothing ---- */

typedef struct attempt {
    members_one who;
    tally_buffer payload, receipt;
    tally_request request;
    char token[TALLY_TOKEN_TEXT_BYTES];
} attempt;

static void begin(fixture *f, attempt *out, uint64_t number)
{
    members_make(&out->who, number);
    tally_buffer_init(&out->payload, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&out->receipt, TALLY_RECEIPT_BYTES_MAX);
    assert_int_equal(members_offer(f, &out->who, &out->payload), TALLY_OK);
    members_token(f, out->token);
    out->request = members_request(f, &out->who, TALLY_REQUEST_JOIN);
    out->request.token = tally_text_from(out->token);
}

/* Replace one run of bytes in the payload by another, of any length. */
static void replace(attempt *self, const char *what, const char *with)
{
    char *at = strstr(self->payload.bytes, what);
    tally_buffer changed;

    assert_non_null(at);
    tally_buffer_init(&changed, TALLY_RECEIPT_BYTES_MAX);
    (void)tally_buffer_append(&changed, self->payload.bytes, (size_t)(at - self->payload.bytes));
    (void)tally_buffer_append_string(&changed, with);
    assert_int_equal(tally_buffer_append_string(&changed, at + strlen(what)), TALLY_OK);
    tally_buffer_free(&self->payload);
    self->payload = changed;
}

/* Put another value in the place of a text member's. */
static void replace_value(attempt *self, const char *name, const char *with)
{
    char *at = strstr(self->payload.bytes, name), *end;
    char old[256];

    assert_non_null(at);
    at += strlen(name);
    end = strchr(at, '"');
    assert_true((size_t)(end - at) < sizeof(old));
    memcpy(old, at, (size_t)(end - at));
    old[end - at] = '\0';
    replace(self, old, with);
}

static void expect_refusal(fixture *f, attempt *self, const fixture_key *signer, const char *code)
{
    uint8_t before[32], after[32];
    members_outcome outcome;

    if (self->receipt.count == 0)
        members_sign(&self->receipt, tally_buffer_text(&self->payload), signer);
    self->request.receipt = tally_buffer_text(&self->receipt);
    members_store_hash(f, before);
    members_send(&outcome, f, &self->request, &self->who.key, NULL);
    members_store_hash(f, after);
    if (outcome.rc == TALLY_OK || outcome.denial.code == NULL ||
        strcmp(outcome.denial.code, code) != 0)
        fail_msg("wanted %s, got %d %s", code, outcome.rc, outcome.err.message);
    assert_memory_equal(before, after, sizeof(before));
    members_outcome_free(&outcome);
    tally_buffer_free(&self->payload);
    tally_buffer_free(&self->receipt);
}

static void tR1_neg_a_receipt_that_says_something_else_stores_nothing(void **state)
{
    static const struct {
        const char *what, *with;
    } changes[] = {
        { "\"purpose\":\"participation\"", "\"purpose\":[\"participation\",\"research\"]" },
        { "\"purpose\":\"participation\"", "\"purpose\":\"participation and research\"" },
        { "\"sharing\":[]", "\"sharing\":[\"the city library\"]" },
        { "\"backups\":\"30 days\"", "\"backups\":\"60 days\"" },
        { "\"events\":\"24 months\"", "\"events\":\"36 months\"" },
        { "\"lapses\":\"2028-03-02", "\"lapses\":\"2028-03-03" },
        { "\"lapses\":\"2028-03-02", "\"lapses\":\"2028-03-01" },
        { "\"fields\":[\"trees\"]", "\"fields\":[\"place\",\"trees\"]" },
        { "\"version\":1", "\"version\":2" },
        { "\"rights\":[\"withdraw\",", "\"rights\":[" },
        { "Thank residents", "Thank everybody" },
        { "\"basis\":\"consent\",", "" },
    };
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(changes); i++) {
        attempt self;

        begin(&f, &self, 10 + i);
        replace(&self, changes[i].what, changes[i].with);
        expect_refusal(&f, &self, &self.who.key,
                       strstr(changes[i].with, "and research") != NULL ? "E_PURPOSE"
                                                                       : "E_CONSENT_NONE");
    }
    fixture_end(&f);
}

static void tR1_neg_another_hash_stores_nothing(void **state)
{
    static const char *const names[] = { "\"charter\":\"", "\"notice\":\"", "{\"hash\":\"" };
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        attempt self;

        begin(&f, &self, 30 + i);
        replace_value(&self, names[i], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        expect_refusal(&f, &self, &self.who.key, "E_CONSENT_NONE");
    }
    fixture_end(&f);
}

static void tR1_neg_anothers_signature_stores_nothing(void **state)
{
    members_one other;
    attempt self;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&other, 40);
    begin(&f, &self, 41);
    expect_refusal(&f, &self, &other.key, "E_CONSENT_NONE");
    /* A third signature beside the right one. */
    begin(&f, &self, 42);
    members_sign(&self.receipt, tally_buffer_text(&self.payload), &self.who.key);
    {
        tally_buffer more;

        tally_buffer_init(&more, TALLY_RECEIPT_BYTES_MAX);
        assert_int_equal(tally_receipt_sign(&more, tally_buffer_text(&self.receipt),
                                            tally_buffer_text(&self.payload), other.key.seed, NULL),
                         TALLY_OK);
        tally_buffer_free(&self.receipt);
        self.receipt = more;
    }
    expect_refusal(&f, &self, NULL, "E_CONSENT_NONE");
    /* Somebody else's offer, signed by that one, under the own request. */
    begin(&f, &self, 43);
    tally_buffer_reset(&self.payload);
    assert_int_equal(members_offer(&f, &other, &self.payload), TALLY_OK);
    expect_refusal(&f, &self, &other.key, "E_CONSENT_NONE");
    fixture_end(&f);
}

static void tR1_neg_an_old_offer_stores_nothing(void **state)
{
    attempt self;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    begin(&f, &self, 50);
    fixture_at(&f, FIXTURE_NOW + 11 * 60000);
    self.request.at_ms = FIXTURE_NOW + 11 * 60000;
    expect_refusal(&f, &self, &self.who.key, "E_CONSENT_NONE");
    begin(&f, &self, 51);
    self.request.at_ms -= 11 * 60000;
    expect_refusal(&f, &self, &self.who.key, "E_STALE");
    begin(&f, &self, 52);
    self.request.at_ms += 11 * 60000;
    expect_refusal(&f, &self, &self.who.key, "E_STALE");
    fixture_end(&f);
}

static void a_pilot_takes_generated_members_only(void **state)
{
    members_one ana;
    tally_buffer payload, notice;
    tally_denial denial;
    tally_receipt_terms terms;
    attempt self;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 60);
    terms = (tally_receipt_terms){ tally_text_from(ana.key.did), tally_text_from(ana.recovery.did),
                                   false, TALLY_TEXT(TALLY_PURPOSE_PARTICIPATION), 0 };
    tally_buffer_init(&payload, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&notice, (size_t)1 << 20);
    assert_int_equal(tally_ledger_offer(f.ledger, &terms, &payload, &notice, &denial, NULL),
                     TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_NOT_AVAILABLE");
    terms.is_generated = true;
    terms.purpose = TALLY_TEXT("research");
    assert_int_equal(tally_ledger_offer(f.ledger, &terms, &payload, &notice, &denial, NULL),
                     TALLY_E_DENIED);
    assert_string_equal(denial.code, "E_PURPOSE");
    begin(&f, &self, 61);
    replace(&self, "\"generated\":true", "\"generated\":false");
    expect_refusal(&f, &self, &self.who.key, "E_NOT_AVAILABLE");
    tally_buffer_free(&payload);
    tally_buffer_free(&notice);
    fixture_end(&f);
}

static void tR6_neg_a_token_is_used_once_and_is_of_this_roll(void **state)
{
    members_one ana;
    attempt self, again;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 70);
    begin(&f, &self, 71);
    members_sign(&self.receipt, tally_buffer_text(&self.payload), &self.who.key);
    self.request.receipt = tally_buffer_text(&self.receipt);
    {
        members_outcome outcome;

        members_send(&outcome, &f, &self.request, &self.who.key, NULL);
        assert_int_equal(outcome.rc, TALLY_OK);
        members_outcome_free(&outcome);
    }
    begin(&f, &again, 72);
    again.request.token = self.request.token;
    expect_refusal(&f, &again, &again.who.key, "E_TOKEN");
    begin(&f, &again, 73);
    again.token[20] = again.token[20] == 'A' ? 'B' : 'A';
    expect_refusal(&f, &again, &again.who.key, "E_TOKEN");
    begin(&f, &again, 74);
    again.request.token = TALLY_TEXT("tally-1-");
    expect_refusal(&f, &again, &again.who.key, "E_TOKEN");
    tally_buffer_free(&self.payload);
    tally_buffer_free(&self.receipt);
    fixture_end(&f);
}

static void tR7_neg_a_request_for_another_programme_is_refused(void **state)
{
    attempt self;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    begin(&f, &self, 80);
    self.request.programme = TALLY_TEXT("other.example/points");
    expect_refusal(&f, &self, &self.who.key, "E_CROSS_PROGRAMME");
    fixture_end(&f);
}

static void a_member_joins_once_and_a_request_is_taken_once(void **state)
{
    members_outcome outcome;
    attempt self, again;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    begin(&f, &self, 90);
    members_sign(&self.receipt, tally_buffer_text(&self.payload), &self.who.key);
    self.request.receipt = tally_buffer_text(&self.receipt);
    members_send(&outcome, &f, &self.request, &self.who.key, NULL);
    assert_int_equal(outcome.rc, TALLY_OK);
    members_outcome_free(&outcome);
    members_send(&outcome, &f, &self.request, &self.who.key, NULL);
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    assert_string_equal(outcome.denial.code, "E_REPLAY");
    members_outcome_free(&outcome);
    begin(&f, &again, 90);
    expect_refusal(&f, &again, &again.who.key, "E_MEMBER");
    tally_buffer_free(&self.payload);
    tally_buffer_free(&self.receipt);
    fixture_end(&f);
}

static void joining_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    for (; rc != TALLY_OK; nth += nth < 60 ? 1 : 37) {
        uint8_t before[32], after[32];
        tally_buffer text, answer;
        attempt self;

        begin(&f, &self, 1000 + nth);
        members_sign(&self.receipt, tally_buffer_text(&self.payload), &self.who.key);
        self.request.receipt = tally_buffer_text(&self.receipt);
        tally_buffer_init(&text, TALLY_REQUEST_BYTES_MAX);
        tally_buffer_init(&answer, TALLY_ANSWER_BYTES_MAX);
        assert_int_equal(tally_request_write(&text, &self.request, self.who.key.seed, NULL, NULL),
                         TALLY_OK);
        members_store_hash(&f, before);
        tally_alloc_fail_at(nth);
        rc = tally_ledger_receive(f.ledger, tally_buffer_text(&text), NULL, &answer, NULL, NULL);
        tally_alloc_fail_never();
        members_store_hash(&f, after);
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(rc == TALLY_OK, memcmp(before, after, sizeof(before)) != 0);
        tally_buffer_free(&text);
        tally_buffer_free(&answer);
        tally_buffer_free(&self.payload);
        tally_buffer_free(&self.receipt);
    }
    assert_true(nth > 20);
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR1_pos_both_sign_and_the_member_is_in),
        cmocka_unit_test(tR1_neg_a_receipt_that_says_something_else_stores_nothing),
        cmocka_unit_test(tR1_neg_another_hash_stores_nothing),
        cmocka_unit_test(tR1_neg_anothers_signature_stores_nothing),
        cmocka_unit_test(tR1_neg_an_old_offer_stores_nothing),
        cmocka_unit_test(a_pilot_takes_generated_members_only),
        cmocka_unit_test(tR6_neg_a_token_is_used_once_and_is_of_this_roll),
        cmocka_unit_test(tR7_neg_a_request_for_another_programme_is_refused),
        cmocka_unit_test(a_member_joins_once_and_a_request_is_taken_once),
        cmocka_unit_test(joining_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
