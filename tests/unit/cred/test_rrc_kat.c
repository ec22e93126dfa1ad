/* SPDX-License-Identifier: Apache-2.0 */
/* The known-answer test of RRC-V01, which two prototypes computed independently:
 * every published value, byte for byte. Its randomness is a stream of 48-byte
 * slices in the order in which the scheme draws scalars, except that nonces come
 * from it directly and are not hedged. */

#include "vectors_json.h"

#include "cred/rrc_internal.h"
#include "cred/rrc_verify.h"
#include "cred/sigma_internal.h"
#include "crypto/hash.h"
#include "crypto/hash_to_group.h"
#include "crypto/shake.h"

#define STREAM_SCALARS 200

static json_t *kat;

/* ---- the stream of the test ---- */

static uint8_t stream[48 * STREAM_SCALARS];
static size_t stream_at;

static tally_rc stream_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    assert_true(bytes <= sizeof(stream) - stream_at);
    memcpy(out, stream + stream_at, bytes);
    stream_at += bytes;
    return TALLY_OK;
}

static const tally_random drawn = { NULL, stream_fill };

static void begin_stream(void)
{
    static const uint8_t zeros[136];
    uint8_t session[32];
    const tally_text parts[] = { { (const char *)session, 32 }, { (const char *)zeros, 136 } };

    assert_int_equal(tally_sigma_session(session, tally_text_from(vector_string(kat, "drng_tag"))),
                     TALLY_OK);
    assert_int_equal(tally_shake128_parts(stream, sizeof(stream), parts, 2), TALLY_OK);
    stream_at = 0;
}

static void draw_nonces(uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tally_scalar scalar;

        assert_int_equal(tally_scalar_random(&scalar, &drawn, NULL), TALLY_OK);
        memcpy(out + 32 * i, scalar.bytes, 32);
    }
}

static void expect_bytes(const void *bytes, size_t count, const char *name)
{
    static uint8_t wanted[4096];

    assert_true(count <= sizeof(wanted));
    vector_bytes(wanted, count, kat, name);
    if (memcmp(bytes, wanted, count) != 0)
        fail_msg("%s differs", name);
}

static tally_text text(const char *name)
{
    return tally_text_from(vector_string(kat, name));
}

static void expect_tag(const tally_rrc_tag *tag, const char *name)
{
    assert_true(tally_text_is_equal(tally_rrc_tag_text(tag), text(name)));
}

/* ---- the scheme, step by step ---- */

static tally_rrc_key key;
static tally_rrc_keyset keyset;
static tally_rrc_context context;
static tally_rrc_benefit benefit;
static tally_rrc_member member;
static tally_rrc_credential credential;

static int begin(void **state)
{
    (void)state;
    kat = vector_load("rrc-v01-kat/kat.json");
    begin_stream();
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(kat);
    return 0;
}

static void the_second_generator_is_hashed_to(void **state)
{
    tally_element h;

    (void)state;
    expect_bytes(tally_rrc_generator_h.bytes, 32, "H");
    assert_int_equal(tally_hash_to_group(
                         &h, TALLY_TEXT("RRC-V01 generator H"),
                         TALLY_TEXT("RRC-V01-GENERATOR-with-ristretto255_XMD:SHA-512_R255MAP_RO_")),
                     TALLY_OK);
    assert_true(tally_element_is_equal(&h, &tally_rrc_generator_h));
}

static void keys_and_contexts_agree(void **state)
{
    const tally_rrc_context_fields context_fields = {
        .issuer = text("issuer"),
        .programme = text("programme"),
        .epoch = (uint32_t)vector_integer(kat, "epoch"),
        .not_before_s = (uint64_t)vector_integer(kat, "not_before"),
        .not_after_s = (uint64_t)vector_integer(kat, "not_after"),
        .width = (uint32_t)vector_integer(kat, "n_bits"),
    };
    const tally_rrc_benefit_fields benefit_fields = {
        .issuer = text("issuer"),
        .programme = text("programme"),
        .provider = text("provider"),
        .benefit = text("benefit"),
        .period = text("period"),
        .quantity = 1,
        .slot = (uint32_t)vector_integer(kat, "slot"),
        .threshold = (uint32_t)vector_integer(kat, "threshold"),
    };

    (void)state;
    assert_int_equal(tally_rrc_key_new(&key, &drawn, NULL), TALLY_OK);
    expect_bytes(key.x0.bytes, 32, "x0");
    expect_bytes(key.xr.bytes, 32, "xr");
    expect_bytes(key.xk.bytes, 32, "xk");
    expect_bytes(key.xs.bytes, 32, "xs");
    expect_bytes(key.xc.bytes, 32, "xc");
    assert_int_equal(tally_rrc_keyset_make(&keyset, &key, text("issuer"), NULL), TALLY_OK);
    expect_bytes(keyset.x0.bytes, 32, "X0");
    expect_bytes(keyset.xr.bytes, 32, "Xr");
    expect_bytes(keyset.xk.bytes, 32, "Xk");
    expect_bytes(keyset.xs.bytes, 32, "Xs");
    expect_bytes(keyset.xc.bytes, 32, "Xc");
    expect_bytes(keyset.id, 32, "keyset_id");
    assert_int_equal(tally_rrc_context_make(&context, &context_fields, NULL), TALLY_OK);
    expect_bytes(context.bytes, context.byte_count, "ctx");
    expect_bytes(context.attribute.bytes, 32, "m_c");
    assert_int_equal(tally_rrc_benefit_make(&benefit, &benefit_fields, NULL), TALLY_OK);
    expect_bytes(benefit.scope, benefit.scope_bytes, "scope");
    expect_bytes(benefit.base.bytes, 32, "T_scope");
}

static void enrolment_agrees(void **state)
{
    uint8_t nonce[32], witness[64], nonces[64], message[TALLY_RRC_ENROLMENT_BYTES];
    tally_rrc_proof_context proof_context;
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_element y;

    (void)state;
    assert_int_equal(tally_rrc_member_new(&member, &drawn, NULL), TALLY_OK);
    expect_bytes(member.k.bytes, 32, "k");
    expect_bytes(member.rho.bytes, 32, "rho");
    expect_bytes(member.y.bytes, 32, "Y");
    vector_bytes(nonce, 32, kat, "enrol_nonce");
    tally_rrc_proof_context_begin(&proof_context, "ENROL");
    tally_rrc_put_lp(&proof_context.writer, text("issuer"));
    tally_rrc_put_lp(&proof_context.writer, tally_text_of((char *)nonce, 32));
    assert_int_equal(tally_rrc_tag_make(&tag, &proof_context, NULL), TALLY_OK);
    expect_tag(&tag, "enrol_tag");
    tally_sigma_begin(&relation, &tally_group_ristretto255, 2);
    (void)tally_sigma_add_element(&relation, tally_rrc_generator_h.bytes);
    (void)tally_sigma_add_element(&relation, member.y.bytes);
    tally_rrc_state_y(&relation, 1, 2);
    memcpy(witness, member.k.bytes, 32);
    memcpy(witness + 32, member.rho.bytes, 32);
    draw_nonces(nonces, 2);
    memcpy(message, member.y.bytes, 32);
    assert_int_equal(tally_sigma_prove_with(&relation, message + 32, tally_rrc_tag_text(&tag),
                                            witness, nonces, NULL, NULL),
                     TALLY_OK);
    expect_bytes(message + 32, 96, "enrol_proof");
    assert_int_equal(
        tally_rrc_enrolment_check(&y, text("issuer"), nonce, message, sizeof(message), NULL),
        TALLY_OK);
    assert_true(tally_element_is_equal(&y, &member.y));
}

/* A proof that verifies is the one that our prover makes from its nonces: those
 * are response - challenge * witness, and here must be the next of the stream. */
static void expect_nonces(const uint8_t *proof, const tally_scalar *const *witness, size_t count)
{
    tally_scalar challenge;

    assert_true(tally_scalar_decode(&challenge, proof));
    for (size_t i = 0; i < count; i++) {
        tally_scalar response, nonce, next;

        assert_true(tally_scalar_decode(&response, proof + 32 * (i + 1)));
        tally_scalar_multiply(&nonce, &challenge, witness[i]);
        tally_scalar_subtract(&nonce, &response, &nonce);
        assert_int_equal(tally_scalar_random(&next, &drawn, NULL), TALLY_OK);
        assert_memory_equal(nonce.bytes, next.bytes, 32);
    }
}

/* Request and answer prove inside one function each, with hedged nonces. */
static void issuance_agrees(void **state)
{
    uint8_t nonce[32], response[TALLY_RRC_ISSUANCE_BYTES], made[TALLY_RRC_ISSUANCE_BYTES];
    const tally_rrc_issuing issuing = { &keyset, &context, nonce };
    uint32_t score = (uint32_t)vector_integer(kat, "score");
    tally_rrc_request request, ours;
    tally_scalar u;
    size_t kept;

    (void)state;
    vector_bytes(nonce, 32, kat, "request_nonce");
    vector_bytes(request.bytes, sizeof(request.bytes), kat, "request");
    kept = stream_at;
    assert_int_equal(tally_rrc_request_make(&ours, &member, &issuing, &drawn, NULL), TALLY_OK);
    expect_bytes(ours.blind.bytes, 32, "s_blind");
    assert_memory_equal(ours.bytes, request.bytes, 32);
    request.blind = ours.blind;
    assert_int_equal(
        tally_rrc_request_check(&issuing, &member.y, request.bytes, sizeof(request.bytes), NULL),
        TALLY_OK);

    stream_at = kept + 48; /* the blind */
    {
        const tally_scalar *const secrets[] = { &member.k, &member.rho, &request.blind };

        expect_nonces(request.bytes + 32, secrets, 3);
    }
    kept = stream_at;
    assert_int_equal(tally_rrc_issue(made, &key, &issuing, &member.y, score, request.bytes,
                                     sizeof(request.bytes), &drawn, NULL),
                     TALLY_OK);
    vector_bytes(response, sizeof(response), kat, "response");
    assert_memory_equal(made, response, 64); /* U and V' */
    assert_int_equal(tally_rrc_issuance_take(&credential, &request, &issuing, score, response,
                                             sizeof(response), NULL),
                     TALLY_OK);
    expect_bytes(credential.u.bytes, 32, "cred_U");
    expect_bytes(credential.v.bytes, 32, "cred_V");
    stream_at = kept;
    assert_int_equal(tally_scalar_random(&u, &drawn, NULL), TALLY_OK);
    expect_bytes(u.bytes, 32, "u");
    {
        const tally_scalar *const secrets[] = { &key.x0, &u };

        expect_nonces(response + 64, secrets, 2);
    }
}

static void presentation_agrees(void **state)
{
    uint8_t nonce[32], nonces[32 * TALLY_RRC_SCALARS(TALLY_RRC_WIDTH_MAX)], hash[32];
    static uint8_t written[TALLY_SIGMA_RELATION_BYTES_MAX];
    const tally_rrc_showing showing = { &keyset,          &context, &benefit,
                                        text("provider"), nonce,    text("claim") };
    static tally_rrc_opening opening;
    const tally_rrc_present_shortcut known = { &opening, &showing };
    const tally_sigma_shortcut shortcut = { &known, tally_rrc_present_commit };
    tally_rrc_presentation read;
    tally_element z;
    tally_rrc_tag tag;

    (void)state;
    vector_bytes(nonce, 32, kat, "present_nonce");
    assert_int_equal(tally_rrc_open(&opening, &credential, &member, &showing, &drawn, NULL),
                     TALLY_OK);
    expect_bytes(opening.shown.nullifier.bytes, 32, "nullifier");
    expect_bytes(opening.z.bytes, 32, "Z0");
    assert_int_equal(tally_sigma_write(&opening.relation, written),
                     vector_integer(kat, "present_instance_len"));
    assert_int_equal(tally_hash_sha256(hash, written, 6036), TALLY_OK);
    expect_bytes(hash, 32, "present_instance_sha256");
    assert_int_equal(tally_rrc_showing_tag(&tag, &showing, NULL), TALLY_OK);
    expect_tag(&tag, "present_tag");
    draw_nonces(nonces, TALLY_RRC_SCALARS(context.width));
    assert_int_equal(tally_sigma_prove_with(&opening.relation, opening.shown.proof,
                                            tally_rrc_tag_text(&tag), opening.witness[0].bytes,
                                            nonces, &shortcut, NULL),
                     TALLY_OK);
    tally_rrc_presentation_compose(&opening.shown);
    assert_int_equal(opening.shown.byte_count, 2434);
    expect_bytes(opening.shown.bytes + 2, opening.shown.byte_count - 2, "presentation");

    assert_int_equal(
        tally_rrc_presentation_read(&read, opening.shown.bytes, opening.shown.byte_count, NULL),
        TALLY_OK);
    assert_int_equal(tally_rrc_compute_z(&z, &key, &context, &read), TALLY_OK);
    expect_bytes(z.bytes, 32, "Z0");
    assert_int_equal(tally_rrc_presentation_verify(&read, &showing, &key, NULL), TALLY_OK);
}

int main(void)
{
    /* In order: each step continues the stream. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_generator_is_hashed_to),
        cmocka_unit_test(keys_and_contexts_agree),
        cmocka_unit_test(enrolment_agrees),
        cmocka_unit_test(issuance_agrees),
        cmocka_unit_test(presentation_agrees),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
