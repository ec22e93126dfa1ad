/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519: two examples of RFC 8032, section 7.1, and forms that are refused. */

#include "unit.h"

#include <stdlib.h>

#include "crypto/ed25519.h"

static const struct {
    const char *seed, *public_key, *message, *signature;
} examples[] = {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
      "b4"
      "6bd25bf5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d"
      "8c387b2eaeb4302aeeb00d291612bb0c00" },
};

static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t count = strlen(hex) / 2;

    for (size_t i = 0; i < count; i++) {
        char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return count;
}

static void the_examples_of_the_rfc_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(examples); i++) {
        uint8_t seed[32], wanted_key[32], key[32], wanted[64], signature[64], message[8];
        size_t count = from_hex(message, examples[i].message);

        assert_int_equal(from_hex(seed, examples[i].seed), 32);
        assert_int_equal(from_hex(wanted_key, examples[i].public_key), 32);
        assert_int_equal(from_hex(wanted, examples[i].signature), 64);
        assert_int_equal(tally_ed25519_public(key, seed), TALLY_OK);
        assert_memory_equal(key, wanted_key, sizeof(key));
        assert_int_equal(tally_ed25519_sign(signature, count > 0 ? message : NULL, count, seed),
                         TALLY_OK);
        assert_memory_equal(signature, wanted, sizeof(signature));
        assert_true(tally_ed25519_is_valid_vartime(signature, message, count, key));
    }
}

static void any_changed_bit_is_refused(void **state)
{
    uint8_t seed[32] = { 7 };
    uint8_t key[32], signature[64];
    uint8_t message[] = { 'o', 'n', 'e' };

    (void)state;
    assert_int_equal(tally_ed25519_public(key, seed), TALLY_OK);
    assert_int_equal(tally_ed25519_sign(signature, message, sizeof(message), seed), TALLY_OK);
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(tally_ed25519_is_valid_vartime(signature, message, sizeof(message), key));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(tally_ed25519_is_valid_vartime(signature, message, sizeof(message), key));
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(tally_ed25519_is_valid_vartime(signature, message, sizeof(message), key));
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(tally_ed25519_is_valid_vartime(signature, message, sizeof(message), key));
}

/* The order of the group, added to S, gives a second signature in lax readers. */
static void a_second_form_of_a_signature_is_refused(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                       0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    uint8_t seed[32] = { 9 };
    uint8_t key[32], signature[64];
    uint32_t carry = 0;

    (void)state;
    assert_int_equal(tally_ed25519_public(key, seed), TALLY_OK);
    assert_int_equal(tally_ed25519_sign(signature, "x", 1, seed), TALLY_OK);
    for (size_t i = 0; i < 32; i++) {
        carry += (uint32_t)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(tally_ed25519_is_valid_vartime(signature, "x", 1, key));
}

/* Under the neutral element every message would have the same signature. */
static void keys_of_small_order_are_refused(void **state)
{
    uint8_t key[32] = { 1 };
    uint8_t signature[64] = { 1 };

    (void)state;
    assert_false(tally_ed25519_is_valid_vartime(signature, "x", 1, key));
}

static void a_wiped_secret_is_zero(void **state)
{
    uint8_t secret[100];
    const uint8_t zero[100] = { 0 };

    (void)state;
    memset(secret, 0xa5, sizeof(secret));
    tally_secret_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(secret));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_met),
        cmocka_unit_test(any_changed_bit_is_refused),
        cmocka_unit_test(a_second_form_of_a_signature_is_refused),
        cmocka_unit_test(keys_of_small_order_are_refused),
        cmocka_unit_test(a_wiped_secret_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
