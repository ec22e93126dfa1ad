/* SPDX-License-Identifier: Apache-2.0 */
/* The promise that answers a batch is a JWS whatever is refused: of many long reasons each is cut. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batch/write.h"
#include "batches.h"
#include "crypto/jws.h"
#include "json/read.h"
#include "ledger/admit_reply.h"
#include "members.h"

/* Events whose item is `hidden` times an escape: its reason repeats them and says what is wrong. */
static void write_batch(fixture *f, const batches_source *source, uint32_t count,
                        const char *hidden, tally_buffer *out)
{
    tally_batch_options options = { .programme = TALLY_TEXT(FIXTURE_ORIGIN),
                                    .number = source->next_number,
                                    .form = TALLY_BATCH_JSONL,
                                    .seed32 = source->key.seed,
                                    .random = &f->random.source };
    tally_arena *arena = tally_arena_new((size_t)64 << 20);
    tally_text *events = tally_arena_zalloc_array(arena, count, sizeof(*events));

    assert_non_null(events);
    for (uint32_t i = 0; i < count; i++) {
        char line[1024];
        int bytes = snprintf(line, sizeof(line),
                             "{\"id\":\"%u\",\"type\":\"tool-returned\",\"at\":\"2026-03-04\","
                             "\"subject\":\"%s\",\"item\":\"%s\"}",
                             i, source->key.did, hidden);

        assert_true(bytes > 0 && (size_t)bytes < sizeof(line));
        assert_true(tally_arena_copy_text(arena, &events[i], tally_text_of(line, (size_t)bytes)));
    }
    assert_int_equal(tally_batch_write(out, &options, events, count, arena, NULL), TALLY_OK);
    tally_arena_free(arena);
}

typedef struct answered {
    uint32_t refused, cut;
    size_t reason_bytes_most;
} answered;

static void read_reply(answered *out, fixture *f, tally_text reply)
{
    const tally_json_options options = { .bytes_max = TALLY_JWS_BYTES_MAX };
    tally_json_document *document;
    tally_json_reader reader, refused;
    tally_json_items items;
    tally_jws_key key;

    *out = (answered){ .refused = 0 };
    assert_true(reply.count <= TALLY_JWS_BYTES_MAX);
    assert_int_equal(tally_ed25519_public(key.public32, f->ledger->keys->operator_seed), TALLY_OK);
    assert_int_equal(
        tally_jws_open(&document, NULL, reply, TALLY_PROMISE_TYP, &key, &options, NULL), TALLY_OK);
    tally_json_read_begin(&reader, tally_json_root(document), "promise", NULL);
    tally_json_read_array(&reader, "refused", 0, TALLY_BATCH_EVENTS_MAX, &items);
    for (uint32_t i = 0; tally_json_next_object(&items, &refused); i++) {
        tally_text reason = tally_json_read_text(&refused, "reason", TALLY_ERR_MESSAGE_BYTES);

        assert_int_equal(tally_json_read_integer(&refused, "position", 0, TALLY_BATCH_EVENTS_MAX),
                         i);
        assert_true(tally_text_is_utf8(reason));
        out->refused++;
        out->cut +=
            reason.count > 3 && memcmp(reason.bytes + reason.count - 3, "\xe2\x80\xa6", 3) == 0;
        if (reason.count > out->reason_bytes_most)
            out->reason_bytes_most = reason.count;
    }
    tally_json_document_free(document);
}

/* Send `count` refused events and read what the ledger answers; then the same batch again. */
static void refuse_many(answered *out, uint32_t count, const char *hidden)
{
    batches_source tools;
    tally_buffer message, reply, again;
    tally_admitted admitted;
    tally_err err = TALLY_ERR_INIT;
    fixture f;

    fixture_begin(&f, FIXTURE_MEMBERS);
    batches_register(&f, &tools, "tool-library", 2);
    fixture_at(&f, FIXTURE_NOW + 3 * INT64_C(86400000));
    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    tally_buffer_init(&reply, TALLY_BATCH_BYTES_MAX);
    tally_buffer_init(&again, TALLY_BATCH_BYTES_MAX);
    write_batch(&f, &tools, count, hidden, &message);
    if (tally_admit(f.ledger, tally_buffer_text(&message), &reply, &admitted, NULL, &err) !=
        TALLY_OK)
        fail_msg("%s", err.message);
    assert_int_equal(admitted.count, count);
    assert_int_equal(admitted.admitted, 0);
    read_reply(out, &f, tally_buffer_text(&reply));
    assert_int_equal(out->refused, count);
    assert_int_equal(
        tally_admit(f.ledger, tally_buffer_text(&message), &again, &admitted, NULL, NULL),
        TALLY_OK);
    assert_true(admitted.is_repeat);
    assert_true(tally_text_is_equal(tally_buffer_text(&reply), tally_buffer_text(&again)));
    tally_buffer_free(&message);
    tally_buffer_free(&reply);
    tally_buffer_free(&again);
    fixture_end(&f);
}

#define TEN(text) text text text text text text text text text text

static void few_long_reasons_are_said_whole(void **state)
{
    answered got;

    (void)state;
    refuse_many(&got, 3, TEN(TEN("\\u0001")));
    assert_int_equal(got.cut, 0);
    assert_in_range(got.reason_bytes_most, 60, TALLY_ERR_MESSAGE_BYTES);
}

static void a_reply_that_refuses_ten_thousand_events_fits(void **state)
{
    answered got;

    (void)state;
    refuse_many(&got, TALLY_BATCH_EVENTS_MAX, TEN(TEN("\\u0001")));
    assert_int_equal(got.cut, TALLY_BATCH_EVENTS_MAX);
    assert_in_range(got.reason_bytes_most, 20, 200);
}

/* Characters of three bytes: a cut falls inside one of them for some number of events. */
static void a_reason_is_cut_behind_a_whole_character(void **state)
{
    (void)state;
    for (uint32_t count = 7000; count <= TALLY_BATCH_EVENTS_MAX; count += 1000) {
        answered got;

        refuse_many(&got, count, TEN("\\u0001\xe2\x82\xac\\u0002\xe2\x82\xac\\u0003\\u0004"));
        assert_in_range(got.reason_bytes_most, 20, 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_long_reasons_are_said_whole),
        cmocka_unit_test(a_reply_that_refuses_ten_thousand_events_fits),
        cmocka_unit_test(a_reason_is_cut_behind_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
