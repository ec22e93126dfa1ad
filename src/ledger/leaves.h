/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_LEAVES_H
#define TALLY_LEDGER_LEAVES_H

/* BATCH_LEAVES as bytes: k (u32, big-endian), k leaf digests of 32 bytes, k id marks of 8. A mark
 * of zero: the event was not admitted, or is gone. Here: making marks zero. */

#include "store/store.h"

#define TALLY_LEAVES_HEAD_BYTES   4
#define TALLY_LEAVES_DIGEST_BYTES 32
#define TALLY_LEAVES_MARK_BYTES   8

typedef struct tally_leaf_place {
    int64_t batch;
    uint32_t position;
} tally_leaf_place;

/* Make the marks at these places zero. Places of one batch that follow each other cost one write. What is
 * no longer there is passed over. TALLY_E_CORRUPT: a row is not of that form. */
TALLY_MUST_CHECK tally_rc tally_leaves_clear_marks(tally_store_transaction *transaction,
                                                   const tally_leaf_place *places, size_t count,
                                                   tally_err *err);

#endif
