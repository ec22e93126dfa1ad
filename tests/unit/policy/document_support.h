/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_DOCUMENT_SUPPORT_H
#define TALLY_TESTS_DOCUMENT_SUPPORT_H

/* Compiling a text with one made-up time zone, `Test/East`, an hour east of UTC. */

#include "tally/policy.h"

#define TZIF_BLOCK                                                                                 \
    "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\1"   \
    "\0\0\0\4" "\0\0\x0e\x10\0\0" "+01"

static const char test_east[] = TZIF_BLOCK "\0" TZIF_BLOCK "\0" "\n<+01>-1\n";

static inline const uint8_t *load_test_zone(void *context, const char *name, size_t *out_bytes)
{
    (void)context;
    if (strcmp(name, "Test/East") != 0)
        return NULL;
    *out_bytes = sizeof(test_east) - 1;
    return (const uint8_t *)test_east;
}

static const tally_zone_source test_zones = { .load = load_test_zone };

static inline tally_rc compile_bytes(tally_policy **out_policy, const char *text, size_t count,
                                     tally_diagnostics *diagnostics)
{
    return tally_policy_compile(out_policy, "test.yaml", text, count, &test_zones, diagnostics,
                                NULL);
}

/* Compile what must compile; prints what is wrong otherwise. */
static inline tally_policy *compile_or_fail(const char *text)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;
    tally_rc rc;

    assert_non_null(diagnostics);
    rc = compile_bytes(&policy, text, strlen(text), diagnostics);
    for (size_t i = 0; rc != TALLY_OK && i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *diagnostic = tally_diagnostics_get(diagnostics, i);

        print_error("%u:%u: %s [%s]\n", diagnostic->line, diagnostic->column, diagnostic->message,
                    diagnostic->code);
    }
    tally_diagnostics_free(diagnostics);
    assert_int_equal(rc, TALLY_OK);
    return policy;
}

#endif
