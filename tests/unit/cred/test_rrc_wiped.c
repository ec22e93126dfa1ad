/* SPDX-License-Identifier: Apache-2.0 */
/* Pitfall: secrets that stay behind. Each step runs in a thread on a stack of ours,
 * which is then searched for k, the blinds, the operator's key, every random byte
 * that was handed out, and the nonces, which follow from a proof and its witness. */

#include "scheme.h"

#include <pthread.h>
#include <stdlib.h>

#include "cred/sigma_internal.h"
#include "crypto/ed25519.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

#define STACK_BYTES ((size_t)1 << 20)
#define SECRETS_MAX 1000

static uint8_t *stack;
static scheme given;

/* ---- secrets to look for, 32 bytes each; kept off the searched stack ---- */

static struct {
    const char *name;
    uint8_t bytes[32];
} secrets[SECRETS_MAX];
static size_t secret_count;

static void remember(const char *name, const uint8_t *bytes)
{
    assert_true(secret_count < SECRETS_MAX);
    secrets[secret_count].name = name;
    memcpy(secrets[secret_count++].bytes, bytes, 32);
}

/* Whoever draws 48 bytes makes a scalar of them; 64 are for nonces. */
static tally_rc remembering_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    tally_rc rc = random_source_fill(context, out, bytes, err);

    remember("random bytes", out);
    if (bytes == TALLY_SCALAR_WIDE_BYTES) {
        tally_scalar scalar;

        tally_scalar_reduce(&scalar, out, bytes);
        remember("a random scalar", scalar.bytes);
        tally_secret_wipe(&scalar, sizeof(scalar));
    }
    return rc;
}

static const tally_random remembering = { NULL, remembering_fill };

/* n = z - c * w */
static void remember_nonces(const uint8_t *proof, const uint8_t *witness, size_t count)
{
    tally_scalar challenge, response, secret;

    assert_true(tally_scalar_decode(&challenge, proof));
    for (size_t i = 0; i < count; i++) {
        assert_true(tally_scalar_decode(&response, proof + 32 * (i + 1)));
        memcpy(secret.bytes, witness + 32 * i, 32);
        tally_scalar_multiply(&secret, &challenge, &secret);
        tally_scalar_subtract(&secret, &response, &secret);
        remember("a nonce", secret.bytes);
    }
}

static void expect_nothing_left(void)
{
    for (size_t i = 0; i < secret_count; i++) {
        const uint8_t *bytes = secrets[i].bytes;

        if (is_all_zero(bytes + 16, 16)) /* a bit, which many zeros look like */
            continue;
        for (const uint8_t *at = stack; at + 32 <= stack + STACK_BYTES; at++)
            if (at[0] == bytes[0] && memcmp(at, bytes, 32) == 0)
                fail_msg("%s is left on the stack", secrets[i].name);
    }
}

/* ---- steps; what they make is kept off the stack ---- */

static uint8_t enrolment[TALLY_RRC_ENROLMENT_BYTES];
static tally_rrc_request request;
static uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
static tally_rrc_presentation shown;
static tally_rc outcome;

static void *do_enrol(void *unused)
{
    outcome = tally_rrc_member_new(&given.member, &remembering, NULL);
    if (outcome == TALLY_OK)
        outcome = tally_rrc_enrol(enrolment, &given.member, scheme_context.issuer,
                                  given.issue_nonce, &remembering, NULL);
    return unused;
}

static void *do_request(void *unused)
{
    outcome = tally_rrc_request_make(&request, &given.member, &given.issuing, &remembering, NULL);
    return unused;
}

static void *do_issue(void *unused)
{
    outcome = tally_rrc_issue(answer, &given.key, &given.issuing, &given.member.y, 731,
                              request.bytes, sizeof(request.bytes), &remembering, NULL);
    return unused;
}

static void *do_take(void *unused)
{
    outcome = tally_rrc_issuance_take(&given.credential, &request, &given.issuing, 731, answer,
                                      sizeof(answer), NULL);
    return unused;
}

static void *do_present(void *unused)
{
    outcome = tally_rrc_present(&shown, &given.credential, &given.member, &given.showing,
                                &remembering, NULL);
    return unused;
}

static void *do_verify(void *unused)
{
    outcome = tally_rrc_presentation_verify(&shown, &given.showing, &given.key, NULL);
    return unused;
}

static void run(void *(*step)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;

    memset(stack, 0, STACK_BYTES);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, step, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(outcome, TALLY_OK);
}

static void remember_key(void)
{
    uint8_t bytes[TALLY_RRC_KEY_BYTES];

    tally_rrc_key_write(&given.key, bytes);
    for (size_t i = 0; i < 5; i++)
        remember("the operator's key", bytes + 32 * i);
}

/* ---- tests ---- */

static void the_search_finds_what_is_left(void **state)
{
    uint8_t bytes[32];

    (void)state;
    memset(bytes, 0x77, sizeof(bytes));
    memset(stack, 0, STACK_BYTES);
    memcpy(stack + 1001, bytes, sizeof(bytes));
    remember("a test", bytes);
    for (const uint8_t *at = stack; at + 32 <= stack + STACK_BYTES; at++)
        if (at[0] == 0x77 && memcmp(at, bytes, 32) == 0) {
            memset(stack, 0, STACK_BYTES);
            return;
        }
    fail();
}

static void enrolling_leaves_nothing(void **state)
{
    uint8_t witness[64];

    (void)state;
    run(do_enrol);
    remember("k", given.member.k.bytes);
    remember("rho", given.member.rho.bytes);
    memcpy(witness, given.member.k.bytes, 32);
    memcpy(witness + 32, given.member.rho.bytes, 32);
    remember_nonces(enrolment + 32, witness, 2);
    expect_nothing_left();
}

static void requesting_leaves_nothing(void **state)
{
    uint8_t witness[96];

    (void)state;
    run(do_request);
    memcpy(witness, given.member.k.bytes, 32);
    memcpy(witness + 32, given.member.rho.bytes, 32);
    memcpy(witness + 64, request.blind.bytes, 32);
    remember("the blind", request.blind.bytes);
    remember_nonces(request.bytes + 32, witness, 3);
    expect_nothing_left();
}

static void issuing_leaves_nothing(void **state)
{
    (void)state;
    remember_key();
    run(do_issue);
    expect_nothing_left();
}

static void taking_leaves_nothing(void **state)
{
    (void)state;
    run(do_take);
    expect_nothing_left();
}

/* The witness again from the scalars that were drawn: a, rk, rs, rv, then zetas. */
static void follow_witness(tally_scalar *witness, size_t drawn_first)
{
    tally_scalar *const zetas = witness + 22, *const complements = witness + 38;

    witness[0] = given.member.k;
    tally_scalar_from_u64(&witness[1], 731);
    for (size_t i = 0; i < 3; i++)
        memcpy(witness[2 + i].bytes, secrets[drawn_first + 3 + 2 * i].bytes, 32);
    for (size_t i = 0; i < 16; i++) {
        uint64_t bit = (731 - 500) >> i & 1;
        tally_scalar power, other;

        memcpy(zetas[i].bytes, secrets[drawn_first + 9 + 2 * i].bytes, 32);
        tally_scalar_from_u64(&power, (uint64_t)1 << i);
        tally_scalar_multiply_add(&witness[5], &power, &zetas[i], &witness[5]);
        tally_scalar_from_u64(&witness[6 + i], bit);
        tally_scalar_from_u64(&other, 1 - bit);
        tally_scalar_multiply(&complements[i], &other, &zetas[i]);
    }
}

static void presenting_leaves_nothing(void **state)
{
    tally_scalar witness[TALLY_RRC_SCALARS(16)] = { { { 0 } } };
    size_t drawn_first = secret_count + 1;

    (void)state;
    remember("V of the credential", given.credential.v.bytes);
    run(do_present);
    follow_witness(witness, drawn_first);
    for (size_t i = 0; i < UNIT_COUNT(witness); i++)
        remember("a scalar of the witness", witness[i].bytes);
    remember_nonces(shown.proof, witness[0].bytes, UNIT_COUNT(witness));
    expect_nothing_left();
    /* Had it been followed wrongly, the nonces would be none. */
    {
        uint8_t scalars[32 * TALLY_RRC_SCALARS(16)];
        tally_rrc_tag tag;
        tally_sigma_relation relation;
        uint8_t proof[32 * (1 + TALLY_RRC_SCALARS(16))];
        tally_element z;

        for (size_t i = 0; i < UNIT_COUNT(witness); i++)
            memcpy(scalars + 32 * i, secrets[secret_count - UNIT_COUNT(witness) + i].bytes, 32);
        assert_int_equal(tally_rrc_compute_z(&z, &given.key, &given.context, &shown), TALLY_OK);
        assert_int_equal(tally_rrc_showing_tag(&tag, &given.showing, NULL), TALLY_OK);
        tally_rrc_state_presentation(&relation, &shown, &z, &given.showing);
        assert_int_equal(tally_sigma_prove_with(&relation, proof, tally_rrc_tag_text(&tag),
                                                witness[0].bytes, scalars, NULL, NULL),
                         TALLY_OK);
        assert_memory_equal(proof, shown.proof, sizeof(proof));
    }
}

static void verifying_leaves_nothing(void **state)
{
    (void)state;
    run(do_verify);
    expect_nothing_left();
}

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_wiped");
    stack = aligned_alloc(4096, STACK_BYTES);
    assert_non_null(stack);
    scheme_make(&given, 16, 731, 500);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(stack);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_left),
        cmocka_unit_test(enrolling_leaves_nothing),
        cmocka_unit_test(requesting_leaves_nothing),
        cmocka_unit_test(issuing_leaves_nothing),
        cmocka_unit_test(taking_leaves_nothing),
        cmocka_unit_test(presenting_leaves_nothing),
        cmocka_unit_test(verifying_leaves_nothing),
    };

    /* A sanitizer moves what is on the stack elsewhere. */
    if (HAS_SANITIZER != 0)
        return 77;
    return cmocka_run_group_tests(tests, begin, end);
}
