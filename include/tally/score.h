/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_H
#define TALLY_SCORE_H

/* Scoring one subject: hand in its records as texts, ask for results and
 * statements at any instant.
 *
 * A result is a pure function of the policy, the records and the instant: the
 * order in which records are added does not matter, no clock is read. Records
 * that do not fit the policy are refused, listed and take no part.
 *
 * A tally_subject is for one thread at a time; several may share a policy,
 * which must outlive them. */

#include "tally/base.h"
#include "tally/policy.h"
#include "tally/statement.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tally_subject tally_subject;

/* A field of a record: its name and its value as text. "" is nothing. */
typedef struct tally_subject_field {
    const char *name, *value;
} tally_subject_field;

/* A record. Times are a day (its first instant in the policy's zone) or RFC 3339. */
typedef struct tally_subject_record {
    const char *type;
    const char *id;
    const char *at;
    const char *recorded; /* NULL or "": when it happened */
    size_t field_count;
    const tally_subject_field *fields;
} tally_subject_record;

typedef struct tally_subject_refusal {
    size_t record;       /* in order of adding, from 0 */
    const char *id;
    const char *code;    /* stable: "unknown-type", "out-of-type", "duplicate" … */
    const char *message; /* one sentence */
} tally_subject_refusal;

typedef struct tally_subject_result {
    const char *state; /* "scored", "no rating", "no score" */
    bool has_score;
    int64_t score, shown; /* in units of 10^-points_decimals */
    uint8_t points_decimals;
    const char *tier;  /* "" for a policy without tiers */
    const char *grade; /* "" for a policy without a grade */
} tally_subject_result;

/* A subject without records.
 *
 * out_subject  the caller's, released with tally_subject_free().
 * policy       must outlive it.
 * name         for the statement; copied; may be "".
 *
 * TALLY_E_NOMEM  allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_subject_new(tally_subject **out_subject,
                                                      const tally_policy *policy, const char *name,
                                                      tally_err *err);

/* Release a subject and all results asked of it. NULL is allowed. */
TALLY_API void tally_subject_free(tally_subject *subject);

/* Add a record. One that the policy refuses is TALLY_OK and stands in the list
 * of refusals, once something was asked; texts are copied.
 *
 * TALLY_E_INVALID  `at` or `recorded` cannot be read as a time; nothing was added
 * TALLY_E_LIMIT    more than 1,000,000 records
 * TALLY_E_NOMEM    allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_subject_add(tally_subject *subject,
                                                      const tally_subject_record *record,
                                                      tally_err *err);

/* Ask for the result. as_of is a day (its last millisecond in the policy's
 * zone) or RFC 3339. Texts in the result live until the next call with this
 * subject.
 *
 * TALLY_E_INVALID   as_of cannot be read
 * TALLY_E_OVERFLOW  a number left its range; err names the rule's line
 * TALLY_E_LIMIT     a bound of the language's section 16
 * TALLY_E_NOMEM     allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_subject_compute(tally_subject *subject,
                                                          const char *as_of,
                                                          tally_subject_result *out_result,
                                                          tally_err *err);

/* Ask for the statement, which is the caller's and outlives the subject.
 * Errors as above, and TALLY_E_CORRUPT when its lines would not sum to the
 * score ("E_UNEXPLAINED"): a fault of this library, reported and not hidden. */
TALLY_API TALLY_MUST_CHECK tally_rc tally_subject_statement(tally_subject *subject,
                                                            const char *as_of,
                                                            tally_statement **out_statement,
                                                            tally_err *err);

/* Records refused so far; known after a result or a statement was asked for.
 * index < count; texts live until the next call with this subject. */
TALLY_API size_t tally_subject_refusal_count(const tally_subject *subject);
TALLY_API tally_subject_refusal tally_subject_refusal_get(const tally_subject *subject,
                                                          size_t index);

#ifdef __cplusplus
}
#endif

#endif
