/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet statement`, `accesses` and `export`: what a programme holds about oneself. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "ledger/read.h"
#include "wallet_session.h"

static const char options_help[] =
    "\n"
    "Options:\n"
    "  --to FILE                write it into a new file that only you can read\n"
    "  --member N, --all        members of a generated set\n"
    "  --now INSTANT            for a programme whose clock is simulated\n"
    "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
    "  --passphrase-fd N        take it from an open file descriptor\n";

static const char *const allowed[] = { "--to", NULL };

/* Into a file of mode 0600, which must not be there yet. */
static bool write_new(const tally_wallet_session *session, tally_text text)
{
    int handle = open(session->to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t at = 0;
    bool is_written = handle >= 0;

    while (is_written && at < text.count) {
        ssize_t count = write(handle, text.bytes + at, text.count - at);

        if (count < 0 && errno == EINTR)
            continue;
        is_written = count > 0;
        at += count > 0 ? (size_t)count : 0;
    }
    if (is_written)
        is_written = fsync(handle) == 0;
    if (handle >= 0 && close(handle) != 0)
        is_written = false;
    if (!is_written)
        fprintf(stderr, "tally %s: %s cannot be written: %s\n", session->command, session->to_path,
                strerror(errno));
    return is_written;
}

static bool hand_out(const tally_wallet_session *session, tally_text text)
{
    if (session->to_path != NULL)
        return write_new(session, text);
    fwrite(text.bytes, 1, text.count, stdout);
    if (text.count > 0 && text.bytes[text.count - 1] != '\n')
        putchar('\n');
    return !ferror(stdout);
}

static bool read_one(tally_wallet_session *session, tally_wallet *wallet,
                     tally_wallet_programme *programme, tally_read_what what)
{
    tally_wallet_moment moment = tally_wallet_session_moment(session);
    tally_denial denial = { .code = NULL };
    tally_err err = TALLY_ERR_INIT;
    tally_buffer request, document;
    bool is_done = false;
    tally_rc rc;

    tally_buffer_init(&request, TALLY_REQUEST_BYTES_MAX);
    tally_buffer_init(&document, TALLY_JSON_BYTES_MAX);
    rc = tally_wallet_ask_read(wallet, programme, &moment, what, NULL, &request, &err);
    if (rc != TALLY_OK)
        (void)tally_wallet_session_fail(session, &err);
    else if (tally_ledger_read(session->programme.ledger, tally_buffer_text(&request), &document,
                               &denial, &err) != TALLY_OK)
        (void)tally_cmd_refused(session->command, &denial, &err);
    else
        is_done = hand_out(session, tally_buffer_text(&document));
    if (document.bytes != NULL)
        tally_secret_wipe(document.bytes, document.count);
    tally_buffer_free(&request);
    tally_buffer_free(&document);
    return is_done;
}

static bool turn_statement(tally_wallet_session *session, tally_wallet *wallet,
                           tally_wallet_programme *programme)
{
    return read_one(session, wallet, programme, TALLY_READ_IN_WORDS);
}

static bool turn_accesses(tally_wallet_session *session, tally_wallet *wallet,
                          tally_wallet_programme *programme)
{
    return read_one(session, wallet, programme, TALLY_READ_ACCESSES);
}

static bool turn_export(tally_wallet_session *session, tally_wallet *wallet,
                        tally_wallet_programme *programme)
{
    return read_one(session, wallet, programme, TALLY_READ_EXPORT);
}

static int run(int argc, char **argv, const char *command, const char *help, tally_wallet_turn turn)
{
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        fputs(help, stdout);
        fputs(options_help, stdout);
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, command, allowed);
    if (status == TALLY_EXIT_OK && session.to_path != NULL && session.is_for_all) {
        fprintf(stderr, "tally %s: --to takes one member's\n", command);
        status = TALLY_EXIT_USAGE;
    }
    /* For writing: the programme remembers the request, so that nobody sends it again. */
    return status != TALLY_EXIT_OK ? status : tally_wallet_session_run(&session, true, false, turn);
}

int tally_cmd_wallet_statement(int argc, char **argv)
{
    return run(argc, argv, "wallet statement",
               "Usage: tally wallet statement [OPTIONS] WALLET DIR\n"
               "\n"
               "Print your statement from the programme in the folder DIR: every line with its\n"
               "reason, what is missing for the next tier, what changes by itself.\n",
               turn_statement);
}

int tally_cmd_wallet_accesses(int argc, char **argv)
{
    return run(argc, argv, "wallet accesses",
               "Usage: tally wallet accesses [OPTIONS] WALLET DIR\n"
               "\n"
               "List who read your record besides you, when and why, as JSON.\n",
               turn_accesses);
}

int tally_cmd_wallet_export(int argc, char **argv)
{
    return run(argc, argv, "wallet export",
               "Usage: tally wallet export [OPTIONS] WALLET DIR\n"
               "\n"
               "Write everything that the programme holds about you, as signed JSON that\n"
               "`tally verify-export` checks by itself.\n",
               turn_export);
}
