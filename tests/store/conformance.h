/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_STORE_CONFORMANCE_H
#define TALLY_TESTS_STORE_CONFORMANCE_H

/* What every backend of store/store.h must do, as tests. A backend is run through
 * it by a program that fills a store_backend and calls the functions below; each
 * runs a group of tests and returns how many failed. */

#include <stdbool.h>
#include "store/store.h"

/* What goes wrong in a layer below the backend; see fault_vfs.h. */
typedef struct store_faults {
    /* From now on count the operations of these kinds and fail that with index nth,
     * and those after it too when is_lasting. */
    void (*fail_at)(uint32_t kinds, uint32_t nth, bool is_lasting, bool is_full);
    void (*fail_never)(void);
    /* How many operations were counted since fail_at(). */
    uint32_t (*count)(void);
    /* From now on: SIGKILL for this process in place of operation nth. */
    void (*kill_at)(uint32_t nth);
    /* Every file is as it was synced last, perhaps with some of what was written since.
     * Only between closing and opening. */
    void (*lose_power)(void);
    /* From now on remember what was synced, or no longer. Only while no store is open. */
    void (*watch)(bool is_watching);
} store_faults;

enum {
    STORE_FAULT_WRITE = 1,
    STORE_FAULT_SYNC = 2,
    STORE_FAULT_TRUNCATE = 4,
    STORE_FAULT_OPEN = 8,
    STORE_FAULT_READ = 16,
    STORE_FAULT_DELETE = 32
};

typedef struct store_backend {
    const char *name;
    tally_rc (*open)(tally_store **out_store, const char *path, tally_store_mode mode,
                     tally_err *err);
    const store_faults *faults; /* NULL: the backend cannot be told to fail */
} store_backend;

int store_conformance(const store_backend *backend);        /* each sentence of store.h */
int store_conformance_faults(const store_backend *backend); /* failing memory, disks, power */
int store_conformance_kills(const store_backend *backend);  /* kill -9; processes */

#endif
