/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers compare as numbers, everything else as texts. A published text that
 * could not be a result at all is counted apart, so that it neither helps nor
 * spoils the count of reproduced results. */

#include "eval/expect.h"

#include <inttypes.h>
#include <string.h>

#include "util/decimal.h"

static const tally_report *find_report(const tally_result *result, tally_text name)
{
    for (uint32_t i = 0; i < result->report_count; i++) {
        if (tally_text_is_equal(result->reports[i].name, name))
            return &result->reports[i];
    }
    return NULL;
}

bool tally_expect_is_result(const struct tally_policy *policy, tally_text result_name)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];

        if ((tally_text_is(result_name, "score") && version->score.is_present) ||
            (tally_text_is(result_name, "tier") && version->tier_count != 0) ||
            (tally_text_is(result_name, "grade") && version->grade.is_present))
            return true;
        for (uint32_t i = 0; i < version->let_count; i++) {
            if (version->lets[i].is_reported &&
                tally_text_is_equal(version->lets[i].name, result_name))
                return true;
        }
        for (uint32_t i = 0; i < version->streak_count; i++) {
            if (version->streaks[i].is_reported &&
                tally_text_is_equal(version->streaks[i].name, result_name))
                return true;
        }
    }
    return false;
}

static bool is_grade(const struct tally_policy *policy, tally_text text)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_grade *grade = &policy->versions[v].grade;

        for (uint32_t i = 0; i < grade->row_count; i++) {
            if (tally_text_is_equal(grade->labels->words[i], text))
                return true;
        }
    }
    return tally_text_is(text, "no grade");
}

static bool is_tier(const struct tally_policy *policy, tally_text text)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];

        for (uint32_t i = 0; i < version->tier_count; i++) {
            if (tally_text_is_equal(version->tiers[i].name, text))
                return true;
        }
        if (tally_text_is_equal(version->moves.none, text))
            return true;
    }
    return false;
}

/* has_number: the computed value is one. */
static tally_comparison compare_number(tally_text published, bool has_number, tally_decimal number)
{
    tally_decimal wanted = { 0, 0 };

    if (tally_decimal_parse(&wanted.value, &wanted.decimals, published) != TALLY_OK)
        return TALLY_COMPARISON_OTHER;
    return has_number && tally_decimal_compare(wanted, number) == 0 ? TALLY_COMPARISON_EQUAL
                                                                    : TALLY_COMPARISON_DIFFERENT;
}

static tally_comparison compare_text(bool is_possible, tally_text published, tally_text computed)
{
    if (!is_possible)
        return TALLY_COMPARISON_OTHER;
    return tally_text_is_equal(published, computed) ? TALLY_COMPARISON_EQUAL
                                                    : TALLY_COMPARISON_DIFFERENT;
}

static tally_comparison compare_score(const struct tally_policy *policy, tally_text published,
                                      const tally_result *result, tally_buffer *computed)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];
    bool is_scored = result->state == TALLY_STATE_SCORE;
    tally_decimal score = { result->score, policy->points_decimals };

    (void)tally_buffer_append_text(
        computed, is_scored ? tally_decimal_format_short(text, score.value, score.decimals, NULL)
                            : TALLY_TEXT("no rating"));
    return compare_number(published, is_scored, score);
}

static tally_comparison compare_report(tally_text published, const tally_report *report,
                                       tally_buffer *computed)
{
    if (report == NULL || report->value.a == TALLY_NOTHING) {
        (void)tally_buffer_append_string(computed, "nothing");
        return tally_text_is(published, "nothing") ? TALLY_COMPARISON_EQUAL
                                                   : TALLY_COMPARISON_DIFFERENT;
    }
    tally_results_format_value(report, computed);
    if (report->type == TALLY_TYPE_NUMBER)
        return compare_number(published, true,
                              (tally_decimal){ report->value.a, report->decimals });
    return compare_text(true, published, tally_buffer_text(computed));
}

static tally_comparison compare(const tally_read *read, const struct tally_policy *policy,
                                tally_text published, const tally_result *result,
                                tally_buffer *computed)
{
    tally_text name = read->expect_result;

    if (tally_text_is(name, "score"))
        return compare_score(policy, published, result, computed);
    if (tally_text_is(name, "grade")) {
        (void)tally_buffer_append_text(computed, tally_results_grade(policy, result));
        return compare_text(is_grade(policy, published), published, tally_buffer_text(computed));
    }
    if (tally_text_is(name, "tier")) {
        (void)tally_buffer_append_text(computed, tally_results_tier(policy, result));
        return compare_text(is_tier(policy, published), published, tally_buffer_text(computed));
    }
    return compare_report(published, find_report(result, name), computed);
}

static void count_other(tally_expectation *expectation, tally_text published)
{
    tally_text text = tally_text_slice(published, 0, sizeof(expectation->others[0].text) - 1);
    uint32_t i = 0;

    expectation->other_count++;
    while (i < expectation->other_kinds && !tally_text_is(text, expectation->others[i].text))
        i++;
    if (i == TALLY_EXPECT_OTHERS_MAX)
        return;
    if (i == expectation->other_kinds) {
        memcpy(expectation->others[i].text, text.bytes, text.count);
        expectation->others[i].text[text.count] = '\0';
        expectation->other_kinds++;
    }
    expectation->others[i].count++;
}

tally_comparison tally_expect_compare(tally_expectation *expectation,
                                      const struct tally_policy *policy, tally_text published,
                                      const tally_result *result, tally_buffer *computed)
{
    tally_comparison comparison = TALLY_COMPARISON_DIFFERENT;

    tally_buffer_reset(computed);
    if (result == NULL)
        (void)tally_buffer_append_string(computed, "error");
    else
        comparison = compare(expectation->read, policy, published, result, computed);
    if (comparison == TALLY_COMPARISON_OTHER) {
        count_other(expectation, published);
        return comparison;
    }
    expectation->compared++;
    expectation->equal += comparison == TALLY_COMPARISON_EQUAL;
    return comparison;
}

static bool is_same(const tally_expectation *a, const tally_expectation *b)
{
    return tally_text_is_equal(a->read->expect_called, b->read->expect_called) &&
           tally_text_is_equal(a->read->expect_result, b->read->expect_result);
}

static void print_others(const tally_expectation *expectation, tally_buffer *out)
{
    uint64_t named = 0;

    (void)tally_buffer_printf(out, "  %" PRIu64 " not compared, for what is published is no %.*s:",
                              expectation->other_count,
                              TALLY_TEXT_ARGS(expectation->read->expect_result));
    for (uint32_t i = 0; i < expectation->other_kinds; i++) {
        (void)tally_buffer_append_string(out, i == 0 ? " " : ", ");
        (void)tally_buffer_append_visible(out, tally_text_from(expectation->others[i].text));
        (void)tally_buffer_printf(out, " %" PRIu64, expectation->others[i].count);
        named += expectation->others[i].count;
    }
    if (named < expectation->other_count)
        (void)tally_buffer_printf(out, ", others %" PRIu64, expectation->other_count - named);
    (void)tally_buffer_append_byte(out, '\n');
}

void tally_expect_print(const tally_expectation *expectations, uint32_t count,
                        const struct tally_policy *policy, tally_buffer *out)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t compared = 0, equal = 0;
        bool is_first = expectations[i].read != NULL;

        for (uint32_t before = 0; before < i && is_first; before++)
            is_first = expectations[before].read == NULL ||
                       !is_same(&expectations[before], &expectations[i]);
        if (!is_first)
            continue;
        for (uint32_t k = i; k < count; k++) {
            if (expectations[k].read != NULL && is_same(&expectations[i], &expectations[k])) {
                compared += expectations[k].compared;
                equal += expectations[k].equal;
            }
        }
        (void)tally_buffer_printf(out, "%.*s: %" PRIu64 " of %" PRIu64 " %.*s reproduced\n",
                                  TALLY_TEXT_ARGS(policy->programme), equal, compared,
                                  TALLY_TEXT_ARGS(expectations[i].read->expect_called));
        for (uint32_t k = i; k < count; k++) {
            if (expectations[k].read != NULL && is_same(&expectations[i], &expectations[k]) &&
                expectations[k].other_count != 0)
                print_others(&expectations[k], out);
        }
    }
}
