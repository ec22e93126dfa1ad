/* SPDX-License-Identifier: Apache-2.0 */
/* Words and what is derived from them: BIP-39's vectors, and wrong words. */

#include "unit.h"

#include <stdio.h>

#include "random.h"
#include "wallet/derive.h"
#include "wallet/mnemonic.h"

/* github.com/trezor/python-mnemonic, vectors.json: those of 256 bits; once more by
 * @scure/bip39. */
static const struct {
    const char *seed, *words;
} vectors[] = {
    { "0000000000000000000000000000000000000000000000000000000000000000",
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
      "abandon art" },
    { "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage "
      "worth useful legal winner thank year wave sausage worth title" },
    { "8080808080808080808080808080808080808080808080808080808080808080",
      "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount "
      "doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless" },
    { "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
      "zoo vote" },
    { "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
      "hamster diagram private dutch cause delay private meat slide toddler razor book happy "
      "fancy gospel tennis maple dilemma loan word shrug inflict delay length" },
    { "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
      "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol "
      "speed nation flash devote level hobby quick inner drive ghost inside" },
    { "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
      "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing "
      "screen patrol group space point ten exist slush involve unfold" },
};

#define ZOO_22 \
    "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo"

static void unhex(uint8_t out[static 32], const char *text)
{
    for (size_t i = 0; i < 32; i++) {
        unsigned byte = 0;

        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

static void the_vectors_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        char words[TALLY_MNEMONIC_TEXT_BYTES];
        uint8_t seed[32], read[32];

        unhex(seed, vectors[i].seed);
        assert_int_equal(tally_mnemonic_write(words, seed), TALLY_OK);
        assert_string_equal(words, vectors[i].words);
        assert_int_equal(tally_mnemonic_read(read, tally_text_from(words), NULL), TALLY_OK);
        assert_memory_equal(read, seed, 32);
    }
}

static void case_and_white_space_do_not_matter(void **state)
{
    uint8_t seed[32], read[32];
    char words[600] = "\n\t ";
    size_t count = 3;

    (void)state;
    unhex(seed, vectors[4].seed);
    for (const char *at = vectors[4].words; *at != '\0'; at++) {
        words[count++] = *at == ' ' ? '\r' : (char)(*at - ('a' - 'A'));
        if (*at == ' ')
            words[count++] = '\n';
    }
    assert_int_equal(tally_mnemonic_read(read, tally_text_of(words, count), NULL), TALLY_OK);
    assert_memory_equal(read, seed, 32);
}

static void wrong_words_are_refused(void **state)
{
    static const struct {
        const char *words, *message;
    } cases[] = {
        { "", "these are 0 words; a wallet has 24" },
        { "zoo zoo", "these are 2 words; a wallet has 24" },
        { ZOO_22 " zoo vote vote", "these are 25 words; a wallet has 24" },
        { ZOO_22 " zoo zoo",
          "the words do not belong together: one of them, or their order, is wrong" },
        { "vote zoo " ZOO_22,
          "the words do not belong together: one of them, or their order, is wrong" },
        { "zoo zooo zoo", "word 2 is not of the list" },
        { "zoo zoo zo", "word 3 is not of the list" },
        { "zoo zoo secretsecretsecret", "word 3 is not of the list" },
        { "zoo zoo z\xc3\xb6\xc3\xb6", "word 3 is not of the list" },
        { "zoo-zoo", "word 1 is not of the list" },
    };
    static const uint8_t zero[32];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_err err = TALLY_ERR_INIT;
        uint8_t read[32] = { 1 };

        assert_int_equal(tally_mnemonic_read(read, tally_text_from(cases[i].words), &err),
                         TALLY_E_INVALID);
        assert_string_equal(err.message, cases[i].message);
        assert_memory_equal(read, zero, 32);
    }
}

static void seeds_come_back(void **state)
{
    (void)state;
    random_begin("mnemonic");
    for (uint32_t round = 0; round < 200; round++) {
        char words[TALLY_MNEMONIC_TEXT_BYTES];
        uint8_t seed[32], read[32];

        for (size_t i = 0; i < 32; i++)
            seed[i] = (uint8_t)random_u64();
        assert_int_equal(tally_mnemonic_write(words, seed), TALLY_OK);
        assert_int_equal(tally_mnemonic_read(read, tally_text_from(words), NULL), TALLY_OK);
        assert_memory_equal(read, seed, 32);
    }
}

/* Computed with node 20: crypto.hkdfSync("sha256", seed, "tally/wallet/v1", info, 32). */
static void derived_secrets_are_those_of_another_program(void **state)
{
    static const struct {
        const char *purpose, *origin;
        uint32_t index;
        const char *hex;
    } cases[] = {
        { "member", "green.example.org/points", 0,
          "60d49314e0a675b1e653d1074bd0109a84efa826dbd151020edb91fe1c22b4a3" },
        { "member", "green.example.org/points", 1,
          "ada9713acb18b0ade764439d8b1260d46028f2e7b24bbb264eb13a61c56b26c1" },
        { "member", "other.example.org", 0,
          "1da71e58120a1e324b752c6ced2f9d8688d1f8df1daea54def2e3af0d7d49bc8" },
        { "recovery", "green.example.org/points", 0,
          "114e380b22ce44b2998c8ae8f7f5c2fef56aa177c787b6ac1d6903f907ef2216" },
        { "credential", "green.example.org/points", 258,
          "56b4ba790c37c8f3afd89ff94a3e40e9c63ff6751ec19e0745be0c38b6d6204c" },
    };
    uint8_t seed[32], out[32], wanted[32];

    (void)state;
    unhex(seed, vectors[4].seed);
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_derive(out, 32, seed, cases[i].purpose, tally_text_from(cases[i].origin),
                     cases[i].index);
        unhex(wanted, cases[i].hex);
        assert_memory_equal(out, wanted, 32);
    }
    tally_derive_generated(out, seed, 7);
    unhex(wanted, "ce8aeeb307b67f6e44166f6754da24b391bc2211c92fe3aeb9528cb14f8fa3c0");
    assert_memory_equal(out, wanted, 32);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_are_met),
        cmocka_unit_test(case_and_white_space_do_not_matter),
        cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(seeds_come_back),
        cmocka_unit_test(derived_secrets_are_those_of_another_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
