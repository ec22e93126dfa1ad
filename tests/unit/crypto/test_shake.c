/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-512 and SHAKE: examples of FIPS 180 and 202, the official SHAKE128 sponge
 * vectors that need a single squeeze, and parts against the whole. */

#include "vectors_json.h"

#include "crypto/sha512.h"
#include "crypto/shake.h"
#include "random.h"

static void expect(const uint8_t *bytes, size_t count, const char *hex)
{
    uint8_t wanted[256];

    assert_int_equal(vector_hex(wanted, sizeof(wanted), tally_text_from(hex)), count);
    assert_memory_equal(bytes, wanted, count);
}

static void sha512_of_abc_is_the_example_of_the_standard(void **state)
{
    const tally_text parts[] = { TALLY_TEXT("a"), { NULL, 0 }, TALLY_TEXT("bc") };
    uint8_t hash[64];

    (void)state;
    assert_int_equal(tally_sha512_parts(hash, parts, 3), TALLY_OK);
    expect(hash, 64,
           "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
           "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void shake_of_nothing_is_the_example_of_the_standard(void **state)
{
    uint8_t out[32];

    (void)state;
    assert_int_equal(tally_shake128_parts(out, 32, NULL, 0), TALLY_OK);
    expect(out, 32, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
    assert_int_equal(tally_shake256_parts(out, 32, NULL, 0), TALLY_OK);
    expect(out, 32, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
}

/* The sponge of draft-irtf-cfrg-fiat-shamir starts with a session id and zeros up
 * to the rate. Vectors that squeeze and then absorb again are not for us. */
static void the_official_sponges_of_one_squeeze_agree(void **state)
{
    static const uint8_t zeros[136];
    json_t *vectors = vector_load("sigma-protocols/fiatShamirShake128Vectors.json");
    size_t index, run_count = 0;
    json_t *vector;

    (void)state;
    json_array_foreach(vectors, index, vector)
    {
        const json_t *operations = json_object_get(vector, "Operations");
        uint8_t session[32], absorbed[2048], out[1024], wanted[1024];
        size_t absorbed_count = 0, squeezed_count = 0, at;
        bool is_for_us = operations != NULL && json_object_get(vector, "SessionId") != NULL &&
                         strcmp(vector_string(vector, "Function"), "DuplexSponge") == 0;
        json_t *operation;

        json_array_foreach(operations, at, operation)
        {
            if (!is_for_us)
                break;
            if (strcmp(vector_string(operation, "type"), "absorb") == 0) {
                is_for_us = squeezed_count == 0;
                absorbed_count +=
                    vector_hex(absorbed + absorbed_count, sizeof(absorbed) - absorbed_count,
                               tally_text_from(vector_string(operation, "data")));
            } else {
                squeezed_count += (size_t)vector_integer(operation, "length");
            }
        }
        if (!is_for_us || squeezed_count == 0)
            continue;
        {
            const tally_text parts[] = { { (const char *)session, 32 },
                                         { (const char *)zeros, sizeof(zeros) },
                                         { (const char *)absorbed, absorbed_count } };

            assert_true(squeezed_count <= sizeof(out));
            vector_bytes(session, 32, vector, "SessionId");
            assert_int_equal(tally_shake128_parts(out, squeezed_count, parts, 3), TALLY_OK);
            vector_bytes(wanted, squeezed_count, vector, "Output");
            assert_memory_equal(out, wanted, squeezed_count);
            run_count++;
        }
    }
    assert_int_equal(run_count, 7);
    json_decref(vectors);
}

static void parts_hash_as_their_whole(void **state)
{
    (void)state;
    random_begin("parts_hash_as_their_whole");
    for (uint32_t round = 0; round < 200; round++) {
        char bytes[700];
        uint8_t whole_hash[64], parts_hash[64], whole_out[200], parts_out[200];
        size_t count = random_below(sizeof(bytes) + 1), cut = random_below(count + 1);
        size_t out_count = 1 + random_below(sizeof(whole_out));
        const tally_text whole = { bytes, count };
        const tally_text parts[] = { { bytes, cut }, { bytes + cut, count - cut } };

        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (char)random_u64();
        assert_int_equal(tally_sha512_parts(whole_hash, &whole, 1), TALLY_OK);
        assert_int_equal(tally_sha512_parts(parts_hash, parts, 2), TALLY_OK);
        assert_memory_equal(whole_hash, parts_hash, 64);
        assert_int_equal(tally_shake128_parts(whole_out, out_count, &whole, 1), TALLY_OK);
        assert_int_equal(tally_shake128_parts(parts_out, out_count, parts, 2), TALLY_OK);
        assert_memory_equal(whole_out, parts_out, out_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha512_of_abc_is_the_example_of_the_standard),
        cmocka_unit_test(shake_of_nothing_is_the_example_of_the_standard),
        cmocka_unit_test(the_official_sponges_of_one_squeeze_agree),
        cmocka_unit_test(parts_hash_as_their_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
