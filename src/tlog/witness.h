/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_WITNESS_H
#define TALLY_TLOG_WITNESS_H

/* What a witness is asked (c2sp.org/tlog-witness@v1.0.0, add-checkpoint):
 *
 *   old <size the witness should hold>
 *   <Base64 of a hash>                    the consistency proof, at most 63
 *   (empty line)
 *   <the signed checkpoint, to the end> */

#include "tlog/checkpoint.h"
#include "tlog/proof.h"

#define TALLY_WITNESS_PROOF_MAX         63
#define TALLY_WITNESS_REQUEST_BYTES_MAX (TALLY_NOTE_BYTES_MAX + (size_t)4096)

typedef struct tally_witness_request {
    uint64_t old_size;
    tally_proof proof;
    tally_text checkpoint; /* points into the bytes it was read from */
} tally_witness_request;

/* Read a request. Nothing is verified.
 *
 * TALLY_E_INVALID  it is none
 * TALLY_E_LIMIT    it is longer, or has more hashes, than stated above */
TALLY_MUST_CHECK tally_rc tally_witness_parse(tally_witness_request *out, tally_text bytes,
                                              tally_err *err);

/* Append a request; the failures are those of the buffer. The proof must not be
 * longer than stated above. */
tally_rc tally_witness_append(tally_buffer *out, const tally_witness_request *request);

#endif
