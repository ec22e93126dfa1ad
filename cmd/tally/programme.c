/* SPDX-License-Identifier: Apache-2.0 */
/* A programme's folder, for the commands that work on one. */

#include "programme.h"

#include <stdio.h>
#include <time.h>

#include "command.h"
#include "util/civil.h"

static int64_t system_now_ms(void *context)
{
    struct timespec now;

    (void)context;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool tally_programme_take_now(tally_programme_place *place, const char *value)
{
    tally_moment moment;

    if (tally_time_parse(&moment, tally_text_from(value), TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
        !moment.has_offset)
        return false;
    place->has_now = true;
    place->now_ms = tally_moment_ms(moment, 0);
    return true;
}

tally_clock tally_programme_clock(const tally_programme_place *place)
{
    if (place->has_now)
        return (tally_clock){ .fixed_ms = place->now_ms };
    return (tally_clock){ .now_ms = system_now_ms };
}

static int status_of(tally_rc rc)
{
    return rc == TALLY_E_IO || rc == TALLY_E_NOMEM || rc == TALLY_E_CORRUPT ? TALLY_EXIT_FILES
                                                                            : TALLY_EXIT_FAILED;
}

int tally_programme_open(tally_ledger **out_ledger, const tally_programme_place *place,
                         bool is_for_writing)
{
    const tally_ledger_options options = { .folder = place->folder,
                                           .is_for_writing = is_for_writing,
                                           .clock = tally_programme_clock(place) };
    tally_err err = TALLY_ERR_INIT;

    if (tally_ledger_open(out_ledger, &options, &err) == TALLY_OK)
        return TALLY_EXIT_OK;
    fprintf(stderr, "tally %s: %s\n", place->command, err.message);
    return err.rc == TALLY_E_INVALID || err.rc == TALLY_E_CONFLICT ? TALLY_EXIT_FILES
                                                                   : status_of(err.rc);
}

int tally_programme_refused(const tally_programme_place *place, const tally_denial *denial,
                            const tally_err *err)
{
    if (denial == NULL || denial->code == NULL) {
        fprintf(stderr, "tally %s: %s\n", place->command, err->message);
        return status_of(err->rc);
    }
    fprintf(stderr, "tally %s: %s%s%s: %s\n", place->command, denial->code,
            denial->right[0] != '\0' ? " " : "", denial->right, denial->message);
    if (denial->remedy[0] != '\0')
        fprintf(stderr, "  %s\n", denial->remedy);
    return status_of(err->rc);
}
