/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_H
#define TALLY_TLOG_H

/* Verifying a transparency log: checkpoints, proofs, and a member's own row.
 *
 * The formats are docs/formats/log.md, and those of C2SP that it names. Nothing
 * here reads a file, a clock or the network; bytes are passed in. All functions
 * may be called from many threads at once. Every verification fails closed: what
 * is not understood is not accepted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALLY_TLOG_HASH_BYTES       32
#define TALLY_TLOG_ENTRY_BYTES      44
#define TALLY_TLOG_SECRET_BYTES     32
#define TALLY_TLOG_KEYS_MAX         32
#define TALLY_TLOG_CHECKPOINT_BYTES 65536 /* the longest checkpoint there is */

/* Whom to believe. Texts are NUL-terminated. */
typedef struct tally_tlog_trust {
    const char *const *log_keys; /* verifier keys of one log; a signature of one suffices */
    size_t log_key_count;        /* at least 1 */
    const char *const *witness_keys;
    size_t witness_key_count;
    size_t quorum; /* how many of the witnesses must have cosigned */
} tally_tlog_trust;

/* A checkpoint that was believed. */
typedef struct tally_tlog_head {
    uint64_t size;
    uint8_t root[TALLY_TLOG_HASH_BYTES];
    size_t witness_count; /* how many of those named cosigned */
    int64_t time_s;       /* since when a quorum knows it, seconds since 1970; 0 without one */
} tally_tlog_head;

/* Open a signed checkpoint. out_head is written on success only.
 *
 * TALLY_E_INVALID  it is none, or a signature of a known key fails, or a key of
 *                  trust is none
 * TALLY_E_DENIED   it is another log's, or too few of the trusted signed it
 * TALLY_E_LIMIT    it is too long, or there are too many keys
 * TALLY_E_NOMEM    allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_tlog_open_checkpoint(tally_tlog_head *out_head,
                                                               const tally_tlog_trust *trust,
                                                               const void *note, size_t note_bytes,
                                                               tally_err *err);

/* Check that an entry stands at an index of the log with this head.
 *
 * hashes  hash_count hashes of TALLY_TLOG_HASH_BYTES each, leaf to root
 *
 * TALLY_E_INVALID  it does not, or the proof is not the one for this place
 * TALLY_E_NOMEM    allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_tlog_check_inclusion(const tally_tlog_head *head,
                                                               uint64_t index, const void *entry,
                                                               size_t entry_bytes,
                                                               const uint8_t *hashes,
                                                               size_t hash_count, tally_err *err);

/* Check that the log grew from one head to another. Every log grew from nothing.
 *
 * TALLY_E_INVALID  it did not, or the proof is not the one for these sizes
 * TALLY_E_NOMEM    allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_tlog_check_consistency(const tally_tlog_head *earlier,
                                                                 const tally_tlog_head *later,
                                                                 const uint8_t *hashes,
                                                                 size_t hash_count, tally_err *err);

/* Check a proof file (c2sp.org/tlog-proof@v1) of an entry.
 *
 * out_index  the entry's place; out_head the head of the checkpoint in the proof
 *
 * Failures are those of tally_tlog_open_checkpoint(), and TALLY_E_INVALID also
 * when the file is none, or proves another entry. */
TALLY_API TALLY_MUST_CHECK tally_rc tally_tlog_check_proof(
    uint64_t *out_index, tally_tlog_head *out_head, const tally_tlog_trust *trust,
    const void *proof, size_t proof_bytes, const void *entry, size_t entry_bytes, tally_err *err);

/* ---- a member's own row --------------------------------------------------------- */

/* Where the files of the log come from. */
typedef struct tally_tlog_files {
    void *context;
    /* Give the whole file with this path (`checkpoint`, `tile/0/000`, `state/007/head`)
     * to take(), in one or more runs; not at all when there is none, and then
     * return TALLY_E_RETRY. What take() fails with is returned. */
    tally_rc (*read)(void *context, const char *path,
                     tally_rc (*take)(void *taker, const void *bytes, size_t count), void *taker,
                     tally_err *err);
} tally_tlog_files;

/* What was found wrong. Everything but TALLY_TLOG_MEMBER_OK is reason to ask, and
 * to keep both checkpoints. */
typedef enum tally_tlog_member_fault {
    TALLY_TLOG_MEMBER_OK,
    TALLY_TLOG_MEMBER_CHECKPOINT, /* not signed by who should have */
    TALLY_TLOG_MEMBER_HISTORY,    /* the log is not the one that the kept checkpoint is of */
    TALLY_TLOG_MEMBER_LOG,        /* its files do not give the root that was signed */
    TALLY_TLOG_MEMBER_NO_HEAD,    /* no snapshot */
    TALLY_TLOG_MEMBER_STALE,      /* the newest snapshot is too old */
    TALLY_TLOG_MEMBER_TWO_HEADS,  /* two snapshots for one epoch */
    TALLY_TLOG_MEMBER_HEAD,       /* the head file is not the one that was logged */
    TALLY_TLOG_MEMBER_ROWS,       /* the rows do not give the head's root, or are out of order */
    TALLY_TLOG_MEMBER_ABSENT,     /* no row is the member's */
    TALLY_TLOG_MEMBER_STATE,      /* the row says something else than the screen */
    TALLY_TLOG_MEMBER_POLICY,     /* the policy is not the one that was logged */
    TALLY_TLOG_MEMBER_RECORDS,    /* the records are not those in the log */
    TALLY_TLOG_MEMBER_POINTS      /* the policy gives other points for these records */
} tally_tlog_member_fault;

/* A record of the member's, as an entry of the log. */
typedef struct tally_tlog_record {
    uint64_t index;
    uint8_t entry[TALLY_TLOG_ENTRY_BYTES];
} tally_tlog_record;

/* What the member was shown, and knows. */
typedef struct tally_tlog_claim {
    const void *kept; /* the checkpoint kept from the last time; NULL: none */
    size_t kept_bytes;
    uint32_t epoch_now;      /* by the member's own clock */
    const uint8_t *secret32; /* the label secret, given at consent */
    const uint8_t *salt32;   /* of the row, from the programme */
    const void *state;       /* what the screen says, as the row commits it */
    size_t state_bytes;
    const void *policy; /* the policy in force; NULL: not compared */
    size_t policy_bytes;
    uint64_t policy_index;            /* of the entry that commits it */
    const tally_tlog_record *records; /* all that were counted, by index; NULL: not compared */
    size_t record_count;
    int64_t points; /* what the policy gives for these records, by the member's own computation */
    bool is_erased; /* no row may be the member's: salt32 and what follows is not used */
} tally_tlog_claim;

typedef struct tally_tlog_member {
    tally_tlog_member_fault fault;
    tally_tlog_head head;
    uint32_t epoch;          /* of the snapshot */
    uint64_t index;          /* of the entry that commits it */
    uint64_t log_size;       /* the entries that the points were computed from */
    size_t checkpoint_bytes; /* of the new checkpoint; 0: its signatures were not good */
    char checkpoint[TALLY_TLOG_CHECKPOINT_BYTES];
} tally_tlog_member;

/* Check the own row of the newest snapshot: section 5 of the format. What is asked
 * of files names no more than one bucket of at least 128 rows.
 *
 * out_member  written whatever the result. Keep its checkpoint for the next time;
 *             with TALLY_TLOG_MEMBER_HISTORY keep the old one too, both prove it.
 *
 * TALLY_OK         everything holds
 * TALLY_E_CORRUPT  it does not: out_member->fault says what, err in words
 * TALLY_E_INVALID  the claim or trust makes no sense
 * TALLY_E_LIMIT    the newest snapshot is further back than 2^20 entries
 * TALLY_E_RETRY    a file is missing that the log must have
 * TALLY_E_NOMEM    allocation failed
 * and what files->read fails with */
TALLY_API TALLY_MUST_CHECK tally_rc tally_tlog_check_member(tally_tlog_member *out_member,
                                                            const tally_tlog_trust *trust,
                                                            const tally_tlog_files *files,
                                                            const tally_tlog_claim *claim,
                                                            tally_err *err);

#ifdef __cplusplus
}
#endif

#endif
