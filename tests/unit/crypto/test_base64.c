/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: the examples of RFC 4648, and every way not to be canonical. */

#include "unit.h"

#include "crypto/base64.h"
#include "random.h"

/* RFC 4648, section 10. */
static const struct {
    const char *bytes, *text;
} examples[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

static const char *const rejects[] = {
    "Z",    "Zg",   "Zg=",   "Zg===", "=",    "====",         "Zg==Zg==", "Zm9v=",
    "Z===", "Zh==", "Zi==",  "Zo==",  "Zm9=", "Zm+=",         "Zm9v\n",   " Zm9",
    "Zm9-", "Zm9_", "Zm\n9", "Z=9v",  "Zg=g", "Zm9vYg==Zm9v", "Zm9\xc3",  "Zm8=\n",
};

static void the_examples_of_the_rfc_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(examples); i++) {
        uint8_t bytes[16];
        size_t count = 99;
        tally_buffer text;

        tally_buffer_init(&text, 64);
        assert_int_equal(tally_base64_append(&text, (const uint8_t *)examples[i].bytes,
                                             strlen(examples[i].bytes)),
                         TALLY_OK);
        assert_string_equal(tally_buffer_string(&text), examples[i].text);
        assert_int_equal(text.count, TALLY_BASE64_CHARACTERS(strlen(examples[i].bytes)));
        tally_buffer_free(&text);
        assert_int_equal(
            tally_base64_decode(bytes, sizeof(bytes), &count, tally_text_from(examples[i].text)),
            TALLY_OK);
        assert_int_equal(count, strlen(examples[i].bytes));
        assert_memory_equal(bytes, examples[i].bytes, count);
    }
}

static const char *const url_rejects[] = {
    "Z", "Zg==", "Zg=", "Zm8=", "Zh", "Zi", "Zo", "Zm9", "Zm9vY", "Zm+v", "Zm/v", "Zm9v\n", " Zm9v",
};

static void base64url_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(examples); i++) {
        size_t length = strlen(examples[i].text), count = 99;
        uint8_t bytes[16];
        tally_buffer text;

        while (length > 0 && examples[i].text[length - 1] == '=')
            length--;
        tally_buffer_init(&text, 64);
        assert_int_equal(tally_base64url_append(&text, (const uint8_t *)examples[i].bytes,
                                                strlen(examples[i].bytes)),
                         TALLY_OK);
        assert_true(
            tally_text_is_equal(tally_buffer_text(&text), tally_text_of(examples[i].text, length)));
        assert_int_equal(
            tally_base64url_decode(bytes, sizeof(bytes), &count, tally_buffer_text(&text)),
            TALLY_OK);
        assert_int_equal(count, strlen(examples[i].bytes));
        assert_memory_equal(bytes, examples[i].bytes, count);
        tally_buffer_free(&text);
    }
    for (size_t i = 0; i < UNIT_COUNT(url_rejects); i++)
        assert_int_equal(
            tally_base64url_decode(NULL, SIZE_MAX, NULL, tally_text_from(url_rejects[i])),
            TALLY_E_INVALID);
    assert_true(tally_base64url_is_exactly((uint8_t[3]){ 0 }, 3, TALLY_TEXT("-_-_")));
    assert_false(tally_base64_is_exactly((uint8_t[3]){ 0 }, 3, TALLY_TEXT("-_-_")));
}

static void what_is_not_canonical_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        uint8_t bytes[32];

        assert_int_equal(
            tally_base64_decode(bytes, sizeof(bytes), NULL, tally_text_from(rejects[i])),
            TALLY_E_INVALID);
        assert_int_equal(tally_base64_decode(NULL, SIZE_MAX, NULL, tally_text_from(rejects[i])),
                         TALLY_E_INVALID);
    }
}

static void more_bytes_than_wanted_are_refused(void **state)
{
    uint8_t bytes[3] = { 0 };

    (void)state;
    assert_int_equal(tally_base64_decode(bytes, 2, NULL, TALLY_TEXT("Zm9v")), TALLY_E_LIMIT);
    assert_false(tally_base64_is_exactly(bytes, 2, TALLY_TEXT("Zm9v")));
    assert_false(tally_base64_is_exactly(bytes, 3, TALLY_TEXT("Zm8=")));
    assert_true(tally_base64_is_exactly(bytes, 3, TALLY_TEXT("Zm9v")));
}

/* One text for each run of bytes: no other text of that length decodes to it. */
static void bytes_come_back_and_a_changed_character_changes_them(void **state)
{
    (void)state;
    random_begin("base64");
    for (uint32_t round = 0; round < 2000; round++) {
        uint8_t bytes[40], again[40];
        size_t count = random_below(sizeof(bytes));
        size_t decoded;
        tally_buffer text;
        char changed;
        size_t at;

        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)random_u64();
        tally_buffer_init(&text, 64);
        assert_int_equal(tally_base64_append(&text, bytes, count), TALLY_OK);
        assert_true(tally_base64_is_exactly(again, count, tally_buffer_text(&text)));
        assert_memory_equal(again, bytes, count);
        if (count > 0) {
            at = random_below(text.count);
            changed = (char)random_below(256);
            if (changed != text.bytes[at]) {
                text.bytes[at] = changed;
                if (tally_base64_decode(again, sizeof(again), &decoded, tally_buffer_text(&text)) ==
                    TALLY_OK)
                    assert_false(decoded == count && memcmp(again, bytes, count) == 0);
            }
        }
        tally_buffer_free(&text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_met),
        cmocka_unit_test(what_is_not_canonical_is_refused),
        cmocka_unit_test(base64url_has_one_form),
        cmocka_unit_test(more_bytes_than_wanted_are_refused),
        cmocka_unit_test(bytes_come_back_and_a_changed_character_changes_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
