/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_BACKUP_H
#define TALLY_LEDGER_BACKUP_H

/* Copies of the store, and coming back from one (docs/ledger.md sections 7 and 8).
 *
 * A backup is the store alone. Keys, the file of erasures and the public log are kept apart from it,
 * else it would be a second way in, or bring back who left. */

#include "ledger/ledger.h"
#include "util/buffer.h"

/* Copy the store into a new file while others use it. path NULL: DIR/backups/ledger-<instant>.db.
 * The name is appended to out_path, started by the caller. Durable when this returns.
 *
 * TALLY_E_CONFLICT: there is a file of that name. TALLY_E_IO, TALLY_E_NOMEM, TALLY_E_CORRUPT. */
TALLY_MUST_CHECK tally_rc tally_ledger_backup(tally_ledger *ledger, const char *path,
                                              tally_buffer *out_path, tally_store_progress progress,
                                              void *context, tally_err *err);

typedef struct tally_restore_options {
    const char *folder, *backup;
    bool replaces; /* a store that is there; else that is a conflict */
    tally_clock clock;
    const tally_random *random; /* NULL: the system's */
    tally_store_progress progress;
    void *context;
} tally_restore_options;

typedef struct tally_restore_report {
    uint64_t erased;     /* members that had left since */
    uint64_t entries;    /* of the log that the backup lacked */
    uint64_t lost;       /* of those, records whose content is gone */
    uint64_t policies;   /* versions of the policy among them, which are whole */
    int64_t recorded_ms; /* the last instant that the backup knows */
} tally_restore_report;

/* Put a backup in the place of a folder's store. In this order, on a copy that only then gets its
 * place: erase again whoever left since; take over from the public log the entries that the backup does
 * not have, so that it can be published on; note all this as an entry of its own. The publisher's heads are
 * read, to know how far the log was signed, and never written.
 *
 * TALLY_E_CONFLICT  there is a store, or another process writes to it
 * TALLY_E_INVALID   it is no backup; there is no file of erasures (an empty one says that nobody left)
 * TALLY_E_CORRUPT   backup, keys, file of erasures and log do not belong together
 * TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_ledger_restore(const tally_restore_options *options,
                                               tally_restore_report *out_report, tally_err *err);

#endif
