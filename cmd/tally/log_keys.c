/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of logs and witnesses, and `tally log key` and `rotate-key`. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "crypto/random.h"
#include "crypto/secret_file.h"
#include "log.h"
#include "programme.h"
#include "util/json.h"

#define ROLE           "log"
#define KEY_NAME       "keys/log.key"
#define NEXT_NAME      "keys/log-next.key"
#define DOCUMENT_BYTES ((size_t)4096)
#define VKEY_BYTES     ((size_t)1024)

tally_rc tally_log_load_vkey(tally_vkey *out, tally_buffer *text, const char *given,
                             tally_key_kind kind, tally_err *err)
{
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc = TALLY_OK;

    /* A key's text has two `+`; anything else is the name of a file that holds it. */
    if (strchr(given, '+') != NULL)
        (void)tally_buffer_append_string(text, given);
    else
        rc = tally_log_read_file(text, given, err);
    if (rc != TALLY_OK)
        return rc;
    if (tally_vkey_parse(out, tally_text_trim(tally_buffer_text(text)), &inner) != TALLY_OK)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s: %s", given, inner.message);
    if (out->kind != kind)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s: this is the key of a %s", given,
                             out->kind == TALLY_KEY_LOG ? "log" : "witness");
    return TALLY_OK;
}

tally_rc tally_log_load_signers(tally_signer out[static TALLY_SIGNERS_MAX], size_t *out_count,
                                const char *folder, tally_text origin, tally_err *err)
{
    static const char *const names[TALLY_SIGNERS_MAX] = { KEY_NAME, NEXT_NAME };
    char path[TALLY_LOG_PATH_BYTES];
    tally_rc rc = TALLY_OK;

    *out_count = 0;
    for (size_t i = 0; i < TALLY_SIGNERS_MAX && rc == TALLY_OK; i++) {
        if (!tally_log_path(path, folder, names[i]))
            return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
        if (i > 0 && access(path, F_OK) != 0 && errno == ENOENT)
            break;
        out[i] = (tally_signer){ .name = origin, .kind = TALLY_KEY_LOG };
        rc = tally_key_file_read(out[i].seed32, path, ROLE, err);
        *out_count += rc == TALLY_OK;
    }
    if (rc != TALLY_OK)
        tally_secret_wipe(out, TALLY_SIGNERS_MAX * sizeof(out[0]));
    return rc;
}

tally_rc tally_log_make_key(tally_signer *out, const char *path, const char *role, tally_text name,
                            tally_key_kind kind, tally_err *err)
{
    tally_rc rc;

    *out = (tally_signer){ .name = name, .kind = kind };
    rc = tally_random_fill(tally_random_system(), out->seed32, sizeof(out->seed32), err);
    if (rc == TALLY_OK)
        rc = tally_key_file_create(path, role, out->seed32, err);
    if (rc != TALLY_OK)
        tally_secret_wipe(out, sizeof(*out));
    return rc;
}

tally_rc tally_log_print_vkey(const tally_signer *signer, tally_err *err)
{
    tally_buffer text;
    tally_vkey vkey;
    tally_rc rc = tally_signer_vkey(&vkey, signer);

    tally_buffer_init(&text, VKEY_BYTES);
    if (rc == TALLY_OK)
        rc = tally_vkey_append(&text, &vkey);
    if (rc == TALLY_OK)
        printf("%s\n", tally_buffer_string(&text));
    else
        rc = tally_err_set(err, rc, 0, "the key cannot be computed");
    tally_buffer_free(&text);
    return rc;
}

/* ---- tally log key ---- */

int tally_cmd_log_key(int argc, char **argv)
{
    tally_signer signers[TALLY_SIGNERS_MAX];
    tally_log_journal journal;
    tally_err err = TALLY_ERR_INIT;
    const char *folder;
    size_t count = 0, words;
    tally_rc rc;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally log key DIR\n"
             "\n"
             "Print the verifier key of a log, which auditors and members need; two lines while\n"
             "keys change. `tally log rotate-key` changes them.");
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log key", argc, argv, NULL, 0, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1)
        return tally_log_usage("log key", "name the folder of a log", "");
    rc = tally_log_open_journal(&journal, folder, NULL, &err);
    if (rc == TALLY_OK)
        rc = tally_log_load_signers(signers, &count, folder, tally_buffer_text(&journal.origin),
                                    &err);
    for (size_t i = 0; i < count && rc == TALLY_OK; i++)
        rc = tally_log_print_vkey(&signers[i], &err);
    tally_secret_wipe(signers, sizeof(signers));
    tally_log_close_journal(&journal);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_log_fail("log key", &err);
}

/* ---- tally log rotate-key ---- */

static tally_rc append_vkey(tally_json *json, tally_buffer *scratch, const tally_signer *signer)
{
    tally_vkey vkey;
    tally_rc rc = tally_signer_vkey(&vkey, signer);

    tally_buffer_reset(scratch);
    if (rc == TALLY_OK)
        rc = tally_vkey_append(scratch, &vkey);
    if (rc == TALLY_OK)
        tally_json_text(json, tally_buffer_text(scratch));
    return rc;
}

/* What the entry of kind 5 commits: docs/formats/log.md, section 4. */
static tally_rc write_document(tally_buffer *out, const tally_signer *old, const tally_signer *next)
{
    tally_buffer scratch;
    tally_json json;
    tally_rc rc;

    tally_buffer_init(&scratch, VKEY_BYTES);
    tally_json_init(&json, out);
    tally_json_object(&json);
    tally_json_key(&json, "v");
    tally_json_integer(&json, 1);
    tally_json_key(&json, "type");
    tally_json_string(&json, "log-key");
    tally_json_key(&json, "origin");
    tally_json_text(&json, old->name);
    tally_json_key(&json, "old");
    rc = append_vkey(&json, &scratch, old);
    tally_json_key(&json, "new");
    if (rc == TALLY_OK)
        rc = append_vkey(&json, &scratch, next);
    if (rc == TALLY_OK) {
        tally_json_object_end(&json);
        rc = tally_buffer_append_byte(out, '\n');
    }
    tally_buffer_free(&scratch);
    return rc;
}

/* The key comes first: an announced one that nobody has would be worse than one
 * that signs before it is announced. */
static tally_rc begin_rotation(const tally_log_journal *journal, const char *folder,
                               const tally_signer *old, tally_err *err)
{
    const tally_journal_calls *calls = journal->journal->calls;
    char path[TALLY_LOG_PATH_BYTES];
    tally_buffer document;
    tally_signer next;
    uint64_t index = 0;
    tally_rc rc;

    if (calls->append_document == NULL)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "this journal is written by another process only");
    if (!tally_log_path(path, folder, NEXT_NAME))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    rc = tally_log_make_key(&next, path, ROLE, old->name, TALLY_KEY_LOG, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&document, DOCUMENT_BYTES);
    rc = write_document(&document, old, &next);
    if (rc == TALLY_OK)
        rc = calls->append_document(journal->journal->context, TALLY_ENTRY_KEY,
                                    tally_buffer_text(&document), &index, err);
    else
        rc = tally_err_set(err, rc, 0, "the announcement cannot be written");
    if (rc == TALLY_OK)
        rc = tally_log_print_vkey(&next, err);
    if (rc == TALLY_OK)
        fputs("tally log rotate-key: start the publisher anew; from its next beat on both keys "
              "sign.\nGive the new verifier key, printed above, to auditors, members and "
              "witnesses,\nthen run `tally log rotate-key DIR --finish`.\n",
              stderr);
    else
        (void)unlink(path);
    tally_secret_wipe(&next, sizeof(next));
    tally_buffer_free(&document);
    return rc;
}

/* The publisher goes on from the last head only if a key of its own signed it. */
static tally_rc check_both_sign(const char *folder, const tally_signer *next, tally_err *err)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_buffer note;
    tally_opened opened;
    tally_vkey vkey;
    tally_trust trust = { .origin = next->name, .log_keys = &vkey, .log_key_count = 1 };
    tally_rc rc = tally_signer_vkey(&vkey, next);

    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    if (rc != TALLY_OK || !tally_log_path(path, folder, "log/checkpoint"))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the key or the path is none");
    if (rc == TALLY_OK)
        rc = tally_log_read_file(&note, path, err);
    if (rc == TALLY_OK &&
        tally_checkpoint_open(&opened, tally_buffer_text(&note), &trust, NULL) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_DENIED, 0,
                           "the public checkpoint is not signed by the new key yet: wait for the "
                           "next beat");
    tally_buffer_free(&note);
    return rc;
}

static tally_rc finish_rotation(const char *folder, const tally_signer *signers, size_t count,
                                tally_err *err)
{
    char path[TALLY_LOG_PATH_BYTES], next[TALLY_LOG_PATH_BYTES];
    tally_rc rc;

    if (count != 2)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no change of keys has begun");
    rc = check_both_sign(folder, &signers[1], err);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_log_path(path, folder, KEY_NAME) || !tally_log_path(next, folder, NEXT_NAME))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (rename(next, path) != 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be put in place: %s", path,
                             strerror(errno));
    fputs("tally log rotate-key: the old key is gone; start the publisher anew.\n", stderr);
    return TALLY_OK;
}

int tally_cmd_log_rotate_key(int argc, char **argv)
{
    const char *folder, *finish = NULL, *now = NULL;
    const tally_log_option options[] = {
        { "--finish", &finish, 1, NULL, true },
        { "--now", &now, 1, NULL, false },
    };
    tally_signer signers[TALLY_SIGNERS_MAX];
    tally_log_journal journal;
    tally_clock clock;
    tally_err err = TALLY_ERR_INIT;
    size_t count = 0, words;
    tally_rc rc;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally log rotate-key DIR [--finish] [--now INSTANT]\n"
             "\n"
             "Begin to change the key of a log: draw a new one, and announce it with an entry.\n"
             "Until --finish both keys sign every checkpoint, so that nobody who knows only the\n"
             "old one is left behind. The origin stays. Restart the publisher after each step.\n"
             "--now is for a programme with a simulated clock.");
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log rotate-key", argc, argv, options, 2, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1)
        return tally_log_usage("log rotate-key", "name the folder of a log", "");
    if (!tally_cmd_clock("log rotate-key", now, &clock))
        return TALLY_EXIT_USAGE;
    rc = tally_log_open_journal(&journal, folder, &clock, &err);
    if (rc == TALLY_OK)
        rc = tally_log_load_signers(signers, &count, folder, tally_buffer_text(&journal.origin),
                                    &err);
    if (rc == TALLY_OK && finish == NULL && count == 2)
        rc = tally_err_set(&err, TALLY_E_CONFLICT, 0, "a change of keys has begun already");
    if (rc == TALLY_OK)
        rc = finish != NULL ? finish_rotation(folder, signers, count, &err)
                            : begin_rotation(&journal, folder, &signers[0], &err);
    tally_secret_wipe(signers, sizeof(signers));
    tally_log_close_journal(&journal);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_log_fail("log rotate-key", &err);
}
