/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_SECRET_FILE_H
#define TALLY_CRYPTO_SECRET_FILE_H

/* Small files that hold secrets: only their owner may read them, and what was written
 * is on the disk when a call returns. */

#include <stdbool.h>
#include <stddef.h>
#include "tally/base.h"

/* Create a file of mode 0600; content, file and folder are synced.
 *
 * TALLY_E_CONFLICT  something is there already, which is left alone
 * TALLY_E_IO        it cannot be written; what was begun is removed again */
TALLY_MUST_CHECK tally_rc tally_secret_file_create(const char *path, const void *bytes,
                                                   size_t count, tally_err *err);

/* Put new content in the place of a file, or create it: readers and a crash see the old
 * content or the new, whole. The new is written to `PATH.new` first; one that a crash
 * left behind is removed.
 *
 * TALLY_E_IO  the old file is still there */
TALLY_MUST_CHECK tally_rc tally_secret_file_replace(const char *path, const void *bytes,
                                                    size_t count, tally_err *err);

/* Read a whole file into out.
 *
 * out_count       how many bytes
 * out_is_exposed  whether its group or others may read or write it; with NULL such a
 *                 file is refused
 *
 * TALLY_E_DENIED  exposed; its bytes were not read
 * TALLY_E_LIMIT   more than bytes_max bytes
 * TALLY_E_IO      no regular file, or it cannot be read
 *
 * After a failure nothing that was read is left in out. */
TALLY_MUST_CHECK tally_rc tally_secret_file_read(void *out, size_t bytes_max, size_t *out_count,
                                                 bool *out_is_exposed, const char *path,
                                                 tally_err *err);

#endif
