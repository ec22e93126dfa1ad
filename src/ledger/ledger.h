/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_LEDGER_H
#define TALLY_LEDGER_LEDGER_H

/* A programme opened: its folder, store, keys and compiled policy. docs/ledger.md
 * is the design. The use cases are one header each beside this one; they are the
 * only places where transactions begin and end, through tally_ledger_run(). They
 * read no clock and draw no random number but through what was given at opening.
 *
 * A tally_ledger belongs to one thread; another thread opens another one for reading. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/random.h"
#include "store/store.h"
#include "tally/base.h"
#include "tally/policy.h"
#include "util/clock.h"
#include "util/text.h"

typedef struct tally_ledger tally_ledger;

/* What a refusal says to whoever asked: a stable code, the right at stake, what was not done
 * and why, and what to do next. Filled when a use case returns TALLY_E_DENIED, TALLY_E_CONFLICT or
 * TALLY_E_INVALID for a reason of the ledger's; err then has the same as one sentence. */
typedef struct tally_denial {
    const char *code;  /* "E_CONSENT_NONE"; NULL: nothing was denied */
    const char *right; /* "R1", or "" */
    char message[320];
    char remedy[240];
} tally_denial;

/* Fill a denial (may be NULL) and err, and return rc. code, right and remedy are literals. */
tally_rc tally_deny(tally_denial *denial, tally_err *err, tally_rc rc, const char *code,
                    const char *right, const char *remedy, const char *format, ...)
    TALLY_PRINTF(7, 8);

typedef struct tally_ledger_options {
    const char *folder;
    bool is_for_writing; /* else nothing is changed, and no lock is taken */
    /* A programme with a simulated clock is written by a fixed one only (util/clock.h), and, read
     * by another, stands at its last recorded instant. Every other programme refuses a fixed one. */
    tally_clock clock;
    const tally_random *random; /* NULL: the system's */
    tally_zone_source zones;    /* for new policies; published ones carry theirs */
    bool is_restoring;          /* opens DIR/restore.db, and catches up with nothing (restore.h) */
} tally_ledger_options;

/* Open a programme. For writing: replays DIR/erasures when something in it is still there.
 * TALLY_E_INVALID: no programme there, or keys readable by others (says which);
 * TALLY_E_CONFLICT: another process writes;
 * TALLY_E_CORRUPT: policy, keys and store do not belong together. */
TALLY_MUST_CHECK tally_rc tally_ledger_open(tally_ledger **out_ledger,
                                            const tally_ledger_options *options, tally_err *err);
/* Wipes the keys. NULL is allowed. */
void tally_ledger_close(tally_ledger *ledger);

/* What is fixed or known at opening; texts live as long as the ledger. */
tally_text tally_ledger_origin(const tally_ledger *ledger);
tally_text tally_ledger_did(const tally_ledger *ledger); /* of the operator key */
bool tally_ledger_is_pilot(const tally_ledger *ledger);
bool tally_ledger_is_simulated(const tally_ledger *ledger);
/* The whole published chain, compiled from its frozen text. Replaced when one is published. */
const tally_policy *tally_ledger_policy(const tally_ledger *ledger);
/* The instant to record now: the later of the clock and the last one recorded. */
int64_t tally_ledger_now_ms(const tally_ledger *ledger);

/* Run work within one transaction: commits when it returns TALLY_OK, else undoes everything and
 * returns its result; runs it again, at most 3 times, on TALLY_E_RETRY. They do not nest. */
typedef tally_rc (*tally_ledger_work)(tally_ledger *ledger, tally_store_transaction *transaction,
                                      void *context, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_ledger_run(tally_ledger *ledger, bool is_for_writing,
                                           tally_ledger_work work, void *context, tally_err *err);

#endif
