/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_FILES_H
#define TALLY_PUBLISH_FILES_H

/* The file operations that the publisher uses, one function each, so that a test
 * can fail any of them, or end the world after it.
 *
 * Each returns 0, a handle or a count, and on failure the negative of an errno.
 * Paths are relative to the folder of a handle and use `/`. No call follows what
 * is not a regular file or a folder. One thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tally_files_mode {
    TALLY_FILES_READ,
    TALLY_FILES_NEW,   /* to write; -EEXIST when it is there already */
    TALLY_FILES_APPEND /* to read, and to write at the end; made when it is not there */
} tally_files_mode;

/* Takes a name found in a folder; false ends the listing. */
typedef struct tally_files_lister {
    void *context;
    bool (*take)(void *context, const char *name);
} tally_files_lister;

typedef struct tally_files_calls {
    int (*open_folder)(void *context, int at, const char *path);
    int (*make_folder)(void *context, int at, const char *path);
    int (*open)(void *context, int at, const char *path, tally_files_mode mode);
    /* Up to count bytes from an offset; less only at the end of the file. */
    int64_t (*read)(void *context, int file, void *out, size_t count, uint64_t offset);
    /* All of it, or a failure; part of it may then be written. */
    int (*write)(void *context, int file, const void *bytes, size_t count);
    int (*cut)(void *context, int file, uint64_t size);
    /* Of a file or a folder: durable once this returned 0. After a failure nobody
     * knows what is on the disk; the caller stops at once. */
    int (*sync)(void *context, int handle);
    int64_t (*size)(void *context, int file);
    int (*rename)(void *context, int at, const char *from, const char *to);
    int (*remove)(void *context, int at, const char *path, bool is_folder);
    /* Lock a file for this process alone; -EWOULDBLOCK when another has it. */
    int (*lock)(void *context, int file);
    /* Names of what is in a folder, without `.` and `..`, in any order. */
    int (*list)(void *context, int folder, const tally_files_lister *lister);
    void (*close)(void *context, int handle);
} tally_files_calls;

typedef struct tally_files {
    void *context;
    const tally_files_calls *calls;
} tally_files;

/* Those of the operating system. Its handles are descriptors, `at` may be
 * AT_FDCWD. */
extern const tally_files tally_files_system;

#endif
