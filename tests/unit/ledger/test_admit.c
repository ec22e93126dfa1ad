/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: each event is judged by itself, a batch is admitted once and as a whole, and a source
 * learns nothing about who is a member. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batches.h"
#include "ledger/check.h"
#include "ledger/source.h"
#include "ledger/statement.h"
#include "members.h"
#include "util/alloc.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)
#define STRANGER  "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"

typedef struct stage {
    fixture f;
    members_one member;
    batches_source parks, tools;
} stage;

static void stage_begin(stage *s)
{
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    members_make(&s->member, 1);
    members_join(&s->f, &s->member);
    batches_register(&s->f, &s->parks, "parks-office", 1);
    batches_register(&s->f, &s->tools, "tool-library", 2);
    fixture_at(&s->f, FIXTURE_NOW + 3 * DAY_MS);
}

/* An event a line; %s stands for the member. */
static void send(batches_outcome *out, stage *s, batches_source *source, const char *lines)
{
    tally_buffer text;

    tally_buffer_init(&text, 16384);
    for (; *lines != '\0'; lines++) {
        if (lines[0] == '%' && lines[1] == 's') {
            (void)tally_buffer_append_string(&text, s->member.key.did);
            lines++;
        } else {
            (void)tally_buffer_append_byte(&text, *lines);
        }
    }
    (void)tally_buffer_append_byte(&text, '\0');
    assert_int_equal(tally_buffer_failure(&text), TALLY_OK);
    batches_send(out, &s->f, source, text.bytes);
    tally_buffer_free(&text);
}

#define TREE(id, day)                                            \
    "{\"id\":\"" id "\",\"type\":\"tree-planted\",\"at\":\"" day \
    "\",\"subject\":\"%s\",\"trees\":2}\n"

static void expect(batches_outcome *outcome, uint32_t admitted, const char *refused)
{
    if (outcome->rc != TALLY_OK)
        fprintf(stderr, "%s\n", outcome->err.message);
    assert_int_equal(outcome->rc, TALLY_OK);
    assert_string_equal(outcome->refused, refused);
    assert_int_equal(outcome->admitted.admitted, admitted);
    batches_outcome_free(outcome);
}

static int64_t score_of(stage *s)
{
    const tally_ticket ticket = { .case_id = TALLY_TEXT("T-1"),
                                  .purpose = TALLY_TEXT("A test reads the score."),
                                  .role = "operator",
                                  .fields = "statement" };
    const tally_statement_request request = { .subject = tally_text_from(s->member.key.did),
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

static void check_whole(stage *s)
{
    tally_check_report report;
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_check(s->f.ledger, &report, NULL, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
}

/* ---- single events ----------------------------------------------------------------- */

/* Each line by itself in a batch whose second event is good. */
static const struct {
    const char *name, *line, *refused;
} refusals[] = {
    { "tR1_neg_stranger",
      "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-04\",\"subject\":\"" STRANGER
      "\",\"trees\":2}\n",
      "0 E_NOT_RECORDED R1" },
    { "tR1_neg_handle_of_nobody",
      "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-04\",\"subject\":"
      "\"handle:aaaaaaaaaaaaaaaaaaaaaaaaaa\",\"trees\":2}\n",
      "0 E_NOT_RECORDED R1" },
    { "tR1_neg_before_the_receipt", TREE("a", "2026-03-01"), "0 E_NOT_RECORDED R1" },
    { "tR8_neg_unknown_type",
      "{\"id\":\"a\",\"type\":\"seen-at\",\"at\":\"2026-03-04\",\"subject\":\"%s\"}\n",
      "0 E_SCHEMA R8" },
    { "tR8_neg_extra_key",
      "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-04\",\"subject\":\"%s\",\"trees\":"
      "2,"
      "\"note\":\"x\"}\n",
      "0 E_SCHEMA R8" },
    { "tR8_neg_out_of_bounds",
      "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-04\",\"subject\":\"%s\",\"trees\":"
      "51}"
      "\n",
      "0 E_SCHEMA R8" },
    { "tR8_neg_coordinate",
      "{\"id\":\"a\",\"type\":\"tree-planted\",\"at\":\"2026-03-04\",\"subject\":\"%s\",\"trees\":"
      "2,"
      "\"lat\":1}\n",
      "0 E_SCHEMA R8" },
    { "tR10_neg_another_source's_type",
      "{\"id\":\"a\",\"type\":\"tool-returned\",\"at\":\"2026-03-04\",\"subject\":\"%s\",\"item\":"
      "\"saw\"}\n",
      "0 E_SOURCE R10" },
};

static void each_event_is_judged_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char lines[1024];
        batches_outcome outcome;
        stage s;

        print_message("%s\n", refusals[i].name);
        stage_begin(&s);
        (void)snprintf(lines, sizeof(lines), "%s%s", refusals[i].line, TREE("good", "2026-03-04"));
        send(&outcome, &s, &s.parks, lines);
        expect(&outcome, 1, refusals[i].refused);
        assert_int_equal(score_of(&s), 40);
        check_whole(&s);
        fixture_end(&s.f);
    }
}

static void tR1_pos_event_after_receipt(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-02") TREE("b", "2026-03-03T10:00:00Z"));
    expect(&outcome, 2, "");
    assert_int_equal(score_of(&s), 80);
    fixture_end(&s.f);
}

static void tR2_neg_event_issued_after_leaving(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-03"));
    expect(&outcome, 1, "");
    members_leave(&s.f, &s.member);
    fixture_at(&s.f, FIXTURE_NOW + 3 * DAY_MS + 1000);
    send(&outcome, &s, &s.parks, TREE("b", "2026-03-05"));
    expect(&outcome, 0, "0 E_NOT_RECORDED R1");
    check_whole(&s);
    fixture_end(&s.f);
}

static void tR10_neg_over_rate(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    /* Five a day and member; the sixth of a day is refused, another day's is not. */
    send(&outcome, &s, &s.tools,
         "{\"id\":\"1\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n"
         "{\"id\":\"2\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n"
         "{\"id\":\"3\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n"
         "{\"id\":\"4\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n");
    expect(&outcome, 4, "");
    /* What was counted is known after a restart. */
    fixture_reopen(&s.f);
    send(&outcome, &s, &s.tools,
         "{\"id\":\"5\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n"
         "{\"id\":\"6\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n"
         "{\"id\":\"7\",\"type\":\"tool-returned\",\"at\":\"2026-03-04\",\"subject\":\"%s\","
         "\"item\":\"a\"}\n");
    expect(&outcome, 2, "1 E_RATE R10");
    fixture_end(&s.f);
}

static void a_void_gives_its_place_in_the_rate_back(void **state)
{
    batches_outcome outcome;
    stage s;
    char lines[2048] = "";

    (void)state;
    stage_begin(&s);
    for (int i = 0; i < 10; i++) {
        char line[200];

        (void)snprintf(line, sizeof(line),
                       "{\"id\":\"%d\",\"type\":\"tree-planted\",\"at\":\"2026-03-03\","
                       "\"subject\":\"%s\",\"trees\":1}\n",
                       i, s.member.key.did);
        memcpy(lines + strlen(lines), line, strlen(line) + 1);
    }
    batches_send(&outcome, &s.f, &s.parks, lines);
    expect(&outcome, 10, "");
    send(&outcome, &s, &s.parks, TREE("more", "2026-03-03"));
    expect(&outcome, 0, "0 E_RATE R10");
    assert_int_equal(score_of(&s), 200);
    send(
        &outcome, &s, &s.parks,
        "{\"id\":\"v\",\"type\":\"void\",\"at\":\"2026-03-04\",\"subject\":\"%s\",\"of\":\"3\"}\n");
    expect(&outcome, 1, "");
    assert_int_equal(score_of(&s), 180);
    send(&outcome, &s, &s.parks, TREE("instead", "2026-03-03") TREE("again", "2026-03-03"));
    expect(&outcome, 1, "1 E_RATE R10");
    assert_int_equal(score_of(&s), 220);
    check_whole(&s);
    fixture_end(&s.f);
}

#define ABOUT(id, type, of, rest)                                                        \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"at\":\"2026-03-05\",\"subject\":\"%s\"," \
    "\"of\":\"" of "\"" rest "}\n"

static void records_about_records_find_their_own_sources_events(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.tools,
         "{\"id\":\"saw\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"saw\"}\n");
    expect(&outcome, 1, "");
    send(&outcome, &s, &s.parks,
         TREE("a", "2026-03-03") ABOUT("c", "correction", "a", ",\"trees\":5")
             ABOUT("v", "void", "nothing", "") ABOUT("w", "void", "saw", "")
                 ABOUT("x", "correction", "a", ",\"trees\":500"));
    expect(&outcome, 2, "2 E_UNKNOWN_OF R15,3 E_UNKNOWN_OF R15,4 E_SCHEMA R8");
    assert_int_equal(score_of(&s), 105);
    /* Both facts stay in the record: a void brings the correction's target to nothing. */
    send(&outcome, &s, &s.parks, ABOUT("v2", "void", "a", ""));
    expect(&outcome, 1, "");
    assert_int_equal(score_of(&s), 5);
    check_whole(&s);
    fixture_end(&s.f);
}

static void revoking_a_source_voids_its_later_batches(void **state)
{
    batches_outcome outcome;
    tally_source_record record;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-03"));
    expect(&outcome, 1, "");
    send(&outcome, &s, &s.parks, TREE("b", "2026-03-04"));
    expect(&outcome, 1, "");
    assert_int_equal(score_of(&s), 80);
    assert_int_equal(
        tally_source_revoke(s.f.ledger, TALLY_TEXT("parks-office"), 2, &record, NULL, NULL),
        TALLY_OK);
    assert_int_equal(score_of(&s), 40);
    send(&outcome, &s, &s.parks, TREE("c", "2026-03-04"));
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    batches_outcome_free(&outcome);
    check_whole(&s);
    fixture_end(&s.f);
}

/* ---- repeats --------------------------------------------------------------------------- */

static void a_repeated_batch_gets_the_first_reply(void **state)
{
    batches_outcome first, again;
    tally_text message;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&first, &s, &s.parks, TREE("a", "2026-03-03"));
    assert_int_equal(first.rc, TALLY_OK);
    message = tally_buffer_text(&first.message);
    for (int i = 0; i < 2; i++) {
        batches_send_text(&again, &s.f, message);
        assert_int_equal(again.rc, TALLY_OK);
        assert_true(again.admitted.is_repeat);
        assert_true(
            tally_text_is_equal(tally_buffer_text(&again.reply), tally_buffer_text(&first.reply)));
        batches_outcome_free(&again);
        fixture_reopen(&s.f);
    }
    assert_int_equal(score_of(&s), 40);
    batches_outcome_free(&first);
    fixture_end(&s.f);
}

static void tR10_neg_altered_batch(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-03"));
    expect(&outcome, 1, "");
    s.parks.next_number = 1;
    send(&outcome, &s, &s.parks, TREE("b", "2026-03-03"));
    assert_int_equal(outcome.rc, TALLY_E_CONFLICT);
    assert_string_equal(outcome.denial.code, "E_CONFLICT");
    batches_outcome_free(&outcome);
    s.parks.next_number = 3;
    send(&outcome, &s, &s.parks, TREE("b", "2026-03-03"));
    assert_int_equal(outcome.rc, TALLY_E_CONFLICT);
    assert_string_equal(outcome.denial.code, "E_SEQUENCE");
    assert_non_null(strstr(outcome.denial.message, "expected is 2"));
    batches_outcome_free(&outcome);
    assert_int_equal(score_of(&s), 40);
    fixture_end(&s.f);
}

static void an_event_id_counts_once_within_the_window(void **state)
{
    batches_outcome outcome;
    stage s;

    (void)state;
    stage_begin(&s);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-03") TREE("a", "2026-03-04"));
    expect(&outcome, 1, "1 E_DUPLICATE R10");
    fixture_reopen(&s.f);
    send(&outcome, &s, &s.parks, TREE("a", "2026-03-03"));
    expect(&outcome, 0, "0 E_DUPLICATE R10");
    /* Another source's ids are its own. */
    send(&outcome, &s, &s.tools,
         "{\"id\":\"a\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":\"%s\","
         "\"item\":\"x\"}\n");
    expect(&outcome, 1, "");
    assert_int_equal(score_of(&s), 45);
    fixture_end(&s.f);
}

/* ---- whole batches ----------------------------------------------------------------------- */

static void tR10_neg_undeclared_source(void **state)
{
    batches_outcome outcome;
    batches_source nobody = { .next_number = 1 };
    stage s;

    (void)state;
    stage_begin(&s);
    fixture_key_make(&nobody.key, 77);
    send(&outcome, &s, &nobody, TREE("a", "2026-03-03"));
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    assert_string_equal(outcome.denial.code, "E_SOURCE");
    assert_string_equal(outcome.denial.right, "R10");
    batches_outcome_free(&outcome);
    fixture_end(&s.f);
}

static void tR10_neg_replayed_or_altered_message(void **state)
{
    batches_outcome outcome;
    tally_buffer message;
    char lines[512];
    stage s;

    (void)state;
    stage_begin(&s);
    (void)snprintf(lines, sizeof(lines), TREE("a", "2026-03-03"), s.member.key.did);
    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    batches_write(&s.f, &s.parks, TALLY_BATCH_JSONL, lines, &message);
    /* One more tree than was signed for. */
    for (size_t i = 0; i < message.count; i++) {
        if (message.count - i > 9 && memcmp(message.bytes + i, "\"trees\":2", 9) == 0)
            message.bytes[i + 8] = '3';
    }
    batches_send_text(&outcome, &s.f, tally_buffer_text(&message));
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    assert_string_equal(outcome.denial.code, "E_SOURCE");
    batches_outcome_free(&outcome);
    tally_buffer_free(&message);
    assert_int_equal(score_of(&s), 0);
    fixture_end(&s.f);
}

static void tR7_neg_batch_for_another_programme(void **state)
{
    batches_outcome outcome;
    tally_buffer message;
    char lines[512];
    stage s, other;

    (void)state;
    stage_begin(&s);
    fixture_begin_empty(&other.f);
    {
        tally_create_options options = fixture_create_options(&other.f, FIXTURE_MEMBERS);
        tally_diagnostics *diagnostics = tally_diagnostics_new();

        options.origin = TALLY_TEXT("elsewhere.example/points");
        assert_int_equal(tally_ledger_create(&options, diagnostics, NULL, NULL), TALLY_OK);
        tally_diagnostics_free(diagnostics);
    }
    fixture_open(&other.f);
    (void)snprintf(lines, sizeof(lines), TREE("a", "2026-03-03"), s.member.key.did);
    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    batches_write(&s.f, &s.parks, TALLY_BATCH_JSONL, lines, &message);
    batches_send_text(&outcome, &other.f, tally_buffer_text(&message));
    assert_int_equal(outcome.rc, TALLY_E_DENIED);
    assert_string_equal(outcome.denial.code, "E_CROSS_PROGRAMME");
    assert_string_equal(outcome.denial.right, "R7");
    batches_outcome_free(&outcome);
    tally_buffer_free(&message);
    fixture_end(&other.f);
    fixture_end(&s.f);
}

static void a_failed_allocation_admits_nothing(void **state)
{
    stage s;
    tally_buffer message;
    char lines[512];
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    stage_begin(&s);
    (void)snprintf(lines, sizeof(lines), TREE("a", "2026-03-03"), s.member.key.did);
    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    batches_write(&s.f, &s.parks, TALLY_BATCH_JSONL, lines, &message);
    for (; rc != TALLY_OK; nth++) {
        tally_buffer reply;
        uint64_t next = 0;

        tally_buffer_init(&reply, TALLY_BATCH_BYTES_MAX);
        tally_alloc_fail_at(nth);
        rc = tally_admit(s.f.ledger, tally_buffer_text(&message), &reply, NULL, NULL, NULL);
        tally_alloc_fail_never();
        tally_buffer_free(&reply);
        if (rc != TALLY_OK && rc != TALLY_E_NOMEM)
            fixture_reopen(&s.f); /* the store could not tell and wants to be opened anew */
        assert_int_equal(tally_admit_next_number(s.f.ledger, tally_text_from(s.parks.key.did),
                                                 &next, NULL, NULL),
                         TALLY_OK);
        assert_true(rc == TALLY_OK ? next == 2 : next <= 2);
        if (rc != TALLY_OK && next == 2)
            break; /* committed, and the failure came after: the source asks again */
    }
    assert_true(nth > 20);
    check_whole(&s);
    assert_int_equal(score_of(&s), 40);
    tally_buffer_free(&message);
    fixture_end(&s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_judged_by_itself),
        cmocka_unit_test(tR1_pos_event_after_receipt),
        cmocka_unit_test(tR2_neg_event_issued_after_leaving),
        cmocka_unit_test(tR10_neg_over_rate),
        cmocka_unit_test(a_void_gives_its_place_in_the_rate_back),
        cmocka_unit_test(records_about_records_find_their_own_sources_events),
        cmocka_unit_test(revoking_a_source_voids_its_later_batches),
        cmocka_unit_test(a_repeated_batch_gets_the_first_reply),
        cmocka_unit_test(tR10_neg_altered_batch),
        cmocka_unit_test(an_event_id_counts_once_within_the_window),
        cmocka_unit_test(tR10_neg_undeclared_source),
        cmocka_unit_test(tR10_neg_replayed_or_altered_message),
        cmocka_unit_test(tR7_neg_batch_for_another_programme),
        cmocka_unit_test(a_failed_allocation_admits_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
