/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what of a member, and that everything read can be computed again. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batches.h"
#include "json/jcs.h"
#include "json/read.h"
#include "ledger/access.h"
#include "ledger/check.h"
#include "ledger/export.h"
#include "ledger/export_parts.h"
#include "ledger/read.h"
#include "ledger/statement.h"
#include "members.h"
#include "util/alloc.h"

#define DAY_MS   INT64_C(86400000)
#define STRANGER "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"

typedef struct stage {
    fixture f;
    members_one member;
    batches_source parks;
} stage;

static void plant(stage *s, const char *id, int trees)
{
    char line[256];
    batches_outcome outcome;

    (void)snprintf(line, sizeof(line),
                   "{\"id\":\"%s\",\"type\":\"tree-planted\",\"at\":\"2026-03-03\","
                   "\"subject\":\"%s\",\"trees\":%d}\n",
                   id, s->member.key.did, trees);
    batches_send(&outcome, &s->f, &s->parks, line);
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.admitted.admitted, 1);
    batches_outcome_free(&outcome);
}

static void stage_begin(stage *s)
{
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    members_make(&s->member, 1);
    members_join(&s->f, &s->member);
    batches_register(&s->f, &s->parks, "parks-office", 1);
    fixture_at(&s->f, FIXTURE_NOW + 3 * DAY_MS);
    plant(s, "a", 2);
    plant(s, "b", 1);
}

static tally_rc ask(stage *s, const char *did, const char *case_id, const char *purpose,
                    int64_t *out_score, tally_denial *denial)
{
    const tally_ticket ticket = { .case_id = tally_text_from(case_id),
                                  .purpose = tally_text_from(purpose),
                                  .role = "operator",
                                  .fields = "statement" };
    const tally_statement_request request = { .subject = tally_text_from(did),
                                              .as_of_ms = TALLY_NOTHING,
                                              .ticket = &ticket };
    tally_statement *statement = NULL;
    tally_rc rc = tally_ledger_statement(s->f.ledger, &request, &statement, denial, NULL);

    if (rc == TALLY_OK)
        *out_score = statement->score;
    tally_statement_free(statement);
    return rc;
}

/* Read for oneself: the document in out. */
static tally_rc own(stage *s, tally_read_what what, tally_buffer *out, tally_denial *denial)
{
    tally_request request = members_request(&s->f, &s->member, TALLY_REQUEST_READ);
    tally_buffer message;
    tally_rc rc;

    request.what = what;
    tally_buffer_init(&message, TALLY_REQUEST_BYTES_MAX);
    tally_buffer_init(out, TALLY_JSON_BYTES_MAX);
    assert_int_equal(tally_request_write(&message, &request, s->member.key.seed, NULL, NULL),
                     TALLY_OK);
    rc = tally_ledger_read(s->f.ledger, tally_buffer_text(&message), out, denial, NULL);
    tally_buffer_free(&message);
    return rc;
}

static uint64_t access_count(stage *s)
{
    tally_check_report report;
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_check(s->f.ledger, &report, NULL, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    return report.access_count;
}

/* ---- R21 -------------------------------------------------------------------------- */

static void tR21_pos_member_sees_every_read(void **state)
{
    tally_buffer accesses;
    int64_t score = 0;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(
        ask(&s, s.member.key.did, "C-17", "The member asked why a tree is missing.", &score, NULL),
        TALLY_OK);
    assert_int_equal(score, 60);
    assert_int_equal(own(&s, TALLY_READ_ACCESSES, &accesses, NULL), TALLY_OK);
    assert_true(tally_buffer_append_byte(&accesses, '\0') == TALLY_OK);
    assert_non_null(strstr(accesses.bytes, "\"case\":\"C-17\""));
    assert_non_null(strstr(accesses.bytes, "The member asked why a tree is missing."));
    assert_non_null(strstr(accesses.bytes, "\"role\":\"operator\""));
    tally_buffer_free(&accesses);
    assert_int_equal(access_count(&s), 1);
    /* The member's own reads leave none. */
    assert_int_equal(own(&s, TALLY_READ_STATEMENT, &accesses, NULL), TALLY_OK);
    tally_buffer_free(&accesses);
    assert_int_equal(access_count(&s), 1);
    fixture_end(&s.f);
}

static void tR21_neg_no_ticket_no_read(void **state)
{
    static const struct {
        const char *case_id, *purpose;
    } tickets[] = { { "", "The member asked for help." },
                    { "C-1", "" },
                    { "C-1", "why" },
                    { "  ", "The member asked for help." },
                    { "C-1", "        why         " },
                    /* What the member's terminal would not show as it is. */
                    { "C-1", "The member asked\x1b[2K for help." },
                    { "C-1", "The member asked\xff for help." },
                    { "C\n1", "The member asked for help." } };
    stage s;

    (void)state;
    stage_begin(&s);
    for (size_t i = 0; i < sizeof(tickets) / sizeof(tickets[0]); i++) {
        tally_denial denial = { .code = NULL };
        int64_t score = -1;

        assert_int_equal(
            ask(&s, s.member.key.did, tickets[i].case_id, tickets[i].purpose, &score, &denial),
            TALLY_E_DENIED);
        assert_string_equal(denial.code, "E_TICKET");
        assert_string_equal(denial.right, "R21");
        assert_int_equal(score, -1);
    }
    assert_int_equal(access_count(&s), 0);
    fixture_end(&s.f);
}

/* A ledger that cannot write cannot log, and so does not read. */
static void tR21_neg_log_fault_and_no_read(void **state)
{
    tally_ledger *writer;
    int64_t score = -1;
    stage s;

    (void)state;
    stage_begin(&s);
    writer = s.f.ledger;
    s.f.ledger = fixture_reader(&s.f);
    assert_int_not_equal(
        ask(&s, s.member.key.did, "C-1", "The member asked for help.", &score, NULL), TALLY_OK);
    assert_int_equal(score, -1);
    tally_ledger_close(s.f.ledger);
    s.f.ledger = writer;
    assert_int_equal(access_count(&s), 0);
    fixture_end(&s.f);
}

typedef struct tampering {
    bool is_removed;
} tampering;

static tally_rc tamper(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                       tally_err *err)
{
    const tampering *t = context;
    tally_text value;
    bool is_found;
    char copy[1024];
    char *at;
    tally_rc rc;

    (void)ledger;
    if (t->is_removed)
        return tally_store_delete(transaction, TALLY_STORE_ACCESSES, 1, err);
    rc = tally_store_get(transaction, TALLY_STORE_ACCESSES, 1, &value, &is_found, err);
    assert_int_equal(rc, TALLY_OK);
    assert_true(is_found && value.count < sizeof(copy));
    memcpy(copy, value.bytes, value.count);
    copy[value.count] = '\0';
    at = strstr(copy, "\"commitment\":\"");
    assert_non_null(at);
    at[14] = at[14] == 'A' ? 'B' : 'A';
    return tally_store_put(transaction, TALLY_STORE_ACCESSES, 1, tally_text_of(copy, value.count),
                           err);
}

static void tR21_neg_edited_chain_is_found_out(void **state)
{
    (void)state;
    for (int is_removed = 0; is_removed < 2; is_removed++) {
        tampering t = { is_removed != 0 };
        tally_check_report report;
        int64_t score;
        stage s;

        stage_begin(&s);
        for (int i = 0; i < 3; i++)
            assert_int_equal(
                ask(&s, s.member.key.did, "C-1", "The member asked for help.", &score, NULL),
                TALLY_OK);
        assert_int_equal(access_count(&s), 3);
        assert_int_equal(tally_ledger_run(s.f.ledger, true, tamper, &t, NULL), TALLY_OK);
        assert_int_equal(tally_ledger_check(s.f.ledger, &report, NULL, NULL, NULL),
                         TALLY_E_CORRUPT);
        fixture_end(&s.f);
    }
}

/* ---- R19 ------------------------------------------------------------------------------ */

static void tR19_neg_unknown_and_left_look_alike(void **state)
{
    tally_denial unknown = { .code = NULL }, left = { .code = NULL };
    int64_t score;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(ask(&s, STRANGER, "C-1", "The member asked for help.", &score, &unknown),
                     TALLY_E_DENIED);
    members_leave(&s.f, &s.member);
    assert_int_equal(ask(&s, s.member.key.did, "C-1", "The member asked for help.", &score, &left),
                     TALLY_E_DENIED);
    assert_string_equal(unknown.code, "E_NOT_FOUND");
    assert_string_equal(left.code, unknown.code);
    assert_string_equal(left.message, unknown.message);
    assert_string_equal(left.remedy, unknown.remedy);
    fixture_end(&s.f);
}

static void tR19_pos_own_record(void **state)
{
    tally_buffer text;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(own(&s, TALLY_READ_STATEMENT, &text, NULL), TALLY_OK);
    assert_true(tally_buffer_append_byte(&text, '\0') == TALLY_OK);
    assert_non_null(strstr(text.bytes, s.member.key.did));
    tally_buffer_free(&text);
    fixture_end(&s.f);
}

/* ---- R15, R16, R31 ----------------------------------------------------------------------- */

static void verify(tally_text text, const char *did, tally_rc wanted_rc, bool is_same)
{
    tally_arena *arena = tally_arena_new((size_t)64 << 20);
    tally_export_report report = { .is_same = false };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_export_verify(text, tally_text_from(did), arena, &report, &err);

    if (rc != wanted_rc)
        fail_msg("%s", err.message);
    if (rc == TALLY_OK)
        assert_int_equal(report.is_same, is_same);
    tally_arena_free(arena);
}

static void tR31_pos_export_recomputes(void **state)
{
    tally_buffer text;
    int64_t score;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(ask(&s, s.member.key.did, "C-1", "The member asked for help.", &score, NULL),
                     TALLY_OK);
    assert_int_equal(own(&s, TALLY_READ_EXPORT, &text, NULL), TALLY_OK);
    verify(tally_buffer_text(&text), "", TALLY_OK, true);
    {
        char did[80];

        (void)snprintf(did, sizeof(did), "%.*s", TALLY_TEXT_ARGS(tally_ledger_did(s.f.ledger)));
        verify(tally_buffer_text(&text), did, TALLY_OK, true);
        verify(tally_buffer_text(&text), STRANGER, TALLY_E_INVALID, false);
    }
    tally_buffer_free(&text);
    fixture_end(&s.f);
}

static void tR31_pos_export_has_all_that_is_stored(void **state)
{
    static const char *const parts[] = { "\"accesses\":[{",      "\"events\":[{",
                                         "\"records\":[{",       "\"from-batches\":[{",
                                         "\"statement\":{",      "\"policy\":{",
                                         "\"handle-secret\":\"", "\"dids\":[\"did:key:" };
    tally_arena *arena = tally_arena_new((size_t)64 << 20);
    tally_export_report report;
    tally_buffer text;
    int64_t score;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(ask(&s, s.member.key.did, "C-1", "The member asked for help.", &score, NULL),
                     TALLY_OK);
    assert_int_equal(own(&s, TALLY_READ_EXPORT, &text, NULL), TALLY_OK);
    assert_int_equal(
        tally_export_verify(tally_buffer_text(&text), TALLY_TEXT(""), arena, &report, NULL),
        TALLY_OK);
    assert_int_equal(report.event_count, 2);
    assert_int_equal(report.batch_count, 2);
    assert_int_equal(report.access_count, 1);
    assert_int_equal(report.receipt_count, 1);
    assert_true(tally_buffer_append_byte(&text, '\0') == TALLY_OK);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_non_null(strstr(text.bytes, parts[i]));
    tally_buffer_free(&text);
    tally_arena_free(arena);
    fixture_end(&s.f);
}

/* In words as in JSON: every line says which source attested it (R15). */
static void tR15_pos_words_name_who_attested(void **state)
{
    tally_buffer text;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(own(&s, TALLY_READ_IN_WORDS, &text, NULL), TALLY_OK);
    assert_int_equal(tally_buffer_append_byte(&text, '\0'), TALLY_OK);
    assert_non_null(strstr(text.bytes, "Attested as parks-office/a."));
    assert_non_null(strstr(text.bytes, "Attested as parks-office/b."));
    tally_buffer_free(&text);
    fixture_end(&s.f);
}

/* Any one character changed is found out, wherever it stands. */
static void tR16_neg_altered_export(void **state)
{
    tally_buffer text;
    stage s;

    (void)state;
    stage_begin(&s);
    assert_int_equal(own(&s, TALLY_READ_EXPORT, &text, NULL), TALLY_OK);
    for (size_t at = 1; at < text.count; at += 97) {
        char before = text.bytes[at];
        tally_arena *arena = tally_arena_new((size_t)64 << 20);
        tally_export_report report;
        tally_rc rc;

        text.bytes[at] = before == 'x' ? 'y' : 'x';
        rc = tally_export_verify(tally_buffer_text(&text), TALLY_TEXT(""), arena, &report, NULL);
        assert_int_not_equal(rc, TALLY_OK);
        text.bytes[at] = before;
        tally_arena_free(arena);
    }
    tally_buffer_free(&text);
    fixture_end(&s.f);
}

/* The document without one of its members, signed by the programme as if it had always been so. */
static void sign_again(const stage *s, const char *text, const char *without, tally_buffer *out)
{
    const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX,
                                         .takes_any_number = true };
    tally_json_document *document, *rest;
    tally_buffer plain, kept, signature;

    tally_buffer_init(&plain, TALLY_JSON_BYTES_MAX);
    tally_buffer_init(&kept, TALLY_JSON_BYTES_MAX);
    tally_buffer_init(&signature, 4096);
    assert_int_equal(tally_json_parse(&document, tally_text_from(text), &options, NULL), TALLY_OK);
    assert_int_equal(
        tally_jcs_append_without(&plain, tally_json_root(document), TALLY_TEXT("signature"), NULL),
        TALLY_OK);
    assert_int_equal(tally_json_parse(&rest, tally_buffer_text(&plain), &options, NULL), TALLY_OK);
    assert_int_equal(
        tally_jcs_append_without(&kept, tally_json_root(rest), tally_text_from(without), NULL),
        TALLY_OK);
    assert_int_equal(tally_export_sign(&signature, tally_buffer_text(&kept),
                                       s->f.ledger->keys->operator_seed, NULL),
                     TALLY_OK);
    assert_int_equal(tally_export_insert_signature(out, tally_buffer_text(&kept),
                                                   tally_buffer_text(&signature), NULL),
                     TALLY_OK);
    tally_json_document_free(document);
    tally_json_document_free(rest);
    tally_buffer_free(&plain);
    tally_buffer_free(&kept);
    tally_buffer_free(&signature);
}

/* Cut the first of the objects of an array out of a text; there is a second one. */
static void cut_first(char *text, const char *array)
{
    char *from = strstr(text, array), *at;
    bool is_quoted = false;
    int depth = 0;

    assert_non_null(from);
    from += strlen(array);
    for (at = from; at == from || depth > 0; at++) {
        if (*at == '"' && at[-1] != '\\')
            is_quoted = !is_quoted;
        depth += is_quoted ? 0 : (*at == '{') - (*at == '}');
    }
    assert_int_equal(*at, ',');
    memmove(from, at + 1, strlen(at + 1) + 1);
}

static void begin_export(stage *s, tally_buffer *text)
{
    stage_begin(s);
    assert_int_equal(own(s, TALLY_READ_EXPORT, text, NULL), TALLY_OK);
    assert_true(tally_buffer_append_byte(text, '\0') == TALLY_OK);
}

static void check_is_different(stage *s, tally_buffer *text)
{
    tally_buffer forged;

    tally_buffer_init(&forged, TALLY_JSON_BYTES_MAX);
    sign_again(s, text->bytes, "", &forged);
    verify(tally_buffer_text(&forged), "", TALLY_OK, false);
    tally_buffer_free(&forged);
    tally_buffer_free(text);
    fixture_end(&s->f);
}

/* Signed by the programme or not: a statement that does not follow from the events is told apart. */
static void tR16_neg_statement_that_does_not_follow(void **state)
{
    tally_buffer text;
    char *at;
    stage s;

    (void)state;
    begin_export(&s, &text);
    at = strstr(text.bytes, "\"score\":60");
    assert_non_null(at);
    at[8] = '9';
    check_is_different(&s, &text);
}

static void tR15_neg_a_point_without_its_line(void **state)
{
    tally_buffer text;
    stage s;

    (void)state;
    begin_export(&s, &text);
    cut_first(text.bytes, "\"lines\":[");
    check_is_different(&s, &text);
}

static void tR31_neg_an_event_left_out(void **state)
{
    tally_buffer text;
    stage s;

    (void)state;
    begin_export(&s, &text);
    cut_first(text.bytes, "\"events\":[");
    check_is_different(&s, &text);
}

/* Whatever is missing of what is stored, the programme's own signature does not make it complete. */
static void tR31_neg_a_part_missing(void **state)
{
    /* The handle secret is not among them: organisations have none. */
    static const char *const parts[] = { "accesses",      "as-of",    "at",      "charter",
                                         "dids",          "events",   "kind",    "from-batches",
                                         "policy",        "receipts", "records", "programme",
                                         "programme-did", "subject",  "v",       "statement" };
    tally_buffer text;
    stage s;

    (void)state;
    begin_export(&s, &text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        tally_buffer forged;

        tally_buffer_init(&forged, TALLY_JSON_BYTES_MAX);
        sign_again(&s, text.bytes, parts[i], &forged);
        verify(tally_buffer_text(&forged), "", TALLY_E_INVALID, false);
        tally_buffer_free(&forged);
    }
    tally_buffer_free(&text);
    fixture_end(&s.f);
}

static void tR15_pos_lines_sum_to_the_total(void **state)
{
    const tally_ticket ticket = { .case_id = TALLY_TEXT("C-1"),
                                  .purpose = TALLY_TEXT("The member asked for help."),
                                  .role = "operator",
                                  .fields = "statement" };
    tally_statement_request request = { .as_of_ms = TALLY_NOTHING, .ticket = &ticket };
    tally_statement *statement;
    int64_t sum = 0;
    stage s;

    (void)state;
    stage_begin(&s);
    request.subject = tally_text_from(s.member.key.did);
    assert_int_equal(tally_ledger_statement(s.f.ledger, &request, &statement, NULL, NULL),
                     TALLY_OK);
    for (size_t i = 0; i < statement->line_count; i++) {
        const tally_statement_line *line = &statement->lines[i];

        sum += line->amount;
        if (line->state == TALLY_LINE_COUNTS) {
            /* Every line names its source with the event, its day and its reason. */
            assert_memory_equal(line->event_id, "parks-office/", 13);
            assert_string_equal(line->day, "2026-03-03");
            assert_true(line->because[0] != '\0');
            assert_true(line->until[0] != '\0');
        }
    }
    assert_int_equal(sum, statement->shown);
    tally_statement_free(statement);
    fixture_end(&s.f);
}

static void a_failed_allocation_tells_nothing(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    stage s;

    (void)state;
    stage_begin(&s);
    for (uint32_t nth = 0; rc != TALLY_OK; nth += 7) {
        tally_request request = members_request(&s.f, &s.member, TALLY_REQUEST_READ);
        tally_buffer message, out;

        request.what = TALLY_READ_EXPORT;
        tally_buffer_init(&message, TALLY_REQUEST_BYTES_MAX);
        tally_buffer_init(&out, TALLY_JSON_BYTES_MAX);
        assert_int_equal(tally_request_write(&message, &request, s.member.key.seed, NULL, NULL),
                         TALLY_OK);
        tally_alloc_fail_at(nth);
        rc = tally_ledger_read(s.f.ledger, tally_buffer_text(&message), &out, NULL, NULL);
        tally_alloc_fail_never();
        if (rc != TALLY_OK) {
            assert_int_equal(tally_buffer_text(&out).count, 0);
            if (rc != TALLY_E_NOMEM)
                fixture_reopen(&s.f);
        }
        tally_buffer_free(&message);
        tally_buffer_free(&out);
    }
    fixture_end(&s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR21_pos_member_sees_every_read),
        cmocka_unit_test(tR21_neg_no_ticket_no_read),
        cmocka_unit_test(tR21_neg_log_fault_and_no_read),
        cmocka_unit_test(tR21_neg_edited_chain_is_found_out),
        cmocka_unit_test(tR19_neg_unknown_and_left_look_alike),
        cmocka_unit_test(tR19_pos_own_record),
        cmocka_unit_test(tR31_pos_export_recomputes),
        cmocka_unit_test(tR31_pos_export_has_all_that_is_stored),
        cmocka_unit_test(tR15_pos_words_name_who_attested),
        cmocka_unit_test(tR16_neg_altered_export),
        cmocka_unit_test(tR16_neg_statement_that_does_not_follow),
        cmocka_unit_test(tR15_neg_a_point_without_its_line),
        cmocka_unit_test(tR31_neg_an_event_left_out),
        cmocka_unit_test(tR31_neg_a_part_missing),
        cmocka_unit_test(tR15_pos_lines_sum_to_the_total),
        cmocka_unit_test(a_failed_allocation_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
