/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SNAPSHOT_INTERNAL_H
#define TALLY_LEDGER_SNAPSHOT_INTERNAL_H

/* What preparing snapshots and taking them share. */

#include "ledger/snapshot.h"
#include "tlog/snapshot.h"

/* One subject's row. Its bytes are in rows[epoch][index of the plan]. */
typedef struct tally_snapshot_row_plan {
    int64_t subject;
    uint8_t *opening; /* of the newest epoch; as stored */
    size_t opening_count;
} tally_snapshot_row_plan;

struct tally_prepared_snapshots {
    const tally_random *random;
    tally_hash *hash;
    uint32_t first_epoch, epoch_count;
    uint64_t log_size; /* what the states were computed from, */
    int64_t as_of_ms;  /* and at which instant */
    uint32_t policy;
    bool is_spent;      /* rows were padded and sorted: no second try with these */
    size_t count, room; /* room is a multiple of 256 */
    tally_snapshot_row_plan *plans;
    uint8_t *rows[TALLY_SNAPSHOT_EPOCHS_MAX];
};

/* Days since the day on which the programme was made. */
uint32_t tally_snapshot_epoch_now(const tally_ledger *ledger);

#endif
