/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_WALLET_SESSION_H
#define TALLY_CMD_WALLET_SESSION_H

/* What `tally wallet join`, `card`, `consent`, `withdraw`, `rotate` and `leave` share: a wallet, or
 * members of a generated set, and a programme in a folder that they ask. */

#include "message/answer.h"
#include "programme.h"
#include "wallet.h"
#include "wallet/requests.h"

typedef struct tally_wallet_session {
    /* From the command line. */
    tally_wallet_options options;
    const char *command, *folder, *now;
    const char *tokens_path, *agreed, *source, *svg_path, *record, *to_path;
    int64_t member;  /* of a generated set; -1: not said */
    int64_t version; /* of the policy; 0: the one in force */
    bool is_for_all, with_recovery, with_picture;
    /* Open. */
    tally_wallet_file *file; /* a sealed wallet, or NULL: */
    tally_wallet_set *set;
    tally_opened_programme programme;
    bool is_open;        /* the programme; or it was tried */
    tally_buffer tokens; /* --tokens, read */
    size_t token_at;
    uint32_t done;          /* members so far */
    const char *quiet_code; /* a refusal that is not told: the caller tries something else */
    bool was_quiet;         /* that one it was */
} tally_wallet_session;

/* Read the command line: options of `allowed`, the wallet, the folder. Returns an exit status. */
int tally_wallet_session_read(tally_wallet_session *session, int argc, char **argv,
                              const char *command, const char *const *allowed);

/* One member's turn. False: it failed and was told; the members after it are left out. */
typedef bool (*tally_wallet_turn)(tally_wallet_session *session, tally_wallet *wallet,
                                  tally_wallet_programme *programme);

/* Open wallet and programme, give each member that was asked for a turn, save, close. Returns an exit
 * status. is_for_writing: the programme is changed. joins: members are those that have not joined; else
 * those that have. */
int tally_wallet_session_run(tally_wallet_session *session, bool is_for_writing, bool joins,
                             tally_wallet_turn turn);

/* Put the wallet on disk as it is now. False: told. */
bool tally_wallet_session_save(tally_wallet_session *session);

/* The instant and randomness for a request. */
tally_wallet_moment tally_wallet_session_moment(const tally_wallet_session *session);

/* Send a request to the programme and take the answer into the wallet; out's texts live in the arena.
 * False: refused, and told. */
bool tally_wallet_session_send(tally_wallet_session *session, tally_wallet *wallet,
                               tally_wallet_programme *programme, tally_text request,
                               tally_arena *arena, tally_answer *out);

/* Tell a failure of the wallet's side. Returns false. */
bool tally_wallet_session_fail(const tally_wallet_session *session, const tally_err *err);

int tally_cmd_wallet_join(int argc, char **argv);
int tally_cmd_wallet_consent(int argc, char **argv);
int tally_cmd_wallet_card(int argc, char **argv);
int tally_cmd_wallet_receipts(int argc, char **argv);
int tally_cmd_wallet_statement(int argc, char **argv);
int tally_cmd_wallet_accesses(int argc, char **argv);
int tally_cmd_wallet_export(int argc, char **argv);
int tally_cmd_wallet_withdraw(int argc, char **argv);
int tally_cmd_wallet_rotate(int argc, char **argv);
int tally_cmd_wallet_leave(int argc, char **argv);

#endif
