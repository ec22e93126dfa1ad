/* SPDX-License-Identifier: Apache-2.0 */
/* All of RRC-V01 that touches a secret, run under valgrind with the secrets marked
 * as unset: k and the blinds of a member, the score and its bits, the operator's
 * key, and every random byte, so the nonces too. What is published is marked as
 * set once it is made.
 *
 * Points go between functions in their encoding, and libsodium jumps on whether an
 * encoding is one. Ours always are, whatever the secret: the wrappers below mark
 * the encodings, and never a scalar, as set for libsodium. What else jumps on a
 * secret, and why that tells nothing, is listed in rrc.supp. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "cred/rrc_internal.h"
#include "cred/rrc_verify.h"
#include "crypto/hash.h"

#define SECRET(object) (void)VALGRIND_MAKE_MEM_UNDEFINED(&(object), sizeof(object))
#define PUBLIC(object) (void)VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))

/* ---- libsodium, told that encodings are good ---- */

int __real_crypto_scalarmult_ristretto255(unsigned char *q, const unsigned char *n,
                                          const unsigned char *p);
int __wrap_crypto_scalarmult_ristretto255(unsigned char *q, const unsigned char *n,
                                          const unsigned char *p);
int __real_crypto_scalarmult_ristretto255_base(unsigned char *q, const unsigned char *n);
int __wrap_crypto_scalarmult_ristretto255_base(unsigned char *q, const unsigned char *n);
int __real_crypto_core_ristretto255_add(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q);
int __wrap_crypto_core_ristretto255_add(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q);
int __real_crypto_core_ristretto255_sub(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q);
int __wrap_crypto_core_ristretto255_sub(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q);

/* Asking valgrind whether the bytes are set would report them. */
static bool is_secret(const unsigned char *bytes)
{
    unsigned char unset[32] = { 0 }, all = 0;

    (void)VALGRIND_GET_VBITS(bytes, unset, sizeof(unset));
    for (size_t i = 0; i < sizeof(unset); i++)
        all |= unset[i];
    return all != 0;
}

static void copy_as_set(unsigned char out[static 32], const unsigned char *bytes)
{
    memcpy(out, bytes, 32);
    (void)VALGRIND_MAKE_MEM_DEFINED(out, 32);
}

/* Whether there was a neutral result comes out as set; see rrc.supp. */
static int finish(unsigned char *result, bool was_secret, int code)
{
    if (was_secret)
        (void)VALGRIND_MAKE_MEM_UNDEFINED(result, 32);
    PUBLIC(code);
    return code;
}

int __wrap_crypto_scalarmult_ristretto255(unsigned char *q, const unsigned char *n,
                                          const unsigned char *p)
{
    bool was_secret = is_secret(p);
    unsigned char point[32];
    int code;

    copy_as_set(point, p);
    code = __real_crypto_scalarmult_ristretto255(q, n, point);
    return finish(q, was_secret, code);
}

int __wrap_crypto_scalarmult_ristretto255_base(unsigned char *q, const unsigned char *n)
{
    return finish(q, false, __real_crypto_scalarmult_ristretto255_base(q, n));
}

int __wrap_crypto_core_ristretto255_add(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q)
{
    bool was_secret = is_secret(p) || is_secret(q);
    unsigned char first[32], second[32];
    int code;

    copy_as_set(first, p);
    copy_as_set(second, q);
    code = __real_crypto_core_ristretto255_add(r, first, second);
    return finish(r, was_secret, code);
}

int __wrap_crypto_core_ristretto255_sub(unsigned char *r, const unsigned char *p,
                                        const unsigned char *q)
{
    bool was_secret = is_secret(p) || is_secret(q);
    unsigned char first[32], second[32];
    int code;

    copy_as_set(first, p);
    copy_as_set(second, q);
    code = __real_crypto_core_ristretto255_sub(r, first, second);
    return finish(r, was_secret, code);
}

/* ---- the scheme ---- */

static tally_rc secret_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    tally_rc rc = tally_random_fill(tally_random_system(), out, bytes, err);

    (void)context;
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out, bytes);
    return rc;
}

static const tally_random secret_random = { NULL, secret_fill };

static const tally_rrc_context_fields context_fields = {
    { "operator", 8 }, { "points", 6 }, 1, 0, 1, 16
};
static const tally_rrc_benefit_fields benefit_fields = {
    { "operator", 8 }, { "points", 6 }, { "library", 7 }, { "loan", 4 }, { "2026", 4 }, 1, 0, 500
};

static tally_rrc_key key;
static tally_rrc_keyset keyset;
static tally_rrc_context context;
static tally_rrc_benefit benefit;
static tally_rrc_member member;
static tally_rrc_credential credential;
static const uint8_t nonce[32] = { 5 };
static const tally_rrc_issuing issuing = { &keyset, &context, nonce };
static const tally_rrc_showing showing = { &keyset,          &context, &benefit,
                                           { "library", 7 }, nonce,    { "claim", 5 } };

#define MUST(call) TALLY_ASSERT((call) == TALLY_OK)

static void make_keys(void)
{
    uint8_t bytes[TALLY_RRC_KEY_BYTES];

    MUST(tally_rrc_key_new(&key, &secret_random, NULL));
    MUST(tally_rrc_keyset_make(&keyset, &key, context_fields.issuer, NULL));
    PUBLIC(keyset);
    /* The id was hashed while its elements still counted as secret. */
    tally_rrc_keyset_write(&keyset, bytes);
    MUST(tally_rrc_keyset_read(&keyset, context_fields.issuer, bytes, NULL));
    MUST(tally_rrc_context_make(&context, &context_fields, NULL));
    MUST(tally_rrc_benefit_make(&benefit, &benefit_fields, NULL));
    tally_rrc_key_write(&key, bytes);
    MUST(tally_rrc_key_read(&key, bytes, NULL));
}

static void enrol(void)
{
    uint8_t message[TALLY_RRC_ENROLMENT_BYTES];
    tally_element y;

    MUST(tally_rrc_member_new(&member, &secret_random, NULL));
    MUST(tally_rrc_member_restore(&member, member.k.bytes, member.rho.bytes, NULL));
    PUBLIC(member.y);
    MUST(tally_rrc_enrol(message, &member, context_fields.issuer, nonce, &secret_random, NULL));
    PUBLIC(message);
    MUST(tally_rrc_enrolment_check(&y, context_fields.issuer, nonce, message, sizeof(message),
                                   NULL));
}

static void issue(void)
{
    uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
    tally_rrc_request request;

    MUST(tally_rrc_request_make(&request, &member, &issuing, &secret_random, NULL));
    PUBLIC(request.bytes);
    MUST(tally_rrc_issue(answer, &key, &issuing, &member.y, 731, request.bytes,
                         sizeof(request.bytes), &secret_random, NULL));
    PUBLIC(answer);
    MUST(tally_rrc_issuance_take(&credential, &request, &issuing, 731, answer, sizeof(answer),
                                 NULL));
    SECRET(credential.u);
    SECRET(credential.v);
}

/* With the score secret as well: whether it reaches the threshold, which a member
 * learns by trying, is what tally_rrc_present() asks before these steps. */
static void present_steps(void)
{
    static tally_rrc_opening opening;
    const tally_rrc_present_shortcut known = { &opening, &showing };
    const tally_sigma_shortcut shortcut = { &known, tally_rrc_present_commit };
    tally_rrc_tag tag;

    SECRET(credential.score);
    MUST(tally_rrc_showing_tag(&tag, &showing, NULL));
    MUST(tally_rrc_open(&opening, &credential, &member, &showing, &secret_random, NULL));
    MUST(tally_sigma_prove(&opening.relation, opening.shown.proof, tally_rrc_tag_text(&tag),
                           opening.witness[0].bytes, &shortcut, &secret_random, NULL));
    PUBLIC(credential.score);
}

static void present_and_verify(void)
{
    static tally_rrc_presentation shown, read;
    static uint8_t commitments[TALLY_SIGMA_COMMITMENTS_BYTES_MAX];
    tally_element z;
    const tally_rrc_verify_shortcut known = { &read, &showing, &z, &key };
    uint8_t hash[32];

    MUST(tally_rrc_present(&shown, &credential, &member, &showing, &secret_random, NULL));
    PUBLIC(shown);
    MUST(tally_hash_sha256(hash, shown.bytes, shown.byte_count));
    MUST(tally_rrc_presentation_read(&read, shown.bytes, shown.byte_count, NULL));
    /* The operator's two uses of its key. That the proof holds, which is public,
     * follows from their results. */
    MUST(tally_rrc_compute_z(&z, &key, &context, &read));
    PUBLIC(z);
    MUST(tally_rrc_verify_commit(&known, commitments, read.proof + 32, read.proof));
    PUBLIC(key);
    MUST(tally_rrc_presentation_verify(&read, &showing, &key, NULL));
}

/* A program that would pass anything must not pass. */
static void leak(void)
{
    uint8_t byte = 0;

    MUST(tally_random_fill(&secret_random, &byte, 1, NULL));
    if ((byte & 1) != 0)
        puts("odd");
}

int main(int argc, char **argv)
{
    if (RUNNING_ON_VALGRIND == 0) {
        fputs("constant_time_rrc: run me under valgrind\n", stderr);
        return 2;
    }
    make_keys();
    enrol();
    issue();
    present_steps();
    present_and_verify();
    if (argc > 1 && strcmp(argv[1], "leak") == 0)
        leak();
    return 0;
}
