/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, contexts, enrolment and issuance: what holds, and what must not. */

#include "scheme.h"

static scheme given;
static uint8_t enrolment[TALLY_RRC_ENROLMENT_BYTES];
static tally_rrc_request request;
static uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_issue");
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
    return 0;
}

/* ---- keys ---- */

static void keys_and_keysets_are_read_as_written(void **state)
{
    uint8_t bytes[TALLY_RRC_KEY_BYTES];
    tally_rrc_keyset keyset;
    tally_rrc_key key;

    (void)state;
    tally_rrc_key_write(&given.key, bytes);
    assert_int_equal(tally_rrc_key_read(&key, bytes, NULL), TALLY_OK);
    assert_memory_equal(&key, &given.key, sizeof(key));
    tally_rrc_keyset_write(&given.keyset, bytes);
    assert_int_equal(tally_rrc_keyset_read(&keyset, scheme_context.issuer, bytes, NULL), TALLY_OK);
    assert_memory_equal(keyset.id, given.keyset.id, sizeof(keyset.id));
    assert_int_equal(tally_rrc_keyset_read(&keyset, TALLY_TEXT("another"), bytes, NULL), TALLY_OK);
    assert_memory_not_equal(keyset.id, given.keyset.id, sizeof(keyset.id));
}

static void keys_of_zeros_or_of_the_order_are_refused(void **state)
{
    uint8_t bytes[TALLY_RRC_KEY_BYTES];
    tally_rrc_keyset keyset;
    tally_rrc_key key;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        tally_rrc_key_write(&given.key, bytes);
        memset(bytes + 32 * i, 0, 32);
        assert_int_equal(tally_rrc_key_read(&key, bytes, NULL), TALLY_E_INVALID);
        assert_true(is_all_zero(&key, sizeof(key)));
        tally_rrc_key_write(&given.key, bytes);
        assert_true(add_order(bytes + 32 * i));
        assert_int_equal(tally_rrc_key_read(&key, bytes, NULL), TALLY_E_INVALID);
        tally_rrc_keyset_write(&given.keyset, bytes);
        memset(bytes + 32 * i, 0, 32);
        assert_int_equal(tally_rrc_keyset_read(&keyset, scheme_context.issuer, bytes, NULL),
                         TALLY_E_INVALID);
        assert_true(is_all_zero(&keyset, sizeof(keyset)));
        bytes[32 * i] = 1;
        assert_int_equal(tally_rrc_keyset_read(&keyset, scheme_context.issuer, bytes, NULL),
                         TALLY_E_INVALID);
    }
}

/* Pitfall: x0 * G published would let everybody forge the message of zeros. */
static void x0_is_published_over_h_only(void **state)
{
    tally_element over_g, over_h;

    (void)state;
    tally_element_multiply_base(&over_g, &given.key.x0);
    assert_int_equal(tally_element_multiply(&over_h, &given.key.x0, &tally_rrc_generator_h),
                     TALLY_OK);
    assert_true(tally_element_is_equal(&given.keyset.x0, &over_h));
    assert_false(tally_element_is_equal(&given.keyset.x0, &over_g));
}

static void contexts_and_benefits_of_wrong_form_are_refused(void **state)
{
    static char long_text[TALLY_RRC_TEXT_BYTES_MAX + 1];
    tally_rrc_context_fields fields = scheme_context;
    tally_rrc_benefit_fields benefit_fields = scheme_benefit;
    tally_rrc_context context;
    tally_rrc_benefit benefit;

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    fields.width = 0;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    fields.width = 17;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    fields = scheme_context;
    fields.not_after_s = fields.not_before_s;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    fields = scheme_context;
    fields.programme = tally_text_of(long_text, sizeof(long_text));
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    fields.programme = TALLY_TEXT("");
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    fields.programme = TALLY_TEXT("line\nbreak");
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_E_INVALID);
    benefit_fields.slot = benefit_fields.quantity;
    assert_int_equal(tally_rrc_benefit_make(&benefit, &benefit_fields, NULL), TALLY_E_INVALID);
    benefit_fields = scheme_benefit;
    benefit_fields.period = TALLY_TEXT("");
    assert_int_equal(tally_rrc_benefit_make(&benefit, &benefit_fields, NULL), TALLY_E_INVALID);
}

static void texts_of_the_largest_size_fit(void **state)
{
    static char long_text[TALLY_RRC_TEXT_BYTES_MAX];
    tally_text text = { long_text, sizeof(long_text) };
    tally_rrc_context_fields fields = scheme_context;
    tally_rrc_benefit_fields benefit_fields = { text, text, text, text, text, 1, 0, 500 };
    tally_rrc_presentation shown;
    scheme big;

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    scheme_make(&big, 16, 731, 500);
    fields.issuer = text;
    fields.programme = text;
    assert_int_equal(tally_rrc_keyset_make(&big.keyset, &big.key, text, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_context_make(&big.context, &fields, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_benefit_make(&big.benefit, &benefit_fields, NULL), TALLY_OK);
    assert_int_equal(big.context.byte_count, TALLY_RRC_CONTEXT_BYTES_MAX);
    assert_int_equal(big.benefit.scope_bytes, TALLY_RRC_SCOPE_BYTES_MAX);
    scheme_issue(&big, 731);
    big.showing.audience = text;
    big.showing.claim = text;
    scheme_present(&big, &shown);
    assert_int_equal(tally_rrc_presentation_verify(&shown, &big.showing, &big.key, NULL), TALLY_OK);
}

static void scores_are_cut_to_the_width(void **state)
{
    (void)state;
    assert_int_equal(tally_rrc_score(-5, 16), 0);
    assert_int_equal(tally_rrc_score(0, 16), 0);
    assert_int_equal(tally_rrc_score(731, 16), 731);
    assert_int_equal(tally_rrc_score(65536, 16), 65535);
    assert_int_equal(tally_rrc_score(INT64_MAX, 1), 1);
    assert_int_equal(tally_rrc_score(INT64_MIN, 1), 0);
}

/* ---- enrolment ---- */

static tally_rc check_enrolment(const uint8_t *bytes, size_t count)
{
    tally_element y;

    return tally_rrc_enrolment_check(&y, scheme_context.issuer, given.issue_nonce, bytes, count,
                                     NULL);
}

static void an_enrolment_holds_for_its_issuer_and_nonce(void **state)
{
    uint8_t nonce[32] = { 0 };
    tally_element y;

    (void)state;
    assert_int_equal(tally_rrc_enrolment_check(&y, scheme_context.issuer, given.issue_nonce,
                                               enrolment, sizeof(enrolment), NULL),
                     TALLY_OK);
    assert_true(tally_element_is_equal(&y, &given.member.y));
    assert_int_equal(tally_rrc_enrolment_check(&y, TALLY_TEXT("another"), given.issue_nonce,
                                               enrolment, sizeof(enrolment), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_rrc_enrolment_check(&y, scheme_context.issuer, nonce, enrolment,
                                               sizeof(enrolment), NULL),
                     TALLY_E_INVALID);
}

static void a_changed_enrolment_is_refused(void **state)
{
    uint8_t changed[TALLY_RRC_ENROLMENT_BYTES + 1] = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(enrolment); i++) {
        memcpy(changed, enrolment, sizeof(enrolment));
        changed[i] ^= (uint8_t)(1u << random_below(8));
        assert_int_equal(check_enrolment(changed, sizeof(enrolment)), TALLY_E_INVALID);
    }
    memcpy(changed, enrolment, sizeof(enrolment));
    assert_int_equal(check_enrolment(changed, sizeof(enrolment) + 1), TALLY_E_INVALID);
    assert_int_equal(check_enrolment(changed, sizeof(enrolment) - 1), TALLY_E_INVALID);
    assert_int_equal(check_enrolment(changed, 0), TALLY_E_INVALID);
    memset(changed, 0, 32);
    assert_int_equal(check_enrolment(changed, sizeof(enrolment)), TALLY_E_INVALID);
    for (size_t i = 1; i < 4; i++) {
        memcpy(changed, enrolment, sizeof(enrolment));
        assert_true(add_order(changed + 32 * i));
        assert_int_equal(check_enrolment(changed, sizeof(enrolment)), TALLY_E_INVALID);
    }
}

/* A second device has k from the backup, and so the same nullifiers. */
static void a_backup_brings_the_member_back(void **state)
{
    tally_rrc_member restored;
    uint8_t zeros[32] = { 0 };

    (void)state;
    assert_int_equal(
        tally_rrc_member_restore(&restored, given.member.k.bytes, given.member.rho.bytes, NULL),
        TALLY_OK);
    assert_memory_equal(&restored, &given.member, sizeof(restored));
    assert_int_equal(tally_rrc_member_restore(&restored, zeros, given.member.rho.bytes, NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_rrc_member_restore(&restored, group_order, given.member.rho.bytes, NULL),
                     TALLY_E_INVALID);
    assert_true(is_all_zero(&restored, sizeof(restored)));
}

/* ---- requests ---- */

static tally_rc check_request(const uint8_t *bytes, size_t count)
{
    return tally_rrc_request_check(&given.issuing, &given.member.y, bytes, count, NULL);
}

static void a_request_holds_for_its_member_nonce_context_and_keyset(void **state)
{
    tally_rrc_context_fields fields = scheme_context;
    uint8_t nonce[32] = { 0 };
    tally_rrc_issuing issuing = given.issuing;
    tally_rrc_member member;
    tally_rrc_context context;
    scheme other;

    (void)state;
    assert_int_equal(check_request(request.bytes, sizeof(request.bytes)), TALLY_OK);
    issuing.nonce = nonce;
    assert_int_equal(tally_rrc_request_check(&issuing, &given.member.y, request.bytes,
                                             sizeof(request.bytes), NULL),
                     TALLY_E_INVALID);
    issuing = given.issuing;
    fields.epoch++;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_OK);
    issuing.context = &context;
    assert_int_equal(tally_rrc_request_check(&issuing, &given.member.y, request.bytes,
                                             sizeof(request.bytes), NULL),
                     TALLY_E_INVALID);
    issuing = given.issuing;
    scheme_make(&other, 16, 1, 0);
    issuing.keyset = &other.keyset;
    assert_int_equal(tally_rrc_request_check(&issuing, &given.member.y, request.bytes,
                                             sizeof(request.bytes), NULL),
                     TALLY_E_INVALID);
    /* One Y a member: another's k, and so a second nullifier, is not issued over. */
    assert_int_equal(tally_rrc_member_new(&member, &random_source, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_request_check(&given.issuing, &member.y, request.bytes,
                                             sizeof(request.bytes), NULL),
                     TALLY_E_INVALID);
}

static void a_changed_request_is_refused(void **state)
{
    uint8_t changed[TALLY_RRC_REQUEST_BYTES + 1] = { 0 };
    uint8_t out[TALLY_RRC_ISSUANCE_BYTES];

    (void)state;
    for (size_t i = 0; i < TALLY_RRC_REQUEST_BYTES; i++) {
        memcpy(changed, request.bytes, sizeof(request.bytes));
        changed[i] ^= (uint8_t)(1u << random_below(8));
        assert_int_equal(check_request(changed, TALLY_RRC_REQUEST_BYTES), TALLY_E_INVALID);
    }
    assert_int_equal(tally_rrc_issue(out, &given.key, &given.issuing, &given.member.y, 731, changed,
                                     TALLY_RRC_REQUEST_BYTES, &random_source, NULL),
                     TALLY_E_INVALID);
    assert_true(is_all_zero(out, sizeof(out)));
    memcpy(changed, request.bytes, sizeof(request.bytes));
    assert_int_equal(check_request(changed, sizeof(changed)), TALLY_E_INVALID);
    assert_int_equal(check_request(changed, TALLY_RRC_REQUEST_BYTES - 1), TALLY_E_INVALID);
    memset(changed, 0, 32);
    assert_int_equal(check_request(changed, TALLY_RRC_REQUEST_BYTES), TALLY_E_INVALID);
    for (size_t i = 1; i < 5; i++) {
        memcpy(changed, request.bytes, sizeof(request.bytes));
        assert_true(add_order(changed + 32 * i));
        assert_int_equal(check_request(changed, TALLY_RRC_REQUEST_BYTES), TALLY_E_INVALID);
    }
}

/* Pitfall: s >= 2^n at issuance would pass thresholds from below. */
static void a_score_beyond_the_width_is_not_issued(void **state)
{
    uint8_t out[TALLY_RRC_ISSUANCE_BYTES];

    (void)state;
    assert_int_equal(tally_rrc_issue(out, &given.key, &given.issuing, &given.member.y, 65536,
                                     request.bytes, sizeof(request.bytes), &random_source, NULL),
                     TALLY_E_LIMIT);
    assert_true(is_all_zero(out, sizeof(out)));
    assert_int_equal(tally_rrc_issue_checked(out, &given.key, &given.issuing, UINT32_MAX,
                                             request.bytes, &random_source, NULL),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_rrc_issue(out, &given.key, &given.issuing, &given.member.y, 65535,
                                     request.bytes, sizeof(request.bytes), &random_source, NULL),
                     TALLY_OK);
}

/* ---- answers ---- */

static tally_rc take(const uint8_t *bytes, size_t count, uint32_t score)
{
    tally_rrc_credential credential;
    tally_rc rc =
        tally_rrc_issuance_take(&credential, &request, &given.issuing, score, bytes, count, NULL);

    assert_true(rc == TALLY_OK || is_all_zero(&credential, sizeof(credential)));
    return rc;
}

static void an_answer_holds_for_its_score_and_request(void **state)
{
    tally_rrc_request other;
    tally_rrc_credential credential;

    (void)state;
    assert_int_equal(take(answer, sizeof(answer), 731), TALLY_OK);
    assert_int_equal(take(answer, sizeof(answer), 730), TALLY_E_INVALID);
    assert_int_equal(take(answer, sizeof(answer), 65536), TALLY_E_LIMIT);
    assert_int_equal(
        tally_rrc_request_make(&other, &given.member, &given.issuing, &random_source, NULL),
        TALLY_OK);
    assert_int_equal(tally_rrc_issuance_take(&credential, &other, &given.issuing, 731, answer,
                                             sizeof(answer), NULL),
                     TALLY_E_INVALID);
}

/* A key of its own for one member would be a tracker: the proof shows that the
 * published one was used. */
static void an_answer_from_another_key_is_refused(void **state)
{
    uint8_t out[TALLY_RRC_ISSUANCE_BYTES];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        tally_rrc_key key = given.key;
        tally_scalar *const parts[] = { &key.x0, &key.xr, &key.xk, &key.xs, &key.xc };

        assert_int_equal(tally_scalar_random(parts[i], &random_source, NULL), TALLY_OK);
        assert_int_equal(tally_rrc_issue(out, &key, &given.issuing, &given.member.y, 731,
                                         request.bytes, sizeof(request.bytes), &random_source,
                                         NULL),
                         TALLY_OK);
        /* xk is in C alone, which the member made itself. */
        assert_int_equal(take(out, sizeof(out), 731), i == 2 ? TALLY_OK : TALLY_E_INVALID);
    }
}

static void a_changed_answer_is_refused(void **state)
{
    uint8_t changed[TALLY_RRC_ISSUANCE_BYTES + 1] = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(answer); i++) {
        memcpy(changed, answer, sizeof(answer));
        changed[i] ^= (uint8_t)(1u << random_below(8));
        assert_int_equal(take(changed, sizeof(answer), 731), TALLY_E_INVALID);
    }
    memcpy(changed, answer, sizeof(answer));
    assert_int_equal(take(changed, sizeof(changed), 731), TALLY_E_INVALID);
    assert_int_equal(take(changed, sizeof(answer) - 1, 731), TALLY_E_INVALID);
    for (size_t i = 0; i < 2; i++) {
        memcpy(changed, answer, sizeof(answer));
        memset(changed + 32 * i, 0, 32);
        assert_int_equal(take(changed, sizeof(answer), 731), TALLY_E_INVALID);
    }
    for (size_t i = 2; i < 5; i++) {
        memcpy(changed, answer, sizeof(answer));
        assert_true(add_order(changed + 32 * i));
        assert_int_equal(take(changed, sizeof(answer), 731), TALLY_E_INVALID);
    }
}

/* (U, V) with V = (x0 + xr + k * xk + s * xs + m_c * xc) * U */
static void the_credential_is_the_mac_of_k_score_and_context(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t score = (uint32_t)random_below(65536);
        tally_scalar sum, part;
        tally_element wanted;

        scheme_issue(&given, score);
        tally_scalar_add(&sum, &given.key.x0, &given.key.xr);
        tally_scalar_multiply_add(&sum, &given.key.xk, &given.member.k, &sum);
        tally_scalar_from_u64(&part, score);
        tally_scalar_multiply_add(&sum, &given.key.xs, &part, &sum);
        tally_scalar_multiply_add(&sum, &given.key.xc, &given.context.attribute, &sum);
        assert_int_equal(tally_element_multiply(&wanted, &sum, &given.credential.u), TALLY_OK);
        assert_true(tally_element_is_equal(&wanted, &given.credential.v));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_keysets_are_read_as_written),
        cmocka_unit_test(keys_of_zeros_or_of_the_order_are_refused),
        cmocka_unit_test(x0_is_published_over_h_only),
        cmocka_unit_test(contexts_and_benefits_of_wrong_form_are_refused),
        cmocka_unit_test(texts_of_the_largest_size_fit),
        cmocka_unit_test(scores_are_cut_to_the_width),
        cmocka_unit_test(an_enrolment_holds_for_its_issuer_and_nonce),
        cmocka_unit_test(a_changed_enrolment_is_refused),
        cmocka_unit_test(a_backup_brings_the_member_back),
        cmocka_unit_test(a_request_holds_for_its_member_nonce_context_and_keyset),
        cmocka_unit_test(a_changed_request_is_refused),
        cmocka_unit_test(a_score_beyond_the_width_is_not_issued),
        cmocka_unit_test(an_answer_holds_for_its_score_and_request),
        cmocka_unit_test(an_answer_from_another_key_is_refused),
        cmocka_unit_test(a_changed_answer_is_refused),
        cmocka_unit_test(the_credential_is_the_mac_of_k_score_and_context),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
