/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails, fills up or loses power at any operation while a batch is admitted or a member leaves: what
 * was acknowledged is whole, what was not is whole or absent, and asking again completes it. */

#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "batches.h"
#include "fault_vfs.h"
#include "ledger/check.h"
#include "ledger/source.h"
#include "members.h"

#define DAY_MS     INT64_C(86400000)
#define EVENTS     20
#define LINE_BYTES 220

enum { ANY_WRITE = STORE_FAULT_WRITE | STORE_FAULT_SYNC | STORE_FAULT_TRUNCATE };

/* Every store of this program goes through the failing layer. */
static int use_faults(void **state)
{
    (void)state;
    fault_vfs_register();
    return sqlite3_vfs_register(sqlite3_vfs_find(FAULT_VFS_NAME), 1) == SQLITE_OK ? 0 : -1;
}

typedef struct stage {
    fixture f;
    members_one member;
    batches_source parks;
    uint64_t events; /* acknowledged */
    uint32_t day;
} stage;

static void stage_begin(stage *s)
{
    *s = (stage){ .day = 0 };
    fixture_begin(&s->f, FIXTURE_MEMBERS);
    members_make(&s->member, 1);
    members_join(&s->f, &s->member);
    batches_register(&s->f, &s->parks, "parks-office", 1);
}

/* The message of the source's next batch; a day holds half of it, as the rate wants. */
static void write_message(stage *s, tally_buffer *out)
{
    char lines[EVENTS * LINE_BYTES] = "";
    size_t at = 0;

    s->day += 2;
    fixture_at(&s->f, FIXTURE_NOW + (int64_t)s->day * DAY_MS);
    for (int i = 0; i < EVENTS; i++) {
        char day[TALLY_DATE_TEXT_BYTES];
        int64_t then = FIXTURE_NOW + (int64_t)(s->day - 1 - (i < EVENTS / 2)) * DAY_MS;

        at += (size_t)snprintf(
            lines + at, sizeof(lines) - at,
            "{\"id\":\"%llu-%d\",\"type\":\"tree-planted\",\"at\":\"%.*s\",\"subject\":\"%s\","
            "\"trees\":1}\n",
            (unsigned long long)s->parks.next_number, i,
            TALLY_TEXT_ARGS(tally_day_format(day, tally_day_of_ms(then, 0))), s->member.key.did);
    }
    tally_buffer_init(out, TALLY_BATCH_BYTES_MAX);
    batches_write(&s->f, &s->parks, TALLY_BATCH_JSONL, lines, out);
}

static void check_whole(stage *s)
{
    tally_check_report report;
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_check(s->f.ledger, &report, NULL, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    assert_int_equal(report.event_count, s->events);
}

/* Open anew after a failure, once the disk works. */
static void mend(stage *s, bool loses_power)
{
    int64_t now_ms = s->f.ledger->options.clock.fixed_ms;

    fault_vfs_fail_never();
    tally_ledger_close(s->f.ledger);
    if (loses_power)
        fault_vfs_lose_power();
    fixture_open(&s->f);
    fixture_at(&s->f, now_ms);
}

/* One batch against a failure at operation nth. True: nothing failed any more. */
static bool admit_against(stage *s, uint32_t nth, bool is_full, bool loses_power)
{
    batches_outcome outcome;
    tally_buffer message;
    uint64_t next = 0;
    bool was_spared;

    write_message(s, &message);
    if (loses_power) {
        mend(s, false);
        tally_ledger_close(s->f.ledger);
        fault_vfs_watch(true);
        fixture_open(&s->f);
        fixture_at(&s->f, FIXTURE_NOW + (int64_t)s->day * DAY_MS);
    }
    fault_vfs_fail_at(ANY_WRITE, nth, true, is_full);
    batches_send_text(&outcome, &s->f, tally_buffer_text(&message));
    was_spared = fault_vfs_count() <= nth;
    if (outcome.rc != TALLY_OK) {
        assert_int_equal(outcome.rc, TALLY_E_IO);
        assert_false(was_spared);
    }
    mend(s, loses_power);
    assert_int_equal(
        tally_admit_next_number(s->f.ledger, tally_text_from(s->parks.key.did), &next, NULL, NULL),
        TALLY_OK);
    /* Acknowledged: it is there. Else it is there as a whole, or not at all. */
    if (outcome.rc == TALLY_OK)
        assert_true(next == s->parks.next_number + 1);
    assert_true(next == s->parks.next_number || next == s->parks.next_number + 1);
    if (next == s->parks.next_number + 1)
        s->events += EVENTS;
    check_whole(s);
    batches_outcome_free(&outcome);
    /* Asked again it is answered, and is there once. */
    batches_send_text(&outcome, &s->f, tally_buffer_text(&message));
    assert_int_equal(outcome.rc, TALLY_OK);
    assert_int_equal(outcome.admitted.admitted, EVENTS);
    assert_int_equal(outcome.admitted.is_repeat, next == s->parks.next_number + 1);
    if (!outcome.admitted.is_repeat)
        s->events += EVENTS;
    s->parks.next_number++;
    check_whole(s);
    batches_outcome_free(&outcome);
    tally_buffer_free(&message);
    return was_spared;
}

static void run_against(bool is_full, bool loses_power)
{
    uint32_t nth = 0;
    stage s;

    stage_begin(&s);
    while (!admit_against(&s, nth, is_full, loses_power)) {
        nth++;
        assert_true(nth < 200);
    }
    assert_true(nth > 3);
    if (loses_power)
        mend(&s, false);
    fixture_end(&s.f);
    fault_vfs_watch(false);
}

static void a_failing_disk_loses_no_acknowledged_batch(void **state)
{
    (void)state;
    run_against(false, false);
}

static void a_full_disk_loses_no_acknowledged_batch(void **state)
{
    (void)state;
    run_against(true, false);
}

static void lost_power_loses_no_acknowledged_batch(void **state)
{
    (void)state;
    run_against(false, true);
}

/* Leaving against a failure at every operation in turn: the member is wholly there, or wholly gone. */
static void a_failing_disk_leaves_nobody_half_gone(void **state)
{
    uint32_t nth = 0;
    bool was_spared = false;

    (void)state;
    for (; !was_spared; nth++) {
        members_outcome outcome;
        batches_outcome sent;
        tally_buffer message;
        tally_request request;
        stage s;

        assert_true(nth < 200);
        stage_begin(&s);
        write_message(&s, &message);
        batches_send_text(&sent, &s.f, tally_buffer_text(&message));
        assert_int_equal(sent.rc, TALLY_OK);
        s.events = EVENTS;
        batches_outcome_free(&sent);
        tally_buffer_free(&message);
        request = members_request(&s.f, &s.member, TALLY_REQUEST_LEAVE);
        fault_vfs_fail_at(ANY_WRITE, nth, true, false);
        members_send(&outcome, &s.f, &request, &s.member.key, NULL);
        was_spared = fault_vfs_count() <= nth;
        if (outcome.rc == TALLY_OK)
            s.events = 0;
        mend(&s, false);
        /* The erasure was noted before the commit: then opening finished it. */
        if (s.events != 0) {
            tally_check_report report;
            tally_err err = TALLY_ERR_INIT;

            if (tally_ledger_check(s.f.ledger, &report, NULL, NULL, &err) != TALLY_OK)
                fail_msg("%s", err.message);
            assert_true(report.event_count == 0 || report.event_count == EVENTS);
            assert_int_equal(report.member_count, report.event_count == 0 ? 0 : 1);
            s.events = report.event_count;
        }
        members_outcome_free(&outcome);
        request = members_request(&s.f, &s.member, TALLY_REQUEST_LEAVE);
        members_send(&outcome, &s.f, &request, &s.member.key, NULL);
        assert_true(outcome.rc == TALLY_OK || s.events == 0);
        members_outcome_free(&outcome);
        s.events = 0;
        check_whole(&s);
        fixture_end(&s.f);
    }
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_disk_loses_no_acknowledged_batch),
        cmocka_unit_test(a_full_disk_loses_no_acknowledged_batch),
        cmocka_unit_test(lost_power_loses_no_acknowledged_batch),
        cmocka_unit_test(a_failing_disk_leaves_nobody_half_gone),
    };

    return cmocka_run_group_tests(tests, use_faults, NULL);
}
