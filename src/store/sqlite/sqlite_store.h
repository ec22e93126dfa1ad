/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_STORE_SQLITE_STORE_H
#define TALLY_STORE_SQLITE_STORE_H

/* Opening the SQLite backend with what only tests and measurements choose. What
 * it returns is an ordinary store of store/store.h. */

#include "store/store.h"

typedef struct tally_sqlite_options {
    const char *vfs_name;   /* SQLite's name of a file layer; NULL: its own */
    int64_t heads_interval; /* events between two checkpoints of the heads; 0: by size */
    uint32_t wal_pages_max; /* pages of the log that start its way into the main file; 0: 4096 */
    uint32_t busy_ms;       /* how long to wait for a reader in the way; 0: 5,000 */
} tally_sqlite_options;

/* tally_store_open() with these; options may be NULL. */
TALLY_MUST_CHECK tally_rc tally_sqlite_open(tally_store **out_store, const char *path,
                                            tally_store_mode mode,
                                            const tally_sqlite_options *options, tally_err *err);

/* The schema version that this program writes. */
int tally_sqlite_schema_version(void);

#endif
