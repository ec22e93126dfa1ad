/* SPDX-License-Identifier: Apache-2.0 */
/* Failing each allocation in turn: OpenSSL's, which are all that the scheme makes,
 * and ours, for receipts. A failure is TALLY_E_NOMEM, never a verdict, and leaves
 * the outputs empty. */

#include "scheme.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "cred/rrc_receipt.h"
#include "util/alloc.h"

static int64_t fail_at = -1; /* counts down to the allocation that fails */

static bool fails_now(void)
{
    return fail_at >= 0 && fail_at-- == 0;
}

static void *failing_malloc(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : malloc(bytes);
}

static void *failing_realloc(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : realloc(block, bytes);
}

static void plain_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

/* ---- operations: each writes to out and says how many bytes that is ---- */

static scheme given;
static uint8_t enrolment[TALLY_RRC_ENROLMENT_BYTES];
static tally_rrc_request request;
static uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
static tally_rrc_presentation shown;

typedef union outputs {
    tally_rrc_keyset keyset;
    tally_rrc_context context;
    tally_rrc_benefit benefit;
    uint8_t enrolment[TALLY_RRC_ENROLMENT_BYTES];
    tally_rrc_request request;
    uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
    tally_rrc_credential credential;
    tally_rrc_presentation shown;
} outputs;

static tally_rc make_keyset(outputs *out)
{
    return tally_rrc_keyset_make(&out->keyset, &given.key, scheme_context.issuer, NULL);
}

static tally_rc make_context(outputs *out)
{
    return tally_rrc_context_make(&out->context, &scheme_context, NULL);
}

static tally_rc make_benefit(outputs *out)
{
    return tally_rrc_benefit_make(&out->benefit, &scheme_benefit, NULL);
}

static tally_rc enrol(outputs *out)
{
    return tally_rrc_enrol(out->enrolment, &given.member, scheme_context.issuer, given.issue_nonce,
                           &random_source, NULL);
}

static tally_rc check_enrolment(outputs *out)
{
    tally_element y;

    memset(out, 0, sizeof(*out));
    return tally_rrc_enrolment_check(&y, scheme_context.issuer, given.issue_nonce, enrolment,
                                     sizeof(enrolment), NULL);
}

static tally_rc make_request(outputs *out)
{
    return tally_rrc_request_make(&out->request, &given.member, &given.issuing, &random_source,
                                  NULL);
}

static tally_rc issue(outputs *out)
{
    return tally_rrc_issue(out->answer, &given.key, &given.issuing, &given.member.y, 731,
                           request.bytes, sizeof(request.bytes), &random_source, NULL);
}

static tally_rc take(outputs *out)
{
    return tally_rrc_issuance_take(&out->credential, &request, &given.issuing, 731, answer,
                                   sizeof(answer), NULL);
}

static tally_rc present(outputs *out)
{
    return tally_rrc_present(&out->shown, &given.credential, &given.member, &given.showing,
                             &random_source, NULL);
}

static tally_rc read_presentation(outputs *out)
{
    return tally_rrc_presentation_read(&out->shown, shown.bytes, shown.byte_count, NULL);
}

static tally_rc verify(outputs *out)
{
    memset(out, 0, sizeof(*out));
    return tally_rrc_presentation_verify(&shown, &given.showing, &given.key, NULL);
}

static const struct {
    const char *name;
    tally_rc (*run)(outputs *out);
    size_t bytes; /* of the output */
} operations[] = {
    { "keyset", make_keyset, sizeof(tally_rrc_keyset) },
    { "context", make_context, sizeof(tally_rrc_context) },
    { "benefit", make_benefit, sizeof(tally_rrc_benefit) },
    { "enrol", enrol, TALLY_RRC_ENROLMENT_BYTES },
    { "check enrolment", check_enrolment, sizeof(outputs) },
    { "request", make_request, sizeof(tally_rrc_request) },
    { "issue", issue, TALLY_RRC_ISSUANCE_BYTES },
    { "take", take, sizeof(tally_rrc_credential) },
    { "present", present, sizeof(tally_rrc_presentation) },
    { "read", read_presentation, sizeof(tally_rrc_presentation) },
    { "verify", verify, sizeof(outputs) },
};

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_memory");
    scheme_make(&given, 16, 731, 500);
    assert_int_equal(tally_rrc_enrol(enrolment, &given.member, scheme_context.issuer,
                                     given.issue_nonce, &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(
        tally_rrc_request_make(&request, &given.member, &given.issuing, &random_source, NULL),
        TALLY_OK);
    assert_int_equal(tally_rrc_issue(answer, &given.key, &given.issuing, &given.member.y, 731,
                                     request.bytes, sizeof(request.bytes), &random_source, NULL),
                     TALLY_OK);
    scheme_present(&given, &shown);
    return 0;
}

static void each_failed_allocation_of_openssl_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(operations); i++) {
        tally_rc rc = TALLY_E_NOMEM;
        int64_t nth = 0;

        for (; rc != TALLY_OK; nth++) {
            outputs out;

            assert_true(nth < 1000);
            memset(&out, 0xa5, sizeof(out));
            fail_at = nth;
            rc = operations[i].run(&out);
            fail_at = -1;
            if (rc == TALLY_OK)
                break;
            if (rc != TALLY_E_NOMEM)
                fail_msg("%s, allocation %d: %s", operations[i].name, (int)nth, tally_rc_name(rc));
            if (!is_all_zero(&out, operations[i].bytes))
                fail_msg("%s, allocation %d: left something", operations[i].name, (int)nth);
        }
        if (nth == 0)
            fail_msg("%s allocates nothing?", operations[i].name);
    }
}

static const tally_rrc_receipt receipt = {
    .issuer = { "did:web:operator.example", 24 },
    .programme = { "urn:example:green-points", 24 },
    .provider = { "did:web:library.example", 23 },
    .benefit = { "urn:example:late-loan", 21 },
    .period = { "2026-Q4", 7 },
    .time_ms = 1700000000000,
};

static void each_failed_allocation_of_a_receipt_is_reported(void **state)
{
    const uint8_t seed[32] = { 1 };
    tally_rc rc = TALLY_E_NOMEM;
    tally_buffer jws;
    tally_jws_key key;
    uint32_t nth = 0;

    (void)state;
    assert_int_equal(tally_ed25519_public(key.public32, seed), TALLY_OK);
    for (; rc != TALLY_OK; nth++) {
        tally_buffer_init(&jws, TALLY_RRC_RECEIPT_BYTES_MAX);
        tally_alloc_fail_at(nth);
        rc = tally_rrc_receipt_sign(&jws, &receipt, seed, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        if (rc != TALLY_OK)
            tally_buffer_free(&jws);
    }
    assert_true(nth > 2);
    rc = TALLY_E_NOMEM;
    for (nth = 0; rc != TALLY_OK; nth++) {
        tally_json_document *document = NULL;
        tally_rrc_receipt read;

        tally_alloc_fail_at(nth);
        rc = tally_rrc_receipt_open(&read, &document, tally_buffer_text(&jws), &key, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(rc == TALLY_OK, document != NULL);
        tally_json_document_free(document);
    }
    assert_true(nth > 2);
    tally_buffer_free(&jws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failed_allocation_of_openssl_is_reported_and_leaves_nothing),
        cmocka_unit_test(each_failed_allocation_of_a_receipt_is_reported),
    };

    /* Before OpenSSL allocates for the first time. */
    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, begin, NULL);
}
