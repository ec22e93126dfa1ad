/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_PUBLISH_H
#define TALLY_POLICY_PUBLISH_H

/* A running programme's chain of versions (R25, R29): how a new one joins it, what
 * the charter asks before it may, and which versions bind one member.
 * docs/policy-publishing.md is the specification. Pure.
 *
 * The published chain is one program. It is kept as its frozen text
 * (tally_policy_freeze()), which also pins the tables of every zone it uses; a new
 * version is one document more. */

#include <stdbool.h>
#include <stdint.h>
#include "policy/diff.h"
#include "tally/policy.h"

/* Compile the published chain with one document more.
 *
 * out_line_offset  how many lines further down than in text the new version's parts stand in
 *              out_program; lines in diagnostics are those of text. NULL: not wanted.
 * out_program  chain->version_count + 1 versions, the new one last; released with
 *              tally_policy_free(). The older ones keep their hashes: zones that the chain
 *              uses are taken from it, others from zones.
 * chain        NULL: the text is the first version.
 * text         the new document alone; or a file of all documents, oldest first, of which
 *              all but the last must be those of the chain to the byte (their hashes are
 *              compared); or either of these frozen.
 *
 * TALLY_E_CONFLICT  the text holds more than one document and the earlier ones are not the chain
 * the others        as tally_policy_compile() */
TALLY_MUST_CHECK tally_rc tally_policy_append(tally_policy **out_program, uint32_t *out_line_offset,
                                              const tally_policy *chain, const char *file_name,
                                              const char *text, size_t text_bytes,
                                              const tally_zone_source *zones,
                                              tally_diagnostics *diagnostics, tally_err *err);

typedef struct tally_publish_request {
    const tally_policy *program; /* of tally_policy_append(): the last version is the candidate */
    const tally_policy *chain;   /* what is published so far; NULL: nothing */
    const int64_t *chain_effective_ms; /* when each of its versions began; NULL: its `from` day */
    int64_t now_ms;                    /* when it is published */
    int64_t effective_ms; /* when it begins: the first instant of its `from` day, or a later one of
                           * that day. The first version: any, not asked */
    uint32_t line_offset; /* of tally_policy_append(): taken off the lines of what is said */
} tally_publish_request;

typedef struct tally_publish_verdict {
    bool is_allowed;               /* no refusal */
    tally_policy_changes *changes; /* against the version before; NULL for the first */
    tally_change_label label;      /* the worst of them; NEUTRAL for the first */
    bool needs_receipt;            /* worse: binds a member only with a new receipt (R1) */
    int64_t earliest_ms;           /* what effective_ms must not be before */
    tally_diagnostics *refusals;   /* why not: code, right, place in the program's text */
} tally_publish_verdict;

/* May the candidate be published? Asks, in this order: that it continues the chain and names the
 * hash of the version before (E_RETROACTIVE: history is not rewritten); that it begins neither
 * before it is published nor before the version before (E_RETROACTIVE); that nothing worse reaches
 * older events (E_RETROACTIVE); 30 days of notice unless everything worse only stops a rule
 * (E_NOTICE_PERIOD); and all that tally_charter_check() asks of a live policy (E_CHARTER_FLOOR and
 * the others). All that is wrong is said, not the first alone.
 *
 * TALLY_OK         out_verdict is filled, whatever it says; tally_publish_verdict_free()
 * TALLY_E_INVALID  the two policies are of two programmes
 * TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_policy_publish_check(tally_publish_verdict *out_verdict,
                                                     const tally_publish_request *request,
                                                     tally_err *err);
void tally_publish_verdict_free(tally_publish_verdict *verdict);

/* The program that binds one member: the chain's first versions, each from its own instant.
 *
 * out_program  released with tally_policy_free(), before chain, whose parts it shares.
 * from_ms      chain->version_count instants: when each version begins for this member. The
 *              first is not asked: it has no beginning. INT64_MAX: not accepted; that version and
 *              all after it are left out. One before its predecessor's counts as that.
 *
 * TALLY_E_NOMEM  allocation failed */
TALLY_MUST_CHECK tally_rc tally_policy_bind(tally_policy **out_program, const tally_policy *chain,
                                            const int64_t *from_ms, tally_err *err);

#endif
