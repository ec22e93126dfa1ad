/* SPDX-License-Identifier: Apache-2.0 */
/* base58btc and did:key: the method's own test vectors, and what is refused. */

#include "unit.h"

#include "crypto/base58.h"
#include "crypto/did_key.h"
#include "random.h"

/* Seeds of 31 zero bytes and this one, and the did of each: github.com/w3c-ccg/
 * did-method-key, commit f5abee8, test-vectors/ed25519-x25519.json, without its
 * X25519 parts. */
static const struct {
    uint8_t seed;
    const char *did;
} vectors[] = {
    { 0, "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp" },
    { 1, "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG" },
    { 2, "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf" },
    { 3, "did:key:z6MkvqoYXQfDDJRv8L4wKzxYeuKyVZBfi9Qo6Ro8MiLH3kDQ" },
    { 5, "did:key:z6MkwYMhwTvsq376YBAcJHy3vyRWzBgn5vKfVqqDCgm7XVKU" },
};

/* draft-msporny-base58-03, section 5, and leading zeros. */
static const struct {
    const char *bytes;
    size_t count;
    const char *text;
} base58_vectors[] = {
    { "", 0, "" },
    { "\0", 1, "1" },
    { "\0\0\1", 3, "112" },
    { "Hello World!", 12, "2NEpo7TZRRrLZSi2U" },
    { "The quick brown fox jumps over the lazy dog.", 44,
      "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z" },
    { "\0\0\x28\x7f\xb4\xcd", 6, "11233QC4" },
};

static const char *const rejects[] = {
    "",
    "did:key:",
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW",   /* one short */
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWpp", /* one more */
    "did:key:Z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "DID:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "did:web:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0", /* no digit */
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWl",
    "did:key:z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW", /* an X25519 key */
    "did:key:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "did:key:z11111111111111111111111111111111111111111111111",
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDoo\xc3\xa9",
};

static void the_vectors_of_the_method_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        uint8_t seed[32] = { 0 }, public32[32], read[32];
        tally_did_key_url url;
        tally_did_key did;

        seed[31] = vectors[i].seed;
        assert_int_equal(tally_ed25519_public(public32, seed), TALLY_OK);
        tally_did_key_write(&did, public32);
        assert_string_equal(did.text, vectors[i].did);
        assert_int_equal(tally_did_key_read(read, tally_text_from(did.text), NULL), TALLY_OK);
        assert_memory_equal(read, public32, 32);
        tally_did_key_url_write(&url, public32);
        assert_memory_equal(url.text, did.text, TALLY_DID_KEY_CHARACTERS);
        assert_int_equal(url.text[TALLY_DID_KEY_CHARACTERS], '#');
        assert_string_equal(url.text + TALLY_DID_KEY_CHARACTERS + 1, did.text + 8);
        memset(read, 0, sizeof(read));
        assert_int_equal(tally_did_key_url_read(read, tally_text_from(url.text), NULL), TALLY_OK);
        assert_memory_equal(read, public32, 32);
    }
}

static void what_is_no_did_key_is_refused(void **state)
{
    static const uint8_t zero[32];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;
        uint8_t read[32] = { 1 };

        assert_int_equal(tally_did_key_read(read, tally_text_from(rejects[i]), &err),
                         TALLY_E_INVALID);
        assert_memory_equal(read, zero, 32);
        assert_true(strlen(err.message) > 0);
        assert_int_equal(tally_did_key_url_read(read, tally_text_from(rejects[i]), NULL),
                         TALLY_E_INVALID);
    }
}

/* Each character of a URL counts: changed, it is refused or names another key. */
static void a_changed_character_is_seen(void **state)
{
    uint8_t public32[32] = { 9, 8, 7 }, read[32];
    tally_did_key_url url, changed;

    (void)state;
    tally_did_key_url_write(&url, public32);
    for (size_t i = 0; i < TALLY_DID_KEY_URL_CHARACTERS; i++) {
        for (int byte = 0; byte < 256; byte++) {
            changed = url;
            if (changed.text[i] == (char)byte)
                continue;
            changed.text[i] = (char)byte;
            assert_int_equal(
                tally_did_key_url_read(
                    read, tally_text_of(changed.text, TALLY_DID_KEY_URL_CHARACTERS), NULL),
                TALLY_E_INVALID);
        }
    }
}

static void base58_meets_its_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(base58_vectors); i++) {
        char text[TALLY_BASE58_TEXT_BYTES];
        uint8_t bytes[64];
        size_t count = 99;

        assert_int_equal(tally_base58_write(text, (const uint8_t *)base58_vectors[i].bytes,
                                            base58_vectors[i].count),
                         strlen(base58_vectors[i].text));
        assert_string_equal(text, base58_vectors[i].text);
        assert_int_equal(tally_base58_read(bytes, sizeof(bytes), &count, tally_text_from(text)),
                         TALLY_OK);
        assert_int_equal(count, base58_vectors[i].count);
        assert_memory_equal(bytes, base58_vectors[i].bytes, count);
    }
}

static void base58_gives_bytes_back(void **state)
{
    (void)state;
    random_begin("base58");
    for (uint32_t round = 0; round < 3000; round++) {
        uint8_t bytes[TALLY_BASE58_BYTES_MAX], again[TALLY_BASE58_BYTES_MAX];
        size_t count = random_below(sizeof(bytes) + 1), zeros = random_below(4), got;
        char text[TALLY_BASE58_TEXT_BYTES];
        tally_text written;

        for (size_t i = 0; i < count; i++)
            bytes[i] = i < zeros ? 0 : (uint8_t)random_u64();
        written = tally_text_of(text, tally_base58_write(text, bytes, count));
        assert_int_equal(tally_base58_read(again, count, &got, written), TALLY_OK);
        assert_int_equal(got, count);
        assert_memory_equal(again, bytes, count);
        if (count > 0)
            assert_int_equal(tally_base58_read(again, count - 1, &got, written), TALLY_E_LIMIT);
    }
}

static void base58_refuses_what_is_too_long(void **state)
{
    uint8_t bytes[TALLY_BASE58_BYTES_MAX];
    char text[400];
    size_t count;

    (void)state;
    memset(text, 'z', sizeof(text));
    for (size_t i = 175; i < sizeof(text); i++)
        assert_int_equal(tally_base58_read(bytes, sizeof(bytes), &count, tally_text_of(text, i)),
                         TALLY_E_LIMIT);
    memset(text, '1', sizeof(text));
    assert_int_equal(tally_base58_read(bytes, sizeof(bytes), &count, tally_text_of(text, 129)),
                     TALLY_E_LIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_method_are_met),
        cmocka_unit_test(what_is_no_did_key_is_refused),
        cmocka_unit_test(a_changed_character_is_seen),
        cmocka_unit_test(base58_meets_its_vectors),
        cmocka_unit_test(base58_gives_bytes_back),
        cmocka_unit_test(base58_refuses_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
