/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_LOG_H
#define TALLY_CMD_LOG_H

/* What the subcommands of `tally log` and `tally witness` share. */

#include "crypto/key_file.h"
#include "ledger/journal.h"
#include "publish/journal_folder.h"
#include "publish/publisher.h"
#include "tally/base.h"
#include "tlog/checkpoint.h"

#define TALLY_LOG_PATH_BYTES ((size_t)4096)

int tally_cmd_log_append(int argc, char **argv);
int tally_cmd_log_key(int argc, char **argv);
int tally_cmd_log_new(int argc, char **argv);
int tally_cmd_log_proof(int argc, char **argv);
int tally_cmd_log_publish(int argc, char **argv);
int tally_cmd_log_rotate_key(int argc, char **argv);
int tally_cmd_log_serve(int argc, char **argv);

/* ---- the command line (log_options.c) ---- */

/* An option that takes a value, or, with is_flag, does not. Several values go to
 * values[0..count) where room is above 1. */
typedef struct tally_log_option {
    const char *name;
    const char **values;
    size_t room;
    size_t *count; /* NULL: the last one counts, or *values is set for a flag */
    bool is_flag;
} tally_log_option;

/* Read options and up to `room` other arguments. False: complained already. */
TALLY_MUST_CHECK bool tally_log_read_options(const char *command, int argc, char **argv,
                                             const tally_log_option *options, size_t option_count,
                                             const char **words, size_t room,
                                             size_t *out_word_count);

/* Print `tally COMMAND: message`, and the exit status that goes with the error. */
int tally_log_fail(const char *command, const tally_err *err);
int tally_log_usage(const char *command, const char *what, const char *about);

/* "30s", "10m", "1h", "1d" in seconds, 1 to 366 days. */
TALLY_MUST_CHECK bool tally_log_parse_duration(int64_t *out_s, const char *text);

/* "DIR/name". */
TALLY_MUST_CHECK bool tally_log_path(char out[static TALLY_LOG_PATH_BYTES], const char *folder,
                                     const char *name);

/* Read a whole file, `-` for standard input. */
TALLY_MUST_CHECK tally_rc tally_log_read_file(tally_buffer *out, const char *path, tally_err *err);

/* Write a file that is not there yet; standard output when path is NULL. */
TALLY_MUST_CHECK tally_rc tally_log_write_file(const char *path, tally_text bytes, tally_err *err);

/* ---- keys (log_keys.c) ---- */

/* Read a verifier key, or a file that holds it. text keeps its bytes. */
TALLY_MUST_CHECK tally_rc tally_log_load_vkey(tally_vkey *out, tally_buffer *text,
                                              const char *given, tally_key_kind kind,
                                              tally_err *err);

/* The keys of a log in DIR/keys: log.key, and log-next.key while keys change. The
 * names point to origin. Wipe them after use. */
TALLY_MUST_CHECK tally_rc tally_log_load_signers(tally_signer out[static TALLY_SIGNERS_MAX],
                                                 size_t *out_count, const char *folder,
                                                 tally_text origin, tally_err *err);

/* Draw a key of a role and put it into a new file. Wipe the signer after use. */
TALLY_MUST_CHECK tally_rc tally_log_make_key(tally_signer *out, const char *path, const char *role,
                                             tally_text name, tally_key_kind kind, tally_err *err);

/* Print the verifier key of a signer as a line. */
TALLY_MUST_CHECK tally_rc tally_log_print_vkey(const tally_signer *signer, tally_err *err);

/* ---- journals (log_journal.c) ---- */

/* The journal of DIR, whichever kind it has, with its origin: that of a programme, or one made
 * with `tally log new`. */
typedef struct tally_log_journal {
    tally_journal_folder folder;
    tally_ledger_journal *ledger; /* of a programme; NULL: the folder's */
    tally_journal seam;
    char path[TALLY_LOG_PATH_BYTES];
    const tally_journal *journal;
    tally_buffer origin;
} tally_log_journal;

/* out is not moved, and ended with tally_log_close_journal(), also after a failure.
 * clock: what is recorded in a programme has its time; NULL: the system's.
 * TALLY_E_INVALID: DIR has none. */
TALLY_MUST_CHECK tally_rc tally_log_open_journal(tally_log_journal *out, const char *folder,
                                                 const tally_clock *clock, tally_err *err);
void tally_log_close_journal(tally_log_journal *journal);

#endif
