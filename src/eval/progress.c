/* SPDX-License-Identifier: Apache-2.0 */
/* The clock is read once in many calls, and moves nothing but the bar. */

#include "eval/progress.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define CALLS_PER_LOOK 4096u
#define FIRST_MS       1000
#define EACH_MS        100
#define CELLS          30

static int64_t clock_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void tally_progress_start(tally_progress *progress, FILE *stream, bool is_wanted)
{
    *progress = (tally_progress){ 0 };
    if (is_wanted && isatty(fileno(stream)) == 1) {
        progress->stream = stream;
        progress->start_ms = clock_ms();
    }
}

static void draw(tally_progress *progress, const char *what, uint64_t done, uint64_t total)
{
    if (total == 0) {
        fprintf(progress->stream, "\r\033[K%s: %" PRIu64, what, done);
    } else {
        uint64_t cells = done >= total ? CELLS : done * CELLS / total;

        fprintf(progress->stream, "\r\033[K%s [", what);
        for (uint64_t i = 0; i < CELLS; i++)
            fputc(i < cells ? '#' : '.', progress->stream);
        fprintf(progress->stream, "] %3" PRIu64 " %%",
                done >= total ? UINT64_C(100) : done * 100 / total);
    }
    (void)fflush(progress->stream);
    progress->is_shown = true;
}

void tally_progress_tell(tally_progress *progress, const char *what, uint64_t done, uint64_t total)
{
    int64_t now;

    if (progress->stream == NULL || ++progress->reads < CALLS_PER_LOOK)
        return;
    progress->reads = 0;
    now = clock_ms();
    if (now - progress->start_ms < FIRST_MS || now - progress->shown_ms < EACH_MS)
        return;
    progress->shown_ms = now;
    draw(progress, what, done, total);
}

void tally_progress_clear(tally_progress *progress)
{
    if (progress->is_shown) {
        fputs("\r\033[K", progress->stream);
        (void)fflush(progress->stream);
    }
    progress->is_shown = false;
}
