/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_SNAPSHOT_H
#define TALLY_TLOG_SNAPSHOT_H

/* Making the snapshot of an epoch (docs/formats/log.md, section 5) from the rows
 * of the members. Randomness is passed in; nothing else is read. */

#include "crypto/random.h"
#include "tlog/entry.h"
#include "tlog/state.h"

/* What a row that belongs to nobody commits. */
#define TALLY_SNAPSHOT_PAD TALLY_TEXT("pad")

/* How many rows a snapshot of so many members has: a multiple of 256, at least
 * that. */
size_t tally_snapshot_row_count(size_t member_count);

/* The row of a member: label and commitment. The salt is fresh in each epoch; the
 * ledger keeps it for the member, who opens the row with it. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_snapshot_row(tally_hash *hash,
                                             uint8_t out_row64[static TALLY_STATE_ROW_BYTES],
                                             const uint8_t secret32[static TALLY_SALT_BYTES],
                                             uint32_t epoch,
                                             const uint8_t salt32[static TALLY_SALT_BYTES],
                                             tally_text state);

/* What a member's row commits (section 5): points, level, policy version, number
 * of records counted, and the root over the leaf hashes of those records. */
typedef struct tally_snapshot_state {
    int64_t points;
    tally_text level; /* a word of the policy, without LF; may be empty */
    uint32_t policy;
    uint64_t record_count;
    tally_node records_root; /* in the order of their indexes; tally_tree_empty_root for none */
} tally_snapshot_state;

#define TALLY_SNAPSHOT_STATE_BYTES_MAX ((size_t)1024)

/* Append or read the bytes of a state. TALLY_E_INVALID: it cannot be one. */
TALLY_MUST_CHECK tally_rc tally_snapshot_append_state(tally_buffer *out,
                                                      const tally_snapshot_state *state);
TALLY_MUST_CHECK tally_rc tally_snapshot_parse_state(tally_snapshot_state *out, tally_text bytes,
                                                     tally_err *err);

/* Pad and sort the rows, and compute the rest of the head.
 *
 * inout_head  origin, epoch, log_size and policy are set; bits, rows and root are
 *             written
 * rows        room for tally_snapshot_row_count(member_count) rows, of which the
 *             first member_count are made; afterwards all, ascending
 * out_pads    label and salt of each row that was added, TALLY_STATE_ROW_BYTES each, in any
 *             order: what opens it. NULL: not wanted
 *
 * TALLY_E_CONFLICT  two rows have one label
 * TALLY_E_IO        the randomness failed
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_snapshot_finish(tally_state_head *inout_head, uint8_t *rows,
                                                size_t member_count, uint8_t *out_pads,
                                                const tally_random *random, tally_hash *hash,
                                                tally_err *err);

#endif
