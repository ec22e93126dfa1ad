/* SPDX-License-Identifier: Apache-2.0 */
/* getrandom(2) behind a small stock a thread: a system call costs as much as a
 * hundred nonces. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/ed25519.h"
#include "crypto/random.h"

#define STOCK_BYTES 1024
#define DRAW_MAX    256 /* larger draws go past the stock */

/* How often this process was forked off since it first drew; a stock of another
 * generation is the parent's, who hands out the same bytes. */
static atomic_uint generation = 1;
static atomic_bool is_watching;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Thread_local struct {
    uint8_t bytes[STOCK_BYTES];
    size_t left; /* the last `left` bytes were not handed out yet */
    unsigned generation;
} stock;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    atomic_store(&is_watching, pthread_atfork(NULL, NULL, count_fork) == 0);
}

static tally_rc ask_system(void *out, size_t bytes, tally_err *err)
{
    uint8_t *at = out;
    size_t left = bytes;

    while (left > 0) {
        ssize_t got = getrandom(at, left, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            tally_secret_wipe(out, bytes);
            return tally_err_set(err, TALLY_E_IO, 0, "the system gives no random bytes: %s",
                                 strerror(errno));
        }
        at += got;
        left -= (size_t)got;
    }
    return TALLY_OK;
}

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    unsigned now;

    (void)context;
    if (bytes == 0)
        return TALLY_OK;
    if (pthread_once(&once, watch_forks) != 0 || !atomic_load(&is_watching) || bytes > DRAW_MAX)
        return ask_system(out, bytes, err);
    now = atomic_load_explicit(&generation, memory_order_relaxed);
    if (stock.generation != now || stock.left < bytes) {
        tally_rc rc;

        stock.left = 0;
        rc = ask_system(stock.bytes, sizeof(stock.bytes), err);
        if (rc != TALLY_OK) {
            memset(out, 0, bytes);
            return rc;
        }
        stock.left = sizeof(stock.bytes);
        stock.generation = now;
    }
    memcpy(out, stock.bytes + sizeof(stock.bytes) - stock.left, bytes);
    tally_secret_wipe(stock.bytes + sizeof(stock.bytes) - stock.left, bytes);
    stock.left -= bytes;
    return TALLY_OK;
}

const tally_random *tally_random_system(void)
{
    static const tally_random system_source = { NULL, fill };

    return &system_source;
}
