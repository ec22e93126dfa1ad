/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet leave`, `withdraw` and `rotate`. */

#include <stdio.h>

#include "command.h"
#include "util/civil.h"
#include "wallet_session.h"

#define ANSWER_ARENA ((size_t)8 << 20)
#define KEYS_MAX     16

static const char options_help[] =
    "  --member N, --all        members of a generated set\n"
    "  --now INSTANT            for a programme whose clock is simulated\n"
    "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
    "  --passphrase-fd N        take it from an open file descriptor\n";

static void print_leave_help(void)
{
    printf("Usage: tally wallet leave [OPTIONS] WALLET DIR\n"
           "\n"
           "Leave the programme in the folder DIR: one signed message, without a reason. It works\n"
           "at once. Your record there is destroyed, and you get a certificate that says so.\n"
           "\n"
           "Options:\n%s",
           options_help);
}

static void print_withdraw_help(void)
{
    printf("Usage: tally wallet withdraw --record R [OPTIONS] WALLET DIR\n"
           "\n"
           "Withdraw one receipt, by its record number (`tally wallet receipts` lists them). The\n"
           "purpose of the programme itself carries the others: withdrawing it is leaving.\n"
           "\n"
           "Options:\n%s",
           options_help);
}

static void print_rotate_help(void)
{
    printf("Usage: tally wallet rotate [--recovery] [OPTIONS] WALLET DIR\n"
           "\n"
           "Take another key. The old one signs nothing any more; sources need not be told.\n"
           "\n"
           "Options:\n"
           "  --recovery               sign with the recovery key: the present one was stolen, or\n"
           "                           the key was changed on another device\n%s",
           options_help);
}

typedef tally_rc (*asking)(const tally_wallet *wallet, const tally_wallet_programme *programme,
                           const tally_wallet_moment *moment, const tally_wallet_session *session,
                           tally_buffer *out, tally_err *err);

static void print_day(const char *what, int32_t day)
{
    char text[TALLY_DATE_TEXT_BYTES];

    printf("%s%.*s", what, TALLY_TEXT_ARGS(tally_day_format(text, day)));
}

static void tell_left(const tally_answer *answer)
{
    const tally_certificate *certificate = &answer->certificate;

    if (!answer->has_certificate) {
        puts("Nothing is recorded under this key. If you changed keys on another device, leave "
             "there, or use `tally wallet rotate --recovery` first.");
        return;
    }
    print_day("Done. Gone by ", certificate->live_until);
    print_day(", from backups by ", certificate->backups_until);
    printf(". Certificate %lld: %lld events, %lld receipts, %lld readings, %lld log entries.\n",
           (long long)certificate->number, (long long)certificate->events,
           (long long)certificate->receipts, (long long)certificate->accesses,
           (long long)certificate->entries);
}

static void tell(const tally_wallet_session *session, const tally_answer *answer)
{
    if (session->is_for_all)
        return;
    if (answer->kind == TALLY_ANSWER_LEFT)
        tell_left(answer);
    else if (answer->kind == TALLY_ANSWER_WITHDRAWN)
        puts("Done. That receipt has ended.");
    else
        printf("Done. This programme now knows you as %.*s.\n", TALLY_TEXT_ARGS(answer->member));
}

static bool turn(tally_wallet_session *session, tally_wallet *wallet,
                 tally_wallet_programme *programme, asking ask)
{
    const tally_wallet_moment moment = tally_wallet_session_moment(session);
    tally_arena *arena = tally_arena_new(ANSWER_ARENA);
    tally_err err = TALLY_ERR_INIT;
    tally_buffer request;
    tally_answer answer;
    bool is_done = false;

    tally_buffer_init(&request, TALLY_REQUEST_BYTES_MAX);
    if (arena == NULL)
        (void)tally_err_set(&err, TALLY_E_NOMEM, 0, "memory is short");
    else
        (void)ask(wallet, programme, &moment, session, &request, &err);
    if (err.rc != TALLY_OK)
        (void)tally_wallet_session_fail(session, &err);
    else
        is_done = tally_wallet_session_send(session, wallet, programme, tally_buffer_text(&request),
                                            arena, &answer);
    if (is_done)
        tell(session, &answer);
    tally_buffer_free(&request);
    tally_arena_free(arena);
    return is_done;
}

/* ---- leave ---- */

static tally_rc ask_leave(const tally_wallet *wallet, const tally_wallet_programme *programme,
                          const tally_wallet_moment *moment, const tally_wallet_session *session,
                          tally_buffer *out, tally_err *err)
{
    (void)session;
    return tally_wallet_ask_leave(wallet, programme, moment, out, err);
}

static bool leave(tally_wallet_session *session, tally_wallet *wallet,
                  tally_wallet_programme *programme)
{
    return turn(session, wallet, programme, ask_leave);
}

/* ---- withdraw ---- */

static bool read_record(uint8_t out[static 16], const char *digits)
{
    if (strlen(digits) != 32)
        return false;
    for (size_t i = 0; i < 32; i++) {
        const char *found = strchr("0123456789abcdef", digits[i]);

        if (found == NULL)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (found - "0123456789abcdef"));
    }
    return true;
}

static tally_rc ask_withdraw(const tally_wallet *wallet, const tally_wallet_programme *programme,
                             const tally_wallet_moment *moment, const tally_wallet_session *session,
                             tally_buffer *out, tally_err *err)
{
    uint8_t record[16] = { 0 };

    if (!read_record(record, session->record))
        return tally_err_set(err, TALLY_E_INVALID, 0, "a record has 32 digits from 0 to f");
    return tally_wallet_ask_withdraw(wallet, programme, moment, record, out, err);
}

static bool withdraw(tally_wallet_session *session, tally_wallet *wallet,
                     tally_wallet_programme *programme)
{
    return turn(session, wallet, programme, ask_withdraw);
}

/* ---- rotate ---- */

static tally_rc ask_rotate(const tally_wallet *wallet, const tally_wallet_programme *programme,
                           const tally_wallet_moment *moment, const tally_wallet_session *session,
                           tally_buffer *out, tally_err *err)
{
    return tally_wallet_ask_rotate(wallet, programme, moment, session->with_recovery, out, err);
}

/* Another device may have used the next keys already: with the recovery key, go on to the first that
 * is nobody's. */
static bool rotate(tally_wallet_session *session, tally_wallet *wallet,
                   tally_wallet_programme *programme)
{
    uint32_t key_index = programme->key_index;
    bool is_done = false;

    for (int i = 0; !is_done && i < KEYS_MAX; i++) {
        session->quiet_code = session->with_recovery && i + 1 < KEYS_MAX ? "E_MEMBER" : NULL;
        is_done = turn(session, wallet, programme, ask_rotate);
        if (!is_done && !session->was_quiet)
            break;
        programme->key_index += !is_done;
    }
    if (!is_done)
        programme->key_index = key_index;
    else
        programme->is_member = true;
    return is_done;
}

/* ---- commands ---- */

int tally_cmd_wallet_leave(int argc, char **argv)
{
    static const char *const allowed[] = { NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_leave_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet leave", allowed);
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, true, false, leave);
}

int tally_cmd_wallet_withdraw(int argc, char **argv)
{
    static const char *const allowed[] = { "--record", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_withdraw_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet withdraw", allowed);
    if (status == TALLY_EXIT_OK && session.record == NULL) {
        fputs("tally wallet withdraw: say which receipt, with --record\n", stderr);
        status = TALLY_EXIT_USAGE;
    }
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, true, false, withdraw);
}

int tally_cmd_wallet_rotate(int argc, char **argv)
{
    static const char *const allowed[] = { "--recovery", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_rotate_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet rotate", allowed);
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, true, false, rotate);
}
