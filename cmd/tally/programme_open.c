/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a programme for a command, and saying what was refused. */

#include <stdio.h>
#include <time.h>

#include "command.h"
#include "programme.h"
#include "util/civil.h"

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

int tally_cmd_open_programme(tally_opened_programme *out, const char *command, const char *folder,
                             const char *now, bool is_for_writing)
{
    tally_ledger_options options = { .folder = folder, .is_for_writing = is_for_writing };
    tally_err err = TALLY_ERR_INIT;

    out->ledger = NULL;
    tally_system_zones_init(&out->zones);
    options.zones = out->zones.source;
    if (!tally_cmd_clock(command, now, &options.clock))
        return TALLY_EXIT_USAGE;
    if (tally_ledger_open(&out->ledger, &options, &err) != TALLY_OK)
        return tally_cmd_refused(command, NULL, &err);
    return TALLY_EXIT_OK;
}

void tally_cmd_close_programme(tally_opened_programme *programme)
{
    tally_ledger_close(programme->ledger);
    tally_system_zones_free(&programme->zones);
}
