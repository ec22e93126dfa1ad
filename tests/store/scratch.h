/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SCRATCH_H
#define TALLY_TESTS_SCRATCH_H

/* A folder of a test's own. Whatever fails in here ends the program. */

#include <stdbool.h>
#include <stddef.h>

#define SCRATCH_PATH_BYTES 512

typedef struct scratch {
    char folder[SCRATCH_PATH_BYTES];
    char path[SCRATCH_PATH_BYTES + 64]; /* what scratch_path() gave last */
} scratch;

void scratch_begin(scratch *self);
/* Remove the folder and what is in it. */
void scratch_end(scratch *self);
/* FOLDER/name, until the next call. */
const char *scratch_path(scratch *self, const char *name);

/* Copy a file, or take away that of the name when there is none. */
void scratch_copy(const char *from, const char *to);
void scratch_write(const char *path, const void *bytes, size_t count);
/* Does any file of the folder contain the bytes? Says which on standard output. */
bool scratch_has_bytes(const scratch *self, const void *bytes, size_t count);

#endif
