/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_FILES_H
#define TALLY_TESTS_FILES_H

/* Reading files of the source tree in unit tests. Include unit.h first. */

#include <stdio.h>
#include <stdlib.h>

#include "util/buffer.h"

/* The whole of a file below the source root; what cannot be read fails the test. */
static inline void file_read(tally_buffer *out, const char *name)
{
    const char *root = getenv("TALLY_SOURCE_ROOT");
    char path[1024];
    char chunk[4096];
    size_t count;
    FILE *file;

    assert_true(snprintf(path, sizeof(path), "%s/%s", root != NULL ? root : ".", name) <
                (int)sizeof(path));
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    tally_buffer_init(out, (size_t)16 << 20);
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(tally_buffer_append(out, chunk, count), TALLY_OK);
    assert_int_equal(fclose(file), 0);
}

#endif
