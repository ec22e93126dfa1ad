/* SPDX-License-Identifier: Apache-2.0 */
/* The experimental certificate: given for what holds alone, and bound to it. */

#include "scheme.h"

#include "cred/rrc_certificate.h"

static scheme given;
static tally_rrc_presentation shown;
static uint8_t certificate[TALLY_RRC_CERTIFICATE_BYTES];

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_certificate");
    scheme_make(&given, 16, 731, 500);
    scheme_present(&given, &shown);
    assert_int_equal(
        tally_rrc_certify(certificate, &shown, &given.showing, &given.key, &random_source, NULL),
        TALLY_OK);
    return 0;
}

static void a_provider_verifies_with_it_alone(void **state)
{
    (void)state;
    assert_int_equal(tally_rrc_certificate_verify(&shown, &given.showing, certificate,
                                                  sizeof(certificate), NULL),
                     TALLY_OK);
}

/* Otherwise it would be an oracle for the MAC. */
static void none_is_given_for_a_presentation_that_does_not_hold(void **state)
{
    uint8_t out[TALLY_RRC_CERTIFICATE_BYTES];
    tally_rrc_presentation changed = shown;

    (void)state;
    changed.proof[40] ^= 1;
    memset(out, 1, sizeof(out));
    assert_int_equal(
        tally_rrc_certify(out, &changed, &given.showing, &given.key, &random_source, NULL),
        TALLY_E_INVALID);
    assert_true(is_all_zero(out, sizeof(out)));
}

static void a_changed_certificate_is_refused(void **state)
{
    uint8_t changed[TALLY_RRC_CERTIFICATE_BYTES + 1] = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(certificate); i++) {
        memcpy(changed, certificate, sizeof(certificate));
        changed[i] ^= (uint8_t)(1u << random_below(8));
        assert_int_equal(tally_rrc_certificate_verify(&shown, &given.showing, changed,
                                                      sizeof(certificate), NULL),
                         TALLY_E_INVALID);
    }
    memcpy(changed, certificate, sizeof(certificate));
    assert_int_equal(
        tally_rrc_certificate_verify(&shown, &given.showing, changed, sizeof(changed), NULL),
        TALLY_E_INVALID);
    memset(changed, 0, 32);
    assert_int_equal(
        tally_rrc_certificate_verify(&shown, &given.showing, changed, sizeof(certificate), NULL),
        TALLY_E_INVALID);
}

static void it_is_bound_to_its_presentation_nonce_and_keyset(void **state)
{
    tally_rrc_presentation another;
    tally_rrc_showing showing = given.showing;
    uint8_t nonce[32] = { 0 };
    scheme other;

    (void)state;
    scheme_present(&given, &another);
    assert_int_equal(tally_rrc_certificate_verify(&another, &given.showing, certificate,
                                                  sizeof(certificate), NULL),
                     TALLY_E_INVALID);
    showing.nonce = nonce;
    assert_int_equal(
        tally_rrc_certificate_verify(&shown, &showing, certificate, sizeof(certificate), NULL),
        TALLY_E_INVALID);
    scheme_make(&other, 16, 731, 500);
    showing = given.showing;
    showing.keyset = &other.keyset;
    assert_int_equal(
        tally_rrc_certificate_verify(&shown, &showing, certificate, sizeof(certificate), NULL),
        TALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_verifies_with_it_alone),
        cmocka_unit_test(none_is_given_for_a_presentation_that_does_not_hold),
        cmocka_unit_test(a_changed_certificate_is_refused),
        cmocka_unit_test(it_is_bound_to_its_presentation_nonce_and_keyset),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
