/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_CHECKPOINT_H
#define TALLY_TLOG_CHECKPOINT_H

/* Checkpoints (c2sp.org/tlog-checkpoint@v1.0.0): the text of a signed note,
 *
 *   <origin> LF <size in decimal> LF <Base64 of the root> LF
 *
 * and, in logs of others, further lines that are not empty. */

#include "tlog/note.h"
#include "tlog/quorum.h"
#include "tlog/tree.h"

typedef struct tally_checkpoint {
    tally_text origin; /* points into the text it was read from */
    uint64_t size;
    tally_node root;
} tally_checkpoint;

/* Read a decimal number without sign or leading zeros, at most
 * TALLY_TREE_SIZE_MAX. */
TALLY_MUST_CHECK bool tally_checkpoint_parse_number(uint64_t *out, tally_text text);

/* Cut the first line, which must end in LF, off a text. */
TALLY_MUST_CHECK bool tally_checkpoint_take_line(tally_text *out_line, tally_text *inout_rest);

/* Read the text of a checkpoint, which is that of a note. TALLY_E_INVALID: it is
 * none, or it gives the empty tree another root than SHA-256(""). */
TALLY_MUST_CHECK tally_rc tally_checkpoint_parse(tally_checkpoint *out, tally_text text,
                                                 tally_err *err);

/* Append the text of a checkpoint, without further lines. TALLY_E_INVALID: the
 * origin cannot be one. */
TALLY_MUST_CHECK tally_rc tally_checkpoint_append(tally_buffer *out,
                                                  const tally_checkpoint *checkpoint);

/* Whom to believe about a log. */
typedef struct tally_trust {
    tally_text origin;
    const tally_vkey *log_keys; /* of kind TALLY_KEY_LOG; one suffices */
    size_t log_key_count;
    const tally_vkey *witnesses; /* of kind TALLY_KEY_WITNESS */
    size_t witness_count;
    size_t quorum; /* how many different witnesses must have cosigned */
    /* Instead of the last three, when not NULL: whose cosignatures are needed. */
    const tally_quorum *policy;
} tally_trust;

#define TALLY_TRUST_KEYS_MAX 64

/* A checkpoint that was believed. Its slices point into the note's bytes. */
typedef struct tally_opened {
    tally_checkpoint checkpoint;
    tally_text text;
    size_t witness_count; /* how many of the trusted witnesses cosigned */
    int64_t time_s;       /* at or after this a quorum saw it; 0 without a quorum to meet */
} tally_opened;

/* Read a signed checkpoint and check its signatures, origin and quorum.
 *
 * TALLY_E_INVALID  it is no checkpoint, or a signature of a known key fails
 * TALLY_E_DENIED   it is of another origin, or too few of the trusted signed
 * TALLY_E_LIMIT    it is longer than a note may be
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_checkpoint_open(tally_opened *out, tally_text bytes,
                                                const tally_trust *trust, tally_err *err);

#endif
