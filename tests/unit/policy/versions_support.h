/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_VERSIONS_SUPPORT_H
#define TALLY_TESTS_VERSIONS_SUPPORT_H

/* A policy that may live, and versions of it with pieces of its text replaced. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "policy/program.h"
#include "policy/publish.h"
#include "tally/policy.h"
#include "util/buffer.h"

static const char green_points[] =
    "tallystick: 1\n"
    "programme: green-points\n"
    "title: Green points\n"
    "purpose: Thank residents who plant trees and share the garden.\n"
    "contact: green@riverside.example\n"
    "sponsor: association\n"
    "subjects: members\n"
    "zone: UTC\n"
    "shown-on: 1000\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  parks-office: {events: [tree-planted, river-day], rate: 10 per calendar day}\n"
    "  tool-library: {events: [promise-made, promise-kept, promise-broken, promise-mended], rate: "
    "5 per calendar day}\n"
    "events:\n"
    "  tree-planted:\n"
    "    is: shared-place care\n"
    "    trees: 1..50\n"
    "    kind: one of oak, elm\n"
    "  river-day: {is: shared-place care, hours: 1..8}\n"
    "  promise-made: {is: obligation accepted, promise: id}\n"
    "  promise-kept: {is: obligation kept, promise: id}\n"
    "  promise-broken: {is: obligation broken, promise: id}\n"
    "  promise-mended: {is: obligation repaired, promise: id}\n"
    "awards:\n"
    "  trees:\n"
    "    for: tree-planted\n"
    "    when: trees >= 2\n"
    "    points: 20 * trees\n"
    "    at-most: 200 per calendar year\n"
    "    expires: after 12 months\n"
    "    because: Trees planted, and seen by the parks office.\n"
    "  river:\n"
    "    for: river-day\n"
    "    points: 5 * hours\n"
    "    expires: after 12 months\n"
    "    because: A day at the river.\n"
    "  kept:\n"
    "    for: promise-kept\n"
    "    points: 5\n"
    "    at-most: 4 times per calendar month\n"
    "    expires: after 6 months\n"
    "    because: A promise was kept.\n"
    "deductions:\n"
    "  broken:\n"
    "    for: promise-broken\n"
    "    obligation: promise\n"
    "    accepted-by: promise-made\n"
    "    pairs-with: kept\n"
    "    repair: promise-mended\n"
    "    points: 4\n"
    "    counts: after 14 days, once confirmed\n"
    "    expires: after 90 days\n"
    "    because: A promise was not kept.\n"
    "tiers:\n"
    "  sapling:\n"
    "    from: 1030\n"
    "  oak:\n"
    "    from: 1100\n"
    "    keep: 1080\n"
    "    reviewed: each 1 January\n"
    "benefits:\n"
    "  late-fee-waiver:\n"
    "    class: community perk\n"
    "    needs: sapling\n"
    "    at: city-library\n"
    "    each: calendar month\n"
    "    quantity: 2\n"
    "    without-points: ask at the desk\n"
    "    non-members: pay the usual fee\n";

/* text with the first `find` replaced (find NULL: as it is), behind `head`; freed by the caller. */
static inline char *version_text(const char *head, const char *text, const char *find,
                                 const char *replace)
{
    const char *at = find != NULL ? strstr(text, find) : text;
    tally_buffer out;
    char *copy;

    if (at == NULL)
        fail_msg("there is no `%s` in the text", find);
    tally_buffer_init(&out, (size_t)1 << 20);
    tally_buffer_append_string(&out, head);
    tally_buffer_append(&out, text, (size_t)(at - text));
    if (find != NULL) {
        tally_buffer_append_string(&out, replace);
        at += strlen(find);
    }
    tally_buffer_append_string(&out, at);
    assert_int_equal(tally_buffer_failure(&out), TALLY_OK);
    copy = strdup(tally_buffer_string(&out));
    tally_buffer_free(&out);
    assert_non_null(copy);
    return copy;
}

static inline void print_diagnostics(const tally_diagnostics *diagnostics)
{
    for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *entry = tally_diagnostics_get(diagnostics, i);

        print_message("  %u:%u: %s %s: %s\n", entry->line, entry->column, entry->right, entry->code,
                      entry->message);
    }
}

static inline tally_policy *version_compile(const char *text)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;

    assert_non_null(diagnostics);
    if (tally_policy_compile(&policy, "test", text, strlen(text), NULL, diagnostics, NULL) !=
        TALLY_OK) {
        print_diagnostics(diagnostics);
        fail_msg("this is no policy");
    }
    tally_diagnostics_free(diagnostics);
    return policy;
}

/* "from: DAY\nprevious: HASH\n" of the policy's last version, for the next document. */
static inline const char *next_head(const tally_policy *chain, const char *day)
{
    static char head[128];
    char hex[TALLY_HASH_HEX_BYTES];

    tally_hash_hex(hex, chain->versions[chain->version_count - 1].hash);
    snprintf(head, sizeof(head), "from: %s\nprevious: %s\n", day, hex);
    return head;
}

/* The chain with `text` as its next version. */
static inline tally_policy *version_append(const tally_policy *chain, const char *text)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *program = NULL;
    tally_err err = TALLY_ERR_INIT;

    assert_non_null(diagnostics);
    if (tally_policy_append(&program, NULL, chain, "test", text, strlen(text), NULL, diagnostics,
                            &err) != TALLY_OK) {
        print_diagnostics(diagnostics);
        fail_msg("the version does not join the chain: %s", err.message);
    }
    tally_diagnostics_free(diagnostics);
    return program;
}

#endif
