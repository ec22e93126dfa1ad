/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_CHARTER_WORDS_H
#define TALLY_POLICY_CHARTER_WORDS_H

/* The published word lists of the charter checker.
 *
 * A pattern is one or more folded words (see tally_charter_fold) separated by
 * single spaces; a last `*` matches any ending. It is looked for at word
 * boundaries. What the lists cannot catch is in docs/charter/known-misses.tsv. */

#include <stddef.h>

#include "util/text.h"

typedef enum tally_charter_list {
    /* R9 (1) to (16), in the charter's order. */
    TALLY_WORDS_POLITICS = 1,
    TALLY_WORDS_BELIEF,
    TALLY_WORDS_ORIGIN,
    TALLY_WORDS_HEALTH,
    TALLY_WORDS_SEX,
    TALLY_WORDS_UNION,
    TALLY_WORDS_BIOMETRICS,
    TALLY_WORDS_OFFENCES,
    TALLY_WORDS_FAMILY,
    TALLY_WORDS_INCOME,
    TALLY_WORDS_ONLINE,
    TALLY_WORDS_LOCATION,
    TALLY_WORDS_LIFESTYLE,
    TALLY_WORDS_DISPUTES,
    TALLY_WORDS_INFERRED,
    TALLY_WORDS_STANDING, /* housing, school or job performance */
    /* Other rights. */
    TALLY_WORDS_CROSS,     /* R7: a score from elsewhere */
    TALLY_WORDS_MONITOR,   /* R10: a source that watches */
    TALLY_WORDS_NEGATIVE,  /* R13: an outcome that counts against a person */
    TALLY_WORDS_PREDICTED, /* R16: risk, trait, likelihood */
    TALLY_WORDS_ESSENTIAL, /* R17: what no point may open or close */
    TALLY_WORDS_SHAMING,   /* R20: a public negative */
    TALLY_WORDS_POWER,     /* R4: who may never sponsor or verify */
    TALLY_WORDS_PERSON,    /* R35: a person inside an organisation's record */
    TALLY_WORDS_LISTS      /* count + 1 */
} tally_charter_list;

typedef struct tally_charter_words {
    tally_charter_list list;
    const char *right; /* "R9" */
    const char *code;  /* "E_FORBIDDEN_SUBJECT" */
    const char *about; /* what the list is about, as in a message: "politics or speech" */
    const char *const *patterns;
    size_t pattern_count;
} tally_charter_words;

/* The list; never NULL for a list of the enum. */
const tally_charter_words *tally_charter_words_of(tally_charter_list list);

/* Fold text for matching: lower case, accents and look-alikes (Greek, Cyrillic, full-width,
 * digits and signs standing for letters inside a word) to plain letters, invisible
 * characters dropped, everything else one space; letters spelled out one by one
 * are joined. Writes at most out_bytes_max bytes, returns how many. */
size_t tally_charter_fold(tally_text text, char *out, size_t out_bytes_max);

/* The first pattern of a list found in text, or NULL. */
const char *tally_charter_find(tally_charter_list list, tally_text text);

#endif
