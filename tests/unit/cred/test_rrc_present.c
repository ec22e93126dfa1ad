/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations: what holds, and everything that must not. */

#include "scheme.h"

static scheme given;
static tally_rrc_presentation shown;

static int begin(void **state)
{
    (void)state;
    random_begin("test_rrc_present");
    scheme_make(&given, 16, 731, 500);
    scheme_present(&given, &shown);
    return 0;
}

/* ---- what holds ---- */

static void any_width_score_and_threshold_below_it_is_proved(void **state)
{
    (void)state;
    for (uint32_t width = 1; width <= TALLY_RRC_WIDTH_MAX; width++) {
        uint32_t max = (1u << width) - 1, score = (uint32_t)random_below(max + 1);
        const uint32_t cases[][2] = { { 0, 0 },
                                      { max, 0 },
                                      { max, max },
                                      { score, score },
                                      { score, (uint32_t)random_below(score + 1) } };
        size_t which = width % UNIT_COUNT(cases);
        tally_rrc_presentation made;
        scheme other;

        scheme_make(&other, width, cases[which][0], cases[which][1]);
        scheme_present(&other, &made);
        assert_int_equal(made.byte_count, TALLY_RRC_PRESENTATION_BYTES(width));
        assert_int_equal(scheme_judge(&other, made.bytes, made.byte_count), TALLY_OK);
    }
}

static void the_sizes_are_those_of_the_format(void **state)
{
    (void)state;
    assert_int_equal(TALLY_RRC_PRESENTATION_BYTES(16), 2434);
    assert_int_equal(TALLY_RRC_PRESENTATION_BYTES(10), 1666);
    assert_int_equal(shown.byte_count, 2434);
    assert_int_equal(shown.bytes[0], 1);
    assert_int_equal(shown.bytes[1], 16);
}

static void reading_gives_what_was_presented(void **state)
{
    tally_rrc_presentation read;

    (void)state;
    assert_int_equal(tally_rrc_presentation_read(&read, shown.bytes, shown.byte_count, NULL),
                     TALLY_OK);
    assert_memory_equal(&read, &shown, sizeof(read));
}

/* The short ways against multiplying out, for prover, operator and public. */
static void short_ways_give_what_multiplying_out_gives(void **state)
{
    static const uint32_t widths[] = { 1, 2, 7, 16 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(widths); i++) {
        uint8_t scalars[32 * TALLY_RRC_SCALARS(TALLY_RRC_WIDTH_MAX)];
        uint8_t wanted[TALLY_SIGMA_COMMITMENTS_BYTES_MAX], made[TALLY_SIGMA_COMMITMENTS_BYTES_MAX];
        uint32_t score = (uint32_t)random_below((uint64_t)1 << widths[i]);
        size_t count = 32 * (5 + 2 * (size_t)widths[i]);
        tally_rrc_opening opening;
        tally_scalar challenge;
        scheme other;

        scheme_make(&other, widths[i], score, (uint32_t)random_below(score + 1));
        assert_int_equal(tally_rrc_open(&opening, &other.credential, &other.member, &other.showing,
                                        &random_source, NULL),
                         TALLY_OK);
        for (size_t at = 0; at < 32 * (size_t)TALLY_RRC_SCALARS(widths[i]); at += 32) {
            tally_scalar scalar;

            assert_int_equal(tally_scalar_random(&scalar, &random_source, NULL), TALLY_OK);
            memcpy(scalars + at, scalar.bytes, 32);
        }
        assert_int_equal(tally_sigma_commit(&opening.relation, wanted, scalars, NULL), TALLY_OK);
        {
            const tally_rrc_present_shortcut known = { &opening, &other.showing };

            assert_int_equal(tally_rrc_present_commit(&known, made, scalars, NULL), TALLY_OK);
            assert_memory_equal(made, wanted, count);
        }
        assert_int_equal(tally_scalar_random(&challenge, &random_source, NULL), TALLY_OK);
        assert_int_equal(tally_sigma_commit(&opening.relation, wanted, scalars, challenge.bytes),
                         TALLY_OK);
        for (uint32_t with_key = 0; with_key < 2; with_key++) {
            const tally_rrc_verify_shortcut known = { &opening.shown, &other.showing, &opening.z,
                                                      with_key == 1 ? &other.key : NULL };

            assert_int_equal(tally_rrc_verify_commit(&known, made, scalars, challenge.bytes),
                             TALLY_OK);
            assert_memory_equal(made, wanted, count);
        }
    }
}

static void the_operator_finds_the_members_z(void **state)
{
    tally_rrc_opening opening;
    tally_element z;

    (void)state;
    assert_int_equal(tally_rrc_open(&opening, &given.credential, &given.member, &given.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(tally_rrc_compute_z(&z, &given.key, &given.context, &opening.shown), TALLY_OK);
    assert_true(tally_element_is_equal(&z, &opening.z));
}

/* ---- nullifiers and linking ---- */

static void one_scope_has_one_nullifier_a_member(void **state)
{
    tally_rrc_presentation again;
    scheme other = given;

    (void)state;
    other.showing.keyset = &other.keyset;
    other.nonce[0] ^= 1;
    other.showing.nonce = other.nonce;
    other.showing.claim = TALLY_TEXT("another claim");
    scheme_issue(&other, 900); /* a newer credential changes nothing */
    scheme_present(&other, &again);
    assert_true(tally_element_is_equal(&again.nullifier, &shown.nullifier));
    assert_memory_not_equal(again.hash, shown.hash, sizeof(again.hash));
}

static void another_scope_or_member_has_another_nullifier(void **state)
{
    const char *const texts[] = { "did:web:operator.exampl2", "urn:example:green-point2",
                                  "did:web:library.exampl2", "urn:example:late-loa2", "2026-Q5" };
    tally_element seen[7] = { shown.nullifier };
    size_t count = 1;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts) + 1; i++) {
        tally_rrc_benefit_fields fields = scheme_benefit;
        tally_text *const parts[] = { &fields.issuer, &fields.programme, &fields.provider,
                                      &fields.benefit, &fields.period };
        tally_rrc_benefit benefit;

        if (i < UNIT_COUNT(texts))
            *parts[i] = tally_text_from(texts[i]);
        else
            fields.slot = 1;
        assert_int_equal(tally_rrc_benefit_make(&benefit, &fields, NULL), TALLY_OK);
        assert_int_equal(tally_element_multiply(&seen[count], &given.member.k, &benefit.base),
                         TALLY_OK);
        for (size_t j = 0; j < count; j++)
            assert_false(tally_element_is_equal(&seen[j], &seen[count]));
        count++;
    }
    {
        tally_rrc_member member;
        tally_element nullifier;

        assert_int_equal(tally_rrc_member_new(&member, &random_source, NULL), TALLY_OK);
        assert_int_equal(tally_element_multiply(&nullifier, &member.k, &given.benefit.base),
                         TALLY_OK);
        assert_false(tally_element_is_equal(&nullifier, &shown.nullifier));
    }
}

/* In different scopes no 32 bytes of one showing are found in the other, but those
 * which the width and the version fix. */
static void two_showings_share_nothing(void **state)
{
    tally_rrc_benefit_fields fields = scheme_benefit;
    tally_rrc_presentation other_shown;
    scheme other = given;

    (void)state;
    fields.period = TALLY_TEXT("2027-Q1");
    assert_int_equal(tally_rrc_benefit_make(&other.benefit, &fields, NULL), TALLY_OK);
    other.showing.benefit = &other.benefit;
    scheme_present(&other, &other_shown);
    for (size_t i = 2; i < shown.byte_count; i += 32)
        for (size_t j = 2; j < other_shown.byte_count; j += 32)
            assert_memory_not_equal(shown.bytes + i, other_shown.bytes + j, 32);
    /* Nor anything of what the operator saw when it issued. */
    for (size_t i = 2; i < shown.byte_count; i += 32) {
        assert_memory_not_equal(shown.bytes + i, given.credential.u.bytes, 32);
        assert_memory_not_equal(shown.bytes + i, given.credential.v.bytes, 32);
        assert_memory_not_equal(shown.bytes + i, given.member.y.bytes, 32);
    }
}

/* A replay is the same bytes: the store answers it by the same hash. */
static void the_same_bytes_have_the_same_hash_and_verify_again(void **state)
{
    tally_rrc_presentation read;

    (void)state;
    assert_int_equal(tally_rrc_presentation_read(&read, shown.bytes, shown.byte_count, NULL),
                     TALLY_OK);
    assert_memory_equal(read.hash, shown.hash, sizeof(read.hash));
    assert_int_equal(scheme_judge(&given, shown.bytes, shown.byte_count), TALLY_OK);
}

/* ---- the member refuses ---- */

static void a_score_below_the_threshold_is_refused_at_once(void **state)
{
    tally_rrc_presentation made;
    scheme other;

    (void)state;
    scheme_make(&other, 16, 499, 500);
    memset(&made, 1, sizeof(made));
    assert_int_equal(tally_rrc_present(&made, &other.credential, &other.member, &other.showing,
                                       &random_source, NULL),
                     TALLY_E_DENIED);
    assert_true(is_all_zero(&made, sizeof(made)));
}

static void a_threshold_wider_than_the_context_is_refused(void **state)
{
    tally_rrc_benefit_fields fields = scheme_benefit;
    tally_rrc_presentation made;
    scheme other;

    (void)state;
    scheme_make(&other, 10, 1023, 500);
    fields.threshold = 1024;
    assert_int_equal(tally_rrc_benefit_make(&other.benefit, &fields, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_present(&made, &other.credential, &other.member, &other.showing,
                                       &random_source, NULL),
                     TALLY_E_LIMIT);
    fields.threshold = 65536;
    assert_int_equal(tally_rrc_benefit_make(&other.benefit, &fields, NULL), TALLY_E_INVALID);
}

static void texts_beyond_their_bounds_are_refused(void **state)
{
    static char long_text[TALLY_RRC_CLAIM_BYTES_MAX + 1];
    tally_rrc_presentation made;
    scheme other = given;

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    other.showing.claim = tally_text_of(long_text, sizeof(long_text));
    assert_int_equal(tally_rrc_present(&made, &other.credential, &other.member, &other.showing,
                                       &random_source, NULL),
                     TALLY_E_INVALID);
    other.showing.claim = tally_text_of(long_text, sizeof(long_text) - 1);
    scheme_present(&other, &made);
    assert_int_equal(tally_rrc_presentation_verify(&made, &other.showing, &other.key, NULL),
                     TALLY_OK);
    other.showing.audience = tally_text_of(long_text, TALLY_RRC_TEXT_BYTES_MAX + 1);
    assert_int_equal(tally_rrc_present(&made, &other.credential, &other.member, &other.showing,
                                       &random_source, NULL),
                     TALLY_E_INVALID);
    other.showing.audience = TALLY_TEXT("");
    assert_int_equal(tally_rrc_present(&made, &other.credential, &other.member, &other.showing,
                                       &random_source, NULL),
                     TALLY_E_INVALID);
}

/* ---- liars ---- */

static void a_liar_below_the_threshold_is_refused(void **state)
{
    tally_rrc_opening opening;
    scheme other;

    (void)state;
    scheme_make(&other, 16, 499, 500); /* 499 - 500 wraps to all ones */
    assert_int_equal(tally_rrc_open(&opening, &other.credential, &other.member, &other.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(scheme_judge_lie(&other, &opening), TALLY_E_INVALID);
    /* An honest opening through the same door passes. */
    scheme_make(&other, 16, 500, 500);
    assert_int_equal(tally_rrc_open(&opening, &other.credential, &other.member, &other.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(scheme_judge_lie(&other, &opening), TALLY_OK);
}

static void a_lie_about_the_score_is_refused(void **state)
{
    tally_rrc_opening opening;
    scheme other = given;

    (void)state;
    other.credential.score = 60000;
    assert_int_equal(tally_rrc_open(&opening, &other.credential, &other.member, &other.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(scheme_judge_lie(&other, &opening), TALLY_E_INVALID);
}

static void a_lie_about_k_is_refused(void **state)
{
    tally_rrc_opening opening;
    scheme other = given;

    (void)state;
    assert_int_equal(tally_rrc_member_new(&other.member, &random_source, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_open(&opening, &other.credential, &other.member, &other.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(scheme_judge_lie(&other, &opening), TALLY_E_INVALID);
}

static void a_nullifier_of_another_k_is_refused(void **state)
{
    tally_rrc_opening opening;
    tally_scalar other_k;

    (void)state;
    assert_int_equal(tally_rrc_open(&opening, &given.credential, &given.member, &given.showing,
                                    &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(tally_scalar_random(&other_k, &random_source, NULL), TALLY_OK);
    assert_int_equal(
        tally_element_multiply(&opening.shown.nullifier, &other_k, &given.benefit.base), TALLY_OK);
    assert_int_equal(scheme_judge_lie(&given, &opening), TALLY_E_INVALID);
}

/* 231 = 0b11100111. Two bits are opened as others with the same sum, so that only
 * the equations of a bit can refuse them; as what they are, they pass. */
static void a_bit_of_two_or_three_is_refused(void **state)
{
    static const struct {
        uint32_t at;
        uint64_t bits[2];
        tally_rc rc;
    } cases[] = {
        { 0, { 3, 0 }, TALLY_E_INVALID },
        { 0, { 1, 1 }, TALLY_OK },
        { 4, { 2, 0 }, TALLY_E_INVALID },
        { 4, { 0, 1 }, TALLY_OK },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_rrc_opening opening;
        tally_scalar *bits = opening.witness + TALLY_RRC_BITS;

        assert_int_equal(tally_rrc_open(&opening, &given.credential, &given.member, &given.showing,
                                        &random_source, NULL),
                         TALLY_OK);
        for (uint32_t j = cases[i].at; j < cases[i].at + 2; j++) {
            tally_scalar one, other;
            tally_sum sum;

            tally_scalar_from_u64(&bits[j], cases[i].bits[j - cases[i].at]);
            tally_scalar_from_u64(&one, 1);
            tally_scalar_subtract(&other, &one, &bits[j]);
            tally_scalar_multiply(&bits[32 + j], &other, &bits[16 + j]);
            tally_sum_begin(&sum);
            tally_sum_add_multiple(&sum, &bits[j], &tally_rrc_generator_h);
            tally_sum_add_base(&sum, &bits[16 + j]);
            assert_int_equal(tally_sum_take(&opening.shown.bits[j], &sum), TALLY_OK);
        }
        assert_int_equal(scheme_judge_lie(&given, &opening), cases[i].rc);
    }
}

/* ---- changed bytes ---- */

static void swapped_bits_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 15; i++) {
        tally_rrc_presentation swapped = shown;
        size_t at = 2 + 32 * (5 + i);

        memcpy(swapped.bytes + at, shown.bytes + at + 32, 32);
        memcpy(swapped.bytes + at + 32, shown.bytes + at, 32);
        assert_int_equal(scheme_judge(&given, swapped.bytes, swapped.byte_count), TALLY_E_INVALID);
    }
}

/* Pitfall: neutral elements. */
static void each_element_as_the_neutral_one_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 21; i++) {
        tally_rrc_presentation changed = shown, read;

        memset(changed.bytes + 2 + 32 * i, 0, 32);
        assert_int_equal(
            tally_rrc_presentation_read(&read, changed.bytes, changed.byte_count, NULL),
            TALLY_E_INVALID);
    }
}

/* Pitfall: weak Fiat-Shamir. Every element that is sent counts. */
static void each_element_as_another_one_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 21; i++) {
        tally_rrc_presentation changed = shown;

        memcpy(changed.bytes + 2 + 32 * i, tally_rrc_generator_h.bytes, 32);
        assert_int_equal(scheme_judge(&given, changed.bytes, changed.byte_count), TALLY_E_INVALID);
    }
}

static void each_element_that_is_none_is_refused(void **state)
{
    static const uint8_t bad[][32] = {
        { 0x00, 0xff, 0xff },                    /* no square */
        { 0x01 },                                /* negative */
        { 0xed, [1 ... 30] = 0xff, [31] = 0x7f } /* the field's size */
    };

    (void)state;
    for (size_t i = 0; i < 21; i++)
        for (size_t j = 0; j < UNIT_COUNT(bad); j++) {
            tally_rrc_presentation changed = shown, read;
            tally_element element;

            if (tally_element_decode(&element, bad[j]))
                continue;
            memcpy(changed.bytes + 2 + 32 * i, bad[j], 32);
            assert_int_equal(
                tally_rrc_presentation_read(&read, changed.bytes, changed.byte_count, NULL),
                TALLY_E_INVALID);
        }
}

/* Pitfall: libsodium takes l + 1 for 1. */
static void each_scalar_plus_the_order_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 55; i++) {
        tally_rrc_presentation changed = shown, read;

        assert_true(add_order(changed.bytes + 2 + 32 * (21 + i)));
        assert_int_equal(
            tally_rrc_presentation_read(&read, changed.bytes, changed.byte_count, NULL),
            TALLY_E_INVALID);
        changed = shown;
        assert_true(add_order(changed.proof + 32 * i));
        assert_int_equal(tally_rrc_presentation_verify(&changed, &given.showing, &given.key, NULL),
                         TALLY_E_INVALID);
    }
}

static void each_scalar_changed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 55; i++) {
        tally_rrc_presentation changed = shown;

        changed.bytes[2 + 32 * (21 + i)] ^= 1;
        assert_int_equal(scheme_judge(&given, changed.bytes, changed.byte_count), TALLY_E_INVALID);
    }
}

static void truncated_and_extended_bytes_are_refused(void **state)
{
    uint8_t bytes[TALLY_RRC_PRESENTATION_BYTES_MAX + 1];
    tally_rrc_presentation read;

    (void)state;
    memcpy(bytes, shown.bytes, shown.byte_count);
    bytes[shown.byte_count] = 0;
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        if (count == shown.byte_count)
            continue;
        assert_int_equal(tally_rrc_presentation_read(&read, bytes, count, NULL), TALLY_E_INVALID);
        assert_true(is_all_zero(&read, sizeof(read)));
    }
}

static void another_version_or_width_is_refused(void **state)
{
    tally_rrc_presentation read;

    (void)state;
    for (uint32_t byte = 0; byte < 256; byte++) {
        tally_rrc_presentation changed = shown;

        if (byte != 1) {
            changed.bytes[0] = (uint8_t)byte;
            assert_int_equal(
                tally_rrc_presentation_read(&read, changed.bytes, changed.byte_count, NULL),
                TALLY_E_INVALID);
        }
        changed = shown;
        if (byte != 16) {
            changed.bytes[1] = (uint8_t)byte;
            assert_int_equal(
                tally_rrc_presentation_read(&read, changed.bytes, changed.byte_count, NULL),
                TALLY_E_INVALID);
        }
    }
}

static void random_changes_are_refused(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 150; round++) {
        tally_rrc_presentation changed = shown;
        size_t at = random_below(shown.byte_count);

        changed.bytes[at] ^= (uint8_t)(1 + random_below(255));
        assert_int_equal(scheme_judge(&given, changed.bytes, changed.byte_count), TALLY_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_width_score_and_threshold_below_it_is_proved),
        cmocka_unit_test(the_sizes_are_those_of_the_format),
        cmocka_unit_test(reading_gives_what_was_presented),
        cmocka_unit_test(short_ways_give_what_multiplying_out_gives),
        cmocka_unit_test(the_operator_finds_the_members_z),
        cmocka_unit_test(one_scope_has_one_nullifier_a_member),
        cmocka_unit_test(another_scope_or_member_has_another_nullifier),
        cmocka_unit_test(two_showings_share_nothing),
        cmocka_unit_test(the_same_bytes_have_the_same_hash_and_verify_again),
        cmocka_unit_test(a_score_below_the_threshold_is_refused_at_once),
        cmocka_unit_test(a_threshold_wider_than_the_context_is_refused),
        cmocka_unit_test(texts_beyond_their_bounds_are_refused),
        cmocka_unit_test(a_liar_below_the_threshold_is_refused),
        cmocka_unit_test(a_lie_about_the_score_is_refused),
        cmocka_unit_test(a_lie_about_k_is_refused),
        cmocka_unit_test(a_nullifier_of_another_k_is_refused),
        cmocka_unit_test(a_bit_of_two_or_three_is_refused),
        cmocka_unit_test(swapped_bits_are_refused),
        cmocka_unit_test(each_element_as_the_neutral_one_is_refused),
        cmocka_unit_test(each_element_as_another_one_is_refused),
        cmocka_unit_test(each_element_that_is_none_is_refused),
        cmocka_unit_test(each_scalar_plus_the_order_is_refused),
        cmocka_unit_test(each_scalar_changed_is_refused),
        cmocka_unit_test(truncated_and_extended_bytes_are_refused),
        cmocka_unit_test(another_version_or_width_is_refused),
        cmocka_unit_test(random_changes_are_refused),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
