/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_CHARTER_INTERNAL_H
#define TALLY_POLICY_CHARTER_INTERNAL_H

/* Shared by charter.c (the document and its words), charter_record.c (what may
 * be recorded: R7 to R12) and charter_points.c (points and looking back: R13, R16, R33). */

#include "policy/charter.h"
#include "policy/charter_limits.h"

/* The lists of names that a policy is held against; part of the charter's text. */
typedef struct tally_charter_names {
    const char *role; /* as the charter's text calls them */
    size_t count;
    const char *const *names;
} tally_charter_names;

extern const tally_charter_names tally_charter_member_kinds,
    tally_charter_organisation_kinds;                               /* R8 */
extern const tally_charter_names tally_charter_forbidden_sponsors;  /* R4 */
extern const tally_charter_names tally_charter_sponsors_with_power; /* R4: recognition only */
extern const tally_charter_names tally_charter_benefit_classes;     /* R17 */

bool tally_charter_has_name(const tally_charter_names *list, tally_text name);

typedef struct tally_charter {
    const struct tally_policy *policy;
    const tally_version *version;
    tally_diagnostics *diagnostics;
    bool out_of_memory;
} tally_charter;

/* Add a refusal at span (NULL: the whole file). */
void tally_charter_refuse(tally_charter *charter, const tally_span *span, const char *right,
                          const char *code, const char *hint, const char *format, ...)
    TALLY_PRINTF(6, 7);

/* Whether an event type only begins or ends a pause: a member's own wish, no recognition, so it
 * needs no registered kind; nothing may be earned by it and no rule may read it. */
bool tally_charter_is_pause(const tally_charter *charter, uint32_t type);

/* Whether an event type comes from another member (kind `peer thanks` or a `member` field). */
bool tally_charter_is_peer(const tally_event_type *type);

static inline bool tally_charter_is_about_persons(const tally_charter *charter)
{
    return !charter->policy->is_about_organisations;
}

void tally_charter_check_events(tally_charter *charter);       /* R5 R7 R8 R12 R35 */
void tally_charter_check_pauses(tally_charter *charter);       /* R8 */
void tally_charter_check_sources(tally_charter *charter);      /* R10 */
void tally_charter_check_population(tally_charter *charter);   /* R11 */
void tally_charter_check_awards(tally_charter *charter);       /* R12 R13 R14 R33 */
void tally_charter_check_score(tally_charter *charter);        /* R13 R20 */
void tally_charter_check_looking_back(tally_charter *charter); /* R12 R33 */

#endif
