/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_STORE_FAULT_VFS_H
#define TALLY_TESTS_STORE_FAULT_VFS_H

/* A file layer for SQLite that lets through everything to the ordinary one, and that
 * a test can tell to count operations, to fail the Nth, to kill the process at the
 * Nth, or to remember what was synced, so that a loss of power can be played:
 *
 *   lasting failure from operation N on, close, lose power, open again
 *
 * What was not synced is then there in part: of the writes since the last sync of
 * their file some are kept, some are not, some are torn; a removed file may be back.
 * A sync that is told to fail loses some of them for good, as kernels do, although
 * they can still be read. One thread; the shared memory is never touched. */

#include <stdbool.h>
#include <stdint.h>
#include "conformance.h"

#define FAULT_VFS_NAME "tally-fault"

/* Once before its name is used. */
void fault_vfs_register(void);

void fault_vfs_fail_at(uint32_t kinds, uint32_t nth, bool is_lasting, bool is_full);
void fault_vfs_fail_never(void);
uint32_t fault_vfs_count(void);
/* From now on: SIGKILL for this process in place of operation nth. */
void fault_vfs_kill_at(uint32_t nth);

/* Forget what was remembered; remember from now on, or not. Files that are opened
 * later count as synced as they are then. Only while no file is open. */
void fault_vfs_watch(bool is_watching);
/* Make every file watched as a loss of power might leave it. Only while none is open. */
void fault_vfs_lose_power(void);

extern const store_faults fault_vfs_faults;

#endif
