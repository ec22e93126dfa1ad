/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing to the group: RFC 9380 Appendix K, and RFC 9497 Appendix A, in which a
 * blinded element is the blind times the hash of the input. */

#include "vectors_json.h"

#include "crypto/hash_to_group.h"

static void rfc_9380_expansions_agree(void **state)
{
    json_t *file = vector_load("rfc9380-xmd-sha512/expand_message_xmd_SHA512_38.json");
    tally_text dst = tally_text_from(vector_string(file, "DST"));
    json_t *tests = json_object_get(file, "tests"), *test;
    size_t index;

    (void)state;
    assert_int_equal(json_array_size(tests), 10);
    json_array_foreach(tests, index, test)
    {
        size_t count = strtoul(vector_string(test, "len_in_bytes"), NULL, 16);
        uint8_t out[128], wanted[128];

        assert_true(count <= sizeof(out));
        assert_int_equal(
            tally_expand_message_xmd(out, count, tally_text_from(vector_string(test, "msg")), dst),
            TALLY_OK);
        vector_bytes(wanted, count, test, "uniform_bytes");
        assert_memory_equal(out, wanted, count);
    }
    json_decref(file);
}

/* Batches of two separate their parts by commas. */
static uint32_t check_blinded(const json_t *vector, tally_text dst)
{
    tally_text inputs = tally_text_from(vector_string(vector, "Input"));
    tally_text blinds = tally_text_from(vector_string(vector, "Blind"));
    tally_text blinded = tally_text_from(vector_string(vector, "BlindedElement"));
    uint32_t count = 0;

    while (inputs.count > 0) {
        uint8_t input[64], bytes[32];
        tally_text part;
        tally_element element, product;
        tally_scalar blind;
        size_t input_count;

        (void)tally_text_split(inputs, ',', &part, &inputs);
        input_count = vector_hex(input, sizeof(input), part);
        assert_int_equal(
            tally_hash_to_group(&element, tally_text_of((char *)input, input_count), dst),
            TALLY_OK);
        (void)tally_text_split(blinds, ',', &part, &blinds);
        assert_int_equal(vector_hex(bytes, sizeof(bytes), part), 32);
        assert_true(tally_scalar_decode(&blind, bytes));
        assert_int_equal(tally_element_multiply(&product, &blind, &element), TALLY_OK);
        (void)tally_text_split(blinded, ',', &part, &blinded);
        assert_int_equal(vector_hex(bytes, sizeof(bytes), part), 32);
        assert_memory_equal(product.bytes, bytes, 32);
        count++;
    }
    return count;
}

static void rfc_9497_blinded_elements_agree(void **state)
{
    json_t *modes = vector_load("rfc9497-ristretto255/ristretto255-SHA512.json"), *mode, *vector;
    uint32_t count = 0;
    size_t i, j;

    (void)state;
    json_array_foreach(modes, i, mode)
    {
        uint8_t dst[64];
        size_t dst_count =
            vector_hex(dst, sizeof(dst), tally_text_from(vector_string(mode, "groupDST")));

        json_array_foreach(json_object_get(mode, "vectors"), j, vector) count +=
            check_blinded(vector, tally_text_of((char *)dst, dst_count));
    }
    assert_int_equal(count, 10);
    json_decref(modes);
}

static void lengths_beyond_the_method_are_refused(void **state)
{
    static uint8_t out[TALLY_EXPAND_OUT_BYTES_MAX + 1];
    static const char dst[256];

    (void)state;
    out[0] = 7;
    assert_int_equal(tally_expand_message_xmd(out, 1, TALLY_TEXT("m"), TALLY_TEXT("")),
                     TALLY_E_LIMIT);
    assert_int_equal(out[0], 0);
    assert_int_equal(
        tally_expand_message_xmd(out, 1, TALLY_TEXT("m"), tally_text_of(dst, sizeof(dst))),
        TALLY_E_LIMIT);
    assert_int_equal(tally_expand_message_xmd(out, 0, TALLY_TEXT("m"), TALLY_TEXT("d")),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_expand_message_xmd(out, sizeof(out), TALLY_TEXT("m"), TALLY_TEXT("d")),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_expand_message_xmd(out, sizeof(out) - 1, TALLY_TEXT("m"),
                                              tally_text_of(dst, sizeof(dst) - 1)),
                     TALLY_OK);
}

static void another_tag_gives_another_element_and_scalar(void **state)
{
    tally_element a, b;
    tally_scalar c, d;

    (void)state;
    assert_int_equal(tally_hash_to_group(&a, TALLY_TEXT("m"), TALLY_TEXT("one")), TALLY_OK);
    assert_int_equal(tally_hash_to_group(&b, TALLY_TEXT("m"), TALLY_TEXT("two")), TALLY_OK);
    assert_false(tally_element_is_equal(&a, &b));
    assert_int_equal(tally_hash_to_scalar(&c, TALLY_TEXT("m"), TALLY_TEXT("one")), TALLY_OK);
    assert_int_equal(tally_hash_to_scalar(&d, TALLY_TEXT("m"), TALLY_TEXT("two")), TALLY_OK);
    assert_memory_not_equal(c.bytes, d.bytes, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_9380_expansions_agree),
        cmocka_unit_test(rfc_9497_blinded_elements_agree),
        cmocka_unit_test(lengths_beyond_the_method_are_refused),
        cmocka_unit_test(another_tag_gives_another_element_and_scalar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
