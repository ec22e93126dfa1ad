/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet join` and `consent`: read what one agrees to, sign it, keep what both signed. */

#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "ledger/receipt.h"
#include "policy/notice.h"
#include "util/civil.h"
#include "wallet_session.h"

#define ANSWER_ARENA ((size_t)8 << 20)
#define HASH_TEXT    64

static void print_join_help(void)
{
    fputs("Usage: tally wallet join [OPTIONS] WALLET DIR\n"
          "\n"
          "Join the programme in the folder DIR. Its notice is shown first; nothing is sent\n"
          "before you agree to it. Each programme knows you by another key.\n"
          "\n"
          "Options:\n"
          "  --tokens FILE            enrolment tokens, one a line; each member takes the next\n"
          "  --agree HASH             agree to the notice with this hash, without being asked\n"
          "  --member N               a member of a generated set\n"
          "  --all                    all of them that have not joined\n"
          "  --now INSTANT            for a programme whose clock is simulated\n"
          "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
          "  --passphrase-fd N        take it from an open file descriptor\n"
          "\n"
          "Generated members are nobody, so nobody is asked for them.\n",
          stdout);
}

static void print_consent_help(void)
{
    fputs("Usage: tally wallet consent [OPTIONS] WALLET DIR\n"
          "\n"
          "Renew your agreement before it lapses, or agree to newer rules that are worse for you\n"
          "in some point: until you do, the older ones go on to apply to you.\n"
          "\n"
          "Options:\n"
          "  --policy-version N       the version to agree to (default: the one in force)\n"
          "  --agree HASH, --member N, --all, --now INSTANT, --passphrase-file FILE,\n"
          "  --passphrase-fd N        as for `tally wallet join`\n",
          stdout);
}

/* ---- agreeing ---- */

static bool hash_text(char out[static HASH_TEXT], const tally_buffer *notice)
{
    uint8_t hash[TALLY_HASH_BYTES];
    tally_buffer text;
    bool is_made;

    tally_buffer_init(&text, HASH_TEXT);
    is_made = tally_hash_sha256(hash, notice->bytes, notice->count) == TALLY_OK &&
              tally_base64url_append(&text, hash, sizeof(hash)) == TALLY_OK;
    if (is_made)
        memcpy(out, text.bytes, text.count + 1);
    tally_buffer_free(&text);
    return is_made;
}

static bool ask_person(void)
{
    FILE *terminal = fopen("/dev/tty", "r+");
    char line[16] = "";
    bool is_yes;

    if (terminal == NULL)
        return false;
    fputs("\nDo you agree? Type yes, or anything else for no: ", terminal);
    fflush(terminal);
    is_yes = fgets(line, sizeof(line), terminal) != NULL && strcmp(line, "yes\n") == 0;
    fclose(terminal);
    return is_yes;
}

/* Nobody is asked for a generated member; a person says yes to this very text. */
static bool has_agreed(const tally_wallet_session *session, const tally_wallet *wallet,
                       const tally_buffer *notice)
{
    char hash[HASH_TEXT];

    if (tally_wallet_is_generated(wallet))
        return true;
    if (!hash_text(hash, notice))
        return false;
    if (session->agreed != NULL && strcmp(session->agreed, hash) == 0)
        return true;
    printf("%.*s\nNotice %s\n", TALLY_TEXT_ARGS(tally_buffer_text(notice)), hash);
    fflush(stdout);
    if (session->agreed == NULL && tally_wallet_has_terminal() && ask_person())
        return true;
    fprintf(stderr,
            "tally %s: nothing was sent. To agree without a terminal, say --agree and the hash of "
            "the notice that you read.\n",
            session->command);
    return false;
}

/* ---- one member ---- */

static bool make_request(tally_wallet_session *session, tally_wallet *wallet,
                         const tally_wallet_programme *programme, tally_text token,
                         tally_buffer *out)
{
    const tally_wallet_moment moment = tally_wallet_session_moment(session);
    tally_receipt_terms terms = { .is_generated = tally_wallet_is_generated(wallet),
                                  .purpose = TALLY_TEXT(TALLY_PURPOSE_PARTICIPATION),
                                  .version = (uint32_t)session->version };
    tally_err err = TALLY_ERR_INIT;
    tally_denial denial = { 0 };
    tally_did_key did, recovery;
    tally_buffer offer, notice;
    bool is_made = false;
    tally_rc rc = tally_wallet_did(wallet, programme, &did, &err);

    if (rc == TALLY_OK)
        rc = tally_wallet_recovery_did(wallet, programme, &recovery, &err);
    if (rc != TALLY_OK)
        return tally_wallet_session_fail(session, &err);
    terms.member_did = tally_text_from(did.text);
    terms.recovery_did = tally_text_from(recovery.text);
    tally_buffer_init(&offer, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&notice, TALLY_NOTICE_BYTES_MAX);
    rc = tally_ledger_offer(session->programme.ledger, &terms, &offer, &notice, &denial, &err);
    if (rc != TALLY_OK) {
        (void)tally_cmd_refused(session->command, &denial, &err);
    } else if (has_agreed(session, wallet, &notice)) {
        rc = tally_wallet_ask_join(wallet, programme, &moment, tally_buffer_text(&offer),
                                   tally_buffer_text(&notice), token, out, &err);
        is_made = rc == TALLY_OK || tally_wallet_session_fail(session, &err);
    }
    tally_buffer_free(&offer);
    tally_buffer_free(&notice);
    return is_made;
}

static void tell(const tally_wallet_session *session, const tally_answer *answer,
                 tally_arena *arena)
{
    char day[TALLY_DATE_TEXT_BYTES];
    tally_signed_receipt receipt;

    if (session->is_for_all ||
        tally_receipt_verify(&receipt, answer->receipt, arena, NULL) != TALLY_OK)
        return;
    printf("%s %.*s as %.*s until %.*s, under version %u of the rules.\n",
           answer->kind == TALLY_ANSWER_JOINED ? "Joined" : "Renewed:",
           TALLY_TEXT_ARGS(answer->programme), TALLY_TEXT_ARGS(receipt.receipt.member_did),
           TALLY_TEXT_ARGS(tally_day_format(day, tally_day_of_ms(receipt.receipt.lapses_ms, 0))),
           (unsigned)receipt.receipt.policy_version);
}

static bool agree(tally_wallet_session *session, tally_wallet *wallet,
                  tally_wallet_programme *programme, tally_text token)
{
    tally_arena *arena = tally_arena_new(ANSWER_ARENA);
    tally_buffer request;
    tally_answer answer;
    bool is_done;

    tally_buffer_init(&request, TALLY_REQUEST_BYTES_MAX);
    is_done = arena != NULL && make_request(session, wallet, programme, token, &request) &&
              tally_wallet_session_send(session, wallet, programme, tally_buffer_text(&request),
                                        arena, &answer);
    if (is_done) {
        tell(session, &answer, arena);
        tally_secret_wipe(&answer, sizeof(answer));
    }
    tally_buffer_free(&request);
    tally_arena_free(arena);
    return is_done;
}

static tally_text next_token(tally_wallet_session *session)
{
    tally_text rest = tally_text_slice(tally_buffer_text(&session->tokens), session->token_at,
                                       session->tokens.count);
    tally_text line = { NULL, 0 };

    while (rest.count > 0 && line.count == 0) {
        bool has_more = tally_text_split(rest, '\n', &line, &rest);

        line = tally_text_trim(line);
        session->token_at = has_more ? session->tokens.count - rest.count : session->tokens.count;
    }
    return line;
}

static bool join(tally_wallet_session *session, tally_wallet *wallet,
                 tally_wallet_programme *programme)
{
    tally_text token = next_token(session);

    if (programme->is_member) {
        fprintf(stderr, "tally wallet join: you are a member already\n");
        return false;
    }
    if (token.count == 0) {
        fprintf(stderr, "tally wallet join: no enrolment token is left; name a file of them with "
                        "--tokens\n");
        return false;
    }
    /* What cannot be saved afterwards is not begun. */
    if (session->file != NULL && !tally_wallet_session_save(session))
        return false;
    return agree(session, wallet, programme, token);
}

static bool consent(tally_wallet_session *session, tally_wallet *wallet,
                    tally_wallet_programme *programme)
{
    return agree(session, wallet, programme, (tally_text){ NULL, 0 });
}

int tally_cmd_wallet_join(int argc, char **argv)
{
    static const char *const allowed[] = { "--tokens", "--agree", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_join_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet join", allowed);
    return status != TALLY_EXIT_OK ? status : tally_wallet_session_run(&session, true, true, join);
}

int tally_cmd_wallet_consent(int argc, char **argv)
{
    static const char *const allowed[] = { "--agree", "--policy-version", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_consent_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet consent", allowed);
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, true, false, consent);
}
