/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing, keyed hashes and keys from passphrases: vectors of the specifications and
 * every way of altering. */

#include "unit.h"

#include "crypto/mac.h"
#include "crypto/seal.h"
#include "random.h"
#include "seeded.h"

static const uint8_t key[32] = { 1, 2, 3 }, other_key[32] = { 1, 2, 4 };

static size_t unhex(uint8_t *out, const char *text)
{
    size_t count = strlen(text) / 2;

    for (size_t i = 0; i < count; i++) {
        static const char digits[] = "0123456789abcdef";

        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                           (strchr(digits, text[2 * i + 1]) - digits));
    }
    return count;
}

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static void the_vector_of_the_draft_opens(void **state)
{
    static const char nonce[] = "404142434445464748494a4b4c4d4e4f5051525354555657";
    static const char text[] =
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
    static const char message[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                  "only one tip for the future, sunscreen would be it.";
    uint8_t sealed[24 + 114 + 16], opened[114], context[12], vector_key[32];
    size_t count;

    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        vector_key[i] = (uint8_t)(0x80 + i);
    (void)unhex(context, "50515253c0c1c2c3c4c5c6c7");
    count = unhex(sealed, nonce);
    count += unhex(sealed + count, text);
    assert_int_equal(count, sizeof(sealed));
    assert_int_equal(tally_seal_open(opened, sealed, count, context, sizeof(context), vector_key),
                     TALLY_OK);
    assert_memory_equal(opened, message, sizeof(opened));
}

static void what_is_sealed_opens_only_unaltered(void **state)
{
    static const char message[] = "five trees by the canal";
    static const size_t sizes[] = { 0, 1, sizeof(message) };
    seeded source;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        uint8_t sealed[100], opened[64], zero[64] = { 0 };
        size_t count = sizes[i] + TALLY_SEAL_EXTRA_BYTES;

        assert_int_equal(
            tally_seal(sealed, message, sizes[i], "here", 4, key, seeded_begin(&source, i), NULL),
            TALLY_OK);
        assert_int_equal(tally_seal_open(opened, sealed, count, "here", 4, key), TALLY_OK);
        assert_memory_equal(opened, message, sizes[i]);
        assert_int_equal(tally_seal_open(opened, sealed, count, "there", 5, key), TALLY_E_CORRUPT);
        assert_memory_equal(opened, zero, sizes[i]);
        assert_int_equal(tally_seal_open(opened, sealed, count, "here", 4, other_key),
                         TALLY_E_CORRUPT);
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(tally_seal_open(opened, sealed, j, "here", 4, key), TALLY_E_CORRUPT);
            sealed[j] ^= 1;
            assert_int_equal(tally_seal_open(opened, sealed, count, "here", 4, key),
                             TALLY_E_CORRUPT);
            sealed[j] ^= 1;
        }
    }
}

static void without_randomness_nothing_is_sealed(void **state)
{
    uint8_t sealed[10 + TALLY_SEAL_BOX_EXTRA_BYTES], zero[sizeof(sealed)] = { 0 };
    uint8_t public32[32];
    seeded source;

    (void)state;
    assert_int_equal(tally_ed25519_public(public32, key), TALLY_OK);
    memset(sealed, 1, sizeof(sealed));
    (void)seeded_begin(&source, 1);
    source.fail_at = 1;
    assert_int_equal(tally_seal(sealed, "0123456789", 10, NULL, 0, key, &source.source, NULL),
                     TALLY_E_IO);
    assert_memory_equal(sealed, zero, 10 + TALLY_SEAL_EXTRA_BYTES);
    memset(sealed, 1, sizeof(sealed));
    (void)seeded_begin(&source, 1);
    source.fail_at = 1;
    assert_int_equal(
        tally_seal_to(sealed, "0123456789", 10, NULL, 0, public32, &source.source, NULL),
        TALLY_E_IO);
    assert_memory_equal(sealed, zero, sizeof(sealed));
}

static void a_key_is_wrapped_for_one_context(void **state)
{
    uint8_t wrapped[TALLY_SEAL_WRAPPED_BYTES], data_key[32];
    seeded source;

    (void)state;
    assert_int_equal(
        tally_seal_wrap(wrapped, other_key, "did:a", 5, key, seeded_begin(&source, 3), NULL),
        TALLY_OK);
    assert_int_equal(tally_seal_unwrap(data_key, wrapped, "did:a", 5, key), TALLY_OK);
    assert_memory_equal(data_key, other_key, 32);
    assert_int_equal(tally_seal_unwrap(data_key, wrapped, "did:b", 5, key), TALLY_E_CORRUPT);
    assert_int_equal(tally_seal_unwrap(data_key, wrapped, "did:a", 5, other_key), TALLY_E_CORRUPT);
}

static void only_the_recipient_opens(void **state)
{
    static const char message[] = "what I saw";
    uint8_t sealed[sizeof(message) + TALLY_SEAL_BOX_EXTRA_BYTES], opened[sizeof(message)];
    uint8_t public32[32], bad[32] = { 0 };
    seeded source;

    (void)state;
    assert_int_equal(tally_ed25519_public(public32, key), TALLY_OK);
    assert_int_equal(tally_seal_to(sealed, message, sizeof(message), "case 7", 6, public32,
                                   seeded_begin(&source, 5), NULL),
                     TALLY_OK);
    assert_int_equal(tally_seal_open_own(opened, sealed, sizeof(sealed), "case 7", 6, key),
                     TALLY_OK);
    assert_memory_equal(opened, message, sizeof(message));
    assert_int_equal(tally_seal_open_own(opened, sealed, sizeof(sealed), "case 8", 6, key),
                     TALLY_E_CORRUPT);
    assert_int_equal(tally_seal_open_own(opened, sealed, sizeof(sealed), "case 7", 6, other_key),
                     TALLY_E_CORRUPT);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        /* The top bit of an X25519 key is ignored, but not in the salt. */
        sealed[i] ^= 0x80;
        assert_int_equal(tally_seal_open_own(opened, sealed, sizeof(sealed), "case 7", 6, key),
                         TALLY_E_CORRUPT);
        sealed[i] ^= 0x80;
        assert_int_equal(tally_seal_open_own(opened, sealed, i, "case 7", 6, key), TALLY_E_CORRUPT);
    }
    memset(sealed, 0, 32);
    assert_int_equal(tally_seal_open_own(opened, sealed, sizeof(sealed), "case 7", 6, key),
                     TALLY_E_CORRUPT);
    assert_int_equal(
        tally_seal_to(sealed, message, sizeof(message), NULL, 0, bad, &source.source, NULL),
        TALLY_E_INVALID);
    bad[0] = 1; /* the identity */
    assert_int_equal(
        tally_seal_to(sealed, message, sizeof(message), NULL, 0, bad, &source.source, NULL),
        TALLY_E_INVALID);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void hmac_meets_its_vectors(void **state)
{
    uint8_t long_key[131], mac[32], wanted[32];

    (void)state;
    memset(long_key, 0x0b, 20);
    tally_mac_hmac(mac, long_key, 20, "Hi There", 8);
    (void)unhex(wanted, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_memory_equal(mac, wanted, 32);
    tally_mac_hmac(mac, (const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28);
    (void)unhex(wanted, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_memory_equal(mac, wanted, 32);
    memset(long_key, 0xaa, sizeof(long_key));
    tally_mac_hmac(mac, long_key, sizeof(long_key),
                   "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    (void)unhex(wanted, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_memory_equal(mac, wanted, 32);
}

/* RFC 5869, appendix A, cases 1 to 3. */
static void hkdf_meets_its_vectors(void **state)
{
    uint8_t secret[80], salt[80], info[80], out[82], wanted[82];

    (void)state;
    memset(secret, 0x0b, 22);
    for (uint8_t i = 0; i < 13; i++)
        salt[i] = i;
    for (uint8_t i = 0; i < 10; i++)
        info[i] = (uint8_t)(0xf0 + i);
    tally_mac_hkdf(out, 42, secret, 22, salt, 13, info, 10);
    (void)unhex(wanted, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                        "34007208d5b887185865");
    assert_memory_equal(out, wanted, 42);
    tally_mac_hkdf(out, 42, secret, 22, NULL, 0, NULL, 0);
    (void)unhex(wanted, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                        "9d201395faa4b61a96c8");
    assert_memory_equal(out, wanted, 42);
    for (uint8_t i = 0; i < 80; i++) {
        secret[i] = i;
        salt[i] = (uint8_t)(0x60 + i);
        info[i] = (uint8_t)(0xb0 + i);
    }
    tally_mac_hkdf(out, 82, secret, 80, salt, 80, info, 80);
    (void)unhex(wanted, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                        "cc30c58179ec3e87c14c01d5c1f3434f1d87");
    assert_memory_equal(out, wanted, 82);
    assert_true(tally_mac_is_equal(out, wanted, 82));
    out[81] ^= 1;
    assert_false(tally_mac_is_equal(out, wanted, 82));
}

/* The key as @noble/hashes 2 computes it (npm). */
static void a_passphrase_gives_its_key(void **state)
{
    static const uint8_t salt[16] = { 's', 'o', 'm', 'e', 's', 'a', 'l', 't',
                                      's', 'o', 'm', 'e', 's', 'a', 'l', 't' };
    uint8_t out[32], again[32];
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_int_equal(
        tally_seal_key_of_passphrase(out, "password", 8, salt, (tally_seal_effort){ 2, 256 }, NULL),
        TALLY_OK);
    assert_int_equal(tally_seal_key_of_passphrase(again, "password", 8, salt,
                                                  (tally_seal_effort){ 3, 256 }, NULL),
                     TALLY_OK);
    assert_memory_not_equal(out, again, 32);
    assert_int_equal(tally_seal_key_of_passphrase(again, "passwore", 8, salt,
                                                  (tally_seal_effort){ 2, 256 }, NULL),
                     TALLY_OK);
    assert_memory_not_equal(out, again, 32);
    assert_int_equal(tally_seal_key_of_passphrase(again, "password", 8, salt,
                                                  (tally_seal_effort){ 17, 256 }, &err),
                     TALLY_E_INVALID);
    assert_int_equal(tally_seal_key_of_passphrase(again, "password", 8, salt,
                                                  (tally_seal_effort){ 1, 1u << 21 }, NULL),
                     TALLY_E_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_the_draft_opens),
        cmocka_unit_test(what_is_sealed_opens_only_unaltered),
        cmocka_unit_test(without_randomness_nothing_is_sealed),
        cmocka_unit_test(a_key_is_wrapped_for_one_context),
        cmocka_unit_test(only_the_recipient_opens),
        cmocka_unit_test(hmac_meets_its_vectors),
        cmocka_unit_test(hkdf_meets_its_vectors),
        cmocka_unit_test(a_passphrase_gives_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
