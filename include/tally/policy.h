/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_H
#define TALLY_POLICY_H

/* Compiled recognition policies.
 *
 * Compilation is pure: the same bytes and the same zone tables give the same
 * policy on every machine. A compiled policy never changes and may be read by
 * many threads at once. The text format is specified in
 * docs/policy-language.md. */

#include <stddef.h>
#include <stdint.h>

#include "tally/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALLY_POLICY_BYTES_MAX  ((size_t)1 << 20)
#define TALLY_POLICY_HASH_BYTES 32

typedef struct tally_policy tally_policy;
typedef struct tally_diagnostics tally_diagnostics;

/* One thing the compiler or the charter checker has to say. Texts live as long
 * as their tally_diagnostics. line and column count from 1 (column in
 * characters); 0 means the whole file. */
typedef enum tally_severity {
    TALLY_SEVERITY_ERROR,   /* the text is not a policy */
    TALLY_SEVERITY_REFUSAL, /* a policy, but the charter does not let it live */
    TALLY_SEVERITY_WARNING, /* probably not what the author meant */
} tally_severity;

typedef struct tally_diagnostic {
    tally_severity severity;
    const char *code;  /* stable, e.g. "unknown-name", "E_FORBIDDEN_SUBJECT" */
    const char *right; /* "R9" where a right is at stake, else "" */
    uint32_t line, column;
    uint32_t length;     /* characters to underline, at least 1 */
    const char *message; /* what is wrong: one sentence without the place */
    const char *hint;    /* what to write instead, or "" */
} tally_diagnostic;

/* bytes of zone `name` in TZif form (RFC 8536), or NULL if there is none. The
 * bytes must stay valid until tally_policy_compile() returns. */
typedef struct tally_zone_source {
    void *context;
    const uint8_t *(*load)(void *context, const char *name, size_t *out_bytes);
} tally_zone_source;

/* A list of diagnostics, in order of place. NULL if memory is short. */
TALLY_API tally_diagnostics *tally_diagnostics_new(void);
TALLY_API void tally_diagnostics_free(tally_diagnostics *diagnostics);
TALLY_API size_t tally_diagnostics_count(const tally_diagnostics *diagnostics);
/* How many of one severity. */
TALLY_API size_t tally_diagnostics_count_of(const tally_diagnostics *diagnostics,
                                            tally_severity severity);
/* index < count. */
TALLY_API const tally_diagnostic *tally_diagnostics_get(const tally_diagnostics *diagnostics,
                                                        size_t index);

/* Compile a policy: YAML text, or what tally_policy_freeze() wrote.
 *
 * out_policy  written on success only; released with tally_policy_free().
 * file_name   for messages; copied.
 * text        text_bytes bytes of UTF-8, no NUL needed; not kept.
 * zones       where zone tables come from: the content of /usr/share/zoneinfo/NAME on most systems.
 *             NULL: only UTC is known. Not asked for a frozen policy, which has its own.
 * diagnostics gets every error and warning found; may not be NULL.
 *
 * TALLY_E_INVALID  the text is not a policy; diagnostics says why
 * TALLY_E_LIMIT    the text is longer than TALLY_POLICY_BYTES_MAX (frozen: 16 MiB) or passes a
 *                  bound of section 16
 * TALLY_E_CORRUPT  a frozen policy whose hash does not match
 * TALLY_E_NOMEM    allocation failed; nothing is left to release */
TALLY_API TALLY_MUST_CHECK tally_rc tally_policy_compile(
    tally_policy **out_policy, const char *file_name, const char *text, size_t text_bytes,
    const tally_zone_source *zones, tally_diagnostics *diagnostics, tally_err *err);

/* Release a policy and all it owns. NULL is allowed. */
TALLY_API void tally_policy_free(tally_policy *policy);

/* Hash of the newest version (docs/policy-language.md section 11). */
TALLY_API void tally_policy_hash(const tally_policy *policy,
                                 uint8_t out_hash[TALLY_POLICY_HASH_BYTES]);

/* Write a policy with the zone tables it was compiled with: one text that tally_policy_compile()
 * takes in place of the YAML and that gives the same policy wherever it is read. The same policy
 * gives the same text to the byte.
 *
 * out_text  the caller's, released with tally_policy_text_free(); a NUL follows it.
 *
 * TALLY_E_LIMIT  the text would be longer than 16 MiB
 * TALLY_E_NOMEM  allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_policy_freeze(const tally_policy *policy, char **out_text,
                                                        size_t *out_bytes);

/* Release what tally_policy_freeze() wrote. NULL is allowed. */
TALLY_API void tally_policy_text_free(char *text);

/* The programme's name; lives as long as the policy. */
TALLY_API const char *tally_policy_programme(const tally_policy *policy);

#ifdef __cplusplus
}
#endif
#endif
