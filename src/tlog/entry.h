/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_ENTRY_H
#define TALLY_TLOG_ENTRY_H

/* The entries of our logs, 44 bytes without personal data:
 *
 *   offset  bytes
 *        0      1   version, 1
 *        1      1   kind
 *        2      2   zero
 *        4      4   epoch, big-endian, never decreasing
 *        8      4   number of the policy version in force, big-endian
 *       12     32   commitment
 *
 * A commitment is a SHA-256 that begins with a tag of 16 bytes, so that no two
 * kinds of thing ever share one. */

#include "tlog/tree.h"
#include "util/text.h"

#define TALLY_ENTRY_BYTES 44
#define TALLY_SALT_BYTES  32

typedef enum tally_entry_kind {
    TALLY_ENTRY_GENESIS = 1,
    TALLY_ENTRY_POLICY = 2,
    TALLY_ENTRY_RECORD = 3,
    TALLY_ENTRY_STATE = 4,
    TALLY_ENTRY_KEY = 5
} tally_entry_kind;

typedef struct tally_entry {
    tally_entry_kind kind;
    uint32_t epoch;
    uint32_t policy;
    tally_node commitment;
} tally_entry;

void tally_entry_write(uint8_t out[static TALLY_ENTRY_BYTES], const tally_entry *entry);

/* Read an entry. TALLY_E_INVALID: it is none of this version. */
TALLY_MUST_CHECK tally_rc tally_entry_parse(tally_entry *out, tally_text bytes, tally_err *err);

/* A field of a record: what it says is salted and hashed, so that destroying
 * value and salt leaves the digest without meaning, and the record provable. */
typedef struct tally_field_digest {
    uint8_t slot;
    tally_node digest;
} tally_field_digest;

/* The functions below fail with TALLY_E_NOMEM only, unless they say more. */

/* SHA-256("tally/field/v1" NUL NUL || salt || slot || value) */
TALLY_MUST_CHECK tally_rc tally_commit_field(tally_hash *hash, tally_field_digest *out,
                                             uint8_t slot,
                                             const uint8_t salt32[static TALLY_SALT_BYTES],
                                             tally_text value);

/* SHA-256("tally/record/v1" NUL || count || (slot || digest) for each field).
 * TALLY_E_INVALID: no field, more than 255, or slots that do not ascend. */
TALLY_MUST_CHECK tally_rc tally_commit_record(tally_hash *hash, tally_node *out,
                                              const tally_field_digest *fields, size_t field_count);

/* SHA-256("tally/public/v1" NUL || document), for kinds 1, 2 and 5. Documents in
 * parts: begin, give the parts to tally_hash_update(), finish. */
void tally_commit_public_begin(tally_hash *hash);
TALLY_MUST_CHECK tally_rc tally_commit_public(tally_hash *hash, tally_node *out,
                                              tally_text document);

/* SHA-256("tally/state/v1" NUL NUL || head file), for kind 4. */
TALLY_MUST_CHECK tally_rc tally_commit_state(tally_hash *hash, tally_node *out, tally_text head);

/* SHA-256("tally/label/v1" NUL NUL || secret || epoch, big-endian): under which
 * a member's row stands in the snapshot of one epoch. */
TALLY_MUST_CHECK tally_rc tally_commit_label(tally_hash *hash, tally_node *out,
                                             const uint8_t secret32[static TALLY_SALT_BYTES],
                                             uint32_t epoch);

/* SHA-256("tally/member/v1" NUL || salt || state): the content of that row. */
TALLY_MUST_CHECK tally_rc tally_commit_member(tally_hash *hash, tally_node *out,
                                              const uint8_t salt32[static TALLY_SALT_BYTES],
                                              tally_text state);

#endif
