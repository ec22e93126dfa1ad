/* SPDX-License-Identifier: Apache-2.0 */
/* The word lint of R9: what it catches, what it folds, and what it is known to miss. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/charter_words.h"

static const struct {
    tally_charter_list list;
    const char *text;
} caught[] = {
    { TALLY_WORDS_POLITICS, "Took part in a protest" },
    { TALLY_WORDS_POLITICS, "political meetings" },
    { TALLY_WORDS_BELIEF, "church-attendance" },
    { TALLY_WORDS_ORIGIN, "Nationality of the member" },
    { TALLY_WORDS_HEALTH, "blood donation" },
    { TALLY_WORDS_HEALTH, "saúde" },
    { TALLY_WORDS_SEX, "gender" },
    { TALLY_WORDS_UNION, "went on strike" },
    { TALLY_WORDS_BIOMETRICS, "face recognition at the gate" },
    { TALLY_WORDS_OFFENCES, "convicted" },
    { TALLY_WORDS_FAMILY, "household of four" },
    { TALLY_WORDS_INCOME, "monthly purchases" },
    { TALLY_WORDS_ONLINE, "posts-read" },
    { TALLY_WORDS_LOCATION, "GPS trace" },
    { TALLY_WORDS_LIFESTYLE, "polite to staff" },
    { TALLY_WORDS_DISPUTES, "complaints" },
    { TALLY_WORDS_INFERRED, "propensity to volunteer" },
    { TALLY_WORDS_STANDING, "school-performance" },
    { TALLY_WORDS_CROSS, "Credit score" },
    { TALLY_WORDS_MONITOR, "traffic camera 7" },
    { TALLY_WORDS_NEGATIVE, "no-show" },
    { TALLY_WORDS_PREDICTED, "risk level" },
    { TALLY_WORDS_ESSENTIAL, "Housing list, faster" },
    { TALLY_WORDS_SHAMING, "blacklisted" },
    { TALLY_WORDS_POWER, "City Police" },
    { TALLY_WORDS_PERSON, "owner-name" },
};

static void each_list_catches_its_own_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(caught); i++) {
        if (tally_charter_find(caught[i].list, tally_text_from(caught[i].text)) == NULL)
            fail_msg("not caught: %s", caught[i].text);
    }
}

/* Look-alikes, leet, invisible characters, accents, spelled out, capitals inside a name. */
static const struct {
    tally_charter_list list;
    const char *text;
} disguised[] = {
    { TALLY_WORDS_POLITICS, "p\xD0\xBElitics" },
    { TALLY_WORDS_POLITICS, "p0l1tics" },
    { TALLY_WORDS_POLITICS, "p o l i t i c s" },
    { TALLY_WORDS_POLITICS, "poli\xE2\x80\x8Btics" },
    { TALLY_WORDS_POLITICS, "\xF0\x9D\x90\xA9olitics" },
    { TALLY_WORDS_POLITICS, "\xEF\xBD\x90olitics" },
    { TALLY_WORDS_BELIEF, "re1igious" },
    { TALLY_WORDS_BELIEF, "ch\xCF\x85rch-visit" },
    { TALLY_WORDS_HEALTH, "b1ood" },
    { TALLY_WORDS_ORIGIN, "skinColour" },
    { TALLY_WORDS_ORIGIN, "e\xCC\x81thnic" },
    { TALLY_WORDS_SEX, "G\xCE\xB5nder" },
    { TALLY_WORDS_FAMILY, "h\xC3\xB6usehold" },
    { TALLY_WORDS_INCOME, "$alary" },
};

static void disguises_are_folded_away(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(disguised); i++) {
        if (tally_charter_find(disguised[i].list, tally_text_from(disguised[i].text)) == NULL)
            fail_msg("not caught: %s", disguised[i].text);
    }
}

/* A policy that is welcome must not be refused for its innocent words. */
static const char *const innocent[] = {
    "Thank residents who plant trees and travel green.",
    "Trees planted, and seen by the parks office.",
    "At least 30 % of the month's journeys were by public transport.",
    "A volunteer shift was kept.",
    "tool library",
    "Two hours of first aid, learned and checked.",
    "late-fee-waiver",
    "grape harvest helped", /* not `rape` or `race` inside a word */
    "embrace the garden",
    "reunion supper helped",
    "interface workshop", /* not `face` */
};

static void innocent_words_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(innocent); i++) {
        for (int list = TALLY_WORDS_POLITICS; list <= TALLY_WORDS_STANDING; list++) {
            const char *pattern =
                tally_charter_find((tally_charter_list)list, tally_text_from(innocent[i]));

            if (pattern != NULL)
                fail_msg("`%s` was caught by `%s`", innocent[i], pattern);
        }
    }
}

/* The published list of misses stays true: each entry really passes. */
static void known_misses_are_still_missed(void **state)
{
    const char *root = getenv("TALLY_SOURCE_ROOT");
    char path[1024];
    char line[1024];
    size_t count = 0;
    FILE *file;

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/docs/charter/known-misses.tsv", root);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        tally_text text = tally_text_from(line);

        if (line[0] == '#')
            continue;
        text.count = tally_text_find_byte(text, '\t');
        for (int list = TALLY_WORDS_POLITICS; list <= TALLY_WORDS_STANDING; list++) {
            const char *pattern = tally_charter_find((tally_charter_list)list, text);

            if (pattern != NULL)
                fail_msg("no longer missed (move it to the tests): %.*s, by `%s`",
                         TALLY_TEXT_ARGS(text), pattern);
        }
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count >= 20);
}

static void a_word_across_a_chunk_boundary_is_found(void **state)
{
    char text[8192];

    (void)state;
    for (size_t at = 1700; at < 2300; at++) {
        memset(text, ' ', sizeof(text));
        memcpy(text + at, "politics", 8);
        assert_non_null(
            tally_charter_find(TALLY_WORDS_POLITICS, tally_text_of(text, sizeof(text))));
    }
}

static void broken_utf8_is_folded_without_harm(void **state)
{
    char text[512];
    char out[2048];

    (void)state;
    for (unsigned seed = 0; seed < 2000; seed++) {
        unsigned random = seed * 2654435761u + 1u;

        for (size_t i = 0; i < sizeof(text); i++) {
            random = random * 1664525u + 1013904223u;
            text[i] = (char)(random >> 24);
        }
        assert_true(tally_charter_fold(tally_text_of(text, seed % sizeof(text)), out,
                                       sizeof(out)) <= sizeof(out));
        (void)tally_charter_find(TALLY_WORDS_HEALTH, tally_text_of(text, seed % sizeof(text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_list_catches_its_own_words),
        cmocka_unit_test(disguises_are_folded_away),
        cmocka_unit_test(innocent_words_pass),
        cmocka_unit_test(known_misses_are_still_missed),
        cmocka_unit_test(a_word_across_a_chunk_boundary_is_found),
        cmocka_unit_test(broken_utf8_is_folded_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
