/* SPDX-License-Identifier: Apache-2.0 */
/* `tally witness`: cosigns the checkpoints of logs, if they only grew. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "log.h"
#include "log_serve.h"
#include "publish/witness_store.h"
#include "util/alloc.h"

#define DEFAULT_ADDRESS  "127.0.0.1:8081"
#define ROLE             "witness"
#define ANSWER_BYTES_MAX ((size_t)16 << 10)
#define KEY_BYTES        ((size_t)1024)

typedef struct serving {
    const char *logs[TALLY_TRUST_KEYS_MAX];
    size_t log_count;
    const char *words[2];
    size_t word_count;
    const char *address, *out;
    tally_buffer key_texts[TALLY_TRUST_KEYS_MAX];
    tally_vkey keys[TALLY_TRUST_KEYS_MAX];
    tally_buffer name, request, body;
    tally_signer signer;
    tally_witness witness;
} serving;

static void print_help(void)
{
    puts("Usage: tally witness new DIR --name NAME\n"
         "       tally witness cosign DIR --log KEY... [REQUEST] [-o RESPONSE]\n"
         "       tally witness serve DIR --log KEY... [--listen 127.0.0.1:8081]\n"
         "\n"
         "Be a witness of logs: cosign a checkpoint only if the log grew from the one cosigned\n"
         "before. What was cosigned is kept in DIR, durably, before an answer goes out; DIR is\n"
         "never restored from a backup.\n"
         "\n"
         "  new     make DIR with a key, and print the verifier key\n"
         "  cosign  answer the body of one add-checkpoint request, a file or standard input;\n"
         "          the first line of the answer is the status: 200 cosigned, 400 no request,\n"
         "          403 not signed by a known key, 404 unknown log, 409 another size is held,\n"
         "          422 not proven to have grown\n"
         "  serve   answer POST /add-checkpoint (c2sp.org/tlog-witness) over HTTP\n"
         "\n"
         "  --log KEY  the verifier key of a log, or a file that holds it; may be given again");
}

/* ---- new ---- */

static tally_rc make_witness(const char *folder, const char *name, tally_err *err)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_signer signer = { .kind = TALLY_KEY_WITNESS };
    tally_buffer line;
    tally_rc rc = TALLY_OK;

    if (!tally_note_is_name(tally_text_from(name)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "%s is no name: a URL without scheme, no space, no `+`", name);
    if (rc == TALLY_OK && mkdir(folder, 0700) != 0 && errno != EEXIST)
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", folder, strerror(errno));
    if (rc == TALLY_OK && !tally_log_path(path, folder, "witness.key"))
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (rc == TALLY_OK)
        rc = tally_log_make_key(&signer, path, ROLE, tally_text_from(name), TALLY_KEY_WITNESS, err);
    tally_buffer_init(&line, KEY_BYTES);
    (void)tally_buffer_printf(&line, "%s\n", name);
    if (rc == TALLY_OK && tally_log_path(path, folder, "name"))
        rc = tally_log_write_file(path, tally_buffer_text(&line), err);
    if (rc == TALLY_OK)
        rc = tally_log_print_vkey(&signer, err);
    tally_secret_wipe(&signer, sizeof(signer));
    tally_buffer_free(&line);
    return rc;
}

static int run_new(int argc, char **argv)
{
    const char *folder, *name = NULL;
    const tally_log_option options[] = { { "--name", &name, 1, NULL, false } };
    tally_err err = TALLY_ERR_INIT;
    size_t words;

    if (!tally_log_read_options("witness new", argc, argv, options, 1, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || name == NULL)
        return tally_log_usage("witness new", "name a folder and a --name", "");
    return make_witness(folder, name, &err) == TALLY_OK ? TALLY_EXIT_OK
                                                        : tally_log_fail("witness new", &err);
}

/* ---- cosign and serve ---- */

static tally_rc open_witness(serving *at, tally_err *err)
{
    const tally_witness_options options = { .files = &tally_files_system,
                                            .at = AT_FDCWD,
                                            .path = at->words[0],
                                            .signer = &at->signer,
                                            .logs = at->keys,
                                            .log_count = at->log_count };
    char path[TALLY_LOG_PATH_BYTES];
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; i < at->log_count && rc == TALLY_OK; i++) {
        tally_buffer_init(&at->key_texts[i], KEY_BYTES);
        rc = tally_log_load_vkey(&at->keys[i], &at->key_texts[i], at->logs[i], TALLY_KEY_LOG, err);
    }
    if (rc == TALLY_OK && !tally_log_path(path, at->words[0], "name"))
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    tally_buffer_init(&at->name, KEY_BYTES);
    if (rc == TALLY_OK)
        rc = tally_log_read_file(&at->name, path, err);
    if (rc == TALLY_OK && !tally_log_path(path, at->words[0], "witness.key"))
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    at->signer.kind = TALLY_KEY_WITNESS;
    at->signer.name = tally_text_trim(tally_buffer_text(&at->name));
    if (rc == TALLY_OK)
        rc = tally_key_file_read(at->signer.seed32, path, ROLE, err);
    return rc == TALLY_OK ? tally_witness_open(&at->witness, &options, err) : rc;
}

/* The answer, with its status as the first line. */
static tally_rc cosign(serving *at, uint32_t *out_status, tally_err *err)
{
    const char *path = at->word_count > 1 ? at->words[1] : "-";
    tally_buffer answer;
    tally_rc rc;

    tally_buffer_init(&at->request, TALLY_WITNESS_REQUEST_BYTES_MAX);
    tally_buffer_init(&at->body, ANSWER_BYTES_MAX);
    tally_buffer_init(&answer, ANSWER_BYTES_MAX);
    rc = tally_log_read_file(&at->request, path, err);
    if (rc == TALLY_OK)
        rc = tally_witness_answer(&at->witness, tally_buffer_text(&at->request),
                                  (int64_t)time(NULL), out_status, &at->body, err);
    if (rc == TALLY_OK) {
        (void)tally_buffer_printf(&answer, "%" PRIu32 "\n", *out_status);
        rc = tally_buffer_append_text(&answer, tally_buffer_text(&at->body));
        rc = rc == TALLY_OK ? tally_log_write_file(at->out, tally_buffer_text(&answer), err)
                            : tally_err_set(err, rc, 0, "the answer is too long");
    }
    tally_buffer_free(&answer);
    return rc;
}

static int run_cosign(serving *at)
{
    tally_err err = TALLY_ERR_INIT;
    uint32_t status = 0;
    tally_rc rc = open_witness(at, &err);

    if (rc == TALLY_OK)
        rc = cosign(at, &status, &err);
    if (rc != TALLY_OK)
        return tally_log_fail("witness cosign", &err);
    return status == 200 ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
}

static int run_serve(serving *at)
{
    tally_err err = TALLY_ERR_INIT;
    tally_server *server = NULL;
    int status;

    tally_log_block_signals();
    if (open_witness(at, &err) != TALLY_OK ||
        tally_server_start_witness(&server, &at->witness, at->address, &err) != TALLY_OK)
        return tally_log_fail("witness serve", &err);
    status = tally_log_wait("witness serve", server);
    tally_server_stop(server);
    return status;
}

static void clean_up(serving *at)
{
    tally_witness_close(&at->witness);
    tally_secret_wipe(&at->signer, sizeof(at->signer));
    for (size_t i = 0; i < TALLY_TRUST_KEYS_MAX; i++)
        tally_buffer_free(&at->key_texts[i]);
    tally_buffer_free(&at->name);
    tally_buffer_free(&at->request);
    tally_buffer_free(&at->body);
    tally_release(at);
}

static int run_with_logs(int argc, char **argv, bool is_serving)
{
    const char *command = is_serving ? "witness serve" : "witness cosign";
    serving *at = tally_alloc_zeroed(sizeof(*at));
    int status = TALLY_EXIT_USAGE;

    if (at == NULL)
        return tally_log_usage(command, "memory is short", "");
    at->witness.lock = -1;
    at->address = DEFAULT_ADDRESS;
    {
        const tally_log_option options[] = {
            { "--log", at->logs, TALLY_TRUST_KEYS_MAX, &at->log_count, false },
            is_serving ? (tally_log_option){ "--listen", &at->address, 1, NULL, false }
                       : (tally_log_option){ "-o", &at->out, 1, NULL, false },
        };

        if (tally_log_read_options(command, argc, argv, options, 2, at->words, is_serving ? 1 : 2,
                                   &at->word_count)) {
            if (at->word_count == 0 || at->log_count == 0)
                status = tally_log_usage(command, "name a folder and a --log", "");
            else
                status = is_serving ? run_serve(at) : run_cosign(at);
        }
    }
    clean_up(at);
    return status;
}

int tally_cmd_witness(int argc, char **argv)
{
    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "new") == 0)
        return run_new(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "cosign") == 0)
        return run_with_logs(argc - 1, argv + 1, false);
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return run_with_logs(argc - 1, argv + 1, true);
    return tally_log_usage("witness", "new, cosign or serve; `tally witness --help` explains", "");
}
