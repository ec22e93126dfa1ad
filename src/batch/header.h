/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_HEADER_H
#define TALLY_BATCH_HEADER_H

/* The signed header of a batch: a compact JWS (RFC 7515) over canonical JSON. */

#include "batch/batch.h"
#include "util/buffer.h"

#define TALLY_BATCH_JWS_TYPE "tally-batch+jws"

/* Read a header and check its signature. Its texts lie in the arena.
 *
 * TALLY_E_DENIED   it is not signed, or not by the source it names
 * TALLY_E_INVALID, TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_batch_header_read(tally_batch_header *out_header, tally_text jws,
                                                  tally_arena *arena, tally_err *err);

/* Append the signed header. The source of the header must be the did:key of the
 * seed. TALLY_E_NOMEM, TALLY_E_LIMIT, TALLY_E_IO as of tally_ed25519_sign(). */
TALLY_MUST_CHECK tally_rc tally_batch_header_write(tally_buffer *out,
                                                   const tally_batch_header *header,
                                                   const uint8_t *seed32, tally_err *err);

#endif
