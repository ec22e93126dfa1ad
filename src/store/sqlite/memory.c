/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's memory through util/alloc.h, so that a test can fail any allocation.
 *
 * SQLite asks for the size of a block, which util/alloc.h does not know: it stands in
 * front of the block, in as many bytes as keep the alignment. */

#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <string.h>
#include <threads.h>

#include "store/sqlite/internal.h"
#include "util/alloc.h"

#define FRONT_BYTES 16
static_assert(FRONT_BYTES >= alignof(max_align_t) && FRONT_BYTES >= sizeof(int),
              "the size in front keeps blocks aligned");

static void *with_size(char *front, int bytes)
{
    if (front == NULL)
        return NULL;
    memcpy(front, &bytes, sizeof(bytes));
    return front + FRONT_BYTES;
}

static void *take(int bytes)
{
    /* bytes is below INT_MAX minus 256 for SQLite. */
    return with_size(tally_alloc((size_t)bytes + FRONT_BYTES), bytes);
}

static void give_back(void *block)
{
    if (block != NULL)
        tally_release((char *)block - FRONT_BYTES);
}

static int size_of(void *block)
{
    int bytes = 0;

    if (block != NULL)
        memcpy(&bytes, (char *)block - FRONT_BYTES, sizeof(bytes));
    return bytes;
}

static void *resize(void *block, int bytes)
{
    return with_size(tally_realloc((char *)block - FRONT_BYTES, (size_t)bytes + FRONT_BYTES),
                     bytes);
}

static int round_up(int bytes)
{
    return bytes > INT_MAX - 7 ? bytes : (bytes + 7) & ~7;
}

static int begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void end(void *context)
{
    (void)context;
}

static int start_code;

static void start(void)
{
    static const sqlite3_mem_methods methods = { .xMalloc = take,
                                                 .xFree = give_back,
                                                 .xRealloc = resize,
                                                 .xSize = size_of,
                                                 .xRoundup = round_up,
                                                 .xInit = begin,
                                                 .xShutdown = end };

    /* Where a program uses SQLite itself and has started it before us, both answer
     * SQLITE_MISUSE and its memory stays as it is. */
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    start_code = sqlite3_initialize();
}

tally_rc tally_sqlite_start(tally_err *err)
{
    static once_flag once = ONCE_FLAG_INIT;

    call_once(&once, start);
    if (start_code == SQLITE_OK)
        return TALLY_OK;
    /* A start that failed for lack of memory is tried again. */
    if (sqlite3_initialize() == SQLITE_OK)
        return TALLY_OK;
    return tally_err_set(err, tally_sqlite_rc(start_code), 0, "starting SQLite: %s",
                         sqlite3_errstr(start_code));
}
