/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's check: a presentation holds for one showing and nothing else, and
 * what is forwarded with it is checked before any proof. */

#include "scheme.h"

static scheme given;
static tally_rrc_presentation shown;

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_verify");
    scheme_make(&given, 16, 731, 500);
    scheme_present(&given, &shown);
    return 0;
}

static tally_rc verify(const tally_rrc_showing *showing)
{
    return tally_rrc_presentation_verify(&shown, showing, &given.key, NULL);
}

/* ---- bound to its showing ---- */

static void it_holds_for_its_own_showing(void **state)
{
    (void)state;
    assert_int_equal(verify(&given.showing), TALLY_OK);
}

static void another_threshold_is_refused(void **state)
{
    (void)state;
    for (uint32_t threshold = 498; threshold < 503; threshold++) {
        tally_rrc_benefit_fields fields = scheme_benefit;
        tally_rrc_showing showing = given.showing;
        tally_rrc_benefit benefit;

        fields.threshold = threshold;
        assert_int_equal(tally_rrc_benefit_make(&benefit, &fields, NULL), TALLY_OK);
        showing.benefit = &benefit;
        assert_int_equal(verify(&showing), threshold == 500 ? TALLY_OK : TALLY_E_INVALID);
    }
}

static void another_scope_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        tally_rrc_benefit_fields fields = scheme_benefit;
        tally_text *const parts[] = { &fields.issuer, &fields.programme, &fields.provider,
                                      &fields.benefit, &fields.period };
        tally_rrc_showing showing = given.showing;
        tally_rrc_benefit benefit;

        if (i < UNIT_COUNT(parts))
            *parts[i] = TALLY_TEXT("another");
        else
            fields.slot = 1;
        assert_int_equal(tally_rrc_benefit_make(&benefit, &fields, NULL), TALLY_OK);
        showing.benefit = &benefit;
        assert_int_equal(verify(&showing), TALLY_E_INVALID);
    }
}

/* Pitfall: T alone, under the same scope and so the same tag, must be absorbed. */
static void another_nullifier_base_under_the_same_scope_is_refused(void **state)
{
    tally_rrc_benefit benefit = given.benefit;
    tally_rrc_showing showing = given.showing;

    (void)state;
    benefit.base = tally_element_base;
    showing.benefit = &benefit;
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
}

static void another_nonce_audience_or_claim_is_refused(void **state)
{
    uint8_t nonce[32];
    tally_rrc_showing showing = given.showing;

    (void)state;
    for (size_t i = 0; i < sizeof(nonce); i++) {
        memcpy(nonce, given.nonce, sizeof(nonce));
        nonce[i] ^= 0x80;
        showing.nonce = nonce;
        assert_int_equal(verify(&showing), TALLY_E_INVALID);
    }
    showing = given.showing;
    showing.audience = TALLY_TEXT("did:web:cafe.example");
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
    showing = given.showing;
    showing.claim = TALLY_TEXT("claim-2");
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
    showing.claim = TALLY_TEXT("");
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
}

/* Texts stand behind their lengths: moving a byte from one to the next is no way
 * to the same tag. */
static void texts_do_not_run_into_each_other(void **state)
{
    tally_rrc_showing showing = given.showing;

    (void)state;
    showing.audience = TALLY_TEXT("did:web:library.exampl");
    showing.claim = TALLY_TEXT("eclaim-1");
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
}

static void another_context_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        tally_rrc_context_fields fields = scheme_context;
        tally_rrc_showing showing = given.showing;
        tally_rrc_context context;

        if (i == 0)
            fields.programme = TALLY_TEXT("another");
        else if (i == 1)
            fields.epoch++;
        else if (i == 2)
            fields.not_before_s--;
        else
            fields.not_after_s++;
        assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_OK);
        showing.context = &context;
        assert_int_equal(verify(&showing), TALLY_E_INVALID);
    }
}

static void a_context_of_another_width_is_refused(void **state)
{
    tally_rrc_context_fields fields = scheme_context;
    tally_rrc_showing showing = given.showing;
    tally_rrc_context context;

    (void)state;
    fields.width = 15;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_OK);
    showing.context = &context;
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
}

/* Pitfall: without the width, a threshold near 2^n would wrap around. */
static void a_threshold_beyond_the_width_is_refused(void **state)
{
    tally_rrc_benefit_fields fields = scheme_benefit;
    tally_rrc_presentation small;
    scheme other;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    scheme_make(&other, 8, 200, 100);
    scheme_present(&other, &small);
    fields.threshold = 256;
    assert_int_equal(tally_rrc_benefit_make(&other.benefit, &fields, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_presentation_verify(&small, &other.showing, &other.key, &err),
                     TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "threshold"));
}

static void another_keyset_or_key_is_refused(void **state)
{
    tally_rrc_showing showing = given.showing;
    tally_rrc_keyset keyset = given.keyset;
    scheme other;

    (void)state;
    scheme_make(&other, 16, 731, 500);
    showing.keyset = &other.keyset;
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
    assert_int_equal(tally_rrc_presentation_verify(&shown, &given.showing, &other.key, NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_rrc_presentation_verify(&shown, &showing, &other.key, NULL),
                     TALLY_E_INVALID);
    /* The id alone. */
    keyset.id[0] ^= 1;
    showing.keyset = &keyset;
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
    /* Each part of the key alone. */
    for (size_t i = 0; i < 5; i++) {
        tally_rrc_key key = given.key;
        tally_scalar *const parts[] = { &key.x0, &key.xr, &key.xk, &key.xs, &key.xc };

        assert_int_equal(tally_scalar_random(parts[i], &random_source, NULL), TALLY_OK);
        assert_int_equal(tally_rrc_presentation_verify(&shown, &given.showing, &key, NULL),
                         TALLY_E_INVALID);
    }
}

static void a_keyset_of_another_issuer_than_the_contexts_is_refused(void **state)
{
    tally_rrc_showing showing = given.showing;
    tally_rrc_keyset keyset;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_int_equal(tally_rrc_keyset_make(&keyset, &given.key, TALLY_TEXT("did:web:other"), NULL),
                     TALLY_OK);
    showing.keyset = &keyset;
    assert_int_equal(tally_rrc_presentation_verify(&shown, &showing, &given.key, &err),
                     TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "another issuer"));
}

/* ---- degenerate statements ---- */

static void a_neutral_z_or_image_is_refused(void **state)
{
    static const tally_element neutral;
    tally_rrc_presentation changed = shown;
    tally_rrc_benefit benefit = given.benefit;
    tally_rrc_showing showing = given.showing;
    tally_element weighted = shown.bits[15];

    (void)state;
    assert_int_equal(tally_rrc_verify_with(&shown, &given.showing, &neutral, &given.key, NULL),
                     TALLY_E_INVALID);
    /* Z = CV makes the image of equation 3 neutral. */
    assert_int_equal(tally_rrc_verify_with(&shown, &given.showing, &shown.cv, &given.key, NULL),
                     TALLY_E_INVALID);
    /* The sum of the bits against -threshold * H, that of the last equation. */
    for (uint32_t i = 15; i-- > 0;) {
        assert_int_equal(tally_element_add(&weighted, &weighted, &weighted), TALLY_OK);
        assert_int_equal(tally_element_add(&weighted, &weighted, &shown.bits[i]), TALLY_OK);
    }
    benefit.less_threshold_h = weighted;
    showing.benefit = &benefit;
    assert_int_equal(verify(&showing), TALLY_E_INVALID);
    /* An element that came past the reader. */
    changed.u1 = neutral;
    changed.u1.bytes[0] = 1;
    assert_int_equal(tally_rrc_presentation_verify(&changed, &given.showing, &given.key, NULL),
                     TALLY_E_INVALID);
}

/* ---- what is forwarded ---- */

static tally_rc check(tally_rrc_forwarded forwarded)
{
    return tally_rrc_forwarded_check(&shown, &given.showing, &forwarded, NULL);
}

static void what_is_forwarded_right_passes(void **state)
{
    const tally_text caller = scheme_benefit.provider;

    (void)state;
    assert_int_equal(check((tally_rrc_forwarded){ caller, 500, 1000 }), TALLY_OK);
    assert_int_equal(check((tally_rrc_forwarded){ caller, 500, 1999 }), TALLY_OK);
}

/* Pitfall: a threshold from the caller instead of the published one. */
static void another_threshold_than_the_published_is_denied(void **state)
{
    const tally_text caller = scheme_benefit.provider;

    (void)state;
    assert_int_equal(check((tally_rrc_forwarded){ caller, 499, 1000 }), TALLY_E_DENIED);
    assert_int_equal(check((tally_rrc_forwarded){ caller, 501, 1000 }), TALLY_E_DENIED);
    assert_int_equal(check((tally_rrc_forwarded){ caller, 0, 1000 }), TALLY_E_DENIED);
}

static void a_context_out_of_its_time_is_denied(void **state)
{
    const tally_text caller = scheme_benefit.provider;

    (void)state;
    assert_int_equal(check((tally_rrc_forwarded){ caller, 500, 999 }), TALLY_E_DENIED);
    assert_int_equal(check((tally_rrc_forwarded){ caller, 500, 2000 }), TALLY_E_DENIED);
}

static void another_provider_than_the_audience_is_denied(void **state)
{
    (void)state;
    assert_int_equal(check((tally_rrc_forwarded){ TALLY_TEXT("did:web:cafe.example"), 500, 1000 }),
                     TALLY_E_DENIED);
}

static void another_width_than_the_contexts_is_denied(void **state)
{
    const tally_rrc_forwarded forwarded = { scheme_benefit.provider, 500, 1000 };
    tally_rrc_presentation changed = shown;

    (void)state;
    changed.width = 10;
    assert_int_equal(tally_rrc_forwarded_check(&changed, &given.showing, &forwarded, NULL),
                     TALLY_E_DENIED);
}

static void a_published_threshold_wider_than_the_context_is_denied(void **state)
{
    const tally_rrc_forwarded forwarded = { scheme_benefit.provider, 500, 1000 };
    tally_rrc_context_fields fields = scheme_context;
    tally_rrc_showing showing = given.showing;
    tally_rrc_presentation changed = shown;
    tally_rrc_context context;

    (void)state;
    fields.width = 8;
    changed.width = 8;
    assert_int_equal(tally_rrc_context_make(&context, &fields, NULL), TALLY_OK);
    showing.context = &context;
    assert_int_equal(tally_rrc_forwarded_check(&changed, &showing, &forwarded, NULL),
                     TALLY_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_for_its_own_showing),
        cmocka_unit_test(another_threshold_is_refused),
        cmocka_unit_test(another_scope_is_refused),
        cmocka_unit_test(another_nullifier_base_under_the_same_scope_is_refused),
        cmocka_unit_test(another_nonce_audience_or_claim_is_refused),
        cmocka_unit_test(texts_do_not_run_into_each_other),
        cmocka_unit_test(another_context_is_refused),
        cmocka_unit_test(a_context_of_another_width_is_refused),
        cmocka_unit_test(a_threshold_beyond_the_width_is_refused),
        cmocka_unit_test(another_keyset_or_key_is_refused),
        cmocka_unit_test(a_keyset_of_another_issuer_than_the_contexts_is_refused),
        cmocka_unit_test(a_neutral_z_or_image_is_refused),
        cmocka_unit_test(what_is_forwarded_right_passes),
        cmocka_unit_test(another_threshold_than_the_published_is_denied),
        cmocka_unit_test(a_context_out_of_its_time_is_denied),
        cmocka_unit_test(another_provider_than_the_audience_is_denied),
        cmocka_unit_test(another_width_than_the_contexts_is_denied),
        cmocka_unit_test(a_published_threshold_wider_than_the_context_is_denied),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
