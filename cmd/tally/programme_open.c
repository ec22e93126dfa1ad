/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a programme for a command, and saying what was refused. */

#include <stdio.h>
#include <time.h>

#include "command.h"
#include "programme.h"
#include "util/civil.h"

/* What a clock may say: from 1970, and so that a century on from then is of the calendar too, as what
 * lapses, begins or has to be gone by then is written down. */
#define CLOCK_DAY_MAX (TALLY_DAY_MAX - 36525)

/* How long a member waits for another process that writes. */
#define WAIT_STEP_MS  50
#define WAIT_STEP_MAX 200 /* ten seconds in all */

static int64_t system_ms(void *context)
{
    struct timespec now = { 0 };

    (void)context;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool tally_cmd_clock(const char *command, const char *now, tally_clock *out)
{
    tally_moment moment;

    *out = (tally_clock){ .now_ms = system_ms };
    if (now == NULL)
        return true;
    if (tally_time_parse(&moment, tally_text_from(now), TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
        !moment.has_offset) {
        fprintf(stderr,
                "tally %s: '%s' is no instant: write it as 2026-11-21T09:30:00Z, with an offset "
                "from UTC\n",
                command, now);
        return false;
    }
    if (moment.day < 0 || moment.day > CLOCK_DAY_MAX) {
        fprintf(stderr, "tally %s: '%s' is no instant for a clock: say one from 1970 to 9899\n",
                command, now);
        return false;
    }
    *out = (tally_clock){ .fixed_ms = tally_moment_ms(moment, 0) };
    return true;
}

int tally_cmd_refused(const char *command, const tally_denial *denial, const tally_err *err)
{
    if (denial != NULL && denial->code != NULL) {
        fprintf(stderr, "tally %s: %s (%s%s%s)\n", command, denial->message, denial->code,
                denial->right[0] != '\0' ? ", " : "", denial->right);
        if (denial->remedy[0] != '\0')
            fprintf(stderr, "  next: %s\n", denial->remedy);
        return TALLY_EXIT_FAILED;
    }
    fprintf(stderr, "tally %s: %s\n", command, err->message);
    return err->rc == TALLY_E_IO ? TALLY_EXIT_FILES : TALLY_EXIT_FAILED;
}

static int open_programme(tally_opened_programme *out, const char *command, const char *folder,
                          const char *now, bool is_for_writing, unsigned step_max)
{
    const struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };
    tally_ledger_options options = { .folder = folder, .is_for_writing = is_for_writing };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    out->ledger = NULL;
    tally_system_zones_init(&out->zones);
    options.zones = out->zones.source;
    if (!tally_cmd_clock(command, now, &options.clock))
        return TALLY_EXIT_USAGE;
    for (unsigned i = 0;; i++) {
        rc = tally_ledger_open(&out->ledger, &options, &err);
        if (rc != TALLY_E_CONFLICT || i == step_max)
            break;
        err = (tally_err)TALLY_ERR_INIT;
        (void)nanosleep(&step, NULL);
    }
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_cmd_refused(command, NULL, &err);
}

int tally_cmd_open_programme(tally_opened_programme *out, const char *command, const char *folder,
                             const char *now, bool is_for_writing)
{
    return open_programme(out, command, folder, now, is_for_writing, 0);
}

int tally_cmd_await_programme(tally_opened_programme *out, const char *command, const char *folder,
                              const char *now, bool is_for_writing)
{
    return open_programme(out, command, folder, now, is_for_writing, WAIT_STEP_MAX);
}

void tally_cmd_close_programme(tally_opened_programme *programme)
{
    tally_ledger_close(programme->ledger);
    tally_system_zones_free(&programme->zones);
}
