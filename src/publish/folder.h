/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_FOLDER_H
#define TALLY_PUBLISH_FOLDER_H

/* Durable files in a folder (docs/formats/log-state.md, section 2).
 *
 * A file is written under another name beside its place, synced, renamed into
 * its place, and then the folder that holds it is synced, and the folders above
 * that: after tally_folder_settle() a crash cannot take it away, and before it
 * there is either no file of that name or a whole one. The folder is held open
 * from before the first write to its sync, else the kernel could forget an error
 * of it in between.
 *
 * After a failed sync nobody knows what is on the disk: the folder is broken,
 * every later call fails, and the process should end. One thread at a time. */

#include "publish/files.h"
#include "tally/base.h"
#include "tlog/reading.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_FOLDER_PATH_BYTES ((size_t)256)

typedef struct tally_folder {
    const tally_files *files;
    const char *name; /* for messages */
    int handle;
    /* The folder below that was written to last. */
    char below[TALLY_FOLDER_PATH_BYTES];
    int below_handle; /* -1: none */
    bool is_unsettled;
    bool is_broken;
} tally_folder;

/* Open a folder, making it when it is not there.
 *
 * out   is ended with tally_folder_close(), also after a failure
 * path  also its name in messages; must outlive it
 *
 * TALLY_E_IO  the system refused */
TALLY_MUST_CHECK tally_rc tally_folder_open(tally_folder *out, const tally_files *files, int at,
                                            const char *path, tally_err *err);

/* The same without making it; nothing is written through it. */
TALLY_MUST_CHECK tally_rc tally_folder_open_present(tally_folder *out, const tally_files *files,
                                                    int at, const char *path, tally_err *err);

/* Does not settle. A folder that is all zero is allowed. */
void tally_folder_close(tally_folder *folder);

/* Read a whole file into out, which is reset first.
 *
 * out_exists  false: there is none, and out is empty
 *
 * TALLY_E_IO     the system refused
 * TALLY_E_LIMIT  it is longer than out may be
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_folder_read(tally_folder *folder, const char *path,
                                            tally_buffer *out, bool *out_exists, tally_err *err);

/* The files of the folder, for readers of a log. */
tally_files_source tally_folder_source(tally_folder *folder);

/* What to do when the file is there already with other content. */
typedef enum tally_folder_rule {
    TALLY_FOLDER_SIGNED, /* a signed head covers it: only what begins it may stand there */
    TALLY_FOLDER_DRAFT,  /* left from a crash: replace it */
    TALLY_FOLDER_REPLACE /* the one file that changes: replace it, and settle at once */
} tally_folder_rule;

/* Write a file of this content, or find it there. Durable after the next
 * tally_folder_settle() that succeeds.
 *
 * TALLY_E_IO       the system refused; after a failed sync the folder is broken
 * TALLY_E_CORRUPT  TALLY_FOLDER_SIGNED, and another content stands there
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_folder_write(tally_folder *folder, const char *path,
                                             tally_text content, tally_folder_rule rule,
                                             tally_err *err);

/* Make what was written durable. TALLY_E_IO: the folder is broken. */
TALLY_MUST_CHECK tally_rc tally_folder_settle(tally_folder *folder, tally_err *err);

/* Remove a folder of files, not of folders, and all in it. That it is gone need
 * not be durable. TALLY_OK also when there is none. */
TALLY_MUST_CHECK tally_rc tally_folder_remove_flat(tally_folder *folder, const char *path,
                                                   tally_err *err);

#endif
