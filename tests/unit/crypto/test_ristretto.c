/* SPDX-License-Identifier: Apache-2.0 */
/* The group: RFC 9496 Appendix A read from its own text, what libsodium would let
 * pass and we must not, and the laws of a group over random cases. */

#include "vectors_json.h"

#include "crypto/ristretto.h"
#include "random.h"

/* l, lowest byte first. */
static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                   0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

static tally_rc draw(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_u64();
    return TALLY_OK;
}

static const tally_random seeded = { NULL, draw };

static tally_scalar any_scalar(void)
{
    tally_scalar scalar;

    assert_int_equal(tally_scalar_random(&scalar, &seeded, NULL), TALLY_OK);
    return scalar;
}

static tally_element any_element(void)
{
    tally_element element;
    tally_scalar scalar = any_scalar();

    tally_element_multiply_base(&element, &scalar);
    return element;
}

static const char *const headings[] = { "## Multiples of the generator", "## Invalid encodings",
                                        "## Group elements from byte strings",
                                        "## Square root of a ratio" };

typedef struct appendix {
    uint32_t multiple_count, invalid_count, uniform_count;
    uint8_t uniform[4][64]; /* inputs that wait for their output */
    size_t uniform_bytes;
    tally_element multiple;
} appendix;

static void check_multiple(appendix *seen, tally_text hex)
{
    uint8_t bytes[32];
    tally_element decoded, product;
    tally_scalar scalar;

    assert_int_equal(vector_hex(bytes, sizeof(bytes), hex), 32);
    assert_memory_equal(seen->multiple.bytes, bytes, 32);
    assert_int_equal(tally_element_decode(&decoded, bytes), seen->multiple_count > 0);
    tally_scalar_from_u64(&scalar, seen->multiple_count);
    tally_element_multiply_base(&product, &scalar);
    assert_memory_equal(product.bytes, bytes, 32);
    assert_int_equal(tally_element_multiply(&product, &scalar, &tally_element_base), TALLY_OK);
    assert_memory_equal(product.bytes, bytes, 32);
    assert_int_equal(tally_element_add(&seen->multiple, &seen->multiple, &tally_element_base),
                     TALLY_OK);
    seen->multiple_count++;
}

static void check_invalid(appendix *seen, tally_text hex)
{
    uint8_t bytes[32];
    tally_element decoded, raw, out;
    tally_scalar one;

    assert_int_equal(vector_hex(bytes, sizeof(bytes), hex), 32);
    assert_false(tally_element_decode(&decoded, bytes));
    assert_true(tally_element_is_identity(&decoded));
    /* One that came past the decoder is told apart from a neutral result. */
    memcpy(raw.bytes, bytes, 32);
    tally_scalar_from_u64(&one, 1);
    assert_int_equal(tally_element_multiply(&out, &one, &raw), TALLY_E_INVALID);
    assert_true(tally_element_is_identity(&out));
    assert_int_equal(tally_element_add(&out, &raw, &tally_element_base), TALLY_E_INVALID);
    assert_int_equal(tally_element_subtract(&out, &tally_element_base, &raw), TALLY_E_INVALID);
    seen->invalid_count++;
}

static void check_uniform(appendix *seen, tally_text hex)
{
    uint8_t wanted[32];

    assert_int_equal(vector_hex(wanted, sizeof(wanted), hex), 32);
    assert_true(seen->uniform_bytes > 0 && seen->uniform_bytes % 64 == 0);
    for (size_t i = 0; i < seen->uniform_bytes / 64; i++) {
        tally_element element;

        tally_element_from_uniform(&element, seen->uniform[i]);
        assert_memory_equal(element.bytes, wanted, 32);
        seen->uniform_count++;
    }
    seen->uniform_bytes = 0;
}

static void check_line(appendix *seen, int32_t section, tally_text line)
{
    if (section == 0 && tally_text_has_prefix(line, TALLY_TEXT("B["))) {
        check_multiple(seen, tally_text_slice(line, 7, line.count));
    } else if (section == 1 && line.count == 71 && tally_text_find_byte(line, '#') != 0) {
        check_invalid(seen, line);
    } else if (section == 2 && tally_text_has_prefix(line, TALLY_TEXT("O:"))) {
        check_uniform(seen, tally_text_slice(line, 3, line.count));
    } else if (section == 2 && (tally_text_has_prefix(line, TALLY_TEXT("I:")) ||
                                tally_text_has_prefix(line, TALLY_TEXT("   ")))) {
        size_t room = sizeof(seen->uniform) - seen->uniform_bytes;

        seen->uniform_bytes += vector_hex(&seen->uniform[0][0] + seen->uniform_bytes, room,
                                          tally_text_slice(line, 3, line.count));
    }
}

static void rfc_9496_appendix_a_agrees(void **state)
{
    appendix seen = { .multiple_count = 0 };
    tally_buffer file;
    tally_text rest;
    int32_t section = -1;

    (void)state;
    vector_read_file(&file, "rfc9496-ristretto255/test-vectors-ristretto255.md");
    rest = tally_buffer_text(&file);
    while (rest.count > 0) {
        tally_text line;

        (void)tally_text_split(rest, '\n', &line, &rest);
        for (int32_t i = 0; i < (int32_t)UNIT_COUNT(headings); i++)
            if (tally_text_has_prefix(line, tally_text_from(headings[i])))
                section = i;
        check_line(&seen, section, line);
    }
    assert_int_equal(seen.multiple_count, 16);
    assert_int_equal(seen.invalid_count, 29);
    assert_int_equal(seen.uniform_count, 11);
    tally_buffer_free(&file);
}

/* Pitfall: libsodium's check of points lets it pass. */
static void the_neutral_element_never_comes_in(void **state)
{
    static const uint8_t zeros[32];
    tally_element element;

    (void)state;
    memset(&element, 1, sizeof(element));
    assert_false(tally_element_decode(&element, zeros));
    assert_true(tally_element_is_identity(&element));
}

/* Pitfall: libsodium multiplies by l + 1 as by 1 and ignores the highest bit. */
static void scalars_of_the_order_or_more_are_refused(void **state)
{
    uint8_t bytes[32];
    tally_scalar scalar;

    (void)state;
    random_begin("scalars_of_the_order_or_more_are_refused");
    assert_false(tally_scalar_decode(&scalar, order));
    assert_true(tally_scalar_is_zero(&scalar));
    memcpy(bytes, order, 32);
    bytes[0]--;
    assert_true(tally_scalar_decode(&scalar, bytes));
    for (uint32_t round = 0; round < 500; round++) {
        tally_scalar given = any_scalar();
        uint32_t carry = 0;

        assert_true(tally_scalar_decode(&scalar, given.bytes));
        assert_memory_equal(scalar.bytes, given.bytes, 32);
        for (size_t i = 0; i < 32; i++) {
            carry += (uint32_t)given.bytes[i] + order[i];
            bytes[i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_false(tally_scalar_decode(&scalar, bytes));
        memcpy(bytes, given.bytes, 32);
        bytes[31] |= 0x80;
        assert_false(tally_scalar_decode(&scalar, bytes));
    }
    memset(bytes, 0xff, 32);
    assert_false(tally_scalar_decode(&scalar, bytes));
}

static void a_neutral_result_is_told_from_a_bad_point(void **state)
{
    tally_element element = any_element(), out;
    tally_scalar zero = { { 0 } };

    (void)state;
    memset(&out, 9, sizeof(out));
    assert_int_equal(tally_element_multiply(&out, &zero, &element), TALLY_OK);
    assert_true(tally_element_is_identity(&out));
    memset(&out, 9, sizeof(out));
    tally_element_multiply_base(&out, &zero);
    assert_true(tally_element_is_identity(&out));
    assert_int_equal(tally_element_subtract(&out, &element, &element), TALLY_OK);
    assert_true(tally_element_is_identity(&out));
    assert_int_equal(tally_element_add(&out, &out, &element), TALLY_OK);
    assert_true(tally_element_is_equal(&out, &element));
}

static void selecting_gives_the_element_or_the_neutral_one(void **state)
{
    tally_element element = any_element(), out;

    (void)state;
    tally_element_select(&out, &element, 1);
    assert_true(tally_element_is_equal(&out, &element));
    tally_element_select(&out, &element, 0);
    assert_true(tally_element_is_identity(&out));
}

static void scalars_and_elements_obey_the_laws(void **state)
{
    (void)state;
    random_begin("scalars_and_elements_obey_the_laws");
    for (uint32_t round = 0; round < 60; round++) {
        tally_scalar a = any_scalar(), b = any_scalar(), c = any_scalar(), s, t;
        tally_element p = any_element(), left, right, part;

        /* (a*b + c) * P = a * (b*P) + c*P */
        tally_scalar_multiply_add(&s, &a, &b, &c);
        assert_int_equal(tally_element_multiply(&left, &s, &p), TALLY_OK);
        assert_int_equal(tally_element_multiply(&right, &b, &p), TALLY_OK);
        assert_int_equal(tally_element_multiply(&right, &a, &right), TALLY_OK);
        assert_int_equal(tally_element_multiply(&part, &c, &p), TALLY_OK);
        assert_int_equal(tally_element_add(&right, &right, &part), TALLY_OK);
        assert_true(tally_element_is_equal(&left, &right));
        /* a - b = a + (-b) */
        tally_scalar_subtract(&s, &a, &b);
        tally_scalar_negate(&t, &b);
        tally_scalar_add(&t, &a, &t);
        assert_memory_equal(s.bytes, t.bytes, 32);
        /* l is nothing, also with 64 bytes around it. */
        tally_scalar_reduce(&t, order, 32);
        assert_true(tally_scalar_is_zero(&t));
    }
}

static void a_sum_is_the_sum_of_its_multiples(void **state)
{
    (void)state;
    random_begin("a_sum_is_the_sum_of_its_multiples");
    for (uint32_t round = 0; round < 40; round++) {
        tally_scalar a = any_scalar(), b = any_scalar();
        tally_element p = any_element(), q = any_element(), wanted, part, out;
        tally_sum sum;

        assert_int_equal(tally_element_multiply(&wanted, &a, &p), TALLY_OK);
        tally_element_multiply_base(&part, &b);
        assert_int_equal(tally_element_add(&wanted, &wanted, &part), TALLY_OK);
        assert_int_equal(tally_element_subtract(&wanted, &wanted, &q), TALLY_OK);
        tally_sum_begin(&sum);
        if (round % 2 == 0)
            tally_sum_subtract(&sum, &q);
        tally_sum_add_multiple(&sum, &a, &p);
        tally_sum_add_base(&sum, &b);
        if (round % 2 == 1)
            tally_sum_subtract(&sum, &q);
        assert_int_equal(tally_sum_take(&out, &sum), TALLY_OK);
        assert_true(tally_element_is_equal(&out, &wanted));
    }
}

static void a_bad_term_spoils_the_sum(void **state)
{
    const tally_element bad = { { 1 } };
    tally_scalar zero = { { 0 } };
    tally_element out;
    tally_sum sum;

    (void)state;
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &zero, &bad);
    tally_sum_add(&sum, &tally_element_base);
    memset(&out, 3, sizeof(out));
    assert_int_equal(tally_sum_take(&out, &sum), TALLY_E_INVALID);
    assert_true(tally_element_is_identity(&out));
}

static tally_rc refuse(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    memset(out, 0, bytes);
    return tally_err_set(err, TALLY_E_IO, 0, "no");
}

static tally_rc give_zeros(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    memset(out, 0, bytes);
    return TALLY_OK;
}

static void a_source_that_fails_or_gives_only_zeros_makes_no_scalar(void **state)
{
    const tally_random refusing = { NULL, refuse }, zeros = { NULL, give_zeros };
    tally_scalar scalar;

    (void)state;
    memset(&scalar, 5, sizeof(scalar));
    assert_int_equal(tally_scalar_random(&scalar, &refusing, NULL), TALLY_E_IO);
    assert_true(tally_scalar_is_zero(&scalar));
    memset(&scalar, 5, sizeof(scalar));
    assert_int_equal(tally_scalar_random(&scalar, &zeros, NULL), TALLY_E_IO);
    assert_true(tally_scalar_is_zero(&scalar));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_9496_appendix_a_agrees),
        cmocka_unit_test(the_neutral_element_never_comes_in),
        cmocka_unit_test(scalars_of_the_order_or_more_are_refused),
        cmocka_unit_test(a_neutral_result_is_told_from_a_bad_point),
        cmocka_unit_test(selecting_gives_the_element_or_the_neutral_one),
        cmocka_unit_test(scalars_and_elements_obey_the_laws),
        cmocka_unit_test(a_sum_is_the_sum_of_its_multiples),
        cmocka_unit_test(a_bad_term_spoils_the_sum),
        cmocka_unit_test(a_source_that_fails_or_gives_only_zeros_makes_no_scalar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
