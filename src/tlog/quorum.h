/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_QUORUM_H
#define TALLY_TLOG_QUORUM_H

/* Whose cosignatures a checkpoint needs (c2sp.org/tlog-policy): lines
 *
 *   log <verifier key> [<URL>]
 *   witness <name> <verifier key> [<URL>]
 *   group <name> <k> | all | any <name>...
 *   quorum <name> | none
 *
 * and empty lines and comments after `#`. A group is met when k of its members
 * are, which are witnesses or groups of lines above, each in one group at most.
 * Nothing is allocated; what was read points into the text. */

#include "tlog/note.h"

#define TALLY_QUORUM_BYTES_MAX     ((size_t)64 << 10)
#define TALLY_QUORUM_LOGS_MAX      32
#define TALLY_QUORUM_WITNESSES_MAX 32
#define TALLY_QUORUM_GROUPS_MAX    32

typedef struct tally_quorum_group {
    tally_text name;
    uint32_t threshold;
    uint64_t members; /* bit i: witness i; bit 32 + i: group i, which stands above */
} tally_quorum_group;

typedef struct tally_quorum {
    uint32_t log_count, witness_count, group_count;
    tally_vkey logs[TALLY_QUORUM_LOGS_MAX];
    tally_vkey witnesses[TALLY_QUORUM_WITNESSES_MAX];
    tally_text names[TALLY_QUORUM_WITNESSES_MAX]; /* of the witnesses, within the text */
    tally_text urls[TALLY_QUORUM_WITNESSES_MAX];  /* empty: none is given */
    tally_quorum_group groups[TALLY_QUORUM_GROUPS_MAX];
    bool is_none;    /* no cosignature is needed */
    uint64_t wanted; /* the one bit of the witness or group that must be met */
} tally_quorum;

/* Read such a text.
 *
 * TALLY_E_INVALID  it is none; err->line says where
 * TALLY_E_LIMIT    it is longer, or names more, than stated above */
TALLY_MUST_CHECK tally_rc tally_quorum_parse(tally_quorum *out, tally_text text, tally_err *err);

/* Is the quorum met? has_signed has one answer for each witness. */
bool tally_quorum_is_met(const tally_quorum *quorum, const bool *has_signed);

/* With these cosignatures, since when is it known that a quorum saw the
 * checkpoint: the latest time t such that the witnesses whose time is t or later
 * meet the quorum; 0 when it is none or not met. */
int64_t tally_quorum_time(const tally_quorum *quorum, const tally_note_verdict *verdicts);

#endif
