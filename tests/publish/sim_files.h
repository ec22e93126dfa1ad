/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SIM_FILES_H
#define TALLY_TESTS_SIM_FILES_H

/* A disk in memory that can fail and crash. Content and names of files are each
 * there twice: as a running program sees them, and as they are on the disk. Only
 * a sync makes the second like the first; a crash may leave of everything else
 * the old, the new, or for content a part. After a failed sync the kernel takes
 * the content for written: later syncs succeed and write nothing. */

#include <stdbool.h>
#include <stdint.h>
#include "publish/files.h"

typedef struct sim_files sim_files;

typedef enum sim_fault {
    SIM_NOTHING,
    SIM_CRASH,   /* this and every later operation fails: the machine is off */
    SIM_FAIL,    /* the operation fails with EIO */
    SIM_NO_SPACE /* from this operation on no write and no new file has room */
} sim_fault;

sim_files *sim_files_new(uint64_t seed);
void sim_files_free(sim_files *sim);
tally_files sim_files_calls(sim_files *sim);

/* At the nth operation from now on, 0 being the next. */
void sim_files_fault(sim_files *sim, sim_fault fault, uint64_t nth);
uint64_t sim_files_count(const sim_files *sim); /* operations since the fault was set */
bool sim_files_is_faulted(const sim_files *sim);

/* Call this at every operation, before it happens. */
void sim_files_observe(sim_files *sim, void (*observer)(void *context), void *context);

/* The machine goes off and on: what was not synced is lost, in part, or kept.
 * All handles and locks are gone; faults are over. */
void sim_files_reboot(sim_files *sim);

/* The process ends, the machine does not: handles and locks are gone. */
void sim_files_end_process(sim_files *sim);

/* For tests: the content of a file as seen now, or NULL. */
const char *sim_files_content(sim_files *sim, const char *path, size_t *out_count);
void sim_files_put(sim_files *sim, const char *path, const void *bytes, size_t count);
bool sim_files_delete(sim_files *sim, const char *path);

/* Copy all that is seen into a folder of the system's files. */
void sim_files_export(sim_files *sim, const char *path);

/* The handle that paths begin in. */
#define SIM_ROOT 1000000

#endif
