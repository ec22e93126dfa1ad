/* SPDX-License-Identifier: Apache-2.0 */
/* `tally log publish`: the publisher's process. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "programme.h"
#include "publish/links.h"
#include "util/alloc.h"

#define PERIOD_S       3600
#define RETRY_S        1  /* while the ledger has not closed the beat */
#define UNMET_S        60 /* while witnesses are missing */
#define WITNESSES_NAME "witnesses"

static volatile sig_atomic_t is_asked_to_end;

typedef struct publishing {
    const char *folder;
    char log_path[TALLY_LOG_PATH_BYTES], state_path[TALLY_LOG_PATH_BYTES];
    tally_clock clock;
    int64_t period_s;
    tally_buffer quorum_text;
    tally_quorum quorum;
    tally_link *links[TALLY_QUORUM_WITNESSES_MAX];
    tally_witness_link asks[TALLY_QUORUM_WITNESSES_MAX];
} publishing;

static void print_help(void)
{
    puts("Usage: tally log publish DIR [--once | --every 1h] [OPTION...]\n"
         "\n"
         "Sign what is new in the journal of DIR and publish it in DIR/log. Only this command\n"
         "needs DIR/keys/log.key. DIR is a programme, or from `tally log new`.\n"
         "\n"
         "  --once               publish what this beat has, and end\n"
         "  --every PERIOD       go on, a beat each PERIOD: 10m, 1h (default), 1d\n"
         "  --witnesses FILE     whose cosignatures a checkpoint needs; default DIR/witnesses\n"
         "  --without-witnesses  publish without any, when there is no such file\n"
         "  --now INSTANT        with --once, for a programme with a simulated clock\n"
         "\n"
         "A beat is published once. The journal is padded, so that nobody sees how much\n"
         "happened. Exit status: 0 published; 1 something is wrong and nothing was signed, or\n"
         "the quorum was not met; 2 the command line makes no sense; 3 the disk failed: check\n"
         "it before you start again.");
}

static void ask_to_end(int number)
{
    (void)number;
    is_asked_to_end = 1;
}

static void sleep_s(int64_t seconds)
{
    struct timespec left = { .tv_sec = seconds };

    while (is_asked_to_end == 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* ---- whose cosignatures ---- */

static tally_rc load_quorum(publishing *at, const char *given, bool without, tally_err *err)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc;

    tally_buffer_init(&at->quorum_text, TALLY_QUORUM_BYTES_MAX);
    if (!tally_log_path(path, at->folder, WITNESSES_NAME))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (given == NULL && access(path, F_OK) != 0) {
        if (!without)
            return tally_err_set(err, TALLY_E_INVALID, 0,
                                 "%s is missing: it says whose cosignatures a checkpoint needs. "
                                 "--without-witnesses publishes without any",
                                 path);
        (void)tally_buffer_append_string(&at->quorum_text, "quorum none\n");
    } else if (without) {
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s says which witnesses are needed; write `quorum none` there",
                             given != NULL ? given : path);
    }
    rc = at->quorum_text.count > 0
             ? TALLY_OK
             : tally_log_read_file(&at->quorum_text, given != NULL ? given : path, err);
    if (rc == TALLY_OK) {
        rc = tally_quorum_parse(&at->quorum, tally_buffer_text(&at->quorum_text), &inner);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "%s, line %" PRIu32 ": %s",
                                 given != NULL ? given : path, inner.line, inner.message);
    }
    for (uint32_t i = 0; i < at->quorum.witness_count && rc == TALLY_OK; i++) {
        if (at->quorum.urls[i].count == 0)
            continue;
        rc = tally_link_new(&at->links[i], at->quorum.urls[i], at->folder, err);
        if (rc == TALLY_OK)
            at->asks[i] = tally_link_ask(at->links[i]);
    }
    return rc;
}

/* ---- one beat ---- */

static void report(const tally_published *done)
{
    printf("publish: size=%" PRIu64 " new=%" PRIu64 " public=%" PRIu64 " cosigned=%" PRIu32
           " removed=%" PRIu64 "\n",
           done->size, done->new_count, done->public_size, done->cosigned, done->removed_count);
    (void)fflush(stdout);
    if (done->missing.rc != TALLY_OK)
        fprintf(stderr, "tally log publish: %s\n", done->missing.message);
    if (!done->is_public)
        fputs("tally log publish: the quorum of witnesses is not met; the checkpoint is signed and "
              "waits\n",
              stderr);
}

static tally_rc run_beat(publishing *at, int64_t beat, int64_t now_s, tally_published *out,
                         tally_err *err)
{
    tally_signer signers[TALLY_SIGNERS_MAX];
    tally_log_journal journal;
    tally_publisher *publisher = NULL;
    tally_publisher_options options = { .files = &tally_files_system,
                                        .at = AT_FDCWD,
                                        .log_path = at->log_path,
                                        .state_path = at->state_path,
                                        .signers = signers,
                                        .quorum = &at->quorum,
                                        .links = at->asks };
    tally_rc rc = tally_log_open_journal(&journal, at->folder, &at->clock, err);

    options.journal = journal.journal;
    if (rc == TALLY_OK)
        rc = tally_log_load_signers(signers, &options.signer_count, at->folder,
                                    tally_buffer_text(&journal.origin), err);
    if (rc == TALLY_OK)
        rc = tally_publisher_open(&publisher, &options, err);
    if (rc == TALLY_OK)
        rc = tally_publisher_beat(publisher, (uint64_t)beat, now_s, out, err);
    tally_publisher_close(publisher);
    tally_secret_wipe(signers, sizeof(signers));
    tally_log_close_journal(&journal);
    return rc;
}

/* The beat of now, asking again until the ledger has closed it. */
static int publish_now(publishing *at, bool is_once, tally_published *out)
{
    for (;;) {
        int64_t now_s = tally_clock_now_ms(&at->clock) / 1000;
        tally_err err = TALLY_ERR_INIT;
        tally_rc rc = run_beat(at, now_s - now_s % at->period_s, now_s, out, &err);

        if (rc == TALLY_OK) {
            report(out);
            return out->is_public ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
        }
        if (rc != TALLY_E_RETRY || is_once || is_asked_to_end != 0)
            return tally_log_fail("log publish", &err);
        sleep_s(RETRY_S);
    }
}

static int run(publishing *at, bool is_once)
{
    struct sigaction action = { .sa_handler = ask_to_end };
    int status;

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    for (;;) {
        tally_published done = { .size = 0 };
        int64_t now_s, left_s;

        status = publish_now(at, is_once, &done);
        if (is_once || is_asked_to_end != 0)
            return status;
        /* Published or waiting for witnesses: go on. Everything else ends it. */
        if (status != TALLY_EXIT_OK && done.size == done.public_size)
            return status;
        now_s = tally_clock_now_ms(&at->clock) / 1000;
        left_s = at->period_s - now_s % at->period_s;
        sleep_s(status == TALLY_EXIT_OK || left_s < UNMET_S ? left_s : UNMET_S);
        if (is_asked_to_end != 0)
            return TALLY_EXIT_OK;
    }
}

int tally_cmd_log_publish(int argc, char **argv)
{
    const char *folder, *once = NULL, *every = NULL, *witnesses = NULL, *without = NULL;
    const char *now = NULL;
    const tally_log_option options[] = {
        { "--once", &once, 1, NULL, true },
        { "--every", &every, 1, NULL, false },
        { "--witnesses", &witnesses, 1, NULL, false },
        { "--without-witnesses", &without, 1, NULL, true },
        { "--now", &now, 1, NULL, false },
    };
    publishing *at;
    tally_err err = TALLY_ERR_INIT;
    size_t words;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log publish", argc, argv, options, 5, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || (once != NULL && every != NULL) || (now != NULL && once == NULL))
        return tally_log_usage(
            "log publish", "name one folder, and --once or --every; --now goes with --once", "");
    at = tally_alloc_zeroed(sizeof(*at));
    if (at == NULL)
        return tally_log_usage("log publish", "memory is short", "");
    at->folder = folder;
    if (!tally_cmd_clock("log publish", now, &at->clock)) {
        tally_release(at);
        return TALLY_EXIT_USAGE;
    }
    at->period_s = PERIOD_S;
    if ((every != NULL && !tally_log_parse_duration(&at->period_s, every)) ||
        !tally_log_path(at->log_path, folder, "log") ||
        !tally_log_path(at->state_path, folder, "log-state"))
        status = tally_log_usage("log publish",
                                 "not a period (30s, 10m, 1h, 1d), or a path too long", "");
    else if (load_quorum(at, witnesses, without != NULL, &err) != TALLY_OK)
        status = tally_log_fail("log publish", &err);
    else
        status = run(at, once != NULL);
    for (uint32_t i = 0; i < TALLY_QUORUM_WITNESSES_MAX; i++)
        tally_link_free(at->links[i]);
    tally_buffer_free(&at->quorum_text);
    tally_release(at);
    return status;
}
