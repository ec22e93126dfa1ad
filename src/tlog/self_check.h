/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_SELF_CHECK_H
#define TALLY_TLOG_SELF_CHECK_H

/* "Are the points you show me the ones you published?" (docs/formats/log.md,
 * section 5): a member checks the own row of the newest snapshot, offline but for
 * the files it asks for, which say no more than one bucket of 128 members or
 * more. */

#include "tlog/entry.h"
#include "tlog/proof.h"
#include "tlog/reading.h"
#include "tlog/snapshot.h"

/* What a check found. Everything but TALLY_SELF_OK is reason to ask, and to keep
 * both checkpoints. */
typedef enum tally_self_fault {
    TALLY_SELF_OK,
    TALLY_SELF_CHECKPOINT, /* not signed by who should have */
    TALLY_SELF_HISTORY,    /* the log is not the one that the kept checkpoint is of */
    TALLY_SELF_LOG,        /* its files do not give the root that was signed */
    TALLY_SELF_NO_HEAD,    /* no snapshot */
    TALLY_SELF_STALE,      /* the newest snapshot is too old */
    TALLY_SELF_TWO_HEADS,  /* two snapshots for one epoch */
    TALLY_SELF_HEAD,       /* the head file is not the one that was logged */
    TALLY_SELF_ROWS,       /* the rows do not give the head's root, or are out of order */
    TALLY_SELF_ABSENT,     /* no row is the member's */
    TALLY_SELF_STATE,      /* the row says something else than the screen */
    TALLY_SELF_POLICY,     /* the policy is not the one that was logged */
    TALLY_SELF_RECORDS,    /* the records are not those in the log */
    TALLY_SELF_POINTS      /* the policy gives other points for these records */
} tally_self_fault;

/* A record of the member's, as an entry of the log. */
typedef struct tally_self_record {
    uint64_t index;
    tally_text entry; /* TALLY_ENTRY_BYTES */
} tally_self_record;

typedef struct tally_self_claim {
    const tally_trust *trust;
    tally_text kept;     /* the checkpoint kept from the last time; empty: none */
    uint32_t epoch_now;  /* by the member's own clock */
    uint32_t epochs_max; /* how many epochs old the newest snapshot may be: 2 */
    const uint8_t *secret32;
    const uint8_t *salt32; /* of this epoch's row, from the programme */
    tally_text state;      /* what the screen says, as the row commits it */
    /* The policy in force, and the index of the entry that commits it. */
    bool has_policy;
    uint64_t policy_index;
    tally_text policy;
    /* All own records that were counted, by index; and the points that the policy
     * gives for them, computed by whoever asks. */
    bool has_records;
    const tally_self_record *records;
    size_t record_count;
    int64_t points;
    /* After erasure: no row may be the member's. The fields from salt32 on are then
     * not used. */
    bool is_erased;
} tally_self_claim;

typedef struct tally_self_result {
    tally_self_fault fault;
    uint64_t size;  /* of the log */
    uint32_t epoch; /* of the snapshot */
    uint64_t index; /* of the entry that commits it */
    uint64_t log_size;
    int64_t time_s;             /* since when a quorum knows the checkpoint; 0 without one */
    tally_snapshot_state state; /* points into claim->state */
} tally_self_result;

/* Check a claim against the log's files.
 *
 * out_note  the new checkpoint is appended once its signatures were found good,
 *           whatever else fails. Keep it instead of the old one; with
 *           TALLY_SELF_HISTORY keep both, they prove it. May be NULL
 *
 * TALLY_OK         everything holds
 * TALLY_E_CORRUPT  it does not: out->fault says what, err in words
 * TALLY_E_INVALID  the claim itself makes no sense
 * TALLY_E_LIMIT    the newest snapshot is further back than 2^20 entries
 * TALLY_E_RETRY    a file is missing that the log must have: ask again, then ask why
 * TALLY_E_NOMEM, and what the source fails with */
TALLY_MUST_CHECK tally_rc tally_self_check(tally_self_result *out, tally_files_source source,
                                           const tally_self_claim *claim, tally_buffer *out_note,
                                           tally_err *err);

#endif
