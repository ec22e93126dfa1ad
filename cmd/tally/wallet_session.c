/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet before a programme's folder. */

#include "wallet_session.h"

#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "ledger/join.h"
#include "load.h"

#define TOKENS_BYTES_MAX ((size_t)16 << 20)
#define SAVE_EACH        250u /* members of a set between two savings */

/* ---- the command line ---- */

static bool is_allowed(const char *name, const char *const *allowed)
{
    static const char *const always[] = { "--now",           "--member",
                                          "--all",           "--passphrase-file",
                                          "--passphrase-fd", NULL };

    for (size_t i = 0; always[i] != NULL; i++) {
        if (strcmp(name, always[i]) == 0)
            return true;
    }
    for (; *allowed != NULL; allowed++) {
        if (strcmp(name, *allowed) == 0)
            return true;
    }
    return false;
}

static bool take_number(int64_t *out, const char *value, int64_t min, int64_t max)
{
    return tally_text_parse_i64(out, tally_text_from(value), min, max) == TALLY_OK;
}

static bool take_flag(tally_wallet_session *session, const char *name)
{
    if (strcmp(name, "--all") == 0)
        session->is_for_all = true;
    else if (strcmp(name, "--recovery") == 0)
        session->with_recovery = true;
    else if (strcmp(name, "--qr") == 0)
        session->with_picture = true;
    else
        return false;
    return true;
}

static bool take_option(tally_wallet_session *session, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        { "--tokens", offsetof(tally_wallet_session, tokens_path) },
        { "--agree", offsetof(tally_wallet_session, agreed) },
        { "--source", offsetof(tally_wallet_session, source) },
        { "--svg", offsetof(tally_wallet_session, svg_path) },
        { "--record", offsetof(tally_wallet_session, record) },
        { "--to", offsetof(tally_wallet_session, to_path) },
        { "--now", offsetof(tally_wallet_session, now) },
        { "--passphrase-file", offsetof(tally_wallet_session, options) +
                                   offsetof(tally_wallet_options, passphrase_file) },
    };
    int64_t number;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            memcpy((char *)session + texts[i].offset, &value, sizeof(value));
            return true;
        }
    }
    if (strcmp(name, "--member") == 0)
        return take_number(&session->member, value, 0, TALLY_WALLET_GENERATED_MAX - 1);
    if (strcmp(name, "--policy-version") == 0)
        return take_number(&session->version, value, 1, 64);
    if (strcmp(name, "--passphrase-fd") != 0 || !take_number(&number, value, 0, 1 << 20))
        return false;
    session->options.passphrase_fd = (int)number;
    return true;
}

static int refuse(const tally_wallet_session *session, const char *what, const char *which)
{
    fprintf(stderr, "tally %s: %s%s\n", session->command, what, which);
    return TALLY_EXIT_USAGE;
}

int tally_wallet_session_read(tally_wallet_session *session, int argc, char **argv,
                              const char *command, const char *const *allowed)
{
    *session = (tally_wallet_session){ .options = { .passphrase_fd = -1 },
                                       .command = command,
                                       .member = -1 };
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (session->options.path == NULL)
                session->options.path = argv[i];
            else if (session->folder == NULL)
                session->folder = argv[i];
            else
                return refuse(session, "a wallet and a programme, not also ", argv[i]);
        } else if (!is_allowed(argv[i], allowed)) {
            return refuse(session, "no such option here: ", argv[i]);
        } else if (!take_flag(session, argv[i])) {
            if (i + 1 == argc || !take_option(session, argv[i], argv[i + 1]))
                return refuse(session, "its value is missing, or is none: ", argv[i]);
            i++;
        }
    }
    if (session->options.path == NULL || session->folder == NULL)
        return refuse(session, "name the wallet and the folder of the programme", "");
    if (session->is_for_all && session->member >= 0)
        return refuse(session, "one of --member and --all", "");
    if (session->options.passphrase_file != NULL && session->options.passphrase_fd >= 0)
        return refuse(session, "one of --passphrase-file and --passphrase-fd", "");
    return TALLY_EXIT_OK;
}

/* ---- opening and closing ---- */

bool tally_wallet_session_fail(const tally_wallet_session *session, const tally_err *err)
{
    fprintf(stderr, "tally %s: %s\n", session->command, err->message);
    return false;
}

/* A generated set needs no passphrase; what is none of those is asked for one. */
static int open_wallet(tally_wallet_session *session)
{
    tally_err err = TALLY_ERR_INIT;

    if (tally_wallet_set_open(&session->set, session->options.path, &err) == TALLY_OK) {
        if (session->is_for_all || session->member >= 0) {
            if (session->member < (int64_t)tally_wallet_set_count(session->set))
                return TALLY_EXIT_OK;
            fprintf(stderr, "tally %s: there are %u members in %s\n", session->command,
                    (unsigned)tally_wallet_set_count(session->set), session->options.path);
            return TALLY_EXIT_USAGE;
        }
        return refuse(session, "these are many generated members: say --member N or --all", "");
    }
    if (session->is_for_all || session->member >= 0) {
        (void)tally_wallet_session_fail(session, &err);
        return TALLY_EXIT_FAILED;
    }
    return tally_wallet_open(&session->file, &session->options);
}

static int read_tokens(tally_wallet_session *session)
{
    tally_err err = TALLY_ERR_INIT;

    tally_buffer_init(&session->tokens, TOKENS_BYTES_MAX);
    if (session->tokens_path == NULL ||
        tally_cmd_read_file(&session->tokens, session->tokens_path, &err) == TALLY_OK)
        return TALLY_EXIT_OK;
    (void)tally_wallet_session_fail(session, &err);
    return TALLY_EXIT_FILES;
}

static int open_programme(tally_wallet_session *session, bool is_for_writing)
{
    session->is_open = true;
    return tally_cmd_await_programme(&session->programme, session->command, session->folder,
                                     session->now, is_for_writing);
}

static void close_session(tally_wallet_session *session)
{
    if (session->is_open)
        tally_cmd_close_programme(&session->programme);
    tally_wallet_file_close(session->file);
    tally_wallet_set_free(session->set);
    if (session->tokens.bytes != NULL)
        tally_secret_wipe(session->tokens.bytes, session->tokens.count);
    tally_buffer_free(&session->tokens);
}

bool tally_wallet_session_save(tally_wallet_session *session)
{
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = session->file != NULL
                      ? tally_wallet_file_save(session->file, tally_random_system(), &err)
                      : tally_wallet_set_save(session->set, session->options.path, &err);

    return rc == TALLY_OK || tally_wallet_session_fail(session, &err);
}

/* ---- members ---- */

/* The wallet's place for this programme, which it knows by its did from the first time on. */
static tally_wallet_programme *find_programme(tally_wallet_session *session, tally_wallet *wallet,
                                              bool joins)
{
    tally_text origin = tally_ledger_origin(session->programme.ledger);
    tally_text did = tally_ledger_did(session->programme.ledger);
    tally_wallet_programme *programme = tally_wallet_find(wallet, origin);
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = TALLY_OK;

    if (programme == NULL && joins)
        rc = tally_wallet_add(wallet, &programme, origin, &err);
    if (rc == TALLY_OK && programme != NULL && programme->programme_did.count == 0)
        rc = tally_wallet_set_text(&programme->programme_did, did, &err);
    if (rc != TALLY_OK) {
        (void)tally_wallet_session_fail(session, &err);
        return NULL;
    }
    if (programme == NULL) {
        fprintf(stderr, "tally %s: this wallet knows no programme %.*s\n", session->command,
                TALLY_TEXT_ARGS(origin));
        return NULL;
    }
    if (!tally_text_is_equal(programme->programme_did, did)) {
        fprintf(stderr,
                "tally %s: this programme calls itself %.*s but signs with another key than the "
                "one you joined; nothing was sent\n",
                session->command, TALLY_TEXT_ARGS(origin));
        return NULL;
    }
    return programme;
}

static bool run_one(tally_wallet_session *session, tally_wallet *wallet, bool joins,
                    tally_wallet_turn turn)
{
    tally_wallet_programme *programme = find_programme(session, wallet, joins);

    return programme != NULL && turn(session, wallet, programme);
}

static bool run_set(tally_wallet_session *session, bool joins, tally_wallet_turn turn)
{
    uint32_t count = tally_wallet_set_count(session->set);
    bool is_terminal = isatty(STDERR_FILENO);

    if (session->member >= 0)
        return run_one(session, tally_wallet_set_member(session->set, (uint32_t)session->member),
                       joins, turn);
    for (uint32_t i = 0; i < count; i++) {
        tally_wallet *wallet = tally_wallet_set_member(session->set, i);
        const tally_wallet_programme *known =
            tally_wallet_find(wallet, tally_ledger_origin(session->programme.ledger));

        session->member = i;
        if ((known != NULL && known->is_member) == joins)
            continue;
        if (!run_one(session, wallet, joins, turn))
            return false;
        session->done++;
        if (session->done % SAVE_EACH == 0 && !tally_wallet_session_save(session))
            return false;
        if (is_terminal && (session->done % 50 == 0 || i + 1 == count))
            fprintf(stderr, "\r%u of %u%s", i + 1, count, i + 1 == count ? "\n" : "");
    }
    return true;
}

int tally_wallet_session_run(tally_wallet_session *session, bool is_for_writing, bool joins,
                             tally_wallet_turn turn)
{
    int status = open_wallet(session);
    bool is_done = false;

    if (status == TALLY_EXIT_OK)
        status = read_tokens(session);
    if (status == TALLY_EXIT_OK)
        status = open_programme(session, is_for_writing);
    if (status == TALLY_EXIT_OK) {
        is_done = session->file != NULL
                      ? run_one(session, tally_wallet_file_wallet(session->file), joins, turn)
                      : run_set(session, joins, turn);
        /* Also after a failure: what others got until then is theirs. */
        if (is_for_writing && !tally_wallet_session_save(session))
            status = TALLY_EXIT_FILES;
        else
            status = is_done ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
    }
    close_session(session);
    return status;
}

/* ---- requests ---- */

tally_wallet_moment tally_wallet_session_moment(const tally_wallet_session *session)
{
    return (tally_wallet_moment){ tally_ledger_now_ms(session->programme.ledger),
                                  tally_random_system() };
}

bool tally_wallet_session_send(tally_wallet_session *session, tally_wallet *wallet,
                               tally_wallet_programme *programme, tally_text request,
                               tally_arena *arena, tally_answer *out)
{
    tally_err err = TALLY_ERR_INIT;
    tally_denial denial = { 0 };
    tally_buffer answer;
    tally_rc rc;

    tally_buffer_init(&answer, TALLY_ANSWER_BYTES_MAX);
    rc = tally_ledger_receive(session->programme.ledger, request, NULL, &answer, &denial, &err);
    session->was_quiet = rc != TALLY_OK && session->quiet_code != NULL && denial.code != NULL &&
                         strcmp(denial.code, session->quiet_code) == 0;
    if (rc != TALLY_OK) {
        if (!session->was_quiet)
            (void)tally_cmd_refused(session->command, &denial, &err);
    } else {
        rc = tally_wallet_take_answer(wallet, programme, tally_buffer_text(&answer), arena, out,
                                      &err);
        if (rc != TALLY_OK)
            (void)tally_wallet_session_fail(session, &err);
        tally_secret_wipe(answer.bytes, answer.count);
    }
    tally_buffer_free(&answer);
    return rc == TALLY_OK;
}
