/* SPDX-License-Identifier: Apache-2.0 */
/* The marks of event ids in the store: read at the first batch, for the duplicate window only. */

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/short_hash.h"
#include "ledger/admit_internal.h"
#include "ledger/batch_record.h"

#include <string.h>

uint64_t tally_admit_mark(const tally_admit_cache *cache, uint32_t source, tally_text id)
{
    uint8_t bytes[4 + TALLY_BATCH_ID_BYTES_MAX];
    uint64_t mark;

    TALLY_ASSERT(id.count <= TALLY_BATCH_ID_BYTES_MAX); /* the batch was read within its bounds */
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(source >> (24 - 8 * i));
    memcpy(bytes + 4, id.bytes, id.count);
    mark = tally_short_hash(cache->mark_key, bytes, 4 + id.count);
    return mark != 0 ? mark : 1;
}

static tally_rc derive_key(const tally_ledger *ledger, tally_admit_cache *cache, tally_err *err)
{
    static const char tag[16] = "tally/marks/v1\0";
    uint8_t bytes[sizeof(tag) + TALLY_KEY_BYTES], hash[TALLY_HASH_BYTES];
    tally_rc rc;

    memcpy(bytes, tag, sizeof(tag));
    memcpy(bytes + sizeof(tag), ledger->keys->programme_key, TALLY_KEY_BYTES);
    rc = tally_hash_sha256(hash, bytes, sizeof(bytes));
    memcpy(cache->mark_key, hash, sizeof(cache->mark_key));
    tally_secret_wipe(bytes, sizeof(bytes));
    tally_secret_wipe(hash, sizeof(hash));
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "deriving the key of event ids");
}

/* The first batch recorded within the window: numbers and instants both ascend. */
static tally_rc first_batch(tally_ledger *ledger, tally_store_transaction *transaction,
                            int64_t from_ms, int64_t *out_first, tally_err *err)
{
    int64_t low = 1, high = ledger->state.last_batch; /* the one that is being admitted */

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        tally_batch_record record;
        bool is_found;
        tally_rc rc = tally_batch_record_load(ledger, transaction, middle, &record, &is_found, err);

        if (rc != TALLY_OK)
            return rc;
        if (!is_found)
            return tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld is missing",
                                 (long long)middle);
        if (record.recorded_ms >= from_ms)
            high = middle;
        else
            low = middle + 1;
        tally_batch_record_free(&record);
    }
    *out_first = low;
    return TALLY_OK;
}

/* The marks of one batch, with the instant at which it was recorded. */
static tally_rc read_batch(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_admit_cache *cache, int64_t batch, int64_t now_ms, tally_err *err)
{
    tally_batch_record record;
    tally_batch_leaves leaves;
    tally_text value;
    bool is_found;
    int64_t recorded_ms;
    tally_rc rc = tally_batch_record_load(ledger, transaction, batch, &record, &is_found, err);

    if (rc != TALLY_OK || !is_found)
        return rc;
    recorded_ms = record.recorded_ms;
    tally_batch_record_free(&record);
    rc = tally_store_get(transaction, TALLY_STORE_BATCH_LEAVES, batch, &value, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    rc = tally_batch_leaves_read(&leaves, value, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < leaves.count; i++)
        rc = tally_id_marks_add(&cache->marks, tally_batch_leaves_mark(&leaves, i), recorded_ms,
                                now_ms, err);
    return rc;
}

tally_rc tally_admit_read_marks(tally_ledger *ledger, tally_store_transaction *transaction,
                                tally_admit_cache *cache, int64_t now_ms, tally_err *err)
{
    const tally_version *newest = &ledger->policy->versions[ledger->policy->version_count - 1];
    int64_t first = 1;
    tally_rc rc;

    if (cache->has_marks)
        return TALLY_OK;
    rc = derive_key(ledger, cache, err);
    cache->marks.window_ms = newest->duplicate_window_ms;
    if (rc == TALLY_OK)
        rc = first_batch(ledger, transaction, now_ms - cache->marks.window_ms, &first, err);
    for (int64_t batch = first; rc == TALLY_OK && batch < ledger->state.last_batch; batch++)
        rc = read_batch(ledger, transaction, cache, batch, now_ms, err);
    cache->has_marks = rc == TALLY_OK;
    return rc;
}
