/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend between processes, some of which are killed. */

#include "unit.h"

#include "conformance.h"
#include "fault_vfs.h"
#include "store/sqlite/sqlite_store.h"

static tally_rc open_store(tally_store **out_store, const char *path, tally_store_mode mode,
                           tally_err *err)
{
    static const tally_sqlite_options options = {
        .vfs_name = FAULT_VFS_NAME, .heads_interval = 7, .wal_pages_max = 25, .busy_ms = 2000
    };

    return tally_sqlite_open(out_store, path, mode, &options, err);
}

int main(void)
{
    static const store_backend backend = { .name = "SQLite",
                                           .open = open_store,
                                           .faults = &fault_vfs_faults };

    fault_vfs_register();
    return store_conformance_kills(&backend) == 0 ? 0 : 1;
}
