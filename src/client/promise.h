/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CLIENT_PROMISE_H
#define TALLY_CLIENT_PROMISE_H

/* What a programme answers to a batch, read by the source: docs/formats/promise.md. */

#include "batch/batch.h"
#include "crypto/jws.h"
#include "util/arena.h"

#define TALLY_PROMISE_TYPE "tally-promise+jws"

/* An event that was refused. */
typedef struct tally_refused_event {
    uint32_t position; /* in the batch, from 0 */
    tally_text code, right, reason;
} tally_refused_event;

typedef struct tally_promise_read {
    tally_jws_key signer;
    uint32_t count, admitted, refused_count; /* admitted and refused are count together */
    const tally_refused_event *refused;      /* by ascending position */
    int64_t recorded_ms, publish_by_ms;
    uint64_t log_index;
    tally_node commitment; /* of the batch's record in the log */
} tally_promise_read;

/* Read the reply to a batch and check that it is one to this batch.
 *
 * out_promise  its texts lie in the arena
 * signer       the programme's key, or NULL for any: then look at the one that signed
 *
 * TALLY_E_INVALID  not a promise, not signed by that key, or the answer to another
 *                  batch; TALLY_E_LIMIT, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_promise_open(tally_promise_read *out_promise, tally_text reply,
                                             const tally_batch_header *header,
                                             const tally_jws_key *signer, tally_arena *arena,
                                             tally_err *err);

#endif
