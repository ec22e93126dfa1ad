/* SPDX-License-Identifier: Apache-2.0 */
/* Id marks of events that are gone. */

#include "ledger/leaves.h"

#include <string.h>

#include "util/alloc.h"
#include "util/bytes.h"

static tally_rc damaged(int64_t batch, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "the leaves of batch %lld are damaged",
                         (long long)batch);
}

/* The marks of one batch. */
static tally_rc clear(tally_store_transaction *transaction, const tally_leaf_place *places,
                      size_t count, tally_err *err)
{
    const size_t each = TALLY_LEAVES_DIGEST_BYTES + TALLY_LEAVES_MARK_BYTES;
    int64_t batch = places[0].batch;
    tally_text row;
    bool is_found;
    uint8_t *bytes;
    uint32_t leaves;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_BATCH_LEAVES, batch, &row, &is_found, err);

    if (rc != TALLY_OK || !is_found)
        return rc;
    if (row.count < TALLY_LEAVES_HEAD_BYTES)
        return damaged(batch, err);
    leaves = tally_read_u32((const uint8_t *)row.bytes);
    if (row.count != TALLY_LEAVES_HEAD_BYTES + each * leaves)
        return damaged(batch, err);
    bytes = tally_alloc(row.count);
    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "erasing events");
    memcpy(bytes, row.bytes, row.count);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        if (places[i].position >= leaves)
            rc = damaged(batch, err);
        else
            memset(bytes + TALLY_LEAVES_HEAD_BYTES + TALLY_LEAVES_DIGEST_BYTES * (size_t)leaves +
                       TALLY_LEAVES_MARK_BYTES * (size_t)places[i].position,
                   0, TALLY_LEAVES_MARK_BYTES);
    }
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_BATCH_LEAVES, batch,
                             tally_text_of((const char *)bytes, row.count), err);
    tally_release(bytes);
    return rc;
}

tally_rc tally_leaves_clear_marks(tally_store_transaction *transaction,
                                  const tally_leaf_place *places, size_t count, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    for (size_t i = 0, end; rc == TALLY_OK && i < count; i = end) {
        end = i + 1;
        while (end < count && places[end].batch == places[i].batch)
            end++;
        rc = clear(transaction, places + i, end - i, err);
    }
    return rc;
}
