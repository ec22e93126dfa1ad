/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the examples of FIPS 180-4 as NIST publishes them. */

#include "unit.h"

#include "crypto/hash.h"
#include "util/alloc.h"

static const struct {
    const char *text;
    const char *hex;
} vectors[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void published_examples_are_met_in_one_and_in_parts(void **state)
{
    tally_hash *hash = tally_hash_new();

    (void)state;
    assert_non_null(hash);
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        size_t count = strlen(vectors[i].text);
        uint8_t result[TALLY_HASH_BYTES];
        char hex[TALLY_HASH_HEX_BYTES];

        assert_int_equal(tally_hash_sha256(result, vectors[i].text, count), TALLY_OK);
        tally_hash_hex(hex, result);
        assert_string_equal(hex, vectors[i].hex);
        for (size_t cut = 0; cut <= count; cut++) {
            tally_hash_update(hash, vectors[i].text, cut);
            tally_hash_update(hash, vectors[i].text + cut, count - cut);
            assert_int_equal(tally_hash_finish(hash, result), TALLY_OK);
            tally_hash_hex(hex, result);
            assert_string_equal(hex, vectors[i].hex);
        }
    }
    tally_hash_free(hash);
    tally_hash_free(NULL);
}

static void a_million_letters_are_hashed_in_parts(void **state)
{
    tally_hash *hash = tally_hash_new();
    uint8_t result[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];
    char letters[1000];

    (void)state;
    memset(letters, 'a', sizeof(letters));
    for (uint32_t i = 0; i < 1000; i++)
        tally_hash_update(hash, letters, sizeof(letters));
    assert_int_equal(tally_hash_finish(hash, result), TALLY_OK);
    tally_hash_hex(hex, result);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    tally_hash_free(hash);
}

static void no_bytes_need_no_pointer(void **state)
{
    uint8_t result[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];

    (void)state;
    assert_int_equal(tally_hash_sha256(result, NULL, 0), TALLY_OK);
    tally_hash_hex(hex, result);
    assert_string_equal(hex, vectors[0].hex);
}

static void a_failed_allocation_gives_no_hash(void **state)
{
    (void)state;
    tally_alloc_fail_at(0);
    assert_null(tally_hash_new());
    tally_alloc_fail_never();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_are_met_in_one_and_in_parts),
        cmocka_unit_test(a_million_letters_are_hashed_in_parts),
        cmocka_unit_test(no_bytes_need_no_pointer),
        cmocka_unit_test(a_failed_allocation_gives_no_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
