/* SPDX-License-Identifier: Apache-2.0 */
/* `tally sweep`: what has been kept long enough goes. */

#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "ledger/sweep.h"
#include "programme.h"

static void print_help(void)
{
    fputs("Usage: tally sweep DIR [--now INSTANT] [--no-progress]\n"
          "\n"
          "Remove from the programme in the folder DIR what has been kept long enough: events\n"
          "when the policy's keeps-events is over, accesses and ended receipts after 24 months,\n"
          "members whose last receipt ended so long ago, backups in DIR/backups after 30 days.\n"
          "If somebody left since the last sweep, the store's file is rewritten, so that nothing\n"
          "of it is left on the disk: run this daily, at least every 72 hours.\n"
          "\n"
          "It works in small steps; one that was interrupted goes on with the next.\n",
          stdout);
}

static void show(void *context, const char *what, uint64_t done)
{
    (void)context;
    fprintf(stderr, "\r\033[Ksweeping %s: %llu", what, (unsigned long long)done);
}

static void print_report(const tally_sweep_report *report)
{
    printf("swept: events=%llu receipts=%llu members=%llu accesses=%llu certificates=%llu "
           "nonces=%llu backups=%llu rewritten=%s\n",
           (unsigned long long)report->events, (unsigned long long)report->receipts,
           (unsigned long long)report->members, (unsigned long long)report->accesses,
           (unsigned long long)report->certificates, (unsigned long long)report->nonces,
           (unsigned long long)report->backups, report->has_rewritten ? "yes" : "no");
}

static int sweep(const char *folder, const char *now, bool shows_progress)
{
    tally_opened_programme programme = { .ledger = NULL };
    tally_sweep_report report;
    tally_err err = TALLY_ERR_INIT;
    int status = tally_cmd_open_programme(&programme, "sweep", folder, now, true);

    if (status == TALLY_EXIT_OK) {
        tally_rc rc =
            tally_ledger_sweep(programme.ledger, &report, shows_progress ? show : NULL, NULL, &err);

        if (shows_progress)
            fputs("\r\033[K", stderr);
        print_report(&report);
        if (rc != TALLY_OK)
            status = tally_cmd_refused("sweep", NULL, &err);
    }
    tally_cmd_close_programme(&programme);
    return status;
}

int tally_cmd_sweep(int argc, char **argv)
{
    const char *folder = NULL, *now = NULL;
    bool shows_progress = isatty(STDERR_FILENO);

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-progress") == 0) {
            shows_progress = false;
        } else if (strcmp(argv[i], "--now") == 0 && i + 1 < argc) {
            now = argv[++i];
        } else if (folder == NULL && argv[i][0] != '-') {
            folder = argv[i];
        } else {
            fprintf(stderr, "tally sweep: not understood, or its value is missing: %s\n", argv[i]);
            return TALLY_EXIT_USAGE;
        }
    }
    if (folder == NULL) {
        fputs("tally sweep: name the folder of the programme\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    return sweep(folder, now, shows_progress);
}
