/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend through the suite, with checkpoints of the heads and of the log
 * so close together that every test crosses some. */

#include "unit.h"

#include "conformance.h"
#include "store/sqlite/sqlite_store.h"

static tally_rc open_store(tally_store **out_store, const char *path, tally_store_mode mode,
                           tally_err *err)
{
    static const tally_sqlite_options options = { .heads_interval = 5,
                                                  .wal_pages_max = 20,
                                                  .busy_ms = 100 };

    return tally_sqlite_open(out_store, path, mode, &options, err);
}

int main(void)
{
    static const store_backend backend = { .name = "SQLite", .open = open_store };

    return store_conformance(&backend) == 0 ? 0 : 1;
}
