/* SPDX-License-Identifier: Apache-2.0 */
/* Events sealed for a member, and an organisation's in clear. */

#include "unit.h"

#include <stdlib.h>

#include "ledger/member.h"
#include "random.h"

#define BYTES_MAX 2000

static uint8_t key[32], rid[16], nonce[24];
static uint8_t sealed[BYTES_MAX + TALLY_EVENT_SEALED_EXTRA], room[sizeof(sealed)];
static char text[BYTES_MAX];

static tally_event_plain plain_of(size_t count)
{
    tally_event_plain plain = { .content = TALLY_CONTENT_CSV,
                                .source = 7,
                                .recorded_ms = INT64_C(1772442000123),
                                .bytes = tally_text_of(text, count) };

    for (size_t i = 0; i < sizeof(plain.salt); i++)
        plain.salt[i] = (uint8_t)random_u64();
    return plain;
}

static tally_stored_event stored(size_t count)
{
    return (tally_stored_event){ .sequence = 1,
                                 .subject = 1,
                                 .batch = 5,
                                 .position = 9,
                                 .sealed = tally_text_of((const char *)sealed,
                                                         count + TALLY_EVENT_SEALED_EXTRA) };
}

static void a_sealed_event_opens(void **state)
{
    (void)state;
    for (size_t count = 0; count < BYTES_MAX; count += 1 + count / 7) {
        tally_event_plain plain = plain_of(count), opened;
        tally_stored_event event = stored(count);

        for (size_t i = 0; i < count; i++)
            text[i] = (char)random_u64();
        assert_int_equal(tally_event_seal(sealed, nonce, key, rid, 5, 9, &plain, NULL), TALLY_OK);
        assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_OK);
        assert_int_equal(opened.content, plain.content);
        assert_int_equal(opened.source, plain.source);
        assert_int_equal(opened.recorded_ms, plain.recorded_ms);
        assert_memory_equal(opened.salt, plain.salt, sizeof(plain.salt));
        assert_true(tally_text_is_equal(opened.bytes, plain.bytes));
    }
}

/* Whatever is altered, and wherever it is moved to, it does not open. */
static void tR22_neg_an_altered_or_moved_event_does_not_open(void **state)
{
    tally_event_plain plain = plain_of(40), opened;
    tally_stored_event event = stored(40);

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(tally_event_seal(sealed, nonce, key, rid, 5, 9, &plain, NULL), TALLY_OK);
    for (size_t i = 0; i < event.sealed.count; i++) {
        sealed[i] ^= 1;
        assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
        sealed[i] ^= 1;
    }
    event.position = 8;
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
    event.position = 9;
    event.batch = 4;
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
    event.batch = 5;
    rid[3] ^= 1;
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
    rid[3] ^= 1;
    key[0] ^= 1;
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
    key[0] ^= 1;
    assert_int_equal(tally_event_open(&opened, room, NULL, NULL, &event, NULL), TALLY_E_CORRUPT);
    for (size_t count = 0; count < event.sealed.count; count++) {
        tally_stored_event cut = event;

        cut.sealed.count = count;
        assert_int_equal(tally_event_open(&opened, room, key, rid, &cut, NULL), TALLY_E_CORRUPT);
    }
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_OK);
}

static void an_organisations_event_is_in_clear(void **state)
{
    tally_event_plain plain = plain_of(40), opened;
    tally_stored_event event = stored(40);

    (void)state;
    memset(text, 'y', sizeof(text));
    assert_int_equal(tally_event_seal(sealed, nonce, NULL, NULL, 5, 9, &plain, NULL), TALLY_OK);
    assert_memory_equal(sealed + 24 + 46, text, 40);
    assert_int_equal(tally_event_open(&opened, room, NULL, NULL, &event, NULL), TALLY_OK);
    assert_true(tally_text_is_equal(opened.bytes, plain.bytes));
    sealed[0] = 1;
    assert_int_equal(tally_event_open(&opened, room, NULL, NULL, &event, NULL), TALLY_E_CORRUPT);
    sealed[0] = 0;
    assert_int_equal(tally_event_open(&opened, room, key, rid, &event, NULL), TALLY_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_event_opens),
        cmocka_unit_test(tR22_neg_an_altered_or_moved_event_does_not_open),
        cmocka_unit_test(an_organisations_event_is_in_clear),
    };

    random_begin("ledger_seal");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
