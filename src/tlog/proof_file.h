/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_PROOF_FILE_H
#define TALLY_TLOG_PROOF_FILE_H

/* A proof that stands alone (c2sp.org/tlog-proof@v1):
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <Base64>                  may be left out
 *   index <number>
 *   <Base64 of a hash>              none or more, leaf to root
 *   (empty line)
 *   <a signed checkpoint, to the end> */

#include "tlog/checkpoint.h"
#include "tlog/proof.h"

#define TALLY_PROOF_FILE_BYTES_MAX ((size_t)128 << 10)

typedef struct tally_proof_file {
    tally_text extra; /* canonical Base64, of nothing when there is none */
    bool has_extra;
    uint64_t index;
    tally_proof proof;
    tally_text checkpoint;
} tally_proof_file;

/* Read a proof file; the slices of out point into bytes. Nothing is verified.
 *
 * TALLY_E_INVALID  it is none
 * TALLY_E_LIMIT    it is longer than stated above, or has too many hashes */
TALLY_MUST_CHECK tally_rc tally_proof_file_parse(tally_proof_file *out, tally_text bytes,
                                                 tally_err *err);

/* Append a proof file; the failures are those of the buffer. */
tally_rc tally_proof_file_append(tally_buffer *out, const tally_proof_file *file);

/* Check that the leaf hash stands in the log whose keys are trusted: opens the
 * checkpoint, then follows the proof to its root. Failures are those of
 * tally_checkpoint_open() and tally_proof_check_inclusion(). */
TALLY_MUST_CHECK tally_rc tally_proof_file_check(const tally_proof_file *file, tally_hash *hash,
                                                 const tally_node *leaf, const tally_trust *trust,
                                                 tally_opened *out_opened, tally_err *err);

#endif
