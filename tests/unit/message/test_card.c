/* SPDX-License-Identifier: Apache-2.0 */
/* Handles differ for each source and member; a card is read as it was written, or not at all. */

#include "unit.h"

#include "message/card.h"
#include "random.h"
#include "util/alloc.h"

#define SOURCE "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
#define OTHER  "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"
#define ORIGIN "green.riverside.example/points"

static const uint8_t secret[32] = { 1, 2, 3, 4, 5 };

static tally_text card_of(tally_buffer *out, const char *source)
{
    tally_buffer_init(out, TALLY_CARD_BYTES_MAX);
    assert_int_equal(
        tally_card_write(out, TALLY_TEXT(ORIGIN), tally_text_from(source), secret, NULL), TALLY_OK);
    return tally_buffer_text(out);
}

/* Computed with Python's hashlib and base64 from docs/formats/card.md. */
static void a_card_is_what_its_page_says(void **state)
{
    tally_buffer card;

    (void)state;
    assert_string_equal(
        card_of(&card, SOURCE).bytes,
        "TALLY-CARD 1 green.riverside.example/points ad90ec18 q2xly6jxpysi4rams4g3k6rxqu 5d6c1a91");
    tally_buffer_free(&card);
}

static void a_card_comes_back(void **state)
{
    tally_handle handle;
    tally_buffer buffer;
    tally_card card;
    bool is_for;

    (void)state;
    (void)card_of(&buffer, SOURCE);
    assert_int_equal(tally_buffer_append_string(&buffer, "\r\n"), TALLY_OK);
    assert_int_equal(tally_card_read(&card, tally_buffer_text(&buffer), NULL), TALLY_OK);
    assert_true(tally_text_is(card.programme, ORIGIN));
    tally_handle_make(&handle, secret, TALLY_TEXT(SOURCE));
    assert_true(tally_text_is(card.handle, handle.text));
    assert_int_equal(tally_card_is_for(&is_for, &card, TALLY_TEXT(SOURCE)), TALLY_OK);
    assert_true(is_for);
    assert_int_equal(tally_card_is_for(&is_for, &card, TALLY_TEXT(OTHER)), TALLY_OK);
    assert_false(is_for);
    tally_buffer_free(&buffer);
}

static void tR6_pos_each_source_gets_another_handle(void **state)
{
    tally_handle first, second, third;
    uint8_t other_secret[32] = { 1, 2, 3, 4, 6 };

    (void)state;
    tally_handle_make(&first, secret, TALLY_TEXT(SOURCE));
    tally_handle_make(&second, secret, TALLY_TEXT(OTHER));
    tally_handle_make(&third, other_secret, TALLY_TEXT(SOURCE));
    assert_string_not_equal(first.text, second.text);
    assert_string_not_equal(first.text, third.text);
}

static void a_card_with_one_other_character_is_refused(void **state)
{
    tally_buffer buffer;
    tally_card card;
    size_t refused = 0;

    (void)state;
    (void)card_of(&buffer, SOURCE);
    for (size_t i = 0; i < buffer.count; i++) {
        char before = buffer.bytes[i];

        buffer.bytes[i] = before == '7' ? '6' : '7';
        refused += tally_card_read(&card, tally_buffer_text(&buffer), NULL) == TALLY_E_INVALID;
        buffer.bytes[i] = before;
    }
    assert_int_equal(refused, buffer.count);
    for (size_t i = 0; i < buffer.count; i++)
        assert_int_equal(tally_card_read(&card, tally_text_of(buffer.bytes, i), NULL),
                         TALLY_E_INVALID);
    tally_buffer_free(&buffer);
}

static void handles_have_one_form(void **state)
{
    static const char *const rejects[] = {
        "",
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaab", /* unused bits */
        "Aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "1aaaaaaaaaaaaaaaaaaaaaaaaa",
        "8aaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++)
        assert_false(tally_handle_read(NULL, tally_text_from(rejects[i])));
    assert_true(tally_handle_read(NULL, TALLY_TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_true(tally_handle_read(NULL, TALLY_TEXT("7777777777777777777777777"
                                                   "4")));
}

static void writing_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_buffer buffer;

        tally_buffer_init(&buffer, TALLY_CARD_BYTES_MAX);
        tally_alloc_fail_at(nth);
        rc = tally_card_write(&buffer, TALLY_TEXT(ORIGIN), TALLY_TEXT(SOURCE), secret, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_buffer_free(&buffer);
    }
    assert_true(nth > 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_what_its_page_says),
        cmocka_unit_test(a_card_comes_back),
        cmocka_unit_test(tR6_pos_each_source_gets_another_handle),
        cmocka_unit_test(a_card_with_one_other_character_is_refused),
        cmocka_unit_test(handles_have_one_form),
        cmocka_unit_test(writing_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
