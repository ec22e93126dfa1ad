/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_BATCH_RECORD_H
#define TALLY_LEDGER_BATCH_RECORD_H

/* What the store keeps of a batch (docs/ledger.md section 9): a small record, and its leaves.
 * The raw bytes of a batch are never kept. */

#include "ledger/ledger_internal.h"
#include "tlog/tree.h"

/* BATCHES. The texts live in `document` until tally_batch_record_free(). */
typedef struct tally_batch_record {
    uint32_t source;
    uint64_t number; /* the source's own */
    tally_node root;
    tally_text header; /* the signed header as it came */
    uint32_t count, admitted;
    int64_t recorded_ms;
    uint64_t log_index;
    tally_text reply; /* as it was and will be given */
    struct tally_json_document *document;
} tally_batch_record;

TALLY_MUST_CHECK tally_rc tally_batch_record_load(tally_ledger *ledger,
                                                  tally_store_transaction *transaction,
                                                  int64_t batch, tally_batch_record *out,
                                                  bool *out_is_found, tally_err *err);
void tally_batch_record_free(tally_batch_record *record);

/* Write the record, and the number it is found by. */
TALLY_MUST_CHECK tally_rc tally_batch_record_save(tally_store_transaction *transaction,
                                                  int64_t batch, const tally_batch_record *record,
                                                  tally_err *err);

/* The batch of a source with that number of its own; 0: none. */
TALLY_MUST_CHECK tally_rc tally_batch_record_find(tally_store_transaction *transaction,
                                                  uint32_t source, uint64_t number,
                                                  int64_t *out_batch, tally_err *err);

/* BATCH_LEAVES: count u32, then count leaf hashes of 32 bytes, then count marks of 8, all big-endian. A
 * mark of 0 is that of an event that was not admitted, or was erased (marks.h). */
typedef struct tally_batch_leaves {
    uint32_t count;
    const uint8_t *hashes, *marks;
} tally_batch_leaves;

#define TALLY_BATCH_LEAVES_HEAD_BYTES 4u
#define TALLY_BATCH_LEAVES_BYTES(count) \
    (TALLY_BATCH_LEAVES_HEAD_BYTES + (size_t)(count) * (TALLY_HASH_BYTES + 8))

/* Points into value. TALLY_E_CORRUPT. */
TALLY_MUST_CHECK tally_rc tally_batch_leaves_read(tally_batch_leaves *out, tally_text value,
                                                  tally_err *err);
uint64_t tally_batch_leaves_mark(const tally_batch_leaves *leaves, uint32_t position);

/* Write into out, TALLY_BATCH_LEAVES_BYTES(count) bytes. */
void tally_batch_leaves_write(uint8_t *out, uint32_t count, const tally_node *hashes,
                              const uint64_t *marks);

#endif
