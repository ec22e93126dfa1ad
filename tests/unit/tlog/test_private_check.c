/* SPDX-License-Identifier: Apache-2.0 */
/* Check 8 over a ledger in memory: an honest one passes, and each way to be
 * another one than the log says is found. */

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tlog/private_check.h"
#include "tlog/snapshot.h"

#define ENTRIES_MAX 64
#define ROWS        256
#define MEMBERS     3

typedef struct record {
    uint8_t entry[TALLY_ENTRY_BYTES];
    tally_private_opening opening;
    char values[TALLY_PRIVATE_FIELDS_MAX][128];
} record;

/* The ledger. */
static struct {
    tally_hash *hash;
    record records[ENTRIES_MAX];
    uint64_t size;
    const char *documents[2];
    tally_private_row rows[ROWS];
    char states[MEMBERS][TALLY_SNAPSHOT_STATE_BYTES_MAX];
    char head[TALLY_STATE_HEAD_BYTES_MAX];
    size_t head_count;
    uint64_t drawn;
    tally_private_dispute disputes[2];
    size_t dispute_count;
    /* What was found. */
    char sentences[16][320];
    size_t fault_count;
    tally_private_counts counts;
} ledger;

static void append(tally_entry_kind kind, const tally_node *commitment)
{
    const tally_entry entry = { .kind = kind,
                                .policy = ledger.size > 0,
                                .commitment = *commitment };

    assert_true(ledger.size < ENTRIES_MAX);
    tally_entry_write(ledger.records[ledger.size++].entry, &entry);
}

static void add_field(record *to, uint8_t slot, const void *value, size_t count)
{
    size_t i = to->opening.field_count++;

    memcpy(to->values[i], value, count);
    to->opening.fields[i] = (tally_private_field){ .slot = slot,
                                                   .salt32 = { (uint8_t)ledger.size, slot },
                                                   .value = tally_text_of(to->values[i], count) };
}

/* Commit the record that is being made. */
static void commit(void)
{
    record *now = &ledger.records[ledger.size];
    tally_field_digest digests[TALLY_PRIVATE_FIELDS_MAX];
    tally_node commitment;

    for (size_t i = 0; i < now->opening.field_count; i++) {
        tally_private_field *field = &now->opening.fields[i];

        assert_int_equal(
            tally_commit_field(ledger.hash, &digests[i], field->slot, field->salt32, field->value),
            TALLY_OK);
        field->digest = digests[i].digest;
    }
    assert_int_equal(
        tally_commit_record(ledger.hash, &commitment, digests, now->opening.field_count), TALLY_OK);
    append(TALLY_ENTRY_RECORD, &commitment);
}

static record *begin_record(const char *type, int64_t subject)
{
    record *now = &ledger.records[ledger.size];
    char what[96];

    memset(now, 0, sizeof(*now));
    now->opening.subject = subject;
    (void)snprintf(what, sizeof(what), "{\"at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"%s\"}",
                   type);
    add_field(now, TALLY_PRIVATE_SLOT_WHAT, what, strlen(what));
    return now;
}

static void add_record(const char *type, int64_t subject)
{
    (void)begin_record(type, subject);
    commit();
}

static void add_consent(int64_t subject, uint8_t secret)
{
    uint8_t secret32[TALLY_SALT_BYTES];

    memset(secret32, secret, sizeof(secret32));
    add_field(begin_record("consent", subject), TALLY_PRIVATE_SLOT_SECRET, secret32,
              sizeof(secret32));
    commit();
}

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = ++ledger.drawn * UINT64_C(0x9e3779b97f4a7c15);

        memcpy((uint8_t *)out + i, &word, 8);
    }
    return TALLY_OK;
}

/* Rows of the members with secrets 1, 2, 3; pads as tally_snapshot_finish() draws
 * them, which the ledger here draws once more to know their salts. */
static void add_snapshot(void)
{
    static uint8_t rows[ROWS * TALLY_STATE_ROW_BYTES];
    const tally_random random = { .fill = fill };
    tally_state_head head = { .origin = TALLY_TEXT("log.example.org/x"),
                              .log_size = ledger.size,
                              .policy = 1 };
    tally_buffer text;
    tally_node commitment;
    uint8_t drawn[4 * 64 * 64];

    memset(ledger.rows, 0, sizeof(ledger.rows));
    for (size_t i = 0; i < MEMBERS; i++) {
        tally_snapshot_state state = { .points = (int64_t)i, .policy = 1 };
        tally_buffer bytes;

        memset(ledger.rows[i].secret32, (int)i + 1, TALLY_SALT_BYTES);
        ledger.rows[i].salt32[0] = (uint8_t)i;
        tally_buffer_init(&bytes, sizeof(ledger.states[i]) - 1);
        assert_int_equal(tally_snapshot_append_state(&bytes, &state), TALLY_OK);
        memcpy(ledger.states[i], bytes.bytes, bytes.count + 1);
        tally_buffer_free(&bytes);
        ledger.rows[i].state = ledger.rows[i].recomputed = tally_text_from(ledger.states[i]);
        assert_int_equal(tally_snapshot_row(ledger.hash, rows + i * TALLY_STATE_ROW_BYTES,
                                            ledger.rows[i].secret32, 0, ledger.rows[i].salt32,
                                            ledger.rows[i].state),
                         TALLY_OK);
        memcpy(ledger.rows[i].row64, rows + i * TALLY_STATE_ROW_BYTES, TALLY_STATE_ROW_BYTES);
    }
    ledger.drawn = 0;
    assert_int_equal(tally_snapshot_finish(&head, rows, MEMBERS, NULL, &random, ledger.hash, NULL),
                     TALLY_OK);
    ledger.drawn = 0;
    assert_int_equal(fill(NULL, drawn, sizeof(drawn), NULL), TALLY_OK);
    for (size_t i = MEMBERS; i < ROWS; i++) {
        tally_private_row *row = &ledger.rows[i];
        tally_node content;

        row->is_pad = true;
        row->state = TALLY_SNAPSHOT_PAD;
        memcpy(row->row64, drawn + (i - MEMBERS) * 64, 32);
        memcpy(row->salt32, drawn + (i - MEMBERS) * 64 + 32, 32);
        assert_int_equal(
            tally_commit_member(ledger.hash, &content, row->salt32, TALLY_SNAPSHOT_PAD), TALLY_OK);
        memcpy(row->row64 + 32, content.bytes, 32);
    }
    for (size_t i = 1; i < ROWS; i++) {
        for (size_t j = i; j > 0 && memcmp(ledger.rows[j - 1].row64, ledger.rows[j].row64, 32) > 0;
             j--) {
            tally_private_row kept = ledger.rows[j];

            ledger.rows[j] = ledger.rows[j - 1];
            ledger.rows[j - 1] = kept;
        }
    }
    tally_buffer_init(&text, sizeof(ledger.head) - 1);
    assert_int_equal(tally_state_append_head(&text, &head), TALLY_OK);
    memcpy(ledger.head, text.bytes, text.count);
    ledger.head_count = text.count;
    assert_int_equal(tally_commit_state(ledger.hash, &commitment, tally_buffer_text(&text)),
                     TALLY_OK);
    tally_buffer_free(&text);
    append(TALLY_ENTRY_STATE, &commitment);
}

/* ---- the view ---- */

static tally_rc size_of(void *context, uint64_t *out_size, tally_err *err)
{
    (void)context;
    (void)err;
    *out_size = ledger.size;
    return TALLY_OK;
}

static tally_rc entry_of(void *context, uint64_t index, uint8_t out[static TALLY_ENTRY_BYTES],
                         tally_err *err)
{
    (void)context;
    (void)err;
    memcpy(out, ledger.records[index].entry, TALLY_ENTRY_BYTES);
    return TALLY_OK;
}

static tally_rc document_of(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    (void)context;
    (void)err;
    return tally_buffer_append_string(out, ledger.documents[index]);
}

static tally_rc opening_of(void *context, uint64_t index, tally_private_opening *out,
                           tally_err *err)
{
    (void)context;
    (void)err;
    *out = ledger.records[index].opening;
    return TALLY_OK;
}

static tally_rc snapshot_of(void *context, uint64_t index, tally_buffer *out_head,
                            tally_rc (*take)(void *taker, const tally_private_row *row,
                                             tally_err *err),
                            void *taker, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    (void)context;
    (void)index;
    if (out_head != NULL)
        rc = tally_buffer_append(out_head, ledger.head, ledger.head_count);
    for (size_t i = 0; take != NULL && i < ROWS && rc == TALLY_OK; i++)
        rc = take(taker, &ledger.rows[i], err);
    return rc;
}

static tally_rc disputes_of(void *context,
                            tally_rc (*take)(void *taker, const tally_private_dispute *dispute,
                                             tally_err *err),
                            void *taker, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    (void)context;
    for (size_t i = 0; i < ledger.dispute_count && rc == TALLY_OK; i++)
        rc = take(taker, &ledger.disputes[i], err);
    return rc;
}

static void found(void *context, const char *sentence)
{
    (void)context;
    assert_true(ledger.fault_count < UNIT_COUNT(ledger.sentences));
    (void)snprintf(ledger.sentences[ledger.fault_count++], sizeof(ledger.sentences[0]), "%s",
                   sentence);
}

/* ---- running it ---- */

static uint8_t published[ENTRIES_MAX][TALLY_ENTRY_BYTES];
static uint64_t published_count;

static void publish(void)
{
    for (uint64_t i = 0; i < ledger.size; i++)
        memcpy(published[i], ledger.records[i].entry, TALLY_ENTRY_BYTES);
    published_count = ledger.size;
}

static void run(void)
{
    static const tally_private_calls calls = { .size = size_of,
                                               .entry = entry_of,
                                               .document = document_of,
                                               .opening = opening_of,
                                               .snapshot = snapshot_of,
                                               .disputes = disputes_of };
    const tally_private_view view = { .calls = &calls };
    const tally_private_report report = { .fault = found };
    tally_private_check *check = NULL;
    tally_err err = TALLY_ERR_INIT;

    ledger.fault_count = 0;
    assert_int_equal(tally_private_begin(&check, &view, &report, &err), TALLY_OK);
    for (uint64_t i = 0; i < published_count; i++)
        assert_int_equal(
            tally_private_meet(check, i,
                               tally_text_of((const char *)published[i], TALLY_ENTRY_BYTES), &err),
            TALLY_OK);
    assert_int_equal(tally_private_end(check, &ledger.counts, &err), TALLY_OK);
    assert_int_equal(ledger.counts.faults, ledger.fault_count);
    tally_private_free(check);
}

/* Exactly one fault, which says so. */
static void assert_found(const char *words)
{
    run();
    if (ledger.fault_count != 1 || strstr(ledger.sentences[0], words) == NULL)
        fail_msg("%zu faults, the first: %s", ledger.fault_count,
                 ledger.fault_count > 0 ? ledger.sentences[0] : "");
}

static int set_up(void **state)
{
    tally_node commitment;

    (void)state;
    tally_hash_free(ledger.hash); /* of the ledger before, within one test */
    memset(&ledger, 0, sizeof(ledger));
    ledger.hash = tally_hash_new();
    assert_non_null(ledger.hash);
    ledger.documents[0] = "genesis";
    ledger.documents[1] = "policy";
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            tally_commit_public(ledger.hash, &commitment, tally_text_from(ledger.documents[i])),
            TALLY_OK);
        append(i == 0 ? TALLY_ENTRY_GENESIS : TALLY_ENTRY_POLICY, &commitment);
    }
    for (uint8_t i = 1; i <= MEMBERS; i++)
        add_consent(i, i); /* 2 3 4 */
    add_record("batch", 0);
    add_record("dispute", 1);         /* 6 */
    add_record("dispute-outcome", 1); /* 7 */
    add_record("pad", 0);             /* 8 */
    add_snapshot();                   /* 9 */
    ledger.disputes[0] = (tally_private_dispute){ 6, true, 7, true };
    ledger.dispute_count = 1;
    publish();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tally_hash_free(ledger.hash);
    ledger.hash = NULL;
    return 0;
}

static void an_honest_ledger_passes(void **state)
{
    (void)state;
    run();
    assert_int_equal(ledger.fault_count, 0);
    assert_int_equal(ledger.counts.entries, 10);
    assert_int_equal(ledger.counts.opened, 9);
    assert_int_equal(ledger.counts.pads, 1);
    assert_int_equal(ledger.counts.consents, 3);
    assert_int_equal(ledger.counts.rows, ROWS);
    assert_int_equal(ledger.counts.disputes, 1);
    /* The next beat's entries are not published yet. */
    add_record("pad", 0);
    run();
    assert_int_equal(ledger.fault_count, 0);
}

static void another_journal_is_found(void **state)
{
    (void)state;
    ledger.records[8].entry[20] ^= 1;
    assert_found("entry 8 of the journal is not the one that was published");
    ledger.records[8].entry[20] ^= 1;
    published_count++;
    assert_found("entry 10 was published and is not in the journal");
}

static void a_document_that_was_not_committed_is_found(void **state)
{
    (void)state;
    ledger.documents[1] = "policies";
    assert_found("document of entry 1");
}

static void what_does_not_open_a_record_is_found(void **state)
{
    (void)state;
    ledger.records[5].values[0][8] = '3';
    assert_found("record 5 does not open it");
    (void)set_up(NULL);
    ledger.records[5].opening.fields[0].salt32[4] ^= 1;
    assert_found("record 5 does not open it");
}

static void an_erasure_that_was_not_recorded_is_found(void **state)
{
    (void)state;
    ledger.records[5].opening = (tally_private_opening){ .is_erased = true };
    assert_found("record 5 is marked erased");
    add_record("erasure", 0);
    publish();
    run();
    assert_int_equal(ledger.fault_count, 0);
    assert_int_equal(ledger.counts.erased, 1);
    /* One from before does not cover what is erased after. */
    add_record("batch", 0);
    publish();
    ledger.records[11].opening.fields[0].is_erased = true;
    assert_found("record 11 is marked erased");
}

static void the_other_fields_of_an_erased_one_still_open(void **state)
{
    record *now = &ledger.records[2];

    (void)state;
    now->opening.fields[1].is_erased = true;
    memset(now->values[1], 0, TALLY_SALT_BYTES);
    add_record("erasure", 0);
    publish();
    assert_found("subject 1 consented, and no label secret");
}

static void a_pad_that_says_more_is_found(void **state)
{
    (void)state;
    add_field(begin_record("pad", 0), 3, "body", 4);
    commit();
    publish();
    assert_found("says that it is a pad, and says more");
}

static void a_pad_about_somebody_is_found(void **state)
{
    (void)state;
    add_record("pad", 2);
    publish();
    assert_found("says that it is a pad, and says more");
}

static void a_record_without_a_type_is_found(void **state)
{
    (void)state;
    memset(&ledger.records[ledger.size], 0, sizeof(record));
    add_field(&ledger.records[ledger.size], 3, "body", 4);
    commit();
    publish();
    assert_found("does not say what it is");
}

static void secrets_that_are_not_one_each_are_found(void **state)
{
    (void)state;
    add_consent(1, 1); /* once more for another purpose: the same */
    publish();
    run();
    assert_int_equal(ledger.fault_count, 0);
    add_consent(1, 9);
    publish();
    assert_found("subject 1 has two label secrets");
    (void)set_up(NULL);
    add_consent(7, 2);
    publish();
    assert_found("have one label secret");
    (void)set_up(NULL);
    add_record("consent", 7);
    publish();
    assert_found("subject 7 consented, and no label secret");
    (void)set_up(NULL);
    add_field(begin_record("batch", 0), TALLY_PRIVATE_SLOT_SECRET, ledger.rows[0].salt32, 32);
    commit();
    publish();
    assert_found("has a label secret and is no consent");
}

/* The member among the rows with that secret. */
static tally_private_row *row_of(uint8_t secret)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (!ledger.rows[i].is_pad && ledger.rows[i].secret32[0] == secret)
            return &ledger.rows[i];
    }
    fail_msg("no row");
    return NULL;
}

static void points_that_do_not_follow_are_found(void **state)
{
    (void)state;
    row_of(2)->recomputed = TALLY_TEXT("tally-member/v1\npoints 99\n");
    assert_found("says other points than policy and records give");
    /* Events ran out since: nothing to compare with. */
    row_of(2)->is_shortened = true;
    run();
    assert_int_equal(ledger.fault_count, 0);
    assert_int_equal(ledger.counts.row_shortened, 1);
}

static void who_left_has_a_row_that_nothing_opens(void **state)
{
    (void)state;
    row_of(2)->is_erased = true;
    ledger.records[3].opening = (tally_private_opening){ .is_erased = true };
    add_record("erasure", 0); /* not published yet */
    run();
    assert_int_equal(ledger.fault_count, 0);
    assert_int_equal(ledger.counts.row_erased, 1);
    publish();
    run();
    assert_int_equal(ledger.fault_count, 0);
}

static void what_was_lost_with_a_store_is_no_fault(void **state)
{
    (void)state;
    row_of(2)->is_erased = true;
    row_of(3)->is_erased = true;
    ledger.records[3].opening = (tally_private_opening){ .is_erased = true };
    ledger.records[4].opening = (tally_private_opening){ .is_erased = true };
    add_record("restore", 0);
    publish();
    run();
    assert_int_equal(ledger.fault_count, 0);
    assert_int_equal(ledger.counts.row_erased, 2);
}

static void somebody_put_among_those_who_left_is_found(void **state)
{
    (void)state;
    row_of(2)->is_erased = true;
    ledger.records[3].opening = (tally_private_opening){ .is_erased = true };
    add_record("erasure", 0);
    publish();
    for (size_t i = 0; i < ROWS; i++) {
        if (ledger.rows[i].is_pad) {
            ledger.rows[i].is_pad = false;
            ledger.rows[i].is_erased = true;
            break;
        }
    }
    assert_found("nothing opens 2 rows of the snapshot, and since then there were 1 erasures");
}

static void somebody_kept_from_the_snapshot_is_found(void **state)
{
    (void)state;
    /* Nothing opens the row of the second member, who did not leave: the third did. */
    row_of(2)->is_erased = true;
    add_record("erasure", 0);
    publish();
    assert_found("subject 2 consented, and has no row in the snapshot");
}

static void a_row_of_nobody_who_consented_is_found(void **state)
{
    (void)state;
    ledger.size = 2;
    add_consent(1, 1);
    add_consent(2, 2);
    add_snapshot();
    publish();
    ledger.dispute_count = 0;
    assert_found("of the snapshot is of nobody who consented");
}

static void rows_that_do_not_open_are_found(void **state)
{
    (void)state;
    row_of(2)->salt32[0] ^= 1;
    assert_found("does not open it");
    row_of(2)->salt32[0] ^= 1;
    row_of(2)->secret32[1] ^= 1;
    assert_found("does not open it");
    row_of(2)->secret32[1] ^= 1;
    row_of(2)->is_pad = true; /* a member hidden among the pads */
    assert_found("does not open it");
}

static void other_rows_than_the_published_are_found(void **state)
{
    (void)state;
    row_of(2)->row64[40] ^= 1;
    row_of(2)->is_erased = true;
    assert_found("rows are not those of the published snapshot");
    ledger.head[20] ^= 1;
    assert_found("head of the newest snapshot");
}

static void rows_out_of_order_are_found(void **state)
{
    tally_private_row kept = ledger.rows[10];

    (void)state;
    ledger.rows[10] = ledger.rows[11];
    ledger.rows[11] = kept;
    assert_found("the ledger's snapshot");
}

static void disputes_that_were_not_answered_are_found(void **state)
{
    (void)state;
    ledger.disputes[0].has_answer = false;
    assert_found("was not answered in time");
    ledger.disputes[0].is_due = false;
    run();
    assert_int_equal(ledger.fault_count, 0);
    ledger.disputes[0] = (tally_private_dispute){ 6, true, 5, true };
    assert_found("is not in the log as the ledger says");
    ledger.disputes[0] = (tally_private_dispute){ 600, false, 0, false };
    assert_found("is not in the log as the ledger says");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_honest_ledger_passes),
        CASE(another_journal_is_found),
        CASE(a_document_that_was_not_committed_is_found),
        CASE(what_does_not_open_a_record_is_found),
        CASE(an_erasure_that_was_not_recorded_is_found),
        CASE(the_other_fields_of_an_erased_one_still_open),
        CASE(a_pad_that_says_more_is_found),
        CASE(a_pad_about_somebody_is_found),
        CASE(a_record_without_a_type_is_found),
        CASE(secrets_that_are_not_one_each_are_found),
        CASE(points_that_do_not_follow_are_found),
        CASE(who_left_has_a_row_that_nothing_opens),
        CASE(what_was_lost_with_a_store_is_no_fault),
        CASE(somebody_put_among_those_who_left_is_found),
        CASE(somebody_kept_from_the_snapshot_is_found),
        CASE(a_row_of_nobody_who_consented_is_found),
        CASE(rows_that_do_not_open_are_found),
        CASE(other_rows_than_the_published_are_found),
        CASE(rows_out_of_order_are_found),
        CASE(disputes_that_were_not_answered_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
