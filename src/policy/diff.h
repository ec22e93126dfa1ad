/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_DIFF_H
#define TALLY_POLICY_DIFF_H

/* What one version of a policy changes against another, and whether that is
 * better, neutral or worse for the member (R25). docs/policy-publishing.md is the
 * specification, with the table of what counts as what.
 *
 * The comparison is of compiled programs: what is written otherwise and does the
 * same is no change. "Better" and "neutral" are shown, never guessed: for every
 * history, at every instant, the score as shown, the tiers held, the reported numbers
 * and the benefits are under the new version at least what they are under the old
 * one. Whatever is not shown counts as worse. Pure. */

#include <stdbool.h>
#include <stdint.h>
#include "policy/program.h"
#include "util/buffer.h"

typedef enum tally_change_label {
    TALLY_CHANGE_BETTER,
    TALLY_CHANGE_NEUTRAL,
    TALLY_CHANGE_WORSE,
} tally_change_label;

/* What a change can touch, each including those before it. */
typedef enum tally_change_reach {
    TALLY_REACH_TEXT,         /* what people read; no result */
    TALLY_REACH_LATER_EVENTS, /* events that happen under the new version */
    TALLY_REACH_LATER_CLAIMS, /* benefits claimed under the new version */
    TALLY_REACH_RECORD,       /* results asked under the new version, of older events too */
} tally_change_reach;

typedef struct tally_policy_change {
    const char *path;           /* "awards.trees.points"; the same as in the file but for lists */
    const char *sentence;       /* one plain sentence, with the old and the new value */
    const char *before, *after; /* the rule's source text then and now; "" if there is none */
    uint32_t line, column;      /* in the new text, from 1; 0: it stands there no more */
    uint32_t length;            /* characters to underline, at least 1 */
    tally_change_label label;
    const char *why; /* why it counts as worse; "" otherwise */
    tally_change_reach reach;
    bool is_stop;     /* only ends a rule for later events: R25 allows it the same day */
    bool is_keepable; /* of a tier: with `keep-tiers-until` it takes nothing from older events */
} tally_policy_change;

/* Texts live as long as this. Changes stand in the order of the language's page. */
typedef struct tally_policy_changes {
    uint32_t count;
    tally_policy_change *items;
    tally_change_label label; /* the worst of all; NEUTRAL if there is none */
    uint32_t better_count, neutral_count, worse_count;
    bool is_stop; /* every worse change is_stop */
    tally_arena *arena;
} tally_policy_changes;

/* Compare version old_index of old_policy with version new_index of new_policy; the two may
 * be one policy. Both must outlive the result, whose texts they hold.
 *
 * out_changes  the caller's, released with tally_policy_changes_free().
 *
 * TALLY_E_INVALID  they are of two programmes, or one is about members and the other about
 *                  organisations: nothing to compare
 * TALLY_E_LIMIT    the result would be larger than 64 MiB
 * TALLY_E_NOMEM    allocation failed */
TALLY_MUST_CHECK tally_rc tally_policy_diff(tally_policy_changes **out_changes,
                                            const struct tally_policy *old_policy,
                                            uint32_t old_index,
                                            const struct tally_policy *new_policy,
                                            uint32_t new_index, tally_err *err);

/* Take a number of lines off the places of all changes: of a text that was read behind another. */
void tally_policy_changes_move_up(tally_policy_changes *changes, uint32_t lines);

/* NULL is allowed. */
void tally_policy_changes_free(tally_policy_changes *changes);

/* "better", "neutral", "worse". */
const char *tally_change_label_name(tally_change_label label);
/* "text", "later events", "later claims", "record". */
const char *tally_change_reach_name(tally_change_reach reach);

/* Append for people, one change after another; file_name as in "FILE:line: …". */
void tally_policy_changes_render_text(const tally_policy_changes *changes, tally_text file_name,
                                      tally_buffer *out);

/* Append as JSON (docs/formats/policy-diff.md). */
void tally_policy_changes_render_json(const tally_policy_changes *changes, tally_buffer *out);

#endif
