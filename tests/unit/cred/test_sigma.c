/* SPDX-License-Identifier: Apache-2.0 */
/* The proof engine: the 18 published compact proofs over P-256, made again and
 * checked, and everything that must not be accepted, over ristretto255. */

#include "vectors_json.h"

#include "crypto/ristretto.h"
#include "p256.h"
#include "cred/sigma_internal.h"
#include "random_source.h"

/* ---- published proofs ---- */

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static bool take(reader *in, uint8_t *out, size_t count)
{
    if ((size_t)(in->end - in->at) < count)
        return false;
    memcpy(out, in->at, count);
    in->at += count;
    return true;
}

static bool take_u32(reader *in, uint32_t *out)
{
    uint8_t bytes[4];

    if (!take(in, bytes, 4))
        return false;
    *out = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    return true;
}

/* The elements come last, but are wanted first: a first pass without relation
 * counts, a second fills in. False when an index has no element. */
static bool walk(reader in, tally_sigma_relation *relation, uint32_t *inout_scalar_count,
                 const uint8_t **out_elements)
{
    uint32_t equations = 0, images = 0, terms = 0, element = 0, scalar = 0;
    uint8_t coefficient[32];

    assert_true(take_u32(&in, &equations));
    for (uint32_t i = 0; i < equations; i++) {
        if (relation != NULL)
            tally_sigma_add_equation(relation);
        assert_true(take_u32(&in, &images));
        for (uint32_t j = 0; j < images; j++) {
            assert_true(take_u32(&in, &element) && take(&in, coefficient, 32));
            if (relation != NULL && element >= relation->element_count)
                return false;
            if (relation != NULL)
                tally_sigma_add_image(relation, element, coefficient);
        }
        assert_true(take_u32(&in, &terms));
        for (uint32_t j = 0; j < terms; j++) {
            assert_true(take_u32(&in, &scalar) && take_u32(&in, &element));
            assert_true(take(&in, coefficient, 32));
            if (scalar >= *inout_scalar_count)
                *inout_scalar_count = scalar + 1;
            if (relation != NULL && element >= relation->element_count)
                return false;
            if (relation != NULL)
                tally_sigma_add_term(relation, scalar, element, coefficient);
        }
    }
    *out_elements = in.at;
    return (size_t)(in.end - in.at) % P256_ELEMENT_BYTES == 0;
}

static bool read_relation(tally_sigma_relation *out, const json_t *vector)
{
    uint8_t bytes[2048];
    const uint8_t *elements;
    uint32_t scalar_count = 0;
    reader in = { bytes, bytes + vector_hex(bytes, sizeof(bytes),
                                            tally_text_from(vector_string(vector, "Instance"))) };
    bool is_whole = walk(in, NULL, &scalar_count, &elements);

    tally_sigma_begin(out, &p256_group, scalar_count);
    for (; is_whole && elements < in.end; elements += P256_ELEMENT_BYTES)
        (void)tally_sigma_add_element(out, elements);
    if (!is_whole || !walk(in, out, &scalar_count, &elements))
        return false;
    {
        uint8_t written[TALLY_SIGMA_RELATION_BYTES_MAX];

        assert_int_equal(tally_sigma_write(out, written), in.end - in.at);
        assert_memory_equal(written, bytes, (size_t)(in.end - in.at));
    }
    return true;
}

static tally_rc verify_vector(const json_t *vector)
{
    tally_sigma_relation relation;
    uint8_t proof[512];
    size_t proof_bytes =
        vector_hex(proof, sizeof(proof), tally_text_from(vector_string(vector, "NargString")));

    assert_true(read_relation(&relation, vector));
    return tally_sigma_verify_vartime(&relation, tally_text_from(vector_string(vector, "Tag")),
                                      proof, proof_bytes, NULL, NULL);
}

static void check_file(const char *name, uint32_t *inout_accepted, uint32_t *inout_rejected)
{
    json_t *vectors = vector_load(name), *vector;
    size_t index;

    json_array_foreach(vectors, index, vector)
    {
        bool is_good = strcmp(vector_string(vector, "Expected"), "accept") == 0;
        tally_rc rc;

        if (strcmp(vector_string(vector, "Flavor"), "compact") != 0)
            continue;
        rc = verify_vector(vector);
        if (rc != (is_good ? TALLY_OK : TALLY_E_INVALID))
            fail_msg("%s: %s", vector_string(vector, "Id"), tally_rc_name(rc));
        if (is_good)
            ++*inout_accepted;
        else
            ++*inout_rejected;
    }
    json_decref(vectors);
}

static void all_18_published_compact_proofs_are_judged_right(void **state)
{
    uint32_t accepted = 0, rejected = 0;

    (void)state;
    check_file("sigma-protocols/sigma-proofs_Shake128_P256.json", &accepted, &rejected);
    check_file("sigma-protocols/sigma-proofs-invalid_Shake128_P256.json", &accepted, &rejected);
    assert_int_equal(accepted, 9);
    assert_int_equal(rejected, 9);
}

static void published_session_ids_come_out(void **state)
{
    json_t *vectors = vector_load("sigma-protocols/sigma-proofs_Shake128_P256.json"), *vector;
    size_t index;

    (void)state;
    assert_true(json_array_size(vectors) >= 14);
    json_array_foreach(vectors, index, vector)
    {
        uint8_t session[32], wanted[32];

        assert_int_equal(
            tally_sigma_session(session, tally_text_from(vector_string(vector, "Tag"))), TALLY_OK);
        vector_bytes(wanted, 32, vector, "SessionId");
        assert_memory_equal(session, wanted, 32);
    }
    json_decref(vectors);
}

/* With z, c and the witness known, so are the nonces: n = z - c * w. From these
 * our prover must make the very bytes of the published proof. */
static void published_proofs_are_made_again_from_their_nonces(void **state)
{
    json_t *vectors = vector_load("sigma-protocols/sigma-proofs_Shake128_P256.json"), *vector;
    size_t index;
    uint32_t count = 0;

    (void)state;
    json_array_foreach(vectors, index, vector)
    {
        tally_sigma_relation relation;
        uint8_t proof[512], made[512], witness[512], nonces[512], less[32];
        size_t witness_bytes;

        if (strcmp(vector_string(vector, "Flavor"), "compact") != 0)
            continue;
        assert_true(read_relation(&relation, vector));
        witness_bytes =
            vector_hex(witness, sizeof(witness), tally_text_from(vector_string(vector, "Witness")));
        assert_int_equal(witness_bytes, 32 * relation.scalar_count);
        vector_bytes(proof, 32 + witness_bytes, vector, "NargString");
        p256_scalar_negate(less, proof);
        for (size_t i = 0; i < witness_bytes; i += 32)
            p256_scalar_multiply_add(nonces + i, less, witness + i, proof + 32 + i);
        assert_int_equal(tally_sigma_prove_with(&relation, made,
                                                tally_text_from(vector_string(vector, "Tag")),
                                                witness, nonces, NULL, NULL),
                         TALLY_OK);
        assert_memory_equal(made, proof, 32 + witness_bytes);
        count++;
    }
    assert_int_equal(count, 7);
    json_decref(vectors);
}

/* The checks of a statement are the same in the other form of the proofs. */
static void published_broken_statements_are_refused(void **state)
{
    json_t *vectors = vector_load("sigma-protocols/sigma-proofs-invalid_Shake128_P256.json");
    json_t *vector;
    uint32_t count = 0;
    size_t index;

    (void)state;
    json_array_foreach(vectors, index, vector)
    {
        const char *id = strrchr(vector_string(vector, "Id"), '/');
        tally_sigma_relation relation;

        if (id == NULL || id[1] != 'E')
            continue;
        if (read_relation(&relation, vector))
            assert_int_equal(tally_sigma_check_vartime(&relation, NULL), TALLY_E_INVALID);
        count++;
    }
    assert_int_equal(count, 5);
    json_decref(vectors);
}

/* ---- over ristretto255 ---- */

#define TAG TALLY_TEXT("a tag")

/* Q = x*P + y*G and R = 3*x*P, so x, y are the witness. */
typedef struct example {
    tally_sigma_relation relation;
    uint8_t witness[64];
    uint8_t proof[96];
} example;

static void state_example(tally_sigma_relation *out, const tally_element *p, const tally_element *q,
                          const tally_element *r)
{
    tally_scalar three;
    uint32_t at_p, at_q, at_r;

    tally_scalar_from_u64(&three, 3);
    tally_sigma_begin(out, &tally_group_ristretto255, 2);
    at_p = tally_sigma_add_element(out, p->bytes);
    at_q = tally_sigma_add_element(out, q->bytes);
    at_r = tally_sigma_add_element(out, r->bytes);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, at_q, NULL);
    tally_sigma_add_term(out, 0, at_p, NULL);
    tally_sigma_add_term(out, 1, 0, NULL);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, at_r, NULL);
    tally_sigma_add_term(out, 0, at_p, three.bytes);
}

static void make_example(example *out)
{
    tally_scalar x, y, three, blind;
    tally_element p, q, r;
    tally_sum sum;

    assert_int_equal(tally_scalar_random(&blind, &random_source, NULL), TALLY_OK);
    assert_int_equal(tally_scalar_random(&x, &random_source, NULL), TALLY_OK);
    assert_int_equal(tally_scalar_random(&y, &random_source, NULL), TALLY_OK);
    tally_element_multiply_base(&p, &blind);
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &x, &p);
    tally_sum_add_base(&sum, &y);
    assert_int_equal(tally_sum_take(&q, &sum), TALLY_OK);
    tally_scalar_from_u64(&three, 3);
    tally_scalar_multiply(&three, &three, &x);
    assert_int_equal(tally_element_multiply(&r, &three, &p), TALLY_OK);
    state_example(&out->relation, &p, &q, &r);
    memcpy(out->witness, x.bytes, 32);
    memcpy(out->witness + 32, y.bytes, 32);
    assert_int_equal(tally_sigma_prove(&out->relation, out->proof, TAG, out->witness, NULL,
                                       &random_source, NULL),
                     TALLY_OK);
}

static tally_rc verify(const example *made, const uint8_t *proof, size_t bytes)
{
    return tally_sigma_verify_vartime(&made->relation, TAG, proof, bytes, NULL, NULL);
}

static void true_statements_are_proved(void **state)
{
    (void)state;
    random_begin("true_statements_are_proved");
    for (uint32_t i = 0; i < 20; i++) {
        example made;

        make_example(&made);
        assert_int_equal(verify(&made, made.proof, 96), TALLY_OK);
    }
}

static void a_false_witness_proves_nothing(void **state)
{
    example made;

    (void)state;
    random_begin("a_false_witness_proves_nothing");
    make_example(&made);
    made.witness[0] ^= 1;
    assert_int_equal(tally_sigma_prove(&made.relation, made.proof, TAG, made.witness, NULL,
                                       &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
}

static void any_changed_bit_of_a_proof_is_refused(void **state)
{
    example made;

    (void)state;
    random_begin("any_changed_bit_of_a_proof_is_refused");
    make_example(&made);
    for (size_t bit = 0; bit < 8 * sizeof(made.proof); bit++) {
        made.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
        made.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Pitfall: weak Fiat-Shamir. Each element, coefficient and index counts. */
static void any_change_of_the_statement_is_refused(void **state)
{
    example made;
    tally_sigma_relation *relation = &made.relation;
    tally_scalar two;

    (void)state;
    random_begin("any_change_of_the_statement_is_refused");
    make_example(&made);
    tally_scalar_from_u64(&two, 2);
    for (uint32_t i = 1; i < relation->element_count; i++) {
        uint8_t kept[32];

        memcpy(kept, relation->elements + 32 * i, 32);
        memcpy(relation->elements + 32 * i, tally_element_base.bytes, 32);
        assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
        memcpy(relation->elements + 32 * i, kept, 32);
    }
    for (uint32_t i = 0; i < relation->term_count; i++) {
        tally_sigma_term kept = relation->terms[i];

        memcpy(relation->terms[i].coefficient, two.bytes, 32);
        assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
        relation->terms[i] = kept;
        relation->terms[i].scalar ^= 1;
        assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
        relation->terms[i] = kept;
    }
    relation->images[0].element = 3;
    assert_int_equal(verify(&made, made.proof, 96), TALLY_E_INVALID);
    relation->images[0].element = 2;
    assert_int_equal(verify(&made, made.proof, 96), TALLY_OK);
}

static void another_tag_is_refused(void **state)
{
    example made;

    (void)state;
    random_begin("another_tag_is_refused");
    make_example(&made);
    assert_int_equal(
        tally_sigma_verify_vartime(&made.relation, TALLY_TEXT("b tag"), made.proof, 96, NULL, NULL),
        TALLY_E_INVALID);
}

/* Pitfall: identity elements, trailing bytes, scalars of the order or more. */
static void neutral_elements_and_wrong_lengths_are_refused(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                       0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    example made;
    uint8_t longer[97];

    (void)state;
    random_begin("neutral_elements_and_wrong_lengths_are_refused");
    make_example(&made);
    memcpy(longer, made.proof, 96);
    longer[96] = 0;
    assert_int_equal(verify(&made, longer, 97), TALLY_E_INVALID);
    assert_int_equal(verify(&made, longer, 95), TALLY_E_INVALID);
    assert_int_equal(verify(&made, longer, 0), TALLY_E_INVALID);
    for (size_t at = 0; at < 96; at += 32) {
        uint32_t carry = 0;

        for (size_t i = 0; i < 32; i++) {
            carry += (uint32_t)made.proof[at + i] + order[i];
            longer[at + i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(verify(&made, longer, 96), TALLY_E_INVALID);
        memcpy(longer, made.proof, 96);
    }
    for (uint32_t i = 1; i < made.relation.element_count; i++) {
        example broken = made;

        memset(broken.relation.elements + 32 * i, 0, 32);
        assert_int_equal(verify(&broken, made.proof, 96), TALLY_E_INVALID);
    }
}

/* A proof of zeros makes each commitment neutral. */
static void a_proof_of_zeros_is_refused(void **state)
{
    static const uint8_t zeros[96];
    example made;

    (void)state;
    random_begin("a_proof_of_zeros_is_refused");
    make_example(&made);
    assert_int_equal(verify(&made, zeros, 96), TALLY_E_INVALID);
}

static void a_neutral_image_and_an_unbound_scalar_are_refused(void **state)
{
    tally_sigma_relation relation;
    tally_scalar minus_one;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    tally_scalar_from_u64(&minus_one, 1);
    tally_scalar_negate(&minus_one, &minus_one);
    tally_sigma_begin(&relation, &tally_group_ristretto255, 1);
    tally_sigma_add_equation(&relation);
    tally_sigma_add_image(&relation, 0, NULL);
    tally_sigma_add_image(&relation, 0, minus_one.bytes);
    tally_sigma_add_term(&relation, 0, 0, NULL);
    assert_int_equal(tally_sigma_check_vartime(&relation, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "neutral"));
    tally_sigma_begin(&relation, &tally_group_ristretto255, 2);
    tally_sigma_add_equation(&relation);
    tally_sigma_add_image(&relation, 0, NULL);
    tally_sigma_add_term(&relation, 0, 0, NULL);
    tally_err_clear(&err);
    assert_int_equal(tally_sigma_check_vartime(&relation, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "binds"));
}

static tally_rc constant_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    memset(out, 0x5a, bytes);
    return TALLY_OK;
}

/* Pitfall: a source that repeats itself, as after a restored snapshot, must not
 * give two statements the same nonces. */
static void nonces_differ_by_statement_and_witness_under_a_stuck_source(void **state)
{
    const tally_random stuck = { NULL, constant_fill };
    uint8_t nonces[4][64];
    example made;

    (void)state;
    random_begin("nonces_differ_by_statement_and_witness_under_a_stuck_source");
    make_example(&made);
    assert_int_equal(tally_sigma_draw_nonces(&made.relation, nonces[0], made.witness, &stuck, NULL),
                     TALLY_OK);
    assert_int_equal(
        tally_sigma_draw_nonces(&made.relation, nonces[1], made.witness, &random_source, NULL),
        TALLY_OK);
    made.witness[33] ^= 1;
    assert_int_equal(tally_sigma_draw_nonces(&made.relation, nonces[2], made.witness, &stuck, NULL),
                     TALLY_OK);
    made.witness[33] ^= 1;
    memcpy(made.relation.elements + 32, tally_element_base.bytes, 32);
    assert_int_equal(tally_sigma_draw_nonces(&made.relation, nonces[3], made.witness, &stuck, NULL),
                     TALLY_OK);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            for (size_t k = 0; k < 64; k += 32)
                assert_true((i == j && k == 0) || memcmp(nonces[i], nonces[j] + k, 32) != 0);
}

static tally_rc refuse_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    memset(out, 0, bytes);
    return tally_err_set(err, TALLY_E_IO, 0, "no");
}

static void without_random_bytes_no_proof_is_made(void **state)
{
    const tally_random refusing = { NULL, refuse_fill };
    uint8_t proof[96];
    example made;

    (void)state;
    random_begin("without_random_bytes_no_proof_is_made");
    make_example(&made);
    memset(proof, 1, sizeof(proof));
    assert_int_equal(
        tally_sigma_prove(&made.relation, proof, TAG, made.witness, NULL, &refusing, NULL),
        TALLY_E_IO);
    for (size_t i = 0; i < sizeof(proof); i++)
        assert_int_equal(proof[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_18_published_compact_proofs_are_judged_right),
        cmocka_unit_test(published_session_ids_come_out),
        cmocka_unit_test(published_proofs_are_made_again_from_their_nonces),
        cmocka_unit_test(published_broken_statements_are_refused),
        cmocka_unit_test(true_statements_are_proved),
        cmocka_unit_test(a_false_witness_proves_nothing),
        cmocka_unit_test(any_changed_bit_of_a_proof_is_refused),
        cmocka_unit_test(any_change_of_the_statement_is_refused),
        cmocka_unit_test(another_tag_is_refused),
        cmocka_unit_test(neutral_elements_and_wrong_lengths_are_refused),
        cmocka_unit_test(a_proof_of_zeros_is_refused),
        cmocka_unit_test(a_neutral_image_and_an_unbound_scalar_are_refused),
        cmocka_unit_test(nonces_differ_by_statement_and_witness_under_a_stuck_source),
        cmocka_unit_test(without_random_bytes_no_proof_is_made),
    };

    return cmocka_run_group_tests(tests, p256_begin, p256_end);
}
