/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ADMIT_REPLY_H
#define TALLY_LEDGER_ADMIT_REPLY_H

/* The promise that answers a batch, and what the log's record of it says. docs/formats/promise.md
 * specifies both. */

#include "ledger/admit_internal.h"

typedef struct tally_promise {
    const tally_batch *batch;
    const tally_event_refusal *refusals; /* by position; code NULL: admitted */
    uint32_t admitted;
    int64_t recorded_ms;
    uint64_t log_index;
    tally_node commitment;
} tally_promise;

/* Append the body of the log's record: the signed header and the admitted positions. */
TALLY_MUST_CHECK tally_rc tally_promise_body(const tally_promise *promise, tally_buffer *out,
                                             tally_err *err);

/* Append the promise, signed by the operator: a compact JWS of the type below. */
#define TALLY_PROMISE_TYP "tally-promise+jws"
TALLY_MUST_CHECK tally_rc tally_promise_sign(const tally_ledger *ledger,
                                             const tally_promise *promise, tally_buffer *out,
                                             tally_err *err);

#endif
