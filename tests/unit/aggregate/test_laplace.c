/* SPDX-License-Identifier: Apache-2.0 */
/* The noise against its exact distribution.
 *
 * Expected shares are in units of 10^-12, worked out with 50 digits from
 * P(x) = (1 - q) / (1 + q) q^|x|, q = exp(-numerator/denominator). A chi-square statistic over the
 * bins is compared in integers with the value that a right sampler exceeds once in a million runs;
 * seeds are fixed (TALLY_SEED sets another), so a run that passes passes again. */

#include "unit.h"

#include "aggregate/laplace.h"
#include "random.h"
#include "seeded.h"
#include "util/checked.h"

#define DRAWS 400000
#define UNIT  INT64_C(1000000000000)

static tally_rc fill_fast(void *context, void *out, size_t bytes, tally_err *err)
{
    uint8_t *at = out;

    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(random_u64() >> 32);
    return TALLY_OK;
}

static const tally_random fast = { NULL, fill_fast };

/* Thousandths of chi-square. */
static int64_t chi_square(const int64_t *seen, const int64_t *shares, size_t count)
{
    tally_i128 sum = 0;

    for (size_t i = 0; i < count; i++) {
        /* (seen - draws p)^2 / (draws p), with p = share / UNIT */
        tally_i128 off = (tally_i128)seen[i] * UNIT - (tally_i128)DRAWS * shares[i];

        off /= 1000000; /* the square must fit */
        sum += off * off * 1000 / ((tally_i128)DRAWS * shares[i]);
    }
    return (int64_t)sum;
}

#define BINS_MAX 40

typedef struct distribution {
    uint32_t numerator, denominator;
    int greatest;                 /* bins -greatest to greatest, and two for what lies beyond */
    int64_t beyond;               /* share of each of those two */
    int64_t shares[20];           /* of greatest, greatest - 1 … 0 */
    int64_t critical_thousandths; /* 10^-6 of chi-square with 2 greatest + 2 degrees */
} distribution;

static const distribution distributions[] = {
    { 1,
      2,
      10,
      INT64_C(2543849016),
      { INT64_C(1650248966), INT64_C(2720800573), INT64_C(4485841778), INT64_C(7395902756),
        INT64_C(12193782190), INT64_C(20104148066), INT64_C(33146136546), INT64_C(54648740365),
        INT64_C(90100540658), INT64_C(148550677884), INT64_C(244918662404) },
      68000 },
    { 1,
      1,
      6,
      INT64_C(666639134),
      { INT64_C(1145473909), INT64_C(3113720913), INT64_C(8463970977), INT64_C(23007458502),
        INT64_C(62540756366), INT64_C(170003401569), INT64_C(462117157260) },
      53000 },
    { 3,
      2,
      4,
      INT64_C(452187664),
      { INT64_C(1574376848), INT64_C(7055867513), INT64_C(31622204316), INT64_C(141720887464),
        INT64_C(635148952387) },
      46000 },
    { 2,
      7,
      16,
      INT64_C(4437773659),
      { INT64_C(1467625879), INT64_C(1952987658), INT64_C(2598864498), INT64_C(3458340687),
        INT64_C(4602056135), INT64_C(6124012232), INT64_C(8149297774), INT64_C(10844369949),
        INT64_C(14430735365), INT64_C(19203155568), INT64_C(25553873344), INT64_C(34004850950),
        INT64_C(45250669932), INT64_C(60215618421), INT64_C(80129657910), INT64_C(106629513158),
        INT64_C(141893193767) },
      87000 },
};

static void check_distribution(const distribution *wanted)
{
    int64_t seen[BINS_MAX] = { 0 }, shares[BINS_MAX], found;
    int bins = 2 * wanted->greatest + 3;

    assert_true(bins <= BINS_MAX);
    shares[0] = shares[bins - 1] = wanted->beyond;
    for (int x = 0; x <= wanted->greatest; x++)
        shares[1 + x] = shares[bins - 2 - x] = wanted->shares[x];
    for (int i = 0; i < DRAWS; i++) {
        int64_t noise;
        int64_t bin;

        assert_int_equal(
            tally_laplace_draw(&noise, wanted->numerator, wanted->denominator, &fast, NULL),
            TALLY_OK);
        bin = noise + wanted->greatest + 1;
        seen[bin < 0 ? 0 : bin >= bins ? bins - 1 : bin]++;
    }
    found = chi_square(seen, shares, (size_t)bins);
    if (found > wanted->critical_thousandths)
        fail_msg("epsilon %u/%u: chi-square is %lld thousandths", wanted->numerator,
                 wanted->denominator, (long long)found);
}

static void noise_has_its_exact_distribution(void **state)
{
    (void)state;
    random_begin("noise_has_its_exact_distribution");
    for (size_t i = 0; i < UNIT_COUNT(distributions); i++)
        check_distribution(&distributions[i]);
}

/* The comparison itself: a sampler that counts zero twice, as the plain two-sided one would. */
static void another_distribution_is_noticed(void **state)
{
    const distribution *wanted = &distributions[0];
    int64_t seen[BINS_MAX] = { 0 }, shares[BINS_MAX];
    int bins = 2 * wanted->greatest + 3;
    int64_t sum = 0;

    (void)state;
    shares[0] = shares[bins - 1] = wanted->beyond;
    for (int x = 0; x <= wanted->greatest; x++)
        shares[1 + x] = shares[bins - 2 - x] = wanted->shares[x];
    for (int i = 0; i < bins; i++)
        sum += shares[i];
    assert_in_range(sum, UNIT - 30, UNIT + 30);
    for (int i = 0; i < bins; i++) {
        int64_t share = i == bins / 2 ? shares[i] + shares[i] / 50 : shares[i];

        seen[i] = (int64_t)((tally_i128)share * DRAWS / (UNIT + shares[bins / 2] / 50));
    }
    assert_true(chi_square(seen, shares, (size_t)bins) > 10000);
}

static void exp_comes_true_as_often_as_it_says(void **state)
{
    static const struct {
        uint32_t numerator, denominator;
        int64_t share;
    } cases[] = {
        { 0, 1, INT64_C(1000000000000) }, { 1, 2, INT64_C(606530659713) },
        { 1, 1, INT64_C(367879441171) },  { 5, 2, INT64_C(82084998624) },
        { 1, 7, INT64_C(866877899750) },
    };

    (void)state;
    random_begin("exp_comes_true_as_often_as_it_says");
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        int64_t seen[2] = { 0 }, shares[2] = { UNIT - cases[i].share, cases[i].share };

        for (int k = 0; k < DRAWS; k++) {
            bool is_true;

            assert_int_equal(tally_bernoulli_exp_draw(&is_true, cases[i].numerator,
                                                      cases[i].denominator, &fast, NULL),
                             TALLY_OK);
            seen[is_true]++;
        }
        if (cases[i].share == UNIT)
            assert_int_equal(seen[1], DRAWS);
        else
            assert_true(chi_square(seen, shares, 2) < 24000); /* 10^-6, one degree */
    }
}

static void uniform_numbers_are_uniform(void **state)
{
    static const uint64_t bounds[] = { 1, 2, 3, 7, 10, 32 };

    (void)state;
    random_begin("uniform_numbers_are_uniform");
    for (size_t i = 0; i < UNIT_COUNT(bounds); i++) {
        int64_t seen[32] = { 0 }, shares[32];

        for (uint64_t k = 0; k < bounds[i]; k++)
            shares[k] = UNIT / (int64_t)bounds[i];
        for (int k = 0; k < DRAWS; k++) {
            uint64_t drawn;

            assert_int_equal(tally_uniform_draw(&drawn, bounds[i], &fast, NULL), TALLY_OK);
            assert_true(drawn < bounds[i]);
            seen[drawn]++;
        }
        assert_true(chi_square(seen, shares, (size_t)bounds[i]) < 80000);
    }
}

/* ---- broken sources ---------------------------------------------------------------------- */

static tally_rc fill_ones(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    memset(out, 0xff, bytes);
    return TALLY_OK;
}

static tally_rc fill_zeros(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    memset(out, 0, bytes);
    return TALLY_OK;
}

static void a_broken_source_ends_in_an_error_and_not_in_a_loop(void **state)
{
    static const tally_random ones = { NULL, fill_ones }, zeros = { NULL, fill_zeros };
    tally_err err = TALLY_ERR_INIT;
    uint64_t drawn = 7;
    int64_t noise = 7;

    (void)state;
    assert_int_equal(tally_uniform_draw(&drawn, 3, &ones, &err), TALLY_E_LIMIT);
    assert_int_equal(drawn, 7);
    assert_int_equal(tally_laplace_draw(&noise, 1, 2, &zeros, NULL), TALLY_E_LIMIT);
    assert_int_equal(noise, 7);
    assert_true(err.message[0] != '\0');
}

static void without_random_bytes_there_is_no_noise(void **state)
{
    uint32_t failed = 0;

    (void)state;
    for (uint32_t nth = 1; nth < 200; nth++) {
        seeded source;
        int64_t noise = 7;
        tally_rc rc;

        seeded_begin(&source, 1);
        source.fail_at = nth;
        rc = tally_laplace_draw(&noise, 1, 2, &source.source, NULL);
        assert_true(rc == TALLY_OK || rc == TALLY_E_IO);
        if (rc == TALLY_E_IO)
            assert_int_equal(noise, 7);
        failed += rc == TALLY_E_IO;
    }
    assert_true(failed > 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_its_exact_distribution),
        cmocka_unit_test(another_distribution_is_noticed),
        cmocka_unit_test(exp_comes_true_as_often_as_it_says),
        cmocka_unit_test(uniform_numbers_are_uniform),
        cmocka_unit_test(a_broken_source_ends_in_an_error_and_not_in_a_loop),
        cmocka_unit_test(without_random_bytes_there_is_no_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
