/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_LEDGER_INTERNAL_H
#define TALLY_LEDGER_LEDGER_INTERNAL_H

/* What the use cases share among themselves. Functions that take a transaction are called within
 * tally_ledger_run() only, and leave committing to it. */

#include "ledger/ledger.h"
#include "message/values.h"
#include "policy/program.h"
#include "util/arena.h"
#include "util/buffer.h"

#define TALLY_KEY_BYTES 32
#define TALLY_RID_BYTES 16

#define TALLY_LEDGER_VERSIONS_MAX 64u /* of a policy: TALLY_VERSIONS_MAX */

/* Secrets of the programme, in locked memory; wiped by tally_ledger_close(). */
typedef struct tally_ledger_keys {
    uint8_t operator_seed[TALLY_KEY_BYTES];
    uint8_t programme_key[TALLY_KEY_BYTES];
} tally_ledger_keys;

/* META `state`: what there is one of and changes with nearly every transaction. Loaded when a
 * transaction begins, written by tally_ledger_run() before it commits if it was changed. */
typedef struct tally_ledger_state {
    int64_t recorded_ms; /* the last recorded instant */
    int64_t last_subject, last_source, last_batch, last_receipt, last_access, last_certificate;
    uint64_t log_size;   /* entries in the journal */
    uint32_t log_policy; /* the version that the newest entry of kind 2 commits, 0: none yet */
    uint32_t epoch;      /* of the next entry: days since the programme was made, as of a beat */
    uint32_t snapshots;  /* how many there are: that of epoch n is the (n + 1)th */
    uint64_t beat;       /* the newest beat that was closed */
    uint64_t beat_until; /* up to which index it reaches, not including it */
    uint8_t access_chain[TALLY_KEY_BYTES];
    bool is_changed;
} tally_ledger_state;

struct tally_ledger {
    tally_ledger_options options; /* random is never NULL */
    const char *folder;
    tally_store *store;
    tally_ledger_keys *keys;
    tally_policy *policy; /* the published chain */
    tally_text origin, did;
    bool is_pilot, is_simulated, is_about_organisations;
    uint32_t policy_version; /* number of the newest one, which need not have begun */
    /* When each version began or will; the first has no beginning: INT64_MIN. */
    int64_t policy_begins_ms[TALLY_LEDGER_VERSIONS_MAX];
    int64_t policy_published_ms[TALLY_LEDGER_VERSIONS_MAX];
    bool policy_is_worse[TALLY_LEDGER_VERSIONS_MAX]; /* binds a member with a receipt only (R1) */
    tally_ledger_state state;                        /* as of the running transaction */
    int64_t created_ms;
    tally_arena *arena; /* of the texts above */
    void *caches;       /* admit.c's: keys, marks and rates kept between batches; see admit.h */
    void (*free_caches)(void *caches);
};

/* Instant to record within this transaction; moves state.recorded_ms on. */
int64_t tally_ledger_stamp(tally_ledger *ledger);

/* Instants in documents are those of util/civil.h: tally_instant_format() with offset 0. */

/* Read the newest published chain from the store and put it in the place of the one before. Called
 * after the transaction that publishes a version. On failure the old one stays. */
TALLY_MUST_CHECK tally_rc tally_ledger_load_policy(tally_ledger *ledger,
                                                   tally_store_transaction *transaction,
                                                   tally_err *err);

/* "DIR/name" in the arena. */
TALLY_MUST_CHECK tally_rc tally_ledger_path(const tally_ledger *ledger, tally_arena *arena,
                                            const char *name, const char **out_path,
                                            tally_err *err);

#endif
