/* SPDX-License-Identifier: Apache-2.0 */
/* `tally check`: is a programme's ledger whole? And `tally verify-export`: does an export hold by itself? */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json/value.h"
#include "ledger/check.h"
#include "ledger/export.h"
#include "load.h"
#include "programme.h"

#define EXPORT_ARENA_BYTES ((size_t)1 << 30)

static void print_check_help(FILE *stream)
{
    fputs("Usage: tally check DIR\n"
          "\n"
          "Read everything that the programme in the folder DIR has stored and hold it against\n"
          "everything else: the store's structure and chains, each batch's signature, root and\n"
          "promise, each event (opened and hashed again), each log entry and what opens it, the\n"
          "chain of accesses and who is shown them, each receipt, each source and key, the file\n"
          "of erasures. Nothing is changed, and the programme may be in use.\n"
          "\n"
          "Exit status: 0 it is whole, 1 it is damaged or no programme, 2 the command line makes\n"
          "no sense, 3 a file cannot be read.\n",
          stream);
}

/* On a terminal only, on one line that is written over. */
static void show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    if (*(const bool *)context)
        fprintf(stderr, "\r\033[K%s %" PRIu64 " of %" PRIu64, what, done, total);
}

static int check(const char *folder)
{
    bool is_shown = isatty(STDERR_FILENO) != 0;
    tally_opened_programme programme = { .ledger = NULL };
    tally_err err = TALLY_ERR_INIT;
    tally_check_report report;
    int status = tally_cmd_open_programme(&programme, "check", folder, NULL, false);
    tally_rc rc = TALLY_OK;

    if (status == TALLY_EXIT_OK)
        rc = tally_ledger_check(programme.ledger, &report, show_progress, &is_shown, &err);
    tally_cmd_close_programme(&programme);
    if (status != TALLY_EXIT_OK)
        return status;
    if (is_shown)
        fputs("\r\033[K", stderr);
    if (rc != TALLY_OK) {
        puts(rc == TALLY_E_CORRUPT ? "check: result=damaged" : "check: result=incomplete");
        return tally_cmd_refused("check", NULL, &err);
    }
    printf("batches         %" PRIu64 "\n"
           "events          %" PRIu64 ", each opened and hashed again\n"
           "log entries     %" PRIu64 " records (%" PRIu64 " erased), %" PRIu64 " documents\n"
           "plaintext reads %" PRIu64 "\n"
           "check: result=whole\n",
           report.batch_count, report.event_count, report.record_count, report.erased_record_count,
           report.document_count, report.access_count);
    return TALLY_EXIT_OK;
}

int tally_cmd_check(int argc, char **argv)
{
    if (tally_cmd_wants_help(argc, argv)) {
        print_check_help(stdout);
        return TALLY_EXIT_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        print_check_help(stderr);
        return TALLY_EXIT_USAGE;
    }
    return check(argv[1]);
}

/* ---- exports ------------------------------------------------------------------------- */

static void print_verify_help(FILE *stream)
{
    fputs("Usage: tally verify-export FILE [--programme-did DID]\n"
          "\n"
          "Check an export by itself: the programme's signature, every event against what its\n"
          "source signed, every receipt; and compute the statement again from the events and the\n"
          "policy in it. No network, no folder and no clock is needed. - is standard input.\n"
          "\n"
          "  --programme-did DID   the key that must have signed; else the one in the file\n"
          "\n"
          "Exit status: 0 the statement is the same, 1 it differs or something does not hold,\n"
          "3 the file cannot be read.\n",
          stream);
}

static int tell_report(const tally_export_report *report, bool has_did)
{
    printf("programme   %.*s\n            %.*s%s\n"
           "subject     %.*s\n"
           "events      %u from %u batches, each its source's word\n"
           "receipts    %u, signed by both\n"
           "accesses    %u\n",
           TALLY_TEXT_ARGS(report->programme), TALLY_TEXT_ARGS(report->programme_did),
           has_did ? "" : " (as the file says)", TALLY_TEXT_ARGS(report->subject),
           report->event_count, report->batch_count, report->receipt_count, report->access_count);
    if (report->is_same) {
        puts("verify-export: result=same");
        return TALLY_EXIT_OK;
    }
    printf("differs     %.*s\nverify-export: result=different\n",
           TALLY_TEXT_ARGS(report->difference));
    return TALLY_EXIT_FAILED;
}

static int verify(const char *path, const char *did)
{
    tally_arena *arena = tally_arena_new(EXPORT_ARENA_BYTES);
    tally_err err = TALLY_ERR_INIT;
    tally_export_report report;
    int status = TALLY_EXIT_FILES;
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_JSON_BYTES_MAX + 2);
    rc = arena != NULL ? tally_cmd_read_file(&text, path, &err)
                       : tally_err_set(&err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK) {
        rc = tally_export_verify(tally_text_trim(tally_buffer_text(&text)), tally_text_from(did),
                                 arena, &report, &err);
        if (rc == TALLY_OK)
            status = tell_report(&report, did != NULL);
        else
            status = rc == TALLY_E_NOMEM ? TALLY_EXIT_FILES : TALLY_EXIT_FAILED;
        if (rc != TALLY_OK)
            puts("verify-export: result=invalid");
    }
    if (rc != TALLY_OK)
        fprintf(stderr, "tally verify-export: %s: %s\n", path, err.message);
    tally_buffer_free(&text);
    tally_arena_free(arena);
    return status;
}

int tally_cmd_verify_export(int argc, char **argv)
{
    const char *path = NULL, *did = NULL;

    if (tally_cmd_wants_help(argc, argv)) {
        print_verify_help(stdout);
        return TALLY_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--programme-did") == 0 && i + 1 < argc) {
            did = argv[++i];
        } else if (path == NULL && (argv[i][0] != '-' || argv[i][1] == '\0')) {
            path = argv[i];
        } else {
            print_verify_help(stderr);
            return TALLY_EXIT_USAGE;
        }
    }
    if (path == NULL) {
        print_verify_help(stderr);
        return TALLY_EXIT_USAGE;
    }
    return verify(path, did);
}
