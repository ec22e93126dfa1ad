/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SNAPSHOT_H
#define TALLY_LEDGER_SNAPSHOT_H

/* Snapshots: once an epoch, what everybody's points are, committed without saying whose they are
 * (docs/formats/log.md section 5). An epoch is a day, counted from the day on which the programme
 * was made; a beat takes the snapshots of all epochs that have begun since the last.
 *
 * A snapshot is made in two halves, so that the writer's lock is held for the second alone:
 * preparing reads and scores, taking writes. Who leaves in between has no row. */

#include "ledger/ledger_internal.h"

/* How many epochs one beat makes up for after the programme stood still; the next beat goes on. */
#define TALLY_SNAPSHOT_EPOCHS_MAX 64u
/* Rows of the newest snapshots are kept so long, for a publisher that crashed. */
#define TALLY_SNAPSHOT_ROWS_KEPT  8u
#define TALLY_SNAPSHOT_PEOPLE_MAX ((size_t)16 << 20)

/* Somebody who has a row. */
typedef struct tally_snapshot_person {
    int64_t subject;
    const uint8_t *label_secret; /* TALLY_KEY_BYTES */
    const uint8_t *data_key; /* what opens the row is sealed under it; NULL: an organisation's, in
                                  * clear */
    const uint8_t *rid;      /* NULL with data_key */
    tally_text state;        /* of tally_snapshot_append_state() */
} tally_snapshot_person;

typedef tally_rc (*tally_snapshot_take)(void *sink, const tally_snapshot_person *person,
                                        tally_err *err);

/* Who has a row, and what the row commits: gives each subject to take once, in any order. Texts
 * and keys need to live until take returns. */
typedef struct tally_snapshot_people {
    void *context;
    tally_rc (*each)(void *context, tally_ledger *ledger, tally_store_transaction *transaction,
                     int64_t as_of_ms, tally_snapshot_take take, void *sink, tally_err *err);
} tally_snapshot_people;

typedef struct tally_prepared_snapshots tally_prepared_snapshots;

/* Prepare the snapshots that are due at the ledger's present instant, in a transaction of its own.
 *
 * out  NULL when none is due; else released with tally_prepared_snapshots_free()
 *
 * TALLY_E_LIMIT  more than TALLY_SNAPSHOT_PEOPLE_MAX; and what people->each fails with */
TALLY_MUST_CHECK tally_rc tally_snapshots_prepare(tally_prepared_snapshots **out,
                                                  tally_ledger *ledger,
                                                  const tally_snapshot_people *people,
                                                  tally_err *err);

/* Within a transaction for writing: append their entries, store their rows and what opens the
 * newest. Takes only what is still due. TALLY_E_RETRY: a policy was published since; prepare anew.
 */
TALLY_MUST_CHECK tally_rc tally_snapshots_take(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_prepared_snapshots *prepared, tally_err *err);

/* Wipes. NULL is allowed. */
void tally_prepared_snapshots_free(tally_prepared_snapshots *prepared);

/* ---- what is stored ------------------------------------------------------------- */

/* What opens a subject's row in the newest snapshot that it has one in. */
typedef struct tally_snapshot_opening {
    uint32_t epoch;
    uint8_t salt[TALLY_KEY_BYTES];
    tally_text state;
} tally_snapshot_opening;

/* Within a transaction. key and rid: the member's, NULL for an organisation. state lives in the
 * arena.
 * TALLY_E_CORRUPT: it does not open. */
TALLY_MUST_CHECK tally_rc tally_snapshot_open(tally_store_transaction *transaction, int64_t subject,
                                              const uint8_t *key, const uint8_t *rid,
                                              tally_arena *arena, tally_snapshot_opening *out,
                                              bool *out_is_found, tally_err *err);

/* The newest snapshot: what it was computed at, and what opens the rows that are nobody's. */
typedef struct tally_snapshot_newest {
    uint64_t index; /* of its entry */
    int64_t as_of_ms;
    size_t pad_count;
    const uint8_t *pads; /* label and salt, TALLY_STATE_ROW_BYTES each, in no order */
} tally_snapshot_newest;

/* Within a transaction. pads live in the arena. TALLY_E_CORRUPT: it is damaged. */
TALLY_MUST_CHECK tally_rc tally_snapshot_load_newest(tally_store_transaction *transaction,
                                                     tally_arena *arena, tally_snapshot_newest *out,
                                                     bool *out_is_found, tally_err *err);

/* Within a transaction: a subject is erased. */
TALLY_MUST_CHECK tally_rc tally_snapshot_forget(tally_store_transaction *transaction,
                                                int64_t subject, tally_err *err);

/* The name under which SNAPSHOT_ROWS keeps a bucket. */
#define TALLY_SNAPSHOT_NAME_BYTES 12
tally_text tally_snapshot_rows_name(uint8_t out[static TALLY_SNAPSHOT_NAME_BYTES], uint64_t index,
                                    uint32_t bucket);

#endif
