/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_AUDIT_LOG_FOLDER_H
#define TALLY_TESTS_AUDIT_LOG_FOLDER_H

/* Writes the folder of a log for tests and measurements, without any of the care
 * that a publisher takes. Whatever fails ends the program. The seed is that of a
 * published test key. */

#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "tlog/entry.h"
#include "tlog/state.h"

#define LOG_FOLDER_ORIGIN "log.example.org/recognition"

typedef struct log_folder {
    const char *path;
    tally_hash *hash;
    tally_tile_stack stack;
    tally_buffer bundle;
} log_folder;

/* Write a file below the folder, making the folders it lies in. */
void log_folder_write(const log_folder *folder, const char *path, const void *bytes, size_t count);

void log_folder_begin(log_folder *out, const char *path);

/* Append an entry of any form; full tiles and bundles are written. */
void log_folder_append(log_folder *folder, const void *bytes, size_t count);
void log_folder_append_entry(log_folder *folder, const tally_entry *entry);

/* Write the partial files and the signed checkpoint; frees what the folder owns. */
void log_folder_end(log_folder *folder);

#endif
