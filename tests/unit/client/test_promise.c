/* SPDX-License-Identifier: Apache-2.0 */
/* Replies to batches: read, and refused when they are about something else. */

#include "unit.h"

#include <stdio.h>

#include "client/promise.h"
#include "util/alloc.h"

static const uint8_t seed[32] = "the key of a test's programme";

static const char good[] =
    "{\"admitted\":3,\"commitment\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"count\":5,"
    "\"kind\":\"batch\",\"log-index\":17,\"number\":7,\"programme\":\"p.example\","
    "\"publish-by\":\"2026-03-02T11:00:00Z\",\"recorded\":\"2026-03-02T09:00:00Z\","
    "\"refused\":[{\"code\":\"E_SCHEMA\",\"position\":1,\"reason\":\"hours: "
    "missing\",\"right\":\"R8\"},"
    "{\"code\":\"E_NOT_RECORDED\",\"position\":4,\"reason\":\"not recorded\",\"right\":\"R1\"}],"
    "\"root\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\",\"source\":\"did:key:z6MkA\",\"v\":"
    "1}";

static const struct {
    const char *part, *by;
} refusals[] = {
    { "\"number\":7", "\"number\":8" },
    { "\"count\":5", "\"count\":6" },
    { "p.example", "q.example" },
    { "z6MkA", "z6MkB" },
    { "AgIC", "AwIC" },
    { "\"admitted\":3", "\"admitted\":4" },
    { "\"admitted\":3", "\"admitted\":6" },
    { "\"position\":4", "\"position\":5" },
    { "\"position\":4", "\"position\":1" },
    { "\"position\":4", "\"position\":0" },
    { "\"kind\":\"batch\"", "\"kind\":\"receipt\"" },
    { "\"v\":1", "\"v\":2" },
    { ",\"v\":1", ",\"v\":1,\"w\":1" },
    { "\"code\":\"E_SCHEMA\"", "\"code\":\"\"" },
    { "09:00:00Z", "09:00:00.000Z" },
    { "AQE\",", "AQF\"," },
    { "\"log-index\":17", "\"log-index\":-1" },
};

static tally_batch_header header(void)
{
    tally_batch_header made = { .programme = TALLY_TEXT("p.example"),
                                .source = TALLY_TEXT("did:key:z6MkA"),
                                .number = 7,
                                .count = 5 };

    memset(made.root.bytes, 2, sizeof(made.root.bytes));
    return made;
}

static tally_rc open_with(const char *part, const char *by, const char *typ,
                          tally_promise_read *out, tally_arena *arena, tally_err *err)
{
    const char *at = strstr(good, part);
    tally_batch_header about = header();
    tally_jws_key key;
    tally_buffer reply;
    char payload[2048];
    tally_rc rc;

    assert_non_null(at);
    (void)snprintf(payload, sizeof(payload), "%.*s%s%s", (int)(at - good), good, by,
                   at + strlen(part));
    tally_buffer_init(&reply, 10000);
    assert_int_equal(tally_jws_sign(&reply, tally_text_from(payload), typ, seed, NULL), TALLY_OK);
    assert_int_equal(tally_ed25519_public(key.public32, seed), TALLY_OK);
    rc = tally_promise_open(out, tally_buffer_text(&reply), &about, &key, arena, err);
    if (rc == TALLY_OK) {
        key.public32[0] ^= 1;
        assert_int_equal(
            tally_promise_open(out, tally_buffer_text(&reply), &about, &key, arena, NULL),
            TALLY_E_INVALID);
        assert_int_equal(
            tally_promise_open(out, tally_buffer_text(&reply), &about, NULL, arena, NULL),
            TALLY_OK);
    }
    tally_buffer_free(&reply);
    return rc;
}

static void a_reply_is_read(void **state)
{
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_promise_read promise;

    (void)state;
    assert_int_equal(open_with("", "", TALLY_PROMISE_TYPE, &promise, arena, NULL), TALLY_OK);
    assert_int_equal(promise.count, 5);
    assert_int_equal(promise.admitted, 3);
    assert_int_equal(promise.log_index, 17);
    assert_int_equal(promise.recorded_ms, INT64_C(1772442000000));
    assert_int_equal(promise.commitment.bytes[31], 1);
    assert_int_equal(promise.refused_count, 2);
    assert_int_equal(promise.refused[1].position, 4);
    assert_true(tally_text_is(promise.refused[1].code, "E_NOT_RECORDED"));
    assert_true(tally_text_is(promise.refused[0].reason, "hours: missing"));
    assert_true(tally_text_is(promise.refused[0].right, "R8"));
    tally_arena_free(arena);
}

static void another_reply_is_refused(void **state)
{
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_promise_read promise;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
        if (open_with(refusals[i].part, refusals[i].by, TALLY_PROMISE_TYPE, &promise, arena,
                      NULL) != TALLY_E_INVALID)
            fail_msg("%s is taken", refusals[i].by);
    }
    assert_int_equal(open_with("", "", "tally-receipt+jws", &promise, arena, NULL),
                     TALLY_E_INVALID);
    tally_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_read),
        cmocka_unit_test(another_reply_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
